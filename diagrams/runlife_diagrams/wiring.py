"""How a picture is put to Graphviz: what is printed where, how large that is, and how it is connected.

Theory of operation
-------------------
Graphviz is free to put an edge's label beside its line, and other lines across the label. So here
the words of an edge are a *node* without an outline, and the edge runs through it: source, words,
target. Then what Graphviz guarantees for nodes holds for the words: no two overlap, no line crosses
them, and each stands on its own line, where nobody has to guess which line it belongs to. (The one
price: an edge is two parts, tied together by their ids.)

An edge that leads back is written the other way round with ``dir=back``, so that the layout keeps
flowing one way. The spine weighs most, and its nodes are one ``group``: that draws it straight. What
leads from live status to live status weighs more than what ends there, and the edges of a bundle
weigh nothing: they go wherever they disturb least. Terminal statuses are of one rank.

Two texts are written from this: :mod:`runlife_diagrams.draft`, which only a layout reads, and
:mod:`runlife_diagrams.formats.dot`, which people do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from attrs import frozen

from runlife_diagrams.text import visible, width, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runlife_diagrams.picture import Bundle, Edge, Label, Node, Picture

__all__ = [
    "FROM",
    "SPINE",
    "TO",
    "Line",
    "Link",
    "lines_of",
    "link_of",
    "links_of",
    "live_of",
    "name_lines",
    "ports_of",
    "ranks_of",
    "status_size",
    "words_size",
]

FROM, TO = "--from", "--to"
"""What stands behind an edge's id for the parts of its line."""

_ROOM = 1.1
"""A box is this much wider than its text in Arial: where no font like it is there, others are wider."""
_COLUMNS = {"event": 34, "guard": 29, "note": 36, "evidence": 40, "name": 24}
_SIZES = {"event": 11.0, "guard": 10.0, "note": 9.0, "evidence": 9.0, "name": 14.0}
_LEADING = {"event": 13.0, "guard": 12.0, "note": 11.0, "evidence": 11.0, "name": 17.0}


@frozen
class Line:
    """One printed line of a label."""

    kind: str
    """``event``, ``guard``, ``note`` or ``evidence``; ``name`` in a status."""
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
    for note in label.notes:
        for text in wrapped(note, _COLUMNS["note"]):
            yield Line("note", text, label.id)
    if label.evidence is not None:
        yield Line("evidence", visible(label.evidence), label.id)


def name_lines(node: Node) -> tuple[Line, ...]:
    """Return what is printed in a status, line by line."""
    return tuple(Line("name", text, node.id) for text in wrapped(node.name, _COLUMNS["name"]))


SPINE = "group=spine"
"""What is said of the nodes of the spine."""

Size = tuple[float, float]
"""A width and a height, in points."""

_NARROWEST = 92.0
"""Points: a status of a short name is this wide all the same."""


def status_size(node: Node) -> Size:
    """Return how large the box of a status is."""
    printed = name_lines(node)
    wide = max(_NARROWEST, *(line.width + 26 for line in printed))
    return wide, sum(line.height for line in printed) + 15


def words_size(labels: Sequence[Label]) -> Size:
    """Return how much room the words of an edge take."""
    printed = lines_of(labels)
    return max(line.width for line in printed) + 10, sum(line.height for line in printed) + 5


def ports_of(picture: Picture) -> tuple[str, str]:
    """Return where a line enters the words and where it leaves them."""
    return ("n", "s") if picture.direction == "TB" else ("w", "e")


def live_of(picture: Picture) -> frozenset[str]:
    """Return the ids of the live statuses."""
    return frozenset(node.id for node in picture.nodes if node.kind == "live")


def ranks_of(picture: Picture) -> Iterator[tuple[str, ...]]:
    """Yield the ids of nodes that are of one rank."""
    yield from (group.nodes for group in picture.groups if group.kind == "terminal")


class Link(NamedTuple):
    """One part of an edge: from one node to another, with what Graphviz is told of it besides its look."""

    tail: str
    """The id of a node."""
    head: str
    part: str
    """:data:`FROM` or :data:`TO`."""
    weight: int
    tail_port: str = ""
    head_port: str = ""
    back: bool = False
    """Whether it is written the other way round."""

    def written(self, id: str, look: str = "") -> str:
        """Return it as a statement of DOT.

        :param id: of the edge, as :class:`~runlife_diagrams.text.Ids` makes them.
        :param look: further attributes.
        """
        tail = f'"{self.tail}"' + (f":{self.tail_port}" if self.tail_port else "")
        head = f'"{self.head}"' + (f":{self.head_port}" if self.head_port else "")
        arrow = " arrowhead=none" if self.part == FROM else ""
        back = " dir=back" if self.back else ""
        return f'{tail} -> {head} [id="{id}{self.part}"{look}{arrow} weight={self.weight}{back}];'


def link_of(bundle: Bundle, ports: tuple[str, str]) -> Link:
    """Return the part that leads from where the edges of a bundle meet to its target."""
    return Link(bundle.id, bundle.target, TO, 1, tail_port=ports[1])


def links_of(edge: Edge, live: frozenset[str], ports: tuple[str, str]) -> tuple[Link, ...]:
    """Return the parts of an edge, in the order in which they are written."""
    if edge.bundle is not None:
        return (Link(edge.source, edge.bundle, FROM, 0),)
    # How much it matters that the edge is short and straight.
    weight = 20 if edge.spine else 3 if {edge.source, edge.target} <= live else 1
    enter, leave = ports
    if edge.source == edge.target:
        # Two lines without ports between the same two boxes: they part, and make a loop.
        return (
            Link(edge.source, edge.id, FROM, weight),
            Link(edge.target, edge.id, TO, weight, back=True),
        )
    if edge.back:
        return (
            Link(edge.target, edge.id, TO, weight, head_port=enter, back=True),
            Link(edge.id, edge.source, FROM, weight, tail_port=leave),
        )
    return (
        Link(edge.source, edge.id, FROM, weight, head_port=enter),
        Link(edge.id, edge.target, TO, weight, tail_port=leave),
    )
