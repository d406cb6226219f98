"""The cases: generated from the table where the table says it, written out where it does not."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from runlife import RUN, RunStatus, Transition
from runlife.paths import shortest_paths
from runlife_adapters.conformance.anywhere import ANYWHERE
from runlife_adapters.conformance.generated import CaseCriterion, cases
from runlife_adapters.conformance.harness import Case, Harness, Report, run_cases
from runlife_adapters.conformance.scene import Scene, expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runlife_adapters.backend import RunView

__all__ = ["CASES", "run_conformance"]

GENERATED: tuple[CaseCriterion, ...] = ("edge-pair", "guard", "boundary", "illegal", "thread")
"""What of the generated cases is in the suite."""


def to(status: RunStatus) -> tuple[Transition[Any], ...]:
    """Return the rows of a shortest path to a status."""
    return tuple(SHORTEST[status])


SHORTEST = shortest_paths(RUN)


def a_thread_is_free_again(harness: Harness) -> None:
    """While a run is active its thread takes no other; once it has ended, it does."""
    scene = Scene(harness)
    scene.play(to(RunStatus.COMPLETED))
    first = scene.view
    scene.create()
    scene.check(RunStatus.QUEUED)
    runs = [view.id for view in harness.backend.list_runs(scene.thread_id)]
    expect(that=runs == [scene.view.id, first.id], otherwise=f"not newest first: {runs}")


def a_reply_is_on_the_thread(harness: Harness) -> None:
    """One reply of a completed run can be read, and is told apart from other messages."""
    scene = Scene(harness)
    view = scene.play(to(RunStatus.COMPLETED))
    texts = harness.backend.list_messages(scene.thread_id, run_id=view.id)
    expect(that=len(texts) == 1 and bool(texts[0]), otherwise=f"expected one reply, got {texts!r}")


def rounds_share_one_deadline(harness: Harness) -> None:
    """Every round of calls has ids of its own and a new start, and all share the run's one deadline."""
    scene = Scene(harness)
    first = to(RunStatus.REQUIRES_ACTION)
    (submit,) = (row for row in RUN.transitions if row.event == "submit_tool_outputs")
    seen: list[RunView] = []
    scene.play((*first, submit, *first[1:]), seen=seen)
    asking = [view for view in seen if view.required_action]
    ids = [view.call_ids for view in asking]
    expect(that=ids[0].isdisjoint(ids[1]), otherwise=f"a call's id came back: {ids}")
    for name in ("created_at", "expires_at"):
        values = {getattr(view, name) for view in seen}
        expect(that=len(values) == 1, otherwise=f"{name} must not move in a run's life: {sorted(values)}")
    starts = [view.started_at for view in asking]
    expect(that=starts[0] != starts[1], otherwise="a new start must overwrite started_at")


def _cases() -> Iterator[Case]:
    yield from (Case(case.__name__.replace("_", " "), case, needs_stage=False) for case in ANYWHERE)
    # `guard` repeats in part what `ANYWHERE` holds a live service to, for those that can be directed.
    yield from (case.conformance for case in cases(*GENERATED, visits=1))
    for case in (
        rounds_share_one_deadline,
        a_thread_is_free_again,
        a_reply_is_on_the_thread,
    ):
        yield Case(case.__name__.replace("_", " "), case)


CASES: tuple[Case, ...] = tuple(_cases())
"""Every case, each with a name of its own."""


def run_conformance(make_harness: Callable[[], Harness], *, only: str = "*") -> Report:
    """Run the cases, each before a harness of its own, and report; raises nothing itself.

    :param make_harness: makes a backend with its stage; called once for each case.
    :param only: a pattern for the names of the cases, as of file names: ``"cancel@*"``.
    """
    return run_cases((case for case in CASES if fnmatchcase(case.name, only)), make_harness)
