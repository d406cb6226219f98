"""Runs a coroutine on virtual time, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import ctypes
import inspect
import warnings
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from runlife import MisuseError
from runlife_adapters.testing.virtual.clock import EPOCH, LoopClock
from runlife_adapters.testing.virtual.errors import Deadlock, Fenced, TimeBudgetExceeded, Unheeded
from runlife_adapters.testing.virtual.loop import VirtualTimeLoop
from runlife_adapters.testing.virtual.wall import VirtualWall, Watch

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextlib import AbstractContextManager

__all__ = ["run"]

T = TypeVar("T")

_FAREWELL = 60.0
"""Virtual seconds that a task has to come to its end once it is cancelled."""

_INSISTED = 3
"""How often a task is cancelled before it is given up."""

_FATAL = (Deadlock, TimeBudgetExceeded, Fenced)


def run(
    main: Coroutine[Any, Any, T],
    *,
    budget: float | None = None,
    epoch: float = EPOCH,
    wall: bool | None = True,
    allow_sockets: bool = False,
) -> T:
    """Run a coroutine to its end on virtual time, and return what it returns.

    Inside, ``LoopClock(asyncio.get_running_loop(), epoch)`` is the clock to give to a World.

    However it ends, the tasks that are left are cancelled (each has 60 virtual seconds to clean up),
    async generators are closed, and everything that was replaced is put back. What the loop has to
    remark is given as a :class:`RuntimeWarning` for each place, afterwards, so that it never strikes
    the service; an error has the remarks as notes instead.

    :param budget: virtual seconds beyond which time does not go. None for no limit: then a service that
        polls for ever is a test that hangs.
    :param epoch: the unix time, in seconds, at which virtual time begins.
    :param wall: whether ``time.time()`` and its kin tell virtual time
        (:class:`~runlife_adapters.testing.virtual.VirtualWall`); else whoever reads them is remarked on.
        None leaves them as they are, for a caller who has put up a wall that lasts for many runs.
    :param allow_sockets: whether real sockets may be used.
    :raises Deadlock: when nothing is scheduled and the coroutine has not ended.
    :raises TimeBudgetExceeded: when time would have to go beyond the budget.
    :raises SocketFenced: when anything tried to use a real socket, even if it caught the error.
    :raises MisuseError: inside another run, or in a running loop.

    >>> import asyncio
    >>> async def ten_minutes():
    ...     await asyncio.sleep(600)
    ...     return asyncio.get_running_loop().time()
    >>> run(ten_minutes())
    600.0
    """
    if asyncio._get_running_loop() is not None:  # noqa: SLF001  # the variant that does not raise
        main.close()
        raise MisuseError("run() makes a loop of its own: inside a running one, await the coroutine instead")
    loop = VirtualTimeLoop(budget=budget, allow_sockets=allow_sockets)
    try:
        with _wall(loop, epoch, wall):
            try:
                result = _lead(loop, main)
            except BaseException as error:
                _wind_up(loop, error)
                if not isinstance(error, (Deadlock, TimeBudgetExceeded)):  # those have them in the picture
                    for remark in loop.remarks:
                        error.add_note(f"mind: {remark}")
                raise
            fenced = _wind_up(loop, None)
            if fenced is not None:
                raise fenced
    finally:
        if inspect.getcoroutinestate(main) == inspect.CORO_CREATED:
            main.close()  # it never began
        loop.close()
    for remark in loop.remarks:
        warnings.warn_explicit(remark.text, RuntimeWarning, remark.file or "<threads>", remark.line)
    return result


def _wall(loop: VirtualTimeLoop, epoch: float, wall: bool | None) -> AbstractContextManager[object]:  # noqa: FBT001  # as it was passed
    if wall is None:
        return nullcontext()
    return VirtualWall(LoopClock(loop, epoch)) if wall else Watch(loop.remark)


def _lead(loop: VirtualTimeLoop, main: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine; what ended the run comes before anything that it made of that."""
    try:
        result: T = loop.run_until_complete(loop.create_task(main))
    except BaseException as error:
        if loop.failure is not None and loop.failure is not error:
            cause = None if isinstance(error, Unheeded) else error
            raise loop.failure from cause
        raise
    if loop.failure is not None:
        raise loop.failure
    return result


def _wind_up(loop: VirtualTimeLoop, error: BaseException | None) -> Fenced | None:
    """Bring everything that is left to its end, or give it up; return what it should not have done."""
    fenced: Fenced | None = None
    for _ in range(_INSISTED):
        tasks = sorted(asyncio.all_tasks(loop), key=lambda task: (len(task.get_name()), task.get_name()))
        if not tasks:
            break
        for task in tasks:
            task.cancel()
        fenced = fenced or _go_on(loop, asyncio.wait(tasks))
        for task in tasks:
            if task.done() and not task.cancelled() and task.exception() is not None and error is None:
                said = {"message": "unhandled exception during shutdown", "exception": task.exception()}
                loop.call_exception_handler({**said, "task": task})
    fenced = fenced or _go_on(loop, loop.shutdown_asyncgens())
    for task in asyncio.all_tasks(loop):
        loop.set_exception_handler(lambda _loop, _context: None)  # that it was pending is said below
        given_up = f"{task.get_name()} was cancelled {_INSISTED} times and would not end"
        if error is None:
            loop.note(given_up)
        else:
            error.add_note(given_up)
        _never_finalise(task)
    return fenced


def _go_on(loop: VirtualTimeLoop, what: Coroutine[Any, Any, Any]) -> Fenced | None:
    """Run the loop a little longer, whatever has failed."""
    loop.forgive()
    loop.budget = loop.time() + _FAREWELL
    task = loop.create_task(what)
    with suppress(*_FATAL):
        loop.run_until_complete(task)
    failure = loop.forgive()
    if not task.done():
        task.cancel()
        loop.budget = loop.time()
        with suppress(*_FATAL, asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.forgive()
    return failure if isinstance(failure, Fenced) else None


def _never_finalise(task: asyncio.Task[Any]) -> None:
    """Leak a task on purpose.

    Its coroutine catches everything (a bare ``except:`` in a loop does). To throw it away, Python throws a
    GeneratorExit into it, which it catches, and awaits again; where no loop runs any more that is an
    error, which it catches, and so on: the process would hang, at its exit at the latest.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(task))
