"""What is to be drawn, as data: the one form between a lifecycle and every format.

Theory of operation
-------------------
:func:`runlife_diagrams.compose.picture_of` reads the table and decides *what is shown and in which order*;
the formats decide only *how it looks*. So no format can forget a row, and a new format needs nothing but
this.

* A **node** is a status, or the dot before the creation.
* An **edge** is an arrow: all rows of one source, one target and one cause (and one deadline), a
  **label** each. A label's id is made of source, event and target; the edge has that of its first.
* A **bundle** ties edges together that say the same: a deadline that ends every live status would
  else be written once a status. The edges keep their ids; the words stand once, where they meet.
  In a simple picture, all that one cause ends in one way is tied.
* The **spine** is the shortest way from the creation to the first terminal status: what a reader
  expects to be a straight line. An edge that leads **back** on a walk through the table is marked,
  so that a layout can keep the walk flowing one way.
* An **overlay** lies over all this, by ids (:mod:`runlife_diagrams.overlay`). It changes nothing else in the
  picture, for one picture that is laid out once is shown with many of them.

Everything is in the order of the table and of the enumeration; nothing depends on hashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import frozen

from runlife import Cause
from runlife_diagrams.errors import PictureError
from runlife_diagrams.overlay import LegendEntry, Overlay

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Bundle",
    "Detail",
    "Direction",
    "Edge",
    "Group",
    "Kind",
    "Label",
    "Node",
    "Picture",
    "Theme",
    "one_of",
]

Direction = Literal["TB", "LR"]
"""Which way a picture flows: from top to bottom, or from left to right."""

Theme = Literal["light", "dark"]
"""What a picture is meant to lie on."""

Detail = Literal["full", "simple"]
"""How much is drawn: every row with its conditions, or what one has to see first."""

Kind = Literal["initial", "live", "terminal"]
"""What a node is: the dot before the creation, or a kind of status."""


@frozen
class Node:
    """A status, or the dot before the creation."""

    id: str
    name: str
    """The status word; empty for the dot."""
    kind: Kind
    spine: bool = False


@frozen
class Label:
    """The words of one row."""

    id: str
    event: str
    conditions: tuple[str, ...]
    """Guards in English, all of which must hold, and a deadline that must be due."""
    notes: tuple[str, ...]
    """What else is written under the event: the policy that switches the row, what another lifecycle has."""
    evidence: str | None
    off: bool
    """Whether the policy switches the row off, and it is drawn nevertheless."""
    says: str
    """The whole row in one line: for a tooltip, and for whoever cannot see the picture."""


@frozen
class Edge:
    """An arrow: the rows of one source, target and cause."""

    id: str
    source: str
    target: str
    cause: Cause
    labels: tuple[Label, ...]
    bundle: str | None = None
    back: bool = False
    spine: bool = False


@frozen
class Bundle:
    """Where several edges meet to enter one target, with the words that they have in common."""

    id: str
    target: str
    cause: Cause
    labels: tuple[Label, ...]


@frozen
class Group:
    """The nodes of one kind."""

    id: str
    kind: Kind
    nodes: tuple[str, ...]
    says: str
    """What the kind means."""


@frozen
class Picture:
    """A lifecycle, ready to be drawn."""

    name: str
    title: str
    description: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    bundles: tuple[Bundle, ...]
    groups: tuple[Group, ...]
    legend: tuple[LegendEntry, ...]
    direction: Direction = "TB"
    theme: Theme = "light"
    overlay: Overlay | None = None


def one_of(what: str, given: str, known: Iterable[str]) -> None:
    """Refuse a word that is not one of those known.

    :raises PictureError: saying which there are.
    """
    words = tuple(known)
    if given not in words:
        raise PictureError(f"unknown {what} {given!r}; there are: {', '.join(words)}")
