"""What the engine may cost, as ratios measured in one process; never an absolute time.

A ratio is that of the best of interleaved rounds. While it is too high, more rounds follow, up to a
bound: a busy machine makes rounds slow, but none too fast. Where a goal is nearly met with nothing to
spare, the gate leaves room for such a machine, and says so.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import dispatch
import instances
import machines
import pytest
import timers
from attrs import evolve
from dispatch import FLOOR
from measure import OURS, Job, best_of, bytes_each
from peers import Stock, StockAtWork, StockWithCallbacks

from runlife.timers import TimerIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = [pytest.mark.bench, pytest.mark.slow]

ATTEMPTS = 12


def at_most(limit: float, jobs: Iterable[Job], costly: str, cheap: str, *, rounds: int = 2) -> None:
    """Hold the cost of one contender to a multiple of that of another."""
    jobs = [job for job in jobs if job.contender in {costly, cheap}]
    best = dict.fromkeys((costly, cheap), inf)
    for _ in range(ATTEMPTS):
        best = {name: min(best[name], cost) for name, cost in best_of(jobs, rounds).items()}
        if best[costly] <= limit * best[cheap]:
            return
    ratio = best[costly] / best[cheap]
    pytest.fail(f"{costly} costs {ratio:.2f} times as much as {cheap}; at most {limit:.2f} is allowed")


def test_a_guarded_event_is_within_three_times_the_floor() -> None:
    """By name, with its argument checked: what a table costs over the same work written by hand."""
    at_most(3, dispatch.submit([]), OURS, FLOOR)


def test_a_guarded_event_is_much_faster_than_stock_transitions() -> None:
    """With the same guard, checks, timestamps and journal hung into transitions as callbacks.

    The goal is ten times, and 12 is measured on a quiet machine; on a busy one it has come to 9.
    """
    at_most(1 / 8, dispatch.submit([StockAtWork()]), OURS, StockAtWork.name)


def test_a_refusal_as_a_value_costs_no_more_than_a_success() -> None:
    """Who tries many things that are illegal pays no exception for each."""
    refused = (evolve(job, contender="refused") for job in dispatch.refuse([]) if job.contender == OURS)
    at_most(1, [*dispatch.submit([]), *refused], "refused", OURS)


def test_to_make_a_run_costs_the_same_beside_many() -> None:
    """Nothing is registered anywhere: beside 100,000 a run costs what it costs beside 1,000."""
    few, many = instances.creation_beside(1_000), instances.creation_beside(100_000)
    at_most(1.3, [few, many], many.contender, few.contender)


def test_a_run_takes_a_tenth_of_the_memory_of_a_stock_model() -> None:
    """With its facts and its journal; the stock model has neither. Memory is counted, not sampled."""
    ours, theirs = bytes_each(dispatch.our_runs, 20_000), bytes_each(Stock().spawn, 500)
    assert ours <= theirs / 10


def test_deadlines_cost_two_fifths_of_what_they_cost_on_a_heap() -> None:
    """A million of them at random, half of them cancelled, the rest fired."""
    jobs = timers.jobs(1_000_000, (OURS, TimerIndex[int]), (timers.HEAPQ, timers.LazyHeap))
    at_most(0.4, jobs, OURS, timers.HEAPQ, rounds=1)


def test_a_trigger_is_eight_times_as_fast_as_a_stock_one() -> None:
    """Without callbacks; with all that the engine does, where the stock trigger only moves."""
    at_most(1 / 8, machines.without_callbacks(Stock()), OURS, Stock.name)


def test_a_trigger_with_callbacks_costs_no_more_than_a_fifth_more_than_a_stock_one() -> None:
    """With the same two callbacks on both sides."""
    stock = StockWithCallbacks()
    at_most(1.2, machines.with_callbacks(stock), OURS, stock.name)
