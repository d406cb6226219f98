"""The places where callbacks hang: transitions' states, transitions and events, made from a table.

They are transitions' own classes, so that everything that reads a ``transitions.Machine`` can read
ours. Two things are added: a callback list tells its machine when it changes, so that the triggers
need not look; and what the table decides cannot be set here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

from transitions import Event, EventData, State
from transitions import Transition as TransitionBase
from transitions.core import Condition, listify

from runlife.errors import MisuseError
from runlife.rows import NO_PAYLOAD

if TYPE_CHECKING:
    from enum import StrEnum

    from runlife.errors import RefusedError
    from runlife.machine.machine import RunMachine
    from runlife.outcome import Refusal
    from runlife.plan import Step
    from runlife.rows import Guard, Payload, Transition

__all__ = [
    "Callback",
    "Callbacks",
    "CallbacksArg",
    "RunEvent",
    "RunEventData",
    "RunState",
    "RunTransition",
    "Watched",
]

Callback = str | Callable[..., Any]
"""A function, the name of an attribute of the run, or the dotted path of an importable function."""

CallbacksArg = Callback | Sequence[Callback] | None
"""One callback, several, or none."""


class Callbacks(list[Callback]):
    """A list of callbacks that calls ``changed`` whenever its content may have changed."""

    __slots__ = ("changed",)

    def __init__(self, callbacks: Iterable[Callback], changed: Callable[[], None]) -> None:
        super().__init__(callbacks)
        self.changed = changed


def _telling(name: str) -> Callable[..., Any]:
    mutate = getattr(list, name)

    @wraps(mutate)
    def method(self: Callbacks, *args: Any, **kwargs: Any) -> Any:
        result = mutate(self, *args, **kwargs)
        self.changed()
        return result

    return method


# Reordering is left out: a list is read when its turn comes, and only whether it is empty is kept.
for _name in (
    "append",
    "extend",
    "insert",
    "remove",
    "pop",
    "clear",
    "__setitem__",
    "__delitem__",
    "__iadd__",
    "__imul__",
):
    setattr(Callbacks, _name, _telling(_name))


class Watched:
    """Something with callback lists, which stay watched however they are set."""

    lists: ClassVar[frozenset[str]]

    def changed(self) -> None:
        """Take note that a callback list has changed."""
        raise NotImplementedError

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.lists:
            callbacks = cast("Iterable[Callback]", listify(value))
            super().__setattr__(name, Callbacks(callbacks, self.changed))
            self.changed()
        else:
            super().__setattr__(name, value)


class _OfTable(Watched):
    """A part of a machine of which only the callback lists can be set."""

    _machine: RunMachine[Any]
    _sealed: bool = False

    def changed(self) -> None:
        self._machine.changed()

    def __setattr__(self, name: str, value: object) -> None:
        if self._sealed and name not in self.lists:
            settable = ", ".join(sorted(self.lists))
            msg = f"{type(self).__name__}.{name} is decided by the table; settable here: {settable}"
            raise MisuseError(msg)
        super().__setattr__(name, value)


class RunState(_OfTable, State):
    """A status as a state of transitions: named by its word, final when it is terminal."""

    lists = frozenset(State.dynamic_methods)

    def __init__(self, machine: RunMachine[Any], status: StrEnum, *, final: bool) -> None:
        self._machine = machine
        self.status = status
        super().__init__(status.value, final=final)
        self._sealed = True


class _GuardCondition(Condition):
    """The guard of a row as the condition of a transition."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard.name)
        self._guard = guard

    def check(self, event_data: EventData) -> bool:
        payload = event_data.payload if isinstance(event_data, RunEventData) else event_data.kwargs
        return self._guard.check(event_data.model, payload)


class RunTransition(_OfTable, TransitionBase):
    """A row as a transition of transitions.

    ``row`` is the row itself, with its cause and guard; ``step``, what the engine made of it to
    execute it.
    """

    lists = frozenset(TransitionBase.dynamic_methods)

    def __init__(self, machine: RunMachine[Any], row: Transition[Any], step: Step) -> None:
        self._machine = machine
        self.row = row
        self.step = step
        source = cast("StrEnum", row.source)
        super().__init__(source.value, row.target.value)
        conditions: tuple[Condition, ...] = (_GuardCondition(row.guard),) if row.guard else ()
        self.conditions = conditions  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # no list: the table decides
        self._sealed = True


class RunEvent(Event):
    """An event of the table; ``trigger`` hands over to the run."""

    def __init__(self, machine: RunMachine[Any], name: str, transitions: Iterable[RunTransition]) -> None:
        super().__init__(name, machine)
        for transition in transitions:
            self.transitions[transition.source].append(transition)

    def trigger(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Trigger the event on a run of the machine; an async run's answer is to be awaited."""
        return model.apply(self.name, *args, **kwargs)

    def add_transition(self, transition: TransitionBase) -> NoReturn:
        """Raise MisuseError: the table decides.

        :raises MisuseError: always.
        """
        msg = f"{transition} cannot be added to {self.name!r}; add a row to the lifecycle's table instead"
        raise MisuseError(msg)


class RunEventData(EventData):
    """What callbacks get with ``send_event=True``: transitions' EventData in the engine's words too."""

    error: BaseException | None  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]  # its stub says Exception, its code catches all
    kwargs: dict[str, Any]
    payload: Payload = NO_PAYLOAD
    """The arguments of the event as the engine keeps them, once they were found well-typed."""
    row: Transition[Any] | None = None
    """The row that was taken, once it was."""
    refused: RefusedError | None = None
    """The refusal of this very event, if it was refused."""

    def refuse(self, refusal: Refusal) -> NoReturn:
        """Raise the refusal and keep it, to tell it from one that a callback raised."""
        self.refused = refusal.error()
        raise self.refused
