"""The API's objects, as values: what each operation answers, with exactly the fields of the wire.

The names are those of the API's specification (``RunObject`` and so on); fields and their order are
those of recorded exchanges, which differ from the specification here and there (a run has
``tool_resources`` and ``reasoning_effort``; a step has ``expires_at`` and no ``metadata``; a message
has no ``status`` outside event streams). An object is a snapshot: it does not change when its
original does. Times are whole unix seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache, cached_property, singledispatch
from math import floor
from operator import attrgetter
from typing import Any, ClassVar, Generic, TypeVar, overload

from attrs import AttrsInstance, fields, frozen

from runlife import IncompleteDetails, LastError, RequiredAction, RunStatus, RunStepStatus, ToolCall, Usage

__all__ = [
    "AssistantObject",
    "DeletedObject",
    "Json",
    "MessageObject",
    "Page",
    "Resource",
    "RunObject",
    "RunStepObject",
    "ThreadObject",
    "as_text",
    "field_values",
    "shown_resources",
    "text_part",
    "to_wire",
    "whole",
]

Json = dict[str, Any]
"""A JSON object."""


@overload
def whole(moment: float) -> int: ...
@overload
def whole(moment: None) -> None: ...
@overload
def whole(moment: float | None) -> int | None: ...
def whole(moment: float | None) -> int | None:
    """Return a time as it stands on the wire: in whole seconds."""
    return None if moment is None else floor(moment)


def shown_resources() -> Json:
    """Return the tool resources that show up in some places where none were given (recorded)."""
    return {"code_interpreter": {"file_ids": []}}


def text_part(text: str) -> Json:
    """Return a text as a part of a message."""
    return {"type": "text", "text": {"value": text, "annotations": []}}


_PLAIN = frozenset({str, int, float, bool, type(None)})


def to_wire(value: Any) -> Any:
    """Return the JSON of a value, sharing nothing mutable with it."""
    # Most of what is asked for is plain; to look that up among the types below costs ten times as much.
    return value if type(value) in _PLAIN else _to_wire(value)


@singledispatch
def _to_wire(value: Any) -> Any:
    return value


@_to_wire.register
def _(value: StrEnum) -> str:
    return value.value


@_to_wire.register(Mapping)
def _(value: Mapping[str, Any]) -> Json:
    return {name: to_wire(item) for name, item in value.items()}


@_to_wire.register(list)
@_to_wire.register(tuple)
def _(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [to_wire(item) for item in value]


@_to_wire.register(LastError)
@_to_wire.register(IncompleteDetails)
def _(value: LastError | IncompleteDetails) -> Json:
    return value.to_json()


@_to_wire.register
def _(value: ToolCall) -> Json:
    function = {"name": value.name, "arguments": value.arguments}
    return {"id": value.id, "type": "function", "function": function}


@_to_wire.register
def _(value: RequiredAction) -> Json:
    return {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {"tool_calls": to_wire(value.tool_calls)},
    }


@_to_wire.register
def _(value: Usage) -> Json:
    return {
        "prompt_tokens": value.prompt_tokens,
        "completion_tokens": value.completion_tokens,
        "total_tokens": value.total_tokens,
        "prompt_token_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=to_wire)


def as_text(data: Any) -> bytes:
    """Return data as JSON: on one line, compact, and in ASCII.

    Characters beyond ASCII are escapes: whatever splits lines at U+2028, or meets half a surrogate
    pair, comes to no harm.
    """
    return _ENCODER.encode(data).encode("ascii")


@cache
def _reader(kind: type[AttrsInstance]) -> tuple[tuple[str, ...], attrgetter[tuple[Any, ...]]]:
    names = tuple(attribute.name for attribute in fields(kind))
    return names, attrgetter(*names)


def field_values(instance: AttrsInstance) -> Json:
    """Return the fields of an instance by name: a shallow ``attrs.asdict``, at a fifth of its price."""
    names, read = _reader(type(instance))
    return dict(zip(names, read(instance), strict=True))


@frozen(kw_only=True)
class Resource:
    """Base of the API's objects."""

    object: ClassVar[str]
    """What the object calls itself."""

    id: str

    def wire(self) -> Json:
        """Return the fields with the names and in the order of the wire; what is in them is still ours."""
        values = field_values(self)
        return {"id": values.pop("id"), "object": self.object, **values}

    def to_json(self) -> Json:
        """Return the object as it stands on the wire."""
        return {name: to_wire(value) for name, value in self.wire().items()}

    @cached_property
    def text(self) -> bytes:
        """The object as it goes over the wire (:func:`as_text`); made when it is first asked for."""
        return as_text(self.wire())


@_to_wire.register
def _(value: Resource) -> Json:
    return value.to_json()


@frozen(kw_only=True)
class AssistantObject(Resource):
    """An assistant."""

    object = "assistant"

    created_at: int
    name: str | None
    description: str | None
    model: str
    instructions: str | None
    tools: tuple[Json, ...]
    top_p: float | None
    temperature: float | None
    reasoning_effort: str | None
    tool_resources: Json
    metadata: Mapping[str, str]
    response_format: Any


@frozen(kw_only=True)
class ThreadObject(Resource):
    """A thread."""

    object = "thread"

    created_at: int
    metadata: Mapping[str, str]
    tool_resources: Json


@frozen(kw_only=True)
class MessageObject(Resource):
    """A message of a thread."""

    object = "thread.message"

    created_at: int
    assistant_id: str | None
    thread_id: str
    run_id: str | None
    role: str
    content: tuple[Json, ...]
    attachments: tuple[Json, ...] | None
    """None in the answer to a modification, which carried ``file_ids`` in its place (recorded)."""
    metadata: Mapping[str, str]

    def wire(self) -> Json:
        """Return the fields with the names and in the order of the wire."""
        said = super().wire()
        if self.attachments is not None:
            return said
        return {
            ("file_ids" if k == "attachments" else k): ([] if k == "attachments" else v)
            for k, v in said.items()
        }


@frozen(kw_only=True)
class RunObject(Resource):
    """A run."""

    object = "thread.run"

    created_at: int
    assistant_id: str
    thread_id: str
    status: RunStatus
    started_at: int | None
    expires_at: int | None
    cancelled_at: int | None
    failed_at: int | None
    completed_at: int | None
    required_action: RequiredAction | None
    last_error: LastError | None
    model: str
    instructions: str | None
    tools: tuple[Json, ...]
    tool_resources: Json
    metadata: Mapping[str, str]
    temperature: float | None
    top_p: float | None
    reasoning_effort: str | None
    max_completion_tokens: int | None
    max_prompt_tokens: int | None
    truncation_strategy: Json
    incomplete_details: IncompleteDetails | None
    usage: Usage | None
    response_format: Any
    tool_choice: Any
    parallel_tool_calls: bool


@frozen(kw_only=True)
class RunStepObject(Resource):
    """A step of a run."""

    object = "thread.run.step"

    created_at: int
    run_id: str
    assistant_id: str
    thread_id: str
    type: str
    status: RunStepStatus
    cancelled_at: int | None
    completed_at: int | None
    expires_at: int | None
    """That of its run, as long as the run has one (recorded)."""
    failed_at: int | None
    last_error: LastError | None
    step_details: Json
    usage: Usage | None


@frozen
class DeletedObject:
    """The answer to a deletion: ``object`` is what was deleted, and that it was."""

    id: str
    object: str

    def to_json(self) -> Json:
        """Return the object as it stands on the wire."""
        return {"id": self.id, "object": f"{self.object}.deleted", "deleted": True}


ResourceT = TypeVar("ResourceT", bound=Resource)


@frozen
class Page(Generic[ResourceT]):
    """One page of a list."""

    data: tuple[ResourceT, ...]
    has_more: bool

    def wire(self) -> Json:
        """Return the envelope in which the service sends a list; what is in its items is still ours."""
        ids = [item.id for item in self.data]
        return {
            "object": "list",
            "data": [item.wire() for item in self.data],
            "first_id": ids[0] if ids else None,
            "last_id": ids[-1] if ids else None,
            "has_more": self.has_more,
        }

    def to_json(self) -> Json:
        """Return the list as it stands on the wire."""
        return {name: to_wire(value) for name, value in self.wire().items()}
