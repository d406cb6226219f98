"""Time in a drive: when to act next, how long to be patient, and when the run's own time is over."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from runlife_adapters.drive.options import Pause

if TYPE_CHECKING:
    from random import Random

    from runlife_adapters.backend import RunView
    from runlife_adapters.drive.options import Options

__all__ = ["Lifetime", "Pace"]


class Pace:
    """The timing of one drive. Moments are unix seconds.

    :param random: what the jitter is drawn from.
    """

    def __init__(self, options: Options, random: Random) -> None:
        self._patience = options.patience
        self._poll = Pause(options.poll, random)
        self._retry = Pause(options.retry, random)
        self.poll_at = -inf
        """When to look next, as long as all is well."""
        self.look_at = -inf
        """Not to look before this moment, when something is in doubt."""
        self.act_at = -inf
        """Not to send before this moment what was already sent in vain."""
        self._silent_until = inf
        """When patience ends with a service that is silent now."""

    def heard(self, now: float, *, poll_after: float | None, news: bool, settled: bool) -> None:
        """Take note of an answer that shows the run.

        :param news: whether its status is another than before.
        :param settled: whether it answers all that was asked.
        """
        self._silent_until = inf
        if news:
            self._poll.reset()
        if news or settled:
            self._retry.reset()
        # A wait of zero is no wish that one could follow: it would be a loop without end.
        self.poll_at = now + (poll_after or self._poll.take())

    def refused(self, now: float) -> None:
        """Take note that a call was refused: look at once, and do not repeat the call at once."""
        self._silent_until = inf
        self.look_at = now
        self.act_at = now + self._retry.take()

    def lost(self, now: float, retry_after: float | None) -> None:
        """Take note that a call got no usable answer: leave the service alone for a while."""
        self._silent_until = min(self._silent_until, now + self._patience)
        moment = now + max(self._retry.take(), retry_after or 0.0)
        # The last attempt is made when patience ends, however long the service asks to be left alone.
        self.poll_at = self.look_at = self.act_at = min(moment, self._silent_until)

    def is_out_of_patience(self, now: float) -> bool:
        """Whether nothing useful was heard for too long."""
        return now >= self._silent_until


class Lifetime:
    """When a run should have expired, by our clock.

    ``expires_at`` is in the service's time, and our clock may be minutes off. If we created the run, we
    know by how much.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._first_seen = inf
        self._skew = 0.0
        self._expires_at: float | None = None

    def created(self, view: RunView, now: float) -> None:
        """Take note of the answer to the creation."""
        if view.created_at is not None:
            self._skew = now - view.created_at

    def seen(self, view: RunView, now: float) -> None:
        """Take note of a run that is alive. It keeps the ``expires_at`` it had if it shows none now."""
        self._first_seen = min(self._first_seen, now)
        if view.expires_at is not None:
            self._expires_at = view.expires_at

    @property
    def due(self) -> float:
        """When it should expire."""
        known = self._expires_at
        return self._first_seen + self._options.lifetime if known is None else known + self._skew

    @property
    def bound(self) -> float:
        """From when on a run that still seems alive is not watched any longer."""
        return max(self.due, self._first_seen) + self._options.slack

    def __str__(self) -> str:
        """Say what is known of it."""
        known = self._expires_at
        return "it shows no expires_at" if known is None else f"its expires_at is {known:.0f}"
