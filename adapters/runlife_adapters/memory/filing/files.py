"""The operations on files."""

from __future__ import annotations

from typing import TypedDict, Unpack

from runlife_adapters.memory.checks import check_kind, check_names
from runlife_adapters.memory.core import Core
from runlife_adapters.memory.errors import NOT_DOWNLOADABLE
from runlife_adapters.memory.filing.records import DAY, FileRecord
from runlife_adapters.memory.filing.resources import DeletedFile, FileObject, Upload
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.lists import ListOptions, cut
from runlife_adapters.memory.resources import Page

__all__ = ["MAXIMUM_FILES", "NOT_DOWNLOADED", "Expiry", "Files"]

MAXIMUM_FILES = 10_000
"""How many files a page may have, and has by default (documented)."""

NOT_DOWNLOADED = ("assistants", "user_data")
"""The purposes of which the service keeps what is in a file to itself (observed)."""

_BATCH_LIFE = 30 * DAY
"""Seconds after which a file for batches expires when nothing else is said (documented)."""


class Expiry(TypedDict):
    """When a file expires."""

    anchor: str
    """``created_at``."""
    seconds: int
    """After that, in seconds."""


class Files(Core):
    """The operations on files."""

    def create_file(self, *, file: Upload, purpose: str, expires_after: Expiry | None = None) -> FileObject:
        """Keep a file. It is processed at once."""
        check_kind("a file", file, Upload)
        check_kind("the purpose of a file", purpose, str)
        lifetime = _lifetime(purpose, expires_after)
        with self._at_now() as now:
            record = FileRecord(
                id=self._store.ids.new(Kind.FILE),
                created_at=now,
                filename=file.filename,
                purpose=purpose,
                content=file.content,
                expires_at=None if lifetime is None else now + lifetime,
            )
            self._store.keep_file(record)
            self._bound()
            return record.view()

    def list_files(self, *, purpose: str | None = None, **options: Unpack[ListOptions]) -> Page[FileObject]:
        """Return a page of the files: of all, or of those for a purpose."""
        with self._at_now() as now:
            files = self._store.files_at(now)
            found, has_more = cut(
                Kind.FILE,
                files,
                options,
                wanted=lambda file: purpose in (None, file.purpose),
                usual=MAXIMUM_FILES,
                maximum=MAXIMUM_FILES,
            )
            return Page(tuple(file.view() for file in found), has_more)

    def retrieve_file(self, file_id: str) -> FileObject:
        """Return a file."""
        with self._at_now() as now:
            return self._store.file(file_id, now).view()

    def delete_file(self, file_id: str) -> DeletedFile:
        """Delete a file, and remove it from all vector stores."""
        with self._at_now() as now:
            self._store.file(file_id, now)
            self._store.drop_file(file_id)
            return DeletedFile(id=file_id)

    def retrieve_file_content(self, file_id: str) -> bytes:
        """Return what is in a file, unless its purpose is one of :data:`NOT_DOWNLOADED`."""
        with self._at_now() as now:
            file = self._store.file(file_id, now)
            if file.purpose in NOT_DOWNLOADED:
                raise NOT_DOWNLOADABLE.error(purpose=file.purpose)
            return file.content


def _lifetime(purpose: str, expires_after: Expiry | None) -> float | None:
    if expires_after is None:
        return _BATCH_LIFE if purpose == "batch" else None
    check_names("expires_after", expires_after, Expiry.__annotations__, required=Expiry.__annotations__)
    check_kind("expires_after.seconds", expires_after["seconds"], int)
    return expires_after["seconds"]
