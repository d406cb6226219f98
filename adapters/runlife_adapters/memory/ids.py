"""Identifiers as the API makes them: a prefix and 24 letters or digits (recorded).

Between them stands an underscore; in the ids of files, which are older than the rest, a dash.
"""

from __future__ import annotations

from enum import StrEnum
from random import Random
from string import ascii_letters, digits

__all__ = ["Ids", "Kind"]

_ALPHABET = (ascii_letters + digits).encode()
_LENGTH = 24
_LETTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
"""A letter or digit for each byte."""


class Kind(StrEnum):
    """The kinds of thing that have an id; each equals the prefix of its ids."""

    ASSISTANT = "asst"
    THREAD = "thread"
    MESSAGE = "msg"
    RUN = "run"
    RUN_STEP = "step"
    TOOL_CALL = "call"
    FILE = "file"
    VECTOR_STORE = "vs"
    VECTOR_STORE_FILE_BATCH = "vsfb"

    @property
    def noun(self) -> str:
        """The kind in the API's words, for instance ``run step``."""
        return self.name.lower().replace("_", " ")

    @property
    def mark(self) -> str:
        """What parts the prefix from the rest of an id."""
        return "-" if self is Kind.FILE else "_"


class Ids:
    """A source of ids that depend on nothing but the seed.

    Each kind has a sequence of its own, so that one more message does not rename all later runs.
    """

    def __init__(self, seed: int) -> None:
        self._sequences = {kind: Random(f"{seed}/{kind}") for kind in Kind}
        self._taken = set[str]()

    def take(self, id: str) -> None:
        """Never give this id: somebody else has given it, maybe from the same seed."""
        self._taken.add(id)

    def new(self, kind: Kind) -> str:
        """Return the next id of a kind."""
        while True:
            letters = self._sequences[kind].randbytes(_LENGTH).translate(_LETTERS).decode()
            if (id := f"{kind}{kind.mark}{letters}") not in self._taken:
                return id
