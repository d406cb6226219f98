"""The checks a table must pass, reported as data.

A lifecycle is checked once, when it is built. The list follows the best of the field: what
python-statemachine refuses (unreachable, trap, exit from a terminal), what Automat refuses
(duplicates), what AWS Step Functions warns of (a status that nothing ever ends).
"""

from __future__ import annotations

from enum import StrEnum
from itertools import combinations
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, cast

from attrs import fields, frozen

from runlife.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runlife.lifecycle import Lifecycle
    from runlife.rows import Transition

__all__ = ["Diagnostic", "Severity", "diagnose"]


class Severity(StrEnum):
    """How bad it is. A table with an error is refused; a warning says what to think about."""

    ERROR = "error"
    WARNING = "warning"


@frozen
class Diagnostic:
    """One defect: a stable ``code``, the ``place`` in the table, and a ``message`` with the remedy."""

    code: str
    severity: Severity
    place: str
    message: str

    def __str__(self) -> str:
        """Return ``severity code at place: message``."""
        return f"{self.severity} {self.code} at {self.place}: {self.message}"


def diagnose(lifecycle: Lifecycle[Any]) -> tuple[Diagnostic, ...]:
    """Return every defect of the table, in the order of the checks below."""
    checks = (_names, _creation, _rows, _written, _duplicates, _reachability, _timeouts, _timer_loops)
    return tuple(
        Diagnostic(code, _WARNINGS.get(code, Severity.ERROR), str(place), message)
        for check in checks
        for code, place, message in check(lifecycle)
    )


_WARNINGS = {"waits-for-time": Severity.WARNING}


RESERVED = frozenset({"status", "lifecycle", "journal", "last", "due"})
"""What an instance keeps besides its facts."""

TAKEN = frozenset({"now", "event", "lifecycle"})
"""What `create` and `apply` take besides the arguments of the event."""

JSON_KINDS = (str, int, float, bool)
"""The kinds that a journal keeps as they are; others have to_json and from_json."""

Finding = tuple[str, object, str]


def _names(lifecycle: Lifecycle[Any]) -> Iterator[Finding]:
    statuses = _statuses(lifecycle)
    for status in sorted(lifecycle.terminal - statuses):
        yield "unknown-status", status, f"terminal, but not one of {_list(statuses)}"
    for event, arguments in lifecycle.arguments.items():
        if event not in lifecycle.events:
            yield "unknown-event", event, "has arguments, but no row; remove it or write its row"
        for argument in arguments:
            if not argument.name.isidentifier() or argument.name in TAKEN:
                yield "bad-argument", event, f"{argument.name!r} cannot be the name of an argument"
            if not (argument.kind in JSON_KINDS or hasattr(argument.kind, "to_json")):
                kind = argument.kind.__name__
                yield (
                    "bad-argument",
                    event,
                    f"{argument.name}: a journal keeps no {kind} without to_json",
                )


def _creation(lifecycle: Lifecycle[Any]) -> Iterator[Finding]:
    if not lifecycle.creations:
        yield "no-creation", lifecycle.name, "nothing can come into being; add a row from None"


def _rows(lifecycle: Lifecycle[Any]) -> Iterator[Finding]:
    statuses = _statuses(lifecycle)
    options = {option.name for option in fields(Policy)}
    for row in lifecycle.rows:
        for status in (row.source, row.target):
            if status is not None and status not in statuses:
                yield "unknown-status", row, f"{status!r} is not one of {_list(statuses)}"
        if row.source in lifecycle.terminal:
            yield "terminal-exit", row, f"{row.source} is terminal: drop the row, or the mark"
        if row.guard is not None and not (row.guard.name and row.guard.says):
            yield "unnamed-guard", row, "a guard has a name and one line of English"
        if row.given is not None and row.given.option not in options:
            yield "unknown-option", row, f"{row.given.option!r} is not an option of the policy"


def _written(lifecycle: Lifecycle[Any]) -> Iterator[Finding]:
    for row in lifecycle.rows:
        for name in row.effect.writes if row.effect else ():
            if not _can_be_a_fact(name):
                yield "bad-fact", row, f"writes {name!r}, which cannot be the name of a fact"
        if row.deadline is not None and row.deadline not in lifecycle.facts:
            yield "unset-deadline", row, f"no effect writes {row.deadline!r}, so it is never due"


def _can_be_a_fact(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name) and name not in RESERVED


def _duplicates(lifecycle: Lifecycle[Any]) -> Iterator[Finding]:
    for moves in lifecycle.moves.values():
        for rows in moves.values():
            for earlier, later in combinations(rows, 2):
                if earlier.guard is None or earlier.guard == later.guard:
                    yield "duplicate", later, f"never reached: {earlier} comes first and takes it"


def _reachability(lifecycle: Lifecycle[Any]) -> Iterator[Finding]:
    rows = lifecycle.transitions
    reached = _closure({row.target for row in lifecycle.creations}, rows, forward=True)
    ending = _closure(set(lifecycle.terminal), rows, forward=False)
    for status in sorted(_statuses(lifecycle)):
        if status not in reached:
            yield "unreachable", status, "no path of rows leads here from a creation"
        elif status not in ending:
            yield "trap", status, "no path of rows leads from here to a terminal status"


def _closure(start: set[Any], rows: Iterable[Transition[Any]], *, forward: bool) -> frozenset[Any]:
    found, edges = set(start), [(r.source, r.target) for r in rows if r.source is not None]
    if not forward:
        edges = [(target, source) for source, target in edges]
    while more := {b for a, b in edges if a in found} - found:
        found |= more
    return frozenset(found)


def _timeouts(lifecycle: Lifecycle[Any]) -> Iterator[Finding]:
    timed = {row.source for row in lifecycle.transitions if row.deadline is not None}
    moved = {row.source for row in lifecycle.transitions if row.deadline is None}
    for status in lifecycle.live:
        if status in timed - moved:
            yield "waits-for-time", status, "nobody can end it before its deadline"
        if status not in timed and lifecycle.bounded_by is None:
            yield (
                "no-timeout",
                status,
                "could last for ever; add a timer row, or say in bounded_by= what ends it",
            )


def _statuses(lifecycle: Lifecycle[Any]) -> set[str]:
    return set(cast("Iterable[str]", lifecycle.statuses))


def _timer_loops(lifecycle: Lifecycle[Any]) -> Iterator[Finding]:
    """Find deadlines that stay due for ever: time alone leads back to where they are asked for."""
    timers = [row for row in lifecycle.transitions if row.deadline is not None]
    for row in timers:
        deadline = row.deadline
        keeping = [r for r in timers if not (r.effect and deadline in r.effect.writes)]
        if row in keeping:
            reached = _closure({row.target}, keeping, forward=True)
            if any(deadline in lifecycle.timed_by(status) for status in reached):
                yield (
                    "timer-loop",
                    row,
                    f"{deadline} would stay due for ever; clear or move it",
                )


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
