"""The operations on vector stores, on the files in them, on batches of those, and the search in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from runlife_adapters.memory.checks import check_names
from runlife_adapters.memory.core import Core
from runlife_adapters.memory.errors import (
    ABOVE_MAXIMUM,
    BATCH_NOT_CANCELLABLE,
    BELOW_MINIMUM,
    FILES_OR_IDS,
    NO_FILE_IN_STORE,
)
from runlife_adapters.memory.filing.records import BatchRecord, EntryRecord, VectorStoreRecord
from runlife_adapters.memory.filing.resources import (
    FileContentPage,
    FileStatus,
    SearchResultsPage,
    TextContent,
    VectorStoreFileBatchObject,
    VectorStoreFileObject,
    VectorStoreObject,
)
from runlife_adapters.memory.filing.search import MAXIMUM_RESULTS, USUAL_RESULTS, check_filter, search
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.inputs import given
from runlife_adapters.memory.lists import ListOptions, cut
from runlife_adapters.memory.resources import DeletedObject, Page, to_wire
from runlife_adapters.memory.store import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NewVectorStore", "Ranking", "VectorStores"]


class NewVectorStore(TypedDict, total=False):
    """A vector store to be made."""

    name: str | None
    description: str | None
    file_ids: Sequence[str] | None
    chunking_strategy: Mapping[str, Any] | None
    expires_after: Mapping[str, Any] | None
    metadata: Mapping[str, str] | None


class Ranking(TypedDict, total=False):
    """How what is found is ranked."""

    ranker: str | None
    """One of :data:`~runlife_adapters.memory.filing.search.RANKERS`; they rank alike."""
    score_threshold: float | None
    """The score, from 0 to 1, that a result has at least."""


class VectorStores(Core):
    """The operations on vector stores, on the files in them, on batches of those, and the search in them."""

    def create_vector_store(self, **wanted: Unpack[NewVectorStore]) -> VectorStoreObject:
        """Create a vector store, with files if they are given; they are processed when it is read again."""
        check_names("a vector store", wanted, NewVectorStore.__annotations__)
        said = given(wanted)
        with self._at_now() as now:
            self._store.check_searchable(said.get("file_ids", ()), "file_ids", now)
            store = self._store.new_vector_store(said, now)
            self._bound()
            return store.view(now)

    def retrieve_vector_store(self, vector_store_id: str) -> VectorStoreObject:
        """Return a vector store."""
        with self._at_now() as now:
            return self._store.vector_store(vector_store_id, now).view(now)

    def modify_vector_store(
        self,
        vector_store_id: str,
        *,
        name: str | None = None,
        expires_after: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> VectorStoreObject:
        """Change what is said of a vector store; None leaves it as it is."""
        with self._at_now() as now:
            store = self._store.vector_store(vector_store_id, now)
            if name is not None:
                store.name = name
            if expires_after is not None:
                store.expires_after = to_wire(expires_after)
            if metadata is not None:
                store.metadata = to_wire(metadata)
            return store.view(now)

    def delete_vector_store(self, vector_store_id: str) -> DeletedObject:
        """Delete a vector store; the files that were in it stay."""
        with self._at_now() as now:
            self._store.vector_store(vector_store_id, now)
            del self._store.vector_stores[vector_store_id]
            return DeletedObject(vector_store_id, VectorStoreObject.object)

    def list_vector_stores(self, **options: Unpack[ListOptions]) -> Page[VectorStoreObject]:
        """Return a page of the vector stores."""
        with self._at_now() as now:
            found, has_more = cut(Kind.VECTOR_STORE, self._store.vector_stores_at(now), options)
            return Page(tuple(store.view(now) for store in found), has_more)

    def search_vector_store(
        self,
        vector_store_id: str,
        *,
        query: str | Sequence[str],
        max_num_results: int | None = None,
        filters: Mapping[str, Any] | None = None,
        ranking_options: Ranking | None = None,
        rewrite_query: bool | None = None,  # noqa: ARG002  # there is nobody to put it in better words
    ) -> SearchResultsPage:
        """Return what is found in a vector store, by the words of a query or of several, best first.

        :param filters: a filter of attributes, simple or compound, as the API has it.
        """
        limit = USUAL_RESULTS if max_num_results is None else max_num_results
        if limit < 1:
            raise BELOW_MINIMUM.error(param="max_num_results", limit=1, value=limit)
        if limit > MAXIMUM_RESULTS:
            raise ABOVE_MAXIMUM.error(param="max_num_results", limit=MAXIMUM_RESULTS, value=limit)
        if filters is not None:
            check_filter(filters)
        ranking = ranking_options or {}
        check_names("ranking_options", ranking, Ranking.__annotations__)
        queries = (query,) if isinstance(query, str) else tuple(query)
        with self._at_now() as now:
            store = self._store.usable(vector_store_id, now)
            store.process()
            store.last_active_at = now
            threshold = ranking.get("score_threshold") or 0.0
            found = search(store.files.values(), queries, filter=filters, threshold=threshold)
            return SearchResultsPage(search_query=queries, data=tuple(found[:limit]))

    # The files in a store

    def create_vector_store_file(
        self,
        vector_store_id: str,
        *,
        file_id: str,
        attributes: Mapping[str, Any] | None = None,
        chunking_strategy: Mapping[str, Any] | None = None,
    ) -> VectorStoreFileObject:
        """Add a file to a vector store; one that is in it already is processed anew."""
        wanted = {"file_id": file_id, "attributes": attributes, "chunking_strategy": chunking_strategy}
        with self._at_now() as now:
            store = self._store.usable(vector_store_id, now)
            self._store.check_searchable((file_id,), "file_id", now)
            return self._store.add(store, wanted, now).view()

    def retrieve_vector_store_file(self, vector_store_id: str, file_id: str) -> VectorStoreFileObject:
        """Return a file in a vector store."""
        with self._at_now() as now:
            return _entry(self._store.vector_store(vector_store_id, now), file_id).view()

    def retrieve_vector_store_file_content(self, vector_store_id: str, file_id: str) -> FileContentPage:
        """Return the text of a file in a vector store; there is none of one that was not processed."""
        with self._at_now() as now:
            entry = _entry(self._store.vector_store(vector_store_id, now), file_id)
            done = entry.status is FileStatus.COMPLETED
            return FileContentPage(data=(TextContent(text=entry.file.text),) if done else ())

    def modify_vector_store_file(
        self, vector_store_id: str, file_id: str, *, attributes: Mapping[str, Any] | None = None
    ) -> VectorStoreFileObject:
        """Change the attributes of a file in a vector store; None leaves it none."""
        with self._at_now() as now:
            entry = _entry(self._store.vector_store(vector_store_id, now), file_id)
            entry.attributes = to_wire(attributes or {})
            return entry.view()

    def delete_vector_store_file(self, vector_store_id: str, file_id: str) -> DeletedObject:
        """Take a file out of a vector store; the file itself stays."""
        with self._at_now() as now:
            store = self._store.vector_store(vector_store_id, now)
            _entry(store, file_id)
            del store.files[file_id]
            return DeletedObject(file_id, VectorStoreFileObject.object)

    def list_vector_store_files(
        self,
        vector_store_id: str,
        *,
        filter: str | None = None,
        **options: Unpack[ListOptions],
    ) -> Page[VectorStoreFileObject]:
        """Return a page of the files in a vector store: of all, or of those of a status."""
        with self._at_now() as now:
            return _page(self._store.vector_store(vector_store_id, now).files, filter, options)

    # Batches

    def create_vector_store_file_batch(
        self,
        vector_store_id: str,
        *,
        file_ids: Sequence[str] | None = None,
        files: Sequence[Mapping[str, Any]] | None = None,
        attributes: Mapping[str, Any] | None = None,
        chunking_strategy: Mapping[str, Any] | None = None,
    ) -> VectorStoreFileBatchObject:
        """Add files to a vector store together: either by their ids, or each with what is said of it."""
        if (file_ids is None) is (files is None):
            raise FILES_OR_IDS.error()
        shared = {"attributes": attributes, "chunking_strategy": chunking_strategy}
        wanted: Sequence[Mapping[str, Any]] = (
            files if files is not None else [{"file_id": id, **shared} for id in file_ids or ()]
        )
        for file in wanted:
            names = ("file_id", "attributes", "chunking_strategy")
            check_names("a file of a batch", file, names, required=("file_id",))
        with self._at_now() as now:
            store = self._store.usable(vector_store_id, now)
            self._store.check_searchable([file["file_id"] for file in wanted], "file_ids", now)
            batch = BatchRecord(self._store.ids.new(Kind.VECTOR_STORE_FILE_BATCH), now)
            store.batches[batch.id] = batch
            for file in wanted:
                self._store.add(store, file, now, batch.id)
            return store.view_batch(batch)

    def retrieve_vector_store_file_batch(
        self, vector_store_id: str, batch_id: str
    ) -> VectorStoreFileBatchObject:
        """Return a batch of files."""
        with self._at_now() as now:
            store = self._store.vector_store(vector_store_id, now)
            return store.view_batch(_batch(store, batch_id))

    def cancel_vector_store_file_batch(
        self, vector_store_id: str, batch_id: str
    ) -> VectorStoreFileBatchObject:
        """Leave those files of a batch unprocessed that nobody has looked at yet."""
        with self._at_now() as now:
            store = self._store.unprocessed(vector_store_id, now)
            batch = _batch(store, batch_id)
            waiting = [
                entry for entry in store.of_batch(batch_id).values() if entry.status is FileStatus.IN_PROGRESS
            ]
            if not waiting:
                raise BATCH_NOT_CANCELLABLE.error(status=store.view_batch(batch).status.value)
            for entry in waiting:
                entry.status = FileStatus.CANCELLED
            batch.cancelled = True
            return store.view_batch(batch)

    def list_vector_store_file_batch_files(
        self,
        vector_store_id: str,
        batch_id: str,
        *,
        filter: str | None = None,
        **options: Unpack[ListOptions],
    ) -> Page[VectorStoreFileObject]:
        """Return a page of the files of a batch: of all, or of those of a status."""
        with self._at_now() as now:
            store = self._store.vector_store(vector_store_id, now)
            return _page(store.of_batch(_batch(store, batch_id).id), filter, options)


def _entry(store: VectorStoreRecord, file_id: str) -> EntryRecord:
    try:
        return store.files[file_id]
    except KeyError:
        raise NO_FILE_IN_STORE.error(id=file_id, vector_store_id=store.id) from None


def _batch(store: VectorStoreRecord, batch_id: str) -> BatchRecord:
    return find(store.batches, Kind.VECTOR_STORE_FILE_BATCH, batch_id)


def _page(
    entries: Mapping[str, EntryRecord], status: str | None, options: ListOptions
) -> Page[VectorStoreFileObject]:
    found, has_more = cut(Kind.FILE, entries, options, wanted=lambda e: status in (None, e.status))
    return Page(tuple(entry.view() for entry in found), has_more)
