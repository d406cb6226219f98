"""What paths leave open: each guard both ways, and each deadline from both sides.

A path takes rows, so that on it every guard holds and every deadline is either far off or met. The
rest follows from the table as well: in which combinations the parts of a guard must be tried
(:func:`guard_rows`), and at which moments around a deadline one must look, or act (:func:`boundaries`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from attrs import frozen

from runlife.rows import Guard, StatusT, Transition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife.lifecycle import Lifecycle

__all__ = ["Boundary", "GuardRow", "boundaries", "guard_rows"]

OFFSETS = (-1, 0, 1)
"""The moments around a deadline, in seconds after it. Equality counts as due."""


@frozen
class GuardRow(Generic[StatusT]):
    """One row of the truth table of a guard."""

    transition: Transition[StatusT]
    """The transition that the guard stands before."""
    holds: tuple[tuple[Guard, bool], ...]
    """The parts of the guard (itself, when it has none), each with whether it holds."""

    @property
    def fails(self) -> Guard | None:
        """The part that does not hold, and with it the guard; None where all of them do."""
        return next((part for part, holds in self.holds if not holds), None)

    @property
    def id(self) -> str:
        """The event, and the parts: ``create@nothing: thread_is_free, not thread_has_input``."""
        parts = (part.name if holds else f"not {part.name}" for part, holds in self.holds)
        return f"{self.transition.event}@{self.transition.source or 'nothing'}: {', '.join(parts)}"

    def __str__(self) -> str:
        """Return the id."""
        return self.id


def guard_rows(lifecycle: Lifecycle[StatusT]) -> tuple[GuardRow[StatusT], ...]:
    """Return the truth table of each guard, as far as MC/DC asks for it, in table order.

    Guards are conjunctions (``a & b``), for which *modified condition/decision coverage* needs one row
    in which all parts hold, and for each part one in which it alone does not: each part is shown to
    decide by itself. The guards of timer rows are left out: time decides those, see :func:`boundaries`.
    """
    rows: list[GuardRow[StatusT]] = []
    for transition in lifecycle.transitions:
        guard = transition.guard
        if guard is None or transition.deadline is not None:
            continue
        parts = guard.parts or (guard,)
        rows += [
            GuardRow(transition, tuple((part, part is not alone) for part in parts))
            for alone in (None, *parts)
        ]
    return tuple(rows)


@frozen
class Boundary(Generic[StatusT]):
    """A moment by a deadline, and what is to have happened by then."""

    timer: Transition[StatusT]
    """The row that the deadline takes."""
    offset: int
    """Seconds after the deadline."""
    rival: Transition[StatusT] | None = None
    """Another row from the same status, that somebody tries to take at that moment."""

    @property
    def is_due(self) -> bool:
        """Whether time has decided by then. It does at the deadline itself, before anybody else."""
        return self.offset >= 0

    @property
    def taken(self) -> Transition[StatusT] | None:
        """The row that is taken: the timer's, the rival's, or none."""
        return self.timer if self.is_due else self.rival

    @property
    def id(self) -> str:
        """Who, when, and what comes of it: ``cancel@queued at expires_at-1 is in time``."""
        status, moment = self.timer.source, f"{self.timer.deadline}{self.offset:+d}"
        moment = moment if self.offset else f"{self.timer.deadline}"
        if self.rival is not None:
            comes = "is too late" if self.is_due else "is in time"
            return f"{self.rival.event}@{status} at {moment} {comes}"
        return f"{status} at {moment} {f'is {self.timer.target}' if self.is_due else 'lives'}"

    def __str__(self) -> str:
        """Return the id."""
        return self.id


def boundaries(lifecycle: Lifecycle[StatusT]) -> tuple[Boundary[StatusT], ...]:
    """Return the moments by each deadline in each status that has it, in table order.

    One second before it nothing has happened, and whatever else may happen still can; at the deadline,
    and a second later, it is too late. Every other row from the status is a rival: tried at the
    deadline it is a tie, which time wins.
    """

    def around(timer: Transition[StatusT]) -> Iterator[Boundary[StatusT]]:
        yield from (Boundary(timer, offset) for offset in OFFSETS)
        for rows in lifecycle.moves[timer.source].values():
            for row in rows:
                if row.deadline is None:
                    yield from (Boundary(timer, offset, row) for offset in OFFSETS if offset <= 0)

    timers = (row for row in lifecycle.transitions if row.deadline is not None)
    return tuple(boundary for timer in timers for boundary in around(timer))
