"""The open questions about the real service, as named options.

The published documents leave some points open, and nobody can ask the service any more. Each one
that bears on the lifecycle is a field here, with the answer that the evidence favours as its
default. A policy only ever switches *rows of the table* on and off (see the ``given=`` column in
:mod:`runlife.table`); it is read nowhere else.
"""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen, validators

__all__ = ["Policy"]


def _flag(*, default: bool) -> bool:
    return field(default=default, validator=validators.instance_of(bool))


@frozen(kw_only=True)
class Policy:
    """How the open questions of the lifecycle are answered."""

    cancel_outside_in_progress: bool = _flag(default=True)
    """May a client cancel a run that is ``queued`` or waits in ``requires_action``?

    The documents speak only of a run that is in progress; every known client cancels from
    ``requires_action`` too, and nobody reported a refusal. ``False`` is the literal reading.
    """

    cancel_may_lose: bool = _flag(default=True)
    """May a run in ``cancelling`` still end completed, failed or incomplete?

    Cancellation is documented as an attempt. ``False``: a cancel, once accepted, always wins
    (unless the run expires first).
    """

    queued_may_fail: bool = _flag(default=True)
    """May a run fail before it was ever started (quota, rate limit at admission)?"""

    usage_when_stopped: Literal["sum", "null"] = field(
        default="sum", validator=validators.in_(("sum", "null"))
    )
    """``usage`` of a cancelled or expired run: the sum so far (maybe zeros), or null."""
