"""What a World takes: everything else is refused as misuse before anything has changed.

The HTTP server checks its requests itself, in the service's words. These checks are for whoever calls
the World from Python without a type checker, where a misspelt name would otherwise go unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from sys import float_info
from typing import TYPE_CHECKING, Any, cast

from runlife import MisuseError

if TYPE_CHECKING:
    from attrs import Attribute

__all__ = ["check_kind", "check_names", "check_seconds", "is_a", "is_number"]

NONE = type(None)


def check_kind(what: str, value: object, *kinds: type) -> None:
    """Raise MisuseError unless a value is of one of the kinds. A bool is no int here."""
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        expected = " or ".join("None" if kind is NONE else kind.__name__ for kind in kinds)
        msg = f"{what}: expected {expected}, got {value!r}"
        raise MisuseError(msg)


def check_names(what: str, said: object, known: Iterable[str], required: Iterable[str] = ()) -> None:
    """Raise MisuseError unless ``said`` is an object with no names but the known and all the required."""
    if not isinstance(said, Mapping):
        msg = f"{what}: expected an object, got {said!r}"
        raise MisuseError(msg)
    names, known = list(cast("Mapping[str, Any]", said)), list(known)
    if unknown := [name for name in names if name not in known]:
        msg = f"{what}: unknown {', '.join(map(repr, unknown))}; known is {', '.join(known)}"
        raise MisuseError(msg)
    if missing := [name for name in required if name not in names]:
        msg = f"{what}: {' and '.join(map(repr, missing))} must be given; known is {', '.join(known)}"
        raise MisuseError(msg)


def is_number(value: object) -> bool:
    """Say whether a value is an int or a float that a float can tell; NaN and the infinities are not."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return -float_info.max <= value <= float_info.max


def check_seconds(what: str, value: object) -> None:
    """Raise MisuseError unless a value is a finite number above 0."""
    if not is_number(value) or not cast("float", value) > 0:
        msg = f"{what}: expected a finite number of seconds above 0, got {value!r}"
        raise MisuseError(msg)


def is_a(*kinds: type) -> Callable[[object, Attribute[Any], object], None]:
    """Return a validator of a field: :func:`check_kind` under the name of the field and its class."""

    def check(instance: object, attribute: Attribute[Any], value: object) -> None:
        check_kind(f"{type(instance).__name__}.{attribute.name}", value, *kinds)

    return check
