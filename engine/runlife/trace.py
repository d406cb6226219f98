"""Is what was observed a lawful history? A checker for whoever sees samples, not transitions.

A poller sees a run now and then; between two samples any number of rows may have been taken. To ask
whether two consecutive samples are joined by an edge raises false alarms (one legal trace in five
at one poll a second). The right question is whether *some* lawful history explains all samples so
far, and it is answered by keeping the set of all states the run may be in, the *belief*.

Theory of operation. A believed state is a status, the client calls that may still take effect, the
facts that are set, and the facts written since the last sample. The belief is

* *closed* over everything that may have happened unseen: server rows; timer rows, once their
  deadline may be due; and the rows of client calls in flight, since a call takes effect at an
  unknown moment between its sending and its answer, and one without an answer may take effect any
  time later;
* *narrowed* by every sample, to the states that agree with it: the status, which facts are null,
  and that a fact whose value changed was written in between;
* *narrowed* by every answer: an accepted call did take effect, a refused one did not.

When no state is left, no lawful history explains the trace: :class:`~runlife.errors.TraceError`.
Everything follows from the table. This is the subset construction of runtime verification with
unobserved steps; for one object it decides linearizability with pending operations.
"""

from __future__ import annotations

from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from runlife.errors import MisuseError, RunlifeError, TimeError, TraceError
from runlife.lifecycle import Lifecycle
from runlife.rows import Cause, Transition

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from enum import StrEnum


__all__ = ["Believed", "TraceChecker", "explain"]

Names = frozenset[str]
NONE: Names = frozenset()
MOST_CLOSURES = 256
"""How many closed beliefs a checker remembers: memory stays constant for each run."""


@frozen
class Believed:
    """One state the run may be in."""

    status: Any
    pending: frozenset[int] = frozenset()
    """The calls in flight that may still take effect, by ticket."""
    known: Names = NONE
    """The facts that are set."""
    written: Names = NONE
    """The facts written since the last sample."""


@define
class TraceChecker:
    """Checks one run's trace as it is fed; raises at the first sample no lawful history explains.

    :param lifecycle: the table that the run lives by.
    :param attach: whether the run existed before; otherwise the trace begins with its creation.
    :param shared: whether others may act on the run as well, unseen by this trace.
    :param slack: seconds by which a deadline may seem early or late: the resolution of the
        timestamps, and the time a sample travels.
    """

    lifecycle: Lifecycle[Any]
    attach: bool = field(default=False, kw_only=True)
    shared: bool = field(default=False, kw_only=True)
    slack: float = field(default=1.0, kw_only=True)
    _belief: frozenset[Believed] = field(init=False, factory=frozenset[Believed])
    _calls: dict[int, str] = field(init=False, factory=dict[int, str])
    _answered: set[int] = field(init=False, factory=set[int])
    _seen: dict[str, Any] = field(init=False, factory=dict[str, Any])
    _now: float = field(init=False, default=float("-inf"))
    _tracked: Names = field(init=False, default=NONE)
    _samples: int = field(init=False, default=0)
    _closures: dict[object, frozenset[Believed]] = field(init=False, factory=dict[object, Any])

    def __attrs_post_init__(self) -> None:
        # What only a creation writes says nothing about where a run is; not following it keeps the
        # belief small.
        later = [r for r in self.lifecycle.transitions if r.source is not None and r.effect]
        self._tracked = frozenset(fact for r in later if r.effect for fact in r.effect.writes)
        born = frozenset(
            state
            for row in self.lifecycle.creations
            for state in self._taken(row, Believed(None, written=self._tracked))
        )
        self._belief = self._close(born, everybody=True) if self.attach else born

    @property
    def belief(self) -> frozenset[Believed]:
        """Every state the run may be in, as of the last thing fed."""
        return self._belief

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses that are believed possible, in the order of the table."""
        possible = {state.status for state in self._belief}
        return tuple(s for s in self.lifecycle.moves if s is not None and s in possible)

    def sent(self, event: str, at: float) -> int:
        """Take note that the client sent a call, and return its ticket.

        :raises MisuseError: when the event is not one that a client sends.
        """
        by_client = {r.event for r in self.lifecycle.transitions if r.cause is Cause.CLIENT}
        if event not in by_client:
            msg = f"{event!r} is no client's event; those are {', '.join(sorted(by_client))}"
            raise MisuseError(msg)
        with self._all_or_nothing():
            self._pass_time(at)
        ticket = len(self._calls)
        self._calls[ticket] = event
        self._belief = frozenset(_with(state, state.pending | {ticket}) for state in self._belief)
        return ticket

    def answered(self, ticket: int, at: float, *, accepted: bool) -> None:
        """Take note of the answer to a call. A call whose answer was lost is simply not answered.

        :raises TraceError: when the call cannot have been accepted, or refused; nothing is noted then.
        :raises MisuseError: when there is no such call, or it was answered before.
        """
        if ticket not in self._calls or ticket in self._answered:
            msg = f"no call with the ticket {ticket!r} waits for an answer"
            raise MisuseError(msg)
        event, word = self._calls[ticket], "accepted" if accepted else "refused"
        with self._all_or_nothing():
            self._pass_time(at)
            self._narrow(
                (s for s in self._belief if (ticket in s.pending) is not accepted),
                f"the call {event!r} was {word} at {at:g}",
            )
        self._answered.add(ticket)
        self._belief = frozenset(_with(state, state.pending - {ticket}) for state in self._belief)

    def observed(self, status: str, at: float, facts: Mapping[str, Any] | None = None) -> None:
        """Check a sample: the run was in ``status`` at the time ``at``, and these facts were seen.

        :param facts: values by name, None for null. A fact that is left out is not checked.
        :raises TraceError: when no lawful history explains it; nothing is noted then.
        :raises MisuseError: when the table knows no such fact.
        """
        unknown = sorted(set(facts or ()).difference(self.lifecycle.facts))
        if unknown:
            msg = f"unknown facts {', '.join(unknown)}; the table writes {', '.join(self.lifecycle.facts)}"
            raise MisuseError(msg)
        with self._all_or_nothing():
            self._observe(status, at, facts)

    def _observe(self, status: str, at: float, facts: Mapping[str, Any] | None) -> None:
        facts = {name: facts[name] for name in self._tracked if name in facts} if facts else {}
        changed = frozenset(
            name
            for name, value in facts.items()
            if name in self._seen and None not in (value, self._seen[name]) and value != self._seen[name]
        )
        present = frozenset(name for name, value in facts.items() if value is not None)
        for name in self.lifecycle.deadlines:
            if facts.get(name) is not None:
                self._seen[name] = facts[name]
        self._pass_time(at)
        self._samples += 1
        what = ", ".join(f"{name}={facts[name]!r}" for name in sorted(present))
        self._narrow(
            (
                state
                for state in self._belief
                if state.status == status
                and state.known & facts.keys() == present
                and changed <= state.written
            ),
            f"sample {self._samples}, {status!r} at {at:g}" + (f" with {what}" if what else ""),
        )
        self._seen.update(facts)
        self._belief = frozenset(Believed(s.status, s.pending, s.known) for s in self._belief)

    @contextmanager
    def _all_or_nothing(self) -> Generator[None]:
        """Forget what was noted when it turns out to be refused."""
        before = self._belief, self._seen.copy(), self._now, self._samples
        try:
            yield
        except RunlifeError:
            self._belief, self._seen, self._now, self._samples = before
            raise

    def _narrow(self, left: Iterable[Believed], event: str) -> None:
        kept = frozenset(left)
        if not kept:
            before = ", ".join(self.statuses) or "nothing"
            msg = f"no lawful history explains it: {event}; believed possible just then: {before}"
            raise TraceError(msg)
        self._belief = kept

    def _pass_time(self, at: float) -> None:
        """Close the belief over what may have happened unseen until ``at``."""
        if at.__class__ not in (int, float) or not isfinite(at):
            msg = f"expected a time in unix seconds, got {at!r}"
            raise TimeError(msg)
        if at < self._now:
            msg = f"a trace runs forward: this is at {at}, the last entry was at {self._now}"
            raise TimeError(msg)
        self._now = at
        self._belief = self._close(self._belief, everybody=self.shared)

    def _close(self, belief: frozenset[Believed], *, everybody: bool) -> frozenset[Believed]:
        # A run that is polled in one status meets the same belief at every poll.
        key = (belief, everybody, *map(self._may_be_due, self.lifecycle.deadlines))
        if key not in self._closures:
            if len(self._closures) >= MOST_CLOSURES:
                self._closures.clear()
            closed, frontier = set(belief), list(belief)
            while frontier:
                for state in self._successors(frontier.pop(), everybody=everybody):
                    if state not in closed:
                        closed.add(state)
                        frontier.append(state)
            self._closures[key] = frozenset(closed)
        overdue = [name for name in self.lifecycle.deadlines if self._is_overdue(name)]
        if not overdue:
            return self._closures[key]
        timed = self.lifecycle.timed_by
        return frozenset(s for s in self._closures[key] if set(timed(s.status)).isdisjoint(overdue))

    def _successors(self, state: Believed, *, everybody: bool) -> Iterator[Believed]:
        for event, rows in self.lifecycle.moves[state.status].items():
            for row in rows:
                if row.cause is Cause.CLIENT:
                    for ticket in sorted(state.pending):
                        if self._calls[ticket] == event:
                            yield from self._taken(row, _with(state, state.pending - {ticket}))
                    if everybody:
                        yield from self._taken(row, state)
                elif row.deadline is None or self._may_be_due(row.deadline):
                    yield from self._taken(row, state)

    def _taken(self, row: Transition[Any], state: Believed) -> Iterator[Believed]:
        """Yield the states that a row leads to: one, or more when it may or may not set a fact."""
        effect = row.effect
        sets = self._tracked.intersection(effect.sets if effect else ())
        clears = self._tracked.intersection(effect.clears if effect else ())
        maybe = self._tracked.intersection(effect.may_set if effect else ())
        written = state.written | sets | clears | maybe
        known = (state.known | sets) - clears
        for present in ({*known}, {*known} | maybe) if maybe else (known,):
            yield Believed(row.target, state.pending, frozenset(present), written)

    def _may_be_due(self, deadline: str) -> bool:
        moment = self._seen.get(deadline)
        return moment is None or self._now >= moment - self.slack

    def _is_overdue(self, deadline: str) -> bool:
        moment = self._seen.get(deadline)
        return moment is not None and self._now > moment + self.slack


def explain(
    lifecycle: Lifecycle[Any], source: StrEnum | None, target: StrEnum, calls: Iterable[str] = ()
) -> tuple[Transition[Any], ...]:
    """Return a shortest lawful way from one sampled status to the next: what a poller did not see.

    :param source: the earlier status, or None when the run was not yet created.
    :param calls: the client's events that may have taken effect in between.
    :raises TraceError: when there is none.
    """
    sent = {*calls, *(row.event for row in lifecycle.creations)}
    ways: dict[Any, tuple[Transition[Any], ...]] = {source: ()}
    frontier: list[Any] = [source]
    for status in frontier:
        for rows in lifecycle.moves[status].values():
            for row in rows:
                possible = row.cause is not Cause.CLIENT or row.event in sent
                if possible and row.target not in ways:
                    ways[row.target] = (*ways[status], row)
                    frontier.append(row.target)
    if target not in ways:
        start = "nothing" if source is None else source
        msg = f"no rows lead from {start} to {target} with the calls {sorted(sent)}"
        raise TraceError(msg)
    return ways[target]


def _with(state: Believed, pending: frozenset[int]) -> Believed:
    return Believed(state.status, pending, state.known, state.written)
