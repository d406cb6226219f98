"""Real threads beside virtual time: they are let come to rest before time moves on.

Work that the loop hands out itself runs inline and needs none of this. But a library may have threads
of its own (anyio has, for files), and a clock that jumps while one of them works makes ten minutes of
what took a millisecond. Nobody can be asked whether a thread has work, so it is looked at: one that
waits for a lock, a selector, an event that is not set or a queue that is empty is at rest. Work that is
handed over in another way may not have been taken up yet, so each is first given a moment. Who does not
come to rest in a few real seconds is not waited for again.

A thread that waits without a timeout waits for the others, so it looks at them from time to time
(:func:`wait_watched`, :func:`join_watched`): if all rest at the same place, nothing can ever wake it.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from runlife_adapters.testing.virtual.places import place_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["Threads", "join_watched", "wait_watched"]

_MOMENT = 0.001
"""Real seconds in which a thread takes up the work it was handed."""

_PATIENCE = 5.0
"""Real seconds for which a thread that works is waited for."""

_GLANCE = 0.01
"""Real seconds between two looks at the others."""

_SELECT = ("selectors.py", "select")
_WAITING = {
    ("threading.py", "join"),
    ("threading.py", "_wait_for_tstate_lock"),  # in which `join` waits, up to Python 3.12
    _SELECT,
}
"""The functions of the standard library in which a thread waits for the end of something else."""

_monotonic, _sleep = time.monotonic, time.sleep  # the real ones: a wall may stand before them later


class Threads:
    """The threads that began after this was made."""

    def __init__(self) -> None:
        # The threads themselves: the identity of one that has ended is given to the next that begins.
        self._spared = set(threading.enumerate()) - {threading.current_thread()}
        self.overdue: list[str] = []
        """The names of those that did not come to rest."""

    def settle(self, happened: Callable[[], bool]) -> None:
        """Wait, for real, until all are at rest or something has happened."""
        if threading.active_count() == 1 or not self._others():
            return
        end = _monotonic() + _PATIENCE
        _sleep(_MOMENT)
        while not happened():
            busy = self._busy()
            if not busy:
                return
            if _monotonic() > end:
                self.overdue += [thread.name for thread in busy]
                self._spared |= set(busy)
                return
            _sleep(_MOMENT)

    def stillness(self) -> object | None:
        """Return the places where all other threads rest, to compare with the next; None if one does not.

        Unlike :meth:`settle` this spares nobody: a thread from before, or one that is overdue, may well
        wake who asks. For the same reason a selector does not count as rest: it has real answers.
        """
        frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  # documented
        places: list[tuple[int | None, int, int]] = []
        for thread in threading.enumerate():
            if thread is threading.current_thread():
                continue
            frame = frames.get(thread.ident or 0)
            if frame is None or _where(frame) == _SELECT or not _at_rest(frame):
                return None  # without a frame, it is about to begin
            places.append((thread.ident, id(frame), frame.f_lasti))
        return places

    def picture(self) -> str:
        """Tell where each thread waits: this one, and those that began later; a line for each."""
        frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  # documented
        lines: list[str] = []
        for thread in (threading.current_thread(), *self._others()):
            place = place_of(frames.get(thread.ident or 0))
            where = f"at {shown(place[0])}:{place[1]}" if place else "in code that is not the user's own"
            lines.append(f"  {thread.name} waits {where}")
        if len(lines) == 1:
            lines.append("  no other thread has been started, or all have ended")
        return "\n".join(lines)

    def _others(self) -> list[threading.Thread]:
        here = threading.current_thread()
        return [t for t in threading.enumerate() if t is not here and t not in self._spared]

    def _busy(self) -> list[threading.Thread]:
        frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  # documented
        return [
            thread
            for thread in self._others()
            if (frame := frames.get(thread.ident or 0)) is not None and not _at_rest(frame)
        ]


def wait_watched(condition: Any, look: Callable[[], object]) -> bool:
    """Wait for a condition without a timeout, and look around all the while.

    It is done by what :meth:`threading.Condition.wait` is made of: to call that again and again, with a
    short timeout, would lose a notification that comes between two calls.

    :param condition: one whose lock is held.
    :param look: what it raises ends the wait; the lock is held again then, as after every wait.
    """
    waiter, woken = threading.Lock(), False
    waiter.acquire()
    condition._waiters.append(waiter)  # noqa: SLF001  # see above; the same in every version of Python
    saved = condition._release_save()  # noqa: SLF001  # the same
    try:
        while not (woken := waiter.acquire(timeout=_GLANCE)):
            look()
    finally:
        condition._acquire_restore(saved)  # noqa: SLF001  # the same
        if not woken:
            with suppress(ValueError):  # notified at the last moment
                condition._waiters.remove(waiter)  # noqa: SLF001  # the same
    return True


def join_watched(
    join: Callable[[float], object], thread: threading.Thread, look: Callable[[], object]
) -> None:
    """Wait for the end of a thread, and look around all the while; what ``look`` raises ends the wait."""
    join(_GLANCE)
    while thread.is_alive():
        look()
        join(_GLANCE)


def _at_rest(frame: FrameType) -> bool:
    """Say whether a thread waits in this frame, its innermost, and what it waits for has not come yet."""
    if frame.f_code is wait_watched.__code__:
        here = frame.f_locals
        return not here.get("woken", True) and "saved" in here and bool(here["waiter"].locked())
    where = _where(frame)
    if where == ("thread.py", "_worker"):  # of concurrent.futures, whose queue is written in C
        return bool(frame.f_locals["work_queue"].empty()) and frame.f_locals.get("work_item") is None
    if where != ("threading.py", "wait"):
        return where in _WAITING
    waiter = frame.f_locals.get("waiter")  # of Condition.wait; who notifies releases it
    if waiter is None or not waiter.locked() or frame.f_locals.get("gotit"):
        return False
    outer = frame.f_back
    while outer is not None and _where(outer)[0] in ("threading.py", "synchronous.py"):
        event = outer.f_locals.get("self")
        if isinstance(event, threading.Event) and event.is_set():
            return False
        outer = outer.f_back
    if outer is not None and _where(outer) == ("queue.py", "get"):
        return bool(outer.f_locals["self"].empty())
    return True


def _where(frame: FrameType) -> tuple[str, str]:
    code = frame.f_code
    return code.co_filename.replace("\\", "/").rpartition("/")[2], code.co_name
