"""Items: what goes into a response and comes out of it, as JSON in the shapes of the API.

A list of items is all that a response is about: messages, calls of functions, their outputs, calls of the
service's own tools. What a client sends is normalised to what the service shows of it: a text becomes a
message of a user, each item gets an id and a status (recorded). What the model sees of them is here, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from runlife import ToolCall, ToolOutput
from runlife_adapters.memory.builtin import CodeInterpreter, FileSearch
from runlife_adapters.memory.ids import item_id
from runlife_adapters.memory.model import ToolRound
from runlife_adapters.memory.resources import to_wire
from runlife_adapters.memory.responses.errors import ITEM_NOT_FOUND, NO_CALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from runlife_adapters.memory.builtin import BuiltinStep
    from runlife_adapters.memory.resources import Json

__all__ = [
    "CALL",
    "CALL_OUTPUT",
    "COMPLETED",
    "INCOMPLETE",
    "IN_PROGRESS",
    "MESSAGE",
    "PREFIXES",
    "RESULTS",
    "answers",
    "builtin_item",
    "call_item",
    "check_calls",
    "message_item",
    "normalised",
    "output_text",
    "rounds_at_end",
    "said_in",
    "shown",
    "unanswered",
]

MESSAGE, CALL, CALL_OUTPUT = "message", "function_call", "function_call_output"
REFERENCE = "item_reference"
IN_PROGRESS, COMPLETED, INCOMPLETE = "in_progress", "completed", "incomplete"

PREFIXES: Mapping[str, str] = {
    MESSAGE: "msg",
    CALL: "fc",
    CALL_OUTPUT: "fc",
    "reasoning": "rs",
    "file_search_call": "fs",
    "code_interpreter_call": "ci",
    "web_search_call": "ws",
}
"""With what the ids of items begin, by type; an output has the prefix of its call (recorded)."""

RESULTS: Mapping[str, tuple[str, str]] = {
    "file_search_call": ("results", "file_search_call.results"),
    "code_interpreter_call": ("outputs", "code_interpreter_call.outputs"),
}
"""By type, the field that is null unless it is asked for, and the word that asks for it (documented)."""


# What a client sends


def normalised(
    said: str | Iterable[Mapping[str, Any]], owner: str, find: Callable[[str], Json | None]
) -> tuple[Json, ...]:
    """Return input as the service keeps it.

    :param owner: what it is the input of; the ids of its items depend on it.
    :param find: returns the item of an id, or None.
    :raises ApiError: when a reference names nothing.
    """
    if isinstance(said, str):
        said = [{"role": "user", "content": said}]
    return tuple(_item(to_wire(item), index, owner, find) for index, item in enumerate(said))


def _item(said: Json, index: int, owner: str, find: Callable[[str], Json | None]) -> Json:
    kind = said.get("type") or (MESSAGE if "role" in said else REFERENCE)
    if kind == REFERENCE:
        known = find(said["id"])
        if known is None:
            raise ITEM_NOT_FOUND.error(id=said["id"], param="input")
        return known
    id = said.get("id") or item_id(PREFIXES.get(kind, kind), owner, index)
    status = said.get("status") or COMPLETED
    head: Json = {"id": id, "type": kind, "status": status}
    if kind == MESSAGE:
        return {**head, "content": _content(said["role"], said["content"]), "role": said["role"]}
    if kind == CALL:
        return {**head, "arguments": said["arguments"], "call_id": said["call_id"], "name": said["name"]}
    if kind == CALL_OUTPUT:
        return {**head, "call_id": said["call_id"], "output": said["output"]}
    rest = {name: value for name, value in said.items() if name not in head}
    return {"id": id, "type": kind, **({"status": status} if "status" in said else {}), **rest}


def _content(role: str, content: str | Sequence[Json]) -> list[Json]:
    if isinstance(content, str):
        content = [{"type": "output_text" if role == "assistant" else "input_text", "text": content}]
    return [_part(part) for part in content]


def _part(part: Json) -> Json:
    match part["type"]:
        case "output_text":
            return {**output_text(""), **part}
        case "input_image":
            return {"type": "input_image", "detail": "auto", "file_id": None, "image_url": None, **part}
        case _:
            return part


# What comes out


def output_text(text: str) -> Json:
    """Return a text as a part of a message of the model."""
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def message_item(id: str, status: str, text: str | None) -> Json:
    """Return a message of the model; None: it has no content yet."""
    content = [] if text is None else [output_text(text)]
    return {"id": id, "type": MESSAGE, "status": status, "content": content, "role": "assistant"}


def call_item(call: ToolCall, status: str = COMPLETED) -> Json:
    """Return a call of a function."""
    return {
        "id": item_id(PREFIXES[CALL], call.id),
        "type": CALL,
        "status": status,
        "arguments": call.arguments,
        "call_id": call.id,
        "name": call.name,
    }


def builtin_item(call_id: str, tool: BuiltinStep, status: str = COMPLETED) -> Json:
    """Return a call of one of the service's own tools, with all that came of it."""
    kind = f"{tool.type}_call"
    head: Json = {"id": item_id(PREFIXES[kind], call_id), "type": kind, "status": status}
    match tool:
        case FileSearch():
            return {
                **head,
                "queries": [],
                "results": [_result(found) for found in tool.body(content=True)["results"]],
            }
        case CodeInterpreter():
            container = item_id("cntr", call_id)
            return {**head, "code": tool.input, "container_id": container, "outputs": _outputs(tool)}


def _result(found: Json) -> Json:
    (part,) = found["content"]
    named = {"file_id": found["file_id"], "filename": found["file_name"], "score": found["score"]}
    return {"attributes": found["attributes"], **named, "text": part["text"]}


def _outputs(tool: CodeInterpreter) -> list[Json]:
    logs = [] if tool.logs is None else [{"type": "logs", "logs": tool.logs}]
    return [*logs, *({"type": "image", "url": f"sandbox:/{image}"} for image in tool.images)]


def shown(item: Json, include: Iterable[str]) -> Json:
    """Return an item as a client sees it who asks for some of what is otherwise null."""
    if item["type"] not in RESULTS:
        return item
    name, word = RESULTS[item["type"]]
    return item if word in include else {**item, name: None}


# What a list of items says


def said_in(item: Json) -> str:
    """Return the text of a message."""
    texts = (part.get("text") or part.get("refusal") for part in item["content"])
    return "".join(text for text in texts if isinstance(text, str))


def _output(item: Json) -> str:
    said = item["output"]
    return said if isinstance(said, str) else "".join(part.get("text", "") for part in said)


def answers(items: Iterable[Json]) -> dict[str, ToolOutput]:
    """Return the outputs among items, by the ids of their calls."""
    outputs = (item for item in items if item["type"] == CALL_OUTPUT)
    return {item["call_id"]: ToolOutput(item["call_id"], _output(item)) for item in outputs}


def unanswered(items: Sequence[Json]) -> tuple[str, ...]:
    """Return the ids of the calls among items that have no output."""
    answered = answers(items)
    return tuple(i["call_id"] for i in items if i["type"] == CALL and i["call_id"] not in answered)


def check_calls(items: Sequence[Json]) -> None:
    """Raise ApiError unless each output among items belongs to a call before it."""
    called = set[str]()
    for item in items:
        if item["type"] == CALL:
            called.add(item["call_id"])
        elif item["type"] == CALL_OUTPUT and item["call_id"] not in called:
            raise NO_CALL.error(call_id=item["call_id"])


def rounds_at_end(items: Sequence[Json]) -> tuple[ToolRound, ...]:
    """Return the rounds of calls and outputs since somebody last said anything.

    The model goes on from there: what was called before that has been talked about since.
    """
    start = next((n for n in range(len(items), 0, -1) if _speaks(items[n - 1])), 0)
    recent, rounds = items[start:], list[list[ToolCall]]()
    outputs, calling = answers(recent), False
    for item in recent:
        if item["type"] == CALL:
            if not calling:
                rounds.append([])
            rounds[-1].append(ToolCall(item["call_id"], item["name"], item["arguments"]))
        calling = item["type"] == CALL
    return tuple(
        ToolRound(tuple(calls), tuple(outputs[call.id] for call in calls))
        for calls in rounds
        if all(call.id in outputs for call in calls)
    )


def _speaks(item: Json) -> bool:
    return cast("str", item["type"]) == MESSAGE and item["role"] != "assistant"
