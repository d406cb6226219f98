"""Services without a mistake: what the others of the zoo should have been.

All of them hold on to five rules, and nothing less is enough:

* the table says which statuses are terminal, not a list of one's own;
* whatever is refused, or gets no answer, is no end: look at the run, and go on from what it is now;
* no POST is repeated blindly, so the client's own retries are off for those (``max_retries=0``); a run whose
  creation got no answer is looked for, by a key in its metadata;
* a cancel is a request: the run ends as it ends;
* a stream that ends says nothing: only a terminal status does.

The steps stand in :mod:`zoo.parts`. :func:`easy` and :func:`easy_blocking` leave all of that to runlife.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from zoo.parts import (
    answer_blocking,
    create,
    create_blocking,
    find,
    follow,
    look,
    look_blocking,
    lookup,
    outputs_of,
)

from runlife import RUN
from runlife_adapters.drive import drive, drive_async
from runlife_adapters.openai import AsyncOpenAIBackend, OpenAIBackend

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


async def polling(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Create a run, answer its calls, and poll it until it is over."""
    run = await create(client, thread_id, assistant_id)
    return await follow(client, run)


async def stopping(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Do the same, for somebody who presses the stop button after five seconds."""
    run = await create(client, thread_id, assistant_id)
    return await follow(client, run, patience=5)


async def replying(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> str | None:
    """Return what the assistant says, or None where it says nothing."""
    run = await polling(client, thread_id, assistant_id)
    if run.status != "completed":
        return None
    page = await client.beta.threads.messages.list(thread_id, run_id=run.id, order="asc")
    return "\n".join(part.text.value for one in page.data for part in one.content if part.type == "text")


async def conversing(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Stop a run that takes long, and ask for another in its place."""
    run = await stopping(client, thread_id, assistant_id)
    return await polling(client, thread_id, assistant_id) if run.status == "cancelled" else run


async def streaming(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Read the events of a run, and poll where there are none any more."""
    runs, key = client.with_options(max_retries=0).beta.threads.runs, uuid4().hex
    stream = runs.create(thread_id, assistant_id=assistant_id, metadata={"key": key}, stream=True)
    run: Any = None
    while run is None or run.status not in RUN.terminal:
        try:
            async for event in await stream:
                if event.data.object == "thread.run":
                    run = event.data
        except Exception:  # noqa: BLE001  # a stream breaks in many ways, and none says what became of the run
            await asyncio.sleep(1)
        if run is None:
            run = await find(client, thread_id, key) or await create(client, thread_id, assistant_id)
        while run.status not in RUN.terminal:
            run = await look(client, run)
            if run.status == "requires_action":
                outputs = outputs_of(run)
                stream = runs.submit_tool_outputs(
                    run.id, thread_id=thread_id, tool_outputs=outputs, stream=True
                )
                break
    return run


async def easy(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Leave it to the driver."""
    return await drive_async(AsyncOpenAIBackend(client), thread_id, assistant_id, tools=[lookup])


def easy_blocking(client: OpenAI, thread_id: str, assistant_id: str) -> Any:
    """Leave it to the driver, without ``async``."""
    return drive(OpenAIBackend(client), thread_id, assistant_id, tools=[lookup])


def blocking(client: OpenAI, thread_id: str, assistant_id: str) -> Any:
    """Create a run, answer its calls, and poll it until it is over, without ``async``."""
    run = create_blocking(client, thread_id, assistant_id)
    while run.status not in RUN.terminal:
        asks = run.status == "requires_action"
        run = answer_blocking(client, run) if asks else look_blocking(client, run)
    return run
