"""A walk that is guided step by step."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, get_args

import pytest

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle, MisuseError
from runlife.paths import Criterion, Guide, coverage, requirements, suite

if TYPE_CHECKING:
    from runlife import Transition

TABLES = [RUN, RUN_STEP, MESSAGE]
by_name = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
by_criterion = pytest.mark.parametrize("criterion", get_args(Criterion))


def follow(guide: Guide[Any], random: Random | None = None) -> list[Transition[Any]]:
    """Return what is walked by following a guide until nothing is wanted."""
    walked: list[Transition[Any]] = []
    while guide.wanted:
        rows = guide.rows()
        row = random.choice(rows) if random else rows[0]
        guide.take(row)
        walked.append(row)
        assert len(walked) < 1_000, "it goes round in circles"
    return walked


@by_name
@by_criterion
def test_who_follows_takes_everything(table: Lifecycle[Any], criterion: Criterion) -> None:
    """Whatever of its rows is taken: in the end every sequence was walked within one life."""
    for random in (None, Random(1), Random(2)):
        walked = follow(Guide(table, criterion), random)
        lives: list[tuple[Any, ...]] = []
        for row in walked:
            lives = [*lives, (row,)] if row.source is None else [*lives[:-1], (*lives[-1], row)]
        for item in requirements(table, criterion):
            size = len(item)
            assert any(life[at : at + size] == item for life in lives for at in range(len(life)))


@pytest.mark.parametrize("criterion", ["edge", "edge-pair", "edge-triple"])
def test_it_walks_hardly_more_than_a_suite(criterion: Criterion) -> None:
    """Choosing as one goes costs little against what is planned in advance."""
    planned = sum(map(len, suite(RUN, criterion)))
    assert len(follow(Guide(RUN, criterion))) <= 1.2 * planned


def test_it_goes_by_what_was_really_taken() -> None:
    """Whoever strays is led from where he is, and what he took by the way is not asked for again."""
    random, guide = Random(0), Guide(RUN)
    taken: list[Transition[Any]] = []
    lives: list[list[Transition[Any]]] = []
    while guide.wanted:
        rows = guide.rows()
        if random.random() < 0.5:  # strays
            rows = tuple(row for rows in RUN.moves[guide.status].values() for row in rows)
        row = random.choice(rows)
        if row.source is None:
            lives.append(taken := [])
        taken.append(row)
        guide.take(row)
    assert coverage(RUN, lives).is_complete


def test_nothing_wanted_leads_nowhere() -> None:
    """When all has been taken, it has no rows to offer."""
    guide = Guide(RUN, [])
    assert guide.wanted == ()
    assert guide.rows() == ()


def test_what_lies_on_no_way_is_not_led_to() -> None:
    """Rows that do not join stay wanted, and no step leads towards them."""
    create, start, *_ = RUN.transitions
    guide = Guide(RUN, [(start, create)])
    guide.take(create)
    assert guide.rows() in ((), (start,))
    guide.take(start)
    assert guide.wanted == ((start, create),)


def test_behind_an_ending_it_leads_to_the_nearest() -> None:
    """What only another life can have is reached by ending this one."""
    create, start, *_ = RUN.transitions
    guide = Guide(RUN, [(create, start)])
    guide.take(create)
    guide.take(next(row for row in RUN.transitions if str(row) == "queued -cancel-> cancelling"))
    ending, *anew = guide.way((create, start))
    assert ending.target in RUN.terminal
    assert anew == [create, start]
    assert guide.rows() == (ending,)
    guide.take(ending)
    assert guide.status is None
    guide.take(create)
    assert guide.way((create, start)) == guide.rows() == (start,)


def test_the_way_to_what_was_just_taken_leads_round() -> None:
    """A pair can be taken again, wherever the walk stands."""
    create, start, *_ = RUN.transitions
    guide = Guide(RUN)
    guide.take(create)
    guide.take(start)
    way = guide.way((create, start))
    assert way[-2:] == (create, start)
    assert way[-3].target in RUN.terminal


def test_a_row_that_does_not_begin_here_is_refused() -> None:
    """The message says where the walk is."""
    create, start, *_ = RUN.transitions
    guide = Guide(RUN)
    with pytest.raises(MisuseError, match="the walk is at nothing, where queued -start-> in_progress does"):
        guide.take(start)
    guide.take(create)
    with pytest.raises(MisuseError, match="the walk is at queued, where nothing -create->"):
        guide.take(create)


def test_an_empty_sequence_is_refused() -> None:
    """It would be wanted for ever."""
    with pytest.raises(MisuseError, match="empty sequence"):
        Guide(RUN, [()])
