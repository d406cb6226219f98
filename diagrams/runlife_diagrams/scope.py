"""Which rows and statuses a picture is of: those of a lifecycle, or of two that are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from runlife import Transition
from runlife_diagrams.route import statuses_of

if TYPE_CHECKING:
    from runlife import Lifecycle

__all__ = ["DrawnRow", "Scope", "scope_of", "source_of"]


@frozen
class DrawnRow:
    """A row that is drawn, and what is written under it besides what the row says itself."""

    row: Transition[Any]
    notes: tuple[str, ...] = ()
    off: bool = False


@frozen
class Scope:
    """The statuses, by their words, and the rows."""

    statuses: tuple[str, ...]
    terminal: frozenset[str]
    rows: tuple[DrawnRow, ...]


def scope_of(lifecycle: Lifecycle[Any], *, policies: bool = False) -> Scope:
    """Return what there is to draw of one lifecycle.

    :param policies: whether it is noted which switch of the policy a row hangs on, and rows that are
        switched off are drawn as well.
    """
    rows = lifecycle.rows if policies else lifecycle.transitions
    return Scope(
        statuses=tuple(status.value for status in statuses_of(lifecycle)),
        terminal=frozenset(status.value for status in lifecycle.terminal),
        rows=tuple(_drawn(row, lifecycle) if policies else DrawnRow(row) for row in rows),
    )


def source_of(row: Transition[Any]) -> str | None:
    """Return the word of the status that a row leads from; None for a creation."""
    return None if row.source is None else str(row.source.value)


def _drawn(row: Transition[Any], lifecycle: Lifecycle[Any]) -> DrawnRow:
    if row.given is None:
        return DrawnRow(row)
    off = not row.given.holds(lifecycle.policy)
    return DrawnRow(row, (f"{'off: only ' if off else ''}if {row.given.option} is {row.given.value}",), off)
