"""The ASGI app and the server around it: what a socket adds, and what it must not change."""

from __future__ import annotations

import asyncio
import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from runlife import VirtualClock
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.server import serve
from runlife_adapters.http.service import LARGEST_BODY
from runlife_adapters.memory import World

BETA = {"OpenAI-Beta": "assistants=v2"}


def call(app: Any, messages: list[dict[str, Any]], **scope: Any) -> list[dict[str, Any]]:
    """Call an ASGI app with what a server would hand it; return what it sends."""
    sent: list[dict[str, Any]] = []
    incoming = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    usual = {
        "type": "http",
        "method": "POST",
        "path": "/v1/threads",
        "raw_path": b"/v1/threads",
        "query_string": b"",
        "headers": [(b"openai-beta", b"assistants=v2")],
    }
    asyncio.run(app({**usual, **scope}, receive, send))
    return sent


def test_a_body_arrives_in_pieces() -> None:
    """However the server cuts it."""
    pieces = [b'{"metadata": {"a"', b': "', b'1"}}']
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    sent = call(create_app(World(VirtualClock())), [*messages, {"type": "http.request", "body": b""}])

    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"])["metadata"] == {"a": "1"}


def test_a_body_that_has_no_end_is_not_read_to_its_end() -> None:
    """What is too large is refused as soon as that is known: no further piece is asked for."""
    piece = {"type": "http.request", "body": b"x" * (LARGEST_BODY // 4), "more_body": True}
    sent = call(create_app(World(VirtualClock())), [piece] * 5)

    assert sent[0]["status"] == 413


def test_a_client_that_leaves_is_not_answered() -> None:
    """Nothing is sent, nothing is created, and nothing is raised."""
    world = World(VirtualClock())
    body = {"type": "http.request", "body": b"{", "more_body": True}

    assert call(create_app(world), [body, {"type": "http.disconnect"}]) == []


def test_the_path_is_taken_as_it_was_sent() -> None:
    """An encoded slash does not become a slash on the way."""
    sent = call(
        create_app(World(VirtualClock())),
        [{"type": "http.request", "body": b""}],
        method="GET",
        path="/v1/threads/thread_a/runs",
        raw_path=b"/v1/threads/thread_a%2Fruns",
    )

    assert json.loads(sent[1]["body"])["error"]["message"] == "No thread found with id 'thread_a/runs'."


@pytest.mark.parametrize("raw", [{}, {"raw_path": None}])
def test_a_server_need_not_say_how_the_path_was_sent(raw: dict[str, None]) -> None:
    """ASGI makes ``raw_path`` optional; a scope without it used to end in a KeyError."""
    app = create_app(World(VirtualClock()))

    async def bare(scope: dict[str, Any], receive: Any, send: Any) -> None:
        del scope["raw_path"]
        await app({**scope, **raw}, receive, send)

    sent = call(bare, [{"type": "http.request", "body": b""}], method="GET", path="/v1/threads/thread_a b%")

    assert json.loads(sent[1]["body"])["error"]["message"] == "No thread found with id 'thread_a b%'."


@pytest.mark.slow
def test_a_server_answers_until_its_block_ends() -> None:
    """Any method, repeated requests on one connection; afterwards the port is closed."""
    with serve(create_app(World(VirtualClock()))) as served:
        address = urlsplit(served.url)
        assert address.hostname is not None
        connection = HTTPConnection(address.hostname, address.port or 0)
        for method, path, status in [
            ("POST", "/v1/threads", 200),
            ("GET", "/v1/assistants?limit=1", 200),
            ("PATCH", "/v1/assistants", 405),
            ("GET", "/elsewhere", 404),
        ]:
            connection.request(method, path, headers=BETA)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            assert (answer.status, "error" in body) == (status, status != 200)
            assert answer.headers["openai-version"] == "2020-10-01"
        connection.close()

    with pytest.raises(ConnectionRefusedError):
        HTTPConnection(address.hostname, address.port or 0).connect()


@pytest.mark.slow
def test_a_port_that_is_taken_is_said_so_at_once() -> None:
    """Whoever asks for a port that is in use gets an OSError, and no server."""
    app = create_app(World(VirtualClock()))
    with (
        serve(app) as served,
        pytest.raises(OSError, match=r".+"),
        serve(app, port=urlsplit(served.url).port or 0),
    ):
        pass
