"""The default model: good enough for exploring by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from runlife_adapters.memory.builtin import BUILTIN_TOOLS, BuiltinStep, CodeInterpreter, FileSearch
from runlife_adapters.memory.examples import example
from runlife_adapters.memory.model import Call, Context, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Echo", "call_of"]

_STEPS: Mapping[str, BuiltinStep] = {
    CodeInterpreter.type: CodeInterpreter("print(1)", logs="1"),
    FileSearch.type: FileSearch(),
}
"""What the service's own tools do when they are asked to do anything."""


@frozen
class Echo:
    """The default model: it repeats the last user message, and uses the tools that the message names.

    A name is looked for as a word, in any case, with spaces for underscores: "get weather" names
    ``get_weather``. Each function that is named is called once in a run, with arguments that its
    schema describes (:func:`~runlife_adapters.memory.examples.example`), all in one turn unless the run
    forbids parallel calls; thereafter the echo repeats what came out of the last round, or of all when
    each was one call. ``tool_choice`` is obeyed: with ``none`` nothing is called, with ``required``
    something is, and a tool that it names is used. Where the answer is to follow a schema, it is not the
    echo, but a value that the schema describes.
    """

    def turn(self, context: Context) -> Turn:
        """Return what the model does, given what it sees."""
        said = next((message.text for message in reversed(context.messages) if message.role == "user"), "")
        wanted = _wanted(context, said)
        called = {call.name for done in context.rounds for call in done.calls}
        calls = [
            call_of(tool)
            for name, tool in wanted.items()
            if tool["type"] == "function" and name not in called
        ]
        if calls:
            return Turn(calls=calls if context.parallel_tool_calls else calls[:1])
        steps = [_STEPS[tool["type"]] for tool in wanted.values() if tool["type"] in _STEPS]
        rounds = context.rounds[-1:] if context.parallel_tool_calls else context.rounds
        outputs = [output.output for done in rounds for output in done.outputs]
        echo = "\n".join(outputs) if context.rounds else said
        return Turn(_formed(context.response_format, echo), steps=steps)


def call_of(tool: Mapping[str, Any]) -> Call:
    """Return a call of a function tool, with arguments that its schema describes."""
    function = tool["function"]
    arguments = example(function.get("parameters") or {})
    return Call(
        function["name"], cast("Mapping[str, Any]", arguments) if isinstance(arguments, Mapping) else {}
    )


def _formed(wanted: Any, echo: str) -> str:
    """Return the answer in the form that is wanted: on the two surfaces, a schema stands in two places."""
    match wanted:
        case {"type": "json_schema", "json_schema": {"schema": schema}} | {
            "type": "json_schema",
            "schema": schema,
        }:
            return json.dumps(example(schema))
        case _:
            return echo


def _wanted(context: Context, said: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the tools that are to be used, by name, in their order."""
    tools = {_name(tool): tool for tool in context.tools if tool["type"] in ("function", *BUILTIN_TOOLS)}
    named = {name: tool for name, tool in tools.items() if _is_named(name, said)}
    match context.tool_choice:
        case "none":
            return {}
        case "required":
            return named or _only(tools, list(tools)[:1])
        case {"type": "function", "function": {"name": str(name)}}:
            return {name: tools.get(name, {"type": "function", "function": {"name": name}})}
        case {"type": str(name)}:
            return _only(tools, [name])
        case _:
            return named


def _only(tools: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    return {name: tools[name] for name in names if name in tools}


def _name(tool: Mapping[str, Any]) -> str:
    return str(tool["function"]["name"] if tool["type"] == "function" else tool["type"])


def _is_named(name: str, text: str) -> bool:
    # Not \b: to it, a Chinese text around the name would be part of the word.
    words = r"[\s_-]+".join(re.escape(word) for word in re.split("[_-]+", name) if word)
    return bool(words) and re.search(rf"(?<![a-z0-9_]){words}(?![a-z0-9_])", text, re.IGNORECASE) is not None
