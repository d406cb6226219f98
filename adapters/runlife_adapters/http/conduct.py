"""How a client treats one run: what it has been shown of it, and what it did then.

Theory of operation. All that counts is what the client could know. So a :class:`Conduct` follows the
run as the client sees it, through the answers and stream events that reached it, and judges each call
by what had been shown before. An answer that the network lost shows nothing; a refusal that names the
status of the run shows that. What the World knows besides counts only in the end
(:meth:`Conduct.findings`), and only to tell what became of a run after the client last looked.

Where a single call might be chance (a look too many, two threads that meet, a retry), it takes several
to make a finding: see the constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from attrs import define, field, frozen

from runlife import Cause, RunStatus
from runlife_adapters.http.findings import Exhibit, Finding, FindingKind, Trail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from runlife import Lifecycle, Run

__all__ = [
    "FEWEST_HOT_READS",
    "FEWEST_LOCK_REFUSALS",
    "FEWEST_TERMINAL_POLLS",
    "Conduct",
    "Statuses",
    "times",
]

FEWEST_TERMINAL_POLLS = 2
"""How many polls of a run that was shown to have ended are a finding. One may be there to be sure."""

TERMINAL_POLL_WINDOW = 60.0
"""Seconds of the World's clock: looks that are further apart are no polling, but somebody who looks it up."""

FEWEST_HOT_READS = 10
"""How many reads in a row, each too soon after the one before and with no news, are a finding."""

FEWEST_LOCK_REFUSALS = 3
"""How many calls that one lock refuses, with no look at the run that holds it, are a finding."""

LEAST_TIME_TO_ANSWER = 10.0
"""Seconds: that a run expires sooner after it was seen to need tool outputs is not the client's fault."""


@frozen
class Statuses:
    """What the judge has to know about statuses. The table says it."""

    terminal: frozenset[RunStatus]
    asking: frozenset[RunStatus]
    """In which a run waits for tool outputs."""
    stopping: frozenset[RunStatus]
    """Into which a cancel leads."""
    cut: frozenset[RunStatus]
    """In which a run ends that was cut short."""
    timed_out: frozenset[RunStatus]
    """Into which time leads a run that waits for tool outputs."""

    @classmethod
    def of(cls, lifecycle: Lifecycle[RunStatus]) -> Self:
        """Ask a table."""
        rows = lifecycle.transitions
        asking = frozenset(r.source for r in rows if r.event == "submit_tool_outputs" and r.source)
        return cls(
            terminal=frozenset(lifecycle.terminal),
            asking=asking,
            stopping=frozenset(r.target for r in rows if r.event == "cancel"),
            cut=frozenset(r.target for r in rows if r.event == "cut_short"),
            timed_out=frozenset(r.target for r in rows if r.cause is Cause.TIMER and r.source in asking),
        )


_MORE, _CHANGED = FindingKind.POLLED_TERMINAL_RUN, FindingKind.CHANGED_TERMINAL_RUN
"""What a client can do to a run that has ended; to one that was cut short, both are one kind."""

_FEWEST = {_MORE: FEWEST_TERMINAL_POLLS, FindingKind.HOT_POLLED: FEWEST_HOT_READS}
"""How many calls make a finding, where one does not."""

_SAYS: Mapping[FindingKind, str] = {
    _MORE: (
        "{run} was polled {times} after the client had been shown that it is {status}; "
        "a terminal status never changes, so stop polling at the first one"
    ),
    _CHANGED: (
        "the client tried {times} to cancel or to answer {run} after it had been shown that it is {status}; "
        "a run that has ended takes no more calls"
    ),
    FindingKind.IGNORED_INCOMPLETE: (
        "the client went on with {run} as if it were alive, {times}, after it had been shown incomplete; "
        "that is a terminal status: stop there, and see in incomplete_details which limit was met"
    ),
    FindingKind.HOT_POLLED: (
        "the client read {run} {times} in a row with hardly a pause, while nothing changed; wait between "
        "polls as long as openai-poll-after-ms says, or else about a second, as the official clients do"
    ),
    FindingKind.LEFT_IN_REQUIRES_ACTION: (
        "{run} asked for tool outputs and got none until it expired; submit the outputs of all its calls in "
        "time, or cancel it"
    ),
    FindingKind.SUBMITTED_TWICE: (
        "the client submitted outputs to {run} again for calls that it had answered; look at the run after "
        "a submit, and answer only what required_action names then"
    ),
    FindingKind.MISMATCHED_TOOL_OUTPUTS: (
        "the client submitted other outputs to {run} than those of its calls; answer all the calls of "
        "required_action in one submit, and nothing else"
    ),
    FindingKind.CANCELLED_TWICE: (
        "the client cancelled {run} again after it had been shown that it is {status}; a cancel is accepted "
        "once: poll until the run has ended"
    ),
    FindingKind.KEPT_THREAD_LOCKED: (
        "{times} a call was refused because {run} locks {thread}, and the client did not look at that run "
        "in between; poll the run that holds the lock until it has ended, or cancel it, and only then go on"
    ),
}

_STILL_ASKS = (
    "{run} asked for tool outputs and still waits for them; submit the outputs of all its calls, or cancel it"
)
_REFUSED_BY_OWN = (
    "a call was refused because {run} locks {thread}, and the client, whose run that is, did not look at it "
    "again; after a stop or a cancel, poll a run until it has ended, and only then use its thread again"
)
_LEFT_ALIVE = (
    "{run} was left {status}, and nobody looks at it: it locks {thread} until it ends, at the latest when it "
    "expires; poll a run until it has ended, or cancel it"
)
_NEVER_SEEN = (
    "{run} was created, but the answer was lost, and the client never learnt of the run; after a creation "
    "without an answer, list the runs of the thread (create the thread first, to have one to look at)"
)
_END_UNSEEN = (
    "{run} has ended, and the client was never shown how; read every run to its end, also after a stream "
    "that broke or was closed: retrieve it, or poll"
)
_REPLACED = (
    "{run} was created, but the answer was lost, and the client sent the same creation again without "
    "looking; list the runs of the thread first, and let no client repeat a POST blindly (max_retries=0)"
)


@define(eq=False)
class Conduct:
    """What one client, or several that share the session, did with one run."""

    run_id: str
    thread_id: str
    _statuses: Statuses
    created: Exhibit | None = None
    """The call of this session that created it."""
    known: bool = False
    """Whether the client has ever been shown the run."""
    ended: Exhibit | None = None
    """What first showed that it has ended."""

    _ours: bool = False
    """Whether the client made it, or made it move: others' runs it may just look at."""
    _status: str | None = None
    _latest: Exhibit | None = None
    _only_told: bool = False
    """Whether its end stands only in a refusal or a late answer, so that one look more is due."""
    _asked: Exhibit | None = None
    """What showed that it needs tool outputs, in time to answer; None once the client has reacted."""
    _released: bool = False
    """Whether the client was shown that its cancel was accepted: it may leave the rest to the service."""
    _sent: frozenset[str] = frozenset()
    """Calls of the run that were answered, so far as the client cannot know that they were."""
    _answered: frozenset[str] = frozenset()
    """Those of which it can."""
    _read_at: float = float("-inf")
    _hot: Trail = field(factory=Trail)
    _refusals: Trail = field(factory=Trail)
    _successor: Exhibit | None = None
    _trails: dict[FindingKind, Trail] = field(factory=dict[FindingKind, Trail])

    @property
    def open(self) -> bool:
        """Whether what became of the run in the World still matters."""
        return self._ours and self.ended is None and self._successor is None

    # What the client does

    def begin(self, by: Exhibit) -> None:
        """Take note that a call of this session created the run."""
        self.created, self._ours = by, True

    def replace(self, by: Exhibit) -> None:
        """Take note that another was created in its place, because the client never learnt of it."""
        self._successor = by

    def poll(self, by: Exhibit, real_at: float, hot_below: float | None) -> None:
        """Take note that the client asks for the run.

        :param real_at: when, in seconds of the machine's monotonic clock.
        :param hot_below: how soon after the read before is too soon, in seconds; None for never.
        """
        if self.ended is None:
            if hot_below is not None:
                if real_at - self._read_at >= hot_below:
                    self._cool()
                self._hot.add(by)
                self._read_at = real_at
        elif not self._only_told:
            looks = self._trails.get(_MORE)
            chance = looks is not None and looks.count < FEWEST_TERMINAL_POLLS
            if looks and chance and by.at - looks.exhibits[-1].at > TERMINAL_POLL_WINDOW:
                del self._trails[_MORE]
            self._trail(_MORE, self.ended).add(by)

    def cancel(self, by: Exhibit, *, accepted: bool, heard: bool) -> None:
        """Take note that the client asks for the end of the run."""
        self._cool()
        if self._status in self._statuses.terminal:
            self._trail(_CHANGED, self.ended).add(by)
        elif self._status in self._statuses.stopping:
            self._trail(FindingKind.CANCELLED_TWICE, self._latest).add(by)
        if accepted:
            self._ours, self._asked = True, None
            self._released = self._released or heard

    def submit(self, calls: Iterable[str], by: Exhibit, *, accepted: bool, mismatched: bool) -> None:
        """Take note that the client answers calls of the run."""
        self._cool()
        answered = frozenset(calls)
        if answered & self._answered:
            self._trail(FindingKind.SUBMITTED_TWICE, self._latest).add(by)
        elif self._status in self._statuses.terminal:
            self._trail(_CHANGED, self.ended).add(by)
        elif mismatched:
            self._trail(FindingKind.MISMATCHED_TOOL_OUTPUTS, self._latest).add(by)
        self._asked = None  # too late, or in vain, is not idle
        if accepted:
            self._ours = True
            self._sent |= answered

    def meet_lock(self, by: Exhibit) -> None:
        """Take note that the client was refused something because this run locks its thread."""
        if not self._refusals.count:
            self._refusals.open(self._latest or self.created)
        self._refusals.add(by)

    # What the client is shown

    def show(self, run: Mapping[str, Any], by: Exhibit) -> None:
        """Take note that the client was shown the run."""
        status: str = run["status"]
        self.known, self._latest = True, by
        self._answered |= self._sent
        self._sent = frozenset()
        self._forgive_lock()
        if self.ended is not None and not self._only_told:
            return  # a stream that is read late does not bring it back to life
        if status != self._status:
            self._cool()
        if status in self._statuses.asking:
            deadline: float | None = run.get("expires_at")
            in_time = deadline is None or deadline - by.at >= LEAST_TIME_TO_ANSWER
            if in_time and status != self._status:
                self._asked = by
        else:
            if status in self._statuses.timed_out and self._asked is not None:
                self._trail(FindingKind.LEFT_IN_REQUIRES_ACTION, self._asked).add(by)
            self._asked = None
        self._enter(status, by)
        self._only_told = False

    def glimpse(self, run: Mapping[str, Any], by: Exhibit) -> None:
        """Take note that the run was shown in an answer so late that the client may have given it up."""
        self.known = True
        if run["status"] in self._statuses.terminal:
            self.tell(run["status"], by)
        else:
            self._forgive_lock()

    def tell(self, status: str, by: Exhibit) -> None:
        """Take note that a refusal told the client the status of the run."""
        if self.ended is None:
            self._forgive_lock()
            self._enter(status, by)
            self._only_told = self.ended is not None

    def _enter(self, status: str, by: Exhibit) -> None:
        self._status = status
        if status in self._statuses.terminal:
            self.ended = by

    def _cool(self) -> None:
        """End a row of reads without a pause."""
        if self._hot.count >= FEWEST_HOT_READS:
            self._trails.setdefault(FindingKind.HOT_POLLED, self._hot)
        if self._hot.count:
            self._hot = Trail()

    def _forgive_lock(self) -> None:
        """End a row of refusals by its lock: the client looks at the run."""
        if self._refusals.count >= FEWEST_LOCK_REFUSALS:
            self._trails.setdefault(FindingKind.KEPT_THREAD_LOCKED, self._refusals)
        if self._refusals.count:
            self._refusals = Trail()

    def _trail(self, kind: FindingKind, opening: Exhibit | None) -> Trail:
        trail = self._trails.get(kind)
        if trail is None:
            trail = self._trails[kind] = Trail()
            trail.open(opening)
        return trail

    # What comes of it

    def findings(self, run: Run | None, *, thread_exists: bool) -> Iterator[Finding]:
        """Give what the client did wrong, as far as can be told now.

        :param run: the run as the World has it, if it is :attr:`open` and the World still has it.
        :param thread_exists: whether its thread has not been deleted.
        """
        trails = {kind: t for kind, t in self._trails.items() if t.count >= _FEWEST.get(kind, 1)}
        if self._hot.count >= FEWEST_HOT_READS:
            trails.setdefault(FindingKind.HOT_POLLED, self._hot)
        if self._refusals.count >= FEWEST_LOCK_REFUSALS:
            trails.setdefault(FindingKind.KEPT_THREAD_LOCKED, self._refusals)
        if self._status in self._statuses.cut:
            late = [trails.pop(kind) for kind in (_MORE, _CHANGED) if kind in trails]
            if late:
                trails[FindingKind.IGNORED_INCOMPLETE] = Trail.joined(late)
        for kind, trail in trails.items():
            yield self._finding(kind, _SAYS[kind], trail.exhibits, times=times(trail.count))
        if neglect := self._neglect(run, thread_exists=thread_exists):
            kind, says = neglect
            if kind not in trails:
                seen = [self.created, self._latest, *self._refusals.exhibits, self._successor]
                status = run.status.value if run is not None else self._status
                yield self._finding(kind, says, [e for e in seen if e is not None], status=status)

    def _neglect(self, run: Run | None, *, thread_exists: bool) -> tuple[FindingKind, str] | None:
        """Return what the client failed to do, at most one thing: the one that says most."""
        if self._successor is not None:
            return FindingKind.DUPLICATE_RUN, _REPLACED
        if self.open and run is not None and self._status in self._statuses.asking:
            kind, last = FindingKind.LEFT_IN_REQUIRES_ACTION, run.journal[-1]
            if run.status in self._statuses.asking:
                return kind, _STILL_ASKS
            if self._asked is not None and last.cause is Cause.TIMER and last.source in self._statuses.asking:
                return kind, _SAYS[kind]
        if self._ours and self._refusals.count:
            return FindingKind.KEPT_THREAD_LOCKED, _REFUSED_BY_OWN
        if not self.open or self._released:
            return None
        if not self.known:
            return FindingKind.LOST_RUN, _NEVER_SEEN
        if run is not None and not run.is_terminal and thread_exists:
            return FindingKind.KEPT_THREAD_LOCKED, _LEFT_ALIVE
        return FindingKind.LOST_RUN, _END_UNSEEN

    def _finding(
        self, kind: FindingKind, says: str, exhibits: Sequence[Exhibit], **facts: str | None
    ) -> Finding:
        said = {"run": self.run_id, "thread": self.thread_id, "status": self._status, **facts}
        evidence = {(exhibit.number, exhibit.words): exhibit for exhibit in exhibits}
        return Finding(
            kind=kind,
            run_id=self.run_id,
            thread_id=self.thread_id,
            says=says.format(**said),
            evidence=tuple(sorted(evidence.values(), key=lambda exhibit: exhibit.number)),
        )


def times(count: int) -> str:
    """Say how often."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
