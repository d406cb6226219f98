"""The official clients and the Responses API: what their helpers need works, sync and async.

Every answer and every event is read twice: as the SDK does, which forgives much, and strictly by the
SDK's own types.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field
from openai import APIConnectionError, AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from openai.types.conversations import Conversation, ConversationItem
from openai.types.responses import Response, ResponseItemList, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from runlife import VirtualClock
from runlife_adapters.http import Service, async_client, sync_client
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.http.inprocess.transport import library_of_sdk
from runlife_adapters.memory import After, Call, CodeInterpreter, FileSearch, Found, Net, Schedule, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_adapters.http.exchange import Exchange

TOOLS: Any = [{"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}]
ASKS = Schedule(in_progress=[After(2, "requires_action", tools=[Call("weather", {"city": "Rome"})])])
STORY = "Once upon a time there was a star."

KINDS: dict[str, Any] = {
    "response": TypeAdapter(Response),
    "conversation": TypeAdapter(Conversation),
    "event": TypeAdapter(ResponseStreamEvent),
    "items": TypeAdapter(ResponseItemList),
    "item": TypeAdapter(ConversationItem),
}


@define
class Strict:
    """An observer that holds every answer against the SDK's own types."""

    checked: list[str] = field(factory=list)
    problems: list[str] = field(factory=list)

    def answered(self, exchange: Exchange) -> None:
        """Check an answer."""
        if isinstance(exchange.answer, dict) and exchange.status == 200:
            self.check(exchange.answer)

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        """Check an event, or an answer that came late."""
        del exchange
        self.check(data, None if event == "answered" else "event")

    def check(self, data: Any, kind: str | None = None) -> None:
        """Check JSON by the type of that name, by default by what it calls itself."""
        data = json.loads(json.dumps(data, default=lambda value: value.to_json()))
        if kind is None:
            kind = "items" if data.get("object") == "list" else data.get("object", "item")
        if kind in KINDS and "deleted" not in data:
            self.checked.append(kind)
            try:
                KINDS[kind].validate_json(json.dumps(data))
            except ValueError as error:
                self.problems.append(f"{kind}: {error}")


@define
class Place:
    """A World, its service, and a client in front of it."""

    world: World
    service: Service
    strict: Strict
    client: OpenAI
    made: list[str]
    """The hidden runs, in the order of their creation."""

    def wait(self, response: Any) -> Any:
        """Poll a background response until it has ended."""
        while response.status in ("queued", "in_progress"):
            self.world.advance(0.5)
            response = self.client.responses.retrieve(response.id)
        return response


def place_of(schedule: Schedule | None = None, *faults: FaultRule) -> Place:
    """Set up a place in which nothing happens by itself."""
    world = World(VirtualClock(1_700_000_000.0), schedule=schedule)
    strict = Strict()
    service = Service(world, faults=FaultPlan(faults), observers=[strict])
    client = OpenAI(api_key="sk-none", max_retries=0, http_client=sync_client(service))
    made: list[str] = []
    world.listen(lambda happened: made.append(happened.run_id) if happened.record.source is None else None)
    return Place(world, service, strict, client, made)


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """Have the types of the SDK built, which happens when they are first used, and takes a second."""
    place = place_of(ASKS)
    with place.client.responses.stream(model="m", input="Weather?", tools=TOOLS) as stream:
        final = stream.get_final_response()
    place.client.responses.input_items.list(final.id)
    talk = place.client.conversations.create(items=[{"role": "user", "content": "Hello"}])
    place.client.conversations.items.list(talk.id)


@pytest.fixture
def place() -> Iterator[Place]:
    """Give a place, and see that all that was answered was right."""
    place = place_of()
    with place.client:
        yield place
    assert not place.strict.problems
    assert place.strict.checked


def outputs(response: Any, output: str = "sunny") -> Any:
    """Return input that answers every call of a response."""
    calls = [item for item in response.output if item.type == "function_call"]
    return [{"type": "function_call_output", "call_id": call.call_id, "output": output} for call in calls]


def test_a_background_response_is_created_and_polled(place: Place) -> None:
    """Through its calls to its answer."""
    place.world.script(ASKS)
    responses = place.client.responses
    first = place.wait(responses.create(model="m", input="Weather?", background=True, tools=TOOLS))
    said = outputs(first)
    second = responses.create(
        model="m", input=said, previous_response_id=first.id, background=True, tools=TOOLS
    )

    assert (first.status, [item.name for item in first.output]) == ("completed", ["weather"])
    assert place.wait(second).output_text == "sunny"
    assert [item.type for item in responses.input_items.list(second.id)] == [
        "function_call_output", "function_call", "message",
    ]  # fmt: skip


def test_a_foreground_response_is_waited_for(place: Place) -> None:
    """The call lasts as long as the response does, and the answer is what it ended with."""
    response = place.client.responses.create(model="m", input=STORY)

    assert (response.status, response.output_text) == ("completed", STORY)
    assert place.world.clock.now() == 1_700_000_002.0
    assert place.client.responses.retrieve(response.id).output_text == STORY


def test_a_client_waits_no_longer_for_a_foreground_response_than_it_says(place: Place) -> None:
    """The response goes on without it."""
    place.world.script(Schedule(in_progress=[After(100)]))
    with pytest.raises(APIConnectionError, match="timed out"):
        place.client.responses.create(model="m", input=STORY, timeout=10)

    (response_id,) = place.world.responses(place.made[0])
    assert place.world.clock.now() == 1_700_000_010.0
    assert place.client.responses.retrieve(response_id).status == "in_progress"


@pytest.mark.parametrize("background", [True, False])
def test_a_stream_tells_the_response(place: Place, background: bool) -> None:
    """From its creation to its end."""
    stream = place.client.responses.create(model="m", input=STORY, background=background, stream=True)
    events = list(stream)

    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == STORY
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == STORY


def read(stream: Any, into: list[Any]) -> None:
    """Read a stream to its end, and keep what came, whatever becomes of the line."""
    for event in stream:
        into.append(event)  # noqa: PERF402  # a copy would be lost with the line


@pytest.mark.parametrize("most", [0, 3, 7])
def test_a_background_stream_is_resumed_after_the_line_was_cut(most: int) -> None:
    """From the event that came last: none is told twice, none is lost."""
    place = place_of(None, FaultRule(Net("cut_stream", events=most), operation="create_response", nth=1))
    events: list[Any] = []
    stream = place.client.responses.create(model="m", input=STORY, background=True, stream=True)
    broken = (
        APIConnectionError,
        library_of_sdk().RemoteProtocolError,
    )  # before SDK 3, that of httpx comes out
    with pytest.raises(broken):
        read(stream, events)
    (exchange,) = place.service.log.entries()
    response_id = events[0].response.id if events else place.world.responses(place.made[0])[0]
    after: Any = {"starting_after": events[-1].sequence_number} if events else {}
    events += place.client.responses.retrieve(response_id, stream=True, **after)

    assert exchange["status"] == 200
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == STORY
    assert events[-1].type == "response.completed"
    assert not place.strict.problems


def test_the_streaming_helper_gives_the_final_response(place: Place) -> None:
    """With its text, and its parsed calls."""
    place.world.script(ASKS)
    with place.client.responses.stream(model="m", input="Weather?", tools=TOOLS) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert "response.function_call_arguments.delta" in kinds
    assert final.output[0].type == "function_call"

    with place.client.responses.stream(
        model="m", input=outputs(final, STORY), previous_response_id=final.id
    ) as stream:
        snapshots = [event.snapshot for event in stream if event.type == "response.output_text.delta"]
        assert stream.get_final_response().output_text == STORY
    assert snapshots[-1] == STORY


def test_the_streaming_helper_resumes(place: Place) -> None:
    """A background response by its id, from a number on."""
    with place.client.responses.stream(model="m", input=STORY, background=True) as stream:
        seen = [next(stream) for _ in range(5)]
        created = seen[0]
    assert created.type == "response.created"
    after = seen[-1].sequence_number
    with place.client.responses.stream(response_id=created.response.id, starting_after=after) as stream:
        rest = list(stream)
        assert stream.get_final_response().output_text == STORY

    assert rest[0].sequence_number == after + 1


class Weather(BaseModel):
    """What the model is to answer with."""

    city: str
    degrees: int


def test_an_answer_is_parsed(place: Place) -> None:
    """As the class that was asked for, in a stream and without."""
    responses = place.client.responses
    by_default = responses.parse(model="m", input="Weather?", text_format=Weather)
    place.world.rules = place.world.rules.__class__(
        default=Schedule(in_progress=[After(1, text='{"city": "Rome", "degrees": 20}')])
    )
    parsed = responses.parse(model="m", input="Weather?", text_format=Weather)
    with responses.stream(model="m", input="Weather?", text_format=Weather) as stream:
        streamed = stream.get_final_response()

    assert isinstance(by_default.output_parsed, Weather)
    assert parsed.output_parsed == streamed.output_parsed == Weather(city="Rome", degrees=20)


def test_the_tools_of_the_service_are_items(place: Place) -> None:
    """In the answer, and in the events."""
    steps = [FileSearch([Found("file-1", "a.txt", text="42")]), CodeInterpreter("1 + 1", logs="2")]
    turn = Schedule(in_progress=[After(2, text="Done.", steps=steps)])
    place.world.script(turn, turn)
    include: Any = ["file_search_call.results", "code_interpreter_call.outputs"]
    tools: Any = [
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    ]
    response = place.client.responses.create(model="m", input="x", tools=tools, include=include)
    events = list(place.client.responses.create(model="m", input="x", tools=tools, stream=True))

    search, code, _ = response.output
    assert search.type == "file_search_call"
    assert search.results is not None
    assert search.results[0].text == "42"
    assert code.type == "code_interpreter_call"
    assert {"response.file_search_call.searching", "response.code_interpreter_call.interpreting"} <= {
        event.type for event in events
    }


def test_a_response_is_cancelled_and_deleted(place: Place) -> None:
    """Cancelled at once, and as often as one likes."""
    responses = place.client.responses
    response = responses.create(model="m", input=STORY, background=True)

    assert [responses.cancel(response.id).status for _ in range(2)] == ["cancelled", "cancelled"]
    responses.delete(response.id)
    with pytest.raises(NotFoundError, match=f"Response with id '{response.id}' not found"):
        responses.retrieve(response.id)
    foreground = responses.create(model="m", input=STORY)
    with pytest.raises(BadRequestError, match="Cannot cancel a synchronous response"):
        responses.cancel(foreground.id)


def test_a_conversation_is_talked_in(place: Place) -> None:
    """Its items are those of its responses; while one is at work it is locked."""
    conversations = place.client.conversations
    talk = conversations.create(items=[{"role": "user", "content": "I am Ada."}], metadata={"k": "v"})
    place.client.responses.create(model="m", input="Hello", conversation=talk.id)
    slow = place.client.responses.create(model="m", input="x", conversation={"id": talk.id}, background=True)
    with pytest.raises(BadRequestError, match="Another process") as refused:
        place.client.responses.create(model="m", input="Hello", conversation=talk.id)
    place.wait(slow)

    assert refused.value.code == "conversation_locked"
    items = list(conversations.items.list(talk.id, order="asc", limit=2))
    assert [item.type for item in items] == ["message"] * 5
    assert items[0].id is not None
    assert conversations.items.retrieve(items[0].id, conversation_id=talk.id) == items[0]
    assert conversations.delete(talk.id).deleted


@pytest.mark.slow
def test_all_of_it_awaited() -> None:
    """The async client meets the same."""
    world = World(VirtualClock(1_700_000_000.0))
    strict = Strict()
    service = Service(world, observers=[strict])

    async def main() -> None:
        async with AsyncOpenAI(api_key="sk-none", max_retries=0, http_client=async_client(service)) as client:
            responses = client.responses
            assert (await responses.create(model="m", input=STORY)).output_text == STORY
            stream = await responses.create(model="m", input=STORY, background=True, stream=True)
            events = [event async for event in stream]
            assert events[0].type == "response.created"
            again = await responses.retrieve(events[0].response.id, stream=True, starting_after=3)
            assert [event async for event in again] == events[4:]
            async with responses.stream(model="m", input=STORY) as helper:
                assert (await helper.get_final_response()).output_text == STORY
            world.script(Schedule(in_progress=[After(1, text='{"city": "Rome", "degrees": 20}')]))
            parsed = await responses.parse(model="m", input="x", text_format=Weather)
            assert parsed.output_parsed == Weather(city="Rome", degrees=20)
            slow = await responses.create(model="m", input=STORY, background=True)
            assert (await responses.cancel(slow.id)).status == "cancelled"
            talk = await client.conversations.create(items=[{"role": "user", "content": STORY}])
            assert [item.type async for item in client.conversations.items.list(talk.id)] == ["message"]

    asyncio.run(main())
    assert not strict.problems
    assert set(strict.checked) == {"response", "event", "conversation", "items"}
