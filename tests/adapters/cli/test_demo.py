"""The main job: ``runlife demo`` tells four true stories."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
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


Demos = Callable[..., tuple[str, "Path"]]
"""What plays the demo with these options, once, and gives what it said and where its pictures are."""


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Demos:
    """Several tests look at the same demo: it is played once."""

    @cache
    def play_once(*options: str) -> tuple[str, Path]:
        out = tmp_path_factory.mktemp("demo")
        result = CliRunner().invoke(app, ["demo", *options, "--out", str(out)])
        assert result.exit_code == 0, result.output
        return result.output, out

    return play_once


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "word"), [((), "caused by"), (("--language", "zh", "--api", "responses"), "由谁引起")]
)
def test_the_four_stories_end_as_they_must(demos: Demos, options: tuple[str, ...], word: str) -> None:
    """Each has a timeline, a lawful trace and a picture, in either language and over either surface."""
    output, out = demos(*options)
    assert output.count(word) == len(STORIES)
    assert output.count("✓") == len(STORIES)
    assert "completed, completed, cancelled, expired" in output
    total = sum(PRICES.values())
    assert f"¥{total:,.2f}" in output
    for picture in (out / f"{n}-{story.name}.svg" for n, story in enumerate(STORIES, 1)):
        assert ET.parse(picture).getroot().tag.endswith("svg")  # noqa: S314  # our own file


@pytest.mark.slow
def test_the_timelines_are_those_of_the_contract(demos: Demos) -> None:
    """The statuses in their order, who caused them, and the fields that people miss."""
    output, _ = demos()
    _, plain, tools, cancelled, expired = output.split("\n\n")
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
    assert "\x1b" not in output, "no colours where there is no terminal"


def told(output: str) -> dict[str, list[list[str]]]:
    """Return by story the columns of each line of its timeline."""
    stories: dict[str, list[list[str]]] = {}
    for story, text in zip(STORIES, output.split("\n\n")[1:], strict=True):
        for line in text.splitlines():
            columns = re.split(r"  +", line.strip())
            if re.match(r"(≤ )?\+", columns[0]):
                stories.setdefault(story.name, []).append(columns)
            elif len(columns) == 1 and line.startswith(" " * 20) and "…" not in line:
                stories[story.name][-1][-1] += f" {columns[0]}"  # the rest of the line before
    return stories


@pytest.mark.slow
def test_both_surfaces_tell_the_same(demos: Demos) -> None:
    """Line for line: when, status, cause, and fields with their values, but for what no response tells.

    A cancelled response is so at once: `cancelling` is not seen, and the end comes before the next poll.
    """
    assistants, responses = told(demos()[0]), told(demos("--api", "responses")[0])
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
def test_over_responses_it_says_which_and_what_they_do_not_tell(demos: Demos) -> None:
    """The id of each response stands where it begins."""
    output, _ = demos("--api", "responses")
    assert "Responses API" in output
    assert "started_at" in output.partition("\n\n")[0]
    assert [line.strip()[:5] for line in output.splitlines() if "…" in line] == ["resp_"] * 5


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


EXTRAS = """
import sys
from runlife_adapters.cli import main

sys.argv[1:] = ["demo"]
for module in sys.stdin.read().split():
    sys.modules[module] = None
    try:
        main()
    except SystemExit as error:
        print(error.code)
    del sys.modules[module]
"""


@pytest.mark.slow
def test_the_demo_names_the_extras_that_it_needs() -> None:
    """It used to end with a traceback when one of them was missing."""
    modules = ["openai", "uvicorn", "rich"]  # as they are imported: what was found once stays found
    result = subprocess.run(
        [sys.executable, "-c", EXTRAS], input=" ".join(modules), capture_output=True, text=True, check=False
    )
    assert result.stdout == "1\n" * len(modules)
    assert result.stderr.splitlines() == [
        f"Error: the demo needs {module}; pip install 'runlife[cli,openai,server]'" for module in modules
    ]
