"""What a poller did not see: the shortest lawful way between two samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runlife.errors import TraceError
from runlife.rows import Cause, Transition

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

    from runlife.lifecycle import Lifecycle

__all__ = ["explain"]


def explain(
    lifecycle: Lifecycle[Any], source: StrEnum | None, target: StrEnum, calls: Iterable[str] = ()
) -> tuple[Transition[Any], ...]:
    """Return a shortest lawful way from one sampled status to the next: what a poller did not see.

    :param source: the earlier status, or None when the run was not yet created.
    :param calls: the client's events that may have taken effect in between.
    :raises TraceError: when there is none.
    """
    sent = {*calls, *(row.event for row in lifecycle.creations)}
    ways: dict[Any, tuple[Transition[Any], ...]] = {source: ()}
    frontier: list[Any] = [source]
    for status in frontier:
        for rows in lifecycle.moves[status].values():
            for row in rows:
                possible = row.cause is not Cause.CLIENT or row.event in sent
                if possible and row.target not in ways:
                    ways[row.target] = (*ways[status], row)
                    frontier.append(row.target)
    if target not in ways:
        start = "nothing" if source is None else source
        msg = f"no rows lead from {start} to {target} with the calls {sorted(sent)}"
        raise TraceError(msg)
    return ways[target]
