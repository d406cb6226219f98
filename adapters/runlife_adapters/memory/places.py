"""Where in a document something is wrong: ``rules[2].when.message: expected str, got 5``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from runlife import MisuseError

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["PlacedError", "at", "items_of"]


class PlacedError(MisuseError):
    """What is wrong in a document, and where: ``place`` is the path to it, ``says`` what is wrong there."""

    def __init__(self, place: str, says: str) -> None:
        super().__init__(f"{place}: {says}")
        self.place = place
        self.says = says


@contextmanager
def at(place: str) -> Generator[None]:
    """Say of every MisuseError that comes from within where it happened; places within places add up.

    :raises PlacedError: in place of any other MisuseError.
    """
    try:
        yield
    except PlacedError as error:
        joint = "" if error.place.startswith("[") else "."
        raise PlacedError(f"{place}{joint}{error.place}", error.says) from error
    except MisuseError as error:
        raise PlacedError(place, str(error)) from error


def items_of(value: object) -> list[Any]:
    """Return the items of a list in a document.

    :raises MisuseError: when it is no list.
    """
    if isinstance(value, (list, tuple)):
        return list(cast("list[Any]", value))
    msg = f"expected a list, got {value!r}"
    raise MisuseError(msg)
