"""From a lifecycle to its picture: what is shown, and in which order.

What the words mean is in :mod:`runlife_diagrams.picture`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from attrs import evolve

from runlife import Cause
from runlife_diagrams.overlay import Ground, LegendEntry
from runlife_diagrams.overlays import Difference, OverlayLike, overlay_of, union
from runlife_diagrams.picture import (
    Bundle,
    Detail,
    Direction,
    Edge,
    Group,
    Kind,
    Label,
    Node,
    Picture,
    Theme,
    one_of,
)
from runlife_diagrams.scope import DrawnRow, Scope, scope_of, source_of
from runlife_diagrams.text import Ids, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runlife import Lifecycle

__all__ = ["picture_of"]

_CAUSES = {
    Cause.CLIENT: "by the client",
    Cause.SERVER: "by the server",
    Cause.TIMER: "by time",
}
_KINDS: Mapping[Kind, str] = {"initial": "creation", "live": "live", "terminal": "terminal"}
_MEANINGS: Mapping[Kind, str] = {
    "initial": "not created yet",
    "live": "live: more is to come",
    "terminal": "terminal: nothing leads out",
}


def _meanings(lifecycle: Lifecycle[Any]) -> Mapping[Kind, str]:
    """Return what it means that a status is of a kind."""
    holds = lifecycle.while_live
    return _MEANINGS if holds is None else {**_MEANINGS, "live": visible(f"live: {holds}")}


def picture_of(
    lifecycle: Lifecycle[Any],
    *,
    overlay: OverlayLike | None = None,
    direction: Direction = "TB",
    theme: Theme = "light",
    detail: Detail = "full",
    guards: bool = True,
    evidence: bool = False,
    policies: bool = False,
) -> Picture:
    """Return the picture of a lifecycle, as its policy has it.

    :param overlay: what is shown on it: see :func:`runlife_diagrams.render`.
    :param detail: ``simple`` draws what one has to see first: all that one cause ends in one way is tied
        together, rows of one event between two statuses are one, and no conditions are written.
    :param guards: whether the conditions of a row are written under its event.
    :param evidence: whether it is written how we know the row.
    :param policies: whether it is written which switch of the policy a row hangs on, and rows that it
        switches off are drawn as well.
    :raises PathError: when the table has no such path.
    :raises HistoryError: when a journal cannot be read, or is none of this lifecycle.
    :raises PictureError: when there is no such direction, theme or detail, or no such overlay.
    """
    one_of("direction", direction, get_args(Direction))
    one_of("theme", theme, get_args(Theme))
    one_of("detail", detail, get_args(Detail))
    simple = detail == "simple"
    scope = (
        union(lifecycle, overlay.other, policies=policies)
        if isinstance(overlay, Difference)
        else scope_of(lifecycle, policies=policies)
    )
    ids = Ids()
    names: dict[str | None, str] = {status: ids.new("node", status) for status in scope.statuses}
    names[None] = ids.new("node", "initial")
    labels = _labels(scope, ids, guards=guards and not simple, evidence=evidence, merged=simple)
    spine = _spine(scope)
    edges = _edges(labels, names, spine, _back(scope), apart=not simple)
    edges, bundles = _bundled(edges, scope, names, ids, simple=simple)
    nodes = (
        Node(names[None], "", "initial", spine=True),
        *(
            Node(names[word], word, "terminal" if word in scope.terminal else "live", spine=word in spine)
            for word in scope.statuses
        ),
    )
    ground = Ground(
        names, tuple((drawn.row, label.id) for drawn, label in labels), dict(_bearers(edges, bundles))
    )
    ends = ", ".join(node.name for node in nodes if node.kind == "terminal")
    return Picture(
        name=lifecycle.name,
        title=visible(f"Lifecycle of {lifecycle.name}"),
        description=visible(
            f"A state diagram of {len(scope.statuses)} statuses and {len(scope.rows)} transitions, "
            f"which ends in {ends}."
        ),
        nodes=nodes,
        edges=edges,
        bundles=bundles,
        groups=tuple(
            Group(ids.new("group", kind), kind, tuple(node.id for node in nodes if node.kind == kind), says)
            for kind, says in _meanings(lifecycle).items()
        ),
        legend=tuple(_legend(nodes, edges)),
        direction=direction,
        theme=theme,
        overlay=None if overlay is None else overlay_of(overlay, lifecycle, ground),
    )


Labels = list[tuple[DrawnRow, Label]]
"""Each row with its label; rows that are drawn as one have the same."""


def _labels(scope: Scope, ids: Ids, *, guards: bool, evidence: bool, merged: bool) -> Labels:
    """Return the labels of all rows; if they are merged, one for all of an event between two statuses."""
    labels: Labels = []
    known: dict[object, Label] = {}
    for drawn in scope.rows:
        row = drawn.row
        key = (row.event, source_of(row), row.target.value, row.cause, drawn.off)
        if not merged or key not in known:
            known[key] = _label(drawn, ids, guards=guards, evidence=evidence)
        labels.append((drawn, known[key]))
    return labels


def _label(drawn: DrawnRow, ids: Ids, *, guards: bool, evidence: bool) -> Label:
    row = drawn.row
    conditions: tuple[str, ...]
    if row.deadline is not None:
        conditions = (f"{row.deadline} is due",)
    elif row.guard is not None:
        conditions = tuple(part.says for part in row.guard.parts or (row.guard,))
    else:
        conditions = ()
    only = f", if {row.given.option} is {row.given.value}" if row.given is not None else ""
    when = f" when {', and '.join(conditions)}" if conditions else ""
    off = "; off" if drawn.off else ""
    return Label(
        id=ids.new("edge", "initial" if row.source is None else row.source, row.event, row.target),
        event=row.event,
        conditions=conditions if guards else (),
        notes=drawn.notes,
        evidence=row.evidence.value if evidence else None,
        off=drawn.off,
        says=visible(f"{row}{when} ({row.cause}; {row.evidence}{only}{off})"),
    )


def _edges(
    labels: Labels,
    names: Mapping[str | None, str],
    spine: Mapping[str, str | None],
    back: frozenset[tuple[str | None, str]],
    *,
    apart: bool,
) -> tuple[Edge, ...]:
    """Return one edge for all rows of a source, a target and a cause.

    :param apart: keeps rows of different deadlines apart: each may have to be bundled with its kind.
    """
    found: dict[object, Edge] = {}
    for drawn, label in labels:
        row, source, target = drawn.row, source_of(drawn.row), str(drawn.row.target.value)
        key = (source, target, row.cause, row.deadline if apart else None)
        edge = found.get(key)
        if edge is None:
            found[key] = Edge(
                id=label.id,
                source=names[source],
                target=names[target],
                cause=row.cause,
                labels=(label,),
                back=(source, target) in back,
                spine=target in spine and spine[target] == source,
            )
        elif label not in edge.labels:
            found[key] = evolve(edge, labels=(*edge.labels, label))
    return tuple(found.values())


def _bundled(
    edges: tuple[Edge, ...], scope: Scope, names: Mapping[str | None, str], ids: Ids, *, simple: bool
) -> tuple[tuple[Edge, ...], tuple[Bundle, ...]]:
    """Tie edges to one target together, where there are several of the same words.

    In a full picture these are those of a deadline. In a simple one, they are all edges of one cause to a
    terminal status, but for the spine.
    """
    words = {id: word for word, id in names.items()}
    alike: dict[object, list[Edge]] = {}
    for edge in edges:
        if simple and words[edge.target] in scope.terminal and not edge.spine:
            alike.setdefault((edge.cause, edge.target), []).append(edge)
        elif not simple and edge.cause is Cause.TIMER and edge.source != edge.target:
            alike.setdefault((tuple(map(_printed, edge.labels)), edge.target), []).append(edge)
    bundles: list[Bundle] = []
    member: dict[str, str] = {}
    for found in alike.values():
        if len(found) == 1:
            continue
        first, target = found[0], str(words[found[0].target])
        id = ids.new("bundle", first.labels[0].event, target)
        member.update({edge.id: id for edge in found})
        common = _common([label for edge in found for label in edge.labels])
        sources = ", ".join(str(words[edge.source]) for edge in found)
        bundles.append(
            Bundle(
                id,
                first.target,
                first.cause,
                tuple(
                    evolve(
                        label,
                        id=id if index == 0 else ids.new("bundle", label.event, target),
                        says=visible(f"{label.event} to {target} from {sources}"),
                    )
                    for index, label in enumerate(common)
                ),
            )
        )
    tied = tuple(
        evolve(edge, bundle=member[edge.id], spine=False) if edge.id in member else edge for edge in edges
    )
    return tied, tuple(bundles)


def _printed(label: Label) -> object:
    return label.event, label.conditions, label.notes, label.off


def _common(labels: list[Label]) -> Iterator[Label]:
    """Yield one label for all that are printed alike, with the evidence of each."""
    alike: dict[object, list[Label]] = {}
    for label in labels:
        alike.setdefault(_printed(label), []).append(label)
    for several in alike.values():
        known = dict.fromkeys(label.evidence for label in several if label.evidence is not None)
        yield evolve(several[0], evidence=", ".join(known) or None)


def _bearers(edges: tuple[Edge, ...], bundles: tuple[Bundle, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield for each edge and each bundle the labels of the rows that it stands for."""
    for edge in edges:
        yield edge.id, tuple(label.id for label in edge.labels)
    for bundle in bundles:
        tied = (edge for edge in edges if edge.bundle == bundle.id)
        yield bundle.id, tuple(label.id for edge in tied for label in edge.labels)


def _spine(scope: Scope) -> Mapping[str, str | None]:
    """Return the shortest way to the first terminal status: each status, with the one before it."""
    before: dict[str | None, str | None] = {None: None}
    queue: list[str | None] = [None]
    for at in queue:
        for row in (drawn.row for drawn in scope.rows if not drawn.off):
            target = str(row.target.value)
            if source_of(row) == at and target not in before and row.cause is not Cause.TIMER:
                before[target] = at
                queue.append(target)
    here = next((word for word in scope.statuses if word in scope.terminal and word in before), None)
    spine: dict[str, str | None] = {}
    while here is not None:
        spine[here] = before[here]
        here = before[here]
    return spine


def _back(scope: Scope) -> frozenset[tuple[str | None, str]]:
    """Return the pairs of statuses whose rows close a cycle, on a walk in table order."""
    nexts: dict[str | None, list[str]] = {None: []}
    for drawn in scope.rows:
        nexts.setdefault(source_of(drawn.row), []).append(str(drawn.row.target.value))
    back: set[tuple[str | None, str]] = set()
    seen: set[str | None] = {None}
    walk: list[tuple[str | None, Iterator[str]]] = [(None, iter(nexts[None]))]
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
    yield from (LegendEntry(kind, says) for kind, says in _KINDS.items() if kind in kinds)
