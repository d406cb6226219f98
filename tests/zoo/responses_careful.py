"""Services that use responses, without a mistake: what the others of the zoo should have been.

All of them hold on to six rules:

* the table says which statuses are terminal, and ``completed`` is an answer only without function calls;
* all calls are answered, by one next response;
* nobody promises that a response ends: there is a clock, and who gives up cancels;
* a stream that ends says nothing: only a terminal status does, and the rest is read from where it broke;
* a creation that got no answer may be sent again: nothing lists responses, and nobody could find the first.
  In a conversation one can, and does: its items are read before;
* ``conversation_locked`` means: not now.

The steps stand in :mod:`zoo.responses_parts`. :func:`easy` and :func:`easy_blocking` leave all of that to
runlife, and speak of runs.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from zoo.responses_parts import (
    PATIENCE,
    Request,
    answering,
    await_end,
    await_end_blocking,
    begin,
    begin_blocking,
    begin_in_conversation,
    calls_of,
    is_at_work,
    lookup,
)

from runlife.responses import RESPONSE
from runlife_adapters.drive import drive, drive_async
from runlife_adapters.openai.responses import AsyncResponsesBackend, ResponsesBackend

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


async def polling(client: AsyncOpenAI, request: Request) -> Any:
    """Create a response, poll it until it has ended, and answer its calls with the next."""
    response = await await_end(client, await begin(client, request))
    while calls_of(response):
        response = await await_end(client, await begin(client, answering(request, response)))
    return response


async def replying(client: AsyncOpenAI, request: Request) -> str | None:
    """Return what the model says, or None where it says nothing."""
    response = await polling(client, request)
    return response.output_text if response.status == "completed" else None


async def streaming(client: AsyncOpenAI, request: Request) -> Any:
    """Read the events of background responses, each from where the stream broke."""
    while True:
        response = await read_to_end(client, request)
        if not calls_of(response):
            return response
        request = answering(request, response)


async def read_to_end(client: AsyncOpenAI, request: Request) -> Any:
    """Read the events of one response to its end, in as many streams as it takes."""
    response: Any = None
    seen, stop_at = -1, time.monotonic() + PATIENCE
    while response is None or is_at_work(response):
        try:
            async with asyncio.timeout(max(stop_at - time.monotonic(), 1)):
                if response is None:
                    stream: Any = await client.responses.create(**request, background=True, stream=True)
                else:
                    stream = await client.responses.retrieve(response.id, stream=True, starting_after=seen)
                async for event in stream:
                    seen = event.sequence_number
                    response = getattr(event, "response", response)
        except Exception:  # a stream breaks in many ways, and none says what became of it
            if response is None and time.monotonic() >= stop_at:
                raise
            await asyncio.sleep(1)
        if response is not None and is_at_work(response):
            late = time.monotonic() >= stop_at
            call = client.responses.cancel if late else client.responses.retrieve
            response = await call(response.id)
    return response


async def telling(client: AsyncOpenAI, request: Request) -> str:
    """Write out what the model says, piece by piece: each piece once, in as many streams as it takes."""
    said, id, seen, status = "", None, -1, ""
    stop_at = time.monotonic() + PATIENCE
    while status not in RESPONSE.terminal and time.monotonic() < stop_at:
        try:
            stream: Any = await (
                client.responses.create(**request, background=True, stream=True)
                if id is None
                else client.responses.retrieve(id, stream=True, starting_after=seen)
            )
            async for event in stream:
                seen = event.sequence_number
                if hasattr(event, "response"):
                    id, status = event.response.id, event.response.status
                said += event.delta if event.type == "response.output_text.delta" else ""
            if id is not None:  # it has ended, and a stream does not tell of every end
                status = (await client.responses.retrieve(id)).status
        except Exception:  # noqa: BLE001  # a stream breaks in many ways, and none says what became of it
            await asyncio.sleep(1)
    if id is not None and status not in RESPONSE.terminal:
        await client.responses.cancel(id)
    return said


async def foreground(client: AsyncOpenAI, request: Request) -> Any:
    """Read the events of responses in the foreground; look how one ended whose stream broke."""
    while True:
        response: Any = None
        try:
            async with asyncio.timeout(PATIENCE):
                async for event in await client.responses.create(**request, stream=True):
                    response = getattr(event, "response", response)
        except Exception:
            if response is None:
                raise  # nobody knows whether there is one
        stop_at = time.monotonic() + PATIENCE
        while is_at_work(response) and time.monotonic() < stop_at:  # it cannot be cancelled
            await asyncio.sleep(1)
            response = await client.responses.retrieve(response.id)
        if not calls_of(response):
            return response
        request = answering(request, response)


async def conversing(client: AsyncOpenAI, request: Request) -> Any:
    """Do what :func:`polling` does in a conversation, where nothing is said twice."""
    while (response := await begin_in_conversation(client, request)) is not None:
        response = await await_end(client, response)
        if not calls_of(response):
            return response
        request = answering(request, response)
    return None  # it was said, and nobody can tell how its response ended


async def easy(client: AsyncOpenAI, request: Request) -> Any:
    """Leave it to the driver."""
    backend = AsyncResponsesBackend(client, expires_after=PATIENCE)
    assistant = await backend.create_assistant(model=request["model"], tools=as_tools(request))
    thread = await backend.create_thread(messages=[{"role": "user", "content": request["input"]}])
    return await drive_async(backend, thread, assistant, tools=[lookup])


def easy_blocking(client: OpenAI, request: Request) -> Any:
    """Leave it to the driver, without ``async``."""
    backend = ResponsesBackend(client, expires_after=PATIENCE)
    assistant = backend.create_assistant(model=request["model"], tools=as_tools(request))
    thread = backend.create_thread(messages=[{"role": "user", "content": request["input"]}])
    return drive(backend, thread, assistant, tools=[lookup])


def as_tools(request: Request) -> list[dict[str, Any]]:
    """Return the functions of a request as an assistant has them."""
    return [
        {"type": "function", "function": {"name": tool["name"], "parameters": tool["parameters"]}}
        for tool in request["tools"]
    ]


def blocking(client: OpenAI, request: Request) -> Any:
    """Do what :func:`polling` does, without ``async``."""
    response = await_end_blocking(client, begin_blocking(client, request))
    while calls_of(response):
        response = await_end_blocking(client, begin_blocking(client, answering(request, response)))
    return response
