"""The timeline of a run as its client saw it: the table that the course draws by hand.

One line for every sample that brought news: when it was, the status, which fields changed, and who
caused it. A client sees samples, not transitions, so the last column is what the table says must have
happened in between (:func:`runlife.explain`); and the whole is checked to be a lawful trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from runlife import RUN, RunStatus, TraceChecker, Transition, explain
from runlife_adapters.drive import Answered, LogEntry, Observed, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife_adapters.backend import RunView

__all__ = ["Line", "check", "timeline"]

TIMES = ("created_at", "started_at", "expires_at", "completed_at", "failed_at", "cancelled_at")
FACTS = (*TIMES, "required_action", "last_error", "incomplete_details", "usage")
"""The fields that a run's lifecycle moves, as a client sees them."""


@frozen
class Line:
    """One line: ``at`` is in seconds since the first; ``rows`` are those that must have been taken."""

    at: float
    status: RunStatus
    changed: tuple[tuple[str, str], ...]
    rows: tuple[Transition[Any], ...]


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
            rows = explain(RUN, source, status, calls)
            lines.append(Line(entry.at - start, status, _changes(before, entry.view), rows))
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


def _shown(name: str, value: Any, born: float) -> str:
    if value is None:
        return "null"
    if name in TIMES:
        return f"+{value - born:g} s"
    match name:
        case "required_action":
            return ", ".join(call.name for call in value)
        case "usage":
            return f"{value.total_tokens} tokens"
        case "last_error":
            return str(value.code)
        case _:
            return str(value.reason)
