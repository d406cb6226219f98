"""The one call that makes an overlay of whatever may be one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

from runlife import Instance, Record, Transition
from runlife.trace import TraceChecker, UnlawfulError
from runlife_diagrams.errors import PathError, PictureError
from runlife_diagrams.overlays.belief import Belief, belief
from runlife_diagrams.overlays.difference import Difference, difference
from runlife_diagrams.overlays.heat import Counts, heat
from runlife_diagrams.overlays.trail import Way, trail

if TYPE_CHECKING:
    from runlife import Lifecycle
    from runlife_diagrams.overlay import Ground, Overlay
    from runlife_diagrams.route import Path

__all__ = [
    "OverlayLike",
    "is_way",
    "overlay_of",
    "way_of",
]

WayLike: TypeAlias = (
    Instance[Any] | Iterable[str | Transition[Any] | Record | Mapping[str, Any] | None] | str | bytes
)
"""A path, or a journal in whatever form one has it."""

OverlayLike: TypeAlias = WayLike | Counts | Belief | Difference | UnlawfulError | TraceChecker
"""What :func:`runlife_diagrams.render` takes as an overlay."""


def overlay_of(given: OverlayLike, lifecycle: Lifecycle[Any], ground: Ground) -> Overlay:
    """Return the overlay that something is, on a picture of the lifecycle.

    :raises PathError: naming the first step of a path that does not fit, and what would be legal.
    :raises HistoryError: naming the first record of a journal that cannot be read.
    :raises PictureError: when a count is of no row, or what is given is no overlay.
    """
    if isinstance(given, (UnlawfulError, TraceChecker)):
        given = Belief(given)
    if isinstance(given, Belief):
        return belief(given, ground)
    if isinstance(given, Difference):
        return difference(given, lifecycle, ground)
    if isinstance(given, Mapping):
        return heat(cast("Counts", given), ground)
    if is_way(given):
        return trail(way_of(given, lifecycle), ground)
    kind = type(given).__name__
    raise PictureError(f"an overlay is a path, a journal, counts, a Belief or a Difference; got {kind}")


def is_way(given: OverlayLike) -> TypeGuard[WayLike]:
    """Whether something may be a path or a journal, as against what lies over a picture besides."""
    others = (Mapping, Belief, Difference, UnlawfulError, TraceChecker)
    return isinstance(given, (Instance, Iterable)) and not isinstance(given, others)


def way_of(given: WayLike, lifecycle: Lifecycle[Any]) -> Way:
    """Return the way through the lifecycle that a path or a journal is.

    :raises PathError: naming the first step of a path that does not fit, and what would be legal.
    :raises HistoryError: naming the first record of a journal that cannot be read.
    """
    if isinstance(given, Instance):
        return Way.of_journal(lifecycle, given) if given.journal else Way.of_path(lifecycle, [given.status])
    if isinstance(given, (str, bytes)):
        text = given if isinstance(given, str) else given.decode(errors="replace")
        if not text.lstrip().startswith(("{", "[")):
            raise PathError(1, f"a path is a sequence of statuses, transitions or records, got {text[:40]!r}")
        return Way.of_journal(lifecycle, given)
    steps: list[object] = list(given)
    if steps and all(isinstance(step, (Record, Mapping)) for step in steps):
        return Way.of_journal(lifecycle, cast("list[Record | Mapping[str, Any]]", steps))
    for number, step in enumerate(steps, 1):
        if not isinstance(step, (str, Transition, Record, NoneType)):
            kind = type(step).__name__
            raise PathError(number, f"expected a status, a transition or a record, got {kind}")
    return Way.of_path(lifecycle, cast("Path", steps))
