"""Whatever the service does, the network loses and the client asks: what is seen is the life of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest
from attrs import define, field, frozen
from hypothesis import given, note, settings
from hypothesis import strategies as st

from runlife import RUN, RunStatus, ToolOutput, TraceChecker
from runlife_adapters.backend import RejectedError, RunView, UnavailableError
from runlife_adapters.drive import Abandoned, Answered, Driver, Observed, Sent
from runlife_adapters.memory import NEVER, After, Schedule
from runlife_adapters.openai.responses import MemoryStore, Mode, ResponsesBackend

START = 1_700_000_000.0

Stands = Callable[..., Any]
"""What makes a fake and backends before it."""

ROUNDS = [
    [],
    [After(1, "requires_action", tools=2)],
    [After(3, "requires_action", tools=1), After(1, "requires_action", tools=2)],
]
ENDS = ["completed", "failed", "incomplete"]
FATES = st.sampled_from(["lose_request", "lose_response", "500", "429"])


@st.composite
def schedules(draw: st.DrawFn, delays: tuple[float, ...]) -> Schedule:
    """Draw what the service does: up to two rounds of calls, and an end that may never come."""
    delay = st.sampled_from(delays)
    queued = [After(draw(delay))] if draw(st.booleans()) else []
    last = draw(delay)
    end = After(last) if last == NEVER else After(last, draw(st.sampled_from(ENDS)))
    return Schedule(queued=queued, in_progress=[*draw(st.sampled_from(ROUNDS)), end])


@frozen
class Scene:
    """What happens, and where."""

    mode: Mode
    is_conversation: bool
    schedule: Schedule
    fates: dict[int, Any]


@st.composite
def scenes(draw: st.DrawFn, modes: Sequence[Mode], delays: tuple[float, ...]) -> Scene:
    """Draw a scene."""
    return Scene(
        mode=draw(st.sampled_from(modes)),
        is_conversation=draw(st.booleans()),
        schedule=draw(schedules(delays)),
        fates=draw(st.dictionaries(st.integers(0, 12), FATES, max_size=3)),
    )


def facts(view: RunView) -> dict[str, Any]:
    """Return what a view says, for the checker."""
    return {name: getattr(view, name) for name in RUN.facts if hasattr(view, name)}


@define
class Client:
    """Somebody who asks this and that, and has every answer checked."""

    scene: Scene
    stand: Any
    backend: ResponsesBackend = field(init=False)
    thread_id: str = field(init=False)
    assistant_id: str = field(init=False)
    view: RunView = field(init=False)
    checker: TraceChecker = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.backend = self.stand.backend()
        is_conversation = self.scene.is_conversation
        self.thread_id, self.assistant_id = self.stand.scene(self.backend, conversation=is_conversation)
        begun = len(self.stand.line.asked)
        self.stand.line.fates = {begun + number: fate for number, fate in self.scene.fates.items()}

    @property
    def now(self) -> float:
        return self.stand.world.clock.now()

    def create(self) -> None:
        """Create the run: what gets lost leaves none, though it may lock a conversation for good."""
        for _ in range(10):
            try:
                self.view = self.backend.create_run(self.thread_id, self.assistant_id)
                break
            except UnavailableError:
                assert self.backend.list_runs(self.thread_id) == ()
                self.wait(1)
        else:
            assert self.scene.is_conversation
            raise Over
        self.checker = TraceChecker(RUN)
        self.see(self.view)

    def see(self, view: RunView) -> None:
        self.checker.observed(view.status, self.now, facts(view))
        self.view = view

    def wait(self, seconds: float) -> None:
        self.stand.world.advance(seconds)

    def look(self) -> None:
        with suppress(UnavailableError):
            self.see(self.backend.retrieve_run(self.thread_id, self.view.id))

    def list(self) -> None:
        with suppress(UnavailableError):
            (view,) = self.backend.list_runs(self.thread_id)
            if self.scene.mode != "foreground":  # there it shows what was read, and reads nothing itself
                self.see(view)

    def restart(self) -> None:
        """Die, and come back with nothing but the store."""
        self.backend = self.stand.backend()

    def submit(self) -> None:
        calls = self.view.required_action or ()
        outputs = [ToolOutput(call.id, "found") for call in calls] or [ToolOutput("call_1", "found")]
        self._call("submit_tool_outputs", lambda: self.backend.submit_tool_outputs(*self._ids, outputs))

    def submit_nothing(self) -> None:
        self._call("submit_tool_outputs", lambda: self.backend.submit_tool_outputs(*self._ids, []))

    def cancel(self) -> None:
        self._call("cancel", lambda: self.backend.cancel_run(*self._ids))

    def create_another(self) -> None:
        """Only once the run has ended may there be another; and then this one stays as it is."""
        if self.view.status in RUN.terminal:
            return
        try:
            view = self.backend.create_run(self.thread_id, self.assistant_id)
        except (RejectedError, UnavailableError):
            return
        assert self.backend.retrieve_run(*self._ids).status in RUN.terminal
        self.stand.line.fates = {}
        self.backend.delete_thread(self.thread_id)
        note(f"created another: {view}")
        raise Over

    def listen(self) -> None:
        """Hear a few events, if there is a stream."""
        if self.scene.mode == "background":
            return
        try:
            for told in islice(self.backend.events(*self._ids), 4):
                if isinstance(told, RunView) and told != self.view:  # the first is what was known already
                    self.see(told)
        except UnavailableError:
            pass

    @property
    def _ids(self) -> tuple[str, str]:
        return self.thread_id, self.view.id

    def _call(self, event: str, call: Any) -> None:
        ticket = self.checker.sent(event, self.now)
        try:
            view = call()
        except RejectedError:
            self.checker.answered(ticket, self.now, accepted=False)
        except UnavailableError:
            pass
        else:
            self.checker.answered(ticket, self.now, accepted=True, status=view.status, facts=facts(view))
            self.view = view


class Over(Exception):  # noqa: N818  # no error: there is nothing more to look at
    """The story is over."""


STEPS = ["look", "look", "submit", "submit", "submit_nothing", "cancel", "restart", "list", "create_another"]


def play(stands: Stands, scene: Scene, steps: list[str | float]) -> None:
    """Have a client do these things, and see the run to its end."""
    note(f"{scene}\n{steps}")
    stand = stands(scene.schedule, mode=scene.mode, store=MemoryStore())
    client = Client(scene, stand)
    try:
        client.create()
        for step in steps:
            if isinstance(step, str):
                getattr(client, step)()
            else:
                client.wait(step)
    except Over:
        return
    client.stand.line.fates = {}
    client.wait(601)
    client.look()
    client.look()
    assert client.view.status in RUN.terminal
    if scene.mode != "foreground":
        world = client.stand.world
        for response_id in client.view.raw["responses"]:
            if response_id.startswith("resp_") and "/" not in response_id:
                hidden = world.run(world.chain(response_id))
                assert hidden.status in {*RUN.terminal, RunStatus.REQUIRES_ACTION}, "it goes on costing"


@pytest.mark.slow
@settings(max_examples=max(100, settings.default.max_examples))
@given(
    scene=scenes(["background", "stream"], (0.0, 1.0, 20.0, 299.0, NEVER)),
    steps=st.lists(st.sampled_from([*STEPS, 0.5, 1.0, 5.0, 300.0]), max_size=14),
)
def test_whatever_happens_the_views_are_the_life_of_a_run(
    stands: Stands, scene: Scene, steps: list[str | float]
) -> None:
    """Every sequence of answers is a lawful trace, with losses and restarts, and nothing is left at work."""
    play(stands, scene, steps)


@pytest.mark.slow
@settings(max_examples=max(100, settings.default.max_examples))
@given(
    scene=scenes(["stream", "foreground"], (0.0, 1.0, 20.0, 700.0)),
    steps=st.lists(st.sampled_from([*STEPS, "listen", "listen", 0.5, 5.0, 300.0]), max_size=14),
)
def test_what_streams_tell_is_the_life_of_a_run_too(
    stands: Stands, scene: Scene, steps: list[str | float]
) -> None:
    """The same where it is listened to, in the background and in the foreground."""
    play(stands, scene, steps)


# Driven


def check_log(log: Sequence[Any]) -> None:
    """Feed what a driver saw and sent to the checker."""
    checker, tickets = TraceChecker(RUN), dict[str, int]()
    for entry in log:
        match entry:
            case Sent(at, event) if event != "create":
                tickets[event] = checker.sent(event, at)
            case Answered(at, event, accepted) if event in tickets:
                checker.answered(tickets.pop(event), at, accepted=accepted)
            case Observed(at, view):
                checker.observed(view.status, at, facts(view))
            case _:
                pass


@pytest.mark.slow
@settings(max_examples=max(50, settings.default.max_examples // 2))
@given(
    scene=scenes(["background", "stream"], (0.0, 1.0, 20.0, 299.0, NEVER)),
    cancel_after=st.sampled_from([None, None, 0.5, 2.0, 5.0]),
)
def test_whatever_is_lost_the_driver_ends_and_tells_the_truth(
    stands: Stands, scene: Scene, cancel_after: float | None
) -> None:
    """No run is doubled, no tool called twice for one call, and the end is that of the run."""
    note(f"{scene}")
    client = Client(scene, stands(scene.schedule, mode=scene.mode, store=MemoryStore()))
    world, outputs = client.stand.world, list[str]()

    def count() -> str:
        outputs.append(f"output {len(outputs)}")
        return outputs[-1]

    def sleep(seconds: float) -> None:
        world.advance(seconds)
        if cancel_after is not None and client.now >= START + cancel_after:
            driver.cancel()

    driver = Driver(
        client.backend,
        client.thread_id,
        client.assistant_id,
        tools={"count": count},
        new_key=lambda: "the key",
        clock=world.clock,
        sleep=sleep,
    )
    outcome = driver.run()
    check_log(outcome.log)
    client.stand.line.fates = {}
    runs = client.backend.list_runs(client.thread_id)
    assert len(runs) <= 1, "created twice"
    if not isinstance(outcome, Abandoned):
        assert [run.status for run in runs] == [outcome.status]
        calls = [
            call["function"]["output"]
            for step in client.backend.list_steps(client.thread_id, outcome.view.id)
            for call in step.tool_calls
        ]
        assert len(outputs) <= len(calls), "a tool ran twice for one call"
        given_to = [output for output in calls if output is not None]
        assert len(set(given_to)) == len(given_to), "an output went to two calls"
