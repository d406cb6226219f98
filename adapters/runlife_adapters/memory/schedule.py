"""Schedules: what the server does otherwise than usual, as plain data.

``Schedule()`` is the happy path: a run is queued, starts, and the model's turn decides whether it
calls functions or completes; a cancel is confirmed; each after :data:`USUAL_DELAY`. A schedule says
nothing but the deviations from that. It has a list for each live status, and each visit of a status
consumes one entry of its list; when the list is at its end, the usual happens. So this is a run that
twice asks for tools and then fails::

    Schedule(in_progress=[
        After(1, "requires_action", tools=2),
        After(1, "requires_action", tools=1),
        After(5, "failed", error="rate_limit_exceeded"),
    ])

A schedule prints as the code that makes it, and goes to JSON and back without loss. Where an entry may
lead is asked of the table: a schedule can delay the server and choose among its lawful moves, and
cannot make it break the lifecycle.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Self, cast

from attrs import field, fields, frozen

from runlife import RUN, Cause, LastError, Lifecycle, MisuseError, RunStatus, Usage
from runlife_adapters.memory.checks import NONE, is_a, is_number
from runlife_adapters.memory.model import Call, several

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runlife_adapters.memory.resources import Json

__all__ = ["NEVER", "USUAL_DELAY", "USUAL_ERRORS", "After", "Schedule", "happy_event", "server_events"]

USUAL_DELAY = 1.0
"""Seconds that each move of the server takes unless a schedule says otherwise."""

NEVER = inf
"""The delay of a move that does not come: ``After(NEVER)`` is stuck until the run expires."""

USUAL_ERRORS: Mapping[str, str] = {
    "server_error": "Sorry, something went wrong.",
    "rate_limit_exceeded": ("You exceeded your current quota, please check your plan and billing details."),
    "invalid_prompt": "The prompt was rejected.",
}
"""What a failed run says by the code of its error; the first is the usual one (observed)."""


def server_events(lifecycle: Lifecycle[RunStatus], status: RunStatus) -> dict[str, set[str]]:
    """Return where the server may lead a run from a status, and by which events, in table order."""
    events: dict[str, set[str]] = {}
    for row in lifecycle.transitions:
        if row.source is status and row.cause is Cause.SERVER:
            events.setdefault(row.target.value, set()).add(row.event)
    return events


def happy_event(lifecycle: Lifecycle[RunStatus], status: RunStatus) -> str | None:
    """Return the event of the happy path: the first that the table gives the server, or None.

    Where that event calls functions, the model's turn decides between it and completing.
    """
    rows = lifecycle.transitions
    return next((r.event for r in rows if r.source is status and r.cause is Cause.SERVER), None)


def _error(value: LastError | str | None) -> LastError | None:
    return LastError(value, USUAL_ERRORS.get(value, "")) if isinstance(value, str) else value


def _tools(value: int | Iterable[Call] | None) -> int | tuple[Call, ...] | None:
    return value if value is None or isinstance(value, int) else several(value)


def _word(value: str | None) -> str | None:
    return str.__str__(value) if isinstance(value, str) else value


@frozen(repr=False)
class After:
    """One move of the server: ``delay`` seconds after the run came into a status, it goes on ``to``.

    :param delay: seconds, or :data:`NEVER`, with which nothing else can be said.
    :param to: the status it goes to; None is the happy path, on which the model decides.
    :param tools: with ``to="requires_action"``: the calls, or how many calls of the run's functions.
    :param text: with an ending, or where the model decides: what the message says.
    :param error: with ``to="failed"``: the error, or its code; ``server_error`` by default.
    :param reason: with ``to="incomplete"``; ``max_completion_tokens`` by default.
    :param usage: what the turn cost, instead of an estimate.
    :raises MisuseError: when the delay is not a time, ``tools`` is below 1, or a value is of another type.
    """

    delay: float = USUAL_DELAY
    to: str | None = field(default=None, converter=_word, validator=is_a(str, NONE))
    tools: int | tuple[Call, ...] | None = field(
        default=None, kw_only=True, converter=_tools, validator=is_a(int, tuple, NONE)
    )
    text: str | None = field(default=None, kw_only=True, validator=is_a(str, NONE))
    error: LastError | None = field(
        default=None, kw_only=True, converter=_error, validator=is_a(LastError, NONE)
    )
    reason: str | None = field(default=None, kw_only=True, validator=is_a(str, NONE))
    usage: Usage | None = field(default=None, kw_only=True, validator=is_a(Usage, NONE))

    def __attrs_post_init__(self) -> None:
        if self.delay != NEVER and (not is_number(self.delay) or self.delay < 0):
            msg = f"a delay is a number of seconds, 0 or more, or NEVER; got {self.delay!r}"
            raise MisuseError(msg)
        if self.delay == NEVER and self.details:
            msg = f"what never comes has no details: expected After(NEVER), got {self!r}"
            raise MisuseError(msg)
        if self.tools in (0, ()) or (isinstance(self.tools, int) and self.tools < 0):
            msg = f"a run that requires action has at least one call, got tools={self.tools!r}"
            raise MisuseError(msg)

    @property
    def details(self) -> Json:
        """Everything that is said besides the delay, by name."""
        values = ((a.name, getattr(self, a.name)) for a in fields(type(self))[1:])
        return {name: value for name, value in values if value is not None}

    def __repr__(self) -> str:
        """Return the call that makes it."""
        said = self.details
        to = [repr(said.pop("to"))] if self.to is not None else []
        delay = "NEVER" if self.delay == NEVER else repr(self.delay)
        return f"After({', '.join([delay, *to, *(f'{k}={v!r}' for k, v in said.items())])})"

    def to_json(self) -> Json:
        """Return it as JSON data: only what is said; a delay of NEVER is the word ``never``."""
        said: Json = {"delay": "never" if self.delay == NEVER else self.delay, **self.details}
        if isinstance(self.tools, tuple):
            said["tools"] = [{"name": c.name, "arguments": dict(c.arguments)} for c in self.tools]
        for name in said.keys() & {"error", "usage"}:
            said[name] = said[name].to_json()
        return said

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote.

        :raises MisuseError: when it is anything else.
        """
        said = dict(data)
        try:
            if said.get("delay") == "never":
                said["delay"] = NEVER
            if isinstance(said.get("tools"), list):
                said["tools"] = tuple(Call(**call) for call in said["tools"])
            for name, kind in (("error", LastError), ("usage", Usage)):
                if name in said:
                    said[name] = kind.from_json(said[name])
            return cls(**said)
        except (TypeError, ValueError, MisuseError) as error:
            msg = f"not an entry of a schedule: {data!r} ({error})"
            raise MisuseError(msg) from error


_ARGUMENTS: Mapping[str, str] = {
    "tools": "tool_calls",
    "error": "last_error",
    "reason": "reason",
    "usage": "usage",
}
"""The details of an entry, and the arguments of an event that they become."""


def _entries(entries: Iterable[After]) -> tuple[After, ...]:
    return tuple(entries)


@frozen(kw_only=True, repr=False)
class Schedule:
    """What the server does otherwise than usual with one run: see the module.

    There is a list for each live status. No row leads the server out of ``requires_action`` (it
    waits for the client), so that nothing but ``After(NEVER)`` can stand there.

    :raises MisuseError: when the table has no such move, saying which there are.
    """

    queued: tuple[After, ...] = field(default=(), converter=_entries)
    in_progress: tuple[After, ...] = field(default=(), converter=_entries)
    requires_action: tuple[After, ...] = field(default=(), converter=_entries)
    cancelling: tuple[After, ...] = field(default=(), converter=_entries)

    def __attrs_post_init__(self) -> None:
        self.check(RUN)

    def entries(self, status: RunStatus) -> tuple[After, ...]:
        """Return the entries of a live status."""
        return cast("tuple[After, ...]", getattr(self, status.value))

    def check(self, lifecycle: Lifecycle[RunStatus]) -> None:
        """Raise MisuseError unless the lifecycle has every move, under its policy."""
        for status in lifecycle.live:
            for after in self.entries(status):
                if after.delay != NEVER:
                    _check(lifecycle, status, after)

    def to_json(self) -> Json:
        """Return it as JSON data: only the deviations."""
        lists = {a.name: getattr(self, a.name) for a in fields(type(self))}
        return {name: [entry.to_json() for entry in entries] for name, entries in lists.items() if entries}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote.

        :raises MisuseError: when it is anything else.
        """
        known = {a.name for a in fields(cls)}
        if data.keys() - known:
            msg = f"a schedule has lists for {sorted(known)}, got {sorted(data)}"
            raise MisuseError(msg)
        return cls(**{n: tuple(After.from_json(e) for e in entries) for n, entries in data.items()})

    def __repr__(self) -> str:
        """Return the call that makes it."""
        lists = ((a.name, getattr(self, a.name)) for a in fields(type(self)))
        said = (f"{name}=[{', '.join(map(repr, entries))}]" for name, entries in lists if entries)
        return f"Schedule({', '.join(said)})"


def _check(lifecycle: Lifecycle[RunStatus], status: RunStatus, after: After) -> None:
    possible = server_events(lifecycle, status)
    if not possible:
        msg = f"the server makes no move from {status.value!r}: only After(NEVER) is possible, got {after!r}"
        raise MisuseError(msg)
    if after.to is None:
        event = happy_event(lifecycle, status)
        # Where the model decides, a text or a usage is scripted without saying where that leads.
        speaks = event == "require_action"
        allowed = {"text", "usage"} if speaks else _allowed(lifecycle, status, event)
    elif len(events := possible.get(after.to, set())) == 1:
        allowed = _allowed(lifecycle, status, *events)
    else:
        ways = ", ".join(possible)
        msg = f"the server leads no run from {status.value!r} to {after.to!r}; from there it goes to: {ways}"
        raise MisuseError(msg)
    if wrong := after.details.keys() - allowed - {"to"}:
        takes = ", ".join(sorted(allowed)) or "no details"
        msg = f"{after!r} in {status.value!r} does not take {', '.join(sorted(wrong))}; it takes {takes}"
        raise MisuseError(msg)


def _allowed(lifecycle: Lifecycle[RunStatus], status: RunStatus, event: str | None) -> set[str]:
    arguments = {a.name for a in lifecycle.arguments.get(event or "", ())}
    allowed = {detail for detail, argument in _ARGUMENTS.items() if argument in arguments}
    row = next(r for r in lifecycle.transitions if r.source is status and r.event == event)
    return allowed | {"text"} if row.target in lifecycle.terminal else allowed
