"""``runlife diagram`` draws any lifecycle, shows a log on it, and keeps the committed pictures fresh."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from runlife import RUN, Policy, Run
from runlife.history import record_to_json
from runlife_adapters.cli.app import app
from runlife_adapters.cli.lifecycles import TABLES
from runlife_adapters.testing.coverage import LifecycleCoverage
from runlife_adapters.traces.ndjson import HEADER, as_line
from runlife_diagrams import Difference, render

DOOR = """
from enum import StrEnum
from runlife import Cause, Lifecycle, on
import hinge

class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"

print("made a door")
DOOR = Lifecycle(
    "door", Door, terminal=[Door.SHUT], bounded_by="the test",
    rows=[on("open", None, Door.OPEN, by=Cause.CLIENT), on("shut", Door.OPEN, Door.SHUT, by=Cause.SERVER)],
)
NOT_ONE = 3
"""
RUNS = "/v1/threads/thread_1/runs"


def invoke(*arguments: str, **more: Any) -> Any:
    """The result of the command."""
    return CliRunner().invoke(app, ["diagram", *arguments], **more)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a lifecycle in it, in a module that imports its neighbour."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "door.py").write_text(DOOR, encoding="utf-8")
    (tmp_path / "house" / "hinge.py").write_text("", encoding="utf-8")
    (tmp_path / "house" / "bad.py").write_text("1 / 0", encoding="utf-8")
    (tmp_path / "house" / "rude.py").write_text("import sys; sys.exit('no')", encoding="utf-8")
    monkeypatch.delitem(sys.modules, "hinge", raising=False)
    return tmp_path / "house"


@pytest.fixture
def run() -> Run:
    """A run that was completed."""
    run = Run.create(now=0, id="run_1", thread_id="t", active_run_id=None, has_input=True, expires_after=600)
    run.apply("start", now=1)
    run.apply("complete", now=3.5)
    return run


def journal(run: Run) -> str:
    """The journal of a run as NDJSON."""
    return "".join(json.dumps(record_to_json(record, RUN)) + "\n" for record in run.journal)


def trace(*statuses: str, id: str = "run_1") -> str:
    """A recording: a run is created, then read once a second."""
    lines: list[Any] = [HEADER]
    for number, status in enumerate(statuses):
        method, path = ("GET", f"{RUNS}/{id}") if number else ("POST", RUNS)
        body = {"id": id, "object": "thread.run", "status": status, "created_at": 1000}
        lines.append({"sent": number, "at": 1000.0 + number, "method": method, "path": path})
        lines.append({"answered": number, "at": 1000.1 + number, "status": 200, "body": body})
    return "".join(map(as_line, lines))


# --------------------------------------------------------------------------- which lifecycle, which format


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", ["mermaid", "dot", "svg"])
def test_it_prints_what_the_library_renders(name: str, kind: str) -> None:
    """Each of our tables, in each format, on standard output."""
    result = invoke(name, "--format", kind)
    assert result.exit_code == 0
    assert result.output.rstrip() == render(TABLES[name], kind).rstrip()  # type: ignore[call-overload]


def test_the_format_follows_the_name_of_the_file(tmp_path: Path) -> None:
    """A path is highlighted in a file of its own."""
    out = tmp_path / "run.svg"
    path = ["queued", "in_progress", "completed"]
    assert invoke("--out", str(out), "--path", ", ".join(path)).exit_code == 0
    assert out.read_text(encoding="utf-8") == render(RUN, "svg", overlay=path)
    assert invoke("--out", str(tmp_path / "x.MMD")).exit_code == 0
    assert (tmp_path / "x.MMD").read_text(encoding="utf-8").startswith("stateDiagram")
    assert invoke("--format", "html-table").output.startswith("<table")


def test_a_lifecycle_of_ones_own_is_found_by_its_file_or_its_module(house: Path) -> None:
    """What the module prints is no part of the picture, and where it was found does not stay on the path."""
    before = list(sys.path)
    by_file = invoke(str(house / "door.py") + ":DOOR")
    assert by_file.exit_code == 0
    assert by_file.stdout.startswith("stateDiagram")
    assert "open --> shut" in by_file.stdout
    assert invoke("house/door:DOOR").stdout == by_file.stdout
    assert invoke("runlife:MESSAGE").stdout == invoke("message").stdout
    assert sys.path == before


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("door", f"'door' is not one of {', '.join(TABLES)}, nor FILE.py:NAME or MODULE:NAME"),
        ("house/none.py:DOOR", "there is no file house/none.py"),
        ("no_such_module:DOOR", "there is no module 'no_such_module'"),
        ("house/door.py:LAMP", "there is no 'LAMP' in it; its lifecycles: DOOR"),
        ("house/door.py:NOT_ONE", "NOT_ONE is no Lifecycle but of type int; its lifecycles: DOOR"),
        ("house/bad.py:DOOR", "importing it failed: ZeroDivisionError: division by zero"),
        ("house/rude.py:DOOR", "importing it failed: SystemExit: no"),
    ],
)
def test_a_lifecycle_that_cannot_be_had_is_said_in_a_line(house: Path, name: str, says: str) -> None:
    """No traceback, least of all ours."""
    result = invoke(name)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output


# --------------------------------------------------------------------------- what is shown on it


def test_a_journal_is_shown_as_it_went(tmp_path: Path, run: Run) -> None:
    """NDJSON, a JSON array or a snapshot, from a file or through a pipe."""
    wanted = render(RUN, "svg", overlay=run.journal)
    forms = [
        journal(run),
        json.dumps([record_to_json(record, RUN) for record in run.journal]),
        json.dumps(run.snapshot()),
    ]
    for number, text in enumerate(forms):
        file = tmp_path / str(number)
        file.write_text(text, encoding="utf-8")
        result = invoke("--overlay", str(file), "--format", "svg")
        assert (result.exit_code, result.stdout) == (0, wanted)
    assert invoke("--overlay", "-", "--format", "svg", input=forms[0]).stdout == wanted


def test_a_line_that_is_half_written_is_left_out_and_that_is_said(run: Run) -> None:
    """Nothing before it is lost."""
    result = invoke("--overlay", "-", "--format", "svg", input=journal(run)[:-30])
    assert result.exit_code == 0
    assert result.stdout == render(RUN, "svg", overlay=run.journal[:-1])
    assert "its last line, 3, is not whole and is left out" in result.stderr
    broken = journal(run).replace('"at": 1', '"at" 1')
    assert "line 2 is no JSON" in invoke("--overlay", "-", input=broken).output


def test_what_a_test_session_took_is_a_heat(tmp_path: Path, run: Run) -> None:
    """What ``pytest --lifecycle-json`` wrote."""
    counted = LifecycleCoverage()
    counted.journal(run.journal)
    file = tmp_path / "seen.json"
    file.write_text(json.dumps(counted.to_json()), encoding="utf-8")
    result = invoke("--overlay", str(file), "--format", "svg")
    assert result.stdout == render(RUN, "svg", overlay={str(r): n for r, n in counted.heat().items()})


def test_a_lawful_recording_is_the_way_that_the_run_went() -> None:
    """With what nobody saw happen in between."""
    result = invoke("--overlay", "-", "--format", "svg", input=trace("queued", "completed"))
    path = [
        row
        for row in RUN.transitions
        if row.event in {"create", "start", "complete"} and row.source != "cancelling"
    ]
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == render(RUN, "svg", overlay=path)


def test_a_run_that_was_there_before_begins_with_what_was_seen() -> None:
    """How it came there nobody knows: that used to be drawn as the shortest way there."""
    _created, *read = trace("queued", "in_progress", "completed").splitlines(keepends=True)[1:]
    recorded = as_line(HEADER) + "".join(read[1:])
    result = invoke("--overlay", "-", "--format", "svg", input=recorded)
    assert result.stdout == render(RUN, "svg", overlay=["in_progress", "completed"])


def test_an_illegal_recording_shows_what_was_believed() -> None:
    """And the reason stands on standard error."""
    result = invoke("--overlay", "-", "--format", "svg", input=trace("queued", "completed", "in_progress"))
    assert result.exit_code == 0
    assert "run_1 left its lifecycle: no lawful history explains it" in result.stderr
    assert "judged" in result.stdout


def test_of_several_runs_one_is_chosen(run: Run) -> None:
    """By its id; without it, it is said which there are."""
    other = Run.create(now=9, id="run_2", thread_id="t", active_run_id=None, has_input=True, expires_after=9)
    both = journal(run) + journal(other)
    result = invoke("--overlay", "-", input=both)
    assert "it has 2 runs; choose one with --run: run_1, run_2" in result.output
    assert invoke("--overlay", "-", "--run", "run_2", input=both).stdout == render(
        RUN, "mermaid", overlay=other.journal
    )
    assert (
        "there is no 'run_3' in it: run_1, run_2"
        in invoke("--overlay", "-", "--run", "run_3", input=both).output
    )


def test_two_policies_are_compared() -> None:
    """And any two lifecycles."""
    result = invoke("--policy", "cancel_may_lose=no", "--against", "run")
    assert result.exit_code == 0
    assert result.stdout == render(
        RUN.under(Policy(cancel_may_lose=False)), "mermaid", overlay=Difference(RUN)
    )


def test_a_simple_picture_is_for_a_first_sight() -> None:
    """As the library draws it."""
    assert invoke("--simple").stdout == render(RUN, "mermaid", detail="simple")


# --------------------------------------------------------------------------- what cannot be


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--check"], "--check goes with --all"),
        (["--path", "queued,completed"], "queued"),
        (["--out", "no/such/folder/run.svg"], "No such file"),
        (["--out", "run.gif"], "'run.gif' does not say which format it is to have"),
        (["--format", "gif"], "'gif' is not one of"),
        (["--path", "queued", "--against", "message"], "one of them"),
        (["--run", "run_1"], "--run goes with --overlay"),
        (["--policy", "cancel=no"], "expected NAME=ANSWER with one of cancel_outside_in_progress"),
        (
            ["--policy", "queued_may_fail=perhaps"],
            "queued_may_fail must be one of True, False; got 'perhaps'",
        ),
        (["--overlay", "no/such/file"], "no/such/file: No such file"),
        (["--overlay", "."], "Is a directory"),
    ],
)
def test_misuse_is_said_in_a_line(arguments: list[str], says: str) -> None:
    """No traceback, and an exit code that is not 0."""
    result = invoke(*arguments)
    assert result.exit_code != 0
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\x89PNG\r\n\x1a\n\x00", "it is no text in UTF-8"),
        (b"[]", "it is no journal"),
        (b"42", "it is no journal"),
        (b'{"a": 1}', "it is no journal"),
        (b"hello", "it is no journal"),
        (b"[" * 100_000, "it is no journal"),
        (b'{"at": 1, "event": "create", "target": "queued"}', "record 0 of the journal: it lacks 'source'"),
        (b'{"calls": [], "dropped": 0}', "draw it with: runlife sequence"),
        (b'{"runlife": "trace", "version": 9}', "expected version 1, got 9"),
        (b'{"counts": {}, "uses": []}', "not the JSON of a coverage"),
    ],
)
def test_what_shows_nothing_is_said_and_leaves_no_file(tmp_path: Path, data: bytes, says: str) -> None:
    """What stood there before stays as it was."""
    out = tmp_path / "out.svg"
    out.write_text("before", encoding="utf-8")
    result = invoke("--overlay", "-", "--out", str(out), input=data)
    assert result.exit_code == 1
    assert says in result.output
    assert "Traceback" not in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["out.svg"]
    assert out.read_text(encoding="utf-8") == "before"


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said how much is read at most."""
    monkeypatch.setattr("runlife_adapters.cli.files.LARGEST", 2**20)
    assert "standard input: larger than 1 MiB" in invoke("--overlay", "-", input=" " * (2**20 + 1)).output


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_full_standard_output_is_said_in_a_line() -> None:
    """It was a traceback once."""
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "runlife_adapters.cli", "diagram"], stdout=full, stderr=-1, check=False
        )
    assert ran.returncode == 1
    assert ran.stderr.decode() == "Error: cannot write: No space left on device\n"


@pytest.mark.slow
def test_the_command_is_one_process_away(tmp_path: Path, run: Run) -> None:
    """From a shell: a journal through a pipe, a picture out of it, and nothing else."""
    command = [
        sys.executable,
        "-m",
        "runlife_adapters.cli",
        "diagram",
        "--overlay",
        "-",
        "--format",
        "mermaid",
    ]
    done = subprocess.run(
        command, input=journal(run), capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == render(RUN, "mermaid", overlay=run.journal)
    assert done.stderr == ""


# --------------------------------------------------------------------------- the standard pictures


def test_stale_pictures_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked, written, checked again; a changed file is stale, and so is a table of the README."""
    pictures = {"run.mmd": "stateDiagram-v2\n", "run.svg": "<svg/>\n"}
    monkeypatch.setattr("runlife_diagrams.shipped.standard_pictures", lambda: pictures)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diagrams").mkdir()
    missing = invoke("--all", "--check")
    assert (missing.exit_code, "stale: " + str(Path("diagrams/run.svg")) in missing.output) == (1, True)
    assert invoke("--all").exit_code == 0
    assert invoke("--all", "--check").output == "all pictures are fresh\n"
    (tmp_path / "diagrams" / "run.mmd").write_text("stateDiagram-v2")
    assert invoke("--all", "--check").exit_code == 1
    readme = tmp_path / "README.md"
    readme.write_text("<!-- runlife:table run -->\n<!-- /runlife:table -->\n", encoding="utf-8")
    assert "stale: README.md" in invoke("--all", "--check").output
    assert "written: README.md" in invoke("--all").output
    assert render(RUN, "markdown") in readme.read_text(encoding="utf-8")
    assert invoke("--all", "--check").output == "all pictures are fresh\n"
    readme.write_text("<!-- runlife:table door -->\n", encoding="utf-8")
    assert "line 1: there is no table 'door'" in invoke("--all").output
