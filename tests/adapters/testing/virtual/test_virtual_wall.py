"""What the clocks of the machine tell while time is virtual, and who is told that he reads them."""

# ruff: noqa: ASYNC110, ASYNC251, DTZ002, DTZ003, DTZ005, DTZ006, DTZ011  # services read naive dates, poll, block

from __future__ import annotations

import asyncio
import datetime  # noqa: ICN001  # by the names that services use
import datetime as dates  # noqa: ICN001  # the same
import threading
import time
import warnings
from datetime import UTC, timedelta
from datetime import datetime as Date  # noqa: N812  # beside the module
from time import monotonic as bound_monotonic
from time import sleep as bound_sleep
from typing import Any

import pytest

from runlife import MisuseError, VirtualClock
from runlife_adapters.clock import SystemClock
from runlife_adapters.testing.virtual import (
    LoopClock,
    TimeBudgetExceeded,
    VirtualTimeLoop,
    VirtualWall,
    run,
)

EPOCH = 1_700_000_000.0
REAL = (time.time, time.sleep, datetime.datetime, bound_monotonic, bound_sleep, Date, dates)


def the_same() -> bool:
    """Say whether everything is as it was when this module was imported."""
    now = (time.time, time.sleep, datetime.datetime, bound_monotonic, bound_sleep, Date, dates)
    return now == REAL


def test_every_clock_tells_virtual_time() -> None:
    """Those of time by way of the module, and in the user's modules also what is bound by name."""

    async def main() -> None:
        await asyncio.sleep(90.5)
        assert asyncio.get_running_loop().time() == 90.5
        assert time.time() == SystemClock().now() == EPOCH + 90.5
        assert time.time_ns() == 1_700_000_090_500_000_000
        assert time.monotonic() == time.perf_counter() == bound_monotonic() == 90.5
        assert time.monotonic_ns() == time.perf_counter_ns() == 90_500_000_000
        assert time.gmtime() == time.gmtime(EPOCH + 90.5)
        assert time.localtime() == time.localtime(time.time())
        assert time.ctime() == time.ctime(time.time())
        assert time.strftime("%S") == time.strftime("%S", time.gmtime(time.time()))
        now = Date(2023, 11, 14, 22, 14, 50, 500_000, tzinfo=UTC)
        assert Date.now(UTC) == datetime.datetime.now(UTC) == dates.datetime.now(UTC) == now
        assert Date.today() == Date.now() == Date.fromtimestamp(time.time())
        assert Date.utcnow() == now.replace(tzinfo=None)
        assert datetime.date.today() == now.astimezone().date()

    run(main())
    assert the_same()


def test_a_deadline_by_any_clock_is_met() -> None:
    """The loop that a service writes round its polling ends when it should."""

    async def main() -> tuple[float, float]:
        until = Date.now(UTC) + timedelta(minutes=10)
        while Date.now(UTC) < until:
            await asyncio.sleep(1)
        first = asyncio.get_running_loop().time()
        until_then = bound_monotonic() + 30
        while bound_monotonic() < until_then:
            await asyncio.sleep(1)
        return first, asyncio.get_running_loop().time()

    assert run(main(), budget=1_000) == (600.0, 630.0)


def test_dates_made_meanwhile_are_real_ones() -> None:
    """What stands for the class outlives no run, and every type check goes on as before."""
    before = Date(2020, 1, 1, tzinfo=UTC)

    async def main() -> Any:
        assert isinstance(before, Date)
        assert issubclass(REAL[2], Date)  # type: ignore[arg-type]
        made = [Date(2020, 1, 1, tzinfo=UTC), Date.now(), Date.fromisoformat("2020-01-01"), Date.utcnow()]
        assert made[0] == before
        return made

    assert {type(date) for date in run(main())} == {REAL[2]}


def test_a_model_whose_annotations_are_resolved_only_now_is_built() -> None:
    """Pydantic is shown the real class."""
    pydantic = pytest.importorskip("pydantic")

    async def main() -> Any:
        model = pydantic.create_model("Stamp", at=(Date, ...))
        return model(at="2020-01-01T00:00:00").at

    assert type(run(main())) is REAL[2]


def test_a_blocking_sleep_blocks_and_is_remarked_on() -> None:
    """As in reality nothing else runs meanwhile; and the line is named, once."""

    async def main() -> tuple[list[float], float]:
        told: list[float] = []
        loop = asyncio.get_running_loop()
        loop.call_later(1, lambda: told.append(loop.time()))
        await asyncio.sleep(0)
        for _ in range(2):
            time.sleep(5)
        await asyncio.sleep(0)
        return told, loop.time()

    with pytest.warns(RuntimeWarning, match=r"time.sleep\(5\) in async code blocks the loop") as caught:
        assert run(main()) == ([10.0], 10.0)
    (warning,) = caught
    assert warning.filename == __file__


def test_a_sleep_in_a_thread_takes_its_time_and_is_right() -> None:
    """That is what threads are for."""

    async def main() -> float:
        await asyncio.to_thread(bound_sleep, 5)
        time.sleep(0)
        return asyncio.get_running_loop().time()

    assert run(main()) == 5.0


def test_a_sleep_refuses_what_is_no_time() -> None:
    """As Python does."""

    async def main() -> None:
        for seconds in (-1, float("inf"), float("nan")):
            with pytest.raises(ValueError, match="negative"):
                time.sleep(seconds)

    run(main())


def test_blocking_for_ever_ends_with_the_budget() -> None:
    """Although the loop never has its turn, and although every error is caught."""

    async def main() -> None:
        while True:
            try:
                time.sleep(1)
            except Exception:  # noqa: BLE001, S112  # what it is about
                continue

    with pytest.raises(TimeBudgetExceeded, match=r"(?s)due at 11 s.*runs now.*mind: .*blocks the loop"):
        run(main(), budget=10)
    assert the_same()


def reading_time() -> float:
    """Read a clock by its module."""
    return time.time()


def reading_monotonic() -> float:
    """Read a clock that is bound by name."""
    return bound_monotonic()


def reading_date() -> Date:
    """Read a date from a class that is bound by name."""
    return Date.now()


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (time.time, None),
        (reading_time, r"time\.time\(\) reads the machine's clock"),
        (reading_monotonic, r"time\.monotonic\(\) reads"),
        (reading_date, r"datetime\.now\(\) reads"),
        (lambda: dates.datetime.now(UTC), r"datetime\.now\(\) reads"),
        (lambda: time.sleep(0), r"time\.sleep\(\) sleeps in real time"),
    ],
    ids=["kept", "time", "monotonic", "datetime", "by module", "sleep"],
)
def test_without_a_wall_whoever_reads_a_clock_is_told(read: Any, what: str | None) -> None:
    """Once for each place; what was kept before, in an argument, escapes."""

    async def main() -> float:
        for _ in range(3):
            read()
        await asyncio.sleep(600)
        return asyncio.get_running_loop().time()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert run(main(), wall=False) == 600.0
    assert [warning.filename for warning in caught] == [__file__] * (what is not None)
    if what:
        with pytest.warns(RuntimeWarning, match=what):
            run(main(), wall=False)
    assert the_same()


def test_libraries_may_read_the_clock() -> None:
    """Only the user's own lines are remarked on."""

    async def main() -> None:
        SystemClock().now()
        await asyncio.sleep(1)
        asyncio.new_event_loop().close()

    run(main(), wall=False)


def test_an_error_has_the_remarks_as_notes() -> None:
    """Often they are its cause."""

    async def main() -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            await asyncio.sleep(1)

    with pytest.raises(TimeBudgetExceeded, match=r"mind: .*test_virtual_wall.py:\d+: time.monotonic\(\)"):
        run(main(), budget=60, wall=False)

    async def other() -> None:
        time.time()
        raise KeyError

    with pytest.raises(KeyError) as caught:
        run(other(), wall=False)
    (note,) = caught.value.__notes__
    assert "time.time() reads the machine's clock" in note


def test_threads_that_were_there_before_read_the_real_clocks() -> None:
    """And their sleeping moves nothing."""
    begin, results = threading.Event(), list[float]()

    def bystander() -> None:
        begin.wait(5)
        time.sleep(0)
        results.append(time.time())

    thread = threading.Thread(target=bystander)
    thread.start()

    async def main() -> float:
        begin.set()
        thread.join()
        return asyncio.get_running_loop().time()

    assert run(main()) == 0.0
    assert results[0] > EPOCH + 86_400


def test_a_second_loop_lives_in_real_time() -> None:
    """It used to wait for ever for a moment that never came: its clock stood still while it slept."""

    async def main() -> None:
        await asyncio.to_thread(lambda: asyncio.run(asyncio.sleep(0.001)))

    run(main(), allow_sockets=True)


def test_a_module_imported_meanwhile_keeps_no_wall(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It bound what stood there; that is the real clock afterwards, and a virtual one in the next run."""
    (tmp_path / "imported_under_virtual_time.py").write_text("from time import time, sleep\n")
    monkeypatch.syspath_prepend(tmp_path)

    async def first() -> float:
        import imported_under_virtual_time as module  # type: ignore[import-not-found]

        read.append(module.time)
        return float(module.time())

    async def second() -> float:
        await asyncio.sleep(7)
        return read[0]()

    read: list[Any] = []
    assert run(first()) == EPOCH
    assert read[0]() > EPOCH + 86_400
    assert run(second()) == EPOCH + 7


def test_a_wall_of_its_own() -> None:
    """It stands before any clock that can be moved."""
    clock = VirtualClock(EPOCH)
    with VirtualWall(clock):
        time.sleep(2)
        assert (clock.now(), time.time(), time.monotonic()) == (EPOCH + 2, EPOCH + 2, 2.0)
        with pytest.raises(ValueError, match="non-negative"):
            time.sleep(-1)
    assert the_same()


def test_a_wall_needs_a_clock_that_can_be_moved() -> None:
    """One of the machine cannot."""
    with pytest.raises(MisuseError, match="advance"):
        VirtualWall(SystemClock())


def test_a_loop_that_does_not_run_is_moved_without_a_remark() -> None:
    """Before and after a run, blocking is nobody's mistake."""
    loop = VirtualTimeLoop()
    with VirtualWall(LoopClock(loop)):
        time.sleep(3)
    assert (loop.time(), loop.remarks) == (3.0, [])
    loop.close()
