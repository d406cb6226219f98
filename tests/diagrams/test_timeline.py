"""Timelines: every record has its bar, words never meet, and a thousand lives fit a page."""

from __future__ import annotations

import json
import random
import re
from enum import StrEnum
from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runlife import (
    MESSAGE,
    RUN,
    RUN_STEP,
    Cause,
    HistoryError,
    Lifecycle,
    Message,
    Policy,
    Record,
    Run,
    RunStep,
    ToolCall,
    ToolOutput,
    Usage,
    on,
)
from runlife.history import record_to_json
from runlife_diagrams import PictureError, render_timeline
from runlife_diagrams.style import THEMES
from runlife_diagrams.text import visible, width
from runlife_diagrams.timeline.looks import colours, looks_of
from runlife_diagrams.timeline.times import duration, ticks

NASTY = [
    *('"', "'", "<b>", "a|b", "a\nb", "😀", "ביטול", "</script>", "</style>", "]]>", "<!--", "&lt;", "&#0;"),
    *("\\", "\0", "\ud800", "\u202ex", "\ufffe", "\u2028", "", "x" * 400, "漢" * 90, "lane", "lane-2"),
]
words = st.sampled_from(NASTY) | st.text(st.characters(), max_size=30)
moments = st.floats(-1e9, 1e10) | st.sampled_from((0, 1e-9, 1_700_000_000, 1e299, -1e299))


def parse(svg: str) -> ET.Element:
    """Read an SVG that was just made here."""
    return ET.fromstring(svg)  # noqa: S314 - our own output, no stranger's


def a_run(*, rounds: int = 1, ending: str = "complete", start: float = 0.0, id: str = "run_1") -> Run:
    """Return a run that was asked for tool outputs some times, and then ended, or not yet (``''``)."""
    run = Run.create(now=start, id=id, thread_id="t", active_run_id=None, has_input=True, expires_after=600.0)
    now = start
    for index in range(rounds):
        run.apply("start", now=now + 1)
        run.apply("require_action", now=now + 3, tool_calls=[ToolCall(f"call_{index}", "f")])
        now += 5
        run.apply("submit_tool_outputs", now=now, tool_outputs=[ToolOutput(f"call_{index}")])
    run.apply("start", now=now + 1)
    if ending == "expire":
        run.handle_timeout(start + 9_999)
    elif ending == "cancel":
        run.apply("cancel", now=now + 2)
        run.apply("confirm_cancel", now=now + 4)
    elif ending:
        run.apply(ending, now=now + 5, usage=Usage(1, 2))
    return run


def runs(count: int) -> dict[str, Run]:
    """Return runs of several shapes, begun one after the other."""
    rng = random.Random(count)
    endings = ("complete", "complete", "cancel", "expire", "")
    return {
        f"run_{index:04}": a_run(
            rounds=rng.randrange(4),
            ending=rng.choice(endings),
            start=1_700_000_000.0 + index * rng.random(),
            id=f"run_{index:04}",
        )
        for index in range(count)
    }


@st.composite
def odd_journals(draw: st.DrawFn) -> tuple[Lifecycle[Any], dict[str, tuple[Record, ...]]]:
    """Draw a lifecycle, every word of which may be anything, and journals of it."""
    names = draw(st.lists(words, min_size=4, max_size=4, unique=True))
    status: Any = StrEnum("Odd", {f"S{index}": name for index, name in enumerate(names)})
    one, two, end, other = status
    events = draw(st.lists(words, min_size=6, max_size=6, unique=True))
    rows = [
        on(events[0], None, one, by=Cause.CLIENT),
        on(events[1], one, two, by=Cause.SERVER),
        on(events[2], two, one, by=Cause.CLIENT),
        on(events[3], two, two, by=Cause.SERVER),
        on(events[4], [one, two], end, by=Cause.SERVER),
        on(events[5], [one, two], other, by=Cause.CLIENT),
    ]
    lifecycle: Lifecycle[Any] = Lifecycle(
        draw(words), status, terminal=[end, other], rows=rows, bounded_by="the test"
    )
    journals: dict[str, tuple[Record, ...]] = {}
    for name in draw(st.lists(words, min_size=1, max_size=4, unique=True)):
        times = sorted(draw(st.lists(moments, min_size=1, max_size=6)))
        here, records = None, []
        for moment in times:
            exits = [row for row in lifecycle.transitions if row.source == here]
            if not exits:
                break
            row = draw(st.sampled_from(exits))
            records.append(Record(moment, row, {}))
            here = row.target
        journals[name] = tuple(records)
    return lifecycle, journals


def shown(lane: ET.Element) -> int:
    """Return how many records of a lane are drawn."""
    kinds = [(path.get("class") or "").split()[0] for path in lane.findall("{*}path")]
    return sum(kind in {"bar", "end", "thin"} for kind in kinds)


def lanes_of(root: ET.Element) -> list[ET.Element]:
    """Return the lanes of a picture."""
    return [group for group in root.findall("{*}g") if "lane" in (group.get("class") or "").split()]


def boxes(root: ET.Element) -> list[tuple[str, float, float, float, float]]:
    """Return each text outside of the legend with its left, top, right and bottom."""
    rules = dict(re.findall(r"^\.\S+ (\S+) \{ (.*); \}$", root.findtext("{*}style") or "", re.MULTILINE))
    found: list[tuple[str, float, float, float, float]] = []
    for text in root.findall(".//{*}text"):
        said = "; ".join(rules.get(f".{css}", "") for css in (text.get("class") or "").split())
        size = float((re.findall(r"font-size: ([\d.]+)px", said) or ["11"])[0])
        wide = width(text.text or "", size, bold="bold" in said)
        x, y = float(text.get("x", "")), float(text.get("y", ""))
        anchor = (re.findall(r"text-anchor: (\w+)", said) or ["middle"])[0]
        left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        found.append((text.text or "", left, y - size * 0.75, left + wide, y + size * 0.2))
    return found


def assert_nothing_overlaps(svg: str) -> None:
    """Assert that no text meets another, and that all are in the picture."""
    root = parse(svg)
    _, _, wide, high = map(float, root.get("viewBox", "").split())
    legend = root.find("{*}g[@class='legend']")
    if legend is not None:
        for sample in legend.findall("{*}g"):
            legend.remove(sample)  # letters in a shape, at a place of its own
    texts = boxes(root)
    for text, left, top, right, bottom in texts:
        assert left >= 0, text
        assert top >= 0, text
        assert right <= wide, text
        assert bottom <= high, text
    for one, other in combinations(texts, 2):
        apart = one[3] <= other[1] or other[3] <= one[1] or one[4] <= other[2] or other[4] <= one[2]
        assert apart, (one, other)


# --------------------------------------------------------------------------- what is drawn


@pytest.mark.parametrize("count", [1, 6, 60, 300])
def test_every_record_has_its_bar_or_its_end(count: int) -> None:
    """Thick or thin, a lane has a mark for each record, in the order of the mapping, and an id."""
    several = runs(count)
    lanes = lanes_of(parse(render_timeline(several)))
    assert [shown(lane) for lane in lanes] == [run.version for run in several.values()]
    assert [lane.get("id") for lane in lanes] == [f"lane-{name}" for name in several]
    for lane, name in zip(lanes, several, strict=True):
        assert (lane.findtext("{*}title") or "").startswith(f"{name}: ")


def test_a_hover_says_when_and_why() -> None:
    """The title of a bar has the run, the status, from when to when, and the event that led to it."""
    svg = render_timeline({"run_1": a_run(start=100.0)})
    assert "<title>run_1: requires_action from 3 s to 5 s (2 s), by require_action</title>" in svg
    assert "<title>run_1: completed at 10 s, by complete</title>" in svg
    assert "counted from unix time 100" in svg


def test_every_form_of_a_journal_gives_the_same_picture() -> None:
    """An instance, its records, their JSON objects and NDJSON are drawn alike, deadline and all."""
    run = a_run(ending="")
    data = [record_to_json(record, RUN) for record in run.journal]
    forms: list[Any] = [
        run,
        run.journal,
        iter(run.journal),
        data,
        "\n".join(map(json.dumps, data)),
        json.dumps(data).encode(),
    ]
    pictures = {render_timeline({"run_1": form}) for form in forms}
    assert len(pictures) == 1
    assert "deadline 10 min" in pictures.pop()


def test_a_single_life_needs_no_name() -> None:
    """An instance brings its id, and records are just a run."""
    run = a_run(id="run_7")
    assert 'id="lane-run_7"' in render_timeline(run)
    assert 'id="lane-run"' in render_timeline(run.journal)


@pytest.mark.parametrize("ending", ["complete", "expire", ""])
def test_the_deadline_is_marked(ending: str) -> None:
    """It stands at its place, whether the life ended before it, by it, or still goes on."""
    run = a_run(ending=ending)
    soon = render_timeline({"run_1": run, "run_2": a_run(ending="expire")})
    lane = lanes_of(parse(soon))[0]
    assert [path.get("class") for path in lane.findall("{*}path")].count("deadline") == 1


def test_a_deadline_far_away_does_not_squeeze_the_rest() -> None:
    """What lies far behind everything else is told at the edge instead."""
    svg = render_timeline(a_run())
    assert 'class="deadline"' not in svg
    assert "run_1: deadline 10 min, later than is shown" in svg
    assert ">10 min</text>" in svg


def test_thin_lanes_count_the_deadlines_far_away() -> None:
    """Where a lane has no room for a mark at the edge, the legend says how many there would be."""
    svg = render_timeline({f"run_{index}": a_run() for index in range(200)})
    assert "deadline, later than is shown (200 runs)" in svg
    assert "run_7: queued 0 s, in_progress 1 s" in svg
    assert "completed 10 s (complete); deadline 10 min</title>" in svg
    assert_nothing_overlaps(svg)


def test_a_journal_of_another_policy_has_no_deadline_but_is_drawn() -> None:
    """A journal that the present policy would not write is drawn, and its deadline is left out."""
    run = Run.create(
        now=0.0, id="r", thread_id="t", active_run_id=None, has_input=True, expires_after=9.0,
        lifecycle=RUN.under(Policy(cancel_outside_in_progress=True)),
    )  # fmt: skip
    run.apply("cancel", now=1.0)
    strict = RUN.under(Policy(cancel_outside_in_progress=False))
    svg = render_timeline({"r": run.journal}, lifecycle=strict)
    assert shown(lanes_of(parse(svg))[0]) == 2
    assert "deadline" not in svg.partition("</style>")[2]


def test_what_lasts_ends_now() -> None:
    """A live status lasts until ``now``, or until the last record of all; an ended life does not."""
    both = {"live": a_run(ending=""), "done": a_run(start=20.0)}
    assert "live: in_progress from 6 s to 30 s (24 s, still)" in render_timeline(both)
    svg = render_timeline(both, now=66.0)
    assert "live: in_progress from 6 s to 1 min 6 s (1 min, still)" in svg
    assert "done: completed at 30 s" in svg
    assert "to 6 s (0 s, still)" in render_timeline(both["live"], now=1.0)


def test_lives_can_be_compared_from_their_creation() -> None:
    """With ``align="creation"`` each life begins at nought."""
    both = {"one": a_run(), "two": a_run(start=500.0)}
    svg = render_timeline(both, align="creation")
    assert "two: queued from 0 s to 1 s" in svg
    assert "counted from the creation of each" in svg
    assert "two: queued from 8 min 20 s" in render_timeline(both)


def test_other_lifecycles_are_drawn_as_well() -> None:
    """Steps and messages have timelines; an instance brings its lifecycle, records need it said."""
    step = RunStep.create(now=0.0, event="begin", id="s", run_id="r", expires_at=9.0)
    assert 'id="lane-s"' in render_timeline(step)
    with pytest.raises(HistoryError, match="the lifecycle 'run' has no"):
        render_timeline(step.journal)
    assert render_timeline(step.journal, lifecycle=RUN_STEP)
    assert Message.table is MESSAGE


# --------------------------------------------------------------------------- readable


@pytest.mark.parametrize("count", [1, 2, 9, 33, 70])
@pytest.mark.parametrize("align", ["clock", "creation"])
def test_no_word_meets_another(count: int, align: Any) -> None:
    """However many lanes there are, no text overlaps another or leaves the picture."""
    assert_nothing_overlaps(render_timeline(runs(count), align=align))


def test_long_names_are_cut_in_the_middle() -> None:
    """An id too long for the margin keeps its beginning and its end; the hover has all of it."""
    name = f"run_{'x' * 300}_end"
    svg = render_timeline({name: a_run(), "漢" * 60: a_run()})
    assert_nothing_overlaps(svg)
    shown_names = re.findall(r'class="name"[^>]*>([^<]*)<', svg)
    assert re.fullmatch(r"run_x+…x+_end", shown_names[0])
    assert f"<title>{name}: " in svg


@pytest.mark.slow
def test_a_thousand_lives_fit_a_page() -> None:
    """The lanes thin out to a pixel and the names to those that have room; none is lost."""
    several = runs(1_000)
    svg = render_timeline(several)
    root = parse(svg)
    assert [shown(lane) for lane in lanes_of(root)] == [run.version for run in several.values()]
    assert float(root.get("height", "")) < 1_300
    names = re.findall(r'class="name"[^>]*>([^<]*)<', svg)
    assert 40 < len(names) < 90
    assert_nothing_overlaps(svg)


@pytest.mark.parametrize("theme", THEMES)
def test_text_stands_out_from_each_status(theme: Any) -> None:
    """A word on a bar, or a letter in a mark, has a contrast of 4.5 to 1 or better (WCAG 2.2)."""

    def light(colour: str) -> float:
        parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for colour, text in colours(theme).values():
        low, high = sorted((light(colour), light(text)))
        assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)
def test_no_two_statuses_look_alike(lifecycle: Lifecycle[Any]) -> None:
    """Each live status has a colour of its own, each terminal one a shape and a letter of its own."""
    looks = looks_of(lifecycle).values()
    assert {look.status for look in looks if look.terminal} == set(lifecycle.terminal)
    assert len({look.css for look in looks}) == len(looks)
    assert len({look.sign for look in looks}) == len(looks)
    ends = [look for look in looks if look.terminal]
    assert len({look.corners for look in ends}) == len(ends)


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        *((0, "0 s"), (0.25, "0.25 s"), (12.3456, "12.346 s"), (59.9999, "1 min"), (90, "1 min 30 s")),
        *((3_600, "1 h"), (3_661.2, "1 h 1 min 1 s"), (90_000, "1 d 1 h"), (86_399.9, "1 d"), (-2, "−2 s")),  # noqa: RUF001
        *((0.000_05, "50 µs"), (3_599.999, "1 h"), (1e12, "1e+12 s")),
    ],
)
def test_durations_are_words(seconds: float, says: str) -> None:
    """Seconds are said as people say them, and rounding never gives 60 s or 24 h."""
    assert duration(seconds) == says


@given(span=st.floats(1e-6, 1e300), most=st.integers(1, 20))
@example(span=610.0, most=8)
def test_ticks_are_round_and_few(span: float, most: int) -> None:
    """There are at least one and never more than wanted, all on the axis, each said differently."""
    found = ticks(span, most)
    assert 1 <= len(found) <= most + 1
    assert found[0] == 0
    assert found[-1] <= span * 1.000_001
    assert len({duration(tick) for tick in found}) == len(found)


@pytest.mark.parametrize(("span", "step"), [(9.0, 2), (40, 5), (100, 15), (610, 120), (7_000, 900)])
def test_steps_are_those_of_a_clock(span: float, step: float) -> None:
    """Above a second, the ticks are at seconds, quarters of a minute, minutes and quarters of an hour."""
    assert ticks(span, 8)[1] == step


# --------------------------------------------------------------------------- any text, any time


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(odd_journals(), st.sampled_from(("light", "dark")))
def test_no_word_changes_the_structure_of_the_svg(
    drawn: tuple[Lifecycle[Any], dict[str, tuple[Record, ...]]], theme: Any
) -> None:
    """Whatever ids, statuses and events are, and however far apart, it is an SVG with every record."""
    lifecycle, journals = drawn
    root = parse(render_timeline(journals, lifecycle=lifecycle, theme=theme))
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "g", "path", "text")
    }
    lanes = lanes_of(root)
    assert [shown(lane) for lane in lanes] == [len(records) for records in journals.values()]
    for lane, name in zip(lanes, journals, strict=True):
        assert (lane.findtext("{*}title") or "").startswith(f"{visible(name)}: ")
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    numbers = " ".join(path.get("d", "") for path in root.iter("{http://www.w3.org/2000/svg}path"))
    assert not re.search(r"nan|inf|e[+-]", numbers)


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(odd_journals())
def test_no_word_changes_the_lines_of_the_text(
    drawn: tuple[Lifecycle[Any], dict[str, tuple[Record, ...]]],
) -> None:
    """There is one line for each life, then the axis and the legend."""
    lifecycle, journals = drawn
    lines = render_timeline(journals, "text", lifecycle=lifecycle).split("\n")
    assert "╵" in lines[len(journals)]
    assert all(line.isprintable() or not line.isascii() for line in lines)


def test_it_is_self_contained() -> None:
    """It refers to nothing outside, and its rules do not leak into a page that holds it."""
    svg = render_timeline(runs(3), theme="dark")
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert re.findall(r"(?:href|src=|url\(|@import|@font-face)", svg) == []
    style = parse(svg).findtext("{*}style") or ""
    assert all(line.startswith(".runlife-timeline.dark ") for line in style.split("\n") if line)


# --------------------------------------------------------------------------- text


def test_a_terminal_shows_lives_as_lines() -> None:
    """Each line has the id, the statuses as shades, the end as a letter; the legend says which is which."""
    text = render_timeline(
        {"run_1": a_run(rounds=0), "run_2": a_run(rounds=0, ending="")}, "text", columns=40
    )
    first, second, *_ = text.split("\n")
    assert re.fullmatch(r"run_1  ░+█+C", first)
    assert re.fullmatch(r"run_2  ░+█+", second)
    assert "░ queued   █ in_progress   C completed" in text
    assert "deadline later than shown, from 10 min on" in text
    assert all(len(line) <= 40 for line in (first, second))


def test_a_terminal_shows_the_deadline_and_counts_what_is_left_out() -> None:
    """A deadline within the time shown has its sign; of more than forty lives, the rest is a number."""
    text = render_timeline({f"run_{index}": a_run(ending="expire") for index in range(50)}, "text")
    assert "… 10 more …" in text
    both = render_timeline({"one": a_run(), "two": a_run(ending="expire")}, "text")
    assert re.search(r"^one .*C +┊$", both, re.MULTILINE)
    assert "┊ deadline" in both


# --------------------------------------------------------------------------- refused


def creation(**changes: Any) -> dict[str, Any]:
    """Return the JSON of a creation, with something wrong in it."""
    return {"at": 1.0, "event": "create", "source": None, "target": "queued", "cause": "client", **changes}


@pytest.mark.parametrize(
    ("journal", "words"),
    [
        ([], "is empty"),
        ("", "is empty"),
        ("{", "neither NDJSON nor a JSON array"),
        (b"\xff", "neither NDJSON nor a JSON array"),
        ([1], "record 0 of the journal of 'r': expected a Record or an object, got int"),
        ([{"at": 1}], "record 0 .* it lacks 'event'"),
        ([creation(event="start")], "legal from .* create"),
        ([creation(at=True)], "finite number"),
        ([creation(at="now")], "finite number"),
        ([creation(at=10**400)], "finite number"),
        ([creation(event=["x"])], "record 0"),
        ([*a_run().journal[:1], a_run().journal[2]], "record 1 .* starts from in_progress, but .* to queued"),
        ([a_run(start=9.0).journal[0], a_run().journal[1]], "record 1 .* lies before"),
    ],
)  # fmt: skip
def test_a_journal_that_cannot_be_is_refused(journal: Any, words: str) -> None:
    """The error names the journal and the record, and says what was expected."""
    with pytest.raises(HistoryError, match=words):
        render_timeline({"r": journal})


def test_what_cannot_be_drawn_is_refused() -> None:
    """An unknown word, nothing at all, or a time that is none is refused with what there is."""
    run: Any = a_run()
    with pytest.raises(PictureError, match="unknown format 'png'; there are: svg, text"):
        render_timeline(run, "png")
    with pytest.raises(PictureError, match="unknown theme"):
        render_timeline(run, theme="x")
    with pytest.raises(PictureError, match="unknown alignment 'x'; there are: clock, creation"):
        render_timeline(run, align="x")
    with pytest.raises(PictureError, match="one run at least"):
        render_timeline({})
    with pytest.raises(PictureError, match="now must be a finite number"):
        render_timeline(run, now=float("nan"))
