"""XML for pictures of many parts: written as text, which is several times faster than a tree of elements."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from runlife_diagrams.style import FONTS
from runlife_diagrams.text import visible, width

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife_diagrams.picture import Theme

__all__ = ["document", "fitted", "label", "number", "room", "safe", "tag", "title"]

_SPARE = 1.1
"""What the width of a text is multiplied by: another font may be wider than the one that is measured."""


def document(
    kind: str,
    theme: Theme,
    *,
    size: tuple[float, float],
    head: tuple[str, str],
    rules: str,
    parts: Iterable[str],
) -> str:
    """Return a whole SVG file.

    :param kind: the class of the picture, which each of the ``rules`` begins with.
    :param head: title and description.
    """
    wide, high = map(number, size)
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind} {theme}" viewBox="0 0 {wide} {high}" '
        f'width="{wide}" height="{high}" style="max-width: 100%; height: auto" role="img">'
    )
    ground = f'<rect class="ground" width="{wide}" height="{high}" rx="6"/>'
    style = f"<style>\n.{kind}.{theme} text {{ font-family: {FONTS}; }}\n{rules}\n</style>"
    said = [title(head[0]), tag("desc", safe(head[1]))]
    return "\n".join([root, *said, style, ground, *parts, "</svg>", ""])


def safe(text: str) -> str:
    """Return any text as XML text or as the value of an attribute."""
    return escape(visible(text))


def tag(name: str, inside: str, **attributes: str | float) -> str:
    """Return an element; ``inside`` is markup, ``css`` is the attribute ``class``."""
    said = "".join(
        f' {"class" if key == "css" else key.replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{said}>{inside}</{name}>" if inside else f"<{name}{said}/>"


def title(text: str) -> str:
    """Return the title of an element: what a pointer over it shows."""
    return f"<title>{safe(text)}</title>"


def label(text: str, x: float, y: float, css: str) -> str:
    """Return a text with its baseline at ``y``."""
    return f'<text class="{css}" x="{number(x)}" y="{number(y)}">{safe(text)}</text>'


def room(text: str, size: float, *, bold: bool = False) -> float:
    """Return the pixels to set aside for a text."""
    return width(visible(text), size, bold=bold) * _SPARE


def fitted(text: str, size: float, most: float, *, middle: bool = False) -> str:
    """Return as much of a text as has room, with ``…`` for what was left out at the end or in the middle."""
    said = visible(text[: int(most)] + text[-int(most) :] if len(text) > 2 * most else text)
    if room(said, size) <= most:
        return said
    low, high = 0, len(said)
    while low < high:  # the most characters that fit
        kept = (low + high + 1) // 2
        low, high = (kept, high) if room(_cut(said, kept, middle=middle), size) <= most else (low, kept - 1)
    return _cut(said, low, middle=middle)


def number(value: float) -> str:
    """Return at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _attribute(value: str | float) -> str:
    return safe(value) if isinstance(value, str) else number(value)


def _cut(text: str, kept: int, *, middle: bool) -> str:
    after = kept // 2 if middle else 0
    return f"{text[: kept - after]}…{text[len(text) - after :]}"
