"""The public API as type checkers see it. Never run: mypy and pyright read it, both strict."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_type

from runlife import (
    RUN,
    Cause,
    Clock,
    Effect,
    Fact,
    Guard,
    Instance,
    Journal,
    Lifecycle,
    Outcome,
    Policy,
    Record,
    Refusal,
    RequiredAction,
    Run,
    RunStatus,
    ToolCall,
    TraceChecker,
    Transition,
    Usage,
    VirtualClock,
    entity,
    on,
)

run = Run.create(id="run_1", now=0)
assert_type(run, Run)
assert_type(run.status, RunStatus)
assert_type(run.id, str)
assert_type(run.created_at, float)
assert_type(run.started_at, float | None)
assert_type(run.required_action, RequiredAction | None)
assert_type(run.usage, Usage | None)
assert_type(run.journal, Journal)
assert_type(run.journal[1:], tuple[Record, ...])
assert_type(run.next_deadline(), float | None)
assert_type(run.handle_timeout(600), tuple[Record, ...])
assert_type(run.apply("start", now=1), Transition[RunStatus])
assert_type(run.copy(), Run)
assert_type(Run.restore(run.snapshot()), Run)
assert_type(Run.replay(run.journal), Run)

outcome = run.attempt("require_action", now=2, tool_calls=[ToolCall("call_1", "f")])
assert_type(outcome, Outcome[RunStatus])
assert_type(outcome.ok, bool)
if isinstance(outcome, Refusal):
    assert_type(outcome.legal, tuple[str, ...])
    raise outcome.error()
assert_type(outcome, Transition[RunStatus])
assert_type(outcome.target, RunStatus)

assert_type(RUN, Lifecycle[RunStatus])
assert_type(RUN.under(Policy(cancel_may_lose=False)), Lifecycle[RunStatus])
assert_type(RUN.transitions, tuple[Transition[RunStatus], ...])
assert_type(RUN.terminal, frozenset[RunStatus])

clock: Clock = VirtualClock(0)
assert_type(clock.now(), float)
assert_type(TraceChecker(RUN).sent("cancel", 1), int)


class JobStatus(StrEnum):
    """Statuses of a user's own lifecycle."""

    OPEN = "open"
    DONE = "done"


is_easy = Guard("is_easy", "the job is easy", lambda _job, payload: bool(payload))
finished = Effect("finished", "stamps finished_at", {"finished_at": lambda _job, _payload, now: now})
JOB = Lifecycle(
    "job",
    JobStatus,
    terminal=[JobStatus.DONE],
    rows=[
        on("open", None, JobStatus.OPEN, by=Cause.CLIENT),
        on("finish", JobStatus.OPEN, JobStatus.DONE, by=Cause.SERVER, when=is_easy, then=finished),
    ],
    bounded_by="the end of the day",
)


@entity
class Job(Instance[JobStatus]):
    """An instance of it."""

    table = JOB
    finished_at = Fact[float | None]()


job = Job.create(event="open", now=0)
assert_type(job, Job)
assert_type(job.status, JobStatus)
assert_type(job.finished_at, float | None)
