"""Where the records are kept that stand for assistants, threads and runs.

The Responses API knows responses; what makes a run of them is known here only. Whoever wants to go on after
a restart, or in another process, gives the backend a store that outlives it. A record is a JSON object with
an id; whatever keeps those (a table, Redis, a directory) is a store with three methods.

The records of one thread are written by one process at a time. Another one may take over at any moment.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from os import PathLike

    from runlife_adapters.openai.responses.requests import Json

__all__ = ["FileStore", "MemoryStore", "Store"]


class Store(Protocol):
    """Keeps JSON objects by id. Each call is whole: it is never seen half done."""

    def get(self, id: str) -> Json | None:
        """Return the record with this id, or None; it is the caller's to change."""
        ...

    def put(self, id: str, record: Json) -> None:
        """Keep a record, in place of one with this id."""
        ...

    def delete(self, id: str) -> None:
        """Forget the record with this id, if there is one."""
        ...


class MemoryStore:
    """Keeps records as long as the process lives."""

    def __init__(self) -> None:
        self._records = dict[str, str]()  # as text: a copy that shares nothing is had sooner so

    def get(self, id: str) -> Json | None:
        """Return the record with this id, or None."""
        text = self._records.get(id)
        record: Json | None = None if text is None else json.loads(text)
        return record

    def put(self, id: str, record: Json) -> None:
        """Keep a record."""
        self._records[id] = json.dumps(record)

    def delete(self, id: str) -> None:
        """Forget a record."""
        self._records.pop(id, None)


class FileStore:
    """Keeps each record in a file of its own, in one directory, which is made if need be."""

    def __init__(self, directory: str | PathLike[str]) -> None:
        self._directory = Path(directory)
        self._directory.mkdir(parents=True, exist_ok=True)

    def get(self, id: str) -> Json | None:
        """Return the record with this id, or None."""
        try:
            record: Json = json.loads(self._file(id).read_text("utf-8"))
        except FileNotFoundError:
            return None
        return record

    def put(self, id: str, record: Json) -> None:
        """Keep a record. A crash leaves the old one or the new one, whole; of two at once, one stays."""
        file = self._file(id)
        draft = file.with_suffix(f".{os.getpid()}-{get_ident()}.new")
        draft.write_text(json.dumps(record), "utf-8")
        draft.replace(file)

    def delete(self, id: str) -> None:
        """Forget a record."""
        self._file(id).unlink(missing_ok=True)

    def _file(self, id: str) -> Path:
        return self._directory / f"{quote(id, safe='')}.json"
