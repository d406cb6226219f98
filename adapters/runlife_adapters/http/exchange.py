"""What passed between a client and the service, as a value, for whoever watches the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from attrs import field, frozen

from runlife_adapters.http.streams import RunStream
from runlife_adapters.memory import ApiError
from runlife_adapters.memory.net import Net

__all__ = ["Exchange", "Observer"]

_LOST = frozenset({"reset_after", "lose_response", "malformed"})
"""What befalls an answer that then tells the client nothing."""


@frozen(kw_only=True, eq=False)
class Exchange:
    """One call of a client, and how it was answered."""

    number: int
    """Counted from 1, over all calls of the API (the doors under ``/_runlife/`` are not counted)."""
    at: float
    """When it was answered, by the World's clock, in unix seconds."""
    real_at: float
    """When it came, by the machine's clock, in unix seconds."""
    monotonic_at: float
    """The same by the machine's monotonic clock, in seconds: for how far apart two calls are."""
    method: str
    path: str
    """As it was sent, without the query."""
    query: str = ""
    """As it was sent, but for the values that are no options of the API: one of those may be a key."""
    digest: str
    """The SHA-256 of the body, in hexadecimal digits; of nothing, for no body."""
    operation: str | None
    """What was called, by the World's name for it (``create_run``); None when there is no such thing."""
    ids: Mapping[str, str] = field(factory=dict[str, str])
    """The ids in the path, by name."""
    body: Any = None
    """What was sent, as JSON, when it passed the checks; None when there was nothing, or it did not."""
    status: int
    """The status of the answer, as the World gave it, whatever befell it afterwards; 0 when there is no
    answer, because of what befell the call before it had any effect."""
    answer: Any = None
    """The body of the answer, as JSON; None when it is a stream, or no JSON."""
    refusal: ApiError | None = None
    """Why the call was refused, if it was, with the words and what they are about; not that of a key."""
    stream: RunStream | None = None
    """The stream of events that is the answer, if it is one."""
    net: Net | None = None
    """What befell it on the network."""
    run_id: str | None = None
    """The run that it created, where the answer does not say: it is a stream, or there is none."""
    thread_id: str | None = None
    """The thread of that run."""

    @property
    def took_effect(self) -> bool:
        """Whether it came as far as the World. What befalls a creation may come too late to prevent it."""
        return self.net is None or self.net.takes_effect or self.run_id is not None

    @property
    def heard(self) -> bool:
        """Whether the client got the answer, or at least the head of a stream."""
        return self.net is None or (self.net.takes_effect and self.net.kind not in _LOST)

    @property
    def late(self) -> bool:
        """Whether the answer came late, so that the client may have given it up."""
        return self.net is not None and self.net.kind == "delay"

    @property
    def streamed(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.stream is not None


class Observer(Protocol):
    """Somebody who watches a service. It is called in the order of the answers, and must not block."""

    def answered(self, exchange: Exchange) -> None:
        """Take note of a call that was answered, or whose answer begins to stream."""
        ...

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        """Take note of an event that was sent in a stream; ``data`` is its JSON."""
        ...
