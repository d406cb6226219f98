"""What comes of an event: the row that was taken, or a refusal that says why none was.

Both are values: ``outcome.ok`` tells them apart, and ``isinstance(outcome, Refusal)`` does so for
every type checker. A refusal turns into the matching exception with :meth:`Refusal.error`. There is
no third answer: never a bare ``False``, never silence. What happened is kept as a :class:`Record`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Literal, NamedTuple

from attrs import field, frozen

from runlife.errors import (
    GuardError,
    IllegalEventError,
    RefusedError,
    RunExpiredError,
    RunTerminalError,
)
from runlife.rows import Cause, Guard, Payload, StatusT, Transition

__all__ = ["Expired", "Illegal", "Outcome", "Record", "Refusal", "Refused", "Terminal"]


class Record(NamedTuple):
    """One line of a journal: at time ``at``, ``transition`` was taken with ``payload``."""

    at: float
    """When, in unix seconds. For a timer row: when it fell due, however late it was noticed."""
    transition: Transition[Any]
    payload: Payload

    @property
    def event(self) -> str:
        """The event that was applied."""
        return self.transition.event

    @property
    def source(self) -> StrEnum | None:
        """The status before, None for a creation."""
        return self.transition.source

    @property
    def target(self) -> StrEnum:
        """The status after."""
        target: StrEnum = self.transition.target
        return target

    @property
    def cause(self) -> Cause:
        """Who made it happen."""
        return self.transition.cause

    def __str__(self) -> str:
        """Return ``at time: source -event-> target (cause)``."""
        return f"at {self.at:g}: {self.transition} ({self.cause})"


@frozen
class Refusal:
    """An event that was not applied. The instance is exactly as it was before.

    One thing may have happened on the way: if a deadline had already passed, it is now recorded,
    because time had decided it before the event came (:class:`Expired`).
    """

    status: StrEnum | None
    """The status the instance is in; None when it was not created."""
    event: str
    legal: tuple[str, ...]
    """The events that have a row from this status, guards aside."""

    ok: ClassVar[Literal[False]] = False
    _error: ClassVar[type[RefusedError]]

    message: str = field(init=False, eq=False, repr=False)
    """The status, the event, why it was refused, and what would be legal."""

    # Refusals are made once for all (`Lifecycle.refusals`), and asked for their message with each error.
    def __attrs_post_init__(self) -> None:
        would = f"legal here: {', '.join(self.legal) or 'nothing'}"
        where = "refused" if self.status is None else f"refused in status {self.status.value!r}"
        message = f"{self.event!r} {where}: {self.why}; {would}"
        object.__setattr__(self, "message", message)

    @property
    def why(self) -> str:
        """Say why it was refused, in words."""
        raise NotImplementedError  # pragma: no cover - Refusal itself is never made

    def error(self) -> RefusedError:
        """Return the exception that says the same."""
        return self._error(self)


@frozen
class Illegal(Refusal):
    """No row leads from this status by this event."""

    _error = IllegalEventError

    @property
    def why(self) -> str:
        """Say that there is no such row."""
        return "no transition leads from here by this event"


@frozen
class Refused(Refusal):
    """There is a row, but its ``guard`` said no."""

    guard: Guard

    _error = GuardError

    @property
    def why(self) -> str:
        """Say the guard in English."""
        return f"the guard {self.guard.name!r} does not hold ({self.guard.says})"


@frozen
class Expired(Refusal):
    """Time ended the instance before the event came."""

    _error = RunExpiredError

    @property
    def why(self) -> str:
        """Say that its time was over."""
        return "its deadline had passed before the event came"


@frozen
class Terminal(Refusal):
    """The instance has already ended."""

    _error = RunTerminalError

    @property
    def why(self) -> str:
        """Say that a terminal status has no exits."""
        return "the status is terminal and has no exits"


Outcome = Transition[StatusT] | Refusal
"""What :meth:`~runlife.instance.Instance.attempt` answers: the row taken, or why none was."""
