"""Our own SVG, read back: which marks are on the paper, in which order, in which colours.

Only what we write is understood, and all of that: rectangles, circles, ellipses, polygons, polylines, lines,
paths and text; groups that are moved; a stylesheet of selectors made of tags, classes and ids; presentation
attributes; ``opacity``, which is multiplied into the colours. A selector for what a still picture never is
(``:hover``) matches nothing, and rules for other media are not read. Anything else is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from attrs import frozen

from runlife_diagrams.errors import PictureError
from runlife_diagrams.png.curves import Curve, chain, ellipse, outlines, rectangle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Mark", "Page", "Text", "marks_of"]


@frozen
class Mark:
    """Outlines that are filled, drawn, or both."""

    curves: tuple[Curve, ...]
    fill: str | None
    """``#rrggbbaa``."""
    stroke: str | None
    width: float
    dashes: tuple[float, ...]
    """Lengths of dashes and of the gaps between them; none for a line without gaps."""
    rounded: bool
    """Whether the ends of lines are round."""


@frozen
class Text:
    """A line of text, with its baseline at ``y``."""

    x: float
    y: float
    text: str
    size: float
    bold: bool
    italic: bool
    anchor: str
    fill: str


@frozen
class Page:
    """What is on the paper, and how large the paper is, in user units."""

    wide: float
    high: float
    zoom: float
    """Pixels a user unit, at the picture's own size."""
    marks: tuple[Mark | Text, ...]


def marks_of(svg: str) -> Page:
    """Return what an SVG of ours shows.

    :raises PictureError: when it is no SVG, or none that we could have written.
    """
    try:
        root = ET.fromstring(svg)  # noqa: S314 - a picture of ours; nothing in it is fetched or expanded
        left, top, wide, high = (float(number) for number in root.get("viewBox", "").split())
        zoom = min(float(root.get("width", wide)) / wide, float(root.get("height", high)) / high)
        marks = tuple(_Reader(root).read(root, _Place((), _DEFAULTS, -left, -top, 1.0)))
    except (ET.ParseError, ValueError, ZeroDivisionError) as error:
        raise PictureError(f"this is no SVG of ours: {error}") from error
    if not min(wide, high, zoom) > 0:
        raise PictureError("this is no SVG of ours: it has no size")
    return Page(wide, high, zoom, marks)


Styles = dict[str, str]
Step = tuple[str, frozenset[str], str]
"""An element as a selector sees it, or a part of a selector: tag, classes and id."""

_DEFAULTS: Styles = {
    "fill": "#000000",
    "fill-opacity": "1",
    "stroke": "none",
    "stroke-opacity": "1",
    "stroke-width": "1",
    "stroke-dasharray": "none",
    "stroke-linecap": "butt",
    "font-size": "16",
    "font-weight": "normal",
    "font-style": "normal",
    "text-anchor": "start",
    "visibility": "visible",
}
"""What an element hands on to those within it, as it is by default."""
_OWN: Styles = {"opacity": "1", "display": "inline"}
"""What it does not hand on."""
_SILENT = frozenset(("title", "desc", "style", "defs", "metadata"))
_GROUPS = frozenset(("svg", "g", "a"))


@frozen
class _Place:
    """What an element has from those around it."""

    steps: tuple[Step, ...]
    styles: Styles
    right: float
    down: float
    opacity: float


class _Reader:
    """Walks an SVG. What the stylesheet says of one place in the tree is looked up once."""

    def __init__(self, root: ET.Element) -> None:
        sheets = [element.text or "" for element in root.iter() if _tag(element) == "style"]
        self._rules = list(_rules("\n".join(sheets)))
        self._by_id = any(id for selector, _ in self._rules for _, _, id in selector)
        self._said: dict[tuple[Step, ...], Styles] = {}

    def read(self, element: ET.Element, place: _Place) -> Iterator[Mark | Text]:
        """Yield the marks of an element, from the lowest to the topmost."""
        tag = _tag(element)
        if tag in _SILENT:
            return
        id = element.get("id", "") if self._by_id else ""
        steps = (*place.steps, (tag, frozenset(element.get("class", "").split()), id))
        attributes = {name: value for name, value in element.items() if name in _DEFAULTS or name in _OWN}
        own = _declared(element.get("style", ""))
        styles = {**place.styles, **_OWN, **attributes, **self._stylesheet(steps), **own}
        if styles["display"] == "none":
            return
        right, down = _moved(element.get("transform", ""))
        opacity = place.opacity * float(styles["opacity"])
        handed_on = {name: styles[name] for name in _DEFAULTS}
        within = _Place(steps, handed_on, place.right + right, place.down + down, opacity)
        if tag in _GROUPS:
            for child in element:
                yield from self.read(child, within)
        elif styles["visibility"] == "visible":
            yield from _text(element, within) if tag == "text" else _mark(element, tag, within)

    def _stylesheet(self, steps: tuple[Step, ...]) -> Styles:
        if steps not in self._said:
            matching = [(selector, styles) for selector, styles in self._rules if _matches(selector, steps)]
            matching.sort(key=lambda rule: _specificity(rule[0]))  # stable: the later of equals wins
            self._said[steps] = {name: value for _, styles in matching for name, value in styles.items()}
        return self._said[steps]


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _moved(transform: str) -> tuple[float, float]:
    if not transform:
        return 0.0, 0.0
    moved = re.fullmatch(r"\s*translate\(\s*([-+.\d]+)(?:[\s,]+([-+.\d]+))?\s*\)\s*", transform)
    if moved is None:
        raise ValueError(f"groups are moved, and nothing else is done to them; got {transform!r}")
    return float(moved[1]), float(moved[2] or 0)


# Stylesheets

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_OTHER_MEDIA = re.compile(r"@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}|@[^{};]*;")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_STEP = re.compile(r"([A-Za-z]*|\*)((?:[.#][\w-]+)*)")


def _rules(sheet: str) -> Iterator[tuple[tuple[Step, ...], Styles]]:
    plain = _OTHER_MEDIA.sub("", _COMMENT.sub("", sheet))
    for selectors, body in _RULE.findall(plain):
        for selector in selectors.split(","):
            steps = [_STEP.fullmatch(step) for step in selector.split()]
            known = [_step(step) for step in steps if step is not None]
            if len(known) == len(steps):
                yield tuple(known), _declared(body)


def _step(found: re.Match[str]) -> Step:
    names = re.findall(r"[.#][\w-]+", found[2])
    classes = frozenset(name[1:] for name in names if name[0] == ".")
    return found[1].strip("*"), classes, next((name[1:] for name in names if name[0] == "#"), "")


def _declared(body: str) -> Styles:
    pairs = (line.partition(":") for line in body.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}


def _matches(selector: Sequence[Step], steps: Sequence[Step]) -> bool:
    """Return whether a selector of descendants means the last of the steps."""
    *outer, last = selector
    if not _is(last, steps[-1]):
        return False
    above = iter(reversed(steps[:-1]))
    return all(any(_is(wanted, step) for step in above) for wanted in reversed(outer))


def _is(wanted: Step, step: Step) -> bool:
    tag, classes, id = wanted
    return tag in {"", step[0]} and classes <= step[1] and id in {"", step[2]}


def _specificity(selector: Sequence[Step]) -> tuple[int, int, int]:
    return (
        sum(bool(id) for _, _, id in selector),
        sum(len(classes) for _, classes, _ in selector),
        sum(bool(tag) for tag, _, _ in selector),
    )


# Elements


def _mark(element: ET.Element, tag: str, place: _Place) -> Iterator[Mark]:
    styles = place.styles
    fill, stroke = (_colour(styles, kind, place.opacity) for kind in ("fill", "stroke"))
    dashed = styles["stroke-dasharray"]
    lengths = tuple(map(_length, dashed.replace(",", " ").split())) if dashed != "none" else ()
    if tag in {"line", "polyline"}:
        fill = None
    width = _length(styles["stroke-width"])
    curves = tuple(_shifted(curve, place) for curve in _curves(element, tag) if len(curve.points) > 1)
    if curves and (fill or (stroke and width)):
        yield Mark(
            curves,
            fill,
            stroke if width else None,
            width,
            lengths * 2 if len(lengths) % 2 else lengths,
            rounded=styles["stroke-linecap"] == "round",
        )


def _curves(element: ET.Element, tag: str) -> Iterator[Curve]:
    def size(*names: str) -> list[float]:
        return [_length(element.get(name, "0")) for name in names]

    match tag:
        case "rect":
            left, top, wide, high, rx = size("x", "y", "width", "height", "rx")
            if wide > 0 and high > 0:
                radii = rx, _length(element.get("ry", f"{rx}"))
                yield rectangle(left, top, wide, high, radii=radii)
        case "circle":
            x, y, radius = size("cx", "cy", "r")
            yield ellipse(x, y, radius, radius)
        case "ellipse":
            yield ellipse(*size("cx", "cy", "rx", "ry"))
        case "line":
            x, y, v, w = size("x1", "y1", "x2", "y2")
            yield chain([(x, y), (v, w)])
        case "polygon" | "polyline":
            numbers = [float(number) for number in element.get("points", "").replace(",", " ").split()]
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            if points:
                yield chain(points, closed=tag == "polygon")
        case "path":
            yield from outlines(element.get("d", ""))
        case _:
            raise ValueError(f"a picture has no <{tag}>")


def _shifted(curve: Curve, place: _Place) -> Curve:
    return Curve(tuple((x + place.right, y + place.down) for x, y in curve.points), curve.closed)


def _text(element: ET.Element, place: _Place) -> Iterator[Text]:
    if len(element):
        raise ValueError("a text of a picture is one line, with nothing in it")
    styles, fill = place.styles, _colour(place.styles, "fill", place.opacity)
    if fill is not None and (element.text or "").strip():
        yield Text(
            _length(element.get("x", "0")) + place.right,
            _length(element.get("y", "0")) + place.down,
            element.text or "",
            _length(styles["font-size"]),
            bold=styles["font-weight"] in {"bold", "600", "700"},
            italic=styles["font-style"] in {"italic", "oblique"},
            anchor=styles["text-anchor"],
            fill=fill,
        )


def _length(value: str) -> float:
    return float(value.removesuffix("px"))


def _colour(styles: Mapping[str, str], kind: str, opacity: float) -> str | None:
    """Return a colour with how much of it covers what is below, or nothing for none."""
    value = styles[kind]
    if value in {"none", "transparent"}:
        return None
    if re.fullmatch(r"#[0-9a-fA-F]{3}", value):
        value = "#" + "".join(digit * 2 for digit in value[1:])
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError(f"a colour is written #rrggbb; got {value!r}")
    alpha = round(255 * max(0.0, min(1.0, opacity * float(styles[f"{kind}-opacity"]))))
    return f"{value}{alpha:02x}" if alpha else None
