"""Rows laid out for execution: each becomes one straight-line function, and so does each event.

A lifecycle is data, and interpreting data at every event costs several times what the event itself
does. So a row is compiled once, the way attrs compiles ``__init__``: into the few assignments that
a person would have written by hand for it. For the row ``start`` of a run it reads::

    def take(instance, payload, now):
        v0 = compute0(instance, payload, now)
        instance._started_at = v0
        instance._status = target
        instance._last = now
        instance._journal.append((now, row, payload))
        return row

All that can fail (computing the values, refusing a deadline in the past) comes before the first
assignment, and no assignment can fail: that is what makes applying an event atomic. The arguments
of an event are checked by a function made in the same way, and what an event does from a status is a
third: for ``submit_tool_outputs`` in ``requires_action``, ::

    def react(instance, payload, now):
        payload = accept(payload)
        if check0_0(instance, payload):
            return take0(instance, payload, now)
        return instance._refuse('submit_tool_outputs', payload)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sys import float_info
from typing import TYPE_CHECKING, Any, NamedTuple

from runlife.errors import PayloadError, TimeError
from runlife.rows import NO_PAYLOAD

if TYPE_CHECKING:
    from runlife.lifecycle import Lifecycle
    from runlife.outcome import Outcome
    from runlife.rows import Argument, Payload, Transition

__all__ = ["NEVER", "Accept", "Plan", "Plans", "Step", "compile_acceptance", "lay_out", "slot"]

NEVER = float_info.max
"""The deadline of an instance that has none: the last moment that a float can tell.

Not infinity, so that a number no float can hold is told apart from a time by the same comparison.
"""


Take = Callable[[Any, "Payload", float], "Transition[Any]"]
"""Takes a row: changes the instance and returns the row."""


class Step(NamedTuple):
    """One row: ``check`` is its guard, ``take`` takes it."""

    check: Callable[[Any, Payload], bool] | None
    take: Take


Accept = Callable[[dict[str, Any]], "Payload"]
"""Checks the arguments of an event, a fresh dict, and returns them as they are kept."""


React = Callable[[Any, dict[str, Any], float], "Outcome[Any]"]
"""Takes the first row whose guard holds, or answers why none does."""


class Plan(NamedTuple):
    """What one event may do from one status: ``react`` does it, trying the steps in order."""

    react: React
    steps: tuple[Step, ...]


Plans = Mapping[Any, Mapping[str, Plan]]
"""The plans by status (None before the creation) and event."""


def slot(name: str) -> str:
    """Return where an instance keeps a fact: a private slot, so that only ``take`` writes it."""
    return f"_{name}"


def lay_out(lifecycle: Lifecycle[Any]) -> Plans:
    """Return the plans of a lifecycle, in plain dicts (a mapping proxy is slower to look up)."""
    return {
        source: {event: _plan(lifecycle, event, rows) for event, rows in by_event.items()}
        for source, by_event in lifecycle.moves.items()
    }


def _plan(lifecycle: Lifecycle[Any], event: str, rows: tuple[Transition[Any], ...]) -> Plan:
    steps = tuple(Step(row.guard.check if row.guard else None, _compile(lifecycle, row)) for row in rows)
    names: dict[str, Any] = {"accept": lifecycle.accepts[event], "nothing": NO_PAYLOAD}
    takes_arguments = event in lifecycle.arguments
    lines = [
        "payload = accept(payload)"
        if takes_arguments
        else "payload = accept(payload) if payload else nothing"
    ]
    for index, (row, step) in enumerate(zip(rows, steps, strict=True)):
        names[f"take{index}"] = step.take
        parts = (row.guard.parts or (row.guard,)) if row.guard else ()
        checks = {f"check{index}_{number}": part.check for number, part in enumerate(parts)}
        names |= checks
        take = f"return take{index}(instance, payload, now)"
        if not checks:
            lines.append(take)
            break  # a row without a guard is always taken
        lines += [f"if {' and '.join(f'{check}(instance, payload)' for check in checks)}:", f"    {take}"]
    else:
        lines.append(f"return instance._refuse({event!r}, payload)")
    return Plan(_define("react(instance, payload, now)", lines, names), steps)


def _compile(lifecycle: Lifecycle[Any], row: Transition[Any]) -> Take:
    sets = {**row.effect.sets, **row.effect.may_set} if row.effect else {}
    clears = row.effect.clears if row.effect else ()
    before, after = lifecycle.timed_by(row.source), lifecycle.timed_by(row.target)
    # A value that several facts share is computed once. (By identity: a callable need not be hashable.)
    values = {id(value): value for value in sets.values()}
    variables = {key: f"v{index}" for index, key in enumerate(values)}
    names: dict[str, Any] = {f"compute_{variables[key]}": value for key, value in values.items()}
    names |= {"row": row, "target": row.target, "ahead": _ahead, "earliest": _earliest, "never": NEVER}
    sources = {fact: variables[id(value)] for fact, value in sets.items()}
    lines = [f"{name} = compute_{name}(instance, payload, now)" for name in variables.values()]
    lines += [
        f"ahead({fact!r}, {name}, now)" for fact, name in sources.items() if fact in lifecycle.deadlines
    ]
    lines += [f"instance.{slot(fact)} = {name}" for fact, name in sources.items()]
    lines += [f"instance.{slot(fact)} = None" for fact in clears]
    lines += ["instance._status = target", "instance._last = now"]
    if before != after or not set(after).isdisjoint((*sets, *clears)):
        deadlines = ", ".join(f"instance.{slot(fact)}" for fact in after)
        lines.append(f"instance._due = earliest({deadlines})" if after else "instance._due = never")
    lines += ["instance._journal.append((now, row, payload))", "return row"]
    # Facts stand in the source as attributes: the diagnostics hold them to be identifiers.
    take: Take = _define("take(instance, payload, now)", lines, names)
    return take


def compile_acceptance(event: str, arguments: tuple[Argument, ...]) -> Accept:
    """Return the function that checks the arguments of an event.

    For ``submit_tool_outputs`` it reads::

    def accept(payload):
        given = 0
        value = payload.get('tool_outputs')
        if value is None:
            missing(event, argument0)
        else:
            given += 1
            if value.__class__ is not list and value.__class__ is not tuple:
                argument0.check_several(event, value)
            value = payload['tool_outputs'] = tuple(value)
            for item in value:
                if item.__class__ is not kind0:
                    argument0.check_kind(event, item)
        return payload if given == len(payload) else sift(event, arguments, payload)
    """
    names: dict[str, Any] = {"event": event, "arguments": arguments, "missing": _missing, "sift": _sift}
    lines = ["given = 0"]
    for index, argument in enumerate(arguments):
        names |= {f"argument{index}": argument, f"kind{index}": argument.kind}
        lines += [
            f"value = payload.get({argument.name!r})",
            "if value is None:",
            f"    missing(event, argument{index})" if argument.required else "    pass",
            "else:",
            "    given += 1",
        ]
        if argument.many:
            lines += [
                "    if value.__class__ is not list and value.__class__ is not tuple:",
                f"        argument{index}.check_several(event, value)",
                f"    value = payload[{argument.name!r}] = tuple(value)",
                "    for item in value:",
                f"        if item.__class__ is not kind{index}:",
                f"            argument{index}.check_kind(event, item)",
            ]
        else:
            lines += [
                f"    if value.__class__ is not kind{index}:",
                f"        argument{index}.check_kind(event, value)",
            ]
        if argument.check is not None:
            lines.append(f"    argument{index}.check_value(event, value)")
    lines.append("return payload if given == len(payload) else sift(event, arguments, payload)")
    accept: Accept = _define("accept(payload)", lines, names)
    return accept


def _missing(event: str, argument: Argument) -> None:
    raise PayloadError(event, argument.name, f"missing; expected {argument.expects}")


def _sift(event: str, arguments: tuple[Argument, ...], payload: dict[str, Any]) -> Payload:
    """Drop the arguments that are None; refuse those that the event does not take."""
    known = {argument.name for argument in arguments}
    for name in payload.keys() - known:
        takes = ", ".join(sorted(known)) or "no arguments"
        raise PayloadError(event, name, f"unexpected; the event takes {takes}")
    return {name: value for name, value in payload.items() if value is not None}


def _define(signature: str, lines: list[str], names: dict[str, Any]) -> Any:
    """Define a function from its source. What comes from a definition stands in it quoted, or by name."""
    body = "\n    ".join(lines)
    exec(f"def {signature}:\n    {body}", names)  # noqa: S102  # see the module
    return names[signature.partition("(")[0]]


def _ahead(fact: str, deadline: float | None, now: float) -> None:
    number = isinstance(deadline, (int, float)) and not isinstance(deadline, bool)
    if deadline is not None and not (number and now < deadline < NEVER):
        msg = f"{fact} would be {deadline}, which is not later than now, {now}"
        raise TimeError(msg)


def _earliest(first: float | None, *others: float | None) -> float:
    earliest = NEVER if first is None else first
    for deadline in others:
        if deadline is not None and deadline < earliest:
            earliest = deadline
    return earliest
