"""The clock of a loop: its time, with a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlife import MisuseError
from runlife_adapters.testing.virtual.loop import VirtualTimeLoop

if TYPE_CHECKING:
    import asyncio

__all__ = ["EPOCH", "LoopClock"]

EPOCH = 1_700_000_000.0
"""The moment at which virtual time begins unless told otherwise: 14 November 2023."""


class LoopClock:
    """A :class:`runlife.Clock` that follows a loop, virtual or not.

    At the size of a date, floats are 0.24 µs apart, so this clock steps where the loop's time does not.
    Durations are best measured by the loop; moments that others see, by the clock.

    :param loop: whose time it tells.
    :param epoch: the unix time, in seconds, at which the loop's time is 0.
    """

    __slots__ = ("epoch", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch: float = EPOCH) -> None:
        self.loop = loop
        self.epoch = epoch

    def now(self) -> float:
        """Return the time in unix seconds."""
        return self.epoch + self.loop.time()

    def elapsed(self) -> float:
        """Return the loop's time: the seconds since the epoch of this clock, without its rounding."""
        return self.loop.time()

    def advance(self, seconds: float) -> float:
        """Let time pass as a call does that blocks the loop, and return the new time.

        :raises MisuseError: when the loop lives in real time.
        """
        if not isinstance(self.loop, VirtualTimeLoop):
            raise MisuseError(f"only a VirtualTimeLoop can be moved on, not {self.loop!r}")
        self.loop.block(seconds)
        return self.now()

    def __repr__(self) -> str:
        """Return the reading."""
        return f"LoopClock(now={self.now()!r})"
