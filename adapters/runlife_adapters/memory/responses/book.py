"""Which responses and conversations one World keeps, and how they are found and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

from attrs import define, field

from runlife.responses import ResponseStatus
from runlife_adapters.memory.filing.store import PATIENCE, superfluous
from runlife_adapters.memory.responses.errors import (
    CONVERSATION_NOT_FOUND,
    PREVIOUS_AT_WORK,
    PREVIOUS_NOT_FOUND,
    RESPONSE_NOT_FOUND,
)
from runlife_adapters.memory.responses.records import ConversationRecord, ResponseRecord

if TYPE_CHECKING:
    from runlife_adapters.memory.resources import Json

__all__ = ["KEPT_UNSTORED", "Book"]

KEPT_UNSTORED = 600.0
"""Seconds for which a background response that is not stored can be polled after its end (documented: about
ten minutes)."""


@define(eq=False)
class Book:
    """The responses and conversations of one World. It does no locking: the World does."""

    responses: dict[str, ResponseRecord] = field(factory=dict[str, ResponseRecord])
    conversations: dict[str, ConversationRecord] = field(factory=dict[str, ConversationRecord])
    rounds: dict[str, list[ResponseRecord]] = field(factory=dict[str, list[ResponseRecord]])
    """The responses of each hidden run, oldest first, also those that were deleted."""
    runs: dict[str, str] = field(factory=dict[str, str])
    """By response, the id of its hidden run, also of those that were deleted."""
    calls: dict[str, ResponseRecord] = field(factory=dict[str, ResponseRecord])
    """The response that made each call."""
    _asked: Iterator[int] = field(init=False, factory=lambda: count(1))

    def keep(self, record: ResponseRecord) -> None:
        """Keep a new response."""
        record.asked = next(self._asked)
        self.responses[record.response.id] = record
        self.runs[record.response.id] = record.run.run.id
        self.rounds.setdefault(record.run.run.id, []).append(record)

    def response(self, id: str, now: float) -> ResponseRecord:
        """Return a response that somebody asks about, or raise ApiError."""
        record = self._stored(id, now)
        if record is None:
            raise RESPONSE_NOT_FOUND.error(id=id)
        record.asked = next(self._asked)
        return record

    def previous(self, id: str, now: float) -> ResponseRecord:
        """Return a response that another is to continue, or raise ApiError.

        One that was cut short, failed or was cancelled can be continued, as far as it came (inferred).
        """
        record = self._stored(id, now)
        if record is None:
            raise PREVIOUS_NOT_FOUND.error(id=id)
        if not record.response.is_terminal:
            raise PREVIOUS_AT_WORK.error(id=id, status=record.response.status.value)
        return record

    def _stored(self, id: str, now: float) -> ResponseRecord | None:
        """Return a response that is there: one that is not to be stored is so as long as it can be polled."""
        record = self.responses.get(id)
        if record is None or record.settings.store:
            return record
        gone = record.response.is_terminal and now >= record.ended_at + KEPT_UNSTORED
        return record if record.response.background and not gone else None

    def conversation(self, id: str) -> ConversationRecord:
        """Return a conversation that somebody asks about, or raise ApiError."""
        record = self.conversations.get(id)
        if record is None:
            raise CONVERSATION_NOT_FOUND.error(id=id)
        record.asked = next(self._asked)
        return record

    def keep_conversation(self, record: ConversationRecord) -> None:
        """Keep a new conversation."""
        record.asked = next(self._asked)
        self.conversations[record.id] = record

    def item(self, id: str) -> Json | None:
        """Return the item of an id, wherever it is, or None; the newest response is looked at first."""
        for conversation in self.conversations.values():
            if id in conversation.items:
                return conversation.items[id]
        for record in reversed(self.responses.values()):
            for item in (*record.input, *record.output()):
                if item["id"] == id:
                    return item
        return None

    # Forgetting

    def forget(self, keep: int) -> set[str]:
        """Forget responses and conversations that nobody misses; return the runs of which none is left.

        As with threads (:meth:`~runlife_adapters.memory.store.Store.forget`), of what is over and has been
        seen ``keep`` stay, and of what somebody may still come for ten times as many; what nobody has
        asked about for the longest time goes first. Who waits for outputs is not done with.
        """
        over = [record for record in self.responses.values() if record.response.is_terminal]
        over.sort(key=lambda record: record.asked)
        waiting = {record.response.id for record in over if self._waits(record)}
        done = {r.response.id: r for r in over if r.seen and r.response.id not in waiting}
        others = [r.response.id for r in over if r.response.id not in done]
        for id in (*superfluous(done, (), keep), *superfluous(others, (), PATIENCE * keep)):
            del self.responses[id]
        idle = [c for c in self.conversations.values() if c.active is None]
        idle.sort(key=lambda conversation: conversation.asked)
        for id in superfluous([conversation.id for conversation in idle], (), PATIENCE * keep):
            del self.conversations[id]
        kept = {record.run.run.id for record in self.responses.values()}
        gone = {
            run_id
            for run_id, rounds in self.rounds.items()
            if run_id not in kept and rounds[-1].response.is_terminal
        }
        for run_id in gone:
            for record in self.rounds.pop(run_id):
                del self.runs[record.response.id]
                for call in record.response.function_calls or ():
                    self.calls.pop(call.id, None)
        return gone

    def _waits(self, record: ResponseRecord) -> bool:
        """Say whether its calls are still to be answered."""
        return (
            record.response.status is ResponseStatus.COMPLETED
            and not record.run.run.is_terminal
            and record.run.witness is record
        )
