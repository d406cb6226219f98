"""A body that comes late: the answer to the creation of a response in the foreground.

The client waits on the line until the response has ended; what it then gets is plain JSON. So it is a
:class:`~runlife_adapters.http.messages.Stream` of one piece, and whatever can wait for the events of a run
can wait for it. The status has long been sent then: that it failed, the response itself has to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runlife_adapters.http.refusals import refusal
from runlife_adapters.memory.resources import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.memory import LateResponse
    from runlife_adapters.memory.net import Net

__all__ = ["ANSWERED", "LateBody"]

ANSWERED = "answered"
"""What observers are told, in the place of the name of an event, when the body has come."""

_DEAD = 500


class LateBody:
    """The JSON of a response, once it has ended.

    :param late: gives the response.
    :param tell: is told of the response when it goes out, as JSON.
    :param net: what befalls the answer, if anything.
    """

    def __init__(self, late: LateResponse, tell: Callable[[str, Any], None], net: Net | None = None) -> None:
        self._late = late
        self._tell = tell
        self._malformed = net is not None and net.kind == "malformed"
        self._over = False
        self._attended = True

    @property
    def over(self) -> bool:
        """Whether it has been taken."""
        return self._over

    @property
    def attended(self) -> bool:
        """Whether the client still waits for it."""
        return self._attended

    def take(self) -> bytes:
        """Return the body, or nothing as long as the response has not ended."""
        if self._over:
            return b""
        response = self._late.take()
        if response is None and not self._late.ended:
            return b""
        self._over, self._attended = True, False
        # Of a World that was emptied in the meantime there is nothing else to say.
        data = refusal(_DEAD).to_json() if response is None or self._late.abandoned else response.to_json()
        self._tell(ANSWERED, data)
        body = as_text(data)
        return body[: len(body) // 2] if self._malformed else body

    def due(self) -> float | None:
        """Return when something will next happen by itself."""
        return None if self._over else self._late.due()

    def notify(self, callback: Callable[[], None]) -> None:
        """Have a callback called when something has happened."""
        self._late.notify(callback)

    def close(self, *, abandoned: bool = False) -> None:
        """Wait no more. The response goes on."""
        self._over = True
        self._attended = self._attended and abandoned
        self._late.close()
