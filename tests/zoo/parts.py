"""What services do with a run, step by step, without a mistake: see :mod:`zoo.careful` for the rules."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from openai import APIConnectionError, BadRequestError, InternalServerError, RateLimitError

from runlife import RUN

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

UNSURE = APIConnectionError, InternalServerError, RateLimitError
"""After these nobody knows whether a call took effect. A timeout is an ``APIConnectionError``."""

ATTEMPTS = 4


def lookup(**_arguments: Any) -> str:
    """Look something up: the function of the assistant."""
    return "it is in the third drawer"


def calls_of(run: Any) -> Any:
    """Return the calls that a run waits for."""
    return run.required_action.submit_tool_outputs.tool_calls


def outputs_of(run: Any) -> list[dict[str, str]]:
    """Answer all calls of a run."""
    return [{"tool_call_id": call.id, "output": lookup()} for call in calls_of(run)]


async def create(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Create a run, one and no more, also when answers get lost."""
    runs, key = client.with_options(max_retries=0).beta.threads.runs, uuid4().hex
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await runs.create(thread_id, assistant_id=assistant_id, metadata={"key": key})
        except UNSURE:
            await asyncio.sleep(1)
            if run := await find(client, thread_id, key):
                return run
            if attempt == ATTEMPTS:
                raise
    return None


async def find(client: AsyncOpenAI, thread_id: str, key: str) -> Any:
    """Return the run that has a key in its metadata, or None."""
    async for run in client.beta.threads.runs.list(thread_id):
        if (run.metadata or {}).get("key") == key:
            return run
    return None


async def look(client: AsyncOpenAI, run: Any) -> Any:
    """Return the run as it is a second later."""
    await asyncio.sleep(1)
    return await client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)


async def answer(client: AsyncOpenAI, run: Any) -> Any:
    """Answer the calls of a run, and return it as it is then."""
    runs = client.with_options(max_retries=0).beta.threads.runs
    try:
        await runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs_of(run))
    except (BadRequestError, *UNSURE):
        pass  # it was too late, or nobody knows: look
    return await look(client, run)


async def cancel(client: AsyncOpenAI, run: Any) -> Any:
    """Ask a run to stop, and return it as it is then."""
    runs = client.with_options(max_retries=0).beta.threads.runs
    try:
        await runs.cancel(run.id, thread_id=run.thread_id)
    except (BadRequestError, *UNSURE):
        pass  # it was too late, or nobody knows: look
    return await look(client, run)


async def follow(client: AsyncOpenAI, run: Any, *, patience: float = 600) -> Any:
    """Do for a run what it asks for, until it is over; after so many seconds, ask it to stop."""
    stop_at = time.monotonic() + patience
    while run.status not in RUN.terminal:
        if time.monotonic() >= stop_at and run.status != "cancelling":
            run = await cancel(client, run)
        elif run.status == "requires_action":
            run = await answer(client, run)
        else:
            run = await look(client, run)
    return run


# --------------------------------------------------------------------------- without async


def create_blocking(client: OpenAI, thread_id: str, assistant_id: str) -> Any:
    """Create a run, one and no more, also when answers get lost."""
    runs, key = client.with_options(max_retries=0).beta.threads.runs, uuid4().hex
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return runs.create(thread_id, assistant_id=assistant_id, metadata={"key": key})
        except UNSURE:
            time.sleep(1)
            for run in client.beta.threads.runs.list(thread_id):
                if (run.metadata or {}).get("key") == key:
                    return run
            if attempt == ATTEMPTS:
                raise
    return None


def look_blocking(client: OpenAI, run: Any) -> Any:
    """Return the run as it is a second later."""
    time.sleep(1)
    return client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)


def answer_blocking(client: OpenAI, run: Any) -> Any:
    """Answer the calls of a run, and return it as it is then."""
    runs = client.with_options(max_retries=0).beta.threads.runs
    try:
        runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs_of(run))
    except (BadRequestError, *UNSURE):
        pass  # it was too late, or nobody knows: look
    return look_blocking(client, run)
