"""Mistakes of services whose model calls functions. :func:`zoo.responses_careful.polling` is right."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from zoo.responses_parts import Request, answering, await_end, begin, calls_of, is_at_work

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def takes_completed_for_done(client: AsyncOpenAI, request: Request) -> str:
    """Return the text of a response that is completed.

    *The mistake:* with responses, what a run called ``requires_action`` is ``completed`` as well: the text
    is empty, and the calls stand in the output.
    *Met in:* services that were moved from runs to responses, and lost the branch for their tools with it.
    *The mend:* look for ``function_call`` items in the output of every completed response.
    """
    response = await await_end(client, await begin(client, request))
    return str(response.output_text) if response.status == "completed" else ""


async def answers_the_first_call(client: AsyncOpenAI, request: Request) -> Any:
    """Answer the call that the model makes.

    *The mistake:* a model may call several functions at once, and all of them have to be answered together.
    *Met in:* 400 "No tool output found for function call call_…", the commonest error of the API.
    *The mend:* a ``function_call_output`` for each ``function_call`` of the output; or
    ``parallel_tool_calls=False``.
    """
    response = await await_end(client, await begin(client, request))
    while calls_of(response):
        following = answering(request, response)
        following["input"] = following["input"][:1]
        response = await await_end(client, await begin(client, following))
    return response


async def asks_on_without_answering(client: AsyncOpenAI, request: Request) -> Any:
    """Ask again when there is no text.

    *The mistake:* as long as calls are open, a chain goes on with their outputs and with nothing else.
    *Met in:* retries after an empty answer; 400 "No tool output found for function call call_…".
    *The mend:* answer the calls, or begin a new chain, with no ``previous_response_id``.
    """
    response = await await_end(client, await begin(client, request))
    while response.status == "completed" and not response.output_text:
        again = {**request, "input": "Well?", "previous_response_id": response.id}
        response = await await_end(client, await begin(client, again))
    return response


async def answers_with_each_poll(client: AsyncOpenAI, request: Request) -> Any:
    """Answer calls whenever there are some, and look at the response again.

    *The mistake:* a response never changes once it is completed: its calls are still there after they were
    answered, so that each look has the model go on once more.
    *Met in:* loops over ``responses.retrieve(id)`` that were written for runs, where the id stays the same.
    *The mend:* go on with the response that brought the outputs.
    """
    response = await await_end(client, await begin(client, request))
    for _ in range(3):
        if not calls_of(response):
            break
        await await_end(client, await begin(client, answering(request, response)))
        await asyncio.sleep(1)
        response = await client.responses.retrieve(response.id)
    return response


async def plays_one_round(client: AsyncOpenAI, request: Request) -> str:
    """Answer the calls of the model, and return what it says then.

    *The mistake:* it may call functions again, as often as it likes.
    *Met in:* most examples of function calling, which have two requests and no loop.
    *The mend:* a loop, with a bound.
    """
    response = await await_end(client, await begin(client, request))
    if calls_of(response):
        response = await await_end(client, await begin(client, answering(request, response)))
    return str(response.output_text)


async def forgets_the_second_round(client: AsyncOpenAI, request: Request) -> Any:
    """Bring the outputs, and leave the rest to the service.

    *The mistake:* the outputs begin a further response, which works, and may ask for more.
    *Met in:* workers that answer calls from a queue, and think of a submit as of a delivery.
    *The mend:* keep the id of the response that brought the outputs, and follow it to its end.
    """
    response = await await_end(client, await begin(client, request))
    if calls_of(response):
        following = await begin(client, answering(request, response))
        assert is_at_work(following)
    return response
