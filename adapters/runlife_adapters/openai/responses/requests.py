"""What the operations ask to be done on the network: small values, and the generators that yield them.

Theory of operation
-------------------
An operation of this package is a generator. It yields what it wants done, is sent the answer or thrown the
error, and returns its result; it never waits for anything itself. So all that there is to decide is written
once, and the two backends, sync and async, only do what they are asked (:mod:`.calls`). Between two yields an
operation is alone: it reads its records from the store there, changes them and puts them back, and takes
nothing that it read before a yield for true after it. So no lock is held while a call is on its way, and a
run can be cancelled while its outputs are being posted.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from attrs import frozen

__all__ = [
    "Close",
    "Delete",
    "Get",
    "Json",
    "Next",
    "Open",
    "Post",
    "Reply",
    "Request",
    "Steps",
    "path",
]

Json = dict[str, Any]
"""A JSON object."""


@frozen
class Get:
    """Look at something. The answer is a :class:`Reply`."""

    path: str
    params: Mapping[str, object] | None = None


@frozen
class Post:
    """Change something. The answer is a :class:`Reply`. It is sent once."""

    path: str
    body: Json | None = None
    idempotent: bool = False
    """Whether it does no more when it is sent twice: then the client's own retries are for it as well."""


@frozen
class Delete:
    """Remove something. The answer is a :class:`Reply`. It is sent once."""

    path: str


@frozen
class Open:
    """Ask for a stream of events, by POST if there is a body. The answer is what :class:`Next` takes."""

    path: str
    body: Json | None = None
    params: Mapping[str, object] | None = None


@frozen
class Next:
    """Wait for the next event of a stream. The answer is the event, or None at the end."""

    stream: Any


@frozen
class Close:
    """Leave a stream."""

    stream: Any


@frozen
class Reply:
    """The answer to a call."""

    body: object
    """The JSON as it stands on the wire."""
    poll_after: float | None = None
    """How many seconds the service asks a poller to wait, if it does."""


Request = Get | Post | Delete | Open | Next | Close
"""Everything that may be asked for."""

ResultT = TypeVar("ResultT")

Steps = Generator[Request, Any, ResultT]
"""An operation."""


def path(*parts: str) -> str:
    """Return a path; whatever an id holds, it names one segment."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)
