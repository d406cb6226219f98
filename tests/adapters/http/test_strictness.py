"""What used to be let through that the service refuses, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError

if TYPE_CHECKING:
    from .conftest import Bench

USER = {"role": "user", "content": "Hello"}
FUNCTION = {"type": "function", "function": {"name": "count"}}
SEARCH = {"type": "file_search"}
TOO_LONG = (
    "string too long. Expected a string with maximum length 256000, "
    "but got a string with length 256001 instead."
)


@pytest.mark.parametrize(
    ("message", "words", "param", "code"),
    [
        ({"content": "x" * 256_001}, f"Invalid 'content': {TOO_LONG}", "content", "string_above_max_length"),
        (
            {"content": [{"type": "text", "text": "x" * 256_001}]},
            f"Invalid 'content[0].text': {TOO_LONG}",
            "content[0].text",
            "string_above_max_length",
        ),
        (
            {"attachments": [{}]},
            "Missing required parameter: 'attachments[0].file_id'.",
            "attachments[0].file_id",
            "missing_required_parameter",
        ),
        *(
            (
                {"content": [{"type": "image_url", "image_url": {"url": url}}]},
                (
                    "Invalid 'content[0].image_url.url'. "
                    "Expected a valid URL, but got a value with an invalid format."
                ),
                "content[0].image_url.url",
                "invalid_value",
            )
            for url in ("", "a cat", "https://", "https://[", "ftp://a.b/c.png", "data:image/png;base64,AA==")
        ),
    ],
)
def test_a_message_is_no_longer_than_it_may_be_and_says_where_things_are(
    bench: Bench, message: Any, words: str, param: str, code: str
) -> None:
    """A text used to be as long as the body; an attachment could be of nothing, and an image nowhere."""
    thread = bench.world.create_thread()

    assert bench.error("POST", f"/threads/{thread.id}/messages", {**USER, **message}) == (
        *(400, words, param),
        code,
    )


@pytest.mark.parametrize(
    "content",
    ["x" * 256_000, [{"type": "image_url", "image_url": {"url": "HTTPS://a.example/cat.png?x=1"}}]],
)
def test_a_message_at_the_edge_is_taken(bench: Bench, content: Any) -> None:
    """The last that is allowed."""
    thread = bench.world.create_thread()

    assert bench.send("POST", f"/threads/{thread.id}/messages", {**USER, "content": content})[0] == 200


@pytest.mark.parametrize("name", ["get weather", "wetter!", "größe", "a.b", "count\n"])
def test_the_name_of_a_function_has_few_signs(bench: Bench, name: str) -> None:
    """Any sign used to do; these are the service's words (observed)."""
    body = {"model": "m", "tools": [{"type": "function", "function": {"name": name}}]}

    assert bench.error("POST", "/assistants", body) == (
        400,
        (
            "Invalid 'tools[0].function.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        ),
        "tools[0].function.name",
        "invalid_value",
    )


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": ""}, "model"),
        ({"model": "m", "tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name"),
    ],
)
def test_what_has_to_have_a_name_has_one(bench: Bench, body: Any, param: str) -> None:
    """An empty one used to be as good as any."""
    words = (
        f"Invalid '{param}': empty string. Expected a string with minimum length 1, "
        "but got an empty string instead."
    )
    assert bench.error("POST", "/assistants", body) == (400, words, param, "empty_string")


def test_the_last_messages_are_counted(bench: Bench) -> None:
    """A strategy that keeps the last messages used to be taken without saying how many; null says none."""
    path, param = "/threads/thread_X/runs", "truncation_strategy.last_messages"
    body: Any = {"assistant_id": "asst_X", "truncation_strategy": {"type": "last_messages"}}
    assert bench.error("POST", path, body)[2:] == (param, "missing_required_parameter")
    body["truncation_strategy"]["last_messages"] = None
    assert bench.error("POST", path, body)[2:] == (param, "invalid_type")
    body["truncation_strategy"]["last_messages"] = 1
    assert bench.error("POST", path, body)[0] == 404
    body["truncation_strategy"] = {"type": "auto", "last_messages": None}
    assert bench.error("POST", path, body)[0] == 404


@pytest.mark.parametrize("limit", ["%D9%A3", "%EF%BC%93", "-%D9%A3"])
def test_a_number_has_the_digits_of_json(bench: Bench, limit: str) -> None:
    """Those of other scripts used to be read as well."""
    assert bench.error("GET", "/assistants", query=f"limit={limit}")[2:] == ("limit", "invalid_type")


@pytest.mark.parametrize(
    ("choice", "options", "missing"),
    [
        ({"type": "function", "function": {"name": "count"}}, {}, None),
        ({"type": "function", "function": {"name": "guess"}}, {}, "guess"),
        ({"type": "function", "function": {"name": "count"}}, {"tools": [SEARCH]}, "count"),
        ({"type": "function", "function": {"name": "count"}}, {"tools": None}, None),
        (SEARCH, {"tools": [FUNCTION, SEARCH]}, None),
        (SEARCH, {"tools": []}, "file_search"),
        (SEARCH, {}, "file_search"),
        ("required", {"tools": []}, None),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_that_is_chosen_is_one_of_the_runs(
    bench: Bench, choice: Any, options: Any, missing: str | None, stream: bool
) -> None:
    """A choice of none of them used to be taken, and then the run called what it did not have."""
    assistant = bench.world.create_assistant(model="m", tools=[FUNCTION])
    body = {"assistant_id": assistant.id, "thread": {"messages": [USER]}, "tool_choice": choice, **options}
    if missing is None:
        assert bench.ask("POST", "/v1/threads/runs", {**body, "stream": stream}).status == 200
    else:
        words = f"Tool choice '{missing}' not found in 'tools' parameter."
        expected = (400, words, "tool_choice", "invalid_value")
        assert bench.error("POST", "/threads/runs", {**body, "stream": stream}) == expected


def test_a_choice_for_an_assistant_that_there_is_not_is_a_404(bench: Bench) -> None:
    """Nobody can say which tools that would have."""
    body = {"assistant_id": "asst_X", "tool_choice": SEARCH}

    assert bench.error("POST", "/threads/runs", body)[:2] == (404, "No assistant found with id 'asst_X'.")


@pytest.mark.parametrize(
    ("name", "most", "more"),
    [
        ("name", "n" * 256, "n" * 257),
        ("description", "d" * 512, "d" * 513),
        ("instructions", "i" * 256_000, "i" * 256_001),
        ("temperature", 2, 2.1),
        ("top_p", 1, 1.1),
        ("reasoning_effort", "xhigh", "highest"),
        ("tools", [SEARCH] * 128, [SEARCH] * 129),
        ("metadata", {str(n): "v" * 512 for n in range(16)}, {str(n): "" for n in range(17)}),
        ("metadata", {"k" * 64: ""}, {"k" * 65: ""}),
        ("response_format", {"type": "json_object"}, {"type": "yaml"}),
    ],
)
def test_a_request_and_a_seed_have_the_same_limits(bench: Bench, name: str, most: Any, more: Any) -> None:
    """They used to be written down twice, once for each."""
    assert bench.send("POST", "/assistants", {"model": "m", name: most})[0] == 200
    assert bench.world.seed([{"object": "assistant", name: most}])
    assert bench.error("POST", "/assistants", {"model": "m", name: more})[0] == 400
    with pytest.raises(MisuseError, match=name):
        bench.world.seed([{"object": "assistant", name: more}])
