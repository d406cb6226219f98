"""The events of a response: a log that is kept, and whoever reads it, from wherever they like.

Unlike the stream of a run, that of a response can be left and taken up again. So its events are not queued
for one reader: they are numbered and kept (:class:`EventLog`), and a reader is a place in the log
(:class:`ResponseEvents`). However many read, and whenever they began, each gets every event once. A reader
has no thread and never waits, as that of a run (:mod:`runlife_adapters.memory.events`).

The client that creates a response in the foreground, and does not stream it, waits as well: for the end
(:class:`LateResponse`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define, field

from runlife_adapters.memory.events import StreamEvent

if TYPE_CHECKING:
    from runlife_adapters.memory.events import Timeline
    from runlife_adapters.memory.resources import Json
    from runlife_adapters.memory.responses.records import ResponseRecord
    from runlife_adapters.memory.responses.resources import ResponseObject

__all__ = ["EventLog", "LateResponse", "ResponseEvents"]


@define(eq=False)
class EventLog:
    """Everything that happened to one response, numbered from 0.

    :param told: called when an event has come.
    """

    told: Callable[[], None]
    events: list[StreamEvent] = field(factory=list[StreamEvent])

    def add(self, kind: str, data: Json, *, number_first: bool = False) -> None:
        """Add an event.

        :param number_first: whether its number stands before its data; mostly it is last (recorded).
        """
        number = {"sequence_number": len(self.events)}
        body = {**number, **data} if number_first else {**data, **number}
        self.events.append(StreamEvent(kind, {"type": kind, **body}))
        self.told()


class _Reader:
    """What everybody has in common who waits for something about a response."""

    def __init__(self, timeline: Timeline, record: ResponseRecord) -> None:
        self._timeline = timeline
        self._record = record
        self._left = False
        self._notify: Callable[[], None] | None = None
        if not record.ended:
            record.readers.append(self)

    @property
    def response_id(self) -> str:
        """The response that it is about."""
        return self._record.response.id

    @property
    def run_id(self) -> str:
        """The hidden run behind it."""
        return self._record.run.run.id

    @property
    def thread_id(self) -> str:
        """The hidden thread of that run."""
        return self._record.run.thread.id

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._left or self._record.ended

    @property
    def abandoned(self) -> bool:
        """Whether the World was emptied before the response had ended."""
        return self._record.abandoned

    @property
    def left(self) -> bool:
        """Whether nobody waits any more."""
        return self._left

    def due(self) -> float | None:
        """Return when something will next happen by itself, in unix seconds, or None."""
        return None if self.ended else self._timeline.due(self.run_id)

    def notify(self, callback: Callable[[], None]) -> None:
        """Have a callback called whenever there is more to take, or nothing more will come.

        It is called from whichever thread makes it happen, under the World's lock: it must not
        block, nor call the World.
        """
        self._notify = callback

    def wake(self) -> None:
        """Say that there is something new; the World does."""
        if self._notify is not None:
            self._notify()

    def close(self) -> None:
        """Wait no more. The response goes on (inferred: of one in the foreground, nobody has told)."""
        self._left, self._notify = True, None


class ResponseEvents(_Reader):
    """What happens to one response, from some place in its log to its end.

    :param start: the number of the first event that is wanted.
    """

    def __init__(self, timeline: Timeline, record: ResponseRecord, log: EventLog, start: int) -> None:
        super().__init__(timeline, record)
        self._log = log
        self._next = start

    @property
    def sequence_number(self) -> int:
        """The number of the next event."""
        return self._next

    @property
    def over(self) -> bool:
        """Whether everything has been taken."""
        return self._left or (self._record.ended and self._next >= len(self._log.events))

    def take(self) -> list[StreamEvent]:
        """Return what has happened by now and was not taken yet."""
        if self._left:
            return []
        if not self._record.ended:
            self._timeline.settle()
        taken = self._log.events[self._next :]
        self._next += len(taken)
        if self.over:
            self._record.see()
        return taken


class LateResponse(_Reader):
    """A response whose creation is answered when it has ended."""

    @property
    def over(self) -> bool:
        """Whether the answer is there."""
        return self.ended

    def take(self) -> ResponseObject | None:
        """Return the response once it has ended, and None before."""
        if not self._record.ended:
            self._timeline.settle()
        return self._record.show() if self._record.ended and not self._left else None
