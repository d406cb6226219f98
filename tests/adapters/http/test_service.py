"""What the service refuses, in which words and in which order."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError, VirtualClock
from runlife_adapters.http import Request, Service
from runlife_adapters.http.bodies import LARGEST_FORM
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.http.service import DEEPEST_BODY, LARGEST_BODY
from runlife_adapters.memory import After, Net, Schedule, ServicePolicy, World
from runlife_adapters.memory.ids import Kind

if TYPE_CHECKING:
    from runlife_adapters.http.exchange import Exchange

    from .conftest import Bench

USER = {"role": "user", "content": "Hello"}
BETA = {"openai-beta": "assistants=v2"}
NO_BETA = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by setting "
    "the header 'OpenAI-Beta: assistants=v2'."
)


def test_every_answer_has_the_usual_headers(bench: Bench) -> None:
    """Those of recorded answers, the same for the same requests; each has an id of its own."""
    answers = [bench.service.handle(Request("POST", "/v1/threads", headers=BETA)) for _ in range(2)]
    names = {
        *("content-type", "openai-organization", "openai-processing-ms", "openai-project"),
        *("openai-version", "x-request-id"),
    }

    assert {frozenset(answer.headers) for answer in answers} == {frozenset(names)}
    assert answers[0].headers["x-request-id"] != answers[1].headers["x-request-id"]
    assert answers[0].headers["openai-version"] == "2020-10-01"


def test_the_poll_header_comes_with_runs_when_it_is_wanted(make_bench: type[Bench]) -> None:
    """The official clients read it once and then poll at that pace."""
    bench = make_bench.of(
        World(VirtualClock(), service_policy=ServicePolicy(poll_after_ms=50)),
    )
    assistant = bench.world.create_assistant(model="m", instructions="Speak.")
    body = json.dumps({"assistant_id": assistant.id}).encode()
    created = bench.service.handle(Request("POST", "/v1/threads/runs", headers=BETA, body=body))
    listed = bench.service.handle(Request("GET", "/v1/assistants", headers=BETA))

    assert created.headers["openai-poll-after-ms"] == "50"
    assert "openai-poll-after-ms" not in listed.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/nothing", 404, "Invalid URL (GET /v1/nothing)"),
        (
            "GET",
            "/threads/thread_1/runs/run_1/stop",
            404,
            "Invalid URL (GET /v1/threads/thread_1/runs/run_1/stop)",
        ),
        ("POST", "/threads//runs/", 404, "Invalid URL (POST /v1/threads//runs/)"),
        (
            "PUT",
            "/threads",
            405,
            "Not allowed to PUT on /v1/threads. (HINT: Perhaps you meant to use a different HTTP method?)",
        ),
        (
            "DELETE",
            "/threads/thread_1/runs/run_1",
            405,
            (
                "Not allowed to DELETE on /v1/threads/thread_1/runs/run_1. "
                "(HINT: Perhaps you meant to use a different HTTP method?)"
            ),
        ),
        (
            "GET",
            "/threads/runs",
            405,
            (
                "Not allowed to GET on /v1/threads/runs. "
                "(HINT: Perhaps you meant to use a different HTTP method?)"
            ),
        ),
    ],
)
def test_what_is_not_served_is_said(bench: Bench, method: str, path: str, status: int, message: str) -> None:
    """Unknown paths and methods get the service's envelope, with or without any header."""
    assert bench.error(method, path, headers={}) == (status, message, None, None)


def test_other_bases_are_not_served(bench: Bench) -> None:
    """Everything lives under /v1."""
    assert bench.service.handle(Request("GET", "/v2/assistants", headers=BETA)).status == 404
    assert bench.service.handle(Request("GET", "/", headers=BETA)).status == 404


def test_a_key_is_asked_for_when_there_is_one(make_bench: type[Bench]) -> None:
    """No key and a wrong key are told apart, and the wrong one is not repeated in full."""
    bench = make_bench.of(api_key="sk-right")
    ask = ("GET", "/assistants")
    status, message, _, code = bench.error(*ask, headers=BETA)
    assert (status, message[:34], code) == (401, "You didn't provide an API key. You", None)
    status, message, _, code = bench.error(*ask, headers={**BETA, "authorization": "Bearer sk-wrong-1234"})
    assert (status, code) == (401, "invalid_api_key")
    assert message == (
        "Incorrect API key provided: *********1234. You can find your API key at "
        "https://platform.openai.com/account/api-keys."
    )

    assert bench.send(*ask, headers={**BETA, "authorization": "Bearer sk-right"})[0] == 200


@pytest.mark.parametrize(
    ("header", "start"),
    [
        ({}, NO_BETA),
        ({"openai-beta": "agents=v1"}, NO_BETA),
        ({"openai-beta": "assistants=v1"}, "The v1 Assistants API has been deprecated."),
    ],
)
def test_the_beta_header_is_needed(bench: Bench, header: dict[str, str], start: str) -> None:
    """Without it, or with the first version, the request is refused."""
    status, message, param, code = bench.error("GET", "/assistants", headers=header)

    assert (status, message.startswith(start), param, code) == (400, True, None, "invalid_beta")
    assert bench.send("GET", "/assistants", headers={"openai-beta": "x=y, assistants=v2"})[0] == 200


def test_an_id_has_the_shape_of_its_kind(bench: Bench) -> None:
    """The path is looked at before the body, and the body before what exists."""
    words = "Invalid '{}': '{}'. Expected an ID that begins with '{}'."
    cases = [
        ("GET", "/threads/undefined", "thread_id", "undefined", "thread"),
        ("POST", "/threads/undefined/runs", "thread_id", "undefined", "thread"),
        ("GET", "/threads/thread_1/messages/x", "message_id", "x", "msg"),
        ("GET", "/threads/thread_1/runs/x/steps/step_1", "run_id", "x", "run"),
        ("GET", "/threads/thread_1/runs/run_1/steps/x", "step_id", "x", "step"),
        ("DELETE", "/assistants/x%2Fy", "assistant_id", "x/y", "asst"),
    ]
    for method, path, param, value, prefix in cases:
        expected = (400, words.format(param, value, prefix), param, "invalid_value")
        assert bench.error(method, path, {"wrong": 1}) == expected
    body = {"assistant_id": "undefined"}
    expected = (400, words.format("assistant_id", "undefined", "asst"), "assistant_id", "invalid_value")
    assert bench.error("POST", "/threads/thread_1/runs", body) == expected


@pytest.mark.parametrize(
    ("body", "message", "param", "code"),
    [
        (
            {"metadata": {"modified": True}},
            "Invalid type for 'metadata.modified': expected a string, but got a boolean instead.",
            "metadata.modified",
            "invalid_type",
        ),
        (
            {"metadata": ["a"]},
            "Invalid type for 'metadata': expected an object, but got an array instead.",
            "metadata",
            "invalid_type",
        ),
        (
            {"metadata": {str(n): "" for n in range(17)}},
            (
                "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, "
                "but got an object with 17 properties instead."
            ),
            "metadata",
            "object_above_max_properties",
        ),
        (
            {"metadata": {"k": "v" * 513}},
            (
                "Invalid 'metadata.k': string too long. Expected a string with maximum length 512, "
                "but got a string with length 513 instead."
            ),
            "metadata.k",
            "string_above_max_length",
        ),
        ({"colour": "red"}, "Unknown parameter: 'colour'.", "colour", "unknown_parameter"),
        (
            {"messages": [USER, {"content": "Hi"}]},
            "Missing required parameter: 'messages[1].role'.",
            "messages[1].role",
            "missing_required_parameter",
        ),
        (
            {"messages": [{**USER, "mood": "good"}]},
            "Unknown parameter: 'messages[0].mood'.",
            "messages[0].mood",
            "unknown_parameter",
        ),
        (
            {"messages": [{**USER, "role": "system"}]},
            "Invalid value: 'system'. Supported values are: 'user' and 'assistant'.",
            "messages[0].role",
            "invalid_value",
        ),
        (
            {"messages": [{**USER, "content": 5}]},
            (
                "Invalid type for 'messages[0].content': expected one of a string or array of objects, "
                "but got an integer instead."
            ),
            "messages[0].content",
            "invalid_type",
        ),
        (
            {"messages": [{**USER, "content": []}]},
            (
                "Invalid 'messages[0].content': empty array. Expected an array with minimum length 1, "
                "but got an empty array instead."
            ),
            "messages[0].content",
            "empty_array",
        ),
        (
            {"messages": [{**USER, "content": [{"text": "Hi"}]}]},
            "Missing required parameter: 'messages[0].content[0].type'.",
            "messages[0].content[0].type",
            "missing_required_parameter",
        ),
        (
            {"messages": [{**USER, "content": [{"type": "sound"}]}]},
            "Invalid value: 'sound'. Supported values are: 'text', 'image_file', and 'image_url'.",
            "messages[0].content[0].type",
            "invalid_value",
        ),
    ],
)
def test_a_body_is_checked_to_its_last_field(
    bench: Bench, body: Any, message: str, param: str, code: str
) -> None:
    """What is wrong is named by its path."""
    assert bench.error("POST", "/threads", body) == (400, message, param, code)


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({}, "Missing required parameter: 'model'.", "missing_required_parameter"),
        (
            {"model": None},
            "Invalid type for 'model': expected a string, but got null instead.",
            "invalid_type",
        ),
        (
            {"model": "m", "temperature": 3},
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
            "decimal_above_max_value",
        ),
        (
            {"model": "m", "temperature": -0.5},
            (
                "Invalid 'temperature': decimal below minimum value. Expected a value >= 0, "
                "but got -0.5 instead."
            ),
            "decimal_below_min_value",
        ),
        (
            {"model": "m", "top_p": True},
            "Invalid type for 'top_p': expected a decimal, but got a boolean instead.",
            "invalid_type",
        ),
        (
            {"model": "m", "tools": [{"type": "code_interpreter"}] * 129},
            (
                "Invalid 'tools': array too long. Expected an array with maximum length 128, "
                "but got an array with length 129 instead."
            ),
            "array_above_max_length",
        ),
        (
            {"model": "m", "name": "n" * 257},
            (
                "Invalid 'name': string too long. Expected a string with maximum length 256, "
                "but got a string with length 257 instead."
            ),
            "string_above_max_length",
        ),
        ({"model": "m", "stream": False}, "Unknown parameter: 'stream'.", "unknown_parameter"),
    ],
)
def test_an_assistant_is_checked_likewise(bench: Bench, body: Any, message: str, code: str) -> None:
    """Ranges, lengths, kinds of number, and null where something is required."""
    status, said, _, found = bench.error("POST", "/assistants", body)
    assert (status, said, found) == (400, message, code)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"max_prompt_tokens": 0}, "integer below minimum value. Expected a value >= 1, but got 0 instead."),
        ({"max_prompt_tokens": 1.5}, "expected an integer, but got a decimal number instead."),
        ({"tool_choice": "sometimes"}, "Supported values are: 'none', 'auto', and 'required'."),
        ({"tool_choice": 1}, "expected one of a string or object, but got an integer instead."),
        ({"tools": [{"type": "function"}]}, "Missing required parameter: 'tools[0].function'."),
        ({"truncation_strategy": {"type": "auto", "last_messages": "1"}}, "expected an integer"),
        ({"tool_resources": {}}, "Unknown parameter: 'tool_resources'."),
    ],
)
def test_a_run_is_checked_likewise(bench: Bench, option: Any, message: str) -> None:
    """Before anybody asks whether its thread exists."""
    status, said, _, _ = bench.error("POST", "/threads/thread_X/runs", {"assistant_id": "asst_X", **option})

    assert status == 400
    assert message in said


def test_null_is_as_good_as_absent(bench: Bench) -> None:
    """Where a field is optional, clients may send null."""
    status, thread = bench.send("POST", "/threads", {"messages": None, "metadata": None})

    assert (status, thread["metadata"]) == (200, {})


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b"nonsense", b'{"metadata": NaN}', b'{"temperature": -Infinity}']
)
def test_a_body_that_is_not_json_is_refused(bench: Bench, body: bytes) -> None:
    """In the envelope, with the service's hint, however it is broken."""
    status, message, _, _ = bench.error("POST", "/threads", body)

    assert status == 400
    assert message.startswith("We could not parse the JSON body of your request.")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5000, "-" + "9" * 5000])
@pytest.mark.parametrize(
    "body", ['{"model": "m", "temperature": %s}', '{"model": "m", "tools": [{"type": "function", "x": %s}]}']
)
def test_a_number_that_cannot_be_held_is_refused(bench: Bench, body: str, number: str) -> None:
    """Such a number used to come back as Infinity, which is no JSON; long ones were called no JSON."""
    status, message, _, _ = bench.error("POST", "/assistants", (body % number).encode())

    assert status == 400
    assert message == (
        f"Invalid number: the one that begins with '{number[:20]}' is too large or too small to be read."
    )


def nested(depth: int) -> dict[str, Any]:
    """Return the body of an assistant that has so many levels."""
    parameters: dict[str, Any] = {}
    for level in range(depth - 5):  # the body, its tools, the tool, the function, and the innermost level
        parameters = {"properties": parameters} if level % 2 else {"anyOf": parameters}
    function = {"name": "f", "parameters": parameters}
    return {"model": "m", "tools": [{"type": "function", "function": function}]}


def test_a_body_may_be_nested_too_deeply(bench: Bench) -> None:
    """A tool's schema of some hundred levels used to end in a RecursionError on its way out."""
    assert bench.send("POST", "/assistants", nested(DEEPEST_BODY))[0] == 200

    words = f"Invalid body: nested too deeply. Expected at most {DEEPEST_BODY} levels of objects and arrays."
    for body in (nested(DEEPEST_BODY + 1), nested(500), b"[" * 100_000):
        assert bench.error("POST", "/assistants", body)[:2] == (400, words)


def test_a_body_is_an_object(bench: Bench) -> None:
    """A list is JSON, and no request."""
    assert bench.error("POST", "/threads", [])[0] == 400


def test_a_body_may_be_too_large(bench: Bench) -> None:
    """Beyond the limit nobody looks into it."""
    status, message, _, _ = bench.error("POST", "/threads", b"x" * (LARGEST_BODY + 1))

    assert (status, message) == (413, f"Request body too large: at most {LARGEST_BODY} bytes are accepted.")


def test_a_query_is_checked_and_decoded(bench: Bench) -> None:
    """Numbers are read, keys may be repeated, and what is not known is ignored."""
    for _ in range(3):
        bench.world.create_assistant(model="m")
    status, page = bench.send("GET", "/assistants", query="limit=2&order=asc&api-version=2026&after=")
    assert (status, len(page["data"]), page["has_more"]) == (200, 2, True)

    cases = {
        "limit=0": ("limit", "integer_below_min_value"),
        "limit=101": ("limit", "integer_above_max_value"),
        "limit=many": ("limit", "invalid_type"),
        "limit=": ("limit", "invalid_type"),
        "order=up": ("order", "invalid_value"),
    }
    for query, expected in cases.items():
        assert bench.error("GET", "/assistants", query=query)[2:] == expected
    # A number with more digits than Python converts used to be a ValueError.
    status, message, _, _ = bench.error("GET", "/assistants", query=f"limit={'9' * 5000}")
    assert (status, message.startswith("Invalid number")) == (400, True)
    path = "/threads/thread_1/runs/run_1/steps"
    query = (
        "include[]=step_details.tool_calls%5B%2A%5D.file_search.results%5B%2A%5D.content&include[]=everything"
    )
    assert bench.error("GET", path, query=query)[2:] == ("include[1]", "invalid_value")


def test_existence_comes_before_state(bench: Bench) -> None:
    """A second run with an unknown assistant on a locked thread is told of the assistant."""
    assistant = bench.world.create_assistant(model="m")
    thread = bench.world.create_thread(messages=[USER])
    path = f"/threads/{thread.id}/runs"
    assert bench.send("POST", path, {"assistant_id": assistant.id})[0] == 200

    assert bench.error("POST", path, {"assistant_id": "asst_X"})[0] == 404
    assert bench.error("POST", path, {"assistant_id": assistant.id})[0] == 400


def test_a_path_is_decoded_a_segment_at_a_time(bench: Bench) -> None:
    """An encoded slash belongs to an id; an encoded letter is that letter."""
    thread = bench.world.create_thread()

    assert bench.send("GET", f"/threads/{thread.id.replace('_', '%5F')}")[0] == 200
    assert bench.error("GET", "/threads/thread_a%2Fruns")[1] == "No thread found with id 'thread_a/runs'."


def test_odd_text_is_neither_lost_nor_fatal(make_bench: type[Bench]) -> None:
    """A lone surrogate is JSON; an output that held one used to be a candidate for a crash."""
    bench = make_bench.of(World(VirtualClock(), schedule=Schedule(in_progress=[After(1, "requires_action")])))
    assistant = bench.world.create_assistant(model="m")
    run = bench.world.create_thread_and_run(assistant_id=assistant.id, thread={"messages": [USER]})
    bench.world.advance(2)
    action = bench.world.retrieve_run(run.thread_id, run.id).required_action
    assert action is not None
    outputs = [{"tool_call_id": action.tool_calls[0].id, "output": "\ud800"}]

    status, _ = bench.send(
        "POST", f"/threads/{run.thread_id}/runs/{run.id}/submit_tool_outputs", {"tool_outputs": outputs}
    )
    assert status == 200
    assert bench.send("POST", "/threads", {"messages": [{"role": "user", "content": "\ud800"}]})[0] == 200


# Who watches


class Watcher:
    """An observer that notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[Exchange] = []
        self.events: list[str] = []

    def answered(self, exchange: Exchange) -> None:
        self.calls.append(exchange)

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        assert exchange in self.calls
        self.events.append(event)


class Broken:
    """An observer that fails."""

    def answered(self, exchange: Exchange) -> None:
        raise RuntimeError

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        raise RuntimeError


def test_observers_are_told_of_every_call(make_bench: type[Bench]) -> None:
    """Also of those that are refused; with what was asked and what was answered, numbered from 1."""
    watcher = Watcher()
    bench = make_bench.of(observers=[watcher])
    run = bench.run()
    bench.send("GET", f"/threads/{run.thread_id}/runs/{run.id}")
    bench.send("POST", "/threads", {"metadata": {"a": "1"}}, query="x=y")
    bench.send("POST", "/threads", b"{")
    bench.send("GET", "/nothing")
    read, created, refused, lost = watcher.calls

    assert [call.number for call in watcher.calls] == [1, 2, 3, 4]
    assert [call.operation for call in watcher.calls] == [
        "retrieve_run",
        "create_thread",
        "create_thread",
        None,
    ]
    assert [call.status for call in watcher.calls] == [200, 200, 400, 404]
    assert read.ids == {"thread_id": run.thread_id, "run_id": run.id}
    assert (read.body, read.answer["id"], read.path) == (
        None,
        run.id,
        f"/v1/threads/{run.thread_id}/runs/{run.id}",
    )
    assert (created.path, created.body) == ("/v1/threads", {"metadata": {"a": "1"}})
    assert created.digest == sha256(json.dumps({"metadata": {"a": "1"}}).encode()).hexdigest()
    assert read.digest == sha256().hexdigest()
    assert (refused.body, "error" in refused.answer, lost.answer["error"]["code"]) == (None, True, None)
    assert {call.at for call in watcher.calls} == {bench.world.now()}


def test_observers_are_told_in_the_order_of_effects(make_bench: type[Bench]) -> None:
    """Of many threads that create messages at once, the order of the log is that of the thread."""
    watcher = Watcher()
    bench = make_bench.of(observers=[watcher])
    thread = bench.world.create_thread()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(100):
            pool.submit(bench.send, "POST", f"/threads/{thread.id}/messages", USER)
    kept = bench.world.list_messages(thread.id, limit=100, order="asc").data

    assert [call.answer["id"] for call in watcher.calls] == [message.id for message in kept]
    assert [call.number for call in watcher.calls] == list(range(1, 101))


def test_an_observer_that_fails_hinders_nobody(
    make_bench: type[Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """The answer goes out, the others are told, the failure is logged, and next time it is told again."""
    watcher = Watcher()
    bench = make_bench.of(observers=[Broken(), watcher])

    assert [bench.send("POST", "/threads")[0] for _ in range(2)] == [200, 200]
    body: Any = bench.stream().body
    assert b"thread.run.queued" in body.take()
    assert len(watcher.calls) == 3
    assert watcher.events == ["thread.created", "thread.run.created", "thread.run.queued"]
    assert caplog.text.count("an observer failed at call") == 3
    assert caplog.text.count("an observer failed at an event of call 3") == 3


def test_a_stream_is_told_as_one_call_and_its_events(make_bench: type[Bench]) -> None:
    """The call when it begins, with the run it made, and each event when it goes out."""
    watcher = Watcher()
    bench = make_bench.of(observers=[watcher])
    body: Any = bench.stream().body
    (call,) = watcher.calls

    assert (call.operation, call.streamed, call.answer, watcher.events) == (
        *("create_thread_and_run", True, None),
        [],
    )
    assert call.body["stream"] is True
    assert call.run_id is not None
    body.take()
    assert watcher.events[0] == "thread.created"


def test_nothing_of_a_key_is_kept(make_bench: type[Bench]) -> None:
    """Neither a right nor a wrong one gets to those who watch, nor the characters that a refusal names."""
    watcher = Watcher()
    bench = make_bench.of(api_key="sk-right-abcd1234", observers=[watcher])
    for key in ("sk-right-abcd1234", "sk-wrong-wxyz9876"):
        bench.send("GET", "/assistants", headers={**BETA, "authorization": f"Bearer {key}"})
        bench.ask("GET", "/openai/v1/assistants", headers={"api-key": key})
    told = repr([*watcher.calls, *bench.service.log.entries()])

    assert [call.status for call in watcher.calls] == [200, 200, 401, 401]
    assert not [part for part in ("sk-", "1234", "9876") if part in told]


# What befalls calls


def faulty(make_bench: type[Bench], net: Net, operation: str = "create_thread") -> tuple[Bench, Watcher]:
    """Return a bench where that befalls every call of an operation, and who watches it."""
    watcher = Watcher()
    return make_bench.of(
        faults=FaultPlan([FaultRule(net, operation=operation)]), observers=[watcher]
    ), watcher


@pytest.mark.parametrize(
    ("status", "type", "code"),
    [(429, "invalid_request_error", "rate_limit_exceeded"), (503, "server_error", None)],
)
def test_a_refusal_takes_no_effect(make_bench: type[Bench], status: int, type: str, code: str | None) -> None:
    """It has the service's words, and says when to come again."""
    net = Net("refuse", status=status, retry_after=1.5)
    bench, watcher = faulty(make_bench, net)
    answer = bench.ask("POST", "/v1/threads", {})
    said: Any = answer.body

    assert (answer.status, answer.headers["retry-after"]) == (status, "1.5")
    assert [json.loads(said)["error"][name] for name in ("type", "code")] == [type, code]
    assert (watcher.calls[0].net, watcher.calls[0].took_effect) == (net, False)
    bench.service.faults = FaultPlan()
    assert bench.world.create_thread().id == World(VirtualClock()).create_thread().id


def test_a_connection_may_break_before_any_effect(make_bench: type[Bench]) -> None:
    """There is no status then; whoever sends the answer breaks the connection."""
    bench, watcher = faulty(make_bench, Net("reset_before"))
    answer = bench.ask("POST", "/v1/threads", {})

    assert (answer.status, answer.body, answer.net) == (0, b"", Net("reset_before"))
    assert (watcher.calls[0].status, watcher.calls[0].answer) == (0, None)


@pytest.mark.parametrize("kind", ["reset_after", "lose_response", "delay"])
def test_what_befalls_an_answer_comes_after_the_effect(make_bench: type[Bench], kind: Any) -> None:
    """The answer is whole, and says what whoever sends it has to see to."""
    net = Net(kind, seconds=3) if kind == "delay" else Net(kind)
    bench, watcher = faulty(make_bench, net)
    answer = bench.ask("POST", "/v1/threads", {})
    said: Any = answer.body

    assert (answer.status, answer.net) == (200, net)
    assert bench.world.retrieve_thread(json.loads(said)["id"])
    assert (watcher.calls[0].status, watcher.calls[0].net) == (200, net)


def test_a_request_that_is_lost_has_no_effect(make_bench: type[Bench]) -> None:
    """There is no answer either."""
    bench, watcher = faulty(make_bench, Net("lose_request"))
    answer = bench.ask("POST", "/v1/threads", {})

    assert (answer.status, answer.body, answer.net) == (0, b"", Net("lose_request"))
    assert not watcher.calls[0].took_effect
    assert not watcher.calls[0].heard


def test_a_request_that_arrives_twice_takes_effect_twice(make_bench: type[Bench]) -> None:
    """If it can: the client gets the first answer, and who watches sees the one call that it made."""
    happened: list[str] = []
    bench, watcher = faulty(make_bench, Net("duplicate"), "create_thread_and_run")
    bench.world.listen(lambda it: happened.append(it.run_id))
    assistant = bench.world.create_assistant(model="m")
    body = {"assistant_id": assistant.id, "thread": {"messages": [USER]}}
    _, run = bench.send("POST", "/threads/runs", body)

    assert [run["id"], *happened[1:]] == happened
    assert len(set(happened)) == 2
    assert len(watcher.calls) == 1


def test_what_cannot_happen_twice_happens_once(make_bench: type[Bench]) -> None:
    """The second cancel is refused, and nobody hears of it."""
    bench, watcher = faulty(make_bench, Net("duplicate"), "cancel_run")
    run = bench.run()
    status, answer = bench.send("POST", f"/threads/{run.thread_id}/runs/{run.id}/cancel", {})

    assert (status, answer["status"]) == (200, "cancelling")
    assert len(watcher.calls) == 1


def test_a_malformed_answer_is_no_json(make_bench: type[Bench]) -> None:
    """Whatever the operation answers."""
    bench, _ = faulty(make_bench, Net("malformed"))
    said: Any = bench.ask("POST", "/v1/threads", {}).body

    with pytest.raises(json.JSONDecodeError):
        json.loads(said)


def test_only_a_stream_can_be_cut(make_bench: type[Bench]) -> None:
    """Elsewhere nothing happens, and nothing is said to have happened."""
    bench, watcher = faulty(make_bench, Net("cut_stream"))

    assert bench.ask("POST", "/v1/threads", {}).net is None
    assert watcher.calls[0].net is None


def test_a_schedule_says_what_befalls_the_calls_of_its_run(make_bench: type[Bench]) -> None:
    """Counted from its creation; other runs, and other calls, are spared."""
    schedule = Schedule(net={1: Net("lose_response"), 3: Net("refuse", status=500)})
    bench = make_bench.of(World(VirtualClock(), schedule=schedule))
    assistant = bench.world.create_assistant(model="m")
    body = {"assistant_id": assistant.id, "thread": {"messages": [USER]}}
    created = bench.ask("POST", "/v1/threads/runs", body)
    said: Any = created.body
    run = json.loads(said)
    path = f"/v1/threads/{run['thread_id']}/runs/{run['id']}"

    assert created.net == Net("lose_response")
    bench.send("GET", f"/threads/{run['thread_id']}")
    assert [bench.ask("GET", path).status for _ in range(3)] == [200, 500, 200]


def test_faults_befall_only_who_is_let_in(make_bench: type[Bench]) -> None:
    """A wrong key or a missing header is refused first, and does not count."""
    plan = FaultPlan([FaultRule(Net("refuse"), nth=1)])
    bench = make_bench.of(faults=plan, api_key="sk-right")
    right = {"authorization": "Bearer sk-right"}

    assert bench.send("POST", "/threads")[0] == 401
    assert bench.send("POST", "/threads", headers=right)[0] == 400
    assert bench.send("POST", "/threads", headers={**BETA, **right})[0] == 500
    assert bench.send("POST", "/threads", headers={**BETA, **right})[0] == 200


# Shut down, doors, and strangers


def test_a_service_that_is_shut_down_has_no_assistants(make_bench: type[Bench]) -> None:
    """All of that API answers 404, as since 2026-08-26; files and vector stores live on."""
    world = World(VirtualClock(), service_policy=ServicePolicy(shut_down=True))
    bench = make_bench.of(world, api_key="sk-right")
    for method, path in (("POST", "/threads"), ("GET", "/assistants"), ("POST", "/threads/runs")):
        assert bench.error(method, path)[:2] == (404, f"Invalid URL ({method} /v1{path})")
    right = {"authorization": "Bearer sk-right"}
    assert bench.send("GET", "/files", headers=right)[0] == 200
    assert bench.send("GET", "/vector_stores", headers=right)[0] == 200
    assert bench.ask("GET", "/assistants", query="api-version=v1").status == 404


def test_doors_may_be_closed(make_bench: type[Bench]) -> None:
    """Then there is nothing under their path; a path that only begins like it never was a door."""
    assert make_bench.of().ask("GET", "/_runlife/clock").status == 200
    for bench, path in (
        (make_bench.of(doors=False), "/_runlife/clock"),
        (make_bench.of(doors=False), "/_runlife"),
        (make_bench.of(), "/_runlifes"),
    ):
        said: Any = bench.ask("GET", path).body
        assert json.loads(said)["error"]["message"] == f"Invalid URL (GET {path})"


def test_doors_ask_for_the_key_as_well(make_bench: type[Bench]) -> None:
    """They move the time and read the log: whoever may not call the API may not do that either."""
    bench = make_bench.of(api_key="sk-right")

    assert bench.ask("GET", "/_runlife/clock", headers={}).status == 401
    assert bench.ask("GET", "/_runlife/clock", headers={"authorization": "Bearer sk-right"}).status == 200


def test_calls_of_doors_are_not_counted(make_bench: type[Bench]) -> None:
    """Neither numbered nor told to those who watch."""
    watcher = Watcher()
    bench = make_bench.of(observers=[watcher])
    bench.ask("GET", "/_runlife/clock")
    bench.send("GET", "/assistants")

    assert [(call.number, call.path) for call in watcher.calls] == [(1, "/v1/assistants")]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/threads/thread_%00", 404),
        ("/v1/threads/%2e%2e%2fassistants", 400),
        ("/v1/threads/thread_%ff%fe", 404),
        ("/v1/threads/" + "x" * 100_000, 400),
        ("/v1" + "/x" * 50_000, 404),
        ("/" * 50_000, 404),
        ("/v1/threads/runs/messages", 400),
        ("/v1/../v1/threads", 404),
        ("/v1//threads", 404),
        ("//v1/threads/thread_1", 404),
        ("", 404),
        ("/v1", 404),
        ("*", 404),
        ("/v1/threads/thread_\u00e9/runs", 404),
    ],
)
def test_hostile_paths_do_no_harm(bench: Bench, path: str, status: int) -> None:
    """Each is refused in the envelope, and at no great length."""
    answer = bench.ask("GET", path)
    said: Any = answer.body

    assert answer.status == status
    assert list(json.loads(said)) == ["error"]
    assert len(said) < 1_000 or path.count("x") == 100_000


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "HEAD", "TRACE", "get", "", "X" * 10_000])
def test_unknown_methods_are_refused(bench: Bench, method: str) -> None:
    """Methods are told apart by case, as in HTTP."""
    answer = bench.ask(method, "/v1/threads")

    assert answer.status == 405
    assert len(answer.body) < 1_000  # type: ignore[arg-type]  # no stream


def test_an_odd_id_counts_when_it_names_something(make_bench: type[Bench]) -> None:
    """A World may be seeded with ids such as those of examples: these are known, and so no malformed ones."""

    class Seeded(World):
        def knows(self, kind: Kind, id: str) -> bool:
            return (kind, id) in {(Kind.THREAD, "my-thread"), (Kind.ASSISTANT, "helper")}

    bench = make_bench.of(Seeded(VirtualClock()))
    assert bench.error("GET", "/threads/my-thread")[0] == 404
    assert bench.error("GET", "/threads/other")[0] == 400
    assert bench.error("POST", "/threads/runs", {"assistant_id": "helper"})[0] == 404
    assert bench.error("POST", "/threads/runs", {"assistant_id": "other"})[0] == 400
    assert bench.error("POST", "/threads/runs", {"assistant_id": 1})[3] == "invalid_type"


def test_an_odd_id_counts_wherever_it_stands(bench: Bench) -> None:
    """It used to be known in paths and at the top of a body only, and malformed within and in a query."""
    bench.world.seed(
        [
            {"object": "file", "id": "file_id"},
            {"object": "vector_store", "id": "string"},
            {
                "object": "vector_store.file_batch",
                "id": "batch",
                "vector_store_id": "string",
                "file_ids": ["file_id"],
            },
            {"object": "thread.run", "id": "my-run", "thread_id": "thread_id", "assistant_id": "helper"},
        ]
    )

    def resources(id: str) -> Any:
        return {"file_search": {"vector_store_ids": [id]}}

    def asked(id: str, run: str) -> list[int]:
        thread = {"messages": [USER], "tool_resources": resources(id)}
        return [
            bench.send("POST", "/threads/thread_id", {"tool_resources": resources(id)})[0],
            bench.send("POST", "/threads", thread)[0],
            bench.send("POST", "/threads/runs", {"assistant_id": "helper", "thread": thread})[0],
            bench.send("POST", "/assistants", {"model": "m", "tool_resources": resources(id)})[0],
            bench.send("GET", "/threads/thread_id/messages", query=f"run_id={run}")[0],
        ]

    assert asked("string", "my-run") == [200] * 5
    assert asked("other", "other") == [400] * 5
    path = "/vector_stores/string/file_batches/batch"
    assert bench.send("GET", path)[1]["file_counts"]["completed"] == 1
    assert bench.send("GET", f"{path}/files")[1]["first_id"] == "file_id"


@pytest.mark.parametrize("id", ["batch", "vsfbatch", "vs_1"])
def test_a_malformed_id_of_a_batch_has_words_of_its_own(bench: Bench, id: str) -> None:
    """The underscore, which the service names for batches alone, used to be left out."""
    words = f"Invalid 'batch_id': '{id}'. Expected an ID that begins with 'vsfb_'."

    assert bench.error("GET", f"/vector_stores/vs_1/file_batches/{id}")[:2] == (400, words)


def test_a_file_arrives_as_it_was_sent(bench: Bench) -> None:
    """A form is read, bounded; the bytes of a file are answered as bytes."""
    content = bytes(range(256)) * 64
    form = (
        b'--X\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nvision\r\n'
        b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        + content
        + b"\r\n--X--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=X"}
    status, file = bench.send("POST", "/files", form, headers=headers)
    answer = bench.ask("GET", f"/v1/files/{file['id']}/content")

    assert (status, file["bytes"]) == (200, len(content))
    assert (answer.headers["content-type"], answer.body) == ("application/octet-stream", content)
    assert bench.error("POST", "/files", b"x" * (LARGEST_FORM + 1), headers=headers)[0] == 413


def test_a_model_that_calls_its_own_service_is_told_so() -> None:
    """It would wait for itself for ever: the World's refusal comes through."""
    service: Any = None

    class Model:
        def turn(self, context: Any) -> Any:
            return service.handle(Request("GET", "/v1/assistants", headers=BETA))

    clock = VirtualClock()
    world = World(clock, model=Model())
    service = Service(world)
    assistant = world.create_assistant(model="m")
    run = world.create_thread_and_run(assistant_id=assistant.id, thread={"messages": [USER]})
    clock.advance(30)

    with pytest.raises(MisuseError, match="a model must not call the World that asks it"):
        service.handle(Request("GET", f"/v1/threads/{run.thread_id}/runs/{run.id}", headers=BETA))
