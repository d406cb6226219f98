"""An exchange with a service, whatever recorded it: what every reader gives and every check takes."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from runlife import WorldError

__all__ = ["Event", "Exchange", "TraceFileError"]


class TraceFileError(WorldError):
    """A recording cannot be read: it is not there, or in no form that is known."""


@frozen
class Event:
    """One event of a stream."""

    name: str
    data: Any = None
    """Its JSON; None for what is none, such as ``[DONE]``."""
    at: float | None = None
    """When it came, in unix seconds; None when nobody noted it."""


@frozen
class Exchange:
    """A request and what became of it. Times are unix seconds; None where nobody noted them."""

    method: str
    path: str
    """Without the query."""
    sent: float | None = None
    answered: float | None = None
    """When the answer came; of a stream, its head."""
    status: int | None = None
    """None when no answer came: then it is not known whether the request took effect."""
    request: Any = None
    """The JSON of the request's body, or None."""
    body: Any = None
    """The JSON of the answer's body; None for a stream, and for what is no JSON."""
    events: tuple[Event, ...] | None = field(default=None, repr=False)
    """The events of a stream, in order; None when the answer is none."""
