"""A recorder: writes what a client says to a live service, and what it hears, as NDJSON.

It is attached to the HTTP client that an SDK uses, as event hooks, and records the calls about runs, or
about responses, and nothing else::

    with Recorder("runs.ndjson") as recorder:
        client = OpenAI(http_client=httpx.Client(event_hooks=recorder.hooks()))

Each line is written when it happens: the request before it is sent, so that one without an answer is in
the file. An event stream is not held up: what the client reads of it is recorded as it is read.

What is secret is not written. Of headers nothing is; of an address, its path. Of bodies everything but
what people and models said: of the words only those that stand under names known to be harmless are
written (:data:`HARMLESS`), so that a field nobody has heard of gives nothing away. ``content=True`` writes
the bodies whole, for tests of one's own.

The client never suffers: if a line cannot be written, recording ends, and ``failure`` says why.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, cast

from runlife_adapters.clock import SystemClock
from runlife_adapters.traces.check import Request
from runlife_adapters.traces.ndjson import HEADER, as_line
from runlife_adapters.traces.sse import EventReader, parsed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from os import PathLike

    from runlife import Clock

__all__ = ["HARMLESS", "Recorder"]

# fmt: off
HARMLESS = frozenset({
    "id", "object", "status", "type", "role", "model", "code", "reason",
    "assistant_id", "thread_id", "run_id", "step_id", "message_id", "tool_call_id", "first_id", "last_id",
    "previous_response_id", "conversation", "call_id", "item_id",
})
# fmt: on
"""Names under which words are written without ``content=True``: what things are, and which."""

REMOVED = "[removed]"
"""What stands in the place of words that are not written."""

_NUMBERS = itertools.count(1)
"""Of all recorders together, so that an observer may hear several."""

_NUMBER = "runlife_trace"
"""The extension of a request that bears its number."""


class Recorder:
    """Writes the exchanges of an HTTP client (httpx or httpx2) that are about runs or responses.

    :param to: a file, to which is appended; or a function, which is given what happened as a mapping, one
        for each line of the format (:mod:`runlife_adapters.traces.ndjson`).
    :param content: whether to write what people and models said: messages, instructions, tool calls'
        arguments and outputs, metadata.
    :param clock: what tells the time; by default the machine's.
    :raises OSError: when the file cannot be opened.
    """

    def __init__(
        self,
        to: str | PathLike[str] | Callable[[Mapping[str, Any]], object],
        *,
        content: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.failure: Exception | None = None
        """Why recording ended early, or None."""
        self._content = content
        self._clock = clock or SystemClock()
        self._lock = Lock()
        self._file = None
        self._write: Callable[[Mapping[str, Any]], object]
        if callable(to):
            self._write = to
        else:
            # Line by line: whatever becomes of the process, a line that was written is there.
            self._file = file = Path(to).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115  # close() does
            self._write = lambda happened: file.write(as_line(happened))
        self._tell(HEADER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the recording. The client may go on."""
        with self._lock:
            self._write = lambda _happened: None
            if self._file is not None:
                self._file.close()

    def hooks(self) -> dict[str, list[Callable[[Any], Any]]]:
        """Return the ``event_hooks`` of a ``Client``."""
        return {"request": [self._sent], "response": [self._answered]}

    def async_hooks(self) -> dict[str, list[Callable[[Any], Any]]]:
        """Return the ``event_hooks`` of an ``AsyncClient``."""

        async def sent(request: Any) -> None:  # the client awaits it
            self._sent(request)

        async def answered(response: Any) -> None:
            if _NUMBER in response.request.extensions:
                if not _is_stream(response):
                    await response.aread()
                self._answer(response)

        return {"request": [sent], "response": [answered]}

    # What happens

    def _sent(self, request: Any) -> None:
        about = Request.of(0, request.method, request.url.path, None)
        if about is None:
            return
        number = request.extensions[_NUMBER] = next(_NUMBERS)
        entry = {"sent": number, "at": self._clock.now(), "method": request.method, "path": request.url.path}
        if about.method != "GET":
            entry["body"] = self._shown(parsed(_content_of(request)))
        self._tell(entry)

    def _answered(self, response: Any) -> None:
        if _NUMBER in response.request.extensions:
            if not _is_stream(response):
                response.read()
            self._answer(response)

    def _answer(self, response: Any) -> None:
        number = response.request.extensions[_NUMBER]
        entry = {"answered": number, "at": self._clock.now(), "status": response.status_code}
        if not _is_stream(response):
            entry["body"] = self._shown(parsed(response.content))
            self._tell(entry)
            return
        self._tell({**entry, "stream": True})
        if response.is_stream_consumed:  # it came whole, from a transport that does not stream
            for name, data in EventReader().feed(response.content):
                self._event(number, name, data)
            return
        # The client reads the stream itself; we stand in between, and look at what passes.
        unpack = _unpacker(response.headers.get("content-encoding", ""))
        if unpack is not None:
            events = _Events(self._event, number, unpack)
            library = type(response).__module__.partition(".")[0]
            response.stream = _passing(library)(response.stream, events)

    def _event(self, number: int, name: str, data: object) -> None:
        # Pieces of a text say nothing of a run, and all of the text. Those of a response are numbered.
        if self._content or not name.endswith(".delta") or name.startswith("response."):
            at = self._clock.now()
            self._tell({"event": number, "at": at, "name": name, "data": self._shown(data)})

    def _tell(self, happened: Mapping[str, Any]) -> None:
        with self._lock:
            try:
                self._write(happened)
            except Exception as error:  # noqa: BLE001  # whatever it is: the client must not suffer
                self.failure = error
                self._write = lambda _happened: None

    def _shown(self, value: Any, name: str = "") -> Any:
        """Return JSON without the words that are not to be written."""
        if self._content:
            return value
        if isinstance(value, Mapping):
            said = cast("Mapping[str, Any]", value)
            # What a user attached, the names are words too.
            return {k: REMOVED if k == "metadata" and v else self._shown(v, k) for k, v in said.items()}
        if isinstance(value, list):
            return [self._shown(item) for item in cast("list[object]", value)]
        return value if name in HARMLESS or not isinstance(value, str) else REMOVED


def _is_stream(response: Any) -> bool:
    return str(response.headers.get("content-type", "")).startswith("text/event-stream")


def _content_of(request: Any) -> bytes | None:
    """Return the body of a request, unless it is one that is not in memory."""
    try:
        return cast("bytes", request.content)
    except RuntimeError:  # the libraries' RequestNotRead
        return None


class _Events:
    """Reads events out of the pieces of a stream, and never fails."""

    def __init__(
        self, tell: Callable[[int, str, object], None], number: int, unpack: Callable[[bytes], bytes]
    ) -> None:
        self._tell = tell
        self._number = number
        self._unpack = unpack
        self._reader = EventReader()
        self._ok = True

    def feed(self, piece: bytes) -> None:
        """Tell of the events that are whole by now."""
        if not self._ok:
            return
        try:
            for name, data in self._reader.feed(self._unpack(piece)):
                self._tell(self._number, name, data)
        except zlib.error:
            self._ok = False  # what cannot be unpacked is the client's affair


def _unpacker(encoding: str) -> Callable[[bytes], bytes] | None:
    """Return what unpacks a stream, or None if that is beyond the standard library."""
    if encoding in {"", "identity"}:
        return bytes
    return (
        zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress if encoding in {"gzip", "deflate"} else None
    )


class _Passing:
    """A stream that passes on another's pieces."""

    def __init__(self, stream: Any, events: _Events) -> None:
        self._stream = stream
        self._events = events

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self._events.feed(piece)
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._events.feed(piece)
            yield piece

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


@cache
def _passing(library: str) -> type[Any]:
    """Return the class as one of a library's own, sync and async: it takes no others."""
    theirs = import_module(library)
    return type("Passing", (_Passing, theirs.SyncByteStream, theirs.AsyncByteStream), {})
