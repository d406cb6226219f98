"""``runlife sequence`` draws journals, recordings and the log of the fake server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from runlife import RUN, Run, VirtualClock
from runlife.history import record_to_json
from runlife_adapters.cli.app import app
from runlife_adapters.cli.wire import of_calls, of_recording
from runlife_adapters.http import Service, sync_client
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.memory import After, Call, Schedule, World
from runlife_adapters.memory.net import Net
from runlife_adapters.traces import Exchange, Recorder, read
from runlife_diagrams import render_sequence

TOOLS = Schedule(in_progress=[After(2, "requires_action", tools=[Call("weather", {"city": "Rome"})])])
RUNS = "/v1/threads/thread_1/runs"
HEADERS = {"Authorization": "Bearer -", "OpenAI-Beta": "assistants=v2"}


def invoke(*arguments: str, **more: Any) -> Any:
    """The result of the command."""
    return CliRunner().invoke(app, ["sequence", *arguments], **more)


def played(folder: Path, *faults: FaultRule, content: bool = True) -> tuple[str, str]:
    """A client polls a run to its call of a function: what it recorded, and what the server logged."""
    clock = VirtualClock(1_700_000_000)
    world = World(clock, schedule=TOOLS)
    service = Service(world, faults=FaultPlan(faults))
    assistant = world.create_assistant(
        model="gpt-4o", tools=[{"type": "function", "function": {"name": "weather"}}]
    )
    thread = world.create_thread(messages=[{"role": "user", "content": "How is the weather?"}])
    runs = f"http://fake/v1/threads/{thread.id}/runs"
    with Recorder(folder / "trace.ndjson", content=content, clock=clock) as recorder:
        client = sync_client(service)
        client.event_hooks = {
            kind: [*client.event_hooks[kind], *hooks] for kind, hooks in recorder.hooks().items()
        }
        client.post(runs, json={"assistant_id": assistant.id}, headers=HEADERS)
        for _ in range(6):
            world.advance(1)
            (run,) = world.list_runs(thread.id).data
            client.get(f"{runs}/{run.id}", headers=HEADERS)
    log = folder / "log.json"
    log.write_text(json.dumps({"calls": service.log.entries(), "dropped": 0}), encoding="utf-8")
    return str(folder / "trace.ndjson"), str(log)


def test_a_recording_is_drawn_as_the_client_saw_it(tmp_path: Path) -> None:
    """Requests, answers with what the run waits for, polls that were idle."""
    trace, _ = played(tmp_path)
    out = tmp_path / "trace.svg"
    assert invoke(trace, "--out", str(out)).exit_code == 0
    svg = out.read_text(encoding="utf-8")
    assert svg == render_sequence(of_recording(read(trace)))
    assert re.findall(r'"status on-[^>]*>(\w+)<', svg) == ["queued", "in_progress", "requires_action"]
    assert "required_action weather" in svg
    assert "polls in" in svg


def test_what_a_recorder_removed_is_not_shown(tmp_path: Path) -> None:
    """Neither the word that stands in its place."""
    trace, _ = played(tmp_path, content=False)
    result = invoke(trace)
    assert result.exit_code == 0
    assert "removed" not in result.output


@pytest.mark.parametrize(
    ("net", "code", "lost"),
    [
        (Net("delay", seconds=3), 200, None),
        (Net("refuse", status=429, retry_after=2), 429, None),
        (Net("reset_before"), None, "request"),
        (Net("lose_request"), None, "request"),
        (Net("reset_after"), 200, "answer"),
        (Net("lose_response"), 200, "answer"),
        (Net("duplicate"), 200, None),
        (Net("malformed"), 200, None),
    ],
)
def test_the_log_of_the_server_tells_what_befell_a_call(net: Net, code: int | None, lost: str | None) -> None:
    """By the name that it has in a schedule."""
    status = 0 if not net.takes_effect else 200
    entry = {"method": "GET", "path": RUNS, "status": status, "at": 1.0, "net": net.to_json()}
    (call,) = of_calls([entry])
    assert (call.status_code, call.lost, call.twice) == (code, lost, net.kind == "duplicate")
    assert call.fault.startswith(net.kind)


def test_the_log_of_a_server_that_played_is_drawn(tmp_path: Path) -> None:
    """With the fault that struck."""
    _, log = played(tmp_path, FaultRule(Net("duplicate"), operation="retrieve_run", nth=3))
    result = invoke(log)
    assert result.exit_code == 0
    assert "(duplicate)" in result.output.replace("#40;", "(").replace("#41;", ")")
    dropped = json.loads(Path(log).read_text(encoding="utf-8")) | {"dropped": 1_234}
    assert (
        "the 1,234 calls before the first are not in the log" in invoke("-", input=json.dumps(dropped)).stderr
    )


def test_a_journal_is_drawn_as_the_library_draws_it() -> None:
    """Also through a pipe."""
    run = Run.create(now=0, id="run_1", thread_id="t", active_run_id=None, has_input=True, expires_after=600)
    run.handle_timeout(700.0)
    lines = "".join(json.dumps(record_to_json(record, RUN)) + "\n" for record in run.journal)
    assert invoke("-", input=lines).stdout == render_sequence(run.journal, "mermaid")
    options = ("--limit", "2", "--idle", "1000", "--theme", "dark", "--format", "svg")
    assert invoke("-", *options, input=lines).stdout == render_sequence(
        run.journal, limit=2, idle=1_000, theme="dark"
    )


def test_of_a_recording_what_is_about_one_run_can_be_chosen(tmp_path: Path) -> None:
    """By the path of a call, or by what it showed."""
    body = {"object": "thread.run", "status": "queued"}
    exchanges = [
        Exchange("POST", RUNS, 1.0, 1.1, 200, {}, {**body, "id": "run_1"}),
        Exchange("POST", RUNS, 2.0, 2.1, 200, {}, {**body, "id": "run_2"}),
        Exchange("GET", f"{RUNS}/run_2", 3.0),
    ]
    entries = [
        {
            "RequestUri": f"http://x{one.path}",
            "RequestMethod": one.method,
            "StatusCode": one.status,
            "ResponseBody": one.body,
        }
        for one in exchanges
    ]
    file = tmp_path / "recording.json"
    file.write_text(json.dumps({"Entries": entries}), encoding="utf-8")
    result = invoke(str(file), "--run", "run_2")
    assert "accTitle: Sequence of run_2" in result.output
    assert result.output.count("->>S") == 2
    assert "nothing about 'run_3' is in it" in invoke(str(file), "--run", "run_3").output


@pytest.mark.parametrize(
    ("arguments", "data", "says"),
    [
        (["-"], "", "standard input: it is empty"),
        (["-"], '{"runlife": "trace", "version": 1}\n', "no call is in it"),
        (
            ["-"],
            '{"calls": [{"method": "GET"}], "dropped": 0}',
            "a call in the log cannot be read: KeyError('net')",
        ),
        (["-"], '{"Entries": 3}', "the entries of this recordings are no list"),
        (["-", "--out", "x.txt"], "", "'x.txt' does not say which format it is to have"),
        (["-", "--limit", "1"], "", "1 is not in the range x>=2"),
        (["-", "--lifecycle", "door"], "", "'door' is not one of run"),
        (["no/such/file"], "", "no/such/file: No such file"),
        ([], "", "Missing argument"),
    ],
)
def test_misuse_is_said_in_a_line(arguments: list[str], data: str, says: str) -> None:
    """No traceback."""
    result = invoke(*arguments, input=data)
    assert result.exit_code != 0
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output


@pytest.mark.slow
def test_a_cassette_in_yaml_is_a_recording() -> None:
    """As ``runlife check`` reads it."""
    pytest.importorskip("yaml")
    text = f"""
interactions:
- request: {{method: GET, uri: 'http://x{RUNS}/run_1'}}
  response: {{status: {{code: 503}}}}
version: 1
"""
    assert f"GET {RUNS}/run_1" in invoke("-", input=text).output


def test_the_help_shows_examples() -> None:
    """Each on a line of its own."""
    assert "  runlife sequence trace.har --run run_abc --out run.png\n" in invoke("--help").output
