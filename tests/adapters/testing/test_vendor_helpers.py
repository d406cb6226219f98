"""The official SDK's every helper for the Assistants API, sync and async, against the fake.

A helper is what does more than one call, or reads a stream: ``..._and_poll``, ``poll``, ``..._stream``, and
what uploads and waits. Those that there are is asked of the SDK that is installed, so that a new one is
not forgotten.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import pytest
from openai import AssistantEventHandler, AsyncAssistantEventHandler
from openai.resources.beta.threads.runs.runs import AsyncRuns, Runs
from openai.resources.beta.threads.threads import AsyncThreads, Threads
from openai.resources.files import AsyncFiles, Files
from openai.resources.vector_stores.file_batches import AsyncFileBatches, FileBatches
from openai.resources.vector_stores.files import AsyncFiles as AsyncStoreFiles
from openai.resources.vector_stores.files import Files as StoreFiles

from runlife_adapters.memory import After, Call, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.testing.fake import FakeOpenAI

USER: Any = {"role": "user", "content": "Hello there"}
TOOLS = Schedule(in_progress=[After(1, "requires_action", tools=[Call("add", {"a": 1})])])

BIRTH = ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]
STEP = ["thread.run.step.created", "thread.run.step.in_progress"]
MESSAGE = [*STEP, "thread.message.created", "thread.message.in_progress"]
END = ["thread.message.completed", "thread.run.step.completed", "thread.run.completed"]

HELPERS = {
    Runs: {
        "create_and_poll",
        "create_and_stream",
        "poll",
        "stream",
        "submit_tool_outputs_and_poll",
        "submit_tool_outputs_stream",
    },
    Threads: {"create_and_run_poll", "create_and_run_stream"},
    Files: {"wait_for_processing"},
    StoreFiles: {"create_and_poll", "poll", "upload", "upload_and_poll"},
    FileBatches: {"create_and_poll", "poll", "upload_and_poll"},
}
ASYNC = {
    Runs: AsyncRuns,
    Threads: AsyncThreads,
    Files: AsyncFiles,
    StoreFiles: AsyncStoreFiles,
    FileBatches: AsyncFileBatches,
}


@pytest.fixture(params=["fake_openai", pytest.param("fake_openai_server", marks=pytest.mark.slow)])
def fake(request: pytest.FixtureRequest) -> FakeOpenAI:
    """Give the fake inside the process, and behind a port."""
    found: FakeOpenAI = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("kind", HELPERS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_no_helper_is_left_out(kind: type[Any]) -> None:
    """What the SDK offers beyond single calls is what is tried below, sync and async alike."""
    for one in (kind, ASYNC[kind]):
        offered = {
            name
            for name, _ in inspect.getmembers(one, inspect.isfunction)
            if not name.startswith("_") and any(word in name for word in ("poll", "stream", "upload", "wait"))
        }
        assert offered == HELPERS[kind]


# --------------------------------------------------------------------------- both ways


class Way:
    """One way to call the SDK, sync or async, that reads alike: what it returns has been awaited."""

    def __init__(self, fake: FakeOpenAI) -> None:
        self.fake = fake

    @property
    def client(self) -> Any:
        """The client of this way."""
        return self.fake.client

    def call(self, method: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call a method; return its answer."""
        return method(*arguments, **options)

    def stream(
        self, method: Callable[..., Any], *arguments: Any, **options: Any
    ) -> tuple[list[str], str, Any, list[Any], list[Any]]:
        """Read a stream to its end with a handler; return what it was told, the text, and what came of it."""
        handler = Recorder()
        with method(*arguments, **options, event_handler=handler) as stream:
            stream.until_done()
            run, steps, messages = (
                stream.get_final_run(),
                stream.get_final_run_steps() if handler.steps else [],
                stream.get_final_messages() if handler.text else [],
            )
        return handler.events, handler.text, run, steps, messages

    def text(self, method: Callable[..., Any], *arguments: Any, **options: Any) -> str:
        """Read only the text of a stream, without a handler."""
        with method(*arguments, **options) as stream:
            return "".join(stream.text_deltas)


class AsyncWay(Way):
    """The same with the async client, each time in an event loop of its own."""

    @property
    def client(self) -> Any:
        return self.fake.async_client

    def call(self, method: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        async def wait() -> Any:
            return await method(*arguments, **options)

        return asyncio.run(wait())

    def stream(
        self, method: Callable[..., Any], *arguments: Any, **options: Any
    ) -> tuple[list[str], str, Any, list[Any], list[Any]]:
        async def read() -> tuple[list[str], str, Any, list[Any], list[Any]]:
            handler = AsyncRecorder()
            async with method(*arguments, **options, event_handler=handler) as stream:
                await stream.until_done()
                return (
                    handler.events,
                    handler.text,
                    await stream.get_final_run(),
                    await stream.get_final_run_steps() if handler.steps else [],
                    await stream.get_final_messages() if handler.text else [],
                )

        return asyncio.run(read())

    def text(self, method: Callable[..., Any], *arguments: Any, **options: Any) -> str:
        async def read() -> str:
            async with method(*arguments, **options) as stream:
                return "".join([text async for text in stream.text_deltas])

        return asyncio.run(read())


class Recorder(AssistantEventHandler):
    """Writes down what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        self.text = ""
        self.steps = 0

    def on_event(self, event: Any) -> None:
        self.events.append(event.event)

    def on_text_delta(self, delta: Any, snapshot: Any) -> None:
        self.text += delta.value
        assert snapshot.value == self.text

    def on_run_step_created(self, run_step: Any) -> None:
        self.steps += 1


class AsyncRecorder(AsyncAssistantEventHandler):
    """The same, told by an async stream."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        self.text = ""
        self.steps = 0

    async def on_event(self, event: Any) -> None:
        self.events.append(event.event)

    async def on_text_delta(self, delta: Any, snapshot: Any) -> None:
        self.text += delta.value
        assert snapshot.value == self.text

    async def on_run_step_created(self, run_step: Any) -> None:
        self.steps += 1


@pytest.fixture(params=[Way, AsyncWay], ids=["sync", "async"])
def way(request: pytest.FixtureRequest, fake: FakeOpenAI) -> Way:
    """Give both ways."""
    made: Way = request.param(fake)
    return made


def there(fake: FakeOpenAI) -> dict[str, str]:
    """Make an assistant and a thread with a message; return their ids."""
    assistant = fake.world.create_assistant(model="gpt-4o")
    return {"assistant_id": assistant.id, "thread_id": fake.world.create_thread(messages=[USER]).id}


def without_deltas(events: list[str]) -> list[str]:
    """Return events without the pieces of texts and calls."""
    return [event for event in events if not event.endswith(".delta")]


def outputs(run: Any) -> dict[str, Any]:
    """Return what answers the calls of a run."""
    calls = run.required_action.submit_tool_outputs.tool_calls
    return {
        "thread_id": run.thread_id,
        "tool_outputs": [{"tool_call_id": call.id, "output": "two"} for call in calls],
    }


# --------------------------------------------------------------------------- runs


def test_polling_a_run_to_its_end(way: Way) -> None:
    """``create_and_poll``, and ``poll`` on a run that exists."""
    runs = way.client.beta.threads.runs
    assert way.call(runs.create_and_poll, **there(way.fake)).status == "completed"
    run = way.call(runs.create, **there(way.fake))
    assert way.call(runs.poll, run.id, thread_id=run.thread_id).status == "completed"


def test_polling_a_run_through_its_tools(way: Way) -> None:
    """``create_and_poll`` stops at the call, ``submit_tool_outputs_and_poll`` goes on to the end."""
    way.fake.schedule(TOOLS)
    runs = way.client.beta.threads.runs
    run = way.call(runs.create_and_poll, **there(way.fake))
    assert run.status == "requires_action"
    assert way.call(runs.submit_tool_outputs_and_poll, run_id=run.id, **outputs(run)).status == "completed"
    way.fake.check()  # and the SDK does nothing wrong on the way


def test_creating_thread_and_run_and_polling(way: Way) -> None:
    """``create_and_run_poll`` is at the end of a run whose thread it made."""
    assistant = way.fake.world.create_assistant(model="gpt-4o")
    threads = way.client.beta.threads
    run = way.call(threads.create_and_run_poll, assistant_id=assistant.id, thread={"messages": [USER]})
    assert run.status == "completed"
    (answer, said) = way.fake.world.list_messages(run.thread_id).data
    assert (answer.role, said.role) == ("assistant", "user")


@pytest.mark.filterwarnings("ignore:use `stream` instead:DeprecationWarning")  # of create_and_stream
@pytest.mark.parametrize("helper", ["stream", "create_and_stream"])
def test_streaming_a_run(way: Way, helper: str) -> None:
    """The handler is told everything in the true order; run, steps and messages are there at the end."""
    runs = way.client.beta.threads.runs
    events, text, run, steps, messages = way.stream(getattr(runs, helper), **there(way.fake))
    assert without_deltas(events) == [*BIRTH, *MESSAGE, *END]
    assert "thread.message.delta" in events
    assert run.status == "completed"
    assert [step.type for step in steps] == ["message_creation"]
    assert [message.content[0].text.value for message in messages] == [text]
    assert "Hello there" in text


def test_streaming_only_the_text(way: Way) -> None:
    """Without a handler, ``text_deltas`` add up to what the thread holds."""
    here = there(way.fake)
    text = way.text(way.client.beta.threads.runs.stream, **here)
    (answer, _) = way.fake.world.list_messages(here["thread_id"]).to_json()["data"]
    assert answer["content"][0]["text"]["value"] == text


def test_streaming_a_run_through_its_tools(way: Way) -> None:
    """The first stream ends at the call; that of ``submit_tool_outputs_stream`` has the rest."""
    way.fake.schedule(TOOLS)
    runs = way.client.beta.threads.runs
    events, text, run, steps, _ = way.stream(runs.stream, **there(way.fake))
    assert without_deltas(events) == [*BIRTH, *STEP, "thread.run.requires_action"]
    assert "thread.run.step.delta" in events
    assert (run.status, text) == ("requires_action", "")
    (call,) = steps[0].step_details.tool_calls
    assert (call.function.name, call.function.arguments) == ("add", '{"a":1}')

    events, text, run, _, _ = way.stream(runs.submit_tool_outputs_stream, run_id=run.id, **outputs(run))
    assert without_deltas(events) == ["thread.run.step.completed", *BIRTH[1:], *MESSAGE, *END]
    assert (run.status, "two" in text) == ("completed", True)


def test_streaming_thread_and_run(way: Way) -> None:
    """``create_and_run_stream`` begins with the thread."""
    assistant = way.fake.world.create_assistant(model="gpt-4o")
    threads = way.client.beta.threads
    options = {"assistant_id": assistant.id, "thread": {"messages": [USER]}}
    events, _, run, _, _ = way.stream(threads.create_and_run_stream, **options)
    assert without_deltas(events) == ["thread.created", *BIRTH, *MESSAGE, *END]
    assert run.status == "completed"


@pytest.mark.parametrize(
    ("after", "status", "reason"),
    [
        (After(1, "failed"), "failed", "run_failed"),
        (After(1, "incomplete", reason="max_completion_tokens"), "incomplete", "max_tokens"),
    ],
)
def test_streaming_to_another_end(way: Way, after: After, status: str, reason: str) -> None:
    """The helper returns the run as it ended; a message that had begun says why it did not."""
    way.fake.schedule(Schedule(in_progress=[after]))
    events, _, run, _, _ = way.stream(way.client.beta.threads.runs.stream, **there(way.fake))
    assert run.status == status
    assert events[-1] == f"thread.run.{status}"
    assert all(
        message["incomplete_details"] == {"reason": reason}
        for message in way.fake.world.list_messages(run.thread_id).to_json()["data"]
        if message.get("incomplete_details")
    )


# --------------------------------------------------------------------------- files


def test_a_file_is_waited_for(way: Way) -> None:
    """``wait_for_processing`` returns what it waited for."""
    files = way.client.files
    file = way.call(files.create, file=("a.txt", b"one"), purpose="assistants")
    assert way.call(files.wait_for_processing, file.id, poll_interval=0).status == "processed"


def test_files_of_a_vector_store(way: Way) -> None:
    """Those that create, that upload, that poll."""
    store = way.call(way.client.vector_stores.create)
    files, inside = way.client.files, way.client.vector_stores.files
    file = way.call(files.create, file=("a.txt", b"one"), purpose="assistants")
    done = way.call(inside.create_and_poll, file.id, vector_store_id=store.id)
    assert (done.id, done.status) == (file.id, "completed")

    begun = way.call(inside.upload, vector_store_id=store.id, file=("b.txt", b"two"))
    done = way.call(inside.poll, begun.id, vector_store_id=store.id)
    assert (done.id, done.status) == (begun.id, "completed")

    done = way.call(inside.upload_and_poll, vector_store_id=store.id, file=("c.txt", b"three"))
    assert done.status == "completed"
    store = way.call(way.client.vector_stores.retrieve, store.id)
    assert (store.file_counts.completed, store.file_counts.total) == (3, 3)


def test_batches_of_a_vector_store(way: Way) -> None:
    """Those of files that are there, and those that upload them."""
    store = way.call(way.client.vector_stores.create)
    files, batches = way.client.files, way.client.vector_stores.file_batches
    ids = [
        way.call(files.create, file=(name, b"text"), purpose="assistants").id for name in ("a.txt", "b.txt")
    ]
    done = way.call(batches.create_and_poll, store.id, file_ids=ids)
    assert (done.status, done.file_counts.completed) == ("completed", 2)
    again = way.call(batches.poll, done.id, vector_store_id=store.id)
    assert again.status == "completed"
    done = way.call(batches.upload_and_poll, store.id, files=[("c.txt", b"text")])
    assert (done.status, done.file_counts.completed) == ("completed", 1)
