"""The timeline of a run as its client saw it: the table that the course draws by hand.

One line for every sample that brought news: when it was, the status, which fields changed, and who
caused it. A client sees samples, not transitions, so what the table says must have happened in between
(:func:`runlife.explain`) has lines as well, which say by when; and the whole is checked to be a lawful trace.

Times are told in whole seconds since the creation, as the API tells them, whatever clock they are from.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

from attrs import frozen

from runlife import RUN, RunStatus, TraceChecker, Transition, explain
from runlife_adapters.drive import Answered, LogEntry, Observed, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runlife_adapters.backend import RunView

__all__ = ["Line", "check", "timeline"]

TIMES = ("created_at", "started_at", "expires_at", "completed_at", "failed_at", "cancelled_at")
FACTS = (*TIMES, "required_action", "last_error", "incomplete_details", "usage")
"""The fields that a run's lifecycle moves, as a client sees them."""


@frozen
class Line:
    """One line: ``at`` is in seconds since the first; ``row`` is what led to the status.

    It is None where the status was the same before, and something else was news.
    """

    at: float
    status: RunStatus
    row: Transition[Any] | None
    seen: bool = True
    """Whether the status was seen; else the run must have passed through it, by then."""
    changed: tuple[tuple[str, str], ...] = ()
    response: str | None = None
    """The id of the response behind the run, where there is a new one."""


def timeline(log: Iterable[LogEntry]) -> tuple[Line, ...]:
    """Return the lines of a driver's log.

    :raises TraceError: when two samples cannot follow each other.
    """
    lines: list[Line] = []
    before: RunView | None = None
    start: float | None = None
    calls: list[str] = []
    for entry in log:
        start = entry.at if start is None else start
        if isinstance(entry, Sent):
            calls.append(entry.event)
        elif isinstance(entry, Observed):
            status = RunStatus(entry.view.status)
            source = RunStatus(before.status) if before else None
            at, rows = entry.at - start, explain(RUN, source, status, calls)
            lines += [Line(at, row.target, row, seen=False) for row in rows[:-1]]
            last = rows[-1] if rows else None
            changed, response = _changes(before, entry.view), _response(before, entry.view)
            lines.append(Line(at, status, last, changed=changed, response=response))
            before, calls = entry.view, []
    return tuple(lines)


def check(log: Iterable[LogEntry]) -> TraceChecker:
    """Feed a driver's log to the trace checker and return it.

    :raises TraceError: at the first entry that no lawful history explains.
    """
    checker = TraceChecker(RUN)
    tickets: dict[str, int] = {}
    for entry in log:
        if isinstance(entry, Observed):
            checker.observed(entry.view.status, entry.at, {name: getattr(entry.view, name) for name in FACTS})
        elif any(row.event == entry.event for row in RUN.creations):
            continue  # a trace begins with its creation
        elif isinstance(entry, Sent):
            tickets[entry.event] = checker.sent(entry.event, entry.at)
        elif isinstance(entry, Answered):  # pyright: ignore[reportUnnecessaryIsInstance]
            checker.answered(tickets[entry.event], entry.at, accepted=entry.accepted)
    return checker


def _changes(before: RunView | None, after: RunView) -> tuple[tuple[str, str], ...]:
    changes: list[tuple[str, str]] = []
    for name in FACTS:
        old, new = getattr(before, name, None), getattr(after, name)
        if old != new:
            changes.append((name, _shown(name, new, after.created_at or 0)))
    return tuple(changes)


def _response(before: RunView | None, after: RunView) -> str | None:
    """Return the id of the latest response behind a run, if it is new."""
    known: Sequence[str] = () if before is None else before.raw.get("responses", ())
    now: Sequence[str] = after.raw.get("responses", ())
    return now[-1] if now and now != known else None


def _shown(name: str, value: Any, born: float) -> str:
    if value is None:
        return "null"
    if name in TIMES:
        return f"+{floor(round(value - born, 3))} s"  # rounded: floats this large are off by a bit
    match name:
        case "required_action":
            return ", ".join(call.name for call in value)
        case "usage":
            return f"{value.total_tokens} tokens"
        case "last_error":
            return str(value.code)
        case _:
            return str(value.reason)
