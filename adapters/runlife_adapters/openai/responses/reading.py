"""Reading what the Responses API answers: responses and their items, leniently as elsewhere at the border."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from runlife import LastError, ServerError, ToolCall, Usage
from runlife.responses import RESPONSE, ResponseStatus, Seen
from runlife_adapters.openai._calls import data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runlife_adapters.openai.responses.requests import Json

__all__ = [
    "CALL_OUTPUT",
    "FUNCTION_CALL",
    "calls_in",
    "conversation_in",
    "items_in",
    "object_in",
    "output_of",
    "response_in",
    "seen_in",
    "texts_in",
]

FUNCTION_CALL = "function_call"
"""The type of an item that waits for the client."""

CALL_OUTPUT = "function_call_output"
"""The type of an item that answers it."""

_KNOWN = {status.value: status for status in RESPONSE.statuses}
_ANSWERED = RESPONSE.moves[ResponseStatus.IN_PROGRESS]["call_functions"][0].target
"""The status in which the calls of a response are there to be answered."""


def object_in(value: object) -> Json:
    """Return an object, and an empty one instead of anything else."""
    return dict(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else {}


def response_in(body: object) -> Json:
    """Return a response as it stands on the wire.

    :raises ServerError: when it has no id or no status, so that it is no response at all.
    """
    raw = object_in(body)
    if not (raw.get("id") and isinstance(raw["id"], str) and isinstance(raw.get("status"), str)):
        got = f"an object with {sorted(raw)}" if raw else f"{body!r:.80}"
        msg = f"expected a response, an object with the strings 'id' and 'status'; got {got}"
        raise ServerError(msg)
    return raw


def conversation_in(body: object) -> str:
    """Return the id of a conversation.

    :raises ServerError: when it has none.
    """
    id = object_in(body).get("id")
    if not (isinstance(id, str) and id):
        msg = f"expected a conversation, an object with the string 'id'; got {body!r:.80}"
        raise ServerError(msg)
    return id


def items_in(body: object) -> list[Json]:
    """Return the items of a page.

    :raises ServerError: when it is none.
    """
    return [object_in(item) for item in data(body, "the conversation")]


def output_of(raw: Json) -> list[Json]:
    """Return the items of a response's output."""
    output = raw.get("output")
    return [object_in(item) for item in cast("list[object]", output)] if isinstance(output, list) else []


def seen_in(raw: Json) -> Seen | None:
    """Return what a response tells a chain, or None when its status is one that we do not know."""
    status = _KNOWN.get(raw["status"])
    if status is None:
        return None
    return Seen(
        raw["id"],
        status,
        calls=calls_in(output_of(raw)) if status is _ANSWERED else (),
        usage=_usage(raw.get("usage")),
        error=_error(raw.get("error")),
        reason=_text(object_in(raw.get("incomplete_details")).get("reason")),
        created_at=_time(raw.get("created_at")),
        completed_at=_time(raw.get("completed_at")),
    )


def calls_in(items: Iterable[Json]) -> tuple[ToolCall, ...]:
    """Return the calls of functions among some items, in their order."""
    return tuple(
        ToolCall(item["call_id"], _text(item.get("name")) or "", _text(item.get("arguments")) or "")
        for item in items
        if item.get("type") == FUNCTION_CALL and isinstance(item.get("call_id"), str)
    )


def texts_in(items: Iterable[Json]) -> Iterator[str]:
    """Yield the text of each message that a model wrote. One without text has none to give."""
    for item in items:
        content = item.get("content")
        if item.get("type") != "message" or item.get("role") != "assistant" or not isinstance(content, list):
            continue
        parts = map(object_in, cast("list[object]", content))
        words = [_text(part.get("text")) for part in parts if part.get("type") == "output_text"]
        if any(word is not None for word in words):
            yield "".join(word or "" for word in words)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _time(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _usage(value: object) -> Usage | None:
    body = object_in(value)
    spent, written = _count(body.get("input_tokens")), _count(body.get("output_tokens"))
    return None if spent is None or written is None else Usage(spent, written)


def _error(value: object) -> LastError | None:
    body = object_in(value)
    code, message = _text(body.get("code")), _text(body.get("message"))
    return LastError(code or "", message or "") if code or message else None
