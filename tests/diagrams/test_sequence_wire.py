"""Sequences of wire logs: every message is an arrow or is counted, and what the client learned is right."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlife import RUN, Cause
from runlife_diagrams import PictureError, render_sequence
from runlife_diagrams.sequence import Exchange, Seen, StreamEvent
from runlife_diagrams.text import width

RUNS = "/v1/threads/thread_1/runs"
NASTY = [
    *('"', "'", "<b>", "a\nb", "->>", "😀", "ביטול", "</script>", "]]>", "<!--", "#35;", "; Note over S: x"),
    *("end", "\0", "\ud800", "", "\u202ex", "\u2028", "x" * 400, "漢" * 90, "deactivate S", "%%{init}%%"),
]
words = st.sampled_from(NASTY) | st.text(st.characters(), max_size=30)
times = st.none() | st.floats(0, 1e9)
STATEMENT = re.compile(
    r"  (?:accTitle: .*|accDescr: .*|participant [CST] as (?:client|service|timer)|(?:de)?activate S"
    r"|C-(?:>>|x)S: .*|S--(?:>>|x)C: .*|T--\)S: .*|Note over [CST](?:,[CST])?: .*)"
)
PLAIN = re.compile(r"(?:[A-Za-z0-9 ,.()'/_+…-]|#[0-9]+;|<br/>)*")


def seen(status: str, id: str = "run_1", **facts: Any) -> Seen:
    """What an answer showed of a run."""
    return Seen(id, status, facts)


def create(at: float = 0.0, id: str = "run_1", **more: Any) -> Exchange:
    """A run is created."""
    said: dict[str, Any] = {"status_code": 200, "seen": (seen("queued", id),), "answered": at + 0.2, **more}
    return Exchange(method="POST", path=RUNS, sent=at, **said)


def poll(at: float, status: str | None = None, id: str = "run_1", **more: Any) -> Exchange:
    """A run is read."""
    shown = () if status is None else (seen(status, id),)
    said: dict[str, Any] = {"status_code": 200, "seen": shown, "answered": at + 0.2, **more}
    return Exchange(method="GET", path=f"{RUNS}/{id}", sent=at, **said)


def parse(svg: str) -> ET.Element:
    """Read an SVG that was just made here."""
    return ET.fromstring(svg)  # noqa: S314 - our own output, no stranger's


def texts(root: ET.Element, css: str) -> list[str]:
    """Return the texts of a class, from top to bottom."""
    return [text.text or "" for text in root.iter() if css in (text.get("class") or "").split()]


def steps(root: ET.Element) -> list[ET.Element]:
    """Return the arrows."""
    return [group for group in root.findall("{*}g") if (group.get("class") or "").startswith("step ")]


def drawn(*exchanges: Exchange, **options: Any) -> ET.Element:
    """Return the picture of a log."""
    return parse(render_sequence(exchanges, **options))


def test_a_request_goes_out_and_its_answer_comes_back_with_the_status() -> None:
    """An arrow each, with the times; news of a status are a pill where the client learns of it."""
    root = drawn(create(), poll(1.0, "in_progress"), poll(2.5, "completed"))
    assert texts(root, "event") == [
        *(f"POST {RUNS}", "200", f"GET {RUNS}/run_1", "200", f"GET {RUNS}/run_1", "200")
    ]
    assert texts(root, "status") == ["queued", "in_progress", "completed"]
    assert texts(root, "time") == ["0 s", "0.2 s", "1 s", "1.2 s", "2.5 s", "2.7 s"]
    assert texts(root, "who") == ["client", "service"]
    assert root.findtext("{*}title") == "Sequence of run_1"
    assert root.findtext("{*}desc") == (
        "3 exchanges in 2.7 s; last seen: 1 completed. Times are counted from unix time 0."
    )


def test_idle_polls_are_one_line() -> None:
    """How many, in what time, and what they showed; one alone is drawn."""
    polls = [poll(float(at), "queued") for at in range(1, 13)]
    root = drawn(create(), *polls, poll(13.0, "in_progress"), poll(14.0, "in_progress"))
    assert texts(root, "polls") == ["12 polls in 11.2 s: queued"]
    assert len(texts(root, "event")) == 6
    text = render_sequence([create(), *polls], "mermaid")
    assert "  Note over C,S: 12 polls in 11.2 s#58; queued<br/>until 12.2 s\n" in text


def test_a_poll_that_shows_something_else_is_not_idle() -> None:
    """The same status, but with a fact that was not there before, is told in words without a pill."""
    later = poll(2.0, seen=(seen("queued", last_error="slow"),))
    root = drawn(create(), poll(1.0, "queued"), later)
    assert texts(root, "detail") == ["last_error slow"]
    assert texts(root, "status") == ["queued"]


def test_the_same_question_again_is_a_poll_where_nobody_knows_the_answer() -> None:
    """A log without bodies: the first is drawn, those after it are counted."""
    root = drawn(*(poll(float(at)) for at in range(5)))
    assert texts(root, "polls") == [f"4 polls in 3.2 s: {RUNS}/run_1"]
    assert texts(root, "event") == [f"GET {RUNS}/run_1", "200"]
    assert root.findtext("{*}title") == "Sequence of 5 calls"


def test_what_befell_a_call_is_marked() -> None:
    """A lost request never arrives, a lost answer neither; what came twice is drawn twice."""
    root = drawn(
        create(0, lost="request", fault="lose_request", status_code=None),
        create(10, lost="answer", fault="lose_response"),
        create(20, twice=True, fault="duplicate"),
        create(30, status_code=None, seen=()),
        create(40, status_code=429, seen=(), says="slow down"),
        idle=60,
    )
    classes = [step.get("class") for step in steps(root)]
    assert classes == [
        "step client request lost",
        *("step client request", "step server answer lost"),
        *("step client request", "step client request", "step server answer"),
        *("step client request", "step server answer lost"),
        *("step client request", "step server answer refused"),
    ]
    assert texts(root, "fault") == [
        *("lose_request", "lose_response", "duplicate", "whether it took effect is not known")
    ]
    assert len([path for path in root.iter() if path.get("class") == "cross"]) == 3
    assert texts(root, "status") == ["queued"]  # what was lost, the client has not seen
    assert "5 exchanges in 40.2 s; 3 without an answer; 1 refused" in (root.findtext("{*}desc") or "")
    assert len({step.get("id") for step in steps(root)}) == len(classes)
    mermaid = render_sequence([create(0, lost="request"), create(1, lost="answer")], "mermaid")
    assert re.findall(r"^  ([CS]-+\S+?):", mermaid, re.MULTILINE) == ["C-xS", "C->>S", "S--xC"]


def test_time_ends_what_nobody_else_can_end() -> None:
    """A run that is seen expired was expired by the timer before; one that failed was not."""
    root = drawn(create(), poll(700.0, "expired"))
    assert [step.get("class") for step in steps(root)][-2:] == ["step timer", "step server answer"]
    assert texts(root, "who") == ["client", "service", "timer"]
    assert texts(root, "idle") == ["11 min 39.8 s idle"]
    assert "T--)S: expire" in render_sequence([create(), poll(700.0, "expired")], "mermaid")
    assert texts(drawn(create(), poll(700.0, "failed")), "who") == ["client", "service"]


def test_a_stream_is_open_until_it_is_done() -> None:
    """The service is at work meanwhile; events that say nothing new are one arrow with their names."""
    events = (
        StreamEvent("thread.run.created", 0.2, seen("queued")),
        StreamEvent("thread.run.queued", 0.2, seen("queued")),
        *(StreamEvent("thread.message.delta", 1.0) for _ in range(3)),
        StreamEvent("thread.run.completed", 2.0, seen("completed")),
        StreamEvent("done", 2.0),
    )
    root = drawn(create(seen=(), events=events))
    assert texts(root, "event")[1:] == [
        *("200, a stream of events", "thread.run.created", "4 events", "thread.run.completed", "done")
    ]
    assert texts(root, "detail") == ["thread.run.queued, thread.message.delta", "(3 times)"]
    (busy,) = [box for box in root.iter() if box.get("class") == "busy"]
    assert float(busy.get("height", "")) > 100
    lines = render_sequence([create(seen=(), events=events)], "mermaid").split("\n")
    assert (lines.count("  activate S"), lines.count("  deactivate S")) == (1, 1)


@pytest.mark.parametrize(("fault", "says"), [("", "it ends without done"), ("cut_stream", "cut_stream")])
def test_a_stream_that_breaks_off_ends_in_a_cross(fault: str, says: str) -> None:
    """Known from a fault, or because the last word is missing."""
    events = (StreamEvent("thread.run.created", 0.2, seen("queued")),)
    root = drawn(create(seen=(), events=events, fault=fault))
    assert texts(root, "event")[-1] == "the stream breaks off"
    assert texts(root, "fault")[-1] == says


def test_several_runs_are_told_apart() -> None:
    """Answers name their run, each has a bar of its own, and a page of runs says each in words."""
    page = Exchange(
        method="GET",
        path=RUNS,
        sent=3.0,
        answered=3.1,
        status_code=200,
        seen=(seen("completed", "run_a"), seen("failed", "run_b")),
    )
    root = drawn(create(0, "run_a"), create(1, "run_b"), poll(2, "in_progress", "run_b"), page)
    assert texts(root, "detail") == ["run_a", "run_b", "run_b", "run_a completed; run_b failed"]
    bars = {box.get("x") for box in root.iter() if (box.get("class") or "").startswith("active ")}
    assert len(bars) == 2
    assert root.findtext("{*}title") == "Sequence of 2 runs"
    # Polls of both are one line.
    both = [poll(at, "queued", id) for at in (2.0, 3.0) for id in ("run_a", "run_b")]
    polled = texts(drawn(create(0, "run_a"), create(1, "run_b"), *both), "polls")
    assert polled == ["4 polls in 1.2 s: run_a queued, run_b queued"]


def test_calls_at_the_same_time_bear_numbers() -> None:
    """Else nobody could tell which answer belongs to which request."""
    root = drawn(create(0, answered=5.0), poll(1.0, "in_progress", "run_2", answered=6.0))
    assert texts(root, "event") == [f"#1 POST {RUNS}", f"#2 GET {RUNS}/run_2", "#1 200", "#2 200"]


def test_a_poll_that_others_overlap_is_told_where_it_ends() -> None:
    """Its request used to be drawn under later ones, once it was clear that it brought no news."""
    root = drawn(
        create(0),
        create(2, "run_2", answered=5.0),
        poll(3, "queued", answered=5.5),
        poll(6, "completed", "run_2"),
    )
    assert texts(root, "polls") == ["1 poll in 2.5 s: run_1 queued"]
    assert texts(root, "time") == ["0 s", "0.2 s", "2 s", "5 s", "6 s", "6.2 s"]


def test_what_happened_in_the_middle_that_is_left_out_is_not_claimed() -> None:
    """A run that ended there used to look alive down to the end."""
    log = [create(), *(create(at, f"run_{at}") for at in range(10, 200, 10))]
    log.insert(5, poll(41, "completed"))
    root = drawn(*log, limit=6)
    (gap,) = [box for box in root.iter() if box.get("class") == "band"]
    bars = [box for box in root.iter() if (box.get("class") or "").startswith("active ")]
    left = [box for box in bars if float(box.get("y", "")) < float(gap.get("y", ""))]
    assert left
    assert all(float(b.get("y", "")) + float(b.get("height", "")) <= float(gap.get("y", "")) for b in left)


def test_long_ids_are_shortened_and_whole_in_the_title() -> None:
    """The kind and the end are enough to tell them apart."""
    id = "run_VSZ30Gv0cSXNu4f67kzJ8NyA"
    root = drawn(
        poll(0.0, "queued", id), create(1.0, request={"assistant_id": "asst_LtiaO4m2KzcEDhNxZLOWffZY"})
    )
    assert texts(root, "event")[0] == f"GET {RUNS}/run_…8NyA"
    assert texts(root, "detail")[1] == "assistant_id asst_…ffZY"
    assert f"{RUNS}/{id}" in (steps(root)[0].findtext("{*}title") or "")


def test_without_times_the_order_is_that_of_the_log() -> None:
    """Nothing stands in the gutter, and nothing is called idle."""
    log = [
        Exchange(method="GET", path=f"{RUNS}/run_1", status_code=200, seen=(seen(status),))
        for status in ("queued", "in_progress", "completed")
    ]
    root = drawn(*log)
    assert texts(root, "time") == texts(root, "idle") == []
    assert texts(root, "status") == ["queued", "in_progress", "completed"]


def test_a_word_that_is_no_status_is_shown_as_such() -> None:
    """What a service says is drawn, also where no table has it."""
    assert texts(drawn(poll(0, "paused")), "status") == ["paused?"]


@pytest.mark.parametrize("limit", [2, 7])
def test_of_a_long_log_the_middle_is_counted(limit: int) -> None:
    """No message is lost, also not those that polls stand for."""
    log = [
        one
        for at in range(0, 100, 10)
        for one in (create(at), poll(at + 1, "queued"), poll(at + 2, "queued"))
    ]
    root = drawn(*log, limit=limit)
    count = sum(int(n) for n in re.findall(r"\d+", " ".join(texts(root, "more"))))
    polls = sum(2 * int(said.split()[0]) for said in texts(root, "polls"))
    assert len(steps(root)) + len(texts(root, "polls")) == limit
    assert len(steps(root)) + polls + count == 2 * len(log)


def test_there_is_room_for_the_first_and_the_last() -> None:
    """As of a journal."""
    with pytest.raises(PictureError, match="limit must be 2"):
        drawn(create(), limit=1)


exchange = st.builds(
    Exchange,
    method=words,
    path=words,
    sent=times,
    answered=times,
    status_code=st.none() | st.sampled_from((200, 429, 500)),
    request=st.dictionaries(words, words, max_size=2),
    says=words,
    seen=st.lists(
        st.builds(
            Seen,
            words,
            words | st.sampled_from(tuple(RUN.statuses)),
            st.dictionaries(words, words, max_size=2),
        ),
        max_size=2,
    ).map(tuple),
    events=st.none() | st.lists(st.builds(StreamEvent, words, times), max_size=3).map(tuple),
    fault=words,
    lost=st.sampled_from((None, "request", "answer")),
    twice=st.booleans(),
)


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(st.lists(exchange, min_size=1, max_size=5))
def test_no_word_changes_the_structure(log: list[Exchange]) -> None:
    """It is an SVG of our own elements, and every line of the Mermaid is one of ours."""
    root = drawn(*log, limit=1_000)
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "g", "path", "text")
    }
    _, _, wide, high = map(float, root.get("viewBox", "").split())
    for text in root.findall(".//{*}text"):
        x, y, half = float(text.get("x", "")), float(text.get("y", "")), width(text.text or "", 9) / 2
        assert 0 <= y <= high, text.text
        assert x >= 0, text.text
        is_centred = (text.get("class") or "") not in {"heading", "time", "idle"}
        assert x + (half if is_centred else 0) <= wide, text.text
    first, *lines, last = render_sequence(log, "mermaid").split("\n")
    assert (first, last) == ("sequenceDiagram", "")
    for line in lines:
        assert STATEMENT.fullmatch(line), line
        if ": " in line:
            assert PLAIN.fullmatch(line.partition(": ")[2]), line


def test_the_pictures_of_journals_and_of_logs_have_the_same_marks() -> None:
    """A class that a page lights up in one is there in the other."""
    root = drawn(create(), poll(1.0, "completed"))
    assert [step.get("id") for step in steps(root)] == [f"step-{number}" for number in range(1, 5)]
    assert all(Cause.CLIENT in (step.get("class") or "") for step in steps(root)[::2])
