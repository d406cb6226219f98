"""What the World answers, as a status, a type of content and bytes."""

from __future__ import annotations

import json
from typing import Any

from attrs import frozen

from runlife_adapters.memory import ApiError, Page
from runlife_adapters.memory.resources import Resource, to_wire

__all__ = ["BINARY", "EVENT_STREAM", "JSON", "OK", "Answer", "render", "write"]

JSON = "application/json"
BINARY = "application/octet-stream"
EVENT_STREAM = "text/event-stream; charset=utf-8"

OK = 200

_ENCODER = json.JSONEncoder(separators=(",", ":"), default=to_wire)


def write(data: Any) -> bytes:
    """Return data as JSON: on one line, compact, and in ASCII.

    Characters beyond ASCII are escapes: whatever splits lines at U+2028, or meets half a surrogate
    pair, comes to no harm.
    """
    return _ENCODER.encode(data).encode("ascii")


@frozen
class Answer:
    """An answer before anything befalls it."""

    status: int
    content_type: str
    body: bytes
    data: Any = None
    """The body as it was before it was written, to be looked at only; None when it is no JSON."""


def render(answer: Any) -> Answer:
    """Return what goes out for what the World gave: an object, the bytes of a file, or a refusal."""
    if isinstance(answer, bytes):
        return Answer(OK, BINARY, answer)
    # Most answers are written and forgotten: nothing has to be copied for that.
    data = answer.wire() if isinstance(answer, Resource | Page) else answer.to_json()
    return Answer(answer.status if isinstance(answer, ApiError) else OK, JSON, write(data), data)
