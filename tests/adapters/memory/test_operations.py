"""The operations on assistants, threads, messages and lists, and what each refuses, word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import RUN, Cause, VirtualClock
from runlife_adapters.memory import After, ApiError, Schedule, Upload, World
from runlife_adapters.memory.errors import REFUSALS
from runlife_adapters.memory.inputs import MAXIMUM_OUTPUT, MAXIMUM_OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Scene


def refusal(call: Callable[..., Any], *args: Any, **options: Any) -> dict[str, Any]:
    """Return the error object that a call is answered with."""
    with pytest.raises(ApiError) as caught:
        call(*args, **options)
    return {"status": caught.value.status, **caught.value.to_json()["error"]}


def bad_request(message: str, **more: str) -> dict[str, Any]:
    """Return the error object of a plain 400."""
    usual = {"status": 400, "type": "invalid_request_error", "param": None, "code": None}
    return {**usual, "message": message, **more}


def test_every_refusal_of_the_engine_has_words() -> None:
    """Each guard on a client's row, and each client's event in the wrong status, can be said."""
    rows = [row for row in RUN.rows if row.cause is Cause.CLIENT]
    guards = {(r.event, part.name) for r in rows if r.guard for part in r.guard.parts or (r.guard,)}
    elsewhere = {(r.event, None) for r in rows if r.source is not None}

    assert set(REFUSALS) == guards | elsewhere


def test_a_thread_is_locked_while_a_run_is_active(make_scene: type[Scene]) -> None:
    """No message and no second run, in any live status; both again once the run has ended."""
    scene = make_scene.of(schedule=Schedule(in_progress=[After(1, "requires_action")]))
    run = scene.start()
    thread = scene.thread_id
    for wait in (0, 1, 1, 3):
        scene.world.advance(wait)
        if wait == 3:
            scene.world.cancel_run(thread, run.id)
        assert refusal(scene.world.create_message, thread, role="user", content="?") == bad_request(
            f"Can't add messages to {thread} while a run {run.id} is active."
        )
        assert refusal(scene.start) == bad_request(f"Thread {thread} already has an active run {run.id}.")
    scene.world.advance(1)

    assert scene.world.create_message(thread, role="user", content="?").thread_id == thread
    assert scene.start().id != run.id


def test_a_run_that_is_refused_leaves_no_trace(scene: Scene) -> None:
    """Neither its additional messages nor its scripted schedule are used up."""
    scene.start()
    scene.world.script(Schedule(in_progress=[After(1, "failed")]))
    refusal(scene.start, additional_messages=[{"role": "user", "content": "lost"}])
    scene.world.advance(5)
    run = scene.start()
    scene.world.advance(2)

    assert scene.look(run).status == "failed"
    assert "lost" not in scene.texts()


def test_a_run_needs_something_to_go_by(scene: Scene) -> None:
    """A user message or instructions: else the request is refused, and no thread is made by it."""
    words = bad_request(
        "Run creation requires a Thread with a user message or an assistant with instructions.",
        code="invalid_thread",
    )
    world, assistant_id = scene.world, scene.assistant_id
    empty = world.create_thread(messages=[{"role": "assistant", "content": "Hello"}])
    assert refusal(world.create_run, empty.id, assistant_id=assistant_id) == words
    assert refusal(world.create_thread_and_run, assistant_id=assistant_id) == words

    assert (
        world.create_run(empty.id, assistant_id=assistant_id, instructions="Speak.").instructions == "Speak."
    )
    more = [{"role": "user", "content": "Hello"}]
    other = world.create_thread()
    assert world.create_run(other.id, assistant_id=assistant_id, additional_messages=more)


def test_outputs_are_taken_in_requires_action_only(make_scene: type[Scene]) -> None:
    """In every other status the refusal names the status."""
    scene = make_scene.of(schedule=Schedule(in_progress=[After(1, "requires_action")]))
    run = scene.start()
    submit = scene.world.submit_tool_outputs
    waits = {"queued": 0, "in_progress": 1, "expired": 700}
    for status, wait in waits.items():
        scene.world.advance(wait)
        assert refusal(submit, scene.thread_id, run.id, tool_outputs=[]) == bad_request(
            f'Runs in status "{status}" do not accept tool outputs.'
        )


def test_outputs_name_exactly_the_calls(make_scene: type[Scene]) -> None:
    """Missing, unknown and repeated ids are refused, nothing is stored, and the run waits on."""
    scene = make_scene.of(schedule=Schedule(in_progress=[After(1, "requires_action", tools=2)]))
    run = scene.start()
    scene.world.advance(2)
    action = scene.look(run).required_action
    assert action is not None
    first, second = (call.id for call in action.tool_calls)
    for ids in ([first], [], [first, "call_x"], [first, second, "call_x"], [first, first]):
        outputs = [{"tool_call_id": id, "output": "1"} for id in ids]
        assert refusal(
            scene.world.submit_tool_outputs, scene.thread_id, run.id, tool_outputs=outputs
        ) == bad_request(f"Expected tool outputs for call_ids {[first, second]}, got {ids}")

    outputs = [{"tool_call_id": second, "output": "2"}, {"tool_call_id": first}]
    scene.world.submit_tool_outputs(scene.thread_id, run.id, tool_outputs=outputs)
    (step,) = scene.world.list_run_steps(scene.thread_id, run.id).data
    assert [call["function"]["output"] for call in step.step_details["tool_calls"]] == ["", "2"]


def test_outputs_may_be_too_long(make_scene: type[Scene]) -> None:
    """One output, and all together, have a limit of their own."""
    scene = make_scene.of(schedule=Schedule(in_progress=[After(1, "requires_action")]))
    run = scene.start()
    scene.world.advance(2)
    submit, ids = scene.world.submit_tool_outputs, (scene.thread_id, run.id)
    long = [{"tool_call_id": "a", "output": "x"}, {"tool_call_id": "b", "output": "x" * (MAXIMUM_OUTPUT + 1)}]
    assert refusal(submit, *ids, tool_outputs=long) == bad_request(
        "Invalid 'tool_outputs[1].output': string too long. Expected a string with maximum length 1048576, "
        "but got a string with length 1048577 instead.",
        param="tool_outputs[1].output",
        code="string_above_max_length",
    )
    together = [{"tool_call_id": "a", "output": "é" * (MAXIMUM_OUTPUTS // 2)}]
    assert refusal(submit, *ids, tool_outputs=together) == bad_request(
        "'tool_outputs' too large: the combined tool outputs must be less than 512kb.",
        param="tool_outputs",
        code="invalid_value",
    )


@pytest.mark.parametrize("to", ["completed", "failed", "incomplete"])
def test_a_run_that_has_ended_cannot_be_cancelled(make_scene: type[Scene], to: str) -> None:
    """Nor can one that is already cancelling: a cancel is not idempotent."""
    scene = make_scene.of(schedule=Schedule(in_progress=[After(1, to)]))
    run = scene.start()
    scene.world.advance(2)
    ids = (scene.thread_id, run.id)
    assert refusal(scene.world.cancel_run, *ids) == bad_request(f"Cannot cancel run with status '{to}'.")

    again = scene.start()
    scene.world.cancel_run(scene.thread_id, again.id)
    for status in ("cancelling", "cancelled"):
        assert refusal(scene.world.cancel_run, scene.thread_id, again.id) == bad_request(
            f"Cannot cancel run with status '{status}'."
        )
        scene.world.advance(1)


def test_metadata_of_a_run_in_progress_is_not_modified(scene: Scene) -> None:
    """Before and after, it is."""
    run = scene.start()
    ids = (scene.thread_id, run.id)
    assert scene.world.modify_run(*ids, metadata={"a": "1"}).metadata == {"a": "1"}
    scene.world.advance(1)
    assert refusal(scene.world.modify_run, *ids, metadata={}) == bad_request(
        "Cannot update run with status 'in_progress'."
    )
    scene.world.advance(1)

    assert scene.world.modify_run(*ids).metadata == {"a": "1"}


def test_what_does_not_exist_is_not_found(scene: Scene) -> None:
    """Each kind of thing has its words, and a run is not found through another thread."""
    world, thread = scene.world, scene.thread_id
    run, other = scene.start(), scene.world.create_thread()
    cases = {
        "No thread found with id 'thread_X'.": (world.retrieve_thread, "thread_X"),
        "No assistant found with id 'asst_X'.": (world.retrieve_assistant, "asst_X"),
        "No message found with id 'msg_X'.": (world.retrieve_message, thread, "msg_X"),
        "No run found with id 'run_X'.": (world.retrieve_run, thread, "run_X"),
        f"No run found with id '{run.id}'.": (world.retrieve_run, other.id, run.id),
        "No run step found with id 'step_X'.": (world.retrieve_run_step, thread, run.id, "step_X"),
    }
    for message, (call, *ids) in cases.items():
        assert refusal(call, *ids) == {**bad_request(message), "status": 404}
    assert refusal(world.create_run, thread, assistant_id="asst_X")["status"] == 404
    assert refusal(world.create_thread_and_run, assistant_id="asst_X")["status"] == 404


def test_an_assistant_can_be_modified_and_deleted(scene: Scene) -> None:
    """What is not said stays, null is the default, and runs keep what they were created with."""
    world, id = scene.world, scene.assistant_id
    run = scene.start()
    changed = world.modify_assistant(id, name="Ada", temperature=None, tools=None)

    assert (changed.name, changed.model, changed.temperature, changed.tools) == ("Ada", "gpt-4o", 1.0, ())
    assert world.retrieve_assistant(id) == changed
    assert len(scene.look(run).tools) == 2
    assert world.delete_assistant(id).to_json() == {"id": id, "object": "assistant.deleted", "deleted": True}
    assert refusal(world.retrieve_assistant, id)["status"] == 404


def test_a_run_takes_from_its_assistant_what_it_is_not_told(scene: Scene) -> None:
    """And what it is told wins, for this run alone."""
    world = scene.world
    assistant = world.create_assistant(
        model="gpt-4o",
        instructions="Speak.",
        temperature=0.5,
        reasoning_effort="low",
        response_format={"type": "text"},
    )
    file = world.create_file(file=Upload("a.txt", b"some text"), purpose="assistants")
    plain = world.create_thread_and_run(assistant_id=assistant.id)
    told = world.create_thread_and_run(
        assistant_id=assistant.id,
        model="gpt-4.1",
        instructions="Listen.",
        temperature=0.0,
        metadata={"k": "v"},
        parallel_tool_calls=False,
        max_prompt_tokens=500,
        thread={"messages": [{"role": "user", "content": "Hi"}], "metadata": {"t": "1"}},
        tool_resources={"code_interpreter": {"file_ids": [file.id]}},
    )

    assert (plain.instructions, plain.temperature, plain.reasoning_effort) == ("Speak.", 0.5, "low")
    assert plain.response_format == {"type": "text"}
    assert (told.model, told.instructions, told.temperature, told.top_p) == ("gpt-4.1", "Listen.", 0.0, 1.0)
    assert (told.metadata, told.parallel_tool_calls, told.max_prompt_tokens) == ({"k": "v"}, False, 500)
    assert world.retrieve_thread(told.thread_id).metadata == {"t": "1"}


def test_messages_can_be_read_changed_and_deleted(scene: Scene) -> None:
    """Only their metadata changes; the answer to that has the older field, as it was recorded."""
    world, thread = scene.world, scene.thread_id
    file = world.create_file(file=Upload("a.txt", b"some text"), purpose="assistants").id
    message = world.create_message(
        thread,
        role="user",
        content=[
            {"type": "text", "text": "See"},
            {"type": "image_file", "image_file": {"file_id": file}},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
        ],
        attachments=[{"file_id": file, "tools": [{"type": "file_search"}]}],
    )
    assert message.to_json()["content"] == [
        {"type": "text", "text": {"value": "See", "annotations": []}},
        {"type": "image_file", "image_file": {"detail": "auto", "file_id": file}},
        {"type": "image_url", "image_url": {"detail": "low", "url": "https://example.org/a.png"}},
    ]

    changed = world.modify_message(thread, message.id, metadata={"k": "v"}).to_json()
    assert changed["file_ids"] == []
    assert "attachments" not in changed
    assert world.retrieve_message(thread, message.id).to_json()["metadata"] == {"k": "v"}
    assert world.delete_message(thread, message.id).to_json()["object"] == "thread.message.deleted"
    assert refusal(world.retrieve_message, thread, message.id)["status"] == 404


def test_messages_of_one_run_can_be_listed(scene: Scene) -> None:
    """Those it wrote, and no others."""
    run = scene.start()
    scene.world.advance(2)
    page = scene.world.list_messages(scene.thread_id, run_id=run.id)

    assert [(message.role, message.run_id) for message in page.data] == [("assistant", run.id)]


def test_a_thread_can_be_modified(scene: Scene) -> None:
    """Metadata and tool resources each stay as they are when they are not given."""
    world, thread = scene.world, scene.thread_id
    world.modify_thread(thread, metadata={"k": "v"})
    resources = {"file_search": {"vector_store_ids": [world.create_vector_store().id]}}
    changed = world.modify_thread(thread, tool_resources=resources)

    assert (changed.metadata, changed.tool_resources) == ({"k": "v"}, resources)


def test_nobody_can_change_what_the_world_keeps(scene: Scene) -> None:
    """Neither through what was passed in nor through the JSON that came out."""
    metadata = {"k": "v"}
    thread = scene.world.create_thread(metadata=metadata)
    metadata["k"] = "changed"
    thread.to_json()["metadata"]["k"] = "changed"

    assert scene.world.retrieve_thread(thread.id).metadata == {"k": "v"}


@pytest.fixture
def five() -> tuple[World, str, list[str]]:
    """Give a World, a thread, and the ids of its five messages of one second, oldest first."""
    world = World(VirtualClock())
    thread = world.create_thread()
    made = [world.create_message(thread.id, role="user", content=text) for text in "abcde"]
    return world, thread.id, [message.id for message in made]


@pytest.mark.parametrize(
    ("options", "expected", "has_more"),
    [
        ({}, "edcba", False),
        ({"order": "asc"}, "abcde", False),
        ({"limit": 2}, "ed", True),
        ({"limit": 5}, "edcba", False),
        ({"after": "d", "limit": 2}, "cb", True),
        ({"after": "b"}, "a", False),
        ({"after": "a"}, "", False),
        ({"before": "b", "limit": 2}, "dc", True),
        ({"before": "d", "limit": 2}, "e", False),
        ({"before": "e", "order": "asc"}, "abcd", False),
        ({"after": "a", "before": "e", "order": "asc", "limit": 2}, "bc", True),
        ({"limit": None, "order": None, "after": None, "before": None}, "edcba", False),
    ],
)
def test_a_page_is_what_the_options_say(
    five: tuple[World, str, list[str]], options: dict[str, Any], expected: str, has_more: bool
) -> None:
    """By default the newest come first; messages of one second keep their order."""
    world, thread, ids = five
    by_letter = dict(zip("abcde", ids, strict=True))
    options = {k: by_letter.get(v, v) if k in ("after", "before") else v for k, v in options.items()}
    page = world.list_messages(thread, **options).to_json()

    assert [item["id"] for item in page["data"]] == [by_letter[letter] for letter in expected]
    assert page["has_more"] is has_more
    assert page["first_id"] == (by_letter[expected[0]] if expected else None)
    assert page["last_id"] == (by_letter[expected[-1]] if expected else None)
    assert page["object"] == "list"


@pytest.mark.parametrize(
    ("options", "message", "code"),
    [
        (
            {"limit": 0},
            "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead.",
            "integer_below_min_value",
        ),
        (
            {"limit": 101},
            "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
            "integer_above_max_value",
        ),
        ({"order": "up"}, "Invalid value: 'up'. Supported values are: 'asc' and 'desc'.", "invalid_value"),
    ],
)
def test_a_page_that_cannot_be_is_refused(
    scene: Scene, options: dict[str, Any], message: str, code: str
) -> None:
    """The words name the option, what was expected and what came."""
    (param,) = options
    assert refusal(scene.world.list_assistants, **options) == bad_request(message, param=param, code=code)


def test_a_cursor_names_something(scene: Scene) -> None:
    """An id that is not in the list is not found."""
    assert refusal(scene.world.list_assistants, after="asst_X")["status"] == 404


def test_a_cursor_may_have_left_what_is_listed(scene: Scene) -> None:
    """A file that was in progress when its page was read, and is so no longer, used to be said not to be."""
    world, thread = scene.world, scene.thread_id
    file = world.create_file(file=Upload("a.txt", b"words"), purpose="assistants")
    store = world.create_vector_store(file_ids=[file.id])
    batch = world.create_vector_store_file_batch(store.id, file_ids=[file.id])
    for page in (
        world.list_vector_store_files(store.id, filter="in_progress", after=file.id),
        world.list_vector_store_file_batch_files(store.id, batch.id, filter="in_progress", after=file.id),
        world.list_files(purpose="vision", after=file.id),
        world.list_messages(thread, run_id="run_X", after=world.list_messages(thread).data[0].id),
    ):
        assert (page.data, page.has_more) == ((), False)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_filtered_page_begins_behind_its_cursor(scene: Scene, order: str) -> None:
    """Wherever the cursor stands among all there is; and more is only what is wanted."""
    purposes = ["vision", "batch", "vision", "vision", "batch"]
    ids = [scene.world.create_file(file=Upload("a", b""), purpose=p).id for p in purposes]
    page = scene.world.list_files(purpose="vision", order=order, after=ids[1], limit=1)

    assert [file.id for file in page.data] == [ids[2] if order == "asc" else ids[0]]
    assert page.has_more is (order == "asc")
