"""How deeply JSON is nested: what walks it is recursive, and must not run out of stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["is_deeper"]


def is_deeper(data: object, limit: int) -> bool:
    """Say whether data has more than so many levels of objects and arrays; found level by level."""
    level: list[object] = [data]
    for _ in range(limit):
        level = [item for outer in level for item in _items(outer) if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _items(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()
