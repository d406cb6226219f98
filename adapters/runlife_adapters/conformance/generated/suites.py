"""All cases there are, by what they are for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

from attrs import evolve

from runlife import RUN, Cause, Lifecycle, MisuseError, RunStatus
from runlife.paths import Path, boundaries, shortest_paths, simple_paths, suite
from runlife_adapters.conformance.generated.case import Case
from runlife_adapters.conformance.generated.checks import SPEAK, follows, frees, keeps, refuses
from runlife_adapters.conformance.generated.guards import guard_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["CRITERIA", "CaseCriterion", "cases"]

CaseCriterion = Literal["edge", "edge-pair", "simple", "prime", "guard", "boundary", "illegal", "thread"]
"""What a case may be for.

============= ==========================================================================
``edge``      complete paths that take each transition
``edge-pair`` complete paths that take each two consecutive transitions
``simple``    every complete path that enters no status more than ``visits`` times
``prime``     complete paths that contain each prime path
``guard``     each part of each guard, decisive both ways (MC/DC)
``boundary``  each deadline in each status: a second before it, at it, a second after it;
              and whatever else could happen there, a second before it and in a tie
``illegal``   each call of a client in each status that does not allow it
``thread``    an ended run lets the next one on its thread, and never changes again
============= ==========================================================================
"""

CRITERIA: tuple[CaseCriterion, ...] = get_args(CaseCriterion)
"""All of them, in the order in which their cases come."""


def cases(
    *criteria: CaseCriterion, lifecycle: Lifecycle[RunStatus] = RUN, visits: int = 2
) -> tuple[Case, ...]:
    """Return the cases for some criteria, without two of the same; for all of them, when none is named.

    :param lifecycle: that of runs, under the policy that the backend has.
    :param visits: how often a simple path may enter a status: with 2, there is a second round of calls.
    :raises MisuseError: when there is no such criterion, or the lifecycle is of something else.
    """
    if unknown := [name for name in criteria if name not in CRITERIA]:
        msg = f"unknown criterion {unknown[0]!r}; the criteria are: {', '.join(CRITERIA)}"
        raise MisuseError(msg)
    if lifecycle.name != RUN.name:
        msg = f"a backend serves runs: expected the lifecycle {RUN.name!r}, got {lifecycle.name!r}"
        raise MisuseError(msg)
    found: dict[str, Case] = {}
    for name in criteria or CRITERIA:
        made = _MAKERS[name](lifecycle) if name != "simple" else _walks(name, simple_paths(lifecycle, visits))
        for case in made:
            known = found.get(case.id)
            found[case.id] = evolve(case, criteria=(*known.criteria, name)) if known else case
    return tuple(found.values())


def _walks(criterion: str, paths: tuple[Path[RunStatus], ...]) -> Iterator[Case]:
    return (Case(path.id, (criterion,), partial(follows, path=path), path) for path in paths)


def _boundaries(lifecycle: Lifecycle[RunStatus]) -> Iterator[Case]:
    paths = shortest_paths(lifecycle)
    for boundary in boundaries(lifecycle):
        if (status := boundary.timer.source) is not None:
            check = partial(keeps, path=paths[status], boundary=boundary)
            yield Case(boundary.id, ("boundary",), check, paths[status])


def _illegal(lifecycle: Lifecycle[RunStatus]) -> Iterator[Case]:
    calls = dict.fromkeys(row.event for row in lifecycle.transitions if row.cause is Cause.CLIENT)
    creations = {row.event for row in lifecycle.creations}
    for status, path in shortest_paths(lifecycle).items():
        for call in (*calls, SPEAK):
            # A thread is locked exactly while its run lives: for other runs, and for messages.
            locks = call in creations or call == SPEAK
            is_legal = status in lifecycle.terminal if locks else call in lifecycle.legal(status)
            if not is_legal:
                check = partial(refuses, path=path, call=call)
                yield Case(f"{call}@{status} is refused", ("illegal",), check, path)


def _threads(lifecycle: Lifecycle[RunStatus]) -> Iterator[Case]:
    for status, path in shortest_paths(lifecycle).items():
        if status in lifecycle.terminal:
            yield Case(f"{status} frees its thread", ("thread",), partial(frees, path=path), path)


_MAKERS: Mapping[str, Callable[[Lifecycle[RunStatus]], Iterator[Case]]] = {
    "edge": lambda lifecycle: _walks("edge", suite(lifecycle, "edge")),
    "edge-pair": lambda lifecycle: _walks("edge-pair", suite(lifecycle, "edge-pair")),
    "prime": lambda lifecycle: _walks("prime", suite(lifecycle, "prime")),
    "guard": guard_cases,
    "boundary": _boundaries,
    "illegal": _illegal,
    "thread": _threads,
}
