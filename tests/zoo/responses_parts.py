"""What services do with a response, step by step, without a mistake: see :mod:`zoo.responses_careful`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from openai import APIConnectionError, BadRequestError, InternalServerError, RateLimitError

from runlife.responses import RESPONSE

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

UNSURE = APIConnectionError, InternalServerError, RateLimitError
"""After these nobody knows whether a call took effect. A timeout is an ``APIConnectionError``."""

PATIENCE = 30.0
"""Seconds that a response may take: the API promises no end, so the service has a clock of its own."""

LOCKED_FOR = 2.0
"""Seconds until a locked conversation is tried again: its refusal says "in a few seconds"."""

Request = dict[str, Any]


def lookup(**_arguments: Any) -> str:
    """Look something up: the function of the model."""
    return "it is in the third drawer"


def is_at_work(response: Any) -> bool:
    """Say whether a response has not ended."""
    return response.status not in RESPONSE.terminal


def calls_of(response: Any) -> list[Any]:
    """Return the calls that a response completed with."""
    calls = [item for item in response.output if item.type == "function_call"]
    return calls if response.status == "completed" else []


def answering(request: Request, response: Any) -> Request:
    """Return what to ask for next: the same, with the outputs of all calls of a response."""
    outputs = [
        {"type": "function_call_output", "call_id": call.call_id, "output": lookup()}
        for call in calls_of(response)
    ]
    place = {} if "conversation" in request else {"previous_response_id": response.id}
    return {**request, **place, "input": outputs}


async def begin(client: AsyncOpenAI, request: Request) -> Any:
    """Create a response in the background.

    Where the answer is lost, the client sends it again: there is no list to look for the first one in, and
    that one ends by itself.
    """
    return await client.responses.create(**request, background=True)


async def await_end(client: AsyncOpenAI, response: Any, patience: float = PATIENCE) -> Any:
    """Poll a response until it has ended; after so many seconds, cancel it."""
    stop_at = time.monotonic() + patience
    while is_at_work(response):
        await asyncio.sleep(1)
        late = time.monotonic() >= stop_at
        call = client.responses.cancel if late else client.responses.retrieve
        response = await call(response.id)
    return response


async def begin_in_conversation(client: AsyncOpenAI, request: Request, patience: float = 2 * PATIENCE) -> Any:
    """Create a response in a conversation, one and no more; None if it is there and its id is lost.

    Whether it is, the items of the conversation tell: what was sent is among them once it has ended.
    """
    once, stop_at = client.with_options(max_retries=0), time.monotonic() + patience
    before = await newest_item(client, request)
    while True:
        try:
            return await once.responses.create(**request, background=True)
        except BadRequestError as error:
            if error.code != "conversation_locked":
                raise
            if time.monotonic() >= stop_at:
                raise TimeoutError("the conversation is locked for good") from error
        except UNSURE:
            if time.monotonic() >= stop_at:
                raise
        await asyncio.sleep(LOCKED_FOR)
        if await newest_item(client, request) != before:
            return None


async def newest_item(client: AsyncOpenAI, request: Request) -> str | None:
    """Return the id of the newest item of the conversation of a request."""
    page = await client.conversations.items.list(request["conversation"], limit=1)
    return page.data[0].id if page.data else None


def begin_blocking(client: OpenAI, request: Request) -> Any:
    """Create a response in the background."""
    return client.responses.create(**request, background=True)


def await_end_blocking(client: OpenAI, response: Any) -> Any:
    """Poll a response until it has ended, or patience has."""
    stop_at = time.monotonic() + PATIENCE
    while is_at_work(response):
        time.sleep(1)
        late = time.monotonic() >= stop_at
        response = client.responses.cancel(response.id) if late else client.responses.retrieve(response.id)
    return response
