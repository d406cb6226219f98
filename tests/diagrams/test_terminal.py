"""Text for a terminal: where a run is, what may happen next and until when, in 80 columns."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle, Message, Policy, Run, ToolCall
from runlife_diagrams import PathError, PictureError, render, terminal

OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)


def wide(line: str) -> int:
    """Return how many columns a line takes."""
    return sum(
        0
        if unicodedata.category(character) in {"Mn", "Me", "Cf"}
        else 2
        if unicodedata.east_asian_width(character) in {"F", "W"}
        else 1
        for character in line
    )


def waiting_run() -> Run:
    """Return a run that waits for the outputs of a tool."""
    run = Run.create(id="run_1", now=0)
    run.apply("start", now=1)
    run.apply("require_action", now=2, tool_calls=[ToolCall(id="call_1", name="f", arguments="{}")])
    return run


@OURS
def test_every_row_is_there(lifecycle: Lifecycle[Any]) -> None:
    """Of each status, every row that leads out stands below its box, and every row that leads in above."""
    for status in lifecycle.statuses:
        above, _, below = terminal(lifecycle, status, guards=False).partition(" \u25bc")
        for row in lifecycle.transitions:
            if row.source == status:
                assert any(row.event in line and row.target in line for line in below.split("\n"))
            elif row.target == status:
                source = row.source or "\u25cf"
                assert any(row.event in line and source in line for line in above.split("\n"))
    arrows = [line for line in render(lifecycle, "text").split("\n") if "\u25b6" in line]
    assert len(arrows) == len(lifecycle.transitions)


def test_a_status_is_drawn_with_its_neighbours() -> None:
    """The whole text of one status, as it is to be seen."""
    assert terminal(RUN, "requires_action").split("\n") == [
        "run: requires_action",
        "── by the client   ╌╌ by the server   ┈┈ by time   ● creation   ◉ terminal",
        "",
        "    ╭╌╌ require_action ╌╌ in_progress",
        "    ▼",
        "  ┏━━━━━━━━━━━━━━━━━┓",
        "  ┃ requires_action ┃",
        "  ┗━┯━━━━━━━━━━━━━━━┛",
        "    ├── submit_tool_outputs ──▶   queued       by the client",
        "    │      when the outputs name exactly the pending calls",
        "    ├── cancel ───────────────▶   cancelling   by the client",
        "    ╰┈┈ expire ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈▶ ◉ expired      by time",
        "           when expires_at is due",
        "",
    ]


@pytest.mark.parametrize(
    ("now", "time", "due"),
    [
        (None, "since unix time 2", "at unix time 600 (expires_at)"),
        (12.25, "for 10 s", "in 9 min 48 s (expires_at)"),
        (2, "for 0 s", "in 9 min 58 s (expires_at)"),
        (599.5, "for 9 min 58 s", "in 0.5 s (expires_at)"),
        (600, "for 9 min 58 s", "due now (expires_at)"),
        (93_602, "for 1 d 2 h", "overdue by 1 d 1 h (expires_at)"),
    ],
)
def test_a_run_tells_its_times(now: float | None, time: str, due: str) -> None:
    """How long it has been so, and when it expires; looking changes nothing."""
    run = waiting_run()
    before = run.snapshot()
    lines = terminal(RUN, run=run, now=now).split("\n")
    assert lines[0] == f"run run_1: requires_action, {time}"
    assert f"           {due}" in lines
    assert run.snapshot() == before


def test_a_run_tells_its_history() -> None:
    """The steps that led to where it is; of a long one, the last."""
    run = waiting_run()
    assert "history: create → queued, start → in_progress, require_action → requires_action\n" in terminal(
        RUN, run=run
    )
    path = ["queued", *(["in_progress", "requires_action", "queued"] * 4)]
    assert "history: 4 steps, require_action → requires_action" in render(RUN, "text", overlay=path)


def test_a_terminal_status_says_so() -> None:
    """It has a double frame, and nothing leads out of it."""
    run = waiting_run()
    run.handle_timeout(600)
    text = terminal(RUN, run=run)
    assert text.startswith("run run_1: expired, which is terminal, since unix time 600\n")
    assert "║ expired ║" in text
    assert "\u25b6" not in text


def test_a_run_is_shown_under_its_own_policy() -> None:
    """Whatever the policy of the lifecycle that is given."""
    run = Run.create(id="run_1", now=0, lifecycle=RUN.under(Policy(queued_may_fail=False)))
    assert "fail" in terminal(RUN, "queued")
    assert "fail" not in terminal(RUN, run=run)


def test_guards_and_evidence_are_shown_when_asked_for() -> None:
    """Guards unless they are not wanted, evidence if it is."""
    assert "when the outputs" not in render(RUN, "text", overlay=["requires_action"], guards=False)
    assert "by the client, recorded" in render(RUN, "text", overlay=["requires_action"], evidence=True)


def test_what_is_no_status_is_refused() -> None:
    """Nor is a run of something else shown, nor two things at once."""
    with pytest.raises(PathError, match="'sleeping' is no status of 'run'"):
        terminal(RUN, "sleeping")
    with pytest.raises(PictureError, match="the run lives by 'message', not by 'run'"):
        terminal(RUN, run=Message.create(id="msg_1", now=0))
    with pytest.raises(PictureError, match="give one of them"):
        terminal(RUN, "queued", run=waiting_run())


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(st.data())
def test_it_fits_a_terminal(odd_lifecycles: st.SearchStrategy[Lifecycle[Any]], data: st.DataObject) -> None:
    """No line is wider than 80 columns or holds a control character, whatever the words."""
    lifecycle = data.draw(odd_lifecycles)
    texts = [render(lifecycle, "text"), *(terminal(lifecycle, status) for status in lifecycle.statuses)]
    for text in texts:
        lines = text.split("\n")
        assert max(map(wide, lines)) <= 80
        assert all(
            line.isprintable() or not set(map(unicodedata.category, line)) & {"Cc", "Cs"} for line in lines
        )
        assert lines[-1] == ""
    assert texts[0].count("\u25b6") >= len(lifecycle.transitions)
