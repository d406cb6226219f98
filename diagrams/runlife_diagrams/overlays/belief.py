"""What a checker of traces believed as an overlay: where the run may have been, and where it was seen.

Of a trace that became illegal, three kinds of status are told apart: those that were believed before, as
of the last sample; those that the run might have got to since, unseen; and the one where it was seen,
which is none of these, or is one with facts that cannot be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from runlife.trace import TraceChecker, UnlawfulError
from runlife_diagrams.overlay import LegendEntry, Mark, Overlay
from runlife_diagrams.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_diagrams.overlay import Ground

__all__ = ["Belief", "belief"]

_CLASSES = {
    "believed": ("believed", "believed before"),
    "possible": ("possible", "might have come to since"),
    "seen": ("seen here", "seen, and none leads there"),
}
_LAWFUL = {"believed": ("believed", "may be here")}


@frozen
class Belief:
    """What was believed of a run when its trace became illegal; or is, of one that is lawful so far.

    :param source: the error that a checker raised, or the checker.
    """

    source: UnlawfulError | TraceChecker


def belief(given: Belief, ground: Ground) -> Overlay:
    """Return the overlay that shows a belief. Statuses that the picture does not have are told in words."""
    source = given.source
    if isinstance(source, TraceChecker):
        believed, possible, seen, looks = [*source.statuses], list[str](), None, _LAWFUL
    else:
        believed = [str(state.status) for state in source.believed]
        possible = [word for word in source.possible if word not in believed]
        seen, looks = source.sample.status, _CLASSES
    found = {"believed": dict.fromkeys(believed), "possible": dict.fromkeys(possible)}
    if seen is not None:
        found["seen"] = {seen: None}
    kinds: dict[str, list[str]] = {}
    for kind, words in found.items():
        for word in words:
            if word in ground.nodes:
                kinds.setdefault(ground.nodes[word], []).append(kind)
    return Overlay(
        "judged",
        says=tuple(map(visible, _says(source))),
        nodes={
            node: Mark(
                tuple(several),
                ", ".join(looks[kind][0] for kind in several),
                _why(source, node, ground),
            )
            for node, several in kinds.items()
        },
        legend=tuple(
            LegendEntry(kind, says, badge) for kind, (badge, says) in looks.items() if found.get(kind)
        ),
    )


def _why(source: UnlawfulError | TraceChecker, node: str, ground: Ground) -> str:
    """Say why what was seen cannot follow from the states of a node."""
    if isinstance(source, TraceChecker):
        return ""
    reasons = (
        conflict.says
        for conflict in source.why
        if conflict.believed is not None and ground.nodes.get(str(conflict.believed.status)) == node
    )
    return visible("; ".join(dict.fromkeys(reasons)))


def _says(source: UnlawfulError | TraceChecker) -> Iterator[str]:
    if isinstance(source, TraceChecker):
        yield f"Lawful so far; believed: {', '.join(source.statuses)}"
        return
    yield f"No lawful history explains what was seen: {source.sample.what}"
    believed = dict.fromkeys(str(state.status) for state in source.believed)
    yield f"Believed before: {', '.join(believed) or 'nothing'}"
    yield f"Possible just then: {', '.join(source.possible) or 'nothing'}"
    why = dict.fromkeys(
        conflict.says if conflict.believed is None else f"from {conflict.believed.status}: {conflict.says}"
        for conflict in source.why
    )
    yield from why
