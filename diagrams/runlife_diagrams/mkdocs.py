"""A MkDocs hook: a fence of the language ``runlife`` becomes the picture of a lifecycle.

Put ``from runlife_diagrams.mkdocs import on_page_markdown`` into a file, name that under ``hooks:`` in
``mkdocs.yml``, and write into a page::

    ```runlife run path=queued,in_progress,completed theme=auto
    ```

The first word is ``run``, ``run_step``, ``message``, or ``module:NAME`` of a lifecycle of one's own; the
options are those of :func:`runlife_diagrams.embed.block`. The format is ``svg``, ``mermaid`` (which becomes
a fence of that language), ``markdown`` or ``html-table``. A fence that stands in another one is left alone.
What cannot be drawn ends the build, with the page and the line.

Nothing of MkDocs is imported before a build fails.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from runlife import RunlifeError
from runlife_diagrams.embed import block
from runlife_diagrams.errors import PictureError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["draw_fences", "on_page_markdown"]

_OPENING = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:  # noqa: ANN401  # of MkDocs, as the rest
    """Return the Markdown of a page with its pictures drawn: MkDocs calls this.

    :raises PluginError: naming the page and the line of what cannot be drawn; MkDocs prints it.
    """
    try:
        return draw_fences(markdown)
    except RunlifeError as error:
        failed: type[Exception] = import_module("mkdocs.exceptions").PluginError
        raise failed(f"{page.file.src_uri}: {error}") from error


def draw_fences(markdown: str) -> str:
    """Return Markdown in which each fence of the language ``runlife`` is its picture.

    :raises PictureError: naming the line of a fence that cannot be drawn, and why.
    """
    return "\n".join(_drawn(markdown.split("\n")))


def _drawn(lines: list[str]) -> Iterator[str]:
    numbered = enumerate(lines, start=1)
    for number, line in numbered:
        opening = _OPENING.fullmatch(line)
        if opening is None:
            yield line
            continue
        fence = [line]
        for _, inner in numbered:
            fence.append(inner)
            if _closes(opening["mark"], inner):
                break
        language, *words = opening["info"].split() or [""]
        if language != "runlife":
            yield from fence
            continue
        try:
            if any(inner.strip() and not _closes(opening["mark"], inner) for inner in fence[1:]):
                raise PictureError("a runlife fence is empty: its options stand behind the name")
            text = _picture(words)
        except RunlifeError as error:
            raise PictureError(f"line {number}: {error}") from error
        yield from (opening["indent"] + part for part in text.split("\n"))


def _closes(mark: str, line: str) -> bool:
    found = line.strip()
    return len(found) >= len(mark) and not found.strip(mark[0])


def _picture(words: list[str]) -> str:
    if not words:
        raise PictureError("a runlife fence names a lifecycle, such as run")
    name, *options = words
    asked: dict[str, str] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise PictureError(f"expected option=value, got {option!r}")
        asked[key] = value
    drawn = block(name, asked, ("svg", "mermaid", "markdown", "html-table"))
    return f"```mermaid\n{drawn.text}\n```" if drawn.format == "mermaid" else drawn.text
