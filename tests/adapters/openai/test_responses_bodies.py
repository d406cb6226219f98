"""What an Assistants request says becomes what a Responses request says, or is refused by its name."""

from __future__ import annotations

from typing import Any

import pytest

from runlife_adapters.backend import RejectedError
from runlife_adapters.openai.responses.bodies import (
    ASSISTANT,
    RUN,
    checked,
    input_items,
    message_item,
    request_body,
    sent_later,
)

SCHEMA = {"name": "answer", "schema": {"type": "object"}, "strict": True}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5, "top_p": 0.9}),
        ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
        ({"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}),
        ({"response_format": "auto"}, {}),
        ({"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}),
        (
            {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
            {"text": {"format": {"type": "json_schema", **SCHEMA}}},
        ),
        ({"tool_choice": "required"}, {"tool_choice": "required"}),
        (
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
            {"tool_choice": {"type": "function", "name": "f"}},
        ),
        ({"truncation_strategy": {"type": "auto"}}, {"truncation": "auto"}),
        ({"instructions": "A", "additional_instructions": "B"}, {"instructions": "A\nB"}),
    ],
)
def test_a_field_is_said_in_the_other_words(fields: dict[str, Any], body: dict[str, Any]) -> None:
    """Each by the name and in the shape that a response knows."""
    assert request_body({"model": "m"}, checked(fields, RUN)) == {"model": "m", **body}


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        (
            {"type": "function", "function": {"name": "f"}},
            {
                "type": "function",
                "name": "f",
                "parameters": {"type": "object", "properties": {}},
                "strict": False,
            },
        ),
        (
            {"type": "function", "function": {"name": "f", "parameters": {}, "strict": True}},
            {"type": "function", "name": "f", "parameters": {}, "strict": True},
        ),
        (
            {"type": "file_search", "file_search": {"max_num_results": 3}},
            {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 3},
        ),
        (
            {"type": "code_interpreter"},
            {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-1"]}},
        ),
        ({"type": "web_search"}, {"type": "web_search"}),
        ({"type": "function", "name": "f"}, {"type": "function", "name": "f"}),
    ],
)
def test_a_tool_is_turned_flat(tool: dict[str, Any], said: dict[str, Any]) -> None:
    """Those of an assistant are nested, and a function of theirs is not strict unless it says so."""
    resources = {
        "file_search": {"vector_store_ids": ["vs_1"]},
        "code_interpreter": {"file_ids": ["file-1"]},
    }
    assistant = checked({"model": "m", "tools": [tool], "tool_resources": resources}, ASSISTANT)
    assert request_body(assistant, {})["tools"] == [said]


def test_a_forced_call_is_forced_once() -> None:
    """A response that answers calls may speak: else it would call for ever."""
    for forced in ("required", {"type": "function", "name": "f"}):
        assert sent_later({"tool_choice": forced})["tool_choice"] == "auto"
    assert sent_later({"tool_choice": "none"})["tool_choice"] == "none"
    assert sent_later({}) == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Hello", "Hello"),
        ([{"type": "text", "text": "Hello"}], [{"type": "input_text", "text": "Hello"}]),
        (
            [{"type": "image_url", "image_url": {"url": "http://x"}}],
            [{"type": "input_image", "image_url": "http://x", "detail": "auto"}],
        ),
        (
            [{"type": "image_file", "image_file": {"file_id": "file-1", "detail": "low"}}],
            [{"type": "input_image", "file_id": "file-1", "detail": "low"}],
        ),
    ],
)
def test_a_message_is_an_item(content: Any, said: Any) -> None:
    """With the parts of its content by their other names."""
    assert message_item(role="user", content=content) == {"type": "message", "role": "user", "content": said}


def test_what_an_assistant_said_is_a_plain_text() -> None:
    """Its parts would need ids that nobody has."""
    item = message_item(role="assistant", content=[{"type": "text", "text": "Hello"}])
    assert item == {"type": "message", "role": "assistant", "content": "Hello"}


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: checked({"stream": True}, RUN), "stream"),
        (lambda: checked({"mood": "good"}, ASSISTANT), "mood"),
        (lambda: request_body({}, {"truncation_strategy": {"type": "last_messages"}}), "truncation_strategy"),
        (lambda: request_body({}, {"response_format": 3}), "response_format"),
        (lambda: request_body({"tools": [{"type": "file_search"}]}, {}), "tool_resources"),
        # The next ones used to end in a TypeError or an AttributeError of ours.
        (lambda: request_body({"tools": "file_search"}, {}), "tools"),
        (lambda: request_body({"tools": [5]}, {}), "tools"),
        (lambda: request_body({"tools": [{"name": "f"}]}, {}), "tools"),
        (lambda: input_items(["Hello"]), "messages"),
        (lambda: input_items([{"content": "Hello"}]), "messages"),
        (lambda: message_item(role="user", content=5), "content"),
        (lambda: message_item(role="system", content="x"), "role"),
        (lambda: message_item(role="user", content="x", attachments=[{}]), "attachments"),
        (lambda: message_item(role="user", content=[{"type": "video"}]), "content"),
    ],
)
def test_what_cannot_be_said_is_refused_by_its_name(call: Any, field: str) -> None:
    """Before anything is sent: to leave it out would be another run."""
    with pytest.raises(RejectedError, match=f"'{field}'") as refused:
        call()
    assert refused.value.status == 400
