"""The report on a failure as a page, as a Mermaid diagram, and in pytest; and the page of a pass."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runlife import RunStatus
from runlife_adapters.memory import After, Net, Schedule
from runlife_adapters.testing.verify import Failure, FailureKind, Plan, Proof, Report, Story
from runlife_adapters.testing.verify.reporting.mermaid import to_mermaid
from runlife_adapters.testing.verify.reporting.page import failure_page, proof_page
from runlife_adapters.testing.verify.reporting.pages.proof import proof_to_json
from runlife_adapters.testing.verify.reporting.pages.style import STYLESHEET
from runlife_adapters.testing.verify.reporting.report import Line, Span
from runlife_adapters.testing.verify.reporting.screen import Screen
from runlife_adapters.testing.verify.tape import Entry, Lane

VOID = {"meta", "rect", "line", "path"}


class Reader(HTMLParser):
    """What a browser makes of a page: its elements, whether they nest well, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        message = f"a comment: {data!r}"
        raise AssertionError(message)


def told(said: str) -> Report:
    """Make a report in which a text of a stranger stands wherever one can."""
    story = Story(
        Schedule(in_progress=[After(1, "completed", text=said)]),
        net={2: Net("lose_response")},
        others={2: "cancel"},
    )
    lines = (
        Line(Entry(0.0, Lane.SERVICE, f"POST {said}", 1)),
        Line(Entry(0.0, Lane.CLIENT, f"run 1: queued {said}.")),
        Line(Entry(0.0, Lane.WIRE, f"200 {said}", 1)),
        Line(Entry(1.0, Lane.SERVER, f"run 1: queued → in_progress {said}."), parts=True),
        Line(Entry(1.0, Lane.OTHER, f"another worker: {said}."), shows=True),
        Line(Entry(1.0, Lane.SERVICE, f"GET {said}", 2), fault="takes effect, and the answer is lost"),
        Line(Entry(11.0, Lane.WIRE, f"ReadTimeout {said}", 2, deviates=True)),
        Line(Entry(12.0, Lane.SERVICE, f"GET {said}", 3), polls=30, until=41.0),
    )
    return Report(
        service=said,
        failure=Failure(
            kind=FailureKind.LEAK,
            says=said,
            calls=(2,),
            error=ValueError(said),
            waits=f"the service\n  {said}",
        ),
        story=story,
        lines=lines,
        without=story.with_net(2, None),
        spans=(Span("run 1", "queued", 0.0, 1.0), Span("run 1", "in_progress", 1.0, 1.0)),
        ending=said,
        ended=45.0,
        tried=f"Found by {said}",
        setting=f"message={said!r}",
        origin="some_module",
    )


HOSTILE = (
    "<script>alert(1)</script>",
    "</style></pre></svg></title><!-- --><img src=x onerror=alert(1)>",
    "\" onmouseover='alert(1)",
    "&lt;b&gt; &amp; &#35;",
    "\x00\x1b[31m\r\n\u2028\u202e",
    "%% end; #35; note over S: x --> y : :::: <br/> ``` ---",
    "end\nparticipant X\nS->>A: forged",
)


def hostile(test: Any) -> Any:
    """Try a test with texts that were written to break something, and with any others."""
    for said in HOSTILE:
        test = example(said)(test)
    return given(st.text(st.characters(codec="utf-8")))(test)


# --------------------------------------------------------------------------- the page of a failure


@pytest.mark.slow
@hostile
def test_no_text_becomes_markup(said: str) -> None:
    """A page has the same elements, with the same attributes, whatever a service and its errors say."""
    usual = Reader(failure_page(told("plain"))).elements

    assert Reader(failure_page(told(said))).elements == usual


def test_texts_are_shown_as_they_are() -> None:
    """To the letter, as far as they can be shown."""
    words = " ".join(Reader(failure_page(told(HOSTILE[0]))).words)

    assert f"GET {HOSTILE[0]}" in words


def test_a_page_needs_nothing_else() -> None:
    """No network, no script, no font; and it forbids itself all of that."""
    page = failure_page(told("plain"))

    assert "default-src 'none'" in page
    assert not re.search(r"https?:|<script|<link|<img|@import|@font-face|url\(| src=", page)


def test_a_page_tells_all_of_it() -> None:
    """What a terminal shows, a picture, and the diagram to take away."""
    words = "".join(Reader(failure_page(told("plain"))).words)

    for part in (
        "LEFT SOMETHING BEHIND",
        "It takes 3 deviations from the happy path:",
        "What happened",
        "30 polls that showed nothing new, until 41.00",
        "Who waited then",
        "lifecycle.replay(",
        "sequenceDiagram",
    ):
        assert part in words


def test_the_picture_stays_in_its_frame() -> None:
    """Whatever the times: many moments, far apart or nearly at once."""
    times = [0.0, 0.001, 0.002, 1.0, 1e6, 1e6 + 0.5, *(2e6 + number for number in range(60))]
    lines = tuple(Line(Entry(at, Lane.SERVICE, "GET", number)) for number, at in enumerate(times, 1))
    report = Report(
        service="serve",
        failure=Failure(kind=FailureKind.ERROR, says="so"),
        story=Story(),
        without=None,
        lines=lines,
        spans=(Span("run 1", "queued", 0.0, times[-1]),),
        ended=times[-1],
    )

    svg = failure_page(report).partition("<svg")[2].partition("</svg>")[0]

    width = float(re.search(r'viewBox="0 0 (\d+) \d+"', svg)[1])  # type: ignore[index]
    places = [float(x) for x in re.findall(r' x[12]?="([-\d.]+)"', svg)]
    assert min(places) >= 0
    assert max(places) <= width
    numbers = [float(x) for x in re.findall(r'<text x="([-\d.]+)" y="[\d.]+" class="number', svg)]
    assert numbers == sorted(set(numbers))  # no two on top of each other


def test_a_failure_without_a_single_call_has_a_page() -> None:
    """There is hardly a picture then."""
    failure = Failure(kind=FailureKind.ERROR, says="the service raised ValueError")
    report = Report(service="serve", failure=failure, story=Story(), without=None, lines=())

    assert "That is so on the happy path already" in failure_page(report)
    assert to_mermaid(report).startswith("sequenceDiagram\n")


# --------------------------------------------------------------------------- how it looks


def test_every_status_has_a_colour_of_its_own() -> None:
    """In light and in dark."""
    for status in RunStatus:
        assert len(re.findall(rf"--s-{status.value}:#", STYLESHEET)) == 2
    light, _, dark = STYLESHEET.partition("@media screen")
    for part in (light, dark.partition("}}")[0]):
        colours = re.findall(r"--s-\w+:(#\w+)", part)
        assert len(set(colours)) == len(colours) == len(RunStatus)


def test_text_stands_out_from_its_ground() -> None:
    """At 4.5 to 1 or better, in light and in dark, on every ground that it stands on."""
    light, _, dark = STYLESHEET.partition("@media screen")
    for part in (light, dark.partition("}}")[0]):
        colours = dict(re.findall(r"--([\w-]+):(#\w{6})", part))
        pairs = [("ink", name) for name in colours if name.startswith("s-")]
        pairs += [(ink, ground) for ink in ("ink", "muted") for ground in ("ground", "raised")]
        pairs += [(name, f"{name}-ground") for name in ("bad", "good", "odd")]
        pairs += [("odd", "ground"), ("odd", "raised"), ("ink", "bad-ground"), ("odd", "bad-ground")]
        pairs += [("muted", "bad-ground")]
        weak = {
            pair: ratio for pair in pairs if (ratio := contrast(colours[pair[0]], colours[pair[1]])) < 4.5
        }
        assert not weak


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2 has it."""

    def luminance(colour: str) -> float:
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


# --------------------------------------------------------------------------- Mermaid

SAFE = r"(?:[A-Za-z0-9 ,.()'/_+-]|#\d+;|<br/>)*"
STATEMENTS = re.compile(
    rf"sequenceDiagram|  accTitle: {SAFE}|  participant [SARW] as [A-Za-z ]+"
    rf"|  (?:S->>A|A-->>S|A--xS|W->>A): {SAFE}"
    rf"|  Note (?:over [SARW](?:,[SARW])?|(?:left|right) of [SARW]): {SAFE}"
)


@pytest.mark.slow
@hostile
def test_no_text_becomes_a_statement(said: str) -> None:
    """A diagram has the same statements, one a line, whatever a service and its errors say."""
    usual, lines = to_mermaid(told("plain")).splitlines(), to_mermaid(told(said)).split("\n")

    assert lines.pop() == ""
    for line in lines:
        assert STATEMENTS.fullmatch(line), line
    assert [line.partition(":")[0] for line in lines] == [line.partition(":")[0] for line in usual]


def test_a_diagram_has_who_took_part() -> None:
    """Another worker only where there was one; an answer that did not come ends in a cross."""
    diagram = to_mermaid(told("plain"))

    assert "  participant W as another worker\n" in diagram
    assert "  A--xS: 11.00 #35;2 ReadTimeout plain #10033;\n" in diagram
    assert "  Note right of A: #10033; takes effect, and the answer is lost\n" in diagram
    assert "another worker" not in to_mermaid(
        Report(service="s", failure=told("").failure, story=Story(), without=None, lines=told("").lines[:3])
    )


def test_words_of_mermaid_are_no_words_of_ours() -> None:
    """Some versions end a block at an ``end`` within a text."""
    assert not re.search(r"\bend\b", to_mermaid(told("it is the end")))


# --------------------------------------------------------------------------- pytest


def test_pytest_shows_the_screen_in_the_place_of_a_traceback() -> None:
    """With the sentence in its summary, and all of it in what it passes on."""
    screen = Screen(told("so it is"), "tests/test_it.py", 7)

    report = pytest.TestReport(
        "tests/test_it.py::test_it", ("tests/test_it.py", 6, "test_it"), {}, "failed", screen, "call"
    )

    assert report.longreprtext.startswith("LEFT SOMETHING BEHIND: so it is\n")
    assert "\x1b" not in report.longreprtext
    assert str(screen.reprcrash) == "tests/test_it.py:7: LEFT SOMETHING BEHIND: so it is"
    assert str(screen) == report.longreprtext


# --------------------------------------------------------------------------- a pass


@pytest.fixture
def proof() -> Proof:
    """Give what was tried of a service that passed."""
    proof = Proof("serve <it>", Plan(deviations=2))
    proof.stories = Counter({0: 1, 1: 29, 2: 412})
    proof.random, proof.calls, proof.outages = 500, 12_345, 3
    proof.seen = {"queued", "in_progress", "completed"}
    return proof


def test_a_pass_says_what_it_proves_and_what_not(proof: Proof) -> None:
    """How many schedules, among which alternatives, and where no run ever was."""
    page = proof_page(proof)
    words = " ".join(Reader(page).words)

    assert "No failure in 442 schedules with at most 2 deviations, which is all there are" in words
    assert "nor in 500 random ones" in words
    assert "What serve <it> withstood" in words
    for number in ("29", "412", "12,345"):
        assert number in words
    assert "Nothing is proved of requires_action, cancelling, " in words
    assert "lose_response" in words
    assert not re.search(r"https?:|<script", page)


def test_the_data_of_a_pass_are_json(proof: Proof) -> None:
    """With stable keys."""
    data = json.loads(json.dumps(proof_to_json(proof)))

    assert data["outcome"] == "passed"
    assert data["schedules"] == {"0": 1, "1": 29, "2": 412}
    assert data["total"] == 442
    assert data["statuses"]["seen"] == ["queued", "in_progress", "completed"]
    assert {"delay": 1.0, "to": "incomplete"} in data["menu"]["moves"]["in_progress"]
