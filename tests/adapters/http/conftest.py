"""A World on a virtual clock behind a Service, and clients in front of it: plain ones and the official."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field, frozen
from openai import OpenAI

from runlife import RUN, VirtualClock
from runlife_adapters.http import Request, Service, sync_client
from runlife_adapters.http.faults import FaultPlan
from runlife_adapters.memory import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runlife_adapters.http import Response
    from runlife_adapters.http.faults import FaultRule
    from runlife_adapters.memory import RunObject, Schedule

    Opening = Callable[..., "Session"]
    """What opens a session: with a schedule, faults, and options of the World."""

BETA = {"openai-beta": "assistants=v2"}
USER: Any = {"role": "user", "content": "Hello"}
FUNCTION = {"type": "function", "function": {"name": "count"}}
TERMINAL = sorted(status.value for status in RUN.terminal)


@frozen
class Bench:
    """A service, and a plain way to send it requests."""

    service: Service

    @classmethod
    def of(cls, world: World | None = None, **options: Any) -> Bench:
        """Set up a service, by default of a new World."""
        return cls(Service(world or World(VirtualClock(1_700_000_000.0)), **options))

    @property
    def world(self) -> World:
        """The World that is served."""
        return self.service.world

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, query: str = ""
    ) -> Response:
        """Send a request, with a JSON body or bytes as they are, to a path as it is."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.service.handle(Request(method, path, query, BETA if headers is None else headers, raw))

    def send(self, method: str, path: str, *request: Any, **options: Any) -> tuple[int, Any]:
        """Send a request to a path under ``/v1``; return status and JSON of the answer."""
        answer = self.ask(method, f"/v1{path}", *request, **options)
        assert isinstance(answer.body, bytes)
        return answer.status, json.loads(answer.body)

    def error(self, *request: Any, **options: Any) -> tuple[int, str, str | None, str | None]:
        """Send a request that is refused; return status, message, param and code."""
        status, answer = self.send(*request, **options)
        assert set(answer) == {"error"}
        error = answer["error"]
        assert list(error) == ["message", "type", "param", "code"]
        assert error["type"] == "invalid_request_error"
        return status, error["message"], error["param"], error["code"]

    def run(self) -> RunObject:
        """Create an assistant, a thread and a run."""
        assistant = self.world.create_assistant(model="m")
        return self.world.create_thread_and_run(assistant_id=assistant.id, thread={"messages": [USER]})

    def stream(self, **options: Any) -> Response:
        """Ask for a run whose events are streamed."""
        assistant = self.world.create_assistant(model="m", tools=options.pop("tools", []))
        body = {"assistant_id": assistant.id, "thread": {"messages": [USER]}, "stream": True, **options}
        return self.ask("POST", "/v1/threads/runs", body)


@pytest.fixture
def make_bench() -> type[Bench]:
    """Give the class of benches."""
    return Bench


@pytest.fixture
def bench() -> Bench:
    """Give a bench with a new World."""
    return Bench.of()


@pytest.fixture
def client(bench: Bench) -> Iterator[OpenAI]:
    """Give the official client, which reaches the bench without a socket and never retries."""
    with OpenAI(api_key="sk-none", max_retries=0, http_client=sync_client(bench.service)) as client:
        yield client


@define
class Session:
    """A client that speaks plain HTTP to a service, on virtual time."""

    service: Service
    thread: str
    assistant: str
    run: str = ""
    outputs: list[dict[str, str]] = field(factory=list[dict[str, str]])

    @classmethod
    def of(cls, schedule: Schedule | None = None, *faults: FaultRule, **options: Any) -> Session:
        """Open a session with a new World, in which there are an assistant and a thread."""
        world = World(VirtualClock(1_700_000_000.0), schedule=schedule, **options)
        service = Service(world, faults=FaultPlan(faults))
        assistant = world.create_assistant(model="gpt-4o", tools=[FUNCTION])
        return cls(service, world.create_thread(messages=[USER]).id, assistant.id)

    def beside(self, thread: str) -> Session:
        """Return a session with the same service, on another thread."""
        return Session(self.service, thread, self.assistant)

    @property
    def world(self) -> World:
        """The World that is served."""
        return self.service.world

    @property
    def path(self) -> str:
        """Where the run stands."""
        return f"/threads/{self.thread}/runs/{self.run}"

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request, and return what came: JSON, a stream, or None when the answer was lost."""
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self.service.handle(Request(method, f"/v1{path}", "", BETA, raw))
        if not isinstance(answer.body, bytes):
            return answer.body
        if answer.net is not None and answer.net.kind != "delay":
            return None
        return json.loads(answer.body)

    def create(self, **body: Any) -> Any:
        """Create a run, and remember it."""
        answer = self.send("POST", f"/threads/{self.thread}/runs", {"assistant_id": self.assistant, **body})
        if isinstance(answer, dict) and "id" in answer:
            self.run = answer["id"]
        return answer

    def retrieve(self) -> Any:
        """Look at the run; remember what it asks for."""
        answer = self.send("GET", self.path)
        action = answer and answer.get("required_action")
        if action:
            calls = action["submit_tool_outputs"]["tool_calls"]
            self.outputs = [{"tool_call_id": call["id"], "output": "1"} for call in calls]
        return answer

    def poll(self, *until: str) -> Any:
        """Look once a second until the run is in one of some statuses, by default one that ends a poll."""
        while True:
            answer = self.retrieve()
            if answer["status"] in (until or (*TERMINAL, "requires_action")):
                return answer
            self.world.advance(1)

    def submit(self, **body: Any) -> Any:
        """Submit what the run asked for when last looked at."""
        return self.send("POST", f"{self.path}/submit_tool_outputs", {"tool_outputs": self.outputs, **body})

    def cancel(self) -> Any:
        """Cancel the run."""
        return self.send("POST", f"{self.path}/cancel")

    def list(self) -> Any:
        """List the runs of the thread, and take up the newest."""
        page = self.send("GET", f"/threads/{self.thread}/runs")
        if page["data"]:
            self.run = page["data"][0]["id"]
        return page

    def say(self) -> Any:
        """Add a message to the thread."""
        return self.send("POST", f"/threads/{self.thread}/messages", USER)

    def drain(self, stream: Any, least: int = 10_000) -> bytes:
        """Read a stream to its end, or until so many bytes have come."""
        read = b""
        while not stream.over and len(read) < least:
            read += stream.take()
            if (due := stream.due()) is not None and due > self.world.clock.now():
                self.world.advance(due - self.world.clock.now())
        return read

    @property
    def kinds(self) -> list[str]:
        """The kinds of the findings."""
        return [finding.kind.value for finding in self.service.verdict.findings()]

    def only(self, kind: str) -> Any:
        """Return the finding, of which there is one and of this kind."""
        (finding,) = self.service.verdict.findings()
        assert finding.kind == kind
        assert finding.evidence
        return finding


@pytest.fixture(scope="session")
def open_session() -> Opening:
    """Give the way to open sessions, each with a World of its own."""
    return Session.of


@pytest.fixture
def no_observer_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which an observer failed: the service only logs that, so as to go on."""
    yield
    assert not [record for record in caplog.records if "observer" in record.message], caplog.text
