"""Runs on the Responses API: driven to every end, shown as runs, on threads of both kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from runlife import RUN, RunStepStatus, ToolOutput
from runlife_adapters.backend import RejectedError, UnavailableError
from runlife_adapters.drive import Completed, Driver, Expired, Incomplete, drive, drive_async
from runlife_adapters.memory import NEVER, After, Schedule
from runlife_adapters.traces import Observer

Stands = Callable[..., Any]

TWO_CALLS = Schedule(in_progress=[After(1, "requires_action", tools=2)])


def driven(stand: Any, backend: Any, *ids: str, **options: Any) -> Any:
    """Drive a run on virtual time, with a tool that finds something."""
    tools = {"count": lambda: "found"}
    return drive(backend, *ids, tools=tools, clock=stand.world.clock, sleep=stand.world.advance, **options)


# Driven


@pytest.mark.parametrize("mode", ["background", "stream", "foreground"])
@pytest.mark.parametrize("conversation", [False, True])
def test_a_run_is_driven_through_its_calls(stands: Stands, mode: str, conversation: bool) -> None:
    """From the creation over a round of calls to the reply, however responses are created and chained."""
    stand = stands(TWO_CALLS, mode=mode)
    backend = stand.backend()
    ids = stand.scene(backend, conversation=conversation)
    outcome = driven(stand, backend, *ids)
    assert isinstance(outcome, Completed)
    assert outcome.text == "found\nfound"
    assert len(outcome.view.raw["responses"]) == 2


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (After(1, "failed"), "failed"),
        (After(1, "incomplete"), "incomplete"),
        (After(NEVER), "expired"),
        (After(590, "completed"), "completed"),
    ],
)
def test_a_run_ends_as_its_response_does_or_as_the_clock_says(
    stands: Stands, end: After, status: str
) -> None:
    """Failed, cut short, completed at the last moment; and expired, which no response ever is."""
    stand = stands(Schedule(in_progress=[end]))
    backend = stand.backend()
    outcome = driven(stand, backend, *stand.scene(backend))
    assert outcome.status == status
    (response,) = outcome.view.raw["responses"]
    hidden = stand.world.run(stand.world.chain(response))
    assert hidden.status in RUN.terminal, "what nobody waits for goes on costing nothing"


@pytest.mark.parametrize("after", [0.0, 1.5, 4.0])
def test_a_run_is_cancelled_wherever_it_is(stands: Stands, after: float) -> None:
    """Queued, at work, or waiting for outputs that a slow tool computes: it ends cancelled."""
    stand = stands(Schedule(queued=[After(1)], in_progress=[After(1, "requires_action", tools=1)]))
    backend = stand.backend()
    ids = stand.scene(backend)
    view = backend.create_run(*ids)
    stand.world.advance(after)
    backend.retrieve_run(ids[0], view.id)
    cancelled = backend.cancel_run(ids[0], view.id)
    assert cancelled.status == "cancelled"
    with pytest.raises(RejectedError, match="Cannot cancel run with status 'cancelled'"):
        backend.cancel_run(ids[0], view.id)


def test_a_cancel_may_come_too_late(stands: Stands) -> None:
    """The service answers it with what the response ended with: that is what the run ended with."""
    stand = stands(Schedule(in_progress=[After(1, "completed")]))
    backend = stand.backend()
    ids = stand.scene(backend)
    view = backend.create_run(*ids)
    stand.world.advance(5)
    assert backend.cancel_run(ids[0], view.id).status == "completed"


def test_a_cancel_in_flight_ends_a_drive(stands: Stands) -> None:
    """The driver's own cancel works unchanged."""
    stand = stands(Schedule(in_progress=[After(NEVER)]))
    backend = stand.backend()

    def sleep(seconds: float) -> None:
        stand.world.advance(seconds)
        driver.cancel()

    driver = Driver(backend, *stand.scene(backend), clock=stand.world.clock, sleep=sleep)
    assert driver.run().status == "cancelled"


def test_the_budget_is_that_of_all_rounds(stands: Stands) -> None:
    """Each response is told what is left of it; once nothing is, the run is cut short."""
    stand = stands(TWO_CALLS)
    backend = stand.backend()
    ids = stand.scene(backend)
    view = backend.create_run(*ids, max_completion_tokens=20)
    stand.world.advance(5)
    view = backend.retrieve_run(ids[0], view.id)
    outputs = [ToolOutput(call.id, "x") for call in view.required_action or ()]
    backend.submit_tool_outputs(ids[0], view.id, outputs)
    first, second = stand.line.bodies("/responses")
    assert first["max_output_tokens"] == 20
    assert second["max_output_tokens"] == 16  # the least that the service takes
    ids = stand.scene(backend)
    outcome = driven(stand, backend, *ids, overrides={"max_completion_tokens": 1})
    assert isinstance(outcome, Incomplete)
    assert outcome.view.raw["incomplete_details"] == {"reason": "max_completion_tokens"}


def test_a_run_is_driven_through_the_async_client(stands: Stands) -> None:
    """The same, awaited, from more than one event loop."""
    stand = stands(TWO_CALLS)
    backend = stand.async_backend()

    async def count() -> str:
        return "found"

    async def sleep(seconds: float) -> None:
        stand.world.advance(seconds)

    async def main() -> Any:
        thread_id = await backend.create_thread(messages=[{"role": "user", "content": "Hello"}])
        function = {"type": "function", "function": {"name": "count"}}
        assistant_id = await backend.create_assistant(model="gpt-4o", tools=[function])
        tools = {"count": count}
        clock = stand.world.clock
        return await drive_async(backend, thread_id, assistant_id, tools=tools, clock=clock, sleep=sleep)

    for _ in range(2):
        assert asyncio.run(main()).text == "found\nfound"


@pytest.mark.slow
def test_an_observer_finds_nothing_wrong(stands: Stands) -> None:
    """A view is a run as it stood on the wire, so that whatever watches runs watches these."""
    stand = stands(TWO_CALLS)
    backend = stand.backend()
    wrong: list[Any] = []
    observer = Observer(wrong.append, clock=stand.world.clock)
    thread_id, assistant_id = stand.scene(backend)
    view = backend.create_run(thread_id, assistant_id)
    while view.status not in RUN.terminal:
        observer.saw(view)
        stand.world.advance(0.5)
        view = backend.retrieve_run(thread_id, view.id)
    observer.saw(view)
    assert len(observer) == 1
    assert wrong == []


# Threads


def test_the_next_run_goes_on_from_the_last_answer(stands: Stands) -> None:
    """Only what is new is sent; what was said before, the service knows by the response before."""
    stand = stands()
    backend = stand.backend()
    ids = stand.scene(backend)
    first = driven(stand, backend, *ids)
    backend.create_message(ids[0], content="And now?")
    driven(stand, backend, *ids)
    one, two = stand.line.bodies("/responses")
    assert [item["content"] for item in one["input"]] == ["Hello"]
    assert two["previous_response_id"] == first.view.raw["responses"][-1]
    assert [item["content"] for item in two["input"]] == ["And now?"]


def test_a_run_that_did_not_complete_leaves_what_was_said(stands: Stands) -> None:
    """The next one begins where it began, with its messages: nobody can go on from an open call."""
    stand = stands()
    backend = stand.backend()
    ids = stand.scene(backend)
    stand.world.script(TWO_CALLS)
    view = backend.create_run(*ids)
    stand.world.advance(5)
    assert backend.retrieve_run(ids[0], view.id).status == "requires_action"
    backend.cancel_run(ids[0], view.id)
    backend.create_message(ids[0], content="And now?")
    assert driven(stand, backend, *ids).status == "completed"
    last = stand.line.bodies("/responses")[-1]
    assert "previous_response_id" not in last
    assert [item["content"] for item in last["input"]] == ["Hello", "And now?"]


def test_a_conversation_is_rid_of_calls_that_nobody_answers(stands: Stands) -> None:
    """Else the service would refuse every later response for want of their outputs."""
    stand = stands()
    backend = stand.backend()
    ids = stand.scene(backend, conversation=True)
    stand.world.script(TWO_CALLS)
    view = backend.create_run(*ids)
    stand.world.advance(5)
    backend.retrieve_run(ids[0], view.id)
    backend.cancel_run(ids[0], view.id)
    assert driven(stand, backend, *ids).status == "completed"
    assert sum(call.startswith("DELETE /conversations/") for call in stand.line.made) == 2


def test_an_adopted_conversation_is_taken_as_it_is(stands: Stands) -> None:
    """Its id stands for the thread; forgetting the thread leaves it alone."""
    stand = stands()
    backend = stand.backend()
    owner = backend.create_thread(conversation=True, messages=[{"role": "user", "content": "Hello"}])
    made = stand.line.made
    (conversation,) = {body["conversation"] for body in _asked(stand, backend, owner)}
    thread_id = backend.create_thread(conversation=conversation)
    assert driven(stand, backend, thread_id, backend.create_assistant(model="gpt-4o")).status == "completed"
    backend.delete_thread(thread_id)
    assert not any(call.startswith("DELETE") for call in made)
    backend.delete_thread(owner)
    assert stand.line.made[-1] == f"DELETE /conversations/{conversation}"


def _asked(stand: Any, backend: Any, thread_id: str) -> list[dict[str, Any]]:
    driven(stand, backend, thread_id, backend.create_assistant(model="gpt-4o"))
    bodies: list[dict[str, Any]] = stand.line.bodies("/responses")
    return bodies


def test_many_messages_are_added_in_batches(stands: Stands) -> None:
    """A conversation takes twenty items in one call."""
    stand = stands()
    messages = [{"role": "user", "content": str(number)} for number in range(45)]
    stand.backend().create_thread(conversation=True, messages=messages)
    assert [call.split("/")[-1] for call in stand.line.made] == ["conversations", "items", "items"]


def test_a_forgotten_thread_is_unknown(stands: Stands) -> None:
    """With its runs; in the words of the service."""
    stand = stands()
    backend = stand.backend()
    ids = stand.scene(backend)
    view = backend.create_run(*ids)
    backend.delete_thread(ids[0])
    with pytest.raises(RejectedError, match=f"No thread found with id '{ids[0]}'"):
        backend.retrieve_run(ids[0], view.id)
    backend.delete_assistant(ids[1])
    with pytest.raises(RejectedError, match="No assistant found"):
        backend.create_run(backend.create_thread(), ids[1])


# Steps


def test_what_responses_put_out_is_shown_as_steps(stands: Stands) -> None:
    """Calls made together are one step, with their outputs once there are any; a message is another."""
    stand = stands(TWO_CALLS)
    backend = stand.backend()
    ids = stand.scene(backend)
    view = backend.create_run(*ids)
    stand.world.advance(5)
    backend.retrieve_run(ids[0], view.id)
    (step,) = backend.list_steps(ids[0], view.id)
    assert (step.type, step.status) == ("tool_calls", RunStepStatus.IN_PROGRESS)
    assert [call["function"]["output"] for call in step.tool_calls] == [None, None]
    backend.cancel_run(ids[0], view.id)
    assert [step.status for step in backend.list_steps(ids[0], view.id)] == [RunStepStatus.CANCELLED]
    outcome = driven(stand, backend, *ids)
    calls, message = backend.list_steps(ids[0], outcome.view.id)
    assert [call["function"]["output"] for call in calls.tool_calls] == ["found", "found"]
    assert (message.type, message.status) == ("message_creation", RunStepStatus.COMPLETED)


def test_a_run_shows_how_it_is_configured(stands: Stands) -> None:
    """What it was created with, over what its assistant has."""
    stand = stands()
    backend = stand.backend()
    assistant_id = backend.create_assistant(model="gpt-4o", instructions="Be kind.", temperature=0.5)
    view = backend.create_run(
        backend.create_thread(),
        assistant_id,
        additional_instructions="Be brief.",
        additional_messages=[{"role": "user", "content": "Hello"}],
        metadata={"who": "me"},
    )
    assert view.raw["instructions"] == "Be kind.\nBe brief."
    assert (view.raw["model"], view.raw["temperature"], view.metadata) == ("gpt-4o", 0.5, {"who": "me"})
    (body,) = stand.line.bodies("/responses")
    assert body["instructions"] == "Be kind.\nBe brief."
    assert body["metadata"] == {"who": "me"}


def test_expiry_is_by_our_clock(stands: Stands) -> None:
    """A run lives as long as the backend says; its response is cancelled when it is over."""
    stand = stands(Schedule(in_progress=[After(NEVER)]), expires_after=30.0)
    backend = stand.backend()
    outcome = driven(stand, backend, *stand.scene(backend))
    assert isinstance(outcome, Expired)
    assert stand.line.made[-1].endswith("/cancel")


@pytest.mark.parametrize("conversation", [False, True])
def test_a_thread_that_is_deleted_leaves_nothing_at_work(stands: Stands, conversation: bool) -> None:
    """Its response used to go on, and to cost, with nobody left who could cancel it."""
    stand = stands(Schedule(in_progress=[After(NEVER)]))
    backend = stand.backend()
    ids = stand.scene(backend, conversation=conversation)
    (response_id,) = backend.create_run(*ids).raw["responses"]
    stand.line.doom("POST /responses/", "lose_request")
    with pytest.raises(UnavailableError):
        backend.delete_thread(ids[0])
    assert backend.retrieve_run(ids[0], backend.list_runs(ids[0])[0].id).status == "cancelled"
    backend.delete_thread(ids[0])
    assert stand.world.retrieve_response(response_id).status == "cancelled"
