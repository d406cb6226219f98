"""A million deadlines: inserted, half of them cancelled, the rest fired in steps of a second.

Each contender keeps a deadline for each key, replaces it when it is set again, and gives back what
is due in the order of the deadlines.
"""

from __future__ import annotations

import asyncio
import random
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Protocol

from measure import OURS, Comparison, Job, best_of

from runlife.timers import TimerIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPAN = 600
"""Seconds, over which the deadlines are spread."""

HEAPQ = "heapq (lazy deletion)"
ASYNCIO = "asyncio call_at"


class Queue(Protocol):
    """What keeps deadlines."""

    def set(self, key: int, deadline: float, /) -> None: ...
    def discard(self, key: int, /) -> None: ...
    def pop_due(self, now: float, /) -> list[tuple[float, int]]: ...


class LazyHeap:
    """The recipe in the documentation of heapq, with tuples, which are faster than its lists.

    Like the index it tells equal deadlines apart by the order of insertion and knows a stale entry
    from a living one. Unlike the index, it never compacts.
    """

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, int]] = []
        self.entries: dict[int, tuple[float, int, int]] = {}
        self.serial = 0

    def set(self, key: int, deadline: float) -> None:
        self.serial += 1
        entry = self.entries[key] = (deadline, self.serial, key)
        heappush(self.heap, entry)

    def discard(self, key: int) -> None:
        self.entries.pop(key, None)

    def pop_due(self, now: float) -> list[tuple[float, int]]:
        due: list[tuple[float, int]] = []
        heap, entries = self.heap, self.entries
        while heap and heap[0][0] <= now:
            entry = heappop(heap)
            deadline, _, key = entry
            if entries.get(key) is entry:
                del entries[key]
                due.append((deadline, key))
        return due


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose clock is moved by hand."""

    moment = 0.0

    def time(self) -> float:
        return self.moment


class LoopQueue:
    """``call_at`` and ``TimerHandle.cancel``, on a loop that is run once for each step."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.handles: dict[int, asyncio.TimerHandle] = {}
        self.due: list[tuple[float, int]] = []

    def set(self, key: int, deadline: float) -> None:
        self.discard(key)
        self.handles[key] = self.loop.call_at(deadline, self.fire, deadline, key)

    def discard(self, key: int) -> None:
        handle = self.handles.pop(key, None)
        if handle is not None:
            handle.cancel()

    def fire(self, deadline: float, key: int) -> None:
        del self.handles[key]
        self.due.append((deadline, key))

    def pop_due(self, now: float) -> list[tuple[float, int]]:
        self.loop.moment = now
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()
        due, self.due = self.due, []
        return due

    def __del__(self) -> None:
        self.loop.close()


def deadlines(count: int, *, in_order: bool) -> tuple[list[float], list[int]]:
    """Return deadlines by key, and the keys that are to be cancelled."""
    chance = random.Random(1)
    moments = [chance.uniform(1, SPAN) for _ in range(count)]
    if in_order:
        moments.sort()
    return moments, chance.sample(range(count), count // 2)


def jobs(count: int, *queues: tuple[str, Callable[[], Queue]], in_order: bool = False) -> Iterator[Job]:
    """Return the whole task, once for each contender."""
    moments, cancelled = deadlines(count, in_order=in_order)

    def life(make: Callable[[], Queue]) -> Callable[[], object]:
        queue = make()

        def body() -> None:
            for key, moment in enumerate(moments):
                queue.set(key, moment)
            for key in cancelled:
                queue.discard(key)
            fired = sum(len(queue.pop_due(float(second))) for second in range(1, SPAN + 1))
            if fired != count - len(cancelled):
                msg = f"fired {fired} of {count - len(cancelled)}"
                raise AssertionError(msg)

        return body

    for name, make in queues:
        yield Job(name, lambda make=make: life(make), count)


def comparisons(count: int, rounds: int) -> Iterator[Comparison]:
    """Measure what a deadline costs, from insertion to its end."""
    queues: list[tuple[str, Callable[[], Queue]]]
    queues = [(OURS, TimerIndex[int]), (HEAPQ, LazyHeap), (ASYNCIO, LoopQueue)]
    yield Comparison(f"a deadline among {count:,}, at random", "s", best_of(jobs(count, *queues), rounds))
    yield Comparison(
        f"a deadline among {count:,}, in order (one time to live)",
        "s",
        best_of(jobs(count, *queues, in_order=True), rounds),
    )
