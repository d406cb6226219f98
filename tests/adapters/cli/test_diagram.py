"""``runlife diagram`` draws our tables, and keeps the committed pictures fresh."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from runlife import RUN
from runlife_adapters.cli.app import app
from runlife_adapters.cli.diagram import TABLES
from runlife_diagrams import render


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", ["mermaid", "dot", "svg"])
def test_it_prints_what_the_library_renders(name: str, kind: str) -> None:
    """Each of our tables, in each format, on standard output."""
    result = CliRunner().invoke(app, ["diagram", name, "--format", kind])
    assert result.exit_code == 0
    assert result.output.rstrip() == render(TABLES[name], kind).rstrip()  # type: ignore[arg-type]


def test_the_format_follows_the_name_of_the_file(tmp_path: Path) -> None:
    """A path is highlighted in a file of its own."""
    out = tmp_path / "run.svg"
    path = ["queued", "in_progress", "completed"]
    result = CliRunner().invoke(app, ["diagram", "--out", str(out), "--path", ",".join(path)])
    assert result.exit_code == 0
    assert out.read_text(encoding="utf-8") == render(RUN, "svg", path=path)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["diagram", "door"], "'door' is not one of"),
        (["diagram", "--check"], "--check goes with --all"),
        (["diagram", "--path", "queued,completed"], "queued"),
        (["diagram", "--out", "no/such/folder/run.svg"], "No such file"),
        (["diagram", "--format", "gif"], "'gif' is not one of"),
    ],
)
def test_misuse_is_said_in_a_line(arguments: list[str], says: str) -> None:
    """No traceback, and an exit code that is not 0."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code != 0
    assert says in result.output
    assert "Traceback" not in result.output


@pytest.mark.slow
def test_stale_pictures_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked, written, checked again; a changed file is stale."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diagrams").mkdir()
    run = CliRunner().invoke
    missing = run(app, ["diagram", "--all", "--check"])
    assert (missing.exit_code, "stale: " + str(Path("diagrams/run.svg")) in missing.output) == (1, True)
    assert run(app, ["diagram", "--all"]).exit_code == 0
    assert run(app, ["diagram", "--all", "--check"]).output == "all pictures are fresh\n"
    (tmp_path / "diagrams" / "run.mmd").write_text("stateDiagram-v2")
    assert run(app, ["diagram", "--all", "--check"]).exit_code == 1
