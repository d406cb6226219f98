"""Checking a trace: every run in it, every step, and every response, however it is seen.

Theory of operation. Exchanges are taken apart into what happened, in the order of time: a request was
sent, an answer came, an event of a stream came. Whatever shows a run, a step or a response is a sample of
it, be it alone, in a page, in the answer to a call or in a stream; the calls that move one are known by
their paths. Of responses it is checked besides that each answers the calls of the one before, and that the
events of its streams are numbered without a gap (:mod:`runlife_adapters.traces.rounds`). Each object has a
checker of its own (:class:`~runlife.TraceChecker`); one whose creation is not in the trace was there before.

Times are used where they mean something. A run that is created at a time which its ``created_at`` does
not bear out, lives on another clock than the trace (a machine whose clock is wrong, a fake on a virtual
clock): of such a run, and where nobody noted the times, only the order is checked.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from attrs import define, evolve, field, frozen

from runlife import RUN, Lifecycle
from runlife.responses import RESPONSE
from runlife_adapters.backend import RejectedError, error_from_status
from runlife_adapters.traces.exchanges import Event, Exchange
from runlife_adapters.traces.follow import Followed, Options, Verdict
from runlife_adapters.traces.objects import CALLS, Shown, shown_in, shown_of
from runlife_adapters.traces.rounds import Stream, response_in, unanswered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runlife.trace import Conflict, Mode

__all__ = ["Follower", "check"]

_REST = r"(?:/(?P<id>[^/]+)(?:/(?P<operation>[^/]+))?)?/?$"
_PATHS = (
    (re.compile(rf"/threads(?:/[^/]+)?/runs{_REST}"), RUN),
    (re.compile(rf"/responses(?!/input_tokens/?$|/compact/?$){_REST}"), RESPONSE),
)
"""The ends of paths about runs and responses; what is before them differs from service to service."""

_OK = range(200, 300)


def check(
    exchanges: Iterable[Exchange], *, mode: Mode = "shared", lag: float = 0.0, slack: float = 2.0
) -> tuple[Verdict, ...]:
    """Say of every run, step and response in a trace whether a lawful history explains what was seen.

    :param mode: how much of the runs' lives the trace shows (:data:`~runlife.trace.Mode`).
    :param lag: seconds by which a sample may be late in the mode ``stale``.
    :param slack: seconds by which a time may be wrong: the resolution of the timestamps, and what the
        clock of the recording is off.
    :returns: in the order in which they are first seen.
    :raises MisuseError: when the mode is none, or a lag goes with another.
    """
    follower = Follower(Options(mode, lag, slack))
    for happened in _in_order(exchanges, slack):
        happened.tell(follower)
    return follower.verdicts()


@frozen
class Request:
    """A request as the follower needs it."""

    number: int
    method: str
    id: str | None
    """Of the run, or of the response, that it is about."""
    operation: str | None
    sent: float | None
    set_back: bool = False
    """Whether the clock was set back meanwhile."""
    about: Lifecycle[Any] = RUN
    """By what that lives."""
    body: object = field(default=None, eq=False, repr=False)
    """Its JSON."""

    @classmethod
    def of(
        cls, number: int, method: str, path: str, sent: float | None, body: object = None
    ) -> Request | None:
        """Return a request that is about runs or responses; None for any other."""
        for pattern, about in _PATHS:
            if found := pattern.search(path):
                method, operation = method.upper(), found["operation"]
                return cls(number, method, found["id"], operation, sent, about=about, body=body)
        return None

    @property
    def creates(self) -> bool:
        """Whether it asks for a new run, or response."""
        return self.method == "POST" and self.id is None

    @property
    def call(self) -> str | None:
        """The event that it asks for, or None."""
        known = CALLS[self.about.name]
        return self.operation if self.method == "POST" and self.operation in known else None

    @property
    def what(self) -> str:
        """In words, for a reader."""
        kind = self.about.name
        where = f"{kind}s" if self.id is None else (self.operation or kind)
        return f"{self.method} {where}"

    @property
    def is_always_accepted(self) -> bool:
        """Whether its call is accepted also where it comes too late, and says then how matters stand."""
        return self.about is RESPONSE


@define(eq=False)
class Follower:
    """Follows the runs, steps and responses of a service, one thing that happened after the other.

    :param options: how they are checked.
    :param keep: whether it keeps what it needs to tell the history of each.
    :param most: how many it follows at a time; None: all. Of more, those are forgotten that have ended,
        the ones first that were not seen for longest; then the others.
    """

    options: Options = field(factory=Options)
    keep: bool = True
    most: int | None = None
    _followed: OrderedDict[str, Followed] = field(init=False, factory=OrderedDict[str, Followed])
    _open: dict[int, tuple[str, int]] = field(init=False, factory=dict[int, tuple[str, int]])
    _streams: dict[int, Stream] = field(init=False, factory=dict[int, Stream])

    def __len__(self) -> int:
        """Return how many it follows."""
        return len(self._followed)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what is known of each by now."""
        return tuple(one.verdict() for one in self._followed.values() if one.samples or one.error)

    def sent(self, request: Request) -> None:
        """Take note that a request was sent."""
        if request.call is None or request.id is None:
            return
        followed = self._followed.get(request.id) or self._begin(request.about, request.id, request.id)
        if not followed.error:
            ticket = followed.checker.sent(request.call, followed.time(request.sent))
            self._bound(self._open)
            self._open[request.number] = followed.id, ticket

    def answered(self, request: Request, at: float | None, status: int, body: object) -> list[Followed]:
        """Check an answer; return those whose trace became unlawful by it."""
        wrong = list[Followed]()
        name, ticket = self._open.pop(request.number, ("", 0))
        followed = self._followed.get(name)
        ok = status in _OK
        if followed:
            followed.set_back |= request.set_back
        taken = request.is_always_accepted and ok
        if followed and not followed.error and not taken and (ok or _is_refusal(status)):
            shown = shown_of(body) if ok else None
            if not followed.answered(ticket, at, accepted=ok, shown=shown, how=request.what):
                wrong.append(followed)
        elif ok:
            for shown in shown_in(body):
                wrong += self.seen(request, shown, request.what, at)
        return wrong

    def streamed(self, request: Request, name: str, data: object, at: float | None) -> list[Followed]:
        """Check an event of a stream; return those whose trace became unlawful by it."""
        if request.about is RESPONSE:
            return self._told(request, name, data, at)
        shown = shown_of(data)
        return self.seen(request, shown, name, at, stream=request.number) if shown else []

    def _told(self, request: Request, name: str, data: object, at: float | None) -> list[Followed]:
        """Check an event of a response: what it shows, and its number."""
        stream = self._streams.get(request.number)
        if stream is None:
            self._bound(self._streams)
            again = request.id if request.id in self._followed else None
            replay = again and Followed(RESPONSE, again, again, self.options, attach=True, keep=False)
            stream = self._streams[request.number] = Stream(request.id, request.creates, replay or None)
        response = shown_of(response_in(data))
        stream.id = stream.id or (response.id if response else None)
        odd, wrong = stream.take(data), list[Followed]()
        if response and stream.replay is None:
            wrong = self.seen(request, response, name, at, stream=request.number)
        elif response and stream.replay is not None and not stream.replay.error:
            # What it tells has been, and may have been seen long ago; but for how it ended.
            if not stream.replay.seen(response, name, None, None, request.number):
                odd = stream.replay.error.why if stream.replay.error else ()
            elif response.status in RESPONSE.terminal:
                wrong = self.seen(request, response, name, at)
        followed = self._followed.get(stream.id or "")
        if odd and followed is not None and not followed.error:
            followed.refuse(f"the event {name}", at, odd)
            wrong = [*wrong, followed]
        return wrong

    def seen(
        self,
        request: Request | None,
        shown: Shown,
        how: str,
        at: float | None,
        stream: int | None = None,
    ) -> list[Followed]:
        """Check what was seen of an object; return it if its trace became unlawful by it."""
        followed = self._followed.get(shown.id)
        since = request.sent if request else None
        if followed is None:
            new = request is not None and request.creates
            followed = self._begin(shown.lifecycle, shown.id, shown.run_id, new=new)
        elif self.most is not None:
            self._followed.move_to_end(shown.id)
        followed.set_back |= request is not None and request.set_back
        if not followed.samples and request is not None and request.creates and not followed.error:
            followed.unanswered = self._unanswered(request)
        if followed.error or followed.seen(shown, how, at, since, stream):
            return []
        return [followed]

    def _unanswered(self, request: Request) -> tuple[Conflict, ...]:
        """Return why the request cannot have created a response, by the calls of the one before."""
        body: Any = request.body
        if request.about is not RESPONSE or not isinstance(body, Mapping):
            return ()
        asked = cast("Mapping[str, Any]", body)
        before = asked.get("previous_response_id")
        previous = self._followed.get(before) if isinstance(before, str) else None
        return unanswered(asked, None if previous is None else previous.calls)

    def _bound(self, kept: dict[int, Any]) -> None:
        """Make room for one more: of what was begun first, nothing more comes."""
        if self.most is not None and len(kept) >= self.most:
            del kept[next(iter(kept))]

    def _begin(self, lifecycle: Lifecycle[Any], id: str, run_id: str, *, new: bool = False) -> Followed:
        run = self._followed.get(run_id)
        followed = self._followed[id] = Followed(
            lifecycle,
            id,
            run_id,
            self.options,
            # The server begins a step, so that it makes no difference whether one saw it.
            attach=run_id == id and not new,
            timed=run is None or run.timed,
            keep=self.keep,
        )
        if self.most is not None:
            while len(self._followed) > self.most:
                over = (name for name, one in self._followed.items() if one.error or one.checker.is_over)
                del self._followed[next(over, next(iter(self._followed)))]
        return followed


def _is_refusal(status: int) -> bool:
    """Whether an answer says that the call had no effect."""
    return isinstance(error_from_status(status, ""), RejectedError)


# What happened, in order


@frozen(order=True)
class _Happened:
    at: float
    place: int
    """Of two at the same time, the one that was recorded first."""
    request: Request = field(eq=False)
    answer: Exchange | None = field(eq=False, default=None)
    event: Event | None = field(eq=False, default=None)
    noted: float | None = field(eq=False, default=None)

    def tell(self, follower: Follower) -> None:
        """Let a follower know."""
        if self.event is not None:
            follower.streamed(self.request, self.event.name, self.event.data, self.noted)
        elif self.answer is not None:
            follower.answered(self.request, self.noted, self.answer.status or 0, self.answer.body)
        else:
            follower.sent(self.request)


def _in_order(exchanges: Iterable[Exchange], slack: float) -> Iterator[_Happened]:
    """Yield what happened in order. What has no time stands where it was recorded.

    Within an exchange time runs forward. Where the clock was behind by more than the slack, the times keep
    the order and are otherwise as if nobody had noted them: how long they stood still, nobody knows.
    """
    happened, now = list[_Happened](), float("-inf")
    for number, exchange in enumerate(exchanges):
        request = Request.of(number, exchange.method, exchange.path, exchange.sent, exchange.request)
        if request is None:
            continue
        if exchange.set_back > slack:
            request = evolve(request, set_back=True, sent=None)
        now = now if exchange.sent is None else exchange.sent
        happened.append(_Happened(now, len(happened), request))
        if exchange.status is None:
            continue
        at = exchange.answered
        now = now if at is None else max(now, at)
        noted = None if at is None or request.set_back else now
        happened.append(_Happened(now, len(happened), request, answer=exchange, noted=noted))
        for event in exchange.events or ():
            now = now if event.at is None else max(now, event.at)
            noted = None if event.at is None or request.set_back else now
            happened.append(_Happened(now, len(happened), request, event=event, noted=noted))
    return iter(sorted(happened))
