"""A picture as a PlantUML state diagram, for the wikis and design documents that draw it themselves.

The cause of a row is the colour and the line of its arrow, as in the SVG, with a legend; its guards
stand under its event. What lies over the picture is written in brackets, before the event or after the
status; arrows that it marks are thicker, and statuses coloured.

PlantUML reads its text three times: for the preprocessor (``!``, ``%``, ``$``), for statements, and for
markup (Creole, a little HTML). What is not a letter of ASCII, a digit or plain punctuation is written as
an entity (``&#42;``), which it turns back into the character after all three, so no word can end a
label, start a directive, or be taken for markup, and no character set spoils it. A status is referred
to by its word behind ``s_`` (PlantUML has words of its own, such as ``remove``), or by a number (``S3``)
where it is no plain word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runlife import Cause
from runlife_diagrams.style import DASHES, THEMES, line_width, node_look
from runlife_diagrams.text import visible, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_diagrams.overlay import LegendEntry
    from runlife_diagrams.picture import Edge, Label, Node, Picture
    from runlife_diagrams.style import Palette

__all__ = ["to_plantuml"]

_COLUMNS = 32
_SPECIAL = re.compile(r"[^A-Za-z0-9_ ,.()/-]|(?<![^\W_])[_./-]|[_./-](?![^\W_])|(?<!\S) | (?!\S)")
"""A mark within a word, and one space between two, are plain; elsewhere Creole may read something."""
_SIGNS = {"initial": "\N{BLACK CIRCLE}", "live": "\N{WHITE SQUARE}", "terminal": "\N{WHITE SQUARE} in bold:"}
_FILLED = "\N{BLACK SQUARE}"
_LINES = {
    Cause.CLIENT: "\u2501\u2501\u2501",
    Cause.SERVER: "\u2501 \u2501",
    Cause.TIMER: "\u00b7\u00b7\u00b7\u00b7",
}


def to_plantuml(picture: Picture) -> str:
    """Return the picture as PlantUML text."""
    palette = THEMES[picture.theme]
    names = {node.id: _name(node, index) for index, node in enumerate(picture.nodes)}
    lines = [
        "@startuml",
        f"title {_escape(picture.title)}",
        "hide empty description",
        *(["left to right direction"] if picture.direction == "LR" else []),
        *_skin(palette),
        *(
            f'state "{_escape(_title(node, picture))}" as {names[node.id]} {_look(node, picture)}'
            for node in picture.nodes
            if node.kind != "initial"
        ),
        *(
            f"{names[edge.source]} {_arrow(edge, picture, palette)} {names[edge.target]} : "
            f"{_words(edge, picture)}"
            for edge in picture.edges
        ),
        *(f"{names[node.id]} --> [*]" for node in picture.nodes if node.kind == "terminal"),
        "legend right",
        *(f"{_sign(entry, picture, palette)} {entry.says}" for entry in _entries(picture)),
        "endlegend",
        "@enduml",
    ]
    return "\n".join([*lines, ""])


def _name(node: Node, index: int) -> str:
    if node.kind == "initial":
        return "[*]"
    return f"s_{node.name}" if re.fullmatch(r"[a-z][a-z0-9_]*", node.name) else f"S{index}"


def _entries(picture: Picture) -> tuple[LegendEntry, ...]:
    return picture.legend + (picture.overlay.legend if picture.overlay is not None else ())


def _sign(entry: LegendEntry, picture: Picture, palette: Palette) -> str:
    """Return what a kind of node, an edge or a mark looks like, for the legend."""
    if entry.badge:
        return f"<b>{_escape(f'[{entry.badge}]')}</b>"
    if entry.badge is not None:
        fill = node_look("live", [entry.kind], picture.theme).fill
        return f"<color:{fill}>{_escape(_FILLED)}</color>"
    if entry.kind in _SIGNS:
        return _escape(_SIGNS[entry.kind])
    cause = Cause(entry.kind)
    return f"<color:{palette.causes[cause]}>{_escape(_LINES[cause])}</color>"


def _skin(palette: Palette) -> Iterator[str]:
    for what, colour in (
        ("backgroundColor", palette.ground),
        ("titleFontColor", palette.ink),
        ("arrowFontColor", palette.ink),
        ("arrowColor", palette.muted),
        ("legendBackgroundColor", palette.ground),
        ("legendBorderColor", palette.muted),
        ("legendFontColor", palette.ink),
    ):
        yield f"skinparam {what} {colour}"
    yield from ("<style>", "stateDiagram {")  # no skinparam reaches these two
    for what in ("start", "end"):
        yield from (f"{what} {{", f"BackgroundColor {palette.ink}", f"LineColor {palette.ink}", "}")
    yield from ("}", "</style>")


def _title(node: Node, picture: Picture) -> str:
    """Return what stands in the box of a status."""
    mark = picture.overlay.nodes.get(node.id) if picture.overlay is not None else None
    return visible(node.name) + (f" [{mark.badge}]" if mark and mark.badge else "")


def _look(node: Node, picture: Picture) -> str:
    mark = picture.overlay.nodes.get(node.id) if picture.overlay is not None else None
    look = node_look(node.kind, mark.classes if mark else (), picture.theme)
    line = ";line.dashed" if look.dash else ";line.bold" if node.kind == "terminal" else ""
    return f"{look.fill};line:{look.line[1:]}{line};text:{look.text[1:]}"


def _arrow(edge: Edge, picture: Picture, palette: Palette) -> str:
    style = palette.causes[edge.cause]
    if DASHES[edge.cause] != "solid":
        style += f",{DASHES[edge.cause]}"
    mark = picture.overlay.edges.get(edge.id) if picture.overlay is not None else None
    thickness = round(line_width(mark.classes if mark else ()))
    return f"-[{style}{f',thickness={thickness}' if thickness > 1 else ''}]->"


def _words(edge: Edge, picture: Picture) -> str:
    return r"\n".join(line for label in edge.labels for line in _lines(label, picture))


def _lines(label: Label, picture: Picture) -> Iterator[str]:
    mark = picture.overlay.rows.get(label.id) if picture.overlay is not None else None
    badge = _escape(f"[{mark.badge}]") + " " if mark is not None and mark.badge else ""
    yield f"{badge}<b>{_escape(visible(label.event))}</b>"
    if label.evidence is not None:
        yield f"({_escape(label.evidence)})"
    for index, condition in enumerate(label.conditions):
        lines = wrapped(f"and {condition}" if index else condition, _COLUMNS)
        yield from (f"<i>{_escape(line)}</i>" for line in lines)
    for note in label.notes:
        yield from map(_escape, wrapped(note, _COLUMNS))


def _escape(text: str) -> str:
    # PlantUML writes the end of a CDATA section into its SVG as it is, which is no XML then.
    apart = text.replace("]]>", "]]\N{ZERO WIDTH SPACE}>")
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", apart)
