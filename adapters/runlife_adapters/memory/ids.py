"""Identifiers as the API makes them: a prefix, an underscore, 24 letters or digits (recorded)."""

from __future__ import annotations

from enum import StrEnum
from random import Random
from string import ascii_letters, digits

__all__ = ["Ids", "Kind"]

_ALPHABET = ascii_letters + digits
_LENGTH = 24


class Kind(StrEnum):
    """The kinds of thing that have an id; each equals the prefix of its ids."""

    ASSISTANT = "asst"
    THREAD = "thread"
    MESSAGE = "msg"
    RUN = "run"
    RUN_STEP = "step"
    TOOL_CALL = "call"

    @property
    def noun(self) -> str:
        """The kind in the API's words, for instance ``run step``."""
        return self.name.lower().replace("_", " ")


class Ids:
    """A source of ids that depend on nothing but the seed.

    Each kind has a sequence of its own, so that one more message does not rename all later runs.
    """

    def __init__(self, seed: int) -> None:
        self._sequences = {kind: Random(f"{seed}/{kind}") for kind in Kind}

    def new(self, kind: Kind) -> str:
        """Return the next id of a kind."""
        return f"{kind}_{''.join(self._sequences[kind].choices(_ALPHABET, k=_LENGTH))}"
