"""The fake as an ASGI app, which any ASGI server can serve and the official SDKs talk to unchanged.

It is a plain ASGI callable: it reads a request whole (bounded), asks the service, and sends the answer.
A stream it goes round as :class:`~runlife_adapters.http.messages.Stream` says. Each stream waits on an
event of its own, which is set by what happens to its run, by a timer at the moment when something will,
and when the client leaves: a thousand streams do not wake one another. A client that reads slowly holds
up its own stream and nothing else, since nothing is taken before what was taken is sent.

What befalls an answer on the network is done here for real: a delay waits in real time, also where the
World's clock is virtual; a reset breaks the connection. ASGI has no word for that. Under uvicorn the
transport is in reach, so that the client meets a reset, or a stream that has no end; under another
server it meets a response that ends before its body does.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from runlife import VirtualClock
from runlife_adapters.http.bodies import largest
from runlife_adapters.http.inprocess.waiting import SHORTEST_WAIT
from runlife_adapters.http.messages import BrokenStreamError, Request, Response, Stream
from runlife_adapters.http.refusals import refusal
from runlife_adapters.http.service import Service
from runlife_adapters.http.streams import BREAKS
from runlife_adapters.memory.resources import as_text

if TYPE_CHECKING:
    from runlife import Clock
    from runlife_adapters.memory import World
    from runlife_adapters.memory.net import Net

__all__ = ["App", "create_app"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_LOG = logging.getLogger(__name__)


def create_app(world: World | Service, **options: Any) -> App:
    """Return an ASGI app that serves a World, or a service that stands already.

    :param options: those of :class:`~runlife_adapters.http.service.Service`, for a World.
    """
    return App(world if isinstance(world, Service) else Service(world, **options))


class App:
    """An ASGI app around a service. It keeps nothing but the connections that wait."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._waiting: set[_Line] = set()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection's scope, as ASGI has it."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})

    def close(self) -> None:
        """Break off every stream and every wait, from any thread, so that a server can go down at once."""
        for line in tuple(self._waiting):
            line.end()

    async def _serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _read(receive, largest(headers))
        if body is None:
            return  # nobody is left to answer
        query = scope["query_string"].decode("latin-1")
        request = Request(scope["method"], _path(scope), query, headers, body)
        try:
            answer = self.service.handle(request)
        except Exception:  # noqa: BLE001  # the app stands between the service and strangers
            _LOG.exception("a request could not be served")
            error = refusal(500)
            answer = Response(error.status, {"content-type": "application/json"}, as_text(error.to_json()))
        if answer.net is None and isinstance(answer.body, bytes):
            await _send_whole(send, answer, answer.body)
        else:
            await self._send_slowly(answer, receive, send)

    async def _send_slowly(self, answer: Response, receive: Receive, send: Send) -> None:
        """Send what takes time: a stream, or an answer that something befalls."""
        line = _Line(receive, send)
        self._waiting.add(line)
        try:
            net = answer.net
            if net is not None and net.kind not in BREAKS and not await _befall(line, net):
                return
            if isinstance(answer.body, bytes):
                await _send_whole(send, answer, answer.body)
            else:
                await self._send_stream(line, answer, answer.body)
        finally:
            self._waiting.discard(line)
            if not isinstance(answer.body, bytes):
                answer.body.close(abandoned=line.abandoned)
            await line.close()

    async def _send_stream(self, line: _Line, answer: Response, stream: Stream) -> None:
        stream.notify(line.wake)
        await line.send(_start(answer))
        clock = self.service.world.clock
        while not line.over:
            line.calm()
            try:
                piece = stream.take()
            except BrokenStreamError as broken:
                await _befall(line, broken.net)
                return
            if piece:
                await line.send({"type": "http.response.body", "body": piece, "more_body": True})
            elif stream.over:
                await line.send({"type": "http.response.body", "body": b""})
                return
            else:
                await line.wait(_until(stream.due(), clock))
        if line.abandoned:  # an orderly end would pass for the end of what happens
            await line.break_off()


class _Line:
    """One connection that waits: for an event, for a while, or for its client to leave."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.loop = asyncio.get_running_loop()
        self.left = False
        """Whether the client has gone."""
        self._send = send
        self.abandoned = False
        """Whether the server goes away while the client waits."""
        self._started = False
        self._waking = False
        self._happened = asyncio.Event()
        self._watch = self.loop.create_task(self._watch_client(receive))

    async def send(self, message: Message) -> None:
        """Send a message, unless the client has gone; not before the one before it has gone out."""
        self._started = True
        try:
            await self._send(message)
        except OSError:  # so ASGI lets a server say that nobody reads any more
            self.left = True

    def wake(self) -> None:
        """End the wait, or the next; from any thread."""
        if self._waking:  # the loop has yet to come to it: one call for all that happens until then
            return
        self._waking = True
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._awake)

    def _awake(self) -> None:
        self._waking = False
        self._happened.set()

    def end(self) -> None:
        """End this wait and all others; from any thread."""
        self.abandoned = self.abandoned or not self.left
        self.wake()

    @property
    def over(self) -> bool:
        """Whether nothing is to be sent any more."""
        return self.left or self.abandoned

    def calm(self) -> None:
        """Let only what happens from now on end the next wait."""
        self._happened.clear()

    async def wait(self, seconds: float | None) -> None:
        """Wait until woken, for some seconds at most, or until the client leaves."""
        if self.left:
            return
        timer = None if seconds is None else self.loop.call_later(seconds, self._happened.set)
        try:
            await self._happened.wait()
        finally:
            if timer is not None:
                timer.cancel()
        self._happened.clear()

    async def break_off(self, *, reset: bool = False) -> None:
        """End the connection as it is: with a reset, or as soon as what was sent has gone out."""
        transport = getattr(getattr(self._send, "__self__", None), "transport", None)
        if transport is None:
            if not self._started:  # an answer whose only byte never comes
                await self.send({"type": "http.response.start", "status": 200, "headers": _ONE_BYTE})
            return
        if not reset:
            transport.close()
        else:
            found = transport.get_extra_info("socket")
            if found is not None:
                # Without lingering, closing sends a reset and not an orderly end.
                with suppress(OSError):
                    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        while not self.left:  # before the server knows, it would take a return for a failure to answer
            await self.wait(None)

    async def close(self) -> None:
        """Stop watching the client."""
        self._watch.cancel()
        with suppress(asyncio.CancelledError):
            await self._watch

    async def _watch_client(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self._happened.set()


_ONE_BYTE = [(b"content-length", b"1")]


async def _befall(line: _Line, net: Net) -> bool:
    """See to what befalls an answer; return whether it is sent all the same."""
    match net.kind:
        case "delay":
            deadline = line.loop.time() + net.seconds
            while (left := deadline - line.loop.time()) > 0 and not line.over:
                await line.wait(left)
            if line.abandoned:
                await line.break_off()
            return not line.over
        case "reset_before" | "reset_after":
            await line.break_off(reset=True)
            return False
        case "cut_stream":
            await line.break_off()
            return False
        case "lose_request" | "lose_response" | "stall_stream":
            while not line.over:
                await line.wait(None)
            await line.break_off()
            return False
        case _:
            return True


async def _live(receive: Receive, send: Send) -> None:
    """Go through a server's lifespan: there is nothing to set up."""
    while True:
        phase = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{phase}.complete"})
        if phase == "shutdown":
            return


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Return the body, or just more of it than is accepted; None when the client has left."""
    pieces: list[bytes] = []
    size = 0
    while size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return b"".join([*pieces, piece]) if pieces else piece
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


async def _send_whole(send: Send, answer: Response, body: bytes) -> None:
    start = _start(answer)
    start["headers"].append((b"content-length", b"%d" % len(body)))
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _start(answer: Response) -> Message:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


def _path(scope: MutableMapping[str, Any]) -> str:
    """Return the path as it was sent; where the server does not tell (ASGI lets it), as it may have been."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"]) if raw is None else raw.decode("latin-1")


def _until(moment: float | None, clock: Clock) -> float | None:
    """Return how many seconds to wait for a moment; None when only somebody's act brings it on."""
    if moment is None or isinstance(clock, VirtualClock):
        return None
    return max(moment - clock.now(), SHORTEST_WAIT)
