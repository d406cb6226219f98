"""A wire log as a sequence: requests and answers as arrows, and what the client learned of each status.

Theory of operation. Exchanges are taken apart into messages: a request, its answer, each event of a stream.
They are put in order of time; what has no time stands where it was recorded. Then each becomes a step, and
what the client knows of every life is carried along, so that what brings news is told from what does not:

* polls in a row that brought none are one gap, and so is one that others overlap;
* so are events of a stream, as one arrow with their names;
* a status that only time leads to was time's doing, at some moment before it was seen: an arrow of the timer.

An answer follows its request at once or, where something came between the two, both bear the number of their
exchange.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from attrs import define, evolve, field

from runlife import Cause, Lifecycle
from runlife_diagrams.errors import PictureError
from runlife_diagrams.sequence.exchanges import Exchange, Seen
from runlife_diagrams.sequence.messages import Message, messages_of
from runlife_diagrams.sequence.said import in_lines, in_words
from runlife_diagrams.sequence.steps import Gap, News, Participant, Sequence, Step, kept, left_out
from runlife_diagrams.text import visible
from runlife_diagrams.timeline.looks import Look, looks_of
from runlife_diagrams.timeline.times import duration, moment

__all__ = ["wire_sequence"]

_NAMES = {Cause.CLIENT: "client", Cause.SERVER: "service", Cause.TIMER: "timer"}
_ID = re.compile(r"\b([a-z]{2,8}_)(?=[A-Za-z]*[A-Z0-9])[A-Za-z0-9]{5,}([A-Za-z0-9]{4})\b")
"""An id, as services make them: of a long one, the kind and the end are enough to know it by."""
_OK = range(200, 300)


def wire_sequence(
    exchanges: tuple[Exchange, ...], *, lifecycle: Lifecycle[Any], limit: int, idle: float
) -> Sequence:
    """Return a wire log as steps.

    :raises PictureError: when there is no exchange, or the limit leaves no room for two steps.
    """
    if not exchanges:
        raise PictureError("a sequence needs one exchange at least; the log is empty")
    story = _Story(lifecycle, exchanges, idle)
    for message in story.messages:
        story.tell(message)
    story.rest()
    steps, ends = story.steps, story.ends
    head, tail = kept(len(steps), limit)
    if tail > head:
        left = sum(step.steps if isinstance(step, Gap) else 1 for step in steps[head:tail])
        after = steps[tail]
        # Before the first step after a gap stands how much was left out, not how long nothing happened.
        after = evolve(after, idle=None) if isinstance(after, Step) else after
        steps = [*steps[:head], left_out(left, ends[head], ends[tail - 1]), after, *steps[tail + 1 :]]
    acting = {Cause.CLIENT, Cause.SERVER, *(step.sender for step in steps if isinstance(step, Step))}
    participants = tuple(Participant(cause, name) for cause, name in _NAMES.items() if cause in acting)
    return Sequence(_title(story, exchanges), _description(story, exchanges), participants, tuple(steps))


@define(eq=False)
class _Story:
    """Tells messages, one after the other, and keeps what the client knows by then."""

    lifecycle: Lifecycle[Any]
    exchanges: tuple[Exchange, ...]
    idle: float
    messages: list[Message] = field(init=False)
    steps: list[Step | Gap] = field(init=False, factory=list[Step | Gap])
    ends: list[str] = field(init=False, factory=list[str])
    """When each step was."""
    known: dict[str, Seen] = field(init=False, factory=dict[str, Seen])
    first: float | None = field(init=False)
    _looks: Mapping[str, Look] = field(init=False)
    _lives: dict[str, int] = field(init=False, factory=dict[str, int])
    _apart: frozenset[int] = field(init=False)
    """The exchanges between whose messages others stand."""
    _polls: list[tuple[Message, Message]] = field(init=False, factory=list[tuple[Message, Message]])
    _asked: dict[int, Message] = field(init=False, factory=dict[int, Message])
    """The requests of polls, by their exchange, until they are answered."""
    _quiet: list[Message] = field(init=False, factory=list[Message])
    """Events of a stream that brought no news."""
    _streams: int = field(init=False, default=0)
    _now: float | None = field(init=False, default=None)
    _read: str = field(init=False, default="")

    def __attrs_post_init__(self) -> None:
        self.messages = messages_of(self.exchanges)
        self.first = min((m.at for m in self.messages if m.at is not None), default=None)
        self._looks = looks_of(self.lifecycle)
        for exchange in self.exchanges:
            for seen in (*exchange.seen, *(e.seen for e in exchange.events or () if e.seen)):
                self._lives.setdefault(seen.id, len(self._lives))
        followed = {
            (one.exchange, two.exchange)
            for one, two in zip(self.messages, self.messages[1:], strict=False)
            if one.kind == "request" and two.kind == "answer"
        }
        asked = {m.exchange for m in self.messages if m.kind == "answer"}
        self._apart = frozenset(number for number in asked if (number, number) not in followed)

    @property
    def lives(self) -> int:
        """How many lives are seen."""
        return len(self._lives)

    # In order

    def tell(self, message: Message) -> None:
        """Add the steps of a message, or keep it until it is known what follows."""
        exchange = self.exchanges[message.exchange]
        if message.kind == "event":
            self._flush_polls()
            self._event(message)
            return
        self._flush_events()
        if message.kind == "request" and self._is_idle(exchange):
            self._asked[message.exchange] = message
            return
        asked = self._asked.pop(message.exchange, None)
        if asked is not None and self._is_idle(exchange):
            self._polls.append((asked, message))
            return
        self._flush_polls()
        if asked is not None:  # what it shows became news meanwhile
            self._request(asked, exchange)
        (self._request if message.kind == "request" else self._answer)(message, exchange)

    def rest(self) -> None:
        """Add what was kept."""
        self._flush_polls()
        self._flush_events()

    def _is_idle(self, exchange: Exchange) -> bool:
        """Whether it is a poll that, by what is known, brings nothing new."""
        if (
            exchange.method != "GET"
            or exchange.status_code not in _OK
            or exchange.events is not None
            or exchange.fault
            or any(self.known.get(seen.id) != seen for seen in exchange.seen)
        ):
            return False
        # Where the log does not tell what was seen, to ask the same again is a poll.
        return bool(exchange.seen) or exchange.path == self._read

    def _flush_polls(self) -> None:
        polls, self._polls = self._polls, []
        if not polls:
            return
        if len(polls) == 1 and polls[0][0].exchange not in self._apart:
            ((asked, answered),) = polls
            self._request(asked, self.exchanges[asked.exchange])
            self._answer(answered, self.exchanges[asked.exchange])
            return
        since, until = polls[0][0].at, polls[-1][1].at
        lasted = "" if since is None or until is None else f" in {duration(until - since)}"
        last = {seen.id: seen.status for one, _ in polls for seen in self.exchanges[one.exchange].seen}
        paths = {self.exchanges[one.exchange].path: "" for one, _ in polls}
        showed = [self._named(id, visible(status)) for id, status in last.items()] or map(_shortened, paths)
        says = f"{_count(len(polls), 'poll')}{lasted}: {', '.join(showed)}"
        self._now = until if until is not None else self._now
        self._add(Gap(2 * len(polls), says, f"{says}; nothing new", self._time(until), "polls"), until)

    def _flush_events(self) -> None:
        """Add events that brought no news as one arrow."""
        quiet, self._quiet = self._quiet, []
        if not quiet:
            return
        names = Counter(m.event.name for m in quiet if m.event is not None)
        said = [visible(name) + (f" ({count:,} times)" if count > 1 else "") for name, count in names.items()]
        one = len(quiet) == 1
        what = said[0] if one else f"{len(quiet):,} events"
        details = () if one else in_lines(", ".join(said))
        self._arrow(quiet[-1], "server streamed", what, words=", ".join(said), details=details)

    # One message

    def _request(self, message: Message, exchange: Exchange) -> None:
        self._read = exchange.path if exchange.method == "GET" else ""
        what = f"{self._mark(message)}{visible(exchange.method)} {_shortened(exchange.path)}"
        words = in_words(exchange.request)
        lost = exchange.lost == "request"
        fault = exchange.fault or "lost" if lost else ""
        self._arrow(message, "client request", what, words=words, lost=lost, fault=fault)
        if exchange.twice:
            self._arrow(message, "client request", what, words="", fault=exchange.fault, again=True)

    def _answer(self, message: Message, exchange: Exchange) -> None:
        code, refused = exchange.status_code, exchange.status_code not in _OK
        fault = "" if exchange.twice or exchange.lost == "request" else exchange.fault
        mark = self._mark(message)
        if code is None or exchange.lost:
            # What is known of an answer that was lost, the service knows; the client has not seen it.
            what = f"{mark}{code if code is not None else 'no answer'}"
            fault = fault or ("lost" if exchange.lost else "whether it took effect is not known")
            self._arrow(message, "server answer", what, words=exchange.says, lost=True, fault=fault)
            return
        news, facts = self._learn(exchange.seen, message.number)
        words = "; ".join(part for part in (visible(exchange.says) if exchange.says else "", facts) if part)
        stream = exchange.events is not None
        self._streams += bool(exchange.events)
        what = f"{mark}{code}{', a stream of events' if stream else ''}"
        css = f"server answer{' refused' if refused else ''}"
        self._arrow(message, css, what, words=words, news=news, fault=fault)

    def _event(self, message: Message) -> None:
        event, exchange = message.event, self.exchanges[message.exchange]
        if event is None:
            return
        if event.seen is not None and self._is_news(event.seen):
            self._flush_events()
            news, facts = self._learn((event.seen,), message.number)
            self._arrow(message, "server streamed", visible(event.name), words=facts, news=news)
        else:
            if self._quiet and self._quiet[-1].exchange != message.exchange:
                self._flush_events()
            self._quiet.append(message)
        if not message.last:
            return
        # Of the streams about runs each says that it is done; others end as they like.
        is_whole = event.name in {"done", "error"} or not event.name.startswith("thread.")
        if is_whole and not exchange.fault:
            self._streams -= 1
            self._flush_events()
        else:
            self._flush_events()
            self._streams -= 1
            fault = exchange.fault or "it ends without done"
            self._arrow(message, "server streamed", "the stream breaks off", fault=fault, lost=True)

    def _learn(self, shown: tuple[Seen, ...], number: int) -> tuple[tuple[News, ...], str]:
        """Take note of what is seen; return the news in it, and what else has changed, in words."""
        news: list[News] = []
        words: list[str] = []
        for seen in shown:
            before, is_news = self.known.get(seen.id), self._is_news(seen)
            if is_news:
                self._timed(seen, before, number)
                look = self._looks.get(seen.status) or _odd(seen.status)
                news.append(News(look, self._lives[seen.id]))
            old: Mapping[str, Any] = before.facts if before else {}
            changed = {name: value for name, value in seen.facts.items() if value != old.get(name)}
            said = in_words(changed)
            if self.lives > 1 and (is_news or said):
                # Of several at once there are no pills, so it is said here what each is.
                status = f" {visible(seen.status)}" if len(shown) > 1 and is_news else ""
                said = f"{_shortened(seen.id)}{status}{said and ': '}{said}"
            words += [said] if said else []
            self.known[seen.id] = seen
        return tuple(news), "; ".join(words)

    def _is_news(self, seen: Seen) -> bool:
        before = self.known.get(seen.id)
        return before is None or before.status != seen.status

    def _timed(self, seen: Seen, before: Seen | None, number: int) -> None:
        """Add the doing of time before what shows it, if nothing else leads there."""
        rows = [row for row in self.lifecycle.rows if row.target == seen.status]
        if before is None or not rows or any(row.cause is not Cause.TIMER for row in rows):
            return
        what = self._named(seen.id, visible(rows[0].event))
        says = f"{what}: a deadline passed, some time before it was seen"
        self.steps.append(
            Step(
                number=number, time="", sender=Cause.TIMER, receiver=Cause.SERVER, css=Cause.TIMER,
                what=what, details=("before it was seen",), says=says, active=self._streams > 0,
            )
        )  # fmt: skip
        self.ends.append("")

    # A step

    def _arrow(
        self,
        message: Message,
        css: str,
        what: str,
        *,
        words: str = "",
        details: tuple[str, ...] | None = None,
        news: tuple[News, ...] = (),
        fault: str = "",
        lost: bool = False,
        again: bool = False,
    ) -> None:
        sender = Cause.CLIENT if message.kind == "request" else Cause.SERVER
        at, before = message.at, self._now
        time = "" if at is not None and at == before and self.steps else self._time(at)
        waited = 0.0 if at is None or before is None else at - before
        self._now = before if at is None else at
        when = self._time(at) or "at an unknown time"
        if at is not None:
            when += f" (unix time {moment(at)})"
        called = visible(self.exchanges[message.exchange].path)
        shown = ", ".join(one.look.name for one in news)
        told = (
            f"{message.number}. {when}: {what}",
            called,
            shown,
            visible(words) if words else "",
            visible(fault) if fault else "",
        )
        step = Step(
            number=message.number,
            time=time,
            sender=sender,
            receiver=Cause.SERVER if sender is Cause.CLIENT else Cause.CLIENT,
            css=css,
            what=f"again: {what}" if again else what,
            details=in_lines(_ID.sub(r"\1…\2", words)) if details is None else details,
            fault=visible(fault) if fault else "",
            lost=lost,
            says="; ".join(part for part in told if part),
            news=news,
            active=self._streams > 0,
            idle=waited if waited >= self.idle else None,
        )
        self._add(step, at)

    def _add(self, step: Step | Gap, at: float | None) -> None:
        self.steps.append(step)
        self.ends.append(self._time(at))

    def _time(self, at: float | None) -> str:
        return "" if at is None or self.first is None else duration(at - self.first)

    def _mark(self, message: Message) -> str:
        return f"#{message.exchange + 1} " if message.exchange in self._apart else ""

    def _named(self, id: str, what: str) -> str:
        return f"{_shortened(id)} {what}" if self.lives > 1 else what


def _odd(status: str) -> Look:
    """Return how a word looks that is no status."""
    return Look(status, f"{visible(status)}?", "odd", terminal=False, sign="?")


def _shortened(words: str) -> str:
    """Return a path, or other words, with the middle of long ids left out."""
    return _ID.sub(r"\1…\2", visible(words))


def _title(story: _Story, exchanges: tuple[Exchange, ...]) -> str:
    if len(story.known) == 1:
        return f"Sequence of {visible(next(iter(story.known)))}"
    return f"Sequence of {_count(story.lives, 'run') if story.lives else _count(len(exchanges), 'call')}"


def _description(story: _Story, exchanges: tuple[Exchange, ...]) -> str:
    times = [m.at for m in story.messages if m.at is not None]
    lasted = f" in {duration(max(times) - min(times))}" if times else ""
    said = [f"{_count(len(exchanges), 'exchange')}{lasted}"]
    if lost := sum(one.status_code is None or one.lost is not None for one in exchanges):
        said.append(f"{lost:,} without an answer")
    if refused := sum(one.status_code is not None and one.status_code not in _OK for one in exchanges):
        said.append(f"{refused:,} refused")
    if story.known:
        last = Counter(seen.status for seen in story.known.values())
        said.append(
            "last seen: " + ", ".join(f"{count:,} {visible(word)}" for word, count in sorted(last.items()))
        )
    counted = f" Times are counted from unix time {moment(story.first)}." if story.first is not None else ""
    return f"{'; '.join(said)}.{counted}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
