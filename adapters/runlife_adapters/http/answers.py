"""What the World answers, as a status, a type of content and bytes."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from runlife_adapters.memory import ApiError, Page
from runlife_adapters.memory.resources import Resource, as_text

__all__ = ["BINARY", "EVENT_STREAM", "JSON", "OK", "Answer", "render"]

JSON = "application/json"
BINARY = "application/octet-stream"
EVENT_STREAM = "text/event-stream; charset=utf-8"

OK = 200


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
    if isinstance(answer, Resource):
        return Answer(OK, JSON, answer.text, answer.wire())
    data = answer.wire() if isinstance(answer, Page) else answer.to_json()
    return Answer(answer.status if isinstance(answer, ApiError) else OK, JSON, as_text(data), data)
