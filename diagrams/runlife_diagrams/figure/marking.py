"""An overlay shown on an SVG that is drawn already: one that was just laid out, or one that was shipped.

Every part that is marked gets the classes of its mark, and ``marked``; the figure gets the kind of the
overlay for a class, so that the stylesheet lets the rest step back. Badges stand where the drawing left
room for them (``data-badge``), the words go into the titles and into the description, and what the signs
mean is added to the legend. Nothing is laid out for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, fromstring

from runlife_diagrams.figure.legend import BADGE, add_badge, badge_width, legend_of
from runlife_diagrams.figure.shapes import number, write
from runlife_diagrams.style import stylesheet
from runlife_diagrams.text import width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife_diagrams.overlay import Mark, Overlay
    from runlife_diagrams.picture import Theme

__all__ = ["mark", "show"]

_ABOVE = 5.0
"""From the top of the words on an edge to the middle of their badge."""
_MARGIN = 14.0
_CLEAR = 2.0
"""Between a badge and the box below it."""
_EDGE = 4.0
"""Between a badge and the end of the picture, at least."""

Sides = tuple[float, float, float, float]
"""Of a box: left, top, width and height."""


def mark(svg: str, overlay: Overlay | None, theme: Theme) -> str:
    """Return an SVG of :func:`runlife_diagrams.figure.svg.to_svg` in a theme, with an overlay on it."""
    root = fromstring(svg)  # noqa: S314 - written by to_svg
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    root.attrib = {"xmlns": "http://www.w3.org/2000/svg", **root.attrib, "class": f"runlife {theme}"}
    restyle = root.find("style")
    if restyle is not None:
        restyle.text = stylesheet(theme)
    if overlay is not None:
        show(root, overlay)
    return write(root)


def show(root: Element, overlay: Overlay) -> None:
    """Show what lies over a picture."""
    figure = next(group for group in root.iter("g") if group.get("class") == "figure")
    figure.set("class", f"figure {overlay.kind}")
    groups = {group.get("id", ""): group for group in figure}
    room = _room(root, figure)
    headings = [_written(text) for text in figure.iterfind("g/text[@class='meaning']")]
    boxes = [_sides(box) for box in figure.iterfind("g/rect[@class='box']")]
    for id, node in overlay.nodes.items():
        _mark(groups[id], node)
        if node.badge:
            _node_badge(groups[id], node.badge, room, headings)
    for id, edge in overlay.edges.items():
        _mark(groups[id], edge)
        if overlay.kind == "compared":
            _halo(groups[id])
        if edge.badge and groups[id].get("data-badge"):
            x, top = map(float, groups[id].get("data-badge", "").split())
            x = _within(x, edge.badge, room)
            add_badge(groups[id], edge.badge, x, _raised(x, top - _ABOVE, edge.badge, boxes))
    for label in figure.iter("g"):
        row = overlay.rows.get(label.get("data-row", ""))
        if row is not None:
            _add_classes(label, row)
    _bring_forward(figure)
    description = root.find("desc")
    if description is not None:
        description.text = f"{description.text} {overlay.words}"
    _explain(root, overlay)


def _mark(group: Element, mark: Mark) -> None:
    _add_classes(group, mark)
    title = group.find("title")
    if title is not None and mark.says:
        title.text = f"{title.text}; {mark.says}"


def _add_classes(element: Element, mark: Mark) -> None:
    element.set(
        "class", " ".join(dict.fromkeys([*element.get("class", "").split(), "marked", *mark.classes]))
    )


def _bring_forward(figure: Element) -> None:
    """Draw the marked edges last, those with a badge after all others, so that no other line lies over it."""
    marked = [group for group in figure if {"edge", "marked"} <= set(group.get("class", "").split())]
    for group in sorted(marked, key=lambda group: group.find("g[@class='badge']") is not None):
        figure.remove(group)
        figure.append(group)


def _halo(group: Element) -> None:
    """Draw each line of an edge once more, below it, for the stylesheet to make it wide and pale."""
    for line in group.findall("path"):
        group.insert(1, Element("path", {"class": "halo", "d": line.get("d", "")}))


def _node_badge(group: Element, text: str, room: tuple[float, float], headings: Sequence[Sides]) -> None:
    """Put a badge on a corner of a box, where no line enters, or beside the dot.

    It is the left one, unless the badge would cover the heading of a band there.
    """
    wide = badge_width(text)
    box, dot = group.find("rect"), group.find("circle")
    if box is not None:
        left, across = float(box.get("x", 0)), float(box.get("width", 0))
        x = min(left + wide / 2 - _EDGE, left + across / 2 - 2 * _EDGE - wide / 2)
        y = float(box.get("y", 0))
        if any(_covers(x, y, wide, heading) for heading in headings):
            x = 2 * left + across - x
    elif dot is not None:
        x = float(dot.get("cx", 0)) + float(dot.get("r", 0)) + _EDGE + wide / 2
        y = float(dot.get("cy", 0))
    else:
        return
    add_badge(group, text, _within(x, text, room), y)


def _room(root: Element, figure: Element) -> tuple[float, float]:
    """Return from where to where badges may reach, in the figure's own coordinates."""
    left = float(figure.get("transform", "translate(0 0)").removeprefix("translate(").split()[0])
    return _EDGE - left, _size(root)[0] - left - _EDGE


def _within(x: float, text: str, room: tuple[float, float]) -> float:
    half = badge_width(text) / 2
    return max(room[0] + half, min(room[1] - half, x))


def _raised(x: float, y: float, text: str, boxes: Sequence[Sides]) -> float:
    """Return where a badge stands: a bit higher, if else it lay on the corner of a box beside its words."""
    wide = badge_width(text)
    for box in boxes:
        above = box[1] - BADGE / 2 - _CLEAR
        if _covers(x, y - _CLEAR, wide, box) and y - above <= BADGE:
            y = above
    return y


def _covers(x: float, y: float, wide: float, other: Sides) -> bool:
    left, top, across, along = other
    return abs(left + across / 2 - x) < (across + wide) / 2 and abs(top + along / 2 - y) < (along + BADGE) / 2


def _written(heading: Element) -> Sides:
    """Return where the words of a heading are, about."""
    high = 9.0
    x, baseline = (float(heading.get(name, 0)) for name in ("x", "y"))
    return x, baseline - high, 1.1 * width(heading.text or "", high), high


def _sides(box: Element) -> Sides:
    left, top, wide, high = (float(box.get(name, 0)) for name in ("x", "y", "width", "height"))
    return left, top, wide, high


def _size(root: Element) -> tuple[float, float]:
    _, _, wide, high = map(float, root.get("viewBox", "").split())
    return wide, high


def _explain(root: Element, overlay: Overlay) -> None:
    """Add what the marks mean to the legend, and make the picture as much higher."""
    if not overlay.legend:
        return
    wide, high = _size(root)
    legend, long, more = legend_of(overlay.legend, wide - 2 * _MARGIN)
    legend.set("transform", f"translate({number((wide - long) / 2)} {number(high - _MARGIN / 2)})")
    root.append(legend)
    zoom = float(root.get("height", 0)) / high
    root.set("viewBox", f"0 0 {number(wide)} {number(high + more)}")
    root.set("height", number(round((high + more) * zoom)))
    ground = root.find("rect")
    if ground is not None:
        ground.set("height", number(high + more))
