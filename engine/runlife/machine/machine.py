"""``RunMachine``: transitions' ``Machine`` over a table, for all that is not one event."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypedDict, TypeVar, cast, overload

from transitions import Machine

from runlife.errors import MisuseError
from runlife.instance import Instance
from runlife.machine.binding import bind, check_lifecycle, check_model, statuses_of
from runlife.machine.callbacks import Callbacks, RunEvent, RunState, RunTransition, Watched
from runlife.machine.synchronous import SyncRun
from runlife.run import Run
from runlife.table import RUN

if TYPE_CHECKING:
    from collections import OrderedDict
    from collections.abc import Callable, Iterable, Mapping
    from enum import StrEnum
    from typing import Unpack

    from transitions.core import StateIdentifier
    from transitions.core import Transition as TransitionBase

    from runlife.history import Deadlines
    from runlife.lifecycle import Lifecycle
    from runlife.machine.callbacks import CallbacksArg
    from runlife.machine.course import BoundRun
    from runlife.machine.triggers import MachineRun
    from runlife.outcome import Record
    from runlife.table import RunStatus

__all__ = ["Hooks", "ModelT", "RunMachine"]

ModelT = TypeVar("ModelT", bound=Instance[Any])


class Hooks(TypedDict, total=False):
    """The callbacks of a whole machine, as the arguments of its making."""

    prepare_event: CallbacksArg
    """Before anything is decided about an event that has a row."""
    before_state_change: CallbacksArg
    """Before a change, ahead of the event's own ``before``."""
    after_state_change: CallbacksArg
    """After a change, behind the event's own ``after``."""
    finalize_event: CallbacksArg
    """At the very end of each event, also of one that was refused or failed."""
    on_exception: CallbacksArg
    """When an event is refused or a callback raises; the error is raised all the same."""
    on_final: CallbacksArg
    """When a terminal status was entered."""


def _closed(name: str, instead: str) -> Callable[..., NoReturn]:
    def method(_self: object, *_args: object, **_kwargs: object) -> NoReturn:
        msg = f"{name}() is closed on a machine over a table: {instead}"
        raise MisuseError(msg)

    method.__name__ = name
    method.__doc__ = f"Raise MisuseError: {instead}."
    return method


_UNREGISTERED = "no run is registered; make one with create(...) or restore(snapshot)"
_TABLE = "states and transitions are the rows of the lifecycle; build another Lifecycle, or choose a Policy"
_ENGINE = "a status changes by an event only"
_DECIDED = {
    "states": _TABLE,
    "events": _TABLE,
    "initial": "the creation rows of the lifecycle say where a run begins",
    "models": _UNREGISTERED,
    "ignore_invalid_triggers": "a refusal is never silent; run.attempt(event, ...) gives it as a value",
}


class RunMachine(Watched, Machine, Generic[ModelT]):
    """A ``transitions.Machine`` over a lifecycle: see :mod:`runlife.machine` for what it promises.

    :param lifecycle: the table, with its policy; by default that of a run.
    :param model: the class of the instances, by default :class:`~runlife.run.Run`. Its methods can be
        callbacks by their names, and ``on_enter_<status>`` and ``on_exit_<status>`` are by themselves.
    :param name: what transitions' log lines begin with.
    :param send_event: whether callbacks get one :class:`~runlife.machine.callbacks.RunEventData`
        instead of the trigger's keyword arguments.
    :param hooks: callbacks of the whole machine, each a function, a name or a list: see :class:`Hooks`.
    :raises MisuseError: when the model lacks a fact that the table writes, or a trigger would hide one
        of its attributes.
    """

    lists = frozenset(f"_{hook}" for hook in Hooks.__annotations__)
    run_base: ClassVar[type[BoundRun[Any]]] = SyncRun
    joined: ClassVar[tuple[type[Machine], ...]] = ()
    """The other machines of transitions that a subclass is made of."""

    _sealed: bool = False
    states: OrderedDict[str, RunState]  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]  # the stub's is invariant
    lifecycle: Lifecycle[Any]
    kind: type[ModelT]
    """The class of the runs of this machine."""
    silent: type[ModelT]
    """The same without triggers and callbacks: what decides, when callbacks must not run."""

    @overload
    def __init__(
        self: RunMachine[MachineRun],
        lifecycle: Lifecycle[RunStatus] = RUN,
        *,
        name: str | None = None,
        send_event: bool = False,
        **hooks: Unpack[Hooks],
    ) -> None: ...
    @overload
    def __init__(
        self,
        lifecycle: Lifecycle[Any],
        *,
        model: type[ModelT],
        name: str | None = None,
        send_event: bool = False,
        **hooks: Unpack[Hooks],
    ) -> None: ...
    def __init__(
        self,
        lifecycle: Lifecycle[Any] = RUN,
        *,
        model: type[Instance[Any]] = Run,
        name: str | None = None,
        send_event: bool = False,
        **hooks: Unpack[Hooks],
    ) -> None:
        check_lifecycle(lifecycle)
        check_model(lifecycle, model, self.run_base)
        self.lifecycle = lifecycle
        super().__init__(
            model=None,
            initial=None,
            auto_transitions=False,
            name=cast("str", name),  # the stub forbids the None that is the default
            send_event=send_event,
            **cast("dict[str, Any]", hooks),
        )
        for status in statuses_of(lifecycle):
            self.states[status.value] = RunState(self, status, final=status in lifecycle.terminal)
        for event in dict.fromkeys(row.event for row in lifecycle.transitions if row.source is not None):
            self.events[event] = RunEvent(self, event, _transitions(self, event))
        first = {row.target.value for row in lifecycle.creations}
        self._initial = first.pop() if len(first) == 1 else None
        own_table = {"__slots__": (), "table": lifecycle}
        silent = model if model.table is lifecycle else type(model.__name__, (model,), own_table)
        self.silent = cast("type[ModelT]", silent)
        self._take_methods(model)
        self._loud: dict[str, set[StrEnum]] = {event: set() for event in self.events}
        self.kind = cast("type[ModelT]", bind(lifecycle, model, self.run_base, self, self._loud))
        self._sealed = True
        self.changed()

    def __init_subclass__(cls) -> None:
        """Refuse to be mixed with a machine that would bind, register or lock the runs in its own way.

        :raises MisuseError: naming the machine, and those there are.
        """
        super().__init_subclass__()
        for base in cls.__bases__:
            if issubclass(base, Machine) and not issubclass(base, (RunMachine, *cls.joined)):
                msg = (
                    f"{cls.__name__} cannot mix {base.__name__} into a machine over a table: derive from"
                    " RunMachine, AsyncRunMachine, GraphRunMachine or AsyncGraphRunMachine alone"
                )
                raise MisuseError(msg)

    def create(self, *, now: float, event: str = "create", **payload: Any) -> ModelT:
        """Make a run, by the creation row of ``event``; no callback runs.

        :param now: the time in unix seconds.
        :param payload: the arguments of the event.
        :raises RefusedError: when the row's guard does not hold.
        :raises PayloadError: when an argument is missing, unexpected or ill-typed.
        :raises TimeError: when ``now`` is not a time, or a deadline would lie in the past.
        """
        return self.kind.create(now=now, event=event, **payload)

    def restore(
        self,
        data: Mapping[str, Any] | str | bytes,
        *,
        deadlines: Deadlines = "absolute",
        now: float | None = None,
    ) -> ModelT:
        """Return the run that a snapshot holds; no callback runs, history has already happened.

        :param deadlines: what becomes of a running deadline: see :data:`runlife.history.Deadlines`.
        :param now: the time of the restore, needed unless ``deadlines`` is ``absolute``.
        :raises HistoryError: when it is no sound snapshot of this lifecycle.
        :raises MisuseError: when it was taken under another policy than this machine's.
        """
        return self.kind.restore(data, deadlines=deadlines, now=now)

    def replay(self, journal: Iterable[Record | Mapping[str, Any]]) -> ModelT:
        """Return the run that a journal leads to; no callback runs, history has already happened.

        :raises HistoryError: naming the first record that cannot be read or does not follow.
        """
        return self.kind.replay(journal)

    def __setattr__(self, name: str, value: object) -> None:
        if self._sealed and name in _DECIDED:
            msg = f"{name} cannot be set on a machine over a table: {_DECIDED[name]}"
            raise MisuseError(msg)
        super().__setattr__(name, value)

    def leaving(self, status: str, event: str) -> list[RunTransition]:
        """Return the transitions from a status by an event, in the order in which they are tried."""
        known = self.events.get(event)
        found = known.transitions.get(status, []) if known is not None else []
        return cast("list[RunTransition]", found)

    def changed(self) -> None:
        """Find anew to what callbacks apply, because a list of them has changed.

        This is what a callback costs when it is added, so that a trigger hardly asks.
        """
        if self._sealed:
            for event, statuses in self._loud.items():
                applies = {status for status in statuses_of(self.lifecycle) if self._applies(status, event)}
                statuses.clear()
                statuses.update(applies)

    def _applies(self, status: StrEnum, event: str) -> bool:
        """Whether any callback applies to an event in a status."""
        if self.on_exception or self.finalize_event:
            return True
        return any(self._has_callbacks(transition) for transition in self.leaving(status, event))

    def _has_callbacks(self, transition: RunTransition) -> bool:
        general = self.prepare_event or self.before_state_change or self.after_state_change
        source, target = self.states[transition.source], self.states[transition.row.target]
        own = transition.prepare or transition.before or transition.after
        final = target.final and self.on_final
        return bool(general or own or source.on_exit or target.on_enter or final)

    def _take_methods(self, model: type[Instance[Any]]) -> None:
        """Let the model's methods ``on_enter_<status>`` and ``on_exit_<status>`` be callbacks."""
        for state in self.states.values():
            for place in state.dynamic_methods:
                name = f"{place}_{state.name}"
                if callable(getattr(model, name, None)):
                    cast("Callbacks", getattr(state, place)).append(name)

    # What follows lets transitions' own code find a state by a status, which is equal to its word.

    def get_state(self, state: str | Enum) -> RunState:
        """Return the state of a status, or of its word.

        :raises ValueError: when there is none.
        """
        return cast("RunState", super().get_state(_word(state)))

    def get_triggers(self, *args: Any) -> list[str]:
        """Return the events that have a transition from any of the states, timers among them."""
        return super().get_triggers(*(_word(state) for state in args))

    def get_transitions(
        self, trigger: str = "", source: StateIdentifier = "*", dest: StateIdentifier = "*"
    ) -> list[TransitionBase]:
        """Return the transitions by trigger, source and destination; each has its ``row``."""
        return super().get_transitions(trigger, _word(source), _word(dest))

    # What follows would be a second table, a registry of runs, or a way past the engine.

    add_model = _closed("add_model", _UNREGISTERED)
    remove_model = _closed("remove_model", _UNREGISTERED)
    dispatch = _closed("dispatch", f"{_UNREGISTERED}, and trigger the events on those you mean")
    add_state = _closed("add_state", _TABLE)
    add_states = _closed("add_states", _TABLE)
    add_transition = _closed("add_transition", _TABLE)
    add_transitions = _closed("add_transitions", _TABLE)
    add_ordered_transitions = _closed("add_ordered_transitions", _TABLE)
    remove_transition = _closed("remove_transition", _TABLE)
    set_state = _closed("set_state", _ENGINE)


def _transitions(machine: RunMachine[Any], event: str) -> Iterable[RunTransition]:
    lifecycle = machine.lifecycle
    for status in statuses_of(lifecycle):
        rows = lifecycle.moves[status].get(event, ())
        for index, row in enumerate(rows):
            yield RunTransition(machine, row, lifecycle.plans[status][event].steps[index])


def _word(state: Any) -> Any:
    return state.value if isinstance(state, Enum) else state
