"""Shapes and words of an SVG, and how its text is written: the same bytes on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

if TYPE_CHECKING:
    from runlife_diagrams.layout import Box, Point

__all__ = ["BASELINE", "RADIUS", "RIM", "add_text", "number", "point", "rectangle", "write"]

RADIUS = 9.0
RIM = 4.0
"""Between the two outlines of a terminal status."""
BASELINE = 0.35
"""From the middle of a line of text down to its baseline, in font sizes."""

_BLOCKS = frozenset(("runlife", "figure", "legend"))


def add_text(parent: Element, tag: str, text: str, attributes: dict[str, str] | None = None) -> Element:
    """Add an element with a text, and return it."""
    element = SubElement(parent, tag, attributes or {})
    element.text = text
    return element


def rectangle(box: Box, inset: float = 0.0) -> dict[str, str]:
    """Return the attributes of a box with round corners, drawn so far inside it."""
    return {
        "x": number(box.left + inset),
        "y": number(box.top + inset),
        "width": number(box.width - 2 * inset),
        "height": number(box.height - 2 * inset),
        "rx": number(RADIUS - inset),
    }


def point(at: Point) -> str:
    """Return a point as an SVG has it in its lists."""
    return ",".join(map(number, at))


def number(value: float) -> str:
    """Return at most two decimals, and no minus nought."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def write(root: Element) -> str:
    """Return the XML with each part of the picture on a line of its own."""
    for parent in root.iter():
        if parent.tag in {"svg", "g"} and parent.get("class", "").partition(" ")[0] in _BLOCKS:
            parent.text = "\n"
            for child in parent:
                child.tail = "\n"
    return tostring(root, encoding="unicode") + "\n"
