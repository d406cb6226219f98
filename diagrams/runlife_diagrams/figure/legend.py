"""The legend of an SVG: a sample of each kind of node, edge and mark that is there, and what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from runlife_diagrams.figure.shapes import BASELINE, add_text, number, point, rectangle
from runlife_diagrams.layout import Box
from runlife_diagrams.style import NODE_MARKS
from runlife_diagrams.text import width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife_diagrams.overlay import LegendEntry

__all__ = ["BADGE", "add_badge", "badge_width", "legend_of"]

BADGE = 14.0
"""How high a badge is, in points, and how wide at least."""

_SAMPLE, _BESIDE, _GAP, _ROW = 30.0, 7.0, 22.0, 20.0
_KINDS = frozenset(("initial", "live", "terminal"))
_NODES = _KINDS | frozenset(NODE_MARKS)


def legend_of(entries: Sequence[LegendEntry], room: float) -> tuple[Element, float, float]:
    """Return the legend, its width and its height: in one row, or in as many as the room takes.

    Where the edges and the nodes do not fit beside each other, each have a row of their own.
    """
    rows = [list(entries)]
    if _width(entries) > room:
        edges = [entry for entry in entries if entry.kind not in _KINDS]
        nodes = [entry for entry in entries if entry.kind in _KINDS]
        rows = [row for several in (edges, nodes) for row in _broken(several, room)]
    legend = Element("g", {"class": "legend"})
    for index, row in enumerate(rows):
        x, y = 0.0, _ROW * (index + 0.5)
        for entry in row:
            what = "node" if entry.kind in _NODES else "edge"
            marked = "" if entry.badge is None else " marked"
            group = SubElement(legend, "g", {"class": f"{what} {entry.kind}{marked}"})
            wide = _sample(group, entry, x, y)
            place = {"class": "entry", "x": number(x + wide + _BESIDE), "y": number(y + BASELINE * 11)}
            add_text(group, "text", entry.says, place)
            x += _entry_width(entry) + _GAP
    return legend, max(map(_width, rows)), _ROW * len(rows)


def add_badge(group: Element, text: str, x: float, y: float) -> None:
    """Add a badge to a part of the picture, its middle at a point."""
    badge = SubElement(group, "g", {"class": "badge"})
    SubElement(badge, "rect", {**rectangle(Box(x, y, badge_width(text), BADGE)), "rx": number(BADGE / 2)})
    add_text(badge, "text", text, {"x": number(x), "y": number(y + BASELINE * 9)})


def badge_width(text: str) -> float:
    """Return how wide the badge of a text is."""
    return max(BADGE, width(text, 9, bold=True) + 8)


def _broken(entries: Sequence[LegendEntry], room: float) -> list[list[LegendEntry]]:
    """Return the entries in as many rows as they take."""
    rows: list[list[LegendEntry]] = []
    for entry in entries:
        if not rows or _width([*rows[-1], entry]) > room:
            rows.append([])
        rows[-1].append(entry)
    return rows


def _width(entries: Sequence[LegendEntry]) -> float:
    return sum(_entry_width(entry) + _GAP for entry in entries) - _GAP


def _entry_width(entry: LegendEntry) -> float:
    return _sample_width(entry) + _BESIDE + width(entry.says, 11) * 1.1


def _sample_width(entry: LegendEntry) -> float:
    if not entry.badge:
        return _SAMPLE
    wide = badge_width(entry.badge)
    return wide if entry.kind not in _NODES else max(wide, _SAMPLE)


def _sample(group: Element, entry: LegendEntry, x: float, y: float) -> float:
    """Draw what an entry is about, and return how wide that is."""
    wide = _sample_width(entry)
    middle = x + wide / 2
    if entry.kind == "initial":
        SubElement(group, "circle", {"class": "dot", "cx": number(middle), "cy": number(y), "r": "5"})
    elif entry.kind in _NODES and not entry.badge:
        box = Box(middle, y, wide, 15)
        SubElement(group, "rect", {"class": "box", **rectangle(box), "rx": "4"})
        if entry.kind == "terminal":
            SubElement(group, "rect", {"class": "rim", **rectangle(box, 3), "rx": "2"})
    elif entry.badge:
        add_badge(group, entry.badge, middle, y)
    else:
        end = x + wide
        SubElement(group, "path", {"class": "line", "d": f"M{point((x, y))}L{point((end - 7, y))}"})
        head = ((end - 8, y - 3.5), (end, y), (end - 8, y + 3.5))
        SubElement(group, "polygon", {"class": "head", "points": " ".join(map(point, head))})
    return wide
