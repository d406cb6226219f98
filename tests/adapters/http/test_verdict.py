"""The verdict on clients that do everything well: there is nothing to find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from openai import AssistantEventHandler, OpenAI

from runlife import VirtualClock
from runlife_adapters.http import Service, sync_client
from runlife_adapters.http.faults import FaultRule
from runlife_adapters.memory import NEVER, After, Schedule, World
from runlife_adapters.memory.net import Net
from runlife_adapters.memory.service_policy import ServicePolicy

if TYPE_CHECKING:
    from .conftest import Opening

pytestmark = pytest.mark.usefixtures("no_observer_fails")

BORN = 1_700_000_000.0
USER: Any = {"role": "user", "content": "Hello"}
TOOLS: Any = [{"type": "function", "function": {"name": "count"}}]
ASKS = Schedule(in_progress=[After(1, "requires_action", tools=2)])
STUCK = Schedule(in_progress=[After(NEVER)])


def test_create_and_poll_is_clean(open_session: Opening) -> None:
    """Polling once a second until the run has ended is what a client should do."""
    s = open_session()
    s.create()
    assert s.poll()["status"] == "completed"
    assert s.kinds == []


def test_answering_calls_is_clean(open_session: Opening) -> None:
    """So are several rounds of looking, submitting once, and looking again."""
    s = open_session(Schedule(in_progress=[After(1, "requires_action", tools=2)] * 3))
    s.create()
    while s.poll()["status"] == "requires_action":
        s.submit()
    assert s.kinds == []


def test_cancelling_and_polling_to_the_end_is_clean(open_session: Opening) -> None:
    """The run is read until it is cancelled."""
    s = open_session(STUCK)
    s.create()
    s.world.advance(3)
    s.cancel()
    assert s.poll()["status"] == "cancelled"
    assert s.kinds == []


def test_cancelling_while_it_asks_for_outputs_is_clean(open_session: Opening) -> None:
    """To give up the calls of a run is one of the two ways to answer them."""
    s = open_session(ASKS)
    s.create()
    s.poll()
    s.cancel()
    s.poll()
    assert s.kinds == []


def test_a_cancel_on_the_way_out_is_clean(open_session: Opening) -> None:
    """A process that stops may cancel its run, see that it was accepted, and leave."""
    s = open_session(STUCK)
    s.create()
    s.world.advance(3)
    s.cancel()
    assert s.kinds == []
    s.world.advance(5)
    assert s.kinds == []


def test_reading_steps_and_messages_after_the_end_is_clean(open_session: Opening) -> None:
    """What a run has left behind may be read as often as one likes, and the run itself once more."""
    s = open_session()
    s.create()
    s.poll()
    for _ in range(5):
        s.send("GET", f"{s.path}/steps")
        s.send("GET", f"/threads/{s.thread}/messages")
        s.list()
    s.retrieve()
    s.send("POST", s.path, {"metadata": {"rated": "yes"}})
    assert s.kinds == []


def test_looking_up_a_finished_run_now_and_then_is_clean(open_session: Opening) -> None:
    """A page that shows an old run reads it each time it is opened; that is no polling."""
    s = open_session()
    s.create()
    s.poll()
    for _ in range(5):
        s.world.advance(600)
        s.retrieve()
    assert s.kinds == []


def test_listing_runs_at_start_up_is_clean(open_session: Opening) -> None:
    """Others' runs, alive or over, are not the client's business, even if it lists them or looks at them."""
    s = open_session(ASKS)
    s.world.create_run(s.thread, assistant_id=s.assistant)
    s.list()
    s.poll()
    s.list()
    assert s.kinds == []


def test_two_threads_in_parallel_are_clean(open_session: Opening) -> None:
    """Runs of two threads do not get into each other's way."""
    s = open_session(ASKS)
    other = s.beside(s.world.create_thread(messages=[USER]).id)
    for session in (s, other):
        session.create()
    for session in (other, s):
        session.poll()
        session.submit()
    for session in (s, other):
        session.poll()
    assert s.kinds == []


def test_reading_a_stream_to_its_end_is_clean(open_session: Opening) -> None:
    """A stream shows the end of a run; where it stops for tool outputs, the submit has one of its own."""
    s = open_session(ASKS)
    s.drain(s.create(stream=True))
    s.list()
    s.retrieve()
    s.drain(s.submit(stream=True))
    s.retrieve()
    assert s.world.run(s.run).is_terminal
    assert s.kinds == []


def test_a_broken_stream_may_be_followed_by_polling(open_session: Opening) -> None:
    """The run goes on without its stream, and whoever polls it to its end has lost nothing."""
    s = open_session(None, FaultRule(Net("cut_stream", events=3), operation="create_run"))
    stream = s.create(stream=True)
    stream.take()
    s.list()
    s.poll()
    assert s.kinds == []


def test_a_lost_creation_may_be_found_by_listing(open_session: Opening) -> None:
    """A client that looks before it creates again finds its run."""
    s = open_session(None, FaultRule(Net("lose_response"), operation="create_run"))
    s.create()
    s.list()
    s.poll()
    assert s.kinds == []


def test_a_lock_may_be_met_once(open_session: Opening) -> None:
    """Two of a client's threads meet; the one that is refused waits for the run that holds the lock."""
    s = open_session()
    s.create()
    s.say()
    s.poll()
    s.say()
    s.create()
    s.poll()
    assert s.kinds == []


def test_somebody_elses_lock_is_not_the_clients_fault(open_session: Opening) -> None:
    """To be refused because of a run that others left behind is no fault."""
    s = open_session(STUCK)
    s.world.create_run(s.thread, assistant_id=s.assistant)
    assert "error" in s.create()
    assert "error" in s.say()
    assert s.kinds == []


def test_what_is_repeated_because_an_answer_was_lost_is_clean(open_session: Opening) -> None:
    """A submit and a cancel whose answers were lost are sent again: the client cannot know."""
    lost = [FaultRule(Net("reset_after"), operation=o, nth=1) for o in ("submit_tool_outputs", "cancel_run")]
    s = open_session(ASKS, *lost)
    s.create()
    s.poll()
    s.submit()
    s.submit()
    s.cancel()
    s.cancel()
    s.poll()
    assert s.kinds == []


def test_an_answer_that_comes_too_late_may_not_have_been_heard(open_session: Opening) -> None:
    """A client that gave up waiting sends the submit again, and looks once more at how the run ended."""
    late = [FaultRule(Net("delay", seconds=60), operation="submit_tool_outputs", nth=1)]
    s = open_session(ASKS, *late, FaultRule(Net("delay", seconds=60), operation="retrieve_run", nth=(4, 5)))
    s.create()
    s.poll()
    s.submit()
    s.submit()
    s.world.advance(5)
    for _ in range(4):
        s.retrieve()
    assert s.kinds == []


def test_outputs_that_come_too_late_are_no_neglect(open_session: Opening) -> None:
    """A tool may take longer than the run has: the client did come back with its outputs."""
    s = open_session(ASKS)
    s.create()
    s.poll()
    s.world.advance(700)
    assert "expired" in s.submit()["error"]["message"]
    s.retrieve()
    assert s.kinds == []


def test_a_run_that_asks_just_before_it_expires_is_not_held_against_the_client(open_session: Opening) -> None:
    """Nobody can answer within a second."""
    s = open_session(Schedule(in_progress=[After(597, "requires_action", tools=1)]))
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
