"""What a case of the suite has to work with, and how all of them are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from attrs import define, field, frozen

from runlife import ServerError
from runlife_adapters.backend import Backend, error_from_status
from runlife_adapters.memory import ApiError, Schedule, World

__all__ = [
    "Case",
    "ConformanceError",
    "Harness",
    "Report",
    "Stage",
    "WorldHarness",
    "run_cases",
]

FUNCTION = "look_up"
"""The one function that the suite's assistants have."""


class ConformanceError(ServerError, AssertionError):
    """A backend did not behave as the lifecycle demands."""


class Stage(Protocol):
    """The means to say what the service does next, and to let time pass."""

    def script(self, *schedules: Schedule) -> None:
        """Give the runs that are created next a schedule each."""
        ...

    def advance(self, seconds: float) -> object:
        """Let so many seconds pass."""
        ...


class Harness(Protocol):
    """A backend, and the means to set a scene before it."""

    @property
    def backend(self) -> Backend:
        """What is held to the lifecycle."""
        ...

    @property
    def stage(self) -> Stage | None:
        """How the service is directed; None where it cannot be."""
        ...

    def assistant(self) -> str:
        """Return the id of an assistant with one function, that has no instructions."""
        ...

    def thread(self, *said: str) -> str:
        """Return the id of a new thread with these user messages."""
        ...

    def message(self, thread_id: str, said: str) -> None:
        """Add a user message to a thread, or raise :class:`~runlife_adapters.backend.RejectedError`."""
        ...

    def wait(self, seconds: float) -> object:
        """Let so many seconds pass, whatever that takes: before a live service, a sleep."""
        ...


@frozen
class Case:
    """One behaviour: ``name`` for a report, ``run`` raises what is wrong with a backend."""

    name: str
    run: Callable[[Harness], None] = field(repr=False)
    needs_stage: bool = True


@frozen
class Report:
    """What became of each case, by name."""

    passed: tuple[str, ...]
    failed: dict[str, Exception]
    left_out: tuple[str, ...]
    """The cases that need a stage, where there is none."""


def run_cases(cases: Iterable[Case], make_harness: Callable[[], Harness]) -> Report:
    """Run the cases, each before a harness of its own, and report; raises nothing itself."""
    passed: list[str] = []
    failed: dict[str, Exception] = {}
    left_out: list[str] = []
    for case in cases:
        harness = make_harness()
        if case.needs_stage and harness.stage is None:
            left_out.append(case.name)
            continue
        try:
            case.run(harness)
        except Exception as error:  # noqa: BLE001  # a report tells of everything
            failed[case.name] = error
        else:
            passed.append(case.name)
    return Report(tuple(passed), failed, tuple(left_out))


@define
class WorldHarness:
    """A harness for whatever is served from a World: the fake itself, or the fake behind a network."""

    backend: Backend
    world: World

    @property
    def stage(self) -> Stage:
        """The World directs itself."""
        return self.world

    def assistant(self) -> str:
        """Return the id of an assistant with one function, that has no instructions."""
        function = {"type": "function", "function": {"name": FUNCTION}}
        return self.world.create_assistant(model="gpt-4o", tools=[function]).id

    def thread(self, *said: str) -> str:
        """Return the id of a new thread with these user messages."""
        return self.world.create_thread(messages=[{"role": "user", "content": text} for text in said]).id

    def message(self, thread_id: str, said: str) -> None:
        """Add a user message to a thread, or raise RejectedError."""
        try:
            self.world.create_message(thread_id, role="user", content=said)
        except ApiError as error:
            raise error_from_status(error.status, error.message, code=error.code) from error

    def wait(self, seconds: float) -> object:
        """Let so many seconds pass, in no time."""
        return self.world.advance(seconds)
