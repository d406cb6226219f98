"""What the sync and the async transport have in common: asking the service, and what a client can meet.

Both are classes of their own, made once for each library of which they have to be instances.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from runlife_adapters.http.inprocess.waiting import Patience
from runlife_adapters.http.messages import Request, Response, Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.http.service import Service
    from runlife_adapters.memory.net import Net

__all__ = ["SILENT", "Body", "Transport", "Trouble", "of_library"]


@cache
def of_library(ours: type[Any], theirs: type[Any]) -> Any:
    """Return a class of ours that is one of a library's as well."""
    return type(ours.__name__, (ours, theirs), {})


class Trouble:
    """What one client can meet while it waits, in its library's terms."""

    def __init__(self, library: Any, request: Any, patience: Patience) -> None:
        self.patience = patience
        self._library = library
        self._request = request

    def timeout(self) -> Any:
        """Return the error of a client whose patience ends."""
        return self._library.ReadTimeout("timed out", request=self._request)

    def fail(self, net: Net) -> NoReturn:
        """Raise what the client meets when the line is cut, or no more comes and its patience has ended."""
        match net.kind:
            case "lose_request":
                self.patience.move_to(float("inf"))
                raise self._library.ConnectTimeout("timed out", request=self._request)
            case "reset_before":
                raise self._library.ConnectError("connection reset by peer", request=self._request)
            case "reset_after":
                raise self._library.ReadError("connection reset by peer", request=self._request)
            case "cut_stream":
                msg = "peer closed connection without sending complete message body (incomplete chunked read)"
                raise self._library.RemoteProtocolError(msg, request=self._request)
            case _:
                self.patience.move_to(float("inf"))
                raise self.timeout()


_FATAL = frozenset({"reset_before", "reset_after", "lose_request", "lose_response"})

SILENT = frozenset({"lose_request", "lose_response", "stall_stream"})
"""What a client meets only once its patience has ended."""


class Transport:
    """What both transports do without waiting."""

    def __init__(self, service: Service, library: Any) -> None:
        self.service = service
        self.library = library

    def ask(self, request: Any) -> Response:
        """Have a request answered, whose body has been read."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        return self.service.handle(Request(request.method, path, query, headers, request.content))

    def trouble(self, request: Any, answer: Response, time: Callable[[], float]) -> Trouble:
        """Return what the client can meet while it waits.

        :param time: the clock by which it would wait for real, in seconds.
        """
        waits_for = "connect" if answer.net is not None and answer.net.kind == "lose_request" else "read"
        timeout = request.extensions.get("timeout", {}).get(waits_for)
        return Trouble(self.library, request, Patience(self.service.world, timeout, time))

    def fatal(self, answer: Response) -> Net | None:
        """Return what befalls an answer so that none of it comes, if that is so; a stream is left then."""
        if answer.net is None or answer.net.kind not in _FATAL:
            return None
        if not isinstance(answer.body, bytes):
            answer.body.close()
        return answer.net

    def respond(self, answer: Response, **content: Any) -> Any:
        """Return an answer as the library has it."""
        return self.library.Response(answer.status, headers=answer.headers, **content)


class Body:
    """A body that is a stream, as a client reads it."""

    def __init__(self, stream: Stream, trouble: Trouble) -> None:
        self.stream = stream
        self.trouble = trouble
        self.patience = trouble.patience

    def leave(self) -> None:
        """Read no more: the client has enough, or has met what ends its reading."""
        self.stream.close()
