"""Event streams: the text of one, as events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EventReader", "parsed"]


def parsed(text: str | bytes | None) -> Any:
    """Return the JSON of a text, or None when it is none, or nested beyond measure."""
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


class EventReader:
    """Reads a stream of events piece by piece, wherever the pieces are cut."""

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[tuple[str, Any]]:
        """Yield the events that are whole by now: name and JSON."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            yield from self._line(line.rstrip(b"\r").decode("utf-8", "replace"))

    def _line(self, line: str) -> Iterator[tuple[str, Any]]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        elif not line and self._data:
            yield self._name or "message", parsed("\n".join(self._data))
            self._name, self._data = "", []
