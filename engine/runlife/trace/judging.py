"""Whether a sample agrees with what is believed: every predicate there is.

A sample agrees with a state when its status is one the state may have got to, and for each fact shown:

=============  ====================================================================================
``status``     some rows lead there
``null``       it is null exactly when the rows on the way left it so
``unchanged``  a value that was seen before is the same, unless a row on the way wrote the fact
``renewed``    a value that was written anew has nothing in common with the last one (some facts)
``moment``     what is a moment is a number
``order``      moments are ordered as the rows that stamped them
``past``       a moment does not lie after the sample that shows it
``since``      a moment that was written since the last sample does not lie before that sample
``deadline``   nor after the deadline that would have ended the run first; and no status is seen
               after its deadline
``identity``   what never changes has not changed
=============  ====================================================================================

All comparisons of time leave a slack.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from math import inf
from typing import TYPE_CHECKING, Any, TypeGuard

from attrs import Factory, field, frozen

from runlife.trace.extras import Extras
from runlife.trace.reach import KEPT, Call, Model, New, Reached
from runlife.trace.samples import Believed, Conflict, Sample, Track, UnlawfulError, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


__all__ = ["Judge", "Plain", "is_time"]

SAYS: Mapping[str, str] = {
    "status": "no way leads there from {other}",
    "answer": "the call {name} cannot have been {value} in any state that was possible",
    "null": "{name} is {value}, where it must be {other}",
    "unchanged": "{name} was {other} and is {value}, but nothing can have written it",
    "renewed": "{name} was written anew, and has {value} again",
    "moment": "{name} is {value}, which is no moment",
    "order": "{name} is {value}, before {other}, which came first",
    "past": "{name} is {value}, and it was seen at {other}",
    "since": "{name} is {value}, and at {other} it was not so yet",
    "deadline": "{name} {value} is after the deadline, {other}",
    "identity": "{name} was {other} and is {value}, and it never changes",
}
"""What each predicate says when it fails. It is put in words only then."""

Failure = tuple[str, str, object, object]
"""A predicate that failed, the name of the fact, and the values that go into the words."""

MOST_ROWS = 32
"""Rows of a way that are remembered while no sample comes."""


def _shape(state: Believed) -> tuple[Any, tuple[Any, ...], frozenset[Call]]:
    """Return a state without values. Its calls are numbered from 0, or hardly two would be alike."""
    cells = tuple([c if c is None or c.__class__ is New else KEPT for c in state.cells])
    if not state.pending:
        return state.status, cells, state.pending
    return state.status, cells, frozenset((i, call[1]) for i, call in enumerate(sorted(state.pending)))


def _left(state: Believed, pending: frozenset[Call]) -> frozenset[Call]:
    """Return the calls of a state that are left when those of its shape are left."""
    if not pending:
        return pending
    calls = sorted(state.pending)
    return frozenset(calls[i] for i, _ in pending)


def _filled(state: Believed, reached: Reached) -> tuple[Any, ...]:
    """Return the values of a shape that a state has got to."""
    both = zip(state.cells, reached.cells, strict=True)
    return tuple([old if new is KEPT else new for old, new in both])


class Plain(str):
    """A word that is shown without quotes."""

    __slots__ = ()


def _worded(value: object) -> str:
    if isinstance(value, Plain):
        return value
    return moment(value) if is_time(value) else repr(value)


def is_time(value: object) -> TypeGuard[float]:
    """Whether a value can be compared as a time. What a service sends may be anything."""
    return value.__class__ is int or value.__class__ is float


def _constant(judge: Judge) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*sorted(judge.model.settled), *judge.extras.identity)))


def _names(judge: Judge) -> frozenset[str]:
    return judge.model.following.union(judge.constant)


def _remembered(judge: Judge) -> tuple[str, ...]:
    return tuple(n for n in judge.model.facts if n in judge.model.stamps or n in judge.extras.renewed)


@frozen
class Judge:
    """Closes beliefs, and compares samples with them."""

    model: Model
    extras: Extras
    slack: float
    constant: tuple[str, ...] = field(init=False, default=Factory(_constant, takes_self=True))
    """The names of what never changes."""
    names: frozenset[str] = field(init=False, default=Factory(_names, takes_self=True))
    """Every name that a sample may show."""
    remembered: tuple[str, ...] = field(init=False, default=Factory(_remembered, takes_self=True))
    """The names of which the last value counts after the fact was written anew."""

    # Where a state may have got to

    def anything(
        self, state: Believed, end: float, free: frozenset[str]
    ) -> Mapping[str, tuple[Reached, ...]]:
        """Return where a state may have got to by then, unseen, by status."""
        return self.model.reach(_shape(state), free, self._due(state.cells, end))

    def one_row(self, state: Believed, end: float, free: frozenset[str]) -> Mapping[str, tuple[Reached, ...]]:
        """Return where it is, and where one row leads."""
        here = Reached(*_shape(state), ())
        found: dict[str, tuple[Reached, ...]] = {here.status: (here,)}
        for after in self.model.successors(here, free, self._due(state.cells, end)):
            found[after.status] = (*found.get(after.status, ()), after)
        return found

    def closed(
        self, track: Track, end: float, free: frozenset[str], *, applied: Call | None = None
    ) -> list[Believed]:
        """Return a belief closed over everything that may have happened by then.

        :param applied: a call that must have taken effect.
        """
        found = defaultdict[Any, list[Believed]](list)
        for state in track.states:
            way = state.rows[-MOST_ROWS:] if track.midway else ()
            for reached in chain.from_iterable(self.anything(state, end, free).values()):
                left = _left(state, reached.pending)
                if applied in left:
                    continue
                after = Believed(reached.status, _filled(state, reached), left, (*way, *reached.rows))
                alike = found[after.status, left]
                if after not in alike:
                    alike.append(after)
        return list(chain.from_iterable(found.values()))

    def _due(self, cells: tuple[Any, ...], end: float) -> tuple[bool, ...]:
        due: list[bool] = []
        for i in self.model.deadlines:
            cell = cells[i]
            due.append(end >= cell - self.slack if is_time(cell) else cell is not None)
        return tuple(due)

    def turns(self, states: Iterable[Believed]) -> Iterator[float]:
        """Yield the moments at which a deadline changes what may happen, or what may be seen."""
        for state in states:
            for i in self.model.deadlines:
                cell = state.cells[i]
                if is_time(cell):
                    yield cell - self.slack
                    yield cell + self.slack

    def overdue(self, status: object, cells: tuple[Any, ...], start: float) -> int | None:
        """Return the deadline that has ended a status by then, or None."""
        for i in self.model.timed.get(status, ()):
            cell = cells[i]
            if is_time(cell) and start > cell + self.slack:
                return i
        return None

    # Whether a sample agrees

    def agreeing(
        self,
        track: Track,
        sample: Sample,
        fixed: Mapping[str, Any],
        free: frozenset[str],
        *,
        adjacent: bool = False,
        applied: Call | None = None,
    ) -> list[Believed]:
        """Return the states that a sample leaves of a belief.

        :param fixed: what never changes, as it was seen before.
        :param free: the client's events that may have happened unseen.
        :param adjacent: whether one row at the most lies in between.
        :param applied: a call that must have taken effect before.
        :raises UnlawfulError: when none is left.
        """
        self.check_identity(track, sample, fixed)
        latest = -inf
        for name in self.model.born_at:
            value = fixed.get(name, sample.facts.get(name))
            if is_time(value) and value > latest:
                latest = value
        end = inf if sample.at is None else sample.at
        ways = self.one_row if adjacent else self.anything
        found, failed = list[Believed](), list[tuple[Believed, Failure]]()
        for source in track.states:
            several = ways(source, end, free).get(sample.status or "")
            if several is None:
                failed.append((source, ("status", str(sample.status), None, Plain(source.status))))
                continue
            for reached in several:
                if applied is not None and applied in _left(source, reached.pending):
                    continue
                answer = self._agree(source, reached, sample, track, latest)
                if not isinstance(answer, Believed):
                    failed.append((source, answer))
                elif answer not in found:
                    found.append(answer)
        if not found:
            raise self.unlawful(sample, track, free, failed)
        return found

    def check_identity(self, track: Track, sample: Sample, fixed: Mapping[str, Any]) -> None:
        """Check that what never changes has not changed.

        :raises UnlawfulError: when it has.
        """
        facts, failed = sample.facts, list[tuple[Believed | None, Failure]]()
        for name in self.constant:
            value = facts.get(name)
            old = fixed.get(name)
            if value is None or value == old:
                continue
            if old is not None:
                failed.append((None, ("identity", name, value, old)))
            elif name in self.model.stamps:
                if not is_time(value):
                    failed.append((None, ("moment", name, value, None)))
                elif sample.at is not None and value > sample.at + self.slack:
                    failed.append((None, ("past", name, value, sample.at)))
        if failed:
            raise self.unlawful(sample, track, frozenset(), failed)

    def _agree(  # noqa: C901  # the innermost loop: a call for each case would cost more than the case
        self, source: Believed, reached: Reached, sample: Sample, track: Track, latest: float
    ) -> Believed | Failure:
        """Return the state as it is known after a sample, or what failed."""
        facts, cells, written = sample.facts, list[Any](), list[tuple[int, Any, str]]()
        stamps = self.model.stamps
        for i, name in enumerate(self.model.facts):
            cell = reached.cells[i]
            if cell is KEPT:
                cell = source.cells[i]
            if name not in facts:
                cells.append(cell)
                continue
            value = facts[name]
            cells.append(value)
            if value is None or cell is None:
                if value is not cell:
                    return "null", name, value, Plain("null" if cell is None else "set")
            elif cell.__class__ is New:
                written.append((cell.rank, value, name))
            elif value != cell:
                return "unchanged", name, value, cell
            elif name in stamps and value > latest:
                latest = value
        failed = self._miswritten(written, source, sample, track, latest) if written else None
        if failed is not None:
            return failed
        known = tuple(cells)
        if sample.since is not None:
            late = self.overdue(reached.status, known, sample.since)
            if late is not None:
                return "deadline", f"{reached.status} at", sample.since, known[late]
        rows = (*source.rows, *reached.rows) if track.midway else reached.rows
        return Believed(reached.status, known, _left(source, reached.pending), rows)

    def _miswritten(
        self,
        written: Iterable[tuple[int, Any, str]],
        source: Believed,
        sample: Sample,
        track: Track,
        latest: float,
    ) -> Failure | None:
        """Return what is wrong with a fact that was written since it was last seen, or None."""
        moments = list[tuple[int, float, str]]()
        for rank, value, name in written:
            previous = track.last.get(name)
            if name in self.model.stamps:
                if not is_time(value):
                    return "moment", name, value, None
                moments.append((rank, value, name))
                latest = latest if previous is None else max(latest, previous)
            elif previous is not None and name in self.extras.renewed:
                part = self.extras.renewed[name]
                again = part(value) & part(previous)
                if again:
                    return "renewed", name, Plain(", ".join(sorted(map(str, again)))), None
        return self._misplaced(sorted(moments), source, sample, track, latest)

    def _misplaced(
        self,
        moments: Iterable[tuple[int, float, str]],
        source: Believed,
        sample: Sample,
        track: Track,
        latest: float,
    ) -> Failure | None:
        """Return what is wrong with moments that were written since the last sample, or None."""
        slack = self.slack
        for _, value, name in moments:
            if sample.at is not None and value > sample.at + slack:
                return "past", name, value, sample.at
            if name in track.shown and value < track.since - slack:
                return "since", name, value, track.since
            if value < latest - slack:
                return "order", name, value, latest
            latest = max(latest, value)
            for i in self.model.bounds[name]:
                # The rows that stamp it clear the deadline; the state before still had it.
                limit = source.cells[i]
                if is_time(limit) and value > limit + slack:
                    return "deadline", name, value, limit
        return None

    # What to say

    def unlawful(
        self,
        sample: Sample,
        track: Track,
        free: frozenset[str],
        failed: Iterable[tuple[Believed | None, Failure]],
    ) -> UnlawfulError:
        """Return the error, with every reason."""
        end = inf if sample.at is None else sample.at
        possible = {
            status
            for state in track.states
            for status, several in self.anything(state, end, free).items()
            if sample.since is None
            or any(self._possible(state, reached, sample.since) for reached in several)
        }
        conflicts: dict[tuple[int, str, str], Conflict] = {}
        for state, (predicate, name, *values) in failed:
            value, other = map(_worded, values)
            says = SAYS[predicate].format(name=name, value=value, other=other)
            conflicts.setdefault((id(state), predicate, says), Conflict(state, predicate, name, says))
        return UnlawfulError(sample, track.states, self.model.in_order(possible), conflicts.values())

    def _possible(self, state: Believed, reached: Reached, start: float) -> bool:
        return self.overdue(reached.status, _filled(state, reached), start) is None
