"""The loop whose time is virtual.

Theory of operation
-------------------
asyncio asks its selector, once each turn, to wait: not at all when callbacks are ready, until the next
timer otherwise. Here the selector never waits. When nothing is ready, time jumps to the next timer;
when there is none, nothing can ever happen, and that is an error with a picture, not a test that hangs.

Only what asyncio lets one override is overridden: the selector, ``time``, ``call_at`` and a few more.
The timers are kept in a queue of our own, which asyncio's has two reasons for. Its heap does not keep
timers of one moment in the order in which they were set, and it fires what is due within the
resolution of the machine's clock, 15.6 ms on Windows. Here, at equal times, first come is first served,
and time is exactly what a timer was set for: a timer is never an ulp short, ``sleep(1)`` six hundred
times is 600.0, and two runs are the same on every platform. Nor are there the wake-ups once a day that
asyncio has for timers further away.

**Executors** run inline, in ``run_in_executor`` itself, and see no running loop, as in a thread of
their own. The official SDK asks one for the platform it runs on, with its first request; a loop that
let time jump meanwhile would begin each test with its longest timeout.

**Errors that end the run** (:class:`Deadlock`, :class:`TimeBudgetExceeded`, a fenced socket) are kept in
``failure`` and raised by the loop, out of ``run_until_complete``, between two turns: no ``except`` in the
service stands between them and the caller.

Time begins at 0.0, where floats are finest; :class:`~runlife_adapters.testing.virtual.LoopClock` adds
the date. Signal handlers can be added, but nobody wakes up for a signal.
"""

from __future__ import annotations

import asyncio
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from runlife import TimeError
from runlife_adapters.testing.virtual.errors import (
    Deadlock,
    Livelock,
    SocketFenced,
    SubprocessFenced,
    TimeBudgetExceeded,
    Unheeded,
)
from runlife_adapters.testing.virtual.fence import Fence
from runlife_adapters.testing.virtual.picture import who_waits
from runlife_adapters.testing.virtual.places import Remark, caller, place_of
from runlife_adapters.testing.virtual.selector import Events, Selector
from runlife_adapters.testing.virtual.threads import Threads
from runlife_adapters.testing.virtual.timers import NEVER, Timer, Timers

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VirtualTimeLoop"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_REAL_ANSWER = 0.1
"""Real seconds for which an answer on a real socket is waited for, where those are allowed, before a jump."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that never waits: when nothing is ready, its time jumps to the next timer.

    Use it by :func:`~runlife_adapters.testing.virtual.run`, or wherever asyncio takes a loop::

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(main())

    :param budget: the virtual seconds beyond which time does not go; None for no limit.
    :param allow_sockets: whether real sockets may be used. Then their answers are given a tenth of a
        real second before each jump, and two runs are no longer sure to be the same.
    :raises SocketFenced: out of whatever runs it, when somebody tried a real socket.
    """

    most_turns = 100_000
    """So many turns at one moment are a :class:`Livelock`."""

    def __init__(self, *, budget: float | None = None, allow_sockets: bool = False) -> None:
        self.budget = budget
        self.jumps = 0
        """How often time has moved to the next timer."""
        self.remarks: list[Remark] = []
        """What the service does that does not go well with virtual time, once for each place."""
        self.failure: Exception | None = None
        """What ends the run, whoever catches it; the loop raises it until it is taken away."""
        self._now = 0.0
        self._turns = 0
        self._tasks = 0
        self._inline = 0
        self._timers = Timers()
        self._called = False  # by another thread
        self._threads = Threads()
        self._fenced = not allow_sockets
        self._waits = Selector(self._turn)
        super().__init__(self._waits)
        self._own = len(self._waits.get_map())
        if self._fenced:
            self._waits.refuse = self._refuse_descriptor

    # Time

    def time(self) -> float:
        """Return the virtual time, in seconds since the loop was made."""
        return self._now

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Have a callback called at a moment of virtual time; ``inf`` is never.

        :raises TimeError: when ``when`` is not a number.
        """
        if self.is_closed():
            raise RuntimeError("Event loop is closed")  # as asyncio says it
        if when != when:  # noqa: PLR0124  # so is NaN, and only NaN
            raise TimeError("expected a time, got nan")
        if context is None:
            context = copy_context()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._timers.add(handle, callback, args, context)
        return handle

    def timers(self) -> list[Timer]:
        """Return the timers that are pending, next first."""
        return self._timers.pending()

    def block(self, seconds: float) -> None:
        """Let time pass as a call does that blocks the loop: nothing else runs meanwhile.

        A service that calls it, by ``time.sleep``, in a coroutine gets a remark.

        :raises ValueError: when ``seconds`` is negative.
        :raises TimeBudgetExceeded: when the budget does not allow it; the run has failed then.
        """
        if not 0 <= seconds < NEVER:
            raise ValueError(f"expected a number of seconds to sleep that is not negative, got {seconds!r}")
        if self.failure is not None:
            raise Unheeded(self.failure)
        if seconds and self.is_running() and not self._inline:
            self.remark(
                f"time.sleep({seconds:g}) in async code blocks the loop: for so long nothing else runs, "
                "no timeout, no other request; use `await asyncio.sleep(...)`"
            )
        self._check_budget(self._now + seconds)
        self._now += seconds

    def _check_budget(self, moment: float) -> None:
        if self.budget is not None and moment > self.budget:
            raise self.fail(TimeBudgetExceeded(self._now, moment, self.budget, self._picture()))

    # Each turn

    def _turn(self, ready: bool) -> Events:  # noqa: FBT001  # one caller, which passes nothing else
        """Do once each turn what waiting would have done."""
        if self.failure is not None:
            raise self.failure
        events = self._heard() if self._called or not self._fenced else []
        if ready or events:
            self._turns += 1
            if self._turns > self.most_turns:
                raise self.fail(Livelock(self._now, self._picture()))
        elif not self._jump():
            events = self._heard()
        while timer := self._timers.take(self._now):
            self.call_soon(timer.fire, context=timer.context)
        return events

    def _jump(self) -> bool:
        """Move on to the next timer; return False if something else has happened."""
        due = self._timers.next()
        if due <= self._now:
            return True
        self._threads.settle(lambda: self._called)
        while self._threads.overdue:
            name = self._threads.overdue.pop()
            self.note(f"the thread {name!r} works on in real time; virtual time goes on without it")
        if self._called or self._answered():
            return False
        if due == NEVER:
            raise self.fail(Deadlock(self._now, self._picture()))
        self._check_budget(due)
        self._now = due
        self.jumps += 1
        self._turns = 0
        return True

    def _heard(self) -> Events:
        """Return what has come from other threads, and on real sockets."""
        self._called = False
        return self._waits.real.select(0)

    def _answered(self) -> bool:
        """Give real sockets a moment."""
        return len(self._waits.get_map()) > self._own and bool(self._waits.real.select(_REAL_ANSWER))

    # What is overridden, and what is refused

    def run_forever(self) -> None:
        """Run, with the fence up, until stopped."""
        if not self._fenced:
            return super().run_forever()
        with Fence(self.fail):
            return super().run_forever()

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        """Make a task, named by its number in this loop, so that two runs call it the same."""
        self._tasks += 1
        options["name"] = options.get("name") or f"Task-{self._tasks}"
        return super().create_task(coro, **options)

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Have a callback called soon, from any thread."""
        handle = super().call_soon_threadsafe(callback, *args, context=context)
        self._called = True
        return handle

    def run_in_executor(
        self,
        executor: object,  # noqa: ARG002  # nobody needs one
        func: Callable[[*Ts], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        """Call a function at once, in this thread, whatever executor it was meant for.

        It takes no virtual time, unless by ``time.sleep``. It sees no running loop.
        """
        future: asyncio.Future[T] = self.create_future()
        running = asyncio._get_running_loop()  # noqa: SLF001  # asyncio's doors for those who write loops
        asyncio._set_running_loop(None)  # noqa: SLF001  # the same
        self._inline += 1
        try:
            future.set_result(func(*args))
        except (SystemExit, KeyboardInterrupt):
            raise
        except StopIteration as error:  # which no future takes
            future.set_exception(RuntimeError(f"a function for an executor raised {error!r}"))
        except BaseException as error:  # noqa: BLE001  # as an executor does: it is the caller's to see
            future.set_exception(error)
        finally:
            self._inline -= 1
            asyncio._set_running_loop(running)  # noqa: SLF001  # the same
        return future

    async def subprocess_exec(self, *args: Any, **_options: Any) -> Any:
        """Refuse: another process lives in real time."""
        raise self.fail(SubprocessFenced("subprocess_exec", " ".join(map(str, args[1:]))))

    async def subprocess_shell(self, *args: Any, **_options: Any) -> Any:
        """Refuse: another process lives in real time."""
        raise self.fail(SubprocessFenced("subprocess_shell", " ".join(map(str, args[1:]))))

    async def connect_read_pipe(self, *args: Any, **_options: Any) -> Any:
        """Refuse: whoever is at the other end lives in real time."""
        raise self.fail(SubprocessFenced("connect_read_pipe", " ".join(map(repr, args[1:]))))

    async def connect_write_pipe(self, *args: Any, **_options: Any) -> Any:
        """Refuse: whoever is at the other end lives in real time."""
        raise self.fail(SubprocessFenced("connect_write_pipe", " ".join(map(repr, args[1:]))))

    def _refuse_descriptor(self, descriptor: int) -> Exception:
        return self.fail(SocketFenced("waiting for", f"file descriptor {descriptor}"))

    # What is told

    def fail(self, error: Exception) -> Exception:
        """Let the run fail with an error, unless it has failed already, and return the error.

        Whoever calls it raises the error where it stands; the loop raises it again before its next turn.
        """
        self.failure = self.failure or error
        return error

    def forgive(self) -> Exception | None:
        """Let the run go on although it has failed, to clean up; return what it failed with."""
        failure, self.failure, self._turns = self.failure, None, 0
        return failure

    def remark(self, text: str) -> None:
        """Note what the service's code nearest to the caller does, once for each place."""
        place = place_of(caller(1))
        if place is not None:
            self._note(Remark(text, *place))

    def note(self, text: str) -> None:
        """Note something that has no place."""
        self._note(Remark(text, "", 0))

    def _note(self, remark: Remark) -> None:
        place = remark.file and (remark.file, remark.line)
        if remark not in self.remarks and not any(place == (r.file, r.line) for r in self.remarks):
            self.remarks.append(remark)

    def _picture(self) -> str:
        return "\n".join([who_waits(self), *(f"  mind: {remark}" for remark in self.remarks)])
