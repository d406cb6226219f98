"""Virtual time for blocking services: what waits moves the clock."""

from __future__ import annotations

import concurrent.futures
import queue
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError, VirtualClock
from runlife_adapters.testing.virtual import Deadlock, SocketFenced, SyncTime, TimeBudgetExceeded
from runlife_adapters.testing.virtual.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable

EPOCH = 1_700_000_000.0


def poll_for_ever() -> None:
    """Poll as services do that never look at the time."""
    while True:
        time.sleep(1)


def test_a_sleep_moves_the_clock() -> None:
    """At once, and every clock agrees."""
    clock = VirtualClock(EPOCH)
    with SyncTime(clock) as passing:
        for _ in range(600):
            time.sleep(1)
        assert (time.time(), time.monotonic(), passing.advances) == (EPOCH + 600, 600.0, 600)
    assert clock.now() == EPOCH + 600


def test_the_hook_hears_of_each_move() -> None:
    """With the new time; that is where a World lets its runs move."""
    heard: list[float] = []
    with SyncTime(VirtualClock(10.0), heard.append):
        time.sleep(1)
        threading.Event().wait(2)
    assert heard == [11.0, 13.0]


WAITS: dict[str, tuple[Callable[[], Any], Any]] = {
    "Event.wait": (lambda: threading.Event().wait(5), False),
    "Semaphore.acquire": (lambda: threading.Semaphore(0).acquire(timeout=5), False),
    "Queue.get": (lambda: queue.Queue[int]().get(timeout=5), queue.Empty),
    "PriorityQueue.get": (lambda: queue.PriorityQueue[int]().get(True, 5), queue.Empty),
    "Queue.put": (lambda: full().put(1, timeout=5), queue.Full),
    "Future.result": (lambda: concurrent.futures.Future[int]().result(5), concurrent.futures.TimeoutError),
    "Condition.wait": (lambda: held(lambda condition: condition.wait(5)), False),
    "Condition.wait_for": (lambda: held(lambda condition: condition.wait_for(bool, 5)), False),
    "Barrier.wait": (lambda: threading.Barrier(2).wait(5), threading.BrokenBarrierError),
}


def full() -> queue.Queue[int]:
    """Return a queue that takes no more."""
    items = queue.Queue[int](1)
    items.put(0)
    return items


def held(wait: Callable[[threading.Condition], Any]) -> Any:
    """Wait for a condition as one has to, with its lock."""
    condition = threading.Condition()
    with condition:
        return wait(condition)


@pytest.mark.parametrize(("wait", "ends"), WAITS.values(), ids=WAITS)
def test_a_wait_with_a_timeout_takes_its_timeout(wait: Callable[[], Any], ends: Any) -> None:
    """In virtual time only, and ends as it does in reality."""
    clock = VirtualClock(0.0)
    with SyncTime(clock):
        if isinstance(ends, type):
            with pytest.raises(ends):
                wait()
        else:
            assert wait() is ends
    assert clock.now() == 5.0


def test_what_need_not_wait_takes_no_time() -> None:
    """With a timeout or without one."""
    clock = VirtualClock(0.0)
    with SyncTime(clock):
        event = threading.Event()
        event.set()
        items = queue.Queue[int]()
        items.put(1, timeout=5)
        items.put(2)
        condition = threading.Condition()
        with condition:
            assert condition.wait_for(lambda: True, 5)
            assert condition.wait_for(lambda: True)
        assert (event.wait(5), event.wait(), items.get(timeout=5), items.get()) == (True, True, 1, 2)
        assert threading.Semaphore(1).acquire(timeout=5)
        assert threading.Semaphore(1).acquire()
        with pytest.raises(queue.Empty):
            items.get(block=False)
        with pytest.raises(queue.Full):
            full().put(1, block=False)
        with pytest.raises(ValueError, match="timeout"):
            items.get(timeout=-1)
        assert not event.wait(-1) or event.is_set()
    assert clock.now() == 0.0


def test_a_hook_may_end_a_wait() -> None:
    """A poller that can be stopped waits for its stop event instead of sleeping."""
    stop, polls = threading.Event(), list[float]()
    clock = VirtualClock(0.0)

    def hook(now: float) -> None:
        if now >= 10:
            stop.set()

    with SyncTime(clock, hook):
        while not stop.wait(1):
            polls.append(clock.now())
    assert polls == [float(second) for second in range(1, 10)]


def test_a_hook_may_take_the_lock_of_who_waits() -> None:
    """The lock is let go of, as in every wait; who waits sees what has changed."""
    condition, items = threading.Condition(), list[int]()

    def hook(_now: float) -> None:
        with condition:
            items.append(1)
            condition.notify()

    with SyncTime(VirtualClock(0.0), hook), condition:
        assert condition.wait_for(lambda: items, timeout=5)


def test_a_thread_that_works_comes_to_rest_first() -> None:
    """Its work takes no virtual time; a timeout would else strike before it has begun."""
    clock = VirtualClock(0.0)
    with SyncTime(clock), concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: sum(range(300_000)))
        assert not threading.Event().wait(5)
        assert future.done()
    assert clock.now() == 5.0


def test_an_error_of_the_hook_reaches_the_caller() -> None:
    """Also when the service catches it, and when it goes on waiting."""

    def hook(_now: float) -> None:
        raise LookupError("out of stock")

    def service() -> str:
        for _ in range(3):
            try:
                time.sleep(1)
            except Exception:  # noqa: BLE001, S112  # what it is about
                continue
        return "all is well"

    clock = VirtualClock(0.0)
    with pytest.raises(LookupError, match="out of stock"), SyncTime(clock, hook):
        service()
    with pytest.raises(LookupError, match="out of stock"), SyncTime(clock, hook), suppress(LookupError):
        time.sleep(1)
    assert clock.now() == 2.0


def test_a_budget_is_a_limit() -> None:
    """Counted from where the clock stood."""
    clock = VirtualClock(EPOCH)
    with pytest.raises(TimeBudgetExceeded, match="60 s") as caught, SyncTime(clock, budget=60):
        poll_for_ever()
    assert (caught.value.moment, clock.now()) == (60, EPOCH + 60)


def test_everything_is_put_back() -> None:
    """Also after an error."""
    before = (time.sleep, threading.Event.wait, threading.Condition.wait, queue.Queue.get, queue.Queue.put)
    with pytest.raises(KeyError), SyncTime(VirtualClock(0.0)):
        raise KeyError
    assert before == (
        time.sleep, threading.Event.wait, threading.Condition.wait, queue.Queue.get, queue.Queue.put,
    )  # fmt: skip  # as above


def test_one_virtual_time_at_once() -> None:
    """A second one is refused, and leaves the first as it was."""
    clock = VirtualClock(0.0)
    with SyncTime(clock):
        with pytest.raises(MisuseError, match="one at a time"), SyncTime(VirtualClock(0.0)):
            pytest.fail("it was let in")
        time.sleep(1)
    assert clock.now() == 1.0


def test_threads_that_were_there_before_wait_for_real() -> None:
    """What they wait for is none of the clock's business."""
    begin, done = threading.Event(), threading.Event()

    def bystander() -> None:
        begin.wait(5)
        threading.Event().wait(0.001)
        done.set()

    thread = threading.Thread(target=bystander)
    thread.start()
    clock = VirtualClock(0.0)
    with SyncTime(clock):
        begin.set()
        thread.join()
    assert done.is_set()
    assert clock.now() == 0.0


def test_a_real_socket_is_refused() -> None:
    """With its address, also when the service catches the error; it used to be connected."""

    def service() -> None:
        with suppress(Exception):
            socket.create_connection(("api.example", 443))

    with pytest.raises(SocketFenced, match=r"^getaddrinfo api\.example:443: "), SyncTime(VirtualClock(0.0)):
        socket.create_connection(("api.example", 443))
    with pytest.raises(SocketFenced, match=r"api\.example:443"), SyncTime(VirtualClock(0.0)):
        service()


def test_real_sockets_can_be_allowed() -> None:
    """For who asks for them; afterwards they are as they were."""
    before = socket.socket.bind
    with SyncTime(VirtualClock(0.0), allow_sockets=True), socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        assert socket.socket.bind is before
    with SyncTime(VirtualClock(0.0)):
        assert socket.socket.bind is not before
    assert socket.socket.bind is before


UNTIMED: dict[str, Callable[[], Any]] = {
    "Event.wait": lambda: threading.Event().wait(),
    "Semaphore.acquire": lambda: threading.Semaphore(0).acquire(),
    "Queue.get": lambda: queue.Queue[int]().get(),
    "Queue.put": lambda: full().put(1),
    "Queue.join": lambda: full().join(),
    "Future.result": lambda: concurrent.futures.Future[int]().result(),
    "Condition.wait": lambda: held(lambda condition: condition.wait()),
    "Condition.wait_for": lambda: held(lambda condition: condition.wait_for(bool)),
    "Barrier.wait": lambda: threading.Barrier(2).wait(),
}


@pytest.mark.parametrize("wait", UNTIMED.values(), ids=UNTIMED)
def test_a_wait_that_nobody_can_end_is_a_deadlock(wait: Callable[[], Any]) -> None:
    """Also when the service catches it; it used to hang for ever."""

    def service() -> None:
        time.sleep(3)
        with suppress(Exception):
            wait()

    with pytest.raises(Deadlock, match="deadlock at 3 s") as caught, SyncTime(VirtualClock(EPOCH)):
        service()
    assert "MainThread waits at " in caught.value.picture
    assert "no other thread" in caught.value.picture


def test_a_worker_that_has_died_or_rests_is_a_deadlock() -> None:
    """The picture shows the threads that are left, and where they wait."""
    replies, stop = queue.Queue[int](), threading.Event()
    dead = threading.Thread(target=lambda: None)
    resting = threading.Thread(target=stop.wait, name="resting")

    def service() -> None:
        dead.start()
        resting.start()
        dead.join()
        replies.get()

    with pytest.raises(Deadlock) as caught, SyncTime(VirtualClock(0.0)):
        service()
    stop.set()
    resting.join()
    assert [line.split(" waits ")[0].strip() for line in caught.value.picture.splitlines()] == [
        "MainThread", "resting",
    ]  # fmt: skip  # as above


def test_a_join_of_a_thread_that_rests_is_a_deadlock() -> None:
    """Two threads that wait for each other never end."""
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)

    def service() -> None:
        thread.start()
        thread.join()

    with pytest.raises(Deadlock), SyncTime(VirtualClock(0.0)):
        service()
    stop.set()
    thread.join()


def test_a_wait_that_a_worker_ends_is_none() -> None:
    """However often, and whatever the worker does meanwhile; the clock is moved by the worker alone."""
    asked, answered = queue.Queue[int | None](), queue.Queue[int]()

    def worker() -> None:
        while (item := asked.get()) is not None:
            time.sleep(1)
            answered.put(item)

    clock = VirtualClock(0.0)
    with SyncTime(clock):
        thread = threading.Thread(target=worker)
        thread.start()
        for item in range(50):
            asked.put(item)
            assert answered.get() == item
        asked.put(None)
        thread.join()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            assert list(pool.map(abs, range(-20, 0))) == list(range(20, 0, -1))
    assert clock.now() == 50.0


def test_a_thread_from_before_may_end_a_wait() -> None:
    """It works in real time, for longer than a deadlock takes to be told; that is waited for."""
    jobs, done, held_lock = threading.Event(), threading.Event(), threading.Lock()
    held_lock.acquire()

    def bystander() -> None:
        jobs.wait()
        held_lock.acquire(timeout=0.15)  # in C, which looks like work
        done.set()

    thread = threading.Thread(target=bystander)
    thread.start()
    with SyncTime(VirtualClock(0.0)):
        jobs.set()
        assert done.wait()
    thread.join()


def test_an_error_of_the_hook_in_a_worker_stops_who_waits_for_it() -> None:
    """The worker is dead then, or waits for more; the caller used to hang for ever."""

    def hook(_now: float) -> None:
        raise LookupError("out of stock")

    def worker() -> None:
        with suppress(LookupError):
            time.sleep(1)
        more.wait()

    def service() -> None:
        thread.start()
        with suppress(Exception):
            done.wait()

    more, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=worker)
    with pytest.raises(LookupError, match="out of stock"), SyncTime(VirtualClock(0.0), hook):
        service()
    more.set()
    thread.join()


def test_a_lock_that_is_not_held_is_said_so() -> None:
    """As in reality."""
    with SyncTime(VirtualClock(0.0)), pytest.raises(RuntimeError, match="un-acquired"):
        threading.Condition().wait()


def test_a_thread_is_not_taken_for_one_that_has_ended() -> None:
    """The identity of a thread from before is given to the next, which used not to be waited for then."""
    leave = threading.Event()
    ended = threading.Thread(target=leave.wait)
    ended.start()
    threads = Threads()
    leave.set()
    ended.join()
    stay = threading.Event()
    begun = threading.Thread(target=stay.wait, name="begun")
    begun.start()
    begun._ident = ended.ident  # type: ignore[attr-defined]  # as it mostly is by itself
    assert "begun waits" in threads.picture()
    stay.set()
    begun.join()
