"""Responses in the World: how they begin and end, what a cancel does, and how long they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import Policy, RunStatus
from runlife_adapters.memory import (
    NEVER,
    After,
    Call,
    Schedule,
    ServicePolicy,
)

if TYPE_CHECKING:
    from .conftest import Asking

START = 1_700_000_000.0
ASKS = Schedule(in_progress=[After(1, "requires_action", tools=[Call("get_weather", {"city": "Rome"})])])


# One response


def test_a_background_response_is_queued_works_and_completes(asking: type[Asking]) -> None:
    """What it says comes with its end, and so do the tokens that it took."""
    world = asking.world_of()
    response = asking.ask(world)
    seen = [response]
    for _ in range(2):
        world.advance(1)
        seen.append(world.retrieve_response(response.id))

    assert [one.status for one in seen] == ["queued", "in_progress", "completed"]
    assert [one.output for one in seen[:2]] == [(), ()]
    assert asking.text_of(seen[2]) == "Hello"
    assert seen[2].completed_at == START + 2
    assert seen[2].usage is not None
    assert seen[2].usage["total_tokens"] == 4


def test_a_foreground_response_is_at_work_at_once(asking: type[Asking]) -> None:
    """It is never queued, whatever the run behind it is."""
    world = asking.world_of()
    response = asking.ask(world, background=False)

    assert response.status == "in_progress"
    assert world.run(world.chain(response.id)).status is RunStatus.QUEUED
    world.advance(2)
    assert world.retrieve_response(response.id).status == "completed"


@pytest.mark.parametrize(
    ("after", "status", "error", "details"),
    [
        (After(1, "failed", error="rate_limit_exceeded"), "failed", "rate_limit_exceeded", None),
        (After(1, "incomplete", text="Half"), "incomplete", None, {"reason": "max_output_tokens"}),
        (After(1, "incomplete", reason="content_filter"), "incomplete", None, {"reason": "content_filter"}),
    ],
)
def test_a_response_ends_as_its_schedule_says(
    asking: type[Asking], after: After, status: str, error: str | None, details: Any
) -> None:
    """In the words of responses; no such end is stamped."""
    world = asking.world_of(Schedule(in_progress=[after]))
    response = asking.ask(world)
    world.advance(3)
    ended = world.retrieve_response(response.id)

    assert (ended.status, ended.completed_at, ended.incomplete_details) == (status, None, details)
    assert (ended.error or {}).get("code") == error
    if after.text is not None:
        assert ended.output[-1]["status"] == "incomplete"
        assert asking.text_of(ended) == "Half"


def test_a_response_may_fail_before_it_is_at_work(asking: type[Asking]) -> None:
    """As a run may that is queued."""
    world = asking.world_of(Schedule(queued=[After(1, "failed")]))
    response = asking.ask(world)
    world.advance(1)

    assert world.retrieve_response(response.id).status == "failed"


def test_a_response_never_expires(asking: type[Asking]) -> None:
    """The API promises no deadline: what is stuck is stuck, and nothing lies ahead of it."""
    world = asking.world_of(Schedule(in_progress=[After(NEVER)]))
    response = asking.ask(world)
    world.advance(1_000_000)

    assert world.retrieve_response(response.id).status == "in_progress"
    assert world.next_event() is None


def test_the_limit_of_tokens_is_that_of_the_response(asking: type[Asking]) -> None:
    """What the rounds before it took does not count."""
    world = asking.world_of(ASKS)
    first = asking.asked(world, max_output_tokens=16)
    answer = asking.ask(
        world, asking.outputs(first, "word " * 40), previous_response_id=first.id, max_output_tokens=16
    )
    world.advance(2)
    ended = world.retrieve_response(answer.id)

    assert first.status == "completed"
    assert (ended.status, ended.incomplete_details) == ("incomplete", {"reason": "max_output_tokens"})
    assert ended.usage["output_tokens"] == 16
    assert len(asking.text_of(ended)) == 64


def test_a_response_shows_what_was_said_of_it(asking: type[Asking]) -> None:
    """And for the rest what the service fills in."""
    said: dict[str, Any] = {
        "instructions": "Be brief.",
        "metadata": {"k": "v"},
        "temperature": 0.5,
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_object"}},
        "parallel_tool_calls": False,
        "store": True,
        "user": "ada",
    }
    shown = asking.ask(asking.world_of(), **said).to_json()

    assert {name: shown[name] for name in said} == {
        **said,
        "reasoning": {"effort": "low", "summary": None},
        "text": {"format": {"type": "json_object"}, "verbosity": "medium"},
    }
    assert (shown["service_tier"], shown["truncation"], shown["tool_choice"]) == ("auto", "disabled", "auto")
    assert "billing" not in shown
    assert "conversation" not in shown


# Cancel and delete


@pytest.mark.parametrize("wait", [0.0, 1.0])
def test_a_cancel_takes_effect_at_once_and_can_be_repeated(asking: type[Asking], wait: float) -> None:
    """There is nothing in between, and the run behind it is cancelled with it."""
    world = asking.world_of()
    response = asking.ask(world)
    world.advance(wait)

    assert world.cancel_response(response.id).status == "cancelled"
    assert world.cancel_response(response.id) == world.retrieve_response(response.id)
    assert world.run(world.chain(response.id)).status is RunStatus.CANCELLED
    assert world.next_event() is None


def test_a_cancel_of_what_has_ended_shows_how_it_ended(asking: type[Asking]) -> None:
    """It is no error, and changes nothing."""
    world = asking.world_of(ASKS)
    response = asking.asked(world)

    assert world.cancel_response(response.id) == response
    assert world.run(world.chain(response.id)).status is RunStatus.REQUIRES_ACTION


def test_what_a_cancelled_response_had_said_stays(asking: type[Asking]) -> None:
    """As an item that is incomplete."""
    world = asking.world_of(Schedule(in_progress=[After(10, text="one two three four")]))
    response = asking.ask(world)
    world.advance(6)
    (message,) = world.cancel_response(response.id).output

    assert message["status"] == "incomplete"
    assert message["content"][0]["text"] == "one two"


def test_a_foreground_response_cannot_be_cancelled(asking: type[Asking]) -> None:
    """Neither while it is at work nor thereafter."""
    world = asking.world_of()
    response = asking.ask(world, background=False)
    refused = (400, "Cannot cancel a synchronous response.", None, None)

    assert asking.refusal(lambda: world.cancel_response(response.id)) == refused
    world.advance(5)
    assert asking.refusal(lambda: world.cancel_response(response.id)) == refused


def test_a_cancel_is_accepted_also_under_the_strict_policy_of_runs(asking: type[Asking]) -> None:
    """That policy is about runs: of a response in the queue it is recorded that it can be cancelled."""
    world = asking.world_of(policy=Policy(cancel_outside_in_progress=False))

    assert world.cancel_response(asking.ask(world).id).status == "cancelled"


def test_a_deleted_response_is_gone(asking: type[Asking]) -> None:
    """To its clients; its run goes on."""
    world = asking.world_of()
    response = asking.ask(world)
    run_id = world.chain(response.id)

    assert world.delete_response(response.id).to_json() == {
        "id": response.id,
        "object": "response",
        "deleted": True,
    }
    status, message, *_ = asking.refusal(lambda: world.retrieve_response(response.id))
    assert (status, message) == (404, f"Response with id '{response.id}' not found.")
    world.advance(5)
    assert world.run(run_id).status is RunStatus.COMPLETED


# What is kept


def test_what_is_not_stored_cannot_be_retrieved(asking: type[Asking]) -> None:
    """One in the background can be for ten minutes after its end, so that it can be polled."""
    world = asking.world_of()
    foreground, background = asking.ask(world, store=False, background=False), asking.ask(world, store=False)
    world.advance(2)

    assert asking.refusal(lambda: world.retrieve_response(foreground.id))[0] == 404
    world.advance(599)
    assert world.retrieve_response(background.id).status == "completed"
    world.advance(1)
    assert asking.refusal(lambda: world.retrieve_response(background.id))[0] == 404


def test_a_project_may_demand_that_background_responses_are_stored(asking: type[Asking]) -> None:
    """A policy of the service."""
    world = asking.world_of(service_policy=ServicePolicy(unstored_background="refuse"))

    assert asking.refusal(lambda: asking.ask(world, store=False))[2] == "store"


def test_chains_that_are_done_with_are_forgotten(asking: type[Asking]) -> None:
    """Those first that nobody has asked about for the longest time; what still waits is kept."""
    world = asking.world_of(Schedule(), keep=2)
    world.script(ASKS)
    waiting = asking.asked(world)
    done: list[str] = []
    for _ in range(20):
        done.append(asking.ask(world).id)
        world.advance(2)
        world.retrieve_response(done[-1])

    assert asking.refusal(lambda: world.retrieve_response(done[0]))[0] == 404
    assert asking.refusal(lambda: world.chain(done[0]))[0] == 404
    assert world.retrieve_response(done[-1]).status == "completed"
    assert asking.ask(world, asking.outputs(waiting), previous_response_id=waiting.id).status == "queued"


def test_a_world_that_is_emptied_has_no_responses(asking: type[Asking]) -> None:
    """Nor conversations, and ids begin again."""
    world = asking.world_of()
    before = asking.ask(world).id, world.create_conversation().id
    world.reset()

    assert asking.refusal(lambda: world.retrieve_response(before[0]))[0] == 404
    assert (asking.ask(world).id, world.create_conversation().id) == before
