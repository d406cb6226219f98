"""Clocks. The engine never asks one: whoever calls it reads the clock and passes ``now``."""

from __future__ import annotations

from sys import float_info
from typing import Protocol, runtime_checkable

from runlife.errors import TimeError

__all__ = ["Clock", "VirtualClock"]

LIMIT = float_info.max
"""The last moment that a float can tell."""


@runtime_checkable
class Clock(Protocol):
    """Anything that tells the time in unix seconds."""

    def now(self) -> float:
        """Return the time in unix seconds."""
        ...


class VirtualClock:
    """A clock that moves only when told, and only forward.

    :param start: the first reading, in unix seconds.
    """

    __slots__ = ("_now",)

    def __init__(self, start: float = 0.0) -> None:
        self._now = _finite(start)

    def now(self) -> float:
        """Return the time in unix seconds."""
        return self._now

    def advance(self, seconds: float) -> float:
        """Move forward by some seconds and return the new time.

        :raises TimeError: when ``seconds`` is negative or not finite.
        """
        return self.advance_to(self._now + _finite(seconds))

    def advance_to(self, moment: float) -> float:
        """Move forward to a moment and return it.

        :raises TimeError: when the moment lies before the present reading, or is not finite.
        """
        if _finite(moment) < self._now:
            msg = f"a clock only moves forward: it reads {self._now}, asked for {moment}"
            raise TimeError(msg)
        self._now = moment
        return moment

    def __repr__(self) -> str:
        """Return the reading."""
        return f"VirtualClock({self._now!r})"


def _finite(seconds: float) -> float:
    number = not isinstance(seconds, bool) and isinstance(seconds, (int, float))  # pyright: ignore[reportUnnecessaryIsInstance]
    # Compared, not asked of `isfinite`: that overflows for an int that no float can hold.
    if not number or not -LIMIT <= seconds <= LIMIT:
        msg = f"expected a finite number of seconds, got {seconds!r}"
        raise TimeError(msg)
    return seconds
