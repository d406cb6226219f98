"""Nothing that the fake does hangs on the order of the table's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import RUN, Cause, Lifecycle, RunStatus, VirtualClock
from runlife_adapters.memory import After, Schedule, World, core
from runlife_adapters.memory.schedule import USUAL_MOVES, calling_event, happy_event

if TYPE_CHECKING:
    from runlife_adapters.memory.resources import Json

SWAPPED: Lifecycle[RunStatus] = Lifecycle(
    RUN.name, RunStatus, terminal=RUN.terminal, rows=RUN.rows[::-1], arguments=RUN.arguments
)
"""The same table, from bottom to top."""

FUNCTION: Any = {"type": "function", "function": {"name": "weather"}}
SCHEDULES = [
    Schedule(),
    Schedule(in_progress=[After(1, "requires_action", tools=2)]),
    Schedule(in_progress=[After(1, text="Hi")]),
    Schedule(queued=[After(2, "failed")]),
    Schedule(in_progress=[After(9)]),
]


def life(schedule: Schedule) -> tuple[list[tuple[float, str, str]], Json]:
    """Return what becomes of a run whose client answers, and cancels in the end, and of the run itself."""
    world = World(VirtualClock(1_700_000_000.0), schedule=schedule)
    assistant = world.create_assistant(model="m", tools=[FUNCTION])
    thread = world.create_thread(messages=[{"role": "user", "content": "weather"}])
    run = world.create_run(thread.id, assistant_id=assistant.id)
    world.advance(3)
    if (action := world.retrieve_run(thread.id, run.id).required_action) is not None:
        outputs = [{"tool_call_id": call.id, "output": "sunny"} for call in action.tool_calls]
        world.submit_tool_outputs(thread.id, run.id, tool_outputs=outputs)
    world.advance(0.5)
    if world.retrieve_run(thread.id, run.id).status in RUN.live:
        world.cancel_run(thread.id, run.id)
    world.advance(60)
    story = [(record.at, record.event, record.target.value) for record in world.journal(run.id)]
    return story, world.retrieve_run(thread.id, run.id).to_json()


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_runs_live_as_they_do_with_the_rows_turned_round(
    monkeypatch: pytest.MonkeyPatch, schedule: Schedule
) -> None:
    """The first row of a status used to be its happy path: another order, and every run failed."""
    expected = life(schedule)
    monkeypatch.setattr(core, "RUN", SWAPPED)

    assert life(schedule) == expected


@pytest.mark.parametrize("status", RUN.live)
def test_what_is_usual_is_named_or_calls_functions(status: RunStatus) -> None:
    """Wherever the table gives the server a move, one of them is the usual one, whatever their order."""
    moves = {r.event for r in RUN.transitions if r.source is status and r.cause is Cause.SERVER}

    assert happy_event(SWAPPED, status) == happy_event(RUN, status)
    assert (happy_event(RUN, status) in moves) is bool(moves)
    assert (status in USUAL_MOVES) is (bool(moves) and calling_event(RUN, status) is None)
