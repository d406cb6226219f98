"""What one World keeps, how it is found, and how threads and messages come into being.

Everything is kept oldest first. The store does no locking and lets no time pass: the World does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from runlife import Message
from runlife_adapters.memory.errors import not_found
from runlife_adapters.memory.ids import Ids, Kind
from runlife_adapters.memory.inputs import content_parts, given
from runlife_adapters.memory.records import MessageRecord, RunRecord, ThreadRecord
from runlife_adapters.memory.resources import to_wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife_adapters.memory.resources import AssistantObject

__all__ = ["Store", "find"]

RecordT = TypeVar("RecordT")


class Store:
    """The assistants, threads and runs of one World."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.assistants: dict[str, AssistantObject] = {}
        self.threads: dict[str, ThreadRecord] = {}
        self.runs: dict[str, RunRecord] = {}
        """Every run there ever was, also those whose thread was deleted."""

    def assistant(self, assistant_id: str) -> AssistantObject:
        """Return an assistant, or raise ApiError."""
        return find(self.assistants, Kind.ASSISTANT, assistant_id)

    def thread(self, thread_id: str) -> ThreadRecord:
        """Return a thread, or raise ApiError."""
        return find(self.threads, Kind.THREAD, thread_id)

    def message(self, thread_id: str, message_id: str) -> MessageRecord:
        """Return a message of a thread, or raise ApiError."""
        return find(self.thread(thread_id).messages, Kind.MESSAGE, message_id)

    def run(self, thread_id: str, run_id: str) -> RunRecord:
        """Return a run of a thread, or raise ApiError."""
        return find(self.thread(thread_id).runs, Kind.RUN, run_id)

    def new_thread(self, wanted: Mapping[str, Any], now: float) -> ThreadRecord:
        """Return a thread that is not yet kept."""
        said = given(wanted)
        thread = ThreadRecord(
            id=self.ids.new(Kind.THREAD),
            created_at=now,
            metadata=to_wire(said.get("metadata", {})),
            tool_resources=to_wire(said.get("tool_resources", {})),
        )
        thread.keep(*(self.new_message(thread.id, m, now) for m in said.get("messages", ())))
        return thread

    def new_message(self, thread_id: str, wanted: Mapping[str, Any], now: float) -> MessageRecord:
        """Return a client's message that its thread does not yet keep."""
        said = given(wanted)
        return MessageRecord(
            message=Message.create(id=self.ids.new(Kind.MESSAGE), now=now),
            thread_id=thread_id,
            role=said["role"],
            content=content_parts(said["content"]),
            attachments=tuple(to_wire(said.get("attachments", ()))),
            metadata=to_wire(said.get("metadata", {})),
        )


def find(records: Mapping[str, RecordT], kind: Kind, id: str) -> RecordT:
    """Return what an id names, or raise ApiError."""
    try:
        return records[id]
    except KeyError:
        raise not_found(kind, id) from None
