"""A page as DOT in which everything is pinned: Graphviz lays out nothing, and only paints.

Theory of operation
-------------------
What Graphviz paints without a layout (``neato -n2``) are nodes where their ``pos`` says, and edges along the
curves of theirs. With these four, any page of ours can be painted:

* a **line** is an edge along its curves. Graphviz's own dashes are of one length, so each dash is a curve of
  its own; dots are discs;
* an upright **rectangle** is a node in the shape of a box, a **disc** one in the shape of a circle;
* any other **filled** outline is hatched with a thin pen, so closely that nothing shows through;
* a **text** is a node without a shape, much wider than any text, which it is aligned in: so where it begins
  or ends does not depend on anybody's measuring.

Nodes are painted in the order in which they are written, and each with the edges that begin at it. So a line
is an edge from a node of its own, that nobody sees, to itself, and what is written later lies on top. Around
all is a large frame, out of which the page is cut: else a wide node of a text would make the picture larger.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from runlife_diagrams.png.curves import dashes, flat, hatched
from runlife_diagrams.png.reading import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runlife_diagrams.png.curves import Curve, Point
    from runlife_diagrams.png.reading import Mark, Page

__all__ = ["to_pinned"]

_LARGER = 8
"""All is written so many times as large as it is: Graphviz has no nodes of less than 1.44 points."""
_INCH = 72 / _LARGER
"""User units an inch of Graphviz, which is what nodes are measured in."""
_WIDE = 1440.0
"""User units: how wide the node of a text is; half of it lies beside the page."""
_AROUND = 10_000
"""User units of the frame at each side."""
_BASELINE = 0.3
"""Graphviz puts the baseline this much under the middle of a line of text, in font sizes."""
_FONTS = {
    (False, False): "Helvetica",
    (True, False): "Helvetica-Bold",
    (False, True): "Helvetica-Oblique",
    (True, True): "Helvetica-BoldOblique",
}
_JUSTIFIED = {"start": ("\\l", 1), "middle": ("", 0), "end": ("\\r", -1)}


def to_pinned(page: Page, scale: float) -> str:
    """Return DOT text which Graphviz paints a page from.

    :param scale: pixels for each pixel of the picture's own size.
    """
    painter = _Painter(page.high, page.zoom * scale)
    across, along = (2 * _AROUND + ceil(size) for size in (page.wide, page.high))
    # How much of the picture is shown, and what is in the middle of that, seen from the frame's lower left.
    view = page.wide, page.high, _AROUND + page.wide / 2, along - _AROUND - page.high / 2
    wide, high, right, up = (f"{_LARGER * size:.9g}" for size in view)
    cut = f'dpi={_INCH * page.zoom * scale:.9g} viewport="{wide},{high},1,{right},{up}"'
    middle = f"{_LARGER * (across / 2 - _AROUND):.9g},{_LARGER * (page.high - along / 2 + _AROUND):.9g}"
    size = f"width={across / _INCH:.9g} height={along / _INCH:.9g}"
    lines = [
        "digraph {",
        f'graph [inputscale=72 pad=0 margin=0 bgcolor="transparent" {cut}];',
        f'node [shape=none fixedsize=true margin=0 label="" width={_WIDE / _INCH} height={_INCH}];',
        "edge [arrowhead=none];",
        f'frame [style=invis shape=box {size} pos="{middle}"];',
    ]
    for mark in page.marks:
        lines += painter.text(mark) if isinstance(mark, Text) else painter.mark(mark)
    return "\n".join([*lines, "}", ""])


class _Painter:
    """Writes marks, each under a number."""

    def __init__(self, high: float, pixels: float) -> None:
        self._high = high
        self._pixel = 1 / pixels
        self._number = 0

    def text(self, text: Text) -> Iterator[str]:
        """Write a line of text."""
        justified, side = _JUSTIFIED[text.anchor]
        # In a plain label, Graphviz reads escapes and entities.
        words = text.text.replace("\\", "\\\\").replace("&", "&amp;").replace('"', '\\"')
        place = self._place(text.x + side * _WIDE / 2, text.y - _BASELINE * text.size)
        yield (
            f'{self._name()} [pos="{place}" label="{words}{justified}" fontsize={_LARGER * text.size:g}'
            f' fontname="{_FONTS[text.bold, text.italic]}" fontcolor="{text.fill}"];'
        )

    def mark(self, mark: Mark) -> Iterator[str]:
        """Write an outline: what fills it first, then its line."""
        if mark.fill is not None:
            yield from self._filled(mark.curves, mark.fill)
        if mark.stroke is None:
            return
        if not mark.dashes:
            yield from self._lines(map(self._curve, mark.curves), mark.stroke, mark.width)
            return
        cut = [dash for curve in mark.curves for dash in dashes(flat(curve, 2 * self._pixel), mark.dashes)]
        if mark.rounded and mark.dashes[0] < mark.width:
            for dash in cut:
                yield self._shape("circle", dash[0], (mark.width, mark.width), mark.stroke)
        else:
            yield from self._lines(map(self._straight, cut), mark.stroke, mark.width)

    def _filled(self, curves: Sequence[Curve], colour: str) -> Iterator[str]:
        for curve in curves:
            box = curve.box()
            if box is None:
                lines, thick = hatched(curve, self._pixel)
                yield from self._lines(map(self._straight, lines), colour, thick)
                continue
            left, top, wide, high = box
            yield self._shape("box", (left + wide / 2, top + high / 2), (wide, high), colour)

    def _shape(self, shape: str, middle: Point, size: tuple[float, float], colour: str) -> str:
        wide, high = (f"{one / _INCH:.6g}" for one in size)
        look = f'shape={shape} style=filled penwidth=0 fillcolor="{colour}" width={wide} height={high}'
        return f'{self._name()} [pos="{self._place(*middle)}" {look}];'

    def _lines(self, lines: Iterable[str], colour: str, width: float) -> Iterator[str]:
        name, drawn = self._name(), ";".join(lines)
        if drawn:
            yield f'{name} [pos="0,0"];'
            yield f'{name} -> {name} [pos="{drawn}" color="{colour}" penwidth={_LARGER * width:.4g}];'

    def _curve(self, curve: Curve) -> str:
        """Return the points of a curve; a closed one goes on over its start, where it has a corner too."""
        points = curve.points + curve.points[1:4] if curve.closed else curve.points
        return " ".join(self._place(*point) for point in points)

    def _straight(self, line: Sequence[Point]) -> str:
        """Return the points of a chain of curves that are straight."""
        points = [self._place(*point) for point in line]
        return points[0] + "".join(f" {one} {other} {other}" for one, other in pairwise(points))

    def _name(self) -> str:
        self._number += 1
        return f"n{self._number}"

    def _place(self, x: float, y: float) -> str:
        return f"{_LARGER * x:.2f},{_LARGER * (self._high - y):.2f}"
