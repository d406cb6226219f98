"""Mistakes of services that read the events of a run. :func:`zoo.careful.streaming` is right."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from zoo.parts import follow, outputs_of

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def closes_the_stream_to_stop(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> str:
    """Write out what the assistant says, until the user presses the stop button.

    *The mistake:* who closes a stream stops reading; the run goes on, and its thread stays locked.
    *Met in:* vercel/ai #1743.
    *The mend:* cancel the run as well, and poll until it is over.
    """
    runs, said = client.with_options(max_retries=0).beta.threads.runs, ""
    async with runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
        try:
            async with asyncio.timeout(5):
                async for text in stream.text_deltas:
                    said += text
        except TimeoutError:
            pass  # that will do
    return said


async def ends_with_the_stream(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> str:
    """Write out what the assistant says, until the stream ends.

    *The mistake:* a stream also ends when the run requires action, which then waits for outputs.
    *Met in:* openai-python #1237; azure-sdk-for-python #39028; azure-sdk-for-js #34948.
    *The mend:* at ``thread.run.requires_action`` submit the outputs, with ``stream=True``, and read on.
    """
    runs, said = client.with_options(max_retries=0).beta.threads.runs, ""
    async with runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
        async for text in stream.text_deltas:
            said += text
    return said


async def takes_the_end_for_success(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> str:
    """Read the stream, answer calls, and tell that it is done.

    *The mistake:* a run that is cut short, fails or expires ends its stream just as well.
    *Met in:* openai-node #945 and #1306: streams that ended with ``incomplete``.
    *The mend:* keep the last ``thread.run.*`` event; its run says how it ended.
    """
    runs = client.with_options(max_retries=0).beta.threads.runs
    stream: Any = await runs.create(thread_id, assistant_id=assistant_id, stream=True)
    while stream:
        asking: Any = None
        async for event in stream:
            if event.event == "thread.run.requires_action":
                asking = event.data
        stream = asking and await runs.submit_tool_outputs(
            asking.id, thread_id=thread_id, tool_outputs=outputs_of(asking), stream=True
        )
    return "completed"


async def swallows_what_breaks_the_stream(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> str:
    """Write out what the assistant says; should the stream break, what came so far has to do.

    *The mistake:* the run goes on without its reader, and nobody learns how it ended.
    *Met in:* openai-dotnet #323 and openai-python #2796, about the errors that end a stream.
    *The mend:* keep the id of the run; when the stream breaks, poll until it is over.
    """
    runs, said = client.with_options(max_retries=0).beta.threads.runs, ""
    stream: Any = await runs.create(thread_id, assistant_id=assistant_id, stream=True)
    try:
        async with aclosing(stream):
            async for event in stream:
                if event.event == "thread.message.delta":
                    said += "".join(part.text.value for part in event.data.delta.content)
                elif event.event == "thread.run.requires_action":
                    await follow(client, event.data)
    except Exception:  # noqa: BLE001  # this is the mistake
        said += " ..."
    return said
