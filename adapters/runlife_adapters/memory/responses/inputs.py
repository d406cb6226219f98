"""What the operations on responses take, as plain JSON, and the form in which the fake keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from attrs import frozen

from runlife_adapters.memory.checks import check_names
from runlife_adapters.memory.inputs import check_tool_choice, given
from runlife_adapters.memory.limits import FUNCTION
from runlife_adapters.memory.records import RunSettings
from runlife_adapters.memory.resources import Json, to_wire
from runlife_adapters.memory.responses.errors import BOTH_HISTORIES, NO_INPUT, NOTHING_ASKED

__all__ = [
    "INCLUDABLE",
    "CreateResponseOptions",
    "ResponseSettings",
    "conversation_id",
    "hidden_settings",
    "response_settings",
]

INCLUDABLE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)
"""What can be asked for that is otherwise left out; of what the fake has, it is two of them."""


class CreateResponseOptions(TypedDict, total=False):
    """What one can say of a response; null is as good as absent."""

    model: str | None
    input: str | Sequence[Mapping[str, Any]] | None
    instructions: str | None
    previous_response_id: str | None
    conversation: str | Mapping[str, Any] | None
    background: bool | None
    store: bool | None
    include: Sequence[str] | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    metadata: Mapping[str, str] | None
    parallel_tool_calls: bool | None
    prompt: Mapping[str, Any] | None
    prompt_cache_key: str | None
    prompt_cache_retention: str | None
    reasoning: Mapping[str, Any] | None
    safety_identifier: str | None
    service_tier: str | None
    stream_options: Mapping[str, Any] | None
    temperature: float | None
    text: Mapping[str, Any] | None
    tool_choice: Any
    tools: Sequence[Mapping[str, Any]] | None
    top_logprobs: int | None
    top_p: float | None
    truncation: str | None
    user: str | None


@frozen(kw_only=True)
class ResponseSettings:
    """What a response is configured with; it never decides a move."""

    model: str
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    metadata: Mapping[str, str]
    parallel_tool_calls: bool
    prompt: Json | None
    prompt_cache_key: str | None
    prompt_cache_retention: str | None
    reasoning: Json
    safety_identifier: str | None
    service_tier: str
    store: bool
    temperature: float
    text: Json
    tool_choice: Any
    tools: tuple[Json, ...]
    top_logprobs: int
    top_p: float
    truncation: str
    user: str | None
    include: tuple[str, ...]


def response_settings(options: Mapping[str, Any]) -> ResponseSettings:
    """Return what was said of a response, and what the service fills in (recorded).

    :raises ApiError: when it does not say what the response is to be about, or says it twice.
    :raises MisuseError: when an option is unknown.
    """
    check_names("a response", options, CreateResponseOptions.__annotations__)
    said: Json = to_wire(given(options))
    if "model" not in said and "prompt" not in said:
        raise NOTHING_ASKED.error()
    if not said.keys() & {"input", "previous_response_id", "prompt", "conversation"}:
        raise NO_INPUT.error()
    if "previous_response_id" in said and "conversation" in said:
        raise BOTH_HISTORIES.error()
    text = said.get("text", {})
    return ResponseSettings(
        model=said.get("model", ""),
        instructions=said.get("instructions"),
        max_output_tokens=said.get("max_output_tokens"),
        max_tool_calls=said.get("max_tool_calls"),
        metadata=said.get("metadata", {}),
        parallel_tool_calls=said.get("parallel_tool_calls", True),
        prompt=said.get("prompt"),
        prompt_cache_key=said.get("prompt_cache_key"),
        prompt_cache_retention=said.get("prompt_cache_retention"),
        reasoning={"effort": None, "summary": None, **said.get("reasoning", {})},
        safety_identifier=said.get("safety_identifier"),
        service_tier=said.get("service_tier", "auto"),
        store=said.get("store", True),
        temperature=said.get("temperature", 1.0),
        text={"format": {"type": "text"}, "verbosity": "medium", **given(text)},
        tool_choice=said.get("tool_choice", "auto"),
        tools=tuple(_tool(tool) for tool in said.get("tools", ())),
        top_logprobs=said.get("top_logprobs", 0),
        top_p=said.get("top_p", 1.0),
        truncation=said.get("truncation", "disabled"),
        user=said.get("user"),
        include=tuple(said.get("include", ())),
    )


def conversation_id(options: Mapping[str, Any]) -> str | None:
    """Return the id of the conversation that a response is to belong to; it may be given in an object."""
    said = options.get("conversation")
    return said if said is None or isinstance(said, str) else said["id"]


def _tool(tool: Json) -> Json:
    """Return a tool as the service shows it (the order of a function's fields is recorded)."""
    if tool["type"] != FUNCTION:
        return tool
    usual: Json = {"type": FUNCTION, "description": None, "name": None, "parameters": None, "strict": True}
    return {**usual, **tool}


def hidden_settings(settings: ResponseSettings) -> RunSettings:
    """Return what the run behind a response is configured with: the same, in the words of runs.

    For its assistant stands the prompt, if there is one: that is what assistants were migrated to.

    :raises ApiError: when it is told to use a tool that it does not have.
    """
    hidden = RunSettings(
        assistant_id=(settings.prompt or {}).get("id", ""),
        model=settings.model,
        instructions=settings.instructions,
        tools=tuple(_nested(tool) for tool in settings.tools),
        tool_resources={},
        metadata=settings.metadata,
        temperature=settings.temperature,
        top_p=settings.top_p,
        reasoning_effort=settings.reasoning["effort"],
        truncation_strategy={"type": "auto", "last_messages": None},
        response_format=settings.text["format"],
        tool_choice=_nested_choice(settings.tool_choice),
        parallel_tool_calls=settings.parallel_tool_calls,
    )
    check_tool_choice(hidden)
    return hidden


def _nested(tool: Json) -> Json:
    if tool["type"] != FUNCTION:
        return {"type": tool["type"]}
    said = {name: value for name, value in tool.items() if name != "type" and value is not None}
    return {"type": FUNCTION, FUNCTION: {"parameters": {"type": "object", "properties": {}}, **said}}


def _nested_choice(choice: Any) -> Any:
    match choice:
        case {"type": "function", "name": name}:
            return {"type": FUNCTION, FUNCTION: {"name": name}}
        case {"type": "allowed_tools", "mode": mode}:
            return mode
        case _:
            return choice
