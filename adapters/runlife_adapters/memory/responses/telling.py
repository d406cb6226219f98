"""How the events of a run's stream become those of a response.

Theory of operation. A response is one round of a hidden run, and what happens in a round is told to whoever
listens to the run in the words of the Assistants API (:mod:`runlife_adapters.memory.steps`): steps and
messages begin and end, pieces of texts and calls come. A :class:`Teller` listens, and says the same in the
words of the Responses API, to a log. It keeps no copy of anything but of what it has told, so that an item
can be told to its end whatever came of it piece by piece: nothing, where a turn is made by hand.

Names, order and fields are those of recorded streams; of calls and of the service's own tools they are the
documented ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field

from runlife import ToolCall
from runlife_adapters.memory.ids import item_id
from runlife_adapters.memory.records import RunRecord
from runlife_adapters.memory.resources import Json
from runlife_adapters.memory.responses.events import EventLog
from runlife_adapters.memory.responses.items import (
    COMPLETED,
    IN_PROGRESS,
    INCOMPLETE,
    PREFIXES,
    builtin_item,
    call_item,
    message_item,
    output_text,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.memory.events import StreamEvent

__all__ = ["Teller", "message_id"]


def message_id(id: str) -> str:
    """Return the id of the item that a message of a hidden thread is."""
    return item_id("msg", id)


@define(eq=False)
class _Open:
    """An item that has been told of and has not ended."""

    item: Json
    index: int
    told: list[str] = field(factory=list[str])
    """The pieces of its text, or of its arguments, that were told."""

    @property
    def where(self) -> Json:
        """Which item an event is about."""
        return {"item_id": self.item["id"], "output_index": self.index}

    @property
    def part(self) -> Json:
        """Which part of it, where it is a message."""
        return {"item_id": self.item["id"], "content_index": 0, "output_index": self.index}


@define(eq=False)
class Teller:
    """Tells a log what happens in one round of a run. It has what the run asks of a stream."""

    run: RunRecord
    log: EventLog
    include: tuple[str, ...]
    content: bool = field(init=False, default=False)
    left: bool = field(init=False, default=False)
    _open: _Open | None = field(init=False, default=None)
    _count: int = field(init=False, default=0)

    # What the run asks of a stream

    def add(self, event: StreamEvent) -> None:
        """Take an event of the run."""
        match event.name:
            case "thread.message.created":
                self._message_begins(event.data)
            case "thread.message.delta":
                self._message_grows(event.data)
            case "thread.message.completed" | "thread.message.incomplete":
                self._message_ends(event.data)
            case "thread.run.step.delta":
                self._step_grows(event.data)
            case "thread.run.step.completed":
                self._step_ends(event.data)
            case "thread.run.step.cancelled" | "thread.run.step.failed":
                self._open = None  # what a turn began that is broken off is told no further
            case _:
                pass  # of the run itself, its response says what there is to say

    def end(self, then: Callable[[], None] | None = None) -> None:
        """Take note that the round is over: what there is to say of that, the response says itself."""

    # Messages

    def _message_begins(self, message: Json) -> None:
        self._begin(message_item(message_id(message["id"]), IN_PROGRESS, None))
        self._say("response.content_part.added", {"part": output_text("")})

    def _message_grows(self, delta: Json) -> None:
        for part in delta["delta"]["content"]:
            self._piece("response.output_text.delta", part["text"]["value"], logprobs=[])

    def _message_ends(self, message: Json) -> None:
        details = message["incomplete_details"]
        if details is not None and details["reason"] not in _CUT:
            self._open = None  # it breaks off with its run, whose end is enough (inferred)
            return
        text = "".join(part["text"]["value"] for part in message["content"])
        status = COMPLETED if details is None else INCOMPLETE
        self._say("response.output_text.done", {"text": text, "logprobs": []})
        self._say("response.content_part.done", {"part": output_text(text)})
        self._end(message_item(message_id(message["id"]), status, text))

    # Calls

    def _step_grows(self, delta: Json) -> None:
        (call,) = delta["delta"]["step_details"]["tool_calls"]
        if call["type"] == "function":
            self._call_grows(call)
        elif self._open is None:
            self._builtin_begins(call)
        elif code := call[call["type"]].get("input"):
            self._piece("response.code_interpreter_call_code.delta", code)

    def _call_grows(self, call: Json) -> None:
        if "id" in call:
            self._close_call()
            self._begin(call_item(ToolCall(call["id"], call["function"]["name"], ""), IN_PROGRESS))
        else:
            self._piece("response.function_call_arguments.delta", call["function"]["arguments"])

    def _close_call(self) -> None:
        if self._open is not None:
            arguments = "".join(self._open.told)
            self._call_ends({**self._open.item, "arguments": arguments, "status": COMPLETED})

    def _call_ends(self, item: Json) -> None:
        # The types of SDK 2.x demand the name; those before and after do not know it.
        said = {"arguments": item["arguments"], "name": item["name"]}
        self._say("response.function_call_arguments.done", said)
        self._end(item)

    def calls(self, calls: tuple[ToolCall, ...]) -> None:
        """Tell what is still to be told of the calls with which the round ends."""
        self._close_call()
        told = {event.data["item"]["id"] for event in self.log.events if event.name == _DONE}
        for call in calls:
            item = call_item(call)
            if item["id"] not in told:
                self._begin({**item, "arguments": "", "status": IN_PROGRESS})
                self._piece("response.function_call_arguments.delta", call.arguments)
                self._call_ends(item)

    # The service's own tools

    def _builtin_begins(self, call: Json) -> None:
        kind = f"{call['type']}_call"
        item: Json = {"id": item_id(PREFIXES[kind], call["id"]), "type": kind, "status": IN_PROGRESS}
        if kind == "file_search_call":
            self._begin({**item, "queries": [], "results": None})
        else:
            container = item_id("cntr", call["id"])
            self._begin({**item, "code": "", "container_id": container, "outputs": None})
        self._say(f"response.{kind}.in_progress", {})
        if kind == "file_search_call":
            self._say(f"response.{kind}.searching", {})

    def _step_ends(self, step: Json) -> None:
        ran = self.run.steps[step["id"]].ran
        if ran is None:
            return
        call_id, tool = ran
        item = builtin_item(call_id, tool)
        if self._open is None:
            self._builtin_begins({"id": call_id, "type": tool.type})
        if item["type"] == "code_interpreter_call":
            if self._open is not None and not self._open.told:
                self._piece("response.code_interpreter_call_code.delta", item["code"])
            self._say("response.code_interpreter_call_code.done", {"code": item["code"]})
            self._say("response.code_interpreter_call.interpreting", {})
        self._say(f"response.{item['type']}.completed", {})
        self._end(shown(item, self.include))

    # Telling

    def _begin(self, item: Json) -> None:
        self._open = _Open(item, self._count)
        self._count += 1
        self.log.add(_ADDED, {"item": item, "output_index": self._open.index})

    def _piece(self, kind: str, piece: str, **more: Any) -> None:
        if self._open is not None:
            self._open.told.append(piece)
            self._say(kind, {"delta": piece, **more})

    def _say(self, kind: str, data: Json) -> None:
        """Tell something of the open item."""
        if self._open is not None:
            where = self._open.part if self._open.item["type"] == "message" else self._open.where
            self.log.add(kind, {**data, **where})

    def _end(self, item: Json) -> None:
        if self._open is not None:
            self.log.add(_DONE, {"item": item, "output_index": self._open.index})
        self._open = None


_ADDED, _DONE = "response.output_item.added", "response.output_item.done"

_CUT = frozenset({"max_tokens", "content_filter"})
"""Why a message is incomplete whose response is so too; otherwise it broke off."""
