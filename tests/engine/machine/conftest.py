"""What the tests of the machine share: well-formed payloads, and tables to try things on."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from runlife import (
    Argument,
    Cause,
    Effect,
    Fact,
    Guard,
    Instance,
    LastError,
    Lifecycle,
    ToolCall,
    ToolOutput,
    at,
    entity,
    on,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES: dict[str, Any] = {
    "tool_calls": [ToolCall("call_1", "price")],
    "tool_outputs": [ToolOutput("call_1", "2")],
    "reason": "max_prompt_tokens",
    "last_error": LastError("server_error", "boom"),
}


@pytest.fixture
def payload() -> Callable[[Lifecycle[Any], str], dict[str, Any]]:
    """Give what makes a payload that an event of a lifecycle accepts."""

    def make(lifecycle: Lifecycle[Any], event: str) -> dict[str, Any]:
        arguments = lifecycle.arguments.get(event, ())
        return {argument.name: SAMPLES[argument.name] for argument in arguments if argument.required}

    return make


class JobStatus(StrEnum):
    """The statuses of a job."""

    WAITING = "waiting"
    LATE = "late"
    DONE = "done"
    LOST = "lost"


_born = Effect(
    "born",
    "stamps two deadlines",
    {"late_at": lambda _job, _payload, now: now + 10, "lost_at": lambda _job, _payload, now: now + 20},
)
_ended = Effect("ended", "clears the deadlines", clears=("late_at", "lost_at"))
_small = Guard("small", "the size is below ten", lambda _job, payload: payload.get("size", 0) < 10)
_delayed = Effect(
    "delayed",
    "moves the first deadline by some seconds",
    {"late_at": lambda _job, payload, now: now + payload["by"]},
)

JOB_TABLE = Lifecycle(
    "job",
    JobStatus,
    terminal=[JobStatus.DONE, JobStatus.LOST],
    arguments={"finish": (Argument("size", int, required=False),), "delay": (Argument("by", float),)},
    rows=[
        on("create", None, JobStatus.WAITING, by=Cause.CLIENT, then=_born),
        on("delay", JobStatus.WAITING, JobStatus.WAITING, by=Cause.CLIENT, then=_delayed),
        on("finish", JobStatus.WAITING, JobStatus.DONE, by=Cause.CLIENT, when=_small, then=_ended),
        on("finish", JobStatus.WAITING, JobStatus.LOST, by=Cause.CLIENT, then=_ended),
        on("finish", JobStatus.LATE, JobStatus.DONE, by=Cause.CLIENT, then=_ended),
        at("late_at", JobStatus.WAITING, JobStatus.LATE, event="be_late"),
        at("lost_at", JobStatus.LATE, JobStatus.LOST, event="be_lost", then=_ended),
    ],
)
"""A table that a run's lacks the traits of: two rows for one event, and a deadline that is no end."""


@entity
class Job(Instance[JobStatus]):
    """A job."""

    table: ClassVar[Lifecycle[JobStatus]] = JOB_TABLE
    late_at = Fact[float | None]()
    lost_at = Fact[float | None]()


@pytest.fixture
def job() -> type[Job]:
    """Give the model of a table with two rows for one event and a deadline that is no end."""
    return Job
