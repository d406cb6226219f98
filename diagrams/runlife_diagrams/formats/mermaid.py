"""A picture as Mermaid text (``stateDiagram-v2``), for READMEs and wikis that draw it themselves.

Mermaid's state diagrams colour states but not arrows, so here the cause of a row is written under
its event. What lies over the picture is written in brackets, before the event or after the status, and the
statuses are coloured.

Mermaid has no quoting. What is not a letter, a digit, white space or plain punctuation is written
as an entity (``#35;``), which Mermaid turns back into the character; no line of a label can thus end
its statement, start a comment, or be taken for markup. A status is referred to by its word where
that is lower case and Mermaid has no other use for it, else by a number (``S3``), with the word as its
description.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runlife_diagrams.style import node_look
from runlife_diagrams.text import visible, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_diagrams.overlay import Mark
    from runlife_diagrams.picture import Edge, Label, Node, Picture

__all__ = ["to_mermaid"]

_COLUMNS = 32
_RIM = 3.0
"""How thick the outline of a terminal status is, in pixels."""
_TAKEN = frozenset(
    ("accdescr", "acctitle", "as", "class", "classdef", "click", "constructor", "default", "direction")
) | {"end", "hide", "href", "note", "root", "scale", "state", "statediagram", "style"}
"""Words that cannot name a state: Mermaid's own, and what it or JavaScript already has in its objects."""
_SPECIAL = re.compile(r"[^\w ,.()'/+-]|(?<![^\W_])_|_(?![^\W_])")
"""An underscore is plain within a word; before or after one, Mermaid reads emphasis."""


def to_mermaid(picture: Picture) -> str:
    """Return the picture as Mermaid text."""
    names = {node.id: _name(node, index) for index, node in enumerate(picture.nodes)}
    lines = [
        "stateDiagram-v2",
        f"  accTitle: {_escape(picture.title)}",
        f"  accDescr: {_escape(_description(picture))}",
        f"  direction {picture.direction}",
        *(
            f'  state "{_escape(_title(node, picture))}" as {names[node.id]}'
            for node in picture.nodes
            if node.kind != "initial" and names[node.id] != _title(node, picture)
        ),
        *(
            f"  {names[edge.source]} --> {names[edge.target]}: {_words(edge, picture)}"
            for edge in picture.edges
        ),
        *(f"  {names[node.id]} --> [*]" for node in picture.nodes if node.kind == "terminal"),
        *(f"  {line}" for line in _classes(picture, names)),
    ]
    return "\n".join([*lines, ""])


def _description(picture: Picture) -> str:
    said = "" if picture.overlay is None else f" {picture.overlay.words}"
    return picture.description + said


def _name(node: Node, index: int) -> str:
    if node.kind == "initial":
        return "[*]"
    plain = re.fullmatch(r"[a-z][a-z0-9_]*", node.name) and node.name not in _TAKEN
    return node.name if plain else f"S{index}"


def _words(edge: Edge, picture: Picture) -> str:
    return "<br/>".join(line for label in edge.labels for line in _lines(label, edge, picture))


def _lines(label: Label, edge: Edge, picture: Picture) -> Iterator[str]:
    mark = picture.overlay.rows.get(label.id) if picture.overlay is not None else None
    badge = f"[{mark.badge}] " if mark is not None and mark.badge else ""
    evidence = f", {label.evidence}" if label.evidence is not None else ""
    yield f"{_escape(badge)}{_escape(visible(label.event))}"
    yield f"({edge.cause}{evidence})"
    for index, condition in enumerate(label.conditions):
        yield from map(_escape, wrapped(f"and {condition}" if index else condition, _COLUMNS))
    for note in label.notes:
        yield from map(_escape, wrapped(note, _COLUMNS))


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)


def _classes(picture: Picture, names: dict[str, str]) -> Iterator[str]:
    members: dict[tuple[str, ...], list[str]] = {}
    for node in picture.nodes:
        if node.kind != "initial":
            mark = _mark(node, picture)
            members.setdefault((node.kind, *(mark.classes if mark else ())), []).append(names[node.id])
    for classes, found in members.items():
        kind, *marks = classes
        look, name = node_look(kind, marks, picture.theme), "_".join(classes)
        thick = max(look.width, _RIM) if kind == "terminal" else look.width
        dash = f",stroke-dasharray:{look.dash}" if look.dash else ""
        bold = ",font-weight:bold" if look.bold else ""
        yield (
            f"classDef {name} fill:{look.fill},stroke:{look.line},stroke-width:{thick}px,color:{look.text}"
            f"{dash}{bold}"
        )
        yield f"class {', '.join(found)} {name}"


def _mark(node: Node, picture: Picture) -> Mark | None:
    return picture.overlay.nodes.get(node.id) if picture.overlay is not None else None


def _title(node: Node, picture: Picture) -> str:
    """Return what stands in the box of a status."""
    mark = _mark(node, picture)
    return visible(node.name) + (f" [{mark.badge}]" if mark and mark.badge else "")
