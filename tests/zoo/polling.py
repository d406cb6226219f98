"""Mistakes of services that poll a run. :func:`zoo.careful.polling` and ``replying`` are right."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from zoo.parts import answer, create, follow, look

from runlife import RUN

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def forgets_incomplete(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Poll until one of the endings that we know of.

    *The mistake:* ``incomplete`` came later than the others, and ends a run like them. This polls for ever.
    *Met in:* openai-python #1407, where the SDK's own helper did so; semantic-kernel #9364.
    *The mend:* ``while run.status not in RUN.terminal``.
    """
    run = await create(client, thread_id, assistant_id)
    while run.status not in ("completed", "failed", "cancelled", "expired"):
        run = await answer(client, run) if run.status == "requires_action" else await look(client, run)
    return run


async def only_knows_failed(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Poll until the run has completed, or was cut short, or has failed.

    *The mistake:* a run that hangs is never ``failed``: after ten minutes it is ``expired``.
    *Met in:* semantic-kernel #5449.
    *The mend:* ``while run.status not in RUN.terminal``.
    """
    run = await create(client, thread_id, assistant_id)
    while run.status not in ("completed", "incomplete", "failed", "cancelled"):
        run = await answer(client, run) if run.status == "requires_action" else await look(client, run)
    return run


async def waits_through_requires_action(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Poll until the run is over, whatever happens on the way.

    *The mistake:* a run in ``requires_action`` waits for us, while we wait for it, until it expires.
    *Met in:* autogen #899, which did not know all the statuses.
    *The mend:* submit the outputs of its calls, or cancel it.
    """
    run = await create(client, thread_id, assistant_id)
    while run.status not in RUN.terminal:
        run = await look(client, run)
    return run


async def looks_at_its_old_copy(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> str:
    """Create a run, give it time, and tell its status.

    *The mistake:* an object of the SDK is what one answer said; it does not follow the run.
    *Met in:* chat_gpt_sdk #87, "always queued".
    *The mend:* ``run = await runs.retrieve(run.id, thread_id=thread_id)``, until it is over.
    """
    run = await create(client, thread_id, assistant_id)
    await asyncio.sleep(30)
    return run.status


async def counts_its_polls(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Poll fifteen times, which has been enough so far.

    *The mistake:* after the last poll the run is still alive; nobody looks at it, and it locks its thread.
    *Met in:* openai-python #1809, where a run took minutes to get anywhere.
    *The mend:* poll until a terminal status; to give up, cancel the run and wait for its end.
    """
    run = await create(client, thread_id, assistant_id)
    for _ in range(15):
        if run.status in RUN.terminal:
            break
        run = await answer(client, run) if run.status == "requires_action" else await look(client, run)
    return run


async def mixes_its_ids_up(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Poll a run until it is over.

    *The mistake:* both ids are texts, and one goes where the other belongs.
    *Met in:* openai-node #1545, where a new order of the arguments made an id ``undefined``.
    *The mend:* ``retrieve(run.id, thread_id=thread_id)``.
    """
    run = await create(client, thread_id, assistant_id)
    while run.status not in RUN.terminal:
        await asyncio.sleep(1)
        run = await client.beta.threads.runs.retrieve(thread_id, thread_id=run.id)
    return run


async def one_bad_poll_is_fatal(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Poll with a client that repeats no call at all, and let its errors through.

    *The mistake:* one lost answer among hundreds of polls ends the service, while the run goes on. To raise
    in an outage is honest, so this is a failure only if asked: ``outages=False``.
    *Met in:* services whose retries were switched off because of what :mod:`zoo.creating` shows.
    *The mend:* switch them off for what changes something, and leave them on for ``retrieve``.
    """
    run = await create(client, thread_id, assistant_id)
    impatient = client.with_options(max_retries=0)
    while run.status not in RUN.terminal:
        asks = run.status == "requires_action"
        run = await answer(impatient, run) if asks else await look(impatient, run)
    return run


async def replies_with_the_last_message(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> str | None:
    """Wait for the run to be over, and reply with the newest message of the thread.

    *The mistake:* a run that failed has said nothing: the newest message is what the user asked.
    *Met in:* LibreChat #6728, where a rate limit arrived as a run that failed, and not as an error.
    *The mend:* look at the status first, and list the messages of this run: ``run_id=run.id``.
    """
    await follow(client, await create(client, thread_id, assistant_id))
    page = await client.beta.threads.messages.list(thread_id, order="desc", limit=1)
    part = page.data[0].content[0]
    return part.text.value if part.type == "text" else None


async def replies_before_the_end(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> str | None:
    """Wait until the run is not working any more, and reply with what it has said.

    *The mistake:* after a round of tools a run is ``queued`` again, and what it says comes after that.
    *Met in:* openai-python #1237, where the answer to the tools was never shown.
    *The mend:* after a submit, poll until a terminal status.
    """
    run = await create(client, thread_id, assistant_id)
    while run.status in ("queued", "in_progress", "cancelling"):
        run = await look(client, run)
    if run.status == "requires_action":
        await answer(client, run)
    page = await client.beta.threads.messages.list(thread_id, run_id=run.id)
    return (
        "\n".join(part.text.value for one in page.data for part in one.content if part.type == "text") or None
    )


async def plays_one_round(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Answer the calls of the run once, if it makes any.

    *The mistake:* ``if`` where it has to be ``while``: after one round of tools there may be another.
    *Met in:* services that grew out of an example, for examples have one round.
    *The mend:* ``while run.status == "requires_action"``.
    """
    run = await create(client, thread_id, assistant_id)
    while run.status in ("queued", "in_progress", "cancelling"):
        run = await look(client, run)
    if run.status == "requires_action":
        run = await answer(client, run)
        while run.status in ("queued", "in_progress", "cancelling"):
            run = await look(client, run)
    return run
