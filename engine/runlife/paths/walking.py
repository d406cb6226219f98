"""Make a path happen: replay it on a real instance, with lawful arguments and at lawful times.

What a path leaves open is decided here: the arguments of its events, which must satisfy the guards,
and the times. Timer rows are taken by letting the clock reach their deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from runlife.errors import MisuseError
from runlife.rows import Cause, Transition
from runlife.rules import RUN_TTL
from runlife.values import LastError, ToolCall, ToolOutput

if TYPE_CHECKING:
    from runlife.instance import Instance
    from runlife.lifecycle import Lifecycle
    from runlife.paths.ways import Path

__all__ = ["Payloads", "lawful_payload", "walk"]

InstanceT = TypeVar("InstanceT", bound="Instance[Any]")

Payloads = Callable[["Instance[Any] | None", "Lifecycle[Any]", Transition[Any], float], Mapping[str, Any]]
"""How :func:`walk` gets the arguments for a row: from the instance as it stands (None before its
creation), its lifecycle, the row, and the time at which it is to be taken."""


def _pending_outputs(instance: Any, _now: float) -> tuple[ToolOutput, ...]:
    return tuple(ToolOutput(call.id, "done") for call in instance.required_action.tool_calls)


# By the name of the argument: in the tables of this project one name means one thing.
_ERROR = LastError("server_error", "Sorry, something went wrong.")

_LAWFUL: Mapping[str, Callable[[Any, float], object]] = {
    "tool_calls": lambda run, _now: (ToolCall(f"call_{run.version}", "lookup"),),
    "tool_outputs": _pending_outputs,
    "last_error": lambda _run, _now: _ERROR,
    "error": lambda _response, _now: _ERROR,
    "reason": lambda _run, _now: "max_completion_tokens",
    "expires_at": lambda _step, now: now + RUN_TTL,
}


def lawful_payload(
    instance: Instance[Any] | None, lifecycle: Lifecycle[Any], row: Transition[Any], now: float
) -> Mapping[str, Any]:
    """Return arguments with which a row of a run, a step, a message or a response is lawful.

    Only what is required: a response is created in the foreground. A run's function calls have new ids
    each round, and the outputs answer exactly the calls that are pending.

    :raises MisuseError: when the row requires an argument that is not known here.
    """
    payload: dict[str, object] = {}
    for argument in lifecycle.arguments.get(row.event, ()):
        if not argument.required:
            continue
        if argument.name == "id":
            payload["id"] = f"{lifecycle.name}_1"
        elif argument.name in _LAWFUL:
            payload[argument.name] = _LAWFUL[argument.name](instance, now)
        else:
            msg = f"no lawful {argument.name!r} is known for {row}; give walk() payloads of your own"
            raise MisuseError(msg)
    return payload


def walk(
    path: Path[Any],
    kind: type[InstanceT],
    *,
    payloads: Payloads = lawful_payload,
    times: Iterable[float] | None = None,
) -> InstanceT:
    """Return a new instance that has taken a path: its journal is the path, row for row.

    :param path: complete or not, under any policy.
    :param kind: the class of the instance, for instance :class:`~runlife.run.Run`.
    :param payloads: the arguments for each row; by default :func:`lawful_payload`.
    :param times: when each row is taken, in unix seconds, in order; by default 0, 1, 2, ... A timer
        row uses up its time like any other, but is taken at its deadline; what comes after it is
        taken no earlier.
    :raises RefusedError: when the instance refuses an event, for instance because the time that is
        given for it lies past a deadline.
    :raises MisuseError: when the class has another lifecycle, the times do not suffice, or another
        row was taken than the path says.
    """
    lifecycle = path.lifecycle
    if kind.table.name != lifecycle.name:
        msg = f"a path of {lifecycle.name!r} cannot be walked by {kind.__name__}, a {kind.table.name!r}"
        raise MisuseError(msg)
    instance: InstanceT | None = None
    moments = iter(count() if times is None else times)
    now = float("-inf")
    for taken, row in enumerate(path):
        try:
            now = max(now, next(moments))
        except StopIteration:
            msg = f"a path of {len(path)} rows needs as many times, got {taken}"
            raise MisuseError(msg) from None
        if instance is not None and row.cause is Cause.TIMER:
            deadline = instance.next_deadline()
            if deadline is not None:
                now = max(now, deadline)
            instance.handle_timeout(now)
        elif instance is None:
            payload = payloads(None, lifecycle, row, now)
            instance = kind.create(now=now, event=row.event, lifecycle=lifecycle, **payload)
        else:
            instance.apply(row.event, now=now, **payloads(instance, lifecycle, row, now))
        if instance.version != taken + 1 or instance.journal[-1].transition is not row:
            msg = f"the path says {row}, but the instance took: {instance.journal[-1]}"
            raise MisuseError(msg)
    assert instance is not None  # noqa: S101  # a path has at least its creation
    return instance
