"""The fake on a socket of this machine, for as long as a ``with`` block lasts."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

from attrs import frozen

from runlife_adapters.http.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["Served", "serve"]


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
    listener = Listener(app, host, port)
    thread = Thread(target=listener.serve, name="runlife-server", daemon=True)
    thread.start()
    try:
        yield Served(f"{listener.url}/v1")
    finally:
        listener.stop()
        thread.join()
        listener.close()
