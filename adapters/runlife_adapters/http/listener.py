"""An address of this machine that listens, and the server that answers there: uvicorn, set up once."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import uvicorn

from runlife_adapters.http.asgi import App
from runlife_adapters.http.local_doors import LocalDoors

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GRACE", "Listener"]

GRACE = 5
"""Seconds that answers in flight are given at the end. Streams, and answers that are held back, are cut."""

_BACKLOG = 2048
"""Connections that may wait to be accepted: a thousand streams begin at once."""

_AGAIN = 0.05
"""Seconds after which streams are ended that have begun since."""


class Listener:
    """An address that listens already, and can be served.

    Clients may connect from the moment it is there: they wait until :meth:`serve` takes them. Where only
    this machine can reach it, the doors of the fake are closed to callers by a name of somebody else
    (:mod:`runlife_adapters.http.local_doors`).

    :param app: any ASGI app; streams of the fake end with the server.
    :param port: 0 takes any that is free.
    :raises OSError: when the address cannot be had.
    """

    def __init__(self, app: Callable[..., Any], host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        # Accepted connections inherit it. asyncio sets it only on sockets that say their protocol, which
        # this one does not; without it each answer waits 40 ms for an acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound, self._port = self._socket.getsockname()[:2]
        self._address = ip_address(bound)
        config = uvicorn.Config(
            LocalDoors(app, host) if self.loopback else app,
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = _Server(app, config)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self._address.is_loopback

    @property
    def url(self) -> str:
        """Where a client on this machine reaches it."""
        host = str(self._address)
        if self._address.is_unspecified:  # every address of the machine: not one to connect to, everywhere
            host = "127.0.0.1" if self._address.version == 4 else "::1"  # noqa: PLR2004  # of IP
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    def serve(self) -> None:
        """Serve until :meth:`stop`; in the main thread also until SIGINT (Ctrl-C) or SIGTERM."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End :meth:`serve`, from any thread."""
        self._server.should_exit = True

    def close(self) -> None:
        """Give the address back."""
        self._socket.close()


class _Server(uvicorn.Server):
    """A server of one app, which ends the streams of that instead of waiting for them."""

    def __init__(self, app: Callable[..., Any], config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down."""
        ending = asyncio.create_task(self._end_streams())
        try:
            await super().shutdown(sockets)
        finally:
            ending.cancel()
            with suppress(asyncio.CancelledError):
                await ending

    async def _end_streams(self) -> None:
        while isinstance(self._app, App):
            self._app.close()
            await asyncio.sleep(_AGAIN)  # again and again: what was under way may begin a stream only now
