"""``runlife serve``: a server that says where it is, keeps its keys to itself, and ends when told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from openai import AuthenticationError, NotFoundError, OpenAI

from runlife import VirtualClock
from runlife_adapters.cli.app import app
from runlife_adapters.cli.listening import Listening
from runlife_adapters.cli.serve import AccessLog, _warnings
from runlife_adapters.http import Service
from runlife_adapters.http.exchange import Exchange
from runlife_adapters.memory import World
from runlife_adapters.memory.net import Net
from runlife_adapters.policies import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "sk-the-key-of-this-test"
HURRIED = ("--progression", "poll", "--policy", "poll_after_ms=0")


class Server:
    """A ``runlife serve`` that runs in a process of its own, and what it says."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runlife_adapters.cli", "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        assert self.process.stdout is not None
        self.greeting = ""
        while not self.greeting.endswith("Ctrl-C stops it.\n"):
            line = self.process.stdout.readline()
            assert line, self.process.communicate()[1]
            self.greeting += line
        self.url = self.greeting.splitlines()[0].split()[-1]
        self.out = self.err = ""

    def client(self, key: str = "sk-any") -> OpenAI:
        """Make an official client for it."""
        return OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        self.out, self.err = self.process.communicate()
        self.out = self.greeting + self.out
        return self.process.returncode


@contextmanager
def serving(*arguments: str, env: dict[str, str] | None = None) -> Iterator[Server]:
    """Run a server, and never leave it behind."""
    server = Server(*arguments, env=env)
    with server.process:  # closes the pipes
        try:
            yield server
        finally:
            server.process.kill()


def hello(client: OpenAI) -> Any:
    """Have a run come to its end with the SDK's own helper; return it."""
    assistant = client.beta.assistants.create(model="gpt-4o")
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "Hello"}])
    return client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)


@pytest.mark.slow
def test_an_official_client_is_served_until_ctrl_c() -> None:
    """It says where it is and how to get there, a line for each call, and ends with 0: so is the verdict."""
    with serving(*HURRIED, "--verdict") as server:
        with server.client() as client:
            run = hello(client)
        assert run.status == "completed"
        assert server.stop() == 0

    assert f'OpenAI(base_url="{server.url}/v1", api_key="none")' in server.out
    assert f"OPENAI_BASE_URL='{server.url}/v1' OPENAI_API_KEY='none'" in server.out
    assert f"{server.url}/_runlife/" in server.out
    lines = server.err.splitlines()
    assert [line.split()[:3] for line in lines[:3]] == [
        ["1", "200", "POST"],
        ["2", "200", "POST"],
        ["3", "200", "POST"],
    ]
    assert lines[2].split()[3] == f"/v1/threads/{run.thread_id}/runs"
    assert "Traceback" not in server.err


@pytest.mark.slow
def test_a_key_is_asked_for_and_never_shown() -> None:
    """From the environment; another key is refused, and no line holds either of them."""
    with serving(*HURRIED, env={"RUNLIFE_API_KEY": KEY}) as server:
        other = "sk-another-key-altogether"
        with server.client(other) as client, pytest.raises(AuthenticationError):
            hello(client)
        with server.client(KEY) as client:
            assert hello(client).status == "completed"
        assert server.stop() == 0
    for said in (server.out, server.err):
        assert KEY not in said
        assert other not in said
    assert 'api_key="<the key>"' in server.out


@pytest.mark.slow
def test_both_surfaces_are_served_and_go_by_the_same_rules(tmp_path: Path) -> None:
    """A rule by what is said holds for a run and for a response; the greeting and the help name both."""
    rules = tmp_path / "rules.json"
    rule = {"when": {"message": "Hello"}, "schedule": {"in_progress": [{"to": "incomplete"}]}}
    rules.write_text(json.dumps({"rules": [rule]}), encoding="utf-8")
    with serving(*HURRIED, "--rules", str(rules)) as server:
        with server.client() as client:
            run = hello(client)
            response = client.responses.create(model="gpt-4o", input="Hello", background=True)
            while response.status in {"queued", "in_progress"}:
                response = client.responses.retrieve(response.id)
            conversation = client.conversations.create()
        assert (run.status, response.status) == ("incomplete", "incomplete")
        assert conversation.id.startswith("conv_")
        assert server.stop() == 0
    served = next(line for line in server.out.splitlines() if line.startswith("  serves"))
    said = CliRunner().invoke(app, ["serve", "--help"]).output
    for text in (served, said):
        assert "Assistants" in text
        assert "Responses" in text


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to catch")
def test_sigterm_ends_it_with_a_stream_open() -> None:
    """A stream that nothing moves would last for ever; it is cut, without a word about it."""
    with serving("--clock", "virtual", "--quiet") as server:
        with server.client() as client:
            assistant = client.beta.assistants.create(model="gpt-4o")
            thread = client.beta.threads.create(messages=[{"role": "user", "content": "Hello"}])
        connection = HTTPConnection(urlsplit(server.url).netloc)
        connection.request(
            "POST",
            f"/v1/threads/{thread.id}/runs",
            json.dumps({"assistant_id": assistant.id, "stream": True}),
            {"OpenAI-Beta": "assistants=v2"},
        )
        answer = connection.getresponse()
        assert answer.readline() == b"event: thread.run.created\n"
        assert server.stop(signal.SIGTERM) == 0
        connection.close()
        answer.close()
    assert server.err == ""


@pytest.mark.slow
def test_the_verdict_decides_how_it_ends(tmp_path: Path) -> None:
    """A run that was left waiting for its tools is a finding: said at the end, with 1."""
    rules = tmp_path / "rules.json"
    rules.write_text(
        json.dumps({"default": {"in_progress": [{"to": "requires_action", "tools": 1}]}}), encoding="utf-8"
    )
    with serving(*HURRIED, "--verdict", "--rules", str(rules)) as server:
        with server.client() as client:
            run = hello(client)
        assert run.status == "requires_action"
        assert server.stop() == 1
    assert run.id in server.out


@pytest.mark.slow
def test_policies_and_doors_are_as_told() -> None:
    """A service that was shut down answers 404 to everything, and without doors there is none."""
    with serving("--policy", "shut_down=yes", "--no-doors") as server:
        with server.client() as client, pytest.raises(NotFoundError):
            client.beta.assistants.create(model="gpt-4o")
        connection = HTTPConnection(urlsplit(server.url).netloc)
        connection.request("GET", "/_runlife/log")
        answer = connection.getresponse()
        assert (answer.status, answer.read() != b"") == (404, True)
        connection.close()
        assert server.stop() == 0
    assert "doors   closed" in server.out


# --------------------------------------------------------------------------- what cannot be served


def refused(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Ask for a server that cannot be; return the exit code and what was said."""
    result = CliRunner().invoke(app, ["serve", *arguments], env=env)
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def test_a_port_that_is_taken_is_said_to_be() -> None:
    """One line with host and port, and 1."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        code, said = refused("--port", port)
    assert (code, said.startswith(f"Error: cannot listen on 127.0.0.1, port {port}: ")) == (1, True)


def test_a_host_that_is_none_is_said_to_be() -> None:
    """A name that nobody can resolve is an error like a port that is taken."""
    code, said = refused("--host", "host.invalid", "--port", "0")
    assert (code, said.startswith("Error: cannot listen on host.invalid, port 0: ")) == (1, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"rules": [{"when": {"message": "("}, "schedule": {}}]}', "rules[0]"),
        ('{"faults": [{"when": {}, "net": {"kind": "earthquake"}}]}', "faults[0]"),
        ('{"rules": [', "line 1"),
    ],
)
def test_broken_rules_are_said_with_their_place(text: str, says: str, tmp_path: Path) -> None:
    """The file, and where in it."""
    rules = tmp_path / "rules.json"
    rules.write_text(text, encoding="utf-8")
    code, said = refused("--rules", str(rules))
    assert code == 1
    assert said.startswith(f"Error: {rules}: ")
    assert says in said


def test_rules_that_cannot_be_read_are_said_to_be(tmp_path: Path) -> None:
    """Not there, or no text."""
    code, said = refused("--rules", str(tmp_path / "none.json"))
    assert (code, "none.json" in said) == (2, True)
    (tmp_path / "rules.json").write_bytes(b"\xff\xfe\xfa")
    code, said = refused("--rules", str(tmp_path / "rules.json"))
    assert (code, "rules.json: " in said) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--policy", "shut_dwon=yes"], "no policy is named 'shut_dwon'; there are cancel_outside"),
        (["--policy", "shut_down"], "shut_down needs an answer: shut_down=true|false"),
        (["--policy", "shut_down=maybe"], "shut_down: expected true|false; got 'maybe'"),
        (["--policy", "poll_after_ms=-1"], "poll_after_ms"),
        (["--ttl", "0"], "run_ttl"),
        (["--keep", "0"], "--keep"),
        (["--port", "70000"], "--port"),
        # A server with an empty key used to start, and to refuse everybody.
        (["--api-key", ""], "expected one without blanks around it, and not an empty one"),
        (["--api-key", " k"], "--api-key"),
        (["--no-doors", "--progression", "manual"], "needs the doors"),
        (["--no-doors", "--clock", "virtual"], "needs the doors"),
    ],
)
def test_misuse_is_said_in_words(arguments: list[str], says: str) -> None:
    """What was wrong, what there is instead, and a code that is not 0."""
    code, said = refused("--port", "0", *arguments)
    assert code in {1, 2}
    assert says in " ".join(said.split())


def test_the_help_lists_every_policy() -> None:
    """With its answers and the usual one."""
    said = CliRunner().invoke(app, ["serve", "--help"]).output
    for option in OPTIONS.values():
        assert f"  {option.name}={option.answers}  [default: {option.write()}]\n" in said


@pytest.mark.slow
def test_without_the_extra_it_says_what_to_install() -> None:
    """No traceback when uvicorn is missing."""
    script = (
        "import sys; sys.modules['uvicorn'] = None; "
        "from runlife_adapters.cli import main; sys.argv[1:] = ['serve']; main()"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (
        1,
        "Error: serving needs uvicorn; pip install 'runlife[server]'\n",
    )


# --------------------------------------------------------------------------- in the same process


def test_whoever_listens_to_others_is_warned() -> None:
    """Louder without a key; not at all on loopback."""
    assert list(_warnings("127.0.0.1", public=False, open_to_all=True, doors=True)) == []
    (once,) = _warnings("0.0.0.0", public=True, open_to_all=False, doors=True)  # noqa: S104  # only a word
    assert once.startswith("warning: 0.0.0.0 is not loopback")
    _, louder = _warnings("host", public=True, open_to_all=True, doors=False)
    assert louder.startswith("WARNING: no key is asked for")


def test_it_knows_who_can_reach_it() -> None:
    """By the address it got, not by the name it was given; and what to connect to."""
    service = Service(World(VirtualClock()))
    with Listening(service, "localhost", 0) as listening:
        assert listening.loopback
        assert listening.url.startswith("http://127.0.0.1:")
    with Listening(service, "0.0.0.0", 0) as listening:  # noqa: S104  # for as long as this line
        assert not listening.loopback
        assert listening.url.startswith("http://127.0.0.1:")
    if socket.has_dualstack_ipv6():
        with Listening(service, "::1", 0) as listening:
            assert listening.loopback
            assert listening.url.startswith("http://[::1]:")


def test_signals_are_given_back() -> None:
    """What a signal did before, it does again."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Listening(Service(World(VirtualClock())), "127.0.0.1", 0):
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_path_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a stranger sends, a line holds plain characters, and what befell the call."""
    exchange = Exchange(
        number=7,
        at=0.0,
        real_at=0.0,
        monotonic_at=0.0,
        method="GET",
        path="/v1/\x1b[2J\u202e",
        digest="",
        operation=None,
        status=404,
        net=Net("lose_response"),
    )
    AccessLog().answered(exchange)
    AccessLog().streamed(exchange, "done", None)
    assert capsys.readouterr().err == "    7  404  GET    /v1/\\x1b[2J\\u202e  (lose_response)\n"
