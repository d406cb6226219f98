"""A run of a trial, as it is by now, whether a client sees it as a run or as responses.

Behind each chain of responses stands a run of the World, and a story speaks of that: its schedule goes on
from response to response. What people are told is what a client sees, so the moves of such a run are told as
those of its responses: :data:`~runlife_adapters.memory.responses.records.AMOUNTS` says what they amount to.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from runlife import RUN, RunStatus
from runlife.responses import RESPONSE, ResponseStatus
from runlife_adapters.memory.responses.records import AMOUNTS

if TYPE_CHECKING:
    from runlife import Record

__all__ = ["Followed", "Move", "Round"]

_BORN = frozenset({"create", "submit_tool_outputs"})
"""The events of a run with which one of its responses begins."""


@frozen
class Move:
    """A move, as a client could see it."""

    name: str
    event: str
    source: str | None
    target: str

    def __str__(self) -> str:
        """Say it."""
        source = f"{self.source} → " if self.source is not None else ""
        return f"{self.name}: {source}{self.target}"


@define
class Round:
    """A response of a trial."""

    number: int
    """Which one it is in the trial, from 1."""
    status: ResponseStatus
    since: list[tuple[ResponseStatus, float]]
    """In which statuses it has been, and since when, in unix seconds."""
    id: str | None = None
    """None until the call that creates it is answered."""

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"response {self.number}"


@define(eq=False)
class Followed:
    """A run of the trial, as it is by now."""

    id: str
    thread_id: str
    number: int
    """How many were created before it."""
    status: RunStatus
    at: float
    """When it came into its status, in unix seconds."""
    visits: Counter[RunStatus] = field(factory=Counter[RunStatus])
    rounds: list[Round] | None = None
    """The responses that it is the run behind, oldest first; None for one that clients see themselves."""
    heard: bool = False
    """Whether the service was shown it, or one of its responses."""
    read: Any = None
    """What the service last read of it."""
    polled: bool = False
    """Whether it has been asked for."""

    @property
    def name(self) -> str:
        """What reports call it, or the latest of its responses."""
        return self.rounds[-1].name if self.rounds else f"run {self.number + 1}"

    @property
    def is_known(self) -> bool:
        """Whether the service can know of it: of a response, it must have been told the id."""
        return self.rounds is None or self.heard

    @property
    def is_at_work(self) -> bool:
        """Whether it can go on by itself, or end by the clock: a response that has ended does neither."""
        return self.status not in RUN.terminal and not (
            self.rounds and self.rounds[-1].status in RESPONSE.terminal
        )

    @property
    def state(self) -> str:
        """The status that a client sees, in words."""
        if not self.rounds:
            return self.status.value
        shown = self.rounds[-1].status.value
        return f"{shown} with calls" if self.status is _WAITS else shown

    def take(self, record: Record, number: int, *, background: bool) -> Move | None:
        """Take note of a move of its run; return it as a client could see it, or None if none could.

        :param number: that of a response that begins with it, if one does.
        :param background: whether that one is in the background.
        """
        source = None if record.source is None else record.source.value
        self.status, self.at = RunStatus(record.target), record.at
        if self.rounds is None:
            return Move(self.name, record.event, source, record.target.value)
        if record.event in _BORN:
            queued, at_work = (row.target for row in RESPONSE.moves[None]["create"])
            status = queued if background else at_work
            self.rounds.append(Round(number, status, [(status, record.at)]))
            return Move(self.name, "create", None, status.value)
        latest = self.rounds[-1]
        rows = RESPONSE.moves[latest.status].get(AMOUNTS.get(record.event, ""), ())
        if not rows:
            return None
        before, latest.status = latest.status, rows[0].target
        latest.since.append((latest.status, record.at))
        return Move(latest.name, rows[0].event, before.value, latest.status.value)

    def reads(self, shown: Any) -> bool:
        """Take note of what the service reads of it; answer whether it looks again, and sees nothing new."""
        idle = self.polled and self.read == shown
        self.polled = True
        return idle

    def shows(self, shown: Any) -> None:
        """Take note of what the service was shown of it."""
        if self.rounds and self.read is not None and self.read["id"] != shown["id"]:
            self.polled = False
        self.read, self.heard = shown, True


(_WAITS,) = {row.target for row in RUN.rows if row.event == "require_action"}
