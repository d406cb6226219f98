"""What stands before a run that clients do not see themselves: a round of it is a response, for instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife import Record

__all__ = ["Witness"]


class Witness(Protocol):
    """Who stands before a hidden run: what clients see in its place. It is told of each of its moves."""

    def moved(self, happened: Sequence[Record]) -> None:
        """Take note of what has just happened to the run, before its streams do."""
        ...

    def abandon(self) -> None:
        """Take note that the run has been taken out of the World in the middle of its life."""
        ...
