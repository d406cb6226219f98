"""What may have happened unseen: the closure of a state over the rows of a table, worked out once.

Where a run may have got to depends on its status, on which of its facts are set, on the calls in flight
and on which deadlines may be due, and not on the values of the facts. So closures are worked out on
*shapes*, states without values, and kept for all checkers of a table: what is left to do for a sample is
to look one up and to compare values. There are few shapes; what is kept is bounded all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from attrs import define, field, frozen

from runlife.rows import Cause, Transition
from runlife.rules import the_time

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from runlife.lifecycle import Lifecycle

__all__ = ["KEPT", "Call", "Kept", "Model", "New", "Reached", "model_of"]

MOST_CLOSURES = 4096
"""How many closures are kept for a table, at the most."""


class Kept(Enum):
    """The type of :data:`KEPT`."""

    KEPT = "kept"


KEPT = Kept.KEPT
"""In a shape: the fact still has the value that it had."""


@frozen
class New:
    """A fact that was written and whose value was not seen yet; it is not null."""

    rank: int = 0
    """For a moment: 1 for those that were written first of all new ones, 2 for the next, and so on."""


@cache
def _new(rank: int) -> New:
    return New(rank)


Cells = tuple[Any, ...]
Call = tuple[int, str]
"""A call in flight: its ticket, and the client's event that it is."""

Shape = tuple[Any, Cells, frozenset[Call]]


@frozen
class Reached:
    """A state that a shape may have got to, and the rows it took on a shortest way."""

    status: Any
    cells: Cells
    pending: frozenset[Call]
    rows: tuple[Transition[Any], ...] = field(eq=False)


Reach = tuple[Reached, ...]


@frozen
class _Write:
    """What a row does to one fact."""

    index: int
    may_set: bool
    sets: bool
    stamp: bool


@frozen
class _Step:
    row: Transition[Any]
    writes: tuple[_Write, ...]
    deadline: int | None


@define(eq=False)
class Model:
    """A table as a checker needs it.

    :param lifecycle: the table.
    :param any_policy: whether the rows of every policy may be taken, and not only those that are on.
    """

    rows: tuple[Transition[Any], ...]
    facts: tuple[str, ...] = field(init=False)
    """The facts that rows write after the creation: those one has to follow."""
    following: frozenset[str] = field(init=False)
    """The same."""
    settled: frozenset[str] = field(init=False)
    """The facts that only a creation writes: they never change."""
    stamps: frozenset[str] = field(init=False)
    """The facts that are moments: what sets them is the time."""
    born_at: tuple[str, ...] = field(init=False)
    """Those of them that only a creation writes."""
    bounds: Mapping[str, tuple[int, ...]] = field(init=False)
    """The deadlines that no moment of a name lies after, by their index in ``facts``: those that nothing
    moves, and that hold wherever it is stamped."""
    timed: Mapping[Any, tuple[int, ...]] = field(init=False)
    """The deadlines that hold in a status, by their index."""
    deadlines: tuple[int, ...] = field(init=False)
    client: frozenset[str] = field(init=False)
    """The events that a client sends to what exists already."""
    born: tuple[Reached, ...] = field(init=False)
    """The states that a creation leads to."""
    _steps: Mapping[Any, tuple[_Step, ...]] = field(init=False)
    _closures: dict[object, Mapping[str, Reach]] = field(init=False, factory=dict[object, Any])

    def __attrs_post_init__(self) -> None:
        later = [row for row in self.rows if row.source is not None]
        self.facts = tuple(dict.fromkeys(_writes(later)))
        self.following = frozenset(self.facts)
        self.settled = frozenset(_writes(self.rows)) - self.following
        self.stamps = frozenset(
            name
            for name in (*self.facts, *self.settled)
            if all(value is the_time for value in _values(self.rows, name))
        )
        self.born_at = tuple(sorted(self.stamps & self.settled))
        self.client = frozenset(row.event for row in later if row.cause is Cause.CLIENT)
        timed: dict[Any, dict[int, None]] = {row.target: {} for row in self.rows}
        for row in later:
            # One that nothing writes after the creation is a constant; it may be due at any time.
            if row.deadline in self.facts:
                timed.setdefault(row.source, {})[self.facts.index(row.deadline)] = None
        self.timed = {status: tuple(found) for status, found in timed.items()}
        self.deadlines = tuple(dict.fromkeys(i for found in timed.values() for i in found))
        self.bounds = {name: self._bounds(name, later) for name in self.stamps if name in self.facts}
        nothing = (None,) * len(self.facts)
        self.born = tuple(
            Reached(row.target, cells, frozenset(), (row,))
            for row in self.rows
            if row.source is None
            for cells in _written(nothing, self._step(row))
        )
        steps: dict[Any, list[_Step]] = {row.target: [] for row in self.rows}
        for row in later:
            steps.setdefault(row.source, []).append(self._step(row))
        self._steps = {status: tuple(found) for status, found in steps.items()}

    def _bounds(self, name: str, later: list[Transition[Any]]) -> tuple[int, ...]:
        sources = [row.source for row in later if row.effect and name in row.effect.writes]
        moved = {name for row in later if row.effect for name in (*row.effect.sets, *row.effect.may_set)}
        return tuple(
            i
            for i in self.deadlines
            if self.facts[i] not in moved and all(i in self.timed.get(source, ()) for source in sources)
        )

    def _step(self, row: Transition[Any]) -> _Step:
        effect = row.effect
        writes = tuple(
            _Write(i, name in effect.may_set, name in effect.sets, name in self.stamps)
            for i, name in enumerate(self.facts)
            if effect and name in effect.writes
        )
        deadline = self.facts.index(row.deadline) if row.deadline in self.facts else None
        return _Step(row, writes, deadline)

    def in_order(self, statuses: Container[object]) -> tuple[str, ...]:
        """Return statuses in the order of the table."""
        return tuple(status for status in self._steps if status in statuses)

    def reach(self, shape: Shape, free: frozenset[str], due: Cells) -> Mapping[str, Reach]:
        """Return the states that one of a shape may have got to, by status, the nearest first.

        :param free: the client's events that may happen at any time, any number of times.
        :param due: for each deadline, whether it may be due.
        """
        key = (shape, free, due)
        found = self._closures.get(key)
        if found is None:
            if len(self._closures) >= MOST_CLOSURES:
                self._closures.clear()
            status, cells, pending = shape
            start = Reached(status, cells, pending, ())
            ways = {start: start}
            frontier = [start]
            for state in frontier:
                for after in self.successors(state, free, due):
                    if after not in ways:
                        ways[after] = after
                        frontier.append(after)
            by_status: dict[str, list[Reached]] = {}
            for state in frontier:
                by_status.setdefault(state.status, []).append(state)
            found = self._closures[key] = {name: tuple(states) for name, states in by_status.items()}
        return found

    def successors(self, state: Reached, free: frozenset[str], due: Cells) -> Iterator[Reached]:
        """Yield the states that are one row away."""
        for step in self._steps.get(state.status, ()):
            row = step.row
            if row.cause is Cause.CLIENT:
                lefts = [state.pending - {call} for call in sorted(state.pending) if call[1] == row.event]
                if row.event in free:
                    lefts.append(state.pending)
            elif step.deadline is None or self._may_be_due(state.cells[step.deadline], step.deadline, due):
                lefts = [state.pending]
            else:
                continue
            for left in lefts:
                for cells in _written(state.cells, step):
                    yield Reached(row.target, cells, left, (*state.rows, row))

    def _may_be_due(self, cell: object, index: int, due: Cells) -> bool:
        if cell is KEPT:
            return bool(due[self.deadlines.index(index)])
        return cell is not None


_models: WeakKeyDictionary[Lifecycle[Any], dict[bool, Model]] = WeakKeyDictionary()


def model_of(lifecycle: Lifecycle[Any], *, any_policy: bool = False) -> Model:
    """Return the model of a table, made once."""
    models = _models.setdefault(lifecycle, {})
    if any_policy not in models:
        models[any_policy] = Model(lifecycle.rows if any_policy else lifecycle.transitions)
    return models[any_policy]


def _writes(rows: Iterable[Transition[Any]]) -> Iterator[str]:
    return (name for row in rows if row.effect for name in row.effect.writes)


def _values(rows: Iterable[Transition[Any]], name: str) -> list[object]:
    effects = [row.effect for row in rows if row.effect]
    found = [effect.sets.get(name) or effect.may_set.get(name) for effect in effects]
    return [value for value in found if value is not None] or [None]


def _written(cells: Cells, step: _Step) -> Iterator[Cells]:
    """Yield what a row leaves of the facts: one tuple, or more when it may or may not set one."""
    variants = [list(cells)]
    rank = 1 + max((cell.rank for cell in cells if isinstance(cell, New)), default=0)
    for write in step.writes:
        new = _new(rank if write.stamp else 0)
        if write.may_set:
            variants = [
                [*v[: write.index], value, *v[write.index + 1 :]] for v in variants for value in (None, new)
            ]
        else:
            for variant in variants:
                variant[write.index] = new if write.sets else None
    for variant in variants:
        yield _ranked(variant)


def _ranked(cells: list[Any]) -> Cells:
    """Return cells whose ranks are the smallest with the same order, so that there are few shapes."""
    ranks = sorted({cell.rank for cell in cells if isinstance(cell, New) and cell.rank})
    return tuple(
        _new(ranks.index(cell.rank) + 1) if isinstance(cell, New) and cell.rank else cell for cell in cells
    )
