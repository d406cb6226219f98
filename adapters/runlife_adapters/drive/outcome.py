"""How a run ended for whoever drove it, and the log of what was seen and sent on the way.

There is one class for each terminal status, so that ``match`` tells them apart and a type checker
says when one is forgotten; and :class:`Abandoned`, which is no ending of the run: we stopped
watching. The log uses the table's own names of events, so that a trace checker can read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from attrs import field, frozen

from runlife import LastError, RunStatus
from runlife_adapters.backend import RunView

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ENDINGS",
    "Abandoned",
    "Answered",
    "Cancelled",
    "Completed",
    "Ended",
    "Expired",
    "Failed",
    "Incomplete",
    "LogEntry",
    "Observed",
    "Outcome",
    "Sent",
]


@frozen
class Observed:
    """At ``at`` an answer arrived that showed the run as ``view``, and that was news."""

    at: float
    view: RunView


@frozen
class Sent:
    """At ``at`` a call was sent that asks for ``event``.

    Without an :class:`Answered` it is unknown for ever whether it took effect.
    """

    at: float
    event: str


@frozen
class Answered:
    """At ``at`` the answer to the call for ``event`` arrived; a refused one had no effect."""

    at: float
    event: str
    accepted: bool


LogEntry = Observed | Sent | Answered


@frozen(kw_only=True)
class _Ended:
    """The run has ended, and ``view`` is its last word."""

    status: ClassVar[RunStatus]

    view: RunView
    log: tuple[LogEntry, ...] = field(default=(), repr=False)


@frozen(kw_only=True)
class Completed(_Ended):
    """The run completed.

    ``text`` is what it wrote, its messages joined by empty lines; None when the messages could not be
    read (they are still on the thread).
    """

    status = RunStatus.COMPLETED

    text: str | None = None


@frozen(kw_only=True)
class Failed(_Ended):
    """The run failed."""

    status = RunStatus.FAILED

    @property
    def error(self) -> LastError | None:
        """Why, in the service's words; None when it gave none."""
        return self.view.last_error


@frozen(kw_only=True)
class Incomplete(_Ended):
    """The run was cut short."""

    status = RunStatus.INCOMPLETE

    @property
    def reason(self) -> str | None:
        """By what: ``max_prompt_tokens`` or ``max_completion_tokens``, as documented; others were seen."""
        return self.view.incomplete_details.reason if self.view.incomplete_details else None


@frozen(kw_only=True)
class Cancelled(_Ended):
    """The run was cancelled, by us or by somebody else."""

    status = RunStatus.CANCELLED


@frozen(kw_only=True)
class Expired(_Ended):
    """The run's time was over before it ended."""

    status = RunStatus.EXPIRED


@frozen(kw_only=True)
class Abandoned:
    """We stopped watching, and the run may be alive, locking its thread. ``why`` says what happened.

    ``view`` is the last thing we saw of the run; None when we never saw it, so that there may be none.
    """

    why: str
    view: RunView | None
    log: tuple[LogEntry, ...] = field(default=(), repr=False)


Ended = Completed | Failed | Incomplete | Cancelled | Expired
"""How a run ends."""

Outcome = Ended | Abandoned
"""How driving a run ends."""

ENDINGS: Mapping[str, type[Ended]] = {
    ending.status.value: ending for ending in (Completed, Failed, Incomplete, Cancelled, Expired)
}
"""The class of each terminal status; a test holds it to the table's terminal statuses."""
