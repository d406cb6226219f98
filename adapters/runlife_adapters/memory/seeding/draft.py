"""What is about to be put into a World, beside what is there: nothing is in before all of it can be.

:class:`Draft` reads wire objects (:mod:`.seeds`) into records, each kind after those
it may need, and refuses what contradicts what there is; :meth:`Draft.commit` then cannot fail. The rules
by which gaps are filled stand in :mod:`runlife_adapters.memory.seeding`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from math import floor
from typing import TYPE_CHECKING, Any, cast

from runlife import (
    MESSAGE,
    RUN_STEP,
    Cause,
    Lifecycle,
    Message,
    MisuseError,
    Run,
    RunStatus,
    RunStep,
    ToolCall,
)
from runlife_adapters.memory.checks import NONE, check_kind
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.inputs import ROLES
from runlife_adapters.memory.model import UNNAMED_FUNCTION
from runlife_adapters.memory.records import MessageRecord, RunRecord, StepRecord
from runlife_adapters.memory.resources import (
    MessageObject,
    RunObject,
    RunStepObject,
    to_wire,
    whole,
)
from runlife_adapters.memory.rules import RunSeen
from runlife_adapters.memory.schedule import Schedule
from runlife_adapters.memory.seeding.past import Claim, check_facts, live_through
from runlife_adapters.memory.seeding.seeds import (
    CONFIGURED,
    Details,
    Seed,
    agrees,
    calls_of,
    content_of,
    settings_of,
)
from runlife_adapters.memory.seeding.things import KINDS, PlainDraft, merged, put

if TYPE_CHECKING:
    from runlife_adapters.memory.resources import Json, Resource
    from runlife_adapters.memory.rules import Rules
    from runlife_adapters.memory.store import Store

__all__ = ["Draft"]

_STAMPS = ("started_at", "completed_at", "failed_at", "cancelled_at")
_VALUES = ("required_action", "last_error", "incomplete_details", "usage")
_STEP_STAMPS = ("completed_at", "failed_at", "cancelled_at", "expired_at")


class Draft(PlainDraft):
    """Records that are about to be put in.

    :param store: what is there; nothing in it changes before :meth:`commit`.
    :param now: when they are put in, in unix seconds.
    :param run_ttl: how many seconds a run lives unless it says when it expires.
    """

    def __init__(self, store: Store, lifecycle: Lifecycle[RunStatus], *, now: float, run_ttl: float) -> None:
        super().__init__(store, now)
        self._lifecycle = lifecycle
        self._run_ttl = run_ttl
        self._messages: dict[str, MessageRecord] = {}
        self._runs: dict[str, RunRecord] = {}
        self._steps: dict[str, tuple[RunRecord, StepRecord]] = {}

    @property
    def runs(self) -> Sequence[RunRecord]:
        """The runs that are put in, in the order in which they were created."""
        return sorted(self._runs.values(), key=lambda record: whole(record.run.created_at))

    # Reading

    def read(self, objects: Iterable[object]) -> None:
        """Read wire objects.

        :raises MisuseError: naming the object and the field, when one cannot be put in.
        """
        self._take(objects)
        readers: Mapping[str, Callable[[Seed], None]] = {
            "file": self._read_file,
            "vector_store": self._read_vector_store,
            "vector_store.file_batch": self._read_batch,
            "assistant": self._read_assistant,
            "thread": self._read_thread,
            "thread.run": self._read_run,
            "thread.message": self._read_message,
            "thread.run.step": self._read_step,
        }
        for kind in KINDS:
            for seed in self._of(kind):
                readers[kind](seed)
        self._check_vector_stores()
        self._check_locks()
        self._open_steps()

    # Runs

    def _read_run(self, seed: Seed) -> None:
        seed.check_names(RunObject)
        seed.check(*CONFIGURED, "truncation_strategy", "tool_choice")
        status = seed.text("status") or self._lifecycle.creations[0].target.value
        facts = seed.facts(*_STAMPS, *_VALUES)
        if "expires_at" in seed.said:
            facts["expires_at"] = seed.time("expires_at")
        check_facts(self._lifecycle, seed.what, status, facts)  # before times are compared that must be null
        created_at, expires_at = self._lifetime(seed, status, facts)
        thread, assistant = self._thread(seed.text("thread_id"), created_at), self._assistant(seed)
        settings = settings_of(seed, assistant)
        action = facts.get("required_action")
        claim = Claim(
            what=seed.what,
            status=status,
            facts=facts,
            born={
                "id": seed.id,
                "thread_id": thread.id,
                "expires_after": expires_at - created_at,
                "max_prompt_tokens": seed.said.get("max_prompt_tokens"),
                "max_completion_tokens": seed.said.get("max_completion_tokens"),
            },
            arguments={
                "tool_calls": action.tool_calls if action else self._calls(seed, status, settings.tools),
                **{name: facts[name] for name in ("last_error",) if facts.get(name)},
                **({"reason": details.reason} if (details := facts.get("incomplete_details")) else {}),
            },
            created_at=created_at,
            now=self._now,
        )
        run = live_through(Run, self._lifecycle, claim)
        record = self._runs[seed.id] = RunRecord(run, 0, settings, thread, Schedule(), 0)
        agrees(seed, record.view(), "created_at", "thread_id", "assistant_id")

    def _lifetime(self, seed: Seed, status: str, facts: Json) -> tuple[float, float]:
        """Return when a run was created, and when its time is over."""
        stamps: list[float] = [facts[name] for name in _STAMPS if facts.get(name) is not None]
        timed = any(r.target == status and r.cause is Cause.TIMER for r in self._lifecycle.transitions)
        said = seed.past("created_at")
        latest = floor(self._now - self._run_ttl) if timed and not stamps else floor(self._now)
        created_at = min([*stamps, latest]) if said is None else said
        expires_at: float = created_at + self._run_ttl
        if status in self._lifecycle.live:
            expires_at = facts.get("expires_at") or expires_at
            if expires_at <= self._now:
                over = f"a run that is {status!r} and was created at {created_at:g} would have expired at "
                raise seed.refuse("expires_at", f"{over}{expires_at:g}; it is {self._now:g}")
        elif timed:
            expires_at = min(expires_at, self._now)
            if expires_at <= (begun := max([created_at, *stamps])):
                raise seed.refuse("created_at", f"a run that was active at {begun:g} has not expired by then")
        else:
            expires_at = max([expires_at, created_at + 1, *(moment + 1 for moment in stamps)])
        return created_at, expires_at

    def _calls(self, seed: Seed, status: str, tools: Iterable[Json]) -> Sequence[ToolCall]:
        """Return what a run calls that does not say: what its step does, else its first function."""
        asks = {r.event for r in self._lifecycle.transitions if r.target == status}
        if not any(a.name == "tool_calls" for e in asks for a in self._lifecycle.arguments.get(e, ())):
            return (ToolCall(f"call_of_{seed.id}", UNNAMED_FUNCTION),)  # of a round that is over, and unseen
        for step in self._of("thread.run.step"):
            if step.said.get("run_id") == seed.id and (said := calls_of(step)).calls and not said.outputs:
                return said.calls
        names = (tool["function"]["name"] for tool in tools if tool["type"] == "function")
        return (ToolCall(self._draw(Kind.TOOL_CALL), next(names, UNNAMED_FUNCTION)),)

    def _check_locks(self) -> None:
        """Refuse runs that were active on one thread at the same time."""
        for thread in {record.thread.id: record.thread for record in self._runs.values()}.values():
            more = {id: record for id, record in self._runs.items() if record.thread is thread}
            runs = merged(thread.runs, more, lambda record: whole(record.run.created_at))
            for (earlier_id, earlier), (later_id, later) in pairwise(runs.items()):
                ended = whole(earlier.run.journal[-1].at)
                if earlier.run.is_active or ended > whole(later.run.created_at):
                    msg = (
                        f"thread.run {later_id!r}: thread_id: on {thread.id!r}, {earlier_id!r} was still "
                        f"active at {whole(later.run.created_at)}; one run at a time locks a thread"
                    )
                    raise MisuseError(msg)

    # Messages and steps

    def _read_message(self, seed: Seed) -> None:
        facts = seed.facts("completed_at", "incomplete_at", "incomplete_details")
        seed.check_names(MessageObject, "status", *facts)
        seed.check("attachments", "metadata")
        run_id, thread_id = seed.text("run_id"), seed.text("thread_id")
        run = None if run_id is None else self._run(run_id)  # one that is not there is as good as deleted
        if thread_id is None and run is None:
            raise seed.refuse("thread_id", "a message belongs to a thread; none is given")
        role = seed.said.get("role", "user" if run_id is None else "assistant")
        if role not in ROLES:
            raise seed.refuse("role", f"expected {' or '.join(map(repr, ROLES))}, got {role!r}")
        created_at = seed.created(facts, floor(self._now))
        if run is not None and thread_id not in (None, run.thread.id):
            raise seed.refuse("thread_id", f"its run is on {run.thread.id!r}, got {thread_id!r}")
        thread = run.thread if run is not None else self._thread(thread_id, created_at)
        cut = facts.get("incomplete_at") is not None or facts.get("incomplete_details") is not None
        status = seed.text("status") or ("incomplete" if cut else "completed")
        if status in MESSAGE.live:
            raise seed.refuse(
                "status", "a message that is being written belongs to a turn, which begins anew"
            )
        details = facts.get("incomplete_details")
        claim = Claim(
            what=seed.what,
            status=status,
            facts=facts,
            born={"id": seed.id, "run_id": run_id},
            arguments={"reason": details.reason} if details else {},
            created_at=created_at,
            now=max(self._now, created_at),
        )
        usual = run.settings.assistant_id if run is not None else None
        message = self._messages[seed.id] = MessageRecord(
            message=live_through(Message, MESSAGE, claim),
            thread_id=thread.id,
            role=role,
            content=content_of(seed),
            attachments=tuple(to_wire(seed.said.get("attachments") or ())),
            metadata=to_wire(seed.said.get("metadata") or {}),
            assistant_id=seed.text("assistant_id") if "assistant_id" in seed.said else usual,
        )
        agrees(seed, message.view())

    def _run(self, id: str) -> RunRecord | None:
        """Return a run whose thread is there."""
        record = self._runs.get(id) or self._store.runs.get(id)
        if record is None or record.thread.id not in {**self._store.threads, **self._threads}:
            return None
        return record

    def _read_step(self, seed: Seed) -> None:
        seed.check_names(RunStepObject, "expired_at", "metadata")
        if seed.said.get("metadata"):
            raise seed.refuse("metadata", "a step has none on the wire")
        run_id = seed.text("run_id")
        record = None if run_id is None else self._run(run_id)
        if record is None:
            raise seed.refuse("run_id", f"a step belongs to a run; there is no {run_id!r}")
        run, facts = record.run, seed.facts(*_STEP_STAMPS, "last_error", "usage")
        message, details = self._details(seed, record)
        action = run.required_action
        waits = action is not None and details.calls == action.tool_calls and not details.outputs
        status = seed.text("status") or ("in_progress" if waits else "completed")
        if status in RUN_STEP.live and not waits:
            raise seed.refuse(
                "status",
                "a step is open while its run waits for the outputs of its calls, and those alone; "
                f"that of a turn opens when its run is put in, and the run is {run.status.value!r}",
            )
        begun = whole(run.started_at if run.started_at is not None else run.created_at)
        created_at = seed.created(facts, begun)
        if created_at < whole(run.created_at):
            raise seed.refuse("created_at", f"its run was created at {whole(run.created_at)}")
        ends_by = [moment + 1 for moment in (created_at, *(v for v in facts.values() if isinstance(v, int)))]
        timed = any(r.target == status and r.cause is Cause.TIMER for r in RUN_STEP.transitions)
        over = facts.get("expired_at") or run.journal[-1].at
        claim = Claim(
            what=seed.what,
            status=status,
            facts=facts,
            born={
                "id": seed.id,
                "run_id": run.id,
                "expires_at": over if timed else max(ends_by) if run.expires_at is None else run.expires_at,
            },
            arguments={"last_error": facts["last_error"]} if facts.get("last_error") else {},
            created_at=created_at,
            now=self._now,
            unseen=frozenset(["usage"]),
        )
        step = StepRecord(
            live_through(RunStep, RUN_STEP, claim),
            message,
            details.calls,
            details.outputs,
            details.ran,
            facts.get("usage"),
        )
        self._steps[seed.id] = (record, step)
        agrees(seed, record.view_step(step), "thread_id", "assistant_id", "type", "expires_at")

    def _details(self, seed: Seed, record: RunRecord) -> tuple[MessageRecord | None, Details]:
        """Return the message that a step writes, or what it does otherwise."""
        said = seed.said.get("step_details")
        if said is not None and not isinstance(said, Mapping):
            raise seed.refuse("step_details", f"expected an object, got {said!r}")
        given = cast("dict[str, Any]", said or {})
        claimed = {step.message.message.id for _, step in self._steps.values() if step.message is not None}
        written = [
            m for id, m in self._messages.items() if m.message.run_id == record.run.id and id not in claimed
        ]
        usual = "message_creation" if written and not given.get("tool_calls") else "tool_calls"
        kind = seed.text("type") or given.get("type") or usual
        if kind == "tool_calls":
            return None, calls_of(seed)
        if kind != "message_creation":
            raise seed.refuse("type", f"expected 'message_creation' or 'tool_calls', got {kind!r}")
        with seed.reading("step_details"):
            id = given.get(kind, {}).get("message_id")
            check_kind("message_id", id, str, NONE)
        if id is None and written:
            return written[0], Details()
        message = self._messages.get(id) or record.thread.messages.get(id) if id is not None else None
        if message is None or message.message.run_id != record.run.id:
            raise seed.refuse("step_details", f"its run wrote no message {id!r}")
        return message, Details()

    def _open_steps(self) -> None:
        """Open the steps that wait for outputs, of runs that do and have none."""
        waiting = {id for id, (_, step) in self._steps.items() if not step.step.is_terminal}
        served = {self._steps[id][0].run.id for id in waiting}
        for run_id, record in self._runs.items():
            run = record.run
            if run.required_action is None or run_id in served:
                continue
            step = RunStep.create(
                event="begin",
                id=self._draw(Kind.RUN_STEP),
                run_id=run_id,
                expires_at=run.expires_at,
                now=run.started_at or run.created_at,
            )
            self._steps[step.id] = (record, StepRecord(step, None, run.required_action.tool_calls))

    # Putting in

    def commit(self, rules: Rules, context_limit: int) -> None:
        """Put everything in. Runs that are active have still to be entered on the server's agenda."""
        self._commit_plain()
        store = self._store
        for message in self._messages.values():
            store.threads[message.thread_id].keep(message)
        for record, step in self._steps.values():
            record.steps[step.step.id] = step
        for record in self.runs:
            record.order, record.context_limit = next(store.created), context_limit
            record.thread.runs[record.run.id] = store.runs[record.run.id] = record
            record.visits = Counter(RunStatus(happened.target) for happened in record.run.journal[:-1])
            record.told = record.run.version
        touched = {record.thread.id for record in self.runs} | {m.thread_id for m in self._messages.values()}
        for thread in (store.threads[id] for id in touched):
            put(thread.messages, {}, lambda message: whole(message.message.created_at))
            put(thread.runs, {}, lambda record: whole(record.run.created_at))
        for record, _ in self._steps.values():
            put(record.steps, {}, lambda step: whole(step.step.created_at))
        for record in self.runs:
            assistant = store.assistants[record.settings.assistant_id]
            record.schedule = rules.schedule_for(RunSeen.of(assistant, record.settings, record.thread))

    def views(self) -> tuple[Resource, ...]:
        """Return what was put in, as it is now, in the order in which it was given."""
        return tuple(self._view(KINDS[seed.kind], seed.id) for seed in self._seeds)

    def _view(self, kind: Kind, id: str) -> Resource:
        if kind is Kind.RUN_STEP:
            record, step = self._steps[id]
            return record.view_step(step)
        if kind is Kind.RUN:
            return self._runs[id].view()
        if kind is Kind.MESSAGE:
            return self._messages[id].view()
        return self._view_plain(kind, id)
