"""A picture as DOT, for Graphviz: the text that the SVG is laid out from, and a format of its own.

Theory of operation
-------------------
Graphviz is free to put an edge's label beside its line, and other lines across the label. So here
the words of an edge are a *node* without an outline, and the edge runs through it: source, words,
target. Then what Graphviz guarantees for nodes holds for the words: no two overlap, no line crosses
them, and each stands on its own line, where nobody has to guess which line it belongs to. (The one
price: an edge is two parts, tied together by their ids and classes.)

Every node and edge carries ``id`` and ``class``, which Graphviz hands on: the node of a status is
``node-queued``; the words of a row are ``edge-queued-start-in_progress``, with ``--from`` and
``--to`` after it for the line before and after them; all three have the id for a class as well.

An edge that leads back is written the other way round with ``dir=back``, so that the layout keeps
flowing one way. The spine weighs most, and its nodes are one ``group``: that draws it straight. What
leads from live status to live status weighs more than what ends there, and the edges of a bundle
weigh nothing: they go wherever they disturb least. Terminal statuses are of one rank.

``order`` permutes the edges. It changes nothing in what is shown, but dot's search for a layout
starts from the order it reads, and ends elsewhere (:mod:`runlife_diagrams.layout`).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from attrs import frozen

from runlife import Cause
from runlife_diagrams.style import DASHES, THEMES, Palette
from runlife_diagrams.text import visible, width, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runlife_diagrams.picture import Bundle, Edge, Label, Node, Picture

__all__ = ["FROM", "TO", "Line", "lines_of", "name_lines", "to_dot"]

FROM, TO = "--from", "--to"
"""What stands behind an edge's id for the parts of its line."""

_ROOM = 1.1
"""A box is this much wider than its text in Arial: where no font like it is there, others are wider."""
_COLUMNS = {"event": 34, "guard": 29, "evidence": 40, "name": 24}
_SIZES = {"event": 11.0, "guard": 10.0, "evidence": 9.0, "name": 14.0}
_LEADING = {"event": 13.0, "guard": 12.0, "evidence": 11.0, "name": 17.0}


@frozen
class Line:
    """One printed line of a label."""

    kind: str
    """``event``, ``guard`` or ``evidence``; ``name`` in a status."""
    text: str
    label: str
    """The id of the label that it belongs to."""

    @property
    def height(self) -> float:
        """How much it takes from the line above, in points."""
        return _LEADING[self.kind]

    @property
    def width(self) -> float:
        """How wide it may become, in points."""
        bold = self.kind in {"event", "name"}
        return width(self.text, _SIZES[self.kind], bold=bold) * _ROOM


def lines_of(labels: Sequence[Label]) -> tuple[Line, ...]:
    """Return what is printed on an edge, line by line."""
    return tuple(line for label in labels for line in _lines(label))


def _lines(label: Label) -> Iterator[Line]:
    for text in wrapped(label.event, _COLUMNS["event"]):
        yield Line("event", text, label.id)
    for number, condition in enumerate(label.conditions):
        for text in wrapped(f"and {condition}" if number else condition, _COLUMNS["guard"]):
            yield Line("guard", text, label.id)
    if label.evidence is not None:
        yield Line("evidence", visible(label.evidence), label.id)


def name_lines(node: Node) -> tuple[Line, ...]:
    """Return what is printed in a status, line by line."""
    return tuple(Line("name", text, node.id) for text in wrapped(node.name, _COLUMNS["name"]))


def to_dot(picture: Picture, *, order: Sequence[int] | None = None, bare: bool = False) -> str:
    """Return the picture as DOT text.

    :param order: the order in which the edges are written, by their index; by default as they are.
    :param bare: only what a layout needs: no legend, and boxes of our size instead of text, so that
        it does not matter what Graphviz knows of fonts.
    """
    palette = THEMES[picture.theme]
    lines = [
        f"digraph {_quote(picture.name)} {{",
        (
            f"  graph [rankdir={picture.direction} nodesep=0.28 ranksep=0.34 newrank=true"
            f' bgcolor="{palette.ground}" fontname="Arial" fontsize=11 fontcolor="{palette.muted}"'
            f" tooltip={_quote(picture.title)}{'' if bare else _legend(picture, palette)}];"
        ),
        f'  node [shape=box margin=0 fontname="Arial" fontsize=14 fontcolor="{palette.ink}"];',
        '  edge [fontname="Arial" penwidth=1.3 arrowsize=0.75];',
        *(f"  {line}" for node in picture.nodes for line in _node(node, picture, palette, bare=bare)),
    ]
    lines += [
        f"  {{ rank=same; {'; '.join(_quote(id) for id in group.nodes)}; }}"
        for group in picture.groups
        if group.kind == "terminal"
    ]
    indices = range(len(picture.edges)) if order is None else order
    bundles = {bundle.id: bundle for bundle in picture.bundles}
    for index in indices:
        edge = picture.edges[index]
        if edge.bundle is not None and edge.bundle in bundles:
            lines += [f"  {line}" for line in _bundle(bundles.pop(edge.bundle), picture, palette, bare=bare)]
        lines += [f"  {line}" for line in _edge(edge, picture, palette, bare=bare)]
    return "\n".join([*lines, "}", ""])


def _node(node: Node, picture: Picture, palette: Palette, *, bare: bool) -> Iterator[str]:
    shown = picture.highlight
    visited = shown is not None and node.id in shown.visited
    current = shown is not None and node.id == shown.current
    classes = f"{node.kind}{' visited' if visited else ''}{' current' if current else ''}"
    spine = " group=spine" if node.spine else ""
    common = f'{_quote(node.id)} [id="{node.id}" class="{classes}"{spine}'
    if node.kind == "initial":
        yield (
            f'{common} shape=circle width=0.2 height=0.2 fixedsize=true label="" style=filled'
            f' color="{palette.ink}" fillcolor="{palette.ink}" tooltip="creation"];'
        )
        return
    printed = name_lines(node)
    wide = max(line.width for line in printed) + 26
    high = sum(line.height for line in printed) + 15
    fill = palette.current if current else palette.visited if visited else palette.fill
    ink = palette.on_current if current else palette.ink
    rim = " peripheries=2" if node.kind == "terminal" else ""
    yield (
        f'{common} style="rounded,filled"{rim} color="{palette.ink if visited else palette.muted}"'
        f' fillcolor="{fill}" fontcolor="{ink}" penwidth={2.2 if current else 1.3}'
        f" {_box(max(wide, 92), high, _break(printed), bare=bare)}"
        f" tooltip={_quote(visible(node.name))}];"
    )


def _box(wide: float, high: float, text: str, *, bare: bool) -> str:
    size = f"width={wide / 72:.3f} height={high / 72:.3f}"
    return f'{size} fixedsize=true label=""' if bare else f"{size} label=<{text}>"


def _words(
    labels: Sequence[Label], id: str, *, numbers: str, tooltip: str, group: str = "", bare: bool
) -> str:
    printed = lines_of(labels)
    wide = max(line.width for line in printed) + 10
    high = sum(line.height for line in printed) + 5
    text = f'<font point-size="9">{escape(numbers)} &#8594; </font>' if numbers else ""
    return (
        f'{_quote(id)} [id="{id}" class="words {id}" penwidth=0 fontsize=10{group}'
        f" {_box(wide, high, text + _break(printed), bare=bare)}"
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
    "evidence": '<font point-size="9">{}</font>',
    "name": "{}",
}


def _edge(edge: Edge, picture: Picture, palette: Palette, *, bare: bool) -> Iterator[str]:
    enter, leave = _ports(picture)
    ids = [label.id for label in edge.labels]
    look = _look(edge.cause, edge.id, ids, picture, palette)
    source, target, words = _quote(edge.source), _quote(edge.target), _quote(edge.id)
    before = f'[id="{edge.id}{FROM}" {look} arrowhead=none'
    if edge.bundle is not None:
        yield f"{source} -> {_quote(edge.bundle)} {before} weight=0];"
        return
    weight = f" weight={_weight(edge, picture)}"
    yield _words(
        edge.labels,
        edge.id,
        numbers=_numbers(ids, picture),
        tooltip="; ".join(label.says for label in edge.labels),
        group=" group=spine" if edge.spine else "",
        bare=bare,
    )
    after = f'[id="{edge.id}{TO}" {look}'
    if edge.source == edge.target:
        # Two lines without ports between the same two boxes: they part, and make a loop.
        yield f"{source} -> {words} {before}{weight}];"
        yield f"{target} -> {words} {after}{weight} dir=back];"
    elif edge.back:
        yield f"{target} -> {words}:{enter} {after}{weight} dir=back];"
        yield f"{words}:{leave} -> {source} {before}{weight}];"
    else:
        yield f"{source} -> {words}:{enter} {before}{weight}];"
        yield f"{words}:{leave} -> {target} {after}{weight}];"


def _weight(edge: Edge, picture: Picture) -> int:
    """Return how much it matters that the edge is short and straight."""
    live = {node.id for node in picture.nodes if node.kind == "live"}
    return 20 if edge.spine else 3 if {edge.source, edge.target} <= live else 1


def _bundle(bundle: Bundle, picture: Picture, palette: Palette, *, bare: bool) -> Iterator[str]:
    ids = [edge.labels[0].id for edge in picture.edges if edge.bundle == bundle.id]
    look = _look(bundle.cause, bundle.id, ids, picture, palette)
    numbers, says = _numbers(ids, picture), bundle.label.says
    yield _words([bundle.label], bundle.id, numbers=numbers, tooltip=says, bare=bare)
    _, leave = _ports(picture)
    yield f'{_quote(bundle.id)}:{leave} -> {_quote(bundle.target)} [id="{bundle.id}{TO}" {look}];'


def _ports(picture: Picture) -> tuple[str, str]:
    """Return where a line enters the words and where it leaves them."""
    return ("n", "s") if picture.direction == "TB" else ("w", "e")


def _look(cause: Cause, id: str, labels: Sequence[str], picture: Picture, palette: Palette) -> str:
    taken = " taken" if _numbers(labels, picture) else ""
    width = " penwidth=2.6" if taken else ""
    return f'class="{cause} {id}{taken}" style={DASHES[cause]} color="{palette.causes[cause]}"{width}'


def _numbers(labels: Sequence[str], picture: Picture) -> str:
    """Return the numbers of the highlighted steps that took one of these rows."""
    if picture.highlight is None:
        return ""
    taken = picture.highlight.taken
    return ", ".join(map(str, sorted(number for id in labels for number in taken.get(id, ()))))


def _legend(picture: Picture, palette: Palette) -> str:
    cells: list[str] = []
    causes = {cause.value: cause for cause in Cause}
    for entry in picture.legend:
        if entry.kind in causes:
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
