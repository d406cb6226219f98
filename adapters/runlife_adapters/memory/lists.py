"""Lists, a page at a time, by the API's parameters ``limit``, ``order``, ``after`` and ``before``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, TypeVar

from runlife_adapters.memory.checks import check_names
from runlife_adapters.memory.errors import ABOVE_MAXIMUM, BELOW_MINIMUM, UNSUPPORTED_VALUE, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runlife_adapters.memory.ids import Kind

__all__ = ["DEFAULT_LIMIT", "MAXIMUM_LIMIT", "ORDERS", "ListOptions", "cut"]

DEFAULT_LIMIT = 20
MAXIMUM_LIMIT = 100
ORDERS = ("asc", "desc")

ItemT = TypeVar("ItemT")


class ListOptions(TypedDict, total=False):
    """Which page of a list is wanted; None is as good as absent."""

    limit: int | None
    """How many items at most, 1 to 100; 20 by default."""
    order: str | None
    """``asc`` (oldest first) or, by default, ``desc``."""
    after: str | None
    """An id: the page begins behind that item."""
    before: str | None
    """An id: the page ends before that item."""


def cut(
    kind: Kind,
    items: Mapping[str, ItemT],
    options: ListOptions,
    *,
    wanted: Callable[[ItemT], bool] | None = None,
    usual: int = DEFAULT_LIMIT,
    maximum: int = MAXIMUM_LIMIT,
) -> tuple[Sequence[ItemT], bool]:
    """Return the items of one page, and whether more of them lie in the direction that was asked.

    :param items: by id, oldest first. Items of the same second keep the order in which they came.
    :param wanted: which of them the page is about, by default all. A cursor may be any of them: what it
        names need not be wanted, or be so no longer.
    :param usual: how many items a page has when nothing is said.
    :param maximum: how many may be asked for.
    :raises ApiError: when an option is out of range, or a cursor names nothing.
    :raises MisuseError: when an option is unknown.
    """
    check_names("a list", options, ListOptions.__annotations__)
    limit = options.get("limit")
    limit = usual if limit is None else limit
    if limit < 1:
        raise BELOW_MINIMUM.error(param="limit", limit=1, value=limit)
    if limit > maximum:
        raise ABOVE_MAXIMUM.error(param="limit", limit=maximum, value=limit)
    order = options.get("order") or "desc"
    if order not in ORDERS:
        supported = " and ".join(f"'{known}'" for known in ORDERS)
        raise UNSUPPORTED_VALUE.error(param="order", value=order, supported=supported)
    ids = list(items)
    if order == "desc":
        ids.reverse()
    after, before = options.get("after"), options.get("before")
    start = _place(kind, ids, after) + 1 if after else 0
    stop = _place(kind, ids, before) if before else len(ids)
    window = [id for id in ids[start:stop] if wanted is None or wanted(items[id])]
    # Without `after`, `before` asks for the page just before that item: the window's far end.
    page = window[-limit:] if before and not after else window[:limit]
    return [items[id] for id in page], len(window) > limit


def _place(kind: Kind, ids: Sequence[str], cursor: str) -> int:
    try:
        return ids.index(cursor)
    except ValueError:
        raise not_found(kind, cursor) from None
