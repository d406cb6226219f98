"""The systematic search: every story up to a bound, each once."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from runlife import RunStatus
from runlife_adapters.memory import After
from runlife_adapters.testing.verify.judge import FailureKind
from runlife_adapters.testing.verify.menu import Menu
from runlife_adapters.testing.verify.places import CallPlace, VisitPlace
from runlife_adapters.testing.verify.play import play
from runlife_adapters.testing.verify.search import search
from runlife_adapters.testing.verify.story import Story
from runlife_adapters.testing.verify.trial import Setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.testing.verify.play import Played
    from runlife_adapters.testing.verify.trial import Trial

QUIET = Menu(faults=["lose_response"], others=(), ties=False)


def everything(test: Callable[..., Any], menu: Menu, deviations: int, **options: Any) -> list[Played]:
    """Return all that is played."""
    return list(search(partial(play, test, setting=Setting()), menu, deviations, **options))


@pytest.mark.slow
def test_every_story_is_played_once(well: Callable[..., Any]) -> None:
    """In the order of their deviations, of which none has more than the bound."""
    played = everything(well, QUIET, 2)
    stories = [repr(each.story) for each in played]
    counts = [each.story.deviations for each in played]

    assert len(set(stories)) == len(stories)
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2}


def test_one_deviation_is_each_thing_on_the_menu_at_each_place(well: Callable[..., Any]) -> None:
    """Counted by hand: three visits of the happy path have moves, and every call may be lost."""
    places = play(well, Story(), Setting()).trial.wire.places
    played = everything(well, QUIET, 1)

    visits = [place for place in places if isinstance(place, VisitPlace)]
    calls = [place for place in places if isinstance(place, CallPlace)]
    assert [visit.status for visit in visits] == ["queued", "in_progress"]
    assert not any(call.idle for call in calls)
    moves = sum(len(QUIET.moves(visit.status, functions=True)) for visit in visits)
    assert len(played) == 1 + moves + len(calls)


@pytest.mark.slow
def test_a_story_is_as_its_parent_up_to_the_deviation(well: Callable[..., Any]) -> None:
    """On this the search rests: what came before a place does not depend on what is said there."""
    for played in everything(well, Menu(), 1):
        for milder in played.story.milder():
            mine, other = (each.trial.wire.places for each in (played, play(well, milder, Setting())))
            same = [a == b for a, b in zip(mine, other, strict=False)]
            assert all(same[: _place(played.story, mine)])


def _place(story: Story, places: list[Any]) -> int:
    """Return where the only deviation of a story is."""
    numbers = {*story.net, *story.others, *story.early}
    for index, place in enumerate(places):
        if isinstance(place, CallPlace):
            if place.number in numbers:
                return index
        elif story.runs and not numbers:
            entries = getattr(story.runs[place.run], place.status.value)
            if place.visit < len(entries) and entries[place.visit] != After():
                return index
    raise AssertionError(story)


@pytest.mark.slow
def test_two_searches_are_the_same(well: Callable[..., Any]) -> None:
    """To the last entry of every tape: nothing in a trial is left to chance."""
    first, second = (
        [(repr(each.story), each.trial.wire.tape.entries) for each in everything(well, Menu(), 1)]
        for _ in range(2)
    )

    assert first == second


def test_polls_that_show_nothing_new_are_no_places(well: Callable[..., Any]) -> None:
    """Unless it is asked for: then each is one."""
    menu = Menu(faults=["lose_response"], others=(), ties=False)
    slow = Story().with_move(0, RunStatus.IN_PROGRESS, 0, After(20.0))
    played = play(well, slow, Setting())
    idle = [p for p in played.trial.wire.places if isinstance(p, CallPlace) and p.idle]

    assert len(idle) == 19
    pruned, whole = (
        Counter(e.story.deviations for e in everything(well, menu, 1, prune=p)) for p in (True, False)
    )
    assert pruned == whole  # none is idle on the happy path
    assert all(one.number < other.number for one, other in pairwise(idle))


def test_who_may_call_no_function_is_not_asked_to(well: Callable[..., Any]) -> None:
    """A run without functions never requires action."""
    for played in search(partial(play, well, setting=Setting(functions=())), QUIET, 1):
        assert all(run.visits[RunStatus.REQUIRES_ACTION] == 0 for run in played.trial.wire.runs.values())


def test_others_act_where_the_table_lets_them(well: Callable[..., Any]) -> None:
    """A cancel while the run is alive, an answer only when it waits for one."""
    story = Story().with_move(0, RunStatus.IN_PROGRESS, 0, After(1.0, "requires_action", tools=1))
    places = [p for p in play(well, story, Setting()).trial.wire.places if isinstance(p, CallPlace)]

    assert [(p.number, p.acts) for p in places][:5] == [
        (1, ("message",)),
        (2, ("cancel",)),
        (3, ("cancel",)),
        (4, ("cancel", "submit")),
        (5, ("cancel",)),
    ]


def test_a_service_that_is_not_the_same_twice_is_found() -> None:
    """What it keeps from one trial makes the next another: its proofs used to be empty."""
    kept: list[str] = []

    async def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        if len(kept) < 3:
            kept.append(world.thread.id)
            run = await runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
            while run.status in {"queued", "in_progress"}:
                await asyncio.sleep(1)
                run = await runs.retrieve(run.id, thread_id=world.thread.id)

    failures = [each.failure for each in everything(test, QUIET, 1) if each.failure is not None]
    flaky = [failure for failure in failures if failure.kind is FailureKind.FLAKY]
    assert flaky[0].says.startswith("at call 1 the service did otherwise than in another trial")


def test_ids_are_another_trials_own(well: Callable[..., Any]) -> None:
    """So what a service keeps by them does not fit the next; and they are the same tomorrow."""
    one, two, again = (
        play(well, story, Setting()).trial.thread.id for story in (Story(), Story(early={2}), Story())
    )
    assert one == again
    assert one != two


def test_the_first_look_at_a_run_is_a_place(well: Callable[..., Any]) -> None:
    """Though it shows what the creation showed: it used to be passed over."""

    async def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        run = await runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
        while run.status in {"queued", "in_progress"}:
            run = await runs.retrieve(run.id, thread_id=world.thread.id)
            await asyncio.sleep(0.4)

    places = [p for p in play(test, Story(), Setting()).trial.wire.places if isinstance(p, CallPlace)]
    assert [place.idle for place in places[:4]] == [False, False, True, True]
    assert play(well, Story(), Setting()).failure is None
