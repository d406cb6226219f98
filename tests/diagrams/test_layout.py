"""The layout: found once for a picture, whatever lies over it, and the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from runlife import MESSAGE, RUN, RUN_STEP
from runlife_diagrams import RendererError, layout, picture_of
from runlife_diagrams.draft import draft
from runlife_diagrams.figure.svg import to_svg
from runlife_diagrams.layout import THOROUGH, TRIES, lay_out, read
from runlife_diagrams.renderer import dot_to_svg

if TYPE_CHECKING:
    from collections.abc import Iterator


class Counting:
    """A renderer that counts the texts it was given, one by one."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def __call__(self, dot: str) -> str:
        self.given.append(dot)
        return dot_to_svg(dot)


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """Begin with nothing remembered."""
    layout._MEMORY.clear()
    yield
    layout._MEMORY.clear()


def test_what_was_laid_out_is_remembered() -> None:
    """The same picture in another theme, or with something over it, is not laid out again."""
    counting = Counting()
    first = lay_out(picture_of(RUN_STEP), counting, tries=3)
    assert len(counting.given) == 3
    overlay = [next(iter(RUN_STEP.live)), next(iter(sorted(RUN_STEP.terminal)))]
    for picture in (
        picture_of(RUN_STEP),
        picture_of(RUN_STEP, theme="dark"),
        picture_of(RUN_STEP, overlay=overlay[:1]),
    ):
        assert lay_out(picture, counting, tries=3) is first
    assert len(counting.given) == 3


@pytest.mark.parametrize("changed", ["tries", "renderer", "direction", "words"])
def test_what_could_be_another_layout_is_not_remembered(changed: str) -> None:
    """Another renderer, another effort, another direction and other words are laid out for themselves."""
    counting, other = Counting(), Counting()
    lay_out(picture_of(MESSAGE), counting, tries=1)
    picture = picture_of(
        MESSAGE, direction="LR" if changed == "direction" else "TB", evidence=changed == "words"
    )
    used = other if changed == "renderer" else counting
    used.given.clear()
    lay_out(picture, used, tries=2 if changed == "tries" else 1)
    assert used.given


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layout that was not asked for longest is forgotten."""
    monkeypatch.setattr(layout, "_REMEMBERED", 2)
    counting = Counting()
    pictures = [picture_of(MESSAGE), picture_of(RUN_STEP), picture_of(MESSAGE, direction="LR")]
    for picture in (pictures[0], pictures[1], pictures[0], pictures[2]):
        lay_out(picture, counting, tries=1)
    assert len(counting.given) == 3
    lay_out(pictures[0], counting, tries=1)
    assert len(counting.given) == 3
    lay_out(pictures[1], counting, tries=1)
    assert len(counting.given) == 4


def test_remembering_changes_no_byte() -> None:
    """An SVG from a layout that was remembered is the same as one that was laid out for it."""
    picture = picture_of(RUN_STEP, theme="dark")
    to_svg(picture_of(RUN_STEP), tries=4)
    remembered = to_svg(picture, tries=4)
    layout._MEMORY.clear()
    assert to_svg(picture, tries=4) == remembered


def test_one_by_one_or_together_is_the_same() -> None:
    """A renderer that takes one text at a time finds the layout that all of them at once give."""
    picture = picture_of(RUN)
    assert lay_out(picture, Counting(), tries=5) == lay_out(picture, dot_to_svg, tries=5)


def test_a_draft_is_geometry_only() -> None:
    """No colour, no word and no theme is in the text that a layout is made from."""
    text = draft(picture_of(RUN, theme="dark", evidence=True)).text()
    assert "#" not in text
    assert "color" not in text
    assert "documented" not in text
    assert text == draft(evolve(picture_of(RUN, evidence=True), title="x", description="y")).text()


def test_the_orders_differ_and_are_whole() -> None:
    """Each try writes every edge once, in an order of its own; the first is that of the table."""
    picture = picture_of(RUN)
    orders = list(layout._orders(picture, TRIES))
    assert orders[0] == tuple(range(len(picture.edges)))
    assert len(set(orders)) == TRIES
    assert all(sorted(order) == list(orders[0]) for order in orders)
    assert {draft(picture).text(order).count("\n") for order in orders} == {draft(picture).text().count("\n")}


@pytest.mark.slow
def test_more_tries_are_no_worse() -> None:
    """What many tries find costs no more than what few do, and that no more than the first."""
    picture = picture_of(RUN, guards=False)
    costs = [layout._cost(lay_out(picture, dot_to_svg, tries), picture) for tries in (1, 4, TRIES)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0] / 1.3
    assert THOROUGH > TRIES


@pytest.mark.parametrize(
    ("svg", "words"),
    [
        ("nonsense", "gave no SVG"),
        ("<svg/>", "that Graphviz did not write"),
        ('<svg viewBox="0 0 1 1"/>', "that Graphviz did not write"),
        ('<svg viewBox="a b c d"><g class="graph"/></svg>', "that Graphviz did not write"),
        (
            '<svg viewBox="0 0 1 1"><g class="graph"><g class="node"><polygon points="1"/></g></g></svg>',
            "that Graphviz did not write",
        ),
        ('<svg viewBox="0 0 1 1"><g class="graph"><g class="node"/></g></svg>', "lacks .* parts"),
        ('<svg viewBox="0 0 1 1"><g class="graph"><g class="edge"/></g></svg>', "lacks .* parts"),
        (dot_to_svg("digraph { a -> b }"), "lacks .* parts of the picture"),
    ],
)
def test_a_foreign_answer_of_a_renderer_is_refused(svg: str, words: str) -> None:
    """The seam to the renderer is checked: what lacks a part of the picture is never drawn."""
    with pytest.raises(RendererError, match=words):
        read(svg, picture_of(RUN))
    with pytest.raises(RendererError):
        to_svg(picture_of(RUN), render=lambda _dot: svg)
