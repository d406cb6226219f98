"""A picture as SVG: Graphviz's layout, drawn by us.

Theory of operation
-------------------
The SVG is drawn without any path highlighted, and :func:`mark` then adds one to the finished text:
classes on what was visited and taken, a badge with the number of the step, the steps in words. So a
path looks the same on a picture that was just laid out and on one that was shipped, and showing a
path needs no layout.

Every part can be addressed, by a stylesheet or by a script of a page that shows a run as it lives::

    svg.runlife > g.figure(.traced)
        g#edge-queued-start-in_progress .edge .server (.taken)    data-rows, data-badge
            title, path.line, polygon.head, g.label > text.event, text.guard
        g#bundle-expire-expired .edge .timer .bundle              the words and the last bit of line
        g#node-queued .node .live (.visited .current)
            title, rect.box, rect.rim (terminal), text.name

A merged edge has the ids of its rows on its labels. All colours are in the stylesheet, all rules of
which start with ``.runlife``; text is text. Nothing refers to anything outside the file.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from runlife_diagrams.dot import FROM, TO, lines_of, name_lines
from runlife_diagrams.layout import TRIES, Box, Layout, Point, lay_out
from runlife_diagrams.layout import Line as Curve
from runlife_diagrams.renderer import Renderer, dot_to_svg
from runlife_diagrams.style import HOTTEST, stylesheet
from runlife_diagrams.text import width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife_diagrams.dot import Line
    from runlife_diagrams.picture import (
        Bundle,
        Edge,
        Heat,
        Highlight,
        Label,
        LegendEntry,
        Node,
        Picture,
        Theme,
    )

__all__ = ["mark", "to_svg"]

_MARGIN = 14.0
_ZOOM = 1.25
"""Pixels a point, at the picture's own size; it shrinks with the room that it is given."""
_RADIUS = 9.0
_RIM = 4.0
"""Between the two outlines of a terminal status."""
_BASELINE = 0.35
"""From the middle of a line of text down to its baseline, in font sizes."""


def to_svg(picture: Picture, *, render: Renderer = dot_to_svg, tries: int = TRIES) -> str:
    """Return the picture as the text of an SVG file.

    :param render: what lays out DOT text.
    :param tries: how many layouts to choose from.
    :raises RendererMissingError: when graphviz-pure is not installed.
    :raises RendererError: when the layout failed.
    """
    layout = lay_out(picture, render, tries)
    legend, legend_width, legend_height = _legend(picture.legend, layout.width)
    wide = max(layout.width, legend_width) + 2 * _MARGIN
    high = layout.height + legend_height + 2 * _MARGIN
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "runlife",
            "viewBox": f"0 0 {_number(wide)} {_number(high)}",
            "width": _number(round(wide * _ZOOM)),
            "height": _number(round(high * _ZOOM)),
            "style": "max-width: 100%; height: auto",
            "role": "img",
        },
    )
    _text(root, "title", picture.title)
    _text(root, "desc", picture.description)
    _text(root, "style", stylesheet(picture.theme))
    SubElement(root, "rect", {"class": "ground", "width": _number(wide), "height": _number(high), "rx": "6"})
    left = (wide - layout.width) / 2
    figure = SubElement(
        root, "g", {"class": "figure", "transform": f"translate({_number(left)} {_number(_MARGIN)})"}
    )
    for edge in picture.edges:
        _edge(figure, edge, layout)
    for bundle in picture.bundles:
        _bundle(figure, bundle, layout)
    for node in picture.nodes:
        _node(figure, node, layout.boxes[node.id])
    legend.set(
        "transform",
        f"translate({_number((wide - legend_width) / 2)} {_number(layout.height + 1.5 * _MARGIN)})",
    )
    root.append(legend)
    _show(root, picture.highlight, picture.heat)
    return _write(root)


def mark(svg: str, highlight: Highlight | None, theme: Theme, *, heat: Heat | None = None) -> str:
    """Return an SVG of :func:`to_svg` in the theme that is asked for, with a path highlighted, or heated."""
    root = fromstring(svg)  # noqa: S314 - written by to_svg
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    root.attrib = {"xmlns": "http://www.w3.org/2000/svg", **root.attrib}
    restyle = root.find("style")
    if restyle is not None:
        restyle.text = stylesheet(theme)
    _show(root, highlight, heat)
    return _write(root)


def _show(root: Element, highlight: Highlight | None, heat: Heat | None) -> None:
    """Show what lies over a picture."""
    if heat is not None:
        _warm(root, heat)
    if highlight is not None:
        _mark(root, highlight)


# Parts


def _edge(figure: Element, edge: Edge, layout: Layout) -> None:
    group = _group(figure, edge.id, f"edge {edge.cause}", edge.labels)
    group.set("data-rows", " ".join(label.id for label in edge.labels))
    if edge.bundle is not None:
        group.set("data-bundle", edge.bundle)
        _curve(group, layout.lines[edge.id + FROM])
        return
    _curve(group, layout.lines[edge.id + FROM])
    _curve(group, layout.lines[edge.id + TO])
    _words(group, lines_of(edge.labels), layout.boxes[edge.id], own=edge.id)


def _bundle(figure: Element, bundle: Bundle, layout: Layout) -> None:
    group = _group(figure, bundle.id, f"edge {bundle.cause} bundle", [bundle.label])
    _curve(group, layout.lines[bundle.id + TO])
    _words(group, lines_of([bundle.label]), layout.boxes[bundle.id], own=bundle.id)


def _group(figure: Element, id: str, classes: str, labels: Sequence[Label]) -> Element:
    group = SubElement(figure, "g", {"id": id, "class": classes})
    _text(group, "title", "; ".join(label.says for label in labels))
    return group


def _curve(group: Element, line: Curve) -> None:
    first, *rest = map(_point, line.points)
    SubElement(group, "path", {"class": "line", "d": f"M{first}C{' '.join(rest)}"})
    if line.head:
        SubElement(group, "polygon", {"class": "head", "points": " ".join(map(_point, line.head))})


def _words(group: Element, lines: Sequence[Line], box: Box, *, own: str) -> None:
    """Write the lines of an edge, a group for each row; a row other than the edge's first has an id."""
    group.set("data-badge", f"{_number(box.x)} {_number(box.top)}")
    y = box.y - sum(line.height for line in lines) / 2
    label = None
    for line in lines:
        if label is None or line.label != label.get("data-row"):
            attributes = {"class": "label", "data-row": line.label}
            label = SubElement(
                group, "g", attributes if line.label == own else {"id": line.label, **attributes}
            )
        middle = y + line.height / 2
        _text(
            label,
            "text",
            line.text,
            {"class": line.kind, "x": _number(box.x), "y": _number(middle + _BASELINE * 10)},
        )
        y += line.height


def _node(figure: Element, node: Node, box: Box) -> None:
    group = SubElement(figure, "g", {"id": node.id, "class": f"node {node.kind}"})
    if node.kind == "initial":
        _text(group, "title", "creation")
        size = {"cx": _number(box.x), "cy": _number(box.y), "r": _number(box.width / 2)}
        SubElement(group, "circle", {"class": "dot", **size})
        return
    lines = name_lines(node)
    _text(group, "title", f"{' '.join(line.text for line in lines)} ({node.kind})")
    SubElement(group, "rect", {"class": "box", **_rectangle(box, 0)})
    if node.kind == "terminal":
        SubElement(group, "rect", {"class": "rim", **_rectangle(box, _RIM)})
    y = box.y - sum(line.height for line in lines) / 2
    for line in lines:
        middle = y + line.height / 2
        _text(
            group,
            "text",
            line.text,
            {"class": "name", "x": _number(box.x), "y": _number(middle + _BASELINE * 14)},
        )
        y += line.height


def _rectangle(box: Box, inset: float) -> dict[str, str]:
    return {
        "x": _number(box.left + inset),
        "y": _number(box.top + inset),
        "width": _number(box.width - 2 * inset),
        "height": _number(box.height - 2 * inset),
        "rx": _number(_RADIUS - inset),
    }


_SAMPLE, _GAP, _ROW = 30.0, 22.0, 20.0
_KINDS = frozenset(("initial", "live", "terminal"))


def _legend(entries: Sequence[LegendEntry], room: float) -> tuple[Element, float, float]:
    """Return the legend, its width and its height: in one row, or where that is too wide, in two."""
    rows = [list(entries)]
    if sum(map(_entry_width, entries)) - _GAP > room:
        rows = [[e for e in entries if e.kind not in _KINDS], [e for e in entries if e.kind in _KINDS]]
    legend = Element("g", {"class": "legend"})
    for index, row in enumerate(rows):
        x, y = 0.0, _ROW * (index + 0.5)
        for entry in row:
            group = SubElement(
                legend, "g", {"class": f"{'node' if entry.kind in _KINDS else 'edge'} {entry.kind}"}
            )
            _sample(group, entry.kind, x, y)
            place = {"class": "entry", "x": _number(x + _SAMPLE + 7), "y": _number(y + _BASELINE * 11)}
            _text(group, "text", entry.says, place)
            x += _entry_width(entry)
    return legend, max(sum(map(_entry_width, row)) for row in rows) - _GAP, _ROW * len(rows) + _MARGIN / 2


def _entry_width(entry: LegendEntry) -> float:
    return _SAMPLE + 7 + width(entry.says, 11) * 1.1 + _GAP


def _sample(group: Element, kind: str, x: float, y: float) -> None:
    if kind == "initial":
        SubElement(
            group, "circle", {"class": "dot", "cx": _number(x + _SAMPLE / 2), "cy": _number(y), "r": "5"}
        )
    elif kind in {"live", "terminal"}:
        box = Box(x + _SAMPLE / 2, y, _SAMPLE, 15)
        SubElement(group, "rect", {"class": "box", **_rectangle(box, 0), "rx": "4"})
        if kind == "terminal":
            SubElement(group, "rect", {"class": "rim", **_rectangle(box, 3), "rx": "2"})
    else:
        end = x + _SAMPLE
        SubElement(group, "path", {"class": "line", "d": f"M{_point((x, y))}L{_point((end - 7, y))}"})
        head = ((end - 8, y - 3.5), (end, y), (end - 8, y + 3.5))
        SubElement(group, "polygon", {"class": "head", "points": " ".join(map(_point, head))})


# A path


def _mark(root: Element, highlight: Highlight) -> None:
    figure = next(group for group in root.iter("g") if group.get("class") == "figure")
    figure.set("class", "figure traced")
    groups = {group.get("id", ""): group for group in figure}
    for id in highlight.visited:
        _add_class(groups[id], "visited")
    _add_class(groups[highlight.current], "current")
    numbers: dict[str, list[int]] = {}
    for group in list(figure):
        for row in group.get("data-rows", "").split():
            if row not in highlight.taken:
                continue
            for label in group.iter("g"):
                if label.get("data-row") == row:
                    _add_class(label, "taken")
            _add_class(group, "taken")
            bearer = group.get("data-bundle", group.get("id", ""))
            numbers.setdefault(bearer, []).extend(highlight.taken[row])
    for id, steps in numbers.items():
        _add_class(groups[id], "taken")
        _badge(groups[id], ", ".join(map(str, sorted(steps))))
    description = root.find("desc")
    if description is not None:
        description.text = f"{description.text} Highlighted: {'; '.join(highlight.says) or 'a status'}."


# A heat


def _warm(root: Element, heat: Heat) -> None:
    """Give each edge a class by how often its rows were taken, against the most, and a badge with the number.

    The steps are logarithmic: beside a row that every run takes, one that a single run took still shows.
    """
    figure = next(group for group in root.iter("g") if group.get("class") == "figure")
    figure.set("class", "figure heated")
    groups = {group.get("id", ""): group for group in figure}
    counts: dict[str, int] = {}
    for group in list(figure):
        rows = group.get("data-rows", "").split()
        if rows:
            counts[group.get("id", "")] = own = sum(heat.get(row, 0) for row in rows)
            if bundle := group.get("data-bundle"):
                counts[bundle] = counts.get(bundle, 0) + own
    most = max(counts.values(), default=0)
    for id, count in counts.items():
        _add_class(groups[id], f"heat-{_degree(count, most)}")
        if groups[id].get("data-badge"):
            _badge(groups[id], f"{count:,}")
    description = root.find("desc")
    if description is not None:
        cold = sum(not count for count in heat.values())
        description.text = f"{description.text} Taken {sum(heat.values()):,} times; {cold} rows never were."


def _degree(count: int, most: int) -> int:
    """Return 0 for what never was, and else 1 to HOTTEST."""
    if not count:
        return 0
    return 1 + round((HOTTEST - 1) * (log(count) / log(most) if most > 1 else 1.0))


def _add_class(element: Element, name: str) -> None:
    classes = element.get("class", "").split()
    if name not in classes:
        element.set("class", " ".join([*classes, name]))


def _badge(group: Element, text: str) -> None:
    x, top = map(float, group.get("data-badge", "0 0").split())
    y, wide = top - 5, max(14.0, width(text, 9, bold=True) + 8)
    badge = SubElement(group, "g", {"class": "badge"})
    SubElement(badge, "rect", {**_rectangle(Box(x, y, wide, 14), 0), "rx": "7"})
    _text(badge, "text", text, {"x": _number(x), "y": _number(y + _BASELINE * 9)})


# XML


def _text(parent: Element, tag: str, text: str, attributes: dict[str, str] | None = None) -> Element:
    element = SubElement(parent, tag, attributes or {})
    element.text = text
    return element


def _point(point: Point) -> str:
    return ",".join(map(_number, point))


def _number(value: float) -> str:
    """Return at most two decimals, and no minus nought."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _write(root: Element) -> str:
    """Return the XML with each part of the picture on a line of its own."""
    for parent in root.iter():
        if parent.tag in {"svg", "g"} and parent.get("class", "").split()[:1] in (
            ["runlife"],
            ["figure"],
            ["legend"],
        ):
            parent.text = "\n"
            for child in parent:
                child.tail = "\n"
    return tostring(root, encoding="unicode") + "\n"
