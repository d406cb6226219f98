"""Traces of exchanges: every run in them is followed, however it is seen."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from runlife import MisuseError
from runlife_adapters.traces import Event, Exchange, check

RUNS = "/v1/threads/thread_1/runs"
RUN = f"{RUNS}/run_1"
Body = "Callable[..., dict[str, Any]]"


def get(at: float, body: Any) -> Exchange:
    """A read that is answered at once."""
    return Exchange("GET", RUN, at, at, 200, body=body)


def test_a_lawful_run_is_explained(lawful: list[Exchange]) -> None:
    """What was seen, how, when, and by which rows it came there."""
    (verdict,) = check(lawful, mode="exact")
    assert verdict.lawful
    assert verdict.timed
    assert [(p.status, p.how, [r.event for r in p.rows]) for p in verdict.history] == [
        ("queued", "POST runs", ["create"]),
        ("in_progress", "GET run", ["start"]),
        ("completed", "GET run", ["complete"]),
    ]


def test_a_violation_is_where_the_first_sample_has_no_history(lawful: list[Exchange]) -> None:
    """A run that is alive after its end: the sample, what was believed, and why."""
    again = evolve(lawful[1], sent=1005.0, answered=1005.0)
    (verdict,) = check([*lawful, again])
    assert verdict.error is not None
    assert verdict.error.sample.number == 4
    assert verdict.error.possible == ("completed",)
    assert [p.status for p in verdict.history] == ["queued", "in_progress", "completed"]


def test_a_run_is_found_in_a_page_and_its_calls_by_their_paths(body: Body, lawful: list[Exchange]) -> None:
    """A list shows runs; a cancel that was sent explains what follows, and one that was not does not."""
    cancelling = {"object": "list", "data": [body("cancelling", started_at=1001)]}
    listed = Exchange("GET", RUNS, 1003.0, 1003.0, 200, body=cancelling)
    assert not check([*lawful[:2], listed], mode="exact")[0].lawful
    assert check([*lawful[:2], listed], mode="shared")[0].lawful
    for status in (200, 500, None):
        sent = Exchange("POST", f"{RUN}/cancel", 1002.0, 1002.1 if status else None, status)
        assert check([*lawful[:2], sent, listed], mode="exact")[0].lawful
    refused = Exchange("POST", f"{RUN}/cancel", 1002.0, 1002.1, 400, body={"error": {}})
    assert not check([*lawful[:2], refused, listed], mode="exact")[0].lawful


def test_an_accepted_call_on_a_run_that_had_ended_is_unlawful(lawful: list[Exchange]) -> None:
    """A completed run cannot have accepted a cancel."""
    accepted = Exchange("POST", f"{RUN}/cancel", 1005.0, 1005.1, 200, body=lawful[2].body)
    (verdict,) = check([*lawful, accepted])
    assert "'cancel' was accepted" in str(verdict.error)


def test_a_call_on_a_run_that_was_not_seen_before_counts(body: Body) -> None:
    """It used to be forgotten: a cancel without an answer, on a run of which the trace knew nothing."""
    cancel = Exchange("POST", f"{RUN}/cancel", 1002.0)
    alive, after = body("in_progress", started_at=1001), body("cancelling", started_at=1001)
    (verdict,) = check([cancel, get(1003.0, alive), get(1004.0, after)], mode="exact")
    assert verdict.lawful
    assert not check([get(1003.0, alive), get(1004.0, after)], mode="exact")[0].lawful
    assert check([cancel]) == ()


def test_events_of_a_stream_that_have_no_times_contradict_no_poll(body: Body) -> None:
    """A HAR has the end of a stream only: a poll in between may show more than its first events."""
    events = (
        Event("thread.run.created", body("queued"), 1010.0),
        Event("thread.run.in_progress", body("in_progress", started_at=1001), 1010.0),
    )
    stream = Exchange("POST", RUNS, 1000.0, 1010.0, 200, events=events)
    poll = get(1005.0, body("in_progress", started_at=1001))
    (verdict,) = check([stream, poll], mode="exact")
    assert verdict.lawful


def test_events_of_a_stream_and_the_steps_in_it_are_followed(body: Body) -> None:
    """A stream shows every row, of the run and of its steps; a row that is missing is noticed."""
    step = {"id": "step_1", "object": "thread.run.step", "run_id": "run_1", "status": "in_progress"}
    ended = {"started_at": 1001, "completed_at": 1003, "expires_at": None, "usage": {}}
    events = (
        Event("thread.run.created", body("queued")),
        Event("thread.run.queued", body("queued")),
        Event("thread.run.in_progress", body("in_progress", started_at=1001)),
        Event("thread.run.step.created", {**step, "created_at": 1001, "completed_at": None}),
        Event("thread.message.delta", {"id": "msg_1"}),
        Event("thread.run.step.completed", {**step, "status": "completed", "completed_at": 1002}),
        Event("thread.run.completed", body("completed", **ended)),
        Event("done"),
    )
    stream = Exchange("POST", "/openai/threads/runs", 1000.0, 1000.1, 200, events=events)
    run, steps = check([stream], mode="exact")
    assert run.lawful
    assert steps.lawful
    assert (steps.kind, steps.run_id) == ("run_step", "run_1")
    cut = evolve(stream, events=tuple(e for e in events if e.name != "thread.run.in_progress"))
    assert not check([cut], mode="exact")[0].lawful


def test_reads_that_overlap_raise_no_alarm(lawful: list[Exchange]) -> None:
    """Two workers poll; the older answer arrives last."""
    slow = evolve(lawful[0], method="GET", path=RUN, sent=1000.5, answered=1004.0)
    (verdict,) = check([*lawful, slow], mode="exact")
    assert verdict.lawful


def test_a_run_on_another_clock_is_checked_by_its_order(lawful: list[Exchange]) -> None:
    """An hour is between the clocks: that is said, times are not compared, and the order still is."""
    moved = [evolve(e, sent=e.sent + 3600, answered=e.answered + 3600) for e in lawful]  # type: ignore[operator]
    (verdict,) = check(moved)
    assert verdict.lawful
    assert not verdict.timed
    assert not check([*moved, evolve(moved[1], sent=4700.0, answered=4700.0)])[0].lawful


def test_a_trace_without_times_is_checked_by_its_order(lawful: list[Exchange]) -> None:
    """As recorded, one after the other."""
    bare = [evolve(e, sent=None, answered=None) for e in lawful]
    assert check(bare, mode="exact")[0].lawful
    assert not check([*bare, bare[1]], mode="exact")[0].lawful


def test_replicas_may_be_late(lawful: list[Exchange]) -> None:
    """An old read is lawful within the lag, and not beyond."""
    again = evolve(lawful[1], sent=1005.0, answered=1005.0)
    assert not check([*lawful, again], mode="shared")[0].lawful
    assert check([*lawful, again], mode="stale", lag=5)[0].lawful


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        "text",
        {"object": ["thread.run"], "id": 1},
        {"object": "thread.run", "id": None, "status": "queued"},
        {"object": "list", "data": [None, 3, {"object": "list"}]},
        {"object": "thread.run", "id": "run_2", "status": "queued", "required_action": {"type": "x"}},
    ],
)
def test_odd_bodies_never_raise(odd: Any, lawful: list[Exchange]) -> None:
    """What is no run is passed over; what is an odd one is judged, and does not raise."""
    assert check([*lawful, get(1010.0, odd)])[0].lawful


@pytest.mark.parametrize("status", [["queued"], None, 5, {"queued": 1}, "asleep", ""])
def test_a_status_that_is_none_is_a_violation(status: Any, body: Body, lawful: list[Exchange]) -> None:
    """A run whose status was a list used to be passed over, and the file was all legal."""
    odd = body(status, started_at=1001)
    for trace in ([get(1002.0, odd)], [*lawful[:2], get(1002.0, odd)], [evolve(lawful[0], body=odd)]):
        (verdict,) = check(trace)
        assert verdict.error is not None
        assert [(why.predicate, why.believed) for why in verdict.error.why] == [("status", None)]
        assert "is no status of a run" in str(verdict.error)
    cancel = Exchange("POST", f"{RUN}/cancel", 1002.0, 1002.1, 200, body=odd)
    assert "is no status of a run" in str(check([*lawful[:2], cancel])[0].error)


def test_a_run_that_shows_no_status_is_a_violation(lawful: list[Exchange]) -> None:
    """It cannot be checked, so that it cannot be called legal."""
    (verdict,) = check([*lawful[:2], get(1002.0, {"object": "thread.run", "id": "run_1"})])
    assert "None is no status of a run" in str(verdict.error)


@pytest.mark.parametrize("name", ["created_at", "started_at", "expires_at"])
@pytest.mark.parametrize("odd", ["soon", True, [1], float("nan"), 10**400])
def test_a_moment_that_is_none_is_a_violation(name: str, odd: Any, body: Body) -> None:
    """A deadline that was a word used to be legal, and nothing was checked against it."""
    (verdict,) = check([get(1002.0, body("in_progress", **{"started_at": 1001, name: odd}))])
    assert verdict.error is not None
    assert [(why.predicate, why.name) for why in verdict.error.why] == [("moment", name)]


def test_an_answer_before_its_request_is_no_mistake_of_the_run(lawful: list[Exchange]) -> None:
    """The clock was set back in between; it used to raise that a trace runs forward."""
    cancel = Exchange("POST", f"{RUN}/cancel", 1002.0, 990.0, 400, body={})
    stream = Exchange("POST", RUNS, 999.0, 998.0, 200, events=(Event("done", None, 997.0),))
    assert check([stream, lawful[0], evolve(lawful[1], answered=900.0), cancel, lawful[2]])[0].lawful


def test_a_mode_that_is_none_is_misuse(lawful: list[Exchange]) -> None:
    """It is said before anything is checked."""
    with pytest.raises(MisuseError, match="lag"):
        check(lawful, mode="exact", lag=3)
