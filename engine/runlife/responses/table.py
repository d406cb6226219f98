"""The lifecycle of a Response, and the facts of one.

A Response is one call of a model: it has no tools of the client's own to wait for, no lock of its own,
no deadline. What a Run is, a whole chain of responses is: see :mod:`runlife.responses.mapping`.

Theory of operation
-------------------
A response is created either in the *background*, where it is queued first and can be watched and
cancelled, or in the *foreground*, where it is at work as soon as it exists, the call that creates it
lasts as long as it does, and nobody can cancel it. It ends at once when it is cancelled: there is no
request that could still be lost.

A model that wants a function called *completes* its response. That the status is the same as that of
an answer is what clients get wrong most often, so the two are two events here: ``call_functions`` and
``complete``. The calls are answered by the next response of the chain, and only there.

``completed_at`` is stamped by a completion only (there was none at all before 2026); no other ending
leaves a time behind. ``usage`` is null until the response has ended.

Sources: the Responses API as recorded in 2025 and 2026, its published reference and guides, and the
types of the official SDK.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from runlife.facts import Fact, entity
from runlife.instance import Instance
from runlife.lifecycle import Lifecycle
from runlife.rows import Argument, Cause, Effect, Evidence, Guard, on
from runlife.rules import calls_a_function, distinct_ids, given, the_time
from runlife.values import IncompleteDetails, LastError, ToolCall, Usage

if TYPE_CHECKING:
    from runlife.rows import Payload

__all__ = ["RESPONSE", "Response", "ResponseStatus"]

CLIENT, SERVER = Cause.CLIENT, Cause.SERVER
RECORDED, DOCUMENTED = Evidence.RECORDED, Evidence.DOCUMENTED
OBSERVED, INFERRED = Evidence.OBSERVED, Evidence.INFERRED


class ResponseStatus(StrEnum):
    """The statuses of a response; each equals its word on the wire."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    CANCELLED = "cancelled"


QUEUED, IN_PROGRESS, *_ENDINGS = ResponseStatus
COMPLETED, INCOMPLETE, FAILED, CANCELLED = _ENDINGS
LIVE = (QUEUED, IN_PROGRESS)


# Guards

conversation_is_free = Guard(
    "conversation_is_free",
    "no other response is at work in the conversation",
    lambda _response, payload: payload.get("active_response_id") is None,
)
calls_are_answered = Guard(
    "calls_are_answered",
    "the input answers every open call of the response before",
    lambda _response, payload: not payload.get("unanswered"),
)
may_begin = conversation_is_free & calls_are_answered
asked_in_background = Guard(
    "asked_in_background",
    "it is asked for in the background",
    lambda _response, payload: payload.get("background", False),
)
asked_in_foreground = Guard(
    "asked_in_foreground",
    "it is asked for in the foreground",
    lambda _response, payload: not payload.get("background", False),
)
in_background = Guard(
    "in_background",
    "it was created in the background",
    lambda response, _payload: bool(response.background),
)


# Effects


def _in_background(_response: object, payload: Payload, _now: float) -> bool:
    return bool(payload.get("background", False))


def _calls(_response: object, payload: Payload, _now: float) -> tuple[ToolCall, ...]:
    return tuple(payload["tool_calls"])


def _details(_response: object, payload: Payload, _now: float) -> IncompleteDetails:
    return IncompleteDetails(payload["reason"])


response_created = Effect(
    "response_created",
    "stamps created_at",
    {"id": given("id"), "created_at": the_time, "background": _in_background},
    may_set={
        "previous_response_id": given("previous_response_id"),
        "conversation_id": given("conversation_id"),
    },
)
response_called = Effect(
    "response_called",
    "sets completed_at, function_calls, usage",
    {"completed_at": the_time, "function_calls": _calls},
    may_set={"usage": given("usage")},
)
response_completed = Effect(
    "response_completed",
    "sets completed_at, usage",
    {"completed_at": the_time},
    may_set={"usage": given("usage")},
)
response_cut = Effect(
    "response_cut",
    "sets incomplete_details, usage",
    {"incomplete_details": _details},
    may_set={"usage": given("usage")},
)
response_failed = Effect(
    "response_failed", "sets error", {"error": given("error")}, may_set={"usage": given("usage")}
)

_usage = Argument("usage", Usage, required=False)

ARGUMENTS = {
    "create": (
        Argument("id", str),
        Argument("background", bool, required=False),
        Argument("previous_response_id", str, required=False),
        Argument("conversation_id", str, required=False),
        Argument("active_response_id", str, required=False),
        Argument("unanswered", str, required=False, many=True),
    ),
    "call_functions": (Argument("tool_calls", ToolCall, many=True, check=distinct_ids), _usage),
    "complete": (_usage,),
    "cut_short": (Argument("reason", str), _usage),
    "fail": (Argument("error", LastError), _usage),
}

# fmt: off
RESPONSE = Lifecycle(
    "response", ResponseStatus, terminal=_ENDINGS, arguments=ARGUMENTS,
    rows=[
        on("create",         None,        QUEUED,      by=CLIENT, known=RECORDED,   then=response_created, when=asked_in_background & may_begin),
        on("create",         None,        IN_PROGRESS, by=CLIENT, known=RECORDED,   then=response_created, when=asked_in_foreground & may_begin),
        on("start",          QUEUED,      IN_PROGRESS, by=SERVER, known=RECORDED),
        on("call_functions", IN_PROGRESS, COMPLETED,   by=SERVER, known=RECORDED,   then=response_called, when=calls_a_function),
        on("complete",       IN_PROGRESS, COMPLETED,   by=SERVER, known=RECORDED,   then=response_completed),
        on("cut_short",      IN_PROGRESS, INCOMPLETE,  by=SERVER, known=DOCUMENTED, then=response_cut),
        on("fail",           IN_PROGRESS, FAILED,      by=SERVER, known=DOCUMENTED, then=response_failed),
        on("fail",           QUEUED,      FAILED,      by=SERVER, known=INFERRED,   then=response_failed),
        on("cancel",         QUEUED,      CANCELLED,   by=CLIENT, known=RECORDED,   when=in_background),
        on("cancel",         IN_PROGRESS, CANCELLED,   by=CLIENT, known=DOCUMENTED, when=in_background),
    ],
    bounded_by="nothing that the API promises: whoever waits for a response needs a clock of their own",
)
# fmt: on
"""The lifecycle of a response."""


@entity
class Response(Instance[ResponseStatus]):
    """One call of a model.

    It holds the facts that its lifecycle decides; what it says and what it is configured with are a record
    of the adapter's. All times are unix seconds. Make one with ``Response.create(id=..., now=...)``, whose
    arguments are ``background`` (default False), ``previous_response_id`` or ``conversation_id``, and what
    the guards ask about: ``active_response_id``, the response that is at work in the conversation, and
    ``unanswered``, the ids of the calls of the response before that the input does not answer.
    """

    table: ClassVar[Lifecycle[ResponseStatus]] = RESPONSE

    id = Fact[str]()
    created_at = Fact[float]()
    background = Fact[bool]()
    previous_response_id = Fact[str | None]()
    conversation_id = Fact[str | None]()
    completed_at = Fact[float | None]()
    """When it completed; no other ending is stamped."""
    function_calls = Fact[tuple[ToolCall, ...] | None]()
    """The calls that it ended with."""
    error = Fact[LastError | None]()
    incomplete_details = Fact[IncompleteDetails | None]()
    usage = Fact[Usage | None]()
