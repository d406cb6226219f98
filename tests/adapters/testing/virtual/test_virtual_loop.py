"""The loop whose time is virtual: what it does is what asyncio does, at once."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import queue
import random
import sys
import threading
from math import inf, nan
from typing import Any

import pytest

from runlife import Clock, MisuseError, TimeError, VirtualClock
from runlife_adapters.testing.virtual import LoopClock, VirtualTimeLoop, run


def here() -> VirtualTimeLoop:
    """Return the running loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop


def test_a_day_passes_at_once() -> None:
    """Time jumps from timer to timer, and is exactly what they were set for."""

    async def main() -> tuple[float, int]:
        for _ in range(600):
            await asyncio.sleep(1)
        await asyncio.sleep(100 * 86_400)
        return here().time(), here().jumps

    assert run(main()) == (600.0 + 8_640_000.0, 601)


def test_time_begins_at_zero() -> None:
    """Where floats are finest; a LoopClock adds the date."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        loop = runner.get_loop()
        clock = LoopClock(loop, epoch=1_000.0)
        assert loop.time() == 0.0
        runner.run(asyncio.sleep(2.5))
        assert (clock.now(), clock.elapsed()) == (1_002.5, 2.5)
        assert isinstance(clock, Clock)
        assert repr(clock) == "LoopClock(now=1002.5)"


def test_timers_of_one_moment_fire_in_the_order_in_which_they_were_set() -> None:
    """The stock loop keeps them in a heap, which does not keep their order."""

    async def main() -> list[int]:
        fired: list[int] = []
        for number in range(50):
            here().call_at(5.0, fired.append, number)
        await asyncio.sleep(5)
        return fired

    assert run(main()) == list(range(50))


def test_timers_fire_at_their_own_moment_however_close_they_are() -> None:
    """The stock loop fires all that is due within the resolution of the clock: 15.6 ms on Windows."""

    async def main() -> list[float]:
        told: list[float] = []
        moments = [0.3, 0.1 + 0.2, 0.3001, 1e9, 1e9 + 1e-6]
        for moment in reversed(moments):
            here().call_at(moment, lambda: told.append(here().time()))
        await asyncio.sleep(2e9)
        assert told == sorted(moments)
        return told

    assert len(run(main())) == 5


def test_a_timer_is_never_an_ulp_short() -> None:
    """Whatever was slept, who waits for a moment has reached it when it wakes."""
    seconds = random.Random(7)

    async def main() -> None:
        clock = LoopClock(here())
        for _ in range(2_000):
            due = clock.now() + seconds.choice([0.1, 1.0, 0.5, 8.0, 1 / 3]) * seconds.random()
            wake = here().time() + 0.1
            await asyncio.sleep(due - clock.now())
            assert clock.now() >= due
            await asyncio.sleep(wake - here().time())
            assert here().time() >= wake or wake - here().time() < 1e-9

    run(main())


def test_a_timer_that_is_cancelled_takes_no_time() -> None:
    """Nor does it stand in the queue for long."""

    async def main() -> int:
        for _ in range(1_000):
            async with asyncio.timeout(600):
                await asyncio.sleep(0)
        assert here().time() == 0
        handle = here().call_later(5, pytest.fail)
        here().call_at(5, handle.cancel)
        same = here().call_at(6, pytest.fail)
        here().call_at(5.5, same.cancel)
        await asyncio.sleep(10)
        return len(here().timers())

    assert run(main()) == 0


def test_a_timer_sees_the_context_in_which_it_was_set() -> None:
    """As in asyncio."""
    variable = contextvars.ContextVar("variable", default="outside")

    async def main() -> list[str]:
        seen: list[str] = []
        variable.set("inside")
        here().call_later(1, lambda: seen.append(variable.get()))
        other = contextvars.Context()
        here().call_later(1, lambda: seen.append(variable.get()), context=other)
        await asyncio.sleep(2)
        return seen

    assert run(main()) == ["inside", "outside"]


def test_what_is_no_time_is_refused() -> None:
    """NaN has no place in a queue."""

    async def main() -> None:
        here().call_at(nan, pytest.fail)

    with pytest.raises(TimeError, match="nan"):
        run(main())


def test_a_loop_that_is_closed_takes_no_timers() -> None:
    """It says so as asyncio does."""
    loop = VirtualTimeLoop()
    loop.close()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        loop.call_later(1, pytest.fail)


def test_two_runs_are_identical() -> None:
    """The same tasks, by the same names, in the same order, at the same moments."""

    async def main() -> list[Any]:
        log: list[Any] = []
        chance = random.Random(3)

        async def worker(number: int) -> None:
            for _ in range(20):
                await asyncio.sleep(chance.choice([0, 0.1, 0.25, 1]))
                task = asyncio.current_task()
                log.append((here().time(), number, task and task.get_name()))

        await asyncio.gather(*map(worker, range(10)))
        return log

    assert run(main()) == run(main())


# Executors and threads


def test_a_thread_takes_no_virtual_time() -> None:
    """Executors run inline: no timer that is pending fires meanwhile."""

    async def main() -> tuple[str, float]:
        here().call_later(600, pytest.fail)
        answer = await asyncio.to_thread(str.upper, "done")
        same = await here().run_in_executor(None, str.upper, "done")
        assert answer == same
        return answer, here().time()

    assert run(main()) == ("DONE", 0.0)


def test_an_executor_hands_on_what_its_function_raises() -> None:
    """Also what no future takes."""

    async def main() -> None:
        with pytest.raises(KeyError):
            await asyncio.to_thread({}.__getitem__, "missing")
        with pytest.raises(RuntimeError, match="StopIteration"):
            await here().run_in_executor(None, next, iter(()))

    run(main())


def test_a_function_in_an_executor_sees_no_running_loop() -> None:
    """There are libraries that refuse to block where a loop runs; in a thread of its own none does."""

    async def main() -> bool:
        def look() -> bool:
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            return True

        return await asyncio.to_thread(look) and asyncio.get_running_loop() is here()

    assert run(main())


def test_a_real_thread_wakes_the_loop() -> None:
    """And time does not jump while it works."""

    async def main() -> float:
        here().call_later(600, lambda: None)
        woken, hold = asyncio.Event(), threading.Event()

        def work() -> None:
            hold.wait(0.02)
            sum(range(200_000))
            loop.call_soon_threadsafe(woken.set)

        loop = here()
        thread = threading.Thread(target=work)
        thread.start()
        hold.set()
        await woken.wait()
        thread.join()
        return loop.time()

    assert run(main(), wall=False) == 0.0


def test_the_threads_of_anyio_take_no_virtual_time(tmp_path: Any) -> None:
    """Anyio reads files in threads of its own, which the loop does not hand out; the SDK uploads that way."""
    anyio = pytest.importorskip("anyio")
    (tmp_path / "file").write_bytes(b"content")

    async def main() -> tuple[bytes, float]:
        here().call_later(600, lambda: None)
        return await anyio.Path(tmp_path / "file").read_bytes(), here().time()

    assert run(main()) == (b"content", 0.0)


def test_a_thread_that_never_rests_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for long, and only once; the caller is told."""
    monkeypatch.setattr("runlife_adapters.testing.virtual.threads._PATIENCE", 0.01)
    leave = False

    def work() -> None:
        while not leave:
            sum(range(100))

    async def main() -> float:
        threading.Thread(target=work, name="restless").start()
        await asyncio.sleep(1)
        await asyncio.sleep(1)
        return here().time()

    with pytest.warns(RuntimeWarning, match="the thread 'restless' works on in real time") as caught:
        assert run(main()) == 2.0
    leave = True
    assert len(caught) == 1


# How it ends


def test_what_is_left_is_cancelled_and_may_clean_up() -> None:
    """It even has some time for that."""
    cleaned: list[str] = []

    async def left() -> None:
        try:
            await asyncio.sleep(inf)
        finally:
            await asyncio.sleep(5)
            cleaned.append("task")

    async def numbers() -> Any:
        try:
            yield 1
        finally:
            cleaned.append("generator")

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(None)
        keep.append(asyncio.create_task(left()))
        keep.append(generator := numbers())
        await anext(generator)

    keep: list[object] = []
    run(main())
    assert cleaned == ["task", "generator"]


def test_a_task_that_will_not_end_is_given_up() -> None:
    """With a remark; asyncio would wait for it for ever."""

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(1)
            except BaseException:  # noqa: BLE001, S112  # what it is about
                continue

    async def main() -> str:
        keep.append(asyncio.create_task(stubborn(), name="stubborn"))
        await asyncio.sleep(0)
        return "done"

    keep: list[object] = []
    with pytest.warns(RuntimeWarning, match="stubborn was cancelled 3 times and would not end"):
        assert run(main()) == "done"


def test_an_error_of_what_is_left_is_not_lost(caplog: pytest.LogCaptureFixture) -> None:
    """It is told as asyncio tells it."""

    async def left() -> None:
        try:
            await asyncio.sleep(inf)
        finally:
            raise KeyError("in the end")

    async def main() -> None:
        keep.append(asyncio.create_task(left()))
        await asyncio.sleep(0)

    keep: list[object] = []
    run(main())
    assert "unhandled exception during shutdown" in caplog.text


def test_an_error_of_the_service_reaches_the_caller() -> None:
    """As it was raised."""

    async def main() -> None:
        await asyncio.sleep(1)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(main())


def test_a_run_inside_a_loop_is_refused() -> None:
    """There is nothing to be gained: await it."""

    async def inner() -> None:
        pytest.fail("it ran")

    async def main() -> None:
        run(inner())

    with pytest.raises(MisuseError, match="await the coroutine instead"):
        run(main())


def test_only_virtual_time_can_be_moved() -> None:
    """A clock of a stock loop says so."""
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(MisuseError, match="only a VirtualTimeLoop"):
            LoopClock(loop).advance(1)
    finally:
        loop.close()
    assert VirtualClock(1.0).now() == 1.0


@pytest.mark.parametrize("kind", ["pool", "queue", "event"])
def test_work_that_a_thread_has_not_taken_up_yet_is_waited_for(kind: str) -> None:
    """On a busy machine a thread may sleep on for long after it was handed work; time used to jump."""

    async def main() -> float:
        here().call_later(600, lambda: None)
        loop, done, go, items = here(), asyncio.Event(), threading.Event(), queue.Queue[Any]()

        def report() -> None:
            loop.call_soon_threadsafe(done.set)

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            if kind == "pool":
                pool.submit(report)
            elif kind == "queue":
                pool.submit(lambda: items.get()())  # noqa: PLW0108  # not before it runs
                await asyncio.sleep(1)
                items.put(report)
            else:
                pool.submit(lambda: go.wait() and report())
                await asyncio.sleep(1)
                go.set()
            await done.wait()
        return loop.time()

    with Busy():
        assert run(main(), wall=False) == (0.0 if kind == "pool" else 1.0)


class Busy:
    """Keeps the interpreter from other threads for as long as it may: a machine under load."""

    def __enter__(self) -> None:
        self.before = sys.getswitchinterval()
        sys.setswitchinterval(0.5)

    def __exit__(self, *_: object) -> None:
        sys.setswitchinterval(self.before)
