"""The clients in this process, the library that they are of, and the transport of the blocking ones."""

from __future__ import annotations

import time
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn

from runlife_adapters.http.inprocess.base import SILENT, Body, Transport, Trouble, of_library
from runlife_adapters.http.messages import BrokenStreamError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_adapters.http.service import Service
    from runlife_adapters.memory.net import Net

__all__ = ["async_client", "async_transport", "library_of_sdk", "sync_client", "sync_transport"]


def sync_client(service: Service, library: Any = None) -> Any:
    """Return a ``Client`` for ``OpenAI(http_client=...)``.

    :param library: the module ``httpx`` or ``httpx2``; by default the one that the installed SDK needs.
    """
    library = library or library_of_sdk()
    return library.Client(transport=sync_transport(service, library))


def async_client(service: Service, library: Any = None) -> Any:
    """Return an ``AsyncClient`` for ``AsyncOpenAI(http_client=...)``.

    :param library: the module ``httpx`` or ``httpx2``; by default the one that the installed SDK needs.
    """
    library = library or library_of_sdk()
    return library.AsyncClient(transport=async_transport(service, library))


def sync_transport(service: Service, library: Any = None) -> Any:
    """Return the transport of :func:`sync_client`, for a client of your own."""
    library = library or library_of_sdk()
    return of_library(SyncTransport, library.BaseTransport)(service, library)


def async_transport(service: Service, library: Any = None) -> Any:
    """Return the transport of :func:`async_client`, for a client of your own."""
    from runlife_adapters.http.inprocess.asynchronous import AsyncTransport  # noqa: PLC0415  # brings asyncio

    library = library or library_of_sdk()
    return of_library(AsyncTransport, library.AsyncBaseTransport)(service, library)


@cache
def library_of_sdk() -> Any:
    """Return the HTTP library of the SDK that is installed, by what that says it requires; else httpx."""
    try:
        needs = requires("openai") or []
    except PackageNotFoundError:
        needs = []
    # Version 2 offers httpx2 as an extra; what it speaks through by itself is httpx.
    plain = (need for need in needs if "extra ==" not in need)
    return import_module("httpx2" if any(need.startswith("httpx2") for need in plain) else "httpx")


class SyncTransport(Transport):
    """A transport that asks a service."""

    def handle_request(self, request: Any) -> Any:
        """Answer a request."""
        request.read()
        answer = self.ask(request)
        if answer.net is None and isinstance(answer.body, bytes):
            return self.respond(answer, content=answer.body)
        trouble = self.trouble(request, answer, time.monotonic)
        if fatal := self.fatal(answer):
            _fail(trouble, fatal)
        if answer.net is not None and answer.net.kind == "delay":
            seconds = trouble.patience.delay(answer.net.seconds)
            time.sleep(seconds)
            if trouble.patience.shorter_than(answer.net.seconds):
                raise trouble.timeout()
            trouble.patience.renew()
        if isinstance(answer.body, bytes):
            return self.respond(answer, content=answer.body)
        return self.respond(
            answer, stream=of_library(SyncBody, self.library.SyncByteStream)(answer.body, trouble)
        )


def _fail(trouble: Trouble, net: Net) -> NoReturn:
    """Raise what a client meets, after it has waited for it where waiting costs nothing."""
    if net.kind in SILENT and trouble.patience.costs_nothing:
        while not trouble.patience.over and (seconds := trouble.patience.seconds(None)) is not None:
            time.sleep(seconds)
    trouble.fail(net)


class SyncBody(Body):
    """One for threads."""

    def __iter__(self) -> Iterator[bytes]:
        happened, patience = Event(), self.patience
        self.stream.notify(happened.set)
        while True:
            happened.clear()
            try:
                piece = self.stream.take()
            except BrokenStreamError as broken:
                self.leave()
                _fail(self.trouble, broken.net)
            if piece:
                yield piece
                patience.renew()
                continue
            if self.stream.over:
                return
            due = self.stream.due()
            if due is not None and patience.passes_by_itself(due):
                patient = patience.move_to(due)
            else:
                patient = happened.wait(patience.seconds(due)) or not patience.over
            if not patient:
                self.leave()
                raise self.trouble.timeout()

    def close(self) -> None:
        """Leave the stream. What it tells of goes on."""
        self.leave()
