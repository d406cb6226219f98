"""Runs whose responses are streamed: what the stream tells is not asked for.

Theory of operation
-------------------
A response that is created with a stream tells of itself, numbered from 0: what it is when it changes, and
each piece of text. Who wants to know listens (:meth:`Following.follow`), and waits for one event after the
other; meanwhile a look at the run shows what they were told, and asks for nothing. Where nobody listens a
look asks, for to wait is not what it is made for; in the foreground, where there is nothing to ask, it reads.

A connection that breaks is taken up again at the number of the last event
(``GET ...?stream=true&starting_after=N``, for background streams only: documented). An event that was told is
not told again, and none is missed: a number that does not follow the one before is a gap, and then the
response itself is looked at. That is done as well where a stream ends before the response has, and where it
is refused. In the foreground there is nothing to take up: what came after the connection broke can only be
looked up, as far as the service has kept it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, frozen

from runlife import MisuseError
from runlife_adapters.backend import RejectedError, RunView, UnavailableError
from runlife_adapters.openai.responses.reading import response_in
from runlife_adapters.openai.responses.requests import Close, Json, Next, Open, Steps, path
from runlife_adapters.openai.responses.runs import Runs, not_now

if TYPE_CHECKING:
    from runlife_adapters.openai.responses.desk import Options
    from runlife_adapters.openai.responses.records import RunRecord

__all__ = ["Following", "Listener", "TextDelta"]

ATTEMPTS = 3
"""How often in a row a stream is read in vain before whoever listens is told."""

DELTA, ERROR = "response.output_text.delta", "error"
"""Types of events: a piece of text; what went wrong with the stream."""


@frozen
class TextDelta:
    """A piece of the text that a run is writing."""

    text: str
    response_id: str
    item_id: str
    """The message that it is of."""


@define(eq=False)
class Listener:
    """Someone who listens to a run, and what they were told last."""

    thread_id: str
    run_id: str
    view: RunView | None = None


@define(eq=False)
class Tap:
    """Where the events of one response are read."""

    stream: Any = None
    number: int | None = None
    """That of the last event."""
    listener: Listener | None = None


class Following(Runs):
    """Runs, with their streams."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._taps = dict[str, Tap]()

    def begin(self, request: Json) -> Steps[Json]:
        """Create a response, and return it as it was first seen."""
        mode = self.options.mode
        if mode == "background":
            return (yield from super().begin(request))
        how = {"background": mode == "stream", "store": True, "stream": True}
        try:
            stream = yield Open("/responses", {**request, **self.options.body, **how})
        except RejectedError as error:
            raise not_now(error) from error
        while (event := (yield Next(stream))) is not None:
            if "response" in event:
                raw = response_in(event["response"])
                self._taps[raw["id"]] = Tap(stream, _number(event))
                return raw
        msg = "the stream ended before it told of a response"
        raise UnavailableError(msg)

    def retrieve_run(self, thread_id: str, run_id: str) -> Steps[RunView]:
        """Look at a run. In the foreground, where a call lasts as long as its response, wait for news."""
        record = self.run(thread_id, run_id)
        if record.mode == "foreground" and self._is_open(record):
            try:
                while (yield from self._pull(record, self._taps[record.chain.latest])) is not None:
                    pass
            except UnavailableError:  # it can be asked for all the same
                pass
            record = self.run(thread_id, run_id)
        return (yield from self.refresh(record))

    def refresh(self, record: RunRecord) -> Steps[RunView]:
        """Bring a run up to date, without a call if its stream does so."""
        tap = self._taps.get(record.chain.latest)
        if tap is not None and tap.listener is not None:
            return self.view(record)
        if record.mode == "foreground" and self._is_open(record) and not record.is_due(self.now()):
            return self.view(record)
        view = yield from super().refresh(record)
        if not _is_at_work(record := self.run(record.thread_id, record.id)):
            yield from self._close(record.chain.latest)
        return view

    def _is_open(self, record: RunRecord) -> bool:
        """Whether there is a stream that nobody else reads."""
        tap = self._taps.get(record.chain.latest)
        is_read = tap is None or tap.stream is None or tap.listener is not None
        return _is_at_work(record) and not is_read

    def follow(self, listener: Listener) -> Steps[RunView | TextDelta | None]:
        """Return the next thing that a run tells: how it stands now, or a piece of text; None at its rest.

        :raises UnavailableError: when its stream cannot be read. Asked again, it goes on where it was.
        :raises RejectedError: when there is no such run.
        :raises MisuseError: when its responses are created without a stream.
        """
        while True:
            record = self.run(listener.thread_id, listener.run_id)
            if record.mode == "background":
                msg = f"run {record.id} has no streams: expected a backend with mode='stream' or 'foreground'"
                raise MisuseError(msg)
            view = self.view(record) if _is_at_work(record) else (yield from self.settle(record))
            if view != listener.view:
                listener.view = view
                return view
            if not _is_at_work(record):
                return None
            tap = self._tap(record)
            tap.listener = listener
            told = yield from self._persist(record, tap)
            if told is not None:
                return told

    def leave(self, listener: Listener) -> None:
        """Take note that someone listens no more."""
        for tap in self._taps.values():
            if tap.listener is listener:
                tap.listener = None

    def _persist(self, record: RunRecord, tap: Tap) -> Steps[TextDelta | None]:
        for attempt in range(1, ATTEMPTS + 1):
            number = tap.number
            try:
                return (yield from self._pull(record, tap))
            except UnavailableError:
                if attempt == ATTEMPTS and tap.number == number:
                    raise
        return None

    def _pull(self, record: RunRecord, tap: Tap) -> Steps[TextDelta | None]:
        """Read a stream until there is a piece of text, or until something has happened to the run: None.

        :raises UnavailableError: when the connection breaks. It is taken up again with the next call.
        """
        latest, version = record.chain.latest, record.run.version
        while record.run.version == version and record.chain.latest == latest and _is_at_work(record):
            # Whatever interrupts the reading, the stream is not read on, but taken up again.
            stream, tap.stream = tap.stream or (yield from self._take_up(record, tap)), None
            event = yield Next(stream)
            if event is None or event.get("type") == ERROR:
                record = yield from self._looked(record)
                if record.run.version == version:
                    msg = f"the stream of {latest} ended before the response has"
                    raise UnavailableError(msg)
                return None
            tap.stream = stream
            number = _number(event)
            expected = 0 if tap.number is None else tap.number + 1
            if number is not None and number < expected:
                continue
            if number is not None:
                tap.number = number
                if number > expected:
                    record = yield from self._looked(record)
            if event.get("type") == DELTA:
                return TextDelta(str(event.get("delta", "")), latest, str(event.get("item_id", "")))
            if "response" in event:
                record = self.absorb(record, response_in(event["response"]), told=tap.number)
                record = yield from self.relieve(record)
        if not record.chain.at_work:
            yield from self._close(latest)
        return None

    def _take_up(self, record: RunRecord, tap: Tap) -> Steps[Any]:
        if record.mode == "foreground":
            record = yield from self._looked(record)
            msg = (
                f"the stream of {record.chain.latest} is lost: in the foreground it cannot be taken up again"
            )
            raise UnavailableError(msg)
        params: Json = {"stream": "true"}
        if tap.number is not None:
            params["starting_after"] = tap.number
        return (yield Open(path("responses", record.chain.latest), params=params))

    def _looked(self, record: RunRecord) -> Steps[RunRecord]:
        yield from self._look(record)
        return self.run(record.thread_id, record.id)

    def _stop(self, record: RunRecord, *, idempotent: bool = False) -> Steps[RunRecord]:
        latest = record.chain.latest
        record = yield from super()._stop(record, idempotent=idempotent)
        yield from self._close(latest)
        return record

    def _close(self, response_id: str) -> Steps[None]:
        tap = self._taps.pop(response_id, None)
        if tap is not None and tap.stream is not None:
            yield Close(tap.stream)

    def _tap(self, record: RunRecord) -> Tap:
        return self._taps.setdefault(record.chain.latest, Tap(number=record.told))


def _is_at_work(record: RunRecord) -> bool:
    return record.run.is_active and record.chain.at_work


def _number(event: Json) -> int | None:
    number = event.get("sequence_number")
    return number if isinstance(number, int) else None
