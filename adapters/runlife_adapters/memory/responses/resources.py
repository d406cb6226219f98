"""The objects of the Responses API, as values: what its operations answer, with the fields of the wire.

Fields and their order are those that were recorded in 2026, which has a few more than 2025 had
(``completed_at``, the penalties, ``prompt_cache_retention``); ``cache_write_tokens`` is newer still, and
demanded by the types of the official clients. Two fields are there at times only:
``billing`` in the answers about a response that has ended, and in no event (recorded);
``conversation`` where there is one (documented).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, fields, frozen

from runlife.responses import ResponseStatus
from runlife_adapters.memory.resources import Json, Resource, to_wire

__all__ = [
    "ConversationObject",
    "DeletedResponse",
    "InputTokens",
    "ItemObject",
    "ItemPage",
    "ResponseObject",
]


_SOMETIMES = {"sometimes": True}
"""Marks a field that is left out while it is None."""


@frozen(kw_only=True)
class ResponseObject(Resource):
    """A response."""

    object = "response"

    created_at: int
    status: ResponseStatus
    background: bool
    billing: Json | None = field(default=None, metadata=_SOMETIMES)
    completed_at: int | None
    conversation: Json | None = field(default=None, metadata=_SOMETIMES)
    error: Json | None
    frequency_penalty: float
    incomplete_details: Json | None
    instructions: Any
    max_output_tokens: int | None
    max_tool_calls: int | None
    model: str
    output: tuple[Json, ...]
    parallel_tool_calls: bool
    presence_penalty: float
    previous_response_id: str | None
    prompt_cache_key: str | None
    prompt_cache_retention: str | None
    reasoning: Json
    safety_identifier: str | None
    service_tier: str
    store: bool
    temperature: float | None
    text_config: Json = field(metadata={"wire": "text"})
    """``text`` on the wire; of an object, that name is taken."""
    tool_choice: Any
    tools: tuple[Json, ...]
    top_logprobs: int
    top_p: float | None
    truncation: str
    usage: Json | None
    user: str | None
    metadata: Mapping[str, str]

    def wire(self) -> Json:
        """Return the fields with the names and in the order of the wire."""
        said = super().wire()
        return {
            _NAMES.get(name, name): v for name, v in said.items() if v is not None or name not in _OMITTED
        }


_NAMES = {a.name: a.metadata["wire"] for a in fields(ResponseObject) if "wire" in a.metadata}
_OMITTED = frozenset(a.name for a in fields(ResponseObject) if "sometimes" in a.metadata)


@frozen(kw_only=True)
class ConversationObject(Resource):
    """A conversation."""

    object = "conversation"

    created_at: int
    metadata: Mapping[str, str]


@frozen
class ItemObject:
    """One item."""

    item: Json

    def to_json(self) -> Json:
        """Return the item as it stands on the wire."""
        return dict(self.item)


@frozen
class ItemPage:
    """One page of a list of items."""

    data: tuple[Json, ...]
    has_more: bool

    def to_json(self) -> Json:
        """Return the list as it stands on the wire; the order of its fields is recorded."""
        ids = [item["id"] for item in self.data]
        return {
            "object": "list",
            "data": to_wire(self.data),
            "first_id": ids[0] if ids else None,
            "has_more": self.has_more,
            "last_id": ids[-1] if ids else None,
        }


@frozen
class DeletedResponse:
    """The answer to the deletion of a response; unlike others, it names the kind without a suffix."""

    id: str

    def to_json(self) -> Json:
        """Return it as it stands on the wire (documented)."""
        return {"id": self.id, "object": "response", "deleted": True}


@frozen
class InputTokens:
    """How many tokens an input has."""

    input_tokens: int

    def to_json(self) -> Json:
        """Return it as it stands on the wire (documented)."""
        return {"object": "response.input_tokens", "input_tokens": self.input_tokens}
