"""Mistakes of services that read the events of responses; in :mod:`zoo.responses_careful` are right ones."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from zoo.responses_parts import PATIENCE, Request

from runlife.responses import RESPONSE

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def resumes_from_the_beginning(client: AsyncOpenAI, request: Request) -> str:
    """Write out what the model says, and read on in another stream where one breaks.

    *The mistake:* without ``starting_after``, a stream tells everything from the first event on, so that
    what was written out is written out again.
    *Met in:* texts that stutter after a reconnect.
    *The mend:* keep the ``sequence_number`` of the last event, and resume with ``starting_after``.
    """
    return await _write_out(client, request, lambda _last: {})


async def resumes_one_too_late(client: AsyncOpenAI, request: Request) -> str:
    """Write out what the model says, and read on in another stream where one breaks.

    *The mistake:* ``starting_after`` names the last event that one has, not the next that one wants.
    *Met in:* texts with a word missing after a reconnect.
    *The mend:* pass the number of the last event as it is.
    """
    return await _write_out(client, request, lambda last: {"starting_after": last + 1})


async def takes_the_end_for_success(client: AsyncOpenAI, request: Request) -> str:
    """Read the stream, and tell that it is done.

    *The mistake:* the stream of a response that is cut short, fails or is cancelled ends just as well.
    *Met in:* handlers that know ``response.output_text.delta`` and nothing else.
    *The mend:* remember the status of the last event that has a response; where none is terminal, retrieve.
    """
    async for _ in await client.responses.create(**{**request, "tools": []}, background=True, stream=True):
        pass
    return "completed"


async def swallows_what_breaks_the_stream(client: AsyncOpenAI, request: Request) -> str:
    """Write out what the model says in the foreground, as far as it comes.

    *The mistake:* a connection that breaks says nothing of the response, which goes on: what was read is a
    piece of the answer.
    *Met in:* "peer closed connection without sending complete message body", caught and logged.
    *The mend:* retrieve the response by the id of its first event; it is kept, if ``store`` is not false.
    """
    said = ""
    try:
        async for event in await client.responses.create(**{**request, "tools": []}, stream=True):
            said += event.delta if event.type == "response.output_text.delta" else ""
    except Exception:  # noqa: BLE001  # here it is
        await asyncio.sleep(0)
    return said


async def closes_the_stream_to_stop(client: AsyncOpenAI, request: Request) -> None:
    """Read a stream until the user presses the stop button.

    *The mistake:* who closes a stream stops reading; a background response goes on, and costs.
    *Met in:* stop buttons that abort the request.
    *The mend:* cancel the response as well.
    """
    try:
        async with asyncio.timeout(5):
            async for _ in await client.responses.create(**request, background=True, stream=True):
                pass
    except TimeoutError:
        return


async def _write_out(client: AsyncOpenAI, request: Request, place: Any) -> str:
    """Do what :func:`zoo.responses_careful.telling` does; ``place`` says from where a stream is taken up."""
    said, id, seen, status = "", None, -1, ""
    stop_at = time.monotonic() + PATIENCE
    while status not in RESPONSE.terminal and time.monotonic() < stop_at:
        try:
            stream: Any = await (
                client.responses.create(**request, background=True, stream=True)
                if id is None
                else client.responses.retrieve(id, stream=True, **place(seen))
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
