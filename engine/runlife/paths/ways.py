"""Paths through a lifecycle, generated from its table.

Theory of operation. A lifecycle is a directed graph. Its statuses are the nodes, with one more for
*nothing*, out of which things are created; its transitions are the edges, those of timers among
them: a deadline may fall due at any moment, so a timer row may be taken wherever it stands. Guards
are not asked here. To find arguments that satisfy them, and to wait for deadlines, is the business
of :func:`runlife.paths.walking.walk`, which makes any path happen.

A :class:`Path` begins with a creation, and is *complete* when it ends in a terminal status. Test
suites are made of complete paths: see :mod:`runlife.paths.suites`.

Everything is deterministic: the order is that of the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, TypeVar, overload

from attrs import field, frozen

from runlife.errors import MisuseError
from runlife.lifecycle import Lifecycle
from runlife.rows import StatusT, Transition

if TYPE_CHECKING:
    from runlife.instance import Instance

__all__ = [
    "Path",
    "Rows",
    "illegal_events",
    "n_switch",
    "prime_paths",
    "shortest_paths",
    "shortest_ways",
    "simple_paths",
]

# A second one, so that `Path.taken_by` needs no `Path[...]` before the dot to be understood.
_Status = TypeVar("_Status", bound=StrEnum)

Rows = tuple[Transition[StatusT], ...]
"""Consecutive transitions: each begins in the status where the one before it ends."""


@frozen(repr=False)
class Path(Sequence[Transition[StatusT]]):
    """Consecutive transitions that begin with a creation. A sequence, hashable.

    :raises MisuseError: when the rows do not begin with a creation, or do not join.
    """

    lifecycle: Lifecycle[StatusT] = field(eq=False)
    rows: Rows[StatusT] = field()

    def __attrs_post_init__(self) -> None:
        if not self.rows or self.rows[0].source is not None:
            first = self.rows[0] if self.rows else "nothing"
            msg = f"a path begins with a creation, not with {first}"
            raise MisuseError(msg)
        for earlier, later in pairwise(self.rows):
            if earlier.target != later.source:
                msg = f"the path does not join: after {earlier} cannot come {later}"
                raise MisuseError(msg)

    @staticmethod
    def taken_by(instance: Instance[_Status]) -> Path[_Status]:
        """Return the path that an instance has taken, as its journal tells."""
        return Path(instance.lifecycle, tuple(record.transition for record in instance.journal))

    @property
    def events(self) -> tuple[str, ...]:
        """The events, the creation's first."""
        return tuple(row.event for row in self.rows)

    @property
    def statuses(self) -> tuple[StatusT, ...]:
        """The statuses in the order in which they are entered."""
        return tuple(row.target for row in self.rows)

    @property
    def is_complete(self) -> bool:
        """Whether it ends in a terminal status."""
        return self.rows[-1].target in self.lifecycle.terminal

    @property
    def id(self) -> str:
        """The statuses, joined by ``>``: readable, unique in its lifecycle, good as a test's id.

        Where several rows join two statuses the event is told as well (``a>event:b``), and where
        even that leaves several, the guard (``a>event[guard]:b``).
        """
        return ">".join(self._word(row) for row in self.rows)

    def _word(self, row: Transition[StatusT]) -> str:
        rivals = [
            other.event
            for other in self.lifecycle.transitions
            if (other.source, other.target) == (row.source, row.target)
        ]
        if len(rivals) == 1:
            return row.target
        guard = f"[{row.guard.name if row.guard else ''}]" if rivals.count(row.event) > 1 else ""
        return f"{row.event}{guard}:{row.target}"

    @overload
    def __getitem__(self, index: int) -> Transition[StatusT]: ...
    @overload
    def __getitem__(self, index: slice) -> Rows[StatusT]: ...
    def __getitem__(self, index: int | slice) -> Transition[StatusT] | Rows[StatusT]:
        """Return a row, or for a slice a tuple of rows."""
        return self.rows[index]

    def __len__(self) -> int:
        """Return the number of transitions, the creation among them."""
        return len(self.rows)

    def __str__(self) -> str:
        """Return the id."""
        return self.id

    def __repr__(self) -> str:
        """Return the id in a wrapper."""
        return f"<Path {self.id}>"


def shortest_paths(lifecycle: Lifecycle[StatusT]) -> Mapping[StatusT, Path[StatusT]]:
    """Return one shortest path to each status; of several the one whose rows come first."""
    ways = shortest_ways(lifecycle, None)
    return {status: Path(lifecycle, ways[status]) for status in lifecycle.statuses}


def simple_paths(lifecycle: Lifecycle[StatusT], visits: int = 1) -> tuple[Path[StatusT], ...]:
    """Return every complete path that enters no status more than ``visits`` times.

    Their number may grow exponentially with ``visits`` (for a run it grows by a constant: its graph
    has a single cycle).
    """
    if visits < 1:
        msg = f"a path enters a status at least once; visits must be 1 or more, got {visits}"
        raise MisuseError(msg)

    def grown(rows: Rows[StatusT]) -> Iterator[Rows[StatusT]]:
        end = rows[-1].target if rows else None
        if end in lifecycle.terminal:
            yield rows
        for row in _leaving(lifecycle, end):
            if sum(row.target == other.target for other in rows) < visits:
                yield from grown((*rows, row))

    return tuple(Path(lifecycle, rows) for rows in grown(()))


def n_switch(lifecycle: Lifecycle[StatusT], n: int) -> tuple[Rows[StatusT], ...]:
    """Return every sequence of ``n + 1`` consecutive transitions: edges for 0, edge pairs for 1.

    A creation is a transition like any other. A complete path that is shorter counts as well, so
    that each criterion includes the one before it.
    """
    if n < 0:
        msg = f"n counts the statuses that are passed on the way; it must be 0 or more, got {n}"
        raise MisuseError(msg)
    sequences: list[Rows[StatusT]] = [(row,) for row in lifecycle.transitions]
    whole: list[Rows[StatusT]] = []
    for _ in range(n):
        whole += [s for s in sequences if s[0].source is None and s[-1].target in lifecycle.terminal]
        sequences = [(*s, row) for s in sequences for row in _leaving(lifecycle, s[-1].target)]
    return (*whole, *sequences)


def prime_paths(lifecycle: Lifecycle[StatusT]) -> tuple[Rows[StatusT], ...]:
    """Return the prime paths, shortest first.

    *Nothing* is a node, so that creations are covered as well; see the module's table.
    """
    rows = lifecycle.transitions
    primes: list[Rows[StatusT]] = []
    growing: list[Rows[StatusT]] = [(row,) for row in rows]
    while growing:
        grown: list[Rows[StatusT]] = []
        for path in growing:
            longer = [(*path, row) for row in rows if _is_simple((*path, row))]
            grown += longer
            if not longer and not any(_is_simple((row, *path)) for row in rows):
                primes.append(path)
        growing = grown
    return tuple(primes)


def _is_simple(rows: Rows[Any]) -> bool:
    """Whether the rows join and visit no node twice, save that the last may be the first."""
    nodes = [rows[0].source, *(row.target for row in rows)]
    joined = all(earlier.target == later.source for earlier, later in pairwise(rows))
    return joined and len(set(nodes[1:])) == len(set(nodes[:-1])) == len(rows)


def shortest_ways(
    lifecycle: Lifecycle[StatusT], start: StatusT | None
) -> Mapping[StatusT | None, Rows[StatusT]]:
    """Return the shortest rows from a status (None: from nothing) to each that can be reached.

    Of several the one whose rows come first. To the start itself lead no rows.
    """
    ways: dict[StatusT | None, Rows[StatusT]] = {start: ()}
    for status in (queue := [start]):  # the list grows while it is read: breadth first
        for row in _leaving(lifecycle, status):
            if row.target not in ways:
                ways[row.target] = (*ways[status], row)
                queue.append(row.target)
    return ways


def _leaving(lifecycle: Lifecycle[StatusT], status: StatusT | None) -> Iterator[Transition[StatusT]]:
    return chain.from_iterable(lifecycle.moves[status].values())


def illegal_events(lifecycle: Lifecycle[StatusT]) -> tuple[tuple[StatusT, str], ...]:
    """Return every status and event for which there is no row: the sneak paths.

    Each is a negative test: the event must be refused, and nothing must have changed.
    """
    return tuple(
        (status, event)
        for status in lifecycle.statuses
        for event in lifecycle.events
        if event not in lifecycle.moves[status]
    )
