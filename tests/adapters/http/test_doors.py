"""The doors of our own: what they do, what they answer, and whom they let in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen

from runlife import VirtualClock
from runlife_adapters.http import Request, Service
from runlife_adapters.http.bodies import LARGEST_BODY
from runlife_adapters.http.doors import Transitions
from runlife_adapters.memory import After, Schedule, World

if TYPE_CHECKING:
    from runlife_adapters.http import Response

START = 1_700_000_000.0
JSON = {"content-type": "application/json"}
RUN = {"object": "thread.run", "id": "run_id", "thread_id": "thread_id", "assistant_id": "asst_1"}
YAML = """
rules:
  - when: {message: weather}
    schedule: {in_progress: [{delay: 1, to: requires_action, tools: 1}]}
default: {}
faults:
  - when: {operation: create_run, nth: 2}
    net: {kind: refuse, status: 429}
"""


@frozen
class Visitor:
    """Somebody who opens doors."""

    service: Service

    @property
    def world(self) -> World:
        """The World behind the doors."""
        return self.service.world

    def open(
        self, method: str, door: str, body: Any = None, query: str = "", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Open a door; return status and JSON of the answer."""
        answer = self.answer(method, door, body, query, **headers)
        assert isinstance(answer.body, bytes)
        return answer.status, json.loads(answer.body)

    def answer(self, method: str, door: str, body: Any = None, query: str = "", **headers: str) -> Response:
        """Open a door, and return the answer as it is."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.service.handle(Request(method, f"/_runlife/{door}", query, {**JSON, **said}, raw))

    def refusal(self, *request: Any, **options: Any) -> tuple[int, str]:
        """Open a door that stays shut; return status and message."""
        status, answer = self.open(*request, **options)
        return status, answer["error"]["message"]

    def call(self, method: str, path: str) -> int:
        """Call the API, and return the status."""
        headers = {"openai-beta": "assistants=v2"}
        return self.service.handle(Request(method, f"/v1{path}", headers=headers)).status


@pytest.fixture
def visitor() -> Visitor:
    """Give a visitor to a new World on a virtual clock."""
    return Visitor(Service(World(VirtualClock(START))))


# Which doors there are


def test_the_doors_are_listed_at_their_root(visitor: Visitor) -> None:
    """Each with its method, its path and what it does; with and without the last slash."""
    status, answer = visitor.open("GET", "")
    bare = visitor.service.handle(Request("GET", "/_runlife"))
    doors = {(door["method"], door["path"]) for door in answer["doors"]}

    assert status == 200
    assert bare.body == visitor.answer("GET", "").body
    assert {("POST", "/_runlife/reset"), ("PUT", "/_runlife/rules"), ("GET", "/_runlife/events")} <= doors
    assert all(door["says"] for door in answer["doors"])


def test_what_is_no_door_or_not_that_way_is_refused(visitor: Visitor) -> None:
    """A 404 says where the doors are listed, a 405 which methods there are."""
    answer = visitor.answer("DELETE", "rules")

    assert visitor.refusal("GET", "nothing") == (
        404, "there is no door /_runlife/nothing; GET /_runlife/ lists them"
    )  # fmt: skip
    assert visitor.refusal("DELETE", "rules") == (405, "the door /_runlife/rules knows GET, PUT, not DELETE")
    assert answer.headers["allow"] == "GET, PUT"


def test_a_service_without_doors_has_none() -> None:
    """Then they are as unknown as any other path."""
    visitor = Visitor(Service(World(VirtualClock(START)), doors=False))

    assert visitor.open("GET", "clock")[0] == 404


# Who is let in


def test_the_key_of_the_api_opens_the_doors(visitor: Visitor) -> None:
    """Where one is demanded, and only the right one."""
    guarded = Visitor(Service(visitor.world, api_key="sk-right"))

    assert guarded.open("GET", "clock")[0] == 401
    assert guarded.open("GET", "clock", authorization="Bearer sk-wrong")[0] == 401
    assert guarded.open("GET", "clock", authorization="Bearer sk-right")[0] == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("https://127.0.0.1", 200),
        ("http://[::1]:8080", 200),
        ("http://127.0.0.2:3000", 200),
        ("http://app.localhost:3000", 200),
        ("https://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("http://127.0.0.1.evil.example:4010", 403),
        ("null", 403),
        ("http://[", 403),
    ],
)
def test_a_web_page_from_elsewhere_opens_no_door(visitor: Visitor, origin: str, status: int) -> None:
    """A page that somebody visits must not drive a server on that somebody's machine."""
    assert visitor.open("POST", "reset", origin=origin)[0] == status


def test_a_body_must_say_that_it_is_json(visitor: Visitor) -> None:
    """A page of another origin can send a form or a text without asking first, but no JSON."""
    body = {"advance": 5}

    assert visitor.refusal("POST", "clock", body, content_type="text/plain")[0] == 415
    assert visitor.refusal("POST", "clock", body, content_type="")[0] == 415
    assert visitor.open("POST", "clock", body, content_type="application/json; charset=utf-8")[0] == 200


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "the body is no JSON"),
        (b'{"advance": NaN}', 400, "the body is no JSON: JSON has no NaN"),
        (b'{"advance": 1' + b"0" * 5_000 + b"}", 400, "the body is no JSON"),
        (b"[1]", 400, "the body: expected dict, got [1]"),
        (b"{}", 400, "the body: 'advance' must be given; known is advance"),
        (b'{"advance": 1, "by": 2}', 400, "the body: unknown 'by'; known is advance"),
        (b'{"advance": -1}', 400, "a clock only moves forward"),
        (b'{"advance": true}', 400, "expected a finite number of seconds, got True"),
        (b'{"advance": "1"}', 400, "expected a finite number of seconds, got '1'"),
        # It used to be done, and then nothing could be created any more, after a reset either.
        (b'{"advance": 1e300}', 400, "time moves to the end of the year 9999 at most, and not 1e+300 sec"),
        (b'{"advance": 1e999}', 400, "expected a finite number of seconds, got inf"),
        (b"[" * 100_000, 400, "the body is nested too deeply"),
        (b" " * (LARGEST_BODY + 1), 413, "the body is too large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    visitor: Visitor, body: bytes, status: int, message: str
) -> None:
    """In words, and nothing has happened."""
    got, said = visitor.refusal("POST", "clock", body)

    assert (got, said[: len(message)]) == (status, message)
    assert visitor.world.now() == START


# The scene


def test_objects_are_seeded_and_answered_as_they_are_then(visitor: Visitor) -> None:
    """With whatever ids they have, and the API knows them at once."""
    status, answer = visitor.open("POST", "seed", {"objects": [RUN]})

    assert status == 200
    assert answer["objects"][0] == visitor.world.retrieve_run("thread_id", "run_id").to_json()
    assert visitor.call("GET", "/threads/thread_id/runs/run_id") == 200


def test_a_seed_is_refused_as_a_whole(visitor: Visitor) -> None:
    """With the object and the field in the message, also when what is in it is nested too deeply."""
    bad = {**RUN, "id": "other", "status": "completed", "usage": None}
    deep: Any = []
    for _ in range(100):
        deep = [deep]

    assert visitor.refusal("POST", "seed", {"objects": [RUN, bad]}) == (
        400, "thread.run 'other': usage: is never null in status 'completed'"
    )  # fmt: skip
    assert visitor.refusal("POST", "seed", {"objects": {}}) == (400, "objects: expected list, got {}")
    assert visitor.refusal("POST", "seed", {"objects": [{**RUN, "response_format": deep}]})[0] == 400
    assert visitor.call("GET", "/threads/thread_id") == 404


def test_a_reset_forgets_things_calls_findings_and_counts(visitor: Visitor) -> None:
    """The second creation after it is the second again for the faults; rules stay."""
    visitor.open("PUT", "rules", {"faults": [{"when": {"operation": "create_thread", "nth": 2}, "net": NET}]})
    statuses = [visitor.call("POST", "/threads") for _ in range(2)]
    assert visitor.open("GET", "log")[1]["calls"]
    assert visitor.open("POST", "reset") == (200, {"reset": True})

    assert visitor.open("GET", "log")[1] == {"calls": [], "dropped": 0}
    assert (
        visitor.open("GET", "verdict")[1]
        == Visitor(Service(World(VirtualClock(START)))).open("GET", "verdict")[1]
    )
    assert statuses == [visitor.call("POST", "/threads") for _ in range(2)] == [200, 503]


NET = {"kind": "refuse", "status": 503}


def test_rules_and_faults_are_replaced_together(visitor: Visitor) -> None:
    """By one document, JSON or YAML; what is shown can be given back."""
    status, taken = visitor.open("PUT", "rules", YAML.encode(), content_type="application/yaml")
    shown = visitor.open("GET", "rules")[1]

    assert status == 200
    assert shown == taken
    assert len(visitor.world.rules.rules) == len(visitor.service.faults.rules) == 1
    assert visitor.open("PUT", "rules", shown) == (200, shown)


@pytest.mark.parametrize(
    "document",
    [b"{", b"\xff", b'{"rules": 5}', b'{"default": {"queued": [{"to": "completed"}]}}', b'{"faults": [{}]}'],
)
def test_rules_that_cannot_be_are_refused_and_nothing_is_replaced(visitor: Visitor, document: bytes) -> None:
    """Neither the rules nor the faults, whichever is at fault."""
    before = visitor.world.rules, visitor.service.faults

    assert visitor.refusal("PUT", "rules", document)[0] == 400
    assert (visitor.world.rules, visitor.service.faults) == before


# Time and moves


def test_a_virtual_clock_is_shown_and_moved(visitor: Visitor) -> None:
    """Forward, by seconds; what is due on the way happens."""
    visitor.open("POST", "seed", {"objects": [RUN]})

    assert visitor.open("GET", "clock") == (200, {"now": START, "kind": "virtual"})
    assert visitor.open("POST", "clock", {"advance": 10.5}) == (200, {"now": START + 10.5, "kind": "virtual"})
    assert visitor.world.retrieve_run("thread_id", "run_id").status == "completed"


def test_a_real_clock_is_shown_and_not_moved() -> None:
    """Nobody moves the machine's time."""
    visitor = Visitor(Service(World()))
    status, message = visitor.refusal("POST", "clock", {"advance": 1})

    assert visitor.open("GET", "clock")[1]["kind"] == "real"
    assert (status, message[:45]) == (400, "only a World on a VirtualClock can be advance")


def test_the_server_makes_a_move_when_told(visitor: Visitor) -> None:
    """The pending one, or one that is described; and says so when there is no such move."""
    visitor = Visitor(Service(World(VirtualClock(START), progression="manual")))
    visitor.open("POST", "seed", {"objects": [RUN]})
    assert visitor.open("POST", "runs/run_id/step")[1]["status"] == "in_progress"
    calls = {"to": "requires_action", "tools": [{"name": "weather", "arguments": {"city": "Oslo"}}]}
    status, run = visitor.open("POST", "runs/run_id/apply", calls)
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]

    assert (status, run["status"]) == (200, "requires_action")
    assert call["function"] == {"name": "weather", "arguments": '{"city":"Oslo"}'}
    assert visitor.refusal("POST", "runs/run_id/step")[0] == 400
    assert visitor.refusal("POST", "runs/run_id/apply", {"to": "completed"})[0] == 400
    assert visitor.refusal("POST", "runs/run_id/apply", {"whither": "completed"})[0] == 400
    assert visitor.refusal("POST", "runs/run_x/step") == (404, "No run found with id 'run_x'.")


def test_an_id_in_a_path_is_decoded(visitor: Visitor) -> None:
    """An id may hold anything, also a slash."""
    visitor.open("POST", "seed", {"objects": [{**RUN, "id": "a/b c"}]})

    assert visitor.open("POST", "runs/a%2Fb%20c/step")[1]["id"] == "a/b c"


# What was and what is


def test_the_calls_of_the_api_are_in_the_log_and_those_of_doors_are_not(visitor: Visitor) -> None:
    """Oldest first."""
    visitor.call("POST", "/threads")
    visitor.call("GET", "/threads/thread_x")
    calls = visitor.open("GET", "log")[1]["calls"]

    assert [(call["number"], call["method"], call["status"]) for call in calls] == [
        (1, "POST", 200),
        (2, "GET", 404),
    ]


def test_the_verdict_comes_as_json_or_as_text(visitor: Visitor) -> None:
    """Whichever is asked for: by the query before the header."""
    text = visitor.answer("GET", "verdict", query="format=text")
    accepted = visitor.answer("GET", "verdict", accept="text/plain, */*;q=0.5")

    assert visitor.open("GET", "verdict")[1] == visitor.service.verdict.to_json()
    assert text.body == accepted.body == visitor.service.verdict.to_text().encode()
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert visitor.open("GET", "verdict", query="format=json", accept="text/plain")[0] == 200
    assert visitor.refusal("GET", "verdict", query="format=xml") == (
        400, "format: expected 'json' or 'text', got 'xml'"
    )  # fmt: skip


def test_the_openapi_document_is_served(visitor: Visitor) -> None:
    """At a fixed place, for tools."""
    status, document = visitor.open("GET", "openapi.json")

    assert (status, document["openapi"]) == (200, "3.1.0")


def frames(stream: Any) -> list[tuple[str, Any]]:
    """Return the events that a stream has now, by name, with their data."""
    found = [frame.split(b"\n") for frame in stream.take().split(b"\n\n") if frame.startswith(b"event")]
    return [(name.decode()[7:], json.loads(data[6:])) for name, data in found]


def test_transitions_are_told_as_they_happen(visitor: Visitor) -> None:
    """Each with its run, its time and its cause; nothing of before; and the stream never ends."""
    visitor.open("POST", "seed", {"objects": [RUN]})
    answer = visitor.answer("GET", "events")
    stream: Any = answer.body
    woken: list[int] = []
    stream.notify(lambda: woken.append(1))

    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.take() == b": listening\n\n"
    assert stream.due() == START + 1
    visitor.open("POST", "clock", {"advance": 1})
    assert woken == [1]
    assert frames(stream) == [
        (
            "transition",
            {
                "run_id": "run_id",
                "thread_id": "thread_id",
                "at": START + 1,
                "event": "start",
                "source": "queued",
                "target": "in_progress",
                "cause": "server",
            },
        )
    ]
    visitor.open("POST", "clock", {"advance": 1})
    assert [data["event"] for _, data in frames(stream)] == ["complete"]
    assert stream.due() is None
    assert not stream.over


def test_a_transition_that_is_due_happens_although_nobody_calls(visitor: Visitor) -> None:
    """Whoever takes from the stream lets the time that has passed take its course."""
    visitor.open("POST", "seed", {"objects": [RUN]})
    stream: Any = visitor.answer("GET", "events").body
    stream.take()
    clock = visitor.world.clock
    assert isinstance(clock, VirtualClock)
    clock.advance(5)

    assert [data["event"] for _, data in frames(stream)] == ["start", "complete"]


def test_a_seed_wakes_the_listeners(visitor: Visitor) -> None:
    """They used to sleep through what the seeded runs did, until somebody called the API."""
    stream: Any = visitor.answer("GET", "events").body
    woken: list[int] = []
    stream.notify(lambda: woken.append(1))
    stream.take()
    assert stream.due() is None
    visitor.open("POST", "seed", {"objects": [RUN]})

    assert woken == [1]
    assert stream.due() == START + 1


def test_a_listener_that_does_not_keep_up_loses_the_oldest_and_is_told() -> None:
    """It holds nobody up, and knows how much it missed."""
    world = World(VirtualClock(START))
    stream = Transitions(world, keep=2)
    world.seed([{**RUN, "id": f"run_{n}", "thread_id": f"thread_{n}"} for n in range(3)])
    world.advance(1.5)

    assert frames(stream)[0] == ("dropped", {"count": 1})
    world.advance(5)
    assert [name for name, _ in frames(stream)] == ["dropped", "transition", "transition"]
    assert frames(stream) == []


def test_a_listener_that_is_gone_is_told_no_more() -> None:
    """And costs the World nothing; to close twice does no harm."""
    world = World(VirtualClock(START))
    stream = Transitions(world)
    woken: list[int] = []
    stream.notify(lambda: woken.append(1))
    stream.close()
    stream.close()
    world.seed([RUN])
    world.advance(5)

    assert (stream.over, stream.take(), stream.due(), woken) == (True, b"", None, [])


def test_a_model_that_misbehaves_does_not_end_the_stream(caplog: pytest.LogCaptureFixture) -> None:
    """Its run has failed, which is told like anything else; the reason is in the log."""

    class Meddler:
        def turn(self, context: Any) -> Any:
            world.now()

    world = World(VirtualClock(START), model=Meddler(), schedule=Schedule(queued=[After(1)]))
    stream = Transitions(world)
    world.seed([RUN])
    clock = world.clock
    assert isinstance(clock, VirtualClock)
    clock.advance(5)

    assert [data["event"] for _, data in frames(stream)] == ["start", "fail"]
    assert "a model must not call the World that asks it" in caplog.text
