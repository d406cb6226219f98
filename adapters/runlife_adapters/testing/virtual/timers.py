"""The timers of a loop, in the order in which they fall due; at one moment, first come is first served."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from asyncio import TimerHandle
    from collections.abc import Callable
    from contextvars import Context

__all__ = ["NEVER", "Timer", "Timers"]

NEVER = float("inf")
"""The moment of what is never due."""

_FEW = 128
"""So many timers are not worth looking for cancelled ones among them."""


class Timer(NamedTuple):
    """A callback that is due at a moment."""

    when: float
    order: int
    """How many timers were set before it."""
    handle: TimerHandle
    callback: Callable[..., object]
    args: tuple[Any, ...]
    context: Context

    def fire(self) -> None:
        """Call back, unless it was cancelled."""
        if not self.handle.cancelled():
            self.callback(*self.args)


class Timers:
    """A heap of timers. The cancelled ones leave it when they are due, or the most."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._count = 0
        self._many = _FEW

    def add(
        self, handle: TimerHandle, callback: Callable[..., object], args: tuple[Any, ...], context: Context
    ) -> None:
        """Take a timer in."""
        if len(self._heap) >= self._many:
            self._heap = [timer for timer in self._heap if not timer.handle.cancelled()]
            heapq.heapify(self._heap)
            self._many = max(_FEW, 2 * len(self._heap))
        self._count += 1
        heapq.heappush(self._heap, Timer(handle.when(), self._count, handle, callback, args, context))

    def next(self) -> float:
        """Return when the next one is due."""
        while self._heap and self._heap[0].handle.cancelled():
            heapq.heappop(self._heap)
        return self._heap[0].when if self._heap else NEVER

    def take(self, now: float) -> Timer | None:
        """Take out the next one, if it is due."""
        heap = self._heap
        while heap and heap[0].when <= now:
            timer = heapq.heappop(heap)
            if not timer.handle.cancelled():
                return timer
        return None

    def pending(self) -> list[Timer]:
        """Return those that are not cancelled, next first."""
        return sorted(timer for timer in self._heap if not timer.handle.cancelled())
