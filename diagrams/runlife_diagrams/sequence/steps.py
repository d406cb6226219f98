"""What a sequence diagram shows, as data, whatever it was made of: arrows in order, and what lies between.

A :class:`Step` is an arrow from one lifeline to another. Where it brings news of a status, the receiver
has that status from there on: the server that a record moved, or the client that was told. A :class:`Gap`
stands for several arrows that are not drawn: records left out of the middle, polls that showed nothing new.
"""

from __future__ import annotations

from attrs import frozen

from runlife import Cause
from runlife_diagrams.errors import PictureError
from runlife_diagrams.timeline.looks import Look

__all__ = ["Gap", "News", "Participant", "Sequence", "Step", "kept", "left_out"]

_LEAST_LIMIT = 2
"""The first step and the last are always shown."""


@frozen
class Participant:
    """A lifeline."""

    key: Cause
    """By which it is known: who it is that acts there."""
    name: str


@frozen
class News:
    """A status that a step leads to, or shows."""

    look: Look
    life: int = 0
    """Which life it is of, from 0, in the order in which they are first seen."""


@frozen(kw_only=True)
class Step:
    """One arrow."""

    number: int
    """From 1, of all that happened."""
    time: str
    """What stands beside it; nothing where that is not known, or was said just before."""
    sender: Cause
    receiver: Cause
    css: str
    """The classes of its look: who causes it, and ``request``, ``answer``, ``streamed`` or ``refused``."""
    what: str
    details: tuple[str, ...] = ()
    """What came with it, in lines, shortened."""
    fault: str = ""
    """What befell it on its way, in words."""
    lost: bool = False
    """Whether it never arrived."""
    says: str
    """All of it, in words."""
    news: tuple[News, ...] = ()
    """Of the statuses; of several, none is drawn beside it."""
    active: bool = False
    """Whether the server is at work from here on: on a life, or on a stream of events."""
    idle: float | None = None
    """How long nothing happened before it, in seconds, where that was long."""


@frozen
class Gap:
    """Steps that are not drawn each."""

    steps: int
    says: str
    title: str
    until: str
    """When the last of them was; nothing where that is not known."""
    css: str
    """``more``, what was left out; ``polls``, what showed nothing new."""


@frozen
class Sequence:
    """What is drawn."""

    title: str
    description: str
    participants: tuple[Participant, ...]
    steps: tuple[Step | Gap, ...]


def kept(count: int, limit: int) -> tuple[int, int]:
    """Return how many steps are drawn at the beginning, and from which one on they are drawn again.

    :raises PictureError: when the limit leaves no room for the first and the last.
    """
    if limit < _LEAST_LIMIT:
        raise PictureError(f"limit must be {_LEAST_LIMIT} records or more, got {limit}")
    if count <= limit:
        return count, count
    # The beginning explains more than the end, so two thirds of what is shown are its.
    after = max(1, limit // 3)
    return limit - after, count - after


def left_out(steps: int, since: str, until: str) -> Gap:
    """Return what stands for steps in the middle that are not drawn.

    :param since: when the first of them was, and ``until`` the last; nothing where that is not known.
    """
    more = f"… {steps:,} more …"
    return Gap(steps, more, f"{more} from {since or '?'} until {until or '?'}", until, "more")
