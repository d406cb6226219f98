"""Attributes of other people's modules, replaced for a while and put back as they were."""

from __future__ import annotations

import threading
from typing import ClassVar, Self

from runlife import MisuseError

__all__ = ["Patches", "bystanders"]

_ABSENT = object()


def bystanders() -> frozenset[int]:
    """Return the identities of all threads but this one: a debugger's, a test runner's, the machine's.

    What lives longer than the test, and had begun before it, goes on in real time.
    """
    here = threading.get_ident()
    every = (thread.ident for thread in threading.enumerate())
    return frozenset(ident for ident in every if ident is not None and ident != here)


class Patches:
    """Replacements that last from ``begin`` to ``end``.

    What is replaced is global, so two of one purpose cannot be in place at the same time.

    :param purpose: what they are for, as the subject of a sentence.
    """

    _taken: ClassVar[set[str]] = set()

    def __init__(self, purpose: str) -> None:
        self.purpose = purpose
        self.in_place = False
        self._undo: list[tuple[object, str, object, object]] = []

    def begin(self) -> Self:
        """Take the place.

        :raises MisuseError: when another of the same purpose is in place.
        """
        if self.purpose in self._taken:
            raise MisuseError(f"{self.purpose} is in place already; there is one at a time in a process")
        self._taken.add(self.purpose)
        self.in_place = True
        return self

    def set(self, owner: object, name: str, value: object) -> None:
        """Replace an attribute, also one that its owner inherits."""
        self._undo.append((owner, name, vars(owner).get(name, _ABSENT), value))
        setattr(owner, name, value)

    def end(self) -> None:
        """Put everything back; what somebody else has replaced in the meantime stays theirs."""
        while self._undo:
            owner, name, before, ours = self._undo.pop()
            if vars(owner).get(name, _ABSENT) is not ours:
                continue
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
        self._taken.discard(self.purpose)
        self.in_place = False
