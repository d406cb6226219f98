"""Playing a path of the table before a backend: each row is made to happen, and looked at.

The server's rows are scripted as a schedule, the client's are called, time's are waited for. After
every row the run that the backend shows must be in the row's target, with the fields null that the
status says are null (:meth:`runlife.Lifecycle.field_states`) and the others not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from runlife import RUN, Cause, FieldState, Lifecycle, RunStatus, ToolOutput, TraceChecker, Transition
from runlife.rules import RUN_TTL
from runlife_adapters.backend import RejectedError, RunView
from runlife_adapters.conformance.harness import ConformanceError, Harness, Stage
from runlife_adapters.memory import NEVER, After, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

__all__ = ["Scene", "delayed", "expect", "rejected", "schedule_for"]

SEEN = (
    "created_at",
    "started_at",
    "expires_at",
    "completed_at",
    "failed_at",
    "cancelled_at",
    "required_action",
    "last_error",
    "incomplete_details",
    "usage",
)
"""The facts of a run that are on the wire."""

POLLS = 660
"""How often a run is looked at, a second after the other, before it is given up; it expires before."""

SAID = "Hello"
"""What the user says in every scene."""


@lru_cache(maxsize=8)
def _fields(lifecycle: Lifecycle[RunStatus]) -> Mapping[str, Mapping[str, FieldState]]:
    """Return what each status says about each field. It takes a moment to find out."""
    return {status.value: states for status, states in lifecycle.field_states().items()}


def expect(*, that: bool, otherwise: str) -> None:
    """Raise ConformanceError unless it holds."""
    if not that:
        raise ConformanceError(otherwise)


def rejected(status: int, call: Callable[[], object]) -> None:
    """Expect a call to be refused with an HTTP status."""
    try:
        answer = call()
    except RejectedError as error:
        expect(that=error.status == status, otherwise=f"expected {status}, got {error.status}: {error}")
        expect(that=bool(error.message), otherwise="a refusal without a word")
    else:
        expect(that=False, otherwise=f"expected a refusal with {status}, got {answer!r}")


def schedule_for(rows: Iterable[Transition[Any]]) -> Schedule:
    """Return the schedule under which the server takes its rows of a path, and waits at the others."""
    entries: dict[str, list[After]] = {status.value: [] for status in RUN.live}
    last: Any = None
    for row in rows:
        if row.source is not None:
            calls = 2 if "tool_calls" in {a.name for a in RUN.arguments.get(row.event, ())} else None
            moves = row.cause is Cause.SERVER
            entries[row.source].append(After(1, row.target, tools=calls) if moves else After(NEVER))
        last = row.target
    if last in RUN.live:
        entries[last].append(After(NEVER))
    lists: dict[str, Any] = {status: tuple(list_) for status, list_ in entries.items()}
    return Schedule(**lists)


def delayed(schedule: Schedule, status: RunStatus, delay: float) -> Schedule:
    """Return a schedule whose last entry for a status takes another time."""
    *others, last = schedule.entries(status)
    entries: tuple[After, ...] = (*others, evolve(last, delay=delay))
    changed: dict[str, Any] = {status.value: entries}
    return evolve(schedule, **changed)


@define
class Scene:
    """One run on a thread of its own, played along a path."""

    harness: Harness
    thread_id: str = field(init=False)
    assistant_id: str = field(init=False)
    view: RunView = field(init=False)
    waited: float = field(init=False, default=0.0)
    lifecycle: Lifecycle[RunStatus] = field(default=RUN, kw_only=True)
    """The table, under the policy that the backend has."""

    def __attrs_post_init__(self) -> None:
        self.thread_id = self.harness.thread(SAID)
        self.assistant_id = self.harness.assistant()

    @property
    def stage(self) -> Stage:
        """How the service is directed."""
        if self.harness.stage is None:
            raise ConformanceError("this case needs a service that can be directed")
        return self.harness.stage

    @property
    def left(self) -> float:
        """Seconds that the run has until its deadline."""
        return RUN_TTL - self.waited

    def create(self, **overrides: Any) -> RunView:
        """Start the run."""
        self.view = self.harness.backend.create_run(self.thread_id, self.assistant_id, **overrides)
        return self.view

    def look(self) -> RunView:
        """Look at the run."""
        self.view = self.harness.backend.retrieve_run(self.thread_id, self.view.id)
        return self.view

    def unchanged(self, after: str) -> None:
        """Hold the run to what was last seen of it."""
        before = self.view
        expect(
            that=self.look() == before, otherwise=f"{after} changed the run: {self.view}, before: {before}"
        )

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.waited += seconds
        self.harness.wait(seconds)

    def until(self, statuses: Container[str], checker: TraceChecker | None = None) -> RunView:
        """Look at the run, a second after the other, until it is in one of these statuses.

        :param checker: is fed every sample.
        """
        polls = 0
        while True:
            if checker is not None:
                at = (self.view.created_at or 0) + self.waited
                checker.observed(self.view.status, at, {name: getattr(self.view, name) for name in SEEN})
            self.check(self.view.status)
            if self.view.status in statuses:
                return self.view
            expect(that=polls < POLLS, otherwise=f"after {polls} looks it is still {self.view.status}")
            polls += 1
            self.wait(1)
            self.look()

    def end(self, checker: TraceChecker | None = None) -> RunView:
        """Look at the run until it has ended."""
        return self.until({status.value for status in RUN.terminal}, checker)

    def call(self, event: str) -> RunView:
        """Make the client's call for an event, with lawful arguments as far as there are any."""
        backend, run_id = self.harness.backend, self.view.id
        match event:
            case "create":
                return backend.create_run(self.thread_id, self.assistant_id)
            case "cancel":
                return backend.cancel_run(self.thread_id, run_id)
            case "submit_tool_outputs":
                outputs = [ToolOutput(call.id, "found") for call in self.view.required_action or ()]
                return backend.submit_tool_outputs(self.thread_id, run_id, outputs)
            case _:
                raise ConformanceError(f"the suite knows no call for the client's event {event!r}")

    def play(
        self,
        rows: Iterable[Transition[Any]],
        seen: list[RunView] | None = None,
        *,
        schedule: Schedule | None = None,
    ) -> RunView:
        """Make every row happen, and look at the run after each; ``seen`` takes what is seen.

        :param schedule: what the server does; by default its rows, and in the last status nothing more.
        """
        path = tuple(rows)
        self.stage.script(schedule_for(path) if schedule is None else schedule)
        for row in path:
            if row.source is None:
                self.create()
            elif row.cause is Cause.CLIENT:
                self.view = self.call(row.event)
            else:
                self.wait(1 if row.cause is Cause.SERVER else self.left)
                self.look()
            self.check(row.target)
            if seen is not None:
                seen.append(self.view)
        return self.view

    def check(self, status: str) -> None:
        """Hold what the backend shows to the status and to what it says about each field."""
        view, fields = self.view, _fields(self.lifecycle)
        expect(that=view.status in fields, otherwise=f"{view.status!r} is no status of the table")
        expect(that=view.status == status, otherwise=f"expected status {status}, got {view.status}")
        expect(that=view.thread_id == self.thread_id, otherwise="the run is on another thread")
        for name in SEEN:
            state, present = fields[status][name], getattr(view, name) is not None
            fits = state is FieldState.EITHER or present is (state is FieldState.SET)
            expect(that=fits, otherwise=f"in {status}, {name} must be {state}; got {getattr(view, name)!r}")
        if view.created_at is not None and view.expires_at is not None:
            lives = view.expires_at - view.created_at
            expect(that=lives == RUN_TTL, otherwise=f"it lives {lives} s, not {RUN_TTL:g} from its creation")
