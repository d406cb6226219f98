"""The checker: feed it what was seen of one run, and it raises at the first thing that cannot be."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, Literal, get_args

from attrs import define, evolve, field

from runlife.errors import MisuseError, TimeError
from runlife.lifecycle import Lifecycle
from runlife.trace.extras import EXTRAS, NO_EXTRAS
from runlife.trace.judging import Judge, Plain, is_time
from runlife.trace.reach import Model, model_of
from runlife.trace.samples import Believed, Sample, Track, UnlawfulError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife.rows import Transition

__all__ = ["Mode", "TraceChecker"]

Mode = Literal["exact", "shared", "stale"]
"""How much of a run's life a trace shows. Each accepts all that the one before accepts.

``exact``: every call that a client made about the run is in the trace. ``shared``: others may act on it
as well, unseen. ``stale``: the same, and a sample may show what was true up to a lag before.
"""

MOST_CALLS = 4
"""Calls without an answer that are told apart. Of more, the oldest may take effect at any time, any
number of times: less is certain then, and memory stays constant."""

MOST_STREAMS = 4
"""Event streams that are followed at a time; of more, the one that was opened first is forgotten."""


_NO_FACTS: Mapping[str, Any] = {}


@lru_cache(maxsize=64)
def _judge(model: Model, name: str, slack: float) -> Judge:
    """Return what compares samples, made once for all checkers alike."""
    return Judge(model, EXTRAS.get(name, NO_EXTRAS), slack)


@define(eq=False)
class TraceChecker:
    """Checks one run's trace as it is fed; raises at the first sample no lawful history explains.

    What raises changes nothing. Times are unix seconds, or None where nobody knows: then the order in
    which the trace is fed is all that is used. Memory is constant, however long the trace.

    :param lifecycle: the table that the run lives by.
    :param mode: how much of the run's life the trace shows: see :data:`Mode`.
    :param lag: seconds by which a sample may be late in the mode ``stale``.
    :param attach: whether the run existed before; otherwise the trace begins with its creation.
    :param any_policy: whether the service may live by any :class:`~runlife.policy.Policy`, and not just by
        that of the lifecycle: for a service that one does not know.
    :param slack: seconds by which a moment may seem early or late: the resolution of the timestamps, and
        the difference between the clocks.
    :raises MisuseError: when the mode is none, or a lag goes with another mode than ``stale``.
    """

    lifecycle: Lifecycle[Any]
    mode: Mode = field(default="exact", kw_only=True)
    lag: float = field(default=0.0, kw_only=True)
    attach: bool = field(default=False, kw_only=True)
    any_policy: bool = field(default=False, kw_only=True)
    slack: float = field(default=1.0, kw_only=True)
    _judge: Judge = field(init=False)
    _now: Track = field(init=False)
    _before: Track = field(init=False)
    _streams: dict[Hashable, Track] = field(init=False, factory=dict[Any, Track])
    _free: frozenset[str] = field(init=False, default=frozenset())
    _calls: dict[int, tuple[str, float | None]] = field(init=False, factory=dict[int, Any])
    _tickets: int = field(init=False, default=0)
    _fixed: dict[str, Any] = field(init=False, factory=dict[str, Any])
    _time: float = field(init=False, default=-inf)
    _samples: int = field(init=False, default=0)
    # What was seen last. Seen again it changes nothing, once it was found that it does not (`_settle`):
    # then only the times move on, until a deadline comes near.
    _last: tuple[str, Mapping[str, Any]] | None = field(init=False, default=None)
    _steady_until: float = field(init=False, default=-inf)
    _is_repeated: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            msg = f"a trace is checked as one of {', '.join(get_args(Mode))}; got {self.mode!r}"
            raise MisuseError(msg)
        if not (is_time(self.slack) and 0 <= self.slack < inf):
            msg = f"slack= is a number of seconds, 0 or more; got {self.slack!r}"
            raise MisuseError(msg)
        if not (is_time(self.lag) and 0 <= self.lag < inf) or (self.lag and self.mode != "stale"):
            msg = f"lag= is a number of seconds, and goes with mode='stale'; got {self.lag!r}, {self.mode!r}"
            raise MisuseError(msg)
        model = model_of(self.lifecycle, any_policy=self.any_policy)
        self._judge = _judge(model, self.lifecycle.name, self.slack)
        born = Track([Believed(s.status, s.cells, s.pending, s.rows) for s in model.born], midway=True)
        if self.attach:
            born = Track(self._judge.closed(born, inf, model.client))
        if self.mode != "exact":
            self._free = model.client
        self._now = self._before = born

    @property
    def belief(self) -> tuple[Believed, ...]:
        """Every state the run may be in, as of the last thing fed."""
        return tuple(self._now.states)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses that are believed possible, in the order of the table."""
        return self._judge.model.in_order({state.status for state in self._now.states})

    @property
    def rows(self) -> tuple[Transition[Any], ...]:
        """A shortest way from the sample before the last one to the last: what was missed in between."""
        return () if self._is_repeated else min((state.rows for state in self._now.states), key=len)

    @property
    def in_flight(self) -> tuple[int, ...]:
        """The tickets of the calls that wait for an answer."""
        return tuple(self._calls)

    @property
    def is_over(self) -> bool:
        """Whether the run has certainly ended."""
        return all(state.status in self.lifecycle.terminal for state in self._now.states)

    def sent(self, event: str, at: float | None) -> int:
        """Take note that the client sent a call, and return its ticket.

        :raises MisuseError: when the event is not one that a client sends.
        :raises TimeError: when the time is none, or before the last thing fed.
        """
        client = self._judge.model.client
        if event not in client:
            msg = f"{event!r} is no client's event; those are {', '.join(sorted(client))}"
            raise MisuseError(msg)
        self._time = self._advanced(at)
        self._last = None
        self._tickets += 1
        ticket = self._tickets
        if len(self._calls) >= MOST_CALLS:
            oldest = next(iter(self._calls))
            self._free |= {self._calls[oldest][0]}
            self._drop(oldest)
        self._calls[ticket] = event, at
        for track in self._tracks():
            track.states = [evolve(s, pending=s.pending | {(ticket, event)}) for s in track.states]
        return ticket

    def answered(
        self,
        ticket: int,
        at: float | None,
        *,
        accepted: bool,
        status: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Take note of the answer to a call. A call whose answer was lost is simply not answered.

        :param status: the status in the answer, if it shows the run; it is a sample, as in :meth:`observed`.
        :param facts: with a status: the facts in the answer.
        :raises TraceError: :class:`UnlawfulError` when the call cannot have been accepted, or refused, or
            the answer is not what it can have led to.
        :raises MisuseError: when there is no such call, or it was answered before, or so many came after
            it that it was forgotten.
        :raises TimeError: when the time is none, or before the last thing fed.
        """
        if ticket not in self._calls:
            msg = f"no call with the ticket {ticket!r} waits for an answer"
            raise MisuseError(msg)
        time, (event, sent_at), track = self._advanced(at), self._calls[ticket], self._now
        call, judge = (ticket, event), self._judge
        sample = None if status is None else self._sample(status, at, facts, None if at is None else sent_at)
        if not accepted:
            # What was refused took no effect. (Without an effect it is in flight in every state.)
            states = [state for state in track.states if call in state.pending]
            if not states:
                raise self._unanswerable(event, "refused", at)
            track.states = states
            self._drop(ticket)
        elif sample is not None and (sample.since is None or sample.since >= track.at):
            try:
                states = judge.agreeing(track, sample, self._fixed, self._free, applied=call)
            except UnlawfulError:
                self._applied(call, at)  # if it cannot even have been accepted, this is what is to be said
                raise
            del self._calls[ticket]  # as far as the belief before tells, it may take effect later
            self._before, self._now = track, self._moved(track, states, sample)
            self._accept(sample)
        else:
            states = self._applied(call, at)
            if sample is not None:  # it may be older than what was seen since the call was sent
                self._take(sample)
            del self._calls[ticket]
            self._before, self._now = track, evolve(track, states=states, at=max(track.at, time), midway=True)
        self._time, self._last, self._is_repeated = time, None, False

    def _applied(self, call: tuple[int, str], at: float | None) -> list[Believed]:
        """Return the states in which a call has taken effect; raise if there is none."""
        judge, end = self._judge, inf if at is None else at
        states = judge.closed(self._now, end, self._free, applied=call)
        if at is not None:
            states = [s for s in states if judge.overdue(s.status, s.cells, at) is None]
        if not states:
            raise self._unanswerable(call[1], "accepted", at)
        return states

    def _unanswerable(self, event: str, word: str, at: float | None) -> UnlawfulError:
        answer = Sample(self._samples, None, at, at, answer=f"the call {event!r} was {word}")
        failed = [(None, ("answer", event, Plain(word), None))]
        return self._judge.unlawful(answer, self._now, self._free, failed)

    def observed(
        self,
        status: str,
        at: float | None,
        facts: Mapping[str, Any] | None = None,
        *,
        since: float | None = None,
    ) -> bool:
        """Check a sample: the run was in ``status``, and these facts were seen, by the time ``at``.

        :param facts: values by name, None for null; also of the names that never change
            (:data:`EXTRAS`). A name that is left out is not checked.
        :param since: when it was asked for, if that is known: the sample was taken in between.
        :returns: whether it says what is now; False when it may be older than what was seen last.
        :raises TraceError: :class:`UnlawfulError` when no lawful history explains it.
        :raises MisuseError: when the table knows no such fact.
        :raises TimeError: when a time is none, or ``at`` is before the last thing fed.
        """
        last = self._last
        if (
            last is not None
            and is_time(at)
            and self._time <= at < self._steady_until
            and status == last[0]
            and (facts or _NO_FACTS) == last[1]
            and (since is None or (is_time(since) and self._now.at <= since <= at))
        ):
            self._samples += 1
            self._is_repeated = True
            self._now.at = self._time = at
            self._now.since = at if since is None else since
            return True
        sample, before = self._sample(status, at, facts, since), self._now
        self._take(sample)
        if self._now is before:
            return False
        self._settle(sample, is_same=last == (status, sample.facts) and self._now.states == before.states)
        return True

    def streamed(
        self,
        stream: Hashable,
        status: str,
        at: float | None,
        facts: Mapping[str, Any] | None = None,
        *,
        since: float | None = None,
    ) -> bool:
        """Check an event of a stream, which shows the run as each row left it.

        :param stream: what tells this stream from others.
        :param since: when the stream was opened.
        :returns: whether it says what is now; False when it may be older than what was seen last.
        :raises TraceError: :class:`UnlawfulError` when no lawful history explains it.
        :raises MisuseError: when the table knows no such fact.
        :raises TimeError: when a time is none, or ``at`` is before the last thing fed.
        """
        sample, judge, now = self._sample(status, at, facts, since), self._judge, self._now
        track = self._streams.get(stream)
        if track is None:
            states = self._take(sample)
            if states is not None:
                if len(self._streams) >= MOST_STREAMS:
                    del self._streams[next(iter(self._streams))]
                self._streams[stream] = self._moved(self._before, states, sample)
            return self._now is not now
        states = judge.agreeing(track, sample, self._fixed, self._free, adjacent=True)
        after = self._streams[stream] = self._moved(track, states, sample)
        self._accept(sample)
        # The run is by now where the stream says, or further. That is as good as what was believed, if
        # nothing else was seen since, or if more is certain then.
        if now.at <= track.at or self._possible(after) <= self._possible(now):
            at_least = max(now.at, after.at)
            self._before, self._now = now, evolve(after, states=list(after.states), at=at_least)
        return self._now is not now

    def forget(self, stream: Hashable) -> None:
        """Forget a stream that has ended. One that was never followed is no mistake."""
        self._streams.pop(stream, None)

    def _sample(
        self, status: str, at: float | None, facts: Mapping[str, Any] | None, since: float | None
    ) -> Sample:
        known = self._judge.names
        if facts and not facts.keys() <= known:
            unknown, names = sorted(set(facts).difference(known)), ", ".join(sorted(known))
            msg = f"unknown facts {', '.join(unknown)}; those of the table, and what never changes: {names}"
            raise MisuseError(msg)
        self._advanced(at)
        if since is None:
            since = at
        elif at is None or not is_time(since) or not since <= at:
            msg = f"a sample is asked for before it is seen, at {at!r}; got since={since!r}"
            raise TimeError(msg)
        start = None if since is None else since - self.lag
        # A copy: the caller may change what it gave, and give it again.
        return Sample(self._samples + 1, status, at, start, dict(facts or {}))

    def _take(self, sample: Sample) -> list[Believed] | None:
        """Narrow the belief by a sample; return the states that agree, or None if nobody can tell."""
        judge, now, before = self._judge, self._now, self._before
        start = inf if sample.since is None else sample.since
        if start >= now.at:
            states = judge.agreeing(now, sample, self._fixed, self._free)
            self._before, self._now = now, self._moved(now, states, sample)
        elif start >= before.at:
            # It may be older than what was seen last, and says nothing about what is now.
            states = judge.agreeing(before, sample, self._fixed, self._free)
        else:
            judge.check_identity(now, sample, self._fixed)
            states = None
        self._accept(sample)
        return states

    def _moved(self, track: Track, states: list[Believed], sample: Sample) -> Track:
        """Return a track that a sample has narrowed."""
        facts, last = sample.facts, track.last
        for name in self._judge.remembered:
            value = facts.get(name)
            if value is not None and last.get(name) != value:
                last = {**last, name: value}
        if sample.at is None or sample.since is None:
            return Track(states, track.at, last=last)
        return Track(states, sample.at, sample.since, facts.keys(), last)

    def _accept(self, sample: Sample) -> None:
        self._samples = sample.number
        self._time = self._advanced(sample.at)
        self._last, self._is_repeated = None, False
        for name in self._judge.constant:
            value = sample.facts.get(name)
            if value is not None and name not in self._fixed:
                self._fixed[name] = value

    def _settle(self, sample: Sample, *, is_same: bool) -> None:
        """Remember a sample, and until when the same one again would leave the belief as it is.

        It would if no way leads from a believed state to another one of the same status, and if it has
        just done so.
        """
        self._last = sample.status or "", sample.facts
        self._steady_until = -inf
        if self.lag or sample.at is None:
            return
        judge, states = self._judge, self._now.states
        ways = (judge.anything(state, sample.at, self._free) for state in states)
        if is_same or all(len(reach[state.status]) == 1 for state, reach in zip(states, ways, strict=True)):
            self._steady_until = min((t for t in judge.turns(states) if t > self._time), default=inf)

    def _tracks(self) -> Iterable[Track]:
        return {id(track): track for track in (self._now, self._before, *self._streams.values())}.values()

    def _drop(self, ticket: int) -> None:
        """Forget a call, wherever it is in flight."""
        call = (ticket, self._calls.pop(ticket)[0])
        for track in self._tracks():
            track.states = [evolve(s, pending=s.pending - {call}) for s in track.states]

    def _possible(self, track: Track) -> set[str]:
        reach = self._judge.anything
        return {status for state in track.states for status in reach(state, inf, self._free)}

    def _advanced(self, at: float | None) -> float:
        """Return the time as of something that was fed at a time."""
        if at is None:
            return self._time
        if not is_time(at) or not isfinite(at):
            msg = f"expected a time in unix seconds, got {at!r}"
            raise TimeError(msg)
        if at < self._time:
            msg = f"a trace runs forward: this is at {at}, the last entry was at {self._time}"
            raise TimeError(msg)
        return at
