"""The class of a machine's runs: its model with the triggers on it, made once.

``transitions`` binds a partial of every trigger to every model it is given. Here a trigger is a
method of a class, with the name, the signature and the rows that the table gives it.
"""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, cast

from runlife.errors import MisuseError
from runlife.facts import facts_of
from runlife.instance import Instance
from runlife.lifecycle import Lifecycle
from runlife.rows import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet
    from enum import StrEnum

    from runlife.machine.course import BoundRun

__all__ = ["bind", "check_lifecycle", "check_model", "statuses_of", "triggers_of"]


def statuses_of(lifecycle: Lifecycle[Any]) -> tuple[StrEnum, ...]:
    """Return the statuses in the order of their enumeration."""
    return tuple(status for status in lifecycle.moves if status is not None)


def triggers_of(lifecycle: Lifecycle[Any]) -> tuple[str, ...]:
    """Return the events that somebody can send to a run: all but creations and timers."""
    rows = (r for r in lifecycle.transitions if r.source is not None and r.cause is not Cause.TIMER)
    return tuple(dict.fromkeys(row.event for row in rows))


def check_lifecycle(lifecycle: object) -> None:
    """Check that a machine is to be made of a lifecycle.

    :raises MisuseError: when it is of something else, such as the model that transitions would take here.
    """
    if not isinstance(lifecycle, Lifecycle):
        msg = (
            f"a machine is made of a Lifecycle, got {type(lifecycle).__name__}; it makes its models itself: "
            "machine.create(...)"
        )
        raise MisuseError(msg)


def check_model(lifecycle: Lifecycle[Any], model: type[Instance[Any]], base: type[BoundRun[Any]]) -> None:
    """Check that the model can live by the lifecycle, and that no trigger would hide an attribute.

    :raises MisuseError: when it cannot, or one would.
    """
    missing = [name for name in lifecycle.facts if name not in facts_of(model)]
    if missing:
        msg = (
            f"the lifecycle {lifecycle.name!r} writes {', '.join(missing)}, which {model.__name__} lacks;"
            " give the class it is for as model="
        )
        raise MisuseError(msg)
    added = [name for name in dir(base) if not hasattr(Instance, name)]
    named = [name for event in triggers_of(lifecycle) for name in (event, f"may_{event}")]
    named += [f"is_{status.value}" for status in statuses_of(lifecycle)]
    hidden = [name for name in added if hasattr(model, name)]
    hidden += [name for name in named if hasattr(model, name) or hasattr(base, name)]
    if hidden:
        msg = (
            f"a machine over {lifecycle.name!r} would hide attributes of {model.__name__}:"
            f" {', '.join(hidden)}; rename them, or the events and statuses they are named after"
        )
        raise MisuseError(msg)


def bind(
    lifecycle: Lifecycle[Any],
    model: type[Instance[Any]],
    base: type[BoundRun[Any]],
    machine: object,
    loud: Mapping[str, AbstractSet[StrEnum]],
) -> type[BoundRun[Any]]:
    """Return the slotted subclass of the model that a machine makes its runs of.

    :param base: the methods that all runs of such a machine have.
    :param loud: by event, the statuses in which some callback applies to it; the machine keeps it so.
    """
    namespace: dict[str, Any] = {
        "__slots__": (),
        "__module__": model.__module__,
        "__qualname__": model.__qualname__,
        "__doc__": model.__doc__,
        "table": lifecycle,
        "machine": machine,
        "loud": loud,
    }
    for event in triggers_of(lifecycle):
        says = _says(lifecycle, event)
        trigger = _named(event, says, base.make_trigger(event, loud[event]))
        trigger.__signature__ = _signature(lifecycle, event, optional=False)
        may = _named(f"may_{event}", f"Whether it may: {says}", base.make_may(event))
        may.__signature__ = _signature(lifecycle, event, optional=True)
        namespace |= {event: trigger, f"may_{event}": may}
    for status in statuses_of(lifecycle):
        name = f"is_{status.value}"
        says = f"Whether the status is {status.value}, as far as the journal goes."
        namespace[name] = _named(name, says, _make_is(status))
    return cast("type[BoundRun[Any]]", type(model.__name__, (base, model), namespace))


def _make_is(status: StrEnum) -> Callable[[BoundRun[Any]], bool]:
    def is_status(self: BoundRun[Any]) -> bool:
        return self.status is status

    return is_status


def _says(lifecycle: Lifecycle[Any], event: str) -> str:
    rows = (row for row in lifecycle.transitions if row.event == event and row.source is not None)
    return f"{'; '.join(str(row) for row in rows)}."


def _named(name: str, doc: str, function: Any) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _signature(lifecycle: Lifecycle[Any], event: str, *, optional: bool) -> Signature:
    """Return the signature that the table says the event has."""
    arguments = lifecycle.arguments.get(event, ())
    required = {"now"} | {argument.name for argument in arguments if argument.required}
    names = ("now", *(argument.name for argument in arguments))
    parameters = [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if name in required and not optional else None,
        )
        for name in names
    ]
    return Signature([Parameter("self", Parameter.POSITIONAL_ONLY), *parameters])
