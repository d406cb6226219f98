"""The clock of the machine. The engine never reads one; whoever embeds it passes a clock like this."""

from __future__ import annotations

import time

__all__ = ["SystemClock"]


class SystemClock:
    """Tells the time of the machine, in unix seconds.

    It follows whoever sets the machine's clock, so two readings may run backwards.
    """

    __slots__ = ()

    def now(self) -> float:
        """Return the time in unix seconds."""
        return time.time()

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return "SystemClock()"
