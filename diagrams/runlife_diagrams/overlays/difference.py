"""The difference between two lifecycles, or two policies of one, as an overlay.

What is drawn is the union of the two. A row is the same in both if it leads by the same event from the
same status to the same status; then its guard, effect, cause, evidence and deadline are compared, and
what differs is written under it. Of several such rows, the first is compared with the first, and so on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from runlife import Lifecycle
from runlife_diagrams.overlay import LegendEntry, Mark, Overlay
from runlife_diagrams.scope import DrawnRow, Scope, scope_of, source_of
from runlife_diagrams.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runlife import Effect, Transition
    from runlife_diagrams.overlay import Ground

__all__ = ["Difference", "difference", "union"]

_SIGNS = {"added": "+", "removed": "\N{MINUS SIGN}", "changed": "\N{NOT EQUAL TO}"}
_NONE = "none"


@frozen
class Difference:
    """What another lifecycle adds to the one that is drawn, takes from it, and changes in it.

    :param other: the lifecycle to compare with, or the same one under another policy.
    """

    other: Lifecycle[Any]


def union(lifecycle: Lifecycle[Any], other: Lifecycle[Any], *, policies: bool = False) -> Scope:
    """Return all statuses and rows of two lifecycles, first the one's, then what only the other has."""
    one, two = scope_of(lifecycle, policies=policies), scope_of(other)
    changes = _changes(lifecycle, other)
    added = [row for row, how in changes if how == "added"]
    notes = {id(row): how for row, how in changes if isinstance(how, tuple)}
    rows = [
        evolve(drawn, notes=(*drawn.notes, *notes.get(id(drawn.row), ())))
        for drawn in one.rows
        if not (drawn.off and drawn.row in added)
    ]
    new = tuple(word for word in two.statuses if word not in one.statuses)
    return Scope(
        statuses=(*one.statuses, *new),
        terminal=one.terminal | (two.terminal & frozenset(new)),
        rows=(*rows, *map(DrawnRow, added)),
    )


def difference(given: Difference, lifecycle: Lifecycle[Any], ground: Ground) -> Overlay:
    """Return the overlay that shows what differs, on a picture of the union."""
    changes = _changes(lifecycle, given.other)
    how: dict[str, dict[str, None]] = {}
    rows: dict[str, Mark] = {}
    says: list[str] = []
    for row, change in changes:
        kind = "changed" if isinstance(change, tuple) else change
        label = ground.label(row)
        if kind == "same":
            how.setdefault(label, {})["same"] = None
            continue
        how.setdefault(label, {})[kind] = None
        words = "; ".join(change) if isinstance(change, tuple) else ""
        says.append(visible(f"{kind}: {row}{f' ({words})' if words else ''}"))
        rows[label] = Mark((kind,), _SIGNS[kind], visible(f"{kind}{f': {words}' if words else ''}"))
    nodes = _statuses(lifecycle, given.other)
    return Overlay(
        "compared",
        says=(*(mark.says for mark in nodes.values()), *says) or ("no difference",),
        nodes={ground.nodes[word]: mark for word, mark in nodes.items()},
        rows=rows,
        edges=dict(_edges(ground, how)),
        legend=tuple(_legend(rows, nodes)),
    )


def _edges(ground: Ground, how: Mapping[str, Mapping[str, None]]) -> Iterator[tuple[str, Mark]]:
    """Yield the mark of each edge and bundle: that of its rows where they agree, else that it has changed."""
    for bearer, labels in ground.bearers.items():
        kinds = dict.fromkeys(kind for label in labels for kind in how.get(label, {"same": None}))
        if list(kinds) == ["same"]:
            continue
        kind = next(iter(kinds)) if len(kinds) == 1 else "changed"
        badge = "".join(_SIGNS[one] for one in kinds if one != "same")
        yield bearer, Mark((kind,), badge, ", ".join(one for one in kinds if one != "same"))


def _changes(
    lifecycle: Lifecycle[Any], other: Lifecycle[Any]
) -> list[tuple[Transition[Any], str | tuple[str, ...]]]:
    """Return each row of both with ``same``, ``added`` or ``removed``, or with what has changed in words."""
    theirs: dict[object, list[Transition[Any]]] = {}
    for row in other.transitions:
        theirs.setdefault(_key(row), []).append(row)
    found: list[tuple[Transition[Any], str | tuple[str, ...]]] = []
    for row in lifecycle.transitions:
        rivals = theirs.get(_key(row), [])
        found.append((row, _change(row, rivals.pop(0)) or "same" if rivals else "removed"))
    left = [row for rows in theirs.values() for row in rows]
    found += [(row, "added") for row in other.transitions if any(row is one for one in left)]
    return found


def _key(row: Transition[Any]) -> tuple[str, str | None, str]:
    return row.event, source_of(row), str(row.target.value)


def _change(row: Transition[Any], new: Transition[Any]) -> tuple[str, ...]:
    """Say what differs between two rows of one event, source and target."""
    pairs = (
        ("guard", row.guard.says if row.guard else _NONE, new.guard.says if new.guard else _NONE),
        ("effect", *_effects(row.effect, new.effect)),
        ("cause", row.cause.value, new.cause.value),
        ("evidence", row.evidence.value, new.evidence.value),
        ("deadline", row.deadline or _NONE, new.deadline or _NONE),
    )
    return tuple(f"{what}: {old} → {now}" for what, old, now in pairs if old != now)


def _effects(old: Effect | None, new: Effect | None) -> tuple[str, str]:
    """Return both effects in words: what they say, or if they say the same, what they set and clear."""
    one, two = (effect.says if effect is not None else _NONE for effect in (old, new))
    return (_writes(old), _writes(new)) if one == two else (one, two)


def _writes(effect: Effect | None) -> str:
    if effect is None:
        return _NONE
    parts = (("sets", effect.sets), ("may set", effect.may_set), ("clears", effect.clears))
    return ", ".join(f"{verb} {' and '.join(sorted(facts))}" for verb, facts in parts if facts) or _NONE


def _statuses(lifecycle: Lifecycle[Any], other: Lifecycle[Any]) -> Mapping[str, Mark]:
    """Return the mark of each status that is not the same in both."""
    one, two = scope_of(lifecycle), scope_of(other)
    marks: dict[str, Mark] = {}
    for word in dict.fromkeys((*one.statuses, *two.statuses)):
        if word not in two.statuses:
            marks[word] = _mark("removed", word)
        elif word not in one.statuses:
            marks[word] = _mark("added", word)
        elif (word in one.terminal) != (word in two.terminal):
            kinds = ("terminal", "live") if word in one.terminal else ("live", "terminal")
            marks[word] = _mark("changed", word, f" ({' → '.join(kinds)})")
    return marks


def _mark(kind: str, word: str, how: str = "") -> Mark:
    return Mark((kind,), _SIGNS[kind], visible(f"{kind}: the status {word}{how}"))


def _legend(rows: Mapping[str, Mark], nodes: Mapping[str, Mark]) -> Iterator[LegendEntry]:
    says = {
        "added": "only in the other",
        "removed": "not in the other",
        "changed": "not the same in the other",
    }
    kinds: Sequence[Mark] = [*rows.values(), *nodes.values()]
    for kind, badge in _SIGNS.items():
        if any(kind in mark.classes for mark in kinds):
            yield LegendEntry(kind, says[kind], badge)
    if not kinds:
        yield LegendEntry("unchanged", "no difference", "=")
