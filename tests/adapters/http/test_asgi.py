"""The ASGI app and the server around it: what a socket adds, and what it must not change."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from http.client import HTTPConnection
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest

from runlife import MisuseError, VirtualClock
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.http.listener import GRACE
from runlife_adapters.http.server import serve
from runlife_adapters.http.service import LARGEST_BODY, Service
from runlife_adapters.memory import After, Net, Schedule, World

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


class Connection:
    """A connection of an ASGI server: what the app sends, until its client leaves."""

    def __init__(self, app: Any, *, path: str, body: Any) -> None:
        self._app = app
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._incoming.put_nowait({"type": "http.request", "body": json.dumps(body).encode()})
        self._scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"openai-beta", b"assistants=v2")],
        }
        self.sent: list[dict[str, Any]] = []
        self.looks = 0
        self.open = asyncio.Event()
        self.open.set()
        self.task = asyncio.create_task(self._app(self._scope, self._incoming.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        self.looks += 1
        self.sent.append(message)
        await self.open.wait()

    def leave(self) -> None:
        """Let the client leave."""
        self._incoming.put_nowait({"type": "http.disconnect"})

    @property
    def names(self) -> list[str]:
        """The names of the events that were sent."""
        text = b"".join(message.get("body", b"") for message in self.sent).decode()
        return [line[7:] for line in text.splitlines() if line.startswith("event: ")]


async def turns(count: int = 20) -> None:
    """Let the other tasks of the loop run."""
    for _ in range(count):
        await asyncio.sleep(0)


def streaming(world: World, app: Any = None) -> Connection:
    """Ask for a run whose events are streamed."""
    assistant = world.create_assistant(model="m", instructions="Speak.")
    body = {"assistant_id": assistant.id, "stream": True}
    return Connection(app or create_app(world), path="/v1/threads/runs", body=body)


def test_a_stream_goes_on_when_time_does() -> None:
    """On a virtual clock nothing is sent until somebody moves it; then all that has happened by then."""

    async def main() -> None:
        world = World(VirtualClock())
        connection = streaming(world)
        await turns()
        assert connection.sent[0]["status"] == 200
        assert (b"content-type", b"text/event-stream; charset=utf-8") in connection.sent[0]["headers"]
        assert connection.names[-1] == "thread.run.queued"
        world.advance(60)
        await connection.task
        assert connection.names[-2:] == ["thread.run.completed", "done"]
        assert connection.sent[-1] == {"type": "http.response.body", "body": b""}

    asyncio.run(main())


def test_a_stream_wakes_no_other() -> None:
    """Of a hundred streams only that whose run moves is looked at."""

    async def main() -> None:
        world = World(VirtualClock(), progression="manual")
        app = create_app(world)
        connections = [streaming(world, app) for _ in range(100)]
        await turns()
        before = [connection.looks for connection in connections]
        runs = list(world._store.runs)
        world.step(runs[7])
        await turns()
        changed = [n for n, c in enumerate(connections) if c.looks != before[n]]
        assert changed == [7]
        app.close()
        await asyncio.gather(*(connection.task for connection in connections))

    asyncio.run(main())


def test_a_stream_that_the_server_abandons_has_no_end() -> None:
    """It used to end in good order, so that its client took what it had read for everything."""

    async def main() -> None:
        world = World(VirtualClock(), progression="manual")
        app = create_app(world)
        connection = streaming(world, app)
        await turns()
        app.close()
        await asyncio.wait_for(connection.task, 5)
        assert "done" not in connection.names
        assert all(message.get("more_body") for message in connection.sent[1:])
        assert app.service.verdict.findings() == []

    asyncio.run(main())


def test_a_client_that_leaves_its_stream_is_let_go() -> None:
    """The app returns, and the run goes on to its end."""

    async def main() -> None:
        world = World(VirtualClock())
        connection = streaming(world)
        await turns()
        connection.leave()
        await asyncio.wait_for(connection.task, 5)
        world.advance(60)
        (run,) = world._store.runs.values()
        assert run.run.status == "completed"
        assert "thread.run.completed" not in connection.names

    asyncio.run(main())


def test_a_slow_reader_holds_up_only_itself() -> None:
    """What it has not taken is not sent; others get theirs meanwhile, and it gets its own in the end."""

    async def main() -> None:
        world = World(VirtualClock())
        app = create_app(world)
        slow, quick = streaming(world, app), streaming(world, app)
        slow.open.clear()
        await turns()
        world.advance(60)
        await quick.task
        assert (len(slow.sent), quick.names[-1]) == (1, "done")
        slow.open.set()
        await slow.task
        assert slow.names == quick.names

    asyncio.run(main())


@pytest.mark.slow
def test_a_real_clock_moves_streams_by_itself() -> None:
    """A timer wakes each when the next thing is due."""

    async def main() -> None:
        world = World(
            schedule=Schedule(queued=[After(0.01, "in_progress")], in_progress=[After(0.01, "completed")])
        )
        connection = streaming(world)
        await asyncio.wait_for(connection.task, 5)
        assert connection.names[-1] == "done"

    asyncio.run(main())


def faulty(net: Net) -> Any:
    """Return an app where that befalls every call."""
    return create_app(World(VirtualClock()), faults=FaultPlan([FaultRule(net)]))


def test_a_server_without_a_connection_to_break_gets_half_an_answer() -> None:
    """ASGI has no word for a reset: a body that never comes makes a server break the connection."""
    for kind in ("reset_before", "reset_after"):
        sent = call(faulty(Net(kind)), [{"type": "http.request"}, {"type": "http.disconnect"}])  # type: ignore[arg-type]
        assert sent == [
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]}
        ]


def test_an_answer_that_is_lost_lasts_until_the_client_leaves() -> None:
    """Nothing is sent, and the connection stays open."""

    async def main() -> None:
        connection = Connection(faulty(Net("lose_response")), path="/v1/threads", body={})
        await turns()
        assert not connection.task.done()
        connection.leave()
        await asyncio.wait_for(connection.task, 5)
        assert len(connection.sent) <= 1

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["cut_stream", "stall_stream"])
def test_a_stream_that_breaks_off_has_no_end(kind: Any) -> None:
    """Cut, the app returns without having ended it; stalled, it waits until the client leaves."""

    async def main() -> None:
        app = faulty(Net(kind, events=2))
        connection = streaming(app.service.world, app)
        await turns()
        assert connection.names == ["thread.created", "thread.run.created"]
        assert connection.task.done() == (kind == "cut_stream")
        connection.leave()
        await asyncio.wait_for(connection.task, 5)
        assert all(message.get("more_body") for message in connection.sent[1:])

    asyncio.run(main())


def test_a_late_answer_is_not_sent_to_a_client_that_has_left() -> None:
    """The wait ends when the client does."""

    async def main() -> None:
        connection = Connection(faulty(Net("delay", seconds=3600)), path="/v1/threads", body={})
        await turns()
        connection.leave()
        await asyncio.wait_for(connection.task, 5)
        assert connection.sent == []
        prompt = Connection(faulty(Net("delay", seconds=0.001)), path="/v1/threads", body={})
        await asyncio.wait_for(prompt.task, 5)
        assert prompt.sent[0]["status"] == 200

    asyncio.run(main())


def test_a_server_may_say_that_nobody_reads() -> None:
    """By an OSError from send, as ASGI lets it: the app goes home."""

    async def main() -> None:
        async def send(message: dict[str, Any]) -> None:
            raise OSError

        world = World(VirtualClock())
        assistant = world.create_assistant(model="m", instructions="Speak.")
        body = json.dumps({"assistant_id": assistant.id, "stream": True}).encode()
        incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        incoming.put_nowait({"type": "http.request", "body": body})
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/threads/runs",
            "query_string": b"",
            "headers": [(b"openai-beta", b"assistants=v2")],
        }
        await asyncio.wait_for(create_app(world)(scope, incoming.get, send), 5)

    asyncio.run(main())


def test_a_failure_of_the_users_own_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    """In the envelope; what failed is in the log, and no stranger reads it."""

    class Failing(Service):
        def handle(self, request: Any) -> Any:
            raise MisuseError("a secret")  # what it says must not come out

    sent = call(create_app(Failing(World(VirtualClock()))), [{"type": "http.request", "body": b""}])
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["error"]["type"] == "server_error"
    assert b"secret" not in sent[1]["body"]
    assert "a request could not be served" in caplog.text


def test_a_lifespan_is_gone_through() -> None:
    """There is nothing to set up or to tear down, and a server that asks is told so."""
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = call(create_app(World(VirtualClock())), messages, type="lifespan")

    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


def test_a_web_socket_is_turned_away() -> None:
    """The API has none."""
    sent = call(create_app(World(VirtualClock())), [{"type": "websocket.connect"}], type="websocket")

    assert [message["type"] for message in sent] == ["websocket.close"]


def test_an_app_is_of_a_world_or_of_a_service() -> None:
    """Options are those of the service that is made for a World."""
    service = Service(World(VirtualClock()))

    assert create_app(service).service is service
    sent = call(create_app(World(VirtualClock()), api_key="k"), [{"type": "http.request", "body": b""}])
    assert sent[0]["status"] == 401


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


def connected(url: str, path: str, body: Any) -> socket.socket:
    """Send a request over a socket, and return that."""
    address = urlsplit(url)
    connection = socket.create_connection((address.hostname, address.port or 0), timeout=5)
    raw = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nOpenAI-Beta: assistants=v2\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    connection.sendall(head.encode() + raw)
    return connection


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_reset_is_one(kind: Any) -> None:
    """Under uvicorn the client meets a connection that is reset, and gets not a byte."""
    with (
        serve(faulty(Net(kind))) as served,
        connected(served.url, "/v1/threads", {}) as connection,
        pytest.raises(ConnectionResetError),
    ):
        connection.recv(1)


@pytest.mark.slow
def test_a_stream_that_is_cut_has_no_end() -> None:
    """Under uvicorn too: what came through is read, and then the connection ends without the last chunk."""
    app = faulty(Net("cut_stream", events=1))
    assistant = app.service.world.create_assistant(model="m", instructions="Speak.")
    with serve(app) as served:
        body = {"assistant_id": assistant.id, "stream": True}
        data = b""
        with connected(served.url, "/v1/threads/runs", body) as connection:
            while piece := connection.recv(65536):
                data += piece
        assert data.startswith(b"HTTP/1.1 200")
        assert data.count(b"event: ") == 1
        assert b"0\r\n\r\n" not in data


@pytest.mark.slow
def test_a_server_goes_down_though_streams_are_open(caplog: pytest.LogCaptureFixture) -> None:
    """Neither a grace is waited for, nor does uvicorn complain of what it had to cancel."""
    world = World(VirtualClock(), progression="manual")
    app = create_app(world)
    assistant = world.create_assistant(model="m", instructions="Speak.")
    body = {"assistant_id": assistant.id, "stream": True}
    began = time.monotonic()
    with serve(app) as served:
        connections = [connected(served.url, "/v1/threads/runs", body) for _ in range(20)]
        for connection in connections:
            assert b"200 OK" in connection.recv(65536)
    assert time.monotonic() - began < GRACE
    assert caplog.text == ""
    for connection in connections:
        rest = b""
        while piece := connection.recv(65536):
            rest += piece
        assert b"0\r\n\r\n" not in rest, "it used to be ended in good order"
        connection.close()
    assert app.service.verdict.findings() == [], "whoever reads a stream looks at its run"


@pytest.mark.slow
def test_clients_that_leave_do_not_stay_with_the_server() -> None:
    """Of streams that are left behind, nothing is kept."""
    world = World(VirtualClock(), progression="manual")
    app = create_app(world)
    assistant = world.create_assistant(model="m", instructions="Speak.")
    body = {"assistant_id": assistant.id, "stream": True}
    with serve(app) as served:
        for _ in range(20):
            with connected(served.url, "/v1/threads/runs", body) as connection:
                assert b"200 OK" in connection.recv(65536)
        gone = Event()
        for _ in range(500):
            if not app._waiting:
                break
            gone.wait(0.01)
        assert not app._waiting
