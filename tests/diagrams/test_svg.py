"""The SVG: laid out so that it reads at first sight, self-contained, the same everywhere."""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from runlife import MESSAGE, RUN, RUN_STEP, Cause, Lifecycle, Policy, Record, RunStatus, on
from runlife.trace import UnlawfulError
from runlife.trace.samples import Believed, Conflict, Sample
from runlife_diagrams import Detail, Direction, RendererMissingError, picture_of, render
from runlife_diagrams.figure.bands import bands_of
from runlife_diagrams.figure.svg import to_svg
from runlife_diagrams.layout import Box, Layout, lay_out
from runlife_diagrams.renderer import dot_to_svg
from runlife_diagrams.style import THEMES
from runlife_diagrams.text import width

_ROWS = {row.event: row for row in RUN.transitions}
ROUND = [_ROWS[event] for event in ("create", "start", "require_action", "submit_tool_outputs", "start")]
"""A way on which one row is taken twice."""
OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)


def parse(svg: str) -> ET.Element:
    """Read an SVG that was just made here."""
    return ET.fromstring(svg)  # noqa: S314 - our own output, no stranger's


@pytest.fixture(scope="module")
def layout() -> Layout:
    """Give a layout of the run."""
    return lay_out(picture_of(RUN), dot_to_svg, tries=4)


# --------------------------------------------------------------------------- layout


def test_no_words_overlap(layout: Layout) -> None:
    """No two labels or statuses overlap, and all lie within the picture."""
    for (_, a), (_, b) in combinations(layout.boxes.items(), 2):
        across = abs(a.x - b.x) >= (a.width + b.width) / 2
        assert across or abs(a.y - b.y) >= (a.height + b.height) / 2
    for box in layout.boxes.values():
        assert box.left >= 0
        assert box.top >= 0
        assert box.left + box.width <= layout.width
        assert box.top + box.height <= layout.height


def test_no_line_crosses_words(layout: Layout) -> None:
    """A line keeps out of every label and every status that it does not lead to."""

    def within(x: float, y: float, box: Box) -> bool:
        return abs(x - box.x) < box.width / 2 - 1 and abs(y - box.y) < box.height / 2 - 1

    for line in layout.lines.values():
        for first in range(0, len(line.points) - 3, 3):
            (ax, ay), (bx, by), (cx, cy), (dx, dy) = line.points[first : first + 4]
            for index in range(21):
                t = index / 20
                a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
                x, y = a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy
                assert [id for id, box in layout.boxes.items() if within(x, y, box)] == []


def test_it_flows_down_to_the_terminal_statuses(layout: Layout) -> None:
    """The happy path is a straight line down, and the terminal statuses stand in one row at the bottom."""
    ends = {layout.boxes[f"node-{status}"].y for status in RUN.terminal}
    assert len(ends) == 1
    assert all(layout.boxes[f"node-{status}"].y < min(ends) for status in RUN.live)
    spine = [
        layout.boxes[id]
        for id in (
            "node-initial",
            "edge-initial-create-queued",
            "node-queued",
            "edge-queued-start-in_progress",
            "node-in_progress",
            "edge-in_progress-complete-completed",
            "node-completed",
        )
    ]
    assert max(box.x for box in spine) - min(box.x for box in spine) < 1
    assert [box.y for box in spine] == sorted(box.y for box in spine)


def test_left_to_right_is_turned() -> None:
    """From left to right, the terminal statuses stand in one column at the right."""
    turned = lay_out(picture_of(RUN, direction="LR"), dot_to_svg, tries=2)
    assert max(turned.boxes.values(), key=lambda box: box.x).x == pytest.approx(
        turned.boxes["node-completed"].x, abs=30
    )
    assert turned.width > turned.height


# --------------------------------------------------------------------------- the file


@OURS
def test_it_is_self_contained(lifecycle: Lifecycle[Any]) -> None:
    """It refers to nothing outside, and its rules do not leak into a page that holds it."""
    svg = render(lifecycle)
    assert re.findall(r"(?:href|src|url\(|@import|@font-face)", svg) == []
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    style = parse(svg).find("{*}style")
    assert style is not None
    rules = [line for line in (style.text or "").splitlines() if line]
    assert all(rule.startswith(".runlife.light ") for rule in rules)


def test_it_scales_and_says_what_it_is() -> None:
    """It has a view box, shrinks with its room, and has a title and a description."""
    root = parse(render(RUN))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    assert float(root.get("width", 0)) / width == pytest.approx(
        float(root.get("height", 0)) / height, rel=0.01
    )
    assert root.get("style") == "max-width: 100%; height: auto"
    assert root.findtext("{*}title") == "Lifecycle of run"
    assert f"{len(RUN.transitions)} transitions" in (root.findtext("{*}desc") or "")


def test_a_policy_changes_the_picture() -> None:
    """A picture of another policy is laid out anew, and lacks the rows that are off."""
    svg = to_svg(picture_of(RUN.under(Policy(queued_may_fail=False))), tries=1)
    assert 'id="edge-queued-fail-failed"' not in svg
    assert 'id="edge-in_progress-fail-failed"' in svg


def test_guards_and_evidence_are_written() -> None:
    """Guards stand under their event in English, evidence under them; both can be left out."""
    guard = RUN.creations[0].guard
    assert guard is not None
    root = parse(to_svg(picture_of(RUN, evidence=True), tries=1))
    create = next(group for group in root.iter() if group.get("id") == "edge-initial-create-queued")
    texts = [text for text in create.iter() if text.tag.endswith("}text")]
    written = " ".join(text.text or "" for text in texts if text.get("class") == "guard")
    assert written == " and ".join(part.says for part in guard.parts)
    assert [text.text for text in texts if text.get("class") == "evidence"] == [RUN.creations[0].evidence]
    assert 'class="guard"' not in to_svg(picture_of(RUN, guards=False), tries=1)


@pytest.mark.parametrize("theme", THEMES)
def test_colours_stand_out(theme: Any) -> None:
    """Text has a contrast of 4.5 to 1 or better, lines one of 3 to 1, in either theme (WCAG 2.2)."""

    def light(colour: str) -> float:
        parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, other: str) -> float:
        low, high = sorted((light(one), light(other)))
        return (high + 0.05) / (low + 0.05)

    p = THEMES[theme]
    assert min(contrast(p.ink, on) for on in (p.ground, p.fill, p.visited)) >= 4.5
    assert min(contrast(p.muted, p.ground), contrast(p.on_current, p.current)) >= 4.5
    assert min(contrast(colour, p.ground) for colour in p.causes.values()) >= 3
    assert len(set(p.causes.values())) == len(Cause)


# --------------------------------------------------------------------------- without a renderer


def test_without_a_renderer_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what has to be laid out needs one: our own pictures, Mermaid and DOT do not."""

    def missing(*_: object) -> None:
        raise RendererMissingError

    monkeypatch.setattr("runlife_diagrams.figure.svg.lay_out", missing)
    options: tuple[dict[str, Any], ...]
    options = ({"direction": "LR"}, {"guards": False}, {"detail": "simple"}, {"evidence": True})
    for option in options:
        with pytest.raises(RendererMissingError, match=re.escape("pip install 'runlife[diagrams]'")):
            render(RUN, **option)
    for lifecycle in (RUN, RUN_STEP, MESSAGE):
        assert render(lifecycle).startswith("<svg ")
        assert render(lifecycle, "mermaid")
        assert render(lifecycle, "dot")


# --------------------------------------------------------------------------- bands


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("detail", ["full", "simple"])
def test_statuses_of_a_kind_lie_in_a_band(direction: Direction, detail: Detail) -> None:
    """Live and terminal statuses lie in a band each, with its meaning written where nothing else is."""
    picture = picture_of(RUN, direction=direction, detail=detail)
    layout = lay_out(picture, dot_to_svg, tries=4)
    bands = bands_of(picture, layout)
    assert [band.group.kind for band in bands] == ["live", "terminal"]
    for band in bands:
        for node in picture.nodes:
            box = layout.boxes[node.id]
            within = abs(box.x - band.box.x) <= (band.box.width - box.width) / 2
            within &= abs(box.y - band.box.y) <= (band.box.height - box.height) / 2
            assert within == (node.id in band.group.nodes)
        assert band.heading in {band.group.says, ""}
        if band.heading and direction == "TB":
            heading = Box(band.x + 40, band.y, 80, 9)
            assert not any(
                abs(heading.x - box.x) < (heading.width + box.width) / 2
                and abs(heading.y - box.y) < (heading.height + box.height) / 2
                for box in layout.boxes.values()
            )


def test_there_are_no_bands_where_the_kinds_are_not_apart() -> None:
    """A band that held a status of another kind would not be true."""
    picture = picture_of(MESSAGE)
    boxes = {id: Box(50, 50, 20, 20) for node in picture.nodes for id in [node.id]}
    assert bands_of(picture, Layout(100, 100, boxes, {})) == ()


def test_a_band_with_little_room_has_the_first_word() -> None:
    """The band of a message had no heading once: there was no room for all of it."""
    words = [text.text for text in parse(render(MESSAGE)).iter() if text.get("class") == "meaning"]
    assert words == ["live", "terminal: nothing leads out"]


# --------------------------------------------------------------------------- badges


def test_no_badge_lies_on_a_status() -> None:
    """From left to right, a wide badge lay on the corners of the statuses beside it once."""
    journal = [Record(at, row, {}) for at, row in zip((0.0, 1.25, 3.0, 10.0, 12.5), ROUND, strict=True)]
    root = parse(render(RUN, overlay=journal, direction="LR"))
    boxes = [_box(rect) for rect in root.iter() if rect.get("class") == "box" and rect.get("rx") != "4"]
    badges = [_box(rect) for rect in root.iterfind(".//{*}g[@class='badge']/{*}rect")]
    assert len(badges) == len({row.event for row in ROUND}) + 1  # and one in the legend
    assert not [
        (badge, box)
        for badge in badges[:-1]
        for box in boxes
        if abs(badge.x - box.x) < (badge.width + box.width) / 2
        and abs(badge.y - box.y) < (badge.height + box.height) / 2
    ]


def test_no_badge_lies_on_the_heading_of_a_band() -> None:
    """A wide badge at the left corner of a status once covered the words in the corner of its band."""
    believed = Believed(RunStatus.IN_PROGRESS, ())
    conflict = Conflict(believed, "started_at", "is", "2, where it must be 1")
    lost = UnlawfulError(Sample(2, "queued", 1.0, None, {}), [believed], ["queued"], [conflict])
    root = parse(render(RUN, overlay=lost))
    heading = root.find(".//{*}g[@id='group-live']/{*}text")
    badge = root.find(".//{*}g[@id='node-queued']/{*}g[@class='badge']/{*}rect")
    assert heading is not None
    assert badge is not None
    assert root.findtext(".//{*}g[@id='node-queued']/{*}g[@class='badge']/{*}text") == "possible, seen here"
    assert _box(badge).left > float(heading.get("x", 0)) + width(heading.text or "", 9)


def test_no_line_lies_over_a_badge_of_another() -> None:
    """In a simple picture the lines that are tied together, which bear no badge, once crossed the others'."""
    root = parse(render(RUN, overlay=dict.fromkeys(RUN.transitions, 9), detail="simple"))
    figure = next(group for group in root.iter() if group.get("class") == "figure heated")
    marked = [group for group in figure if "marked" in group.get("class", "").split()]
    badged = [group.find("{*}g[@class='badge']") is not None for group in marked]
    assert badged == sorted(badged)
    assert not all(badged)


def _box(rect: ET.Element) -> Box:
    left, top, wide, high = (float(rect.get(name, 0)) for name in ("x", "y", "width", "height"))
    return Box(left + wide / 2, top + high / 2, wide, high)


def test_one_status_is_a_picture() -> None:
    """A lifecycle of a single row has a band and a heading as wide as there is room for."""

    class One(StrEnum):
        OVER = "over"

    one = Lifecycle("one", One, terminal=[One.OVER], rows=[on("make", None, One.OVER, by=Cause.CLIENT)])
    assert ">terminal</text>" in to_svg(picture_of(one), tries=1)
    assert ">terminal: nothing leads out</text>" not in to_svg(picture_of(one), tries=1)
