"""What there is besides runs: the store, the words of a refusal, assistants, threads and their messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args
from uuid import uuid4

from attrs import field, frozen

from runlife import Clock, MisuseError
from runlife.rules import RUN_TTL
from runlife_adapters.backend import RejectedError
from runlife_adapters.clock import SystemClock
from runlife_adapters.openai.responses.bodies import ASSISTANT, checked, input_items
from runlife_adapters.openai.responses.reading import conversation_in
from runlife_adapters.openai.responses.records import RunRecord, ThreadRecord
from runlife_adapters.openai.responses.requests import Delete, Json, Post, Steps, path
from runlife_adapters.openai.responses.store import MemoryStore, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife import Refusal

__all__ = ["Desk", "Mode", "OptionKeywords", "Options"]

Mode = Literal["background", "stream", "foreground"]
"""How responses are created.

============== ================================================================================
``background`` in the background, and polled
``stream``     in the background, with a stream that is taken up again when the connection breaks
``foreground`` in the foreground, with a stream; nobody can cancel it, and what is lost is lost
============== ================================================================================
"""

NOT_FOUND = 404

AT_ONCE = 20
"""How many items a conversation takes in one call (documented)."""


def _new_id(kind: str) -> str:
    return f"{kind}_{uuid4().hex}"


@frozen(kw_only=True)
class Options:
    """What a backend is told besides its client. All times are in seconds.

    :raises MisuseError: when there is no such mode, or a time is none.
    """

    clock: Clock = field(factory=SystemClock)
    store: Store = field(factory=MemoryStore)
    mode: Mode = "background"
    expires_after: float = RUN_TTL
    """How long a run lives, counted from its creation: the Responses API knows no such bound."""
    lease: float = 60.0
    """How long a call may be on its way before it is taken to be lost with the process that made it."""
    body: Mapping[str, Any] = field(factory=dict[str, Any])
    """Further fields of every response's creation."""
    new_id: Callable[[str], str] = _new_id
    """Makes an id that nothing has, from its prefix."""

    def __attrs_post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            msg = f"mode is one of {', '.join(map(repr, get_args(Mode)))}; got {self.mode!r}"
            raise MisuseError(msg)
        for name in ("expires_after", "lease"):
            seconds: object = getattr(self, name)
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < inf:
                msg = f"{name} is a number of seconds above 0; got {seconds!r}"
                raise MisuseError(msg)


class OptionKeywords(TypedDict, total=False):
    """The fields of :class:`Options`, as keywords."""

    clock: Clock
    store: Store
    mode: Mode
    expires_after: float
    lease: float
    body: Mapping[str, Any]
    new_id: Callable[[str], str]


class Desk:
    """Keeps the records of assistants, threads and runs."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.store = options.store

    def now(self) -> float:
        """Return the time in unix seconds."""
        return self.options.clock.now()

    # Records

    def assistant(self, id: str) -> Json:
        """Return an assistant's fields, or raise RejectedError."""
        fields: Json = self._record("assistant", id)["fields"]
        return fields

    def thread(self, id: str) -> ThreadRecord:
        """Return a thread, or raise RejectedError."""
        return ThreadRecord(**self._record("thread", id)["fields"])

    def run(self, thread_id: str, run_id: str) -> RunRecord:
        """Return a run of a thread, or raise RejectedError."""
        self._record("thread", thread_id)
        fields = self._record("run", run_id)["fields"]
        if fields["thread_id"] != thread_id:
            raise _unknown("run", run_id)
        return RunRecord.from_json(fields)

    def put_thread(self, thread: ThreadRecord) -> None:
        """Keep a thread."""
        self.store.put(thread.id, {"record": "thread", "fields": thread.to_json()})

    def put_run(self, record: RunRecord) -> None:
        """Keep a run."""
        self.store.put(record.id, {"record": "run", "fields": record.to_json()})

    def _record(self, kind: str, id: str) -> Json:
        record = self.store.get(id)
        if record is None or record["record"] != kind:
            raise _unknown(kind, id)
        return record

    # Assistants

    def create_assistant(self, *, model: str, **fields: Any) -> str:
        """Keep an assistant."""
        kept = checked({"model": model, **fields}, ASSISTANT)
        id = self.options.new_id("asst")
        self.store.put(id, {"record": "assistant", "fields": kept})
        return id

    def delete_assistant(self, assistant_id: str) -> None:
        """Forget an assistant. Its runs go on."""
        self.assistant(assistant_id)
        self.store.delete(assistant_id)

    # Threads

    def create_thread(
        self,
        *,
        messages: Sequence[Json] = (),
        metadata: Mapping[str, str] | None = None,
        conversation: bool | str | None = None,
    ) -> Steps[str]:
        """Keep a thread, and make a conversation of it if that is wanted."""
        items = input_items(messages)
        thread = ThreadRecord(self.options.new_id("thread"), self.now(), dict(metadata or {}))
        if isinstance(conversation, str):
            thread.conversation = conversation
            yield from self.append(conversation, items)
        elif conversation:
            reply = yield Post("/conversations", {"metadata": thread.metadata, "items": items[:AT_ONCE]})
            thread.conversation, thread.is_ours = conversation_in(reply.body), True
            yield from self.append(thread.conversation, items[AT_ONCE:])
        thread.messages = items
        self.put_thread(thread)
        return thread.id

    def append(self, conversation: str, items: Sequence[Json]) -> Steps[None]:
        """Add items to a conversation."""
        for start in range(0, len(items), AT_ONCE):
            batch = list(items[start : start + AT_ONCE])
            yield Post(path("conversations", conversation, "items"), {"items": batch})

    def delete_thread(self, thread_id: str) -> Steps[None]:
        """Forget a thread and its runs, and delete the conversation that was made for it."""
        thread = self.thread(thread_id)
        if thread.conversation is not None and thread.is_ours:
            try:
                yield Delete(path("conversations", thread.conversation))
            except RejectedError as error:
                if error.status != NOT_FOUND:  # gone already: an answer may have been lost
                    raise
        for run_id in thread.runs:
            kept = self.store.get(run_id)
            for response_id in RunRecord.from_json(kept["fields"]).chain.responses if kept else ():
                self.store.delete(response_id)
            self.store.delete(run_id)
        self.store.delete(thread_id)

    # The run of a thread

    def latest_run(self, thread: ThreadRecord) -> RunRecord | None:
        """Return the newest run of a thread, if there is one."""
        for run_id in reversed(thread.runs):
            kept = self.store.get(run_id)
            if kept is not None:  # else it is being created, or its creation died with a process
                return RunRecord.from_json(kept["fields"])
        return None

    def is_creating(self, thread: ThreadRecord) -> bool:
        """Whether a run of a thread is being created, or was when the process died that did it."""
        return thread.creating is not None and self.store.get(thread.runs[-1]) is None

    def active_run(self, thread: ThreadRecord) -> str | None:
        """Return the id of the run that locks a thread, if there is one."""
        if (since := thread.creating) is not None and self.is_creating(thread):
            return thread.runs[-1] if self.now() < since + self.options.lease else None
        latest = self.latest_run(thread)
        return latest.id if latest is not None and latest.run.is_active else None


# Refusals. The words are the service's; the fake knows them, and only who refuses has to ask it.


def refused(refusal: Refusal, **facts: object) -> RejectedError:
    """Return a refusal of the engine as the service's."""
    from runlife_adapters.memory.errors import refused as words  # noqa: PLC0415  # see above

    error = words(refusal, **facts)
    return RejectedError(error.status, error.message, error.code)


def locked(thread_id: str, run_id: str) -> RejectedError:
    """Return the refusal of a message while a run is active."""
    from runlife_adapters.memory.errors import THREAD_LOCKED  # noqa: PLC0415  # see above

    error = THREAD_LOCKED.error(thread_id=thread_id, run_id=run_id)
    return RejectedError(error.status, error.message, error.code)


def _unknown(kind: str, id: str) -> RejectedError:
    from runlife_adapters.memory.errors import not_found  # noqa: PLC0415  # see above
    from runlife_adapters.memory.ids import Kind  # noqa: PLC0415  # see above

    error = not_found(Kind[kind.upper()], id)
    return RejectedError(error.status, error.message, error.code)
