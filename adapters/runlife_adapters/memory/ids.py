"""Identifiers as the API makes them: a prefix and 24 letters or digits (recorded).

Between them stands an underscore; in the ids of files, which are older than the rest, a dash. The ids of
responses, conversations and their items, which are newer, have 50 hexadecimal digits (recorded).
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from random import Random
from string import ascii_letters, digits

__all__ = ["Ids", "Kind", "item_id"]

_ALPHABET = (ascii_letters + digits).encode()
_LENGTH = 24
_LETTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
"""A letter or digit for each byte."""
_DIGITS = 50
"""How many hexadecimal digits the newer ids have."""


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
    RESPONSE = "resp"
    CONVERSATION = "conv"

    @property
    def noun(self) -> str:
        """The kind in the API's words, for instance ``run step``."""
        return self.name.lower().replace("_", " ")

    @property
    def mark(self) -> str:
        """What parts the prefix from the rest of an id."""
        return "-" if self is Kind.FILE else "_"


_NEWER = frozenset({Kind.RESPONSE, Kind.CONVERSATION})


def item_id(prefix: str, *names: object) -> str:
    """Return the id of an item, which depends on nothing but what it is an item of.

    :param names: what tells it from all others: the call that it is, or a response and its place there.
    """
    return f"{prefix}_{sha256('/'.join(map(str, names)).encode()).hexdigest()[:_DIGITS]}"


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
            if kind in _NEWER:
                letters = self._sequences[kind].randbytes(_DIGITS // 2).hex()
            else:
                letters = self._sequences[kind].randbytes(_LENGTH).translate(_LETTERS).decode()
            if (id := f"{kind}{kind.mark}{letters}") not in self._taken:
                return id
