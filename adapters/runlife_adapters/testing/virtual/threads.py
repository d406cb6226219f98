"""Real threads beside virtual time: they are let come to rest before time moves on.

Work that the loop hands out itself runs inline and needs none of this. But a library may have threads
of its own (anyio has, for files), and a clock that jumps while one of them works makes ten minutes of
what took a millisecond. Nobody can be asked whether a thread has work, so it is looked at: one that
waits for a lock, a selector, an event that is not set or a queue that is empty is at rest. Work that is
handed over in another way may not have been taken up yet, so each is first given a moment. Who does not
come to rest in a few real seconds is not waited for again.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from runlife_adapters.testing.virtual.patches import bystanders

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["Threads"]

_MOMENT = 0.001
"""Real seconds in which a thread takes up the work it was handed."""

_PATIENCE = 5.0
"""Real seconds for which a thread that works is waited for."""

_WAITING = {
    ("threading.py", "join"),
    ("threading.py", "_wait_for_tstate_lock"),  # in which `join` waits, up to Python 3.12
    ("selectors.py", "select"),
}
"""The functions of the standard library in which a thread waits for the end of something else."""

_monotonic, _sleep = time.monotonic, time.sleep  # the real ones: a wall may stand before them later


class Threads:
    """The threads that began after this was made."""

    def __init__(self) -> None:
        self._spared = set(bystanders())
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
                self._spared |= {thread.ident for thread in busy if thread.ident is not None}
                return
            _sleep(_MOMENT)

    def _others(self) -> list[threading.Thread]:
        here = threading.get_ident()
        return [t for t in threading.enumerate() if t.ident != here and t.ident not in self._spared]

    def _busy(self) -> list[threading.Thread]:
        frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  # documented
        return [
            thread
            for thread in self._others()
            if (frame := frames.get(thread.ident or 0)) is not None and not _at_rest(frame)
        ]


def _at_rest(frame: FrameType) -> bool:
    """Say whether a thread waits in this frame, its innermost, and what it waits for has not come yet."""
    where = _where(frame)
    if where == ("thread.py", "_worker"):  # of concurrent.futures, whose queue is written in C
        return bool(frame.f_locals["work_queue"].empty()) and frame.f_locals.get("work_item") is None
    if where != ("threading.py", "wait"):
        return where in _WAITING
    outer = frame.f_back
    while outer is not None and _where(outer)[0] == "threading.py":
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
