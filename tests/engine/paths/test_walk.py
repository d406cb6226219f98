"""Paths that are walked by real instances."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from attrs import evolve

from runlife import (
    MESSAGE,
    RUN,
    RUN_STEP,
    Cause,
    Instance,
    LastError,
    Lifecycle,
    Message,
    MisuseError,
    Run,
    RunExpiredError,
    RunStatus,
    RunStep,
    Transition,
    Usage,
)
from runlife.paths import Path, lawful_payload, shortest_paths, simple_paths, suite, tour, walk

SUITES = [
    pytest.param(path, kind, id=f"{kind.__name__}-{path.id}")
    for kind in (Run, RunStep, Message)
    for path in dict.fromkeys((*suite(kind.table, "prime"), *suite(kind.table, "edge-triple")))
]


@pytest.mark.parametrize(("path", "kind"), SUITES)
def test_every_path_can_be_walked(path: Path[Any], kind: type[Instance[Any]]) -> None:
    """The journal of the instance is the path, row for row, and it replays."""
    instance = walk(path, kind)
    assert Path.taken_by(instance) == path
    assert instance.is_terminal
    assert kind.replay(instance.journal).facts() == instance.facts()


@pytest.mark.parametrize("path", simple_paths(RUN, visits=4), ids=str)
def test_long_paths_can_be_walked_in_one_lifetime(path: Path[RunStatus]) -> None:
    """Four rounds of tool calls, each with ids of its own."""
    run = walk(path, Run)
    calls = [call.id for record in run.journal for call in record.payload.get("tool_calls", ())]
    assert len(calls) == len(set(calls)) == path.events.count("require_action")


def test_each_row_takes_its_time() -> None:
    """By default a second each; times of one's own as they are given."""
    path = shortest_paths(RUN)[RunStatus.COMPLETED]
    assert [record.at for record in walk(path, Run).journal] == [0, 1, 2]
    assert [record.at for record in walk(path, Run, times=[1e9, 1e9, 1e9 + 599.5]).journal] == [
        1e9,
        1e9,
        1e9 + 599.5,
    ]


def test_a_timer_row_is_taken_at_its_deadline() -> None:
    """However early its turn comes, and however late."""
    path = shortest_paths(RUN)[RunStatus.EXPIRED]
    assert walk(path, Run).journal[-1].at == 600
    assert walk(path, Run, times=[10, 5_000]).journal[-1].at == 610


def test_a_time_past_the_deadline_is_refused_like_any_late_event() -> None:
    """The run expires, and the refusal says so."""
    path = shortest_paths(RUN)[RunStatus.COMPLETED]
    with pytest.raises(RunExpiredError):
        walk(path, Run, times=[0, 1, 600])


def test_too_few_times_are_refused() -> None:
    """The message says how many are needed."""
    with pytest.raises(MisuseError, match="a path of 3 rows needs as many times, got 2"):
        walk(shortest_paths(RUN)[RunStatus.COMPLETED], Run, times=[0, 1])


def test_payloads_can_be_ones_own() -> None:
    """What a user supplies is what the journal records."""

    def payloads(
        instance: object, lifecycle: Lifecycle[Any], row: Transition[Any], now: float
    ) -> dict[str, Any]:
        payload = dict(lawful_payload(instance, lifecycle, row, now))  # type: ignore[arg-type]  # a run or None
        if row.event == "fail":
            payload |= {"last_error": LastError("rate_limit_exceeded"), "usage": Usage(7, 0)}
        return payload

    run = walk(shortest_paths(RUN)[RunStatus.FAILED], Run, payloads=payloads)
    assert run.last_error == LastError("rate_limit_exceeded")
    assert run.usage == Usage(7, 0)


def test_a_row_that_is_not_taken_is_told() -> None:
    """When the timer is not due because another deadline is meant, the walk does not pretend."""
    path = shortest_paths(RUN)[RunStatus.EXPIRED]

    class Endless(Run):
        def next_deadline(self) -> float | None:
            return None

    with pytest.raises(MisuseError, match="the path says queued -expire-> expired, but the instance took"):
        walk(path, Endless)


def test_the_class_must_have_the_lifecycle() -> None:
    """A path of a run is no path of a step."""
    with pytest.raises(MisuseError, match="a path of 'run' cannot be walked by RunStep, a 'run_step'"):
        walk(shortest_paths(RUN)[RunStatus.QUEUED], RunStep)


def test_an_argument_that_is_not_known_is_named() -> None:
    """Whoever has a table of his own gives payloads of his own."""
    foreign = RUN_STEP.arguments["begin"]
    table = Lifecycle(
        "step_with_run",
        RUN_STEP.statuses,
        terminal=RUN_STEP.terminal,
        rows=RUN_STEP.rows,
        arguments={"begin": tuple(evolve(argument, required=True) for argument in foreign)},
    )
    with pytest.raises(MisuseError, match="no lawful 'run_id' is known for nothing -begin->"):
        lawful_payload(None, table, table.creations[0], 0.0)


def test_a_tour_can_be_walked_on_one_thread() -> None:
    """Each run is created with the one before it as the thread's active run, if it were active."""
    moments = count()
    run: Run | None = None
    for row in tour(RUN, "edge-pair"):
        now = next(moments)
        if row.source is None:
            active = run.id if run is not None and run.is_active else None
            run = Run.create(id=f"run_{now}", now=now, active_run_id=active, expires_after=1e6)
            continue
        assert run is not None
        if row.cause is Cause.TIMER:
            deadline = run.next_deadline()
            assert deadline is not None
            moments = count(int(deadline))
            run.handle_timeout(next(moments))
        else:
            run.apply(row.event, now=now, **lawful_payload(run, RUN, row, now))
        assert run.journal[-1].transition is row


def test_the_tables_are_those_of_the_kinds() -> None:
    """The suites above are made of all three tables."""
    assert [kind.table for kind in (Run, RunStep, Message)] == [RUN, RUN_STEP, MESSAGE]
