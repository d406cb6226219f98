"""What a layout needs to know of a picture, as DOT: sizes and connections, and nothing that is seen.

No colours, no words, no theme, no overlay: two pictures that differ only in those have one draft, and so
one layout (:mod:`runlife_diagrams.layout` remembers it by this text). Boxes have the size that we measured
for what will be written in them, so that it does not matter what Graphviz knows of fonts.

How the picture is put to Graphviz is told by :mod:`runlife_diagrams.wiring`: the words of an edge are a
node of their own, which the edge runs through.

The order of the edges changes nothing in what is shown, but dot's search for a layout starts from the
order it reads, and ends elsewhere. So the lines are made once, and put together in many orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from runlife_diagrams.wiring import (
    SPINE,
    link_of,
    links_of,
    live_of,
    ports_of,
    ranks_of,
    status_size,
    words_size,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runlife_diagrams.picture import Bundle, Edge, Label, Node, Picture

__all__ = ["Draft", "draft"]

_POINTS = 72
"""Points an inch, which is what Graphviz measures boxes in."""


@frozen
class Draft:
    """The lines of a DOT text, the edges by themselves, in the order of the picture."""

    head: str
    edges: tuple[tuple[str | None, str], ...]
    """Of each edge the bundle that it is tied into, and its lines."""
    bundles: Mapping[str, str]

    def text(self, order: Sequence[int] | None = None) -> str:
        """Return the DOT text.

        :param order: the edges by their index; by default as they are.
        """
        parts, untied = [self.head], dict(self.bundles)
        for index in range(len(self.edges)) if order is None else order:
            bundle, lines = self.edges[index]
            if bundle is not None and bundle in untied:
                parts.append(untied.pop(bundle))
            parts.append(lines)
        return "\n".join([*parts, "}", ""])


def draft(picture: Picture) -> Draft:
    """Return the draft of a picture."""
    live, ports = live_of(picture), ports_of(picture)
    head = [
        "digraph {",
        f"graph [rankdir={picture.direction} nodesep=0.28 ranksep=0.34 newrank=true];",
        'node [shape=box margin=0 fixedsize=true penwidth=1.3 label=""];',
        "edge [penwidth=1.3 arrowsize=0.75];",
        *map(_node, picture.nodes),
        *(f"{{ rank=same; {'; '.join(map(_quote, ids))}; }}" for ids in ranks_of(picture)),
    ]
    return Draft(
        "\n".join(head),
        tuple((edge.bundle, "\n".join(_edge(edge, live, ports))) for edge in picture.edges),
        {bundle.id: "\n".join(_bundle(bundle, ports)) for bundle in picture.bundles},
    )


def _node(node: Node) -> str:
    spine = f" {SPINE}" if node.spine else ""
    if node.kind == "initial":
        return f"{_quote(node.id)} [id={_quote(node.id)}{spine} shape=circle width=0.2 height=0.2];"
    rim = " peripheries=2" if node.kind == "terminal" else ""
    return f"{_quote(node.id)} [id={_quote(node.id)}{spine}{rim} {_size(*status_size(node))}];"


def _words(id: str, labels: Sequence[Label], more: str = "") -> str:
    return f"{_quote(id)} [id={_quote(id)} penwidth=0{more} {_size(*words_size(labels))}];"


def _size(wide: float, high: float) -> str:
    return f"width={wide / _POINTS:.3f} height={high / _POINTS:.3f}"


def _edge(edge: Edge, live: frozenset[str], ports: tuple[str, str]) -> Iterator[str]:
    if edge.bundle is None:
        yield _words(edge.id, edge.labels, f" {SPINE}" if edge.spine else "")
    yield from (link.written(edge.id) for link in links_of(edge, live, ports))


def _bundle(bundle: Bundle, ports: tuple[str, str]) -> Iterator[str]:
    yield _words(bundle.id, bundle.labels)
    yield link_of(bundle, ports).written(bundle.id)


def _quote(id: str) -> str:
    # Letters, digits, _ and - only: see runlife_diagrams.text.Ids.
    return f'"{id}"'
