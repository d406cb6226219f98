"""Conversations: their items, and how responses are part of them."""

from __future__ import annotations

from typing import Any

import pytest

from runlife import VirtualClock
from runlife_adapters.memory import After, ApiError, Schedule, World

SAID: dict[str, Any] = {"role": "user", "content": "I am Ada."}


@pytest.fixture
def world() -> World:
    """Give a World on a virtual clock."""
    return World(VirtualClock(1_700_000_000.0))


def texts(world: World, conversation_id: str) -> list[str]:
    """Return what was said in a conversation, oldest first."""
    page = world.list_conversation_items(conversation_id, order="asc")
    return [item["content"][0]["text"] for item in page.data if item["type"] == "message"]


def refusal(call: Any) -> tuple[int, str | None]:
    """Return status and code with which a call is refused."""
    with pytest.raises(ApiError) as refused:
        call()
    return refused.value.status, refused.value.code


def test_a_conversation_can_be_made_changed_and_deleted(world: World) -> None:
    """With items and metadata, if they are given."""
    made = world.create_conversation(items=[SAID], metadata={"k": "v"})

    assert list(made.to_json()) == ["id", "object", "created_at", "metadata"]
    assert texts(world, made.id) == ["I am Ada."]
    assert world.modify_conversation(made.id, metadata={"k": "w"}).metadata == {"k": "w"}
    assert world.modify_conversation(made.id) == world.retrieve_conversation(made.id)
    assert world.delete_conversation(made.id).to_json()["object"] == "conversation.deleted"
    assert refusal(lambda: world.retrieve_conversation(made.id)) == (404, None)


def test_items_can_be_added_looked_at_and_deleted(world: World) -> None:
    """Each has an id, by which it is found."""
    talk = world.create_conversation(items=[SAID]).id
    (new,) = world.create_conversation_items(talk, items=[{"role": "assistant", "content": "Hi."}]).data

    assert world.retrieve_conversation_item(talk, new["id"]).to_json() == new
    assert [item["content"][0]["type"] for item in world.list_conversation_items(talk).data] == [
        "output_text", "input_text",
    ]  # fmt: skip
    assert world.delete_conversation_item(talk, new["id"]).id == talk
    assert texts(world, talk) == ["I am Ada."]
    assert refusal(lambda: world.retrieve_conversation_item(talk, new["id"])) == (404, None)
    assert refusal(lambda: world.delete_conversation_item(talk, "msg_x")) == (404, None)


def test_the_same_item_twice_is_refused(world: World) -> None:
    """And so is an output without its call."""
    talk = world.create_conversation().id
    world.create_conversation_items(talk, items=[{**SAID, "id": "msg_1"}])
    stray = {"type": "function_call_output", "call_id": "c", "output": ""}

    assert refusal(lambda: world.create_conversation_items(talk, items=[{**SAID, "id": "msg_1"}]))[0] == 400
    assert refusal(lambda: world.create_conversation_items(talk, items=[stray]))[0] == 400


def test_what_a_response_says_is_added_when_it_completes(world: World) -> None:
    """Together with its input, and not before; the next one knows of it."""
    talk = world.create_conversation(items=[SAID]).id
    response = world.create_response(model="m", input="Hello", conversation={"id": talk})
    world.advance(1)
    assert texts(world, talk) == ["I am Ada."]
    world.advance(1)

    assert response.conversation == {"id": talk}
    assert texts(world, talk) == ["I am Ada.", "Hello", "Hello"]
    second = world.create_response(model="m", input="So?", conversation=talk)
    assert len(world.list_input_items(second.id).data) == 4


def test_a_response_that_is_cancelled_leaves_nothing_behind(world: World) -> None:
    """But it unlocks the conversation."""
    talk = world.create_conversation(items=[SAID]).id
    response = world.create_response(model="m", input="Hello", conversation=talk, background=True)
    world.cancel_response(response.id)

    assert texts(world, talk) == ["I am Ada."]
    assert world.create_response(model="m", input="Again", conversation=talk).status == "in_progress"


def test_a_response_at_work_locks_its_conversation(world: World) -> None:
    """For other responses, and for changes of its items."""
    talk = world.create_conversation(items=[SAID]).id
    world.create_response(model="m", input="Hello", conversation=talk, background=True)
    (item,) = world.list_conversation_items(talk).data
    locked = (400, "conversation_locked")

    assert refusal(lambda: world.create_response(model="m", input="x", conversation=talk)) == locked
    assert refusal(lambda: world.create_conversation_items(talk, items=[SAID])) == locked
    assert refusal(lambda: world.delete_conversation_item(talk, item["id"])) == locked
    world.advance(2)
    assert world.create_response(model="m", input="x", conversation=talk).status == "in_progress"


def test_calls_in_a_conversation_are_answered_there(world: World) -> None:
    """By the next response, which goes on with the same run."""
    world.script(Schedule(in_progress=[After(1, "requires_action", tools=1)]))
    talk = world.create_conversation().id
    first = world.create_response(model="m", input="Hello", conversation=talk)
    world.advance(2)
    (call,) = world.retrieve_response(first.id).output
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "42"}

    assert refusal(lambda: world.create_response(model="m", input="x", conversation=talk)) == (400, None)
    second = world.create_response(model="m", input=[output], conversation=talk)
    world.advance(2)
    assert world.chain(second.id) == world.chain(first.id)
    assert texts(world, talk) == ["Hello", "42"]


def test_a_deleted_conversation_lets_its_response_go_on(world: World) -> None:
    """What it says stays with it."""
    talk = world.create_conversation().id
    response = world.create_response(model="m", input="Hello", conversation=talk)
    world.delete_conversation(talk)
    world.advance(2)

    assert world.retrieve_response(response.id).status == "completed"
