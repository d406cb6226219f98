"""The operations on runs and their steps. The engine decides; refusals are put in the service's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from attrs import evolve

from runlife import (
    Refusal,
    RefusedError,
    Run,
    RunStatus,
    ToolOutput,
)
from runlife_adapters.memory.errors import NOT_UPDATABLE, refused
from runlife_adapters.memory.events import RunEvents, StreamEvent
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.inputs import (
    CreateRunOptions,
    CreateThreadAndRunOptions,
    check_include,
    check_run,
    check_tool_choice,
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
from runlife_adapters.memory.rules import RunSeen
from runlife_adapters.memory.store import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runlife_adapters.memory.records import RunSettings
    from runlife_adapters.memory.resources import AssistantObject

from runlife_adapters.memory.core import Core

__all__ = ["UNMODIFIABLE", "Runs"]

UNMODIFIABLE = RunStatus.IN_PROGRESS
"""The status in which the metadata of a run cannot be modified (recorded; of others nothing is known)."""


class Runs(Core):
    """The operations on runs and their steps."""

    def create_run(
        self,
        thread_id: str,
        *,
        assistant_id: str,
        include: Sequence[str] = (),
        **options: Unpack[CreateRunOptions],
    ) -> RunObject:
        """Start a run on a thread that no other run locks. ``include`` bears on streams only."""
        check_run(options, CreateRunOptions)
        check_include(include)
        with self._at_now() as now:
            record = self._start_on(thread_id, assistant_id, options, now)
            self._server.enter(record, now)
            return record.view()

    def stream_run(
        self,
        thread_id: str,
        *,
        assistant_id: str,
        include: Sequence[str] = (),
        **options: Unpack[CreateRunOptions],
    ) -> RunEvents:
        """Start a run as :meth:`create_run` does, and return what happens to it."""
        check_run(options, CreateRunOptions)
        content = check_include(include)
        with self._at_now() as now:
            record = self._start_on(thread_id, assistant_id, options, now)
            stream = self._stream(record, content=content)
            self._server.enter(record, now)
            return stream

    def create_thread_and_run(
        self, *, assistant_id: str, **options: Unpack[CreateThreadAndRunOptions]
    ) -> RunObject:
        """Create a thread and start a run on it: both, or neither."""
        check_run(options, CreateThreadAndRunOptions)
        with self._at_now() as now:
            record = self._start_both(assistant_id, options, now)
            self._server.enter(record, now)
            return record.view()

    def stream_thread_and_run(
        self, *, assistant_id: str, **options: Unpack[CreateThreadAndRunOptions]
    ) -> RunEvents:
        """Create a thread and start a run as :meth:`create_thread_and_run` does, and return what happens."""
        check_run(options, CreateThreadAndRunOptions)
        with self._at_now() as now:
            record = self._start_both(assistant_id, options, now)
            stream = self._stream(record)
            stream.add(StreamEvent("thread.created", record.thread.told()))
            self._server.enter(record, now)
            return stream

    def retrieve_run(self, thread_id: str, run_id: str) -> RunObject:
        """Return a run. Under the progression ``poll``, the server makes a move with it before."""
        with self._at_now() as now:
            record = self._store.run(thread_id, run_id)
            self._server.look(record, now)
            return record.show()

    def modify_run(
        self, thread_id: str, run_id: str, *, metadata: Mapping[str, str] | None = None
    ) -> RunObject:
        """Change the metadata of a run that is not in progress; None leaves it as it is."""
        with self._at_now():
            record = self._store.run(thread_id, run_id)
            refuses = (
                record.run.is_active
                if self.service_policy.modify_run == "unless_active"
                else record.run.status is UNMODIFIABLE
            )
            if refuses:
                raise NOT_UPDATABLE.error(status=record.run.status.value)
            if metadata is not None:
                record.settings = evolve(record.settings, metadata=to_wire(metadata))
            return record.show()

    def list_runs(self, thread_id: str, **options: Unpack[ListOptions]) -> Page[RunObject]:
        """Return a page of the runs of a thread. Under ``poll``, the active one makes a move before."""
        with self._at_now() as now:
            thread = self._store.thread(thread_id)
            if thread.active_run_id is not None:
                self._server.look(thread.runs[thread.active_run_id], now)
            found, has_more = cut(Kind.RUN, thread.runs, options)
            return Page(tuple(record.show() for record in found), has_more)

    def cancel_run(self, thread_id: str, run_id: str) -> RunObject:
        """Ask for the end of a run."""
        with self._at_now() as now:
            record = self._store.run(thread_id, run_id)
            outcome = record.run.attempt("cancel", now=now)
            if isinstance(outcome, Refusal):
                raise refused(outcome)
            self._server.enter(record, now)
            return record.show()

    def submit_tool_outputs(
        self, thread_id: str, run_id: str, *, tool_outputs: Sequence[Mapping[str, Any]]
    ) -> RunObject:
        """Answer exactly the calls that a run waits for."""
        outputs = outputs_of(tool_outputs)
        with self._at_now() as now:
            record = self._store.run(thread_id, run_id)
            self._submit(record, outputs, now)
            self._server.take_outputs(record, outputs, now)
            self._server.enter(record, now)
            return record.view()

    def stream_tool_outputs(
        self, thread_id: str, run_id: str, *, tool_outputs: Sequence[Mapping[str, Any]]
    ) -> RunEvents:
        """Answer calls as :meth:`submit_tool_outputs` does, and return what happens to the run then."""
        outputs = outputs_of(tool_outputs)
        with self._at_now() as now:
            record = self._store.run(thread_id, run_id)
            self._submit(record, outputs, now)
            stream = self._stream(record)
            self._server.take_outputs(record, outputs, now)
            self._server.enter(record, now)
            return stream

    def _submit(self, record: RunRecord, outputs: tuple[ToolOutput, ...], now: float) -> None:
        action = record.run.required_action
        outcome = record.run.attempt("submit_tool_outputs", now=now, tool_outputs=outputs)
        if isinstance(outcome, Refusal):
            expected = [call.id for call in action.tool_calls] if action else []
            got = [output.tool_call_id for output in outputs]
            raise refused(outcome, expected=expected, got=got)

    def _stream(self, record: RunRecord, *, content: bool = False) -> RunEvents:
        stream = RunEvents(self, record.run.id, record.thread.id, content=content)
        record.streams.append(stream)
        return stream

    def _start_both(self, assistant_id: str, options: Mapping[str, Any], now: float) -> RunRecord:
        configured = self._configured(assistant_id, options)
        thread = self._store.new_thread(options.get("thread") or {}, now)
        record = self._start(thread, configured, options, now)
        self._store.keep_thread(thread, now)
        self._bound()
        return record

    def _start_on(
        self, thread_id: str, assistant_id: str, options: Mapping[str, Any], now: float
    ) -> RunRecord:
        thread = self._store.thread(thread_id)
        record = self._start(thread, self._configured(assistant_id, options), options, now)
        self._bound()
        return record

    def _configured(
        self, assistant_id: str, options: Mapping[str, Any]
    ) -> tuple[AssistantObject, RunSettings]:
        """Return the assistant of a run, and what the run is configured with."""
        assistant = self._store.assistant(assistant_id)
        settings = run_settings(assistant, options)
        check_tool_choice(settings)
        return assistant, settings

    def _start(
        self,
        thread: ThreadRecord,
        configured: tuple[AssistantObject, RunSettings],
        options: Mapping[str, Any],
        now: float,
    ) -> RunRecord:
        (assistant, settings), said = configured, given(options)
        self._store.check_resources(settings.tool_resources, now)
        more = [self._store.new_message(thread, m, now) for m in said.get("additional_messages", ())]
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
        self._store.use(settings.tool_resources, assistant.tool_resources, thread.tool_resources, now=now)
        self._store.keep_messages(thread, more, now)
        schedule = self._next_schedule(RunSeen.of(assistant, settings, thread))
        record = RunRecord(run, next(self._store.created), settings, thread, schedule, self._context_limit)
        thread.runs[run.id] = self._store.runs[run.id] = record
        return record

    # Run steps

    def list_run_steps(
        self, thread_id: str, run_id: str, *, include: Sequence[str] = (), **options: Unpack[ListOptions]
    ) -> Page[RunStepObject]:
        """Return a page of the steps of a run; what a search found comes with its content if included.

        Under the progression ``poll``, that is a look at the run: the server makes a move with it before.
        """
        content = check_include(include)
        with self._at_now() as now:
            record = self._store.run(thread_id, run_id)
            self._server.look(record, now)
            found, has_more = cut(Kind.RUN_STEP, record.steps, options)
            return Page(tuple(record.view_step(step, content=content) for step in found), has_more)

    def retrieve_run_step(
        self, thread_id: str, run_id: str, step_id: str, *, include: Sequence[str] = ()
    ) -> RunStepObject:
        """Return a step of a run; what a search found comes with its content if included.

        Like :meth:`list_run_steps`, it is a look at the run.
        """
        content = check_include(include)
        with self._at_now() as now:
            record = self._store.run(thread_id, run_id)
            step = find(record.steps, Kind.RUN_STEP, step_id)
            self._server.look(record, now)
            return record.view_step(step, content=content)
