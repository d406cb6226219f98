"""A path through a lifecycle, in whatever form one has it, as the rows that it takes.

What people have at hand differs: a list of statuses from a log, the transitions a generator made,
the journal of a run. All of them name a walk through the table, and here each becomes the same: the
status it starts from (None if it starts with the creation), and the rows taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, cast

from attrs import frozen

from runlife import Lifecycle, Record, Transition
from runlife_diagrams.errors import PathError

__all__ = ["Path", "Route", "follow", "statuses_of"]

Path = Iterable[str | Transition[Any] | Record | None]
"""Statuses, transitions or records (a journal), in order. None, first, is the moment before creation."""


@frozen
class Route:
    """A path of the table: where it starts, and the rows it takes."""

    start: StrEnum | None
    rows: tuple[Transition[Any], ...]

    @property
    def statuses(self) -> tuple[StrEnum, ...]:
        """The statuses passed through, in order."""
        later = (row.target for row in self.rows)
        return (*((self.start,) if self.start is not None else ()), *later)


def follow(lifecycle: Lifecycle[Any], path: Path) -> Route:
    """Return the route that a path takes through the table.

    A status that follows another stands for the one row between the two. A record or a transition
    stands for the row of its source, event and target, whatever the policy it was made under.

    :raises PathError: naming the first step that does not fit, and what would be legal there.
    """
    if isinstance(path, str):
        raise PathError(1, f"a path is a sequence of statuses, transitions or records, got {path!r}")
    steps = list(path)
    if not steps:
        raise PathError(1, "the path is empty; it has a status, at least")
    start, rows = _start(lifecycle, steps[0])
    here: StrEnum | None = rows[-1].target if rows else start
    for number, step in enumerate(steps[1:], 2):
        row = _row(lifecycle, number, here, step)
        rows.append(row)
        here = row.target
    return Route(start, tuple(rows))


def statuses_of(lifecycle: Lifecycle[Any]) -> tuple[StrEnum, ...]:
    """Return the statuses of any lifecycle, in the order of their enumeration."""
    return tuple(cast("type[StrEnum]", lifecycle.statuses))


def _start(
    lifecycle: Lifecycle[Any], first: str | Transition[Any] | Record | None
) -> tuple[StrEnum | None, list[Transition[Any]]]:
    if first is None:
        return None, []
    if isinstance(first, str):
        return _status(lifecycle, 1, first), []
    claimed = first if isinstance(first, Transition) else first.transition
    row = _row(lifecycle, 1, claimed.source, claimed)
    return row.source, [row]


def _status(lifecycle: Lifecycle[Any], number: int, word: str) -> StrEnum:
    statuses = statuses_of(lifecycle)
    for status in statuses:
        if status == word:
            return status
    known = ", ".join(statuses)
    raise PathError(number, f"{str(word)!r} is no status of {lifecycle.name!r}; these are: {known}")


def _row(
    lifecycle: Lifecycle[Any],
    number: int,
    here: StrEnum | None,
    step: str | Transition[Any] | Record | None,
) -> Transition[Any]:
    exits = [row for row in lifecycle.transitions if row.source == here]
    if step is None:
        raise PathError(number, "None is the moment before creation, and can only come first")
    if isinstance(step, str):
        target = _status(lifecycle, number, step)
        rows = [row for row in exits if row.target == target]
        if len({row.event for row in rows}) > 1:
            choice = ", ".join(row.event for row in rows)
            raise PathError(
                number,
                f"several events lead {_from(here)} to {target.value!r} ({choice}): give the transition",
            )
        wanted = f"no transition leads {_from(here)} to {target.value!r}"
    else:
        claimed = step if isinstance(step, Transition) else step.transition
        rows = [r for r in exits if (r.event, r.source, r.target) == _key(claimed)]
        # Of several rows that differ in their guards, the very one, if it is there.
        rows.sort(key=lambda row: row != claimed)
        wanted = f"{lifecycle.name!r} has no transition {claimed} {_from(here)}"
    if not rows:
        raise PathError(number, f"{wanted}; {_legal(here, exits)}")
    return rows[0]


def _key(row: Transition[Any]) -> tuple[str, Any, Any]:
    return row.event, row.source, row.target


def _from(status: StrEnum | None) -> str:
    return "from before the creation" if status is None else f"from {status.value!r}"


def _legal(here: StrEnum | None, exits: list[Transition[Any]]) -> str:
    if not exits:
        return "nothing leads from there, it is terminal"
    return f"legal {_from(here)}: " + ", ".join(f"{row.event} to {row.target.value!r}" for row in exits)
