"""What a run leaves behind: its steps and the messages they write, and how its streams are told.

Every change is told at once to whoever streams the run, in the order of recorded streams: a step
before the message it writes when they begin, after it when they end, and the run itself last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runlife import Message, RunStep, Usage
from runlife_adapters.memory.events import StreamEvent
from runlife_adapters.memory.ids import Ids, Kind
from runlife_adapters.memory.records import MessageRecord, RunRecord, StepRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife import ToolOutput
    from runlife_adapters.memory.builtin import BuiltinStep
    from runlife_adapters.memory.resources import Json

__all__ = ["ENDINGS", "Ending", "Steps"]


class Ending(NamedTuple):
    """How the end of a run closes its open step, and the message that the step writes."""

    step: str | None
    """The event of the step; None when its own timer ends it."""
    message: str | None
    """Why the message is incomplete; None when it is not."""


ENDINGS: Mapping[str, Ending] = {
    "complete": Ending("complete", None),
    "cut_short": Ending("complete", "max_tokens"),
    "fail": Ending("fail", "run_failed"),
    "confirm_cancel": Ending("cancel", "run_cancelled"),
    "expire": Ending(None, "run_expired"),
}
"""By the event that ends the run. The step of a run that was cut short is completed (recorded)."""


class Steps:
    """Opens and closes the steps of the runs of one World."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    # Opening

    def open_calls(self, record: RunRecord, now: float) -> StepRecord:
        """Open a step that makes calls."""
        return self._open(record, None, now)

    def open_message(self, record: RunRecord, now: float) -> StepRecord:
        """Open a step that writes a message, and the message."""
        message = MessageRecord(
            message=Message.create(
                event="begin", id=self._ids.new(Kind.MESSAGE), run_id=record.run.id, now=now
            ),
            thread_id=record.thread.id,
            role="assistant",
            content=(),
            assistant_id=record.settings.assistant_id,
        )
        record.thread.keep(message)
        step = self._open(record, message, now)
        tell_message(record, message, "created", message.message.status.value)
        return step

    def _open(self, record: RunRecord, message: MessageRecord | None, now: float) -> StepRecord:
        step = RunStep.create(
            event="begin",
            id=self._ids.new(Kind.RUN_STEP),
            run_id=record.run.id,
            expires_at=record.expires_at,
            now=now,
        )
        opened = record.steps[step.id] = StepRecord(step, message)
        tell_step(record, opened, "created", step.status.value)
        return opened

    # Closing

    def ran(self, record: RunRecord, step: StepRecord, call_id: str, tool: BuiltinStep, now: float) -> None:
        """Complete the step of a tool of the service's own. What it cost is the turn's."""
        step.ran = (call_id, tool)
        _close_step(record, step, "complete", now, {"usage": Usage(0, 0)})

    def answered(self, record: RunRecord, outputs: Mapping[str, ToolOutput], now: float) -> None:
        """Complete the step whose calls the client has just answered."""
        step = record.open_step
        if step is not None:
            step.outputs = tuple(outputs[call.id] for call in step.calls)
            _close_step(record, step, "complete", now, {})

    def abandon(self, record: RunRecord, now: float) -> None:
        """Close the open step, which is not how the turn ends after all, and drop its message."""
        step = record.open_step
        if step is None:
            return
        if step.message is not None:
            record.thread.messages.pop(step.message.message.id, None)
        _close_step(record, step, "cancel", now, {})

    def close(self, record: RunRecord, event: str, now: float, payload: Json, text: str | None) -> None:
        """Close what the run leaves open when it ends. A run that answers has its message."""
        ending, step = ENDINGS[event], record.open_step
        answers = event == "complete" or (event == "cut_short" and text is not None)
        if answers and (step is None or step.message is None):
            if step is not None:
                _close_step(record, step, "cancel", now, {})
            step = self.open_message(record, now)
        if step is None:
            return
        if step.message is not None:
            filtered = payload.get("reason") == "content_filter" and ending.message is not None
            why = "content_filter" if filtered else ending.message
            _close_message(record, step.message, text, why, now)
        _close_step(record, step, ending.step, now, payload)


def _close_message(
    record: RunRecord, message: MessageRecord, text: str | None, why: str | None, now: float
) -> None:
    """Close a message; ``why`` says why it is incomplete, if it is. What was not yet told is told first."""
    if text is not None:
        so_far = message.text
        if rest := text.removeprefix(so_far) if text.startswith(so_far) else "":
            tell_text(record, message, rest)
        message.finish(text)
    if why is None:
        message.message.apply("complete", now=now)
    else:
        message.message.apply("cut_short", now=now, reason=why)
    tell_message(record, message, message.message.status.value)


def _close_step(record: RunRecord, step: StepRecord, event: str | None, now: float, payload: Json) -> None:
    more: Usage | None = payload.get("usage")
    if more is not None:
        step.spent = more if step.spent is None else step.spent + more
    if event is None:
        step.step.handle_timeout(now)
    else:
        arguments = {argument.name for argument in step.step.lifecycle.arguments[event]}
        taken = {name: value for name, value in payload.items() if name in arguments}
        step.step.apply(event, now=now, **{**taken, "usage": step.spent})
    tell_step(record, step, step.step.status.value)


# Telling


def tell(record: RunRecord, name: str, data: Json) -> None:
    """Add an event to the streams of a run."""
    for stream in record.listeners():
        stream.add(StreamEvent(name, data))


def tell_run(record: RunRecord, *names: str) -> None:
    """Tell how the run stands now, under each of the names."""
    if record.listeners():
        data = record.told_run()
        for name in names:
            tell(record, f"thread.run.{name}", data)


def tell_step(record: RunRecord, step: StepRecord, *names: str) -> None:
    """Tell how a step stands now, under each of the names."""
    for stream in record.listeners():
        data = record.told_step(step, content=stream.content)
        for name in names:
            stream.add(StreamEvent(f"thread.run.step.{name}", data))


def tell_message(record: RunRecord, message: MessageRecord, *names: str) -> None:
    """Tell how a message stands now, under each of the names."""
    if record.listeners():
        data = message.told()
        for name in names:
            tell(record, f"thread.message.{name}", data)


def tell_text(record: RunRecord, message: MessageRecord, more: str) -> None:
    """Add a piece to what a message says so far, and tell it. The first piece brings the annotations."""
    first = message.say(more)
    if record.listeners():
        text: Json = {"value": more, "annotations": []} if first else {"value": more}
        delta = {"content": [{"index": 0, "type": "text", "text": text}]}
        data = {"id": message.message.id, "object": "thread.message.delta", "delta": delta}
        tell(record, "thread.message.delta", data)


def tell_call(record: RunRecord, step: StepRecord, call: Json) -> None:
    """Tell a piece of a call that a step makes."""
    if not record.listeners():
        return
    details = {"type": step.type, step.type: [call]}
    data = {"id": step.step.id, "object": "thread.run.step.delta", "delta": {"step_details": details}}
    tell(record, "thread.run.step.delta", data)
