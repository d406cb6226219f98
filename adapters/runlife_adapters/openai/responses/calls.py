"""Doing what the operations ask, with a client of the official SDK (1.109 and later, 2.x, 3.x).

The clients' generic verbs are used here for the reasons that :mod:`runlife_adapters.openai.assistants` gives:
the body is read as it stands on the wire, so that what this SDK does not know arrives unharmed. Streams are
the SDK's own as well (``Stream[object]``).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import openai
from openai import APIResponse, AsyncAPIResponse, AsyncStream, Stream

from runlife import ServerError
from runlife_adapters.backend import RejectedError, UnavailableError
from runlife_adapters.openai._calls import acting, json_of, looking, patience, poll_after, translated
from runlife_adapters.openai.responses.requests import Close, Delete, Get, Next, Open, Post, Reply

if TYPE_CHECKING:
    from runlife_adapters.openai.responses.requests import Request

__all__ = ["FAILURES", "AsyncCalls", "Calls"]

FAILURES = (RejectedError, UnavailableError, ServerError)
"""How a call fails. Anything else is a defect, and goes to whoever called the backend."""


def _transport_error() -> type[Exception]:
    """Return what the HTTP library of this SDK raises; streams let it through before 3.x."""
    roots = (cls.__module__.partition(".")[0] for cls in openai.DefaultHttpxClient.__mro__)
    library = next(root for root in roots if root.startswith("httpx"))
    error: type[Exception] = import_module(library).TransportError
    return error


BROKEN: tuple[type[Exception], ...] = (openai.APIError, _transport_error())


def _broken(error: Exception) -> RejectedError | UnavailableError:
    if isinstance(error, openai.APIError):
        return translated(error)
    return UnavailableError(f"{type(error).__name__}: {error}")


def _reply(response: APIResponse[object] | AsyncAPIResponse[object]) -> Reply:
    return Reply(json_of(response), poll_after(response))


class Calls:
    """A synchronous client.

    :param timeout: how long one call may take, and how long a stream may be silent, in seconds.
    """

    def __init__(self, client: openai.OpenAI, timeout: float | None) -> None:
        self._client = client
        self._timeout = patience(client, timeout)

    def perform(self, request: Request) -> Any:
        """Do what is asked for, and return the answer.

        :raises RejectedError: when the service refuses it.
        :raises UnavailableError: when there is no usable answer.
        :raises ServerError: when there is one that cannot be read.
        """
        try:
            return self._perform(request)
        except BROKEN as error:
            raise _broken(error) from error

    def _perform(self, request: Request) -> Any:
        client, raw = self._client, APIResponse[object]
        match request:
            case Get(path, params):
                return _reply(client.get(path, cast_to=raw, options=looking(self._timeout, params)))
            case Post(path, body, idempotent):
                options = looking(self._timeout) if idempotent else acting(self._timeout)
                return _reply(client.post(path, cast_to=raw, body=body, options=options))
            case Delete(path):
                return _reply(client.delete(path, cast_to=raw, options=acting(self._timeout)))
            case Open(path, None, params):
                options = looking(self._timeout, params)
                return client.get(
                    path, cast_to=object, options=options, stream=True, stream_cls=Stream[object]
                )
            case Open(path, body):
                return client.post(
                    path,
                    cast_to=object,
                    body=body,
                    options=acting(self._timeout),
                    stream=True,
                    stream_cls=Stream[object],
                )
            case Next(stream):
                return next(stream, None)
            case Close(stream):
                return stream.close()


class AsyncCalls:
    """The same over an asynchronous client, awaited."""

    def __init__(self, client: openai.AsyncOpenAI, timeout: float | None) -> None:
        self._client = client
        self._timeout = patience(client, timeout)

    async def perform(self, request: Request) -> Any:
        """Do what is asked for, and return the answer, or raise as :meth:`Calls.perform` does."""
        try:
            return await self._perform(request)
        except BROKEN as error:
            raise _broken(error) from error

    async def _perform(self, request: Request) -> Any:
        client, raw = self._client, AsyncAPIResponse[object]
        match request:
            case Get(path, params):
                return _reply(await client.get(path, cast_to=raw, options=looking(self._timeout, params)))
            case Post(path, body, idempotent):
                options = looking(self._timeout) if idempotent else acting(self._timeout)
                return _reply(await client.post(path, cast_to=raw, body=body, options=options))
            case Delete(path):
                return _reply(await client.delete(path, cast_to=raw, options=acting(self._timeout)))
            case Open(path, None, params):
                options = looking(self._timeout, params)
                return await client.get(
                    path, cast_to=object, options=options, stream=True, stream_cls=AsyncStream[object]
                )
            case Open(path, body):
                return await client.post(
                    path,
                    cast_to=object,
                    body=body,
                    options=acting(self._timeout),
                    stream=True,
                    stream_cls=AsyncStream[object],
                )
            case Next(stream):
                return await anext(stream, None)
            case Close(stream):
                return await stream.close()
