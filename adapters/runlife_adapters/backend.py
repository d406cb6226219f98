"""The border between what drives a run and what serves it: one view, one protocol, two errors.

A *backend* is a handful of calls, each of which answers with a :class:`RunView` or fails in one of
exactly two ways that a driver must tell apart:

* :class:`RejectedError`: the service answered, and the call had no effect;
* :class:`UnavailableError`: nothing is known. The call may have happened or not, and only a fresh
  look at the run can tell.

The memory fake, the official SDK and anything else that can serve runs implement
:class:`Backend`, or :class:`AsyncBackend`; the driver and the conformance suite know nothing more.

A view keeps what a client can *see*, so it is lenient where the engine is strict: a status this
release does not know passes through unharmed, and a field that is missing or odd (objects of 2023,
compatible servers) reads as None. Only an answer that is no run at all is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, Protocol, Self, cast

from attrs import field, fields, frozen

from runlife import (
    IncompleteDetails,
    LastError,
    MisuseError,
    ServerError,
    ToolCall,
    ToolOutput,
    Usage,
    WorldError,
)

__all__ = [
    "AsyncBackend",
    "Backend",
    "RejectedError",
    "RunView",
    "UnavailableError",
    "error_from_status",
    "reply_texts",
]

Json = Mapping[str, Any]

_MAYBE_HAPPENED = frozenset({408, 429})
"""Answers of 4xx that say nothing about the call: a gateway's timeout, a limiter in front."""


class RejectedError(MisuseError):
    """The service answered 4xx: the call had no effect.

    ``status`` is the HTTP status, ``message`` the service's own words, ``code`` its error code or
    None. State conflicts (a locked thread, a submit that nobody waits for) are all 400.
    """

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        self.status = status
        self.message = message
        self.code = code
        super().__init__(f"the service rejected the call ({status}): {message}")


class UnavailableError(WorldError):
    """No usable answer: connection lost, timeout, 5xx or 429. The call may have happened or not.

    ``status`` is the HTTP status if there was one; ``retry_after`` the seconds the service asked to
    be left alone, or None.
    """

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        self.message = message
        self.status = status
        self.retry_after = retry_after
        super().__init__(f"the service gave no usable answer: {message}")


def error_from_status(
    status: int, message: str, *, code: str | None = None, retry_after: float | None = None
) -> RejectedError | UnavailableError:
    """Return the error that an HTTP status other than success stands for."""
    if 400 <= status < 500 and status not in _MAYBE_HAPPENED:  # noqa: PLR2004  # the class of HTTP client errors
        return RejectedError(status, message, code)
    return UnavailableError(f"{message} ({status})", status=status, retry_after=retry_after)


@frozen(repr=False)
class RunView:
    """What one answer of a service says about a run.

    Times are unix seconds as the service gave them (whole ones, usually). ``raw`` is the JSON object
    itself, for the fields that decide nothing here. ``poll_after`` is how many seconds the service
    asks a poller to wait (header ``openai-poll-after-ms``), or None. Two views are equal when they say
    the same about the run, whatever ``raw`` and ``poll_after`` say.
    """

    id: str
    status: str
    """The word on the wire: a plain string, because a service may send one we do not know."""
    thread_id: str | None = None
    created_at: float | None = None
    started_at: float | None = None
    expires_at: float | None = None
    completed_at: float | None = None
    failed_at: float | None = None
    cancelled_at: float | None = None
    required_action: tuple[ToolCall, ...] | None = None
    """The calls the run waits for, in the order of the service; None when it waits for none."""
    last_error: LastError | None = None
    incomplete_details: IncompleteDetails | None = None
    usage: Usage | None = None
    metadata: Mapping[str, str] = field(factory=dict[str, str])
    poll_after: float | None = field(default=None, eq=False)
    raw: Json = field(factory=dict[str, Any], eq=False, repr=False)

    @classmethod
    def from_json(cls, data: object, *, poll_after: float | None = None) -> Self:
        """Read a run object as it stands on the wire.

        :raises ServerError: when it has no id or no status, so that it is no run at all.
        """
        body = _object(data)
        run_id, status = body.get("id"), body.get("status")
        if not (isinstance(run_id, str) and run_id and isinstance(status, str) and status):
            got = f"an object with {sorted(body)}" if body else f"{data!r:.80}"
            msg = f"expected a run, an object with the strings 'id' and 'status'; got {got}"
            raise ServerError(msg)
        return cls(
            id=run_id,
            status=status,
            thread_id=_text(body.get("thread_id")),
            created_at=_time(body.get("created_at")),
            started_at=_time(body.get("started_at")),
            expires_at=_time(body.get("expires_at")),
            completed_at=_time(body.get("completed_at")),
            failed_at=_time(body.get("failed_at")),
            cancelled_at=_time(body.get("cancelled_at")),
            required_action=_calls(body.get("required_action")),
            last_error=_last_error(body.get("last_error")),
            incomplete_details=_incomplete_details(body.get("incomplete_details")),
            usage=_usage(body.get("usage")),
            metadata={k: v for k, v in _object(body.get("metadata")).items() if isinstance(v, str)},
            poll_after=poll_after if poll_after is None or _is_wait(poll_after) else None,
            raw=body,
        )

    @property
    def call_ids(self) -> frozenset[str]:
        """The ids of the calls the run waits for; empty when it waits for none."""
        return frozenset(call.id for call in self.required_action or ())

    def __repr__(self) -> str:
        """Return the fields that say something."""
        said = ((a.name, getattr(self, a.name)) for a in fields(type(self)) if a.repr)
        return f"RunView({', '.join(f'{name}={value!r}' for name, value in said if value not in (None, {}))})"


def reply_texts(messages: Iterable[object], run_id: str) -> tuple[str, ...]:
    """Return the text of each message object that a run wrote, in the order given.

    A message without text (an image, a refusal) has none to give and is left out.
    """
    texts: list[str] = []
    for message in map(_object, messages):
        if message.get("run_id") != run_id or message.get("role") != "assistant":
            continue
        content = message.get("content")
        parts = [_object(part) for part in cast("list[object]", content)] if isinstance(content, list) else []
        values = [_object(part.get("text")).get("value") for part in parts if part.get("type") == "text"]
        if words := [value for value in values if isinstance(value, str)]:
            texts.append("".join(words))
    return tuple(texts)


class Backend(Protocol):
    """What serves runs. Every call raises :class:`RejectedError` or :class:`UnavailableError`.

    An answer that cannot be read raises :class:`~runlife.ServerError`; like no answer at all, it
    does not say whether the call happened.
    """

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        """Start a run; ``overrides`` are further fields of the request body (``metadata``, ...)."""
        ...

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        """Look at a run."""
        ...

    def list_runs(self, thread_id: str) -> Sequence[RunView]:
        """Return the latest runs of a thread, a hundred at most, newest first."""
        ...

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        """Answer exactly the calls that the run waits for."""
        ...

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        """Ask for the end of a run."""
        ...

    def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        """Return the texts that a run wrote, oldest first: see :func:`reply_texts`."""
        ...


class AsyncBackend(Protocol):
    """:class:`Backend`, awaited."""

    async def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        """Start a run; ``overrides`` are further fields of the request body (``metadata``, ...)."""
        ...

    async def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        """Look at a run."""
        ...

    async def list_runs(self, thread_id: str) -> Sequence[RunView]:
        """Return the latest runs of a thread, a hundred at most, newest first."""
        ...

    async def submit_tool_outputs(
        self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]
    ) -> RunView:
        """Answer exactly the calls that the run waits for."""
        ...

    async def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        """Ask for the end of a run."""
        ...

    async def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        """Return the texts that a run wrote, oldest first: see :func:`reply_texts`."""
        ...


# Lenient readers: each answers None, or nothing, for what it does not understand.


def _object(value: object) -> dict[str, Any]:
    return dict(cast("Json", value)) if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _time(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isfinite(value) else None


def _is_wait(seconds: float) -> bool:
    return isfinite(seconds) and seconds >= 0


def _calls(value: object) -> tuple[ToolCall, ...] | None:
    calls = _object(_object(value).get("submit_tool_outputs")).get("tool_calls")
    if not isinstance(calls, list):
        return None
    found: list[ToolCall] = []
    for call in map(_object, cast("list[object]", calls)):
        function = _object(call.get("function"))
        call_id, name = call.get("id"), function.get("name")
        if isinstance(call_id, str):
            # A call of a kind we do not know (no function) is kept: an answer must name all of them.
            found.append(ToolCall(call_id, _text(name) or "", _text(function.get("arguments")) or ""))
    return tuple(found) or None


def _last_error(value: object) -> LastError | None:
    body = _object(value)
    code, message = _text(body.get("code")), _text(body.get("message"))
    return LastError(code or "", message or "") if code or message else None


def _incomplete_details(value: object) -> IncompleteDetails | None:
    reason = _text(_object(value).get("reason"))
    return IncompleteDetails(reason) if reason else None


def _usage(value: object) -> Usage | None:
    body = _object(value)
    counts = [body.get(name) for name in ("prompt_tokens", "completion_tokens")]
    whole = [n for n in counts if isinstance(n, int) and not isinstance(n, bool) and n >= 0]
    return Usage(*whole) if len(whole) == len(counts) else None
