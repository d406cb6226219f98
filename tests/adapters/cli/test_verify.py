"""``runlife verify`` from outside: what it prints, writes, and exits with."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("click")
pytest.importorskip("openai")

from click.testing import CliRunner, Result

from runlife_adapters.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = """
import time

def patient(client, thread_id, assistant_id):
    run = client.beta.threads.runs.create(thread_id=thread_id, assistant_id=assistant_id)
    while run.status in ("queued", "in_progress", "cancelling", "requires_action"):
        time.sleep(1)
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
        if run.status == "requires_action":
            client.beta.threads.runs.cancel(run.id, thread_id=thread_id)
    return run

async def wrong(client, thread_id, assistant_id):
    await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
    return "failed"

number = 5
"""

QUICK = ("--deviations", "1", "--random", "0", "--no-faults", "--alone")


@pytest.fixture(autouse=True)
def _services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put services into the current folder, where they are imported from."""
    (tmp_path / "services_of_a_test.py").write_text(SERVICES, encoding="utf-8")
    (tmp_path / "broken_module_of_a_test.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))


def verify(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["verify", *arguments])


@pytest.mark.slow
def test_it_says_what_it_has_proved(tmp_path: Path) -> None:
    """On the terminal, on a page, and as data; it exits with 0."""
    page, data = tmp_path / "report.html", tmp_path / "result.json"
    result = verify(
        "services_of_a_test:patient", *QUICK, "--no-functions", "--report", str(page), "--json", str(data)
    )

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.output.startswith("patient: 1")
    assert "schedules, all with at most 1 deviation among these alternatives: no failure" in result.output
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads(data.read_text(encoding="utf-8"))["outcome"] == "passed"


@pytest.mark.slow
def test_it_tells_of_a_failure(tmp_path: Path) -> None:
    """In the same places; it exits with 1."""
    page, data = tmp_path / "report.html", tmp_path / "result.json"
    result = verify("services_of_a_test:wrong", *QUICK, "--report", str(page), "--json", str(data))

    assert result.exit_code == 1
    assert result.output.startswith("NOT SAFE: the service answered 'failed', but run 1 is completed")
    assert "from services_of_a_test import wrong" in result.output
    assert "NOT SAFE" in page.read_text(encoding="utf-8")
    told = json.loads(data.read_text(encoding="utf-8"))
    assert (told["outcome"], told["failure"]["kind"]) == ("failed", "safety")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["services_of_a_test"], "expected MODULE:SERVICE, such as app.runs:answer"),
        (["nowhere_at_all:service"], "there is no module 'nowhere_at_all'"),
        (["services_of_a_test:nothing"], "has no attribute 'nothing'"),
        (["services_of_a_test:number"], "expected a function, got 5"),
        (["services_of_a_test:time.time"], "expected a function of world, or of client"),
        (["broken_module_of_a_test:service"], "importing it failed: ZeroDivisionError"),
        (["services_of_a_test:patient", "--fault", "flood"], "no fault is named 'flood'"),
        (["services_of_a_test:patient", "--fault", "delay", "--no-faults"], "one or the other"),
        (["services_of_a_test:patient", "--function", "f", "--no-functions"], "one or the other"),
        (["services_of_a_test:patient", "--ttl", "-5"], "ttl: expected a number of seconds above 0"),
        (["services_of_a_test:wrong", *QUICK, "--report", "no/where.html"], "cannot write no/where.html"),
    ],
)
def test_misuse_is_said_in_a_line(arguments: list[str], words: str) -> None:
    """It exits with 2, and nothing else is printed but how to use it."""
    result = verify(*arguments)

    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output
