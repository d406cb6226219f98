"""A walk that chooses its way as it goes: towards what it has not taken yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from runlife.errors import MisuseError
from runlife.paths.suites import Criterion, requirements, towards
from runlife.paths.ways import Rows, shortest_ways
from runlife.rows import StatusT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife.lifecycle import Lifecycle
    from runlife.rows import Transition

__all__ = ["Guide"]


class Guide(Generic[StatusT]):
    """Says at each step of a walk which rows lead to something that was not taken yet.

    A suite is made in advance, for whoever can direct everything. Who walks step by step, and cannot
    or will not always go where a suite says (a random walk, a service with a will of its own), asks a
    guide instead: it goes by what was really taken. After a terminal status the walk begins anew.

    >>> from runlife import RUN
    >>> guide = Guide(RUN, "edge")
    >>> while guide.wanted:
    ...     guide.take(guide.rows()[0])

    :param criterion: what is to be taken, as :func:`~runlife.paths.requirements` has it; or the
        sequences themselves.
    :raises MisuseError: when there is no such criterion, or a sequence is empty.
    """

    def __init__(
        self, lifecycle: Lifecycle[StatusT], criterion: Criterion | Iterable[Rows[StatusT]] = "edge-pair"
    ) -> None:
        items = requirements(lifecycle, criterion) if isinstance(criterion, str) else tuple(criterion)
        if not all(items):
            msg = "nothing is taken by an empty sequence of rows: it cannot be asked for"
            raise MisuseError(msg)
        self._lifecycle = lifecycle
        self._ways = {source: shortest_ways(lifecycle, source) for source in (None, *lifecycle.statuses)}
        self._walked: list[Transition[StatusT]] = []
        self._wanted = list(items)

    @property
    def wanted(self) -> tuple[Rows[StatusT], ...]:
        """What was not taken yet, in the order of the criterion."""
        return tuple(self._wanted)

    @property
    def status(self) -> StatusT | None:
        """Where the walk is; None where the next row is a creation."""
        return self._walked[-1].target if self._walked else None

    def way(self, item: Rows[StatusT]) -> Rows[StatusT]:
        """Return the shortest rows after which a sequence was taken; none when there is no way to it.

        Where it lies behind an ending, the way leads through the nearest, and begins anew.
        """
        more = towards(self._ways, tuple(self._walked), item)
        if not more and self._walked and (anew := towards(self._ways, (), item)):
            ways = self._ways[self.status].items()
            ending = min((way for end, way in ways if end in self._lifecycle.terminal), key=len)
            more = (*ending, *anew)
        return more

    def rows(self) -> Rows[StatusT]:
        """Return the rows with which the shortest ways to something wanted begin, in table order.

        None when nothing is wanted any more, or what is left lies on no way at all.
        """
        ways = [way for item in self._wanted if (way := self.way(item))]
        nearest = min(map(len, ways), default=0)
        first = {id(way[0]) for way in ways if len(way) == nearest}
        return tuple(row for row in self._lifecycle.transitions if id(row) in first)

    def take(self, row: Transition[StatusT]) -> None:
        """Note that a row was taken.

        :raises MisuseError: when it does not begin where the walk is.
        """
        if row.source != self.status:
            msg = f"the walk is at {self.status or 'nothing'}, where {row} does not begin"
            raise MisuseError(msg)
        self._walked.append(row)
        walked = tuple(self._walked)
        self._wanted = [item for item in self._wanted if walked[-len(item) :] != item]
        if row.target in self._lifecycle.terminal:
            self._walked.clear()
