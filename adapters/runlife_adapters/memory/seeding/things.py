"""The plain things among what is put into a World: files, vector stores and batches, assistants, threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from copy import deepcopy
from math import floor
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import evolve

from runlife import MisuseError
from runlife_adapters.memory.filing.records import EntryRecord, FileRecord, VectorStoreRecord
from runlife_adapters.memory.filing.resources import (
    FileObject,
    FileStatus,
    VectorStoreFileBatchObject,
    VectorStoreObject,
)
from runlife_adapters.memory.filing.store import USUAL_CHUNKS
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.records import ThreadRecord
from runlife_adapters.memory.resources import ThreadObject, to_wire
from runlife_adapters.memory.seeding.seeds import (
    Seed,
    agrees,
    assistant_of,
    batch_of,
    file_of,
    vector_store_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife_adapters.memory.resources import AssistantObject, Resource
    from runlife_adapters.memory.store import Store

__all__ = ["KINDS", "PlainDraft", "merged", "put"]

ItemT = TypeVar("ItemT")

KINDS: Mapping[str, Kind] = {
    "file": Kind.FILE,
    "vector_store": Kind.VECTOR_STORE,
    "vector_store.file_batch": Kind.VECTOR_STORE_FILE_BATCH,
    "assistant": Kind.ASSISTANT,
    "thread": Kind.THREAD,
    "thread.run": Kind.RUN,
    "thread.message": Kind.MESSAGE,
    "thread.run.step": Kind.RUN_STEP,
}
"""What can be put in, by the word for it on the wire; each may need those before it."""


class PlainDraft:
    """What is about to be put in, as far as it has no life of its own.

    :param store: what is there; nothing in it is changed.
    :param now: when they are put in, in unix seconds.
    """

    def __init__(self, store: Store, now: float) -> None:
        self._store = store
        self._now = now
        self._ids = deepcopy(store.ids)
        self._drawn: list[Kind] = []
        self._seeds: list[Seed] = []
        self._given: list[str] = []
        self._files: dict[str, FileRecord] = {}
        self._vector_stores: dict[str, VectorStoreRecord] = {}
        """Those that are given, and copies of those that are there and get more files."""
        self._batches: dict[str, VectorStoreRecord] = {}
        """The vector store of each batch."""
        self._assistants: dict[str, AssistantObject] = {}
        self._threads: dict[str, ThreadRecord] = {}

    def _take(self, objects: Iterable[object]) -> None:
        """Take the objects, each with its id: its own, or the next one."""
        said = [self._open(index, data) for index, data in enumerate(objects)]
        self._given = [id for _, id, _ in said if id is not None]
        for id in self._given:
            self._ids.take(id)
        known: set[tuple[str, str]] = set()
        for kind, given, data in said:
            seed = Seed(kind, given if given is not None else self._draw(KINDS[kind]), data, self._now)
            if (kind, seed.id) in known or self._store.knows(KINDS[kind], seed.id):
                raise seed.refuse("id", "is there already")
            known.add((kind, seed.id))
            self._seeds.append(seed)

    def _open(self, index: int, data: object) -> tuple[str, str | None, Mapping[str, Any]]:
        if not isinstance(data, Mapping):
            msg = f"objects[{index}]: expected an object, got {data!r}"
            raise MisuseError(msg)
        said = cast("Mapping[str, Any]", data)
        kind, id = said.get("object"), said.get("id")
        if not isinstance(kind, str) or kind not in KINDS:
            known = ", ".join(map(repr, KINDS))
            msg = f"objects[{index}].object: expected one of {known}; got {kind!r}"
            raise MisuseError(msg)
        if id is not None and (not isinstance(id, str) or not id):
            msg = f"objects[{index}].id: expected a string that is not empty, got {id!r}"
            raise MisuseError(msg)
        return kind, id, said

    def _of(self, kind: str) -> Iterable[Seed]:
        return [seed for seed in self._seeds if seed.kind == kind]

    def _draw(self, kind: Kind) -> str:
        self._drawn.append(kind)
        return self._ids.new(kind)

    def _read_file(self, seed: Seed) -> None:
        seed.check_names(FileObject, "content")
        file = self._files[seed.id] = file_of(seed)
        if file.expires_at is not None and file.expires_at <= self._now:
            raise seed.refuse("expires_at", f"it would be gone: the World's clock reads {self._now:g}")
        agrees(seed, file.view(), "bytes", "status", "status_details")

    def _read_vector_store(self, seed: Seed) -> None:
        seed.check_names(VectorStoreObject, "file_ids")
        store = self._vector_stores[seed.id] = vector_store_of(seed)
        for file_id in seed.said.get("file_ids") or ():
            store.files[file_id] = self._entry(seed, file_id, store, store.created_at)

    def _read_batch(self, seed: Seed) -> None:
        seed.check_names(VectorStoreFileBatchObject, "file_ids")
        batch, status = batch_of(seed)
        store_id = seed.text("vector_store_id")
        store = self._own_vector_store(store_id) if store_id is not None else None
        if store is None:
            raise seed.refuse(
                "vector_store_id", f"a batch belongs to a vector store; there is no {store_id!r}"
            )
        for file_id in dict.fromkeys(seed.said.get("file_ids") or ()):
            entry = store.files.get(file_id) or self._entry(seed, file_id, store, batch.created_at)
            if entry.batch_id is not None:
                raise seed.refuse("file_ids", f"{file_id!r} belongs to the batch {entry.batch_id!r}")
            store.files[file_id] = evolve(entry, batch_id=seed.id, status=status)
        put(store.files, {}, lambda entry: entry.created_at)
        put(store.batches, {seed.id: batch}, lambda kept: kept.created_at)
        self._batches[seed.id] = store
        agrees(seed, store.view_batch(batch), "file_counts", "status")

    def _entry(self, seed: Seed, file_id: str, store: VectorStoreRecord, created_at: float) -> EntryRecord:
        """Return a file that has been added to a vector store."""
        file = self._files.get(file_id) or self._store.files.get(file_id)
        if file is None:
            raise seed.refuse("file_ids", f"there is no file {file_id!r}")
        chunks = {"type": "static", "static": dict(USUAL_CHUNKS)}
        return EntryRecord(file, store.id, created_at, chunks, {}, status=FileStatus.COMPLETED)

    def _own_vector_store(self, id: str) -> VectorStoreRecord | None:
        """Return a vector store that may be changed: of one that is there, a copy that is to replace it."""
        if id not in self._vector_stores and (there := self._store.vector_stores.get(id)) is not None:
            self._vector_stores[id] = evolve(there, files=dict(there.files), batches=dict(there.batches))
        return self._vector_stores.get(id)

    def _check_vector_stores(self) -> None:
        """Refuse vector stores that are not as they were given, now that their batches are in them."""
        for seed in self._of("vector_store"):
            store = self._vector_stores[seed.id].view(self._now)
            agrees(seed, store, "file_counts", "usage_bytes", "status", "expires_at")

    def _read_assistant(self, seed: Seed) -> None:
        assistant = self._assistants[seed.id] = assistant_of(seed)
        agrees(seed, assistant)

    def _read_thread(self, seed: Seed) -> None:
        seed.check_names(ThreadObject)
        seed.check("metadata", "tool_resources")
        created_at = seed.past("created_at")
        thread = self._threads[seed.id] = ThreadRecord(
            id=seed.id,
            created_at=floor(self._now) if created_at is None else created_at,
            metadata=to_wire(seed.said.get("metadata") or {}),
            tool_resources=to_wire(seed.said.get("tool_resources") or {}),
        )
        agrees(seed, thread.view())

    def _thread(self, id: str | None, created_at: float) -> ThreadRecord:
        """Return a thread that is there, or bring one along."""
        if id is None:
            id = self._draw(Kind.THREAD)
        known = self._threads.get(id) or self._store.threads.get(id)
        if known is None:
            known = self._threads[id] = ThreadRecord(id, created_at, {}, {})
            self._given.append(id)
        return known

    def _assistant(self, seed: Seed) -> AssistantObject:
        """Return the assistant of a run, or bring one along that has the model and the tools of the run."""
        id = seed.text("assistant_id")
        if id is None:
            id = self._draw(Kind.ASSISTANT)
        known = self._assistants.get(id) or self._store.assistants.get(id)
        if known is None:
            said = {name: seed.said[name] for name in ("model", "tools") if name in seed.said}
            known = self._assistants[id] = assistant_of(Seed("assistant", id, said, self._now))
            self._given.append(id)
        return known

    def _commit_plain(self) -> None:
        """Put in everything that was read here."""
        store = self._store
        for id in self._given:
            store.ids.take(id)
        for kind in self._drawn:
            store.ids.new(kind)
        for file in sorted(self._files.values(), key=lambda file: file.created_at):
            store.keep_file(file)
        put(store.files, {}, lambda file: file.created_at)
        put(store.vector_stores, self._vector_stores, lambda kept: kept.created_at)
        put(store.assistants, self._assistants, lambda assistant: assistant.created_at)
        threads = {id: store.touch(thread) for id, thread in self._threads.items()}
        put(store.threads, threads, lambda thread: thread.created_at)

    def _view_plain(self, kind: Kind, id: str) -> Resource:
        if kind is Kind.VECTOR_STORE:
            return self._vector_stores[id].view(self._now)
        if kind is Kind.VECTOR_STORE_FILE_BATCH:
            store = self._batches[id]
            return store.view_batch(store.batches[id])
        if kind is Kind.ASSISTANT:
            return self._assistants[id]
        return (self._files if kind is Kind.FILE else self._threads)[id].view()


def merged(
    kept: Mapping[str, ItemT], more: Mapping[str, ItemT], key: Callable[[ItemT], float]
) -> dict[str, ItemT]:
    """Return both, oldest first; what is of the same second stays in the order in which it came."""
    return dict(sorted({**kept, **more}.items(), key=lambda item: key(item[1])))


def put(kept: MutableMapping[str, ItemT], more: Mapping[str, ItemT], key: Callable[[ItemT], float]) -> None:
    """Put more among what is kept, oldest first."""
    whole = merged(kept, more, key)
    kept.clear()
    kept.update(whole)
