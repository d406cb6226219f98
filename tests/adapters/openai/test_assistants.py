"""Runs through the official SDK: what it is asked to do, and what its answers and errors become."""

import asyncio
import json
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import openai
import pytest
from attrs import define, field

from runlife import RUN, ServerError, ToolOutput, VirtualClock
from runlife_adapters.backend import RejectedError, UnavailableError
from runlife_adapters.drive import Completed, attach_async, drive, drive_async
from runlife_adapters.http import Service, async_client, sync_client
from runlife_adapters.http.service import Request, Response
from runlife_adapters.memory import After, Schedule, ServicePolicy, World
from runlife_adapters.openai import AsyncOpenAIBackend, OpenAIBackend

RUN_OBJECT = {"id": "run_1", "object": "thread.run", "status": "queued"}
TWO_CALLS = Schedule(in_progress=[After(1, "requires_action", tools=2)])


@define
class Desk:
    """A service that notes what it is asked, and answers as it is told."""

    answers: list[Response] = field(factory=list[Response])
    asked: list[Request] = field(factory=list[Request])

    def handle(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answers.pop(0) if self.answers else answer(RUN_OBJECT)

    def backend(self, **options: Any) -> OpenAIBackend:
        service: Any = self
        client = openai.OpenAI(
            base_url="http://desk.test/v1", api_key="key", http_client=sync_client(service)
        )
        return OpenAIBackend(client, **options)

    def async_backend(self) -> AsyncOpenAIBackend:
        service: Any = self
        client = openai.AsyncOpenAI(
            base_url="http://desk.test/v1", api_key="key", http_client=async_client(service)
        )
        return AsyncOpenAIBackend(client)


def answer(body: object, status: int = 200, **headers: str) -> Response:
    """Return a response with a JSON body; underscores in header names stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"content-type": "application/json", **named}, json.dumps(body).encode())


def refusal(status: int, message: str, code: str | None = None, **headers: str) -> Response:
    """Return the service's envelope of an error."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return answer({"error": error}, status, **headers)


# Requests


@pytest.mark.parametrize(
    ("call", "method", "path", "query", "body"),
    [
        (
            lambda b: b.create_run("thread_1", "asst_1", model="m"),
            "POST",
            "/v1/threads/thread_1/runs",
            "",
            {"assistant_id": "asst_1", "model": "m"},
        ),
        (lambda b: b.retrieve_run("thread_1", "run_1"), "GET", "/v1/threads/thread_1/runs/run_1", "", None),
        (
            lambda b: b.cancel_run("thread_1", "run_1"),
            "POST",
            "/v1/threads/thread_1/runs/run_1/cancel",
            "",
            None,
        ),
        (
            lambda b: b.submit_tool_outputs("thread_1", "run_1", [ToolOutput("call_1", "x")]),
            "POST",
            "/v1/threads/thread_1/runs/run_1/submit_tool_outputs",
            "",
            {"tool_outputs": [{"tool_call_id": "call_1", "output": "x"}]},
        ),
    ],
)
def test_each_call_is_the_request_of_the_specification(
    call: Callable[[Any], Any], method: str, path: str, query: str, body: object
) -> None:
    """Method, path, body and the header that the surface demands; the same from the async client."""
    desk = Desk()
    call(desk.backend())
    asyncio.run(call(desk.async_backend()))
    for request in desk.asked:
        assert (request.method, request.path, request.query) == (method, path, query)
        assert (json.loads(request.body) if request.body else None) == body
        assert request.headers["openai-beta"] == "assistants=v2"
        assert request.headers["authorization"] == "Bearer key"


def test_lists_are_asked_for_in_the_order_that_is_needed() -> None:
    """The newest runs, a hundred of them; and the messages of the run, oldest first."""
    for shell in ("sync", "async"):
        desk = Desk([answer({"data": [RUN_OBJECT]}), answer({"data": []})])
        if shell == "sync":
            backend = desk.backend()
            runs, texts = backend.list_runs("thread_1"), backend.list_messages("thread_1", run_id="run_1")
        else:
            async_backend = desk.async_backend()

            async def both(async_backend: AsyncOpenAIBackend = async_backend) -> Any:
                return (
                    await async_backend.list_runs("thread_1"),
                    await async_backend.list_messages("thread_1", run_id="run_1"),
                )

            runs, texts = asyncio.run(both())
        assert [run.id for run in runs] == ["run_1"]
        assert texts == ()
        assert [request.query for request in desk.asked] == [
            "order=desc&limit=100",
            "order=asc&limit=100&run_id=run_1",
        ]


def test_ids_cannot_leave_their_place_in_the_path() -> None:
    """Whatever an id holds, it names one segment."""
    desk = Desk()
    desk.backend().retrieve_run("thread_1/../x", "run?1")
    assert desk.asked[0].path == "/v1/threads/thread_1%2F..%2Fx/runs/run%3F1"


def test_azure_gets_its_version_and_its_key() -> None:
    """A client for Azure works as it is: the verbs carry what its methods carry."""
    desk: Any = Desk()
    client = openai.AzureOpenAI(
        azure_endpoint="http://desk.test",
        api_key="key",
        api_version="2024-05-01-preview",
        http_client=sync_client(desk),
    )
    OpenAIBackend(client).retrieve_run("thread_1", "run_1")
    (request,) = desk.asked
    assert request.path == "/openai/threads/thread_1/runs/run_1"
    assert request.query == "api-version=2024-05-01-preview"
    assert request.headers["api-key"] == "key"


def test_no_call_warns_of_a_deprecation() -> None:
    """The SDK's methods for Assistants warn at every call; a service that embeds us need not hear it."""
    desk = Desk()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        desk.backend().retrieve_run("thread_1", "run_1")
        asyncio.run(desk.async_backend().retrieve_run("thread_1", "run_1"))


def test_a_call_that_changes_something_is_sent_once() -> None:
    """A blind repetition by the SDK would create twice, or submit into the next round."""
    desk = Desk([refusal(500, "oh"), refusal(500, "oh")])
    with pytest.raises(UnavailableError):
        desk.backend().create_run("thread_1", "asst_1")
    assert len(desk.asked) == 1
    with pytest.raises(UnavailableError):
        asyncio.run(desk.async_backend().create_run("thread_1", "asst_1"))
    assert len(desk.asked) == 2


def test_the_timeout_is_ours_unless_the_clients_is_wanted() -> None:
    """The SDK's ten minutes are the whole life of a run; a client that was told another timeout keeps it.

    It used to get ours all the same: two lost answers took a client with ten seconds' patience a minute.
    """
    seen: list[Any] = []

    class Client(openai.OpenAI):
        def get(self, path: str, **given: Any) -> Any:
            seen.append(given["options"].get("timeout"))
            return super().get(path, **given)

    desk: Any = Desk()
    client = Client(base_url="http://desk.test/v1", api_key="key", http_client=sync_client(desk))
    OpenAIBackend(client).retrieve_run("thread_1", "run_1")
    OpenAIBackend(client, timeout=5.0).retrieve_run("thread_1", "run_1")
    OpenAIBackend(client.with_options(timeout=10)).retrieve_run("thread_1", "run_1")
    assert seen == [30.0, 5.0, None]


# Answers


@pytest.mark.parametrize(
    ("header", "seconds"), [("1500", 1.5), ("0", 0.0), ("soon", None), ("-1", None), ("nan", None)]
)
def test_the_poll_interval_is_read_from_the_header(header: str, seconds: float | None) -> None:
    """What makes no sense is no wish."""
    desk = Desk([answer(RUN_OBJECT, openai_poll_after_ms=header)])
    assert desk.backend().retrieve_run("thread_1", "run_1").poll_after == seconds


def test_a_status_that_the_sdk_does_not_know_arrives_unharmed() -> None:
    """The body is read as it stands on the wire, whatever this SDK believes a run to be."""
    desk = Desk([answer({**RUN_OBJECT, "status": "on_holiday", "news": 1})])
    view = desk.backend().retrieve_run("thread_1", "run_1")
    assert view.status == "on_holiday"
    assert view.raw["news"] == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"id": "run_1"}'])
def test_an_answer_that_is_no_run_is_the_services_fault(body: bytes) -> None:
    """A gateway's page with a 200 is told from a run."""
    desk = Desk([Response(200, {"content-type": "text/html"}, body)])
    with pytest.raises(ServerError, match="expected"):
        desk.backend().retrieve_run("thread_1", "run_1")


def test_a_list_that_is_none_is_the_services_fault() -> None:
    """So is a list without its data."""
    with pytest.raises(ServerError, match="expected a list"):
        Desk().backend().list_runs("thread_1")


# Errors


def test_a_refusal_has_the_services_words() -> None:
    """Status, message and code, as they stand in the envelope, the same in every version of the SDK."""
    desk = Desk([refusal(400, "Thread thread_1 already has an active run run_1.", "locked")])
    with pytest.raises(RejectedError) as caught:
        desk.backend().create_run("thread_1", "asst_1")
    error = caught.value
    assert error.status == 400
    assert error.message == "Thread thread_1 already has an active run run_1."
    assert error.code == "locked"


def test_a_refusal_without_an_envelope_is_still_a_refusal() -> None:
    """A gateway's own 403 has no words of the service; the SDK's stand in for them."""
    desk = Desk([Response(403, {"content-type": "text/plain"}, b"go away")])
    with pytest.raises(RejectedError) as caught:
        desk.backend().cancel_run("thread_1", "run_1")
    assert caught.value.status == 403
    assert caught.value.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "20"}, 20.0),
        ({"retry_after_ms": "1500", "retry_after": "20"}, 1.5),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry_after": "inf"}, None),
        ({}, None),
    ],
)
def test_an_outage_says_how_long_to_leave_the_service_alone(
    headers: dict[str, str], seconds: float | None
) -> None:
    """In milliseconds or seconds; a date is not worth a clock."""
    desk = Desk([refusal(429, "slow down", **headers)])
    with pytest.raises(UnavailableError) as caught:
        desk.backend().cancel_run("thread_1", "run_1")
    assert (caught.value.status, caught.value.retry_after) == (429, seconds)


@pytest.mark.parametrize("status", [408, 500, 503])
def test_what_a_server_cannot_do_is_no_refusal(status: int) -> None:
    """The call may have happened."""
    desk = Desk([refusal(status, "oh")])
    with pytest.raises(UnavailableError):
        desk.backend().cancel_run("thread_1", "run_1")


@pytest.mark.parametrize(
    ("raised", "told"), [("ConnectError", "APIConnectionError"), ("ReadTimeout", "APITimeoutError")]
)
def test_a_connection_that_breaks_is_no_answer(raised: str, told: str) -> None:
    """Whatever the transport raises, and whichever library it is of, the call may have happened."""

    class Broken(Desk):
        def handle(self, request: Request) -> Response:
            library = import_module(type(sync_client(self)).__module__.partition(".")[0])
            raise getattr(library, raised)(raised)

    with pytest.raises(UnavailableError, match=told):
        Broken().backend().create_run("thread_1", "asst_1")
    with pytest.raises(UnavailableError, match=told):
        asyncio.run(Broken().async_backend().create_run("thread_1", "asst_1"))


# With the driver, before the fake


@pytest.fixture
def world() -> World:
    """A fake in virtual time whose run calls functions."""
    return World(VirtualClock(1_700_000_000), schedule=TWO_CALLS)


def scene(world: World) -> tuple[str, str]:
    """Return the ids of a thread and an assistant."""
    assistant = world.create_assistant(
        model="gpt-4o", tools=[{"type": "function", "function": {"name": "f"}}]
    )
    return world.create_thread(messages=[{"role": "user", "content": "Hello"}]).id, assistant.id


def test_a_run_is_driven_through_the_sdk(world: World) -> None:
    """From the creation to the reply, over the official client, as the service asks to be polled."""
    thread_id, assistant_id = scene(world)
    world.service_policy = ServicePolicy(poll_after_ms=250)
    service = Service(world)
    client = openai.OpenAI(api_key="key", base_url="http://fake.test/v1", http_client=sync_client(service))
    outcome = drive(
        OpenAIBackend(client),
        thread_id,
        assistant_id,
        tools={"f": lambda: "found"},
        clock=world.clock,
        sleep=world.advance,
    )
    assert isinstance(outcome, Completed)
    assert outcome.text == "found\nfound"
    assert outcome.view.poll_after == 0.25


def test_a_run_is_driven_through_the_async_sdk(world: World) -> None:
    """The same, awaited; and a run that exists is taken up."""
    thread_id, assistant_id = scene(world)

    async def f() -> str:
        return "found"

    async def sleep(seconds: float) -> None:
        world.advance(seconds)

    async def main() -> Any:
        http_client = async_client(Service(world))
        async with openai.AsyncOpenAI(
            api_key="key", base_url="http://fake.test/v1", http_client=http_client
        ) as client:
            backend = AsyncOpenAIBackend(client)
            told: dict[str, Any] = {"tools": {"f": f}, "clock": world.clock, "sleep": sleep}
            first = await drive_async(backend, thread_id, assistant_id, **told)
            again = await attach_async(backend, thread_id, first.view.id, **told)
            return first, again

    first, again = asyncio.run(main())
    assert isinstance(first, Completed)
    assert first.text == again.text == "found\nfound"
    assert first.view == again.view
    assert {entry.target for entry in world.journal(first.view.id)} <= set(RUN.statuses)
