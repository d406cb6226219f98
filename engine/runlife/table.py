"""The lifecycle of a Run, whole, and those of its steps and messages beside it.

The rules
---------
1. Everything that decides how a run moves stands in this file, a row a line. The fake executes
   these rows, the observer believes them, the generators walk them, the pictures are drawn from
   them. There is no second copy; if a status word seems to be needed elsewhere, ask the table.
2. A row says who *causes* it, because the three kinds behave differently. A client's row happens
   when its call is accepted. A server's row happens at a time nobody outside can know: whoever
   polls sees samples, never the row. A timer's row happens by itself when its deadline is due.
3. A row says how we *know* it. The real service was switched off on 2026-08-26, so what was not
   recorded, documented or observed by then can only be inferred; inferred rows that one may doubt
   are switched by a :class:`~runlife.policy.Policy` (the column ``given=``).

Theory of operation
-------------------
A run is created ``queued`` on a thread that has no other active run, and locks that thread until
it ends: a thread is locked exactly while its run is in a status of ``LIVE``. The server starts it,
and it may go round through ``requires_action`` any number of times: the model calls functions, the
client submits the outputs of *exactly* those calls, the run is queued again (it keeps its old
``started_at``; the next start overwrites it). A cancel is a request: the run enters ``cancelling``,
and the server may still complete, fail or cut it short before the cancel takes effect.

``expires_at`` counts from *creation* and is never extended: not by a submit, not by a restart. One
budget of ten minutes covers all the rounds. Every terminal status clears it. ``cut_short`` (the
run ends ``incomplete``) stamps ``completed_at``; there is no ``incomplete_at`` on a run, nor an
``expired_at``. ``usage`` is null until the run has ended.

Simultaneous causes
-------------------
Time comes first: a deadline equal to ``now`` is due, so an event at that very moment finds the run
expired. Between two events at the same moment, the first one applied wins and the other meets the
status it left. Of several rows for one event the first whose guard holds is taken; in these tables
no status has two for one event.

What is not in the table
------------------------
Which call ids are pending (data, checked by a guard); the thread lock's bookkeeping (derived: see
above); which error words the service uses for a refusal (the fake's); how long the server takes
(the fake's schedule); and what is configured but never decides a move (model, instructions, ...).
"""

from __future__ import annotations

from enum import StrEnum

from runlife.lifecycle import Lifecycle
from runlife.rows import Cause, Evidence, Given, at, on
from runlife.rules import (
    MESSAGE_ARGUMENTS,
    RUN_ARGUMENTS,
    STEP_ARGUMENTS,
    action_required,
    calls_a_function,
    cancel_requested,
    cancelled,
    cancelled_uncounted,
    completed,
    created,
    cut_short,
    expired,
    expired_uncounted,
    failed,
    message_begun,
    message_born_whole,
    message_completed,
    message_cut,
    outputs_match_calls,
    outputs_taken,
    started,
    step_begun,
    step_cancelled,
    step_completed,
    step_expired,
    step_failed,
    thread_can_run,
)

__all__ = ["MESSAGE", "RUN", "RUN_STEP", "MessageStatus", "RunStatus", "RunStepStatus"]

CLIENT, SERVER = Cause.CLIENT, Cause.SERVER
RECORDED, DOCUMENTED = Evidence.RECORDED, Evidence.DOCUMENTED
OBSERVED, INFERRED = Evidence.OBSERVED, Evidence.INFERRED


class RunStatus(StrEnum):
    """The statuses of a run; each equals its word on the wire."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    REQUIRES_ACTION = "requires_action"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


QUEUED, IN_PROGRESS, REQUIRES_ACTION, CANCELLING, *_ENDINGS = RunStatus
COMPLETED, INCOMPLETE, FAILED, CANCELLED, EXPIRED = _ENDINGS
LIVE = (QUEUED, IN_PROGRESS, REQUIRES_ACTION, CANCELLING)
WAITING = (QUEUED, REQUIRES_ACTION)

cancel_may_lose = Given("cancel_may_lose", value=True)
cancel_anywhere = Given("cancel_outside_in_progress", value=True)
queued_may_fail = Given("queued_may_fail", value=True)
counted, uncounted = Given("usage_when_stopped", "sum"), Given("usage_when_stopped", "null")

# fmt: off
RUN = Lifecycle(
    "run", RunStatus, terminal=_ENDINGS, arguments=RUN_ARGUMENTS, while_live="the thread is locked",
    rows=[
        on("create",              None,            QUEUED,          by=CLIENT, known=RECORDED,   then=created, when=thread_can_run),
        on("start",               QUEUED,          IN_PROGRESS,     by=SERVER, known=RECORDED,   then=started),
        on("require_action",      IN_PROGRESS,     REQUIRES_ACTION, by=SERVER, known=RECORDED,   then=action_required, when=calls_a_function),
        on("submit_tool_outputs", REQUIRES_ACTION, QUEUED,          by=CLIENT, known=RECORDED,   then=outputs_taken, when=outputs_match_calls),
        on("complete",            IN_PROGRESS,     COMPLETED,       by=SERVER, known=RECORDED,   then=completed),
        on("cut_short",           IN_PROGRESS,     INCOMPLETE,      by=SERVER, known=RECORDED,   then=cut_short),
        on("fail",                IN_PROGRESS,     FAILED,          by=SERVER, known=DOCUMENTED, then=failed),
        on("fail",                QUEUED,          FAILED,          by=SERVER, known=INFERRED,   then=failed, given=queued_may_fail),
        on("cancel",              IN_PROGRESS,     CANCELLING,      by=CLIENT, known=RECORDED,   then=cancel_requested),
        on("cancel",              WAITING,         CANCELLING,      by=CLIENT, known=INFERRED,   then=cancel_requested, given=cancel_anywhere),
        on("confirm_cancel",      CANCELLING,      CANCELLED,       by=SERVER, known=DOCUMENTED, then=cancelled, given=counted),
        on("confirm_cancel",      CANCELLING,      CANCELLED,       by=SERVER, known=DOCUMENTED, then=cancelled_uncounted, given=uncounted),
        on("complete",            CANCELLING,      COMPLETED,       by=SERVER, known=INFERRED,   then=completed, given=cancel_may_lose),
        on("cut_short",           CANCELLING,      INCOMPLETE,      by=SERVER, known=INFERRED,   then=cut_short, given=cancel_may_lose),
        on("fail",                CANCELLING,      FAILED,          by=SERVER, known=INFERRED,   then=failed, given=cancel_may_lose),
        at("expires_at",          LIVE,            EXPIRED,                    known=DOCUMENTED, then=expired, given=counted),
        at("expires_at",          LIVE,            EXPIRED,                    known=DOCUMENTED, then=expired_uncounted, given=uncounted),
    ],
)
# fmt: on
"""The lifecycle of a run."""


class RunStepStatus(StrEnum):
    """The statuses of a run step; each equals its word on the wire."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_STEP = RunStepStatus

# A step has no life of its own: it ends with its run at the latest, and shares its deadline. It has
# no `incomplete`: the step of a run that was cut short is completed (recorded).
# fmt: off
RUN_STEP = Lifecycle(
    "run_step", RunStepStatus, terminal=set(_STEP) - {_STEP.IN_PROGRESS},
    arguments=STEP_ARGUMENTS,
    rows=[
        on("begin",    None,              _STEP.IN_PROGRESS, by=SERVER, then=step_begun,     known=RECORDED),
        on("complete", _STEP.IN_PROGRESS, _STEP.COMPLETED,   by=SERVER, then=step_completed, known=RECORDED),
        on("fail",     _STEP.IN_PROGRESS, _STEP.FAILED,      by=SERVER, then=step_failed,    known=OBSERVED),
        on("cancel",   _STEP.IN_PROGRESS, _STEP.CANCELLED,   by=SERVER, then=step_cancelled, known=DOCUMENTED),
        at("expires_at", _STEP.IN_PROGRESS, _STEP.EXPIRED,   then=step_expired,              known=DOCUMENTED),
    ],
)
# fmt: on
"""The lifecycle of a run step."""


class MessageStatus(StrEnum):
    """The statuses of a message; each equals its word on the wire (there, only in event streams)."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"


_MESSAGE = MessageStatus

# fmt: off
MESSAGE = Lifecycle(
    "message", MessageStatus, terminal=[_MESSAGE.COMPLETED, _MESSAGE.INCOMPLETE],
    arguments=MESSAGE_ARGUMENTS,
    rows=[
        on("create",    None,                 _MESSAGE.COMPLETED,   by=CLIENT, then=message_born_whole, known=INFERRED),
        on("begin",     None,                 _MESSAGE.IN_PROGRESS, by=SERVER, then=message_begun,      known=RECORDED),
        on("complete",  _MESSAGE.IN_PROGRESS, _MESSAGE.COMPLETED,   by=SERVER, then=message_completed,  known=RECORDED),
        on("cut_short", _MESSAGE.IN_PROGRESS, _MESSAGE.INCOMPLETE,  by=SERVER, then=message_cut,        known=RECORDED),
    ],
    bounded_by="the run that writes it: when the run ends, so does its message",
)
# fmt: on
"""The lifecycle of a message."""
