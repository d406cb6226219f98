"""Sequence diagrams: every record is a step or is counted, and no text can be more than text."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from html import unescape
from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runlife import RUN, Cause, HistoryError, LastError, Lifecycle, Record, Run, ToolCall, ToolOutput, on
from runlife.history import record_to_json
from runlife_diagrams import PictureError, render_sequence
from runlife_diagrams.sequence import Exchange, Lost, Seen, StreamEvent
from runlife_diagrams.text import visible, width

NASTY = [
    *(
        '"',
        "'",
        "<b>",
        "a|b",
        "a\nb",
        "a->>b",
        "😀",
        "ביטול",
        "</script>",
        "]]>",
        "<!--",
        "&lt;",
        "#35;",
        "#",
    ),
    *(
        "\\",
        "%%{init}%%",
        "; Note over S: x",
        "end",
        "END",
        "par",
        "{}",
        "\0",
        "\ud800",
        "",
        "\u202ex",
        "\u2028",
    ),
    *("activate S", "<br/>", "x" * 400, "漢" * 90, "$$x$$", ":::y", "participant", "sequenceDiagram"),
]
LOST: tuple[Lost | None, ...] = (None, "request", "answer")
words = st.sampled_from(NASTY) | st.text(st.characters(), max_size=30)
STATEMENT = re.compile(
    r"  (?:accTitle: .*|accDescr: .*|participant [CST] as (?:client|server|timer)|(?:de)?activate S"
    r"|[CS]->>S: .*|T--\)S: .*|Note (?:right of S|over S|over C,T): .*)"
)
PLAIN = re.compile(r"(?:[A-Za-z0-9 ,.()'/_+…-]|#[0-9]+;|<br/>)*")


def parse(svg: str) -> ET.Element:
    """Read an SVG that was just made here."""
    return ET.fromstring(svg)  # noqa: S314 - our own output, no stranger's


def a_run(rounds: int = 1, *, said: str = "sunny", ending: str = "expire") -> Run:
    """Return a run that was asked for tool outputs some times, and then ended."""
    run = Run.create(
        now=0.0, id="run_1", thread_id="t", active_run_id=None, has_input=True, expires_after=600.0
    )
    now = 0.0
    for index in range(rounds):
        run.apply("start", now=now + 0.5)
        run.apply("require_action", now=now + 1, tool_calls=[ToolCall(f"call_{index}", said, said)])
        now += 1.25
        run.apply("submit_tool_outputs", now=now, tool_outputs=[ToolOutput(f"call_{index}", said)])
    run.apply("start", now=now + 0.5)
    if ending == "fail":
        run.apply("fail", now=now + 1, last_error=LastError("server_error", said))
    elif ending == "expire":
        run.handle_timeout(9_999.0)
    return run


@st.composite
def odd_journals(draw: st.DrawFn) -> tuple[Lifecycle[Any], tuple[Record, ...]]:
    """Draw a lifecycle, every word of which may be anything, and a journal of it."""
    names = draw(st.lists(words, min_size=3, max_size=3, unique=True))
    status: Any = StrEnum("Odd", {f"S{index}": name for index, name in enumerate(names)})
    one, two, end = status
    events = draw(st.lists(words, min_size=4, max_size=4, unique=True))
    rows = [
        on(events[0], None, one, by=Cause.CLIENT),
        on(events[1], one, two, by=Cause.SERVER),
        on(events[2], two, one, by=Cause.CLIENT),
        on(events[3], [one, two], end, by=Cause.SERVER),
    ]
    lifecycle: Lifecycle[Any] = Lifecycle(
        draw(words), status, terminal=[end], rows=rows, bounded_by="the test"
    )
    here, records = None, []
    for moment in sorted(draw(st.lists(st.floats(-1e9, 1e299), min_size=1, max_size=9))):
        exits = [row for row in lifecycle.transitions if row.source == here]
        if not exits:
            break
        row = draw(st.sampled_from(exits))
        records.append(Record(moment, row, {}))
        here = row.target
    return lifecycle, tuple(records)


def steps_of(root: ET.Element) -> list[ET.Element]:
    """Return the steps of a picture."""
    return [group for group in root.findall("{*}g") if (group.get("class") or "").startswith("step ")]


def texts_of(group: ET.Element, css: str) -> list[str]:
    """Return the texts of a class."""
    return [text.text or "" for text in group.iter() if css in (text.get("class") or "").split()]


def assert_nothing_overlaps(svg: str) -> None:
    """Assert that no text meets another, and that all are in the picture."""
    root = parse(svg)
    _, _, wide, high = map(float, root.get("viewBox", "").split())
    rules = dict(re.findall(r"^\.\S+ (\.\S+) \{ (.*); \}$", svg, re.MULTILINE))
    boxes: list[tuple[str, float, float, float, float]] = []
    for text in root.findall(".//{*}text"):
        said = "; ".join(rules.get(f".{css}", "") for css in (text.get("class") or "").split())
        size = float((re.findall(r"font-size: ([\d.]+)px", said) or ["11"])[0])
        length = width(text.text or "", size, bold="bold" in said)
        x, y = float(text.get("x", "")), float(text.get("y", ""))
        anchor = (re.findall(r"text-anchor: (\w+)", said) or ["middle"])[-1]
        left = x - {"start": 0.0, "middle": length / 2, "end": length}[anchor]
        boxes.append((text.text or "", left, y - size * 0.75, left + length, y + size * 0.2))
    for text, left, top, right, bottom in boxes:
        assert left >= 0, text
        assert top >= 0, text
        assert right <= wide, text
        assert bottom <= high, text
    for one, other in combinations(boxes, 2):
        apart = one[3] <= other[1] or other[3] <= one[1] or one[4] <= other[2] or other[4] <= one[2]
        assert apart, (one, other)


# --------------------------------------------------------------------------- what is drawn


@pytest.mark.parametrize("ending", ["fail", "expire", ""])
def test_svg_has_every_record(ending: str) -> None:
    """Each record is a step of its cause, with its time, its event and the status it led to."""
    run = a_run(2, ending=ending)
    steps = steps_of(parse(render_sequence(run)))
    assert [step.get("id") for step in steps] == [f"step-{n}" for n in range(1, run.version + 1)]
    assert [step.get("class") for step in steps] == [f"step {record.cause}" for record in run.journal]
    assert [texts_of(step, "event") for step in steps] == [[record.event] for record in run.journal]
    assert [texts_of(step, "status") for step in steps] == [[record.target] for record in run.journal]
    assert texts_of(steps[0], "time") + texts_of(steps[1], "time") == ["0 s", "0.5 s"]


def test_mermaid_has_every_record() -> None:
    """Each record is an arrow of its cause and a note; the server is active from creation to end."""
    run = a_run()
    text = render_sequence(run, "mermaid")
    lines = [line.strip() for line in text.split("\n")]
    arrows = [line for line in lines if re.match(r"[CST]-", line)]
    assert [line[0] for line in arrows] == [record.cause[0].upper() for record in run.journal]
    for line, record in zip(arrows, run.journal, strict=True):
        assert f"{record.event}" in unescape(line.replace("#", "&#"))
    notes = [line.removeprefix("Note over S: ") for line in lines if line.startswith("Note over S: ")]
    assert notes == [*(record.target for record in run.journal[:-1]), "expired #9632;"]
    assert (lines.count("activate S"), lines.count("deactivate S")) == (1, 1)


def test_every_form_of_a_journal_gives_the_same_picture() -> None:
    """Records, their JSON objects and NDJSON are drawn alike; an instance brings its id as well."""
    run = a_run()
    data = [record_to_json(record, RUN) for record in run.journal]
    forms: list[Any] = [
        run.journal,
        iter(run.journal),
        data,
        "\n".join(map(json.dumps, data)),
        json.dumps(data),
    ]
    assert len({render_sequence(form) for form in forms}) == 1
    assert "Sequence of a run<" in render_sequence(run.journal)
    assert "Sequence of run_1<" in render_sequence(run)


def test_what_came_with_an_event_is_shortened_and_whole_in_its_title() -> None:
    """Two lines under an event are enough; a hover has the rest, up to a page of it."""
    said = "light rain and wind " * 300
    root = parse(render_sequence(a_run(said=said, ending="fail")))
    submit = steps_of(root)[3]
    details = texts_of(submit, "detail")
    assert len(details) == 2
    assert details[0].startswith("tool_outputs call_0, light rain")
    assert details[1].endswith("…")
    title = submit.findtext("{*}title") or ""
    assert title.startswith(
        "4. 1.25 s (unix time 1.25): submit_tool_outputs by the client, from requires_action"
    )
    assert 1_900 < len(title) < 2_300
    assert "last_error server_error" in " ".join(texts_of(steps_of(root)[-1], "detail"))


def test_long_idle_times_are_marked() -> None:
    """A time in which nothing happened is a break of the lifelines that says how long it was."""
    svg = render_sequence(a_run())
    assert texts_of(parse(svg), "idle") == ["9 min 58.25 s idle"]
    assert "Note over C,T: idle for 9 min 58.25 s" in render_sequence(a_run(), "mermaid")
    assert texts_of(parse(render_sequence(a_run(), idle=1e9)), "idle") == []
    assert len(texts_of(parse(render_sequence(a_run(), idle=0.5)), "idle")) == 4


def test_an_end_has_its_letter() -> None:
    """A terminal status is told by a rim, a shape and a letter, not by a colour alone."""
    steps = steps_of(parse(render_sequence(a_run())))
    assert [texts_of(step, "letter") for step in steps[-2:]] == [[], ["E"]]


@pytest.mark.parametrize("limit", [2, 7, 40])
def test_hundreds_of_records_stay_readable(limit: int) -> None:
    """The beginning and the end are drawn and the middle is counted: no record is lost."""
    run = a_run(100)
    root = parse(render_sequence(run, limit=limit))
    steps = steps_of(root)
    assert len(steps) == limit
    assert (steps[0].get("id"), steps[-1].get("id")) == ("step-1", f"step-{run.version}")
    assert texts_of(root, "more") == [f"… {run.version - limit} more …"]
    assert f"… {run.version - limit} more …" in render_sequence(run, "mermaid", limit=limit)
    assert texts_of(parse(render_sequence(run, limit=run.version)), "more") == []


@pytest.mark.parametrize("rounds", [0, 2, 100])
@pytest.mark.parametrize("said", ["sunny", "W" * 200, "漢字" * 80, "Wide Words " * 30])
def test_no_word_meets_another(rounds: int, said: str) -> None:
    """No text overlaps another or leaves the picture, however long what came with an event is."""
    assert_nothing_overlaps(render_sequence(a_run(rounds, said=said)))


@pytest.mark.parametrize("said", ["sunny", "W" * 200, "漢字" * 80, "Wide Words " * 30, "run_" + "aB3" * 99])
def test_no_word_of_a_wire_log_meets_another(said: str) -> None:
    """Of whatever befell a call, answered at once or not, with a stream or without."""
    streams = (None, (StreamEvent(said, 1.0), StreamEvent("thread.run.failed", 1e9, Seen("run_1", "failed"))))
    log = [
        Exchange(
            method="GET",
            path=f"/{said}",
            sent=0.0,
            answered=1.0,
            status_code=code,
            request={said: said},
            says=said,
            seen=(Seen("run_1", "queued"), Seen(said, said))[: 1 + twice],
            events=events,
            fault=said,
            lost=lost,
            twice=twice,
        )
        for code in (200, 429, None)
        for lost in LOST
        for events in streams
        for twice in (False, True)
    ]
    assert_nothing_overlaps(render_sequence(log, limit=500))
    assert_nothing_overlaps(
        render_sequence(
            [log[0], Exchange(method="GET", path="/", seen=(Seen("run_1", "expired"),), status_code=200)]
        )
    )


# --------------------------------------------------------------------------- any text, any time


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(odd_journals(), st.sampled_from(("light", "dark")))
def test_no_word_changes_the_structure_of_the_svg(
    drawn: tuple[Lifecycle[Any], tuple[Record, ...]], theme: Any
) -> None:
    """Whatever statuses and events are, it is an SVG with every record, and nothing overlaps."""
    lifecycle, records = drawn
    svg = render_sequence(records, lifecycle=lifecycle, theme=theme)
    root = parse(svg)
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "g", "path", "text")
    }
    steps = steps_of(root)
    assert len(steps) == len(records)
    for step, record in zip(steps, records, strict=True):
        assert f": {visible(record.event)} by the {record.cause}" in (step.findtext("{*}title") or "")
    assert_nothing_overlaps(svg)


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(odd_journals())
def test_no_word_changes_the_structure_of_the_mermaid(
    drawn: tuple[Lifecycle[Any], tuple[Record, ...]],
) -> None:
    """Every line is one of ours, and what stands in it is plain or an entity."""
    lifecycle, records = drawn
    first, *lines, last = render_sequence(records, "mermaid", lifecycle=lifecycle).split("\n")
    assert (first, last) == ("sequenceDiagram", "")
    for line in lines:
        assert STATEMENT.fullmatch(line), line
        if ": " in line:
            assert PLAIN.fullmatch(line.partition(": ")[2]), line
    arrows = [line for line in lines if re.match(r"  [CST]-", line)]
    for line, record in zip(arrows, records, strict=True):
        says = unescape(re.sub(r"#([0-9]+);", r"&#\1;", line)).partition("S: ")[2]
        assert says.endswith(f": {visible(record.event)}")


@pytest.mark.slow
@given(words)
@example("end")
def test_what_came_with_an_event_is_only_text(said: str) -> None:
    """Arguments and outputs of tools may be anything."""
    run = a_run(said=said, ending="fail")
    assert len(steps_of(parse(render_sequence(run)))) == run.version
    for line in render_sequence(run, "mermaid").split("\n")[1:-1]:
        assert STATEMENT.fullmatch(line), line
        assert not re.search(r"\bend\b", line.partition(": ")[2], re.IGNORECASE)


def test_it_is_self_contained() -> None:
    """It refers to nothing outside, says what it is, and its rules do not leak into a page."""
    svg = render_sequence(a_run(), theme="dark")
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert re.findall(r"(?:href|src=|url\(|@import|@font-face)", svg) == []
    root = parse(svg)
    assert root.findtext("{*}title") == "Sequence of run_1"
    assert (root.findtext("{*}desc") or "").startswith("6 records; the last leads to expired after 10 min.")
    style = root.findtext("{*}style") or ""
    assert all(line.startswith(".runlife-sequence.dark ") for line in style.split("\n") if line)


def test_what_cannot_be_drawn_is_refused() -> None:
    """An unknown word, too small a limit, or a journal that does not follow is refused."""
    run: Any = a_run()
    with pytest.raises(PictureError, match="unknown format 'png'; there are: svg, mermaid"):
        render_sequence(run, "png")
    with pytest.raises(PictureError, match="unknown theme"):
        render_sequence(run, theme="x")
    with pytest.raises(PictureError, match="limit must be 2 records or more, got 1"):
        render_sequence(run, limit=1)
    with pytest.raises(HistoryError, match="record 1 of the journal: it starts from in_progress"):
        render_sequence(run.journal[:1] + run.journal[2:])
