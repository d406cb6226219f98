"""``runlife demo --live``: what it says before it costs money, what it holds to, and what it leaves behind.

The endpoint is our own fake, on a socket and in real time, with a model that waits for nothing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field
from click.testing import CliRunner

from runlife_adapters.cli.app import app
from runlife_adapters.cli.demo import live, stages
from runlife_adapters.cli.demo.shop import Clerk
from runlife_adapters.clock import SystemClock
from runlife_adapters.http import Service
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.exchange import Exchange
from runlife_adapters.http.rulebook import load
from runlife_adapters.http.server import serve
from runlife_adapters.memory import After, Context, Rules, Schedule, Turn, World
from runlife_adapters.memory.model import Call

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from click.testing import Result

KEY = "sk-the-key-of-this-test"


@define(eq=False)
class Endpoint:
    """A fake that passes for a real endpoint, and what was called there."""

    url: str
    world: World
    calls: list[Exchange] = field(factory=list[Exchange])
    looked_at: Event = field(factory=Event)
    """Set once a response was looked at."""

    def answered(self, exchange: Exchange) -> None:
        """Take note of a call."""
        self.calls.append(exchange)
        if exchange.operation == "retrieve_response":
            self.looked_at.set()

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        """Take no note of the events of streams: there are none."""

    @property
    def created(self) -> list[Exchange]:
        """The calls that created responses, or were to."""
        return [call for call in self.calls if call.operation == "create_response"]

    @property
    def statuses(self) -> list[str]:
        """The statuses of the responses that there are, oldest first."""
        ids = [call.answer["id"] for call in self.created if call.status == 200]
        return [self.world.retrieve_response(id).to_json()["status"] for id in ids]

    def demo(self, *arguments: str, key: str | None = KEY, out: Path, **more: Any) -> Result:
        """Play the demo here."""
        given = ["demo", "--live", "--base-url", self.url, "--expire-after", "1.2", "--out", str(out)]
        result = CliRunner().invoke(app, [*given, *arguments], env={"OPENAI_API_KEY": key}, **more)
        assert KEY not in result.output
        assert not isinstance(result.exception, Exception), result.exception
        return result


@contextmanager
def endpoint(rulebook: str = "{}", **options: Any) -> Generator[Endpoint]:
    """Serve a fake, with rules and faults."""
    rules, faults = load(rulebook)
    usual: dict[str, Any] = {"model": Clerk(), "progression": "poll", "rules": rules}
    world = World(SystemClock(), **(usual | options))
    there = Endpoint("", world)
    with serve(create_app(Service(world, faults=faults, observers=[there]))) as server:
        there.url = server.url
        yield there


@pytest.mark.slow
def test_the_stories_are_told_on_an_endpoint(tmp_path: Path) -> None:
    """They end as on the fake; before them stands what they may cost, and after them what they did."""
    with endpoint() as there:
        said = there.demo("--yes", "--model", "gpt-5-nano", "--max-tokens", "50", out=tmp_path)
        assert there.statuses == ["completed", "completed", "completed", "cancelled", "completed"]
        bodies = [call.body for call in there.created]
    assert said.exit_code == 0, said.output
    cost, _, rest = said.output.partition("1. A plain Run")
    assert "COSTS MONEY" in cost
    assert f"at most {live.RESPONSES} responses of gpt-5-nano, each of at most 50 output tokens" in cost
    assert there.url in cost
    assert "Ended: completed, completed, cancelled, expired. 5 responses, " in rest
    assert rest.count("✓") == len(list(tmp_path.glob("*.svg"))) == 4
    assert {body["model"] for body in bodies} == {"gpt-5-nano"}
    assert all(16 <= body["max_output_tokens"] <= 50 for body in bodies)


@pytest.mark.slow
def test_nothing_is_sent_before_somebody_agreed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can be asked it is refused; a no ends it; and both without a call."""
    with endpoint() as there:
        unasked = there.demo(out=tmp_path)
        monkeypatch.setattr(live, "is_terminal", lambda: True)
        refused = there.demo(out=tmp_path, input="n\n")
        assert there.calls == []
    assert (unasked.exit_code, "give --yes" in unasked.output) == (2, True)
    assert (refused.exit_code, "Go on? [y/N]: n" in refused.output) == (1, True)
    assert refused.output.index("COSTS MONEY") < refused.output.index("Go on?")


def test_without_a_key_it_says_where_to_put_one(tmp_path: Path) -> None:
    """There is no traceback of the SDK's."""
    with endpoint() as there:
        for key in (None, ""):
            said = there.demo("--yes", key=key, out=tmp_path)
            assert (said.exit_code, "OPENAI_API_KEY" in said.output) == (1, True)
        assert there.calls == []


def refusing(status: int, calls: list[str]) -> Any:
    """Make an endpoint that refuses every call, and repeats the key as it does."""
    body = json.dumps({"error": {"message": f"Not with {KEY}.", "type": "invalid_request_error"}}).encode()

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        calls.append(scope["path"])
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "does not accept the key of OPENAI_API_KEY (401)"),
        (404, "Is there a model gpt-4.1-mini, and does it speak the Responses API?"),
        (422, "refused a call (422): Not with ***."),
    ],
)
def test_what_an_endpoint_refuses_is_said(status: int, says: str, tmp_path: Path) -> None:
    """In a line or two, with what to do about it, and without the key; and it is not tried again."""
    calls: list[str] = []
    with serve(refusing(status, calls)) as server:
        said = Endpoint(server.url, World(SystemClock())).demo("--yes", out=tmp_path)
    assert (said.exit_code, calls) == (1, ["/v1/responses"])
    assert says in said.output


@pytest.mark.slow
def test_too_many_requests_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 is tried again for a while, and then said; or as soon as nothing may be spent any more."""
    monkeypatch.setattr(stages, "PATIENCE", 1.0)
    rulebook = (
        '{"faults": [{"when": {"operation": "create_response"}, "net": {"kind": "refuse", "status": 429}}]}'
    )
    with endpoint(rulebook) as there:
        said = there.demo("--yes", out=tmp_path)
        assert 1 < len(there.created) <= live.RESPONSES
    assert said.exit_code == 1
    assert "Story plain has no ending" in said.output
    assert "429" in said.output

    monkeypatch.setattr(live, "RESPONSES", 1)
    with endpoint(rulebook) as there:
        said = there.demo("--yes", out=tmp_path)
        assert len(there.created) == 1
    assert "It would have taken more than 1 responses" in said.output
    assert "429" in said.output


class Insatiable:
    """A model that calls for ever."""

    def turn(self, context: Context) -> Turn:
        """Call the function, whatever it gave before."""
        return Turn(calls=(Call(context.functions[0], {"items": []}),))


@pytest.mark.slow
def test_no_more_is_spent_than_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that calls for ever is stopped by the number of responses, and its run is cancelled."""
    monkeypatch.setattr(live, "RESPONSES", 2)
    with endpoint(model=Insatiable()) as there:
        said = there.demo("--yes", "--max-tokens", "4000", out=tmp_path)
        assert len(there.created) == live.RESPONSES
    assert said.exit_code == 1
    assert "It would have taken more than 2 responses" in said.output


@pytest.mark.slow
def test_a_run_that_is_cut_short_says_how_to_give_it_more(tmp_path: Path) -> None:
    """A reasoning model needs more tokens than the others."""
    schedule = Schedule(in_progress=[After(0, "incomplete", reason="max_completion_tokens")])
    with endpoint(rules=Rules(default=schedule)) as there:
        said = there.demo("--yes", out=tmp_path)
    assert said.exit_code == 1
    assert "Story plain ended incomplete, not completed" in said.output
    assert "--max-tokens" in said.output


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_ctrl_c_leaves_nothing_at_work(tmp_path: Path) -> None:
    """What was begun is cancelled, and the exit code is that of an interrupt."""
    slow = Schedule(in_progress=[After(3600)])
    with endpoint(progression="time", rules=Rules(default=slow)) as there:
        command = ["demo", "--live", "--yes", "--base-url", there.url, "--out", str(tmp_path)]
        with subprocess.Popen(
            [sys.executable, "-m", "runlife_adapters.cli", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OPENAI_API_KEY": KEY},
        ) as process:
            assert there.looked_at.wait(60)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate()
        assert there.statuses == ["cancelled"]
    assert process.returncode == live.INTERRUPTED, said
    assert "Interrupted." in said
    assert "Traceback" not in said
    assert KEY not in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "gpt-5"], "--model is about a real endpoint: it needs --live"),
        (["--yes"], "--yes is about a real endpoint: it needs --live"),
        (["--live", "--api", "assistants"], "OpenAI serves no Assistants any more"),
        (["--live", "--max-tokens", "1"], "--max-tokens"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: list[str], says: str) -> None:
    """Before anything happens, with what would go."""
    result = CliRunner().invoke(app, ["demo", *arguments])
    assert (result.exit_code, says in result.output) == (2, True)
