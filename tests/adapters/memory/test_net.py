"""What befalls calls: plain data that prints as code, goes to JSON and back, and can be."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife import MisuseError
from runlife_adapters.memory import After, Schedule
from runlife_adapters.memory.net import Net, NetKind

NAMES = {"After": After, "Net": Net, "Schedule": Schedule}
seconds = st.integers(0, 99) | st.floats(0, 99)
nets = st.one_of(
    st.sampled_from(["reset_before", "reset_after", "lose_response", "malformed"]).map(Net),
    st.builds(Net, st.just("delay"), seconds=seconds),
    st.builds(
        Net,
        st.just("refuse"),
        status=st.just(429) | st.integers(500, 599),
        retry_after=st.none() | seconds,
    ),
    st.builds(Net, st.sampled_from(["cut_stream", "stall_stream"]), events=st.integers(0, 9)),
)
stories = st.dictionaries(st.integers(2, 10**6), nets, max_size=4).map(lambda net: Schedule(net=net))


@pytest.mark.slow
@given(nets, stories)
def test_they_print_as_the_code_that_makes_them(net: Net, schedule: Schedule) -> None:
    """What a report prints can be pasted into a test."""
    assert eval(repr(net), NAMES) == net  # noqa: S307  # our own repr
    assert eval(repr(schedule), NAMES) == schedule  # noqa: S307  # our own repr


@pytest.mark.slow
@given(nets, stories)
def test_they_go_to_json_and_back(net: Net, schedule: Schedule) -> None:
    """Through real JSON text, whose keys are texts, nothing is lost."""
    assert Net.from_json(json.loads(json.dumps(net.to_json()))) == net
    assert Schedule.from_json(json.loads(json.dumps(schedule.to_json()))) == schedule


def test_only_what_is_unusual_is_printed() -> None:
    """A net and a schedule print no more than somebody would have written."""
    for text in ("Net('reset_after')", "Net('refuse', status=429, retry_after=2)"):
        assert repr(eval(text, NAMES)) == text  # noqa: S307  # the literals above
    text = "Schedule(in_progress=[After(1, 'failed')], net={2: Net('malformed'), 4: Net('delay', seconds=3)})"
    assert repr(eval(text, NAMES)) == text  # noqa: S307  # the literal above


def test_calls_are_kept_in_their_order() -> None:
    """Whoever wrote the fourth first gets the same schedule, the same text and the same hash."""
    one = Schedule(net={4: Net("malformed"), 2: Net("reset_after")})
    other = Schedule(net={2: Net("reset_after"), 4: Net("malformed")})
    assert list(one.net) == [2, 4]
    assert one == other
    assert hash(one) == hash(other)
    assert repr(one) == repr(other)
    assert one != Schedule(net={2: Net("reset_after")})


def test_a_schedule_shares_nothing_with_its_maker() -> None:
    """What was given may change afterwards; copies of every kind are equal."""
    net = {2: Net("malformed")}
    schedule = Schedule(net=net)
    net[3] = Net("reset_after")
    assert list(schedule.net) == [2]
    assert copy.deepcopy(schedule) == pickle.loads(pickle.dumps(schedule)) == copy.copy(schedule) == schedule  # noqa: S301  # our own


@pytest.mark.parametrize("kind", get_args(NetKind))
def test_a_run_that_was_not_created_has_no_schedule(kind: NetKind) -> None:
    """Of the first call, only such things are possible as let it take effect."""
    net = Net(kind)
    assert net.takes_effect is (kind not in ("refuse", "reset_before", "lose_request"))
    if net.takes_effect:
        Schedule(net={1: net})
    else:
        with pytest.raises(MisuseError, match=r"whose creation takes no effect has no schedule: net\[1\]"):
            Schedule(net={1: net})
    Schedule(net={2: net})


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Net("explode"), "what befalls a call is one of delay, refuse, "),
        (lambda: Net([]), "what befalls a call is one of"),
        (lambda: Net("delay", seconds=-1), "seconds: expected a number of seconds, 0 or more; got -1"),
        (lambda: Net("delay", seconds=None), "seconds: expected a number"),
        (lambda: Net("delay", seconds=float("inf")), "seconds: expected a number"),
        (lambda: Net("delay", status=429), "'delay' does not take status; it takes seconds"),
        (lambda: Net("malformed", events=3), "'malformed' does not take events; it takes no details"),
        (lambda: Net("refuse", status=404), "status: expected 429, or 500 to 599; got 404"),
        (lambda: Net("refuse", status="429"), "Net.status: expected int"),
        (lambda: Net("refuse", retry_after="soon"), "retry_after: expected a number"),
        (lambda: Net("cut_stream", events=-1), "events: expected 0 or more"),
        (lambda: Net.from_json({}), "'kind' must be given"),
        (lambda: Net.from_json({"kind": "delay", "second": 1}), "unknown 'second'; known is kind, seconds"),
        (lambda: Net.from_json([]), "expected an object"),
        (lambda: Schedule(net=[Net("delay")]), "net: expected Mapping"),
        (lambda: Schedule(net={0: Net("delay")}), r"calls are counted from 1, .*got net\[0\]"),
        (lambda: Schedule(net={"2": Net("delay")}), "the number of a call: expected int, got '2'"),
        (lambda: Schedule(net={True: Net("delay")}), "the number of a call: expected int, got True"),
        (lambda: Schedule(net={2: "delay"}), r"net\[2\]: expected Net, got 'delay'"),
        (lambda: Schedule.from_json({"net": []}), "net: by the number of the call: expected Mapping"),
        (lambda: Schedule.from_json({"net": {"x": {}}}), r"net\[x\]: the number of a call: expected int"),
        (lambda: Schedule.from_json({"net": {"2": {"kind": "x"}}}), r"net\[2\]: what befalls a call is one"),
        (lambda: Schedule.from_json({"net": {"2": {"kind": "malformed"}, 2: {}}}), r"net\[2\]: given twice"),
        (lambda: Schedule.from_json({"net": {"9" * 5000: {"kind": "malformed"}}}), "the number of a call"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, problem: str) -> None:
    """The error says where, and what would be possible."""
    with pytest.raises(MisuseError, match=problem):
        make()


def test_the_places_of_a_schedule_are_named() -> None:
    """What is wrong in an entry is said with its list and its number."""
    bad = {"in_progress": [{"delay": 1}, {"wait": 1}]}
    with pytest.raises(MisuseError, match=r"^in_progress\[1\]: not an entry of a schedule: .*wait"):
        Schedule.from_json(bad)
    for wrong in ({"queued": 5}, {"queued": [5]}, [], {5: []}):
        with pytest.raises(MisuseError, match=r"expected|unknown"):
            Schedule.from_json(wrong)  # type: ignore[arg-type]
