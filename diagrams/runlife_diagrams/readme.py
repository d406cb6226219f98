"""Tables in a document that somebody writes: each stands between two marks, and is written anew there.

::

    <!-- runlife:table run -->
    ...
    <!-- /runlife:table -->
"""

from __future__ import annotations

import re

from runlife_diagrams.errors import PictureError
from runlife_diagrams.formats.table import to_markdown
from runlife_diagrams.shipped import STANDARD

__all__ = ["refresh"]

_MARK = re.compile(
    r"^<!-- (?P<end>/?)runlife:table(?: +(?P<name>\S+))? -->[ \t]*(?P<newline>\r?\n|\Z)", re.MULTILINE
)


def refresh(text: str) -> str:
    """Return a Markdown document with the tables between its marks as they should be.

    :raises PictureError: naming the line of a mark that has no other, or names no lifecycle of ours.
    """
    tables = {lifecycle.name: lifecycle for lifecycle in STANDARD}
    parts: list[str] = []
    written, begun = 0, None
    for mark in _MARK.finditer(text):
        line = _line(text, mark)
        if mark["end"] and begun is None:
            raise PictureError(f"line {line}: a table ends, but none has begun")
        if begun is not None and not mark["end"]:
            raise PictureError(f"line {line}: a table begins inside another")
        if begun is not None:
            newline = begun["newline"]
            table = to_markdown(tables[begun["name"]]).replace("\n", newline)
            parts.append(f"{newline}{table}{newline}")
            written, begun = mark.start(), None
            continue
        if mark["name"] not in tables:
            raise PictureError(
                f"line {line}: there is no table {mark['name']!r}; there are {', '.join(tables)}"
            )
        parts.append(text[written : mark.end()])
        begun = mark
    if begun is not None:
        raise PictureError(f"line {_line(text, begun)}: the table is not ended")
    return "".join([*parts, text[written:]])


def _line(text: str, mark: re.Match[str]) -> int:
    return text.count("\n", 0, mark.start()) + 1
