"""What an answer shows of runs, steps and responses: their status, and the facts that the checker knows."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from runlife import RUN, RUN_STEP, Cause, Lifecycle, RunlifeError, ToolCall
from runlife.responses import RESPONSE
from runlife.trace import EXTRAS, Conflict
from runlife.trace.extras import NO_EXTRAS
from runlife.trace.reach import model_of
from runlife_adapters.traces.exchanges import is_moment
from runlife_adapters.traces.rounds import response_facts

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["CALLS", "KINDS", "Shown", "shown_in", "shown_of"]

KINDS: Mapping[str, Lifecycle[Any]] = {
    "thread.run": RUN,
    "thread.run.step": RUN_STEP,
    "response": RESPONSE,
}
"""The lifecycle of an object, by what it calls itself."""

CALLS: Mapping[str, frozenset[str]] = {
    table.name: frozenset(r.event for r in table.rows if r.cause is Cause.CLIENT and r.source is not None)
    for table in (RUN, RESPONSE)
}
"""The calls that move a run, or a response. Each is named as the last part of its path."""

_UNLIKE_THE_TABLE = {
    # Recorded: a step that has ended still shows it in streams, and shows null when it is read.
    "run_step": {"expires_at"},
}
"""Facts that the wire does not show as the table has them: they are not checked."""

_SHOWN = {
    table.name: tuple(
        name
        for name in (*table.facts, *EXTRAS.get(table.name, NO_EXTRAS).identity)
        if name not in _UNLIKE_THE_TABLE.get(table.name, ())
    )
    for table in KINDS.values()
}


_STATUSES = {table.name: frozenset(str(status) for status in table.statuses) for table in KINDS.values()}

_MOMENTS = {
    table.name: tuple(sorted(model_of(table, any_policy=True).stamps.union(table.deadlines)))
    for table in KINDS.values()
}
"""Facts that are moments: what stamps them is the time, or it is when the time ends something."""


@frozen
class Shown:
    """What one answer shows of one object."""

    lifecycle: Lifecycle[Any]
    id: str
    run_id: str
    """Of a step: its run's. Of a run or a response: its own."""
    status: str
    """As text, whatever stands there."""
    facts: Mapping[str, Any]

    def odd(self) -> tuple[Conflict, ...]:
        """Return what no history can explain, because it is no status, or no moment, at all."""
        found = list[Conflict]()
        if self.status not in _STATUSES[self.lifecycle.name]:
            kind = self.lifecycle.name.replace("_", " ")
            found.append(Conflict(None, "status", "status", f"{self.status} is no status of a {kind}"))
        for name in _MOMENTS[self.lifecycle.name]:
            value = self.facts.get(name)
            if value is not None and not is_moment(value):
                found.append(Conflict(None, "moment", name, f"{name} is {value!r:.60}, which is no moment"))
        return tuple(found)


def shown_of(body: object) -> Shown | None:
    """Return what a run, a step or a response shows; None for anything else."""
    if not isinstance(body, Mapping):
        return None
    said = cast("Mapping[str, Any]", body)
    kind, name, status = said.get("object"), said.get("id"), said.get("status")
    lifecycle = KINDS.get(kind) if isinstance(kind, str) else None
    if lifecycle is None or not isinstance(name, str):
        return None
    if lifecycle is RESPONSE:
        said = response_facts(said)
    facts = {fact: _bounded(said[fact]) for fact in _SHOWN[lifecycle.name] if fact in said}
    if facts.get("required_action") is not None:
        facts["required_action"] = _calls(facts["required_action"])
    run_id = said.get("run_id")
    status = status if isinstance(status, str) else f"{status!r:.60}"
    return Shown(lifecycle, name, run_id if isinstance(run_id, str) else name, status, facts)


def shown_in(body: object) -> Iterator[Shown]:
    """Yield what an answer shows: an object, or a page of them."""
    one = shown_of(body)
    if one is not None:
        yield one
    elif isinstance(body, Mapping):
        data = cast("Mapping[str, Any]", body).get("data")
        several = cast("list[object]", data) if isinstance(data, list) else []
        yield from (shown for shown in map(shown_of, several) if shown is not None)


def _bounded(value: object) -> object:
    """Return a value; infinity for a whole number beyond floats, as which the checker shows numbers."""
    return inf if isinstance(value, int) and not isinstance(value, bool) and not is_moment(value) else value


def _calls(action: Any) -> frozenset[ToolCall]:
    """Return the calls a run waits for. Their order says nothing; odd ones are passed over."""
    try:
        found = [
            ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in action["submit_tool_outputs"]["tool_calls"]
        ]
    except (KeyError, TypeError, RunlifeError):
        return frozenset()
    return frozenset(found)
