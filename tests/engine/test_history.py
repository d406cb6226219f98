"""Journals and snapshots: they lead to the same run, or to a typed error."""

from __future__ import annotations

import copy
import json
import pickle
from enum import StrEnum
from hashlib import sha256
from typing import Any

import pytest

from runlife import (
    RUN,
    Cause,
    Effect,
    Fact,
    Guard,
    HistoryError,
    Instance,
    LastError,
    Lifecycle,
    Message,
    MisuseError,
    Policy,
    Run,
    RunStep,
    TimeError,
    ToolCall,
    ToolOutput,
    Usage,
    at,
    entity,
    on,
)


def story() -> Run:
    """A run with every kind of argument in its journal."""
    run = Run.create(
        id="run_1", thread_id="thread_1", now=1000.5, max_prompt_tokens=500, lifecycle=RUN.under(STRICT)
    )
    run.apply("start", now=1001)
    run.apply("require_action", now=1002, tool_calls=[ToolCall("call_a", "价格", "{}")], usage=Usage(3, 4))
    run.apply("submit_tool_outputs", now=1003, tool_outputs=[ToolOutput("call_a", "¥1")])
    return run


STRICT = Policy(cancel_outside_in_progress=False)


def ended() -> list[Run]:
    """The same, ended by failure and by time."""
    failed, expired = story(), story()
    failed.apply("start", now=1004)
    failed.apply("fail", now=1005, last_error=LastError("server_error", "Sorry"), usage=Usage(1, 1))
    expired.handle_timeout(1700)
    return [failed, expired]


@pytest.mark.parametrize("run", [story(), *ended()], ids=lambda run: run.status)
def test_a_snapshot_restores_to_the_same_run(run: Run) -> None:
    """Facts, status, journal, policy and deadline are those of the run it was taken from."""
    again = Run.restore(json.dumps(run.snapshot()))
    assert again.facts() == run.facts()
    assert again.journal == run.journal
    assert (again.status, again.next_deadline()) == (run.status, run.next_deadline())
    assert again.lifecycle.policy == STRICT


def test_a_journal_replays_to_the_same_run() -> None:
    """Records are enough; so is their JSON."""
    run = ended()[1]
    table = RUN.under(STRICT)
    assert Run.replay(run.journal, table).facts() == run.facts()
    assert Run.replay(run.snapshot()["journal"], table).facts() == run.facts()


def test_a_run_can_be_copied_and_pickled() -> None:
    """A copy shares no journal with its run; a pickle is a snapshot."""
    run = story()
    for twin in (copy.copy(run), copy.deepcopy(run), pickle.loads(pickle.dumps(run))):  # noqa: S301
        twin.apply("start", now=1004)
        assert (run.version, twin.version) == (4, 5)
        assert Run.restore(twin.snapshot()).facts() == twin.facts()


def test_a_lone_surrogate_can_be_kept() -> None:
    """A model may write one into the arguments of a call."""
    run = Run.create(id="run_1", now=0)
    run.apply("start", now=1)
    run.apply("require_action", now=2, tool_calls=[ToolCall("call_1", "f", "\ud800")])
    assert Run.restore(json.dumps(run.snapshot())).facts() == run.facts()


def test_an_event_may_be_both_sent_and_timed() -> None:
    """Which it was is read from the record, not guessed from its name."""
    gone_at = Effect("timed", "sets gone_at", {"gone_at": lambda _job, _payload, now: now + 9})
    rows = [
        on("open", None, JobStatus.OPEN, by=Cause.CLIENT, then=gone_at),
        on("expire", JobStatus.OPEN, JobStatus.GONE, by=Cause.CLIENT, when=always),
        at("gone_at", JobStatus.OPEN, JobStatus.GONE),
    ]
    built = Lifecycle("job", JobStatus, terminal=[JobStatus.GONE], rows=rows)

    @entity
    class Job(Instance[JobStatus]):
        table = built
        gone_at = Fact[float | None]()

    sent, timed = (Job.create(event="open", now=0) for _ in range(2))
    sent.apply("expire", now=3)
    timed.handle_timeout(20)
    for job in (sent, timed):
        assert Job.restore(job.snapshot()).journal == job.journal


class JobStatus(StrEnum):
    OPEN = "open"
    GONE = "gone"


always = Guard("always", "always", lambda *_: True)


def test_steps_and_messages_have_snapshots_too() -> None:
    """Every lifecycle is kept the same way."""
    step = RunStep.create(event="begin", id="step_1", run_id="run_1", expires_at=600.0, now=1)
    step.apply("complete", now=2, usage=Usage(1, 2))
    message = Message.create(id="msg_1", now=1)
    assert RunStep.restore(step.snapshot()).facts() == step.facts()
    assert Message.restore(message.snapshot()).facts() == message.facts()


class TestDeadlinesAfterARestore:
    """The deadline stands as it was, unless told otherwise."""

    def test_absolute_is_the_default_also_when_it_has_passed(self) -> None:
        """A run restored too late is expired at its old deadline as soon as time is told."""
        again = Run.restore(story().snapshot(now=1100))
        assert again.expires_at == 1600.5
        again.handle_timeout(9000)
        assert again.journal[-1].at == 1600.5

    def test_remaining_gives_what_was_left(self) -> None:
        """500.5 seconds were left when it was taken; so many are left now."""
        again = Run.restore(story().snapshot(now=1100), deadlines="remaining", now=9000)
        assert again.expires_at == 9500.5

    def test_restart_begins_anew(self) -> None:
        """The whole time to live counts from now."""
        again = Run.restore(story().snapshot(), deadlines="restart", now=9000)
        assert again.expires_at == 9600
        assert Run.restore(again.snapshot()).expires_at == 9600

    def test_an_ended_run_has_no_deadline_to_move(self) -> None:
        """All three policies give the same."""
        assert Run.restore(ended()[0].snapshot(), deadlines="restart", now=9000).expires_at is None

    def test_a_misspelt_policy_is_not_taken_for_another(self) -> None:
        """It used to mean what was left."""
        with pytest.raises(MisuseError, match="'absolute', 'remaining', 'restart'; got 'Absolute'"):
            Run.restore(story().snapshot(now=1100), deadlines="Absolute", now=9000)  # type: ignore[arg-type]

    @pytest.mark.parametrize("now", ["1100", 12, float("nan")])
    def test_a_snapshot_is_taken_at_a_time(self, now: Any) -> None:
        """Not before the last record, and not at what is no time."""
        with pytest.raises(TimeError):
            story().snapshot(now=now)

    def test_what_is_missing_is_said(self) -> None:
        """Without the times that a policy counts from there is nothing to restore to."""
        with pytest.raises(MisuseError, match="now="):
            Run.restore(story().snapshot(), deadlines="restart")
        with pytest.raises(MisuseError, match="taken with now="):
            Run.restore(story().snapshot(), deadlines="remaining", now=9000)


def resigned(snapshot: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A forged snapshot: changed, and its digest made to fit."""
    body = {name: value for name, value in {**snapshot, **changes}.items() if name != "digest"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return {**body, "digest": sha256(text.encode()).hexdigest()}


def without(journal: list[Any], index: int) -> list[Any]:
    """A journal that lost a record."""
    return [*journal[:index], *journal[index + 1 :]]


SNAPSHOT = story().snapshot()
JOURNAL = SNAPSHOT["journal"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (json.dumps(SNAPSHOT)[:-20], "not JSON"),
        (b"\xff\x00", "not JSON"),
        ("[]", "not a snapshot"),
        ("null", "not a snapshot"),
        ({**SNAPSHOT, "format": "pickle"}, "not a snapshot"),
        ({**SNAPSHOT, "version": 99}, "version 99; this release reads 1"),
        ({**SNAPSHOT, "status": "completed"}, "edited or damaged"),
        ({name: value for name, value in SNAPSHOT.items() if name != "journal"}, "lacks journal"),
        (resigned(SNAPSHOT, lifecycle="message"), "of a 'message', not of a 'run'"),
        (resigned(SNAPSHOT, policy={"mood": 1}), "policy cannot be read"),
        (resigned(SNAPSHOT, status="completed"), "claims status 'completed'"),
        (resigned(SNAPSHOT, journal=[]), "empty journal"),
        (resigned(SNAPSHOT, journal="x"), "list of records"),
        (resigned(SNAPSHOT, journal=None), "list of records"),
        (resigned(SNAPSHOT, journal=without(JOURNAL, 0)), "record 0 cannot be replayed"),
        (resigned(SNAPSHOT, journal=without(JOURNAL, 1)), "record 1 cannot be replayed"),
        (resigned(SNAPSHOT, journal=[*JOURNAL, {**JOURNAL[-1], "at": 1.0}]), "record 4 cannot be replayed"),
        (resigned(SNAPSHOT, journal=[{**JOURNAL[0], "target": "failed"}, *JOURNAL[1:]]), "record 0 claims"),
        (resigned(SNAPSHOT, journal=[{**JOURNAL[0], "payload": []}]), "record 0 cannot be replayed"),
        (resigned(SNAPSHOT, journal=[*JOURNAL[:1], {**JOURNAL[1], "cause": "client"}]), "record 1 claims"),
        (resigned(SNAPSHOT, journal=[*JOURNAL[:1], {**JOURNAL[1], "source": "failed"}]), "record 1 claims"),
        ({**SNAPSHOT, "more": {1}}, "no JSON"),
        (resigned(SNAPSHOT, journal=[*JOURNAL, {"event": "start"}]), "record 4 cannot be replayed"),
        (resigned(SNAPSHOT, journal=[*JOURNAL, {**JOURNAL[1], "at": 5000}]), "record 4 cannot be replayed"),
    ],
)
def test_an_unreadable_snapshot_is_refused_and_says_why(data: Any, says: str) -> None:
    """Truncated, edited, forged, of another version or another thing: never half-read."""
    with pytest.raises(HistoryError, match=says):
        Run.restore(data)
