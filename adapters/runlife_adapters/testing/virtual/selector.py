"""The selector of a loop that never waits: asked to, it asks the loop what to do instead."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import FileDescriptorLike

__all__ = ["Events", "Selector"]

Events = list[tuple[selectors.SelectorKey, int]]
"""What a selector reports."""


class Selector(selectors.BaseSelector):
    """Keeps what is registered in a real selector, which nobody waits for.

    :param turn: called each turn, with whether there is something to do; returns the events to report.
    """

    def __init__(self, turn: Callable[[bool], Events]) -> None:
        self.real = selectors.DefaultSelector()
        self.refuse: Callable[[int], Exception] | None = None
        """Makes the error for whoever registers a descriptor; None to let them."""
        self._turn = turn

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        """Begin to watch a descriptor."""
        if self.refuse is not None:
            raise self.refuse(fileobj if isinstance(fileobj, int) else fileobj.fileno())
        return self.real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        """Watch a descriptor no longer."""
        return self.real.unregister(fileobj)

    def modify(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch a descriptor for something else."""
        return self.real.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> Events:
        """Do not wait."""
        return self._turn(timeout is not None and timeout <= 0)

    def close(self) -> None:
        """Free what the real one holds."""
        self.real.close()

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        """Return what is registered."""
        return self.real.get_map()
