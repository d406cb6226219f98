"""The main job: ``runlife demo`` tells four true stories."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from runlife import TraceError
from runlife_adapters.backend import RunView
from runlife_adapters.cli.app import app
from runlife_adapters.cli.demo import play
from runlife_adapters.cli.demo.shop import PRICES, calculate_order_total
from runlife_adapters.cli.demo.stories import STORIES
from runlife_adapters.cli.demo.timeline import check, timeline
from runlife_adapters.drive import Observed, Sent

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize(("language", "word"), [("en", "caused by"), ("zh", "由谁引起")])
def test_the_four_stories_end_as_they_must(language: str, word: str, tmp_path: Path) -> None:
    """Each has a timeline, a lawful trace and a picture, in either language."""
    result = CliRunner().invoke(app, ["demo", "--language", language, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert result.output.count(word) == len(STORIES)
    assert result.output.count("✓") == len(STORIES)
    assert "completed, completed, cancelled, expired" in result.output
    total = sum(PRICES.values())
    assert f"¥{total:,.2f}" in result.output
    for picture in (tmp_path / f"{n}-{story.name}.svg" for n, story in enumerate(STORIES, 1)):
        assert ET.parse(picture).getroot().tag.endswith("svg")  # noqa: S314  # our own file


@pytest.mark.slow
def test_the_timelines_are_those_of_the_contract(tmp_path: Path) -> None:
    """The statuses in their order, who caused them, and the fields that people miss."""
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)])
    _, plain, tools, cancelled, expired = result.output.split("\n\n")
    for text, statuses in (
        (plain, ["queued", "in_progress", "completed"]),
        (tools, ["queued", "in_progress", "requires_action", "queued", "in_progress", "completed"]),
        (cancelled, ["queued", "in_progress", "cancelling", "cancelled"]),
        (expired, ["queued", "in_progress", "requires_action", "expired"]),
    ):
        lines = [line.split() for line in text.splitlines() if line.strip().startswith("+")]
        assert [line[2] for line in lines] == statuses
    assert "client: submit_tool_outputs" in tools
    assert "+600 s  expired          timer: expire" in expired
    assert "\x1b" not in result.output, "no colours where there is no terminal"


def told(api: str, out: Path) -> dict[str, list[list[str]]]:
    """Play the demo; return by story the columns of each line of its timeline."""
    result = CliRunner().invoke(app, ["demo", "--api", api, "--out", str(out)])
    assert result.exit_code == 0, result.output
    stories: dict[str, list[list[str]]] = {}
    for story, text in zip(STORIES, result.output.split("\n\n")[1:], strict=True):
        for line in text.splitlines():
            columns = re.split(r"  +", line.strip())
            if re.match(r"(≤ )?\+", columns[0]):
                stories.setdefault(story.name, []).append(columns)
            elif len(columns) == 1 and line.startswith(" " * 20) and "…" not in line:
                stories[story.name][-1][-1] += f" {columns[0]}"  # the rest of the line before
    return stories


@pytest.mark.slow
def test_both_surfaces_tell_the_same(tmp_path: Path) -> None:
    """Line for line: when, status, cause, and fields with their values, but for what no response tells.

    A cancelled response is so at once: `cancelling` is not seen, and the end comes before the next poll.
    """
    assistants, responses = told("assistants", tmp_path / "1"), told("responses", tmp_path / "2")
    late = responses["cancelled"]
    assert [late[-2][0], late[-1][0], late[-1][3]] == [
        "≤ +1.25 s",
        "+1.25 s",
        "expires_at = null, cancelled_at = +1 s, usage = 0 tokens",
    ]
    late[-2][0] = "+1.25 s"
    late[-1][0], late[-1][3] = assistants["cancelled"][-1][0], assistants["cancelled"][-1][3]
    assert responses == assistants


@pytest.mark.slow
def test_over_responses_it_says_which_and_what_they_do_not_tell(tmp_path: Path) -> None:
    """The id of each response stands where it begins; a picture and a lawful trace are there as ever."""
    result = CliRunner().invoke(
        app, ["demo", "--api", "responses", "--out", str(tmp_path), "--language", "zh"]
    )
    assert result.exit_code == 0, result.output
    assert "Responses API" in result.output
    assert "started_at" in result.output.partition("\n\n")[0]
    assert [line.strip()[:5] for line in result.output.splitlines() if "…" in line] == ["resp_"] * 5
    assert result.output.count("✓") == len(list(tmp_path.glob("*.svg"))) == len(STORIES)


def test_a_story_that_ends_otherwise_fails_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo checks itself: a wrong ending is said and exits with 1."""
    wrong = type(STORIES[0])("plain", "Hi", "Hi", STORIES[3].ending)
    monkeypatch.setattr(play, "STORIES", (wrong,))
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "Story plain ended completed, not expired" in result.output


def test_a_broken_log_is_no_timeline() -> None:
    """Both the timeline and the check refuse a run that came back from its end."""
    born = Observed(0.0, RunView("run_1", "completed"))
    back = Observed(1.0, RunView("run_1", "queued"))
    with pytest.raises(TraceError):
        timeline([Sent(0.0, "create"), born, back])
    with pytest.raises(TraceError):
        check([Sent(0.0, "create"), born, back])


def test_the_function_is_a_real_one() -> None:
    """It adds up the price list, and knows no other products."""
    order = calculate_order_total([{"product": "书", "quantity": 3}])
    assert (order["total"], order["currency"]) == (177.0, "CNY")
    with pytest.raises(KeyError):
        calculate_order_total([{"product": "船", "quantity": 1}])


def test_a_missing_extra_is_named() -> None:
    """Without click, the command says what to install instead of a traceback."""
    script = "import sys; sys.modules['click'] = None; from runlife_adapters.cli import main; main()"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "pip install 'runlife[cli]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("module", ["openai", "uvicorn", "rich"])
def test_the_demo_names_the_extras_that_it_needs(module: str) -> None:
    """It used to end with a traceback when one of them was missing."""
    script = (
        f"import sys; sys.modules[{module!r}] = None; "
        "from runlife_adapters.cli import main; sys.argv[1:] = ['demo']; main()"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (
        1,
        f"Error: the demo needs {module}; pip install 'runlife[cli,openai,server]'\n",
    )
