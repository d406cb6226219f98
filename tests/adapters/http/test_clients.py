"""The official clients, sync and async, in process and over a socket, through every operation."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI

from runlife import VirtualClock
from runlife_adapters.http import OPERATIONS, Service, async_client, sync_client
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.server import serve
from runlife_adapters.memory import After, Schedule, ServicePolicy, World

if TYPE_CHECKING:
    from .conftest import Bench

USER: Any = {"role": "user", "content": "Hello"}
TOOLS: Any = [{"type": "function", "function": {"name": "get_weather"}}]
ROUND_OF_TOOLS = Schedule(in_progress=[After(1, "requires_action", tools=2)])
CONTENT: Any = "step_details.tool_calls[*].file_search.results[*].content"


def everything(client: OpenAI, world: World) -> None:
    """Call every operation of the Assistants API once, and assert what comes back."""
    beta = client.beta
    assistant = beta.assistants.create(model="gpt-4o", tools=TOOLS, metadata={"k": "v"})
    assert beta.assistants.retrieve(assistant.id) == assistant
    assert beta.assistants.update(assistant.id, name="Ada").name == "Ada"
    assert [found.id for found in beta.assistants.list()] == [assistant.id]

    thread = beta.threads.create(messages=[USER])
    assert beta.threads.retrieve(thread.id).id == thread.id
    assert beta.threads.update(thread.id, metadata={"a": "1"}).metadata == {"a": "1"}

    messages = beta.threads.messages
    message = messages.create(thread.id, role="user", content=[{"type": "text", "text": "Well?"}])
    assert messages.retrieve(message.id, thread_id=thread.id).id == message.id
    assert messages.update(message.id, thread_id=thread.id, metadata={"b": "2"}).metadata == {"b": "2"}
    assert messages.delete(message.id, thread_id=thread.id).deleted
    assert [found.id for found in messages.list(thread.id, limit=1, order="asc")]

    world.script(ROUND_OF_TOOLS)
    runs = beta.threads.runs
    run = runs.create(thread.id, assistant_id=assistant.id, include=[CONTENT], additional_messages=[])
    assert (run.status, run.tools[0].type) == ("queued", "function")
    assert runs.update(run.id, thread_id=thread.id, metadata={"c": "3"}).metadata == {"c": "3"}
    world.advance(2)
    run = runs.retrieve(run.id, thread_id=thread.id)
    assert run.required_action is not None
    calls = run.required_action.submit_tool_outputs.tool_calls
    outputs: Any = [{"tool_call_id": call.id, "output": "sunny"} for call in calls]
    assert runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs).status == "queued"
    world.advance(2)
    assert [(found.id, found.status) for found in runs.list(thread.id)] == [(run.id, "completed")]
    steps = list(runs.steps.list(run.id, thread_id=thread.id, include=[CONTENT, CONTENT]))
    assert [step.type for step in steps] == ["message_creation", "tool_calls"]
    step = runs.steps.retrieve(steps[0].id, thread_id=thread.id, run_id=run.id, include=[CONTENT])
    assert step == steps[0]
    (reply,) = messages.list(thread.id, run_id=run.id)
    assert reply.content[0].type == "text"
    assert reply.content[0].text.value == "sunny\nsunny"

    other = beta.threads.create_and_run(assistant_id=assistant.id, thread={"messages": [USER]})
    assert runs.cancel(other.id, thread_id=other.thread_id).status == "cancelling"
    with pytest.raises(BadRequestError, match="already has an active run"):
        runs.create(other.thread_id, assistant_id=assistant.id)

    assert beta.threads.delete(thread.id).deleted
    assert beta.assistants.delete(assistant.id).deleted
    with pytest.raises(NotFoundError, match="No thread found"):
        beta.threads.retrieve(thread.id)


def files_and_stores(client: OpenAI) -> None:
    """Call every operation on files and vector stores once."""
    files, stores = client.files, client.vector_stores
    file = files.create(file=("a.txt", b"Paris is rainy."), purpose="assistants")
    assert [found.id for found in files.list(purpose="assistants")] == [file.id]
    assert files.retrieve(file.id).filename == "a.txt"
    with pytest.raises(BadRequestError, match="Not allowed to download files of purpose: assistants"):
        files.content(file.id)
    picture = files.create(file=("a.png", b"\x89PNG"), purpose="vision")
    assert files.content(picture.id).read() == b"\x89PNG"

    store = stores.create(name="Notes")
    assert stores.retrieve(store.id).name == "Notes"
    assert stores.update(store.id, name="More").name == "More"
    assert [found.id for found in stores.list()] == [store.id]
    assert stores.files.create(store.id, file_id=file.id).id == file.id
    assert [found.id for found in stores.files.list(store.id)] == [file.id]
    assert stores.files.retrieve(file.id, vector_store_id=store.id).status == "completed"
    assert stores.files.update(file.id, vector_store_id=store.id, attributes={"a": 1}).attributes == {"a": 1}
    content = stores.files.content(file.id, vector_store_id=store.id)
    assert [part.text for part in content] == ["Paris is rainy."]
    assert [found.score for found in stores.search(store.id, query="Is Paris rainy?")] == [1.0]
    assert stores.files.delete(file.id, vector_store_id=store.id).deleted
    batches = stores.file_batches
    batch = batches.create(store.id, file_ids=[file.id])
    assert batches.retrieve(batch.id, vector_store_id=store.id).id == batch.id
    assert [found.id for found in batches.list_files(batch.id, vector_store_id=store.id)] == [file.id]
    with suppress(BadRequestError):  # a batch that is done cannot be cancelled
        batches.cancel(batch.id, vector_store_id=store.id)
    assert stores.delete(store.id).deleted
    assert files.delete(file.id).deleted


def responses_and_conversations(client: OpenAI) -> None:
    """Call every operation on responses and conversations once."""
    responses, conversations = client.responses, client.conversations
    talk = conversations.create(items=[{"type": "message", "role": "user", "content": "I am Ada."}])
    assert conversations.retrieve(talk.id) == talk
    assert conversations.update(talk.id, metadata={"k": "v"}).metadata == {"k": "v"}
    items = conversations.items
    (new,) = items.create(talk.id, items=[{"role": "user", "content": "Hello"}]).data
    assert new.id is not None
    assert items.retrieve(new.id, conversation_id=talk.id) == new
    assert [item.type for item in items.list(talk.id)] == ["message", "message"]
    assert items.delete(new.id, conversation_id=talk.id).id == talk.id

    answer = responses.create(model="gpt-4o", input="Well?", conversation=talk.id)
    assert answer.output_text == "Well?"
    assert responses.retrieve(answer.id) == answer
    assert [item.type for item in responses.input_items.list(answer.id)] == ["message", "message"]
    if hasattr(responses, "input_tokens"):
        assert responses.input_tokens.count(model="gpt-4o", input="Well?").input_tokens > 0
    else:  # before 2.x the SDK had no method for it
        client.post("/responses/input_tokens", cast_to=object, body={"model": "gpt-4o", "input": "Well?"})
    slow = responses.create(model="gpt-4o", input="Think.", background=True)
    assert responses.cancel(slow.id).status == "cancelled"
    responses.delete(slow.id)
    with pytest.raises(NotFoundError, match="not found"):
        responses.retrieve(slow.id)
    assert conversations.delete(talk.id).deleted


@pytest.mark.slow
def test_the_sync_client_calls_every_operation() -> None:
    """In process, nothing of the SDK's surface is left out of the table, nor the reverse."""
    service = Service(World(VirtualClock()))
    with OpenAI(api_key="sk-none", max_retries=0, http_client=sync_client(service)) as client:
        everything(client, service.world)
        files_and_stores(client)
        responses_and_conversations(client)

    called = {entry["operation"] for entry in service.log.entries()}
    assert called == {operation.call for operation in OPERATIONS}


@pytest.mark.slow
def test_the_sync_client_calls_every_operation_over_a_socket() -> None:
    """Served by uvicorn on this machine, the same calls get the same answers."""
    world = World(VirtualClock())
    with serve(create_app(world)) as served, OpenAI(api_key="sk-none", base_url=served.url) as client:
        assert served.url.startswith("http://127.0.0.1:")
        everything(client, world)
        files_and_stores(client)


@pytest.mark.slow
def test_the_async_client_is_served_as_well() -> None:
    """In process and over a socket, a run goes through a round of tools."""

    async def tell(client: AsyncOpenAI, world: World) -> str:
        beta = client.beta
        assistant = await beta.assistants.create(model="gpt-4o", tools=TOOLS)
        thread = await beta.threads.create(messages=[USER])
        run = await beta.threads.runs.create(thread.id, assistant_id=assistant.id)
        world.advance(2)
        run = await beta.threads.runs.retrieve(run.id, thread_id=thread.id)
        assert run.required_action is not None
        calls = run.required_action.submit_tool_outputs.tool_calls
        outputs: Any = [{"tool_call_id": call.id, "output": "sunny"} for call in calls]
        await beta.threads.runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs)
        world.advance(2)
        return (await beta.threads.runs.retrieve(run.id, thread_id=thread.id)).status

    async def both() -> list[str]:
        worlds = [World(VirtualClock(), schedule=ROUND_OF_TOOLS) for _ in range(2)]
        http = async_client(Service(worlds[0]))
        async with AsyncOpenAI(api_key="sk-none", http_client=http) as client:
            ends = [await tell(client, worlds[0])]
        with serve(create_app(worlds[1])) as served:
            async with AsyncOpenAI(api_key="sk-none", base_url=served.url) as client:
                return [*ends, await tell(client, worlds[1])]

    assert asyncio.run(both()) == ["completed", "completed"]


def test_the_client_reads_pages_until_the_last(client: OpenAI, bench: Bench) -> None:
    """The SDK's own iteration meets each of many messages exactly once."""
    thread = bench.world.create_thread(messages=[USER] * 45)
    found = [message.id for message in client.beta.threads.messages.list(thread.id, limit=10)]

    assert len(found) == len(set(found)) == 45


def test_polling_ends_when_the_run_does(make_bench: type[Bench]) -> None:
    """The SDK's create_and_poll comes back by itself, at the pace that the header sets."""

    class Hurried:
        """A clock that goes a second further each time it is read."""

        time = 0.0

        def now(self) -> float:
            self.time += 1
            return self.time

    bench = make_bench.of(World(Hurried(), service_policy=ServicePolicy(poll_after_ms=0)))
    with OpenAI(api_key="sk-none", http_client=sync_client(bench.service)) as client:
        assistant = client.beta.assistants.create(model="gpt-4o")
        thread = client.beta.threads.create(messages=[USER])
        run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)

    assert run.status == "completed"


def test_the_clients_errors_carry_the_services_words(client: OpenAI) -> None:
    """Status, message, param and code arrive where users of the SDK look for them."""
    with pytest.raises(BadRequestError) as caught:
        client.beta.threads.create(metadata={"modified": True})  # type: ignore[dict-item]

    assert (caught.value.status_code, caught.value.param, caught.value.code, caught.value.type) == (
        *(400, "metadata.modified", "invalid_type"),
        "invalid_request_error",
    )
    assert "expected a string, but got a boolean instead." in caught.value.message
