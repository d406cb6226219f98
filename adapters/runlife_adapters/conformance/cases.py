"""The cases: generated from the table where the table says it, written out where it does not."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

from runlife import RUN, Cause, RunStatus, ToolOutput, Transition
from runlife.paths import shortest_paths, suite
from runlife.rules import RUN_TTL
from runlife_adapters.conformance.anywhere import ANYWHERE
from runlife_adapters.conformance.harness import Case, Harness, Report, run_cases
from runlife_adapters.conformance.scene import Scene, expect, rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runlife_adapters.backend import RunView

__all__ = ["CASES", "run_conformance"]

CALLS = tuple(dict.fromkeys(row.event for row in RUN.transitions if row.cause is Cause.CLIENT))
"""The events that a client asks for."""

BAD_REQUEST = 400


def follows(harness: Harness, *, path: tuple[Transition[Any], ...]) -> None:
    """Every row of the path happens, and shows in the run's status and fields."""
    Scene(harness).play(path)


def refuses(harness: Harness, *, path: tuple[Transition[Any], ...], call: str) -> None:
    """Refused with 400: a call that is illegal in a status; and it changes nothing."""
    scene = Scene(harness)
    before = scene.play(path)
    rejected(BAD_REQUEST, lambda: scene.call(call))
    expect(that=scene.look() == before, otherwise=f"a refused {call} changed the run: {scene.view}")


def to(status: RunStatus) -> tuple[Transition[Any], ...]:
    """Return the rows of a shortest path to a status."""
    return tuple(SHORTEST[status])


SHORTEST = shortest_paths(RUN)


def outputs_must_match(harness: Harness) -> None:
    """None, one of two, a stranger's, or one twice: refused, and the run waits on."""
    scene = Scene(harness)
    before = scene.play(to(RunStatus.REQUIRES_ACTION))
    first, second = (ToolOutput(call.id, "found") for call in before.required_action or ())
    stranger = ToolOutput("call_000000000000000000000000", "found")
    submit = partial(harness.backend.submit_tool_outputs, scene.thread_id, before.id)
    for outputs in ([], [first], [first, stranger], [first, second, stranger], [first, first]):
        rejected(BAD_REQUEST, partial(submit, outputs))
        expect(that=scene.look() == before, otherwise=f"wrong outputs changed the run: {scene.view}")
    scene.view = submit([second, first])
    scene.check(RunStatus.QUEUED)


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


def locks_its_thread(harness: Harness, *, path: tuple[Transition[Any], ...]) -> None:
    """While a run is active it keeps messages and runs off its thread, and leaves other threads alone."""
    scene = Scene(harness)
    scene.play(path)
    rejected(BAD_REQUEST, lambda: harness.message(scene.thread_id, "More"))
    rejected(BAD_REQUEST, lambda: scene.call(path[0].event))
    scene.unchanged("a refused call")
    runs = [view.id for view in harness.backend.list_runs(scene.thread_id)]
    expect(that=runs == [scene.view.id], otherwise=f"a refused run is on the thread: {runs}")
    harness.backend.create_run(harness.thread("Hello"), scene.assistant_id)


def frees_its_thread(harness: Harness, *, path: tuple[Transition[Any], ...]) -> None:
    """Once it has ended, a run lets messages and other runs on its thread, and never changes again."""
    scene = Scene(harness)
    scene.play(path)
    harness.message(scene.thread_id, "More")
    scene.call(path[0].event)
    scene.wait(RUN_TTL)
    scene.unchanged("time")


def expires(harness: Harness, *, path: tuple[Transition[Any], ...]) -> None:
    """One second before its deadline the run lives as it did; at the deadline itself it is over."""
    scene = Scene(harness)
    scene.play(path)
    scene.wait(RUN_TTL - scene.waited - 1)
    scene.unchanged("a time before the deadline")
    scene.wait(1)
    (row,) = (row for row in RUN.transitions if row.source == path[-1].target and row.deadline)
    scene.look()
    scene.check(row.target)


def outputs_at_the_deadline_are_too_late(harness: Harness) -> None:
    """Time comes first: outputs that arrive at the deadline find the run over."""
    scene = Scene(harness)
    scene.play(to(RunStatus.REQUIRES_ACTION))
    scene.wait(RUN_TTL - scene.waited)
    rejected(BAD_REQUEST, lambda: scene.call("submit_tool_outputs"))
    scene.end()


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
    for path in suite(RUN, "edge-pair"):
        yield Case(f"follows {path.id}", partial(follows, path=tuple(path)))
    for status in RUN.statuses:
        for call in CALLS:
            locked = call in {row.event for row in RUN.creations} and status not in RUN.terminal
            if locked or (call not in RUN.legal(status) and call not in RUN.legal(None)):
                yield Case(f"refuses {call} in {status}", partial(refuses, path=to(status), call=call))
        for kind in (locks_its_thread, expires) if status in RUN.live else (frees_its_thread,):
            yield Case(f"{kind.__name__.replace('_', ' ')} in {status}", partial(kind, path=to(status)))
    for case in (
        outputs_must_match,
        outputs_at_the_deadline_are_too_late,
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
    :param only: a pattern for the names of the cases, as of file names: ``"refuses cancel *"``.
    """
    return run_cases((case for case in CASES if fnmatchcase(case.name, only)), make_harness)
