"""The steps of a run: what its responses put out, as the Assistants surface showed it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from runlife import RunStepStatus
from runlife_adapters.openai.responses.reading import FUNCTION_CALL
from runlife_adapters.openai.responses.requests import Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runlife_adapters.openai.responses.records import RunRecord

__all__ = ["Step", "steps_of"]

StepType = Literal["message_creation", "tool_calls"]

_TYPES: Mapping[str, StepType | None] = {"message": "message_creation", "reasoning": None}
"""What an item is; every other one calls a tool. Reasoning is no step: there was none."""

_ENDED: Mapping[str, RunStepStatus] = {status.value: status for status in RunStepStatus}


@frozen
class Step:
    """One step of a run: the writing of a message, or the calling of tools that were called together."""

    id: str
    """That of its first item."""
    response_id: str
    """The response that put it out."""
    type: StepType
    status: RunStepStatus
    tool_calls: tuple[Json, ...] = ()
    """The calls, in the shape of the Assistants surface; tools that it did not have are shown as they are."""
    message_id: str | None = None
    """The message that was written."""


def steps_of(record: RunRecord) -> Iterator[Step]:
    """Yield the steps of a run, oldest first, as far as was seen."""
    for response_id in record.chain.responses:
        items = [item for item in record.outputs.get(response_id, ()) if _type(item) is not None]
        for kind, group in groupby(items, key=_type):
            together = list(group)
            statuses = [_status(record, item) for item in together]
            if kind == "message_creation":  # each is a step of its own
                for item, status in zip(together, statuses, strict=True):
                    yield Step(_id(item), response_id, kind, status, message_id=_id(item))
            else:
                undone = (status for status in statuses if status is not RunStepStatus.COMPLETED)
                calls = tuple(_call(item, record.given) for item in together)
                yield Step(_id(together[0]), response_id, "tool_calls", next(undone, statuses[0]), calls)


def _type(item: Json) -> StepType | None:
    return _TYPES.get(item.get("type", ""), "tool_calls")


def _id(item: Json) -> str:
    return str(item.get("id", ""))


def _status(record: RunRecord, item: Json) -> RunStepStatus:
    """Return the status of an item: done, or what became of the run that it belonged to."""
    pending = item.get("type") == FUNCTION_CALL and item.get("call_id") not in record.given
    if not pending and item.get("status", "completed") != "in_progress":
        done = item.get("status") != "failed"
        return RunStepStatus.COMPLETED if done else RunStepStatus.FAILED
    if record.run.is_terminal:
        # A step has no `incomplete`: that of a run which was cut short is completed.
        return _ENDED.get(record.run.status.value, RunStepStatus.COMPLETED)
    return RunStepStatus.IN_PROGRESS


def _call(item: Json, given: Mapping[str, str]) -> Json:
    match item:
        case {"type": "function_call", "call_id": str(id), "name": name, "arguments": arguments}:
            function = {"name": name, "arguments": arguments, "output": given.get(id)}
            return {"id": id, "type": "function", "function": function}
        case {"type": "file_search_call", "id": id}:
            return {"id": id, "type": "file_search", "file_search": {"results": item.get("results") or []}}
        case {"type": "code_interpreter_call", "id": id}:
            ran: Json = {"input": item.get("code") or "", "outputs": item.get("outputs") or []}
            return {"id": id, "type": "code_interpreter", "code_interpreter": ran}
        case _:
            return item
