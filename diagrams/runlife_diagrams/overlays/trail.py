"""A way through a lifecycle as an overlay: numbered steps, and of a journal the time of each.

The number of a step stands on its edge, and after it, if the way is a journal, how long after the first
record it was taken. Of a row that was taken often, the first and the last are told, and how many there were.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from attrs import frozen

from runlife_diagrams.overlay import LegendEntry, Mark, Overlay, Step
from runlife_diagrams.route import Path, Route, follow
from runlife_diagrams.scope import source_of
from runlife_diagrams.text import visible
from runlife_diagrams.timeline.journals import Journal, Reader
from runlife_diagrams.timeline.times import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from runlife import Lifecycle, Transition
    from runlife_diagrams.overlay import Ground

__all__ = ["Way", "trail"]

_FEW, _FEW_TIMES = 4, 2
"""Steps of one row that are all named, without times and with them; of more, the first and the last are."""
_MINUTE = 60
_TIMES = "\N{MULTIPLICATION SIGN}"


@frozen
class Way:
    """The rows taken, and of a journal when, in seconds since its first record."""

    route: Route
    times: tuple[float, ...] | None = None

    @classmethod
    def of_path(cls, lifecycle: Lifecycle[Any], path: Path) -> Way:
        """Return the way that a path takes.

        :raises PathError: naming the first step that does not fit, and what would be legal there.
        """
        return cls(follow(lifecycle, path))

    @classmethod
    def of_journal(cls, lifecycle: Lifecycle[Any], journal: Journal) -> Way:
        """Return the way that the records of a journal take.

        :raises HistoryError: naming the first record that cannot be read, or does not follow.
        :raises PathError: naming the first record whose row the policy of the lifecycle switches off.
        """
        records = Reader(lifecycle).read(journal)
        first = records[0].at
        return cls(follow(lifecycle, records), tuple(record.at - first for record in records))

    @property
    def passed(self) -> tuple[str | None, ...]:
        """The statuses, from the first to the last; None is the moment before the creation."""
        start = self.route.start
        return (None if start is None else start.value, *(row.target.value for row in self.route.rows))

    @property
    def path(self) -> tuple[str | Transition[Any] | None, ...]:
        """The same as a path of rows; of no rows, the one status."""
        start = self.route.start
        return self.route.rows or (None if start is None else start.value,)


def trail(way: Way, ground: Ground) -> Overlay:
    """Return the overlay that shows a way."""
    steps = _steps(way, ground)
    stays, passed = _stays(way), [ground.nodes[word] for word in way.passed]
    taken: dict[str, list[int]] = {}
    for index, step in enumerate(steps):
        taken.setdefault(step.row, []).append(index)

    def mark(labels: Iterable[str]) -> Mark:
        indices = sorted(index for label in labels for index in taken.get(label, ()))
        ends = dict.fromkeys((indices[0], indices[-1]))
        badge = _badge([index + 1 for index in indices], [steps[index].at for index in indices])
        return Mark(("taken",), badge, "; ".join(steps[index].says for index in ends))

    return Overlay(
        "traced",
        says=tuple(_says(way, stays)),
        nodes={
            ground.nodes[word]: Mark(
                ("visited", "current") if ground.nodes[word] == passed[-1] else ("visited",),
                says=stays.get(word, ""),
            )
            for word in way.passed
        },
        rows={label: mark([label]) for label in taken},
        edges={
            id: mark(labels) for id, labels in ground.bearers.items() if not taken.keys().isdisjoint(labels)
        },
        legend=_legend(way),
        steps=steps,
        current=passed[-1],
    )


def _steps(way: Way, ground: Ground) -> tuple[Step, ...]:
    found: list[Step] = []
    for index, row in enumerate(way.route.rows):
        at = way.times[index] if way.times is not None else None
        when = "" if at is None or index == 0 else f", {duration(at)} after the first record"
        found.append(
            Step(
                ground.label(row),
                ground.nodes[source_of(row)],
                ground.nodes[str(row.target.value)],
                visible(f"{index + 1}. {row}{when}"),
                at,
            )
        )
    return tuple(found)


def _badge(numbers: Sequence[int], times: Sequence[float | None]) -> str:
    """Return the steps of one row, as short as can be read: it stands where little room is.

    Of a path, ``1, 4`` or ``2 … 88 (30)``. Of a journal, ``3 · 4.2 s``; of many, how many, and the first and
    the last.
    """
    known = [at for at in times if at is not None]
    few = len(numbers) <= (_FEW_TIMES if known else _FEW)
    said = ", ".join(map(str, numbers))
    if not known:
        return said if few else f"{numbers[0]} … {numbers[-1]} ({len(numbers)})"
    if len(known) == 1:
        return f"{said} · {_brief(known[0])}"
    first, last = _coarse(known[0]), _coarse(known[-1])
    return f"{said} · {first}, {last}" if few else f"{len(numbers)}{_TIMES} · {first} … {last}"


def _brief(seconds: float) -> str:
    """Return a time as precisely as there is room for: to a tenth of a second, above a minute to a second."""
    return duration(round(seconds, 1) if seconds < _MINUTE else round(seconds))


def _coarse(seconds: float) -> str:
    """Return a time in its largest unit."""
    said = _brief(seconds).split(" ")
    return " ".join(said[:2])


def _stays(way: Way) -> Mapping[str | None, str]:
    """Say of each status how long it lasted, as far as the journal tells."""
    if way.times is None:
        return {}
    spent: dict[str | None, list[float]] = {}
    for word, (began, ended) in zip(way.passed[1:], pairwise(way.times), strict=False):
        spent.setdefault(word, []).append(ended - began)
    said = {
        word: f"for {duration(sum(lengths))}" + (f" in {len(lengths)} stays" if len(lengths) > 1 else "")
        for word, lengths in spent.items()
    }
    last, since = way.passed[-1], f"since {duration(way.times[-1])} after the first record"
    said[last] = f"{said[last]}, and {since}" if last in said else since
    return said


def _says(way: Way, stays: Mapping[str | None, str]) -> Iterator[str]:
    if not way.route.rows:
        yield visible(f"It is {'before the creation' if way.passed[-1] is None else f'in {way.passed[-1]}'}")
    yield from (visible(f"{word} {stay}") for word, stay in stays.items())


def _legend(way: Way) -> tuple[LegendEntry, ...]:
    badge = LegendEntry("taken", "step", "1")
    if way.times is not None:
        badge = LegendEntry("taken", "step and time since the first", "2 · 4 s")
    return (
        *((badge,) if way.route.rows else ()),
        *((LegendEntry("visited", "was here", ""),) if len(set(way.passed)) > 1 else ()),
        LegendEntry("current", "is here at the end", ""),
    )
