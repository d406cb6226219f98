"""The trace checker: every lawful trace passes however it is sampled, and a broken one is named."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from runlife import (
    RUN,
    Cause,
    LastError,
    MisuseError,
    Run,
    TimeError,
    ToolCall,
    ToolOutput,
    TraceError,
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
    assert fed(("queued", 0), ("requires_action", 1), ("queued", 2), shared=True).statuses == ("queued",)


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


@pytest.mark.parametrize("at", [float("nan"), float("inf"), "1", None, True])
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
