"""What the generated cases do before a harness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlife import Cause, RunStatus, ToolOutput
from runlife.rules import RUN_TTL
from runlife_adapters.conformance.scene import SAID, Scene, delayed, expect, rejected, schedule_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife.paths import Boundary, Path
    from runlife_adapters.conformance.harness import Harness

__all__ = ["BAD_REQUEST", "SPEAK", "STRANGER", "ends_without", "follows", "frees", "keeps", "refuses"]

BAD_REQUEST = 400

SPEAK = "create_message"
"""A client's call that is no event of a run, and yet locked out while the run is active."""

STRANGER = ToolOutput("call_000000000000000000000000", "found")
"""An output for a call that nobody made."""


def follows(harness: Harness, *, path: Path[RunStatus]) -> None:
    """Every row of the path happens, and shows in the run's status and fields."""
    Scene(harness, lifecycle=path.lifecycle).play(path)


def _refusable(scene: Scene, call: str) -> Callable[[], object]:
    """Return a client's call that is to be refused.

    Outputs are a stranger's where no call is pending: none at all would be refused in any status.
    """
    match call:
        case "create_message":
            return lambda: scene.harness.message(scene.thread_id, "More")
        case "submit_tool_outputs" if not scene.view.required_action:
            backend = scene.harness.backend
            return lambda: backend.submit_tool_outputs(scene.thread_id, scene.view.id, [STRANGER])
        case _:
            return lambda: scene.call(call)


def refuses(harness: Harness, *, path: Path[RunStatus], call: str) -> None:
    """Refused with 400: a call that is illegal in a status; and it changes nothing, here or elsewhere."""
    scene = Scene(harness, lifecycle=path.lifecycle)
    scene.play(path)
    rejected(BAD_REQUEST, _refusable(scene, call))
    scene.unchanged(f"a refused {call}")
    runs = [view.id for view in harness.backend.list_runs(scene.thread_id)]
    expect(that=runs == [scene.view.id], otherwise=f"a refused {call} left its trace on the thread: {runs}")
    if call == path[0].event:
        harness.backend.create_run(harness.thread(SAID), scene.assistant_id)


def frees(harness: Harness, *, path: Path[RunStatus]) -> None:
    """Once a run has ended, its thread takes a message and another run; and it never changes again."""
    scene = Scene(harness, lifecycle=path.lifecycle)
    scene.play(path)
    harness.message(scene.thread_id, "More")
    scene.call(path[0].event)
    scene.wait(RUN_TTL)
    scene.unchanged("time")


def keeps(harness: Harness, *, path: Path[RunStatus], boundary: Boundary[RunStatus]) -> None:
    """Whatever is to have happened by a moment near the deadline has happened, and nothing else."""
    scene = Scene(harness, lifecycle=path.lifecycle)
    rival, status = boundary.rival, path.statuses[-1]
    if rival is not None and rival.cause is Cause.SERVER:
        # It comes into the status a second after each move of the server.
        waits = sum(row.cause is Cause.SERVER for row in path)
        schedule = schedule_for((*path, rival))
        scene.play(path, schedule=delayed(schedule, status, scene.left - waits + boundary.offset))
        scene.wait(scene.left + boundary.offset)
    else:
        scene.play(path)
        scene.wait(scene.left + boundary.offset)
        if rival is not None and boundary.is_due:
            rejected(BAD_REQUEST, lambda: scene.call(rival.event))
        elif rival is not None:
            scene.view = scene.call(rival.event)
    if boundary.taken is None:
        scene.unchanged("a time before the deadline")
    scene.look()
    scene.check(status if boundary.taken is None else boundary.taken.target)


def ends_without(scene: Scene, status: RunStatus) -> None:
    """Look at the run until it has ended, and hold it to not having been in a status."""
    view = scene.until({status.value, *(end.value for end in scene.lifecycle.terminal)})
    expect(that=view.status != status, otherwise=f"it came into {status}")
