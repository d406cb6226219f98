"""The menu: what the adversary may do otherwise at each place where it may do something.

What a server can do is asked of the table: every row that leads it out of a status is on the menu, at its
usual speed; and its usual move is there slow, and never. What a network can do is a list of faults, those
that differ for a client: a lost answer and a lost request are one to somebody who only reads. A systematic
search is complete as to this menu, and says so; other delays and numbers are left to the random search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from runlife import RUN, MisuseError, RunStatus
from runlife_adapters.memory import NEVER, After, Call, Net
from runlife_adapters.memory.schedule import USUAL_DELAY, happy_event, server_events
from runlife_adapters.testing.verify.story import Other

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["FAULTS", "Menu"]

_SLOW = 20.0
"""Seconds of a slow move: longer than a client's patience with one call, shorter than a run's life."""

_LATE = 5.0
"""Seconds by which an answer is late that the client still waits for."""

_ODD_CALLS = (Call("no_such_function"), Call("lookup", "{oh"))
"""What a model may make up."""

_VARIANTS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "fail": ({"error": "rate_limit_exceeded"},),
    "cut_short": ({"reason": "content_filter"},),
}
"""The reasons of an ending that services tell apart, besides the usual one, by event."""

_READS = (
    Net("lose_response"),
    Net("reset_before"),
    Net("refuse", status=500),
    Net("refuse", status=429, retry_after=1.0),
    Net("delay", seconds=_LATE),
    Net("malformed"),
)
_WRITES = (
    Net("lose_response"),
    Net("lose_request"),
    Net("reset_after"),
    Net("reset_before"),
    Net("duplicate"),
    Net("refuse", status=500),
    Net("refuse", status=429, retry_after=1.0),
    Net("delay", seconds=_LATE),
    Net("malformed"),
)
_STREAMS = (Net("cut_stream", events=1), Net("cut_stream", events=6), Net("stall_stream", events=1))

FAULTS = tuple(dict.fromkeys(net.kind for net in (*_WRITES, *_READS, *_STREAMS)))
"""The kinds of fault that are on the menu."""

_USUAL_FAULTS = tuple(kind for kind in FAULTS if kind != "malformed")


def _faults(kinds: Iterable[str] | None) -> frozenset[str]:
    chosen = frozenset(_USUAL_FAULTS if kinds is None else kinds)
    if unknown := sorted(chosen.difference(FAULTS)):
        msg = f"no fault is named {', '.join(map(repr, unknown))}; there are {', '.join(FAULTS)}"
        raise MisuseError(msg)
    return chosen


@frozen(kw_only=True)
class Menu:
    """What may be otherwise.

    :param faults: the kinds of fault (:data:`FAULTS`); by default all but ``malformed``.
    :param others: what other workers do.
    :param odd_calls: whether the model may call a function that there is not, or with arguments that are no
        JSON.
    :param ties: whether a call may come before what the server does at the same moment.
    :raises MisuseError: when there is no such fault.
    """

    faults: frozenset[str] = field(default=None, converter=_faults)
    others: tuple[Other, ...] = ("cancel", "submit")
    odd_calls: bool = False
    ties: bool = True

    def moves(self, status: RunStatus, *, functions: bool) -> tuple[After, ...]:
        """Return what the server may do in a visit of a status instead of the usual.

        :param functions: whether the run has functions that the model may call.
        """
        ways = server_events(RUN, status)
        if not ways:
            return ()
        happy = happy_event(RUN, status)
        usual = {"require_action", "complete"} if happy == "require_action" else {happy}
        moves: list[After] = []
        for target, (event,) in ways.items():
            if event == "require_action":
                moves.extend(After(USUAL_DELAY, target, tools=n) for n in (1, 2) if functions)
                if functions and self.odd_calls:
                    moves.extend(After(USUAL_DELAY, target, tools=[call]) for call in _ODD_CALLS)
            elif event not in usual:
                moves.append(After(USUAL_DELAY, target))
                moves.extend(evolve(moves[-1], **other) for other in _VARIANTS.get(event, ()))
        return (*moves, After(_SLOW), After(NEVER))

    def net(self, *, reads: bool, streams: bool) -> tuple[Net, ...]:
        """Return what may befall a call that only reads, or not, and whose answer is a stream, or not."""
        known = _READS if reads else _WRITES
        if streams:
            known = (*known, *_STREAMS)
        return tuple(net for net in known if net.kind in self.faults)

    def __str__(self) -> str:
        """Say what may be otherwise."""
        faults = ", ".join(kind for kind in FAULTS if kind in self.faults) or "none"
        others = ", ".join(self.others) or "none"
        ties = "either way" if self.ties else "server first"
        return f"moves of the table; faults: {faults}; other workers: {others}; ties: {ties}"
