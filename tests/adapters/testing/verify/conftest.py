"""Services to be tried: one that does everything well, by hand, and what a test makes of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from runlife_adapters.testing.verify.trial import Trial

ENDED = ("completed", "failed", "incomplete", "cancelled", "expired")


async def poll(world: Trial) -> Any:
    """Create a run, answer its calls, and poll it to its end; the network is left to the SDK."""
    runs = world.client.beta.threads.runs
    run = await runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
    while run.status not in ENDED:
        if run.status == "requires_action":
            calls = run.required_action.submit_tool_outputs.tool_calls
            outputs = [{"tool_call_id": call.id, "output": "found"} for call in calls]
            run = await runs.submit_tool_outputs(run.id, thread_id=world.thread.id, tool_outputs=outputs)
        else:
            await asyncio.sleep(1)
            run = await runs.retrieve(run.id, thread_id=world.thread.id)
    return run


@pytest.fixture
def well() -> Callable[[Trial], Awaitable[None]]:
    """Give the test of a service that does well as long as the network does."""

    async def test(world: Trial) -> None:
        run = await poll(world)
        world.check(run.status == world.run.status, "it says something else")

    return test


@pytest.fixture
def careless() -> Callable[[Trial], Awaitable[None]]:
    """Give the test of a service that knows nothing of ``incomplete``."""

    async def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        run = await runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
        while run.status in ("queued", "in_progress", "cancelling", "incomplete"):
            await asyncio.sleep(1)
            run = await runs.retrieve(run.id, thread_id=world.thread.id)

    return test


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """See to it that no key of the environment finds its way into a test."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert openai
