"""How often rows were taken, as an overlay: a count on each edge, and a line as thick as that is high.

The degrees are logarithmic: beside a row that every run takes, one that a single run took still shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import TYPE_CHECKING, Any

from runlife import Transition
from runlife_diagrams.errors import PictureError
from runlife_diagrams.overlay import LegendEntry, Mark, Overlay
from runlife_diagrams.style import HOTTEST
from runlife_diagrams.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife_diagrams.overlay import Ground

__all__ = ["Counts", "heat"]

Counts = Mapping[Transition[Any] | str, int]
"""How often rows were taken, by the row or by its name, such as ``queued -start-> in_progress``."""


def heat(counts: Counts, ground: Ground) -> Overlay:
    """Return the overlay that shows how often rows were taken; one that is not named never was.

    :raises PictureError: when a count is of no row, or of several, or is no number.
    """
    taken = _by_label(counts, ground)
    sums = {bearer: sum(taken[label] for label in labels) for bearer, labels in ground.bearers.items()}
    most = max(sums.values(), default=0)

    def mark(count: int) -> Mark:
        return Mark((f"heat-{_degree(count, most)}",), f"{count:,}", f"taken {_times(count)}")

    never = [visible(str(row)) for row, label in ground.rows if not taken[label]]
    return Overlay(
        "heated",
        says=(f"Taken {_times(sum(taken.values()))} in all", _never(never)),
        rows={label: mark(count) for label, count in taken.items()},
        edges={bearer: mark(count) for bearer, count in sums.items()},
        legend=(
            LegendEntry(f"heat-{HOTTEST}", "how often it was taken", "12"),
            LegendEntry("heat-0", "never was", "0"),
        ),
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _never(rows: Sequence[str]) -> str:
    if not rows:
        return "every row was taken"
    return f"{len(rows)} {'row' if len(rows) == 1 else 'rows'} never taken: {', '.join(rows)}"


def _by_label(counts: Counts, ground: Ground) -> dict[str, int]:
    taken = dict.fromkeys((label for _, label in ground.rows), 0)
    given: Mapping[Any, Any] = counts
    for row, count in given.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise PictureError(f"how often {row} was taken is a number, 0 or more; got {count!r}")
        taken[_label(row, ground)] += count
    return taken


def _label(row: object, ground: Ground) -> str:
    """Return the label of the one row that is meant: this very one, or else the one of its name.

    :raises PictureError: when there is none, or there are several that only their guards tell apart.
    """
    exact = dict.fromkeys(label for drawn, label in ground.rows if drawn == row)
    found = exact or dict.fromkeys(label for drawn, label in ground.rows if str(drawn) == str(row))
    if not found:
        names = ", ".join(dict.fromkeys(str(drawn) for drawn, _ in ground.rows))
        raise PictureError(f"no row is {str(row)!r}; there are: {names}")
    if len(found) > 1:
        raise PictureError(f"{len(found)} rows are {str(row)!r}: count them by the transition, not the name")
    return next(iter(found))


def _degree(count: int, most: int) -> int:
    """Return 0 for what never was, and else 1 to HOTTEST."""
    if not count:
        return 0
    return 1 + round((HOTTEST - 1) * (log(count) / log(most) if most > 1 else 1.0))
