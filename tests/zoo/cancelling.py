"""Mistakes of services that stop a run. :func:`zoo.careful.stopping` and ``conversing`` are right."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from openai import BadRequestError
from zoo.parts import UNSURE, answer, create, follow, look

from runlife import RUN

if TYPE_CHECKING:
    from openai import AsyncOpenAI

PATIENCE = 5.0
"""Seconds after which the user presses the stop button."""


async def _until_bored(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Create a run and follow it, for as long as the user likes."""
    run = await create(client, thread_id, assistant_id)
    bored_at = time.monotonic() + PATIENCE
    while run.status not in RUN.terminal and time.monotonic() < bored_at:
        run = await answer(client, run) if run.status == "requires_action" else await look(client, run)
    return run


async def takes_cancelling_for_cancelled(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> str:
    """Cancel the run, and tell that it is cancelled.

    *The mistake:* the answer to a cancel says ``cancelling``: a request, which may come too late.
    *Met in:* chainlit #573, where the next message hit a run that was still there.
    *The mend:* poll until a terminal status, and tell that.
    """
    run = await _until_bored(client, thread_id, assistant_id)
    runs = client.with_options(max_retries=0).beta.threads.runs
    while run.status not in (*RUN.terminal, "cancelling"):
        try:
            run = await runs.cancel(run.id, thread_id=thread_id)
        except (BadRequestError, *UNSURE):
            run = await look(client, run)
    return "cancelled" if run.status == "cancelling" else run.status


async def assumes_that_a_cancel_wins(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> str:
    """Cancel the run, wait until it is over, and tell that it is cancelled.

    *The mistake:* a run that is being cancelled may still complete, fail or expire.
    *Met in:* agency-swarm #268, about cancels that take their time.
    *The mend:* tell the status in which the run ended.
    """
    run = await _until_bored(client, thread_id, assistant_id)
    if run.status in RUN.terminal:
        return run.status
    await follow(client, run, patience=0)
    return "cancelled"


async def refused_cancel_is_fatal(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Cancel the run, and wait until it is over.

    *The mistake:* by the time the cancel arrives, the run may have ended: "Cannot cancel run with status
    'completed'".
    *Met in:* agency-swarm #251, and every stop button that is pressed a moment too late.
    *The mend:* ``except BadRequestError``: retrieve the run, which is then over, or about to be.
    """
    run = await _until_bored(client, thread_id, assistant_id)
    if run.status not in RUN.terminal:
        with suppress(*UNSURE):
            await client.with_options(max_retries=0).beta.threads.runs.cancel(run.id, thread_id=thread_id)
        run = await follow(client, await look(client, run))
    return run


async def just_stops_waiting(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Give the run so much time, and the user an apology.

    *The mistake:* the run is still alive, and its thread locked: the user's next message is refused.
    *Met in:* openai-dotnet #87; n8n #13378.
    *The mend:* cancel the run, and wait until it is over.
    """
    run = await create(client, thread_id, assistant_id)
    try:
        async with asyncio.timeout(PATIENCE):
            return await follow(client, run)
    except TimeoutError:
        return "Sorry, that takes too long."


async def starts_anew_at_once(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Cancel the run, and ask for another in its place.

    *The mistake:* until the first has ended, its thread takes no second one.
    *Met in:* agency-swarm #251 and #268; chainlit #573.
    *The mend:* after a cancel, poll until a terminal status.
    """
    run = await _until_bored(client, thread_id, assistant_id)
    if run.status not in RUN.terminal:
        try:
            await client.with_options(max_retries=0).beta.threads.runs.cancel(run.id, thread_id=thread_id)
        except (BadRequestError, *UNSURE):
            pass
        run = await follow(client, await create(client, thread_id, assistant_id))
    return run
