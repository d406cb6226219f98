"""The machine that draws itself the way ``transitions`` does: a ``GraphMachine`` over a table.

Theory of operation. transitions gives each model a ``get_graph`` of its own and keeps a graph for it,
restyled by every transition and found again by the ``id()`` of the model: a registry of all runs, which
outlives them. Here ``get_graph`` is a method of the class of the runs, and the graph is made when it is
asked for: the status says which state is the active one, and the journal which transition led there. So
runs cost nothing, nothing is kept, and a restored run shows the same as the one that was saved.

The rest is transitions' own: its engines (``mermaid``, ``graphviz``, ``pygraphviz``), its styles
(``style_attributes``, ``machine_attributes``) and its markup, which read the states, the transitions and
the guards of the machine as they read those of any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast, overload

from transitions.extensions import GraphMachine

from runlife.errors import MisuseError
from runlife.machine.asynchronous import AsyncRun, AsyncRunMachine
from runlife.machine.binding import check_lifecycle
from runlife.machine.course import BoundRun
from runlife.machine.machine import Hooks, ModelT, RunMachine
from runlife.machine.synchronous import SyncRun
from runlife.rows import StatusT
from runlife.table import RUN

if TYPE_CHECKING:
    from typing import Literal, Unpack

    from transitions.extensions.diagrams_base import GraphModelProtocol, GraphProtocol
    from transitions.extensions.markup import MarkupConfig

    from runlife.instance import Instance
    from runlife.lifecycle import Lifecycle
    from runlife.machine.triggers import AsyncMachineRun, MachineRun
    from runlife.table import RunStatus

__all__ = ["AsyncGraphRunMachine", "GraphOptions", "GraphRunMachine"]


class GraphOptions(Hooks, total=False):
    """What a machine that draws itself takes beside its callbacks: the options of ``GraphMachine``."""

    title: str
    """What stands over the graph; by default the name of the lifecycle."""
    show_conditions: bool
    """Whether the guards stand beside the events; by default not."""
    show_state_attributes: bool
    """Whether the callbacks of the states stand in them; by default not."""
    graph_engine: Literal["pygraphviz", "graphviz", "mermaid"]
    """What draws: by default the first of the three that is installed, and ``mermaid`` always is."""


class _DrawnRun(BoundRun[StatusT]):
    """What the runs of a machine that draws itself can do beside."""

    __slots__ = ()

    def get_graph(
        self,
        title: str | None = None,
        force_new: bool = False,  # noqa: FBT001, FBT002  # the signature is transitions'
        show_roi: bool = False,  # noqa: FBT001, FBT002
    ) -> GraphProtocol:
        """Return the graph of the machine with the status of this run active, and the last step marked.

        :param title: what stands over it; by default what the machine was given.
        :param force_new: taken for the sake of transitions' signature; the graph is always a new one.
        :param show_roi: whether only what can be reached in one step is shown, and where it came from.
        """
        del force_new
        return cast("GraphRunMachine[Any]", self.machine).graph_of(self, title, show_roi=show_roi)


class _DrawnSyncRun(_DrawnRun[StatusT], SyncRun[StatusT]):
    __slots__ = ()


class _DrawnAsyncRun(_DrawnRun[StatusT], AsyncRun[StatusT]):
    __slots__ = ()


class GraphRunMachine(RunMachine[ModelT], GraphMachine):  # pyright: ignore[reportIncompatibleVariableOverride]  # the stub's `states` is invariant
    """A ``transitions`` ``GraphMachine`` over a lifecycle: see :class:`~runlife.machine.RunMachine`.

    ``machine.get_graph()`` is the table, ``run.get_graph()`` the same with the run in it; what either
    returns is transitions', and so is its ``draw(...)``.

    :param options: callbacks and options of the graph: see :class:`GraphOptions`.
    """

    run_base: ClassVar[type[BoundRun[Any]]] = _DrawnSyncRun
    joined = (GraphMachine,)

    @overload
    def __init__(
        self: GraphRunMachine[GraphMachineRun],
        lifecycle: Lifecycle[RunStatus] = RUN,
        *,
        name: str | None = None,
        send_event: bool = False,
        **options: Unpack[GraphOptions],
    ) -> None: ...
    @overload
    def __init__(
        self,
        lifecycle: Lifecycle[Any],
        *,
        model: type[ModelT],
        name: str | None = None,
        send_event: bool = False,
        **options: Unpack[GraphOptions],
    ) -> None: ...
    def __init__(self, lifecycle: Lifecycle[Any] = RUN, **options: Any) -> None:
        check_lifecycle(lifecycle)
        options.setdefault("title", lifecycle.name)
        super().__init__(lifecycle, **options)

    def get_graph(
        self,
        title: str | None = None,
        force_new: bool = False,  # noqa: FBT001, FBT002  # the signature is transitions'
        show_roi: bool = False,  # noqa: FBT001, FBT002
    ) -> GraphProtocol:
        """Return the graph of the table, with no state active.

        :param title: what stands over it; by default what the machine was given.
        :param force_new: taken for the sake of transitions' signature; the graph is always a new one.
        :raises MisuseError: with ``show_roi``, for only a run is somewhere.
        """
        del force_new
        if show_roi:
            msg = "show_roi shows what can be reached from a status, and a machine has none; ask a run for it"
            raise MisuseError(msg)
        return self.graph_of(None, title)

    get_combined_graph = get_graph

    def graph_of(
        self, run: Instance[Any] | None, title: str | None = None, *, show_roi: bool = False
    ) -> GraphProtocol:
        """Return a new graph: of the table, or of where a run is and how it came there."""
        graph = self.graph_cls(self)
        if run is None:
            return graph.get_graph(title or self.title)
        # Words and not statuses: transitions would take an Enum's name, which is not its word.
        last = run.journal[-1]
        if last.source is not None:
            graph.set_previous_transition(last.source.value, last.target.value)
        graph.set_node_style(run.status.value, "active")
        return graph.get_graph(title or self.title, run.status.value if show_roi else None)

    def get_markup_config(self) -> MarkupConfig:
        """Return the machine as transitions' markup, with the callbacks that it has now."""
        self._needs_update = True  # callbacks come and go, and transitions looks for new rows only
        return super().get_markup_config()


class AsyncGraphRunMachine(GraphRunMachine[ModelT], AsyncRunMachine[ModelT]):  # type: ignore[misc]  # as at AsyncRunMachine
    """A ``transitions`` ``AsyncGraphMachine`` over a lifecycle: see :class:`GraphRunMachine`.

    Its runs are awaited, but for ``get_graph()``, which only looks.
    """

    run_base: ClassVar[type[BoundRun[Any]]] = _DrawnAsyncRun

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: AsyncGraphRunMachine[AsyncGraphMachineRun],
            lifecycle: Lifecycle[RunStatus] = RUN,
            *,
            name: str | None = None,
            send_event: bool = False,
            **options: Unpack[GraphOptions],
        ) -> None: ...
        @overload
        def __init__(
            self,
            lifecycle: Lifecycle[Any],
            *,
            model: type[ModelT],
            name: str | None = None,
            send_event: bool = False,
            **options: Unpack[GraphOptions],
        ) -> None: ...
        def __init__(self, *args: Any, **kwargs: Any) -> None: ...


if TYPE_CHECKING:

    class GraphMachineRun(MachineRun, GraphModelProtocol):
        """A run of a :class:`GraphRunMachine`."""

    class AsyncGraphMachineRun(AsyncMachineRun, GraphModelProtocol):
        """A run of an :class:`AsyncGraphRunMachine`."""
