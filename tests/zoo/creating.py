"""Mistakes of services that create runs. :func:`zoo.parts.create` is right."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from openai import APITimeoutError
from zoo.parts import create, follow

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def lets_the_client_recreate(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Create a run with the client as it comes, which repeats what gets no answer.

    *The mistake:* the answer was lost, the run was not. The client asks for a second one, which the thread
    refuses, as it already has an active run; or takes, and then there are two.
    *Met in:* openai-python, whose retries send no idempotency key.
    *The mend:* ``client.with_options(max_retries=0)``; without an answer, list the runs of the thread.
    """
    run = await client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    return await follow(client, run)


async def tries_again_in_a_new_thread(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Create a thread with its run in one call, and try again if that takes too long.

    *The mistake:* nobody knows of the first run: it works, and is paid for, beside the second.
    *Met in:* openai-python #1809, where a creation took minutes.
    *The mend:* create the thread first: then there is a list to look in for what the lost answer created.
    """
    threads = client.with_options(max_retries=0).beta.threads
    user: Any = {"role": "user", "content": "Hello, can you help me?"}
    try:
        run = await threads.create_and_run(assistant_id=assistant_id, thread={"messages": [user]})
    except APITimeoutError:
        run = await threads.create_and_run(assistant_id=assistant_id, thread={"messages": [user]})
    return await follow(client, run)


async def asks_twice_at_once(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Answer two messages of an impatient user, each as it comes.

    *The mistake:* a thread takes one run at a time, and no message meanwhile.
    *Met in:* TripBot #939; n8n #13378.
    *The mend:* a queue for each thread.
    """

    async def reply_to(text: str) -> Any:
        await client.beta.threads.messages.create(thread_id, role="user", content=text)
        return await follow(client, await create(client, thread_id, assistant_id))

    _, last = await asyncio.gather(reply_to("Are you there?"), reply_to("Hello?"))
    return last
