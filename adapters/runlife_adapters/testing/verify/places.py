"""The places of a trial: each point at which its story could have said something."""

from __future__ import annotations

from attrs import define, frozen

from runlife import RunStatus
from runlife_adapters.testing.verify.story import Other

__all__ = ["CallPlace", "Place", "VisitPlace"]


@frozen
class VisitPlace:
    """A run came into a status: the server decides when and where it goes on."""

    run: int
    """Which run, from 0, in the order of their creation."""
    status: RunStatus
    visit: int
    """How many times it has been there before."""


@define
class CallPlace:
    """A call arrived."""

    number: int
    """Which call, from 1."""
    reads: bool
    acts: tuple[Other, ...] = ()
    """What another worker could have done just before."""
    tie: bool = False
    """Whether the server did something at the very same moment."""
    streams: bool = False
    idle: bool = False
    """Whether it read a run once more, and saw nothing new."""


Place = VisitPlace | CallPlace
