"""Driving a run from asynchronous code (asyncio): :mod:`runlife_adapters.drive.shell`, awaited."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Unpack

from runlife_adapters.drive.actions import Call, Dispatch, Done, Fail
from runlife_adapters.drive.decision import Drive
from runlife_adapters.drive.handle import FAILURES, CreateKeywords, Handle, WatchKeywords, call_backend
from runlife_adapters.drive.ledger import new_key
from runlife_adapters.drive.options import OptionKeywords, Options
from runlife_adapters.drive.tools import Tools, toolbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from runlife import Clock, ToolCall
    from runlife_adapters.backend import AsyncBackend
    from runlife_adapters.drive.outcome import LogEntry, Outcome

    Sleep = Callable[[float], Awaitable[object]]

__all__ = ["AsyncDriver", "attach_async", "drive_async"]


class AsyncDriver(Handle["Sleep"]):
    """Drives one run, once: :meth:`run` in one task, :meth:`cancel` from any task or thread.

    The tools may be async functions; the calls of one round run concurrently. A plain function runs
    in the event loop's own thread and blocks it as long as it takes. The parameters are those of
    :class:`Driver`, ``sleep`` being async as well.
    """

    def __init__(
        self,
        backend: AsyncBackend,
        thread_id: str,
        assistant_id: str | None = None,
        *,
        run_id: str | None = None,
        tools: Tools | None = (),
        overrides: Mapping[str, Any] | None = None,
        key: str | None = None,
        new_key: Callable[[], str] = new_key,
        clock: Clock | None = None,
        sleep: Sleep | None = None,
        observe: Callable[[LogEntry], object] | None = None,
        **options: Unpack[OptionKeywords],
    ) -> None:
        drive = Drive(
            thread_id,
            assistant_id,
            run_id=run_id,
            key=key,
            new_key=new_key,
            overrides=overrides,
            options=Options(**options),
            answers_calls=tools is not None,
        )
        super().__init__(drive, clock=clock, sleep=sleep, observe=observe)
        self._backend = backend
        self._tools = toolbox(tools or (), raises=drive.options.on_tool_error == "raise")
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> Outcome:
        """Drive the run to its end, and say how it ended: see :meth:`Driver.run`."""
        self._loop = asyncio.get_running_loop()
        try:
            while not isinstance(action := self._next(), Done | Fail):
                if isinstance(action, Dispatch):
                    await self._dispatch(action.calls)
                elif (wait := action.at - self._clock.now()) > 0:
                    await self._pause(wait)
                else:
                    await self._perform(action)
        except GeneratorExit:  # the coroutine is being thrown away, and cannot await any more
            raise
        except BaseException:
            with suppress(Exception):  # what ended the drive is what the caller has to hear
                while (last := self._parting()) is not None:
                    await self._perform(last)
            raise
        finally:
            self._loop = None
        if isinstance(action, Fail):
            raise action.error
        return action.outcome

    async def _perform(self, action: Call) -> None:
        self._tell(self._drive.sent, action)
        try:
            answer = await call_backend(self._backend, self._drive, action)
        except FAILURES as error:
            self._tell(self._drive.failed, error)
        else:
            self._tell(self._drive.answered, answer)

    async def _dispatch(self, calls: Sequence[ToolCall]) -> None:
        # All are waited for, so that none still runs when the first failure is reported.
        results = await asyncio.gather(*map(self._tools.run_async, calls), return_exceptions=True)
        outputs = {
            call.id: result for call, result in zip(calls, results, strict=True) if isinstance(result, str)
        }
        for result in results:
            if isinstance(result, Exception):
                self._tell(self._drive.tool_failed, result)
            elif isinstance(result, BaseException):
                raise result
        self._tell(self._drive.ran_tools, outputs)

    async def _pause(self, seconds: float) -> None:
        if self._sleep is not None:
            await self._sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    def _wake(self) -> None:
        if (loop := self._loop) is not None:
            loop.call_soon_threadsafe(self._woken.set)


async def drive_async(
    backend: AsyncBackend,
    thread_id: str,
    assistant_id: str,
    **keywords: Unpack[CreateKeywords[Sleep]],
) -> Outcome:
    """Create a run and drive it to its end: see :func:`runlife_adapters.drive.drive`."""
    return await AsyncDriver(backend, thread_id, assistant_id, **keywords).run()


async def attach_async(
    backend: AsyncBackend,
    thread_id: str,
    run_id: str,
    **keywords: Unpack[WatchKeywords[Sleep]],
) -> Outcome:
    """Drive a run that exists to its end: see :func:`runlife_adapters.drive.attach`."""
    return await AsyncDriver(backend, thread_id, run_id=run_id, **keywords).run()
