"""Lists of items, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.lists import ListOptions, cut
from runlife_adapters.memory.responses.errors import ITEM_NOT_FOUND
from runlife_adapters.memory.responses.items import shown
from runlife_adapters.memory.responses.resources import ItemPage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runlife_adapters.memory.resources import Json

__all__ = ["item_page"]


def item_page(items: Mapping[str, Json], options: ListOptions, include: Sequence[str]) -> ItemPage:
    """Return a page of items, of which those that ``include`` asks for are shown in full.

    :param items: by id, oldest first.
    :raises ApiError: when an option is out of range, or a cursor names nothing.
    """
    after = options.get("after")
    if after is not None and after not in items:
        raise ITEM_NOT_FOUND.error(id=after, param="after")
    found, has_more = cut(Kind.MESSAGE, items, options)
    return ItemPage(tuple(shown(item, include) for item in found), has_more)
