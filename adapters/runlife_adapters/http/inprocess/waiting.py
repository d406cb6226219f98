"""How time passes for a client in this process: what its waiting costs, on each kind of clock.

A client of the fake in its own process must not sleep through virtual time. So where it would wait, for a
stream, or for an answer that is late or never comes, a VirtualClock moves on to the moment at which the
waiting ends: by what it waits for, or by its own patience, the read timeout. On a clock that an event loop
moves it waits as everything else on that loop does. On the system's clock it waits for real, but not for what
never comes: that it is told at once. Where things happen only by hand (progression ``manual``, or nothing
will happen by itself) it waits for real as well, until somebody acts.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from runlife import TimeError, VirtualClock
from runlife_adapters.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.memory import World

__all__ = ["SHORTEST_WAIT", "Patience"]

SHORTEST_WAIT = 0.001
"""Seconds between two looks at a stream, however near the moment is that it waits for."""


class Patience:
    """For how long one client waits for the next bytes, and by which clock.

    :param world: whose time passes.
    :param timeout: the client's timeout, in seconds; None: it waits for ever.
    :param time: the clock by which it waits where that is not moved by waiting, in seconds.
    """

    def __init__(self, world: World, timeout: float | None, time: Callable[[], float]) -> None:
        self._world = world
        self._time = time
        self._clock = world.clock if isinstance(world.clock, VirtualClock) else None
        self._timeout = float("inf") if timeout is None else timeout
        self.renew()

    def renew(self) -> None:
        """Begin to wait anew: something has come."""
        self._real_end = self._time() + self._timeout
        self._virtual_end = self._world.clock.now() + self._timeout

    @property
    def virtual(self) -> bool:
        """Whether time moves only when told."""
        return self._clock is not None

    @property
    def costs_nothing(self) -> bool:
        """Whether the World's time is that of an event loop, or of a sleep that somebody has replaced."""
        return not isinstance(self._world.clock, VirtualClock | SystemClock)

    @property
    def over(self) -> bool:
        """Whether the client has waited, by its own clock, as long as it does."""
        return self._time() >= self._real_end

    def passes_by_itself(self, due: float | None) -> bool:
        """Say whether a stream that waits for a moment can be taken there by moving the clock."""
        return self.virtual and due is not None and self._world.progression != "manual"

    def move_to(self, moment: float) -> bool:
        """Move the virtual clock to a moment; return False when patience ended on the way there, and then."""
        reached = min(moment, self._virtual_end)
        if self._clock is not None and reached < float("inf"):
            with suppress(TimeError):  # somebody else has moved it further in the meantime
                self._clock.advance_to(reached)
        return moment < self._virtual_end

    def delay(self, seconds: float) -> float:
        """Let an answer be late: move the virtual clock, or return how long to sleep for real."""
        if self.virtual:
            self.move_to(self._world.clock.now() + seconds)
            return 0.0
        return min(seconds, self._timeout)

    def shorter_than(self, seconds: float) -> bool:
        """Say whether the client gives up before so many seconds have passed."""
        return self._timeout < seconds

    def seconds(self, due: float | None) -> float | None:
        """Return how long to wait, for real, before looking again; None for as long as it takes."""
        left = self._real_end - self._time()
        if due is not None and not self.virtual:
            left = min(left, due - self._world.clock.now())
        return None if left == float("inf") else max(left, SHORTEST_WAIT)
