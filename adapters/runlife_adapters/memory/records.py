"""What the fake keeps: the engine's instances, and what they are configured with.

A record is mutable and stays inside the World; what leaves it is a :meth:`view`, a snapshot.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import Factory, define, field, frozen

from runlife import Message, Run, RunStatus, RunStep, ToolCall, ToolOutput, Usage
from runlife_adapters.memory.builtin import BuiltinStep
from runlife_adapters.memory.context import visible
from runlife_adapters.memory.events import Ear
from runlife_adapters.memory.model import Context, Said, ToolRound, Turn
from runlife_adapters.memory.moves import NO_LIMITS, Beat, Limits, Move
from runlife_adapters.memory.resources import (
    Json,
    MessageObject,
    RunObject,
    RunStepObject,
    ThreadObject,
    field_values,
    shown_resources,
    text_part,
    to_wire,
    whole,
)
from runlife_adapters.memory.schedule import After, Schedule
from runlife_adapters.memory.witness import Witness

__all__ = [
    "MessageRecord",
    "RunRecord",
    "RunSettings",
    "StepRecord",
    "ThreadRecord",
    "shown_files",
]


_USUAL = After()
"""What a schedule says where it says nothing."""


def shown_files(content: Iterable[Json]) -> list[str]:
    """Return the ids of the files that the parts of a message show."""
    return [part["image_file"]["file_id"] for part in content if part["type"] == "image_file"]


@define(eq=False)
class MessageRecord:
    """A message: its lifecycle, and what it says."""

    message: Message
    thread_id: str
    role: str
    _content: tuple[Json, ...] = field(alias="content")
    attachments: tuple[Json, ...] = ()
    metadata: Mapping[str, str] = field(factory=dict[str, str])
    assistant_id: str | None = None
    _pieces: list[str] = field(init=False, factory=list[str])
    """What it says so far, as long as it is being written: joined when somebody looks."""

    @property
    def content(self) -> tuple[Json, ...]:
        """Its parts, as far as they have come."""
        if not self._pieces:
            return self._content
        self._pieces = ["".join(self._pieces)]
        return (text_part(self._pieces[0]),)

    def say(self, more: str) -> bool:
        """Add a piece to what it says, and say whether that was the first."""
        self._pieces.append(more)
        return len(self._pieces) == 1

    def finish(self, text: str) -> None:
        """Have it say this, whatever it has said so far."""
        self._pieces, self._content = [], (text_part(text),)

    @property
    def files(self) -> list[str]:
        """The ids of the files that it attaches or shows."""
        attached = (file["file_id"] for file in self.attachments if file.get("file_id") is not None)
        return [*attached, *shown_files(self._content)]

    @property
    def text(self) -> str:
        """The text parts, together."""
        return "".join(part["text"]["value"] for part in self.content if part["type"] == "text")

    def view(self) -> MessageObject:
        """Return the message as it is now."""
        return MessageObject(
            id=self.message.id,
            created_at=whole(self.message.created_at),
            assistant_id=self.assistant_id,
            thread_id=self.thread_id,
            run_id=self.message.run_id,
            role=self.role,
            content=self.content,
            attachments=self.attachments,
            metadata=self.metadata,
        )

    def told(self) -> Json:
        """Return the message as the events of a stream show it: with its status (recorded)."""
        message, said = self.message, self.view().to_json()
        life = {
            "status": message.status.value,
            "incomplete_details": to_wire(message.incomplete_details),
            "incomplete_at": whole(message.incomplete_at),
            "completed_at": whole(message.completed_at),
        }
        head = {name: said.pop(name) for name in ("id", "object", "created_at", "assistant_id")}
        return {**head, "thread_id": said.pop("thread_id"), "run_id": said.pop("run_id"), **life, **said}


@define(eq=False)
class ThreadRecord:
    """A thread, with its messages and its runs, each oldest first."""

    id: str
    created_at: float
    metadata: Mapping[str, str]
    tool_resources: Json
    messages: dict[str, MessageRecord] = field(factory=dict[str, MessageRecord])
    runs: dict[str, RunRecord] = field(factory=dict[str, "RunRecord"])
    files: dict[str, None] = field(factory=dict[str, None])
    """The ids of the files that its messages have named, also those deleted: it is never too few."""
    asked: int = 0
    """When somebody last asked about it, among all such moments."""

    def keep(self, *messages: MessageRecord) -> None:
        """Add messages at the end."""
        for message in messages:
            self.messages[message.message.id] = message
            self.files.update(dict.fromkeys(message.files))

    @property
    def active_run_id(self) -> str | None:
        """The run that locks the thread. Only the latest can: it would not exist beside another."""
        latest = next(reversed(self.runs.values()), None)
        return latest.run.id if latest is not None and latest.run.is_active else None

    @property
    def is_done(self) -> bool:
        """Whether it has had runs, all are over, and clients have been told so."""
        return bool(self.runs) and all(record.seen for record in self.runs.values())

    def told(self) -> Json:
        """Return the thread as the events of a stream show it: with its code interpreter (recorded)."""
        said = self.view().to_json()
        return {**said, "tool_resources": said["tool_resources"] or shown_resources()}

    def view(self) -> ThreadObject:
        """Return the thread as it is now."""
        return ThreadObject(
            id=self.id,
            created_at=whole(self.created_at),
            metadata=self.metadata,
            tool_resources=self.tool_resources,
        )


@frozen(kw_only=True)
class RunSettings:
    """What a run is configured with; it never decides a move."""

    assistant_id: str
    model: str
    instructions: str | None
    tools: tuple[Json, ...]
    tool_resources: Json
    metadata: Mapping[str, str]
    temperature: float | None
    top_p: float | None
    reasoning_effort: str | None
    truncation_strategy: Json
    response_format: Any
    tool_choice: Any
    parallel_tool_calls: bool


@define(eq=False)
class StepRecord:
    """A step: its lifecycle, and either the message it writes or the calls it makes."""

    step: RunStep
    message: MessageRecord | None
    calls: tuple[ToolCall, ...] = ()
    outputs: tuple[ToolOutput, ...] = ()
    ran: tuple[str, BuiltinStep] | None = None
    """The call of a tool of the service's own, with its id, once it is over."""
    spent: Usage | None = None

    @property
    def type(self) -> str:
        """Its type in the API's words."""
        return "tool_calls" if self.message is None else "message_creation"

    def details(self, *, content: bool) -> Json:
        """Return its details as they stand on the wire, with or without the content that was found."""
        if self.message is not None:
            return {"type": self.type, self.type: {"message_id": self.message.message.id}}
        if self.ran is not None:
            call_id, tool = self.ran
            call = {"id": call_id, "type": tool.type, tool.type: tool.body(content=content)}
            return {"type": self.type, self.type: [call]}
        outputs = {output.tool_call_id: output.output for output in self.outputs}
        calls = [to_wire(call) for call in self.calls]
        for call in calls:
            call["function"]["output"] = outputs.get(call["id"])
        return {"type": self.type, self.type: calls}


@define(eq=False)
class RunRecord:
    """A run: its lifecycle, its steps, and what the server is about to do with it."""

    run: Run
    order: int
    """How many runs were created before it."""
    settings: RunSettings
    thread: ThreadRecord
    schedule: Schedule
    context_limit: int
    """How many tokens the model can read."""
    steps: dict[str, StepRecord] = field(factory=dict[str, StepRecord])
    visits: Counter[RunStatus] = field(factory=Counter[RunStatus])
    turn: Turn | None = None
    """What the model does in the current round."""
    after: After = _USUAL
    """What the schedule says about the current visit."""
    move: Move | None = None
    deferred: bool = False
    """Whether its turn is not taken before somebody says that it goes on."""
    beats: deque[Beat] = field(factory=deque[Beat])
    """What is still to happen in the current turn, before the move that ends it."""
    began: float = 0.0
    """When the step began with which the current turn ends."""
    streams: list[Ear] = field(factory=list[Ear])
    piecewise: bool = False
    """Whether what the current turn says is said piece by piece."""
    seen: bool = False
    """Whether a client has been told that it is over."""
    told: int = 0
    """How many of its transitions the listeners of the World have been told."""
    calls: int = 0
    """How many calls of clients were about it."""
    witness: Witness | None = None
    """Who stands before it, where clients do not see it themselves."""
    limits: Limits = NO_LIMITS
    """Those of its current round alone."""
    hurried: bool = False
    """Whether a client waits on the line for its current round, as one who streams does."""
    before: tuple[ToolRound, ...] = ()
    """Tool rounds that came with its input: others' than its own."""
    expires_at: float | None = field(
        init=False, default=Factory(lambda self: self.run.expires_at, takes_self=True)
    )
    """When it expires: the engine forgets it when the run ends, and its last step may be opened then."""

    _viewed: tuple[int, RunSettings, RunObject] | None = field(init=False, default=None)
    """What was shown last, with what that hung on: clients poll far more often than runs move."""

    @property
    def open_step(self) -> StepRecord | None:
        """The step that is not over; there is at most one."""
        latest = next(reversed(self.steps.values()), None)
        return None if latest is None or latest.step.is_terminal else latest

    def upcoming(self, status: RunStatus) -> After:
        """Return what the schedule says about the next visit of a status."""
        entries, visit = self.schedule.entries(status), self.visits[status]
        return entries[visit] if visit < len(entries) else _USUAL

    def context(self) -> Context:
        """Return what the model sees now."""
        settings, run = self.settings, self.run
        done = (step for step in self.steps.values() if step.outputs)
        context = Context(
            model=settings.model,
            instructions=settings.instructions,
            messages=tuple(Said(message.role, message.text) for message in self.thread.messages.values()),
            tools=tuple(to_wire(settings.tools)),
            tool_choice=to_wire(settings.tool_choice),
            rounds=(*self.before, *(ToolRound(step.calls, step.outputs) for step in done)),
            parallel_tool_calls=settings.parallel_tool_calls,
            response_format=to_wire(settings.response_format),
        )
        most = self.context_limit
        if run.max_prompt_tokens is not None:
            most = min(most, run.max_prompt_tokens - run.spent.prompt_tokens)
        return visible(context, settings.truncation_strategy["last_messages"], most)

    def deadline(self) -> float | None:
        """Return when it expires, in unix seconds; a hidden run does not, within any World's time."""
        return self.run.next_deadline() if self.witness is None else None

    def listeners(self) -> list[Ear]:
        """Return the streams that are still read, and drop those that were left."""
        for stream in self.streams:
            if stream.left:
                self.streams = [stream for stream in self.streams if not stream.left]
                break
        return self.streams

    def see(self) -> None:
        """Note that a client is told how it stands."""
        self.seen = self.seen or self.run.is_terminal

    def show(self) -> RunObject:
        """Return the run as it is now, to a client."""
        self.see()
        return self.view()

    def view(self) -> RunObject:
        """Return the run as it is now; as long as nothing changes, the same object."""
        key = self.run.version, self.settings
        if self._viewed is None or self._viewed[0] != key[0] or self._viewed[1] is not key[1]:
            self._viewed = (*key, self._view())
        return self._viewed[2]

    def _view(self) -> RunObject:
        run = self.run
        return RunObject(
            id=run.id,
            created_at=whole(run.created_at),
            thread_id=self.thread.id,
            status=run.status,
            started_at=whole(run.started_at),
            expires_at=whole(run.expires_at),
            cancelled_at=whole(run.cancelled_at),
            failed_at=whole(run.failed_at),
            completed_at=whole(run.completed_at),
            required_action=run.required_action,
            last_error=run.last_error,
            max_completion_tokens=run.max_completion_tokens,
            max_prompt_tokens=run.max_prompt_tokens,
            incomplete_details=run.incomplete_details,
            usage=run.usage,
            **field_values(self.settings),
        )

    def told_run(self) -> Json:
        """Return the run as the events of a stream show it: with its code interpreter (recorded)."""
        said = self.view().to_json()
        return {**said, "tool_resources": said["tool_resources"] or shown_resources()}

    def view_step(self, record: StepRecord, *, content: bool = False) -> RunStepObject:
        """Return one of its steps as it is now, with or without the content that a search found."""
        step = record.step
        return RunStepObject(
            id=step.id,
            created_at=whole(step.created_at),
            run_id=self.run.id,
            assistant_id=self.settings.assistant_id,
            thread_id=self.thread.id,
            type=record.type,
            status=step.status,
            cancelled_at=whole(step.cancelled_at),
            completed_at=whole(step.completed_at),
            expires_at=whole(self.run.expires_at),
            failed_at=whole(step.failed_at),
            last_error=step.last_error,
            step_details=record.details(content=content),
            usage=record.spent if step.is_terminal else None,
        )

    def told_step(self, record: StepRecord, *, content: bool) -> Json:
        """Return a step as the events of a stream show it: when it would expire stays (recorded)."""
        return {
            **self.view_step(record, content=content).to_json(),
            "expires_at": whole(self.expires_at),
        }
