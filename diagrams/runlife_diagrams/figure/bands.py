"""Bands behind the statuses of one kind: where a life goes on, and where it has ended.

They are drawn behind the finished layout, and only where it allows it: where the statuses of each kind lie
in a stripe of their own. The layout is asked for nothing, so it is not spoilt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from attrs import frozen

from runlife_diagrams.figure.shapes import BASELINE, add_text, number, rectangle
from runlife_diagrams.layout import Box
from runlife_diagrams.picture import Group
from runlife_diagrams.text import width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_diagrams.layout import Layout
    from runlife_diagrams.picture import Picture

__all__ = ["HEADING", "Band", "add_band", "bands_of"]

HEADING = 15.0
"""The room that is kept for a heading, in points."""
_AROUND = 9.0
"""Between a status and the end of its band."""
_BESIDE = 6.0
_SIZE = 9.0


@frozen
class Band:
    """A band, and where its heading stands, if there is room for one."""

    group: Group
    box: Box
    heading: str
    x: float
    """Where the heading begins."""
    y: float
    """The middle of the heading."""


def bands_of(picture: Picture, layout: Layout) -> tuple[Band, ...]:
    """Return the bands of the live and of the terminal statuses; none where they are not apart.

    From top to bottom, a band takes :data:`HEADING` more below the last status, if it is the terminal
    ones'. From left to right, all take as much above the picture.
    """
    across = picture.direction == "LR"
    stripes: list[tuple[Group, float, float]] = []
    for group in picture.groups:
        boxes = [layout.boxes[id] for id in group.nodes]
        if boxes and group.kind != "initial":
            starts = [box.left if across else box.top for box in boxes]
            ends = [box.left + box.width if across else box.top + box.height for box in boxes]
            stripes.append((group, min(starts) - _AROUND, max(ends) + _AROUND))
    foreign = {
        group.id: [layout.boxes[node.id] for node in picture.nodes if node.id not in group.nodes]
        for group, _, _ in stripes
    }
    for group, low, high in stripes:
        for box in foreign[group.id]:
            start, size = (box.left, box.width) if across else (box.top, box.height)
            if start < high and start + size > low:
                return ()
    make = _column if across else _row
    return tuple(make(group, low, high, layout) for group, low, high in stripes)


def add_band(figure: Element, band: Band) -> None:
    """Draw a band."""
    group = SubElement(figure, "g", {"id": band.group.id, "class": "group"})
    SubElement(group, "rect", {"class": "band", **rectangle(band.box)})
    if band.heading:
        place = {"class": "meaning", "x": number(band.x), "y": number(band.y + BASELINE * _SIZE)}
        add_text(group, "text", band.heading, place)


def _column(group: Group, low: float, high: float, layout: Layout) -> Band:
    box = Box((low + high) / 2, (layout.height - HEADING) / 2, high - low, layout.height + HEADING)
    return Band(group, box, _fitting(group.says, box.width), low + _BESIDE, -HEADING / 2)


def _row(group: Group, low: float, high: float, layout: Layout) -> Band:
    if group.kind == "terminal":
        box = Box(
            layout.width / 2,
            (low + high + HEADING - _BESIDE) / 2,
            layout.width,
            high - low + HEADING - _BESIDE,
        )
        return Band(group, box, _fitting(group.says, box.width), _BESIDE, high + HEADING / 2 - _BESIDE)
    box = Box(layout.width / 2, (low + high) / 2, layout.width, high - low)
    taken = list(_taken(layout))
    for heading in (group.says, _in_short(group.says)):
        wide = _width(heading)
        for y in (low + HEADING / 2, high - HEADING / 2):
            for x in (_BESIDE, layout.width - wide - _BESIDE):
                place = Box(x + wide / 2, y, wide, HEADING)
                if place.left >= _BESIDE and not any(_overlap(place, other) for other in taken):
                    return Band(group, box, heading, x, y)
    return Band(group, box, "", 0, 0)


def _fitting(says: str, room: float) -> str:
    """Return the heading, or if it is too wide the first word of it."""
    return says if _width(says) <= room - 2 * _BESIDE else _in_short(says)


def _in_short(says: str) -> str:
    return says.partition(":")[0]


def _width(text: str) -> float:
    return width(text, _SIZE) * 1.1


def _taken(layout: Layout) -> Iterator[Box]:
    """Yield boxes around all that is drawn."""
    yield from layout.boxes.values()
    for line in layout.lines.values():
        for first in range(0, len(line.points) - 3, 3):
            xs, ys = zip(*line.points[first : first + 4], strict=True)
            yield Box((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, max(xs) - min(xs), max(ys) - min(ys))


def _overlap(one: Box, other: Box) -> bool:
    across = abs(one.x - other.x) < (one.width + other.width) / 2
    return across and abs(one.y - other.y) < (one.height + other.height) / 2
