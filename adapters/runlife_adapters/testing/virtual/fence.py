"""The fence: no real socket is connected, bound or looked up while time is virtual.

It stands at the functions of :mod:`socket` through which everybody has to go, asyncio and blocking
clients alike, because there the address is known: the error names ``host:port``, not a file
descriptor. Threads that were there before go through; so do sockets that are open already.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any, ClassVar, Self

from runlife_adapters.testing.virtual.errors import SocketFenced
from runlife_adapters.testing.virtual.patches import Patches, bystanders

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Fence"]

_METHODS = ("bind", "connect", "connect_ex", "sendto")
_LOOKUPS = ("getaddrinfo", "gethostbyaddr", "gethostbyname", "gethostbyname_ex", "getnameinfo")


class Fence:
    """A context manager: the fence stands while it is entered.

    :param refuse: is shown each error before it is raised, and returns what to raise.
    :raises MisuseError: on entry, when one stands already.
    """

    standing: ClassVar[Fence | None] = None

    def __init__(self, refuse: Callable[[SocketFenced], Exception]) -> None:
        self.refuse = refuse
        self.spared = frozenset[int]()
        self._patches = Patches("the fence around real sockets")

    def __enter__(self) -> Self:
        patches = self._patches.begin()
        for owner, name, door in _doors:
            patches.set(owner, name, door)
        self.spared = bystanders()
        Fence.standing = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        Fence.standing = None
        self._patches.end()


def _door(owner: object, name: str, address: Callable[..., str]) -> Callable[..., Any]:
    """Return what refuses while a fence stands, and is the real thing while none does.

    Each is made once: a module that is imported meanwhile may keep it.
    """
    real = getattr(owner, name)

    def door(*args: Any, **kwargs: Any) -> Any:
        fence = Fence.standing
        if fence is None or threading.get_ident() in fence.spared:
            return real(*args, **kwargs)
        raise fence.refuse(SocketFenced(name, address(*args, **kwargs)))

    door.__name__ = name
    return door


def _of_socket(_socket: object, *args: Any) -> str:
    return _written(args[-1] if args else "")


def _of_lookup(*args: Any, **kwargs: Any) -> str:
    host = args[0] if args else kwargs.get("host", "")
    if isinstance(host, tuple):
        return _written(host)  # pyright: ignore[reportUnknownArgumentType]  # whatever was passed
    port = args[1] if len(args) > 1 else kwargs.get("port")
    return _written(host if port is None else (host, port))


def _written(address: object) -> str:
    """Return an address as one writes it: ``host:port``, or a path."""
    if isinstance(address, tuple):
        host, *rest = address  # pyright: ignore[reportUnknownVariableType]  # whatever was passed
        return _written(host) + "".join(f":{_written(part)}" for part in rest[:1])  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(address, (bytes, bytearray)):
        return address.decode(errors="replace")
    return str(address)


_doors: list[tuple[object, str, Callable[..., Any]]] = [
    *((socket.socket, name, _door(socket.socket, name, _of_socket)) for name in _METHODS),
    *((socket, name, _door(socket, name, _of_lookup)) for name in _LOOKUPS),
]
