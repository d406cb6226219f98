"""A lifecycle as tables, in Markdown and in HTML, for documents and for whoever cannot see a picture.

There are two, from one form: where each event leads from each status (a status a line, an event a
column), and every row with its guard, effect, cause and evidence. Both are the table as its policy has
it, with nothing left out.

In Markdown, a plain word is set as code; elsewhere, a sign of ASCII that is not plain punctuation is
a character reference, which Markdown never takes for structure. The HTML is a fragment without style:
it has a caption, and headers with a scope, so that a screen reader says of each cell what it belongs to.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from attrs import frozen

from runlife_diagrams.route import statuses_of
from runlife_diagrams.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import StrEnum

    from runlife import Lifecycle, Transition

__all__ = ["to_html_table", "to_markdown"]

_SPECIAL = re.compile(r"(?![\w ,.:;()'/+-])[\x00-\x7f]|(?<![^\W_])_|_(?![^\W_])|[.:](?=\S)|(?<!\S) | (?!\S)")
_BEFORE = "not created"
_NONE = "\N{EN DASH}"


@frozen
class _Cell:
    """What stands in a cell: words of the lifecycle (``code``), or English; and a note of our own."""

    texts: tuple[str, ...]
    code: bool = False
    note: str = ""


@frozen
class _Table:
    """A table; the first cell of a line is its header."""

    name: str
    caption: str
    columns: tuple[_Cell, ...]
    lines: tuple[tuple[_Cell, ...], ...]


def to_markdown(lifecycle: Lifecycle[Any]) -> str:
    """Return both tables as Markdown (GitHub's tables)."""
    return "\n\n".join(map(_markdown, _tables(lifecycle))) + "\n"


def to_html_table(lifecycle: Lifecycle[Any]) -> str:
    """Return both tables as a fragment of HTML, with the classes ``runlife-moves`` and ``runlife-rows``."""
    return "\n".join(line for table in _tables(lifecycle) for line in _html(table)) + "\n"


def _tables(lifecycle: Lifecycle[Any]) -> tuple[_Table, _Table]:
    name = visible(lifecycle.name)
    events = tuple(dict.fromkeys(row.event for row in lifecycle.transitions))
    moves = _Table(
        "runlife-moves",
        f"Lifecycle of {name}: where each event leads from each status",
        (_english("status"), *(_Cell((event,), code=True) for event in events)),
        tuple(
            (
                _status(status, " (terminal)" if status in lifecycle.terminal else ""),
                *(_targets(lifecycle, status, event) for event in events),
            )
            for status in (None, *statuses_of(lifecycle))
        ),
    )
    titles = ("status", "event", "leads to", "by", "when", "then", "evidence")
    rows = _Table(
        "runlife-rows",
        f"Lifecycle of {name}: every transition",
        tuple(map(_english, titles)),
        tuple(
            (
                _status(row.source),
                _Cell((row.event,), code=True),
                _status(row.target),
                _english(row.cause.value),
                _english(_when(row)),
                _english(row.effect.says if row.effect is not None else None),
                _english(row.evidence.value),
            )
            for status in (None, *statuses_of(lifecycle))
            for row in lifecycle.transitions
            if row.source == status
        ),
    )
    return moves, rows


def _targets(lifecycle: Lifecycle[Any], status: StrEnum | None, event: str) -> _Cell:
    rows = lifecycle.moves[status].get(event, ())
    return _Cell(tuple(dict.fromkeys(row.target.value for row in rows)), code=True)


def _when(row: Transition[Any]) -> str | None:
    if row.deadline is not None:
        return f"{row.deadline} is due"
    return row.guard.says if row.guard is not None else None


def _status(status: StrEnum | None, note: str = "") -> _Cell:
    return _english(_BEFORE) if status is None else _Cell((status.value,), code=True, note=note)


def _english(text: str | None) -> _Cell:
    return _Cell(() if text is None else (text,))


# --------------------------------------------------------------------------- Markdown


def _markdown(table: _Table) -> str:
    lines = [table.columns, *table.lines]
    head, *body = ["| " + " | ".join(map(_cell_of_markdown, line)) + " |" for line in lines]
    rule = "|" + " --- |" * len(table.columns)
    return "\n".join([f"**{_reference(table.caption)}**", "", head, rule, *body])


def _cell_of_markdown(cell: _Cell) -> str:
    words = ", ".join(_markdown_text(text, code=cell.code) for text in cell.texts)
    return (words or _NONE) + cell.note


def _markdown_text(text: str, *, code: bool) -> str:
    return f"`{text}`" if code and re.fullmatch(r"[A-Za-z0-9_-]+", text) else _reference(visible(text))


def _reference(text: str) -> str:
    """Write as a character reference whatever Markdown might read something into."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", text)


# --------------------------------------------------------------------------- HTML


def _html(table: _Table) -> Iterator[str]:
    yield f'<table class="{table.name}">'
    yield f"<caption>{escape(table.caption)}</caption>"
    heads = "".join(f'<th scope="col">{_cell_of_html(cell)}</th>' for cell in table.columns)
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for header, *cells in table.lines:
        data = "".join(f"<td>{_cell_of_html(cell)}</td>" for cell in cells)
        yield f'<tr><th scope="row">{_cell_of_html(header)}</th>{data}</tr>'
    yield "</tbody>"
    yield "</table>"


def _cell_of_html(cell: _Cell) -> str:
    texts = (escape(visible(text)) for text in cell.texts)
    words = ", ".join(f"<code>{text}</code>" if cell.code else text for text in texts)
    return (words or _NONE) + cell.note
