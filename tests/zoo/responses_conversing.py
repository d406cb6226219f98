"""Mistakes of services that use a conversation. :func:`zoo.responses_careful.conversing` is right."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Any

from openai import BadRequestError
from zoo.responses_parts import (
    LOCKED_FOR,
    UNSURE,
    Request,
    answering,
    await_end,
    begin,
    begin_in_conversation,
    calls_of,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def lock_is_fatal(client: AsyncOpenAI, request: Request) -> Any:
    """Create a response, once more if there is no answer, and follow it.

    *The mistake:* the response of a lost answer is at work, and locks the conversation as long as it is.
    *Met in:* 400 ``conversation_locked``, "Another process is currently operating on this conversation.
    Please retry in a few seconds."
    *The mend:* do as it says: retry in a few seconds, and look then whether it was said already.
    """
    response = await await_end(client, await begin(client, request))
    while calls_of(response):
        response = await await_end(client, await begin(client, answering(request, response)))
    return response


async def retries_without_bound(client: AsyncOpenAI, request: Request) -> Any:
    """Create a response, as soon as the conversation is free.

    *The mistake:* a lock lasts as long as the response that holds it, and nothing promises an end of that.
    *Met in:* ``while True`` around the retry of ``conversation_locked``.
    *The mend:* give up at some time, and say so.
    """
    while (response := await begin_in_conversation(client, request, patience=inf)) is not None:
        response = await await_end(client, response)
        if not calls_of(response):
            return response
        request = answering(request, response)
    return None


async def says_it_twice(client: AsyncOpenAI, request: Request) -> Any:
    """Create a response, a few times if there is no answer, and follow it.

    *The mistake:* where the answer to a creation was lost, what the user said is in the conversation, and is
    said once more.
    *Met in:* the client's own retries (``max_retries=2``), with a pause that outlasts the lock.
    *The mend:* read the items of the conversation before it is sent again.
    """
    response = await await_end(client, await _insist(client, request))
    while calls_of(response):
        following = answering(request, response)
        if (created := await begin_in_conversation(client, following)) is None:
            return None
        response = await await_end(client, created)
    return response


async def brings_outputs_twice(client: AsyncOpenAI, request: Request) -> Any:
    """Answer the calls of the model, a few times if there is no answer.

    *The mistake:* where the answer to a submit was lost, the model has gone on with the outputs; brought
    again, they have it go on twice.
    *Met in:* retries of the step that submits, in workflow engines that know no other.
    *The mend:* read the items of the conversation: what the model said after the outputs is there.
    """
    if (response := await begin_in_conversation(client, request)) is None:
        return None
    while calls_of(response := await await_end(client, response)):
        response = await _insist(client, answering(request, response))
    return response


async def _insist(client: AsyncOpenAI, request: Request) -> Any:
    """Create a response, and try again for as long as one usually takes."""
    once, attempts = client.with_options(max_retries=0), 20
    while True:
        attempts -= 1
        try:
            return await once.responses.create(**request, background=True)
        except (BadRequestError, *UNSURE):
            if not attempts:
                raise
            await asyncio.sleep(LOCKED_FOR)
