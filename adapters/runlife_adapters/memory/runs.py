"""The operations on runs and their steps. The engine decides; refusals are put in the service's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from attrs import evolve

from runlife import (
    Refusal,
    RefusedError,
    Run,
    RunStatus,
)
from runlife_adapters.memory.errors import NOT_UPDATABLE, refused
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.inputs import (
    CreateRunOptions,
    CreateThreadAndRunOptions,
    check_run,
    given,
    outputs_of,
    run_settings,
)
from runlife_adapters.memory.lists import ListOptions, cut
from runlife_adapters.memory.records import RunRecord, ThreadRecord
from runlife_adapters.memory.resources import (
    Page,
    RunObject,
    RunStepObject,
    to_wire,
)
from runlife_adapters.memory.store import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

from runlife_adapters.memory.core import Core

__all__ = ["UNMODIFIABLE", "Runs"]

UNMODIFIABLE = RunStatus.IN_PROGRESS
"""The status in which the metadata of a run cannot be modified (recorded; of others nothing is known)."""


class Runs(Core):
    """The operations on runs and their steps."""

    def create_run(
        self, thread_id: str, *, assistant_id: str, **options: Unpack[CreateRunOptions]
    ) -> RunObject:
        """Start a run on a thread that no other run locks."""
        check_run(options, CreateRunOptions)
        with self._at_now() as now:
            thread = self._store.thread(thread_id)
            return self._start(thread, assistant_id, options, now).view()

    def create_thread_and_run(
        self, *, assistant_id: str, **options: Unpack[CreateThreadAndRunOptions]
    ) -> RunObject:
        """Create a thread and start a run on it: both, or neither."""
        check_run(options, CreateThreadAndRunOptions)
        with self._at_now() as now:
            self._store.assistant(assistant_id)
            thread = self._store.new_thread(options.get("thread") or {}, now)
            run = self._start(thread, assistant_id, options, now)
            self._store.threads[thread.id] = thread
            return run.view()

    def retrieve_run(self, thread_id: str, run_id: str) -> RunObject:
        """Return a run."""
        with self._at_now():
            return self._store.run(thread_id, run_id).view()

    def modify_run(
        self, thread_id: str, run_id: str, *, metadata: Mapping[str, str] | None = None
    ) -> RunObject:
        """Change the metadata of a run that is not in progress; None leaves it as it is."""
        with self._at_now():
            record = self._store.run(thread_id, run_id)
            if record.run.status is UNMODIFIABLE:
                raise NOT_UPDATABLE.error(status=record.run.status.value)
            if metadata is not None:
                record.settings = evolve(record.settings, metadata=to_wire(metadata))
            return record.view()

    def list_runs(self, thread_id: str, **options: Unpack[ListOptions]) -> Page[RunObject]:
        """Return a page of the runs of a thread."""
        with self._at_now():
            runs = self._store.thread(thread_id).runs
            found, has_more = cut(Kind.RUN, runs, options)
            return Page(tuple(record.view() for record in found), has_more)

    def cancel_run(self, thread_id: str, run_id: str) -> RunObject:
        """Ask for the end of a run."""
        with self._at_now() as now:
            record = self._store.run(thread_id, run_id)
            outcome = record.run.attempt("cancel", now=now)
            if isinstance(outcome, Refusal):
                raise refused(outcome)
            self._server.enter(record, now)
            return record.view()

    def submit_tool_outputs(
        self, thread_id: str, run_id: str, *, tool_outputs: Sequence[Mapping[str, Any]]
    ) -> RunObject:
        """Answer exactly the calls that a run waits for."""
        outputs = outputs_of(tool_outputs)
        with self._at_now() as now:
            record = self._store.run(thread_id, run_id)
            action = record.run.required_action
            outcome = record.run.attempt("submit_tool_outputs", now=now, tool_outputs=outputs)
            if isinstance(outcome, Refusal):
                expected = [call.id for call in action.tool_calls] if action else []
                got = [output.tool_call_id for output in outputs]
                raise refused(outcome, expected=expected, got=got)
            self._server.take_outputs(record, outputs, now)
            self._server.enter(record, now)
            return record.view()

    def _start(
        self, thread: ThreadRecord, assistant_id: str, options: Mapping[str, Any], now: float
    ) -> RunRecord:
        assistant = self._store.assistant(assistant_id)
        settings, said = run_settings(assistant, options), given(options)
        more = [self._store.new_message(thread.id, m, now) for m in said.get("additional_messages", ())]
        has_user_message = any(m.role == "user" for m in (*thread.messages.values(), *more))
        try:
            run = Run.create(
                id=self._store.ids.new(Kind.RUN),
                thread_id=thread.id,
                active_run_id=thread.active_run_id,
                has_input=has_user_message or settings.instructions is not None,
                expires_after=self.run_ttl,
                now=now,
                lifecycle=self.lifecycle,
                max_prompt_tokens=said.get("max_prompt_tokens"),
                max_completion_tokens=said.get("max_completion_tokens"),
            )
        except RefusedError as error:
            raise refused(error.refusal, thread_id=thread.id, active_run_id=thread.active_run_id) from error
        thread.keep(*more)
        schedule = self._scripts.popleft() if self._scripts else self._schedule
        record = RunRecord(run, len(self._store.runs), settings, thread, schedule)
        thread.runs[run.id] = self._store.runs[run.id] = record
        self._server.enter(record, now)
        return record

    # Run steps

    def list_run_steps(
        self, thread_id: str, run_id: str, **options: Unpack[ListOptions]
    ) -> Page[RunStepObject]:
        """Return a page of the steps of a run."""
        with self._at_now():
            record = self._store.run(thread_id, run_id)
            found, has_more = cut(Kind.RUN_STEP, record.steps, options)
            return Page(tuple(record.view_step(step) for step in found), has_more)

    def retrieve_run_step(self, thread_id: str, run_id: str, step_id: str) -> RunStepObject:
        """Return a step of a run."""
        with self._at_now():
            record = self._store.run(thread_id, run_id)
            return record.view_step(find(record.steps, Kind.RUN_STEP, step_id))
