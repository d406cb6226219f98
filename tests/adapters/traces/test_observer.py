"""The observer inside a service tells of each run that leaves its lifecycle, once, and of nothing else."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from runlife import MisuseError, TraceError, VirtualClock
from runlife_adapters.backend import RunView
from runlife_adapters.traces import Observer, Verdict


def observer(told: list[Verdict], **options: Any) -> tuple[Observer, VirtualClock]:
    """An observer on a virtual clock, and the clock."""
    clock = VirtualClock(1000.0)
    return Observer(told.append, clock=clock, **options), clock


def ended(body: Any, **fields: Any) -> dict[str, Any]:
    """A run that completed."""
    return body("completed", started_at=1001, completed_at=1003, expires_at=None, usage={}, **fields)


def test_a_violation_is_told_once_and_never_raised(body: Any) -> None:
    """A run that is alive again after its end, seen twice so."""
    told: list[Verdict] = []
    watch, clock = observer(told)
    watch.saw(body("queued"))
    clock.advance(5)
    watch.saw(RunView.from_json(ended(body)))
    for _ in range(2):
        clock.advance(5)
        watch.saw(body("queued"))
    assert [verdict.id for verdict in told] == ["run_1"]
    assert told[0].error is not None
    assert told[0].error.possible == ("completed",)


def test_it_logs_when_nobody_asked_to_be_told(body: Any, caplog: pytest.LogCaptureFixture) -> None:
    """As an error, with the run, what was seen and why."""
    watch = Observer(clock=VirtualClock(1000.0))
    with caplog.at_level(logging.ERROR):
        watch.saw(body("queued"))
        watch.saw(body("queued", usage={"total_tokens": 1}))
    assert "run_1 left its lifecycle" in caplog.text
    assert "usage" in caplog.text


def test_it_raises_when_it_is_asked_to(body: Any) -> None:
    """For a test suite."""
    told: list[Verdict] = []
    watch, _ = observer(told, strict=True)
    watch.saw(body("queued"))
    with pytest.raises(TraceError):
        watch.saw(body("queued", usage={}))
    assert len(told) == 1


def test_calls_explain_what_follows_in_the_mode_exact(body: Any) -> None:
    """A cancel that was sent is no surprise, whatever became of its answer; one by a stranger is."""
    for status in (200, 500, None):
        told: list[Verdict] = []
        watch, _ = observer(told, mode="exact")
        watch.saw(body("queued"))
        ticket = watch.sent("run_1", "cancel")
        if status:
            watch.answered(ticket, status, body("cancelling") if status == 200 else None)
        watch.saw(body("cancelling"))
        assert told == []
    watch, _ = observer(told, mode="exact")
    watch.saw(body("queued"))
    watch.answered(watch.sent("run_1", "cancel"), 400)
    watch.saw(body("cancelling"))
    assert len(told) == 1


def test_it_follows_a_bounded_number_and_forgets_the_ended_first(body: Any) -> None:
    """A run that is alive is remembered while others come and end."""
    told: list[Verdict] = []
    watch, clock = observer(told, most=3)
    watch.saw({**body("queued"), "id": "run_alive"})
    for number in range(10):
        clock.advance(1)
        watch.saw({**ended(body), "id": f"run_{number}"})
    assert len(watch) == 3
    clock.advance(1)
    watch.saw({**body("queued"), "id": "run_alive", "usage": {}})
    assert [verdict.id for verdict in told] == ["run_alive"]


def test_reads_that_overlap_are_told_apart_by_when_they_were_asked(body: Any) -> None:
    """An answer that comes late may show what was."""
    told: list[Verdict] = []
    watch, clock = observer(told, mode="exact")
    watch.saw(body("queued"), since=1000)
    clock.advance(5)
    watch.saw(ended(body), since=1004)
    watch.saw(body("queued"), since=1001)
    assert told == []
    watch.saw(body("queued"), since=1005)
    assert len(told) == 1


def test_what_tells_may_fail(body: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A broken callback is logged; the service goes on."""

    def broken(_verdict: Verdict) -> None:
        raise RuntimeError("pager is down")

    watch = Observer(broken, clock=VirtualClock(1000.0))
    watch.saw(body("queued"))
    watch.saw(body("queued", usage={}))
    assert "pager is down" in caplog.text


def test_a_clock_that_is_set_back_is_no_violation(body: Any) -> None:
    """A machine's clock may be corrected; the observer goes by the latest time it saw."""

    class Jumping:
        def __init__(self) -> None:
            self.times = iter([1000.0, 1002.0, 1001.0, 1001.5])

        def now(self) -> float:
            return next(self.times)

    told: list[Verdict] = []
    watch = Observer(told.append, clock=Jumping())
    for _ in range(4):
        watch.saw(body("queued"))
    assert told == []


def test_a_mode_that_is_none_is_said_at_once() -> None:
    """Not at the first run."""
    with pytest.raises(MisuseError):
        Observer(mode="loose")  # type: ignore[arg-type]
