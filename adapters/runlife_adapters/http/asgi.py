"""The fake as an ASGI app, which any ASGI server can serve and the official SDKs talk to unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response as StarletteResponse
from starlette.routing import Route

from runlife_adapters.http.service import LARGEST_BODY, Request, Service

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from runlife_adapters.memory import World

__all__ = ["create_app"]


def create_app(world: World, **options: Any) -> Starlette:
    """Return an ASGI app that serves a World under ``/v1``.

    :param options: those of :class:`~runlife_adapters.http.service.Service`.
    """
    return Starlette(routes=[Route("/{path:path}", _Endpoint(Service(world, **options)))])


class _Endpoint:
    """Hands every request to the service, whatever its path and method."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = StarletteRequest(scope, receive)
        try:
            body = await _read(request)
        except ClientDisconnect:
            return  # nobody is left to answer
        answer = self._service.handle(
            Request(
                method=request.method,
                path=_path(scope),
                query=scope["query_string"].decode("latin-1"),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body,
            )
        )
        response = StarletteResponse(answer.body, answer.status, dict(answer.headers))
        await response(scope, receive, send)


def _path(scope: Scope) -> str:
    """Return the path as it was sent; where the server does not tell (ASGI lets it), as it may have been."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"]) if raw is None else raw.decode("latin-1")


async def _read(request: StarletteRequest) -> bytes:
    """Return the body, or just more of it than the service accepts."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            break
    return body
