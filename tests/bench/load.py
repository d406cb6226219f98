"""Measure the fake under load, as ratios to a bare ASGI app on the same server.

    python tests/bench/load.py [--seconds N] [--soak MINUTES] [--json FILE]

Needs ``wrk`` on the path. Each server is a process of its own; ``wrk`` drives one, then the other, in
turns, and the best of three turns counts. The bare app reads the request and answers a constant: one answer
of the fake's, with its headers (for streams: the same events, one message each); so what is left is what a
server in Python costs anyway. Streams are those of runs which move at once, each read to its ``[DONE]``.

The soak lets clients create, stream and leave runs for as long as it is told, on a server that keeps a
thousand threads, and reads the memory of its process meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
import urllib.request
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

ROUNDS = 3
HEADERS = {"OpenAI-Beta": "assistants=v2", "Content-Type": "application/json"}
OF_THE_SERVER = {"date", "server", "connection", "transfer-encoding"}
"""Headers that uvicorn adds by itself."""

SUBMITS = 60_000
"""Runs that wait for outputs, one for each submit; more than a turn can use up."""


@frozen
class Task:
    """What is asked again and again: a request of its own each time where ``each`` lists several."""

    name: str
    method: str
    each: tuple[tuple[str, Any], ...]
    """Paths and bodies, taken in turn."""
    connections: int = 16
    progression: str = "time"


# What is served: each in a process of its own, which prints its port and then serves until it is killed.


def serve_bare(sample: str) -> None:
    """Serve a constant: the chunks of a sample, a file of JSON strings."""
    import uvicorn

    data = json.loads(Path(sample).read_text(encoding="utf-8"))
    chunks = [chunk.encode() for chunk in data["chunks"]]
    headers = [(name.encode(), value.encode()) for name, value in data["headers"]]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for chunk in chunks[:-1]:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": chunks[-1]})

    _serve(app, uvicorn)


def serve_fake(progression: str, waiting: str) -> None:
    """Serve a World; runs that wait for outputs are listed first, as ``thread run call``."""
    import uvicorn

    from runlife_adapters.http.asgi import create_app
    from runlife_adapters.memory import After, Call, Schedule, World

    asks = Schedule(in_progress=[After(0.0, "requires_action", tools=[Call("f", {})])])
    world = World(progression=progression, keep=None if int(waiting) else 1_000)  # type: ignore[arg-type]
    assistant = world.create_assistant(
        model="gpt-4o", tools=[{"type": "function", "function": {"name": "f"}}]
    )
    world.script(*[asks] * int(waiting))
    for _ in range(int(waiting)):
        run = world.create_thread_and_run(
            assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "hi"}]}
        )
        run = world.step(world.step(run.id).id)
        print(run.thread_id, run.id, run.required_action.tool_calls[0].id)  # type: ignore[union-attr]
    print("assistant", assistant.id)
    _serve(create_app(world), uvicorn)


def _serve(app: Any, uvicorn: Any) -> None:
    import logging
    import socket

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # wrk leaves in the middle of things
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print("port", listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, lifespan="off", ws="none", log_level="error", access_log=False, backlog=2048)
    uvicorn.Server(config).run([listener])


@contextmanager
def served(*arguments: str) -> Generator[tuple[str, list[list[str]], int]]:
    """Run one of the above; give its URL, what it said before, and its process id."""
    command = [sys.executable, __file__, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said: list[list[str]] = []
        try:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line.split())
                if said[-1][0] == "port":
                    break
            yield f"http://127.0.0.1:{said[-1][1]}", said[:-1], process.pid
        finally:
            process.kill()


# What is asked


def call(url: str, method: str, path: str, body: Any = None) -> tuple[dict[str, str], bytes]:
    """Make one call; return its headers, and its content."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, HEADERS, method=method)  # noqa: S310  # ours
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return {name.lower(): value for name, value in answer.headers.items()}, answer.read()


def tasks(url: str, said: list[list[str]], progression: str) -> Iterator[Task]:
    """Yield what a fake is asked, once it has got what that needs."""
    assistant = said[-1][1]
    thread = {"messages": [{"role": "user", "content": "Hello there"}]}
    create = {"assistant_id": assistant, "thread": thread}
    path = "/v1/threads/runs"
    if progression == "immediate":
        yield Task("a stream, read to its end", "POST", ((path, {**create, "stream": True}),), 1_000)
        return
    if len(said) > 1:
        each = tuple(
            (
                f"/v1/threads/{thread_id}/runs/{run_id}/submit_tool_outputs",
                {"tool_outputs": [{"tool_call_id": call_id, "output": "ok"}]},
            )
            for thread_id, run_id, call_id in said[:-1]
        )
        yield Task("submit_tool_outputs", "POST", each)
        return
    run = json.loads(call(url, "POST", path, create)[1])
    yield Task("retrieve a run", "GET", ((f"/v1/threads/{run['thread_id']}/runs/{run['id']}", None),))
    thread_id = json.loads(call(url, "POST", "/v1/threads", {"messages": thread["messages"] * 20})[1])["id"]
    yield Task("list 20 messages", "GET", ((f"/v1/threads/{thread_id}/messages", None),))
    yield Task("create a thread and its run", "POST", ((path, create),))


# How it is measured


def script(task: Task, folder: Path) -> Path:
    """Write what ``wrk`` asks, as it wants it: in Lua."""
    lines = folder / "requests.txt"
    lines.write_text(
        "".join(f"{path}\n{'' if body is None else json.dumps(body)}\n" for path, body in task.each),
        encoding="utf-8",
    )
    headers = ", ".join(f'["{name}"] = "{value}"' for name, value in HEADERS.items())
    file = folder / "ask.lua"
    file.write_text(
        f"""
local headers, asked, at = {{{headers}}}, {{}}, 0
function init(args)
  local path
  for line in io.lines("{lines}") do
    if path then asked[#asked + 1] = wrk.format("{task.method}", path, headers, line); path = nil
    else path = line end
  end
  at = tonumber(os.getenv("ASK_FROM"))
end
function request() at = at % #asked + 1; return asked[at] end
function done(summary)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d\\n", summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
""",
        encoding="utf-8",
    )
    return file


def rate(url: str, file: Path, task: Task, seconds: int, asked: int) -> tuple[float, int]:
    """Let ``wrk`` ask for some seconds; return requests a second, and how many there were.

    :raises RuntimeError: when one failed: a rate of refusals is no rate.
    """
    connections, patience = str(task.connections), f"{10 * seconds}s"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", patience, "-s", str(file), url]
    environment = {**os.environ, "ASK_FROM": str(asked)}
    output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    requests, micros, errors = map(int, re.findall(r"RESULT (\d+) (\d+) (\d+)", output)[0])
    if errors:
        msg = f"{task.name}: {errors} of {requests} requests failed\n{output}"
        raise RuntimeError(msg)
    return requests / micros * 1e6, requests


def sample(url: str, task: Task, folder: Path) -> Path:
    """Keep one answer of the fake: what the bare app will answer."""
    headers, body = call(url, task.method, *task.each[-1])
    text = body.decode()
    streams = "stream" in headers["content-type"]
    chunks = [f"{event}\n\n" for event in text.split("\n\n") if event] if streams else [text]
    kept = [(name, value) for name, value in headers.items() if name not in OF_THE_SERVER]
    file = folder / "sample.json"
    file.write_text(json.dumps({"headers": kept, "chunks": chunks}), encoding="utf-8")
    return file


def compare(task: Task, url: str, seconds: int) -> tuple[float, float]:
    """Return requests a second: the fake's, and the bare app's."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        file = script(task, folder)
        bare, _, _ = stack.enter_context(served("bare", str(sample(url, task, folder))))
        ours = theirs = 0.0
        asked = 0
        for _ in range(ROUNDS):
            speed, requests = rate(url, file, task, seconds, asked)
            asked += requests + task.connections
            if len(task.each) > 1 and asked >= len(task.each):
                msg = f"{task.name}: all of {len(task.each)} were used up; ask for fewer seconds"
                raise RuntimeError(msg)
            ours = max(ours, speed)
            theirs = max(theirs, rate(bare, file, task, seconds, 0)[0])
        return ours, theirs


def soak(minutes: int) -> Iterator[float]:
    """Yield the resident memory of a busy server, in MB, at the end of each minute."""
    with served("fake", "immediate", "0") as (url, said, pid), tempfile.TemporaryDirectory() as folder:
        (task,) = tasks(url, said, "immediate")
        file = script(evolve(task, connections=16), Path(folder))
        for _ in range(minutes):
            rate(url, file, evolve(task, connections=16), 60, 0)
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            yield int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1000


def live_run() -> float:
    """Return the bytes that a run takes that is alive, with its thread, message and step."""
    from runlife_adapters.memory import World

    world = World(progression="manual")
    assistant = world.create_assistant(model="gpt-4o")
    thread: Any = {"messages": [{"role": "user", "content": "Hello there"}]}
    runs = 5_000
    tracemalloc.start()
    for _ in range(runs):
        world.step(world.create_thread_and_run(assistant_id=assistant.id, thread=thread).id)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / runs


def setting() -> str:
    """Say on what all this runs."""
    servers = ["uvicorn"]
    for name in ("httptools", "uvloop"):
        try:
            servers.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            pass
    servers[0] += f" {version('uvicorn')}"
    return f"CPython {platform.python_version()}; {', '.join(servers)}; {os.cpu_count()} cores; wrk"


def main() -> None:
    """Measure everything, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=3, help="of each of three turns")
    parser.add_argument("--soak", type=int, metavar="MINUTES", help="only watch the memory of a busy server")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("wrk is not installed (Debian: apt-get install wrk)")
    if options.soak:
        for minute, size in enumerate(soak(options.soak), 1):
            print(f"after {minute:2} min  {size:6.1f} MB", flush=True)
        return
    print("| | a second | of the bare app's |\n|---|---:|---:|")
    figures: dict[str, tuple[float, float]] = {}
    for progression, waiting in (("time", 0), ("manual", SUBMITS), ("immediate", 0)):
        with served("fake", progression, str(waiting)) as (url, said, _):
            for task in tasks(url, said, progression):
                ours, theirs = figures[task.name] = compare(task, url, options.seconds)
                print(f"| {task.name} | {ours:,.0f} | **{ours / theirs:.2f}** |", flush=True)
    print(f"\na live run, with its thread, message and step: {live_run():,.0f} B")
    print(setting())
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["bare", file]:
            serve_bare(file)
        case ["fake", progression, waiting]:
            serve_fake(progression, waiting)
        case _:
            main()
