"""Nothing real is reached under virtual time: sockets, names, processes."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError
from runlife_adapters.testing.virtual import Fenced, SocketFenced, SubprocessFenced, VirtualTimeLoop, run

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


async def by_stream() -> None:
    """Connect to a host by its name."""
    await asyncio.open_connection("db.example", 5432)


async def by_number() -> None:
    """Connect to a host by its number."""
    await asyncio.open_connection("127.0.0.1", 6379)


async def as_server() -> None:
    """Serve."""
    await asyncio.start_server(lambda *_: None, "127.0.0.1", 8080)


async def by_datagram() -> None:
    """Send datagrams."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("127.0.0.1", 53))


async def blocking() -> None:
    """Connect as clients do that know nothing of asyncio."""
    socket.create_connection(("api.example", 443))


async def in_a_thread() -> None:
    """Look a name up in an executor."""
    await asyncio.to_thread(socket.gethostbyname, "api.example")


@pytest.mark.parametrize(
    ("service", "what"),
    [
        (by_stream, "getaddrinfo db.example:5432"),
        (by_number, "connect 127.0.0.1:6379"),
        (as_server, "getaddrinfo 127.0.0.1:8080|bind 127.0.0.1:8080"),
        (by_datagram, "connect 127.0.0.1:53"),
        (blocking, "getaddrinfo api.example:443"),
        (in_a_thread, "gethostbyname api.example"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_real_socket_is_refused_with_its_address(
    service: Callable[[], Coroutine[Any, Any, None]], what: str
) -> None:
    """And with what to do instead."""
    with pytest.raises(SocketFenced, match=f"^({what}): .*Give the client a transport") as caught:
        run(service())
    assert isinstance(caught.value, MisuseError)


def test_a_descriptor_is_refused() -> None:
    """Also one that was open before."""
    one, other = socket.socketpair()

    async def main() -> None:
        asyncio.get_running_loop().add_reader(one, lambda: None)

    with one, other, pytest.raises(SocketFenced, match="waiting for file descriptor"):
        run(main())


def test_a_service_that_catches_the_error_does_not_hide_it() -> None:
    """Many take a connection that fails for an outage, and go on without."""

    async def main() -> str:
        try:
            await by_number()
        except Exception:  # noqa: BLE001  # what it is about
            return "the cache is down, never mind"
        return "connected"

    with pytest.raises(SocketFenced, match=r"127\.0\.0\.1:6379"):
        run(main())


def test_a_connection_made_while_cleaning_up_is_refused_too() -> None:
    """The service had its answer already; the caller is told all the same."""

    async def left() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await by_number()

    async def main() -> None:
        keep.append(asyncio.create_task(left()))
        await asyncio.sleep(0)

    keep: list[object] = []
    with pytest.raises(SocketFenced, match=r"127\.0\.0\.1:6379"):
        run(main())


@pytest.mark.parametrize("shell", [False, True])
def test_a_process_is_refused(shell: bool) -> None:
    """It would live in real time."""

    async def main() -> None:
        if shell:
            await asyncio.create_subprocess_shell("true")
        else:
            await asyncio.create_subprocess_exec(sys.executable, "-V")

    with pytest.raises(SubprocessFenced, match=r"true|-V") as caught:
        run(main())
    assert isinstance(caught.value, Fenced)


def test_pipes_are_refused() -> None:
    """Whoever is at the other end lives in real time."""

    async def main(method: str) -> None:
        await getattr(asyncio.get_running_loop(), method)(asyncio.Protocol, sys.stdin)

    for method in ("connect_read_pipe", "connect_write_pipe"):
        with pytest.raises(SubprocessFenced, match=method):
            run(main(method))


def test_the_fence_is_taken_down() -> None:
    """Afterwards everything is as it was."""
    before = {name: getattr(socket, name) for name in ("getaddrinfo", "gethostbyname", "getnameinfo")}
    inherited = set(vars(socket.socket))
    with pytest.raises(SocketFenced):
        run(by_number())
    assert before == {name: getattr(socket, name) for name in before}
    assert set(vars(socket.socket)) == inherited


def test_threads_that_were_there_before_go_through_the_fence() -> None:
    """A debugger, or a test runner, has its own business."""
    begin, done, results = threading.Event(), threading.Event(), list[Any]()

    def bystander() -> None:
        begin.wait()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mine:
            mine.bind(("127.0.0.1", 0))
            results.append(mine.getsockname()[0])
        done.set()

    thread = threading.Thread(target=bystander)
    thread.start()

    async def main() -> None:
        begin.set()
        done.wait(5)

    run(main())
    thread.join()
    assert results == ["127.0.0.1"]


def test_sockets_are_allowed_on_request() -> None:
    """A real answer is then waited for, in real time, before time jumps."""

    async def main() -> tuple[bytes, float]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        asyncio.get_running_loop().call_later(600, lambda: None)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        line = await reader.readline()
        writer.close()
        server.close()
        return line, asyncio.get_running_loop().time()

    assert run(main(), allow_sockets=True) == (b"hello\n", 0.0)


def test_one_virtual_time_at_once() -> None:
    """What it replaces is global; a second one in the same process is refused, not mixed up."""

    async def main() -> None:
        def other() -> None:
            with pytest.raises(MisuseError, match="one at a time"):
                run(asyncio.sleep(1))
            inner = asyncio.sleep(1)
            loop = VirtualTimeLoop()
            with pytest.raises(MisuseError, match="one at a time"):
                loop.run_until_complete(inner)
            inner.close()
            loop.close()

        await asyncio.to_thread(other)

    run(main())
