"""A picture as DOT, for Graphviz: a format of its own, with all that is seen.

How the picture is put to Graphviz, words as nodes and edges through them, is told by
:mod:`runlife_diagrams.wiring`. Every node and edge carries ``id`` and ``class``, which Graphviz hands on:
the node of a status is ``node-queued``; the words of a row are ``edge-queued-start-in_progress``, with
``--from`` and ``--to`` after it for the line before and after them; all three have the id for a class as
well.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from runlife import Cause
from runlife_diagrams.overlay import Mark
from runlife_diagrams.style import DASHES, THEMES, Palette, line_width, node_look
from runlife_diagrams.text import visible
from runlife_diagrams.wiring import (
    SPINE,
    Line,
    lines_of,
    link_of,
    links_of,
    live_of,
    name_lines,
    ports_of,
    ranks_of,
    status_size,
    words_size,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runlife_diagrams.picture import Bundle, Edge, Label, Node, Picture

__all__ = ["to_dot"]


def to_dot(picture: Picture) -> str:
    """Return the picture as DOT text."""
    palette = THEMES[picture.theme]
    lines = [
        f"digraph {_quote(picture.name)} {{",
        (
            f"  graph [rankdir={picture.direction} nodesep=0.28 ranksep=0.34 newrank=true"
            f' bgcolor="{palette.ground}" fontname="Arial" fontsize=11 fontcolor="{palette.muted}"'
            f" tooltip={_quote(picture.title)}{_legend(picture, palette)}];"
        ),
        f'  node [shape=box margin=0 fontname="Arial" fontsize=14 fontcolor="{palette.ink}"];',
        '  edge [fontname="Arial" penwidth=1.3 arrowsize=0.75];',
        *(f"  {_node(node, picture, palette)}" for node in picture.nodes),
        *(f"  {{ rank=same; {'; '.join(map(_quote, ids))}; }}" for ids in ranks_of(picture)),
    ]
    bundles = {bundle.id: bundle for bundle in picture.bundles}
    for edge in picture.edges:
        if edge.bundle is not None and edge.bundle in bundles:
            lines += [f"  {line}" for line in _bundle(bundles.pop(edge.bundle), picture, palette)]
        lines += [f"  {line}" for line in _edge(edge, picture, palette)]
    return "\n".join([*lines, "}", ""])


def _node(node: Node, picture: Picture, palette: Palette) -> str:
    mark = _mark(picture.overlay.nodes if picture.overlay is not None else {}, node.id)
    spine = f" {SPINE}" if node.spine else ""
    common = f'{_quote(node.id)} [id="{node.id}" class="{" ".join((node.kind, *mark.classes))}"{spine}'
    if node.kind == "initial":
        return (
            f'{common} shape=circle width=0.2 height=0.2 fixedsize=true label="" style=filled'
            f' color="{palette.ink}" fillcolor="{palette.ink}" tooltip="creation"];'
        )
    look = node_look("live", mark.classes, picture.theme)
    rim = " peripheries=2" if node.kind == "terminal" else ""
    dash = ",dashed" if look.dash else ""
    text = _badge(mark.badge, "<br/>") + _break(name_lines(node))
    return (
        f'{common} style="rounded,filled{dash}"{rim} color="{look.line}"'
        f' fillcolor="{look.fill}" fontcolor="{look.text}" penwidth={look.width}'
        f" {_box(status_size(node), text)}"
        f" tooltip={_quote(visible(node.name))}];"
    )


def _mark(marks: Mapping[str, Mark], id: str) -> Mark:
    return marks.get(id, Mark())


def _badge(badge: str, after: str) -> str:
    return f'<font point-size="9"><b>{_escape(f"[{badge}]")}</b></font>{after}' if badge else ""


def _box(size: tuple[float, float], text: str) -> str:
    wide, high = size
    return f"width={wide / 72:.3f} height={high / 72:.3f} label=<{text}>"


def _words(labels: Sequence[Label], id: str, *, badge: str, tooltip: str, group: str = "") -> str:
    text = _badge(badge, " ") + _break(lines_of(labels))
    return (
        f'{_quote(id)} [id="{id}" class="words {id}" penwidth=0 fontsize=10{group}'
        f" {_box(words_size(labels), text)}"
        f" tooltip={_quote(tooltip)}];"
    )


def _break(printed: Sequence[Line]) -> str:
    return "<br/>".join(_STYLES[line.kind].format(_escape(line.text)) for line in printed)


def _escape(text: str) -> str:
    # Graphviz replaces \N and its kin in the text of HTML-like labels as well.
    return escape(text.replace("\\", "\\\\"))


_STYLES = {
    "event": '<font point-size="11"><b>{}</b></font>',
    "guard": "<i>{}</i>",
    "note": '<font point-size="9">{}</font>',
    "evidence": '<font point-size="9">{}</font>',
    "name": "{}",
}


def _edge(edge: Edge, picture: Picture, palette: Palette) -> Iterator[str]:
    mark = _mark(picture.overlay.edges if picture.overlay is not None else {}, edge.id)
    if edge.bundle is None:
        tooltip = "; ".join(label.says for label in edge.labels)
        group = f" {SPINE}" if edge.spine else ""
        yield _words(edge.labels, edge.id, badge=mark.badge, tooltip=tooltip, group=group)
    look = _look(edge, mark, palette)
    for link in links_of(edge, live_of(picture), ports_of(picture)):
        yield link.written(edge.id, look)


def _bundle(bundle: Bundle, picture: Picture, palette: Palette) -> Iterator[str]:
    mark = _mark(picture.overlay.edges if picture.overlay is not None else {}, bundle.id)
    look, says = _look(bundle, mark, palette), "; ".join(label.says for label in bundle.labels)
    yield _words(bundle.labels, bundle.id, badge=mark.badge, tooltip=says)
    yield link_of(bundle, ports_of(picture)).written(bundle.id, look)


def _look(part: Edge | Bundle, mark: Mark, palette: Palette) -> str:
    classes = " ".join((part.cause, part.id, *mark.classes))
    width = line_width(mark.classes)
    thick = f" penwidth={width}" if mark.classes else ""
    return f' class="{classes}" style={DASHES[part.cause]} color="{palette.causes[part.cause]}"{thick}'


def _legend(picture: Picture, palette: Palette) -> str:
    cells: list[str] = []
    causes = {cause.value: cause for cause in Cause}
    marks = picture.overlay.legend if picture.overlay is not None else ()
    for entry in (*picture.legend, *marks):
        if entry.badge:
            sample = f"<td><b>{_escape(f'[{entry.badge}]')}</b></td>"
        elif entry.badge is not None:
            look = node_look("live", [entry.kind], picture.theme)
            sample = (
                f'<td><table style="rounded" border="1" cellborder="0" color="{look.line}"'
                f' bgcolor="{look.fill}"><tr><td width="14" height="4"></td></tr></table></td>'
            )
        elif entry.kind in causes:
            cause = causes[entry.kind]
            sample = (
                f'<td><table border="0" cellborder="1" cellspacing="0" cellpadding="0"><tr>'
                f'<td sides="b" width="28" height="4" style="{DASHES[cause]}"'
                f' color="{palette.causes[cause]}"></td></tr><tr>'
                f'<td border="0" height="4"></td></tr></table></td>'
            )
        elif entry.kind == "initial":
            continue  # a dot needs no explanation, and a table has none
        else:
            rim = ' cellspacing="2" cellborder="1"' if entry.kind == "terminal" else ' cellborder="0"'
            sample = (
                f'<td><table style="rounded" border="1"{rim} color="{palette.muted}">'
                '<tr><td width="14" height="4"></td></tr></table></td>'
            )
        cells.append(f"{sample}<td>{escape(entry.says)}&#160;&#160;</td>")
    return f' labelloc=b label=<<table border="0" cellspacing="4"><tr>{"".join(cells)}</tr></table>>'


def _quote(text: str) -> str:
    # Graphviz reads entities in plain strings as well.
    return '"' + visible(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"') + '"'
