"""Where a value stands in a request, and what has to be known there."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from runlife_adapters.memory.ids import Kind

__all__ = ["Known", "Place"]

Known = Callable[[Kind, str], bool]
"""Says whether an id names something of a kind, however it looks: a World may have been given any ids."""


@frozen
class Place:
    """Where a value stands in a request."""

    param: str
    """Its path, as the service names it; that of a whole body is empty."""
    known: Known

    def field(self, name: str) -> Place:
        """Return the place of a field of the object that stands here."""
        return Place(f"{self.param}.{name}" if self.param else name, self.known)

    def item(self, index: int) -> Place:
        """Return the place of an item of the array that stands here."""
        return Place(f"{self.param}[{index}]", self.known)
