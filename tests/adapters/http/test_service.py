"""What the service refuses, in which words and in which order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from runlife import VirtualClock
from runlife_adapters.http import Request
from runlife_adapters.http.service import DEEPEST_BODY, LARGEST_BODY
from runlife_adapters.memory import After, Schedule, World

if TYPE_CHECKING:
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
    bench = make_bench.of(poll_after_ms=50)
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


def test_streams_are_refused_for_now(bench: Bench) -> None:
    """A clear answer instead of a run that nobody would hear of; false is accepted."""
    assistant = bench.world.create_assistant(model="m", instructions="Speak.")
    body = {"assistant_id": assistant.id}
    status, message, param, _ = bench.error("POST", "/threads/runs", {**body, "stream": True})
    assert (status, param) == (400, "stream")
    assert "does not serve event streams yet" in message

    assert bench.send("POST", "/threads/runs", {**body, "stream": False})[0] == 200


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
