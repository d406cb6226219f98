"""What happened in a trial, entry by entry, in virtual time: what every report is drawn from."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

__all__ = ["Entry", "Lane", "Tape"]


class Lane(StrEnum):
    """Who did something."""

    SERVICE = "service"
    """The service sent a call."""
    WIRE = "wire"
    """An answer came back to it, or what came in its place."""
    SERVER = "server"
    """A run moved by the server, or by time."""
    CLIENT = "client"
    """A run moved by a call of the service."""
    OTHER = "other"
    """Another worker did something."""


@frozen
class Entry:
    """One thing that happened: when, in seconds since the trial began, by whom, and what, in words."""

    at: float
    lane: Lane
    text: str
    call: int | None = None
    """The number of the call that it belongs to."""
    deviates: bool = False
    """Whether the story says that it happens so."""

    @property
    def plot(self) -> tuple[str, str]:
        """What it is, however late it happens and whatever its number is: to compare two trials."""
        return self.lane, self.text


@frozen
class Tape:
    """The entries of a trial, in the order in which they happened."""

    entries: list[Entry] = field(factory=list[Entry])

    def add(self, entry: Entry) -> None:
        """Add what has happened; what is told late stands where it belongs."""
        place = len(self.entries)
        while place and self.entries[place - 1].at > entry.at:
            place -= 1
        self.entries.insert(place, entry)
