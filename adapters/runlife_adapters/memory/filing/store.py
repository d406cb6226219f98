"""The files and vector stores of a World, and how assistants, threads and messages use them.

What names files is checked before anything changes (:meth:`FileStore.check_resources`,
:meth:`FileStore.check_attachments`); only then do vector stores come into being or grow
(:meth:`FileStore.provide`, :meth:`FileStore.attach`). A vector store processes its files as soon as
somebody looks: created it is ``in_progress``, and ``completed`` whenever it is read, so that whoever
polls it sees both and nobody waits. What has expired is found out on reading, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runlife_adapters.memory.checks import check_names
from runlife_adapters.memory.errors import (
    NO_FILES,
    NOT_SEARCHABLE,
    TOO_MANY_TOOL_FILES,
    TOO_MANY_VECTOR_STORES,
    VECTOR_STORE_EXPIRED,
    not_found,
)
from runlife_adapters.memory.filing.records import EntryRecord, FileRecord, VectorStoreRecord
from runlife_adapters.memory.ids import Ids, Kind
from runlife_adapters.memory.resources import Json, to_wire

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

__all__ = [
    "HELPER_EXPIRY",
    "MAXIMUM_TOOL_FILES",
    "MAXIMUM_VECTOR_STORES",
    "PATIENCE",
    "SEARCHABLE",
    "FileStore",
    "superfluous",
]

MAXIMUM_TOOL_FILES = 20
"""Files that the code interpreter of one assistant or thread may have (documented)."""

MAXIMUM_VECTOR_STORES = 1
"""Vector stores that one assistant or thread may have (documented)."""

SEARCHABLE = frozenset(
    [
        ".c",
        ".cpp",
        ".cs",
        ".css",
        ".doc",
        ".docx",
        ".go",
        ".html",
        ".java",
        ".js",
        ".json",
        ".md",
        ".pdf",
        ".php",
        ".pptx",
        ".py",
        ".rb",
        ".sh",
        ".tex",
        ".ts",
        ".txt",
    ]
)
"""The extensions of files that a vector store takes (documented); another is refused (observed)."""

HELPER_EXPIRY = {"anchor": "last_active_at", "days": 7}
"""When the vector stores expire that a thread or a message creates by the way (documented)."""

PATIENCE = 10
"""How many times as much is kept of what somebody may still come for as of what is done with."""

USUAL_CHUNKS = {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}
"""How a file is cut when nothing else is said (documented)."""


class FileStore:
    """The files and vector stores of one World, each oldest first."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.files: dict[str, FileRecord] = {}
        self.vector_stores: dict[str, VectorStoreRecord] = {}
        self._mortal: dict[str, float] = {}
        """When which files expire, of those that do: a look at all would be slow."""

    # Files

    def keep_file(self, file: FileRecord) -> None:
        """Add a file."""
        self.files[file.id] = file
        if file.expires_at is not None:
            self._mortal[file.id] = file.expires_at

    def files_at(self, now: float) -> Mapping[str, FileRecord]:
        """Return the files that have not expired; the others are gone."""
        for file_id in [id for id, at in self._mortal.items() if at <= now]:
            self.drop_file(file_id)
        return self.files

    def file(self, file_id: str, now: float) -> FileRecord:
        """Return a file, or raise ApiError."""
        try:
            return self.files_at(now)[file_id]
        except KeyError:
            raise not_found(Kind.FILE, file_id) from None

    def drop_file(self, file_id: str) -> None:
        """Remove a file, also from the vector stores that have it."""
        self.files.pop(file_id, None)
        self._mortal.pop(file_id, None)
        for store in self.vector_stores.values():
            store.files.pop(file_id, None)

    # Vector stores

    def new_vector_store(self, wanted: Mapping[str, Any], now: float) -> VectorStoreRecord:
        """Create a vector store with files that exist; ``wanted`` has no nulls."""
        store = VectorStoreRecord(
            id=self.ids.new(Kind.VECTOR_STORE),
            created_at=now,
            last_active_at=now,
            name=wanted.get("name"),
            description=wanted.get("description"),
            expires_after=to_wire(wanted.get("expires_after")),
            metadata=to_wire(wanted.get("metadata", {})),
        )
        self.vector_stores[store.id] = store
        for file_id in wanted.get("file_ids", ()):
            self.add(store, {**wanted, "file_id": file_id}, now)
        return store

    def vector_stores_at(self, now: float) -> Mapping[str, VectorStoreRecord]:
        """Return the vector stores as they are when somebody looks."""
        self.files_at(now)
        for store in self.vector_stores.values():
            store.process()
        return self.vector_stores

    def vector_store(self, id: str, now: float) -> VectorStoreRecord:
        """Return a vector store as it is when somebody looks, or raise ApiError."""
        store = self.unprocessed(id, now)
        store.process()
        return store

    def unprocessed(self, id: str, now: float) -> VectorStoreRecord:
        """Return a vector store without looking at its files, or raise ApiError."""
        self.files_at(now)
        try:
            return self.vector_stores[id]
        except KeyError:
            raise not_found(Kind.VECTOR_STORE, id) from None

    def usable(self, id: str, now: float) -> VectorStoreRecord:
        """Return a vector store that has not expired, or raise ApiError."""
        store = self.unprocessed(id, now)
        if store.has_expired(now):
            raise VECTOR_STORE_EXPIRED.error(id=id)
        return store

    def add(
        self, store: VectorStoreRecord, wanted: Mapping[str, Any], now: float, batch_id: str | None = None
    ) -> EntryRecord:
        """Add a file that exists to a vector store; one that it has begins anew."""
        file_id = wanted["file_id"]
        chunks: Json = to_wire(wanted.get("chunking_strategy") or {})
        entry = EntryRecord(
            file=self.files[file_id],
            vector_store_id=store.id,
            created_at=now,
            chunking_strategy={"type": "static", "static": {**USUAL_CHUNKS, **chunks.get("static", {})}},
            attributes=to_wire(wanted.get("attributes") or {}),
            batch_id=batch_id,
        )
        store.files.pop(file_id, None)
        store.files[file_id] = entry
        store.last_active_at = now
        return entry

    def forget_files(self, resources: Iterable[Mapping[str, Any]], file_ids: Iterable[str], keep: int) -> int:
        """Forget the oldest vector stores that no tool resources name, then the oldest files that none does.

        At least ``keep`` of those remain that were used, and :data:`PATIENCE` times as many that never were.

        :param file_ids: files that are named elsewhere.
        :returns: how much there was to look through, of what remains.
        """
        tools = [_tools(resource) for resource in resources if resource]
        searched = {id for _, search in tools for id in search.get("vector_store_ids") or ()}
        for id in _unused(self.vector_stores, searched, keep):
            del self.vector_stores[id]
        named = {*file_ids, *(id for interpreter, _ in tools for id in interpreter.get("file_ids") or ())}
        named.update(*(store.files for store in self.vector_stores.values()))
        for id in _unused(self.files, named, keep):
            del self.files[id]
            self._mortal.pop(id, None)
        entries = sum(len(store.files) for store in self.vector_stores.values())
        return len(self.vector_stores) + len(self.files) + entries

    # Checks

    def check_files(self, file_ids: Iterable[str], now: float) -> None:
        """Raise ApiError unless there are these files."""
        wanted = list(file_ids)
        if not wanted:
            return
        files = self.files_at(now)
        missing = [file_id for file_id in wanted if file_id not in files]
        if missing:
            raise NO_FILES.error(ids=", ".join(missing))

    def check_searchable(self, file_ids: Sequence[str], param: str, now: float) -> None:
        """Raise ApiError unless there are these files, of kinds that a vector store takes."""
        self.check_files(file_ids, now)
        extensions = {self.files[file_id].extension for file_id in file_ids}
        if wrong := sorted(extensions - SEARCHABLE):
            raise NOT_SEARCHABLE.error(extensions=", ".join(wrong), param=param)

    def check_resources(self, said: Mapping[str, Any], now: float) -> None:
        """Raise ApiError unless tool resources name what there is, and not too much of it.

        :raises MisuseError: when they have unknown names.
        """
        if said == {}:
            return
        check_names("tool_resources", said, ("code_interpreter", "file_search"))
        interpreter, search = _tools(said)
        check_names("tool_resources.code_interpreter", interpreter, ("file_ids",))
        check_names("tool_resources.file_search", search, ("vector_store_ids", "vector_stores"))
        file_ids = interpreter.get("file_ids") or ()
        check_room(file_ids, "tool_resources.code_interpreter.file_ids")
        self.check_files(file_ids, now)
        store_ids, stores = search.get("vector_store_ids") or (), search.get("vector_stores") or ()
        if (length := len(store_ids) + len(stores)) > MAXIMUM_VECTOR_STORES:
            param = "tool_resources.file_search"
            raise TOO_MANY_VECTOR_STORES.error(limit=MAXIMUM_VECTOR_STORES, length=length, param=param)
        for store_id in store_ids:
            self.usable(store_id, now)
        for index, store in enumerate(stores):
            check_names("a vector store", store, ("file_ids", "chunking_strategy", "metadata"))
            param = f"tool_resources.file_search.vector_stores[{index}].file_ids"
            self.check_searchable(store.get("file_ids") or (), param, now)

    def check_attachments(
        self, said: Mapping[str, Any], attachments: Sequence[Mapping[str, Any]], now: float
    ) -> None:
        """Raise ApiError unless a thread of these tool resources has room for what is attached."""
        if not attachments:
            return
        self.check_files(_attached(attachments), now)
        self.check_searchable(_attached(attachments, "file_search"), "attachments", now)
        interpreter, search = _tools(said)
        attached = _attached(attachments, "code_interpreter")
        check_room({*(interpreter.get("file_ids") or ()), *attached}, "attachments")
        for store_id in search.get("vector_store_ids") or ():
            if _attached(attachments, "file_search") and store_id in self.vector_stores:
                self.usable(store_id, now)

    # Effects

    def provide(self, said: Mapping[str, Any], now: float, expiry: Mapping[str, Any] | None = None) -> Json:
        """Return tool resources as the service keeps them: the vector stores that they describe exist then.

        :param said: what has passed :meth:`check_resources`.
        :param expiry: when those vector stores expire.
        """
        kept: Json = {}
        if (interpreter := said.get("code_interpreter")) is not None:
            kept["code_interpreter"] = {"file_ids": list(interpreter.get("file_ids") or ())}
        if (search := said.get("file_search")) is not None:
            ids: list[str] = list(search.get("vector_store_ids") or ())
            for store in search.get("vector_stores") or ():
                wanted = {name: value for name, value in store.items() if value is not None}
                ids.append(self.new_vector_store({**wanted, "expires_after": expiry}, now).id)
            kept["file_search"] = {"vector_store_ids": ids}
        return kept

    def attach(self, kept: Json, attachments: Sequence[Mapping[str, Any]], now: float) -> Json:
        """Return the tool resources of a thread with files attached to it, each for the tools it names.

        :param attachments: what has passed :meth:`check_attachments`.
        """
        kept = to_wire(kept)
        if for_interpreter := _attached(attachments, "code_interpreter"):
            known = kept.get("code_interpreter", {}).get("file_ids", [])
            kept["code_interpreter"] = {"file_ids": list(dict.fromkeys([*known, *for_interpreter]))}
        if for_search := _attached(attachments, "file_search"):
            ids = [
                id
                for id in kept.get("file_search", {}).get("vector_store_ids", [])
                if id in self.vector_stores
            ]
            if ids:
                for file_id in for_search:
                    self.add(self.vector_stores[ids[0]], {"file_id": file_id}, now)
            else:
                wanted = {"file_ids": for_search, "expires_after": HELPER_EXPIRY}
                ids = [self.new_vector_store(wanted, now).id]
            kept["file_search"] = {"vector_store_ids": ids}
        return kept

    def use(self, *resources: Mapping[str, Any], now: float) -> None:
        """Note that a run searches the vector stores of these tool resources; those deleted are passed over.

        :raises ApiError: when one has expired.
        """
        searches = [_tools(resource)[1] for resource in resources]
        ids: list[str] = [id for search in searches for id in search.get("vector_store_ids") or ()]
        stores = [self.usable(id, now) for id in ids if id in self.vector_stores]
        for store in stores:
            store.last_active_at = now


def superfluous(ids: Iterable[str], used: Container[str], keep: int) -> list[str]:
    """Return which of some ids, oldest first, can go: those that are not used, but for the newest of them."""
    unused = [id for id in ids if id not in used]
    return unused[: max(len(unused) - keep, 0)]


def _unused(
    kept: Mapping[str, FileRecord | VectorStoreRecord], named: Container[str], keep: int
) -> list[str]:
    """Return which of some things can go, none of which is named; what is named has been used then."""
    for id, record in kept.items():
        record.used = record.used or id in named
    unnamed = [id for id in kept if id not in named]
    fresh = {id for id in unnamed if not kept[id].used}
    worn = set(unnamed) - fresh
    return [*superfluous(unnamed, fresh, keep), *superfluous(unnamed, worn, PATIENCE * keep)]


def check_room(file_ids: Iterable[str], param: str) -> None:
    """Raise ApiError when a code interpreter would have too many files."""
    if (length := len(list(file_ids))) > MAXIMUM_TOOL_FILES:
        raise TOO_MANY_TOOL_FILES.error(limit=MAXIMUM_TOOL_FILES, length=length, param=param)


def _tools(said: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what tool resources say for the code interpreter and for file search; null is nothing."""
    return said.get("code_interpreter") or {}, said.get("file_search") or {}


def _attached(attachments: Sequence[Mapping[str, Any]], tool: str | None = None) -> list[str]:
    """Return the ids of the files that are attached, once each: all of them, or those for a tool."""
    return list(
        dict.fromkeys(
            attachment["file_id"]
            for attachment in attachments
            if attachment.get("file_id") is not None
            and (tool is None or tool in [said["type"] for said in attachment.get("tools") or ()])
        )
    )
