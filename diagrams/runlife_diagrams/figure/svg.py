"""A picture as SVG: the geometry of a layout, drawn by us.

Theory of operation
-------------------
The SVG is drawn without any overlay, and :mod:`runlife_diagrams.figure.marking` then adds one to the finished
drawing: classes on what is marked, badges beside it, words. So an overlay looks the same on a picture
that was just laid out and on one that was shipped, and showing one needs no layout.

Every part can be addressed, by a stylesheet or by a script of a page that shows a run as it lives::

    svg.runlife.light > g.figure(.traced | .heated | .judged | .compared)
        g#group-terminal .group > rect.band, text.meaning
        g#edge-queued-start-in_progress .edge .server (.marked .taken)    data-rows, data-badge
            title, path.line, polygon.head, g.label > text.event, text.guard, text.note, g.badge
        g#bundle-expire-expired .edge .timer .bundle              the words and the last bit of line
        g#node-queued .node .live (.marked .visited .current)
            title, rect.box, rect.rim (terminal), text.name

A merged edge has the ids of its rows on its labels. All colours are in the stylesheet, all rules of
which start with ``.runlife`` and the theme; text is text. Nothing refers to anything outside the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from runlife_diagrams.figure.bands import HEADING, add_band, bands_of
from runlife_diagrams.figure.legend import legend_of
from runlife_diagrams.figure.marking import show
from runlife_diagrams.figure.shapes import BASELINE, RIM, add_text, number, point, rectangle, write
from runlife_diagrams.layout import TRIES, Box, Layout, lay_out
from runlife_diagrams.layout import Line as Curve
from runlife_diagrams.renderer import Renderer, dot_to_svg
from runlife_diagrams.style import stylesheet
from runlife_diagrams.wiring import FROM, TO, lines_of, name_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife_diagrams.picture import Bundle, Edge, Label, Node, Picture

__all__ = ["to_svg"]

_MARGIN = 14.0
_ZOOM = 1.25
"""Pixels a point, at the picture's own size; it shrinks with the room that it is given."""


def to_svg(picture: Picture, *, render: Renderer = dot_to_svg, tries: int = TRIES) -> str:
    """Return the picture as the text of an SVG file.

    :param render: what lays out DOT text.
    :param tries: how many layouts to choose from.
    :raises RendererMissingError: when no renderer is installed.
    :raises RendererError: when the layout failed.
    """
    layout = lay_out(picture, render, tries)
    bands = bands_of(picture, layout)
    above, below = (HEADING, 0.0) if picture.direction == "LR" else (0.0, HEADING)
    heading, footing = (above, below) if bands else (0.0, 0.0)
    legend, legend_width, legend_height = legend_of(picture.legend, layout.width)
    wide = max(layout.width, legend_width) + 2 * _MARGIN
    figure_height = heading + layout.height + footing
    high = figure_height + legend_height + 2.5 * _MARGIN
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": f"runlife {picture.theme}",
            "viewBox": f"0 0 {number(wide)} {number(high)}",
            "width": number(round(wide * _ZOOM)),
            "height": number(round(high * _ZOOM)),
            "style": "max-width: 100%; height: auto",
            "role": "img",
        },
    )
    add_text(root, "title", picture.title)
    add_text(root, "desc", picture.description)
    add_text(root, "style", stylesheet(picture.theme))
    SubElement(root, "rect", {"class": "ground", "width": number(wide), "height": number(high), "rx": "6"})
    left, top = (wide - layout.width) / 2, _MARGIN + heading
    figure = SubElement(
        root, "g", {"class": "figure", "transform": f"translate({number(left)} {number(top)})"}
    )
    for band in bands:
        add_band(figure, band)
    for edge in picture.edges:
        _edge(figure, edge, layout)
    for bundle in picture.bundles:
        _bundle(figure, bundle, layout)
    for node in picture.nodes:
        _node(figure, node, layout.boxes[node.id])
    legend.set(
        "transform",
        f"translate({number((wide - legend_width) / 2)} {number(figure_height + 1.5 * _MARGIN)})",
    )
    root.append(legend)
    if picture.overlay is not None:
        show(root, picture.overlay)
    return write(root)


def _edge(figure: Element, edge: Edge, layout: Layout) -> None:
    group = _group(figure, edge.id, f"edge {edge.cause}", edge.labels)
    group.set("data-rows", " ".join(label.id for label in edge.labels))
    if edge.bundle is not None:
        group.set("data-bundle", edge.bundle)
        _curve(group, layout.lines[edge.id + FROM])
        return
    _curve(group, layout.lines[edge.id + FROM])
    _curve(group, layout.lines[edge.id + TO])
    _words(group, edge.labels, layout.boxes[edge.id], own=edge.id)


def _bundle(figure: Element, bundle: Bundle, layout: Layout) -> None:
    group = _group(figure, bundle.id, f"edge {bundle.cause} bundle", bundle.labels)
    _curve(group, layout.lines[bundle.id + TO])
    _words(group, bundle.labels, layout.boxes[bundle.id], own=bundle.id)


def _group(figure: Element, id: str, classes: str, labels: Sequence[Label]) -> Element:
    off = " off" if all(label.off for label in labels) else ""
    group = SubElement(figure, "g", {"id": id, "class": classes + off})
    add_text(group, "title", "; ".join(label.says for label in labels))
    return group


def _curve(group: Element, line: Curve) -> None:
    first, *rest = map(point, line.points)
    SubElement(group, "path", {"class": "line", "d": f"M{first}C{' '.join(rest)}"})
    if line.head:
        SubElement(group, "polygon", {"class": "head", "points": " ".join(map(point, line.head))})


def _words(group: Element, labels: Sequence[Label], box: Box, *, own: str) -> None:
    """Write the words of an edge, a group for each row; a row other than the edge's first has an id."""
    group.set("data-badge", f"{number(box.x)} {number(box.top)}")
    y = box.y - sum(line.height for line in lines_of(labels)) / 2
    for label in labels:
        id = {} if label.id == own else {"id": label.id}
        off = " off" if label.off else ""
        words = SubElement(group, "g", {**id, "class": f"label{off}", "data-row": label.id})
        for line in lines_of([label]):
            place = {"x": number(box.x), "y": number(y + line.height / 2 + BASELINE * 10)}
            add_text(words, "text", line.text, {"class": line.kind, **place})
            y += line.height


def _node(figure: Element, node: Node, box: Box) -> None:
    group = SubElement(figure, "g", {"id": node.id, "class": f"node {node.kind}"})
    if node.kind == "initial":
        add_text(group, "title", "creation")
        size = {"cx": number(box.x), "cy": number(box.y), "r": number(box.width / 2)}
        SubElement(group, "circle", {"class": "dot", **size})
        return
    lines = name_lines(node)
    add_text(group, "title", f"{' '.join(line.text for line in lines)} ({node.kind})")
    SubElement(group, "rect", {"class": "box", **rectangle(box)})
    if node.kind == "terminal":
        SubElement(group, "rect", {"class": "rim", **rectangle(box, RIM)})
    y = box.y - sum(line.height for line in lines) / 2
    for line in lines:
        middle = y + line.height / 2
        add_text(
            group,
            "text",
            line.text,
            {"class": "name", "x": number(box.x), "y": number(middle + BASELINE * 14)},
        )
        y += line.height
