"""Ten minutes of the official SDK's polling, against the fake, at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runlife import VirtualClock
from runlife_adapters.http import Service, async_client, sync_client
from runlife_adapters.memory import NEVER, After, Schedule, World
from runlife_adapters.testing.virtual import (
    Deadlock,
    LoopClock,
    SyncTime,
    TimeBudgetExceeded,
    VirtualTimeLoop,
    run,
)

openai = pytest.importorskip("openai")

STUCK = Schedule(in_progress=[After(NEVER)])


def scene(world: World, client: Any) -> dict[str, str]:
    """Make a thread and an assistant; return their ids as calls take them."""
    assistant = world.create_assistant(model="gpt-4o")
    thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}])
    return {"thread_id": thread.id, "assistant_id": assistant.id}


async def poll(ttl: float = 600.0) -> tuple[str, float, int]:
    """Create a Run that hangs and poll it to its end; return its status, the time, and the jumps."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    world = World(LoopClock(loop), schedule=STUCK, run_ttl=ttl)
    client = openai.AsyncOpenAI(api_key="-", http_client=async_client(Service(world)))
    ids = scene(world, client)
    ended = await client.beta.threads.runs.create_and_poll(**ids)
    await client.close()
    return ended.status, loop.time(), loop.jumps


@pytest.mark.slow
def test_ten_minutes_of_polling() -> None:
    """One poll a second, until the run expires; exactly 600 s, in one jump for each."""
    assert run(poll()) == ("expired", 600.0, 600)


def test_two_runs_are_identical() -> None:
    """The same end at the same moment, by as many jumps."""
    assert run(poll(20.0)) == run(poll(20.0)) == ("expired", 20.0, 20)


def test_the_first_request_takes_no_time() -> None:
    """It asks a thread for the platform; a loop that jumped meanwhile used up the 600 s that were pending."""

    async def main() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        loop.call_later(600, pytest.fail)
        world = World(LoopClock(loop))
        client = openai.AsyncOpenAI(api_key="-", http_client=async_client(Service(world)))
        assert getattr(client, "_platform", None) is None, "the SDK no longer asks with its first request"
        created = await client.beta.threads.runs.create(**scene(world, client))
        return created.status, loop.time()

    assert run(main()) == ("queued", 0.0)


def test_a_run_that_never_ends_uses_up_the_budget() -> None:
    """The picture shows the service's own line, and through what it waits."""
    with pytest.raises(TimeBudgetExceeded) as caught:
        run(poll(ttl=600.0), budget=10)
    picture = caught.value.picture
    assert "poll: ended = await client.beta.threads.runs.create_and_poll(**ids)" in picture
    assert "of openai, anyio, asyncio, to sleep" in picture or "of openai, asyncio, to sleep" in picture
    assert "waits for the timer at 11 s" in picture


def test_a_client_that_waits_for_nothing_is_a_deadlock() -> None:
    """The client is open, the service waits for an event that nobody sets."""

    async def main() -> None:
        world = World(LoopClock(asyncio.get_running_loop()))
        async with openai.AsyncOpenAI(api_key="-", http_client=async_client(Service(world))) as client:
            await client.beta.threads.runs.create(**scene(world, client))
            await asyncio.Event().wait()

    with pytest.raises(Deadlock, match=r"through 1 frame of asyncio, to Event.wait"):
        run(main())


def test_a_blocking_client_polls_on_virtual_time() -> None:
    """Its time.sleep between two polls moves the World's clock."""
    clock = VirtualClock(1_700_000_000.0)
    world = World(clock, schedule=STUCK, run_ttl=20.0)
    with (
        openai.OpenAI(api_key="-", http_client=sync_client(Service(world))) as client,
        SyncTime(clock, budget=60) as passing,
    ):
        ended = client.beta.threads.runs.create_and_poll(**scene(world, client))
    assert (ended.status, clock.now(), passing.advances) == ("expired", 1_700_000_020.0, 20)
