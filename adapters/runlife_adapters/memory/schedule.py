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

What befalls the calls of the client is the other half of a story: ``net`` says it by their number, 1
being the call that creates the run. Here the fourth call about the run takes effect, and the client
does not learn of it::

    Schedule(net={4: Net("lose_response")})

A schedule prints as the code that makes it, and goes to JSON and back without loss. Where an entry may
lead is asked of the table: a schedule can delay the server and choose among its lawful moves, and
cannot make it break the lifecycle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any, Self, cast

from attrs import field, fields, frozen

from runlife import RUN, Cause, LastError, Lifecycle, MisuseError, RunStatus, Usage
from runlife_adapters.memory.builtin import BuiltinStep, builtin_steps
from runlife_adapters.memory.checks import NONE, check_kind, check_names, is_a, is_number
from runlife_adapters.memory.limits import MOST_TOOLS
from runlife_adapters.memory.model import Call, several
from runlife_adapters.memory.net import Net
from runlife_adapters.memory.places import at, items_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife_adapters.memory.resources import Json

__all__ = [
    "MOST_CALLS",
    "NEVER",
    "USUAL_DELAY",
    "USUAL_ERRORS",
    "USUAL_MOVES",
    "After",
    "Schedule",
    "calling_event",
    "check_entry",
    "happy_event",
    "server_events",
]

USUAL_DELAY = 1.0
"""Seconds that each move of the server takes unless a schedule says otherwise."""

NEVER = inf
"""The delay of a move that does not come: ``After(NEVER)`` is stuck until the run expires."""

MOST_CALLS = MOST_TOOLS
"""How many calls one move makes at most: as many as an assistant may have tools (documented)."""

USUAL_MOVES: Mapping[RunStatus, str] = {
    RunStatus.QUEUED: "start",
    RunStatus.CANCELLING: "confirm_cancel",
}
"""The event of the happy path where the model has no say: the server's other moves are deviations."""

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


def calling_event(lifecycle: Lifecycle[RunStatus], status: RunStatus) -> str | None:
    """Return the event with which the server calls functions from a status, or None.

    Where there is one the model speaks: its turn decides between that event and completing.
    """
    events = (event for ways in server_events(lifecycle, status).values() for event in ways)
    return next((e for e in events if "tool_calls" in _argument_names(lifecycle, e)), None)


def happy_event(lifecycle: Lifecycle[RunStatus], status: RunStatus) -> str | None:
    """Return the event of the happy path: the one that calls functions, else the usual one, or None.

    It does not hang on the order of the table's rows: :data:`USUAL_MOVES` names it.
    """
    if (calls := calling_event(lifecycle, status)) is not None:
        return calls
    usual = USUAL_MOVES.get(status)
    return usual if any(usual in events for events in server_events(lifecycle, status).values()) else None


def _argument_names(lifecycle: Lifecycle[RunStatus], event: str | None) -> set[str]:
    return {argument.name for argument in lifecycle.arguments.get(event or "", ())}


def _error(value: LastError | str | None) -> LastError | None:
    return LastError(value, USUAL_ERRORS.get(value, "")) if isinstance(value, str) else value


def _tools(value: int | Iterable[Call] | None) -> int | tuple[Call, ...] | None:
    return value if value is None or isinstance(value, int) else several(value)


def _plain(arguments: Mapping[str, Any] | str) -> Json | str:
    return arguments if isinstance(arguments, str) else dict(arguments)


def _word(value: str | None) -> str | None:
    return str.__str__(value) if isinstance(value, str) else value


@frozen(repr=False)
class After:
    """One move of the server: ``delay`` seconds after the run came into a status, it goes on ``to``.

    :param delay: seconds, or :data:`NEVER`, with which nothing else can be said.
    :param to: the status it goes to; None is the happy path, on which the model decides.
    :param tools: with ``to="requires_action"``: the calls, or how many calls of the run's functions;
        :data:`MOST_CALLS` at most.
    :param text: with an ending, or where the model decides: what the message says.
    :param error: with ``to="failed"``: the error, or its code; ``server_error`` by default.
    :param reason: with ``to="incomplete"``; ``max_completion_tokens`` by default.
    :param usage: what the turn cost, instead of an estimate.
    :param steps: where the model speaks: what the service's own tools do before the turn ends.
    :raises MisuseError: when the delay is not a time, ``tools`` are none or too many, or a value is of
        another type.
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
    steps: tuple[BuiltinStep, ...] = field(default=(), kw_only=True, converter=builtin_steps)

    def __attrs_post_init__(self) -> None:
        if self.delay != NEVER and (not is_number(self.delay) or self.delay < 0):
            msg = f"a delay is a number of seconds, 0 or more, or NEVER; got {self.delay!r}"
            raise MisuseError(msg)
        if self.delay == NEVER and self.details:
            msg = f"what never comes has no details: expected After(NEVER), got {self!r}"
            raise MisuseError(msg)
        calls = len(self.tools) if isinstance(self.tools, tuple) else self.tools
        if calls is not None and not 1 <= calls <= MOST_CALLS:
            got = f"{calls} calls" if isinstance(self.tools, tuple) else f"tools={calls!r}"
            msg = f"a run that requires action has at least one call, and {MOST_CALLS} at most; got {got}"
            raise MisuseError(msg)

    @property
    def details(self) -> Json:
        """Everything that is said besides the delay, by name."""
        values = ((a.name, getattr(self, a.name)) for a in fields(type(self))[1:])
        return {name: value for name, value in values if value is not None and value != ()}

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
            said["tools"] = [{"name": c.name, "arguments": _plain(c.arguments)} for c in self.tools]
        if self.steps:
            said["steps"] = [{step.type: step.to_json()} for step in self.steps]
        for name in said.keys() & {"error", "usage"}:
            said[name] = said[name].to_json()
        return said

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote; an error may also be its code alone.

        :raises MisuseError: when it is anything else.
        """
        said = dict(data)
        try:
            if said.get("delay") == "never":
                said["delay"] = NEVER
            if isinstance(said.get("tools"), list):
                said["tools"] = tuple(Call(**call) for call in said["tools"])
            for name, kind in (("error", LastError), ("usage", Usage)):
                if name in said and not (name == "error" and isinstance(said[name], str)):
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


def _net(net: Mapping[int, Net]) -> Mapping[int, Net]:
    """Return what befalls the calls, by their number in ascending order, sharing nothing with its maker."""
    check_kind("net", net, Mapping)
    for number, befalls in net.items():
        check_kind("the number of a call", number, int)
        check_kind(f"net[{number}]", befalls, Net)
        if number < 1:
            msg = f"calls are counted from 1, which creates the run; got net[{number}]"
            raise MisuseError(msg)
        if number == 1 and not befalls.takes_effect:
            msg = f"a run whose creation takes no effect has no schedule: net[1] cannot be {befalls!r}"
            raise MisuseError(msg)
    return dict(sorted(net.items()))


@frozen(kw_only=True, repr=False)
class Schedule:
    """What the server does otherwise than usual with one run: see the module.

    There is a list for each live status, and ``net`` for the calls of the client. No row leads the
    server out of ``requires_action`` (it waits for the client), so that nothing but ``After(NEVER)``
    can stand there.

    :raises MisuseError: when the table has no such move, saying which there are; or when what befalls
        a call cannot befall it.
    """

    queued: tuple[After, ...] = field(default=(), converter=_entries)
    in_progress: tuple[After, ...] = field(default=(), converter=_entries)
    requires_action: tuple[After, ...] = field(default=(), converter=_entries)
    cancelling: tuple[After, ...] = field(default=(), converter=_entries)
    net: Mapping[int, Net] = field(factory=dict[int, Net], converter=_net, hash=False)
    """What befalls the calls about the run, by their number; 1 is the call that creates it."""

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
                    check_entry(lifecycle, status, after)

    def to_json(self) -> Json:
        """Return it as JSON data: only the deviations. The numbers of calls are texts, as JSON has it."""
        said: Json = {n: [entry.to_json() for entry in entries] for n, entries in self._lists() if entries}
        net = {str(number): befalls.to_json() for number, befalls in self.net.items()}
        return {**said, "net": net} if net else said

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote.

        :raises MisuseError: when it is anything else, saying where.
        """
        check_names("a schedule", data, (a.name for a in fields(cls)))
        said: Json = {}
        for name, value in data.items():
            with at(name):
                said[name] = _net_from(value) if name == "net" else _entries_from(value)
        return cls(**said)

    def __repr__(self) -> str:
        """Return the call that makes it."""
        said = [f"{name}=[{', '.join(map(repr, entries))}]" for name, entries in self._lists() if entries]
        return f"Schedule({', '.join([*said, f'net={self.net!r}'] if self.net else said)})"

    def _lists(self) -> Iterable[tuple[str, tuple[After, ...]]]:
        return ((a.name, getattr(self, a.name)) for a in fields(type(self)) if a.name != "net")


def _entries_from(data: object) -> tuple[After, ...]:
    entries: list[After] = []
    for index, entry in enumerate(items_of(data)):
        with at(f"[{index}]"):
            check_kind("an entry of a schedule", entry, Mapping)
            entries.append(After.from_json(entry))
    return tuple(entries)


_NUMBER = re.compile("[0-9]{1,9}")


def _net_from(data: object) -> dict[int, Net]:
    check_kind("by the number of the call", data, Mapping)
    net: dict[int, Net] = {}
    for number, befalls in cast("Mapping[object, Any]", data).items():
        with at(f"[{number}]"):
            # JSON has no other keys than texts; YAML has numbers, too.
            call = int(number) if isinstance(number, str) and _NUMBER.fullmatch(number) else number
            check_kind("the number of a call", call, int)
            if call in net:
                msg = "given twice"
                raise MisuseError(msg)
            net[cast("int", call)] = Net.from_json(befalls)
    return net


def check_entry(lifecycle: Lifecycle[RunStatus], status: RunStatus, after: After) -> None:
    """Raise MisuseError unless the server can do from a status what an entry says."""
    possible = server_events(lifecycle, status)
    if not possible:
        msg = f"the server makes no move from {status.value!r}: only After(NEVER) is possible, got {after!r}"
        raise MisuseError(msg)
    event, speaks = happy_event(lifecycle, status), calling_event(lifecycle, status) is not None
    if after.to is None:
        # Where the model decides, a text or a usage is scripted without saying where that leads.
        allowed = {"text", "usage"} if speaks else _allowed(lifecycle, status, event)
    elif len(events := possible.get(after.to, set())) == 1:
        allowed = _allowed(lifecycle, status, *events)
    else:
        ways = ", ".join(possible)
        msg = f"the server leads no run from {status.value!r} to {after.to!r}; from there it goes to: {ways}"
        raise MisuseError(msg)
    allowed |= {"steps"} if speaks else set()
    if wrong := after.details.keys() - allowed - {"to"}:
        takes = ", ".join(sorted(allowed)) or "no details"
        msg = f"{after!r} in {status.value!r} does not take {', '.join(sorted(wrong))}; it takes {takes}"
        raise MisuseError(msg)


def _allowed(lifecycle: Lifecycle[RunStatus], status: RunStatus, event: str | None) -> set[str]:
    arguments = _argument_names(lifecycle, event)
    allowed = {detail for detail, argument in _ARGUMENTS.items() if argument in arguments}
    row = next(r for r in lifecycle.transitions if r.source is status and r.event == event)
    return allowed | {"text"} if row.target in lifecycle.terminal else allowed
