"""Virtual time for services that are not async.

In one thread, time passes only where the code waits, and it waits by calling something. So each of
those calls moves the clock instead. That is exact for a service of one thread.

Replaced, while a :class:`SyncTime` is entered: ``time.sleep`` and the clocks (as by
:class:`~runlife_adapters.testing.virtual.VirtualWall`, with the same escapes), and the waiting with a
timeout of ``threading.Event``, ``Condition``, ``Semaphore``, ``Barrier`` and of ``queue.Queue`` with
its kin; ``concurrent.futures`` waits by these. A wait that would have to wait looks, lets other threads
come to rest in real time, moves the clock by the whole timeout, and looks once more.

What cannot honestly be done:

- *a wait without a timeout* waits for real: nothing says how long it would take;
- *a wait is one step*: a hook, or another thread, that ends it half-way is noticed, but at its end;
  and who notifies a Condition from a hook must also change what its waiter looks at;
- ``Lock.acquire(timeout=...)``, ``queue.SimpleQueue`` and ``Thread.join(timeout)`` are written in C or
  wait for the machine, ``select`` and sockets for others: they take real time, and no virtual time;
- *several threads that sleep* move the one clock one after the other: their sleeps add up, where in
  reality they overlap. A service of several threads needs real time, or to be async.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Self

from runlife_adapters.testing.virtual.errors import TimeBudgetExceeded, Unheeded
from runlife_adapters.testing.virtual.patches import Patches, bystanders
from runlife_adapters.testing.virtual.threads import Threads
from runlife_adapters.testing.virtual.wall import VirtualWall

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from runlife import VirtualClock

__all__ = ["SyncTime"]


class SyncTime:
    """Makes the waiting of blocking code move a clock: a context manager.

    ::

        clock = VirtualClock(1_700_000_000)
        with SyncTime(clock, budget=3600):
            my_service(client)  # each of its time.sleep(1) moves the clock by a second, at once

    An error of the hook, or of the budget, is raised where the service waits. Should the service catch
    it and wait again, it is stopped by what is no ``Exception``; the error comes out of the ``with`` in
    any case.

    :param clock: the clock that is moved.
    :param hook: called with the new time after each move; what it raises ends the run.
    :param budget: the virtual seconds for which the service may wait in all; None for no limit.
    :raises TimeBudgetExceeded: when it waits for longer.
    :raises MisuseError: on entry, when other virtual time is in place.
    """

    def __init__(
        self,
        clock: VirtualClock,
        hook: Callable[[float], object] | None = None,
        *,
        budget: float | None = None,
    ) -> None:
        self.clock = clock
        self.advances = 0
        """How often the clock was moved."""
        self.failure: BaseException | None = None
        """What ends the run, whoever catches it."""
        self._hook = hook
        self._budget = budget
        self._start = clock.now()
        self._wall = VirtualWall(self)
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
            self.failure = TimeBudgetExceeded(passed, passed + seconds, self._budget, "")
            raise self.failure
        self.clock.advance(seconds)
        self.advances += 1
        try:
            if self._hook is not None:
                self._hook(self.clock.now())
        except BaseException as error:
            self.failure = error
            raise
        return self.clock.now()

    def __enter__(self) -> Self:
        self._start = self.clock.now()
        self.failure = None
        self._threads = Threads()
        patches = self._patches.begin()
        try:
            self._wall.__enter__()
        except BaseException:
            patches.end()
            raise
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
        replace(queue.Queue, "get", self._get)
        replace(queue.Queue, "put", self._put)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._patches.end()
        self._wall.__exit__(kind, error, trace)
        if self.failure is not None and error is not self.failure:
            raise self.failure from (None if isinstance(error, Unheeded) else error)

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
        def wait(condition: threading.Condition, timeout: float | None = None) -> bool:
            if timeout is None:
                return real(condition)
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
