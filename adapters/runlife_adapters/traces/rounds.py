"""What a trace of responses shows besides statuses: calls, their outputs, and numbered events.

A response is a round: the calls that it completes with are answered by the next response of its chain, all
of them at once, and by nothing else. Whoever reads its events can tell that none is missing and none came
twice, for they are numbered from 0 (recorded), also where a stream was taken up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from attrs import define

from runlife import RunlifeError, ToolCall
from runlife.responses import ResponseStatus
from runlife.trace import Conflict
from runlife_adapters.traces.follow import Followed

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["Stream", "response_facts", "response_in", "unanswered"]

_CALL, _OUTPUT, _REFERENCE = "function_call", "function_call_output", "item_reference"

Json = Mapping[str, Any]


def response_in(data: object) -> object:
    """Return the response that an event shows, or None."""
    return cast("Json", data).get("response") if isinstance(data, Mapping) else None


def response_facts(said: Json) -> Json:
    """Return a response with its calls, and its conversation, as the table has them.

    What it calls is decided when it completes: an item of one that broke off is no call yet.
    """
    facts = dict(said)
    conversation = said.get("conversation")
    if isinstance(conversation, Mapping):
        facts["conversation_id"] = cast("Json", conversation).get("id")
    if "output" in said:
        done = said.get("status") == ResponseStatus.COMPLETED
        facts["function_calls"] = (frozenset(_calls(said["output"])) or None) if done else None
    return facts


def unanswered(request: object, previous: frozenset[str] | None) -> tuple[Conflict, ...]:
    """Return why a response cannot have been created by a request: what the service would have refused.

    :param previous: the ids of the calls of the response that it names as the one before; None: unknown.
    """
    if not isinstance(request, Mapping):
        return ()
    asked = cast("Json", request)
    items = list(_items(asked.get("input")))
    names_another = asked.get("previous_response_id") is not None
    is_whole = asked.get("conversation") is None and not any(i.get("type") == _REFERENCE for i in items)
    if not is_whole or (names_another and previous is None):
        return ()  # what was said before it is not to be seen here
    calls = _ids(items, _CALL) | (previous or frozenset())
    outputs = _ids(items, _OUTPUT)
    missing = [f"the call {id} is not answered, and it was accepted" for id in sorted(calls - outputs)]
    unknown = [f"it answers {id}, which nothing called" for id in sorted(outputs - calls)]
    return tuple(Conflict(None, "calls", "input", says) for says in (*missing, *unknown))


def _ids(items: list[Json], kind: str) -> frozenset[str]:
    return frozenset(str(item.get("call_id")) for item in items if item.get("type") == kind)


def _calls(output: object) -> Iterator[ToolCall]:
    for item in _items(output):
        if item.get("type") == _CALL:
            try:
                yield ToolCall(item["call_id"], item["name"], item["arguments"])
            except (KeyError, TypeError, RunlifeError):  # an odd one is passed over
                continue


def _items(value: object) -> Iterator[Json]:
    several = cast("list[object]", value) if isinstance(value, list | tuple) else []
    return (cast("Json", item) for item in several if isinstance(item, Mapping))


@define(eq=False)
class Stream:
    """One stream of the events of a response, as far as it was read.

    :param id: of the response; None until an event says.
    :param creates: whether it began with the creation, so that the first event is number 0.
    :param replay: follows what it tells of a response that was seen before: that has been already.
    """

    id: str | None
    creates: bool
    replay: Followed | None
    _last: int | None = None

    def take(self, data: object) -> tuple[Conflict, ...]:
        """Take note of an event; return what is wrong with its number."""
        number = cast("Json", data).get("sequence_number") if isinstance(data, Mapping) else None
        if not isinstance(number, int) or isinstance(number, bool):
            return ()
        due = self._last + 1 if self._last is not None else 0 if self.creates else number
        self._last = number
        if number == due:
            return ()
        what = "came already" if number < due else f"is not the next: {due} is missing"
        says = f"the event with the number {number} {what}"
        return (Conflict(None, "sequence", "sequence_number", says),)
