"""What happens, as it happens: the events of one run's stream, and the transitions of all runs.

A stream is a queue that the World fills as far as time has come. It has no thread and never waits: its
reader asks (:meth:`RunEvents.take`), and knows when to ask again (:meth:`RunEvents.due`, and the
callback of :meth:`RunEvents.notify` for what others do). Leaving it does nothing to its run.

The names, their order and the data of each are those of recorded streams; ``created`` and what
follows it come as a pair with the same data.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from attrs import field, frozen

from runlife import RUN, Record
from runlife_adapters.memory.resources import Json

__all__ = ["Ear", "Happened", "Listener", "RunEvents", "StreamEvent", "Timeline"]


@frozen
class StreamEvent:
    """One event of a stream: its name, and its data as JSON."""

    name: str
    data: Json = field(repr=False)


@frozen
class Happened:
    """A transition of a run."""

    run_id: str
    thread_id: str
    record: Record


Listener = Callable[[Happened], None]
"""Who is told of transitions. It is called under the World's lock: it must not block, nor call the World."""


class Timeline(Protocol):
    """What a stream asks of its World."""

    def settle(self) -> None:
        """Let everything happen that is due by now."""
        ...

    def due(self, run_id: str) -> float | None:
        """Return the moment at which something will next happen to a run by itself, or None."""
        ...


class Ear(Protocol):
    """What is told of everything that happens within a run, as it happens; a stream is one."""

    @property
    def content(self) -> bool:
        """Whether what a file search found is told with its content."""
        ...

    @property
    def left(self) -> bool:
        """Whether nobody listens any more."""
        ...

    def add(self, event: StreamEvent) -> None:
        """Take an event."""
        ...

    def end(self, then: Callable[[], None] | None = None) -> None:
        """Take note that nothing more will come before the run goes on, if it does.

        :param then: to be called once everything has been read, where there is a reader.
        """
        ...


class RunEvents:
    """What happens to one run, from a call of the client's until the run next rests or ends.

    A run rests in ``requires_action``: there the stream ends as well (recorded), and the submit has
    one of its own. Threads may take turns with it; two at once get an event each.
    """

    def __init__(self, timeline: Timeline, run_id: str, thread_id: str, *, content: bool) -> None:
        self.run_id = run_id
        self.thread_id = thread_id
        self.content = content
        """Whether what a file search found is told with its content."""
        self._timeline = timeline
        self._queue: deque[StreamEvent] = deque()
        self._ended = False
        self._rests = False
        self._abandoned = False
        self._left = False
        self._then: Callable[[], None] | None = None
        self._notify: Callable[[], None] | None = None

    @property
    def over(self) -> bool:
        """Whether everything has been taken."""
        return self._ended and not self._queue

    @property
    def ended(self) -> bool:
        """Whether nothing more will be added."""
        return self._ended

    @property
    def abandoned(self) -> bool:
        """Whether it was ended before the run rested or ended: the World was emptied meanwhile."""
        return self._abandoned

    def take(self) -> list[StreamEvent]:
        """Return what has happened by now and was not taken yet."""
        if not self._ended:
            self._timeline.settle()
        taken: list[StreamEvent] = []
        while self._queue:
            taken.append(self._queue.popleft())
        if self._ended and (then := self._then) is not None:
            self._then = None
            then()
        return taken

    def due(self) -> float | None:
        """Return when something will next happen by itself, in unix seconds, or None."""
        return None if self._ended else self._timeline.due(self.run_id)

    def notify(self, callback: Callable[[], None]) -> None:
        """Have a callback called whenever there is more to take, or the stream has ended.

        It is called from whichever thread makes it happen, under the World's lock: it must not
        block, nor call the World.
        """
        self._notify = callback

    @property
    def left(self) -> bool:
        """Whether nobody listens any more. The World lets go of the stream when it next has news for it.

        That is not done here, where the World may be in the middle of something, and its lock be held.
        """
        return self._left

    def close(self) -> None:
        """Stop listening. The run goes on."""
        self._ended = self._left = True
        self._notify = self._then = None
        self._queue.clear()

    # For the World

    def add(self, event: StreamEvent) -> None:
        """Add an event; the World does."""
        if not self._ended:
            if event.data.get("object") == "thread.run":
                run = event.data
                self._rests = run["required_action"] is not None or run["status"] in RUN.terminal
            self._queue.append(event)
            self._call()

    def end(self, then: Callable[[], None] | None = None) -> None:
        """Say that nothing more will come; the World does. In mid-run, what was not taken is gone with it.

        :param then: called once everything has been taken, by whoever takes it, without the lock.
        """
        self._then = None if self._left else then
        if not self._ended:
            self._abandoned = not self._rests
        if self._abandoned:
            self._queue.clear()
        self._ended = True
        self._call()

    def _call(self) -> None:
        if self._notify is not None:
            self._notify()
