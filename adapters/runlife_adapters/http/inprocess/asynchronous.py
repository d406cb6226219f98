"""The transport in this process for asyncio (:mod:`runlife_adapters.http.inprocess` says what it is)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from runlife_adapters.http.inprocess.base import SILENT, Body, Transport, Trouble, of_library
from runlife_adapters.http.messages import BrokenStreamError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from runlife_adapters.http.inprocess.waiting import Patience
    from runlife_adapters.memory.net import Net

__all__ = ["AsyncTransport"]


class AsyncTransport(Transport):
    """A transport that asks a service, for asyncio."""

    async def handle_async_request(self, request: Any) -> Any:
        """Answer a request."""
        await request.aread()
        answer = self.ask(request)
        if answer.net is None and isinstance(answer.body, bytes):
            return self.respond(answer, content=answer.body)
        trouble = self.trouble(request, answer, asyncio.get_running_loop().time)
        if fatal := self.fatal(answer):
            await _fail(trouble, fatal)
        if answer.net is not None and answer.net.kind == "delay":
            await asyncio.sleep(0)  # others have their turn before time moves on
            await asyncio.sleep(trouble.patience.delay(answer.net.seconds))
            if trouble.patience.shorter_than(answer.net.seconds):
                raise trouble.timeout()
            trouble.patience.renew()
        if isinstance(answer.body, bytes):
            return self.respond(answer, content=answer.body)
        return self.respond(
            answer, stream=of_library(AsyncBody, self.library.AsyncByteStream)(answer.body, trouble)
        )


async def _fail(trouble: Trouble, net: Net) -> NoReturn:
    """Raise what a client meets, after it has waited for it where the loop can wait at no cost."""
    if net.kind in SILENT and trouble.patience.costs_nothing:
        await _outlast(trouble.patience)
    trouble.fail(net)


async def _outlast(patience: Patience) -> None:
    """Wait until patience ends; for ever if it never does."""
    while not patience.over:
        seconds = patience.seconds(None)
        if seconds is None:
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.sleep(seconds)


class AsyncBody(Body):
    """One for asyncio."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        happened, loop, patience = asyncio.Event(), asyncio.get_running_loop(), self.patience

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has been closed: nobody reads any more
                loop.call_soon_threadsafe(happened.set)

        self.stream.notify(wake)
        while True:
            happened.clear()
            try:
                piece = self.stream.take()
            except BrokenStreamError as broken:
                self.leave()
                await _fail(self.trouble, broken.net)
            if piece:
                yield piece
                patience.renew()
                continue
            if self.stream.over:
                return
            due = self.stream.due()
            if due is not None and patience.passes_by_itself(due):
                await asyncio.sleep(0)  # others have their turn before time moves on
                patient = happened.is_set() or patience.move_to(due)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(happened.wait(), patience.seconds(due))
                patient = happened.is_set() or not patience.over
            if not patient:
                self.leave()
                raise self.trouble.timeout()

    async def aclose(self) -> None:
        """Leave the stream. What it tells of goes on."""
        self.leave()
