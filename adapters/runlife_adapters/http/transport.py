"""HTTP clients that reach the fake without a socket, for the official SDK, sync and async.

The SDK speaks through httpx2 from its version 3 on, and through httpx before; a client of the one
that is installed is returned, whose transport calls the service directly::

    client = OpenAI(api_key="none", http_client=sync_client(Service(world)))
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires
from typing import Any

from runlife_adapters.http.service import Request, Service

__all__ = ["async_client", "sync_client"]


def sync_client(service: Service) -> Any:
    """Return a ``Client`` (of httpx2 or httpx) for ``OpenAI(http_client=...)``."""
    library = _library()
    return library.Client(transport=library.MockTransport(_handler(library, service)))


def async_client(service: Service) -> Any:
    """Return an ``AsyncClient`` (of httpx2 or httpx) for ``AsyncOpenAI(http_client=...)``."""
    library = _library()
    return library.AsyncClient(transport=library.MockTransport(_handler(library, service)))


def _library() -> Any:
    """Return the HTTP library of the SDK that is installed, by what that says it requires; else httpx."""
    try:
        needs = requires("openai") or []
    except PackageNotFoundError:
        needs = []
    # Version 2 offers httpx2 as an extra; what it speaks through by itself is httpx.
    plain = (need for need in needs if "extra ==" not in need)
    return import_module("httpx2" if any(need.startswith("httpx2") for need in plain) else "httpx")


def _handler(library: Any, service: Service) -> Any:
    def handle(request: Any) -> Any:
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        answer = service.handle(
            Request(
                method=request.method,
                path=path,
                query=query,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=request.content,
            )
        )
        return library.Response(answer.status, headers=answer.headers, content=answer.body)

    return handle
