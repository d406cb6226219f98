"""What there is to exercise, as the table, the fake's refusals and the network's faults have it.

Each thing is an :class:`Item`, and has a name: that is how it is counted, written to JSON and printed.
Whether a service can reach it at all depends on the calls it makes: who never cancels never sees a run
``cancelling``, whatever the tests do.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from attrs import frozen

from runlife import Cause, Lifecycle, MisuseError, RunStatus, Transition
from runlife.paths import illegal_events, n_switch
from runlife_adapters.memory.errors import REFUSALS
from runlife_adapters.memory.net import Net, NetKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runlife import Guard
    from runlife_adapters.memory import ApiError

__all__ = [
    "METRICS",
    "RETRIEVE",
    "STREAM",
    "Item",
    "Metric",
    "Refused",
    "check_uses",
    "edge",
    "fault",
    "illegal",
    "items",
    "outcome",
    "pair",
    "parts_of",
    "read_refusal",
    "within",
]

Metric = Literal["edge", "edge-pair", "guard", "illegal", "fault"]
"""What is counted.

============= ===========================================================================
``edge``      each transition
``edge-pair`` each two consecutive transitions of one run
``guard``     each part of each guard, having held and having not
``illegal``   each call of a client in each status that has no transition for it, refused
``fault``     each call of a client, struck by each fault of the network
============= ===========================================================================
"""

METRICS: tuple[Metric, ...] = get_args(Metric)

RETRIEVE = "retrieve"
"""A client's look at a run: no event, but a call that a fault can strike."""

STREAM = "stream"
"""That a client has its calls answered with streams: only those can be cut."""

_STREAMED = frozenset({"cut_stream", "stall_stream"})
_TOO_MANY = 429


@frozen
class Item:
    """One thing to exercise."""

    metric: Metric
    name: str
    needs: frozenset[str] = frozenset()
    """The calls that a service must make for it."""
    rows: tuple[Transition[Any], ...] = ()
    """The transitions that it consists of."""
    status: RunStatus | None = None
    """The status that a run must come into."""
    never: bool = False
    """Whether no service can bring it about."""

    def is_reachable(self, uses: frozenset[str], within: tuple[Transition[Any], ...]) -> bool:
        """Whether a service can exercise it that makes these calls, and so reaches these rows."""
        comes = self.status is None or any(row.target == self.status for row in within)
        return not self.never and self.needs <= uses and comes and all(row in within for row in self.rows)


def within(lifecycle: Lifecycle[RunStatus], uses: frozenset[str]) -> tuple[Transition[RunStatus], ...]:
    """Return the rows that can be taken when a client makes these calls and no others, in table order."""
    reached: set[RunStatus | None] = {None}
    taken: list[Transition[RunStatus]] = []
    while more := [
        row
        for row in lifecycle.transitions
        if row.source in reached and row not in taken and (row.cause is not Cause.CLIENT or row.event in uses)
    ]:
        taken += more
        reached |= {row.target for row in more}
    return tuple(row for row in lifecycle.transitions if row in taken)


@lru_cache(maxsize=8)
def items(lifecycle: Lifecycle[RunStatus]) -> Mapping[Metric, tuple[Item, ...]]:
    """Return everything there is to exercise, by metric, in table order."""
    everything: dict[Metric, tuple[Item, ...]] = {
        "edge": tuple(Item("edge", edge(row), rows=(row,)) for row in lifecycle.transitions),
        "edge-pair": tuple(
            Item("edge-pair", pair(*rows), rows=rows) for rows in n_switch(lifecycle, 1) if len(rows) > 1
        ),
        "guard": tuple(_guards(lifecycle)),
        "illegal": tuple(_illegal(lifecycle)),
        "fault": tuple(_faults(lifecycle)),
    }
    return everything


# Names


def edge(row: Transition[Any]) -> str:
    """Return the name of a transition."""
    return str(row)


def pair(one: Transition[Any], two: Transition[Any]) -> str:
    """Return the name of a pair."""
    return f"{one}, {two}"


def outcome(event: str, part: str, *, holds: bool) -> str:
    """Return the name of what came of a part of a guard."""
    return f"{event}: {part}" if holds else f"{event}: not {part}"


def illegal(event: str, status: str) -> str:
    """Return the name of a call in a status that does not allow it."""
    return f"{event}@{status}"


def fault(call: str, net: Net) -> str:
    """Return the name of a fault that strikes a call. Refusals for overload are told from the others."""
    refuses = net.kind == "refuse"
    return _fault(call, net.kind, ("429" if net.status == _TOO_MANY else "5xx") if refuses else "")


def _fault(call: str, kind: str, status: str = "") -> str:
    return f"{call}: {kind} {status}".rstrip()


# What there is


def parts_of(row: Transition[Any]) -> tuple[Guard, ...]:
    """Return the parts of the guard before a row, that a caller can be refused by."""
    if row.guard is None or row.deadline is not None:
        return ()
    return row.guard.parts or (row.guard,)


def _guards(lifecycle: Lifecycle[RunStatus]) -> Iterator[Item]:
    named: set[str] = set()
    for row in lifecycle.transitions:
        by_client = row.cause is Cause.CLIENT
        needs = frozenset({row.event} if by_client else ())
        for part in parts_of(row):
            for holds in (True, False):
                name = outcome(row.event, part.name, holds=holds)
                if name in named:
                    continue
                named.add(name)
                # The server asks its own guards before it moves: nobody is told when it thinks better of it.
                never = not by_client and not holds
                rows = (row,) if holds else ()
                yield Item("guard", name, needs, rows, None if holds else row.source, never)


def _illegal(lifecycle: Lifecycle[RunStatus]) -> Iterator[Item]:
    rows = (row for row in lifecycle.transitions if row.cause is Cause.CLIENT and row.source is not None)
    calls = {row.event for row in rows}
    for status, event in illegal_events(lifecycle):
        if event in calls:
            yield Item("illegal", illegal(event, status), frozenset({event}), status=status)


def _faults(lifecycle: Lifecycle[RunStatus]) -> Iterator[Item]:
    begins = {row.target for row in lifecycle.creations}
    # What sets a run going is answered with a stream, if the client wants one.
    streams = {row.event for row in lifecycle.transitions if row.target in begins}
    for call in (*_calls(lifecycle), RETRIEVE):
        for kind in get_args(NetKind):
            if kind not in _STREAMED:
                statuses = ("429", "5xx") if kind == "refuse" else ("",)
                yield from (Item("fault", _fault(call, kind, s), frozenset({call})) for s in statuses)
            elif call in streams:
                yield Item("fault", _fault(call, kind), frozenset({call, STREAM}))


def _calls(lifecycle: Lifecycle[RunStatus]) -> tuple[str, ...]:
    """Return the events that a client asks for, in table order."""
    rows = (row for row in lifecycle.transitions if row.cause is Cause.CLIENT)
    return tuple(dict.fromkeys(row.event for row in rows))


# Refusals, by their words


@frozen
class Refused:
    """What a refusal says, in the words of the table."""

    event: str
    guard: str | None
    """The part that did not hold; None, when there is no transition from the status."""
    status: str | None
    """The status, where the refusal tells it."""


def read_refusal(error: ApiError) -> Refused | None:
    """Return what a refusal of the fake's says; None when it says nothing about the lifecycle."""
    for (event, guard), words in REFUSALS.items():
        if error.words is words:
            status = error.facts.get("status")
            return Refused(event, guard, None if status is None else str(status))
    return None


def check_uses(lifecycle: Lifecycle[RunStatus], uses: Iterable[str]) -> frozenset[str]:
    """Return the calls as a set.

    :raises MisuseError: when one of them is no call of a client.
    """
    known = [*_calls(lifecycle), RETRIEVE, STREAM]
    said = frozenset(uses)
    if unknown := sorted(said.difference(known)):
        msg = f"no call of a client is named {unknown[0]!r}; there are: {', '.join(known)}"
        raise MisuseError(msg)
    return said
