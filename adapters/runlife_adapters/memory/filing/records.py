"""What the fake keeps of files and vector stores; what leaves it is a view, a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field

from runlife_adapters.memory.filing.resources import (
    FileObject,
    FileStatus,
    VectorStoreFileBatchObject,
    VectorStoreFileObject,
    VectorStoreObject,
    count,
)
from runlife_adapters.memory.resources import Json, whole

__all__ = ["DAY", "BatchRecord", "EntryRecord", "FileRecord", "VectorStoreRecord"]

DAY = 24 * 60 * 60.0
"""Seconds of a day."""


@define(eq=False)
class FileRecord:
    """A file."""

    id: str
    created_at: float
    filename: str
    purpose: str
    _content: bytes | int = field(alias="content")
    """What is in it, or how many blanks."""
    expires_at: float | None
    used: bool = False
    """Whether anything ever named it, as far as was noticed."""

    @property
    def content(self) -> bytes:
        """What is in it. Blanks are made whenever it is read: many seeded files are as good as nothing."""
        return b" " * self._content if isinstance(self._content, int) else self._content

    @property
    def size(self) -> int:
        """How many bytes are in it."""
        return self._content if isinstance(self._content, int) else len(self._content)

    @property
    def extension(self) -> str:
        """The end of its name, with the dot and in lower case, or ``none``, as the service calls it."""
        _, dot, end = self.filename.rpartition(".")
        return f".{end.lower()}" if dot else "none"

    @property
    def text(self) -> str:
        """What is in it as text; whatever it calls itself, it is read as UTF-8, as far as it is."""
        return self.content.decode(errors="replace")

    def view(self) -> FileObject:
        """Return the file as it is now."""
        return FileObject(
            id=self.id,
            purpose=self.purpose,
            filename=self.filename,
            bytes=self.size,
            created_at=whole(self.created_at),
            expires_at=whole(self.expires_at),
            status="processed",
            status_details=None,
        )


@define(eq=False)
class EntryRecord:
    """A file in a vector store."""

    file: FileRecord
    vector_store_id: str
    created_at: float
    chunking_strategy: Json
    attributes: Mapping[str, Any]
    batch_id: str | None = None
    status: FileStatus = FileStatus.IN_PROGRESS

    @property
    def usage(self) -> int:
        """Bytes that it takes; nothing before it has been processed."""
        return self.file.size if self.status is FileStatus.COMPLETED else 0

    def view(self) -> VectorStoreFileObject:
        """Return the file in the store as it is now."""
        return VectorStoreFileObject(
            id=self.file.id,
            usage_bytes=self.usage,
            created_at=whole(self.created_at),
            vector_store_id=self.vector_store_id,
            status=self.status,
            last_error=None,
            chunking_strategy=self.chunking_strategy,
            attributes=self.attributes,
        )


@define(eq=False)
class BatchRecord:
    """A batch of files; which they are, the files of its store know."""

    id: str
    created_at: float
    cancelled: bool = False


@define(eq=False)
class VectorStoreRecord:
    """A vector store, with its files and their batches, each oldest first."""

    id: str
    created_at: float
    last_active_at: float
    name: str | None
    description: str | None
    expires_after: Json | None
    metadata: Mapping[str, str]
    files: dict[str, EntryRecord] = field(factory=dict[str, EntryRecord])
    batches: dict[str, BatchRecord] = field(factory=dict[str, BatchRecord])
    used: bool = False
    """Whether any tool resources ever named it, as far as was noticed."""

    @property
    def expires_at(self) -> float | None:
        """When it expires, unless it is used before."""
        return None if self.expires_after is None else self.last_active_at + self.expires_after["days"] * DAY

    def has_expired(self, now: float) -> bool:
        """Say whether it has expired."""
        return self.expires_at is not None and now >= self.expires_at

    def process(self) -> None:
        """Process the files that are still to be processed."""
        for entry in self.files.values():
            if entry.status is FileStatus.IN_PROGRESS:
                entry.status = FileStatus.COMPLETED

    def view(self, now: float) -> VectorStoreObject:
        """Return the store as it is now."""
        counts, status = _progress(self.files.values())
        return VectorStoreObject(
            id=self.id,
            created_at=whole(self.created_at),
            name=self.name,
            description=self.description,
            usage_bytes=sum(entry.usage for entry in self.files.values()),
            file_counts=counts,
            status="expired" if self.has_expired(now) else status.value,
            expires_after=self.expires_after,
            expires_at=whole(self.expires_at),
            last_active_at=whole(self.last_active_at),
            metadata=self.metadata,
        )

    def of_batch(self, batch_id: str) -> dict[str, EntryRecord]:
        """Return the files of a batch that are still in the store."""
        return {id: entry for id, entry in self.files.items() if entry.batch_id == batch_id}

    def view_batch(self, batch: BatchRecord) -> VectorStoreFileBatchObject:
        """Return one of its batches as it is now."""
        counts, status = _progress(self.of_batch(batch.id).values())
        return VectorStoreFileBatchObject(
            id=batch.id,
            created_at=whole(batch.created_at),
            vector_store_id=self.id,
            status=FileStatus.CANCELLED if batch.cancelled else status,
            file_counts=counts,
        )


def _progress(entries: Iterable[EntryRecord]) -> tuple[Json, FileStatus]:
    """Return how many files there are of each status, and whether all have been processed."""
    counts = count(entry.status for entry in entries)
    return counts, FileStatus.IN_PROGRESS if counts[FileStatus.IN_PROGRESS] else FileStatus.COMPLETED
