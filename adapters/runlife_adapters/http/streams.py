r"""The event stream of a run or of a response, as the bytes that go over the wire.

A frame is ``event: NAME``, a line ``data: `` with JSON, and an empty line; the last one of a run is
``event: done`` with ``[DONE]``, that of a response is how it ended (all recorded). A server that dies in
the middle says so in an event ``error`` (observed), and its stream ends there, with nothing that could be
taken for its proper end. Characters beyond ASCII are written as escapes, as in all answers: whatever splits
lines at U+2028, or meets half a surrogate pair, comes to no harm.

What befalls a stream on the network is counted here, in events, since only here events are told
apart: it gives as many as still come through and then raises
:class:`~runlife_adapters.http.messages.BrokenStreamError`, for the sender to cut the line or to fall silent.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from runlife_adapters.http.messages import BrokenStreamError
from runlife_adapters.http.refusals import refusal
from runlife_adapters.memory import ApiError, ResponseEvents
from runlife_adapters.memory.resources import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.memory.events import RunEvents
    from runlife_adapters.memory.net import Net
    from runlife_adapters.memory.service_policy import ServicePolicy

__all__ = ["BREAKS", "DONE", "RunStream", "frame"]

DONE = b"event: done\ndata: [DONE]\n\n"
"""With which every stream of a run ends that the server does not abandon."""

BREAKS = ("cut_stream", "stall_stream")
"""What befalls streams only."""

_LOG = logging.getLogger(__name__)

_INCOMPLETE = "thread.run.incomplete"

_DEAD = 500
"""The status that a server would answer with which fails."""


def frame(name: str, data: bytes) -> bytes:
    """Return an event as it goes over the wire."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


class RunStream:
    """A :class:`~runlife_adapters.http.messages.Stream` of the events of a run or of a response.

    :param events: what the World gives.
    :param tell: is told of every event that goes out, before it does.
    :param net: what befalls the stream, if anything.
    """

    def __init__(
        self,
        events: RunEvents | ResponseEvents,
        policy: ServicePolicy,
        tell: Callable[[str, Any], None],
        net: Net | None = None,
    ) -> None:
        self._events = events
        self._of_response = isinstance(events, ResponseEvents)
        self._policy = policy
        self._tell = tell
        self._broken = net if net is not None and net.kind in BREAKS else None
        self._left = self._broken.events if self._broken is not None else None
        self._malformed = net is not None and net.kind == "malformed"
        self._over = False
        self._attended = True

    @property
    def over(self) -> bool:
        """Whether everything has been taken."""
        return self._over

    @property
    def attended(self) -> bool:
        """Whether its reader reads on, or would if the server had not gone: neither ended nor left."""
        return self._attended

    def take(self) -> bytes:
        """Return the frames of what has happened and was not taken yet.

        :raises BrokenStreamError: when as many events have gone out as come through.
        """
        if self._over:
            return b""
        frames: list[bytes] = []
        for name, data in self._taken():
            if self._left == 0:
                break
            if self._left is not None:
                self._left -= 1
            self._tell(name, data)
            written = as_text(data)
            frames.append(frame(name, written[: len(written) // 2] if self._malformed else written))
        if self._left == 0:
            # What went out before goes first: the next to ask is told that there is no more.
            if not frames:
                self._raise_broken()
        elif self._events.over:
            self._over, self._attended = True, False
            if self._events.abandoned:
                frames.append(self._abandoned())
            elif not self._of_response:
                frames.append(DONE)
        return b"".join(frames)

    def due(self) -> float | None:
        """Return when more may come by itself."""
        return None if self._over else self._events.due()

    def notify(self, callback: Callable[[], None]) -> None:
        """Have a callback called when there is more to take."""
        self._events.notify(callback)

    def close(self, *, abandoned: bool = False) -> None:
        """Stop. The run goes on."""
        self._over = True
        self._attended = self._attended and abandoned
        self._events.close()

    def _abandoned(self) -> bytes:
        data = self._error(refusal(_DEAD))
        self._tell("error", data)
        return frame("error", as_text(data))

    def _taken(self) -> list[tuple[str, Any]]:
        try:
            events = self._events.take()
        except Exception as error:  # noqa: BLE001  # whatever it is, the client is told, and the log
            if not isinstance(error, ApiError):
                _LOG.exception("the World failed while a stream went on")
            self._events.close()
            return [("error", self._error(error))]
        return [(self._name(event.name), event.data) for event in events]

    def _name(self, name: str) -> str:
        return self._policy.incomplete_event if name == _INCOMPLETE else name

    def _error(self, error: Exception) -> Any:
        said = error if isinstance(error, ApiError) else refusal(_DEAD)
        nested = said.to_json()
        data: dict[str, Any] = nested if self._policy.error_event == "nested" else nested["error"]
        if not isinstance(self._events, ResponseEvents):
            return data
        # The events of a response name their type in their data; so the type of the error stays behind.
        return {**data, "type": "error", "sequence_number": self._events.sequence_number}

    def _raise_broken(self) -> None:
        if self._broken is not None:
            self._events.close()
            raise BrokenStreamError(self._broken)
