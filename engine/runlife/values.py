"""The values a run carries: small, immutable, and equal to their wire shape where they have one.

Each class converts itself with ``to_json()`` and ``from_json()``; the shapes are those of the
Assistants API v2 (``openai/openai-openapi``, objects ``RunObject`` and ``RunToolCallObject``).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Self, cast

from attrs import Factory, field, fields, frozen, validators

__all__ = [
    "IncompleteDetails",
    "Json",
    "LastError",
    "RequiredAction",
    "ToolCall",
    "ToolOutput",
    "Usage",
]

type_checked = validators.instance_of
Json = dict[str, Any]
"""A JSON object."""


class _Flat:
    """A value whose JSON is simply its fields by name."""

    __slots__ = ()

    def to_json(self) -> Json:
        """Return the fields by name."""
        return {a.name: getattr(self, a.name) for a in fields(cast("Any", type(self)))}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Build the value from what :meth:`to_json` gave; raise TypeError if it is anything else."""
        if not isinstance(data, Mapping):
            msg = f"expected an object for {cls.__name__}, got {type(data).__name__}"
            raise TypeError(msg)
        return cls(**cast("Mapping[str, Any]", data))


@frozen
class ToolCall(_Flat):
    """One function call the model wants made; ``arguments`` is a JSON *string*, as on the wire."""

    id: str = field(validator=type_checked(str))
    name: str = field(validator=type_checked(str))
    arguments: str = field(default="{}", validator=type_checked(str))


@frozen
class ToolOutput(_Flat):
    """The answer to one :class:`ToolCall`."""

    tool_call_id: str = field(validator=type_checked(str))
    output: str = field(default="", validator=type_checked(str))


@frozen
class RequiredAction:
    """What a run waits for: the outputs of exactly these calls.

    Wire: ``{"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [...]}}``.
    """

    tool_calls: tuple[ToolCall, ...]
    call_ids: AbstractSet[str] = field(
        init=False,
        eq=False,
        repr=False,
        default=Factory(lambda self: frozenset(call.id for call in self.tool_calls), takes_self=True),
    )

    def to_json(self) -> Json:
        """Return ``{"tool_calls": [...]}``."""
        return {"tool_calls": [call.to_json() for call in self.tool_calls]}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Build the value from what :meth:`to_json` gave; raise TypeError if it is anything else."""
        if not isinstance(data, Mapping) or set(cast("Json", data)) != {"tool_calls"}:
            msg = f"expected an object with the key 'tool_calls', got {data!r}"
            raise TypeError(msg)
        calls = cast("Json", data)["tool_calls"]
        return cls(tuple(ToolCall.from_json(call) for call in calls))


@frozen
class LastError(_Flat):
    """Why a run failed: ``server_error``, ``rate_limit_exceeded`` or ``invalid_prompt``."""

    code: str = field(validator=type_checked(str))
    message: str = field(default="", validator=type_checked(str))


@frozen
class IncompleteDetails(_Flat):
    """Why a run ended incomplete: ``max_prompt_tokens`` or ``max_completion_tokens``."""

    reason: str = field(validator=type_checked(str))


def _count() -> int:
    return field(default=0, validator=[type_checked(int), validators.ge(0)])


@frozen
class Usage(_Flat):
    """Tokens spent. Adds up: ``Usage(3, 4) + Usage(1, 1) == Usage(4, 5)``."""

    prompt_tokens: int = _count()
    completion_tokens: int = _count()

    @property
    def total_tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        """Return the sum, field by field."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )
