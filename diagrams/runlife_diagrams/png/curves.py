"""Curves: the outlines of an SVG as Bézier curves, cut into dashes, and filled by one line to and fro.

All is points of user units, y downwards. A curve is a chain of cubic Béziers, 1 + 3 n points, which is also
what Graphviz draws as an edge.
"""

from __future__ import annotations

import re
from itertools import pairwise
from math import acos, ceil, cos, dist, hypot, pi, radians, sin, sqrt, tan
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Curve", "Point", "chain", "dashes", "ellipse", "flat", "hatched", "outlines", "rectangle"]

Point = tuple[float, float]

_KAPPA = 4 / 3 * (sqrt(2) - 1)
"""How far a Bézier's handles reach for a quarter of a circle, in radii."""


@frozen
class Curve:
    """A chain of cubic Bézier curves."""

    points: tuple[Point, ...]
    closed: bool = False

    def box(self) -> tuple[float, float, float, float] | None:
        """Return left, top, width and height, if this is a rectangle that stands upright."""
        corners = self.points[::3]
        if not self.closed or len(corners) != 5 or len(set(self.points)) != 4:  # noqa: PLR2004 - of a rectangle
            return None
        if any(x != v and y != w for (x, y), (v, w) in pairwise(corners)):
            return None
        (left, top), (right, bottom) = min(corners), max(corners)
        return left, top, right - left, bottom - top


def chain(points: Sequence[Point], *, closed: bool = False) -> Curve:
    """Return straight lines from point to point as a curve."""
    points = [*points, points[0]] if closed and points[0] != points[-1] else points
    handles = [point for one, other in pairwise(points) for point in (one, other, other)]
    return Curve((points[0], *handles), closed)


def ellipse(x: float, y: float, wide: float, high: float) -> Curve:
    """Return an ellipse around a point, by its radii."""
    return rectangle(x - wide, y - high, 2 * wide, 2 * high, radii=(wide, high))


def rectangle(
    left: float, top: float, wide: float, high: float, *, radii: tuple[float, float] = (0.0, 0.0)
) -> Curve:
    """Return a rectangle; its corners are round, with radii across and along."""
    rx, ry = radii
    right, bottom = left + wide, top + high
    if not rx or not ry:
        return chain([(left, top), (right, top), (right, bottom), (left, bottom)], closed=True)
    rx, ry = min(rx, wide / 2), min(ry, high / 2)
    points: list[Point] = [(left + rx, top)]
    for corner, to, end in (
        ((right, top), (right - rx, top), (right, top + ry)),
        ((right, bottom), (right, bottom - ry), (right - rx, bottom)),
        ((left, bottom), (left + rx, bottom), (left, bottom - ry)),
        ((left, top), (left, top + ry), (left + rx, top)),
    ):
        points += (points[-1], to, to, _towards(to, corner), _towards(end, corner), end)
    return Curve(tuple(points), closed=True)


def _towards(point: Point, corner: Point) -> Point:
    return point[0] + _KAPPA * (corner[0] - point[0]), point[1] + _KAPPA * (corner[1] - point[1])


# The path data of SVG

_TOKEN = re.compile(r"[A-Za-z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
_ARGUMENTS = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "a": 7, "z": 0}


def outlines(path: str) -> Iterator[Curve]:
    """Yield the curves of path data: the commands M, L, H, V, C, A and Z, absolute or relative.

    :raises ValueError: when it is something else.
    """
    here: Point = (0.0, 0.0)
    points: list[Point] = []
    for command, numbers in _commands(path):
        kind = command.lower()
        if kind in "mz":
            if len(points) > 1:
                yield _closed(points) if kind == "z" else Curve(tuple(points))
            here = points[0] if kind == "z" else _ends(command, numbers, here)[0]
            points = [here]
            continue
        ends = _ends(command, numbers, here)
        if kind == "a":
            points += _arc(here, numbers[:5], ends[-1])
        else:
            points += ends if kind == "c" else [here, ends[0], ends[0]]
        here = points[-1]
    if len(points) > 1:
        yield Curve(tuple(points))


def _ends(command: str, numbers: Sequence[float], here: Point) -> list[Point]:
    """Return the points that a command names; of an arc, its end."""
    right, down = here if command.islower() else (0.0, 0.0)
    match command.lower():
        case "h":
            return [(right + numbers[0], here[1])]
        case "v":
            return [(here[0], down + numbers[0])]
        case "a":
            return [(right + numbers[5], down + numbers[6])]
        case _:
            return [(right + x, down + y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]


def _closed(points: list[Point]) -> Curve:
    if points[0] != points[-1]:
        points += (points[-1], points[0], points[0])
    return Curve(tuple(points), closed=True)


def _commands(path: str) -> Iterator[tuple[str, list[float]]]:
    """Yield each command with its arguments; one that is repeated without its letter, with it."""
    tokens = _TOKEN.findall(path)
    command, index = "", 0
    while index < len(tokens):
        if tokens[index].isalpha():
            command = tokens[index]
            index += 1
        elif command in {"", "z", "Z"}:
            raise ValueError(f"path data {path!r} has a number where a command belongs")
        else:  # after a move, more points are lines
            command = {"m": "l", "M": "L"}.get(command, command)
        if command.lower() not in _ARGUMENTS:
            raise ValueError(f"path data has the command {command!r}; known are {', '.join(_ARGUMENTS)}")
        count = _ARGUMENTS[command.lower()]
        if len(tokens) < index + count:
            raise ValueError(f"path data {path!r} ends within a command")
        yield command, [float(token) for token in tokens[index : index + count]]
        index += count


def _arc(start: Point, shape: Sequence[float], end: Point) -> Iterator[Point]:
    """Yield the handles and ends of an elliptic arc (SVG 1.1, appendix F.6)."""
    rx, ry, turned, large, sweep = shape
    lean = radians(turned)
    rx, ry = abs(rx), abs(ry)
    if not rx or not ry or start == end:
        yield from (start, end, end)
        return
    half = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    u = (cos(lean) * half[0] + sin(lean) * half[1]) / rx
    v = (cos(lean) * half[1] - sin(lean) * half[0]) / ry
    far = u * u + v * v
    if far > 1:  # too small to reach: as large as needed
        rx, ry, u, v, far = rx * sqrt(far), ry * sqrt(far), u / sqrt(far), v / sqrt(far), 1.0
    push = sqrt(max(0.0, 1 / far - 1)) * (-1 if large == sweep else 1)
    cx, cy = push * v, -push * u
    first = _angle(u - cx, v - cy)
    span = _angle(-u - cx, -v - cy) - first
    if sweep and span < 0:
        span += 2 * pi
    elif not sweep and span > 0:
        span -= 2 * pi
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2

    def place(x: float, y: float) -> Point:
        x, y = (x + cx) * rx, (y + cy) * ry
        return middle[0] + cos(lean) * x - sin(lean) * y, middle[1] + sin(lean) * x + cos(lean) * y

    count = max(1, ceil(abs(span) / (pi / 2) - 1e-9))
    reach = 4 / 3 * tan(span / count / 4)
    for index in range(count):
        a, b = first + span * index / count, first + span * (index + 1) / count
        yield place(cos(a) - reach * sin(a), sin(a) + reach * cos(a))
        yield place(cos(b) + reach * sin(b), sin(b) - reach * cos(b))
        yield end if index == count - 1 else place(cos(b), sin(b))


def _angle(x: float, y: float) -> float:
    return acos(max(-1.0, min(1.0, x / hypot(x, y)))) * (-1 if y < 0 else 1)


# From curves to lines


def flat(curve: Curve, step: float) -> list[Point]:
    """Return points on a curve, joined by straight lines of about a step where it is bent."""
    points: list[Point] = [curve.points[0]]
    for first in range(0, len(curve.points) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve.points[first : first + 4]
        rough = hypot(bx - ax, by - ay) + hypot(cx - bx, cy - by) + hypot(dx - cx, dy - cy)
        straight = rough - hypot(dx - ax, dy - ay) < 1e-6  # noqa: PLR2004 - but for rounding
        count = 1 if straight else max(2, ceil(rough / step))
        for index in range(1, count + 1):
            t = index / count
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
            points.append((a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy))
    return points


def dashes(points: Sequence[Point], lengths: Sequence[float]) -> Iterator[list[Point]]:
    """Yield the dashes of a line: lengths of dashes and of gaps between them, by turns, all above 0."""
    turn, left = 0, lengths[0]
    dash: list[Point] = [points[0]]
    for one, other in pairwise(points):
        gone, whole = 0.0, dist(one, other)
        while whole - gone > left:
            gone += left
            share = gone / whole
            cut = one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share
            if turn % 2 == 0:
                yield [*dash, cut]
            turn += 1
            left = lengths[turn % len(lengths)]
            dash = [cut]
        left -= whole - gone
        dash.append(other)
    if turn % 2 == 0 and len(dash) > 1:
        yield dash


def hatched(curve: Curve, pixel: float) -> tuple[list[list[Point]], float]:
    """Return lines that fill an outline, and how thick they are.

    They run along the inside of the outline, and to and fro through what is left. Where the outline bulges
    everywhere, all is one line, and a colour that can be seen through covers nothing twice. Where it has
    a dent, the lines are apart, and so close that each pixel is wholly covered by one of them.

    :param pixel: its size, in user units; what is thinner than one is painted paler instead.
    """
    outline = _simple(flat(curve, 2 * pixel))
    if len(outline) < 3:  # noqa: PLR2004 - corners
        return [], 0.0
    around = sum(dist(one, other) for one, other in pairwise([*outline, outline[0]]))
    bulges = _bulges(outline)
    pen, apart = _ONE_LINE if bulges else _MANY
    thick = min(pen * pixel, 2 * abs(_area(outline)) / around)
    inner = _inset(outline, thick / 2)
    border, lines = [*inner, inner[0], inner[1]], _rows(inner, thick * apart)
    if not bulges:
        return [border, *(line[at : at + 2] for line in lines for at in range(0, len(line), 2))], thick
    for index, line in enumerate(lines):
        border += line[::-1] if index % 2 else line
    return [border], thick


_ONE_LINE, _MANY = (1.25, 0.8), (2.0, 0.5)
"""How thick a line is in pixels (of one or less, pixels are not covered but painted paler), and how far it
is to the next, in its thickness."""


def _simple(points: Sequence[Point]) -> list[Point]:
    """Return the corners of an outline: no point twice, and none on the way from one to the next."""
    kept = [one for one, other in pairwise([*points, points[0]]) if dist(one, other) > _NEAR]
    return [
        point
        for before, point, after in zip([*kept[-1:], *kept[:-1]], kept, [*kept[1:], *kept[:1]], strict=True)
        if abs(_area([before, point, after])) > _NEAR * dist(before, after)
    ]


_NEAR = 1e-4


def _area(outline: Sequence[Point]) -> float:
    """Return the area, below nought where the outline runs anticlockwise (as seen with y downwards)."""
    return sum(x * w - v * y for (x, y), (v, w) in pairwise([*outline, outline[0]])) / 2


def _bulges(outline: Sequence[Point]) -> bool:
    """Return whether the outline is convex."""
    clockwise = _area(outline) > 0
    corners = zip(outline, [*outline[1:], outline[0]], [*outline[2:], *outline[:2]], strict=True)
    return all((_area(corner) > 0) == clockwise for corner in corners)


def _inset(outline: Sequence[Point], depth: float) -> list[Point]:
    """Return the outline drawn in on all sides."""
    depth = depth if _area(outline) > 0 else -depth
    normals = [
        ((y - w) / dist((x, y), (v, w)), (v - x) / dist((x, y), (v, w)))
        for (x, y), (v, w) in pairwise([*outline, outline[0]])
    ]
    drawn: list[Point] = []
    for (x, y), (a, b), (c, d) in zip(outline, [normals[-1], *normals[:-1]], normals, strict=True):
        reach = depth / max(0.1, 1 + a * c + b * d)
        drawn.append((x + (a + c) * reach, y + (b + d) * reach))
    return drawn


def _rows(outline: Sequence[Point], apart: float) -> list[list[Point]]:
    """Return where level lines, no further apart than that, enter and leave an outline."""
    heights = [y for _, y in outline]
    top, count = min(heights), max(1, ceil((max(heights) - min(heights)) / apart))
    apart = (max(heights) - top) / count or apart
    found: list[list[Point]] = [[] for _ in range(count)]
    for (x, y), (v, w) in pairwise([*outline, outline[0]]):
        first, last = (ceil((height - top) / apart - 0.5) for height in sorted((y, w)))
        for index in range(first, last):
            level = top + (index + 0.5) * apart
            found[index].append((x + (level - y) * (v - x) / (w - y), level))
    return [sorted(points) for points in found]
