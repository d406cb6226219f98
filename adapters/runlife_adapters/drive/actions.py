"""What the decision asks its shell to do: small frozen values, each with the moment not to act before.

A shell does one at a time. If ``at`` is later than now it waits until then *and asks again*, because
much may have changed; otherwise it acts, and tells the decision what came of it.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from runlife import ToolCall, ToolOutput
from runlife_adapters.drive.outcome import Outcome

__all__ = [
    "Action",
    "Call",
    "Cancel",
    "Create",
    "Dispatch",
    "Done",
    "Fail",
    "Find",
    "Read",
    "Retrieve",
    "Submit",
]


@frozen
class _Call:
    """One call to the service, at ``at`` (unix seconds) or later."""

    at: float

    event: ClassVar[str | None] = None
    """The event of the table that the call asks for; None for a call that only looks."""


@frozen
class Create(_Call):
    """Create the run, with the body that :attr:`Drive.overrides` says."""

    event = "create"


@frozen
class Find(_Call):
    """List the runs of the thread: a run may be among them whose creation got no answer."""


@frozen
class Retrieve(_Call):
    """Look at the run."""


@frozen
class Submit(_Call):
    """Submit these outputs: exactly those that the run waits for."""

    outputs: tuple[ToolOutput, ...]

    event = "submit_tool_outputs"


@frozen
class Cancel(_Call):
    """Ask the service to cancel the run."""

    event = "cancel"


@frozen
class Read(_Call):
    """Read what the run has written, now that it is completed."""


@frozen
class Dispatch:
    """Compute the outputs of these calls; none of them was dispatched before."""

    calls: tuple[ToolCall, ...]


@frozen
class Done:
    """It is over, and this is how it ended."""

    outcome: Outcome


@frozen
class Fail:
    """It is over, and the caller gets this error: the service refused, or a tool raised."""

    error: Exception


Call = Create | Find | Retrieve | Submit | Cancel | Read
"""The actions that are calls to the service."""

Action = Call | Dispatch | Done | Fail
"""What :meth:`Drive.next_action` answers."""
