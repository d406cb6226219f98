"""What was called: the latest calls of a service, in few words each."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Any

from runlife import MisuseError

if TYPE_CHECKING:
    from runlife_adapters.http.exchange import Exchange

__all__ = ["CallLog"]

_LONGEST_PATH = 500
"""Characters of a path that are kept: a log must not grow by what a stranger sends."""


class CallLog:
    """An observer that remembers the latest calls. No headers, no bodies: nothing of anybody's key.

    :param keep: how many calls it remembers.
    :raises MisuseError: when that is below 1.
    """

    def __init__(self, keep: int = 10_000) -> None:
        if keep < 1:
            msg = f"keep: expected 1 or more calls, got {keep!r}"
            raise MisuseError(msg)
        self._entries: deque[dict[str, Any]] = deque(maxlen=keep)
        self._lock = Lock()

    def answered(self, exchange: Exchange) -> None:
        """Take note of a call."""
        entry: dict[str, Any] = {
            "number": exchange.number,
            "method": exchange.method,
            "path": exchange.path[:_LONGEST_PATH],
            "status": exchange.status,
            "operation": exchange.operation,
            "digest": exchange.digest,
            "at": exchange.at,
            "real_at": exchange.real_at,
            "net": None if exchange.net is None else exchange.net.to_json(),
        }
        with self._lock:
            self._entries.append(entry)

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        """Pass over an event of a stream: the call itself is in the log."""

    def entries(self) -> list[dict[str, Any]]:
        """Return the calls that it remembers, oldest first, as JSON.

        ``at`` is unix seconds of the World's clock, ``real_at`` seconds of the machine's monotonic one;
        ``net`` is what befell the call on the network, or None.
        """
        with self._lock:
            return [dict(entry) for entry in self._entries]

    def reset(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._entries.clear()
