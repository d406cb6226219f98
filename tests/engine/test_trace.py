"""The trace checker: every lawful trace passes however it is sampled, and a broken one is named."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from runlife import (
    RUN,
    RUN_STEP,
    Cause,
    LastError,
    MisuseError,
    Run,
    TimeError,
    ToolCall,
    ToolOutput,
    TraceError,
    UnlawfulError,
    Usage,
)
from runlife.trace import TraceChecker, explain

WIRE = ("started_at", "expires_at", "completed_at", "failed_at", "cancelled_at")
WIRE += ("required_action", "last_error", "incomplete_details", "usage")


def sample(run: Run) -> dict[str, Any]:
    """What a client sees of a run."""
    return {name: getattr(run, name) for name in WIRE}


def payload(event: str, run: Run, serial: int) -> dict[str, Any]:
    """Lawful arguments for an event."""
    if event == "require_action":
        return {"tool_calls": [ToolCall(f"call_{serial}", "f")], "usage": Usage(1, 1)}
    if event == "submit_tool_outputs" and run.required_action:
        return {"tool_outputs": [ToolOutput(call.id) for call in run.required_action.tool_calls]}
    return {"fail": {"last_error": LastError("server_error")}, "cut_short": {"reason": "x"}}.get(event, {})


def walk(seed: int, interval: float) -> TraceChecker:
    """A random lawful life, polled at an interval, with the client's calls noted: fed and legal."""
    random, now = Random(seed), 1000.0
    run = Run.create(id="run_1", now=now, expires_after=30)
    checker = TraceChecker(RUN)
    checker.observed(run.status, now, sample(run))
    next_poll, serial = now + interval, 0
    while not run.is_terminal and now < 1050:
        step = random.choice([0.2, 0.7, 2.0, 6.0])
        while next_poll <= now + step:
            run.handle_timeout(next_poll)
            checker.observed(run.status, next_poll, sample(run))
            next_poll += interval
        now += step
        run.handle_timeout(now)
        events = [e for e in run.legal_events() if not (e in ("cancel", "fail") and random.random() < 0.7)]
        if not events:
            continue
        event, serial = random.choice(events), serial + 1
        if RUN.moves[run.status][event][0].cause is not Cause.CLIENT:
            run.apply(event, now=now, **payload(event, run, serial))
            continue
        ticket = checker.sent(event, now)
        fate = random.choice(["answered", "lost request", "lost answer"])
        if fate != "lost request":
            run.apply(event, now=now, **payload(event, run, serial))
        if fate == "answered":
            checker.answered(ticket, now, accepted=True)
            checker.observed(run.status, now, sample(run))
    for _ in range(2):
        now = max(now, next_poll) + interval
        run.handle_timeout(now)
        checker.observed(run.status, now, sample(run))
    return checker


@pytest.mark.parametrize("interval", [0.25, 1.0, 5.0, 10.0])
@pytest.mark.slow
def test_no_lawful_trace_raises_an_alarm(interval: float) -> None:
    """Two hundred random lives for each interval, lost requests and answers included."""
    for seed in range(200):
        checker = walk(seed, interval)
        assert checker.statuses


def fed(*samples: tuple[str, float], **options: Any) -> TraceChecker:
    """A checker that has seen these samples."""
    checker = TraceChecker(RUN, **options)
    for status, at in samples:
        checker.observed(status, at)
    return checker


def test_a_poller_may_miss_statuses() -> None:
    """Queued, then completed: it was in progress in between."""
    assert fed(("queued", 0), ("completed", 1)).statuses == ("completed",)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("completed", "queued"),
        ("expired", "completed"),
        ("in_progress", "queued"),
        ("requires_action", "queued"),
        ("in_progress", "cancelling"),
        ("requires_action", "completed"),
    ],
)
def test_what_needs_a_call_that_was_not_sent_is_no_lawful_history(before: str, after: str) -> None:
    """The statuses believed just before are named."""
    checker = fed(("queued", 0), (before, 1))
    with pytest.raises(TraceError, match=f"sample 3, '{after}' at 2; believed possible just then: "):
        checker.observed(after, 2)


def test_a_call_in_flight_may_take_effect_before_its_answer_or_never() -> None:
    """Both histories stay believed until an answer or a sample decides."""
    checker = fed(("queued", 0), ("in_progress", 1))
    ticket = checker.sent("cancel", 2)
    checker.observed("in_progress", 3)
    checker.observed("cancelling", 4)
    checker.answered(ticket, 5, accepted=True)
    assert "cancelled" in fed_on(checker, "cancelled", 6)


def fed_on(checker: TraceChecker, status: str, at: float) -> tuple[str, ...]:
    """The statuses believed after one more sample."""
    checker.observed(status, at)
    return checker.statuses


def test_a_refused_call_did_not_take_effect() -> None:
    """After the refusal of a cancel, cancelling is no lawful status."""
    checker = fed(("queued", 0), ("in_progress", 1))
    checker.answered(checker.sent("cancel", 2), 3, accepted=False)
    with pytest.raises(TraceError, match="cancelling"):
        checker.observed("cancelling", 4)


def test_an_impossible_acceptance_is_named() -> None:
    """A completed run cannot accept a cancel."""
    checker = fed(("queued", 0), ("completed", 1))
    with pytest.raises(TraceError, match="the call 'cancel' was accepted at 3"):
        checker.answered(checker.sent("cancel", 2), 3, accepted=True)


def test_others_may_act_when_the_run_is_shared() -> None:
    """A second client's submit explains what this one did not send."""
    assert fed(("queued", 0), ("requires_action", 1), ("queued", 2), mode="shared").statuses == ("queued",)


def test_it_can_attach_to_a_run_that_existed_before() -> None:
    """The first sample may show any status; what follows must be lawful."""
    checker = fed(("cancelling", 0), attach=True)
    with pytest.raises(TraceError):
        checker.observed("requires_action", 1)


@pytest.mark.parametrize(
    ("status", "facts"),
    [
        ("queued", {"required_action": "call"}),
        ("in_progress", {"started_at": None}),
        ("requires_action", {"required_action": None}),
        ("completed", {"completed_at": None}),
        ("completed", {"expires_at": 600}),
        ("completed", {"usage": None}),
        ("incomplete", {"incomplete_details": None}),
        ("in_progress", {"usage": "3 tokens"}),
        ("failed", {"last_error": None}),
    ],
)
def test_a_field_that_the_status_forbids_is_no_lawful_sample(status: str, facts: dict[str, Any]) -> None:
    """Which facts are null follows from the rows that may have been taken."""
    checker = fed(("queued", 0))
    with pytest.raises(TraceError):
        checker.observed(status, 1, facts)


def test_a_value_changes_only_when_a_row_has_written_it() -> None:
    """A second start overwrites started_at; nothing overwrites completed_at."""
    checker = fed(("queued", 0))
    checker.observed("in_progress", 1, {"started_at": 1})
    with pytest.raises(TraceError):
        checker.observed("in_progress", 2, {"started_at": 2})
    checker = fed(("queued", 0))
    checker.observed("requires_action", 1, {"started_at": 1, "required_action": "a"})
    checker.answered(checker.sent("submit_tool_outputs", 2), 2, accepted=True)
    checker.observed("requires_action", 4, {"started_at": 3, "required_action": "b"})
    checker.answered(checker.sent("submit_tool_outputs", 4), 4, accepted=True)
    checker.observed("completed", 5, {"completed_at": 5})
    with pytest.raises(TraceError):
        checker.observed("completed", 6, {"completed_at": 6})


def test_time_bounds_what_is_believed() -> None:
    """Not expired before its deadline, not alive after it, give or take the slack."""
    deadline = {"expires_at": 600}
    early, late = fed(("queued", 0)), fed(("queued", 0))
    early.observed("queued", 1, deadline)
    with pytest.raises(TraceError, match="expired"):
        early.observed("expired", 500, {"expires_at": None})
    late.observed("queued", 1, deadline)
    late.observed("queued", 600.5, deadline)
    with pytest.raises(TraceError, match="queued"):
        late.observed("queued", 602, deadline)


def test_a_refused_sample_leaves_no_trace() -> None:
    """It used to poison the deadline for every sample after it."""
    checker = fed(("queued", 0))
    with pytest.raises(TraceError):
        checker.observed("completed", 1, {"expires_at": 9999})
    checker.observed("queued", 1, {"expires_at": 600})
    checker.observed("queued", 590, {"expires_at": 600})


@pytest.mark.parametrize("at", [float("nan"), float("inf"), "1", True])
def test_a_sample_is_taken_at_a_time(at: Any) -> None:
    """What is no time is refused."""
    with pytest.raises(TimeError):
        fed(("queued", 0)).observed("queued", at)


def test_an_answer_belongs_to_one_call() -> None:
    """An unknown ticket, or one that was answered, is misuse; so is an unknown fact."""
    checker = fed(("queued", 0), ("in_progress", 1))
    ticket = checker.sent("cancel", 2)
    checker.answered(ticket, 3, accepted=False)
    for wrong in (ticket, 7):
        with pytest.raises(MisuseError, match="waits for an answer"):
            checker.answered(wrong, 4, accepted=False)
    with pytest.raises(MisuseError, match="unknown facts usages"):
        checker.observed("in_progress", 5, {"usages": None})


def test_misuse_is_told_apart_from_a_broken_trace() -> None:
    """A server's event is not sent, and time does not run back."""
    checker = fed(("queued", 5))
    with pytest.raises(MisuseError, match="'complete' is no client's event"):
        checker.sent("complete", 6)
    with pytest.raises(MisuseError, match="runs forward"):
        checker.observed("queued", 4)
    with pytest.raises(TraceError, match="paused"):
        checker.observed("paused", 7)


def test_what_a_poller_missed_is_explained_by_the_shortest_lawful_way() -> None:
    """From one sample to the next, with only the calls that were sent."""
    rows = explain(RUN, None, RUN.statuses("completed"))
    assert [row.event for row in rows] == ["create", "start", "complete"]
    rows = explain(RUN, RUN.statuses("requires_action"), RUN.statuses("in_progress"), ["submit_tool_outputs"])
    assert [row.cause for row in rows] == ["client", "server"]
    assert explain(RUN, RUN.statuses("queued"), RUN.statuses("queued")) == ()
    with pytest.raises(TraceError, match="no rows lead from requires_action to in_progress"):
        explain(RUN, RUN.statuses("requires_action"), RUN.statuses("in_progress"))


ALIVE = {"created_at": 1000, "expires_at": 1600, "started_at": None, "completed_at": None}


def test_a_violation_says_what_was_seen_what_was_believed_and_why() -> None:
    """The error is data: the sample, the states before it, and the predicate that failed in each."""
    checker = TraceChecker(RUN)
    checker.observed("queued", 1000, ALIVE)
    with pytest.raises(UnlawfulError) as caught:
        checker.observed("in_progress", 1002, ALIVE)
    error = caught.value
    assert (error.sample.number, error.sample.status, error.sample.at) == (2, "in_progress", 1002)
    assert [state.status for state in error.believed] == ["queued"]
    assert "in_progress" in error.possible
    assert [(c.predicate, c.name) for c in error.why] == [("null", "started_at")]
    assert "started_at is None, where it must be set" in str(error)


@pytest.mark.parametrize(
    ("predicate", "status", "facts"),
    [
        ("status", "cancelling", {}),
        ("unchanged", "in_progress", {"started_at": 1001, "expires_at": 1700}),
        ("moment", "completed", {"completed_at": "now"}),
        ("past", "completed", {"completed_at": 1300}),
        ("since", "completed", {"completed_at": 1090}),
        ("identity", "in_progress", {"created_at": 999}),
        ("identity", "in_progress", {"model": "other"}),
    ],
)
def test_each_predicate_is_named(predicate: str, status: str, facts: dict[str, Any]) -> None:
    """What a second sample, at 1100, must not show of a run that is in progress."""
    checker = TraceChecker(RUN)
    seen = {"created_at": 1000, "model": "m", "expires_at": 1600, "started_at": 1001, "completed_at": None}
    checker.observed("in_progress", 1098, seen)
    with pytest.raises(UnlawfulError) as caught:
        checker.observed(status, 1100, facts)
    assert predicate in {conflict.predicate for conflict in caught.value.why}


def test_moments_are_ordered_as_the_rows_that_stamped_them() -> None:
    """Completed before it started, both unseen: there is no such way."""
    checker = fed(("queued", 1000))
    with pytest.raises(UnlawfulError, match="which came first"):
        checker.observed("completed", 1100, {"started_at": 1090, "completed_at": 1050})
    checker.observed("completed", 1100, {"started_at": 1050, "completed_at": 1090})


def test_nothing_is_stamped_after_the_deadline() -> None:
    """A run that is seen late may have completed in time, and not later."""
    checker = TraceChecker(RUN)
    checker.observed("queued", 1000, ALIVE)
    with pytest.raises(UnlawfulError, match="after the deadline"):
        checker.observed("completed", 1700, {"completed_at": 1650})
    checker.observed("completed", 1700, {"completed_at": 1590})


def test_what_is_given_may_be_changed_and_given_again() -> None:
    """It used to be compared with itself, and a run that went back passed."""
    facts: dict[str, Any] = {"started_at": None}
    checker = TraceChecker(RUN)
    for at in (1, 2, 3):
        checker.observed("queued", at, facts)
    facts["started_at"] = 3
    with pytest.raises(UnlawfulError, match="started_at"):
        checker.observed("queued", 4, facts)


def test_tool_calls_stay_within_a_round_and_are_new_in_the_next() -> None:
    """A call that comes again after a submit was taken is a server's mistake."""
    checker = fed(("queued", 0))
    checker.observed("requires_action", 1, {"required_action": ("a", "b")})
    with pytest.raises(UnlawfulError, match="nothing can have written it"):
        checker.observed("requires_action", 2, {"required_action": ("a", "c")})
    checker.answered(checker.sent("submit_tool_outputs", 3), 3, accepted=True)
    with pytest.raises(UnlawfulError, match="has b again"):
        checker.observed("requires_action", 4, {"required_action": ("b",)})
    checker.observed("requires_action", 4, {"required_action": ("c",)})


def test_an_answer_shows_the_run_after_its_call() -> None:
    """A submit that was accepted does not leave the run where it was."""
    checker = fed(("queued", 0))
    checker.observed("requires_action", 1, {"required_action": ("a",)})
    ticket = checker.sent("submit_tool_outputs", 2)
    with pytest.raises(UnlawfulError, match="has a again"):
        checker.answered(
            ticket, 3, accepted=True, status="requires_action", facts={"required_action": ("a",)}
        )
    assert checker.in_flight == (ticket,)
    checker.answered(ticket, 3, accepted=True, status="queued")
    assert checker.statuses == ("queued",)
    assert [row.event for row in checker.rows] == ["submit_tool_outputs"]


def test_reads_that_overlap_may_arrive_in_either_order() -> None:
    """The one that was asked for first arrives last, and shows less: no alarm, and nothing is forgotten."""
    checker = fed(("queued", 0))
    assert checker.observed("in_progress", 5, since=4)
    assert not checker.observed("queued", 6, since=3)
    assert checker.statuses == ("in_progress",)
    with pytest.raises(UnlawfulError):
        checker.observed("queued", 8, since=7)


def test_a_replica_may_be_late_by_the_lag() -> None:
    """In the mode stale, what was true five seconds ago may be seen, and what was longer ago may not."""
    checker = TraceChecker(RUN, mode="stale", lag=5)
    checker.observed("queued", 0)
    for at in range(10, 16):
        checker.observed("completed", at)
        checker.observed("queued" if at < 12 else "completed", at)
    with pytest.raises(UnlawfulError):
        checker.observed("queued", 21)


@pytest.mark.parametrize("lag", [0.0, 3.0])
@pytest.mark.slow
def test_no_lawful_trace_raises_an_alarm_when_replicas_are_late(lag: float) -> None:
    """Random lives of which each read shows a random moment within the lag."""
    for seed in range(60):
        random, run, now = Random(seed), Run.create(id="run_1", now=1000.0, expires_after=30), 1000.0
        checker, past = TraceChecker(RUN, mode="stale", lag=lag), [(1000.0, run.status, sample(run))]
        while now < 1040:
            now += 0.5
            run.handle_timeout(now)
            events = [
                e for e in run.legal_events() if not (e in ("cancel", "fail") and random.random() < 0.7)
            ]
            if events and random.random() < 0.3:
                event = random.choice(events)
                run.apply(event, now=now, **payload(event, run, int(now * 2)))
            past.append((now, run.status, sample(run)))
            _, status, facts = random.choice([entry for entry in past if entry[0] >= now - lag])
            checker.observed(status, now, facts)


def test_a_stream_shows_every_row() -> None:
    """What a poller may miss, the events of one stream may not."""
    checker = TraceChecker(RUN)
    checker.streamed("s", "queued", 1)
    checker.streamed("s", "queued", 1)
    with pytest.raises(UnlawfulError):
        checker.streamed("s", "completed", 2)
    checker.streamed("s", "in_progress", 2)
    checker.streamed("s", "completed", 3)
    assert checker.statuses == ("completed",)
    with pytest.raises(UnlawfulError):
        checker.observed("in_progress", 4)


def test_events_that_come_late_contradict_nobody() -> None:
    """A poll may be ahead of a stream that is read slowly; the stream goes on from where it was."""
    checker = TraceChecker(RUN)
    checker.streamed("s", "queued", 1, since=0)
    checker.observed("completed", 2, {"completed_at": 2}, since=1.5)
    assert not checker.streamed("s", "in_progress", 3, since=0)
    assert checker.streamed("s", "completed", 4, {"completed_at": 2}, since=0)
    checker.forget("s")
    assert checker.is_over


def test_a_stream_shows_what_others_do_only_if_others_may_act() -> None:
    """A cancel that nobody sent is no row of an exact trace."""
    for mode in ("exact", "shared"):
        checker = TraceChecker(RUN, mode=mode)  # type: ignore[arg-type]
        checker.streamed("s", "queued", 1)
        if mode == "shared":
            checker.streamed("s", "cancelling", 2)
        else:
            with pytest.raises(UnlawfulError):
                checker.streamed("s", "cancelling", 2)


def test_without_times_the_order_is_checked() -> None:
    """Deadlines say nothing then, and what is out of order is still noticed."""
    checker = TraceChecker(RUN)
    checker.observed("queued", None, ALIVE)
    ticket = checker.sent("cancel", None)
    checker.answered(ticket, None, accepted=False)
    checker.observed("expired", None, {**ALIVE, "expires_at": None})
    with pytest.raises(UnlawfulError, match="sample 3, 'queued'"):
        checker.observed("queued", None, ALIVE)


def test_a_service_may_live_by_any_policy() -> None:
    """Whether a cancelled run tells its usage is an open question: asked to, the checker leaves it open."""
    ended = {"cancelled_at": 3, "usage": None}
    strict, lenient = TraceChecker(RUN, mode="shared"), TraceChecker(RUN, mode="shared", any_policy=True)
    lenient.observed("cancelled", 3, ended)
    with pytest.raises(UnlawfulError, match="usage"):
        strict.observed("cancelled", 3, ended)


def test_a_step_has_a_lifecycle_of_its_own() -> None:
    """It may end unseen, and does not begin again."""
    checker = TraceChecker(RUN_STEP)
    checker.observed("completed", 1, {"completed_at": 1, "run_id": "run_1"})
    with pytest.raises(UnlawfulError):
        checker.observed("in_progress", 2)


def test_what_was_missed_is_told_in_rows() -> None:
    """From one sample to the next, by the shortest way; nothing, for one that says the same again."""
    checker = TraceChecker(RUN)
    checker.observed("in_progress", 1)
    assert [row.event for row in checker.rows] == ["create", "start"]
    checker.observed("in_progress", 2)
    assert checker.rows == ()
    checker.observed("completed", 3)
    assert [row.event for row in checker.rows] == ["complete"]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["exact", "shared", "stale"])
def test_memory_is_constant(mode: Any) -> None:
    """However many polls, lost calls and rounds: the belief, the calls and the ways stay small."""
    checker = TraceChecker(RUN, mode=mode, lag=2 if mode == "stale" else 0)
    sizes = []
    for turn in range(60):
        now = turn * 10
        checker.sent("cancel", now)
        ticket = checker.sent("submit_tool_outputs", now)
        checker.observed("requires_action", now + 5, {"required_action": (f"call_{turn}",)})
        if turn % 2 and ticket in checker.in_flight:
            checker.answered(ticket, now + 6, accepted=True)
        sizes.append((len(checker.belief), len(checker.in_flight)))
    assert max(sizes[30:]) <= max(sizes[:30])
    assert max(len(state.rows) for state in checker.belief) < 50


@pytest.mark.parametrize("options", [{"mode": "loose"}, {"lag": 3}, {"mode": "stale", "lag": -1}])
def test_a_mode_that_is_none_is_misuse(options: dict[str, Any]) -> None:
    """A lag goes with stale, and is not below 0."""
    with pytest.raises(MisuseError):
        TraceChecker(RUN, **options)


def test_a_sample_is_asked_for_before_it_is_seen() -> None:
    """Otherwise the times were mixed up."""
    with pytest.raises(TimeError, match="asked for before"):
        fed(("queued", 0)).observed("queued", 2, since=3)
