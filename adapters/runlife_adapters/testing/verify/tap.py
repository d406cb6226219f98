"""The transports of a trial: those of the fake, which also tell what the service got, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runlife_adapters.http.inprocess import library_of_sdk
from runlife_adapters.http.inprocess.asynchronous import AsyncTransport
from runlife_adapters.http.inprocess.base import of_library
from runlife_adapters.http.inprocess.transport import SyncTransport

if TYPE_CHECKING:
    from runlife_adapters.http.messages import Response
    from runlife_adapters.testing.verify.wire import Wire

__all__ = ["async_http_client", "sync_http_client"]

_CALL = "runlife.call"


class _Telling:
    """What both have in common: knowing which call a request is."""

    service: Any

    def ask(self, request: Any) -> Response:
        """Have a request answered, and note which call it is."""
        inner: Any = super()
        answer: Response = inner.ask(request)
        request.extensions = {**request.extensions, _CALL: self.service.calls}
        return answer

    def _heard(self, request: Any, problem: BaseException | None = None) -> None:
        number = request.extensions.get(_CALL)
        if number is not None:  # else the fake itself has failed, which is no answer
            self.service.heard(number, problem)


class AsyncTap(_Telling, AsyncTransport):
    """One for asyncio."""

    async def handle_async_request(self, request: Any) -> Any:
        """Answer a request."""
        try:
            response = await super().handle_async_request(request)
        except BaseException as problem:
            self._heard(request, problem)
            raise
        self._heard(request)
        return response


class SyncTap(_Telling, SyncTransport):
    """One for threads."""

    def handle_request(self, request: Any) -> Any:
        """Answer a request."""
        try:
            response = super().handle_request(request)
        except BaseException as problem:
            self._heard(request, problem)
            raise
        self._heard(request)
        return response


def async_http_client(wire: Wire) -> Any:
    """Return an ``AsyncClient`` of the SDK's library whose calls go through a wire."""
    library = library_of_sdk()
    return library.AsyncClient(transport=of_library(AsyncTap, library.AsyncBaseTransport)(wire, library))


def sync_http_client(wire: Wire) -> Any:
    """Return a ``Client`` of the SDK's library whose calls go through a wire."""
    library = library_of_sdk()
    return library.Client(transport=of_library(SyncTap, library.BaseTransport)(wire, library))
