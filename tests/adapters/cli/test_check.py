"""``runlife check`` says legal, or where the lifecycle was left, and exits with what it found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from runlife_adapters.cli.app import app
from runlife_adapters.traces.ndjson import HEADER, as_line

PATH = "/v1/threads/thread_1/runs"


def run_body(status: str, **fields: Any) -> dict[str, Any]:
    """A run as it stands on the wire."""
    return {"id": "run_1", "object": "thread.run", "status": status, "created_at": 1000, **fields}


def recorded(folder: Path, *bodies: dict[str, Any]) -> str:
    """A file of ours: a run is created, then read once a second."""
    lines: list[Any] = [HEADER]
    for number, body in enumerate(bodies):
        how = ("GET", f"{PATH}/run_1") if number else ("POST", PATH)
        lines.append({"sent": number, "at": 1000.0 + number, "method": how[0], "path": how[1]})
        lines.append({"answered": number, "at": 1000.1 + number, "status": 200, "body": body})
    file = folder / "trace.ndjson"
    file.write_text("".join(map(as_line, lines)), encoding="utf-8")
    return str(file)


def invoke(*arguments: str) -> Any:
    """The result of the command."""
    return CliRunner().invoke(app, ["check", *arguments])


def test_a_legal_run_is_explained(tmp_path: Path) -> None:
    """What was seen, what must have happened unseen, and exit code 0."""
    file = recorded(tmp_path, run_body("queued"), run_body("queued"), run_body("completed", usage={}))
    result = invoke(file, "--mode", "exact")
    assert result.exit_code == 0
    assert f"{file}: 1 run, 0 steps: all legal" in result.output
    assert "run run_1: legal, 3 samples" in result.output
    assert "queued          POST runs  x2  (create)" in result.output
    assert "completed       GET run  (unseen before: queued -start-> in_progress)" in result.output


def test_a_violation_is_told_with_what_was_believed_and_why(tmp_path: Path) -> None:
    """Exit code 1."""
    ended = run_body("completed", completed_at=1001)
    file = recorded(tmp_path, run_body("queued"), ended, run_body("in_progress", completed_at=1001))
    result = invoke(file)
    assert result.exit_code == 1
    assert f"{file}: 1 run, 0 steps: 1 left the lifecycle" in result.output
    assert "run run_1: ILLEGAL, 2 samples" in result.output
    assert "seen      sample 3, 'in_progress' at 1002.1" in result.output
    assert "believed  completed" in result.output
    assert "why       no way leads there from completed" in result.output


def test_json_says_the_same(tmp_path: Path) -> None:
    """For a program to read."""
    file = recorded(tmp_path, run_body("queued"), run_body("completed"), run_body("failed"))
    result = invoke(file, "--json")
    assert result.exit_code == 1
    data = json.loads(result.output)
    assert data["legal"] is False
    (verdict,) = data["files"][file]
    assert verdict["violation"]["believed"] == ["completed"]
    assert verdict["violation"]["why"][0]["predicate"] == "status"
    assert [row["event"] for row in verdict["history"][1]["rows"]] == ["start", "complete"]


def test_the_lag_makes_late_reads_legal(tmp_path: Path) -> None:
    """Five seconds, unless it is said otherwise."""
    file = recorded(tmp_path, run_body("queued"), run_body("in_progress"), run_body("queued"))
    assert invoke(file, "--mode", "exact").exit_code == 1
    assert invoke(file, "--mode", "stale").exit_code == 0


def test_a_file_without_runs_says_so(tmp_path: Path) -> None:
    """Nothing was checked, which is not the same as legal."""
    result = invoke(recorded(tmp_path))
    assert result.exit_code == 0
    assert "no runs in it, so nothing was checked" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing argument"),
        (["no/such/file"], "no/such/file: No such file or directory"),
        (["FILE", "--mode", "loose"], "'loose' is not one of"),
        (["FILE", "--mode", "exact", "--lag", "3"], "goes with mode='stale'"),
        (["BROKEN"], "in no format that is known"),
    ],
)
def test_misuse_exits_with_2_and_says_why_in_a_line(arguments: list[str], says: str, tmp_path: Path) -> None:
    """No traceback."""
    broken = tmp_path / "broken"
    broken.write_text("[]", encoding="utf-8")
    files = {"FILE": recorded(tmp_path), "BROKEN": str(broken)}
    result = invoke(*(files.get(argument, argument) for argument in arguments))
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


def changed(file: str, number: int, **fields: Any) -> str:
    """The file with other fields in one of its lines."""
    path = Path(file)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[number - 1] |= fields
    path.write_text("".join(map(as_line, lines)), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("number", "fields"), [(2, {"at": "x"}), (2, {"method": None}), (2, {"path": 5}), (3, {"status": "200"})]
)
def test_a_line_of_the_wrong_types_is_named(number: int, fields: dict[str, Any], tmp_path: Path) -> None:
    """Exit code 2 and one line with the file and the line; it used to be a traceback and 1."""
    file = changed(recorded(tmp_path, run_body("queued")), number, **fields)
    result = invoke(file)
    assert result.exit_code == 2
    assert f"{file}: line {number}: " in result.output
    assert len(result.output.splitlines()) == 1
    assert isinstance(result.exception, SystemExit)


def test_a_clock_that_was_set_back_is_mentioned(tmp_path: Path) -> None:
    """It is no violation, and no end of the check."""
    file = changed(recorded(tmp_path, run_body("queued"), run_body("queued")), 5, at=900.0)
    result = invoke(file)
    assert result.exit_code == 0
    assert "the clock of the recording was set back" in result.output
    (verdict,) = json.loads(invoke(file, "--json").output)["files"][file]
    assert (verdict["clock_set_back"], verdict["times_checked"]) == (True, True)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({**run_body("queued"), "status": ["queued"]}, "why       ['queued'] is no status of a run"),
        (run_body("queued", expires_at="soon"), "why       expires_at is 'soon', which is no moment"),
    ],
)
def test_what_is_no_status_or_no_moment_is_a_violation(
    body: dict[str, Any], says: str, tmp_path: Path
) -> None:
    """Both used to be all legal."""
    result = invoke(recorded(tmp_path, run_body("queued"), body))
    assert result.exit_code == 1
    assert says in result.output


def test_nothing_in_a_file_steers_the_terminal(tmp_path: Path) -> None:
    """An id may hold whatever a stranger wrote."""
    result = invoke(recorded(tmp_path, {**run_body("queued"), "id": "run_\x1b[2J"}))
    assert "\x1b" not in result.output
    assert "run_\\x1b[2J" in result.output
