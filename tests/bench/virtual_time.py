"""Measure ten minutes of polling on virtual time, as ratios to what the same requests cost anyway.

    python tests/bench/virtual_time.py [--rounds N]

The service is the official SDK's ``create_and_poll``, unchanged, against the fake in this process, and a
Run that never moves until it expires after 600 s. The bare number of requests is as many ``retrieve`` by
the same client on a stock asyncio loop, one after the other, with no pause between them: what is left is
what virtual time costs. The best of interleaved rounds counts.
"""

from __future__ import annotations

import argparse
import asyncio
import time
import warnings
from typing import Any

from measure import Job, best_of

from runlife import VirtualClock
from runlife_adapters.http import Service, async_client
from runlife_adapters.memory import NEVER, After, Schedule, World
from runlife_adapters.testing.virtual import LoopClock, VirtualTimeLoop, run

POLLED = 600.0
"""Virtual seconds until the Run expires."""

TURNS = 2_000
"""Turns of a loop in one round."""

LOOPS = 100
"""Loops made in one round."""


def scene(clock: Any) -> tuple[Any, str, str, World]:
    """Return a client, a thread and an assistant of a fake whose Runs hang, and the fake."""
    from openai import AsyncOpenAI

    world = World(clock, schedule=Schedule(in_progress=[After(NEVER)]), run_ttl=POLLED)
    assistant = world.create_assistant(model="gpt-4o")
    thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}])
    client = AsyncOpenAI(api_key="-", http_client=async_client(Service(world)))
    return client, thread.id, assistant.id, world


async def poll() -> tuple[float, int]:
    """Create a Run and poll it to its end; return the virtual seconds, and the jumps."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    client, thread, assistant, _ = scene(LoopClock(loop))
    ended = await client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=assistant)
    assert ended.status == "expired"
    return loop.time(), loop.jumps


async def ask(times: int) -> None:
    """Make as many requests, with no pause."""
    client, thread, assistant, _ = scene(VirtualClock(1_700_000_000))
    runs = client.beta.threads.runs
    created = await runs.create(thread_id=thread, assistant_id=assistant)
    for _ in range(times - 1):
        await runs.retrieve(created.id, thread_id=thread)


async def sleep(times: int) -> None:
    """Sleep so often, for a second."""
    for _ in range(times):
        await asyncio.sleep(1)


async def turn(times: int) -> None:
    """Let the loop turn so often."""
    for _ in range(times):
        await asyncio.sleep(0)


def make(loop: type[asyncio.AbstractEventLoop]) -> None:
    """Make loops, and close them."""
    for _ in range(LOOPS):
        loop().close()


def main() -> None:
    """Print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's, on each method of the Assistants API

    seconds, jumps = run(poll())
    requests = jumps + 2  # the first poll comes at once
    best = best_of(
        [
            Job("polling", lambda: lambda: run(poll()), 1),
            Job("requests", lambda: lambda: asyncio.run(ask(requests)), 1),
            Job("sleeps", lambda: lambda: run(sleep(jumps)), jumps),
            Job("turns", lambda: lambda: run(turn(jumps)), jumps),
            Job("stock turns", lambda: lambda: asyncio.run(turn(jumps)), jumps),
            Job("loop", lambda: lambda: make(VirtualTimeLoop), LOOPS),
            Job("stock loop", lambda: lambda: make(asyncio.SelectorEventLoop), LOOPS),
            Job("nothing", lambda: lambda: run(sleep(0)), 1),
            Job("stock nothing", lambda: lambda: asyncio.run(sleep(0)), 1),
        ],
        rounds,
    )
    real = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        run(poll())
        real = min(real, time.perf_counter() - began)

    def line(what: str, amount: str, ratio: str = "") -> None:
        print(f"{what:36} {amount:>12}   {ratio}".rstrip())

    print(f"create_and_poll of {seconds:g} virtual seconds, {requests} requests")
    line(
        f"  processor time, best of {rounds}",
        f"{best['polling']:.3f} s",
        f"{seconds / best['polling']:,.0f} × faster",
    )
    line(f"  real time, best of {rounds}", f"{real:.3f} s", f"{seconds / real:,.0f} × faster")
    line("  one request of it", f"{best['polling'] / requests * 1e6:.0f} µs")
    line(
        "  the same requests, bare",
        f"{best['requests']:.3f} s",
        f"{best['polling'] / best['requests']:.2f} ×",
    )
    line("one asyncio.sleep(1)", f"{best['sleeps'] * 1e6:.1f} µs")
    stock = "× stock asyncio"
    line(
        "one turn of the loop",
        f"{best['turns'] * 1e6:.1f} µs",
        f"{best['turns'] / best['stock turns']:.2f} {stock}",
    )
    line(
        "one loop, made and closed",
        f"{best['loop'] * 1e6:.0f} µs",
        f"{best['loop'] / best['stock loop']:.2f} {stock}",
    )
    line(
        "one run() of nothing",
        f"{best['nothing'] * 1e6:.0f} µs",
        f"{best['nothing'] / best['stock nothing']:.2f} {stock}",
    )


if __name__ == "__main__":
    main()
