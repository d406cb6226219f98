"""The shells: they wait, call and run tools as they are told, and let go of a run in good order."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from attrs import define, field

from runlife import MisuseError, ServerError, VirtualClock
from runlife_adapters.backend import RejectedError, RunView, UnavailableError
from runlife_adapters.drive import (
    KEY,
    Abandoned,
    AsyncDriver,
    Backoff,
    Cancelled,
    Completed,
    Driver,
    Expired,
    Observed,
    Sent,
    attach,
    attach_async,
    drive,
    drive_async,
)
from runlife_adapters.memory import NEVER, After, Schedule, World
from runlife_adapters.memory.backend import AsyncMemoryBackend, MemoryBackend

TWO_CALLS = Schedule(in_progress=[After(1, "requires_action", tools=2)])
STUCK = Schedule(in_progress=[After(NEVER)])
ONE_LONG_WAIT = Backoff(first=1000.0, most=1000.0)


@define
class Scene:
    """A World with an assistant and a thread, and both kinds of backend."""

    world: World
    assistant: str
    thread: str
    backend: MemoryBackend
    async_backend: AsyncMemoryBackend
    calls: list[str] = field(factory=list[str])

    async def sleep(self, seconds: float) -> None:
        self.world.advance(seconds)
        await asyncio.sleep(0)

    def status(self) -> str:
        (run,) = self.world.list_runs(self.thread).data
        return run.status.value

    def driver(self, **options: Any) -> Driver:
        usual = {"clock": self.world.clock, "sleep": self.world.advance}
        return Driver(self.backend, self.thread, self.assistant, **{**usual, **options})

    def async_driver(self, **options: Any) -> AsyncDriver:
        usual = {"clock": self.world.clock, "sleep": self.sleep}
        return AsyncDriver(self.async_backend, self.thread, self.assistant, **{**usual, **options})


def scene(schedule: Schedule | None = None, clock: VirtualClock | None = None) -> Scene:
    """Return a scene in which the server keeps to a schedule."""
    world = World(clock or VirtualClock(1_700_000_000), schedule=schedule)
    functions = [{"type": "function", "function": {"name": name}} for name in ("one", "two")]
    assistant = world.create_assistant(model="gpt-4o", tools=functions)
    thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}])
    return Scene(world, assistant.id, thread.id, MemoryBackend(world), AsyncMemoryBackend(world))


def interrupt(entry: object) -> None:
    """Press Ctrl-C when the run is first seen."""
    if isinstance(entry, Observed):
        raise KeyboardInterrupt


# Both shells drive


def test_a_run_is_driven_to_its_end_with_its_tools() -> None:
    """From the creation through a round of calls to the reply, and the thread is free again."""
    s = scene(TWO_CALLS)
    outcome = drive(
        s.backend,
        s.thread,
        s.assistant,
        tools={"one": lambda: "1", "two": lambda: "2"},
        overrides={"metadata": {"mine": "yes"}},
        key="my key",
        clock=s.world.clock,
        sleep=s.world.advance,
    )
    assert isinstance(outcome, Completed)
    assert outcome.text
    assert outcome.view.metadata == {"mine": "yes", KEY: "my key"}
    s.world.create_message(s.thread, role="user", content="Thanks")


def test_a_run_is_driven_asynchronously_with_its_tools_side_by_side() -> None:
    """The calls of one round run concurrently: each waits for the other here."""
    s = scene(TWO_CALLS)

    async def main() -> Any:
        both = asyncio.Barrier(2)

        async def tool() -> int:
            return await both.wait()

        return await drive_async(
            s.async_backend,
            s.thread,
            s.assistant,
            tools={"one": tool, "two": tool},
            clock=s.world.clock,
            sleep=s.sleep,
        )

    assert isinstance(asyncio.run(main()), Completed)


def test_an_existing_run_is_taken_up() -> None:
    """Attaching needs nothing but the run's id, in either shell."""
    for number, kind in enumerate([MemoryBackend, AsyncMemoryBackend]):
        s = scene()
        run = s.world.create_run(s.thread, assistant_id=s.assistant)
        outcome: Any
        if number == 0:
            outcome = attach(kind(s.world), s.thread, run.id, clock=s.world.clock, sleep=s.world.advance)
        else:
            outcome = asyncio.run(
                attach_async(kind(s.world), s.thread, run.id, clock=s.world.clock, sleep=s.sleep)
            )
        assert isinstance(outcome, Completed)
        assert not [entry for entry in outcome.log if isinstance(entry, Sent)]


def test_both_shells_tell_the_same_story() -> None:
    """The same run gives the same log, sync or async: they share every decision."""
    logs = []
    for shell in ("sync", "async"):
        s = scene(TWO_CALLS)
        told: dict[str, Any] = {"tools": {"one": lambda: 1, "two": lambda: 2}, "new_key": lambda: "key"}
        sync = shell == "sync"
        outcome = s.driver(**told).run() if sync else asyncio.run(s.async_driver(**told).run())
        logs.append(outcome.log)
    assert logs[0] == logs[1]


def test_with_no_tools_of_ours_a_run_that_waits_is_watched_until_it_expires() -> None:
    """tools=None leaves the calls to somebody else; if nobody answers, the run expires."""
    assert isinstance(scene(TWO_CALLS).driver(tools=None).run(), Expired)


def test_a_foreign_active_run_is_the_callers_to_hear_of() -> None:
    """The service's refusal comes out as it is, from either shell; nothing of the foreign run is touched."""
    s = scene(STUCK)
    s.world.create_run(s.thread, assistant_id=s.assistant)
    with pytest.raises(RejectedError, match="already has an active run"):
        s.driver().run()
    with pytest.raises(RejectedError, match="already has an active run"):
        asyncio.run(s.async_driver().run())
    assert s.status() == "in_progress" or s.status() == "queued"


def test_the_observer_sees_the_log_as_it_is_made() -> None:
    """Every entry is shown once, in order, and the outcome's log is the same."""
    seen: list[Any] = []
    outcome = scene(TWO_CALLS).driver(observe=seen.append).run()
    assert tuple(seen) == outcome.log


def test_a_handle_says_what_is_driven() -> None:
    """Who holds the driver can see the run: its id, its key, what was last seen."""
    s = scene()
    driver = s.driver(key="key")
    assert (driver.run_id, driver.key, driver.view) == (None, "key", None)
    driver.run()
    assert driver.run_id is not None
    assert driver.view is not None
    assert driver.view.status == "completed"


# Tools that fail


def test_a_tool_that_raises_cancels_the_run_and_reaches_the_caller() -> None:
    """With on_tool_error="raise" the exception is the tool's own, and the thread is free when it comes."""

    def one() -> None:
        msg = "no"
        raise ZeroDivisionError(msg)

    for shell in ("sync", "async"):
        s = scene(TWO_CALLS)
        told: dict[str, Any] = {"tools": {"one": one, "two": one}, "on_tool_error": "raise"}
        with pytest.raises(ZeroDivisionError) as caught:
            s.driver(**told).run() if shell == "sync" else asyncio.run(s.async_driver(**told).run())
        assert "ended 'cancelled'" in caught.value.__notes__[0]
        assert s.status() == "cancelled"


# Cancelling from outside


def test_a_run_is_cancelled_in_flight_from_the_observer() -> None:
    """Cancelling is allowed at any time, also from within the driver's own thread."""
    s = scene(STUCK)

    def observe(entry: object) -> None:
        if isinstance(entry, Observed) and entry.view.status == "in_progress":
            driver.cancel()

    driver = s.driver(observe=observe)
    assert isinstance(driver.run(), Cancelled)


class Prompt(MemoryBackend):
    """A service that confirms a cancel before it answers."""

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        super().cancel_run(thread_id, run_id)
        self._world.advance(2)
        return self.retrieve_run(thread_id, run_id)


class Ticking(VirtualClock):
    """A clock that goes on a little whenever it is read."""

    def now(self) -> float:
        return self.advance(0.0004)


@pytest.mark.parametrize("kind", [Driver, AsyncDriver])
def test_a_clock_that_stands_still_needs_a_sleep_that_moves_it(kind: type[Driver | AsyncDriver]) -> None:
    """A drive with a virtual clock and no ``sleep`` used to wait for ever."""
    s = scene()
    backend: Any = s.backend if kind is Driver else s.async_backend
    with pytest.raises(MisuseError, match=r"pass sleep= as well, .* such as world\.advance"):
        kind(backend, s.thread, s.assistant, clock=s.world.clock)
    assert s.world.list_runs(s.thread).data == ()


def test_a_waiting_driver_is_woken_by_a_cancel_from_another_thread() -> None:
    """The driver would wait a thousand real seconds here, were it not woken."""
    s = scene(STUCK, clock=Ticking(1_700_000_000))
    waits, outcomes = threading.Event(), list[Any]()
    driver = Driver(
        Prompt(s.world),
        s.thread,
        s.assistant,
        clock=s.world.clock,
        poll=ONE_LONG_WAIT,
        observe=lambda entry: waits.set() if isinstance(entry, Observed) else None,
    )
    thread = threading.Thread(target=lambda: outcomes.append(driver.run()))
    thread.start()
    assert waits.wait(30)
    driver.cancel()
    thread.join(30)
    assert isinstance(outcomes[0], Cancelled)


@pytest.mark.parametrize("shell", ["sync", "async"])
def test_a_driver_that_was_woken_can_wait_again(shell: str) -> None:
    """A wake-up is used up by the wait that it ends; else the next wait would spin until its end."""
    soon = [After(0.002)]
    s = scene(Schedule(queued=soon, in_progress=soon), clock=Ticking(1_700_000_000))
    usual: dict[str, Any] = {"sleep": None, "poll": Backoff(first=0.001, most=0.001)}
    driver: Any = s.driver(**usual) if shell == "sync" else s.async_driver(**usual)
    driver._woken.set()
    outcome = driver.run() if shell == "sync" else asyncio.run(driver.run())
    assert isinstance(outcome, Completed)
    assert not driver._woken.is_set()


def test_a_waiting_task_is_woken_by_a_cancel_from_another_task() -> None:
    """The same for the async driver, whose wait is the event loop's."""
    s = scene(STUCK, clock=Ticking(1_700_000_000))

    async def main() -> Any:
        waits = asyncio.Event()
        driver = s.async_driver(
            sleep=None,
            poll=ONE_LONG_WAIT,
            observe=lambda entry: waits.set() if isinstance(entry, Observed) else None,
        )
        task = asyncio.create_task(driver.run())
        await waits.wait()
        driver.cancel()
        driver.cancel()
        return await task

    s.async_backend._backend = Prompt(s.world)
    assert isinstance(asyncio.run(main()), Cancelled)


def test_a_cancel_when_nobody_drives_waits_for_the_driver() -> None:
    """A cancel before the start means that no run is created at all; one after the end changes nothing."""
    s = scene()
    for driver in (s.driver(), s.async_driver()):
        driver.cancel()
        outcome = driver.run() if isinstance(driver, Driver) else asyncio.run(driver.run())
        driver.cancel()
        assert isinstance(outcome, Abandoned)
    assert s.world.list_runs(s.thread).data == ()


# Interrupted


def test_ctrl_c_asks_for_a_cancel_and_goes_on_its_way() -> None:
    """The run is not left to lock the thread, and the KeyboardInterrupt is not swallowed."""
    s = scene(STUCK)
    with pytest.raises(KeyboardInterrupt):
        s.driver(observe=interrupt).run()
    s.world.advance(2)
    assert s.status() == "cancelled"


def test_ctrl_c_may_leave_the_run_alone() -> None:
    """With on_interrupt="leave" nothing is sent, for somebody else will take the run up."""
    s = scene(STUCK)
    with pytest.raises(KeyboardInterrupt):
        s.driver(observe=interrupt, on_interrupt="leave").run()
    s.world.advance(2)
    assert s.status() == "in_progress"


def test_a_task_that_is_cancelled_cancels_its_run() -> None:
    """Cancelling the task, or a timeout around it, asks for the run's cancel before it ends."""
    s = scene(STUCK, clock=Ticking(1_700_000_000))

    async def main() -> None:
        created = asyncio.Event()
        driver = s.async_driver(sleep=None, poll=ONE_LONG_WAIT, observe=lambda _entry: created.set())
        task = asyncio.create_task(driver.run())
        await created.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    s.world.advance(2)
    assert s.status() == "cancelled"


def test_a_coroutine_that_is_thrown_away_does_not_await() -> None:
    """Closing the coroutine cannot send anything any more; it does not try, which would be an error."""
    s = scene(STUCK)

    async def main() -> None:
        running = s.async_driver().run()
        running.send(None)
        running.close()

    asyncio.run(main())
    assert s.status() == "queued"


@define
class Interrupted:
    """A backend whose first call of a kind arrives, and is interrupted before its answer."""

    inner: MemoryBackend
    operation: str
    error: BaseException

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            answer = getattr(self.inner, name)(*args, **kwargs)
            if name == self.operation:
                self.operation = ""
                raise self.error
            return answer

        return call


@pytest.mark.parametrize("operation", ["create_run", "retrieve_run", "submit_tool_outputs"])
def test_an_interruption_in_the_middle_of_a_call_leaves_no_run_behind(operation: str) -> None:
    """Even a run whose id was never learned is found by its key, and cancelled."""
    s = scene(TWO_CALLS)
    backend: Any = Interrupted(s.backend, operation, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        drive(backend, s.thread, s.assistant, clock=s.world.clock, sleep=s.world.advance)
    s.world.advance(2)
    assert s.status() == "cancelled"


def test_a_defect_of_the_backend_reaches_the_caller_and_the_run_is_cancelled() -> None:
    """An exception that no backend should raise is not hidden by what is done about the run."""
    s = scene(TWO_CALLS)
    backend: Any = Interrupted(s.backend, "retrieve_run", AttributeError("a defect"))
    with pytest.raises(AttributeError, match="a defect"):
        drive(backend, s.thread, s.assistant, clock=s.world.clock, sleep=s.world.advance)
    s.world.advance(2)
    assert s.status() == "cancelled"


@pytest.mark.parametrize("error", [UnavailableError("lost"), ServerError("a page of HTML")])
def test_an_answer_that_is_lost_is_no_end(error: Exception) -> None:
    """The driver looks again, and comes to the end as if nothing had been lost."""
    for operation in ("create_run", "retrieve_run", "submit_tool_outputs", "list_messages"):
        s = scene(TWO_CALLS)
        backend: Any = Interrupted(s.backend, operation, error)
        outcome = drive(backend, s.thread, s.assistant, clock=s.world.clock, sleep=s.world.advance)
        assert isinstance(outcome, Completed)
        assert outcome.text
        assert len(s.world.list_runs(s.thread).data) == 1


def test_an_answer_about_another_run_ends_the_drive() -> None:
    """A service that mixes up runs is not followed; ours is cancelled as well as can be."""
    s = scene(STUCK)

    class MixedUp(MemoryBackend):
        def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
            super().retrieve_run(thread_id, run_id)
            return RunView(id="run_another", status="completed")

    with pytest.raises(ServerError, match="run_another"):
        drive(MixedUp(s.world), s.thread, s.assistant, clock=s.world.clock, sleep=s.world.advance)
    s.world.advance(2)
    assert s.status() == "cancelled"
