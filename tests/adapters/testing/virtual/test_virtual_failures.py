"""Where a test would hang it fails, says who waits for what, and no `except` of the service hides it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from math import inf
from typing import Any

import pytest

from runlife import WorldError
from runlife_adapters.testing.virtual import (
    Deadlock,
    Livelock,
    TimeBudgetExceeded,
    VirtualTimeLoop,
    run,
    who_waits,
)


async def never() -> None:
    """Wait for what never comes."""
    await asyncio.get_running_loop().create_future()


def test_nothing_scheduled_is_a_deadlock() -> None:
    """At once, instead of a test that hangs."""
    with pytest.raises(Deadlock, match=r"deadlock at 0 s .* nothing is scheduled") as caught:
        run(never())
    assert isinstance(caught.value, WorldError)
    assert caught.value.moment == 0


def test_a_sleep_without_end_is_a_deadlock() -> None:
    """The stock loop would wake up once a day."""
    with pytest.raises(Deadlock, match="deadlock at 0 s"):
        run(asyncio.sleep(inf))


def test_the_picture_tells_who_waits_for_what() -> None:
    """Each task by its name, the user's own line first, libraries collapsed, and what it waits for."""

    async def consumer(queue: asyncio.Queue[str]) -> str:
        return await queue.get()

    async def main() -> None:
        task = asyncio.create_task(consumer(asyncio.Queue()), name="consumer")
        await asyncio.sleep(3)
        await task

    with pytest.raises(Deadlock) as caught:
        run(main())
    assert caught.value.moment == 3
    picture = caught.value.picture.splitlines()
    lines = [line.partition("test_virtual_failures.py")[2] or line for line in picture]
    own = [line.partition(" in ")[2] for line in lines if " in " in line]
    name = test_the_picture_tells_who_waits_for_what.__name__ + ".<locals>"
    assert own == [f"{name}.main: await task", f"{name}.consumer: return await queue.get()"]
    assert [line for line in lines if " in " not in line] == [
        "at 3 s: 2 tasks, 0 timers pending",
        f"  Task-1 ({name}.main)",
        "      waits for consumer",
        f"  consumer ({name}.consumer)",
        "      through 1 frame of asyncio, to Queue.get",
        "      waits for a future that no timer here resolves",
    ]


def test_a_picture_can_be_had_at_any_time() -> None:
    """Timers are shown with their moments; async generators are looked through."""

    async def numbers() -> Any:
        await asyncio.sleep(30)
        yield 1

    async def reader() -> None:
        async for _ in numbers():
            pass

    async def main() -> str:
        tasks = [asyncio.create_task(reader(), name="reader")]
        await asyncio.sleep(1)
        asyncio.get_running_loop().call_later(9, print)
        picture = who_waits(asyncio.get_running_loop())
        await asyncio.gather(*tasks)
        return picture

    picture = run(main())
    assert picture.startswith("at 1 s: 2 tasks, 2 timers pending\n")
    assert "numbers: await asyncio.sleep(30)\n" in picture
    assert "reader: async for _ in numbers():\n" in picture
    assert "to sleep\n      waits for the timer at 30 s\n" in picture
    assert "      runs now\n" in picture
    assert "  timer at 10 s: builtins's print" in picture


def test_a_picture_of_a_stock_loop() -> None:
    """It has no timers that could be seen, but its tasks can."""

    async def main() -> str:
        return who_waits(asyncio.get_running_loop())

    assert "1 task, 0 timers pending" in asyncio.run(main())


def test_many_timers_are_not_all_shown() -> None:
    """A picture is for one screen."""

    async def main() -> None:
        for number in range(30):
            asyncio.get_running_loop().call_later(100 + number, lambda: None)
        await asyncio.sleep(100)

    with pytest.raises(TimeBudgetExceeded, match=r"(?s)timer at 100 s: .*<lambda> \(.*and 11 timers more"):
        run(main(), budget=50)


async def poll_for_ever() -> None:
    """Poll as services do that never look at the time."""
    while True:  # noqa: ASYNC110  # as they do
        await asyncio.sleep(1)


def test_a_budget_is_a_limit() -> None:
    """What is due at the very end still happens."""
    with pytest.raises(TimeBudgetExceeded, match=r"budget of 60 s .* at 60 s, .* due at 61 s") as caught:
        run(poll_for_ever(), budget=60)
    assert (caught.value.moment, caught.value.due) == (60, 61)
    assert "await asyncio.sleep(1)" in caught.value.picture


def test_turning_without_end_is_a_livelock() -> None:
    """A budget of time never ends where time does not pass."""

    async def main() -> None:
        while True:  # noqa: ASYNC110  # what it is about
            await asyncio.sleep(0)

    loop = VirtualTimeLoop()
    loop.most_turns = 1_000
    task = loop.create_task(main())
    with pytest.raises(Livelock, match="time never moves on"):
        loop.run_until_complete(task)
    loop.forgive()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


@pytest.mark.parametrize("caught", [Exception, BaseException])
@pytest.mark.parametrize(
    ("waiting", "expected"),
    [(never, Deadlock), (poll_for_ever, TimeBudgetExceeded)],
    ids=["deadlock", "budget"],
)
def test_no_service_catches_it(caught: type[BaseException], waiting: Any, expected: type[Exception]) -> None:
    """However broad its `except`, and however it goes on, the caller gets the error."""

    async def service() -> str:
        for _ in range(10):
            try:
                await waiting()
            except caught:
                continue
        return "all is well"

    with pytest.raises(expected):
        run(service(), budget=10)


def test_a_service_that_cannot_be_stopped_is_told_of() -> None:
    """The error says that it would not end, and nothing of it is heard of again."""

    async def service() -> None:
        while True:
            with suppress(BaseException):
                await asyncio.sleep(1)

    with pytest.raises(TimeBudgetExceeded) as caught:
        run(service(), budget=10)
    assert caught.value.__notes__ == ["Task-1 was cancelled 3 times and would not end"]


def test_an_error_is_the_same_twice() -> None:
    """Picture and all."""
    texts: list[str] = []
    for _ in range(2):
        with pytest.raises(TimeBudgetExceeded) as caught:
            run(poll_for_ever(), budget=10)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
