"""How a guard is made to hold, or not to, before a backend.

Which combinations there are to try is the table's affair (:func:`runlife.paths.guard_rows`). Here stands
what the table cannot say: what a client, or the model, must do for each. A combination may have several
ways; one without any is an error, so that a new guard in the table cannot go untested in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

from runlife import Cause, MisuseError, RunStatus, ToolOutput
from runlife.paths import Path, guard_rows, shortest_paths
from runlife_adapters.conformance.generated.case import Case
from runlife_adapters.conformance.generated.checks import BAD_REQUEST, STRANGER, ends_without
from runlife_adapters.conformance.scene import Scene, expect, rejected

if TYPE_CHECKING:
    from runlife import Lifecycle
    from runlife.paths import GuardRow
    from runlife_adapters.conformance.harness import Harness

__all__ = ["guard_cases"]

Act = Callable[[Scene, "Path[RunStatus]"], None]
"""What happens before a run that comes along a path to where the guard is asked."""

Pick = Callable[[Sequence[ToolOutput]], Sequence[ToolOutput]]


@frozen
class Way:
    """One way to a combination: the guard's parts that do not hold, and what is done."""

    event: str
    fails: tuple[str, ...]
    act: Act
    says: str = ""
    """What tells it from other ways to the same."""
    needs_stage: bool = True


def _creates(scene: Scene, path: Path[RunStatus]) -> None:
    scene.create()
    scene.check(path.statuses[-1])


def _creates_on_instructions(scene: Scene, path: Path[RunStatus]) -> None:
    scene.thread_id = scene.harness.thread()
    scene.create(instructions="Say something.")
    scene.check(path.statuses[-1])


def _finds_no_input(scene: Scene, _path: Path[RunStatus]) -> None:
    empty, backend = scene.harness.thread(), scene.harness.backend
    rejected(BAD_REQUEST, lambda: backend.create_run(empty, scene.assistant_id))
    expect(that=not backend.list_runs(empty), otherwise="a refused run is on the thread")


def _finds_the_thread_in_use(scene: Scene, _path: Path[RunStatus]) -> None:
    first = scene.create()
    rejected(BAD_REQUEST, lambda: scene.call("create"))
    runs = [view.id for view in scene.harness.backend.list_runs(scene.thread_id)]
    expect(that=runs == [first.id], otherwise=f"a refused run is on the thread: {runs}")


def _asks(scene: Scene, path: Path[RunStatus]) -> None:
    scene.play(path)


def _has_nothing_to_ask(scene: Scene, path: Path[RunStatus]) -> None:
    scene.create(tool_choice="none")
    ends_without(scene, path.statuses[-1])


def _submits(pick: Pick, *, accepted: bool, scene: Scene, path: Path[RunStatus]) -> None:
    view = scene.play(path)
    outputs = pick([ToolOutput(call.id, "found") for call in view.required_action or ()])
    submit = partial(scene.harness.backend.submit_tool_outputs, scene.thread_id, view.id, outputs)
    if accepted:
        scene.view = submit()
        (row,) = scene.lifecycle.moves[path.statuses[-1]]["submit_tool_outputs"]
        scene.check(row.target)
    else:
        rejected(BAD_REQUEST, submit)
        scene.unchanged("a refused submit")


def _submit(says: str, pick: Pick, *, accepted: bool = False) -> Way:
    def act(scene: Scene, path: Path[RunStatus]) -> None:
        _submits(pick, accepted=accepted, scene=scene, path=path)

    return Way("submit_tool_outputs", () if accepted else ("outputs_match_calls",), act, says)


WAYS = (
    Way("create", (), _creates, needs_stage=False),
    Way("create", (), _creates_on_instructions, "by instructions", needs_stage=False),
    Way("create", ("thread_is_free",), _finds_the_thread_in_use, needs_stage=False),
    Way("create", ("thread_has_input",), _finds_no_input, needs_stage=False),
    Way("require_action", (), _asks),
    Way("require_action", ("calls_a_function",), _has_nothing_to_ask, needs_stage=False),
    _submit("in order", lambda outputs: outputs, accepted=True),
    _submit("in another order", lambda outputs: outputs[::-1], accepted=True),
    _submit("none", lambda _outputs: []),
    _submit("one missing", lambda outputs: outputs[:-1]),
    _submit("a stranger's", lambda outputs: [*outputs[:-1], STRANGER]),
    _submit("one too many", lambda outputs: [*outputs, STRANGER]),
    _submit("one twice", lambda outputs: [*outputs, outputs[-1]]),
)


def guard_cases(lifecycle: Lifecycle[RunStatus]) -> Iterator[Case]:
    """Yield every combination that MC/DC asks for, in every known way.

    :raises MisuseError: when no way is known to one of them.
    """
    paths = shortest_paths(lifecycle)
    for row in guard_rows(lifecycle):
        asked = row.transition.event, tuple(part.name for part, holds in row.holds if not holds)
        known = [way for way in WAYS if (way.event, way.fails) == asked]
        if not known:
            msg = f"nobody knows how to bring about {row}; teach conformance.generated.guards"
            raise MisuseError(msg)
        before, after = row.transition.source, row.transition.target
        # What a client asks, it asks of a run that is there; what the server asks, on the run's way.
        is_there = before is not None and row.transition.cause is Cause.CLIENT
        path = paths[before] if before is not None and is_there else paths[after]
        yield from (_case(way, row, path) for way in known)


def _case(way: Way, row: GuardRow[RunStatus], path: Path[RunStatus]) -> Case:
    def check(harness: Harness) -> None:
        way.act(Scene(harness, lifecycle=path.lifecycle), path)

    says = f" ({way.says})" if way.says else ""
    return Case(f"{row}{says}", ("guard",), check, path, way.needs_stage)
