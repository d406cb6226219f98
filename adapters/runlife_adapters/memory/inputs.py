"""What the operations take, as plain JSON, and the form in which the fake keeps it.

The classes say which fields an operation knows; in a modification, a field that is absent stays as
it is. The functions fill in what the service fills in (recorded).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Required, TypedDict, cast

from runlife import MisuseError, ToolOutput
from runlife_adapters.memory.checks import NONE, check_kind, check_names
from runlife_adapters.memory.errors import NO_SUCH_TOOL, OUTPUTS_TOO_LARGE, STRING_TOO_LONG
from runlife_adapters.memory.limits import FUNCTION
from runlife_adapters.memory.records import RunSettings
from runlife_adapters.memory.resources import text_part, to_wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runlife_adapters.memory.resources import AssistantObject, Json

__all__ = [
    "INCLUDE_CONTENT",
    "MAXIMUM_OUTPUT",
    "MAXIMUM_OUTPUTS",
    "ROLES",
    "AssistantFields",
    "CreateRunOptions",
    "CreateThreadAndRunOptions",
    "NewMessage",
    "NewThread",
    "RunOptions",
    "assistant_defaults",
    "assistant_values",
    "check_include",
    "check_message",
    "check_run",
    "check_thread",
    "check_tool_choice",
    "content_parts",
    "given",
    "outputs_of",
    "run_settings",
]

INCLUDE_CONTENT = "step_details.tool_calls[*].file_search.results[*].content"
"""What can be included in steps: the content that a file search found."""

ROLES = ("user", "assistant")
"""Who speaks in a thread."""

MAXIMUM_OUTPUT = 1_048_576
"""Characters of one tool output (observed)."""

MAXIMUM_OUTPUTS = 512 * 1024
"""Bytes that all tool outputs of one submit must stay below together (observed)."""


class AssistantFields(TypedDict, total=False):
    """What one can say of an assistant."""

    model: str
    name: str | None
    description: str | None
    instructions: str | None
    reasoning_effort: str | None
    tools: Sequence[Mapping[str, Any]] | None
    tool_resources: Mapping[str, Any] | None
    metadata: Mapping[str, str] | None
    temperature: float | None
    top_p: float | None
    response_format: Any


class NewMessage(TypedDict, total=False):
    """A message to be added to a thread."""

    role: Required[str]
    content: Required[str | Sequence[Mapping[str, Any]]]
    attachments: Sequence[Mapping[str, Any]] | None
    metadata: Mapping[str, str] | None


class NewThread(TypedDict, total=False):
    """A thread to be made."""

    messages: Sequence[NewMessage] | None
    tool_resources: Mapping[str, Any] | None
    metadata: Mapping[str, str] | None


class RunOptions(TypedDict, total=False):
    """What one can say of a run; what is absent or null comes from the assistant."""

    model: str | None
    instructions: str | None
    tools: Sequence[Mapping[str, Any]] | None
    metadata: Mapping[str, str] | None
    temperature: float | None
    top_p: float | None
    max_prompt_tokens: int | None
    max_completion_tokens: int | None
    truncation_strategy: Mapping[str, Any] | None
    tool_choice: Any
    parallel_tool_calls: bool | None
    response_format: Any


class CreateRunOptions(RunOptions, total=False):
    """What one can say of a run on a thread that exists."""

    reasoning_effort: str | None
    additional_instructions: str | None
    additional_messages: Sequence[NewMessage] | None


class CreateThreadAndRunOptions(RunOptions, total=False):
    """What one can say of a run that is created together with its thread."""

    thread: NewThread | None
    tool_resources: Mapping[str, Any] | None


def check_message(said: object) -> None:
    """Raise MisuseError unless this is a :class:`NewMessage`, as far as names and role go."""
    check_names("a message", said, NewMessage.__annotations__, required=("role", "content"))
    role: object = cast("Mapping[str, Any]", said)["role"]
    if role not in ROLES:
        msg = f"the role of a message is {' or '.join(map(repr, ROLES))}, got {role!r}"
        raise MisuseError(msg)


def check_thread(said: object) -> None:
    """Raise MisuseError unless this is a :class:`NewThread` of such messages."""
    check_names("a thread", said, NewThread.__annotations__)
    for message in cast("Mapping[str, Any]", said).get("messages") or ():
        check_message(message)


def check_run(options: Mapping[str, Any], known: type) -> None:
    """Raise MisuseError unless the options of a run, and the messages and thread in them, are known."""
    check_names("a run", options, known.__annotations__)
    for message in options.get("additional_messages") or ():
        check_message(message)
    check_thread(options.get("thread") or {})


def check_include(include: Sequence[str]) -> bool:
    """Return whether the content of what was found is to be included.

    :raises MisuseError: when anything else is asked for.
    """
    if isinstance(include, str) or any(word != INCLUDE_CONTENT for word in include):
        msg = f"include: expected a list of nothing but {INCLUDE_CONTENT!r}, got {include!r}"
        raise MisuseError(msg)
    return bool(include)


def given(options: Mapping[str, Any]) -> Json:
    """Return what was said: null is as good as absent."""
    return {name: value for name, value in options.items() if value is not None}


def assistant_values(wanted: Mapping[str, Any]) -> Json:
    """Return the fields of an assistant as the service keeps them; null is the default of a field.

    :raises MisuseError: when a field is unknown.
    """
    check_names("an assistant", wanted, AssistantFields.__annotations__)
    usual = assistant_defaults()
    # A model has no default: null leaves it as it is.
    said = {name: value for name, value in wanted.items() if value is not None or name in usual}
    values: Json = {n: usual[n] if v is None else to_wire(v) for n, v in said.items()}
    if "tools" in values:
        values["tools"] = _tools(values["tools"])
    return values


def assistant_defaults() -> Json:
    """Return what an assistant is, but for its model, when nothing else is said (recorded)."""
    return {
        "name": None,
        "description": None,
        "instructions": None,
        "tools": (),
        "top_p": 1.0,
        "temperature": 1.0,
        "reasoning_effort": None,
        "tool_resources": {},
        "metadata": {},
        "response_format": "auto",
    }


def run_settings(assistant: AssistantObject, options: Mapping[str, Any]) -> RunSettings:
    """Return what a run is configured with: what was said of it, else what its assistant has.

    Additional instructions come after those in effect, on lines of their own (inferred).
    """
    said: Json = to_wire(given(options))
    instructions = (said.get("instructions", assistant.instructions), said.get("additional_instructions"))
    return RunSettings(
        assistant_id=assistant.id,
        model=said.get("model", assistant.model),
        instructions="\n\n".join(filter(None, instructions)) or None,
        tools=_tools(said["tools"]) if "tools" in said else assistant.tools,
        tool_resources=said.get("tool_resources", {}),
        metadata=said.get("metadata", {}),
        temperature=said.get("temperature", assistant.temperature),
        top_p=said.get("top_p", assistant.top_p),
        reasoning_effort=said.get("reasoning_effort", assistant.reasoning_effort),
        truncation_strategy={"type": "auto", "last_messages": None, **said.get("truncation_strategy", {})},
        response_format=said.get("response_format", assistant.response_format),
        tool_choice=said.get("tool_choice", "auto"),
        parallel_tool_calls=said.get("parallel_tool_calls", True),
    )


def check_tool_choice(settings: RunSettings) -> None:
    """Raise ApiError when a run is told to use a tool that it does not have, its assistant's included.

    :raises MisuseError: when what it is told is no tool at all.
    """
    choice: object = settings.tool_choice
    if isinstance(choice, str):
        return
    check_names("tool_choice", choice, ("type", FUNCTION), required=("type",))
    said = cast("Json", choice)
    if said["type"] == FUNCTION:
        check_names("tool_choice.function", said.get(FUNCTION), ("name",), required=("name",))
    wanted = _name(said)
    if wanted not in map(_name, settings.tools):
        raise NO_SUCH_TOOL.error(name=wanted[-1])


def _name(tool: Json) -> tuple[str, ...]:
    """Return what tells a tool from others: its type, and the name of a function."""
    kind: str = tool["type"]
    return (kind, tool[FUNCTION]["name"]) if kind == FUNCTION else (kind,)


def _tools(tools: Iterable[Json]) -> tuple[Json, ...]:
    """Return tools as the service keeps them: a function has parameters, and is strict or not."""
    return tuple(_tool(tool) for tool in tools)


def _tool(tool: Json) -> Json:
    if tool["type"] != FUNCTION:
        return tool
    # Named first for their order, which is that of recorded tools; what stays null is left out.
    usual: Json = {"name": None, "description": None, "parameters": {"type": "object", "properties": {}}}
    return {**tool, FUNCTION: given({**usual, "strict": False, **given(tool[FUNCTION])})}


def content_parts(content: str | Sequence[Mapping[str, Any]]) -> tuple[Json, ...]:
    """Return the content of a message as the service keeps it: a text becomes a part."""
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    return tuple(_part(to_wire(part)) for part in content)


def _part(part: Json) -> Json:
    kind = part["type"]
    if kind == "text":
        return text_part(part["text"])
    return {"type": kind, kind: {"detail": "auto", **part[kind]}}


def outputs_of(tool_outputs: Sequence[Mapping[str, Any]]) -> tuple[ToolOutput, ...]:
    """Return the outputs that were submitted.

    :raises ApiError: when they are too long.
    :raises MisuseError: when one is no object with a ``tool_call_id`` and at most an ``output`` besides.
    """
    for said in tool_outputs:
        check_names("a tool output", said, ("tool_call_id", "output"), required=("tool_call_id",))
        check_kind("tool_call_id", said["tool_call_id"], str)
        check_kind("output", said.get("output"), str, NONE)
    outputs = tuple(ToolOutput(o["tool_call_id"], o.get("output") or "") for o in tool_outputs)
    for index, output in enumerate(outputs):
        if (length := len(output.output)) > MAXIMUM_OUTPUT:
            param = f"tool_outputs[{index}].output"
            raise STRING_TOO_LONG.error(param=param, maximum=MAXIMUM_OUTPUT, length=length)
    if sum(len(output.output.encode(errors="surrogatepass")) for output in outputs) >= MAXIMUM_OUTPUTS:
        raise OUTPUTS_TOO_LARGE.error()
    return outputs
