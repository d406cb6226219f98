"""The verdict: each thing that a client can do wrong, and all that it may do without a finding."""

from __future__ import annotations

import json
from collections import Counter
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field
from hypothesis import given, note
from hypothesis import strategies as st
from openai import AssistantEventHandler, OpenAI

from runlife import RUN, Cause, MisuseError, VirtualClock
from runlife_adapters.backend import RunView, UnavailableError, error_from_status, reply_texts
from runlife_adapters.clock import SystemClock
from runlife_adapters.drive import Abandoned, Driver
from runlife_adapters.http import Request, Service, sync_client
from runlife_adapters.http.exchange import Exchange
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.http.findings import printable
from runlife_adapters.http.verdict import FindingKind, Verdict
from runlife_adapters.memory import NEVER, After, Schedule, World
from runlife_adapters.memory.net import Net
from runlife_adapters.memory.service_policy import ServicePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runlife import ToolOutput
    from runlife_adapters.drive import Outcome

# The SDK marks every method of the Assistants API deprecated; the fake serves nothing else.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The Assistants API is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning"),
]

BORN = 1_700_000_000.0
BETA = {"openai-beta": "assistants=v2"}
USER: Any = {"role": "user", "content": "Hello"}
TOOLS: Any = [{"type": "function", "function": {"name": "count"}}]
ASKS = Schedule(in_progress=[After(1, "requires_action", tools=2)])
CUT = Schedule(in_progress=[After(1, "incomplete")])
STUCK = Schedule(in_progress=[After(NEVER)])
TERMINAL = sorted(status.value for status in RUN.terminal)


@pytest.fixture(autouse=True)
def no_observer_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which an observer failed: the service only logs that, so as to go on."""
    yield
    assert not [record for record in caplog.records if "observer" in record.message], caplog.text


@define
class Session:
    """A client that speaks plain HTTP to a service, on virtual time."""

    service: Service
    thread: str
    assistant: str
    run: str = ""
    outputs: list[dict[str, str]] = field(factory=list[dict[str, str]])

    @classmethod
    def of(cls, schedule: Schedule | None = None, *faults: FaultRule, **options: Any) -> Session:
        """Open a session with a new World, in which there are an assistant and a thread."""
        world = World(options.pop("clock", None) or VirtualClock(BORN), schedule=schedule, **options)
        service = Service(world, faults=FaultPlan(faults))
        assistant = world.create_assistant(model="gpt-4o", tools=TOOLS)
        return cls(service, world.create_thread(messages=[USER]).id, assistant.id)

    @property
    def world(self) -> World:
        """The World that is served."""
        return self.service.world

    @property
    def path(self) -> str:
        """Where the run stands."""
        return f"/threads/{self.thread}/runs/{self.run}"

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request, and return what came: JSON, a stream, or None when the answer was lost."""
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self.service.handle(Request(method, f"/v1{path}", "", BETA, raw))
        if not isinstance(answer.body, bytes):
            return answer.body
        if answer.net is not None and answer.net.kind != "delay":
            return None
        return json.loads(answer.body)

    def create(self, **body: Any) -> Any:
        """Create a run, and remember it."""
        answer = self.send("POST", f"/threads/{self.thread}/runs", {"assistant_id": self.assistant, **body})
        if isinstance(answer, dict) and "id" in answer:
            self.run = answer["id"]
        return answer

    def retrieve(self) -> Any:
        """Look at the run; remember what it asks for."""
        answer = self.send("GET", self.path)
        action = answer and answer.get("required_action")
        if action:
            calls = action["submit_tool_outputs"]["tool_calls"]
            self.outputs = [{"tool_call_id": call["id"], "output": "1"} for call in calls]
        return answer

    def poll(self, *until: str) -> Any:
        """Look once a second until the run is in one of some statuses, by default one that ends a poll."""
        while True:
            answer = self.retrieve()
            if answer["status"] in (until or (*TERMINAL, "requires_action")):
                return answer
            self.world.advance(1)

    def submit(self, **body: Any) -> Any:
        """Submit what the run asked for when last looked at."""
        return self.send("POST", f"{self.path}/submit_tool_outputs", {"tool_outputs": self.outputs, **body})

    def cancel(self) -> Any:
        """Cancel the run."""
        return self.send("POST", f"{self.path}/cancel")

    def list(self) -> Any:
        """List the runs of the thread, and take up the newest."""
        page = self.send("GET", f"/threads/{self.thread}/runs")
        if page["data"]:
            self.run = page["data"][0]["id"]
        return page

    def say(self) -> Any:
        """Add a message to the thread."""
        return self.send("POST", f"/threads/{self.thread}/messages", USER)

    def drain(self, stream: Any, least: int = 10_000) -> bytes:
        """Read a stream to its end, or until so many bytes have come."""
        read = b""
        while not stream.over and len(read) < least:
            read += stream.take()
            if (due := stream.due()) is not None and due > self.world.clock.now():
                self.world.advance(due - self.world.clock.now())
        return read

    @property
    def kinds(self) -> list[str]:
        """The kinds of the findings."""
        return [finding.kind.value for finding in self.service.verdict.findings()]

    def only(self, kind: str) -> Any:
        """Return the finding, of which there is one and of this kind."""
        (finding,) = self.service.verdict.findings()
        assert finding.kind == kind
        assert finding.evidence
        return finding


# A client that does everything well


def test_create_and_poll_is_clean() -> None:
    """Polling once a second until the run has ended is what a client should do."""
    s = Session.of()
    s.create()
    assert s.poll()["status"] == "completed"
    assert s.kinds == []


def test_answering_calls_is_clean() -> None:
    """So are several rounds of looking, submitting once, and looking again."""
    s = Session.of(Schedule(in_progress=[After(1, "requires_action", tools=2)] * 3))
    s.create()
    while s.poll()["status"] == "requires_action":
        s.submit()
    assert s.kinds == []


def test_cancelling_and_polling_to_the_end_is_clean() -> None:
    """The run is read until it is cancelled."""
    s = Session.of(STUCK)
    s.create()
    s.world.advance(3)
    s.cancel()
    assert s.poll()["status"] == "cancelled"
    assert s.kinds == []


def test_cancelling_while_it_asks_for_outputs_is_clean() -> None:
    """To give up the calls of a run is one of the two ways to answer them."""
    s = Session.of(ASKS)
    s.create()
    s.poll()
    s.cancel()
    s.poll()
    assert s.kinds == []


def test_a_cancel_on_the_way_out_is_clean() -> None:
    """A process that stops may cancel its run, see that it was accepted, and leave."""
    s = Session.of(STUCK)
    s.create()
    s.world.advance(3)
    s.cancel()
    assert s.kinds == []
    s.world.advance(5)
    assert s.kinds == []


def test_reading_steps_and_messages_after_the_end_is_clean() -> None:
    """What a run has left behind may be read as often as one likes, and the run itself once more."""
    s = Session.of()
    s.create()
    s.poll()
    for _ in range(5):
        s.send("GET", f"{s.path}/steps")
        s.send("GET", f"/threads/{s.thread}/messages")
        s.list()
    s.retrieve()
    s.send("POST", s.path, {"metadata": {"rated": "yes"}})
    assert s.kinds == []


def test_looking_up_a_finished_run_now_and_then_is_clean() -> None:
    """A page that shows an old run reads it each time it is opened; that is no polling."""
    s = Session.of()
    s.create()
    s.poll()
    for _ in range(5):
        s.world.advance(600)
        s.retrieve()
    assert s.kinds == []


def test_listing_runs_at_start_up_is_clean() -> None:
    """Others' runs, alive or over, are not the client's business, even if it lists them or looks at them."""
    s = Session.of(ASKS)
    s.world.create_run(s.thread, assistant_id=s.assistant)
    s.list()
    s.poll()
    s.list()
    assert s.kinds == []


def test_two_threads_in_parallel_are_clean() -> None:
    """Runs of two threads do not get into each other's way."""
    s = Session.of(ASKS)
    other = Session(s.service, s.world.create_thread(messages=[USER]).id, s.assistant)
    for session in (s, other):
        session.create()
    for session in (other, s):
        session.poll()
        session.submit()
    for session in (s, other):
        session.poll()
    assert s.kinds == []


def test_reading_a_stream_to_its_end_is_clean() -> None:
    """A stream shows the end of a run; where it stops for tool outputs, the submit has one of its own."""
    s = Session.of(ASKS)
    s.drain(s.create(stream=True))
    s.list()
    s.retrieve()
    s.drain(s.submit(stream=True))
    s.retrieve()
    assert s.world.run(s.run).is_terminal
    assert s.kinds == []


def test_a_broken_stream_may_be_followed_by_polling() -> None:
    """The run goes on without its stream, and whoever polls it to its end has lost nothing."""
    s = Session.of(None, FaultRule(Net("cut_stream", events=3), operation="create_run"))
    stream = s.create(stream=True)
    stream.take()
    s.list()
    s.poll()
    assert s.kinds == []


def test_a_lost_creation_may_be_found_by_listing() -> None:
    """A client that looks before it creates again finds its run."""
    s = Session.of(None, FaultRule(Net("lose_response"), operation="create_run"))
    s.create()
    s.list()
    s.poll()
    assert s.kinds == []


def test_a_lock_may_be_met_once() -> None:
    """Two of a client's threads meet; the one that is refused waits for the run that holds the lock."""
    s = Session.of()
    s.create()
    s.say()
    s.poll()
    s.say()
    s.create()
    s.poll()
    assert s.kinds == []


def test_somebody_elses_lock_is_not_the_clients_fault() -> None:
    """To be refused because of a run that others left behind is no fault."""
    s = Session.of(STUCK)
    s.world.create_run(s.thread, assistant_id=s.assistant)
    assert "error" in s.create()
    assert "error" in s.say()
    assert s.kinds == []


def test_what_is_repeated_because_an_answer_was_lost_is_clean() -> None:
    """A submit and a cancel whose answers were lost are sent again: the client cannot know."""
    lost = [FaultRule(Net("reset_after"), operation=o, nth=1) for o in ("submit_tool_outputs", "cancel_run")]
    s = Session.of(ASKS, *lost)
    s.create()
    s.poll()
    s.submit()
    s.submit()
    s.cancel()
    s.cancel()
    s.poll()
    assert s.kinds == []


def test_an_answer_that_comes_too_late_may_not_have_been_heard() -> None:
    """A client that gave up waiting sends the submit again, and looks once more at how the run ended."""
    late = [FaultRule(Net("delay", seconds=60), operation="submit_tool_outputs", nth=1)]
    s = Session.of(ASKS, *late, FaultRule(Net("delay", seconds=60), operation="retrieve_run", nth=(4, 5)))
    s.create()
    s.poll()
    s.submit()
    s.submit()
    s.world.advance(5)
    for _ in range(4):
        s.retrieve()
    assert s.kinds == []


def test_outputs_that_come_too_late_are_no_neglect() -> None:
    """A tool may take longer than the run has: the client did come back with its outputs."""
    s = Session.of(ASKS)
    s.create()
    s.poll()
    s.world.advance(700)
    assert "expired" in s.submit()["error"]["message"]
    s.retrieve()
    assert s.kinds == []


def test_a_run_that_asks_just_before_it_expires_is_not_held_against_the_client() -> None:
    """Nobody can answer within a second."""
    s = Session.of(Schedule(in_progress=[After(597, "requires_action", tools=1)]))
    s.create()
    s.world.advance(599)
    assert s.poll()["status"] == "requires_action"
    s.world.advance(2)
    assert s.poll()["status"] == "expired"
    assert s.kinds == []


@pytest.mark.parametrize("progression", ["time", "poll", "immediate"])
@pytest.mark.slow
def test_the_official_client_is_clean(progression: str) -> None:
    """The helpers of the SDK, which poll and stream, give no findings, however time goes on."""
    world = World(
        VirtualClock(BORN),
        progression=progression,  # type: ignore[arg-type]  # one of three literals
        service_policy=ServicePolicy(poll_after_ms=0),
        schedule=ASKS,
    )
    service = Service(world)
    assistant = world.create_assistant(model="gpt-4o", tools=TOOLS)

    class Handler(AssistantEventHandler):
        """Answers calls from within a stream, as the SDK's README does."""

        def on_event(self, event: Any) -> None:
            if event.event != "thread.run.requires_action":
                return
            calls = event.data.required_action.submit_tool_outputs.tool_calls
            with runs.submit_tool_outputs_stream(
                run_id=event.data.id,
                thread_id=event.data.thread_id,
                tool_outputs=[{"tool_call_id": call.id, "output": "1"} for call in calls],
                event_handler=Handler(),
            ) as answer:
                answer.until_done()

    with OpenAI(api_key="sk-none", max_retries=0, http_client=sync_client(service)) as client:
        runs = client.beta.threads.runs
        thread = world.create_thread(messages=[USER])
        with runs.stream(thread_id=thread.id, assistant_id=assistant.id, event_handler=Handler()) as stream:
            stream.until_done()
        if progression != "time":  # there, nothing moves a virtual clock between two polls
            run = runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
            assert run.required_action is not None
            calls = run.required_action.submit_tool_outputs.tool_calls
            outputs: Any = [{"tool_call_id": call.id, "output": "1"} for call in calls]
            run = runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=thread.id, tool_outputs=outputs)
            assert run.status == "completed"
            runs.retrieve(run.id, thread_id=thread.id)
    assert service.verdict.findings() == []
    assert service.verdict.to_json()["runs"] == (1 if progression == "time" else 2)


# What it can do wrong with a run that has ended


def test_polling_a_run_that_has_ended_is_found() -> None:
    """One look more is forgiven, the second is polling; the evidence begins with what showed the end."""
    s = Session.of()
    s.create()
    s.poll()
    s.retrieve()
    assert s.kinds == []
    s.retrieve()
    finding = s.only("polled_terminal_run")
    assert (finding.run_id, finding.thread_id) == (s.run, s.thread)
    assert "polled twice after" in finding.says
    assert "completed" in finding.says
    assert [call.words for call in finding.evidence] == ["completed"] * 3


def test_the_evidence_of_a_long_fault_is_short() -> None:
    """Of a thousand polls it keeps the first few and the last, and the sentence says how many there were."""
    s = Session.of()
    s.create()
    s.poll()
    for _ in range(1_000):
        s.retrieve()
    finding = s.only("polled_terminal_run")
    assert "1000 times" in finding.says
    assert len(finding.evidence) <= 5
    assert finding.evidence[-1].number == len(s.service.log.entries())


def test_a_client_that_does_not_know_incomplete_is_found() -> None:
    """The loop of an old client, which takes an incomplete run for a live one, has a kind of its own."""
    s = Session.of(CUT)
    s.create()
    s.poll()
    for _ in range(10):
        s.world.advance(1)
        s.retrieve()
    s.cancel()
    finding = s.only("ignored_incomplete")
    assert "11 times" in finding.says
    assert "incomplete_details" in finding.says


def test_a_lost_end_was_not_shown() -> None:
    """A poll whose answer was lost may be repeated, and a look after that is still one look."""
    lost: Any = enumerate(["malformed", "reset_after"], 1)
    rules = [FaultRule(Net(kind), operation="retrieve_run", nth=nth) for nth, kind in lost]
    s = Session.of(None, *rules)
    s.create()
    s.world.advance(5)
    for _ in range(4):
        s.retrieve()
    assert s.kinds == []


def test_cancelling_a_run_that_is_known_to_have_ended_is_found() -> None:
    """A client that was shown the end has nothing to cancel; one that was not could not know."""
    s = Session.of()
    s.create()
    s.world.advance(5)
    s.cancel()
    assert s.kinds == []
    s.retrieve()
    s.cancel()
    assert s.only("changed_terminal_run").evidence[-1].words.startswith("Cannot cancel run")


def test_a_refusal_that_names_the_end_shows_it() -> None:
    """A client whose cancel is refused because the run is over knows that it is, and may leave."""
    s = Session.of()
    s.create()
    s.world.advance(5)
    s.cancel()
    assert s.kinds == []


# What it can do wrong with a run that is alive


def frozen_session(**options: Any) -> tuple[World, Verdict]:
    """Give a World whose clock is the machine's kind and stands still, and a verdict on its clients."""

    class Frozen(SystemClock):
        def now(self) -> float:
            return BORN

    world = World(Frozen(), **options)
    return world, Verdict(world)


def reads(world: World, verdict: Verdict, gaps: Sequence[float]) -> None:
    """Create a run, and read it at times that are so far apart."""
    assistant = world.create_assistant(model="gpt-4o")
    thread = world.create_thread(messages=[USER])
    run = world.create_run(thread.id, assistant_id=assistant.id)
    moment = 0.0
    for number, gap in enumerate([0.0, *gaps], 1):
        moment += gap
        verdict.answered(
            Exchange(
                number=number,
                at=BORN,
                real_at=moment,
                method="GET",
                path=f"/v1/threads/{thread.id}/runs/{run.id}",
                digest="",
                operation="retrieve_run",
                ids={"thread_id": thread.id, "run_id": run.id},
                status=200,
                answer=run.to_json(),
            )
        )


def test_polling_without_a_pause_is_found() -> None:
    """Ten reads in a row, each within a tenth of a second of the one before, and none with news."""
    world, verdict = frozen_session()
    reads(world, verdict, [0.002] * 10)
    (finding,) = verdict.findings()
    assert finding.kind == "hot_polled"
    assert "10 times" in finding.says


@pytest.mark.parametrize(
    "gaps", [[0.002] * 9, [0.25] * 50, ([0.002] * 8 + [1.0]) * 5], ids=["few", "paused", "bursts"]
)
def test_some_reads_in_a_row_are_no_hot_polling(gaps: list[float]) -> None:
    """Few reads, or a pause now and then, are not held against the client."""
    world, verdict = frozen_session()
    reads(world, verdict, gaps)
    assert verdict.findings() == []


def test_hot_polling_is_remembered_when_the_client_slows_down() -> None:
    """It is found however the client goes on."""
    world, verdict = frozen_session()
    reads(world, verdict, [*[0.002] * 20, *[1.0] * 20])
    assert [finding.kind for finding in verdict.findings()] == ["hot_polled"]


@pytest.mark.parametrize(
    ("options", "gap", "hot"),
    [
        ({"service_policy": ServicePolicy(poll_after_ms=0)}, 0.0, False),
        ({"service_policy": ServicePolicy(poll_after_ms=20)}, 0.018, False),
        ({"service_policy": ServicePolicy(poll_after_ms=20)}, 0.002, True),
        ({"service_policy": ServicePolicy(poll_after_ms=5_000)}, 0.05, True),
        ({"progression": "poll"}, 0.002, False),
    ],
)
def test_a_service_may_ask_to_be_polled_fast(options: dict[str, Any], gap: float, hot: bool) -> None:
    """Who polls as openai-poll-after-ms says, or where polls move the run, polls as wanted."""
    world, verdict = frozen_session(**options)
    reads(world, verdict, [gap] * 50)
    assert [finding.kind for finding in verdict.findings()] == ["hot_polled"] * hot


def test_on_a_virtual_clock_nothing_is_too_fast() -> None:
    """There, the machine's time means nothing."""
    s = Session.of(STUCK)
    s.create()
    for _ in range(50):
        s.retrieve()
    s.cancel()
    assert s.kinds == []


def test_a_run_that_still_waits_for_outputs_is_found() -> None:
    """A client that saw what it was asked for, and left, locks its thread for ten minutes."""
    s = Session.of(ASKS)
    s.create()
    s.poll()
    assert "still waits" in s.only("left_in_requires_action").says
    s.world.advance(700)
    assert "until it expired" in s.only("left_in_requires_action").says


def test_polling_on_until_a_run_expires_that_asks_for_outputs_is_found() -> None:
    """A loop that does not know requires_action looks busy, and gives nothing."""
    s = Session.of(ASKS)
    s.create()
    s.poll(*TERMINAL)
    assert "until it expired" in s.only("left_in_requires_action").says


def test_a_stream_that_ends_with_a_question_is_not_the_end() -> None:
    """A client that takes the end of its stream for the end of the run is found."""
    s = Session.of(ASKS)
    s.drain(s.create(stream=True))
    assert s.only("left_in_requires_action").evidence[-1].words.startswith("thread.run.requires_action")


def test_submitting_again_what_was_answered_is_found() -> None:
    """The client was shown that its outputs were accepted, and sends them again."""
    s = Session.of(ASKS)
    s.create()
    s.poll()
    s.submit()
    s.submit()
    s.poll()
    finding = s.only("submitted_twice")
    assert [call.status for call in finding.evidence] == [200, 400]


def test_a_look_shows_that_outputs_arrived() -> None:
    """A client whose submit got no answer, and that then saw the run go on, has no reason to repeat it."""
    s = Session.of(ASKS, FaultRule(Net("lose_response"), operation="submit_tool_outputs", nth=1))
    s.create()
    s.poll()
    s.submit()
    s.retrieve()
    s.submit()
    s.poll()
    assert s.kinds == ["submitted_twice"]


def test_submitting_a_part_of_the_outputs_is_found() -> None:
    """All the calls of a round are answered at once."""
    s = Session.of(ASKS)
    s.create()
    s.poll()
    both, s.outputs = s.outputs, s.outputs[:1]
    s.submit()
    s.outputs = both
    s.submit()
    s.poll()
    assert "Expected tool outputs" in s.only("mismatched_tool_outputs").evidence[-1].words


def test_cancelling_twice_is_found() -> None:
    """The first cancel was accepted, and the client was told."""
    s = Session.of(STUCK)
    s.create()
    s.world.advance(3)
    s.cancel()
    s.cancel()
    s.poll()
    assert "'cancelling'" in s.only("cancelled_twice").evidence[-1].words


# Runs that are left behind


def test_a_run_that_is_left_alive_is_found() -> None:
    """It locks its thread, and nobody looks."""
    s = Session.of(STUCK)
    s.create()
    s.world.advance(3)
    s.retrieve()
    finding = s.only("kept_thread_locked")
    assert "was left in_progress" in finding.says
    assert s.thread in finding.says


def test_a_run_whose_thread_is_deleted_locks_nothing_and_is_lost() -> None:
    """Nobody will see how it ends."""
    s = Session.of(STUCK)
    s.create()
    s.send("DELETE", f"/threads/{s.thread}")
    assert s.kinds == ["lost_run"]


def test_a_run_whose_end_nobody_saw_is_lost() -> None:
    """To create a run, wait, and read the messages is to hope."""
    s = Session.of()
    s.create()
    s.world.advance(10)
    s.send("GET", f"/threads/{s.thread}/messages")
    assert "never shown how" in s.only("lost_run").says


def test_a_stream_that_was_left_early_loses_the_run() -> None:
    """Closing a stream does not end the run."""
    s = Session.of()
    stream = s.create(stream=True)
    stream.take()
    stream.close()
    s.world.advance(10)
    assert s.kinds == ["lost_run"]


def test_a_run_whose_creation_was_lost_and_that_nobody_looked_for_is_lost() -> None:
    """The client cannot know its id; it can list the runs of the thread."""
    s = Session.of(None, FaultRule(Net("lose_response"), operation="create_run"))
    s.create()
    finding = s.only("lost_run")
    assert "list the runs" in finding.says
    assert "[lose_response]" in finding.evidence[0].words


@pytest.mark.parametrize("net", [Net("lose_response"), Net("refuse"), Net("cut_stream", events=0)])
def test_a_run_may_come_to_be_though_its_creation_shows_nothing(net: Net) -> None:
    """A stream that never comes, or a refusal too late, leaves a run that the client knows nothing of."""
    s = Session.of()
    events = s.world.stream_run(s.thread, assistant_id=s.assistant)
    s.service.verdict.answered(
        Exchange(
            number=1,
            at=BORN,
            real_at=0.0,
            method="POST",
            path=f"/v1/threads/{s.thread}/runs",
            digest="",
            operation="create_run",
            ids={"thread_id": s.thread},
            status=200 if net.kind != "refuse" else 500,
            net=net,
            run_id=events.run_id,
            thread_id=events.thread_id,
        )
    )
    assert s.only("lost_run").run_id == events.run_id
    s.list()
    s.poll()
    assert s.kinds == []


def test_creating_again_without_looking_is_found() -> None:
    """A client that repeats its POST blindly has two runs, and knows of one."""
    s = Session.of(None, FaultRule(Net("reset_after"), operation="create_thread_and_run", nth=1))
    body = {"assistant_id": s.assistant, "thread": {"messages": [USER]}}
    s.send("POST", "/threads/runs", body)
    second = s.send("POST", "/threads/runs", body)
    s.run, s.thread = second["id"], second["thread_id"]
    s.poll()
    finding = s.only("duplicate_run")
    assert finding.run_id != s.run
    assert [call.number for call in finding.evidence] == [1, 2]


def test_a_cancel_that_is_not_awaited_meets_its_own_lock() -> None:
    """To cancel and start anew at once is refused, as long as the cancel has not taken effect."""
    s = Session.of(STUCK)
    s.create()
    s.world.advance(3)
    s.cancel()
    assert "already has an active run" in s.create()["error"]["message"]
    finding = s.only("kept_thread_locked")
    assert finding.evidence[-1].status == 400
    s.poll()
    assert s.kinds == [], "it did wait, in the end"


@pytest.mark.parametrize("ours", [True, False])
def test_hammering_on_a_lock_is_found(ours: bool) -> None:
    """To try again and again, with no look at who holds the lock, is found, even if it opens in the end."""
    s = Session.of(STUCK)
    if ours:
        s.create()
    else:
        s.run = s.world.create_run(s.thread, assistant_id=s.assistant).id
    for _ in range(5):
        s.say()
    s.world.advance(700)
    s.retrieve()
    assert "5 times" in s.only("kept_thread_locked").says


def test_a_run_that_the_world_has_forgotten_has_ended() -> None:
    """A bounded World forgets finished runs; one whose end was not shown is lost all the same."""
    s = Session.of(keep=1)
    s.create()
    s.world.advance(10)
    for _ in range(3):
        thread = s.world.create_thread(messages=[USER])
        s.world.create_run(thread.id, assistant_id=s.assistant)
        s.world.advance(10)
    assert s.kinds == ["lost_run"]


# Requests that are no good


def test_malformed_requests_are_found_once_each() -> None:
    """Of one fault there is one finding, however often it is made; state conflicts are no such faults."""
    s = Session.of()
    for _ in range(3):
        s.create(tepid=True)
    s.send("POST", "/threads", {"metadata": {"a": 1}})
    s.service.handle(Request("POST", "/v1/threads", "", BETA, b"{"))
    s.service.handle(Request("POST", "/v1/threads", "", {}, b"{}"))
    s.send("GET", "/threads/nonsense")
    found = s.service.verdict.findings()
    assert {finding.kind for finding in found} == {FindingKind.MALFORMED_REQUEST}
    assert [len(finding.evidence) for finding in found] == [3, 1, 1, 1, 1]
    assert "create_run was refused 3 times" in found[0].says
    assert "Unknown parameter: 'tepid'" in found[0].says


def test_what_is_missing_or_in_the_wrong_state_is_not_malformed() -> None:
    """To ask for what is not there, or for a run on an empty thread, is a question with an answer."""
    s = Session.of()
    s.send("GET", "/threads/thread_none")
    s.send("GET", "/nowhere")
    empty = s.world.create_thread()
    s.send("POST", f"/threads/{empty.id}/runs", {"assistant_id": s.assistant})
    assert s.kinds == []


def test_calls_that_never_came_to_the_service_are_nobodys_fault() -> None:
    """A refusal with a 429, and a connection that breaks at once, have no effect."""
    first = FaultRule(Net("refuse", status=429, retry_after=1), operation="create_run", nth=1)
    s = Session.of(None, first, FaultRule(Net("reset_before"), operation="create_run", nth=2))
    s.create()
    s.create()
    assert s.kinds == []
    assert s.service.verdict.to_json()["runs"] == 0


# What it says


def test_the_verdict_is_json_and_text() -> None:
    """Both say what was found, and about how much."""
    s = Session.of(CUT)
    verdict = s.service.verdict
    assert verdict.to_json() == {"clean": True, "calls": 0, "runs": 0, "findings": []}
    assert verdict.to_text() == "verdict: no findings in 0 calls and 0 new runs\n"
    s.create()
    s.world.advance(5)
    for _ in range(3):
        s.retrieve()

    said = json.loads(json.dumps(verdict.to_json()))
    assert (said["clean"], said["calls"], said["runs"]) == (False, 4, 1)
    (finding,) = said["findings"]
    assert list(finding) == ["kind", "run_id", "thread_id", "says", "evidence"]
    assert finding["evidence"][0] == {
        "number": 2,
        "at": BORN + 5,
        "method": "GET",
        "path": f"/v1{s.path}",
        "status": 200,
        "words": "incomplete",
    }
    lines = verdict.to_text().splitlines()
    assert lines[0] == "verdict: 1 finding in 4 calls and 1 new run"
    assert lines[2] == "1. ignored_incomplete"
    assert f"   #2        +5.00 s  GET /v1{s.path}" in lines
    assert all(len(line) <= 100 for line in lines if "/v1/" not in line)


def test_findings_are_in_the_order_in_which_they_began() -> None:
    """And the same twice: to ask changes nothing."""
    s = Session.of(STUCK)
    s.create(tepid=1)
    s.create()
    s.send("POST", "/threads", {"tepid": 1})
    assert s.kinds == s.kinds == ["malformed_request", "kept_thread_locked", "malformed_request"]


def test_a_new_session_begins_with_nothing() -> None:
    """After a reset, what was before is forgotten, also of runs that are alive."""
    s = Session.of(STUCK)
    s.create()
    s.create(tepid=1)
    s.service.verdict.reset()
    assert s.service.verdict.to_json() == {"clean": True, "calls": 0, "runs": 0, "findings": []}


def test_what_strangers_send_does_no_harm_in_a_terminal() -> None:
    """Control characters are shown as such, and what is long is cut."""
    assert printable("a\x1b[31mb\nc") == "a�[31mb�c"
    assert len(printable("x" * 10_000)) < 500
    s = Session.of()
    s.send("POST", "/threads", {"\x1b[2J" + "x" * 10_000: 1})
    assert "\x1b" not in s.service.verdict.to_text()
    assert len(s.service.verdict.to_text()) < 2_000


def test_memory_is_bounded() -> None:
    """Of runs long ago only the findings are kept, and as many of these as of runs."""
    s = Session.of()
    s.service.verdict = verdict = Verdict(s.world, keep=3)
    s.service.observers[1] = verdict
    for number in range(10):
        s.create(metadata={"n": str(number)})
        s.poll()
        s.retrieve()
        s.retrieve()
    assert len(s.kinds) == 6
    assert len(verdict._runs) == 3
    for number in range(10):
        s.create(**{f"tepid{number}": 1})
    assert Counter(s.kinds) == {"polled_terminal_run": 6, "malformed_request": 3}
    with pytest.raises(MisuseError, match="1 or more"):
        Verdict(s.world, keep=0)


def test_runs_whose_end_is_still_to_be_seen_are_followed() -> None:
    """A client that waits for more runs than are kept is not said to have lost any of them."""
    s = Session.of()
    s.service.observers[1] = s.service.verdict = Verdict(s.world, keep=10)
    threads = [s.world.create_thread(messages=[USER]).id for _ in range(15)]
    sessions = [Session(s.service, thread, s.assistant) for thread in threads]
    for session in sessions:
        session.create()
    for session in sessions:
        session.retrieve()
    s.world.advance(5)
    for session in sessions:
        session.retrieve()
    for _ in range(10):
        s.list()
    assert s.kinds == []
    assert len(s.service.verdict._runs) == 10


def test_runs_that_nobody_looked_at_again_take_no_memory_for_ever() -> None:
    """Of runs that were lost long ago, it knows that they were."""
    s = Session.of()
    s.service.observers[1] = s.service.verdict = Verdict(s.world, keep=3)
    for _ in range(20):
        s.create()
        s.world.advance(5)
    assert len(s.service.verdict._runs) <= 7
    assert set(s.kinds) == {"lost_run"}


def test_a_run_that_is_left_and_hammered_on_is_found_for_both() -> None:
    """That it waits for outputs is why its lock does not open."""
    s = Session.of(ASKS)
    s.create()
    s.poll()
    for _ in range(3):
        s.say()
    assert sorted(s.kinds) == ["kept_thread_locked", "left_in_requires_action"]


def test_findings_may_be_asked_for_while_calls_are_made() -> None:
    """Another thread may read the verdict at any moment."""
    s = Session.of()
    asked: list[int] = []

    def ask() -> None:
        asked.extend(len(s.service.verdict.to_json()["findings"]) for _ in range(50))

    threads = [Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        s.create()
        s.poll()
    for thread in threads:
        thread.join()
    assert len(asked) == 150
    assert s.kinds == []


# Our own driver


@define
class ServiceBackend:
    """A backend over a service, in plain HTTP and without a socket."""

    session: Session

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.session.send(method, path, body)
        if answer is None:
            raise UnavailableError("lost")
        if "error" in answer:
            raise error_from_status(400, answer["error"]["message"])
        return answer

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        body = {"assistant_id": assistant_id, **overrides}
        return RunView.from_json(self._send("POST", f"/threads/{thread_id}/runs", body))

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        return RunView.from_json(self._send("GET", f"/threads/{thread_id}/runs/{run_id}"))

    def list_runs(self, thread_id: str) -> Sequence[RunView]:
        return [RunView.from_json(run) for run in self._send("GET", f"/threads/{thread_id}/runs")["data"]]

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        body = {"tool_outputs": [output.to_json() for output in outputs]}
        path = f"/threads/{thread_id}/runs/{run_id}/submit_tool_outputs"
        return RunView.from_json(self._send("POST", path, body))

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        return RunView.from_json(self._send("POST", f"/threads/{thread_id}/runs/{run_id}/cancel"))

    def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        return reply_texts(self._send("GET", f"/threads/{thread_id}/messages")["data"], run_id)


DELAYS = st.sampled_from([0.0, 0.5, 1.0, 3.0, 20.0, 299.0, 590.0, 600.0, NEVER])


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Draw what the server does: a few rounds of calls, and deviations from all going well."""
    lists: dict[str, list[After]] = {status.value: [] for status in RUN.live}
    rounds = draw(st.integers(0, 3))
    lists["in_progress"] = [
        After(draw(st.sampled_from([0.0, 1.0, 20.0, 299.0])), "requires_action", tools=1 + n)
        for n in range(rounds)
    ]
    for _ in range(draw(st.integers(0, 2))):
        status = draw(st.sampled_from(RUN.live))
        rows = [row for row in RUN.transitions if row.source is status and row.cause is Cause.SERVER]
        delay = draw(DELAYS)
        targets = [None, *dict.fromkeys(row.target for row in rows)]
        after = After(NEVER) if not rows or delay == NEVER else After(delay, draw(st.sampled_from(targets)))
        lists[status.value].insert(draw(st.integers(0, 2)), after)
    return Schedule(**lists)


def played(
    schedule: Schedule, faults: Sequence[FaultRule], *, cancel: bool = False, **options: Any
) -> tuple[Outcome, Session]:
    """Drive a run through a service; return how it ended, and the session."""
    s = Session.of(schedule, *faults)
    driver = Driver(
        ServiceBackend(s),
        s.thread,
        s.assistant,
        tools={"count": lambda: "1"},
        new_key=lambda: "the key",
        clock=s.world.clock,
        sleep=lambda seconds: (s.world.advance(seconds), cancel and driver.cancel()),
        **options,
    )
    return driver.run(), s


@pytest.mark.slow
@given(schedule=schedules(), cancel=st.booleans())
def test_our_own_driver_is_clean(schedule: Schedule, cancel: bool) -> None:
    """Whatever the server does, a driven run gives no findings, also when its caller cancels it."""
    outcome, s = played(schedule, (), cancel=cancel, grace=700.0)
    note(s.service.verdict.to_text())
    assert not isinstance(outcome, Abandoned)
    assert s.kinds == []


KINDS = st.sampled_from(["lose_response", "reset_after", "reset_before", "malformed"])
OPERATIONS = st.sampled_from(
    ["create_run", "retrieve_run", "list_runs", "submit_tool_outputs", "cancel_run", "list_messages"]
)


@pytest.mark.slow
@given(
    schedule=schedules(),
    struck=st.lists(st.tuples(KINDS, OPERATIONS, st.integers(1, 3)), min_size=1, max_size=4),
    cancel=st.booleans(),
)
def test_our_own_driver_is_clean_on_a_bad_network(
    schedule: Schedule, struck: list[tuple[Any, str, int]], cancel: bool
) -> None:
    """Whatever is lost besides, a run that is driven to its end gives no findings."""
    faults = [FaultRule(Net(kind), operation=operation, nth=nth) for kind, operation, nth in struck]
    outcome, s = played(schedule, faults, cancel=cancel, grace=700.0)
    note(s.service.verdict.to_text())
    if not isinstance(outcome, Abandoned):
        assert s.kinds == []


def test_the_driver_leaves_a_run_only_when_told() -> None:
    """A run that its caller abandons is found: somebody has to look at it."""
    _, s = played(STUCK, (), deadline=5.0, on_deadline="leave")
    assert s.kinds == ["kept_thread_locked"]
