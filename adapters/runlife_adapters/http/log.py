"""What was called: the latest calls of a service, in few words each."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Any

from runlife import MisuseError

if TYPE_CHECKING:
    from runlife_adapters.http.exchange import Exchange

__all__ = ["CallLog"]

_LONGEST = 500
"""Characters of a path or a query that are kept: a log must not grow by what a stranger sends."""


class CallLog:
    """An observer that remembers the latest calls. No headers, no bodies: nothing of anybody's key.

    In queries, the values that are no options of the API are masked for the same reason.

    :param keep: how many calls it remembers.
    :raises MisuseError: when that is below 1.
    """

    def __init__(self, keep: int = 10_000) -> None:
        if keep < 1:
            msg = f"keep: expected 1 or more calls, got {keep!r}"
            raise MisuseError(msg)
        self._entries: deque[dict[str, Any]] = deque(maxlen=keep)
        self._dropped = 0
        self._lock = Lock()

    def answered(self, exchange: Exchange) -> None:
        """Take note of a call."""
        entry: dict[str, Any] = {
            "number": exchange.number,
            "method": exchange.method,
            "path": exchange.path[:_LONGEST],
            "query": exchange.query[:_LONGEST],
            "status": exchange.status,
            "operation": exchange.operation,
            "digest": exchange.digest,
            "at": exchange.at,
            "real_at": exchange.real_at,
            "net": None if exchange.net is None else exchange.net.to_json(),
        }
        with self._lock:
            self._dropped += len(self._entries) == self._entries.maxlen
            self._entries.append(entry)

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        """Pass over an event of a stream: the call itself is in the log."""

    def entries(self) -> list[dict[str, Any]]:
        """Return the calls that it remembers, oldest first, as JSON.

        ``at`` is unix seconds of the World's clock, ``real_at`` of the machine's; ``net`` is what befell the
        call on the network, or None.
        """
        with self._lock:
            return [dict(entry) for entry in self._entries]

    @property
    def dropped(self) -> int:
        """How many calls, the oldest, it remembers no more."""
        return self._dropped

    def reset(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._dropped = 0
            self._entries.clear()
