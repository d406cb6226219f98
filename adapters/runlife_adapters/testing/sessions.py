"""What watches every fake of a test session, whoever makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.http import Service

__all__ = ["opened", "watchers"]

watchers: list[Callable[[Service], object]] = []
"""Who is told of each service that a fixture or a trial makes, before it is called."""


def opened(service: Service) -> None:
    """Tell of a new service."""
    for watcher in watchers:
        watcher(service)
