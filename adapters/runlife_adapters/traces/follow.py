"""Following one object through a trace: its checker, whether its clock is ours, and what is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attrs import define, evolve, field, frozen

from runlife import RUN, Lifecycle, TraceChecker, Transition
from runlife.responses import ResponseStatus
from runlife.trace import Conflict, Mode, Sample, UnlawfulError

if TYPE_CHECKING:
    from runlife import ToolCall
    from runlife_adapters.traces.objects import Shown

__all__ = ["Followed", "Options", "Passage", "Verdict"]


@frozen
class Options:
    """How traces are checked: see :class:`~runlife.TraceChecker`.

    :raises MisuseError: when the mode is none, or a lag goes with another than ``stale``.
    """

    mode: Mode = "shared"
    lag: float = 0.0
    slack: float = 2.0

    def __attrs_post_init__(self) -> None:
        self.checker(RUN, attach=False)  # it knows what makes no sense, also where no run will come

    def checker(self, lifecycle: Lifecycle[Any], *, attach: bool) -> TraceChecker:
        """Return a checker. Which policy a service lives by nobody knows."""
        return TraceChecker(
            lifecycle, mode=self.mode, lag=self.lag, attach=attach, slack=self.slack, any_policy=True
        )


@frozen
class Passage:
    """What was seen of a run, once or several times in a row, and what happened since the one before."""

    how: str
    """How it was seen: the method and the operation, or the name of the event."""
    status: str
    at: float | None
    """When it was seen first; None when nobody noted it."""
    rows: tuple[Transition[Any], ...]
    """The rows that were taken since the passage before, by the shortest way."""
    times: int = 1


@frozen
class Verdict:
    """What a trace says about one run, one step, or one response."""

    kind: str
    """``run``, ``run_step`` or ``response``."""
    id: str
    run_id: str
    history: tuple[Passage, ...]
    """What was seen, explained; of a violation, up to it."""
    samples: int
    statuses: tuple[str, ...]
    """The statuses it may have at the end."""
    error: UnlawfulError | None = None
    """The first sample with no lawful history, what was believed before, and why. None: it is legal."""
    timed: bool = True
    """Whether its times were checked; otherwise only the order."""
    set_back: bool = False
    """Whether the clock of the recording was set back meanwhile, by more than the slack: of what was seen
    until it had caught up, only the order was checked."""

    @property
    def lawful(self) -> bool:
        """Whether a lawful history explains it."""
        return self.error is None


@define(eq=False)
class Followed:
    """One object that is followed.

    :param lifecycle: what it lives by.
    :param options: how it is checked.
    :param attach: whether it was there before the trace began.
    :param timed: whether the times of the trace mean anything.
    :param keep: whether its history is kept.
    """

    lifecycle: Lifecycle[Any]
    id: str
    run_id: str
    options: Options
    attach: bool = False
    timed: bool = True
    keep: bool = True
    checker: TraceChecker = field(init=False)
    error: UnlawfulError | None = field(init=False, default=None)
    samples: int = field(init=False, default=0)
    history: list[Passage] = field(init=False, factory=list[Passage])
    set_back: bool = field(init=False, default=False)
    unanswered: tuple[Conflict, ...] = field(init=False, default=())
    """Why the request that is said to have created it cannot have."""
    calls: frozenset[str] | None = field(init=False, default=None)
    """The ids of the calls that a response completed with; None as long as that was not seen."""

    def __attrs_post_init__(self) -> None:
        self.checker = self.options.checker(self.lifecycle, attach=self.attach)

    def _is_our_clock(self, shown: Shown, at: float | None, since: float | None) -> bool:
        """Whether the service's clock agrees with ours, as of the first sample of a run."""
        moment = shown.facts.get("created_at")
        if self.run_id != self.id or not isinstance(moment, int | float):
            return True
        # Half of the slack is for how finely the service stamps.
        off = self.options.slack / 2
        is_early = not self.attach and since is not None and moment < since - 1 - off
        return not is_early and (at is None or moment <= at + off)

    def time(self, at: float | None) -> float | None:
        """Return a time as the checker may use it."""
        return at if self.timed else None

    def seen(
        self, shown: Shown, how: str, at: float | None, since: float | None, stream: object = None
    ) -> bool:
        """Check a sample, or an event of a stream; answer whether it is lawful."""
        if not self.samples:
            self.timed = self.timed and self._is_our_clock(shown, at, since)
        at, since = self.time(at), self.time(since)
        since = None if at is None or since is None else min(since, at)
        if self._is_odd(shown, at):
            return False
        try:
            if stream is None:
                is_new = self.checker.observed(shown.status, at, shown.facts, since=since)
            else:
                is_new = self.checker.streamed(stream, shown.status, at, shown.facts, since=since)
        except UnlawfulError as error:
            self.error = error
            return False
        self._note(shown, how, at, self.checker.rows if is_new else ())
        return True

    def answered(
        self, ticket: int, at: float | None, *, accepted: bool, shown: Shown | None = None, how: str = ""
    ) -> bool:
        """Take note of an answer, and of what it shows; answer whether both are lawful."""
        at = self.time(at)
        status, facts = (shown.status, shown.facts) if shown else (None, None)
        if ticket not in self.checker.in_flight:  # there were so many that it was forgotten
            return shown is None or self.seen(shown, how, at, None)
        if shown and self._is_odd(shown, at):
            return False
        try:
            self.checker.answered(ticket, at, accepted=accepted, status=status, facts=facts)
        except UnlawfulError as error:
            self.error = error
            return False
        if shown:
            self._note(shown, how, at, self.checker.rows)
        return True

    def _is_odd(self, shown: Shown, at: float | None) -> bool:
        """Whether a sample shows what no history can explain: that is its error."""
        odd = (*shown.odd(), *self.unanswered)
        if odd:
            self._fail(Sample(self.samples + 1, shown.status, at, at, shown.facts), odd)
        return bool(odd)

    def refuse(self, how: str, at: float | None, why: tuple[Conflict, ...]) -> None:
        """Take note of an event, or an answer, that cannot be, whatever it shows."""
        self._fail(Sample(self.samples, None, self.time(at), self.time(at), answer=how), why)

    def _fail(self, sample: Sample, why: tuple[Conflict, ...]) -> None:
        self.error = UnlawfulError(sample, self.checker.belief, self.checker.statuses, why)

    def _note(self, shown: Shown, how: str, at: float | None, rows: tuple[Transition[Any], ...]) -> None:
        self.samples += 1
        if "function_calls" in shown.facts and shown.status == ResponseStatus.COMPLETED:
            calls = cast("frozenset[ToolCall]", shown.facts["function_calls"] or frozenset())
            self.calls = frozenset(call.id for call in calls)
        if not self.keep:
            return
        last = self.history[-1] if self.history else None
        if last and last.status == shown.status and not rows:
            self.history[-1] = evolve(last, times=last.times + 1)
        else:
            self.history.append(Passage(how, shown.status, at, rows))

    def verdict(self) -> Verdict:
        """Return what is known by now."""
        return Verdict(
            self.lifecycle.name,
            self.id,
            self.run_id,
            tuple(self.history),
            self.samples,
            self.checker.statuses,
            self.error,
            self.timed,
            self.set_back,
        )
