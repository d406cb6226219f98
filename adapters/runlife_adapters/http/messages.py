"""Requests and responses as plain values, and bodies that come piece by piece.

They are what the service (:mod:`runlife_adapters.http.service`) takes and gives. Whatever does the I/O, an
ASGI server or a transport inside the client, only translates them: see :class:`Stream` for how it waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from attrs import field, frozen

from runlife import WorldError
from runlife_adapters.memory.net import Net

__all__ = ["BrokenStreamError", "Request", "Response", "Stream"]


@frozen
class Request:
    """An HTTP request as plain values.

    ``path`` is as it was sent, percent-encoded; ``query`` is what comes after the question mark. Header
    names are in lower case.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(factory=dict[str, str])
    body: bytes = b""


class BrokenStreamError(WorldError):
    """A stream breaks off here: ``net`` says whether it is cut, or falls silent for good."""

    def __init__(self, net: Net) -> None:
        super().__init__(f"{net.kind} after {net.events} events")
        self.net = net


class Stream(Protocol):
    """A body that comes piece by piece, as time passes or as others act.

    Whoever sends it goes round this loop: :meth:`take` and send; when nothing was there and it is not
    :attr:`over`, wait until :meth:`due`, or until the callback given to :meth:`notify` is called,
    whichever is first. Nothing in it waits by itself, and it may be left at any moment with :meth:`close`.
    """

    @property
    def over(self) -> bool:
        """Whether everything has been taken."""
        ...

    def take(self) -> bytes:
        """Return what there is to be sent by now; nothing if nothing has happened.

        :raises BrokenStreamError: when it breaks off here, for the sender to see to.
        """
        ...

    def due(self) -> float | None:
        """Return the moment, in unix seconds of the World's clock, at which more may come by itself."""
        ...

    def notify(self, callback: Callable[[], None]) -> None:
        """Have a callback called whenever there is more to take: from any thread, so it must not block."""
        ...

    def close(self, *, abandoned: bool = False) -> None:
        """Stop: nothing more will be taken. What the stream tells of goes on.

        :param abandoned: whether it is the sender that goes away, and not the reader who leaves.
        """
        ...


@frozen
class Response:
    """An HTTP response as plain values. Header names are in lower case."""

    status: int
    """0 when the connection breaks before there is any (``net`` says so)."""
    headers: Mapping[str, str]
    body: bytes | Stream
    net: Net | None = None
    """What befalls it on its way, if anything. Whoever sends it sees to a delay, a reset and a loss; what
    is malformed is so already, and a stream breaks off by itself."""
