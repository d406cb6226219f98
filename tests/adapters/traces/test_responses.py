"""Traces of responses: statuses, the calls that each answers, and the numbers of events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from runlife import VirtualClock
from runlife_adapters.cli.check import check as command
from runlife_adapters.http import Service, sync_client
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.memory import After, Net, Schedule, World
from runlife_adapters.traces import Event, Exchange, Observer, Recorder, Verdict, check, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PATH = "/v1/responses"
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "there"}


def response(status: str, id: str = "resp_1", **fields: Any) -> dict[str, Any]:
    """A response as it stands on the wire."""
    nulls = dict.fromkeys(("completed_at", "error", "incomplete_details", "usage", "previous_response_id"))
    ended = {"completed_at": 1002} if status == "completed" else {}
    plain = {"object": "response", "created_at": 1000, "background": True, "output": []}
    return {"id": id, "status": status, **nulls, **plain, **ended, **fields}


def create(body: Any, request: Any = None, at: float = 1000.0) -> Exchange:
    """A creation that is answered at once."""
    return Exchange("POST", PATH, at, at, 200, request or {"input": "Hello"}, body)


def get(body: Any, at: float) -> Exchange:
    """A look that is answered at once."""
    return Exchange("GET", f"{PATH}/{body['id']}", at, at, 200, body=body)


def events(*numbers: int, id: str = "resp_1") -> tuple[Event, ...]:
    """Events of a stream with these numbers; the first three show the response, and the last."""
    shown = {0: "created", 1: "queued", 2: "in_progress", 5: "completed"}
    found: list[Event] = []
    for number in numbers:
        kind = shown.get(number)
        if kind is None:
            data = {"delta": "text", "sequence_number": number}
            found.append(Event("response.output_text.delta", data))
        else:
            status = "queued" if kind == "created" else kind
            data = {"response": response(status, id), "sequence_number": number}
            found.append(Event(f"response.{kind}", data))
    return tuple(found)


def stream(*numbers: int, resumed: bool = False) -> Exchange:
    """A stream of events with these numbers: of a creation, or of one that was taken up again."""
    path = f"{PATH}/resp_1" if resumed else PATH
    return Exchange("GET" if resumed else "POST", path, None, None, 200, events=events(*numbers))


ROUND = [
    create(response("queued")),
    get(response("in_progress"), 1001.0),
    get(response("completed", output=[CALL]), 1003.0),
]


def after(*items: Any, at: float = 1003.0, **place: Any) -> Exchange:
    """The creation of the next response of the chain, with this input."""
    asked = {"previous_response_id": "resp_1", **place, "input": list(items)}
    body = response("queued", "resp_2", created_at=1003, previous_response_id=asked["previous_response_id"])
    return create(body, asked, at)


@pytest.mark.parametrize("mode", ["exact", "shared"])
def test_a_chain_is_explained_response_by_response(mode: Any) -> None:
    """Each is an object of its own: what was seen of it, how, and by which rows it came there."""
    first, second = check([*ROUND, after(OUTPUT)], mode=mode)
    assert first.lawful
    assert second.lawful
    assert (first.kind, first.id, second.id) == ("response", "resp_1", "resp_2")
    assert [(p.status, p.how, [r.event for r in p.rows]) for p in first.history] == [
        ("queued", "POST responses", ["create"]),
        ("in_progress", "GET response", ["start"]),
        ("completed", "GET response", ["call_functions"]),
    ]


def test_a_response_that_has_ended_does_not_come_back() -> None:
    """It cannot be at work after it was completed."""
    first, *_ = check([*ROUND, get(response("in_progress"), 1004.0)])
    assert first.error is not None
    assert first.error.possible == ("completed",)


def test_a_cancel_is_accepted_whenever_it_comes() -> None:
    """It ends what is at work, at once; of what has ended it shows how it ended."""
    cancel = f"{PATH}/resp_1/cancel"
    in_time = Exchange("POST", cancel, 1002.0, 1002.0, 200, body=response("cancelled"))
    too_late = Exchange("POST", cancel, 1004.0, 1004.0, 200, body=response("completed", output=[CALL]))
    assert check([*ROUND[:2], in_time], mode="exact")[0].lawful
    assert check([*ROUND, too_late], mode="exact")[0].lawful
    assert not check([*ROUND[:2], get(response("cancelled"), 1002.0)], mode="exact")[0].lawful


def test_every_call_is_answered_by_the_next_response() -> None:
    """A service that accepts less, or more, is not the one that is known."""
    other = {**OUTPUT, "call_id": "call_9"}
    (_, missing) = check([*ROUND, after({"role": "user", "content": "Well?"})])
    assert "call_1 is not answered, and it was accepted" in str(missing.error)
    (_, unknown) = check([*ROUND, after(OUTPUT, other)])
    assert "it answers call_9, which nothing called" in str(unknown.error)


@pytest.mark.parametrize(
    "following",
    [
        pytest.param(after(CALL, OUTPUT, previous_response_id=None), id="the whole history"),
        pytest.param(after(OUTPUT, previous_response_id=None, conversation="conv_1"), id="a conversation"),
        pytest.param(after(OUTPUT, previous_response_id="resp_0"), id="one that was never seen"),
        pytest.param(after({"type": "item_reference", "id": "fc_1"}, OUTPUT), id="a reference"),
        pytest.param(after("an oddity", OUTPUT), id="an oddity"),
    ],
)
def test_what_is_not_to_be_seen_is_not_accused(following: Exchange) -> None:
    """Calls may be in the input itself, or in what the trace does not show."""
    assert all(verdict.lawful for verdict in check([*ROUND, following]))


def test_events_are_numbered_without_a_gap() -> None:
    """One that is missing, and one that comes again, is found where that happens."""
    assert check([stream(0, 1, 2, 3, 4, 5)])[0].lawful
    for numbers, why in (
        ((0, 1, 2, 4, 5), "the event with the number 4 is not the next: 3 is missing"),
        ((0, 1, 2, 3, 3, 4), "the event with the number 3 came already"),
        ((1, 2, 3), "the event with the number 1 is not the next: 0 is missing"),
    ):
        (verdict,) = check([stream(*numbers)])
        assert verdict.error is not None
        assert why in str(verdict.error)


def test_a_stream_that_is_taken_up_again_tells_what_has_been() -> None:
    """It may begin anywhere, and its response may have ended long ago; from there on it has no gap."""
    ended = get(response("completed"), 1003.0)
    assert check([stream(0, 1, 2), ended, stream(2, 3, 4, 5, resumed=True)])[0].lawful
    assert check([stream(0, 1, 2), ended, stream(0, 1, 2, 3, 4, 5, resumed=True)])[0].lawful
    assert check([stream(3, 4, 5, resumed=True)])[0].lawful
    assert not check([stream(0, 1, 2), ended, stream(2, 4, 5, resumed=True)])[0].lawful


def test_what_a_stream_tells_again_must_be_lawful_in_itself() -> None:
    """A response that went back to the queue is caught in a replay as well."""
    back = Exchange("GET", f"{PATH}/resp_1", None, None, 200, events=(*events(2), *events(1)[:1]))
    odd = Event("response.queued", {"response": response("queued"), "sequence_number": 3})
    replay = Exchange("GET", back.path, None, None, 200, events=(*events(2), odd))
    (verdict,) = check([stream(0, 1, 2, 3, 4, 5), replay])
    assert verdict.error is not None
    assert "no way leads there from in_progress" in str(verdict.error)


def test_counting_tokens_and_items_is_about_no_response() -> None:
    """Other paths under the same roof are passed over."""
    count = Exchange("POST", f"{PATH}/input_tokens", 1.0, 1.0, 200, body={"input_tokens": 3})
    items = Exchange("GET", f"{PATH}/resp_1/input_items", 1.0, 1.0, 200, body={"data": [OUTPUT]})
    assert check([count, items]) == ()


# --------------------------------------------------------------------------- recorded, and observed


@pytest.fixture
def world() -> World:
    """A World whose model calls two functions before it answers."""
    schedule = Schedule(in_progress=[After(1, "requires_action", tools=2)])
    return World(VirtualClock(1_000_000.0), schedule=schedule)


@pytest.fixture
def recorded(world: World, tmp_path: Path) -> Path:
    """A recording of two rounds: polled, streamed, cut, resumed. What was said is not in it."""
    file = tmp_path / "responses.ndjson"
    with Recorder(file, clock=world.clock) as recorder:
        _two_rounds(recorder, world)
    return file


def _two_rounds(recorder: Recorder, world: World) -> None:
    openai = pytest.importorskip("openai")
    cut = FaultRule(Net("cut_stream", events=5), operation="create_response", nth=2)
    http = sync_client(Service(world, faults=FaultPlan([cut])))
    http.event_hooks = recorder.hooks()
    client = openai.OpenAI(api_key="sk-none", base_url="http://fake.test/v1", http_client=http, max_retries=0)
    tools: Any = [{"type": "function", "name": "look", "parameters": {}, "strict": False}]
    asked: dict[str, Any] = {"model": "gpt-4o", "tools": tools, "background": True}
    one = client.responses.create(input="Tell nobody.", **asked)
    while one.status != "completed":
        world.advance(1)
        one = client.responses.retrieve(one.id)
    outputs: Any = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "a secret"}
        for item in one.output
        if item.type == "function_call"
    ]
    seen, two = -1, ""
    try:
        for event in client.responses.create(
            previous_response_id=one.id, input=outputs, stream=True, **asked
        ):
            seen, two = event.sequence_number, getattr(event, "response", two)
    except Exception:  # noqa: BLE001  # it is cut, in the words of the HTTP library
        for _ in client.responses.retrieve(two.id, stream=True, starting_after=seen):
            pass


@pytest.mark.slow
def test_a_recording_of_the_fake_is_legal_and_gives_nothing_away(recorded: Path) -> None:
    """What two rounds with a broken stream leave behind is lawful, and says nothing that anybody said."""
    verdicts = check(read(recorded), mode="exact")
    assert [str(verdict.error) for verdict in verdicts if not verdict.lawful] == []
    assert [verdict.kind for verdict in verdicts] == ["response", "response"]
    text = recorded.read_text(encoding="utf-8")
    assert "call_" in text
    assert "secret" not in text
    assert "Tell nobody" not in text


def test_an_observer_follows_responses(world: World) -> None:
    """It hears what the recorder hears, and finds nothing wrong with what the fake does."""
    wrong = list[Verdict]()
    observer = Observer(wrong.append, mode="exact", clock=world.clock)
    with Recorder(observer.hear, content=True, clock=world.clock) as recorder:
        _two_rounds(recorder, world)
    assert wrong == []
    assert len(observer) == 2


@pytest.mark.slow
def test_a_doctored_recording_is_caught(recorded: Path) -> None:
    """An event that is taken out, a status that is changed, an output that is: the command says where."""
    lines = recorded.read_text(encoding="utf-8").splitlines()
    delta = max(n for n, line in enumerate(lines) if "output_text.delta" in line)
    for doctored, says in (
        ([*lines[:delta], *lines[delta + 1 :]], "is missing"),
        (_with(lines, '"name":"response.completed"', "completed", "exploded"), "exploded is no status"),
        (_with(lines, "function_call_output", "function_call_output", "message"), "is not answered"),
    ):
        recorded.write_text("\n".join(doctored), encoding="utf-8")
        result = CliRunner().invoke(command, [str(recorded)])
        assert result.exit_code == 1
        assert "2 responses: 1 left the lifecycle" in result.output
        assert says in result.output


def _with(lines: list[str], mark: str, old: str, new: str) -> list[str]:
    """Return lines in which the last one with a mark has another word in its data."""
    number = max(n for n, line in enumerate(lines) if mark in line)
    told: Mapping[str, Any] = json.loads(lines[number])
    key = "data" if "data" in told else "body"
    changed = {**told, key: json.loads(json.dumps(told[key]).replace(old, new))}
    return [*lines[:number], json.dumps(changed), *lines[number + 1 :]]
