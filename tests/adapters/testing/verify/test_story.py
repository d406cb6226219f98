"""Stories: plain data that prints as code."""

from __future__ import annotations

import pytest
from hypothesis import given

from runlife import MisuseError, RunStatus
from runlife_adapters.memory import NEVER, After, Net, Schedule  # the names that a story prints with
from runlife_adapters.testing.verify.story import Story
from runlife_adapters.testing.verify.strategies import stories

NAMES = {"After": After, "NEVER": NEVER, "Net": Net, "Schedule": Schedule, "Story": Story}


@given(stories())
def test_a_story_prints_as_the_code_that_makes_it(story: Story) -> None:
    """And goes to JSON and back."""
    assert eval(repr(story), NAMES) == story  # noqa: S307  # that is the point
    assert Story.from_json(story.to_json()) == story


def test_the_happy_path_has_nothing_to_say() -> None:
    """What is said in vain does not count, and is not printed."""
    assert repr(Story()) == "Story()"
    assert Story(Schedule(), Schedule(queued=[After()])) == Story()
    assert Story().deviations == 0
    assert Story().to_json() == {}


def test_deviations_are_put_where_they_belong() -> None:
    """Into a visit that is not the first, of a run that is not the first."""
    story = Story().with_move(1, RunStatus.IN_PROGRESS, 1, After(1.0, "failed"))

    assert repr(story) == "Story(Schedule(), Schedule(in_progress=[After(1.0), After(1.0, 'failed')]))"
    assert story.deviations == 1
    assert list(story.milder()) == [Story()]


def test_everything_that_deviates_can_be_left_out() -> None:
    """One at a time."""
    story = Story(
        Schedule(queued=[After(NEVER)], net={2: Net("delay", seconds=3)}),
        net={3: Net("lose_response")},
        others={4: "cancel"},
        early={5},
    )

    assert story.deviations == 5
    assert [milder.deviations for milder in story.milder()] == [4] * 5
    assert len(set(map(repr, story.milder()))) == 5


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((After(),), {}, "the schedule of run 1: expected Schedule"),
        ((), {"net": {0: Net("delay")}}, "calls are counted from 1"),
        ((), {"net": {1: "delay"}}, r"net\[1\]: expected Net"),
        ((), {"others": {1: "dance"}}, "expected one of cancel, submit, message"),
        ((), {"early": ["1"]}, "the number of a call: expected int"),
    ],
)
def test_a_story_that_cannot_be_is_refused(
    arguments: tuple[object, ...], options: dict[str, object], words: str
) -> None:
    """In words that say where."""
    with pytest.raises(MisuseError, match=words):
        Story(*arguments, **options)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("data", [{"runs": 5}, {"net": {"x": {}}}, {"plot": []}, {"others": {"1": 2}}])
def test_what_is_no_story_is_refused(data: dict[str, object]) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(MisuseError):
        Story.from_json(data)
