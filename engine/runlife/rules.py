"""The guards, the effects and the arguments that the tables name, each with its line of English.

A guard is pure and answers a bool; an effect says which facts change, and how each gets its value.
The facts they read and write are those of :class:`~runlife.run.Run`, :class:`~runlife.run.RunStep` and
:class:`~runlife.run.Message`. The rows that use them stand in :mod:`runlife.table`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from runlife.rows import Argument, Effect, Guard, Payload, Value
from runlife.values import (
    IncompleteDetails,
    LastError,
    RequiredAction,
    ToolCall,
    ToolOutput,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife.run import Run

RUN_TTL = 600.0
"""Seconds a run lives, counted from its creation and never extended (documented: "ten minutes")."""


NOTHING_SPENT = Usage()


# Guards

thread_is_free = Guard(
    "thread_is_free",
    "no other run is active on the thread",
    lambda _run, payload: payload.get("active_run_id") is None,
)

thread_has_input = Guard(
    "thread_has_input",
    "the thread has a user message, or the assistant has instructions",
    lambda _run, payload: payload.get("has_input", True),
)

thread_can_run = thread_is_free & thread_has_input

calls_a_function = Guard(
    "calls_a_function",
    "the model calls at least one function",
    lambda _run, payload: bool(payload["tool_calls"]),
)


_call_id = attrgetter("tool_call_id")


def _outputs_match(run: Run, payload: Payload) -> bool:
    action, outputs = run.required_action, payload["tool_outputs"]
    if action is None:
        return False
    return len(outputs) == len(action.call_ids) and set(map(_call_id, outputs)) == action.call_ids


outputs_match_calls = Guard(
    "outputs_match_calls", "the outputs name exactly the pending calls", _outputs_match
)


# How facts get their values


def the_time(_instance: object, _payload: Payload, now: float) -> float:
    """Stamp the moment."""
    return now


def given(argument: str) -> Value:
    """Take an argument of the event; null when it was not given."""

    def value(_instance: object, payload: Payload, _now: float) -> object:
        return payload.get(argument)

    return value


def _deadline(_run: object, payload: Payload, now: float) -> float:
    after: float = payload.get("expires_after", RUN_TTL)
    return now + after


def _pending_calls(_run: object, payload: Payload, _now: float) -> RequiredAction:
    return RequiredAction(payload["tool_calls"])


def _details(_run: object, payload: Payload, _now: float) -> IncompleteDetails:
    return IncompleteDetails(payload["reason"])


def _tokens(run: Run, payload: Payload, _now: float) -> Usage:
    more: Usage | None = payload.get("usage")
    return run.spent if more is None else run.spent + more


def _no_tokens(_run: object, _payload: Payload, _now: float) -> Usage:
    return NOTHING_SPENT


# Effects on a run

created = Effect(
    "created",
    "stamps created_at; sets expires_at, ten minutes later unless told otherwise",
    sets={
        "id": given("id"),
        "created_at": the_time,
        "expires_at": _deadline,
        "spent": _no_tokens,
    },
    may_set={
        "thread_id": given("thread_id"),
        "max_prompt_tokens": given("max_prompt_tokens"),
        "max_completion_tokens": given("max_completion_tokens"),
    },
)

started = Effect("started", "stamps started_at, over an earlier one", {"started_at": the_time})

action_required = Effect(
    "action_required",
    "sets required_action; adds to the tokens spent",
    {"required_action": _pending_calls, "spent": _tokens},
)

outputs_taken = Effect(
    "outputs_taken",
    "clears required_action; keeps started_at and expires_at",
    clears=("required_action",),
)

cancel_requested = Effect("cancel_requested", "clears required_action", clears=("required_action",))


def _ending(name: str, *, usage: bool = True, **sets: Value) -> Effect:
    """Return the effect of an ending: what all of them do, and what this one adds."""
    if usage:
        sets["usage"] = _tokens
    says = f"sets {', '.join(sets)}; clears expires_at" if sets else "clears expires_at"
    return Effect(name, says, {**sets, "spent": _tokens}, clears=("expires_at", "required_action"))


completed = _ending("completed", completed_at=the_time)
cut_short = _ending("cut_short", completed_at=the_time, incomplete_details=_details)
failed = _ending("failed", failed_at=the_time, last_error=given("last_error"))
cancelled = _ending("cancelled", cancelled_at=the_time)
cancelled_uncounted = _ending("cancelled_uncounted", usage=False, cancelled_at=the_time)
expired = _ending("expired")
expired_uncounted = _ending("expired_uncounted", usage=False)


# Effects on a step and on a message

_born: Mapping[str, Value] = {"id": given("id"), "created_at": the_time}
_of_run: Mapping[str, Value] = {"run_id": given("run_id")}

step_begun = Effect(
    "step_begun",
    "stamps created_at; expires_at is that of its run",
    {**_born, "expires_at": given("expires_at")},
    may_set=_of_run,
)


def _step_end(name: str, stamp: str, **sets: Value) -> Effect:
    names = ", ".join((stamp, *sets))
    return Effect(
        name,
        f"sets {names}; clears expires_at",
        {stamp: the_time, **sets},
        clears=("expires_at",),
        may_set={"usage": given("usage")},
    )


step_completed = _step_end("step_completed", "completed_at")
step_failed = _step_end("step_failed", "failed_at", last_error=given("last_error"))
step_cancelled = _step_end("step_cancelled", "cancelled_at")
step_expired = _step_end("step_expired", "expired_at")

message_begun = Effect("message_begun", "stamps created_at", _born, may_set=_of_run)
message_born_whole = Effect(
    "message_born_whole",
    "stamps created_at and completed_at",
    {**_born, "completed_at": the_time},
    may_set=_of_run,
)
message_completed = Effect("message_completed", "sets completed_at", {"completed_at": the_time})
message_cut = Effect(
    "message_cut",
    "sets incomplete_at, incomplete_details",
    {"incomplete_at": the_time, "incomplete_details": _details},
)


# Arguments


def _positive(value: float) -> str | None:
    return None if value > 0 else f"must be above 0, got {value}"


def distinct_ids(calls: tuple[ToolCall, ...]) -> str | None:
    """Say what is wrong with calls of which two have the same id."""
    ids = [call.id for call in calls]
    return None if len(set(ids)) == len(ids) else f"call ids must differ, got {ids}"


_id = Argument("id", str)
_usage = Argument("usage", Usage, required=False)
_reason = Argument("reason", str)
_last_error = Argument("last_error", LastError)

RUN_ARGUMENTS: Mapping[str, tuple[Argument, ...]] = {
    "create": (
        _id,
        Argument("thread_id", str, required=False),
        Argument("active_run_id", str, required=False),
        Argument("has_input", bool, required=False),
        Argument("expires_after", float, required=False),
        Argument("max_prompt_tokens", int, required=False, check=_positive),
        Argument("max_completion_tokens", int, required=False, check=_positive),
    ),
    "require_action": (Argument("tool_calls", ToolCall, many=True, check=distinct_ids), _usage),
    "submit_tool_outputs": (Argument("tool_outputs", ToolOutput, many=True),),
    "complete": (_usage,),
    "cut_short": (_reason, _usage),
    "fail": (_last_error, _usage),
    "confirm_cancel": (_usage,),
}

STEP_ARGUMENTS: Mapping[str, tuple[Argument, ...]] = {
    "begin": (
        _id,
        Argument("run_id", str, required=False),
        Argument("expires_at", float),
    ),
    "complete": (_usage,),
    "fail": (_last_error, _usage),
    "cancel": (_usage,),
}

MESSAGE_ARGUMENTS: Mapping[str, tuple[Argument, ...]] = {
    "create": (_id, Argument("run_id", str, required=False)),
    "begin": (_id, Argument("run_id", str, required=False)),
    "cut_short": (_reason,),
}
