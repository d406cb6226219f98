"""What is to be drawn, as data: the one form between a lifecycle and every format.

Theory of operation
-------------------
:func:`picture_of` reads the table and decides *what is shown and in which order*; the formats decide
only *how it looks*. So no format can forget a row, and a new format needs nothing but this.

* A **node** is a status, or the dot before the creation.
* An **edge** is an arrow: all rows of one source, one target and one cause (and one deadline), a
  **label** each. A label's id is made of source, event and target; the edge has that of its first.
* A **bundle** ties edges together that say the same: a deadline that ends every live status would
  else be written once a status. The edges keep their ids; the words stand once, where they meet.
* The **spine** is the shortest way from the creation to the first terminal status: what a reader
  expects to be a straight line. An edge that leads **back** on a walk through the table is marked,
  so that a layout can keep the walk flowing one way.
* A **highlight** is a path through all this, by ids; a **heat** says how often each row was taken. Both are
  beside the picture and not in it, for one picture that is laid out once is shown with many of them
  (:mod:`runlife_diagrams.highlight`).

Everything is in the order of the table and of the enumeration; nothing depends on hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

from attrs import evolve, field, frozen

from runlife import Cause, Lifecycle, Transition
from runlife_diagrams.errors import PictureError
from runlife_diagrams.route import Path, follow, statuses_of
from runlife_diagrams.text import Ids, visible

if TYPE_CHECKING:
    from enum import StrEnum

__all__ = [
    "Bundle",
    "Counts",
    "Direction",
    "Edge",
    "Group",
    "Heat",
    "Highlight",
    "Kind",
    "Label",
    "LegendEntry",
    "Node",
    "Picture",
    "Theme",
    "one_of",
    "picture_of",
]

Direction = Literal["TB", "LR"]
"""Which way a picture flows: from top to bottom, or from left to right."""

Theme = Literal["light", "dark"]
"""What a picture is meant to lie on."""

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
    evidence: str | None
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
    label: Label


@frozen
class Group:
    """The nodes of one kind."""

    id: str
    kind: Kind
    nodes: tuple[str, ...]


@frozen
class LegendEntry:
    """One line of the legend: what a kind of node or of edge means."""

    kind: str
    """A cause, or the kind of a node."""
    says: str


@frozen
class Highlight:
    """A path, by ids."""

    visited: tuple[str, ...]
    """The nodes, each once, in the order of the first visit."""
    taken: Mapping[str, tuple[int, ...]]
    """By label id: the numbers of the steps that took the row, counted from 1."""
    current: str
    """The node that the path ends in."""
    says: tuple[str, ...]
    """The steps in words."""


Heat = Mapping[str, int]
"""How often each row was taken, by the id of its label."""

Counts = Mapping[Transition[Any] | str, int]
"""How often rows were taken, by the row or by its name, such as ``queued -start-> in_progress``."""


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
    highlight: Highlight | None = field(default=None)
    heat: Heat | None = field(default=None)


_CAUSES = {
    Cause.CLIENT: "by the client",
    Cause.SERVER: "by the server",
    Cause.TIMER: "by time",
}
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("initial", "creation"),
    ("live", "live"),
    ("terminal", "terminal"),
)


def one_of(what: str, given: str, known: Iterable[str]) -> None:
    """Refuse a word that is not one of those known.

    :raises PictureError: saying which there are.
    """
    words = tuple(known)
    if given not in words:
        raise PictureError(f"unknown {what} {given!r}; there are: {', '.join(words)}")


def picture_of(
    lifecycle: Lifecycle[Any],
    *,
    path: Path | None = None,
    heat: Counts | None = None,
    direction: Direction = "TB",
    theme: Theme = "light",
    guards: bool = True,
    evidence: bool = False,
) -> Picture:
    """Return the picture of a lifecycle, as its policy has it.

    :param path: a path to highlight: statuses, transitions or records.
    :param heat: how often rows were taken; those that are not named never were.
    :param guards: whether the conditions of a row are written under its event.
    :param evidence: whether it is written how we know the row.
    :raises PathError: when the table has no such path.
    :raises PictureError: when there is no such direction or theme, or a count is of no row.
    """
    one_of("direction", direction, get_args(Direction))
    one_of("theme", theme, get_args(Theme))
    ids, rows = Ids(), lifecycle.transitions
    statuses = statuses_of(lifecycle)
    nodes: dict[StrEnum | None, str] = {status: ids.new("node", status) for status in statuses}
    nodes[None] = ids.new("node", "initial")
    spine, back = _spine(lifecycle), _back(lifecycle)
    labels = [(row, _label(row, ids, guards=guards, evidence=evidence)) for row in rows]
    edges, bundles = _bundled(_edges(labels, nodes, spine, back), labels, ids)
    drawn = (
        Node(nodes[None], "", "initial", spine=True),
        *(
            Node(
                nodes[status],
                status.value,
                "terminal" if status in lifecycle.terminal else "live",
                spine=status in spine,
            )
            for status in statuses
        ),
    )
    ends = tuple(node.name for node in drawn if node.kind == "terminal")
    return Picture(
        name=lifecycle.name,
        title=visible(f"Lifecycle of {lifecycle.name}"),
        description=visible(
            f"A state diagram of {len(statuses)} statuses and {len(rows)} transitions, "
            f"which ends in {', '.join(ends)}."
        ),
        nodes=drawn,
        edges=edges,
        bundles=bundles,
        groups=tuple(
            Group(ids.new("group", kind), kind, tuple(node.id for node in drawn if node.kind == kind))
            for kind, _ in _KINDS
        ),
        legend=tuple(_legend(drawn, edges)),
        direction=direction,
        theme=theme,
        highlight=None if path is None else _highlight(lifecycle, path, nodes, labels),
        heat=None if heat is None else _heat(heat, labels),
    )


Labels = list[tuple[Transition[Any], Label]]


def _label(row: Transition[Any], ids: Ids, *, guards: bool, evidence: bool) -> Label:
    conditions: tuple[str, ...]
    if row.deadline is not None:
        conditions = (f"{row.deadline} is due",)
    elif row.guard is not None:
        conditions = tuple(part.says for part in row.guard.parts or (row.guard,))
    else:
        conditions = ()
    only = f", if {row.given.option} is {row.given.value}" if row.given is not None else ""
    when = f" when {', and '.join(conditions)}" if conditions else ""
    return Label(
        id=ids.new("edge", "initial" if row.source is None else row.source, row.event, row.target),
        event=row.event,
        conditions=conditions if guards else (),
        evidence=row.evidence.value if evidence else None,
        says=visible(f"{row}{when} ({row.cause}; {row.evidence}{only})"),
    )


def _edges(
    labels: Labels,
    nodes: Mapping[Any, str],
    spine: Mapping[Any, Any],
    back: frozenset[tuple[Any, Any]],
) -> list[tuple[Transition[Any], Edge]]:
    """Return one edge for all rows of a source, a target and a cause, each with its first row.

    Rows of different deadlines are kept apart: each may have to be bundled with others of its kind.
    """
    found: dict[tuple[Any, Any, Cause, str | None], tuple[Transition[Any], Edge]] = {}
    for row, label in labels:
        key = (row.source, row.target, row.cause, row.deadline)
        if key in found:
            first, edge = found[key]
            found[key] = first, evolve(edge, labels=(*edge.labels, label))
            continue
        found[key] = (
            row,
            Edge(
                id=label.id,
                source=nodes[row.source],
                target=nodes[row.target],
                cause=row.cause,
                labels=(label,),
                back=(row.source, row.target) in back,
                spine=row.target in spine and spine[row.target] == row.source,
            ),
        )
    return list(found.values())


def _bundled(
    edges: list[tuple[Transition[Any], Edge]], labels: Labels, ids: Ids
) -> tuple[tuple[Edge, ...], tuple[Bundle, ...]]:
    """Tie together the edges of one deadline to one target, where there are several."""
    alike: dict[tuple[str | None, str, str], list[Edge]] = {}
    for row, edge in edges:
        if row.cause is Cause.TIMER and len(edge.labels) == 1 and edge.source != edge.target:
            alike.setdefault((row.deadline, row.event, edge.target), []).append(edge)
    bundles: list[Bundle] = []
    member: dict[str, str] = {}
    by_id = {label.id: row for row, label in labels}
    for (_, event, target), found in alike.items():
        if len(found) == 1:
            continue
        target_row = by_id[found[0].id]
        sources = ", ".join(str(by_id[edge.id].source) for edge in found)
        id = ids.new("bundle", event, target_row.target)
        member.update({edge.id: id for edge in found})
        first = found[0].labels[0]
        known = dict.fromkeys(edge.labels[0].evidence for edge in found)
        label = evolve(
            first,
            id=id,
            evidence=", ".join(word for word in known if word) or None,
            says=visible(f"{event} to {target_row.target} from {sources}"),
        )
        bundles.append(Bundle(id, target, Cause.TIMER, label))
    tied = tuple(
        evolve(edge, bundle=member[edge.id], spine=False) if edge.id in member else edge for _, edge in edges
    )
    return tied, tuple(bundles)


def _spine(lifecycle: Lifecycle[Any]) -> Mapping[Any, Any]:
    """Return the shortest way to the first terminal status: each status, with the one before it."""
    before: dict[Any, Any] = {None: None}
    queue: list[Any] = [None]
    for here in queue:
        for row in lifecycle.transitions:
            if row.source == here and row.target not in before and row.cause is not Cause.TIMER:
                before[row.target] = here
                queue.append(row.target)
    here = next(
        (status for status in statuses_of(lifecycle) if status in lifecycle.terminal & before.keys()), None
    )
    spine: dict[Any, Any] = {}
    while here is not None:
        spine[here] = before[here]
        here = before[here]
    return spine


def _back(lifecycle: Lifecycle[Any]) -> frozenset[tuple[Any, Any]]:
    """Return the pairs of statuses whose rows close a cycle, on a walk in table order."""
    nexts: dict[Any, list[Any]] = {}
    for row in lifecycle.transitions:
        nexts.setdefault(row.source, []).append(row.target)
    back: set[tuple[Any, Any]] = set()
    seen: set[Any] = {None}
    walk: list[tuple[Any, Iterator[Any]]] = [(None, iter(nexts[None]))]
    while walk:
        here, targets = walk[-1]
        target = next(targets, None)
        if target is None:
            walk.pop()
        elif target not in seen:
            seen.add(target)
            walk.append((target, iter(nexts.get(target, ()))))
        elif target != here and any(target == open_ for open_, _ in walk):
            back.add((here, target))
    return frozenset(back)


def _legend(nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> Iterator[LegendEntry]:
    causes, kinds = {edge.cause for edge in edges}, {node.kind for node in nodes}
    yield from (LegendEntry(cause.value, says) for cause, says in _CAUSES.items() if cause in causes)
    yield from (LegendEntry(kind, says) for kind, says in _KINDS if kind in kinds)


def _heat(counts: Counts, labels: Labels) -> Heat:
    by_name = {str(row): label.id for row, label in labels}
    heat = dict.fromkeys(by_name.values(), 0)
    given: Mapping[Any, Any] = counts
    for row, count in given.items():
        if str(row) not in by_name:
            raise PictureError(f"no row is {str(row)!r}; there are: {', '.join(by_name)}")
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise PictureError(f"how often {row} was taken is a number, 0 or more; got {count!r}")
        heat[by_name[str(row)]] += count
    return heat


def _highlight(lifecycle: Lifecycle[Any], path: Path, nodes: Mapping[Any, str], labels: Labels) -> Highlight:
    route = follow(lifecycle, path)
    taken: dict[str, tuple[int, ...]] = {}
    for number, row in enumerate(route.rows, 1):
        id = next(label.id for known, label in labels if known is row)
        taken[id] = (*taken.get(id, ()), number)
    passed = route.statuses if route.start is not None else (None, *route.statuses)
    visited = tuple(dict.fromkeys(nodes[status] for status in passed))
    return Highlight(
        visited=visited,
        taken=taken,
        current=nodes[passed[-1]],
        says=tuple(visible(f"{number}. {row}") for number, row in enumerate(route.rows, 1)),
    )
