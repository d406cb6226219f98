"""Who is due? An index of a million deadlines, by lazy buckets of time.

The truth about a deadline is the one on the instance, which checks it exactly however late it is
asked (:meth:`~runlife.instance.Instance.handle_timeout`). This index only answers *whom* to ask, so
that a host of many runs need not go through all of them at every tick.

Theory of operation. A heap of a million deadlines pays for an order that nobody needs yet: most of
them lie far ahead, and most are discarded before they come. Here a deadline goes into the *bucket*
of its tick and is not looked at again before that bucket is the earliest. There are

* ``_deadlines``, key to deadline: who is in the index. Discarding a key deletes it here and nowhere
  else; what lies in a bucket is then a *dead* entry, dropped when somebody comes across it;
* ``_closed``, bucket number to keys: bare keys in the order in which they came, so inserting is
  appending, and keys with equal deadlines keep the order of their insertion;
* ``_opened``, bucket number to a heap of ``(deadline, serial, key)``: what becomes of a bucket when
  it is the earliest and somebody asks for its inside. Later insertions go on the heap;
* ``_entries``, key to its entry on such a heap: an entry that is not there is dead;
* ``_numbers``, a heap of the numbers of all buckets. It is small: one for each tick in use.

Two facts make the answers exact, not just exact to a tick. The number of a bucket never decreases
as time grows, whatever the rounding, so buckets are disjoint intervals in order: of a bucket before
that of ``now`` everything is due. And a key that was set again may lie in several buckets, or in
one several times: its last place in the bucket of its present deadline is the living one.

When the dead outnumber the living two to one, every bucket is compacted. That costs about as much
as the insertions that made them, so memory stays proportional to ``len(index)`` and an operation
stays constant time on average; a single compaction of a million entries takes a good part of a
second.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from math import copysign, inf, isfinite
from operator import itemgetter
from typing import TYPE_CHECKING, Generic, TypeVar

from runlife.errors import MisuseError, TimeError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

__all__ = ["TimerIndex"]

KeyT = TypeVar("KeyT", bound="Hashable")

_DEAD_PER_LIVING = 2
_FEW = 64
"""So many dead entries are never worth a compaction."""


def _seconds(value: object) -> float:
    """Return a finite number of seconds, or raise TimeError."""
    problem = f"got {type(value).__name__}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            if isfinite(value):
                return value
            problem = f"got {value}"
        except OverflowError:
            problem = "got an int beyond the range of float"
    msg = f"expected a finite number of seconds, {problem}"
    raise TimeError(msg)


def _count(value: object) -> int:
    """Return a number of things, or raise MisuseError."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    msg = f"expected a count of 0 or more, or None for no limit; got {value!r}"
    raise MisuseError(msg)


class TimerIndex(Generic[KeyT]):
    """An index of deadlines: set them, discard them, and ask who is due.

    ``len(index)``, ``key in index`` and ``iter(index)`` see the keys that have a deadline, in no
    promised order. As with a dict, an unhashable key is a TypeError, keys that are equal are one
    key, and changing the index while iterating over it is an error. It does no locking.

    :param tick: the width of a bucket in seconds, above 0. It changes no answer, only the cost: a
        bucket should hold some tens or hundreds of deadlines.
    :raises TimeError: when ``tick`` is not a positive number of seconds.
    """

    __slots__ = (
        "__weakref__",
        "_closed",
        "_dead",
        "_deadlines",
        "_entries",
        "_numbers",
        "_opened",
        "_serial",
        "_tick",
    )

    def __init__(self, tick: float = 0.1) -> None:
        if (tick := _seconds(tick)) <= 0:
            msg = f"a tick must be longer than nothing, got {tick}"
            raise TimeError(msg)
        self._tick = tick
        self._deadlines: dict[KeyT, float] = {}
        self._closed: dict[float, list[KeyT]] = {}
        self._opened: dict[float, list[tuple[float, int, KeyT]]] = {}
        self._entries: dict[KeyT, tuple[float, int, KeyT]] = {}
        self._numbers: list[float] = []
        self._serial = count()
        self._dead = 0

    @property
    def tick(self) -> float:
        """The width of a bucket in seconds."""
        return self._tick

    def set(self, key: KeyT, deadline: float) -> None:
        """Set the deadline of a key, in unix seconds, in place of an earlier one.

        A key that is set again, even to the same deadline, goes behind those that share it.

        :raises TimeError: when ``deadline`` is not a finite number; nothing has changed then.
        """
        if type(deadline) is not float:
            _seconds(deadline)
        number: float
        try:
            number = int(deadline / self._tick)  # the ordinary case of _number, without the call
        except (OverflowError, ValueError):
            number = self._number(deadline)
        if key in self._deadlines:
            self.discard(key)
        self._deadlines[key] = deadline
        if (keys := self._closed.get(number)) is not None:
            keys.append(key)
        elif (heap := self._opened.get(number)) is not None:
            entry = self._entries[key] = (deadline, next(self._serial), key)
            heappush(heap, entry)
        else:
            self._closed[number] = [key]
            heappush(self._numbers, number)

    def discard(self, key: KeyT) -> None:
        """Take a key out of the index; no harm if it is not there."""
        if self._deadlines.pop(key, None) is None:
            return
        if self._entries:
            self._entries.pop(key, None)
        self._dead += 1
        if self._dead > _DEAD_PER_LIVING * len(self._deadlines) + _FEW:
            self._compact()

    def pop_due(self, now: float, limit: int | None = None) -> list[tuple[float, KeyT]]:
        """Take out the keys whose deadline is not later than ``now``.

        :param now: the time in unix seconds. It may be any time, also an earlier one than before.
        :param limit: at most so many, the earliest; the rest stays due. By default all of them.
        :returns: pairs of deadline and key, ordered by deadline, equal ones by insertion.
        :raises TimeError: when ``now`` is not a finite number.
        :raises MisuseError: when ``limit`` is not a count.
        """
        present = self._number(now)
        room = inf if limit is None else _count(limit)
        due: list[tuple[float, KeyT]] = []
        while self._numbers and (number := self._numbers[0]) <= present and len(due) < room:
            keys = self._closed.get(number)
            if keys is not None and number < present and len(keys) <= room - len(due):
                due += self._take_all(number, keys)
            elif (entry := self._top(number)) is not None:
                deadline, _, key = entry
                if deadline > now:
                    break
                heappop(self._opened[number])
                del self._entries[key], self._deadlines[key]
                due.append((deadline, key))
        if self._dead > _DEAD_PER_LIVING * len(self._deadlines) + _FEW:
            self._compact()
        return due

    def next_deadline(self) -> float | None:
        """Return the earliest deadline, exactly, or None when there is none."""
        while self._numbers:
            entry = self._top(self._numbers[0])
            if entry is not None:
                return entry[0]
        return None

    def __len__(self) -> int:
        """Return how many keys have a deadline."""
        return len(self._deadlines)

    def __contains__(self, key: object) -> bool:
        """Whether the key has a deadline."""
        return key in self._deadlines

    def __iter__(self) -> Iterator[KeyT]:
        """Go through the keys that have a deadline, in no promised order."""
        return iter(self._deadlines)

    def __repr__(self) -> str:
        """Return the tick and how many deadlines there are."""
        return f"<TimerIndex tick={self._tick} of {len(self)} deadlines>"

    def _number(self, moment: float) -> float:
        """Return the number of the bucket of a moment, or raise TimeError if it is none."""
        if type(moment) is not float:
            _seconds(moment)
        try:
            return int(moment / self._tick)
        except (OverflowError, ValueError):  # too large, or infinite, or not a number
            return copysign(inf, _seconds(moment))

    def _top(self, number: float) -> tuple[float, int, KeyT] | None:
        """Return the earliest living entry of the first bucket, or None and drop the bucket."""
        heap = self._opened.get(number)
        if heap is None:
            heap = self._open(number)
        while heap:
            entry = heap[0]
            if self._entries.get(entry[2]) is entry:
                return entry
            heappop(heap)
            self._dead -= 1
        del self._opened[number]
        heappop(self._numbers)
        return None

    def _open(self, number: float) -> list[tuple[float, int, KeyT]]:
        """Sort a closed bucket and return its heap."""
        keys = self._closed.pop(number)
        heap: list[tuple[float, int, KeyT]] = []
        for key in self._living(number, keys):
            entry = self._entries[key] = (self._deadlines[key], next(self._serial), key)
            heap.append(entry)
        heap.sort()  # a sorted list is a heap
        self._opened[number] = heap
        self._dead -= len(keys) - len(heap)
        return heap

    def _take_all(self, number: float, keys: list[KeyT]) -> list[tuple[float, KeyT]]:
        """Take out a closed bucket: one sort, and nothing is put on a heap first."""
        pop = self._deadlines.pop
        # Backwards, because of a key that lies here several times the last place is the living one.
        due = [(deadline, key) for key in reversed(keys) if (deadline := pop(key, None)) is not None]
        due.reverse()
        due.sort(key=itemgetter(0))
        # What moved to a later bucket has a later deadline, so it lies at the end: back it goes.
        while due and self._number(due[-1][0]) > number:
            deadline, key = due.pop()
            self._deadlines[key] = deadline
        self._dead -= len(keys) - len(due)
        del self._closed[number]
        heappop(self._numbers)
        return due

    def _living(self, number: float, keys: list[KeyT]) -> list[KeyT]:
        """Return the living of a closed bucket, in the order of their last insertion."""
        if not self._dead:
            return keys
        last_places = dict.fromkeys(reversed(keys))
        return [
            key
            for key in reversed(last_places)
            if (deadline := self._deadlines.get(key)) is not None and self._number(deadline) == number
        ]

    def _compact(self) -> None:
        """Drop all dead entries."""
        for number, keys in list(self._closed.items()):
            self._closed[number] = self._living(number, keys)
            if not self._closed[number]:
                del self._closed[number]
        for number, heap in list(self._opened.items()):
            heap[:] = [entry for entry in heap if self._entries.get(entry[2]) is entry]
            heapify(heap)
            if not heap:
                del self._opened[number]
        self._numbers[:] = [*self._closed, *self._opened]
        heapify(self._numbers)
        self._dead = 0
