"""A World on a virtual clock behind a Service, and the official clients in front of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen
from openai import OpenAI

from runlife import VirtualClock
from runlife_adapters.http import Request, Service, sync_client
from runlife_adapters.memory import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_adapters.http import Response
    from runlife_adapters.memory import RunObject

BETA = {"openai-beta": "assistants=v2"}
USER = {"role": "user", "content": "Hello"}


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
