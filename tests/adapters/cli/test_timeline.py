"""``runlife timeline`` lays the runs of any number of logs side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from runlife import RUN, Run
from runlife.history import record_to_json
from runlife_adapters.cli.app import app
from runlife_adapters.traces.ndjson import HEADER, as_line
from runlife_diagrams import render_timeline

if TYPE_CHECKING:
    from pathlib import Path

RUNS = "/v1/threads/thread_1/runs"


def invoke(*arguments: str, **more: Any) -> Any:
    """The result of the command."""
    return CliRunner().invoke(app, ["timeline", *arguments], **more)


def a_run(id: str, start: float) -> Run:
    """A run that was completed."""
    run = Run.create(now=start, id=id, thread_id="t", active_run_id=None, has_input=True, expires_after=600)
    run.apply("start", now=start + 1)
    run.apply("complete", now=start + 5)
    return run


def lines(run: Run, **more: Any) -> list[str]:
    """Its journal, a line each."""
    return [json.dumps({**record_to_json(record, RUN), **more}) for record in run.journal]


def test_journals_one_after_the_other_are_a_lane_each(tmp_path: Path) -> None:
    """In one file or in several; each is named by its creation."""
    runs = {run.id: run for run in (a_run("run_1", 0), a_run("run_2", 3))}
    wanted = render_timeline({id: run.journal for id, run in runs.items()})
    one = tmp_path / "both.ndjson"
    one.write_text("\n".join(line for run in runs.values() for line in lines(run)), encoding="utf-8")
    several = [tmp_path / f"{id}.ndjson" for id in runs]
    for file, run in zip(several, runs.values(), strict=True):
        file.write_text("\n".join(lines(run)), encoding="utf-8")
    out = tmp_path / "out.svg"
    for files in ([one], several):
        assert invoke(*map(str, files), "--out", str(out)).exit_code == 0
        assert out.read_text(encoding="utf-8") == wanted
    aligned = invoke(str(one), "--align", "creation", "--theme", "dark", "--format", "svg")
    journals = {id: run.journal for id, run in runs.items()}
    assert aligned.stdout == render_timeline(journals, align="creation", theme="dark")


def test_records_that_bear_their_run_may_be_mixed() -> None:
    """As the doors of the server tell them, and without a payload."""
    first, second = lines(a_run("run_1", 0), run_id="a"), lines(a_run("run_2", 0), run_id="b")
    mixed = "\n".join(line for both in zip(first, second, strict=True) for line in both)
    assert [line[:1] for line in invoke("-", input=mixed).stdout.splitlines()[:2]] == ["a", "b"]


def test_lives_of_the_same_name_are_all_there(tmp_path: Path) -> None:
    """In one file, and in two."""
    text = "\n".join(lines(a_run("run_1", 0)) + lines(a_run("run_1", 9)))
    file = tmp_path / "again"
    file.write_text("\n".join(lines(a_run("run_1", 20))), encoding="utf-8")
    result = invoke("-", str(file), "--format", "svg", input=text)
    assert "Timeline of 3 runs" in result.stdout
    assert "run_1 (2)" in result.stdout


def test_snapshots_are_journals() -> None:
    """One a line."""
    text = "\n".join(json.dumps(a_run(f"run_{n}", n).snapshot()) for n in range(3))
    assert "Timeline of 3 runs" in invoke("-", "--format", "svg", input=text).stdout


def test_a_recording_shows_when_statuses_were_first_seen() -> None:
    """A run that did not move, or whose times nobody noted, is left out, and that is said."""

    def recorded(*seen: tuple[float | None, str, str]) -> str:
        entries: list[Any] = [HEADER]
        for number, (at, id, status) in enumerate(seen):
            body = {"id": id, "object": "thread.run", "status": status, "created_at": 1000}
            method, path = ("POST", RUNS) if status == "queued" else ("GET", f"{RUNS}/{id}")
            entries.append({"sent": number, "at": at, "method": method, "path": path})
            entries.append({"answered": number, "at": at, "status": 200, "body": body})
        return "".join(map(as_line, entries))

    text = recorded((1000, "run_1", "queued"), (1001, "run_2", "in_progress"), (1004, "run_1", "completed"))
    result = invoke("-", "--format", "svg", input=text)
    assert result.exit_code == 0
    assert "run_1: queued 0 s, in_progress 4 s, completed 4 s (complete)" in result.stdout
    assert "run_2 is left out: it did not move, or nobody noted when" in result.stderr
    assert "no run moves in it" in invoke("-", input=recorded((None, "run_2", "in_progress"))).output


def test_of_many_the_first_are_drawn() -> None:
    """And it is said how many are left out."""
    text = "\n".join(line for n in range(30) for line in lines(a_run(f"run_{n}", n)))
    result = invoke("-", "--limit", "7", "--format", "svg", input=text)
    assert "Timeline of 7 runs" in result.stdout
    assert "23 of 30 runs are left out (--limit)" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "data", "says"),
    [
        ([], "", "Missing argument"),
        (["-"], "", "standard input: it is empty"),
        (["-"], '{"calls": [], "dropped": 0}', "it says nothing of when statuses were"),
        (
            ["-"],
            '{"at": 0, "event": "create", "source": null, "target": "x", "cause": "client"}',
            "has no 'create'",
        ),
        (["-", "--out", "x.mmd"], "", "'x.mmd' does not say which format it is to have"),
        (["no/such/file"], "", "no/such/file: No such file"),
    ],
)
def test_misuse_is_said_in_a_line(arguments: list[str], data: str, says: str) -> None:
    """No traceback."""
    result = invoke(*arguments, input=data)
    assert result.exit_code != 0
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output
