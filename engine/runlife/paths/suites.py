"""Test suites generated from a table: what must be walked, and what has been.

A test suite is a tuple of complete paths (:class:`~runlife.paths.Path`), because that is what a
service can be put through: from nothing to an end. What a suite must contain is a list of
*requirements*, each a sequence of consecutive transitions:

=========== ============================================================================
status      one edge into each status
edge        each edge (0-switch coverage)
edge-pair   each two consecutive edges (1-switch coverage, Chow 1978)
edge-triple each three consecutive edges (2-switch coverage)
simple      each complete path that visits no status twice
prime       each prime path: a longest possible one that visits no node twice, save that it
            may close a cycle (Ammann and Offutt, *Introduction to Software Testing*, ch. 7)
=========== ============================================================================

A complete path has one last edge, one last pair, and so on. A suite for an n-switch criterion can
therefore not be smaller than the number of requirements that end in a terminal status; the suites
for the tables of this project, under the default policy, are exactly that small.

Graph theory's *tour*, one walk over everything, does not exist here: a terminal status has no
exits. Its place is taken by a sequence of complete paths, see :func:`tour`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from attrs import frozen

from runlife.errors import MisuseError
from runlife.paths.ways import Path, Rows, n_switch, prime_paths, shortest_paths, shortest_ways, simple_paths
from runlife.rows import StatusT, Transition

if TYPE_CHECKING:
    from runlife.lifecycle import Lifecycle
    from runlife.outcome import Record

__all__ = [
    "Coverage",
    "Criterion",
    "Tally",
    "cover",
    "coverage",
    "requirements",
    "suite",
    "tour",
]

Criterion = Literal["status", "edge", "edge-pair", "edge-triple", "simple", "prime"]
"""What a suite must contain; see the module's table."""

T = TypeVar("T")

_Ways = Mapping[StatusT | None, Rows[StatusT]]


_REQUIREMENTS: Mapping[str, Callable[[Lifecycle[Any]], tuple[Rows[Any], ...]]] = {
    "status": lambda lifecycle: tuple((path[-1],) for path in shortest_paths(lifecycle).values()),
    "edge": lambda lifecycle: n_switch(lifecycle, 0),
    "edge-pair": lambda lifecycle: n_switch(lifecycle, 1),
    "edge-triple": lambda lifecycle: n_switch(lifecycle, 2),
    "simple": lambda lifecycle: tuple(path.rows for path in simple_paths(lifecycle)),
    "prime": prime_paths,
}


def requirements(lifecycle: Lifecycle[StatusT], criterion: Criterion) -> tuple[Rows[StatusT], ...]:
    """Return what a suite must contain to fulfil a criterion.

    :raises MisuseError: when there is no such criterion.
    """
    if criterion not in _REQUIREMENTS:
        msg = f"unknown criterion {criterion!r}; the criteria are: {', '.join(_REQUIREMENTS)}"
        raise MisuseError(msg)
    return _REQUIREMENTS[criterion](lifecycle)


def suite(lifecycle: Lifecycle[StatusT], criterion: Criterion = "edge-pair") -> tuple[Path[StatusT], ...]:
    """Return a small suite of complete paths that fulfils a criterion."""
    return cover(lifecycle, requirements(lifecycle, criterion))


def tour(lifecycle: Lifecycle[StatusT], criterion: Criterion = "edge-pair") -> Rows[StatusT]:
    """Return a suite as one walk, in which each ending is followed by the next creation.

    For a run that is a story on one thread: every ending frees the thread for the next run.
    """
    return tuple(chain.from_iterable(suite(lifecycle, criterion)))


def cover(lifecycle: Lifecycle[StatusT], items: Iterable[Rows[StatusT]]) -> tuple[Path[StatusT], ...]:
    """Return complete paths of which each item is a part, few and short but not always the fewest.

    Greedy. A path is drawn out to the nearest item that leaves it alive, again and again while one
    can be reached, and then ends with the nearest item that ends it. So a path is spent on every
    ending that is required, and the rest is picked up on the way there.

    :raises MisuseError: when no path can contain an item.
    """
    ways = {source: shortest_ways(lifecycle, source) for source in (None, *lifecycle.statuses)}
    wanted = list(items)
    paths: list[Path[StatusT]] = []
    while wanted:
        rows: Rows[StatusT] = ()
        while more := _draw_out(lifecycle, ways, rows, wanted):
            rows += more
            wanted = [item for item in wanted if not _contains(rows, item)]
        if not rows:
            lost = " ".join(str(row) for row in wanted[0]) or "an empty one"
            msg = f"no path through {lifecycle.name!r} contains this item: {lost}"
            raise MisuseError(msg)
        end = rows[-1].target
        if end not in lifecycle.terminal:
            rows += min((way for to, way in ways[end].items() if to in lifecycle.terminal), key=len)
        paths.append(Path(lifecycle, rows))
    return tuple(paths)


def _draw_out(
    lifecycle: Lifecycle[StatusT],
    ways: Mapping[StatusT | None, _Ways[StatusT]],
    rows: Rows[StatusT],
    wanted: Sequence[Rows[StatusT]],
) -> Rows[StatusT]:
    """Return the shortest rows that bring one more item; none when none can be reached."""
    options = [more for item in wanted if (more := towards(ways, rows, item))]
    alive = [more for more in options if more[-1].target not in lifecycle.terminal]
    return min(alive or options, key=len, default=())


def towards(
    ways: Mapping[StatusT | None, _Ways[StatusT]], rows: Rows[StatusT], item: Rows[StatusT]
) -> Rows[StatusT]:
    """Return the shortest rows after which ``rows`` ends with the item; none when it cannot.

    :param ways: by each status, None among them, what :func:`~runlife.paths.shortest_ways` gives for it.
    """
    for overlap in range(min(len(rows), len(item) - 1), 0, -1):
        if rows[-overlap:] == item[:overlap]:
            return item[overlap:]
    way = ways[rows[-1].target if rows else None].get(item[0].source) if item else None
    return () if way is None else way + item


def _contains(rows: Rows[StatusT], item: Rows[StatusT]) -> bool:
    return any(rows[at : at + len(item)] == item for at in range(len(rows) - len(item) + 1))


@frozen
class Tally(Generic[T]):
    """How often each item of one kind was taken, in table order."""

    counts: tuple[tuple[T, int], ...]

    @property
    def taken(self) -> tuple[T, ...]:
        """The items that were taken."""
        return tuple(item for item, count in self.counts if count)

    @property
    def missing(self) -> tuple[T, ...]:
        """The items that were not."""
        return tuple(item for item, count in self.counts if not count)

    def __str__(self) -> str:
        """Return ``taken/all``."""
        return f"{len(self.taken)}/{len(self.counts)}"


@frozen
class Coverage(Generic[StatusT]):
    """Which statuses, edges and edge pairs were taken, how often, and which are missing."""

    statuses: Tally[StatusT]
    edges: Tally[Transition[StatusT]]
    edge_pairs: Tally[Rows[StatusT]]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return not (self.statuses.missing or self.edges.missing or self.edge_pairs.missing)

    def __str__(self) -> str:
        """Return the figures on one line, and below it what is missing, a line each."""
        missing: Iterable[tuple[object, ...]]
        missing = chain(((s,) for s in self.statuses.missing), ((e,) for e in self.edges.missing))
        lines = [f"  missing: {', '.join(map(str, item))}" for item in (*missing, *self.edge_pairs.missing)]
        figures = f"statuses {self.statuses}, edges {self.edges}, edge pairs {self.edge_pairs}"
        return "\n".join((figures, *lines))


def coverage(
    lifecycle: Lifecycle[StatusT], histories: Iterable[Iterable[Transition[StatusT] | Record]]
) -> Coverage[StatusT]:
    """Return what paths or journals have taken of a lifecycle.

    :raises MisuseError: when one has a transition that is not of this lifecycle, or that its policy
        switches off.
    """
    known = set(lifecycle.transitions)
    taken: Counter[Rows[StatusT]] = Counter()
    for history in histories:
        rows: list[Transition[StatusT]]
        rows = [entry if isinstance(entry, Transition) else entry.transition for entry in history]
        for row in rows:
            if row not in known:
                msg = f"{row} is no transition of {lifecycle.name!r} under {lifecycle.policy}"
                raise MisuseError(msg)
        taken.update((row,) for row in rows)
        taken.update(pairwise(rows))
    edges = tuple((row, taken[row,]) for row in lifecycle.transitions)
    entered: Counter[StatusT] = Counter()
    for row, count in edges:
        entered[row.target] += count
    return Coverage(
        Tally(tuple((status, entered[status]) for status in lifecycle.statuses)),
        Tally(edges),
        Tally(tuple((item, taken[item]) for item in n_switch(lifecycle, 1))),
    )
