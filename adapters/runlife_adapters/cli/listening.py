"""A server in the main thread, which ends when a signal says so."""

from __future__ import annotations

import signal
import socket
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

import uvicorn

from runlife_adapters.http.asgi import App, create_app

if TYPE_CHECKING:
    from collections.abc import Generator

    from runlife_adapters.http import Service

__all__ = ["Listening"]

_GRACE = 5
"""Seconds that answers in flight are given at the end. Streams, and answers that are held back, are cut."""

_BACKLOG = 2048
"""Connections that may wait to be accepted."""


class Listening:
    """An address that listens already, and can be served.

    Clients may connect from the moment it is there: they wait until :meth:`serve` takes them.

    :param port: 0 takes any that is free.
    :raises OSError: when the address cannot be had.
    """

    def __init__(self, service: Service, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        # Accepted connections inherit it. asyncio sets it only on sockets that say their protocol, which
        # this one does not; without it each answer waits 40 ms for an acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        app = create_app(service)
        config = uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=_GRACE,
        )
        self._server = _Server(app, config)
        bound, self._port = self._socket.getsockname()[:2]
        self._address = ip_address(bound)

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
        """Serve until SIGINT (Ctrl-C) or SIGTERM; a second SIGINT does not wait for answers in flight."""
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        """Take over the signals: from here on, they end :meth:`serve` and nothing else."""
        self._signals = _signals_stop(self._server)
        self._signals.__enter__()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Give the signals and the address back."""
        self._signals.__exit__(None, None, None)
        self._socket.close()


class _Server(uvicorn.Server):
    """A server of one app, which ends the streams of that before it waits for answers in flight."""

    def __init__(self, app: App, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down."""
        self._app.close()
        await super().shutdown(sockets)


@contextmanager
def _signals_stop(server: uvicorn.Server) -> Generator[None]:
    """Have signals stop a server for as long as the block lasts.

    uvicorn takes the signals only while it serves, and raises them anew when it is done: both before and
    after, a Ctrl-C would end the process as if something had failed.
    """

    def stop(*_signal: object) -> None:
        server.should_exit = True

    former = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
