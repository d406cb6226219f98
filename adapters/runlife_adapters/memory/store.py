"""What one World keeps, how it is found, and how threads and messages come into being.

Everything is kept oldest first. The store does no locking and lets no time pass: the World does.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from runlife import Message
from runlife_adapters.memory.errors import not_found
from runlife_adapters.memory.filing.store import HELPER_EXPIRY, PATIENCE, FileStore, superfluous
from runlife_adapters.memory.ids import Ids, Kind
from runlife_adapters.memory.inputs import content_parts, given
from runlife_adapters.memory.records import MessageRecord, RunRecord, ThreadRecord, shown_files
from runlife_adapters.memory.resources import to_wire
from runlife_adapters.memory.responses.book import Book

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from runlife_adapters.memory.resources import AssistantObject

__all__ = ["Store", "find"]

RecordT = TypeVar("RecordT")


class Store(FileStore):
    """The assistants, threads, runs, files and vector stores of one World."""

    def __init__(self, ids: Ids) -> None:
        super().__init__(ids)
        self.assistants: dict[str, AssistantObject] = {}
        self.threads: dict[str, ThreadRecord] = {}
        self.runs: dict[str, RunRecord] = {}
        """Every run there ever was, also those whose thread was deleted, unless they were forgotten."""
        self.created = count()
        """How many runs were created."""
        self.book = Book()
        """The responses and conversations."""
        self.created_items = count()
        """How many times items were added to conversations."""
        self._asked = count(1)
        self._grown = self._pause = 0

    def assistant(self, assistant_id: str) -> AssistantObject:
        """Return an assistant, or raise ApiError."""
        return find(self.assistants, Kind.ASSISTANT, assistant_id)

    def thread(self, thread_id: str) -> ThreadRecord:
        """Return a thread that somebody asks about, or raise ApiError."""
        return self.touch(find(self.threads, Kind.THREAD, thread_id))

    def touch(self, thread: ThreadRecord) -> ThreadRecord:
        """Note that somebody asks about a thread just now, and return it."""
        thread.asked = next(self._asked)
        return thread

    def message(self, thread_id: str, message_id: str) -> MessageRecord:
        """Return a message of a thread, or raise ApiError."""
        return find(self.thread(thread_id).messages, Kind.MESSAGE, message_id)

    def run(self, thread_id: str, run_id: str) -> RunRecord:
        """Return a run of a thread, or raise ApiError."""
        return find(self.thread(thread_id).runs, Kind.RUN, run_id)

    def knows(self, kind: Kind, id: str) -> bool:
        """Say whether there is something of a kind by that id, wherever it is."""
        kept: Mapping[Kind, Container[str]] = {
            Kind.ASSISTANT: self.assistants,
            Kind.THREAD: self.threads,
            Kind.RUN: self.runs,
            Kind.FILE: self.files,
            Kind.VECTOR_STORE: self.vector_stores,
            Kind.RESPONSE: self.book.responses,
            Kind.CONVERSATION: self.book.conversations,
        }
        if kind in kept:
            return id in kept[kind]
        within: Mapping[Kind, Iterable[Container[str]]] = {
            Kind.MESSAGE: (thread.messages for thread in self.threads.values()),
            Kind.RUN_STEP: (run.steps for run in self.runs.values()),
            Kind.VECTOR_STORE_FILE_BATCH: (store.batches for store in self.vector_stores.values()),
        }
        return any(id in inner for inner in within.get(kind, ()))

    def forget(self, keep: int) -> None:
        """Note that something has come into being, and now and then forget what nobody misses.

        Theory of operation. To be bounded is to forget, and no client may be surprised by it. So three
        things differ. What is *in use* always stays: threads with an active run, and whatever is named by
        something that stays. Of what is *done with*, ``keep`` of a kind stay: threads whose runs are all
        over and whose clients have been told so, and files and vector stores that were used once. Of
        everything else, which somebody may still come for, :data:`PATIENCE` times as many stay: threads
        without a run, or with an end that nobody has read; assistants; files and vector stores that were
        never used. Of threads those go first that nobody has asked about for the longest time, of other
        things the oldest.

        After a pass there is none before a quarter has come of what the pass left to look through, so that a
        creation costs next to nothing however much is alive. Messages are never looked at: what files
        theirs name, a thread knows.
        """
        self._grown += 1
        if self._grown < self._pause:
            return
        self._forget_threads(keep)
        for run_id in self.book.forget(keep):
            self.runs.pop(run_id, None)
        used = {record.settings.assistant_id for record in self.runs.values()}
        for id in superfluous(self.assistants, used, PATIENCE * keep):
            del self.assistants[id]
        resources = [
            *(assistant.tool_resources for assistant in self.assistants.values()),
            *(thread.tool_resources for thread in self.threads.values()),
            *(record.settings.tool_resources for record in self.runs.values()),
        ]
        named = (id for thread in self.threads.values() for id in thread.files)
        looked_at = self.forget_files(resources, named, keep)
        self._grown = 0
        looked_at += len(self.threads) + len(self.runs) + len(self.assistants)
        self._pause = max(keep, looked_at // 4)

    def _forget_threads(self, keep: int) -> None:
        free = [thread for thread in self.threads.values() if thread.active_run_id is None]
        free.sort(key=lambda thread: thread.asked)
        done = [thread.id for thread in free if thread.is_done]
        others = [thread.id for thread in free if not thread.is_done]
        for id in (*superfluous(done, (), keep), *superfluous(others, (), PATIENCE * keep)):
            for run_id in self.threads.pop(id).runs:
                self.runs.pop(run_id, None)
        orphans = [
            id
            for id, record in self.runs.items()
            if record.thread.id not in self.threads and record.witness is None
        ]
        alive = {id for id in orphans if not self.runs[id].run.is_terminal}
        for id in superfluous(orphans, alive, keep):
            del self.runs[id]

    def new_thread(self, wanted: Mapping[str, Any], now: float) -> ThreadRecord:
        """Return a thread that is not yet kept; what its tool resources describe does not exist before."""
        said = given(wanted)
        resources, messages = said.get("tool_resources", {}), said.get("messages", ())
        self.check_resources(resources, now)
        self.check_attachments(resources, [a for m in messages for a in m.get("attachments") or ()], now)
        thread = ThreadRecord(
            id=self.ids.new(Kind.THREAD),
            created_at=now,
            metadata=to_wire(said.get("metadata", {})),
            tool_resources=to_wire(resources),
        )
        thread.keep(*(self.new_message(thread, m, now) for m in messages))
        return thread

    def keep_thread(self, thread: ThreadRecord, now: float) -> None:
        """Keep a new thread. What its tool resources describe, and its messages attach, comes into being."""
        thread.tool_resources = self.provide(thread.tool_resources, now, HELPER_EXPIRY)
        self._attach(thread, thread.messages.values(), now)
        self.threads[thread.id] = self.touch(thread)

    def new_message(self, thread: ThreadRecord, wanted: Mapping[str, Any], now: float) -> MessageRecord:
        """Return a client's message that its thread does not yet keep."""
        said = given(wanted)
        self.check_attachments(thread.tool_resources, said.get("attachments", ()), now)
        content = content_parts(said["content"])
        self.check_files(shown_files(content), now)
        return MessageRecord(
            message=Message.create(id=self.ids.new(Kind.MESSAGE), now=now),
            thread_id=thread.id,
            role=said["role"],
            content=content,
            attachments=tuple(to_wire(said.get("attachments", ()))),
            metadata=to_wire(said.get("metadata", {})),
        )

    def keep_messages(self, thread: ThreadRecord, messages: Iterable[MessageRecord], now: float) -> None:
        """Keep new messages of a thread that is kept, and attach their files to it: all or none."""
        messages = list(messages)
        attachments = [attachment for message in messages for attachment in message.attachments]
        self.check_attachments(thread.tool_resources, attachments, now)
        self._attach(thread, messages, now)
        thread.keep(*messages)

    def _attach(self, thread: ThreadRecord, messages: Iterable[MessageRecord], now: float) -> None:
        attachments = [attachment for message in messages for attachment in message.attachments]
        if attachments:
            thread.tool_resources = self.attach(thread.tool_resources, attachments, now)


def find(records: Mapping[str, RecordT], kind: Kind, id: str) -> RecordT:
    """Return what an id names, or raise ApiError."""
    try:
        return records[id]
    except KeyError:
        raise not_found(kind, id) from None
