"""Every way to reach the fake, as a backend: by single calls, by streams, and by the SDK's polling helpers.

A *place* makes official clients, in process or over a socket; a *way* turns them into a backend. A service
that streams, or that leaves the polling to the SDK, sees a run differently from one that looks by itself, and
the suite holds what each of them sees to the same table.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import openai
import pytest
from attrs import frozen
from openai.resources.beta.threads.runs.runs import AsyncRuns, Runs

from runlife import RUN, RunStatus, VirtualClock
from runlife_adapters.backend import RunView, error_from_status
from runlife_adapters.conformance import Blocking, Harness, WorldHarness
from runlife_adapters.http import Service, async_client, sync_client
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.inprocess import library_of_sdk
from runlife_adapters.http.server import serve
from runlife_adapters.memory import AsyncMemoryBackend, MemoryBackend, World
from runlife_adapters.openai import AsyncOpenAIBackend, OpenAIBackend

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from contextlib import AbstractContextManager

    from runlife import ToolOutput
    from runlife_adapters.backend import Backend

RESTS = {RunStatus.REQUIRES_ACTION, *RUN.terminal}
"""Where a stream ends, and where the SDK's helpers stop polling: it is the client's turn, or nobody's."""

PATIENCE = 30
"""Seconds, for real, that a helper is given for one poll: a hang is to be an error that says where."""


# --------------------------------------------------------------------------- places


@frozen
class Place:
    """What makes official clients of one fake. Async ones keep no connection, and need not be closed."""

    client: Callable[[], openai.OpenAI]
    async_client: Callable[[], openai.AsyncOpenAI]


def in_process(world: World) -> Place:
    """Return where there is no socket."""
    service = Service(world)
    where: Any = {"base_url": "http://fake/v1", "api_key": "-", "max_retries": 0}
    return Place(
        lambda: openai.OpenAI(http_client=sync_client(service), **where),
        lambda: openai.AsyncOpenAI(http_client=async_client(service), **where),
    )


@contextmanager
def on_loopback(world: World) -> Iterator[Place]:
    """Serve a World on a port of this machine, for as long as the block lasts."""
    with serve(create_app(world)) as server:
        where: Any = {"base_url": server.url, "api_key": "-", "max_retries": 0}
        # A connection that is kept belongs to one event loop, and only that loop could close it.
        brief = {**where, "default_headers": {"Connection": "close"}}
        yield Place(lambda: openai.OpenAI(**where), lambda: openai.AsyncOpenAI(**brief))


# --------------------------------------------------------------------------- ways: by streams


class Handler(openai.AssistantEventHandler):
    """Remembers the run as the latest event about it had it."""

    run: RunView | None = None

    def on_event(self, event: Any) -> None:
        self.run = view_of(event.data) or self.run


class AsyncHandler(openai.AsyncAssistantEventHandler):
    """The same, told by an async stream."""

    run: RunView | None = None

    async def on_event(self, event: Any) -> None:
        self.run = view_of(event.data) or self.run


class Reader:
    """Reads streams of the sync client, an event at a time."""

    def __init__(self, place: Place, stack: ExitStack) -> None:
        self._stack = stack
        self.runs: Runs | AsyncRuns = stack.enter_context(place.client()).beta.threads.runs
        self.make_handler: Callable[[], Any] = Handler

    def open(self, manager: Any) -> None:
        """Ask for a stream, which is left with the backend."""
        self._stack.enter_context(manager)

    def read(self, handler: Any) -> bool:
        """Have the handler told the next event; return whether there was one."""
        return next(handler, None) is not None


class AsyncReader(Reader):
    """Reads streams of the async client, in an event loop of its own."""

    def __init__(self, place: Place, stack: ExitStack) -> None:
        self._stack = stack
        self._runner = stack.enter_context(asyncio.Runner())
        self.runs = place.async_client().beta.threads.runs
        self.make_handler = AsyncHandler

    def open(self, manager: Any) -> None:
        self._runner.run(manager.__aenter__())
        self._stack.callback(lambda: self._runner.run(manager.__aexit__(None, None, None)))

    def read(self, handler: Any) -> bool:
        async def read() -> bool:
            return await anext(handler, None) is not None

        return self._runner.run(read())


class StreamingBackend(OpenAIBackend):
    """Creates runs and submits outputs with streams, and shows what the events tell.

    A stream is read as far as a look at the run says that it must have come by now, and both must say the
    same. Once it is over (and it may only be where the run rests), the looks alone have to do.
    """

    def __init__(self, client: openai.OpenAI, reader: Reader) -> None:
        super().__init__(client)
        self._reader = reader
        self._handlers: dict[str, Any] = {}

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        ids = {"thread_id": thread_id, "assistant_id": assistant_id}
        return self._begin(self._reader.runs.stream, **ids, **overrides)

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        given = [output.to_json() for output in outputs]
        helper = self._reader.runs.submit_tool_outputs_stream
        return self._begin(helper, thread_id=thread_id, run_id=run_id, tool_outputs=given)

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        looked = super().retrieve_run(thread_id, run_id)
        handler = self._handlers.get(run_id)
        if handler is None:
            return looked
        while handler.run.status != looked.status:
            if not self._reader.read(handler):
                said = f"the stream ended in {handler.run.status}, and the run went on to {looked.status}"
                assert handler.run.status in RESTS, said
                del self._handlers[run_id]
                return looked
        assert handler.run == looked
        run: RunView = handler.run
        return run

    def _begin(self, helper: Callable[..., Any], **request: Any) -> RunView:
        handler = self._reader.make_handler()
        try:
            self._reader.open(helper(**request, event_handler=handler))
        except openai.APIStatusError as error:
            raise error_from_status(error.status_code, error.message, code=error.code) from error
        while handler.run is None:
            assert self._reader.read(handler), "a stream that tells of no run"
        self._handlers[handler.run.id] = handler
        run: RunView = handler.run
        return run


# --------------------------------------------------------------------------- ways: by the helpers that poll


class StoppedError(Exception):
    """Nobody waits for a helper any more."""


class Poller:
    """One of the SDK's helpers, in a thread of its own, which polls once each time it is told to.

    What it does between two polls, and nothing else, is replaced: it sleeps until it is woken.
    """

    def __init__(self, helper: Callable[[Poller], Any]) -> None:
        self._news: SimpleQueue[Any] = SimpleQueue()
        self._wakings: SimpleQueue[bool] = SimpleQueue()
        self._thread = Thread(target=self._run, args=(helper,), daemon=True)
        self._thread.start()

    def sleep(self, seconds: float) -> None:
        """Sleep until woken: in place of the helper's own sleep."""
        self._news.put(None)
        if not self._wakings.get():
            raise StoppedError

    def rest(self) -> RunView | None:
        """Return what the helper returned, or None as soon as it sleeps; raise what it raised."""
        news = self._news.get(timeout=PATIENCE)
        if isinstance(news, openai.APIStatusError):
            raise error_from_status(news.status_code, news.message, code=news.code) from news
        if isinstance(news, Exception):
            raise news
        return None if news is None else view_of(news)

    def poll(self) -> RunView | None:
        """Have it poll once more; return as :meth:`rest` does."""
        self._wakings.put(True)
        return self.rest()

    def stop(self) -> None:
        """Let the thread end, if it has not."""
        self._wakings.put(False)
        self._thread.join(PATIENCE)

    def _run(self, helper: Callable[[Poller], Any]) -> None:
        try:
            self._news.put(helper(self))
        except Exception as error:  # noqa: BLE001  # it is raised where the helper is waited for
            self._news.put(error)


class PollingBackend(OpenAIBackend):
    """Creates runs and submits outputs with the helpers that poll: a look at the run is one poll of theirs.

    The helper must come back when the run rests, neither sooner nor later, and with what a look shows.
    """

    def __init__(self, place: Place, stack: ExitStack, *, sync: bool) -> None:
        super().__init__(stack.enter_context(place.client()))
        self._async_client = place.async_client()
        self._sync = sync
        self._stack = stack
        self._pollers: dict[str, Poller] = {}

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        ids = {"thread_id": thread_id, "assistant_id": assistant_id}
        poller = self._begin("create_and_poll", **ids, **overrides)
        return self._view(thread_id, None, poller, poller.rest())

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        given = [output.to_json() for output in outputs]
        ids = {"thread_id": thread_id, "run_id": run_id}
        poller = self._begin("submit_tool_outputs_and_poll", **ids, tool_outputs=given)
        return self._view(thread_id, run_id, poller, poller.rest())

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        poller = self._pollers.get(run_id)
        if poller is None:
            return super().retrieve_run(thread_id, run_id)
        return self._view(thread_id, run_id, poller, poller.poll())

    def _view(self, thread_id: str, run_id: str | None, poller: Poller, returned: RunView | None) -> RunView:
        looked = self.list_runs(thread_id)[0] if run_id is None else super().retrieve_run(thread_id, run_id)
        assert (returned is None) is (looked.status not in RESTS), f"{looked.status}, but it gave {returned}"
        if returned is None:
            self._pollers[looked.id] = poller
            return looked
        self._pollers.pop(looked.id, None)
        assert returned == looked
        return returned

    def _begin(self, name: str, **request: Any) -> Poller:
        def helper(poller: Poller) -> Any:
            runs = Runs(self._client)
            runs._sleep = poller.sleep  # type: ignore[method-assign]
            return getattr(runs, name)(**request)

        async def async_helper(poller: Poller) -> Any:
            async def sleep(seconds: float) -> None:
                poller.sleep(seconds)  # the loop has nothing else to do

            runs = AsyncRuns(self._async_client)
            runs._sleep = sleep  # type: ignore[method-assign]
            return await getattr(runs, name)(**request)

        poller = Poller(helper if self._sync else lambda poller: asyncio.run(async_helper(poller)))
        self._stack.callback(poller.stop)
        return poller


def view_of(thing: Any) -> RunView | None:
    """Return what the SDK made of a run as a view; None of anything else."""
    return RunView.from_json(thing.to_dict()) if getattr(thing, "object", "") == "thread.run" else None


# --------------------------------------------------------------------------- every way


@contextmanager
def calling(place: Place) -> Iterator[Backend]:
    """Give a backend that makes single calls."""
    with place.client() as client:
        yield OpenAIBackend(client)


@contextmanager
def calling_async(place: Place) -> Iterator[Backend]:
    """Give the same over the async client."""
    with Blocking(AsyncOpenAIBackend(place.async_client())) as backend:
        yield backend


def streaming(kind: type[Reader]) -> Callable[[Place], AbstractContextManager[Backend]]:
    """Return the way by streams, with this kind of reader."""

    @contextmanager
    def way(place: Place) -> Iterator[Backend]:
        with ExitStack() as stack:
            client = stack.enter_context(place.client())
            yield StreamingBackend(client, kind(place, stack))

    return way


def polling(*, sync: bool) -> Callable[[Place], AbstractContextManager[Backend]]:
    """Return the way by the helpers that poll, of the sync client or of the async one."""

    @contextmanager
    def way(place: Place) -> Iterator[Backend]:
        with ExitStack() as stack:
            yield PollingBackend(place, stack, sync=sync)

    return way


WAYS: dict[str, Callable[[Place], AbstractContextManager[Backend]]] = {
    "sdk": calling,
    "sdk async": calling_async,
    "streams": streaming(Reader),
    "streams async": streaming(AsyncReader),
    "helpers": polling(sync=True),
    "helpers async": polling(sync=False),
}


@contextmanager
def through_asgi(world: World) -> Iterator[Backend]:
    """Give a backend whose calls go through the ASGI app, by the HTTP library's own ASGI transport.

    That transport waits for an answer's end before it gives its beginning, which is of no use to streams:
    those go through the app on loopback.
    """
    transport = library_of_sdk().ASGITransport(create_app(world))
    http = library_of_sdk().AsyncClient(transport=transport)
    client = openai.AsyncOpenAI(base_url="http://fake/v1", api_key="-", http_client=http)
    with Blocking(AsyncOpenAIBackend(client)) as backend:
        yield backend


@pytest.fixture
def world() -> World:
    """A fake in virtual time."""
    return World(VirtualClock(1_700_000_000))


@pytest.fixture(params=["memory", "memory async", "asgi", *WAYS])
def harness(request: pytest.FixtureRequest, world: World) -> Generator[Harness]:
    """Each backend in turn, in process."""
    match request.param:
        case "memory":
            yield WorldHarness(MemoryBackend(world), world)
        case "memory async":
            with Blocking(AsyncMemoryBackend(world)) as backend:
                yield WorldHarness(backend, world)
        case "asgi":
            with through_asgi(world) as backend:
                yield WorldHarness(backend, world)
        case way:
            with WAYS[way](in_process(world)) as backend:
                yield WorldHarness(backend, world)


@pytest.fixture
def loopback(way: str, world: World) -> Generator[Harness]:
    """One way over a socket."""
    with on_loopback(world) as place, WAYS[way](place) as backend:
        yield WorldHarness(backend, world)
