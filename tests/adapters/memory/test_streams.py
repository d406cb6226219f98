"""The events of a run's stream, by the World alone: names, order, data, and what leaving it does."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

from runlife import RunStatus, VirtualClock
from runlife_adapters.memory import (
    NEVER,
    After,
    ApiError,
    CodeInterpreter,
    FileSearch,
    Found,
    Schedule,
    World,
)
from runlife_adapters.memory.inputs import INCLUDE_CONTENT
from runlife_adapters.memory.turns import pieces

if TYPE_CHECKING:
    from runlife_adapters.memory import RunEvents, StreamEvent

WEATHER = {"type": "function", "function": {"name": "get_weather"}}
TWO = [WEATHER, {"type": "function", "function": {"name": "get_time"}}]

OPENING = ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]
STEP = ["thread.run.step.created", "thread.run.step.in_progress"]
MESSAGE = ["thread.message.created", "thread.message.in_progress"]


def a_world(schedule: Schedule | None = None, **options: Any) -> tuple[World, str, str]:
    """A World with an assistant and a thread that says two words."""
    world = World(VirtualClock(1000.0), schedule=schedule, **options)
    assistant = world.create_assistant(model="gpt-4o", tools=TWO)
    thread = world.create_thread(messages=[{"role": "user", "content": "Hello there"}])
    return world, assistant.id, thread.id


def read(world: World, stream: RunEvents) -> list[StreamEvent]:
    """Read a stream to its end, letting time pass as it needs."""
    events = stream.take()
    while not stream.over:
        at = stream.due()
        assert at is not None
        world.advance(max(at - world.now(), 0))
        events += stream.take()
    return events


def names(events: list[StreamEvent]) -> list[str]:
    """The names of events; several deltas in a row count once."""
    return [name for name, _ in groupby(event.name for event in events)]


def text_of(events: list[StreamEvent]) -> str:
    """What the deltas of a message say together."""
    deltas = (event.data["delta"] for event in events if event.name == "thread.message.delta")
    return "".join(delta["content"][0]["text"]["value"] for delta in deltas)


def test_a_plain_answer_has_the_recorded_order() -> None:
    """The run, its step, the message; the words; and back in the reverse order."""
    world, assistant, thread = a_world()
    events = read(world, world.stream_run(thread, assistant_id=assistant))
    assert names(events) == [
        *OPENING,
        *STEP,
        *MESSAGE,
        "thread.message.delta",
        *("thread.message.completed", "thread.run.step.completed", "thread.run.completed"),
    ]
    assert text_of(events) == "Hello there"
    assert [e.name for e in events].count("thread.message.delta") == 2


def test_what_comes_in_pairs_has_equal_data() -> None:
    """``created`` and the status that goes with it tell the same object."""
    world, assistant, thread = a_world()
    events = {e.name: e.data for e in read(world, world.stream_run(thread, assistant_id=assistant))}
    assert events["thread.run.created"] == events["thread.run.queued"]
    assert events["thread.run.step.created"] == events["thread.run.step.in_progress"]
    assert events["thread.message.created"] == events["thread.message.in_progress"]
    assert events["thread.run.created"]["status"] == "queued"


def test_the_run_of_a_new_thread_begins_with_the_thread() -> None:
    """``thread.created`` comes first, and only there."""
    world, assistant, _ = a_world()
    stream = world.stream_thread_and_run(
        assistant_id=assistant, thread={"messages": [{"role": "user", "content": "Hi"}]}
    )
    events = read(world, stream)
    assert names(events)[:2] == ["thread.created", "thread.run.created"]
    assert events[0].data["id"] == stream.thread_id


def test_a_stream_ends_where_the_run_waits_and_the_submit_has_its_own() -> None:
    """Calls come in pieces; the step is completed by the submit, whose stream has no ``created``."""
    world, assistant, thread = a_world(
        Schedule(in_progress=[After(1, "requires_action", tools=2), After(1, "completed", text="Done.")])
    )
    stream = world.stream_run(thread, assistant_id=assistant)
    events = read(world, stream)
    assert names(events) == [*OPENING, *STEP, "thread.run.step.delta", "thread.run.requires_action"]
    deltas = [e.data["delta"]["step_details"]["tool_calls"] for e in events if e.name.endswith("step.delta")]
    calls: dict[int, dict[str, Any]] = {}
    for (call,) in deltas:
        known = calls.setdefault(call["index"], {"id": call.get("id"), "arguments": ""})
        known["arguments"] += call["function"]["arguments"]
    asked = events[-1].data["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert [c["id"] for c in calls.values()] == [c["id"] for c in asked]
    assert [c["arguments"] for c in calls.values()] == [c["function"]["arguments"] for c in asked]

    outputs = [{"tool_call_id": call["id"], "output": "sunny"} for call in asked]
    events = read(world, world.stream_tool_outputs(thread, stream.run_id, tool_outputs=outputs))
    assert names(events) == [
        *("thread.run.step.completed", "thread.run.queued", "thread.run.in_progress"),
        *STEP,
        *MESSAGE,
        "thread.message.delta",
        *("thread.message.completed", "thread.run.step.completed", "thread.run.completed"),
    ]


@pytest.mark.parametrize(
    ("schedule", "end"),
    [
        (
            Schedule(in_progress=[After(1, "incomplete", text="Half")]),
            ["thread.message.incomplete", "thread.run.step.completed", "thread.run.incomplete"],
        ),
        (
            Schedule(in_progress=[After(1, "failed")]),
            ["thread.message.incomplete", "thread.run.step.failed", "thread.run.failed"],
        ),
        (
            Schedule(in_progress=[After(NEVER)]),
            ["thread.message.incomplete", "thread.run.step.expired", "thread.run.expired"],
        ),
        (Schedule(queued=[After(1, "failed")]), ["thread.run.queued", "thread.run.failed"]),
    ],
)
def test_each_ending_closes_message_step_and_run(schedule: Schedule, end: list[str]) -> None:
    """In this order, and nothing comes after the run."""
    world, assistant, thread = a_world(schedule)
    stream = world.stream_run(thread, assistant_id=assistant)
    assert names(read(world, stream))[-len(end) :] == end
    assert stream.over
    assert stream.due() is None


def test_a_cancel_breaks_off_what_is_being_said() -> None:
    """The message keeps what was told by then, streamed or not, and the stream tells the cancel."""
    for streamed in (True, False):
        world, assistant, thread = a_world(Schedule(in_progress=[After(10, "completed", text="a b c d e")]))
        stream = None
        if streamed:
            stream = world.stream_run(thread, assistant_id=assistant)
            run_id = stream.run_id
        else:
            run_id = world.create_run(thread, assistant_id=assistant).id
        world.advance(1 + 4)
        world.cancel_run(thread, run_id)
        world.advance(2)
        (message,) = world.list_messages(thread, run_id=run_id).data
        assert message.content[0]["text"]["value"] == "a b"
        if stream is not None:
            events = stream.take()
            assert text_of(events) == "a b"
            assert names(events)[-4:] == [
                "thread.run.cancelling",
                "thread.message.incomplete",
                "thread.run.step.cancelled",
                "thread.run.cancelled",
            ]


def test_a_cancel_that_comes_too_late_tells_the_rest() -> None:
    """The whole text is in the message, and the deltas together are the text."""
    world, assistant, thread = a_world(
        Schedule(in_progress=[After(10, "completed", text="a b c d e")], cancelling=[After(1, "completed")])
    )
    stream = world.stream_run(thread, assistant_id=assistant)
    world.advance(5)
    world.cancel_run(thread, stream.run_id)
    assert text_of(read(world, stream)) == "a b c d e"
    (message,) = world.list_messages(thread, run_id=stream.run_id).data
    assert message.content[0]["text"]["value"] == "a b c d e"


def test_leaving_a_stream_does_nothing_to_the_run() -> None:
    """The run completes; the stream that was closed tells nothing more."""
    world, assistant, thread = a_world()
    stream = world.stream_run(thread, assistant_id=assistant)
    stream.take()
    stream.close()
    world.advance(10)
    assert stream.take() == []
    assert world.retrieve_run(thread, stream.run_id).status is RunStatus.COMPLETED


def test_a_stream_that_was_left_costs_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The JSON of every event used to go on being made, for nobody."""
    world, assistant, thread = a_world()
    stream = world.stream_run(thread, assistant_id=assistant)
    record = world._store.runs[stream.run_id]
    stream.close()
    monkeypatch.setattr(type(record), "told_run", None)  # to make it would be an error
    world.advance(10)

    assert record.streams == []
    assert world.retrieve_run(thread, stream.run_id).status is RunStatus.COMPLETED


def test_what_was_said_to_a_stream_that_was_left_is_not_said_again() -> None:
    """A cancel breaks off where the words were, whether or not somebody still listens."""
    world, assistant, thread = a_world(
        Schedule(in_progress=[After(10, text="a b c d e f g h i")], cancelling=[After(1)])
    )
    stream = world.stream_run(thread, assistant_id=assistant)
    world.advance(4.5)
    stream.close()
    world.advance(1)
    world.cancel_run(thread, stream.run_id)
    world.advance(5)

    (message,) = world.list_messages(thread, run_id=stream.run_id).data
    assert message.content[0]["text"]["value"] == "a b c d"


def test_a_stream_may_be_left_from_within_the_world() -> None:
    """A listener is called under the lock: leaving must neither wait for it nor be refused."""
    world, assistant, thread = a_world()
    stream = world.stream_run(thread, assistant_id=assistant)
    world.listen(lambda _: stream.close())
    world.advance(10)

    assert world.retrieve_run(thread, stream.run_id).status is RunStatus.COMPLETED
    assert stream.take() == []


@pytest.mark.parametrize("unit", ["word ", "x", " ", "漢"])
def test_a_very_long_text_comes_in_few_pieces_and_is_whole(unit: str) -> None:
    """Eight megabytes used to be parted into all their words, and put together again at every piece."""
    text = unit * 200_000
    cut = pieces(text)

    assert "".join(cut) == text
    assert len(cut) <= 400
    if unit == "word ":
        assert {piece[:1] for piece in cut[1:]} == {" "}


@pytest.mark.slow
def test_a_message_is_put_together_when_somebody_looks() -> None:
    """Every piece used to make the whole text anew; as one looks in mid-turn, what has come is there."""
    text = "word " * 400_000
    world, assistant, thread = a_world(Schedule(in_progress=[After(10, text=text)]))
    stream = world.stream_run(thread, assistant_id=assistant)
    world.advance(6)
    (message,) = world.list_messages(thread, run_id=stream.run_id).data
    so_far = message.content[0]["text"]["value"]
    told = [event for event in stream.take() if event.name == "thread.message.delta"]

    assert 0.4 < len(so_far) / len(text) < 0.6
    assert so_far == "".join(event.data["delta"]["content"][0]["text"]["value"] for event in told)
    assert text.startswith(so_far)
    assert len(told) <= 400
    world.advance(10)
    (message,) = world.list_messages(thread, run_id=stream.run_id).data
    assert message.content[0]["text"]["value"] == text


def test_a_reader_is_called_when_somebody_else_makes_something_happen() -> None:
    """And it may ask when more will come by itself."""
    world, assistant, thread = a_world(Schedule(in_progress=[After(NEVER)]))
    stream = world.stream_run(thread, assistant_id=assistant)
    stream.take()
    called: list[int] = []
    stream.notify(lambda: called.append(1))
    assert stream.due() == 1001.0
    world.advance(1)
    assert called
    stream.take()
    assert stream.due() == 1600.0  # nothing but its expiry
    called.clear()
    world.cancel_run(thread, stream.run_id)
    assert called


def test_a_stream_that_cannot_begin_is_refused_as_the_call_is() -> None:
    """Unknown threads, locked threads, wrong outputs: the same words, and nothing has happened."""
    world, assistant, thread = a_world()
    first = world.create_run(thread, assistant_id=assistant)
    with pytest.raises(ApiError, match="already has an active run"):
        world.stream_run(thread, assistant_id=assistant)
    with pytest.raises(ApiError, match="No thread found"):
        world.stream_run("thread_x", assistant_id=assistant)
    with pytest.raises(ApiError, match="do not accept tool outputs"):
        world.stream_tool_outputs(thread, first.id, tool_outputs=[])


TOOLS = (
    CodeInterpreter("print(6*7)", logs="42", images=("file-1",)),
    FileSearch((Found("file-1", "a.txt", 0.5, "the text"),)),
)


def test_the_services_own_tools_have_steps_of_their_own_before_the_answer() -> None:
    """They open and close on the clock, in the turn's time, and need nothing of the client."""
    world, assistant, thread = a_world(Schedule(in_progress=[After(9, "completed", text="42", steps=TOOLS)]))
    run = world.create_run(thread, assistant_id=assistant)
    seen: list[list[tuple[str, str]]] = []
    for _ in range(5):
        world.advance(2.5)
        steps = world.list_run_steps(thread, run.id, order="asc").data
        seen.append([(step.type, step.status.value) for step in steps])
    tool, message = "tool_calls", "message_creation"
    assert seen == [
        [(tool, "in_progress")],
        [(tool, "completed"), (tool, "in_progress")],
        [(tool, "completed"), (tool, "completed"), (message, "in_progress")],
        [(tool, "completed"), (tool, "completed"), (message, "completed")],
        [(tool, "completed"), (tool, "completed"), (message, "completed")],
    ]


def test_what_was_found_is_shown_with_its_content_only_if_included() -> None:
    """In lists, in single steps and in streams alike."""
    schedule = Schedule(in_progress=[After(1, "completed", text="42", steps=TOOLS)])
    world, assistant, thread = a_world(schedule)
    stream = world.stream_run(thread, assistant_id=assistant, include=[INCLUDE_CONTENT])
    events = read(world, stream)
    done = [e.data["step_details"] for e in events if e.name == "thread.run.step.completed"]
    assert done[0]["tool_calls"][0]["code_interpreter"] == {
        "input": "print(6*7)",
        "outputs": [{"type": "logs", "logs": "42"}, {"type": "image", "image": {"file_id": "file-1"}}],
    }
    found = done[1]["tool_calls"][0]["file_search"]["results"][0]
    assert found["content"] == [{"type": "text", "text": "the text"}]
    plain = world.list_run_steps(thread, stream.run_id, order="asc").data[1]
    whole = world.retrieve_run_step(thread, stream.run_id, plain.id, include=[INCLUDE_CONTENT])
    assert "content" not in plain.step_details["tool_calls"][0]["file_search"]["results"][0]
    assert whole.step_details["tool_calls"][0]["file_search"]["results"] == [found]
    assert names(events).count("thread.run.step.delta") == 2


def test_the_usage_of_a_run_is_the_sum_of_its_steps() -> None:
    """Whatever steps there are."""
    world, assistant, thread = a_world(
        Schedule(in_progress=[After(1, "requires_action", tools=1, steps=TOOLS), After(1, steps=TOOLS)])
    )
    run_id = world.create_run(thread, assistant_id=assistant).id
    world.advance(2)
    (call,) = world.run(run_id).required_action.tool_calls  # type: ignore[union-attr]
    world.submit_tool_outputs(thread, run_id, tool_outputs=[{"tool_call_id": call.id, "output": "x"}])
    world.advance(5)
    usage = world.retrieve_run(thread, run_id).to_json()["usage"]
    steps = [s.to_json()["usage"] for s in world.list_run_steps(thread, run_id).data]
    assert len(steps) == 6
    for kind in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert usage[kind] == sum(step[kind] for step in steps)
