"""Clients in the process: how time passes for them, and how the network's faults reach them."""

from __future__ import annotations

import asyncio
from importlib import import_module
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from runlife import VirtualClock
from runlife_adapters.http import Service
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.http.inprocess import async_client, async_transport, sync_client, sync_transport
from runlife_adapters.memory import After, Net, Schedule, World

if TYPE_CHECKING:
    from collections.abc import Callable

HEADERS = {"OpenAI-Beta": "assistants=v2"}
RUNS = "http://fake/v1/threads/runs"


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    """Each HTTP library that an SDK speaks through."""
    return pytest.importorskip(request.param)


def service(progression: Any = "time", net: Net | None = None, delay: float = 1.0) -> Service:
    """Return a service in virtual time whose runs take twice the delay, and whose streams that befalls."""
    schedule = Schedule(queued=[After(delay, "in_progress")], in_progress=[After(delay, "completed")])
    world = World(VirtualClock(1_000.0), schedule=schedule, progression=progression)
    rules = [FaultRule(net, operation="create_thread_and_run")] if net else []
    return Service(world, faults=FaultPlan(rules))


def wanted(world: World) -> dict[str, Any]:
    """Return the body that creates a streamed run."""
    assistant = world.create_assistant(model="m", instructions="Speak.")
    return {"assistant_id": assistant.id, "stream": True}


def names(body: str) -> list[str]:
    """Return the names of the events in a stream."""
    return [line[7:] for line in body.splitlines() if line.startswith("event: ")]


class Sync:
    """Reads a stream with a sync client."""

    def __call__(self, library: Any, desk: Service, timeout: float | None = 600.0, **body: Any) -> list[str]:
        with (
            sync_client(desk, library) as client,
            client.stream(
                "POST", RUNS, headers=HEADERS, json={**wanted(desk.world), **body}, timeout=timeout
            ) as answer,
        ):
            return names("".join(answer.iter_text()))


class Async:
    """Reads a stream with an async client."""

    def __call__(self, library: Any, desk: Service, timeout: float | None = 600.0, **body: Any) -> list[str]:
        async def main() -> list[str]:
            async with (
                async_client(desk, library) as client,
                client.stream(
                    "POST", RUNS, headers=HEADERS, json={**wanted(desk.world), **body}, timeout=timeout
                ) as answer,
            ):
                return names("".join([text async for text in answer.aiter_text()]))

        return asyncio.run(main())


@pytest.fixture(params=[Sync(), Async()], ids=["sync", "async"])
def read(request: pytest.FixtureRequest) -> Callable[..., list[str]]:
    """Each way to read a stream."""
    return request.param


@pytest.mark.parametrize("progression", ["time", "poll", "immediate"])
def test_waiting_for_a_stream_lets_virtual_time_pass(
    library: Any, read: Callable[..., list[str]], progression: str
) -> None:
    """Nobody moves the clock, nobody sleeps: the stream comes to its end, at the time it takes."""
    desk = service(progression)

    assert read(library, desk)[-2:] == ["thread.run.completed", "done"]
    assert desk.world.now() == (1_002.0 if progression == "time" else 1_000.0)


def test_time_passes_piece_by_piece(library: Any) -> None:
    """What happens later is not there before the reader asks for more."""
    desk = service(delay=10)
    with (
        sync_client(desk, library) as client,
        client.stream("POST", RUNS, headers=HEADERS, json=wanted(desk.world), timeout=60) as answer,
    ):
        pieces = answer.iter_bytes()
        assert names(next(pieces).decode())[-1] == "thread.run.queued"
        assert desk.world.now() == 1_000.0
        assert "thread.run.in_progress" in names(next(pieces).decode())
        assert desk.world.now() == 1_010.0


def test_a_client_that_leaves_early_leaves_the_run(library: Any) -> None:
    """Its stream is closed, and the run ends in its own time."""
    desk = service()
    with (
        sync_client(desk, library) as client,
        client.stream("POST", RUNS, headers=HEADERS, json=wanted(desk.world)) as answer,
    ):
        next(answer.iter_bytes())
    desk.world.advance(60)
    (record,) = desk.world._store.runs.values()

    assert record.run.status == "completed"


@pytest.mark.slow
def test_a_stream_that_goes_on_by_hand_is_waited_for(library: Any) -> None:
    """With the progression by hand a reader waits, for real, until somebody else acts."""
    desk = service("manual")
    for read in (Sync(), Async()):
        said: list[list[str]] = []
        reader = Thread(target=lambda read=read, said=said: said.append(read(library, desk)))
        created = Event()
        stop = desk.world.listen(lambda happened, created=created: created.set())
        reader.start()
        assert created.wait(5)
        stop()
        (run,) = [record for record in desk.world._store.runs.values() if not record.run.is_terminal]
        desk.world.step(run.run.id)
        desk.world.step(run.run.id)
        reader.join(5)
        assert said[0][-2:] == ["thread.run.completed", "done"]


def test_a_client_waits_no_longer_than_it_says(library: Any, read: Callable[..., list[str]]) -> None:
    """A stream that is silent for longer than the read timeout ends in one, at its time."""
    desk = service(delay=20)

    with pytest.raises(library.ReadTimeout):
        read(library, desk, timeout=5)
    assert desk.world.now() == 1_005.0


@pytest.mark.slow
def test_a_real_clock_is_waited_for(library: Any, read: Callable[..., list[str]]) -> None:
    """On the machine's clock the stream takes the time it takes, or the client gives up."""
    schedule = Schedule(queued=[After(0.02, "in_progress")], in_progress=[After(0.02, "completed")])

    assert read(library, Service(World(schedule=schedule)))[-1] == "done"
    with pytest.raises(library.ReadTimeout):
        read(library, Service(World(schedule=Schedule(queued=[After(30, "in_progress")]))), timeout=0.02)


def test_other_tasks_have_their_turn_before_time_moves(library: Any) -> None:
    """A task that is ready acts at the moment it sees, not after the next thing has happened."""
    desk = service(delay=10)
    seen: list[float] = []

    async def other() -> None:
        seen.append(desk.world.now())

    async def main() -> None:
        async with (
            async_client(desk, library) as client,
            client.stream("POST", RUNS, headers=HEADERS, json=wanted(desk.world), timeout=60) as answer,
        ):
            pieces = answer.aiter_bytes()
            await anext(pieces)
            task = asyncio.create_task(other())
            await anext(pieces)
            await task

    asyncio.run(main())
    assert seen == [1_000.0]


@pytest.mark.parametrize(
    ("kind", "error", "moment"),
    [
        ("reset_before", "ConnectError", 1_000.0),
        ("reset_after", "ReadError", 1_000.0),
        ("lose_request", "ConnectTimeout", 1_030.0),
        ("lose_response", "ReadTimeout", 1_030.0),
        ("delay", "ReadTimeout", 1_030.0),
    ],
)
def test_a_call_meets_what_a_network_would_do(
    library: Any, read: Callable[..., list[str]], kind: Any, error: str, moment: float
) -> None:
    """As the library's own error; a client that waits in vain has waited, in virtual time."""
    desk = service(net=Net(kind, seconds=60) if kind == "delay" else Net(kind))

    with pytest.raises(getattr(library, error)) as caught:
        read(library, desk, timeout=30)
    assert str(caught.value.request.url) == RUNS
    assert desk.world.now() == moment
    assert len(desk.world._store.runs) == Net(kind).takes_effect


@pytest.mark.parametrize(
    ("kind", "error"), [("cut_stream", "RemoteProtocolError"), ("stall_stream", "ReadTimeout")]
)
def test_a_stream_breaks_off_as_a_network_would(library: Any, kind: Any, error: str) -> None:
    """What came through has been read by then."""
    desk = service(net=Net(kind, events=2))
    with (
        sync_client(desk, library) as client,
        client.stream("POST", RUNS, headers=HEADERS, json=wanted(desk.world)) as answer,
    ):
        pieces = answer.iter_bytes()
        assert names(next(pieces).decode()) == ["thread.created", "thread.run.created"]
        with pytest.raises(getattr(library, error)):
            next(pieces)


def test_a_late_answer_is_waited_for(library: Any, read: Callable[..., list[str]]) -> None:
    """On a virtual clock, time passes; nobody sleeps."""
    desk = service(net=Net("delay", seconds=20))

    assert read(library, desk, stream=False) == []
    assert desk.world.now() == 1_020.0


@pytest.mark.slow
def test_a_late_answer_is_slept_for_on_a_real_clock(library: Any, read: Callable[..., list[str]]) -> None:
    """Or until the client gives up."""

    def late(seconds: float) -> Service:
        return Service(World(), faults=FaultPlan([FaultRule(Net("delay", seconds=seconds))]))

    assert read(library, late(0.01), stream=False) == []
    with pytest.raises(library.ReadTimeout):
        read(library, late(60), timeout=0.01)


def test_a_client_without_a_timeout_waits_for_ever(library: Any, read: Callable[..., list[str]]) -> None:
    """What never comes raises all the same: a test must end. Time, which would have no end, stands still."""
    desk = service(net=Net("lose_response"))

    with pytest.raises(library.ReadTimeout):
        read(library, desk, timeout=None)
    assert desk.world.now() == 1_000.0
    assert read(library, service(delay=500), timeout=None)[-1] == "done"


def test_transports_are_those_of_the_library(library: Any) -> None:
    """Whoever asks for an instance of the library's base class gets one; by default, of the SDK's library."""
    desk = service()

    assert isinstance(sync_transport(desk, library), library.BaseTransport)
    assert isinstance(async_transport(desk, library), library.AsyncBaseTransport)
    installed = import_module(type(sync_client(desk)).__module__.partition(".")[0])
    assert isinstance(sync_transport(desk), installed.BaseTransport)
    assert isinstance(async_transport(desk), installed.AsyncBaseTransport)


def test_hostile_urls_arrive_as_they_were_sent(library: Any) -> None:
    """Encoded slashes and zeros come to the service as they are."""
    with sync_client(service(), library) as client:
        answer = client.get("http://fake/v1/threads/thread_a%2Fb%00", headers=HEADERS)

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "No thread found with id 'thread_a/b\x00'."
