"""Where everything goes: what Graphviz found, read back from its SVG, and the best of several tries.

Theory of operation
-------------------
Graphviz lays out, we draw. From its SVG only the geometry is taken: boxes by their id, lines by
theirs. All that a reader sees is then written by :mod:`runlife_diagrams.figure.svg`.

dot orders the nodes of a rank by a search that starts from the order of its input and stops in a
local optimum. For one picture it finds layouts with five crossings and with fifteen, depending on
nothing but the order of the edges in the text. So it is asked several times, each time with the
edges in another order, and the layout is kept in which the lines share the least room with each
other, are short, and fit on a page (:func:`_cost`). The orders come from a digest and not from a
random generator: the same picture on every machine, under every version of Python.

Most orders put the statuses in an order first and sort the edges by where they come from and where
they lead to. That gives dot a start in which neighbours are together already: ten of those are worth
twice as many that know nothing.

A layout depends on the draft alone (:mod:`runlife_diagrams.draft`), which has nothing in it that an
overlay or a theme changes. The last ones are remembered by what is in it.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from math import ceil, dist, hypot
from re import search
from threading import Lock
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from attrs import frozen

from runlife_diagrams.draft import draft
from runlife_diagrams.errors import RendererError
from runlife_diagrams.renderer import Together
from runlife_diagrams.wiring import FROM, TO

if TYPE_CHECKING:
    from runlife_diagrams.picture import Picture
    from runlife_diagrams.renderer import Renderer

__all__ = ["CAREFUL", "THOROUGH", "TRIES", "Box", "Layout", "Line", "Point", "lay_out", "read"]

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


TRIES = 6
"""How many layouts are looked at for a picture that somebody waits for: some tens of milliseconds' worth.

On pictures of the run, four more find nothing better in six of seven, and one is twice as bad.
"""
CAREFUL, THOROUGH = 100, 400
"""The same for a picture that is drawn once and shipped, and for the one that most people look at."""


def lay_out(picture: Picture, render: Renderer, tries: int = TRIES) -> Layout:
    """Return the best layout that was found for the picture.

    What was laid out lately, by the same renderer with as many tries, is remembered.

    :param tries: how many to look at, at most; the more, the better the picture and the longer it takes.
    :raises RendererError: when what was rendered is no SVG of this picture.
    """
    drafted = draft(picture)
    key = sha256(drafted.text().encode()).digest(), tries, render
    with _LOCK:
        if key in _MEMORY:
            _MEMORY.move_to_end(key)
            return _MEMORY[key]
    orders = dict.fromkeys(_orders(picture, tries))
    layouts = [read(svg, picture) for svg in _rendered(render, [drafted.text(order) for order in orders])]
    # min keeps the first of equals, and the order of the table comes first.
    best = min(layouts, key=lambda layout: _cost(layout, picture))
    with _LOCK:
        _MEMORY[key] = best
        while len(_MEMORY) > _REMEMBERED:
            _MEMORY.popitem(last=False)
    return best


_REMEMBERED = 64
_MEMORY: OrderedDict[tuple[bytes, int, Renderer], Layout] = OrderedDict()
_LOCK = Lock()


def _rendered(render: Renderer, dots: Sequence[str]) -> Sequence[str]:
    return render.together(dots) if isinstance(render, Together) else [render(dot) for dot in dots]


_SEED = 12
"""Found by trying forty: a few tries go furthest with it, on pictures of the run of many kinds."""


def _orders(picture: Picture, tries: int) -> Iterator[tuple[int, ...]]:
    edges = picture.edges
    yield tuple(range(len(edges)))
    for attempt in range(1, tries):
        ranks = {node.id: sha256(f"{_SEED} {attempt} {node.id}".encode()).digest() for node in picture.nodes}
        keys = [(ranks[edge.source], ranks[edge.target]) for edge in edges]
        yield tuple(sorted(range(len(edges)), key=keys.__getitem__))


# Reading what Graphviz wrote

_BLANKS = str.maketrans(dict.fromkeys(",MCLZz()", " "))


def _numbers(text: str) -> list[float]:
    """Return the numbers of a path, of points, or of a view box."""
    return [float(number) for number in text.translate(_BLANKS).split()]


def read(svg: str, picture: Picture) -> Layout:
    """Return the geometry of the picture that Graphviz drew.

    :raises RendererError: when it is no SVG, or lacks a node or an edge of the picture.
    """
    try:
        root = ET.fromstring(svg)  # noqa: S314 - what our own renderer has just written
    except ET.ParseError as error:
        raise RendererError(f"the renderer gave no SVG: {error}") from error
    graph = next((group for group in root.iter() if group.get("class") == "graph"), None)
    try:
        view = _numbers(root.get("viewBox", ""))
        if graph is None or len(view) != len(("x", "y", "width", "height")):
            raise RendererError("the renderer gave an SVG that Graphviz did not write")
        boxes, lines = _parts(graph)
    except ValueError as error:
        raise RendererError(f"the renderer gave an SVG that Graphviz did not write: {error}") from error
    _complete(picture, boxes, lines)
    return Layout(view[2], view[3], boxes, lines)


def _parts(graph: ET.Element) -> tuple[dict[str, Box], dict[str, Line]]:
    moved = search(r"translate\(([^)]*)\)", graph.get("transform", ""))
    right, down = _numbers(moved[1]) if moved else (0.0, 0.0)
    boxes: dict[str, Box] = {}
    lines: dict[str, Line] = {}
    for group in graph:
        kind, id = group.get("class", "").partition(" ")[0], group.get("id", "")
        shapes = [
            tuple((x + right, y + down) for x, y in zip(numbers[::2], numbers[1::2], strict=True))
            for numbers in map(_shape, group.iter())
            if numbers
        ]
        if kind == "node" and shapes:
            boxes[id] = _box([*chain.from_iterable(shapes)])
        elif kind == "edge" and shapes:
            lines[id] = Line(*shapes[:2])
    return boxes, lines


def _shape(element: ET.Element) -> list[float]:
    match element.tag.rpartition("}")[2]:
        case "path":
            return _numbers(element.get("d", ""))
        case "polygon" | "polyline":
            return _numbers(element.get("points", ""))
        case "ellipse":
            x, y, rx, ry = (float(element.get(name, 0)) for name in ("cx", "cy", "rx", "ry"))
            return [x - rx, y - ry, x + rx, y + ry]
        case _:
            return []


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
_STEP = 4.0
"""Points between two places of a line that are looked at, at most."""
_PAGE = {"TB": 620.0, "LR": 940.0}
"""Points: a wider picture has to be shrunk to fit a page."""
_END = 5
"""Steps of a line that count as its end."""

Cell = int
"""A square of the plane, column and row in one number."""
_ROWS = 1 << 16


def _cost(layout: Layout, picture: Picture) -> float:
    """Return how bad a layout is.

    Counted are the places where lines share room, more where one of them ends in an arrowhead;
    length of line that passes close by a box, and all length of line; and width beyond a page.
    """
    owned: dict[str, set[Cell]] = {}
    ends: set[Cell] = set()
    length, grazing = 0.0, 0
    strands = _strands(picture)
    covered = {id: _covered(box) for id, box in layout.boxes.items()}
    boxes = Counter(chain.from_iterable(covered.values()))
    for id, line in layout.lines.items():
        strand, (one, other) = strands[id]
        track = _track(line.points)
        length += sum(map(dist, track, track[1:]))
        cells = [int(x // _CELL) * _ROWS + int(y // _CELL) for x, y in track]
        owned.setdefault(strand, set()).update(cells)
        if line.head:
            # Graphviz writes a line from its source to its target, also one that leads back.
            tips = zip((*track[:_END], *track[-_END:]), (*cells[:_END], *cells[-_END:]), strict=True)
            ends.update(cell for point, cell in tips if _close(point, line.head))
        grazing += sum(
            boxes[cell] > (cell in covered[one]) + (cell in covered[other]) for cell in cells if cell in boxes
        )
    every = set[Cell]().union(*owned.values())
    shared = sum(map(len, owned.values())) - len(every)
    at_ends = sum(len(cells & ends) for cells in owned.values()) - len(every & ends)
    beyond = max(0.0, layout.width - _PAGE[picture.direction])
    return shared + 2 * at_ends + grazing * _STEP / 5 + length / 80 + beyond / 8


def _close(point: Point, head: tuple[Point, ...]) -> bool:
    return any(dist(point, corner) < 3 * _CELL for corner in head)


def _covered(box: Box) -> set[Cell]:
    """Return the cells that a box covers, and those around it."""
    first = _cell((box.left - _CELL, box.top - _CELL))
    last = _cell((box.left + box.width + _CELL, box.top + box.height + _CELL))
    rows = last % _ROWS - first % _ROWS + 1
    columns = range(first, first + (last // _ROWS - first // _ROWS + 1) * _ROWS, _ROWS)
    return {cell for top in columns for cell in range(top, top + rows)}


def _cell(point: Point) -> Cell:
    return int(point[0] // _CELL) * _ROWS + int(point[1] // _CELL)


def _strands(picture: Picture) -> dict[str, tuple[str, tuple[str, str]]]:
    """Return for each part of a line what it is a part of, and the two boxes that it ends at."""
    strands: dict[str, tuple[str, tuple[str, str]]] = {}
    for edge in picture.edges:
        if edge.bundle is not None:
            strands[edge.id + FROM] = edge.bundle, (edge.source, edge.bundle)
        else:
            strands[edge.id + FROM] = edge.id, (edge.source, edge.id)
            strands[edge.id + TO] = edge.id, (edge.id, edge.target)
    for bundle in picture.bundles:
        strands[bundle.id + TO] = bundle.id, (bundle.id, bundle.target)
    return strands


def _track(points: tuple[Point, ...]) -> list[Point]:
    """Return points along the curves, none further from the next than about a step."""
    track: list[Point] = []
    for first in range(0, len(points) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[first : first + 4]
        rough = hypot(bx - ax, by - ay) + hypot(cx - bx, cy - by) + hypot(dx - cx, dy - cy)
        track += [
            (a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy)
            for a, b, c, d in _shares(max(1, ceil(rough / _STEP)))
        ]
    track.append(points[-1])
    return track


@lru_cache(maxsize=1024)
def _shares(count: int) -> tuple[tuple[float, float, float, float], ...]:
    """Return how much each of the four points of a curve has to say, at as many steps of it."""
    steps = (index / count for index in range(count))
    return tuple(((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3) for t in steps)
