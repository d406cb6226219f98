"""THE FLOOR: the lifecycle of a run as a good engineer would write it by hand, for speed.

One slotted class, one method for each event, no library, no table, no indirection. It is what the
engine is measured against, so it must do the same work, and a test walks both side by side to show
that they go the same ways.

What it does, like the engine: it checks the time (not before the last record; what is due expires
first, at the moment it fell due); the status; the arguments, where the engine checks them (their
types, that the ids of the calls differ); the guards (at least one call; outputs for exactly the
pending calls); it stamps, sets and clears the same facts, adds up the tokens, and appends an
immutable record to a journal. A refusal is an exception that names the status, the event and what
would be legal, or, from ``try_submit_tool_outputs``, a value made beforehand.

What it does not do, which the engine does, and which is therefore the price of having a table:
events by name, keyword arguments, policies, other lifecycles, a typed answer (the row), an error
that tells which argument was wrong, snapshots, replay, diagnostics. Its records name the event in
place of the row, and carry the arguments by position in place of by name. Of the endings it has one
method each for the four kinds; of the creation it checks only what has a type that matters.
"""

from __future__ import annotations

from sys import float_info
from typing import TYPE_CHECKING

from runlife import IncompleteDetails, LastError, RequiredAction, RunStatus, ToolCall, ToolOutput, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

NEVER = float_info.max
NOTHING = Usage()

QUEUED = RunStatus.QUEUED
IN_PROGRESS = RunStatus.IN_PROGRESS
REQUIRES_ACTION = RunStatus.REQUIRES_ACTION
CANCELLING = RunStatus.CANCELLING
ENDING = (IN_PROGRESS, CANCELLING)
FAILING = (QUEUED, IN_PROGRESS, CANCELLING)
CANCELLABLE = (QUEUED, IN_PROGRESS, REQUIRES_ACTION)

LEGAL = {
    QUEUED: "start, fail, cancel",
    IN_PROGRESS: "require_action, complete, cut_short, fail, cancel",
    REQUIRES_ACTION: "submit_tool_outputs, cancel",
    CANCELLING: "confirm_cancel, complete, cut_short, fail",
}


class RefusedByHandError(Exception):
    """The event is not allowed now."""


def illegal(event: str, status: RunStatus) -> RefusedByHandError:
    """Return the exception that says so."""
    return RefusedByHandError(f"{event} refused in status {status}; legal: {LEGAL.get(status, 'nothing')}")


ILLEGAL_SUBMIT = {status: f"submit_tool_outputs refused in status {status}" for status in RunStatus}
MISMATCH = "submit_tool_outputs refused: the outputs must name exactly the pending calls"


class RunByHand:
    """A run, written by hand."""

    __slots__ = (
        "cancelled_at",
        "completed_at",
        "created_at",
        "due",
        "expires_at",
        "failed_at",
        "id",
        "incomplete_details",
        "journal",
        "last",
        "last_error",
        "max_completion_tokens",
        "max_prompt_tokens",
        "required_action",
        "spent",
        "started_at",
        "status",
        "thread_id",
        "usage",
    )

    def __init__(
        self,
        run_id: str,
        now: float,
        *,
        thread_id: str | None = None,
        expires_after: float = 600.0,
        max_prompt_tokens: int | None = None,
        max_completion_tokens: int | None = None,
    ) -> None:
        if type(run_id) is not str or not -NEVER < now < now + expires_after < NEVER:
            raise TypeError
        self.id = run_id
        self.thread_id = thread_id
        self.status = QUEUED
        self.created_at = self.last = now
        self.expires_at: float | None = now + expires_after
        self.due = now + expires_after
        self.started_at: float | None = None
        self.completed_at: float | None = None
        self.failed_at: float | None = None
        self.cancelled_at: float | None = None
        self.required_action: RequiredAction | None = None
        self.last_error: LastError | None = None
        self.incomplete_details: IncompleteDetails | None = None
        self.usage: Usage | None = None
        self.spent = NOTHING
        self.max_prompt_tokens = max_prompt_tokens
        self.max_completion_tokens = max_completion_tokens
        self.journal: list[tuple[float, str, object]] = [
            (now, "create", (run_id, thread_id, expires_after, max_prompt_tokens, max_completion_tokens))
        ]

    def start(self, now: float) -> None:
        """Start it."""
        if not self.last <= now < self.due:
            self.catch_up(now)
        if self.status is not QUEUED:
            raise illegal("start", self.status)
        self.status = IN_PROGRESS
        self.started_at = self.last = now
        self.journal.append((now, "start", ()))

    def require_action(self, tool_calls: Iterable[ToolCall], now: float, usage: Usage | None = None) -> None:
        """Call functions."""
        if not self.last <= now < self.due:
            self.catch_up(now)
        if self.status is not IN_PROGRESS:
            raise illegal("require_action", self.status)
        calls = tuple(tool_calls)
        for call in calls:
            if type(call) is not ToolCall:
                raise TypeError
        if len({call.id for call in calls}) != len(calls) or not (usage is None or type(usage) is Usage):
            raise TypeError
        if not calls:
            raise RefusedByHandError
        action = RequiredAction(calls)
        self.status = REQUIRES_ACTION
        self.required_action = action
        if usage is not None:
            self.spent += usage
        self.last = now
        self.journal.append((now, "require_action", (calls, usage)))

    def submit_tool_outputs(self, tool_outputs: Iterable[ToolOutput], now: float) -> None:
        """Submit the outputs of the calls it waits for."""
        if not self.last <= now < self.due:
            self.catch_up(now)
        action = self.required_action
        if action is None:
            raise illegal("submit_tool_outputs", self.status)
        outputs = tuple(tool_outputs)
        for output in outputs:
            if type(output) is not ToolOutput:
                raise TypeError
        if (
            len(outputs) != len(action.tool_calls)
            or {output.tool_call_id for output in outputs} != action.call_ids
        ):
            raise RefusedByHandError(MISMATCH)
        self.status = QUEUED
        self.required_action = None
        self.last = now
        self.journal.append((now, "submit_tool_outputs", outputs))

    def try_submit_tool_outputs(self, tool_outputs: Iterable[ToolOutput], now: float) -> str | None:
        """Submit outputs, or return why not."""
        if not self.last <= now < self.due:
            self.catch_up(now)
        action = self.required_action
        if action is None:
            return ILLEGAL_SUBMIT[self.status]
        outputs = tuple(tool_outputs)
        for output in outputs:
            if type(output) is not ToolOutput:
                raise TypeError
        if (
            len(outputs) != len(action.tool_calls)
            or {output.tool_call_id for output in outputs} != action.call_ids
        ):
            return MISMATCH
        self.status = QUEUED
        self.required_action = None
        self.last = now
        self.journal.append((now, "submit_tool_outputs", outputs))
        return None

    def cancel(self, now: float) -> None:
        """Ask it to stop."""
        if not self.last <= now < self.due:
            self.catch_up(now)
        if self.status not in CANCELLABLE:
            raise illegal("cancel", self.status)
        self.status = CANCELLING
        self.required_action = None
        self.last = now
        self.journal.append((now, "cancel", ()))

    def confirm_cancel(self, now: float, usage: Usage | None = None) -> None:
        """Let the cancel take effect."""
        self.end("confirm_cancel", (CANCELLING,), RunStatus.CANCELLED, now, usage)
        self.cancelled_at = now

    def complete(self, now: float, usage: Usage | None = None) -> None:
        """Complete it."""
        self.end("complete", ENDING, RunStatus.COMPLETED, now, usage)
        self.completed_at = now

    def cut_short(self, reason: str, now: float, usage: Usage | None = None) -> None:
        """End it incomplete."""
        details = IncompleteDetails(reason)
        self.end("cut_short", ENDING, RunStatus.INCOMPLETE, now, usage)
        self.completed_at = now
        self.incomplete_details = details

    def fail(self, last_error: LastError, now: float, usage: Usage | None = None) -> None:
        """Fail it."""
        if type(last_error) is not LastError:
            raise TypeError
        self.end("fail", FAILING, RunStatus.FAILED, now, usage)
        self.failed_at = now
        self.last_error = last_error

    def end(
        self, event: str, sources: tuple[RunStatus, ...], target: RunStatus, now: float, usage: Usage | None
    ) -> None:
        """Do what all endings do."""
        if not self.last <= now < self.due:
            self.catch_up(now)
        if self.status not in sources:
            raise illegal(event, self.status)
        if not (usage is None or type(usage) is Usage):
            raise TypeError
        self.status = target
        if usage is not None:
            self.spent += usage
        self.usage = self.spent
        self.expires_at = None
        self.required_action = None
        self.due = NEVER
        self.last = now
        self.journal.append((now, event, usage))

    def catch_up(self, now: float) -> None:
        """Expire, if that is due; refuse a time that cannot be."""
        if not self.last <= now < NEVER:
            raise ValueError(now)
        if now >= self.due:
            due = self.due
            self.status = RunStatus.EXPIRED
            self.usage = self.spent
            self.expires_at = None
            self.required_action = None
            self.due = NEVER
            self.last = due
            self.journal.append((due, "expire", ()))
