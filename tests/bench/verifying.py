"""Measure the verifier: how many schedules a second, how long a bounded proof takes, and a shrunk failure.

    python tests/bench/verifying.py [--deviations K]

The floor is the client: as many calls of the official SDK, answered by a constant, with nothing around
them. What the verifier costs above that is its own: a World, a wire, a loop and a judgement for each.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import time
import warnings
from importlib.metadata import version
from typing import Any

from openai import AsyncOpenAI

from runlife_adapters.drive import drive_async
from runlife_adapters.http.inprocess import library_of_sdk
from runlife_adapters.openai import AsyncOpenAIBackend
from runlife_adapters.testing import LifecycleError, Trial, lifecycle
from runlife_adapters.testing.virtual import LoopClock


def lookup(**_arguments: Any) -> str:
    """Answer the calls of the assistant's only function."""
    return "found"


async def correct(world: Trial) -> None:
    """Drive a run to its end."""
    backend, clock = AsyncOpenAIBackend(world.client), LoopClock(asyncio.get_running_loop())
    outcome = await drive_async(
        backend, world.thread.id, world.assistant.id, tools=[lookup], deadline=300, clock=clock
    )
    world.check(outcome.view.status == world.run.status)


async def forgetful(world: Trial) -> None:
    """Drive one that takes ``incomplete`` for alive."""
    runs = world.client.beta.threads.runs
    run = await runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
    while run.status in {"queued", "in_progress", "cancelling", "incomplete"}:
        await asyncio.sleep(1)
        run = await runs.retrieve(run.id, thread_id=world.thread.id)


def floor(calls: int) -> float:
    """Return the seconds that so many calls of the SDK take, with nothing behind them."""
    body = {"id": "run_1", "object": "thread.run", "status": "queued", "thread_id": "thread_1"}
    library = library_of_sdk()

    async def ask() -> None:
        transport = library.MockTransport(lambda _request: library.Response(200, json=body))
        client = AsyncOpenAI(
            api_key="-", base_url="http://x/v1", http_client=library.AsyncClient(transport=transport)
        )
        for _ in range(calls):
            await client.beta.threads.runs.retrieve("run_1", thread_id="thread_1")

    began = time.perf_counter()
    asyncio.run(ask())
    return time.perf_counter() - began


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deviations", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)
    floor(50)
    lifecycle.verify(correct, deviations=0, random=0)
    for bound in range(1, options.deviations + 1):
        proof = lifecycle.verify(correct, deviations=bound, random=0)
        least = floor(proof.calls)
        print(
            f"all {proof.total:,} schedules with at most {bound} deviations: {proof.seconds:.2f} s, "
            f"{proof.total / proof.seconds:.0f} a second; {proof.calls:,} calls, "
            f"which alone take {least:.2f} s: {proof.seconds / least:.2f} times the floor"
        )
    proof = lifecycle.verify(correct, deviations=0, random=300)
    print(f"{proof.random} random schedules: {proof.random / proof.seconds:.0f} a second")
    began = time.perf_counter()
    try:
        lifecycle.verify(forgetful, deviations=2, random=0)
    except LifecycleError as error:
        seconds = time.perf_counter() - began
        print(f"a failure found and shrunk in {seconds:.2f} s: {error.report.story!r}")
    print(f"CPython {platform.python_version()}, openai {version('openai')}")


if __name__ == "__main__":
    main()
