"""Mistakes of services that poll responses. :func:`zoo.responses_careful.polling` is right."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from zoo.responses_parts import Request, answering, await_end, begin, calls_of, is_at_work

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def polls_until_completed(client: AsyncOpenAI, request: Request) -> Any:
    """Poll until the response is completed.

    *The mistake:* ``incomplete``, ``failed`` and ``cancelled`` are endings as well: it polls for ever.
    *Met in:* loops of ``while response.status != "completed"`` that were carried over from runs.
    *The mend:* poll while it is ``queued`` or ``in_progress``, and no longer.
    """
    response = await begin(client, request)
    while response.status != "completed":
        await asyncio.sleep(1)
        response = await client.responses.retrieve(response.id)
    while calls_of(response):
        response = await await_end(client, await begin(client, answering(request, response)))
    return response


async def has_no_clock(client: AsyncOpenAI, request: Request) -> Any:
    """Poll until the response has ended, however long that takes.

    *The mistake:* a run expired after ten minutes; nothing promises that a response ever ends.
    *Met in:* reports of background responses that stay ``queued`` or ``in_progress`` for hours.
    *The mend:* have a clock of one's own, and cancel the response when it has run down.
    """
    response = await begin(client, request)
    while True:
        while is_at_work(response):
            await asyncio.sleep(1)
            response = await client.responses.retrieve(response.id)
        if not calls_of(response):
            return response
        response = await begin(client, answering(request, response))


async def just_stops_waiting(client: AsyncOpenAI, request: Request) -> None:
    """Wait for some seconds, and tell the user that it takes too long.

    *The mistake:* who stops looking does not stop the response: it works on in the background, and costs.
    *Met in:* handlers that wrap the whole loop into ``asyncio.timeout`` or a request deadline.
    *The mend:* cancel it. That takes effect at once, and does no harm when it comes too late.
    """
    try:
        async with asyncio.timeout(5):
            response = await begin(client, request)
            while calls_of(response := await await_end(client, response)):
                response = await begin(client, answering(request, response))
    except TimeoutError:
        return  # sorry


async def reads_what_was_cut_short(client: AsyncOpenAI, request: Request) -> str:
    """Return the text of the response, once that has ended.

    *The mistake:* ``output_text`` of an incomplete response is where it broke off, and no answer.
    *Met in:* answers that end in the middle of a sentence, or JSON that does not parse, after
    ``max_output_tokens``.
    *The mend:* look at the status first, and at ``incomplete_details`` where it is ``incomplete``.
    """
    response = await await_end(client, await begin(client, request))
    while calls_of(response):
        response = await await_end(client, await begin(client, answering(request, response)))
    return str(response.output_text)


async def goes_on_too_early(client: AsyncOpenAI, request: Request) -> Any:
    """Show the answer to a question, and ask a second one when the first should be answered by now.

    *The mistake:* a response can only be continued once it has ended.
    *Met in:* chats that keep the id of the last response, and send what the user types at once.
    *The mend:* await the end of the response before, or cancel it.
    """
    first = await begin(client, request)
    await asyncio.sleep(5)
    print((await client.responses.retrieve(first.id)).output_text)  # noqa: T201  # to the user
    second = {**request, "tools": [], "input": "And another thing.", "previous_response_id": first.id}
    return await await_end(client, await begin(client, second))
