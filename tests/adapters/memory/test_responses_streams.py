"""The events of responses: what they say, in which order, and that each reader gets each of them once."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife import VirtualClock
from runlife_adapters.memory import (
    After,
    ApiError,
    Call,
    CodeInterpreter,
    FileSearch,
    Schedule,
    World,
)

if TYPE_CHECKING:
    from runlife_adapters.memory import ResponseEvents, StreamEvent

START = 1_700_000_000.0
CALLS = [Call("f", {"a": 1}), Call("g")]
MESSAGE = [
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
]
CALL = [
    "response.output_item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
]


def world_of(*turns: After, **options: Any) -> World:
    """Return a World on a virtual clock whose runs take these turns."""
    return World(VirtualClock(START), schedule=Schedule(in_progress=turns), **options)


def streamed(world: World, said: Any = "one two three", **options: Any) -> ResponseEvents:
    """Create a response whose events are told; in the background, unless something else is said."""
    return world.stream_response(**{"model": "m", "input": said, "background": True, **options})


def drained(world: World, stream: ResponseEvents) -> list[StreamEvent]:
    """Return all that a stream still gives, letting time pass as it needs."""
    taken = stream.take()
    while not stream.over:
        due = stream.due()
        assert due is not None
        world.advance(due - world.clock.now())
        taken += stream.take()
    return taken


def in_short(events: list[StreamEvent]) -> list[str]:
    """Return the names of events, each row of deltas as one."""
    names = [event.name for event in events]
    return [name for before, name in pairwise(["", *names]) if name != before or not name.endswith(".delta")]


def told_text(events: list[StreamEvent]) -> str:
    """Return what the deltas of texts say together."""
    return "".join(event.data["delta"] for event in events if event.name == "response.output_text.delta")


def test_a_background_response_tells_its_life_in_the_recorded_order() -> None:
    """Each event bears its name and its number."""
    world = world_of()
    events = drained(world, streamed(world))

    assert in_short(events) == [
        "response.created",
        "response.queued",
        "response.in_progress",
        *MESSAGE,
        "response.completed",
    ]
    assert [event.data["type"] for event in events] == [event.name for event in events]
    assert [event.data["sequence_number"] for event in events] == list(range(len(events)))
    assert told_text(events) == "one two three"
    assert [e.data["response"]["status"] for e in events if "response" in e.data] == [
        "queued", "queued", "in_progress", "completed",
    ]  # fmt: skip


def test_a_foreground_response_is_never_queued() -> None:
    """It begins at work."""
    world = world_of()

    assert in_short(drained(world, streamed(world, background=False)))[:3] == [
        "response.created", "response.in_progress", "response.output_item.added",
    ]  # fmt: skip


def test_calls_are_told_one_after_the_other() -> None:
    """Each to its end before the next one begins; together they are those with which it completes."""
    world = world_of(After(2, "requires_action", tools=CALLS))
    events = drained(world, streamed(world))
    done = [event.data for event in events if event.name == "response.output_item.done"]

    assert in_short(events)[3:] == [*CALL, *CALL, "response.completed"]
    assert [item["item"] for item in done] == events[-1].data["response"]["output"]
    assert [(item["output_index"], item["item"]["arguments"]) for item in done] == [(0, '{"a":1}'), (1, "{}")]


def test_the_stream_of_the_next_response_is_about_that_one_alone() -> None:
    """Its numbers begin again, and so do its items."""
    world = world_of(After(1, "requires_action", tools=1))
    first = drained(world, streamed(world))[-1].data["response"]
    said = [{"type": "function_call_output", "call_id": first["output"][0]["call_id"], "output": "42"}]
    events = drained(world, streamed(world, said, previous_response_id=first["id"]))

    assert in_short(events)[3:] == [*MESSAGE, "response.completed"]
    assert events[3].data["output_index"] == 0
    assert [item["type"] for item in events[-1].data["response"]["output"]] == ["message"]


def test_the_tools_of_the_service_tell_how_they_work() -> None:
    """In the documented events, before the message."""
    steps = [FileSearch(), CodeInterpreter("print(1)", logs="1")]
    world = world_of(After(4, text="Done.", steps=steps))
    added, done = "response.output_item.added", "response.output_item.done"
    search, code = "response.file_search_call", "response.code_interpreter_call"

    assert in_short(drained(world, streamed(world)))[3:-1] == [
        *(added, f"{search}.in_progress", f"{search}.searching", f"{search}.completed", done),
        *(added, f"{code}.in_progress", f"{code}_code.delta", f"{code}_code.done"),
        *(f"{code}.interpreting", f"{code}.completed", done),
        *MESSAGE,
    ]


@pytest.mark.parametrize(
    ("after", "events"),
    [
        (After(2, "incomplete", text="Half"), [*MESSAGE, "response.incomplete"]),
        (After(2, "failed"), [*MESSAGE[:2], "response.failed"]),
    ],
)
def test_an_end_that_is_none_is_told_by_its_name(after: After, events: list[str]) -> None:
    """What is cut short is told to its end; what fails is not (inferred)."""
    world = world_of(after)

    assert in_short(drained(world, streamed(world)))[3:] == events


def test_the_stream_of_a_cancelled_response_ends() -> None:
    """There is no event of that name: it just ends (inferred), and can be read again from anywhere."""
    world = world_of(After(10, text="one two three four"))
    stream = streamed(world)
    world.advance(6)
    events = stream.take()
    assert not stream.over
    world.cancel_response(stream.response_id)

    assert (stream.take(), stream.over) == ([], True)
    assert told_text(events) == "one two"
    assert world.resume_response(stream.response_id, starting_after=2).take() == events[3:]


def test_a_turn_that_is_made_by_hand_is_told_whole() -> None:
    """What came of it piece by piece is not told twice."""
    world = world_of(progression="manual")
    stream = streamed(world)
    run_id = world.chain(stream.response_id)
    world.step(run_id)
    world.apply(run_id, After(to="requires_action", tools=CALLS))

    assert in_short(stream.take())[3:] == [*CALL, *CALL, "response.completed"]


@pytest.mark.parametrize("wait", [1.5, 6])
def test_a_turn_that_ends_otherwise_than_it_began_keeps_its_places(wait: float) -> None:
    """A message that was begun is told no further, also if it said nothing; the calls come after it."""
    world = world_of(After(10, text="one two three four"))
    stream = streamed(world)
    world.advance(wait)
    world.apply(world.chain(stream.response_id), After(to="requires_action", tools=1))
    events = stream.take()
    final = events[-1].data["response"]["output"]

    assert [e.data["output_index"] for e in events if e.name == "response.output_item.added"] == [0, 1]
    assert [item["type"] for item in final] == ["message", "function_call"]
    assert final[0]["status"] == "incomplete"


def test_a_tool_that_fails_with_its_response_is_told_no_further() -> None:
    """It used to be taken for a call of a function, whose end was then told."""
    world = world_of(After(10, "requires_action", tools=1, steps=[CodeInterpreter("print(1)")]))
    stream = streamed(world)
    world.advance(3)
    world.apply(world.chain(stream.response_id), After(to="failed"))
    names = [event.name for event in stream.take()]

    assert names[-1] == "response.failed"
    assert "response.function_call_arguments.done" not in names


def test_a_log_is_written_whether_or_not_anybody_reads() -> None:
    """A reader may leave; the next one misses nothing."""
    world = world_of()
    stream = streamed(world)
    begun = stream.take()
    stream.close()
    world.advance(10)
    (*_, latest) = begun
    rest = world.resume_response(stream.response_id, starting_after=latest.data["sequence_number"]).take()

    assert stream.take() == []
    assert begun + rest == world.resume_response(stream.response_id).take()
    assert rest[-1].name == "response.completed"


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1)), max_size=12))
def test_whoever_resumes_gets_every_event_once(looks: list[tuple[int, float]]) -> None:
    """Wherever readers break off, and whenever they come back."""
    world = world_of(After(5, text="one two three four five six seven"))
    stream = streamed(world)
    read: list[StreamEvent] = []
    for most, seconds in looks:
        read += stream.take()[:most]  # what was sent after that is lost on the line
        stream.close()
        world.advance(seconds)
        after = read[-1].data["sequence_number"] if read else None
        stream = world.resume_response(stream.response_id, starting_after=after)
    read += drained(world, stream)

    assert read == world.resume_response(stream.response_id).take()
    assert [event.data["sequence_number"] for event in read] == list(range(len(read)))


def test_what_was_not_to_be_streamed_cannot_be() -> None:
    """Nor what was in the foreground; and a place in a stream needs a stream."""
    world = world_of()
    plain = world.create_response(model="m", input="x", background=True).id
    foreground = streamed(world, background=False).response_id

    for response_id in (plain, foreground):
        with pytest.raises(ApiError, match="cannot be streamed") as refused:
            world.resume_response(response_id)
        assert refused.value.status == 404
    with pytest.raises(ApiError, match="only be used when 'stream' is true") as refused:
        world.retrieve_response(plain, starting_after=1)
    assert refused.value.param == "starting_after"


def test_a_reader_is_told_that_there_is_more() -> None:
    """By a callback, whoever makes it happen; and of the end as well."""
    world = world_of()
    told: list[int] = []
    stream = streamed(world)
    stream.notify(lambda: told.append(1))
    world.advance(0.5)
    assert not told
    for seconds in (0.6, 0.5):  # it begins, and says something
        told.clear()
        world.advance(seconds)
        assert told
    told.clear()
    world.cancel_response(stream.response_id)

    assert told
    assert stream.ended


def test_who_waits_for_a_response_is_told_when_it_has_ended() -> None:
    """As the client of one in the foreground does."""
    world = world_of()
    response = world.create_response(model="m", input="Hello")
    late = world.await_response(response.id)
    assert (late.take(), late.over, late.due()) == (None, False, START + 1)
    world.advance(2)

    ended = late.take()
    assert ended is not None
    assert (ended.status, late.over, late.due()) == ("completed", True, None)


def test_a_world_that_is_emptied_ends_all_waiting() -> None:
    """Readers are told that it is no proper end."""
    world = world_of()
    stream = streamed(world)
    late = world.await_response(world.create_response(model="m", input="Hello").id)
    world.reset()

    assert stream.abandoned
    assert late.abandoned
    assert stream.ended
    assert late.over
