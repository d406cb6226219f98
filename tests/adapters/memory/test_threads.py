"""Races between real threads: of two calls that cannot both be, exactly one is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from runlife_adapters.memory import After, ApiError, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Scene

RACERS = 8
ROUNDS = 20


def race(call: Callable[[], object]) -> list[object]:
    """Make a call from several threads at once; return what each got, be it a value or an ApiError."""
    barrier = Barrier(RACERS)

    def once(_: int) -> object:
        barrier.wait()
        try:
            return call()
        except ApiError as error:
            return error

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(once, range(RACERS)))


def losers(results: list[object]) -> list[str]:
    """Return what the losers of a race were told, when there was exactly one winner."""
    lost = [result.message for result in results if isinstance(result, ApiError)]
    assert len(lost) == len(results) - 1
    return lost


@pytest.mark.slow
def test_of_racing_submits_one_is_applied(make_scene: type[Scene]) -> None:
    """The others meet the queued run that the first one left."""
    for _ in range(ROUNDS):
        scene = make_scene.of(schedule=Schedule(in_progress=[After(1, "requires_action", tools=2)]))
        run = scene.start()
        scene.world.advance(2)
        action = scene.look(run).required_action
        assert action is not None
        outputs = [{"tool_call_id": call.id, "output": "1"} for call in action.tool_calls]

        results = race(
            lambda s=scene, r=run, o=outputs: s.world.submit_tool_outputs(s.thread_id, r.id, tool_outputs=o)
        )

        assert set(losers(results)) == {'Runs in status "queued" do not accept tool outputs.'}
        events = [record.event for record in scene.world.journal(run.id)]
        assert events.count("submit_tool_outputs") == 1


@pytest.mark.slow
def test_of_racing_runs_one_takes_the_thread(make_scene: type[Scene]) -> None:
    """The others are told which run has it."""
    for _ in range(ROUNDS):
        scene = make_scene.of()
        results = race(scene.start)
        (run,) = scene.world.list_runs(scene.thread_id).data

        assert set(losers(results)) == {f"Thread {scene.thread_id} already has an active run {run.id}."}
