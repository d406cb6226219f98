"""The event stream of a run as bytes: its frames, its end, its errors, and what befalls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

from runlife import MisuseError, VirtualClock
from runlife_adapters.http.messages import BrokenStreamError
from runlife_adapters.http.streams import DONE, RunStream
from runlife_adapters.memory import After, ApiError, Net, Schedule, ServicePolicy, World
from runlife_adapters.memory.events import StreamEvent

if TYPE_CHECKING:
    from runlife_adapters.http import Response
    from runlife_adapters.http.messages import Stream

    from .conftest import Bench


@define
class Events:
    """A double of a World's events: gives what it is told to, one list at a time; an error is raised."""

    script: list[list[StreamEvent] | Exception]
    closed: bool = False
    abandoned: bool = False
    told: list[Callable[[], None]] = field(factory=list)

    @property
    def over(self) -> bool:
        return self.closed or not self.script

    def take(self) -> list[StreamEvent]:
        given = self.script.pop(0) if self.script else []
        if isinstance(given, Exception):
            raise given
        return given

    def due(self) -> float | None:
        return 7.0

    def notify(self, callback: Callable[[], None]) -> None:
        self.told.append(callback)

    def close(self) -> None:
        self.closed = True


def stream(*script: Any, net: Net | None = None, **policy: Any) -> tuple[RunStream, Events, list[str]]:
    """Return a stream of such events, the double behind it, and the names that observers hear."""
    events, told = Events(list(script)), []
    made: Any = events
    return RunStream(made, ServicePolicy(**policy), lambda name, _: told.append(name), net), events, told


def frames(body: bytes) -> list[tuple[str, str]]:
    """Return name and data of each frame, all of them exactly as they were recorded."""
    parsed: list[tuple[str, str]] = []
    for block in body.decode().split("\n\n")[:-1]:
        first, second = block.split("\n")
        assert first.startswith("event: ")
        assert second.startswith("data: ")
        parsed.append((first[7:], second[6:]))
    return parsed


def drained(answer: Response, world: World) -> list[tuple[str, str]]:
    """Return the frames of an answer, for which time passes as far as it has to."""
    body: Stream | bytes = answer.body
    assert not isinstance(body, bytes)
    data = b""
    while not body.over:
        piece = body.take()
        data += piece
        if not piece and not body.over:
            due = body.due()
            assert due is not None
            world.advance(due - world.now())
    return frames(data)


def test_a_frame_is_as_it_was_recorded() -> None:
    """Two lines and an empty one; the JSON is on one line, compact, and in ASCII."""
    body, _, told = stream([StreamEvent("thread.created", {"id": "é\u2028", "metadata": {}})])

    assert body.take() == (
        b'event: thread.created\ndata: {"id":"\\u00e9\\u2028","metadata":{}}\n\nevent: done\ndata: [DONE]\n\n'
    )
    assert (body.over, body.take(), told) == (True, b"", ["thread.created"])


def test_a_stream_waits_as_its_run_does() -> None:
    """When more may come, and who is told of it, is the World's affair; nothing yet is nothing sent."""
    body, events, _ = stream([], [StreamEvent("thread.run.queued", {})])
    body.notify(print)

    assert (body.take(), body.over, body.due(), events.told) == (b"", False, 7.0, [print])
    assert body.take().endswith(DONE)
    assert body.due() is None


def test_leaving_a_stream_closes_the_worlds_side() -> None:
    """Nothing more is taken."""
    body, events, _ = stream([StreamEvent("thread.run.queued", {})])
    body.close()

    assert (body.over, body.take(), events.closed) == (True, b"", True)


@pytest.mark.parametrize("name", ["thread.run.incomplete", "thread.run.completed"])
def test_an_incomplete_run_may_end_with_the_old_name(name: Any) -> None:
    """In April 2024 its event was recorded as completed; observers hear what goes out."""
    body, _, told = stream([StreamEvent("thread.run.incomplete", {})], incomplete_event=name)

    assert [found for found, _ in frames(body.take())] == [name, "done"]
    assert told == [name]


@pytest.mark.parametrize("shape", ["nested", "flat"])
@pytest.mark.parametrize(
    ("error", "type", "word"),
    [
        (MisuseError("a secret of the user's"), "server_error", "The server had an error"),
        (ApiError(404, "No run found"), "invalid_request_error", "No run found"),
    ],
)
def test_an_error_within_is_an_event(
    shape: Any, error: Exception, type: str, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nested as observed or flat as documented, then the end; details are for the log, not for the client."""
    body, events, told = stream([StreamEvent("thread.run.queued", {})], error, error_event=shape)
    said = body.take() + body.take()
    names, data = zip(*frames(said), strict=True)
    inside = json.loads(data[1])

    assert names == ("thread.run.queued", "error", "done")
    assert told == ["thread.run.queued", "error"]
    assert events.closed
    fields = inside["error"] if shape == "nested" else inside
    assert (fields["type"], fields["message"].startswith(word)) == (type, True)
    assert "secret" not in said.decode()
    assert ("failed while a stream went on" in caplog.text) == (type == "server_error")


@pytest.mark.parametrize("kind", ["cut_stream", "stall_stream"])
@pytest.mark.parametrize("events", [0, 1, 2])
def test_a_stream_breaks_off_after_so_many_events(kind: Any, events: int) -> None:
    """What still comes through is sent first; of the rest nobody hears, and the run goes on."""
    net = Net(kind, events=events)
    script = [StreamEvent("a", {}), StreamEvent("b", {}), StreamEvent("c", {})]
    body, world_side, told = stream(script[:1], script[1:], net=net)

    taken: list[bytes] = []
    with pytest.raises(BrokenStreamError) as broken:
        taken.extend(body.take() for _ in range(9))
    sent = b"".join(taken)
    assert [name for name, _ in frames(sent)] == told == ["a", "b"][:events]
    assert broken.value.net is net
    assert world_side.closed


def test_a_break_beyond_the_end_is_none() -> None:
    """Whoever cuts after ten events of a stream that has one sees a whole stream."""
    body, _, _ = stream([StreamEvent("a", {})], net=Net("cut_stream", events=10))

    assert body.take().endswith(DONE)
    assert body.over


def test_a_malformed_stream_has_events_that_are_no_json() -> None:
    """Each frame is a frame, and its data breaks off."""
    body, _, _ = stream([StreamEvent("a", {"id": "run_1"})], net=Net("malformed"))

    assert frames(body.take())[0] == ("a", '{"id":"')


def test_a_run_is_streamed_to_its_end(bench: Bench) -> None:
    """The recorded order of a plain run, as server-sent events, with the usual headers."""
    answer = bench.stream()

    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.headers["openai-version"] == "2020-10-01"
    names = [name for name, _ in drained(answer, bench.world)]
    assert names[:4] == [
        "thread.created",
        "thread.run.created",
        "thread.run.queued",
        "thread.run.in_progress",
    ]
    assert names[-3:] == ["thread.run.step.completed", "thread.run.completed", "done"]


def test_the_stream_of_a_submit_begins_where_the_first_ended(make_bench: type[Bench]) -> None:
    """At requires_action the first is over; the second opens with the step that the outputs complete."""
    bench = make_bench.of(
        World(VirtualClock(), schedule=Schedule(in_progress=[After(1, "requires_action", tools=1)]))
    )
    tools = [{"type": "function", "function": {"name": "f"}}]
    told = drained(bench.stream(tools=tools), bench.world)
    assert [name for name, _ in told][-2:] == ["thread.run.requires_action", "done"]
    run = json.loads(told[-2][1])
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]

    answer = bench.ask(
        "POST",
        f"/v1/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs",
        {"tool_outputs": [{"tool_call_id": call["id"], "output": "1"}], "stream": True},
    )
    names = [name for name, _ in drained(answer, bench.world)]
    assert names[:2] == ["thread.run.step.completed", "thread.run.queued"]
    assert names[-2:] == ["thread.run.completed", "done"]


def test_a_stream_whose_world_is_emptied_breaks_with_an_error(bench: Bench) -> None:
    """It used to end with ``done``, as if its run had come to rest; what was not taken is not sent either."""
    body: Any = bench.stream().body
    body.take()
    bench.world.advance(0.5)
    bench.ask("POST", "/_runlife/reset", headers={})
    ((name, data),) = frames(body.take())

    assert (name, json.loads(data)["error"]["type"]) == ("error", "server_error")
    assert (body.over, body.take(), body.due()) == (True, b"", None)


def test_a_stream_that_had_ended_is_read_to_its_end_after_a_reset(bench: Bench) -> None:
    """All of it had happened by then."""
    body: Any = bench.stream().body
    bench.world.advance(30)
    bench.world.settle()
    bench.world.reset()

    assert [name for name, _ in frames(body.take())][-2:] == ["thread.run.completed", "done"]


def test_a_stream_is_attended_until_it_ends_or_is_left(bench: Bench) -> None:
    """That the server goes away is not the reader's doing."""
    ended, left, abandoned = (bench.stream().body for _ in range(3))
    assert isinstance(ended, RunStream)
    assert isinstance(left, RunStream)
    assert isinstance(abandoned, RunStream)
    assert ended.attended
    left.close()
    abandoned.close(abandoned=True)
    bench.world.advance(30)
    ended.take()

    assert [ended.attended, left.attended, abandoned.attended] == [False, False, True]
    left.close(abandoned=True)
    assert not left.attended


def test_a_refused_stream_is_a_plain_refusal(bench: Bench) -> None:
    """There is no stream whose first event is the error."""
    body = {"assistant_id": "asst_X", "stream": True}

    assert bench.error("POST", "/threads/runs", body)[:2] == (404, "No assistant found with id 'asst_X'.")


def test_leaving_a_stream_does_not_cancel_its_run(bench: Bench) -> None:
    """As observed at the real service: the connection and the run have nothing to do with each other."""
    answer = bench.stream()
    assert not isinstance(answer.body, bytes)
    first = json.loads(frames(answer.body.take())[1][1])
    answer.body.close()
    bench.world.advance(30)

    assert bench.world.retrieve_run(first["thread_id"], first["id"]).status == "completed"
