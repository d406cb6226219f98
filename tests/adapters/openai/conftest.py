"""The fake of the Responses API behind an official client, over a line on which anything may get lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import openai
import pytest
from attrs import define, field

from runlife import VirtualClock
from runlife_adapters.http import Service, async_client, sync_client
from runlife_adapters.http.inprocess import library_of_sdk
from runlife_adapters.http.service import Request, Response
from runlife_adapters.memory import Schedule, World
from runlife_adapters.openai.responses import AsyncResponsesBackend, ResponsesBackend

START = 1_700_000_000.0
TOOLS = [{"type": "function", "function": {"name": "count", "parameters": {"type": "object"}}}]


@define
class Line:
    """What lies between a client and the service, and notes what is sent.

    A fate is what becomes of a call: ``lose_request`` or ``lose_response``, a status with which it is refused
    (``500``), or a status, a message and a code. ``fates`` has them by the number of the call.
    """

    service: Service
    fates: dict[int, str] = field(factory=dict[int, str])
    deaf_to: str | None = None
    """How the paths of calls end that do not arrive, one and all."""
    meanwhile: Callable[[], object] | None = None
    """What happens once, while the next call is on its way."""
    asked: list[Request] = field(factory=list[Request])
    _doomed: list[tuple[str, str]] = field(factory=list[tuple[str, str]])

    @property
    def world(self) -> World:
        return self.service.world

    @property
    def made(self) -> list[str]:
        """The calls, as method and the end of the path."""
        return [
            f"{r.method} {r.path.removeprefix('/v1')}{'?' if r.query else ''}{r.query}" for r in self.asked
        ]

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """Return what was posted to a path."""
        return [json.loads(r.body) for r in self.asked if (r.method, r.path) == ("POST", f"/v1{path}")]

    def doom(self, call: str, fate: str) -> None:
        """Let this befall the next call whose method and path begin like this."""
        self._doomed.append((call, fate))

    def handle(self, request: Request) -> Response:
        fate = self.fates.get(len(self.asked))
        self.asked.append(request)
        doomed = next((doom for doom in self._doomed if self.made[-1].startswith(doom[0])), None)
        if doomed:
            self._doomed.remove(doomed)
            fate = doomed[1]
        if fate and fate[0].isdigit():
            status, _, rest = fate.partition(" ")
            message, _, code = rest.partition(" / ")
            error = {"message": message or "oh", "type": "invalid_request_error", "code": code or None}
            body = json.dumps({"error": error}).encode()
            return Response(int(status), {"content-type": "application/json"}, body)
        library = import_module(library_of_sdk().__name__)
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        if fate == "lose_request" or (self.deaf_to and request.path.endswith(self.deaf_to)):
            raise library.ConnectError("lost")
        answer = self.service.handle(request)
        if fate == "lose_response":
            raise library.ReadError("lost")
        return answer


@define
class Stand:
    """A fake in virtual time, and backends before it."""

    world: World
    line: Line
    options: dict[str, Any] = field(factory=dict[str, Any])

    def _client(self) -> dict[str, Any]:
        return {"base_url": "http://fake/v1", "api_key": "-", "max_retries": 0}

    def backend(self, **options: Any) -> ResponsesBackend:
        line: Any = self.line
        client = openai.OpenAI(http_client=sync_client(line), **self._client())
        return ResponsesBackend(client, **{"clock": self.world.clock, **self.options, **options})

    def async_backend(self, **options: Any) -> AsyncResponsesBackend:
        line: Any = self.line
        client = openai.AsyncOpenAI(http_client=async_client(line), **self._client())
        return AsyncResponsesBackend(client, **{"clock": self.world.clock, **self.options, **options})

    def scene(self, backend: ResponsesBackend, said: str = "Hello", **thread: Any) -> tuple[str, str]:
        """Return the ids of a thread with a message, and of an assistant with a function."""
        thread_id = backend.create_thread(messages=[{"role": "user", "content": said}], **thread)
        return thread_id, backend.create_assistant(model="gpt-4o", tools=TOOLS)


def a_stand(schedule: Schedule | None = None, **options: Any) -> Stand:
    """Return a fake in virtual time, on which all goes well, and what its backends are told."""
    world = World(VirtualClock(START), schedule=schedule)
    return Stand(world, Line(Service(world)), options)


@pytest.fixture(scope="session")
def stands() -> Callable[..., Stand]:
    """What makes a fake and backends before it."""
    return a_stand
