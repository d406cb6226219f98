"""Files and vector stores as the API's objects: what their operations answer.

The fields are those of the official client's types and of answers that were shown in public; where the
two differ (the type of a batch is ``vector_store.file_batch``, a store without a name has null), the
answers count. No recording shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, cast

from attrs import asdict, frozen

from runlife_adapters.memory.resources import Json, Resource, to_wire

__all__ = [
    "DeletedFile",
    "FileContentPage",
    "FileObject",
    "FileStatus",
    "SearchResult",
    "SearchResultsPage",
    "TextContent",
    "Upload",
    "VectorStoreFileBatchObject",
    "VectorStoreFileObject",
    "VectorStoreObject",
    "count",
]


@frozen
class Upload:
    """A file on its way to the service: its name, and what is in it."""

    filename: str
    content: bytes


class FileStatus(StrEnum):
    """How far a vector store is with a file, and with a batch of files."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


def count(statuses: Iterable[FileStatus]) -> Json:
    """Return how many files there are of each status, and in all, as ``file_counts`` says it."""
    seen = list(statuses)
    return {**{status.value: seen.count(status) for status in FileStatus}, "total": len(seen)}


@frozen(kw_only=True)
class FileObject(Resource):
    """A file that was uploaded."""

    object = "file"

    purpose: str
    filename: str
    bytes: int
    created_at: int
    expires_at: int | None
    status: str
    status_details: str | None


@frozen(kw_only=True)
class DeletedFile(Resource):
    """The answer to the deletion of a file, which still calls itself ``file``, unlike all others."""

    object = "file"

    deleted: bool = True


@frozen(kw_only=True)
class VectorStoreObject(Resource):
    """A vector store."""

    object = "vector_store"

    created_at: int
    name: str | None
    description: str | None
    usage_bytes: int
    file_counts: Json
    status: str
    """``in_progress`` or ``completed``, as its files are, or ``expired``."""
    expires_after: Json | None
    expires_at: int | None
    last_active_at: int
    metadata: Mapping[str, str]


@frozen(kw_only=True)
class VectorStoreFileObject(Resource):
    """A file in a vector store; its id is that of the file."""

    object = "vector_store.file"

    usage_bytes: int
    created_at: int
    vector_store_id: str
    status: FileStatus
    last_error: Json | None
    chunking_strategy: Json
    attributes: Mapping[str, Any]


@frozen(kw_only=True)
class VectorStoreFileBatchObject(Resource):
    """Files that were added to a vector store together."""

    object = "vector_store.file_batch"

    created_at: int
    vector_store_id: str
    status: FileStatus
    file_counts: Json


# Pages of what is in files. No request can name a page, so that there is never another (documented).


@frozen(kw_only=True)
class TextContent:
    """A piece of the text of a file."""

    type: str = "text"
    text: str


@frozen(kw_only=True)
class SearchResult:
    """A file in which something was found: how well it fits (0 to 1), and the passages, best first."""

    file_id: str
    filename: str
    score: float
    attributes: Mapping[str, Any]
    content: tuple[TextContent, ...]


@frozen(kw_only=True)
class SearchResultsPage:
    """What was found in a vector store, best first."""

    object: str = "vector_store.search_results.page"
    search_query: tuple[str, ...]
    data: tuple[SearchResult, ...]
    has_more: bool = False
    next_page: str | None = None

    def to_json(self) -> Json:
        """Return the page as it stands on the wire."""
        return cast("Json", to_wire(asdict(self)))


@frozen(kw_only=True)
class FileContentPage:
    """The text of a file in a vector store."""

    object: str = "vector_store.file_content.page"
    data: tuple[TextContent, ...]
    has_more: bool = False
    next_page: str | None = None

    def to_json(self) -> Json:
        """Return the page as it stands on the wire."""
        return cast("Json", to_wire(asdict(self)))
