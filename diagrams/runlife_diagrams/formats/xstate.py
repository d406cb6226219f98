"""A lifecycle as the JSON config of an XState v5 machine: for ``createMachine``, and to import into Stately.

A machine of XState exists from the start, so the moment before the creation is a state of its own, in
which the creating events are sent. A timer row is a transition ``after`` a delay that has the name of its
deadline. What JSON cannot hold, the host provides by name: ``guards`` and ``delays`` (milliseconds until
the deadline is due; without them XState waits no time at all), and ``actions`` for the effects. The rest
of a row (its event in the table's words, its cause, its evidence) is in ``meta``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runlife import Cause
from runlife_diagrams.formats.names import identifiers, to_json_text
from runlife_diagrams.route import statuses_of
from runlife_diagrams.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

    from runlife import Lifecycle, Transition

__all__ = ["to_xstate"]


def to_xstate(lifecycle: Lifecycle[Any]) -> str:
    """Return the machine config as JSON."""
    statuses = statuses_of(lifecycle)
    rows = lifecycle.transitions
    names = identifiers((None, *(status.value for status in statuses)))
    events = identifiers([*(row.event for row in rows), *lifecycle.deadlines])
    states = {names[_word(status)]: _state(lifecycle, status, names, events) for status in (None, *statuses)}
    return to_json_text(
        {
            "id": identifiers([lifecycle.name])[lifecycle.name],
            "description": visible(f"Lifecycle of {lifecycle.name}"),
            "initial": names[None],
            "states": states,
        }
    )


def _word(status: StrEnum | None) -> str | None:
    return None if status is None else status.value


def _state(
    lifecycle: Lifecycle[Any],
    status: StrEnum | None,
    names: Mapping[str | None, str],
    events: Mapping[str | None, str],
) -> dict[str, Any]:
    on: dict[str, list[Any]] = {}
    after: dict[str, list[Any]] = {}
    for row in lifecycle.transitions:
        if row.source == status:
            found = (
                on.setdefault(events[row.event], [])
                if row.deadline is None
                else after.setdefault(events[row.deadline], [])
            )
            found.append(_transition(row, names))
    state: dict[str, Any] = {"meta": {"status": _word(status)}}
    if status in lifecycle.terminal:
        state["type"] = "final"
    if on:
        state["on"] = on
    if after:
        state["after"] = after
    return state


def _transition(row: Transition[Any], names: Mapping[str | None, str]) -> dict[str, Any]:
    transition: dict[str, Any] = {"target": names[row.target.value]}
    if row.source == row.target:
        transition["reenter"] = True
    if row.guard is not None and row.cause is not Cause.TIMER:
        transition["guard"] = {"type": row.guard.name, "params": {"says": row.guard.says}}
    if row.effect is not None:
        transition["actions"] = [{"type": row.effect.name, "params": {"says": row.effect.says}}]
    if row.guard is not None:
        transition["description"] = visible(row.guard.says)
    transition["meta"] = {"event": row.event, "cause": row.cause.value, "evidence": row.evidence.value}
    return transition
