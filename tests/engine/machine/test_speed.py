"""What a trigger costs beside a stock ``transitions`` machine: ratios, measured in one process."""

from __future__ import annotations

import gc
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from transitions import Machine

from runlife import RUN, ToolCall
from runlife.machine import RunMachine

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, TRIGGERS = 15, 500


def stock(**hooks: Any) -> Callable[[], float]:
    """Return what takes the time of stock triggers, guarded as the table says."""
    model = SimpleNamespace(holds=lambda **_: True)
    Machine(
        model,
        states=[status.value for status in RUN.statuses],
        transitions=[
            {
                "trigger": row.event,
                "source": row.source.value,
                "dest": row.target.value,
                "conditions": "holds" if row.guard else None,
            }
            for row in RUN.transitions
            if row.source is not None
        ],
        initial="in_progress",
        auto_transitions=False,
        **hooks,
    )
    guarded = bool(hooks)
    calls = [ToolCall("call_1", "price")]

    def measure() -> float:
        start = time.perf_counter()
        for _ in range(TRIGGERS):
            model.state = "in_progress"
            if guarded:
                model.require_action(now=2, tool_calls=calls)
            else:
                model.cancel(now=2)
        return time.perf_counter() - start

    return measure


def ours(**hooks: Any) -> Callable[[], float]:
    """Return what takes the time of the same triggers on runs of a machine."""
    machine = RunMachine(**hooks)
    guarded = bool(hooks)
    calls = [ToolCall("call_1", "price")]

    def measure() -> float:
        runs = [machine.create(id="run_1", now=0) for _ in range(TRIGGERS)]
        for run in runs:
            run.start(now=1)
        start = time.perf_counter()
        for run in runs:
            if guarded:
                run.require_action(now=2, tool_calls=calls)
            else:
                run.cancel(now=2)
        return time.perf_counter() - start

    return measure


def best(*measures: Callable[[], float]) -> list[float]:
    """Return the best time of each, taken in turns, so that a busy moment falls on all."""
    gc.disable()
    try:
        rounds = [[measure() for measure in measures] for _ in range(ROUNDS)]
    finally:
        gc.enable()
    return [min(times) for times in zip(*rounds, strict=True)]


@pytest.mark.bench
@pytest.mark.slow
def test_a_trigger_without_callbacks_is_eight_times_as_fast() -> None:
    """Without callbacks a trigger costs an eighth of a stock one at most, journal and deadline included."""
    mine, theirs = best(ours(), stock())
    assert theirs / mine > 8, f"only {theirs / mine:.1f} times as fast"


@pytest.mark.bench
@pytest.mark.slow
def test_a_trigger_with_callbacks_costs_no_more_than_a_fifth_more() -> None:
    """With a guard and two callbacks a trigger costs about what a stock one does, arguments checked."""
    hooks: dict[str, Any] = dict.fromkeys(("before_state_change", "after_state_change"), lambda **_: None)
    mine, theirs = best(ours(**hooks), stock(**hooks))
    assert mine / theirs < 1.2, f"{mine / theirs:.2f} times the cost"
