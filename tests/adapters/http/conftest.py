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

BETA = {"openai-beta": "assistants=v2"}
FUNCTION = {"type": "function", "function": {"name": "get_weather"}}


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

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, query: str = ""
    ) -> tuple[int, Any]:
        """Send a request with a JSON body (or bytes as they are); return status and JSON of the answer."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self.service.handle(
            Request(method, f"/v1{path}", query, BETA if headers is None else headers, raw)
        )
        return answer.status, json.loads(answer.body)

    def error(self, *request: Any, **options: Any) -> tuple[int, str, str | None, str | None]:
        """Send a request that is refused; return status, message, param and code."""
        status, answer = self.send(*request, **options)
        assert set(answer) == {"error"}
        error = answer["error"]
        assert list(error) == ["message", "type", "param", "code"]
        assert error["type"] == "invalid_request_error"
        return status, error["message"], error["param"], error["code"]


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
