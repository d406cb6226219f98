"""Exchanges taken apart into messages, in the order of time."""

from __future__ import annotations

from typing import Literal

from attrs import evolve, frozen

from runlife_diagrams.sequence.exchanges import Exchange, StreamEvent

__all__ = ["Message", "messages_of"]


@frozen
class Message:
    """A request, an answer, or an event of a stream."""

    kind: Literal["request", "answer", "event"]
    exchange: int
    at: float | None
    event: StreamEvent | None = None
    last: bool = False
    """Whether it is the last of its stream."""
    number: int = 0
    """From 1, of all messages."""


def messages_of(exchanges: tuple[Exchange, ...]) -> list[Message]:
    """Return all messages in order; what has no time follows what it was recorded after."""
    found: list[tuple[float, Message]] = []
    now = float("-inf")
    for number, exchange in enumerate(exchanges):
        now = now if exchange.sent is None else exchange.sent
        found.append((now, Message("request", number, exchange.sent)))
        if exchange.lost != "request":
            now = now if exchange.answered is None else max(now, exchange.answered)
            found.append((now, Message("answer", number, exchange.answered)))
        events = exchange.events or ()
        for place, event in enumerate(events, 1):
            now = now if event.at is None else max(now, event.at)
            found.append((now, Message("event", number, event.at, event, last=place == len(events))))
    found.sort(key=lambda one: one[0])
    return [evolve(message, number=number) for number, (_, message) in enumerate(found, 1)]
