"""An exchange with a service, whatever recorded it: what every reader gives and every check takes."""

from __future__ import annotations

from math import isfinite
from typing import Any, TypeGuard

from attrs import Attribute, field, frozen

from runlife import MisuseError, WorldError

__all__ = ["Event", "Exchange", "TraceFileError", "is_moment"]


class TraceFileError(WorldError):
    """A recording cannot be read: it is not there, or in no form that is known."""


def _expected(it: object, attribute: Attribute[Any], value: object, what: str) -> MisuseError:
    return MisuseError(f"{type(it).__name__.lower()}, {attribute.name!r}: expected {what}, got {value!r:.60}")


def _is_text(it: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise _expected(it, attribute, value, "text")


def _is_status(it: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise _expected(it, attribute, value, "a whole number, or null")


def _is_moment(it: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not is_moment(value):
        raise _expected(it, attribute, value, "unix seconds, or null")


def is_moment(value: object) -> TypeGuard[float]:
    """Whether a value is a time in unix seconds. What a file holds may be anything."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


@frozen
class Event:
    """One event of a stream.

    :raises MisuseError: when the name is no text, or the time is none.
    """

    name: str = field(validator=_is_text)
    data: Any = None
    """Its JSON; None for what is none, such as ``[DONE]``."""
    at: float | None = field(default=None, validator=_is_moment)
    """When it came, in unix seconds; None when nobody noted it."""


@frozen
class Exchange:
    """A request and what became of it. Times are unix seconds; None where nobody noted them.

    :raises MisuseError: when the method or the path is no text, the status no number, or a time is none.
    """

    method: str = field(validator=_is_text)
    path: str = field(validator=_is_text)
    """Without the query."""
    sent: float | None = field(default=None, validator=_is_moment)
    answered: float | None = field(default=None, validator=_is_moment)
    """When the answer came; of a stream, its head."""
    status: int | None = field(default=None, validator=_is_status)
    """None when no answer came: then it is not known whether the request took effect."""
    request: Any = None
    """The JSON of the request's body, or None."""
    body: Any = None
    """The JSON of the answer's body; None for a stream, and for what is no JSON."""
    events: tuple[Event, ...] | None = field(default=None, repr=False)
    """The events of a stream, in order; None when the answer is none."""
    set_back: float = 0.0
    """By how many seconds the clock of the recording was behind a time that it had shown before. Times then
    stand still at the latest one, which keeps the order and says no more than that."""
