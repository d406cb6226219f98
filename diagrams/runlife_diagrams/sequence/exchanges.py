"""A wire log as plain data: what a client asked a service, and what became of it, whoever recorded it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen

__all__ = ["Exchange", "Lost", "Seen", "StreamEvent"]

Lost = Literal["request", "answer"]
"""What never arrived."""


@frozen
class Seen:
    """What an answer, or an event, showed of a life."""

    id: str
    status: str
    facts: Mapping[str, Any] = field(factory=dict[str, Any])
    """What else it showed that is worth a word, as JSON by name; what is null says nothing."""


@frozen
class StreamEvent:
    """One event of a stream."""

    name: str
    at: float | None = None
    """When it came, in unix seconds; None when nobody noted it."""
    seen: Seen | None = None


@frozen(kw_only=True)
class Exchange:
    """A call of a client and what became of it. Times are unix seconds; None where nobody noted them."""

    method: str
    path: str
    """Without the query."""
    sent: float | None = None
    answered: float | None = None
    """When the answer came; of a stream, its head."""
    status_code: int | None = None
    """None when no answer came."""
    request: Mapping[str, Any] = field(factory=dict[str, Any])
    """What came with the request, as JSON by name."""
    says: str = ""
    """What the answer says, in words, such as the message of an error."""
    seen: tuple[Seen, ...] = ()
    """What the answer showed."""
    events: tuple[StreamEvent, ...] | None = None
    """The events of a stream, in order; None when the answer is none."""
    fault: str = ""
    """What is known to have befallen it on the network, in words."""
    lost: Lost | None = None
    """What of it is known to have been lost. Of one without an answer it may be unknown which it was."""
    twice: bool = False
    """Whether the request arrived twice."""
