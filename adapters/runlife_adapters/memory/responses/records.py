"""What the fake keeps of responses and conversations.

Theory of operation. A response is one *round* of a hidden run. The run lives in the World like any other,
so that schedules, rules, the model, turns, the journal and whoever listens need not know that clients call
it otherwise; and a :class:`ResponseRecord` stands before it, as its witness. Each move of the run that
means something for the response (:data:`AMOUNTS`: the engine's mapping, read backwards) moves the engine's
:class:`~runlife.responses.Response`, whose own table decides what clients may do. When the run comes to
wait for tool outputs its round is over: the response has completed, with calls. The next response that
answers them is the run's next round, and then *its* witness.

Records are mutable and stay inside the World; what leaves it is a :meth:`ResponseRecord.view`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from attrs import Factory, define, field, fields_dict

from runlife import RunStatus
from runlife.responses import MEANINGS, Response, ResponseStatus
from runlife.responses.mapping import REASONS
from runlife_adapters.memory.records import RunRecord
from runlife_adapters.memory.resources import Json, whole
from runlife_adapters.memory.responses.events import EventLog
from runlife_adapters.memory.responses.inputs import ResponseSettings
from runlife_adapters.memory.responses.items import (
    COMPLETED,
    INCOMPLETE,
    builtin_item,
    call_item,
    message_item,
    shown,
)
from runlife_adapters.memory.responses.resources import ConversationObject, ResponseObject
from runlife_adapters.memory.responses.telling import Teller, message_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runlife import Record, Usage
    from runlife_adapters.memory.records import StepRecord

__all__ = ["AMOUNTS", "ConversationRecord", "ResponseRecord"]

AMOUNTS: Mapping[str, str] = {
    meaning.means[-1]: meaning.event
    for meaning in MEANINGS
    if meaning.means and meaning.event != "create" and not meaning.over_budget and None not in meaning.runs
    if meaning.runs != (RunStatus.CANCELLING,)
}
"""The event of a response that a move of its run amounts to. What creates it is a client's call."""

_WORDS = {run: response for response, run in REASONS.items()}
"""Why a response is incomplete, by why its run is, where the words differ."""


class _Waiting(Protocol):
    """Somebody who waits for something about a response."""

    @property
    def left(self) -> bool: ...

    def wake(self) -> None: ...


@define(eq=False)
class ConversationRecord:
    """A conversation: its items, oldest first, and the response that is at work in it."""

    id: str
    created_at: float
    metadata: Mapping[str, str]
    items: dict[str, Json] = field(factory=dict[str, Json])
    active: ResponseRecord | None = None
    asked: int = 0
    """When somebody last asked about it, among all such moments."""

    def keep(self, *items: Json) -> None:
        """Add items at the end."""
        self.items.update((item["id"], item) for item in items)

    def view(self) -> ConversationObject:
        """Return the conversation as it is now."""
        return ConversationObject(id=self.id, created_at=whole(self.created_at), metadata=self.metadata)


@define(eq=False)
class ResponseRecord:
    """A response: its lifecycle, what it is about, and the run of which it is a round."""

    response: Response
    run: RunRecord
    settings: ResponseSettings
    history: tuple[Json, ...]
    """The items before its input."""
    input: tuple[Json, ...]
    calls: dict[str, ResponseRecord]
    """The response that made each call, of all in the World: outputs find back to its run by that."""
    conversation: ConversationRecord | None = None
    streamed: bool = False
    """Whether it was created to be streamed."""
    log: EventLog | None = field(init=False, default=None)
    """Its events, if they are to be streamed."""
    seen: bool = False
    """Whether a client has been told that it is over."""
    asked: int = 0
    """When somebody last asked about it, among all such moments."""
    abandoned: bool = False
    """Whether it was taken out of the World before it had ended."""
    readers: list[_Waiting] = field(factory=list[_Waiting])
    visits: Counter[RunStatus] = field(factory=Counter[RunStatus])
    """Where its run had been by its end: from there on others may go on as well."""
    last_step: int | None = None
    """How many steps the run had when the round was over."""
    _first_step: int = field(init=False, default=Factory(lambda self: len(self.run.steps), takes_self=True))
    _teller: Teller | None = field(init=False, default=None)
    _announced: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        if self.streamed:
            self.log = EventLog(self._wake)
            self._teller = Teller(self.run, self.log, self.settings.include)
            self.run.streams.append(self._teller)

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.response.is_terminal or self.abandoned

    @property
    def _came_through(self) -> bool:
        """Whether it has ended by its own work; a cancelled one was recorded as if it had never begun."""
        return self.response.status in (ResponseStatus.COMPLETED, ResponseStatus.INCOMPLETE)

    @property
    def ended_at(self) -> float:
        """When it ended, in unix seconds."""
        return self.response.journal[-1].at

    @property
    def context(self) -> tuple[Json, ...]:
        """The items that it was given."""
        return (*self.history, *self.input)

    # What happens to it

    def moved(self, happened: Sequence[Record]) -> None:
        """Take note of what has just happened to its run."""
        if not self._announced:
            self._announce()
        for record in happened:
            event = AMOUNTS.get(record.event)
            if event is not None and event in self.response.legal_events():
                self.response.apply(event, now=record.at, **self._payload(event, record))
                self._tell()
        self._wake()

    def abandon(self) -> None:
        """Take note that its run has been taken out of the World."""
        self.abandoned = not self.response.is_terminal
        self._wake()

    def _payload(self, event: str, record: Record) -> Json:
        said: Json = {**record.payload, "error": record.payload.get("last_error")}
        if "reason" in said:
            said["reason"] = _WORDS.get(said["reason"], said["reason"])
        known = {argument.name for argument in self.response.lifecycle.arguments.get(event, ())}
        return {name: value for name, value in said.items() if name in known and value is not None}

    def _announce(self) -> None:
        """Tell that it has been created; the status comes as an event of its own (recorded)."""
        self._announced = True
        self._add("response.created")
        self._add(f"response.{self.response.status.value}")

    def _tell(self) -> None:
        status = self.response.status
        if self.response.is_terminal:
            self.visits, self.last_step = Counter(self.run.visits), len(self.run.steps)
            self.calls.update((call.id, self) for call in self.response.function_calls or ())
            if self._teller is not None and self.response.function_calls is not None:
                self._teller.calls(self.response.function_calls)
            if self.conversation is not None:
                self._leave(self.conversation)
        # No stream of one that is cancelled was recorded, and no event has that name: it ends (inferred).
        if status is not ResponseStatus.CANCELLED:
            self._add(f"response.{status.value}")

    def _leave(self, conversation: ConversationRecord) -> None:
        """Unlock the conversation. What was said is added to it when the response completes (documented)."""
        conversation.active = None
        if self._came_through:
            conversation.keep(*self.input, *self.output())

    def _add(self, kind: str) -> None:
        if self.log is not None:
            first = kind not in ("response.created", "response.queued")
            self.log.add(kind, {"response": self._view().to_json()}, number_first=first)

    def _wake(self) -> None:
        self.readers = [reader for reader in self.readers if not reader.left]
        for reader in self.readers:
            reader.wake()

    # What clients see

    def output(self) -> tuple[Json, ...]:
        """Return the items that have come out of it; of what was cut off, as much as had come by then."""
        steps = list(self.run.steps.values())[self._first_step : self.last_step]
        return tuple(item for step in steps for item in self._items(step))

    def _items(self, step: StepRecord) -> Iterator[Json]:
        if step.ran is not None:
            yield builtin_item(*step.ran)
        elif step.message is None:
            yield from (call_item(call) for call in step.calls)
        elif (message := step.message.message).is_terminal or self.response.is_terminal:
            whole_text = message.is_terminal and message.incomplete_details is None
            # Whoever streams it has been told that there is a message, however little it says.
            if whole_text or step.message.text or self.streamed:
                status = COMPLETED if whole_text else INCOMPLETE
                yield message_item(message_id(message.id), status, step.message.text)

    def see(self) -> None:
        """Note that a client is told how it stands."""
        self.seen = self.seen or self.response.is_terminal
        self.run.see()

    def show(self, include: Sequence[str] = ()) -> ResponseObject:
        """Return the response as it is now, to a client; with what it asks for besides."""
        self.see()
        return self._view(include, billed=self._came_through)

    def _view(self, include: Sequence[str] = (), *, billed: bool = False) -> ResponseObject:
        response, settings = self.response, self.settings
        wanted = (*settings.include, *include)
        details, conversation = response.incomplete_details, response.conversation_id
        return ResponseObject(
            id=response.id,
            created_at=whole(response.created_at),
            status=response.status,
            background=response.background,
            billing={"payer": "developer"} if billed else None,
            completed_at=whole(response.completed_at),
            conversation=None if conversation is None else {"id": conversation},
            error=None if response.error is None else response.error.to_json(),
            incomplete_details=None if details is None else details.to_json(),
            output=tuple(shown(item, wanted) for item in self.output()) if response.is_terminal else (),
            previous_response_id=response.previous_response_id,
            service_tier=_tier(settings.service_tier, known=self._came_through),
            usage=_usage(response.usage),
            text_config=settings.text,
            frequency_penalty=0.0,
            presence_penalty=0.0,
            **{name: getattr(settings, name) for name in _COMMON},
        )


_COMMON = fields_dict(ResponseObject).keys() & {
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
}
"""The fields that a response shows as they were set."""


def _tier(tier: str, *, known: bool) -> str:
    """Return the tier as it is shown: in the end, ``auto`` has come to be one (recorded)."""
    return "default" if known and tier == "auto" else tier


def _usage(usage: Usage | None) -> Json | None:
    if usage is None:
        return None
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total_tokens,
    }
