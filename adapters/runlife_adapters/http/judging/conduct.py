"""How a client treats one run: what it has been shown of it, and what it did then.

Theory of operation. All that counts is what the client could know. So a :class:`Conduct` follows the
run as the client sees it, through the answers and stream events that reached it, and judges each call
by what had been shown before. An answer that the network lost shows nothing; a refusal that names the
status of the run shows that. What the World knows besides counts only in the end
(:meth:`Conduct.findings`), and only to tell what became of a run after the client last looked. Of a run
that the World has forgotten, or whose thread was deleted while it was alive, nobody can tell that; and who
reads a stream looks at its run for as long as that is open.

Where a single call might be chance (a look too many, two threads that meet, a retry), it takes several
to make a finding: see the constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from attrs import define, field, frozen

from runlife import Cause, RunStatus
from runlife_adapters.http.judging.findings import (
    END_UNSEEN,
    LEFT_ALIVE,
    NEVER_SEEN,
    REFUSED_BY_OWN,
    REPLACED,
    SAYS,
    STILL_ASKS,
    Exhibit,
    Finding,
    FindingKind,
    Trail,
)
from runlife_adapters.http.streams import RunStream

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
    _streams: list[RunStream] = field(factory=list[RunStream])
    """Those in which the client reads of the run."""
    _trails: dict[FindingKind, Trail] = field(factory=dict[FindingKind, Trail])

    @property
    def open(self) -> bool:
        """Whether what became of the run in the World still matters."""
        return self._ours and self.ended is None and self._successor is None

    @property
    def _watched(self) -> bool:
        """Whether the client looks at the run by reading a stream."""
        return any(stream.attended for stream in self._streams)

    # What the client does

    def begin(self, by: Exhibit) -> None:
        """Take note that a call of this session created the run."""
        self.created, self._ours = by, True

    def replace(self, by: Exhibit) -> None:
        """Take note that another was created in its place, because the client never learnt of it."""
        self._successor = by

    def watch(self, stream: RunStream) -> None:
        """Take note that the client begins to read a stream."""
        self._streams = [*(one for one in self._streams if one.attended), stream]
        self._forgive_lock()

    def poll(self, by: Exhibit, moment: float, hot_below: float | None) -> None:
        """Take note that the client asks for the run.

        :param moment: when, in seconds of the machine's monotonic clock.
        :param hot_below: how soon after the read before is too soon, in seconds; None for never.
        """
        if self.ended is None:
            if hot_below is not None:
                if moment - self._read_at >= hot_below:
                    self._cool()
                self._hot.add(by)
                self._read_at = moment
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
        if self._watched:
            return
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

    def findings(self, run: Run | None) -> Iterator[Finding]:
        """Give what the client did wrong, as far as can be told now.

        :param run: the run as the World has it, if it is :attr:`open`, and the World still has it and its
            thread, or had that to its end: of any other the client can see no more than it has seen.
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
            yield self._finding(kind, SAYS[kind], trail.exhibits, times=times(trail.count))
        if neglect := self._neglect(run):
            kind, says = neglect
            if kind not in trails:
                seen = [self.created, self._latest, *self._refusals.exhibits, self._successor]
                status = run.status.value if run is not None else self._status
                yield self._finding(kind, says, [e for e in seen if e is not None], status=status)

    def _neglect(self, run: Run | None) -> tuple[FindingKind, str] | None:
        """Return what the client failed to do, at most one thing: the one that says most."""
        if self._successor is not None:
            return FindingKind.DUPLICATE_RUN, REPLACED
        if self.open and (run is None or self._watched):
            return None
        if run is not None and self._status in self._statuses.asking:
            kind, last = FindingKind.LEFT_IN_REQUIRES_ACTION, run.journal[-1]
            if run.status in self._statuses.asking:
                return kind, STILL_ASKS
            if self._asked is not None and last.cause is Cause.TIMER and last.source in self._statuses.asking:
                return kind, SAYS[kind]
        if self._ours and self._refusals.count:
            return FindingKind.KEPT_THREAD_LOCKED, REFUSED_BY_OWN
        if run is None or self._released:
            return None
        if not self.known:
            return FindingKind.LOST_RUN, NEVER_SEEN
        if not run.is_terminal:
            return FindingKind.KEPT_THREAD_LOCKED, LEFT_ALIVE
        return FindingKind.LOST_RUN, END_UNSEEN

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
