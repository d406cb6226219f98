"""The timer index finds exactly who is due, in order, and forgets whom it need not know."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife import MisuseError, Run, TimeError
from runlife.timers import TimerIndex


def test_what_is_due_comes_out_in_the_order_of_its_deadline() -> None:
    """Popping takes a key out; a second time it is not there any more."""
    index = TimerIndex[str]()
    index.set("late", 20)
    index.set("early", 10.5)
    assert index.pop_due(30) == [(10.5, "early"), (20, "late")]
    assert index.pop_due(30) == []
    assert (len(index), list(index), "late" in index) == (0, [], False)


def test_equality_is_due_and_nothing_is_early() -> None:
    """The answer is exact also inside a bucket: it is not rounded to a tick."""
    index = TimerIndex[str](tick=10)
    index.set("a", 12.0)
    index.set("b", 12.000001)
    assert index.pop_due(11.999999) == []
    assert index.pop_due(12) == [(12.0, "a")]
    assert index.next_deadline() == 12.000001


def test_equal_deadlines_come_in_the_order_of_insertion() -> None:
    """Keys need not be comparable; one that is set again goes behind."""
    keys: list[object] = [object(), "b", 3, None]
    index = TimerIndex[object]()
    for key in keys:
        index.set(key, 5)
    index.set("b", 5)
    assert [key for _, key in index.pop_due(5)] == [keys[0], 3, None, "b"]


@pytest.mark.parametrize("asked", [False, True])
def test_a_key_has_one_deadline(asked: bool) -> None:
    """The last one set counts, whether it is earlier or later than the one before."""
    index = TimerIndex[str]()
    for deadline in (10, 700, 300):
        index.set("run", deadline)
    assert (len(index), list(index)) == (1, ["run"])
    if asked:
        assert index.next_deadline() == 300
    assert index.pop_due(299) == []
    assert (len(index), list(index), index.next_deadline()) == (1, ["run"], 300)
    assert index.pop_due(1000) == [(300, "run")]
    assert index.pop_due(1000) == []


def test_a_discarded_key_is_not_due() -> None:
    """Discarding twice, or what never was there, does no harm."""
    index = TimerIndex[str]()
    index.set("run", 10)
    index.discard("run")
    index.discard("run")
    index.discard("stranger")
    assert (index.next_deadline(), index.pop_due(10)) == (None, [])


@pytest.mark.parametrize("asked", [False, True])
def test_a_limit_leaves_the_rest_due(asked: bool) -> None:
    """So a host can fire a great number in slices, and do other work in between."""
    index = TimerIndex[int]()
    for key in range(10):
        index.set(key, key // 4)
    if asked:
        assert index.next_deadline() == 0
    slices = [[key for _, key in index.pop_due(100, limit)] for limit in (0, 6, 1, 5)]
    assert slices == [[], [0, 1, 2, 3, 4, 5], [6], [7, 8, 9]]


def test_the_earliest_deadline_is_known_exactly() -> None:
    """Also after it was asked for and an earlier one came, or the earliest left."""
    index = TimerIndex[str](tick=1)
    for key, deadline in {"far": 500, "b": 10.75, "a": 10.25}.items():
        index.set(key, deadline)
    assert index.next_deadline() == 10.25
    index.set("c", 10.125)
    assert index.next_deadline() == 10.125
    index.set("first", -3)
    assert index.next_deadline() == -3
    for key in ("first", "c", "a", "b"):
        index.discard(key)
    assert index.next_deadline() == 500


def test_time_may_be_asked_about_out_of_order() -> None:
    """The index has no time of its own, so an earlier ``now`` simply finds less due."""
    index = TimerIndex[str]()
    index.set("a", 100)
    assert [index.pop_due(now) for now in (99, -99, 100)] == [[], [], [(100, "a")]]
    index.set("b", 1)
    assert index.pop_due(2) == [(1, "b")]


@pytest.mark.parametrize("moment", [nan, inf, -inf, "5", None, True, 10**400, 5j])
def test_what_is_no_time_is_refused(moment: Any) -> None:
    """Nothing changes: a key keeps the deadline it had."""
    index = TimerIndex[str]()
    index.set("run", 10)
    with pytest.raises(TimeError, match="finite number of seconds"):
        index.set("run", moment)
    with pytest.raises(TimeError, match="finite number of seconds"):
        index.pop_due(moment)
    assert (list(index), index.next_deadline()) == (["run"], 10)


@pytest.mark.parametrize("tick", [0, -0.1, nan, inf, "1", False])
def test_a_tick_is_a_positive_number_of_seconds(tick: Any) -> None:
    """Anything else is refused when the index is made."""
    with pytest.raises(TimeError):
        TimerIndex[str](tick)
    assert TimerIndex[str](0.25).tick == 0.25


@pytest.mark.parametrize("limit", [-1, 2.5, "3", True])
def test_a_limit_is_a_count(limit: Any) -> None:
    """Anything else is refused, with words."""
    with pytest.raises(MisuseError, match="0 or more, or None"):
        TimerIndex[str]().pop_due(1, limit)


def test_an_unhashable_key_is_a_type_error() -> None:
    """As with a dict; and nothing has changed."""
    index = TimerIndex[Any]()
    with pytest.raises(TypeError, match="unhashable"):
        index.set([], 1)
    assert (len(index), index.next_deadline()) == (0, None)


def test_times_beyond_the_range_of_buckets_keep_their_order() -> None:
    """Dividing 1e308 by a tick gives infinity, which used to be an OverflowError."""
    index = TimerIndex[float](tick=1e-3)
    moments = [1.7e308, -1.7e308, 1e308, 0.0, -1e308]
    for moment in moments:
        index.set(moment, moment)
    assert index.next_deadline() == -1.7e308
    assert [key for _, key in index.pop_due(1.6e308)] == sorted(moments)[:-1]
    assert index.pop_due(1.7e308) == [(1.7e308, 1.7e308)]


def test_runs_are_keys() -> None:
    """What the index is for: it says whom to ask, and the run says what happened."""
    index = TimerIndex[Run]()
    runs = [Run.create(id=f"run_{i}", now=i) for i in range(3)]
    for run in runs:
        index.set(run, run.expires_at or inf)
    runs[1].apply("cancel", now=5)
    runs[1].apply("confirm_cancel", now=6)
    records = [record for _, run in index.pop_due(700) for record in run.handle_timeout(700)]
    assert [record.at for record in records] == [600, 602]


@dataclass
class Model:
    """The same contract, with a dict and a sort. A dict keeps the order of insertion."""

    deadlines: dict[int, float] = field(default_factory=dict)

    def set(self, key: int, deadline: float) -> None:
        self.deadlines.pop(key, None)
        self.deadlines[key] = deadline

    def discard(self, key: int) -> None:
        self.deadlines.pop(key, None)

    def pop_due(self, now: float, limit: int | None = None) -> list[tuple[float, int]]:
        due = [(deadline, key) for key, deadline in self.deadlines.items() if deadline <= now]
        due = sorted(due, key=lambda pair: pair[0])[:limit]
        for _, key in due:
            del self.deadlines[key]
        return due

    def next_deadline(self) -> float | None:
        return min(self.deadlines.values(), default=None)


def places(index: TimerIndex[Any]) -> int:
    """Count what lies in all buckets, living and dead."""
    return sum(map(len, index._closed.values())) + sum(map(len, index._opened.values()))


# Few keys and few deadlines, so that they meet; and now and then any time there is.
keys = st.integers(0, 11)
moments = (
    st.sampled_from([0.0, 0.05, 0.1, 0.3, 1, 1.0, 1.05, -0.05, -2, 7.25])
    | st.integers(-9, 9)
    | st.floats(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
)
setting = st.tuples(st.just("set"), keys, moments)
operations = (
    setting
    | st.tuples(st.just("discard"), keys)
    | st.tuples(st.just("pop_due"), moments, st.none() | st.integers(0, 9))
    | st.tuples(st.just("next_deadline"))
)
# Many are set for each time that anything is asked, or buckets would hardly ever fill.
scripts = st.lists(st.tuples(st.lists(setting, max_size=15), operations), max_size=12)


@pytest.mark.slow
@given(scripts, st.sampled_from([1e-9, 0.1, 0.3, 1, 5, 50]), st.booleans())
def test_it_answers_as_a_dict_and_a_sort_would(
    script: list[tuple[list[tuple[Any, ...]], tuple[Any, ...]]], tick: float, compacting: bool
) -> None:
    """After any script both agree on every answer, and no entry is lost count of."""
    index, model = TimerIndex[int](tick), Model()
    for operation, *arguments in [step for settings, asking in script for step in (*settings, asking)]:
        answers = [getattr(side, operation)(*arguments) for side in (index, model)]
        assert answers[0] == answers[1], operation
        assert len(index) == len(model.deadlines)
        assert set(index) == set(model.deadlines)
        assert all(key in index for key in model.deadlines)
        if compacting:
            index._compact()
        assert places(index) == len(index) + index._dead
        assert sorted(index._numbers) == sorted([*index._closed, *index._opened])
    assert index.pop_due(1.797e308) == model.pop_due(1.797e308)
    assert index.next_deadline() == model.next_deadline()


@pytest.mark.parametrize("asked", [False, True])
def test_toggling_one_key_stays_bounded(asked: bool) -> None:
    """A run that is queued and started again thirty thousand times leaves no heap of dead entries."""
    index = TimerIndex[str]()
    for moment in range(30_000):
        index.set("run", moment % 50)
        if asked and moment % 7 == 0:
            index.next_deadline()
        assert index._dead <= 66
    assert places(index) <= 67


def test_the_dead_are_bounded_by_the_living() -> None:
    """Moving deadlines about for ever leaves at most two dead entries for each that lives."""
    index = TimerIndex[int]()
    for moment in range(10_000):
        index.set(moment % 100, moment)
        if moment % 37 == 0:
            assert places(index) <= 3 * len(index) + 65
    index.next_deadline()


def test_a_compaction_keeps_an_opened_bucket_in_order() -> None:
    """What is left of a heap when entries are dropped from it need not be a heap by itself."""
    index = TimerIndex[int](tick=1000)
    for key in range(100):
        index.set(key, key)
    index.next_deadline()
    for key in range(100, 300):
        index.set(key, 300 - key)
    for key in (*range(0, 100, 2), *range(200, 300)):
        index.discard(key)
    index._compact()
    assert index._dead == 0
    assert [deadline for deadline, _ in index.pop_due(500)] == sorted([*range(1, 100, 2), *range(101, 201)])


@pytest.mark.slow
def test_a_million_toggles_stay_bounded() -> None:
    """Setting and discarding one key a million times leaves next to nothing."""
    index = TimerIndex[str]()
    for moment in range(1_000_000):
        index.set("run", moment)
        index.discard("run")
    assert (len(index), len(index._numbers)) == (0, places(index))
    assert places(index) <= 65


def test_dead_entries_do_not_keep_keys_alive_for_long() -> None:
    """When the living have been popped, the dead go too: they need not wait for their tick."""

    class Key:
        pass

    index = TimerIndex[Key]()
    for _ in range(1000):
        index.set(Key(), 1)
    far = [Key() for _ in range(900)]
    for key in far:
        index.set(key, 10_000)
    for key in far:
        index.discard(key)
    assert places(index) == 1900
    assert len(index.pop_due(1)) == 1000
    assert places(index) == 0
    del far, key
    gc.collect()
    assert not [thing for thing in gc.get_objects() if isinstance(thing, Key)]


def test_it_says_what_it_is() -> None:
    """The representation tells the tick and the size."""
    index = TimerIndex[str]()
    index.set("run", 1)
    assert repr(index) == "<TimerIndex tick=0.1 of 1 deadlines>"
