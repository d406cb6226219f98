"""Where everything goes: what Graphviz found, read back from its SVG, and the best of several tries.

Theory of operation
-------------------
Graphviz lays out, we draw. From its SVG only the geometry is taken: boxes by their id, lines by
theirs. All that a reader sees is then written by :mod:`runlife_diagrams.svg`.

dot orders the nodes of a rank by a search that starts from the order of its input and stops in a
local optimum. For one picture it finds layouts with five crossings and with fifteen, depending on
nothing but the order of the edges in the text. So it is asked several times, each time with the
edges in another order, and the layout is kept in which the lines share the least room with each
other, are short, and fit on a page (:func:`_cost`). The orders come from a digest and not from a
random generator: the same picture on every machine, under every version of Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import pairwise
from math import ceil, hypot
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from attrs import frozen

from runlife_diagrams.dot import FROM, TO, to_dot
from runlife_diagrams.errors import RendererError

if TYPE_CHECKING:
    from runlife_diagrams.picture import Picture
    from runlife_diagrams.renderer import Renderer

__all__ = ["THOROUGH", "TRIES", "Box", "Layout", "Line", "Point", "lay_out", "read"]

Point = tuple[float, float]


@frozen
class Box:
    """A rectangle: its centre, and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def top(self) -> float:
        """The y of its upper side."""
        return self.y - self.height / 2

    @property
    def left(self) -> float:
        """The x of its left side."""
        return self.x - self.width / 2


@frozen
class Line:
    """A chain of cubic Bézier curves (1 + 3 n points), and its arrowhead, if it has one."""

    points: tuple[Point, ...]
    head: tuple[Point, ...] = ()


@frozen
class Layout:
    """The geometry of a picture in points, the origin in its upper left corner."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    lines: Mapping[str, Line]


TRIES = 48
"""How many layouts are looked at for a picture that somebody waits for: about a second's worth."""
THOROUGH = 200
"""The same for a picture that is drawn once and shipped."""


def lay_out(picture: Picture, render: Renderer, tries: int = TRIES) -> Layout:
    """Return the best layout that was found for the picture.

    :param tries: how many to look at, at most; the more, the better the picture and the longer it takes.
    :raises RendererError: when what was rendered is no SVG of this picture.
    """
    orders = dict.fromkeys(_orders(picture, tries))
    layouts = (read(render(to_dot(picture, order=order, bare=True)), picture) for order in orders)
    # min keeps the first of equals, and the order of the table comes first.
    return min(layouts, key=lambda layout: _cost(layout, picture))


def _orders(picture: Picture, tries: int) -> Iterator[tuple[int, ...]]:
    indices = range(len(picture.edges))
    yield tuple(indices)
    for attempt in range(1, tries):

        def rank(index: int, attempt: int = attempt) -> bytes:
            return sha256(f"{attempt} {picture.edges[index].id}".encode()).digest()

        yield tuple(sorted(indices, key=rank))


# Reading what Graphviz wrote

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def read(svg: str, picture: Picture) -> Layout:
    """Return the geometry of the picture that Graphviz drew.

    :raises RendererError: when it is no SVG, or lacks a node or an edge of the picture.
    """
    try:
        root = ET.fromstring(svg)  # noqa: S314 - what our own renderer has just written
    except ET.ParseError as error:
        raise RendererError(f"the renderer gave no SVG: {error}") from error
    view = [float(number) for number in _NUMBER.findall(root.get("viewBox", ""))]
    graph = next((group for group in root.iter() if group.get("class") == "graph"), None)
    if graph is None or len(view) != len(("x", "y", "width", "height")):
        raise RendererError("the renderer gave an SVG that Graphviz did not write")
    moved = re.search(r"translate\(([^)]*)\)", graph.get("transform", ""))
    right, down = map(float, _NUMBER.findall(moved[1])) if moved else (0.0, 0.0)
    boxes: dict[str, Box] = {}
    lines: dict[str, Line] = {}
    for group in graph:
        kind, id = group.get("class", "").partition(" ")[0], group.get("id", "")
        shapes = [[(x + right, y + down) for x, y in points] for points in _shapes(group)]
        if kind == "node":
            boxes[id] = _box([point for points in shapes for point in points])
        elif kind == "edge":
            lines[id] = Line(*map(tuple, shapes))
    _complete(picture, boxes, lines)
    return Layout(view[2], view[3], boxes, lines)


def _shapes(group: ET.Element) -> Iterator[list[Point]]:
    for element in group.iter():
        match element.tag.rpartition("}")[2]:
            case "path":
                yield _points(element.get("d", ""))
            case "polygon" | "polyline":
                yield _points(element.get("points", ""))
            case "ellipse":
                x, y, rx, ry = (float(element.get(name, 0)) for name in ("cx", "cy", "rx", "ry"))
                yield [(x - rx, y - ry), (x + rx, y + ry)]
            case _:
                pass


def _points(text: str) -> list[Point]:
    numbers = [float(number) for number in _NUMBER.findall(text)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _box(points: list[Point]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    return Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


def _complete(picture: Picture, boxes: Mapping[str, Box], lines: Mapping[str, Line]) -> None:
    nodes = {node.id for node in picture.nodes} | {bundle.id for bundle in picture.bundles}
    nodes |= {edge.id for edge in picture.edges if edge.bundle is None}
    parts = {edge.id + FROM for edge in picture.edges} | {bundle.id + TO for bundle in picture.bundles}
    parts |= {edge.id + TO for edge in picture.edges if edge.bundle is None}
    lacking = sorted((nodes - boxes.keys()) | (parts - lines.keys()))
    if lacking:
        raise RendererError(
            f"the renderer's SVG lacks {len(lacking)} parts of the picture, first {lacking[0]}"
        )


# Judging a layout

_CELL = 6.0
"""Points: lines closer than this are hard to follow apart."""
_STEP = 2.5
_PAGE = {"TB": 620.0, "LR": 940.0}
"""Points: a wider picture has to be shrunk to fit a page."""


def _cost(layout: Layout, picture: Picture) -> float:
    """Return how bad a layout is.

    Counted are the places where lines share room, more where one of them ends in an arrowhead;
    points of lines that pass close by a box; length of line; and width beyond a page.
    """
    owners: dict[tuple[int, int], set[str]] = {}
    ends: set[tuple[int, int]] = set()
    length, grazing = 0.0, 0
    strands, covered = _strands(picture), _covered(layout)
    for id, line in layout.lines.items():
        strand, touching = strands[id]
        track = list(_track(line.points))
        length += sum(hypot(x - v, y - w) for (x, y), (v, w) in pairwise(track))
        for point in track:
            owners.setdefault(_cell(point), set()).add(strand)
        if line.head:
            # Graphviz writes a line from its source to its target, also one that leads back.
            ends.update(_cell(point) for point in (*track[:_END], *track[-_END:]) if _close(point, line.head))
        grazing += sum(bool(covered.get(_cell(point), touching) - touching) for point in track)
    shared = sum((len(ids) - 1) * (3 if cell in ends else 1) for cell, ids in owners.items())
    beyond = max(0.0, layout.width - _PAGE[picture.direction])
    return shared + grazing / 2 + length / 80 + beyond / 8


_END = 8


def _close(point: Point, head: tuple[Point, ...]) -> bool:
    return any(hypot(point[0] - x, point[1] - y) < 3 * _CELL for x, y in head)


def _covered(layout: Layout) -> dict[tuple[int, int], set[str]]:
    """Return the cells that boxes cover, and those around them, with the boxes."""
    covered: dict[tuple[int, int], set[str]] = {}
    for id, box in layout.boxes.items():
        left, top = _cell((box.left - _CELL, box.top - _CELL))
        right, bottom = _cell((box.left + box.width + _CELL, box.top + box.height + _CELL))
        for column in range(left, right + 1):
            for row in range(top, bottom + 1):
                covered.setdefault((column, row), set()).add(id)
    return covered


def _cell(point: Point) -> tuple[int, int]:
    return int(point[0] // _CELL), int(point[1] // _CELL)


def _strands(picture: Picture) -> dict[str, tuple[str, set[str]]]:
    """Return for each part of a line what it is a part of, and the boxes that it ends at."""
    strands: dict[str, tuple[str, set[str]]] = {}
    for edge in picture.edges:
        if edge.bundle is not None:
            strands[edge.id + FROM] = edge.bundle, {edge.source, edge.bundle}
        else:
            strands[edge.id + FROM] = edge.id, {edge.source, edge.id}
            strands[edge.id + TO] = edge.id, {edge.target, edge.id}
    for bundle in picture.bundles:
        strands[bundle.id + TO] = bundle.id, {bundle.id, bundle.target}
    return strands


def _track(points: tuple[Point, ...]) -> Iterator[Point]:
    """Yield points along the curves, none further from the next than about a step."""
    for first in range(0, len(points) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[first : first + 4]
        rough = hypot(bx - ax, by - ay) + hypot(cx - bx, cy - by) + hypot(dx - cx, dy - cy)
        count = max(1, ceil(rough / _STEP))
        for index in range(count):
            t = index / count
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
            yield a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy
    yield points[-1]
