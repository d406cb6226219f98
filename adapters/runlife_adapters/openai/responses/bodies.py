"""What an Assistants request says, in the words of the Responses API.

Theory of operation
-------------------
A run is configured by its assistant and by what its creation overrides; a response is configured by the
request that creates it, and nothing is carried over from the one before (documented: not even instructions).
So the two are merged once, into the body that every response of the run is created with. What the
Responses API has no word for is refused by name, before anything is sent: a field that is left out in
silence would be a run that does something else.

Differences that are easily overlooked (documented in the migration guide, or seen in the SDK's types):

* a function is flat, and ``strict`` by default; that of an assistant was not;
* a forced ``tool_choice`` is meant for the first round: a response that answers calls is free to speak, or
  it would call for ever;
* ``max_output_tokens`` bounds one response, and is 16 at least; the budget of a run is the chain's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

from runlife_adapters.backend import RejectedError
from runlife_adapters.openai.responses.reading import object_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runlife_adapters.openai.responses.requests import Json

__all__ = [
    "ASSISTANT",
    "RUN",
    "bounded",
    "checked",
    "input_items",
    "message_item",
    "request_body",
    "sent_later",
]

LEAST_OUTPUT = 16
"""The least ``max_output_tokens`` that the service takes (documented)."""

ASSISTANT = frozenset(
    {
        "description",
        "instructions",
        "metadata",
        "model",
        "name",
        "reasoning_effort",
        "response_format",
        "temperature",
        "tool_resources",
        "tools",
        "top_p",
    }
)
"""The fields of an assistant."""

RUN = frozenset(
    {
        "additional_instructions",
        "additional_messages",
        "instructions",
        "max_completion_tokens",
        "max_prompt_tokens",
        "metadata",
        "model",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "temperature",
        "tool_choice",
        "tools",
        "top_p",
        "truncation_strategy",
    }
)
"""The fields that the creation of a run may bring."""

_PLAIN = ("model", "temperature", "top_p", "parallel_tool_calls")
"""The fields that both know by one name."""

ROLES = ("user", "assistant")
"""Who may have said something on a thread."""


def refuse(field: str, why: str) -> NoReturn:
    """Refuse a field by its name, as the service would: nothing is sent."""
    raise RejectedError(400, f"'{field}': {why}", "unsupported_parameter")


def checked(given: Mapping[str, Any], known: frozenset[str]) -> Json:
    """Return the fields that say something.

    :raises RejectedError: when there is one that nobody knows, or that cannot be said to a response.
    """
    for name in given:
        if name not in known:
            refuse(
                name, f"the Responses API has nothing that does this; known are {', '.join(sorted(known))}"
            )
    return {name: value for name, value in given.items() if value is not None}


def request_body(assistant: Json, overrides: Json) -> Json:
    """Return what every response of a run is created with.

    :raises RejectedError: when a field cannot be said to a response.
    """
    both = {**assistant, **overrides}
    body = {name: both[name] for name in _PLAIN if name in both}
    said = [both.get("instructions"), overrides.get("additional_instructions")]
    if instructions := "\n".join(text for text in said if text):
        body["instructions"] = instructions
    if tools := both.get("tools"):
        if not isinstance(tools, list | tuple):
            refuse("tools", f"expected a list of objects, each with a type, got {tools!r:.80}")
        known = object_in(assistant.get("tool_resources"))
        body["tools"] = [_tool(tool, known) for tool in cast("Sequence[Json]", tools)]
    for name, translate in _TRANSLATED.items():
        if name in both:
            body.update(translate(both[name]))
    if metadata := overrides.get("metadata"):
        body["metadata"] = metadata
    return body


def sent_later(body: Json) -> Json:
    """Return what a response is created with that answers calls."""
    choice = body.get("tool_choice", "auto")
    return body if choice in ("auto", "none") else {**body, "tool_choice": "auto"}


def bounded(body: Json, most: int | None, spent: int) -> Json:
    """Return the body with the bound that is left of the run's budget of completion tokens."""
    return body if most is None else {**body, "max_output_tokens": max(most - spent, LEAST_OUTPUT)}


# Tools and formats


def _tool(tool: Json, resources: Json) -> Json:
    kind = object_in(tool).get("type")
    if not isinstance(kind, str):
        refuse("tools", f"each is an object with a type, got {tool!r:.80}")
    own = object_in(resources.get(kind))
    match tool:
        case {"type": "function", "function": function}:
            flat: Json = {"parameters": {"type": "object", "properties": {}}, "strict": False, **function}
            return {"type": kind, **flat, "strict": bool(flat["strict"])}
        case {"type": "file_search"} if "vector_store_ids" not in tool:
            stores = own.get("vector_store_ids")
            if not stores:
                refuse("tool_resources", "file_search needs the vector_store_ids of the assistant")
            return {"type": kind, "vector_store_ids": stores, **(tool.get("file_search") or {})}
        case {"type": "code_interpreter"} if "container" not in tool:
            return {"type": kind, "container": {"type": "auto", "file_ids": own.get("file_ids") or []}}
        case _:
            return tool


def _tool_choice(choice: Any) -> Json:
    match choice:
        case {"type": "function", "function": {"name": name}}:
            return {"tool_choice": {"type": "function", "name": name}}
        case _:
            return {"tool_choice": choice}


def _format(wanted: Any) -> Json:
    match wanted:
        case "auto":
            return {}
        case {"type": "json_schema", "json_schema": schema}:
            return {"text": {"format": {"type": "json_schema", **schema}}}
        case {"type": _}:
            return {"text": {"format": wanted}}
        case _:
            refuse("response_format", f"expected 'auto' or an object with a type, got {wanted!r:.80}")


def _truncation(wanted: Any) -> Json:
    match wanted:
        case {"type": "auto"}:
            return {"truncation": "auto"}
        case _:
            refuse("truncation_strategy", "a response is truncated automatically ('auto') or not at all")


_TRANSLATED: Mapping[str, Callable[[Any], Json]] = {
    "tool_choice": _tool_choice,
    "response_format": _format,
    "reasoning_effort": lambda effort: {"reasoning": {"effort": effort}},
    "truncation_strategy": _truncation,
}


# Messages


def input_items(messages: Sequence[Json] | None) -> list[Json]:
    """Return the messages of a thread as items of an input.

    :raises RejectedError: when one is none, or cannot be said to a response.
    """
    items: list[Json] = []
    for message in messages or ():
        said = object_in(message)
        if not {"role", "content"} <= said.keys():
            refuse("messages", f"each is an object with a role and a content, got {message!r:.80}")
        items.append(message_item(**said))
    return items


def message_item(*, role: str, content: Any, **others: Any) -> Json:
    """Return a message of a thread as an item of an input.

    :raises RejectedError: when a field cannot be said to a response, or the role is none.
    """
    for name, value in others.items():
        if value and name != "metadata":
            refuse(name, "a message of an input is a role and its content")
    if role not in ROLES:
        refuse("role", f"expected one of {', '.join(map(repr, ROLES))}, got {role!r:.80}")
    if isinstance(content, list | tuple):
        content = [_part(part) for part in cast("Sequence[Json]", content)]
    elif not isinstance(content, str):
        refuse("content", f"expected a text, or a list of parts, got {content!r:.80}")
    if role != "user" and not isinstance(content, str):
        # What an assistant said before is taken as a plain text only: its parts would need ids (documented).
        content = "".join(part.get("text", "") for part in content)
    return {"type": "message", "role": role, "content": content}


def _part(part: Json) -> Json:
    match part:
        case {"type": "text", "text": str(text)}:
            return {"type": "input_text", "text": text}
        case {"type": "image_url", "image_url": {"url": url, **rest}}:
            return {"type": "input_image", "image_url": url, "detail": rest.get("detail", "auto")}
        case {"type": "image_file", "image_file": {"file_id": id, **rest}}:
            return {"type": "input_image", "file_id": id, "detail": rest.get("detail", "auto")}
        case _:
            refuse("content", f"expected a text, an image_url or an image_file, got {part!r:.80}")
