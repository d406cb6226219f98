"""What stands between the service under test and the fake: it counts the calls, and plays the story.

A :class:`Wire` takes the place of the service in the transports of :mod:`runlife_adapters.http.inprocess`.
With each call it does, in this order, what the story says: another worker acts, the call arrives before
what the server does at the same moment, and something befalls it on the network. It keeps the *places*: each
point at which the story could have said something, in the order in which they came up. What a trial does
before a place does not depend on what the story says there or later; that makes a search through all
stories possible (:mod:`runlife_adapters.testing.verify.search`).
"""

from __future__ import annotations

import re
from math import inf, nextafter
from threading import get_ident
from typing import TYPE_CHECKING, Any, cast

from runlife import RUN, Cause, MisuseError, RunStatus
from runlife_adapters.http.late import ANSWERED
from runlife_adapters.http.service import Service
from runlife_adapters.memory import After, ApiError
from runlife_adapters.testing import sessions
from runlife_adapters.testing.verify.followed import Followed
from runlife_adapters.testing.verify.others import OtherWorker, possible
from runlife_adapters.testing.verify.places import CallPlace, VisitPlace
from runlife_adapters.testing.verify.tape import Entry, Lane, Tape
from runlife_adapters.traces import Observer
from runlife_adapters.traces.rounds import response_in
from runlife_adapters.traces.sse import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runlife import Clock
    from runlife_adapters.http.exchange import Exchange
    from runlife_adapters.http.messages import Request, Response
    from runlife_adapters.memory import Net, World
    from runlife_adapters.memory.events import Happened
    from runlife_adapters.testing.verify.places import Place
    from runlife_adapters.testing.verify.story import Other, Story
    from runlife_adapters.traces import Verdict

__all__ = ["MOST_AT_ONCE", "StuckError", "TieClock", "Wire"]

MOST_AT_ONCE = 200
"""Calls at one moment of virtual time that are let pass: who makes more of them waits for nothing."""

_USUAL = After()

_LOOKS = frozenset({"retrieve_run", "retrieve_response"})
_OF_RESPONSES = frozenset({"create_response", "retrieve_response"})
_STOPPING = frozenset(row.target for row in RUN.rows if row.event == "cancel")


class StuckError(BaseException):
    """A service does not come back. No error of its own: it goes through a service to whoever plays."""


class TieClock:
    """A clock that can stand a moment before its time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.early = False

    @property
    def exact(self) -> float:
        """The true time, in unix seconds."""
        return self._clock.now()

    def now(self) -> float:
        """Return the time, in unix seconds."""
        return nextafter(self.exact, -inf) if self.early else self.exact


class Wire:
    """Plays a story to the calls of one trial. It has what a transport asks of a service.

    :param world: what is served; its clock is ``clock``.
    """

    def __init__(self, world: World, clock: TieClock, story: Story) -> None:
        self.world = world
        self.story = story
        self.tape = Tape()
        self.places: list[Place] = []
        self.runs: dict[str, Followed] = {}
        """The runs, in the order of their creation."""
        self.struck: list[Net] = []
        """What has befallen calls."""
        self.unlawful: list[Verdict] = []
        """The runs of which the service was shown what no lawful history explains."""
        self.calls = 0
        self.open: dict[int, float] = {}
        """The calls that are not answered yet, with when they were sent, in unix seconds."""
        self.waited_until = clock.exact
        """When the last answer came that was waited for, or what came in its place, in unix seconds."""
        self.thread_id: str | None = None
        """The thread that is there already, for other workers."""
        self.conversation_id: str | None = None
        """The conversation that the service was given, if it was."""
        self.hurried = False
        """Whether there were too many calls at one moment."""
        self._moment, self._at_once = clock.exact, 0
        self.on_first_run: Callable[[], object] = lambda: None
        """Is called when the first run is created, under the World's lock."""
        self.on_call: Callable[[], object] = lambda: None
        """Is called before each call."""
        self.service = Service(world, doors=False, watched=True, faults=cast("Any", self), observers=[self])
        sessions.opened(self.service)
        self._clock = clock
        self._began = clock.exact
        self.misuse: str | None = None
        """Why the trial is void, if it is."""
        self._thread = get_ident()
        self._applied: set[tuple[str, int]] = set()
        self._observer = Observer(self.unlawful.append, mode="shared", clock=clock)
        self._acting = False
        self._others = OtherWorker(world)
        self._background: bool | None = None
        """Whether the response that is being created is in the background; None: the call creates none."""
        self._rounds = 0
        self._behind: dict[str, str] = {}
        """The runs behind the responses, by their ids."""
        self._answers: dict[int, str] = {}
        world.listen(self._take_move)

    @property
    def live(self) -> list[Followed]:
        """The runs that have not ended, as far as has been looked."""
        return [run for run in self.runs.values() if run.status not in RUN.terminal]

    @property
    def at_work(self) -> list[Followed]:
        """Those of them that can go on without the service."""
        return [run for run in self.live if run.is_at_work]

    @property
    def idle_calls(self) -> set[int]:
        """The polls that showed nothing new."""
        return {place.number for place in self.places if isinstance(place, CallPlace) and place.idle}

    @property
    def unapplied(self) -> tuple[str, ...]:
        """What the story says, and the trial never came to."""
        said = [
            *(("net", number) for number in self.story.net),
            *(("others", number) for number in self.story.others),
            *(("early", number) for number in self.story.early),
        ]
        ties = {
            ("early", place.number) for place in self.places if isinstance(place, CallPlace) and place.tie
        }
        idle = sorted((number, what) for what, number in said if (what, number) not in self._applied | ties)
        calls = tuple(f"{what} of call {number}" for number, what in idle)
        runs = list(self.runs.values())
        visits: list[str] = []
        for index, schedule in enumerate(self.story.runs):
            for status in RUN.live:
                been = runs[index].visits[RunStatus(status)] if index < len(runs) else 0
                for visit, after in enumerate(schedule.entries(RunStatus(status))):
                    if visit >= been and after != _USUAL:
                        visits.append(f"{status} of run {index + 1}, {_ordinal(visit + 1)} time")
        return (*visits, *calls)

    # In the place of a service

    def handle(self, request: Request) -> Response:
        """Let a call arrive, and return its answer."""
        self._check_thread()
        self.on_call()
        self._count()
        number, clock = self.calls, self._clock
        clock.early = True
        self.world.settle()
        place = CallPlace(number, reads=request.method == "GET", acts=possible(self.live))
        place.tie = any(self.world.due(run.id) == clock.exact for run in self.live)
        self.places.append(place)
        if act := self.story.others.get(number):
            self._act(act)
        clock.early = early = number in self.story.early
        said = f"{request.method} {self._short(request.path)}"
        if early:
            said += "  (just before what the server does now)"
        self.note(Lane.SERVICE, said, number, deviates=early)
        self._background = _background(request)
        try:
            return self.service.handle(request)
        finally:
            clock.early = False

    def _count(self) -> None:
        """Count a call.

        :raises StuckError: when there are too many at one moment.
        """
        self.calls += 1
        self.open[self.calls] = self._clock.exact
        if self._clock.exact != self._moment:
            self._moment, self._at_once = self._clock.exact, 0
        self._at_once += 1
        if self._at_once > MOST_AT_ONCE:
            self.hurried = True
            raise StuckError

    def _check_thread(self) -> None:
        """Refuse a call from another thread: time is virtual in one, and who comes first would be chance.

        :raises MisuseError: the trial is void then, whatever the service makes of it.
        """
        if get_ident() != self._thread:
            self.misuse = (
                "the service makes its calls from several threads, whose order is left to chance: "
                "a service that is verified is async, or has one thread"
            )
            raise MisuseError(self.misuse)

    def strike(self, operation: str | None, method: str, path: str) -> Net | None:  # noqa: ARG002  # the story counts
        """Return what befalls the call that has just arrived: the fake asks its plan of faults."""
        return self.story.net.get(self.calls)

    def _act(self, act: Other) -> None:
        """Let another worker do something."""
        self._acting, self._background = True, True
        try:
            if self._others.act(act, list(self.runs.values()), self.thread_id, self.conversation_id):
                self.note(Lane.OTHER, "another worker adds a message", deviates=True)
            self._applied.add(("others", self.calls))
        except ApiError as error:
            self.note(Lane.OTHER, f"another worker's {act} is refused: {error.message}", deviates=True)
        finally:
            self._acting = False
            self._name_responses()

    # What it sees

    def note(
        self,
        lane: Lane,
        text: str,
        call: int | None = None,
        *,
        at: float | None = None,
        deviates: bool = False,
    ) -> None:
        """Put something on the tape, by default as of now."""
        moment = self._clock.exact if at is None else at
        self.tape.add(Entry(moment - self._began, lane, text, call, deviates))

    def heard(self, number: int, problem: BaseException | None = None) -> None:
        """Note what the service got for a call: the answer, or a problem in its place."""
        if self.open.pop(number) < self._clock.exact:
            self.waited_until = self._clock.exact
        net = self.story.net.get(number)
        text = self._answers.pop(number, "answer") if problem is None else type(problem).__name__
        self.note(Lane.WIRE, text if net is None else f"{text}  [{net!r}]", number, deviates=net is not None)

    def _take_move(self, happened: Happened) -> None:
        record = happened.record
        run = self.runs.get(happened.run_id)
        deviates = is_new = False
        if run is None:
            is_new, number = True, len(self.runs)
            run = Followed(happened.run_id, happened.thread_id, number, RunStatus(record.target), record.at)
            # Who creates a run by a call about responses sees it as responses.
            run.rounds = [] if self._background is not None else None
            self.runs[run.id] = run
        else:
            source = record.source.value if record.source is not None else None
            schedule = self.story.runs[run.number] if run.number < len(self.story.runs) else None
            if schedule is not None and record.cause is Cause.SERVER and run.status.value == source:
                entries, visit = schedule.entries(run.status), run.visits[run.status] - 1
                deviates = 0 <= visit < len(entries) and entries[visit] != _USUAL
        move = run.take(record, self._rounds + 1, background=bool(self._background))
        if move is not None and run.rounds and move.source is None:
            self._rounds += 1
        if is_new and not run.number:
            self.on_first_run()
        # A response is never cancelling, so nothing can be otherwise while its run is, for no time at all.
        if run.status not in RUN.terminal and (run.rounds is None or run.status not in _STOPPING):
            self.places.append(VisitPlace(run.number, run.status, run.visits[run.status]))
            run.visits[run.status] += 1
        if move is None:
            return
        if self._acting and (record.cause is Cause.CLIENT or move.event == "cancel"):
            self.note(Lane.OTHER, f"another worker: {move.event}; {move}", deviates=True)
        else:
            lane = Lane.CLIENT if record.cause is Cause.CLIENT or move.event == "cancel" else Lane.SERVER
            self.note(lane, f"{move}  ({move.event})", at=record.at, deviates=deviates)

    def answered(self, exchange: Exchange) -> None:
        """Take note of a call that was answered."""
        self._name_responses()
        if exchange.net is not None:
            self.struck.append(exchange.net)
            self._applied.add(("net", self.calls))
        place = next(place for place in reversed(self.places) if isinstance(place, CallPlace))
        place.streams = exchange.streamed
        answer = exchange.answer
        if exchange.heard and isinstance(answer, dict):
            self._show(cast("dict[str, Any]", answer), place if exchange.operation in _LOOKS else None)
        elif exchange.heard and exchange.streamed and exchange.operation in _OF_RESPONSES:
            sent = {"method": exchange.method, "path": exchange.path, "body": exchange.body}
            self._observer.hear({"sent": exchange.number, **sent})
        self._answers[self.calls] = _said(exchange.status, answer)

    def _show(self, said: dict[str, Any], place: CallPlace | None = None, *, told: bool = False) -> None:
        """Take note of what the service is shown.

        :param place: that of the call, if it asked for nothing but this.
        :param told: whether a stream tells of it: it was so, and need not be so any more.
        """
        id = said.get("id", "")
        run = self.runs.get(id) or self.runs.get(self._behind.get(id, ""))
        if run is None:
            return
        if not told:
            self._observer.saw(said)
        if place is not None:
            place.idle = run.reads(said)
        run.shows(said)

    def _name_responses(self) -> None:
        """Find out the ids of new responses: while they come into being, the World cannot be asked."""
        for run in self.runs.values():
            if run.rounds and run.rounds[-1].id is None:
                for told, id in zip(run.rounds, self.world.responses(run.id), strict=False):
                    told.id, self._behind[id] = id, run.id

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        """Take note of an event that went out in a stream, or of an answer that came late."""
        number = self.calls if exchange.number == self.calls else None
        if event == ANSWERED:
            if exchange.heard:
                self._show(data)
            self.note(Lane.WIRE, f"answer: {data.get('status')}", number)
            return
        response = response_in(data)
        if exchange.heard and exchange.operation in _OF_RESPONSES:
            self._observer.hear({"event": exchange.number, "name": event, "data": data})
            if isinstance(response, dict):
                self._show(cast("dict[str, Any]", response), told=True)
        of_run = event.startswith("thread.run.") and not event.startswith("thread.run.step.")
        if of_run or event == "error" or (response and event.count(".") == 1):
            self.note(Lane.WIRE, f"event {event}", number)

    def names(self) -> Iterator[tuple[str, str]]:
        """Give what reports call the runs that clients see, and the responses, with their ids."""
        for run in self.runs.values():
            if run.rounds is None:
                yield run.name, run.id
            for told in run.rounds or ():
                if told.id is not None:
                    yield told.name, told.id

    def _short(self, path: str) -> str:
        """Return a path without what is the same in all, with runs and responses by their names."""
        short = path.removeprefix("/v1")
        for name, id in self.names():
            short = short.replace(id, name.replace(" ", "_"))
        return _ID.sub("…", short)


_ID = re.compile(r"\b(?:thread|asst|msg|step|vs|conv)_[A-Za-z0-9]{24,}\b|\bfile-[A-Za-z0-9]{24}\b")


def _background(request: Request) -> bool | None:
    """Return whether a response is asked for that works in the background; None: none is asked for."""
    if request.method != "POST" or not request.path.endswith("/responses"):
        return None
    body = parsed(request.body)
    return bool(cast("dict[str, Any]", body).get("background")) if isinstance(body, dict) else False


def _ordinal(number: int) -> str:
    return f"the {number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"


def _said(status: int, answer: Any) -> str:
    """Return an answer in a few words."""
    if isinstance(answer, dict):
        said = cast("dict[str, Any]", answer)
        if said.get("error") and "object" not in said:
            return f"{status} {said['error'].get('message')}"
        if "status" in said:
            output: list[dict[str, Any]] = said.get("output") or []
            calls = sum(item["type"] == "function_call" for item in output)
            return f"{status} {said['status']}" + (f", {calls} call{'s' * (calls > 1)}" if calls else "")
    return str(status)
