"""A server in the main thread, which ends when a signal says so."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from runlife_adapters.http import Service

__all__ = ["Listening"]


class Listening(Listener):
    """A listener for a service, to which the signals belong as long as its ``with`` block lasts.

    SIGINT (Ctrl-C) or SIGTERM ends :meth:`serve`; a second SIGINT does not wait for answers in flight.
    """

    def __init__(self, service: Service, host: str, port: int) -> None:
        super().__init__(create_app(service), host, port)

    def __enter__(self) -> Self:
        """Take over the signals: from here on, they end :meth:`serve` and nothing else."""
        self._signals = _signals_do(self.stop)
        self._signals.__enter__()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Give the signals and the address back."""
        self._signals.__exit__(None, None, None)
        self.close()


@contextmanager
def _signals_do(stop: Callable[[], None]) -> Generator[None]:
    """Have signals stop a server for as long as the block lasts.

    uvicorn takes the signals only while it serves, and raises them anew when it is done: both before and
    after, a Ctrl-C would end the process as if something had failed.
    """

    def handle(*_signal: object) -> None:
        stop()

    former = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
