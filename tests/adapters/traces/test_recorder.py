"""The recorder on the official SDK's clients: what it writes, what it does not, and that nobody suffers."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from runlife import VirtualClock
from runlife_adapters.http import Service
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.http.inprocess import async_transport, sync_transport
from runlife_adapters.memory import After, Net, Schedule, World
from runlife_adapters.traces import Observer, Recorder, Verdict, check, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

openai: Any = pytest.importorskip("openai")

SECRET, SAID = "sk-verysecret", "Tell nobody about the elephant."
TOOLS = [{"type": "function", "function": {"name": "weigh", "parameters": {}}}]


@pytest.fixture
def world() -> World:
    """A World whose runs call a function once."""
    schedule = Schedule(in_progress=[After(1, "requires_action", tools=1), After(1, "completed")])
    return World(VirtualClock(1_000_000.0), schedule=schedule)


@pytest.fixture
def library() -> Any:
    """The HTTP library that the installed SDK speaks through."""
    from runlife_adapters.http import sync_client

    return import_module(type(sync_client(Service(World(VirtualClock(0.0))))).__module__.partition(".")[0])


def sdk(service: Service, library: Any, recorder: Recorder, *, is_async: bool = False) -> Any:
    """The official client, recorded, on a service in this process."""
    if is_async:
        transport = async_transport(service, library)
        http = library.AsyncClient(transport=transport, event_hooks=recorder.async_hooks())
        return openai.AsyncOpenAI(api_key=SECRET, http_client=http, max_retries=0)
    http = library.Client(transport=sync_transport(service, library), event_hooks=recorder.hooks())
    return openai.OpenAI(api_key=SECRET, http_client=http, max_retries=0)


def wanted(world: World) -> dict[str, Any]:
    """What creates a run that calls a function."""
    assistant = world.create_assistant(model="m", instructions=SAID, tools=TOOLS)
    return {
        "assistant_id": assistant.id,
        "thread": {"messages": [{"role": "user", "content": SAID}], "metadata": {"k": SAID}},
    }


def outputs(run: Any) -> list[dict[str, str]]:
    """The outputs that a run waits for."""
    return [
        {"tool_call_id": c.id, "output": SAID} for c in run.required_action.submit_tool_outputs.tool_calls
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.slow
@pytest.mark.parametrize("content", [False, True])
def test_polls_are_recorded_and_legal(world: World, library: Any, tmp_path: Path, content: bool) -> None:
    """A whole life through the SDK reads back as a legal trace, with its times, and without a secret."""
    file = tmp_path / "trace.ndjson"
    clock: Any = world.clock
    with Recorder(file, clock=clock, content=content) as recorder:
        runs = sdk(Service(world), library, recorder).beta.threads.runs
        run = sdk(Service(world), library, recorder).beta.threads.create_and_run(**wanted(world))
        while run.status != "completed":
            clock.advance(1)
            run = runs.retrieve(run.id, thread_id=run.thread_id)
            if run.required_action:
                given = outputs(run)
                run = runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=given)
        runs.steps.list(run.id, thread_id=run.thread_id)
        with pytest.raises(openai.BadRequestError):
            runs.cancel(run.id, thread_id=run.thread_id)
    assert recorder.failure is None
    text = file.read_text(encoding="utf-8")
    assert SECRET not in text
    assert (SAID in text) is content
    verdicts = check(read(file), mode="exact")
    assert {verdict.kind for verdict in verdicts} == {"run", "run_step"}
    assert all(verdict.lawful and verdict.timed for verdict in verdicts)
    statuses = [passage.status for passage in verdicts[0].history]
    assert statuses[0] == "queued"
    assert statuses[-1] == "completed"
    assert "requires_action" in statuses


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.slow
@pytest.mark.parametrize("is_async", [False, True])
def test_streams_are_recorded_as_they_are_read(
    world: World, library: Any, tmp_path: Path, is_async: bool
) -> None:
    """The client gets each event when it comes; the file has those about runs and steps, each at its time."""
    file = tmp_path / "trace.ndjson"
    clock: Any = world.clock
    with Recorder(file, clock=clock) as recorder:
        client = sdk(Service(world), library, recorder, is_async=is_async)
        body = {**wanted(world), "stream": True}
        if is_async:

            async def names() -> list[str]:
                return [event.event async for event in await client.beta.threads.create_and_run(**body)]

            heard = asyncio.run(names())
        else:
            heard = []
            for event in client.beta.threads.create_and_run(**body):
                heard.append(event.event)
                assert event.event.endswith(".delta") or event.event in file.read_text(encoding="utf-8")
    assert heard[-1] == "thread.run.requires_action"
    (exchange,) = read(file)
    assert exchange.events is not None
    assert [event.name for event in exchange.events if event.data] == [
        name
        for name in heard
        if not name.endswith(".delta")  # the words of the model
    ]
    assert len({event.at for event in exchange.events}) > 1
    assert all(verdict.lawful for verdict in check([exchange], mode="exact"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_call_whose_answer_was_lost_is_in_the_file(world: World, library: Any, tmp_path: Path) -> None:
    """A cancel took effect, and nobody learned of it: the trace is legal all the same, and exact."""
    file = tmp_path / "trace.ndjson"
    clock: Any = world.clock
    plan = FaultPlan([FaultRule(Net("lose_response"), operation="cancel_run")])
    with Recorder(file, clock=clock) as recorder:
        threads = sdk(Service(world, faults=plan), library, recorder).beta.threads
        run = threads.create_and_run(**wanted(world))
        with pytest.raises(openai.APITimeoutError):
            threads.runs.cancel(run.id, thread_id=run.thread_id)
        threads.runs.retrieve(run.id, thread_id=run.thread_id)
    exchanges = read(file)
    assert [exchange.status for exchange in exchanges] == [200, None, 200]
    (verdict,) = check(exchanges, mode="exact")
    assert verdict.lawful
    assert not check([exchanges[0], exchanges[2]], mode="exact")[0].lawful


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_only_calls_about_runs_are_recorded(world: World, library: Any) -> None:
    """Assistants, threads and messages are nobody's affair."""
    happened: list[Mapping[str, Any]] = []
    beta = sdk(Service(world), library, Recorder(happened.append, clock=world.clock)).beta
    assistant = beta.assistants.create(model="m")
    thread = beta.threads.create(messages=[{"role": "user", "content": SAID}])
    beta.threads.messages.list(thread.id)
    assert len(happened) == 1
    beta.threads.runs.create(thread.id, assistant_id=assistant.id, instructions=SAID, metadata={SAID: "x"})
    assert len(happened) == 3
    assert SAID not in json.dumps(happened)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_client_does_not_suffer_from_its_recorder(world: World, library: Any) -> None:
    """A disk that is full ends the recording, and nothing else; the reason is kept."""

    def full(_happened: Mapping[str, Any]) -> None:
        raise OSError("No space left on device")

    recorder = Recorder(full, clock=world.clock)
    run = sdk(Service(world), library, recorder).beta.threads.create_and_run(**wanted(world))
    assert run.status == "queued"
    assert str(recorder.failure) == "No space left on device"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_observer_hears_what_a_recorder_tells(world: World, library: Any) -> None:
    """Live, through the SDK: a lawful run is not told of, and a World that is set back is."""
    told: list[Verdict] = []
    clock: Any = world.clock
    observer = Observer(told.append, mode="exact", clock=clock)
    runs = sdk(Service(world), library, Recorder(observer.hear, clock=clock)).beta.threads.runs
    threads = sdk(Service(world), library, Recorder(observer.hear, clock=clock)).beta.threads
    run = threads.create_and_run(**wanted(world))
    clock.advance(2)
    run = runs.retrieve(run.id, thread_id=run.thread_id)
    runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs(run))
    clock.advance(5)
    assert runs.retrieve(run.id, thread_id=run.thread_id).status == "completed"
    assert told == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "", "br"])
@pytest.mark.parametrize("streams", [True, False])
def test_a_packed_stream_is_unpacked_for_the_record(
    library: Any, body: Any, encoding: str, streams: bool
) -> None:
    """The client gets the bytes as they came; what cannot be unpacked here is only not recorded."""
    text = b"event: thread.run.created\ndata: " + json.dumps(body("queued")).encode() + b"\n\n"
    packed = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, bytes)(text)
    headers = {"content-type": "text/event-stream", "content-encoding": encoding}

    class Pieces(library.SyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            yield from (packed[i : i + 7] for i in range(0, len(packed), 7))

    if encoding == "br" and not streams:
        pytest.skip("the library itself unpacks what comes whole, or fails")
    content = {"stream": Pieces()} if streams else {"content": packed}
    transport = library.MockTransport(lambda _request: library.Response(200, headers=headers, **content))
    happened: list[Mapping[str, Any]] = []
    recorder = Recorder(happened.append, clock=VirtualClock(0.0))
    with (
        library.Client(transport=transport, event_hooks=recorder.hooks()) as client,
        client.stream("POST", "http://fake/v1/threads/runs", json={"stream": True}) as answer,
    ):
        if streams:
            assert b"".join(answer.iter_raw()) == packed
        else:
            assert answer.read() == text
    assert happened[-1].get("name") == (None if encoding == "br" else "thread.run.created")
    assert recorder.failure is None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.slow
def test_it_records_over_a_socket(library: Any, tmp_path: Path) -> None:
    """A real server, the machine's clock, polls and a stream: legal, and timed."""
    pytest.importorskip("uvicorn")
    from runlife_adapters.http.asgi import create_app
    from runlife_adapters.http.server import serve

    file = tmp_path / "trace.ndjson"
    world = World(schedule=Schedule(in_progress=[After(0, "requires_action", tools=1)]), progression="poll")
    with Recorder(file) as recorder, serve(create_app(Service(world))) as server:
        http = library.Client(event_hooks=recorder.hooks())
        client = openai.OpenAI(api_key=SECRET, base_url=server.url, http_client=http)
        threads = client.beta.threads
        run = threads.create_and_run(**wanted(world))
        while run.required_action is None:
            run = threads.runs.retrieve(run.id, thread_id=run.thread_id)
        list(
            threads.runs.submit_tool_outputs(
                run.id, thread_id=run.thread_id, tool_outputs=outputs(run), stream=True
            )
        )
        client.close()
    verdicts = check(read(file), mode="exact")
    assert verdicts[0].timed
    assert [str(verdict.error) for verdict in verdicts if not verdict.lawful] == []
