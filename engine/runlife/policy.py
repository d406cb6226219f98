"""The open questions about the real service, as named options.

The published documents leave some points open, and nobody can ask the service any more. Each one
that bears on the lifecycle is a field here, with the answer that the evidence favours as its
default. A policy only ever switches *rows of the table* on and off (see the ``given=`` column in
:mod:`runlife.table`); it is read nowhere else.
"""

from __future__ import annotations

from typing import Any, Literal

from attrs import Attribute, field, frozen

from runlife.errors import MisuseError

__all__ = ["Policy"]

YES, NO = True, False


def _one_of(*answers: object) -> Any:
    """Return a field that takes one of these answers; the first is the default."""

    def check(_policy: object, option: Attribute[Any], value: object) -> None:
        if not any(value is answer or (value == answer and isinstance(value, str)) for answer in answers):
            msg = f"{option.name} must be one of {', '.join(map(repr, answers))}; got {value!r}"
            raise MisuseError(msg)

    return field(default=answers[0], validator=check)


@frozen(kw_only=True)
class Policy:
    """How the open questions of the lifecycle are answered."""

    cancel_outside_in_progress: bool = _one_of(YES, NO)
    """May a client cancel a run that is ``queued`` or waits in ``requires_action``?

    The documents speak only of a run that is in progress; every known client cancels from
    ``requires_action`` too, and nobody reported a refusal. ``False`` is the literal reading.
    """

    cancel_may_lose: bool = _one_of(YES, NO)
    """May a run in ``cancelling`` still end completed, failed or incomplete?

    Cancellation is documented as an attempt. ``False``: a cancel, once accepted, always wins
    (unless the run expires first).
    """

    queued_may_fail: bool = _one_of(YES, NO)
    """May a run fail before it was ever started (quota, rate limit at admission)?"""

    usage_when_stopped: Literal["sum", "null"] = _one_of("sum", "null")
    """``usage`` of a cancelled or expired run: the sum so far (maybe zeros), or null."""
