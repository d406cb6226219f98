"""What a checker is fed, what it believes, and what it says when no lawful history is left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from runlife.errors import TraceError
from runlife.rows import Transition
from runlife.trace.reach import Call

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["Believed", "Conflict", "Sample", "Track", "UnlawfulError", "moment"]


def moment(seconds: float) -> str:
    """Return a time in words: seconds, to the millisecond where it matters."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


@frozen
class Believed:
    """One state the run may be in."""

    status: Any
    cells: tuple[Any, ...] = field(repr=False)
    """The value of each fact that is followed: None, a value that was seen, or
    :class:`~runlife.trace.reach.New` for one that was written since and not seen yet."""
    pending: frozenset[Call] = frozenset()
    """The calls in flight that may still take effect: ticket and event."""
    rows: tuple[Transition[Any], ...] = field(default=(), eq=False, repr=False)
    """A shortest way that leads there: from the last sample, or for a sample from the one before it."""


@define(eq=False)
class Track:
    """What is believed as of one moment, and what was seen last before it."""

    states: list[Believed]
    at: float = -inf
    """The last sample, or answer, was known by then."""
    since: float = -inf
    """What is written from now on was not written before."""
    shown: Collection[str] = ()
    """The facts for which that holds: those that the last sample showed."""
    last: Mapping[str, Any] = field(factory=dict[str, Any])
    """The last value, not null, of each fact that was seen."""
    midway: bool = False
    """Whether it is not that of a sample, so that the rows of its states belong to the next one."""


@frozen
class Sample:
    """What was seen: a sample of a run, or the answer to a call."""

    number: int
    """Which one it is, from 1; an answer has the number of the sample before it."""
    status: str | None
    """The status that was seen; None for an answer."""
    at: float | None
    """When it was known, in unix seconds; None when nobody knows."""
    since: float | None
    """When it can have been taken at the earliest."""
    facts: Mapping[str, Any] = field(factory=dict[str, Any])
    """Values by name, None for null."""
    answer: str | None = None
    """For an answer: which it was, in words."""

    @property
    def what(self) -> str:
        """Say in words what was seen."""
        when = "" if self.at is None else f" at {moment(self.at)}"
        if self.answer is not None:
            return self.answer + when
        present = ", ".join(f"{n}={v!r}" for n, v in sorted(self.facts.items()) if v is not None)
        return f"sample {self.number}, {self.status!r}{when}" + (f" with {present}" if present else "")


@frozen
class Conflict:
    """Why one believed state cannot explain a sample."""

    believed: Believed | None
    """The state; None when the sample conflicts with each."""
    predicate: str
    """Which predicate failed, by its name in :mod:`runlife.trace.judging`; ``answer`` for a call that
    cannot have been answered so."""
    name: str
    """The fact in question, or the status."""
    says: str
    """In words."""

    def __str__(self) -> str:
        """Return it in words."""
        return self.says


class UnlawfulError(TraceError):
    """No lawful history explains a trace.

    ``sample`` is the first that is not explained, ``believed`` the states that were believed before it
    (as of the last sample: before anything unseen), ``possible`` the statuses that they may have led to,
    and ``why`` says for each state what failed.
    """

    def __init__(
        self, sample: Sample, believed: Iterable[Believed], possible: Iterable[str], why: Iterable[Conflict]
    ) -> None:
        self.sample = sample
        self.believed = tuple(believed)
        self.possible = tuple(possible)
        self.why = tuple(why)
        reasons = "; ".join(dict.fromkeys(conflict.says for conflict in self.why))
        before = ", ".join(self.possible) or "nothing"
        super().__init__(
            f"no lawful history explains it: {sample.what}; believed possible just then: {before} ({reasons})"
        )
