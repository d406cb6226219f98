"""The doors of a server that only this machine can reach: by which names they may be called."""

from __future__ import annotations

import asyncio
import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from runlife import VirtualClock
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.listener import Listener
from runlife_adapters.http.local_doors import LocalDoors
from runlife_adapters.http.server import serve
from runlife_adapters.memory import World

if TYPE_CHECKING:
    from collections.abc import Iterable

OTHERS = [
    "evil.example",
    "evil.example:4010",
    "localhost.evil.example",
    "localhost@evil.example",
    "10.0.0.1",
    "[",
]


def called_by(*hosts: str, path: str = "/_runlife/clock", own: str = "127.0.0.1") -> tuple[int, Any]:
    """Open a door, or what is at a path, by such a name; return status and JSON."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"openai-beta", b"assistants=v2"), *((b"host", host.encode()) for host in hosts)],
    }
    asyncio.run(LocalDoors(create_app(World(VirtualClock())), own)(scope, receive, send))
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:4010",
        "localhost.",
        "fake.localhost:80",
        "127.0.0.1:4010",
        "127.1.2.3",
        "[::1]:4010",
    ],
)
def test_the_doors_are_open_by_a_name_of_this_machine(host: str) -> None:
    """With a port or without; so are they for who names no host, as no browser does."""
    assert called_by(host)[0] == 200
    assert called_by()[0] == 200


@pytest.mark.parametrize("host", OTHERS)
def test_the_doors_are_shut_by_a_name_of_somebody_else(host: str) -> None:
    """A page whose name leads to this machine by now could read the log, without an Origin."""
    status, answer = called_by(host)

    assert status == 403
    assert answer["error"]["message"] == (
        f"{host!r} may not open these doors: they are called by a name of this machine only"
    )
    assert called_by("localhost", host)[0] == 403
    assert called_by(host, path="/_runlife")[0] == 403


@pytest.mark.parametrize("host", OTHERS)
def test_the_api_is_served_by_any_name(host: str) -> None:
    """Somebody may have put a name for it on this machine; and what looks like a door is none."""
    assert called_by(host, path="/v1/assistants")[0] == 200
    assert called_by(host, path="/_runlives")[0] == 404


def test_the_name_that_it_was_told_to_listen_on_will_do() -> None:
    """Whoever starts a server on a name knows where that leads."""
    assert called_by("Fake.Test:4010", own="fake.test")[0] == 200
    assert called_by("other.test", own="fake.test")[0] == 403


def statuses(url: str, paths: Iterable[str], host: str) -> list[int]:
    """Get paths from a server on a socket, and call it by a name."""
    connection = HTTPConnection(urlsplit(url).netloc)
    found: list[int] = []
    for path in paths:
        connection.request("GET", path, headers={"Host": host, "OpenAI-Beta": "assistants=v2"})
        answer = connection.getresponse()
        answer.read()
        found.append(answer.status)
    connection.close()
    return found


@pytest.mark.slow
def test_a_server_on_loopback_asks_for_the_name() -> None:
    """It used to open its doors by any."""
    with serve(create_app(World(VirtualClock()))) as served:
        paths = ["/_runlife/log", "/v1/assistants"]
        assert statuses(served.url, paths, "localhost") == [200, 200]
        assert statuses(served.url, paths, "evil.example") == [403, 200]


@pytest.mark.parametrize(("host", "guarded"), [("127.0.0.1", True), ("0.0.0.0", False)])  # noqa: S104  # not served
def test_who_can_be_reached_by_others_is_called_by_any_name(host: str, guarded: bool) -> None:
    """By which, nobody here can know; the doors have a key for that."""
    listener = Listener(create_app(World(VirtualClock())), host, 0)

    assert isinstance(listener._server.config.app, LocalDoors) is guarded
    listener.close()
