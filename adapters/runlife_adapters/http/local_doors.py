"""Who may open the doors of a server that only this machine can reach.

A web page can have the browser of whoever visits it call servers on that one's machine. What another origin
answers it cannot read, unless the page's own name leads to this machine by now (DNS rebinding): then the
browser takes the server for the page's own, and sends no ``Origin``. It still says by which name it called,
in ``Host``. So a server that listens on loopback opens its doors to those alone who call it by a name of
this machine, or by the one it was told to listen on.

The API is served by any name: a name for it may be what somebody has put on this machine on purpose, and
what it answers is made up. A service that no socket stands before is asked by whatever name as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runlife_adapters.http.answers import JSON
from runlife_adapters.http.doors import DOORS
from runlife_adapters.http.loopback import host_of, is_loopback
from runlife_adapters.memory import ApiError
from runlife_adapters.memory.resources import as_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

__all__ = ["LocalDoors"]


class LocalDoors:
    """An ASGI app around another: it refuses those who call the doors by a name of somebody else.

    :param host: a name that will do besides those of this machine.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], host: str) -> None:
        self._app = app
        self._host = host.lower()

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        """Serve one connection's scope, as ASGI has it."""
        foreign = self._foreign(scope) if scope["type"] == "http" else None
        if foreign is None:
            await self._app(scope, receive, send)
            return
        says = f"{foreign!r} may not open these doors: they are called by a name of this machine only"
        body = as_text(ApiError(403, says).to_json())
        headers = [(b"content-type", JSON.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _foreign(self, scope: MutableMapping[str, Any]) -> str | None:
        """Return the name by which somebody calls a door who may not."""
        path: str = scope["path"]
        if path != DOORS and not path.startswith(f"{DOORS}/"):
            return None
        for name, value in scope["headers"]:
            if name == b"host":
                said: str = value.decode("latin-1")
                host = host_of(f"//{said}")
                if not is_loopback(host) and host != self._host:
                    return said
        return None
