"""What came with an event or a call, in words, and as the few lines that have room under an arrow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from textwrap import wrap
from typing import cast

from runlife_diagrams.text import visible

__all__ = ["in_lines", "in_words"]

_COLUMNS = 40
_LINES = 2
"""Of details under an event, at most."""
_LONGEST = 2_000
"""Characters of details that a hover shows, at most: the output of a tool can be a book."""


def in_words(values: Mapping[str, object]) -> str:
    """Return JSON data by name as words, harmless in any picture; what is null or empty says nothing."""
    said = [f"{name} {_said(value)}" for name, value in values.items() if _tells(value)]
    text = visible(" ".join("; ".join(said)[: _LONGEST + 1].split())) if said else ""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def in_lines(words: str) -> tuple[str, ...]:
    """Return words in the lines that have room under an arrow, shortened."""
    lines = wrap(words[: _COLUMNS * (_LINES + 2)], _COLUMNS)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1][: _COLUMNS - 1]}…"]
    return tuple(lines)


def _tells(value: object) -> bool:
    return value is not None and value not in ("", [], {}, ())


def _said(value: object) -> str:
    """Return JSON data in words: of an object the texts, and the numbers with their names."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return ", ".join(
            part if isinstance(part, str) else f"{name} {_said(part)}" for name, part in items if _tells(part)
        )
    if isinstance(value, (list, tuple)):
        return " / ".join(map(_said, cast("list[object]", value)))
    return f"{value:.15g}" if isinstance(value, float) else json.dumps(value, default=str)
