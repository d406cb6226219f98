"""Virtual time for services that are not async.

In one thread, time passes only where the code waits, and it waits by calling something. So each of
those calls moves the clock instead. That is exact for a service of one thread.

Replaced, while a :class:`SyncTime` is entered: ``time.sleep`` and the clocks (as by
:class:`~runlife_adapters.testing.virtual.VirtualWall`, with the same escapes), and the waiting with a
timeout of ``threading.Event``, ``Condition``, ``Semaphore``, ``Barrier`` and of ``queue.Queue`` with
its kin; ``concurrent.futures`` waits by these. A wait that would have to wait looks, lets other threads
come to rest in real time, moves the clock by the whole timeout, and looks once more.

A wait without a timeout, of these and of ``Thread.join``, waits for other threads. Where the thread that
entered SyncTime does so, it is stopped as soon as the run has failed, and with :class:`Deadlock` when all
other threads rest too, or there are none: then nobody moves the clock, and nobody can wake it.

What cannot honestly be done:

- *a wait without a timeout in another thread* is not stopped: it may outlive the ``with``, and, unless its
  thread is a daemon, keep the process from its end;
- *what counts as rest* is seen from outside. A thread that sits in C code (a socket, a selector, a query)
  may come back, so it keeps a deadlock from being told, and the wait goes on for real. A thread from before
  that waits with a timeout, in real time, is taken to rest; who waits for it is told of a deadlock. Threads
  of ``_thread.start_new_thread``, and signal handlers, are not seen at all;
- *a wait is one step*: a hook, or another thread, that ends it half-way is noticed, but at its end;
  and who notifies a Condition from a hook must also change what its waiter looks at;
- ``Lock.acquire`` and ``queue.SimpleQueue`` are written in C, ``Thread.join(timeout)`` waits for the
  machine, ``select`` and allowed sockets for others: they take real time and no virtual time, and without
  a timeout they hang where reality would;
- *several threads that sleep* move the one clock one after the other: their sleeps add up, where in
  reality they overlap. A service of several threads needs real time, or to be async.
"""

from __future__ import annotations

import queue
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self, TypeVar

from runlife_adapters.testing.virtual.errors import Deadlock, TimeBudgetExceeded, Unheeded
from runlife_adapters.testing.virtual.fence import Fence
from runlife_adapters.testing.virtual.patches import Patches, bystanders
from runlife_adapters.testing.virtual.threads import Threads, join_watched, wait_watched
from runlife_adapters.testing.virtual.wall import VirtualWall

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from runlife import VirtualClock

__all__ = ["SyncTime"]

E = TypeVar("E", bound=BaseException)

_LOOKS = 10
"""Looks in a row that must find all threads at rest, at the same places, before it is a deadlock."""


class SyncTime:
    """Makes the waiting of blocking code move a clock: a context manager.

    ::

        clock = VirtualClock(1_700_000_000)
        with SyncTime(clock, budget=3600):
            my_service(client)  # each of its time.sleep(1) moves the clock by a second, at once

    An error of the hook, or of the budget, is raised where the service waits, and a fenced socket where it
    is tried. Should the service catch it and wait again, it is stopped by what is no ``Exception``; the
    error comes out of the ``with`` in any case.

    :param clock: the clock that is moved.
    :param hook: called with the new time after each move; what it raises ends the run.
    :param budget: the virtual seconds for which the service may wait in all; None for no limit.
    :param allow_sockets: whether real sockets may be used.
    :raises TimeBudgetExceeded: when it waits for longer.
    :raises Deadlock: when it waits without a timeout and nothing can ever wake it.
    :raises SocketFenced: when anything tried to use a real socket, even if it caught the error.
    :raises MisuseError: on entry, when other virtual time is in place.
    """

    def __init__(
        self,
        clock: VirtualClock,
        hook: Callable[[float], object] | None = None,
        *,
        budget: float | None = None,
        allow_sockets: bool = False,
    ) -> None:
        self.clock = clock
        self.advances = 0
        """How often the clock was moved."""
        self.failure: BaseException | None = None
        """What ends the run, whoever catches it."""
        self._hook = hook
        self._budget = budget
        self._start = clock.now()
        self._fenced = not allow_sockets
        self._home = threading.get_ident()
        self._around = ExitStack()
        self._patches = Patches("virtual time for blocking code")
        self._threads = Threads()

    def now(self) -> float:
        """Return the time in unix seconds."""
        return self.clock.now()

    def advance(self, seconds: float) -> float:
        """Let time pass as a blocking call does, and return the new time."""
        if self.failure is not None:
            raise Unheeded(self.failure)
        passed = self.clock.now() - self._start
        if self._budget is not None and passed + seconds > self._budget:
            raise self._fail(TimeBudgetExceeded(passed, passed + seconds, self._budget, ""))
        self.clock.advance(seconds)
        self.advances += 1
        try:
            if self._hook is not None:
                self._hook(self.clock.now())
        except BaseException as error:
            self._fail(error)
            raise
        return self.clock.now()

    def __enter__(self) -> Self:
        self._start = self.clock.now()
        self.failure = None
        self._threads = Threads()
        self._home = threading.get_ident()
        with ExitStack() as entered:
            patches = self._patches.begin()
            entered.callback(patches.end)
            entered.enter_context(VirtualWall(self))
            if self._fenced:
                entered.enter_context(Fence(self._fail))
            self._around = entered.pop_all()
        spared = bystanders()

        def replace(owner: type, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
            real, virtual = getattr(owner, name), make(getattr(owner, name))

            def door(*args: Any, **kwargs: Any) -> Any:
                concerned = patches.in_place and threading.get_ident() not in spared
                return (virtual if concerned else real)(*args, **kwargs)

            patches.set(owner, name, door)

        replace(threading.Event, "wait", self._event_wait)
        replace(threading.Condition, "wait", self._condition_wait)
        replace(threading.Condition, "wait_for", self._condition_wait_for)
        replace(threading.Semaphore, "acquire", self._acquire)
        replace(threading.Thread, "join", self._join)
        replace(queue.Queue, "get", self._get)
        replace(queue.Queue, "put", self._put)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._around.close()
        if self.failure is not None and error is not self.failure:
            raise self.failure from (None if isinstance(error, Unheeded) else error)

    def _fail(self, error: E) -> E:
        """Let the run fail with an error, unless it has failed already, and return the error."""
        self.failure = self.failure or error
        return error

    def _lookout(self) -> Callable[[], None]:
        """Return what a wait without a timeout does from time to time."""
        seen: object | None = None
        looks = 0

        def look() -> None:
            nonlocal seen, looks
            if self.failure is not None:
                raise Unheeded(self.failure)
            now = self._threads.stillness()
            looks = looks + 1 if now is not None and now == seen else 0
            seen = now
            if looks == _LOOKS:
                raise self._fail(Deadlock(self.clock.now() - self._start, self._threads.picture()))

        return look

    def _pass(self, seconds: float) -> None:
        if seconds > 0:
            self._threads.settle(lambda: False)
            self.advance(seconds)

    # What waits, by what it is made of. The signatures are those of the standard library.

    def _event_wait(self, real: Callable[..., bool]) -> Callable[..., bool]:
        def wait(event: threading.Event, timeout: float | None = None) -> bool:
            if timeout is None:
                return real(event)
            if not event.is_set():
                self._pass(timeout)
            return event.is_set()

        return wait

    def _condition_wait(self, real: Callable[..., bool]) -> Callable[..., bool]:
        def wait(condition: Any, timeout: float | None = None) -> bool:
            if timeout is None:
                # Without its lock, the real one says what is wrong.
                watched = threading.get_ident() == self._home and condition._is_owned()  # noqa: SLF001
                return wait_watched(condition, self._lookout()) if watched else real(condition)
            condition.release()
            try:
                self._pass(timeout)
            finally:
                condition.acquire()
            return False

        return wait

    def _condition_wait_for(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def wait_for(
            condition: threading.Condition, predicate: Callable[[], Any], timeout: float | None = None
        ) -> Any:
            if timeout is None:
                return real(condition, predicate)
            result = predicate()
            if not result:
                condition.wait(timeout)
                result = predicate()
            return result

        return wait_for

    def _acquire(self, real: Callable[..., bool]) -> Callable[..., bool]:
        def acquire(
            semaphore: threading.Semaphore,
            blocking: bool = True,  # noqa: FBT001, FBT002  # as it is
            timeout: float | None = None,
        ) -> bool:
            if not blocking or timeout is None:
                return real(semaphore, blocking, timeout)
            if real(semaphore, blocking=False):
                return True
            self._pass(timeout)
            return real(semaphore, blocking=False)

        return acquire

    def _join(self, real: Callable[..., None]) -> Callable[..., None]:
        def join(thread: threading.Thread, timeout: float | None = None) -> None:
            if timeout is not None or threading.get_ident() != self._home:
                return real(thread, timeout)
            return join_watched(lambda glance: real(thread, glance), thread, self._lookout())

        return join

    def _get(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def get(
            items: queue.Queue[Any],
            block: bool = True,  # noqa: FBT001, FBT002  # as it is
            timeout: float | None = None,
        ) -> Any:
            if not block or timeout is None or timeout < 0:
                return real(items, block, timeout)
            if items.empty():
                self._pass(timeout)
            return real(items, block=False)

        return get

    def _put(self, real: Callable[..., None]) -> Callable[..., None]:
        def put(
            items: queue.Queue[Any],
            item: Any,
            block: bool = True,  # noqa: FBT001, FBT002  # as it is
            timeout: float | None = None,
        ) -> None:
            if not block or timeout is None or timeout < 0:
                return real(items, item, block, timeout)
            if items.full():
                self._pass(timeout)
            return real(items, item, block=False)

        return put
