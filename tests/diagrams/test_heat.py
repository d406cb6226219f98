"""How often rows were taken, over a picture: counts, thick and thin lines, and what never was."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from runlife import RUN, Cause, Guard, Lifecycle, on
from runlife_diagrams import Counts, Direction, PictureError, picture_of, render
from runlife_diagrams.style import HOTTEST

if TYPE_CHECKING:
    from runlife_diagrams.overlay import Overlay

START, COMPLETE = "edge-queued-start-in_progress", "edge-in_progress-complete-completed"


class AB(StrEnum):
    """Two statuses."""

    A = "a"
    B = "b"


TWINS = Lifecycle(
    "twins",
    AB,
    terminal=[AB.B],
    bounded_by="the test",
    rows=[
        on("make", None, AB.A, by=Cause.CLIENT),
        on("go", AB.A, AB.B, by=Cause.CLIENT, when=Guard("odd", "the number is odd", lambda *_: True)),
        on("go", AB.A, AB.B, by=Cause.CLIENT, when=Guard("even", "the number is even", lambda *_: False)),
    ],
)
"""Two rows that only their guards tell apart."""


def heat_on(lifecycle: Lifecycle[Any], counts: Counts) -> Overlay:
    """Return what lies over the picture of a lifecycle."""
    overlay = picture_of(lifecycle, overlay=counts).overlay
    assert overlay is not None
    return overlay


@pytest.mark.parametrize("direction", ["TB", pytest.param("LR", marks=pytest.mark.slow)])
def test_a_heat_says_how_often_each_row_was_taken(direction: Direction) -> None:
    """In a badge, and by the thickness of its line; by the row or by its name, and a bundle has the sum."""
    rows = {str(row): row for row in RUN.transitions}
    heat = {
        rows["queued -start-> in_progress"]: 300,
        "in_progress -expire-> expired": 2,
        "queued -expire-> expired": 5,
    }
    svg = render(RUN, "svg", overlay=heat, direction=direction)
    root = ET.fromstring(svg)  # noqa: S314 - our own output, no stranger's
    parts = {element.get("id", ""): element for element in root.iter() if element.get("id")}
    shown = {id: part.findtext("{*}g[@class='badge']/{*}text") for id, part in parts.items()}
    assert (shown[START], shown["bundle-expire-expired"], shown[COMPLETE]) == ("300", "7", "0")
    assert "heat-5" in parts[START].get("class", "").split()
    assert "heat-0" in parts[COMPLETE].get("class", "").split()
    assert "#91;300#93; start" in render(RUN, "mermaid", overlay=heat)
    assert "Taken 307 times in all" in svg


@pytest.mark.parametrize(
    ("left", "words"),
    [(0, "every row was taken"), (1, "1 row never taken: "), (2, "2 rows never taken: ")],
)
def test_a_heat_names_the_rows_that_never_were_taken(left: int, words: str) -> None:
    """One was called "1 rows" once."""
    overlay = heat_on(RUN, dict.fromkeys(RUN.transitions[left:], 1))
    assert overlay.says[1].startswith(words)


def test_rows_of_one_name_are_counted_by_the_row() -> None:
    """Counts by a name that several rows share went to the first of them once: it does not say which."""
    one, other = (row for row in TWINS.transitions if row.event == "go")
    taken = heat_on(TWINS, {other: 3}).rows
    assert [mark.badge for mark in taken.values()] == ["0", "0", "3"]
    with pytest.raises(PictureError, match="2 rows are 'a -go-> b': count them by the transition"):
        heat_on(TWINS, {str(one): 3})


@pytest.mark.parametrize(
    ("heat", "words"),
    [
        ({"queued -jump-> completed": 1}, "no row is 'queued -jump-> completed'; there are: nothing"),
        ({"queued -start-> in_progress": -1}, "a number, 0 or more; got -1"),
        ({"queued -start-> in_progress": True}, "a number, 0 or more; got True"),
    ],
)
def test_a_heat_that_cannot_be_is_refused(heat: dict[str, int], words: str) -> None:
    """In words that say what could be."""
    with pytest.raises(PictureError, match=re.escape(words)):
        render(RUN, overlay=heat)


def test_a_heat_never_lets_words_fade() -> None:
    """The words of what never was taken once were too pale to read, and are what a tester looks for."""
    svg = render(RUN, overlay={"queued -start-> in_progress": 300})
    rules = re.findall(r"\.heated ([^{]*) \{ opacity", svg)
    assert rules == [".heat-0 .line", ".heat-0 .head"]


def test_arrowheads_grow_with_their_lines() -> None:
    """The thick lines of a heat once were wider than the heads at their ends."""
    rules = dict(re.findall(r"\.runlife\.light \.(heat-\d \.\w+) \{ stroke-width: ([\d.]+)px", render(RUN)))
    drawn_head = 5.2  # points across
    for degree in range(1, HOTTEST + 1):
        line, more = (float(rules.get(f"heat-{degree} .{part}", 0)) for part in ("line", "head"))
        assert drawn_head + more >= 1.5 * line
