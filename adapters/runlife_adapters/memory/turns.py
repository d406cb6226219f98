"""A turn of the model: what it does, and how that unfolds in the time the turn takes.

Each visit of the status in which the model speaks is one turn. What it does is said by the run's
schedule, and otherwise by the model. Its steps share its time evenly: first those of the service's own
tools, one after the other, then the one with which it ends, which writes a message or makes calls.
What that one says is spread evenly over its share, in pieces: whoever streams the run gets them as they
come, and a turn that is broken off has said what had come by then.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import cycle, islice
from math import inf
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve

from runlife import LastError, Lifecycle, RunStatus, ToolCall, Usage
from runlife_adapters.memory.context import CHARACTERS_PER_TOKEN
from runlife_adapters.memory.ids import Ids, Kind
from runlife_adapters.memory.model import UNNAMED_FUNCTION, Call, Context, Model, Turn, estimate
from runlife_adapters.memory.moves import Beat, Move
from runlife_adapters.memory.schedule import (
    NEVER,
    USUAL_ERRORS,
    After,
    calling_event,
    happy_event,
    server_events,
)
from runlife_adapters.memory.steps import Steps, tell_call, tell_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from runlife_adapters.memory.builtin import BuiltinStep
    from runlife_adapters.memory.records import RunRecord, StepRecord
    from runlife_adapters.memory.resources import Json

__all__ = ["CALLS", "FAILS", "USUAL_ERROR", "Turns", "pieces", "said_by"]

CALLS, _ANSWERS, _CUT_SHORT = "require_action", "complete", "cut_short"
"""The events of a run with which a turn ends: it calls functions, it says its text, or part of it."""

FAILS = "fail"
"""The event of a run whose model could not take its turn."""

USUAL_ERROR = LastError(*next(iter(USUAL_ERRORS.items())))
"""Why a run fails unless the schedule says."""

_USUAL_REASON = "max_completion_tokens"
"""Why a run is cut short unless the schedule says."""

_MOST_PIECES = 400
"""In how many pieces a text comes at most."""

_LONG_TEXT = 40 * _MOST_PIECES
"""Characters of a text from which on it is cut by length, without a look at all its words."""

_LONG_WORD = 40
"""Characters after the place of a cut among which a blank is looked for."""

ItemT = TypeVar("ItemT")

_BLANK = re.compile(r"\s")
_PIECE = re.compile(r"\s*(?:\w+|[^\w\s])|\s+$")


class Turns:
    """Takes the turns of the runs of one World."""

    def __init__(self, lifecycle: Lifecycle[RunStatus], model: Model, ids: Ids, steps: Steps) -> None:
        self._lifecycle = lifecycle
        self._model = model
        self._ids = ids
        self._steps = steps
        self._usual = {status: happy_event(lifecycle, status) for status in lifecycle.live}
        self._events = {status: server_events(lifecycle, status) for status in lifecycle.live}
        self.speaking = frozenset(s for s in lifecycle.live if calling_event(lifecycle, s) is not None)
        """The statuses in which the model speaks."""

    # What happens in a visit of a status

    def take(self, record: RunRecord, after: After) -> Turn:
        """Return what the model does in the visit that has begun, unless it is scripted."""
        context = record.context()
        turn = self._said(record, after, context)
        steps = (after.steps or turn.steps)[: record.limits.tools]
        return turn if steps == turn.steps else evolve(turn, steps=steps)

    def _said(self, record: RunRecord, after: After, context: Context) -> Turn:
        if after.text is not None:
            return Turn(after.text)
        if isinstance(after.tools, int):
            return Turn(calls=_some_calls(after.tools, context.functions))
        if after.tools is not None:
            return Turn(calls=after.tools)
        turn = _checked(self._model.turn(context))
        if not context.parallel_tool_calls:
            turn = evolve(turn, calls=turn.calls[:1])
        event = self._event(record.run.status, after, turn)
        if event == CALLS and not turn.calls:
            return Turn(calls=_some_calls(1, context.functions), usage=turn.usage)
        if event in (_ANSWERS, _CUT_SHORT) and turn.calls:
            return Turn("", usage=turn.usage)
        return turn

    def decide(self, record: RunRecord, after: After, turn: Turn | None) -> Move | None:
        """Return the move of the server that ends the visit, when its moment is not yet known."""
        event = self._event(record.run.status, after, turn)
        if event is None:
            return None
        usage, text = after.usage, after.text
        reason = after.reason or _USUAL_REASON
        if turn is not None and event in (CALLS, _ANSWERS, _CUT_SHORT):
            estimated = usage is None and turn.usage is None
            usage = usage or turn.usage or estimate(record.context(), turn)
            text = turn.text
            if after.to is None and (over := _over_budget(record, usage)):
                event, reason = _CUT_SHORT, over
                if estimated and text is not None and over == _USUAL_REASON:
                    usage, text = _within_budget(record, usage, text)
        elif turn is None and event == _ANSWERS and text is None and record.turn is not None:
            text = record.turn.text  # what the model was saying when the client's cancel came too late
        arguments = {argument.name for argument in self._lifecycle.arguments.get(event, ())}
        payload: Json = {
            "usage": usage,
            "reason": reason,
            "last_error": after.error or USUAL_ERROR,
            "tool_calls": self._calls(turn) if turn else (),
        }
        payload = {name: value for name, value in payload.items() if name in arguments}
        return Move(at=NEVER, event=event, payload=payload, text=text)

    def _event(self, status: RunStatus, after: After, turn: Turn | None) -> str | None:
        if after.to is not None:
            (event,) = self._events[status][after.to]
            return event
        if turn is not None:
            return CALLS if turn.calls else _ANSWERS
        return self._usual[status]

    def _calls(self, turn: Turn) -> tuple[ToolCall, ...]:
        return tuple(
            ToolCall(self._ids.new(Kind.TOOL_CALL), call.name, call.written()) for call in turn.calls
        )

    # How a turn unfolds

    def unfold(self, record: RunRecord, turn: Turn, move: Move | None, now: float, lasts: float) -> None:
        """Set out what happens in a turn that begins now and lasts some seconds; its steps open by beats."""
        record.piecewise = bool(record.listeners())
        parts = len(turn.steps) + 1
        moments = [now + lasts * part / parts if part else now for part in range(parts + 1)]
        for tool, begins, ends in zip(turn.steps, moments, moments[1:], strict=False):
            record.beats.extend(self._use(record, tool, begins, ends))
        record.beats.extend(self._end(record, turn, move, moments[-2], moments[-1]))

    def _use(self, record: RunRecord, tool: BuiltinStep, begins: float, ends: float) -> Iterator[Beat]:
        opened: list[StepRecord] = []
        call_id = self._ids.new(Kind.TOOL_CALL)

        def begin(at: float) -> None:
            opened.append(self._steps.open_calls(record, at))

        def end(at: float) -> None:
            self._steps.ran(record, opened[0], call_id, tool, at)

        yield Beat(begins, begin)
        deltas = tool.deltas() if record.piecewise else []
        for index, (at, said) in enumerate(_spread(deltas, begins, ends)):
            head: Json = {"index": 0, "id": call_id} if not index else {"index": 0}
            call = {**head, "type": tool.type, tool.type: said}
            yield Beat(at, partial(_call, record, opened, call))
        yield Beat(ends, end)

    def _end(
        self, record: RunRecord, turn: Turn, move: Move | None, begins: float, ends: float
    ) -> Iterator[Beat]:
        opened: list[StepRecord] = []

        def begin(open_step: Callable[[RunRecord, float], StepRecord]) -> Callable[[float], None]:
            def happen(at: float) -> None:
                record.began = at
                opened.append(open_step(record, at))

            return happen

        yield Beat(begins, begin(self._steps.open_calls if turn.calls else self._steps.open_message))
        if not record.piecewise or move is None:
            return
        if move.event == CALLS:
            for at, call in _spread(list(_call_deltas(move.payload["tool_calls"])), begins, ends):
                yield Beat(at, partial(_call, record, opened, call))
        elif text := said_by(turn, move):
            for at, piece in _spread(pieces(text), begins, ends):
                yield Beat(at, partial(_say, record, opened, piece))

    def break_off(self, record: RunRecord, now: float) -> None:
        """Break off a turn: what its message has said by now stays, the rest is not said."""
        step, move, turn = record.open_step, record.move, record.turn
        if step is None or step.message is None or move is None or turn is None:
            return
        if move.at == NEVER or record.piecewise:
            return  # nothing has been said, or piece by piece already
        words = pieces(said_by(turn, move) or "")
        said = "".join(word for at, word in _spread(words, record.began, move.at) if at <= now)
        if said:
            tell_text(record, step.message, said)


def said_by(turn: Turn, move: Move) -> str | None:
    """Return what a turn says piece by piece: the text with which it ends, if it ends by saying it."""
    return move.text if turn.text is not None and move.event in (_ANSWERS, _CUT_SHORT) else None


def pieces(text: str) -> list[str]:
    """Return a text in pieces that together are the text: words and signs, with the blanks before them."""
    if len(text) > _LONG_TEXT:
        return list(_cut(text, -(-len(text) // _MOST_PIECES)))
    words = _PIECE.findall(text)
    if len(words) <= _MOST_PIECES:
        return words
    size = -(-len(words) // _MOST_PIECES)
    return ["".join(words[start : start + size]) for start in range(0, len(words), size)]


def _cut(text: str, size: int) -> Iterator[str]:
    """Give a text in pieces of a size or a little more, cut before a blank where there is one near."""
    start = 0
    while start < len(text):
        end = start + size
        blank = _BLANK.search(text, end, end + _LONG_WORD)
        end = end if blank is None else blank.start()
        yield text[start:end]
        start = end


def _say(record: RunRecord, opened: Sequence[StepRecord], piece: str, _at: float) -> None:
    if opened[0].message is not None:
        tell_text(record, opened[0].message, piece)


def _call(record: RunRecord, opened: Sequence[StepRecord], call: Json, _at: float) -> None:
    tell_call(record, opened[0], call)


def _spread(items: Sequence[ItemT], begins: float, ends: float) -> list[tuple[float, ItemT]]:
    """Return items with their moments, evenly between the two: before the end, unless that is now."""
    if ends == inf:
        return [(ends, item) for item in items]
    gap = (ends - begins) / (len(items) + 1)
    return [(begins + gap * place, item) for place, item in enumerate(items, 1)]


def _call_deltas(calls: Iterable[ToolCall]) -> Iterator[Json]:
    """Return the pieces in which calls come: first the call, without arguments, then those (recorded)."""
    for index, call in enumerate(calls):
        empty = {"name": call.name, "arguments": "", "output": None}
        yield {"index": index, "id": call.id, "type": "function", "function": empty}
        for piece in pieces(call.arguments):
            yield {"index": index, "type": "function", "function": {"arguments": piece}}


def _checked(turn: object) -> Turn:
    if not isinstance(turn, Turn):
        msg = f"a model returns a Turn, got {turn!r}"
        raise TypeError(msg)
    return turn


def _over_budget(record: RunRecord, usage: Usage) -> str | None:
    """Return the budget that a turn of this cost exhausts: budgets are those of all turns together."""
    run, spent = record.run, record.run.spent + usage
    if record.limits.tokens is not None and usage.completion_tokens > record.limits.tokens:
        return _USUAL_REASON
    budgets = {
        "max_prompt_tokens": (run.max_prompt_tokens, spent.prompt_tokens),
        "max_completion_tokens": (run.max_completion_tokens, spent.completion_tokens),
    }
    return next((b for b, (most, used) in budgets.items() if most is not None and used > most), None)


def _within_budget(record: RunRecord, usage: Usage, text: str) -> tuple[Usage, str]:
    """Return what is left of a text, and of its cost, when the budget of completion tokens is at its end."""
    room = record.limits.tokens
    if room is None:
        room = max((record.run.max_completion_tokens or 0) - record.run.spent.completion_tokens, 0)
    return Usage(usage.prompt_tokens, room), text[: room * CHARACTERS_PER_TOKEN]


def _some_calls(count: int, functions: Sequence[str]) -> tuple[Call, ...]:
    return tuple(Call(name) for name in islice(cycle(functions or (UNNAMED_FUNCTION,)), count))
