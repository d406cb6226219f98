"""A picture as Mermaid text (``stateDiagram-v2``), for READMEs and wikis that draw it themselves.

Mermaid's state diagrams colour states but not arrows, so here the cause of a row is written under
its event. Of a highlighted path, the steps are numbered on their arrows and the statuses coloured.

Mermaid has no quoting. What is not a letter, a digit, white space or plain punctuation is written
as an entity (``#35;``), which Mermaid turns back into the character; no line of a label can thus end
its statement, start a comment, or be taken for markup. A status is referred to by its word where
that is lower case and Mermaid has no other use for it, else by a number (``S3``), with the word as its
description.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runlife_diagrams.style import THEMES
from runlife_diagrams.text import visible, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_diagrams.picture import Edge, Label, Node, Picture

__all__ = ["to_mermaid"]

_COLUMNS = 32
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
        f"  accDescr: {_escape(picture.description)}",
        f"  direction {picture.direction}",
        *(
            f'  state "{_escape(visible(node.name))}" as {names[node.id]}'
            for node in picture.nodes
            if node.kind != "initial" and names[node.id] != node.name
        ),
        *(
            f"  {names[edge.source]} --> {names[edge.target]}: {_words(edge, picture)}"
            for edge in picture.edges
        ),
        *(f"  {names[node.id]} --> [*]" for node in picture.nodes if node.kind == "terminal"),
        *(f"  {line}" for line in _classes(picture, names)),
    ]
    return "\n".join([*lines, ""])


def _name(node: Node, index: int) -> str:
    if node.kind == "initial":
        return "[*]"
    plain = re.fullmatch(r"[a-z][a-z0-9_]*", node.name) and node.name not in _TAKEN
    return node.name if plain else f"S{index}"


def _words(edge: Edge, picture: Picture) -> str:
    return "<br/>".join(line for label in edge.labels for line in _lines(label, edge, picture))


def _lines(label: Label, edge: Edge, picture: Picture) -> Iterator[str]:
    steps = picture.highlight.taken.get(label.id, ()) if picture.highlight is not None else ()
    number = f"{', '.join(map(str, steps))} → " if steps else ""
    evidence = f", {label.evidence}" if label.evidence is not None else ""
    often = f" \N{MULTIPLICATION SIGN}{picture.heat[label.id]:,}" if picture.heat is not None else ""
    yield f"{number}{_escape(visible(label.event))}{_escape(often)}"
    yield f"({edge.cause}{evidence})"
    for index, condition in enumerate(label.conditions):
        yield from map(_escape, wrapped(f"and {condition}" if index else condition, _COLUMNS))


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)


def _classes(picture: Picture, names: dict[str, str]) -> Iterator[str]:
    palette = THEMES[picture.theme]
    looks = {
        "live": f"fill:{palette.fill},stroke:{palette.muted},color:{palette.ink}",
        "terminal": f"fill:{palette.fill},stroke:{palette.ink},stroke-width:3px,color:{palette.ink}",
        "visited": f"fill:{palette.visited},stroke:{palette.ink},stroke-width:2px,color:{palette.ink}",
        "current": f"fill:{palette.current},stroke:{palette.ink},stroke-width:4px,color:{palette.on_current}",
    }
    members: dict[str, list[str]] = {}
    for node in picture.nodes:
        if node.kind == "initial":
            continue
        members.setdefault(_class(node, picture), []).append(names[node.id])
    for kind, look in looks.items():
        if kind in members:
            yield f"classDef {kind} {look}"
            yield f"class {', '.join(members[kind])} {kind}"


def _class(node: Node, picture: Picture) -> str:
    shown = picture.highlight
    if shown is not None and node.id in shown.visited:
        return "current" if node.id == shown.current else "visited"
    return node.kind
