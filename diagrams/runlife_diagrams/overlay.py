"""What lies over a picture, as data: one form for whatever is shown on it, and one way to draw it.

Theory of operation
-------------------
A path, the journal of a run, how often rows were taken, what was believed of a run, the difference to
another lifecycle: each becomes an :class:`Overlay` (:mod:`runlife_diagrams.overlays` makes them). It says by
ids which parts of the picture are marked and how: the **classes** of a mark decide how it looks
(:mod:`runlife_diagrams.style` knows them, for every format), its **badge** is what is printed beside the
part, so that nothing is told by colour alone, and its words are for a tooltip and for whoever cannot see.

An overlay changes nothing in what it lies on. A picture is laid out once, and shown with many of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen

from runlife import Transition

__all__ = ["Ground", "LegendEntry", "Mark", "Overlay", "Step"]

_TOLD = 20
"""Steps that are told in words, from the start and from the end."""


@frozen
class LegendEntry:
    """One line of the legend: what a kind of node or of edge means, or a mark."""

    kind: str
    """A cause, the kind of a node, or the class of a mark."""
    says: str
    badge: str | None = None
    """For a mark of an overlay: an example of what its badge says, or nothing if it has none; else None."""


@frozen
class Mark:
    """What an overlay says of one part of the picture."""

    classes: tuple[str, ...] = ()
    badge: str = ""
    """What is printed beside the part, in a few characters; empty for nothing."""
    says: str = ""
    """The same in words; empty where the badge says all."""


@frozen
class Step:
    """One row taken, of a way through the picture."""

    row: str
    """The id of its label."""
    source: str
    target: str
    """The ids of the nodes that it leads from and to."""
    says: str
    at: float | None = None
    """Seconds since the first record, of a journal."""


@frozen
class Overlay:
    """Marks on the parts of a picture, by their ids."""

    kind: Literal["traced", "heated", "judged", "compared"]
    """The class of the whole figure while the overlay lies on it."""
    says: tuple[str, ...]
    """What there is to say besides the steps, a sentence each."""
    nodes: Mapping[str, Mark] = field(factory=dict[str, Mark])
    rows: Mapping[str, Mark] = field(factory=dict[str, Mark])
    """By the id of a label: what holds for one row."""
    edges: Mapping[str, Mark] = field(factory=dict[str, Mark])
    """By the id of an edge or a bundle: what holds for all the rows that it stands for, as one."""
    legend: tuple[LegendEntry, ...] = ()
    steps: tuple[Step, ...] = ()
    """The way, in order, of a path or a journal."""
    current: str | None = None
    """The node that the way ends in."""

    @property
    def words(self) -> str:
        """All of it, for whoever cannot see the picture; of a long way, the start and the end."""
        steps = [step.says for step in self.steps]
        if len(steps) > 2 * _TOLD:
            steps[_TOLD:-_TOLD] = [f"{len(steps) - 2 * _TOLD:,} more steps"]
        return f"{'; '.join((*steps, *self.says))}."


@frozen
class Ground:
    """What an overlay is to lie on: the ids that a picture gave to a lifecycle's parts."""

    nodes: Mapping[str | None, str]
    """By status; None is the moment before the creation."""
    rows: tuple[tuple[Transition[Any], str], ...]
    """Each row that is drawn, with the id of its label."""
    bearers: Mapping[str, tuple[str, ...]]
    """By the id of an edge or a bundle: the labels of the rows that it stands for."""

    def label(self, row: Transition[Any]) -> str:
        """Return the id of the label of a row, which must be one that is drawn."""
        return next(id for drawn, id in self.rows if drawn is row)
