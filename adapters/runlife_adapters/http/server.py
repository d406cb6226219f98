"""The fake on a socket of this machine, for as long as a ``with`` block lasts."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

import uvicorn
from attrs import frozen

from runlife_adapters.http.asgi import App

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["Served", "serve"]

_GRACE = 5
"""Seconds that requests in flight are given when the server is shut down."""

_BACKLOG = 2048
"""Connections that may wait to be accepted: a thousand streams begin at once."""


@frozen
class Served:
    """A server that is running; ``url`` is what the official clients take as ``base_url``."""

    url: str


@contextmanager
def serve(app: Callable[..., Any], host: str = "127.0.0.1", port: int = 0) -> Generator[Served]:
    """Serve an ASGI app from a thread of its own until the block ends; streams of the fake end with it.

    It is as fast as what is installed beside uvicorn allows: with httptools and uvloop it is faster.

    :param port: 0 takes any that is free.
    :raises OSError: when the address cannot be had.
    """
    # A socket that listens already takes connections before the server is up, so nobody has to wait.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Accepted connections inherit it. asyncio sets it only on sockets that say their protocol, which
    # this one does not; without it each answer waits 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_level="warning",
        access_log=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([listener],), name="runlife-server", daemon=True)
    thread.start()
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    try:
        yield Served(f"http://{shown}:{listener.getsockname()[1]}/v1")
    finally:
        server.should_exit = True
        while thread.is_alive():
            if isinstance(app, App):
                app.close()  # again and again: until the server takes notice, streams may begin
            thread.join(0.05)
        listener.close()
