"""What lies over a picture: each kind says by ids what is marked, with a badge, a class and words."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from runlife import (
    MESSAGE,
    RUN,
    Cause,
    Effect,
    Guard,
    HistoryError,
    LastError,
    Lifecycle,
    Message,
    Policy,
    Run,
    ToolCall,
    ToolOutput,
    at,
    on,
)
from runlife.trace import TraceChecker, UnlawfulError
from runlife_diagrams import (
    Belief,
    Difference,
    OverlayLike,
    PathError,
    PictureError,
    Theme,
    picture_of,
    render,
)
from runlife_diagrams.style import NODE_MARKS, line_width, node_look

if TYPE_CHECKING:
    from runlife_diagrams.overlay import Overlay

MINUS = "\N{MINUS SIGN}"
START, COMPLETE = "edge-queued-start-in_progress", "edge-in_progress-complete-completed"


def overlay_on(lifecycle: Lifecycle[Any], given: OverlayLike, **options: Any) -> Overlay:
    """Return what lies over the picture of a lifecycle."""
    overlay = picture_of(lifecycle, overlay=given, **options).overlay
    assert overlay is not None
    return overlay


def parse(svg: str) -> dict[str, ET.Element]:
    """Return the parts of an SVG by their ids."""
    root = ET.fromstring(svg)  # noqa: S314 - our own output, no stranger's
    return {element.get("id", ""): element for element in root.iter() if element.get("id")}


def badges(svg: str) -> dict[str, str]:
    """Return what stands on the badge of each part."""
    return {
        id: "".join(badge.itertext())
        for id, part in parse(svg).items()
        for badge in part
        if badge.get("class") == "badge"
    }


def lived() -> Run:
    """Return a run that went round once and completed."""
    run = Run.create(id="run_1", now=100)
    run.apply("start", now=101.5)
    run.apply("require_action", now=104, tool_calls=[ToolCall("call_1", "f", "{}")])
    run.apply("submit_tool_outputs", now=130, tool_outputs=[ToolOutput("call_1", "x")])
    run.apply("start", now=131)
    run.apply("complete", now=195)
    return run


# --------------------------------------------------------------------------- paths and journals


def test_a_path_numbers_its_steps() -> None:
    """A row taken twice has two numbers; the last status is the current one; nothing else is marked."""
    path = ["queued", "in_progress", "requires_action", "queued", "in_progress", "completed"]
    overlay = overlay_on(RUN, path)
    assert {id: mark.badge for id, mark in overlay.rows.items()} == {
        START: "1, 4",
        "edge-in_progress-require_action-requires_action": "2",
        "edge-requires_action-submit_tool_outputs-queued": "3",
        COMPLETE: "5",
    }
    assert list(overlay.nodes) == [f"node-{status}" for status in dict.fromkeys(path)]
    assert [id for id, mark in overlay.nodes.items() if "current" in mark.classes] == ["node-completed"]
    assert overlay.current == "node-completed"
    assert overlay.words.startswith("1. queued -start-> in_progress; 2. ")
    assert [step.row for step in overlay.steps][::3] == [START, START]


def test_a_path_from_the_creation_visits_the_dot() -> None:
    """The dot before the creation is a node like others."""
    overlay = overlay_on(RUN, [None])
    assert (list(overlay.nodes), overlay.current) == (["node-initial"], "node-initial")


def test_of_a_row_that_was_taken_often_the_first_and_the_last_are_told() -> None:
    """A badge stays short, however long the path."""
    overlay = overlay_on(RUN, ["queued", *(["in_progress", "requires_action", "queued"] * 30)])
    assert overlay.rows[START].badge == "1 … 88 (30)"
    assert overlay.words.count("; ") == 40
    assert overlay.words.split("; ")[20] == "50 more steps"


def test_a_journal_tells_its_times() -> None:
    """Of each step how long after the first record it was taken, and of each status how long it lasted."""
    overlay = overlay_on(RUN, lived())
    shown = {id: mark.badge for id, mark in overlay.edges.items()}
    assert shown["edge-initial-create-queued"] == "1 · 0 s"
    assert shown[START] == "2, 5 · 1.5 s, 31 s"
    assert shown[COMPLETE] == "6 · 1 min 35 s"
    assert overlay.nodes["node-queued"].says == "for 2.5 s in 2 stays"
    assert overlay.nodes["node-completed"].says == "since 1 min 35 s after the first record"
    assert [step.at for step in overlay.steps][:2] == [0, 1.5]


def test_of_a_row_that_was_taken_often_the_first_and_the_last_time_are_told() -> None:
    """With how many there were; the last minutes are told without their seconds."""
    run = Run.create(id="run_1", now=0, expires_after=1e6)
    for round_ in range(30):
        run.apply("start", now=100 * round_ + 13.3)
        run.apply("require_action", now=100 * round_ + 20, tool_calls=[ToolCall(f"call_{round_}", "f", "{}")])
        outputs = [ToolOutput(f"call_{round_}", "x")]
        run.apply("submit_tool_outputs", now=100 * round_ + 30, tool_outputs=outputs)
    assert overlay_on(RUN, run).rows[START].badge == "30\N{MULTIPLICATION SIGN} · 13.3 s … 48 min"


def test_a_run_without_a_journal_is_where_it_is() -> None:
    """A run that was restored in the middle of its life has no steps to show."""
    run = Run.create(id="run_1", now=0)
    svg = render(RUN, overlay=run.journal[:1])
    assert "current" in parse(svg)["node-queued"].get("class", "").split()
    overlay = overlay_on(RUN, [run.status])
    assert overlay.says == ("It is in queued",)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ("queued,in_progress", PathError, "a path is a sequence"),
        ([], PathError, "the path is empty"),
        (["queued", 3], PathError, "step 2 .* expected a status, a transition or a record, got int"),
        (["queued", "completed"], PathError, "step 2 .* legal from 'queued'"),
        ('[{"at": 1}]', HistoryError, "record 0 of the journal: it lacks 'event'"),
        ("{broken", HistoryError, "neither NDJSON nor a JSON array"),
        (Message.create(id="msg_1", now=0), HistoryError, "record 0"),
        (7, PictureError, "an overlay is a path, a journal, counts, a Belief or a Difference; got int"),
    ],
)
def test_what_is_no_overlay_is_refused(wrong: Any, error: type[Exception], words: str) -> None:
    """In words that say what could be."""
    with pytest.raises(error, match=words):
        render(RUN, overlay=wrong)


def test_a_row_that_the_policy_switches_off_is_refused() -> None:
    """A journal of a service that lives by another policy does not fit into the picture."""
    run = Run.create(id="run_1", now=0)
    run.apply("fail", now=1, last_error=LastError("server_error", "x"))
    with pytest.raises(PathError, match="no transition queued -fail-> failed"):
        render(RUN.under(Policy(queued_may_fail=False)), "mermaid", overlay=run)


# --------------------------------------------------------------------------- beliefs


def lost() -> UnlawfulError:
    """Return what a checker says of a run that was seen to go back."""
    checker = TraceChecker(RUN)
    checker.observed("queued", 1.0)
    checker.observed("in_progress", 2.0)
    with pytest.raises(UnlawfulError) as caught:
        checker.observed("queued", 3.0)
    return caught.value


def test_a_belief_tells_where_a_run_was_believed_and_where_it_was_seen() -> None:
    """What was believed, what could have followed, and what was seen bear different badges, and the why."""
    error = lost()
    overlay = overlay_on(RUN, Belief(error))
    badge = {id.removeprefix("node-"): mark.badge for id, mark in overlay.nodes.items()}
    assert badge["in_progress"] == "believed"
    assert badge["queued"] == "seen here"
    assert {word for word, text in badge.items() if text == "possible"} == {*error.possible} - {"in_progress"}
    assert overlay.nodes["node-in_progress"].says == error.why[0].says
    assert f"from in_progress: {error.why[0].says}" in overlay.says
    assert overlay == overlay_on(RUN, error)
    assert [entry.kind for entry in overlay.legend] == ["believed", "possible", "seen"]


def test_a_lawful_belief_tells_where_the_run_may_be() -> None:
    """A checker that has not given up is shown as it stands."""
    checker = TraceChecker(RUN)
    checker.observed("in_progress", 2.0)
    overlay = overlay_on(RUN, checker)
    assert set(overlay.nodes) == {f"node-{word}" for word in checker.statuses}
    assert {mark.badge for mark in overlay.nodes.values()} == {"believed"}
    assert overlay.says[0].startswith("Lawful so far")


def test_a_status_that_the_table_does_not_have_is_told_in_words() -> None:
    """It has no place in the picture."""
    checker = TraceChecker(RUN)
    with pytest.raises(UnlawfulError) as caught:
        checker.observed("sleeping", 1.0)
    overlay = overlay_on(RUN, caught.value)
    assert "sleeping" in overlay.says[0]
    assert not any("seen" in mark.classes for mark in overlay.nodes.values())


# --------------------------------------------------------------------------- differences


class Job(StrEnum):
    READY = "ready"
    BUSY = "busy"
    DONE = "done"


class NewJob(StrEnum):
    READY = "ready"
    BUSY = "busy"
    DONE = "done"
    LOST = "lost"


idle = Guard("idle", "nothing else runs", lambda *_: True)
timed = Effect("timed", "sets the deadline", {"due_at": lambda *_: 9.0})
OLD = Lifecycle(
    "job",
    Job,
    terminal=[Job.DONE],
    rows=[
        on("add", None, Job.READY, by=Cause.CLIENT, then=timed),
        on("take", Job.READY, Job.BUSY, by=Cause.SERVER),
        on("drop", Job.BUSY, Job.READY, by=Cause.SERVER),
        on("finish", Job.BUSY, Job.DONE, by=Cause.SERVER),
        at("due_at", [Job.READY, Job.BUSY], Job.DONE),
    ],
)
NEW = Lifecycle(
    "job",
    NewJob,
    terminal=[NewJob.DONE, NewJob.LOST],
    rows=[
        on("add", None, NewJob.READY, by=Cause.CLIENT, then=timed),
        on("take", NewJob.READY, NewJob.BUSY, by=Cause.CLIENT, when=idle),
        on("finish", NewJob.BUSY, NewJob.DONE, by=Cause.SERVER),
        on("lose", NewJob.BUSY, NewJob.LOST, by=Cause.SERVER),
        at("due_at", [NewJob.READY, NewJob.BUSY], NewJob.DONE),
    ],
)


def test_a_difference_is_drawn_as_the_union() -> None:
    """What only one side has bears its sign, what both have differently bears another, and says what."""
    picture = picture_of(OLD, overlay=Difference(NEW))
    assert [node.name for node in picture.nodes] == ["", "ready", "busy", "done", "lost"]
    overlay = picture.overlay
    assert overlay is not None
    assert {id: mark.badge for id, mark in overlay.rows.items()} == {
        "edge-ready-take-busy": "≠",
        "edge-busy-drop-ready": MINUS,
        "edge-busy-lose-lost": "+",
    }
    (take,) = (label for edge in picture.edges for label in edge.labels if label.id == "edge-ready-take-busy")
    assert take.notes == ("guard: none → nothing else runs", "cause: server → client")
    assert overlay.nodes.keys() == {"node-lost"}
    assert overlay.says[0] == "added: the status lost"
    backwards = overlay_on(NEW, Difference(OLD))
    assert backwards.nodes["node-lost"].badge == backwards.rows["edge-busy-lose-lost"].badge == MINUS


def test_a_status_that_becomes_terminal_is_a_difference() -> None:
    """The same word is not the same status when nothing leads out of it any more."""

    class Two(StrEnum):
        READY = "ready"
        BUSY = "busy"

    two = Lifecycle(
        "job", Two, terminal=[Two.BUSY], bounded_by="us", rows=[
            on("add", None, Two.READY, by=Cause.CLIENT, then=timed),
            on("take", Two.READY, Two.BUSY, by=Cause.SERVER),
        ],
    )  # fmt: skip
    overlay = overlay_on(OLD, Difference(two))
    assert overlay.nodes["node-busy"].says == "changed: the status busy (live → terminal)"
    assert overlay.nodes["node-done"].badge == MINUS


def test_two_policies_are_compared() -> None:
    """Rows that are off are removed, rows that give way to others are changed; a bundle has one sign."""
    other = RUN.under(Policy(queued_may_fail=False, usage_when_stopped="null"))
    overlay = overlay_on(RUN, Difference(other))
    assert overlay.rows["edge-queued-fail-failed"].badge == MINUS
    assert overlay.edges["bundle-expire-expired"].badge == "≠"
    assert overlay.rows["edge-cancelling-confirm_cancel-cancelled"].says.startswith("changed: effect: ")
    back = overlay_on(other, Difference(RUN))
    assert back.rows["edge-queued-fail-failed"].badge == "+"


def test_rows_that_only_the_other_policy_has_are_drawn_once() -> None:
    """Also when the rows that are off are drawn as well: what is off here is on there, and so is added."""
    strict = RUN.under(Policy(queued_may_fail=False))
    picture = picture_of(strict, overlay=Difference(RUN), policies=True)
    labels = [label for edge in picture.edges for label in edge.labels if label.event == "fail"]
    assert [label.off for label in labels] == [False, False, False]
    assert picture.overlay is not None
    assert picture.overlay.rows["edge-queued-fail-failed"].badge == "+"


def test_what_does_not_differ_says_so() -> None:
    """Also in the legend, for nothing in the picture tells it."""
    overlay = overlay_on(RUN, Difference(RUN))
    assert (overlay.says, overlay.nodes, overlay.rows, overlay.edges) == (("no difference",), {}, {}, {})
    assert [entry.says for entry in overlay.legend] == ["no difference"]


def test_two_that_have_nothing_in_common_can_be_compared() -> None:
    """All of one is removed, all of the other added, and each row is drawn once."""
    picture = picture_of(MESSAGE.under(Policy()), overlay=Difference(NEW))
    assert picture.overlay is not None
    signs = [mark.badge for mark in picture.overlay.rows.values()]
    assert signs.count(MINUS) == len(MESSAGE.transitions)
    assert signs.count("+") == len(NEW.transitions)
    assert set(NewJob) <= {node.name for node in picture.nodes}


# --------------------------------------------------------------------------- how it looks


@pytest.mark.parametrize(
    "given",
    [["queued", "in_progress"], {"queued -start-> in_progress": 2}, lost(), Difference(RUN)],
    ids=["path", "heat", "belief", "difference"],
)
def test_a_standard_picture_is_never_laid_out_for_an_overlay(
    given: OverlayLike, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever changes nothing in what is drawn is shown on the shipped one."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("runlife_diagrams.draw.to_svg", fail)
    svg = render(RUN, overlay=given)
    assert svg != render(RUN)
    assert "data-badge" in svg


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_mark_is_told_by_colour_alone(theme: Theme) -> None:
    """Any two marks on statuses differ in their outline, or one of them bears a badge."""
    outlines = {
        name: (look.width, look.dash, look.bold)
        for name in NODE_MARKS
        for look in [node_look("live", [name], theme)]
    }
    without_badge = ("visited", "current")
    assert outlines[without_badge[0]] != outlines[without_badge[1]]
    assert all(outline != (1.3, "", False) for outline in outlines.values())
    assert line_width(["taken"]) > line_width([])


def test_the_legend_grows_with_the_picture() -> None:
    """An overlay adds what its signs mean below, and the picture gets as much higher."""
    heights = [
        float(re.findall(r'viewBox="0 0 \S+ (\S+)"', render(RUN, overlay=overlay))[0])
        for overlay in (None, ["queued", "in_progress"])
    ]
    assert heights[0] < heights[1]
    assert ">step</text>" in render(RUN, overlay=["queued", "in_progress"])
