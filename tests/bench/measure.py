"""How things are measured: side by side in one process, the best of interleaved rounds.

A machine that does other work at the same time makes some rounds slow, never one too fast; so the
best round of each contender says what it costs. The rounds of all contenders take turns, so that a
slow minute hits all of them and a ratio survives it. As in :mod:`timeit`, garbage is collected
between rounds and not during them. What is timed is processor time where the system tells it finely
enough, which leaves out the work of other processes.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterable, Mapping

from attrs import frozen

_FINE = 1e-6
_clock = time.process_time if time.get_clock_info("process_time").resolution <= _FINE else time.perf_counter


@frozen
class Job:
    """What one contender does for one task: ``prepare`` makes ready, what it returns is timed."""

    contender: str
    prepare: Callable[[], Callable[[], object]]
    operations: int
    """How many operations the timed part consists of."""


OURS = "runlife"
"""The contender that all others are compared with."""


@frozen
class Comparison:
    """What one task costs each contender, runlife among them."""

    task: str
    unit: str
    """``s`` for one operation, ``bytes`` for one thing, or ``times`` for a growth."""
    costs: Mapping[str, float]

    @property
    def ratios(self) -> dict[str, float]:
        """How many times what it costs runlife it costs each of the others."""
        return {name: cost / self.costs[OURS] for name, cost in self.costs.items() if name != OURS}


def best_of(jobs: Iterable[Job], rounds: int) -> dict[str, float]:
    """Return seconds for one operation by contender: the best of so many interleaved rounds."""
    jobs = tuple(jobs)
    best = {job.contender: float("inf") for job in jobs}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for job in jobs:
                body = job.prepare()
                gc.collect()
                start = _clock()
                body()
                elapsed = _clock() - start
                del body
                best[job.contender] = min(best[job.contender], elapsed / job.operations)
    finally:
        if collecting:
            gc.enable()
    return best


def bytes_each(make: Callable[[int], object], count: int) -> float:
    """Return the bytes that each of so many things keeps allocated, all that hangs on it included.

    ``make`` returns something that keeps that many of them alive.
    """
    make(1)  # what is allocated once for all is not counted
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = make(count)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del kept
    return (after - before) / count
