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
from collections import Counter
from math import inf, nextafter
from threading import get_ident
from typing import TYPE_CHECKING, Any, cast

from attrs import define, field, frozen

from runlife import RUN, Cause, MisuseError, RunStatus
from runlife_adapters.http.service import Service
from runlife_adapters.memory import After, ApiError
from runlife_adapters.testing import sessions
from runlife_adapters.testing.verify.story import Other
from runlife_adapters.testing.verify.tape import Entry, Lane, Tape
from runlife_adapters.traces import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife import Clock
    from runlife_adapters.http.exchange import Exchange
    from runlife_adapters.http.messages import Request, Response
    from runlife_adapters.memory import Net, World
    from runlife_adapters.memory.events import Happened
    from runlife_adapters.testing.verify.story import Story
    from runlife_adapters.traces import Verdict

__all__ = ["MOST_AT_ONCE", "CallPlace", "Followed", "Place", "StuckError", "TieClock", "VisitPlace", "Wire"]

MOST_AT_ONCE = 200
"""Calls at one moment of virtual time that are let pass: who makes more of them waits for nothing."""

_USUAL = After()


@frozen
class VisitPlace:
    """A run came into a status: the server decides when and where it goes on."""

    run: int
    """Which run, from 0, in the order of their creation."""
    status: RunStatus
    visit: int
    """How many times it has been there before."""


@define
class CallPlace:
    """A call arrived."""

    number: int
    """Which call, from 1."""
    reads: bool
    acts: tuple[Other, ...] = ()
    """What another worker could have done just before."""
    tie: bool = False
    """Whether the server did something at the very same moment."""
    streams: bool = False
    idle: bool = False
    """Whether it read a run once more, and saw nothing new."""


Place = VisitPlace | CallPlace


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


@define(eq=False)
class Followed:
    """A run of the trial, as it is by now."""

    id: str
    thread_id: str
    number: int
    """How many were created before it."""
    status: RunStatus
    at: float
    """When it came into its status, in unix seconds."""
    visits: Counter[RunStatus] = field(factory=Counter[RunStatus])
    read: Any = None
    """What the service last read of it."""
    polled: bool = False
    """Whether it has been asked for."""

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"run {self.number + 1}"


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
        self._answers: dict[int, str] = {}
        world.listen(self._take_move)

    @property
    def live(self) -> list[Followed]:
        """The runs that have not ended, as far as has been looked."""
        return [run for run in self.runs.values() if run.status not in RUN.terminal]

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
        place = CallPlace(number, reads=request.method == "GET", acts=_possible(self.live))
        place.tie = any(self.world.due(run.id) == clock.exact for run in self.live)
        self.places.append(place)
        if act := self.story.others.get(number):
            self._act(act)
        clock.early = early = number in self.story.early
        said = f"{request.method} {self._short(request.path)}"
        if early:
            said += "  (just before what the server does now)"
        self.note(Lane.SERVICE, said, number, deviates=early)
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
        active = next(iter(self.live), None)
        threads = [run.thread_id for run in self.runs.values()]
        self._acting = True
        try:
            if act == "message":
                thread_id = threads[-1] if threads else self.thread_id
                if thread_id is not None:
                    self.world.create_message(thread_id, role="user", content="And another thing.")
                    self.note(Lane.OTHER, "another worker adds a message", deviates=True)
            elif active is not None and act == "cancel":
                self.world.cancel_run(active.thread_id, active.id)
            elif active is not None:
                action = self.world.run(active.id).required_action
                calls = action.tool_calls if action is not None else ()
                outputs = [{"tool_call_id": call.id, "output": "from another worker"} for call in calls]
                self.world.submit_tool_outputs(active.thread_id, active.id, tool_outputs=outputs)
            self._applied.add(("others", self.calls))
        except ApiError as error:
            self.note(Lane.OTHER, f"another worker's {act} is refused: {error.message}", deviates=True)
        finally:
            self._acting = False

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
        deviates = False
        if run is None:
            number = len(self.runs)
            run = Followed(happened.run_id, happened.thread_id, number, RunStatus(record.target), record.at)
            self.runs[run.id] = run
            if not number:
                self.on_first_run()
        else:
            source = record.source.value if record.source is not None else None
            schedule = self.story.runs[run.number] if run.number < len(self.story.runs) else None
            if schedule is not None and record.cause is Cause.SERVER and run.status.value == source:
                entries, visit = schedule.entries(run.status), run.visits[run.status] - 1
                deviates = visit < len(entries) and entries[visit] != _USUAL
            run.status, run.at = RunStatus(record.target), record.at
        if run.status not in RUN.terminal:
            self.places.append(VisitPlace(run.number, run.status, run.visits[run.status]))
            run.visits[run.status] += 1
        source = f"{record.source.value} → " if record.source is not None else ""
        text = f"{run.name}: {source}{record.target.value}"
        if self._acting and record.cause is Cause.CLIENT:
            self.note(Lane.OTHER, f"another worker: {record.event}; {text}", deviates=True)
        else:
            lane = Lane.CLIENT if record.cause is Cause.CLIENT else Lane.SERVER
            self.note(lane, f"{text}  ({record.event})", at=record.at, deviates=deviates)

    def answered(self, exchange: Exchange) -> None:
        """Take note of a call that was answered."""
        if exchange.net is not None:
            self.struck.append(exchange.net)
            self._applied.add(("net", self.calls))
        place = next(place for place in reversed(self.places) if isinstance(place, CallPlace))
        place.streams = exchange.streamed
        answer = exchange.answer
        if exchange.heard and isinstance(answer, dict):
            said = cast("dict[str, Any]", answer)
            run = self.runs.get(said.get("id", ""))
            if run is not None:
                self._observer.saw(said)
                if exchange.operation == "retrieve_run":
                    place.idle = run.polled and run.read == said
                    run.polled = True
                run.read = said
        self._answers[self.calls] = _said(exchange.status, answer)

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:  # noqa: ARG002  # an observer's
        """Take note of an event that went out in a stream."""
        of_run = event.startswith("thread.run.") and not event.startswith("thread.run.step.")
        if of_run or event == "error":
            self.note(Lane.WIRE, f"event {event}", self.calls if exchange.number == self.calls else None)

    def _short(self, path: str) -> str:
        """Return a path without what is the same in all, with runs by their names."""
        short = path.removeprefix("/v1")
        for run in self.runs.values():
            short = short.replace(run.id, run.name.replace(" ", "_"))
        return _ID.sub("…", short)


_ID = re.compile(r"\b(?:thread|asst|msg|step|vs)_[A-Za-z0-9]{24}\b|\bfile-[A-Za-z0-9]{24}\b")


def _possible(live: list[Followed]) -> tuple[Other, ...]:
    """Return what another worker could do: what the table lets a client do with a run that is alive.

    A message can only be added where none is.
    """
    if not live:
        return ("message",)
    legal = {event for run in live for event in RUN.moves[run.status]}
    acts: tuple[tuple[str, Other], ...] = (("cancel", "cancel"), ("submit_tool_outputs", "submit"))
    return tuple(act for event, act in acts if event in legal)


def _ordinal(number: int) -> str:
    return f"the {number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"


def _said(status: int, answer: Any) -> str:
    """Return an answer in a few words."""
    if isinstance(answer, dict):
        said = cast("dict[str, Any]", answer)
        if "error" in said:
            return f"{status} {said['error'].get('message')}"
        if "status" in said:
            return f"{status} {said['status']}"
    return str(status)
