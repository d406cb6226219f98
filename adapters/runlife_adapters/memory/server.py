"""The part that plays the server: it moves runs, each at the moment that its schedule says.

Theory of operation. This is a discrete-event simulation without a thread of its own. Each active
run has at most two things ahead of it: its deadline, which is the engine's, and one pending move of
the server, made when the run came into its status. :meth:`Server.settle` makes everything happen
that is due, in the order of time over all runs, each at its own exact moment. At the same moment a
deadline comes before a move, and then the older run comes first. A client's call that changes the
status replaces the pending move.

The agenda is a heap of such moments. An entry bears the version of its run (the length of its
journal); when that has grown the entry is stale, and is dropped when it comes up.

Every visit of the status in which the model speaks is one *turn*: it opens one step at its start,
which writes a message or makes calls, and the step ends with the turn, except that calls stay open
until their outputs come. What the turn says appears at its end. A run that ends closes what is open,
by the table of the step and that of the message (:data:`ENDINGS`).
"""

from __future__ import annotations

import logging
from heapq import heappop, heappush
from itertools import cycle, islice
from typing import TYPE_CHECKING, NamedTuple

from runlife import (
    LastError,
    Lifecycle,
    Message,
    MisuseError,
    RunStatus,
    RunStep,
    ToolCall,
    ToolOutput,
    Usage,
)
from runlife_adapters.memory.errors import ApiError
from runlife_adapters.memory.ids import Ids, Kind
from runlife_adapters.memory.inputs import content_parts
from runlife_adapters.memory.model import Call, Model, Turn, estimate
from runlife_adapters.memory.records import MessageRecord, Move, RunRecord, StepRecord
from runlife_adapters.memory.schedule import (
    NEVER,
    USUAL_ERRORS,
    After,
    happy_event,
    server_events,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runlife_adapters.memory.resources import Json

__all__ = ["ENDINGS", "Ending", "Server"]

_log = logging.getLogger(__name__)

_CALLS, _ANSWERS, _CUT_SHORT = "require_action", "complete", "cut_short"
"""The events of a run with which a turn ends: it calls functions, it says its text, or part of it."""

_FAILS = "fail"
"""The event of a run whose model could not take its turn."""

_USUAL_ERROR = LastError(*next(iter(USUAL_ERRORS.items())))
"""Why a run fails unless the schedule says."""

_USUAL_REASON = "max_completion_tokens"
"""Why a run is cut short unless the schedule says."""

_UNNAMED_FUNCTION = "function"
"""What is called when a schedule asks for calls and the run has no functions."""


class Ending(NamedTuple):
    """How the end of a run closes its open step, and the message that the step writes."""

    step: str | None
    """The event of the step; None when its own timer ends it."""
    message: str | None
    """Why the message is incomplete; None when it is not."""


ENDINGS: Mapping[str, Ending] = {
    "complete": Ending("complete", None),
    "cut_short": Ending("complete", "max_tokens"),
    "fail": Ending("fail", "run_failed"),
    "confirm_cancel": Ending("cancel", "run_cancelled"),
    "expire": Ending(None, "run_expired"),
}
"""By the event that ends the run. The step of a run that was cut short is completed (recorded)."""


class _Entry(NamedTuple):
    at: float
    rank: int
    order: int
    version: int
    record: RunRecord


class Server:
    """Moves the runs of one World. It does no locking: the World does."""

    def __init__(self, lifecycle: Lifecycle[RunStatus], model: Model, ids: Ids) -> None:
        self._model = model
        self._ids = ids
        self._lifecycle = lifecycle
        self._agenda: list[_Entry] = []
        self._happy = {status: happy_event(lifecycle, status) for status in lifecycle.live}
        self._events = {status: server_events(lifecycle, status) for status in lifecycle.live}
        self._speaking = {status for status, event in self._happy.items() if event == _CALLS}

    def next_event(self) -> float | None:
        """Return the moment at which something will happen by itself, or None."""
        while self._agenda:
            entry = self._agenda[0]
            if entry.version == entry.record.run.version:
                return entry.at
            heappop(self._agenda)
        return None

    def settle(self, now: float) -> None:
        """Let everything happen that is due at ``now``, each thing at its own moment."""
        while (at := self.next_event()) is not None and at <= now:
            record = self._agenda[0].record
            if self._agenda[0].rank == 0:
                self._expire(record, at)
            elif record.move is not None:
                self._make(record, record.move)

    def enter(self, record: RunRecord, now: float) -> None:
        """Decide what comes next for a run that has just come into its status."""
        record.move = None
        if record.run.is_terminal:
            return
        status = record.run.status
        after = record.upcoming(status)
        record.visits[status] += 1
        if after.delay != NEVER:
            record.move = self._decide(record, after, now)
        moments = [(record.run.next_deadline(), 0), (record.move.at if record.move else None, 1)]
        at, rank = min((at, rank) for at, rank in moments if at is not None)
        heappush(self._agenda, _Entry(at, rank, record.order, record.run.version, record))

    def take_outputs(self, record: RunRecord, outputs: Sequence[ToolOutput], now: float) -> None:
        """Close the step whose calls the client has just answered."""
        step, given = record.open_step, {output.tool_call_id: output for output in outputs}
        if step is not None:
            step.outputs = tuple(given[call.id] for call in step.calls)
            _close_step(step, "complete", now, {})

    # What the server will do

    def _decide(self, record: RunRecord, after: After, now: float) -> Move | None:
        status = record.run.status
        turn = record.turn if status in self._speaking else None
        event = self._event(status, after, turn)
        if event is None:
            return None
        usage, text = after.usage, after.text
        reason = after.reason or _USUAL_REASON
        if turn is not None and event in (_CALLS, _ANSWERS, _CUT_SHORT):
            usage = usage or turn.usage or estimate(record.context(), turn)
            text = turn.text
            if after.to is None and (over := _over_budget(record, usage)):
                event, reason = _CUT_SHORT, over
        arguments = {argument.name for argument in self._lifecycle.arguments.get(event, ())}
        payload: Json = {
            "usage": usage,
            "reason": reason,
            "last_error": after.error or _USUAL_ERROR,
            "tool_calls": self._calls(turn) if turn else (),
        }
        payload = {name: value for name, value in payload.items() if name in arguments}
        return Move(at=now + after.delay, event=event, payload=payload, text=text)

    def _event(self, status: RunStatus, after: After, turn: Turn | None) -> str | None:
        if after.to is not None:
            (event,) = self._events[status][after.to]
            return event
        if turn is not None:
            return _CALLS if turn.calls else _ANSWERS
        return self._happy[status]

    def _take_turn(self, record: RunRecord, status: RunStatus) -> Turn:
        """Return what the model does in the visit that is about to begin, unless it is scripted."""
        after = record.upcoming(status)
        if after.text is not None:
            return Turn(after.text)
        context = record.context()
        if isinstance(after.tools, int):
            return Turn(calls=_some_calls(after.tools, context.functions))
        if after.tools is not None:
            return Turn(calls=after.tools)
        turn = _checked(self._model.turn(context))
        event = self._event(status, after, turn)
        if event == _CALLS and not turn.calls:
            return Turn(calls=_some_calls(1, context.functions), usage=turn.usage)
        if event in (_ANSWERS, _CUT_SHORT) and turn.calls:
            return Turn("", usage=turn.usage)
        return turn

    def _calls(self, turn: Turn) -> tuple[ToolCall, ...]:
        return tuple(
            ToolCall(self._ids.new(Kind.TOOL_CALL), call.name, call.written()) for call in turn.calls
        )

    # What happens

    def _make(self, record: RunRecord, move: Move) -> None:
        """Make a move of the server. The run moves before its step and message: only it may refuse."""
        run, turn = record.run, None
        (row, *_) = self._lifecycle.moves[run.status][move.event]
        if row.target in self._speaking:
            try:
                turn = self._take_turn(record, row.target)
            except Exception as error:  # what goes wrong in a model ends its run, not the World
                self._give_up(record, move, error)
                if isinstance(error, MisuseError) and not isinstance(error, ApiError):
                    raise
                return
        run.apply(move.event, now=move.at, **move.payload)
        if row.target in self._lifecycle.terminal:
            self._close(record, move.event, move.at, move)
        if turn is not None:
            record.turn = turn
            self._open_step(record, writes=not turn.calls, now=move.at)
        elif move.event == _CALLS and (step := record.open_step) is not None:
            step.calls, step.spent = move.payload["tool_calls"], move.usage
        self.enter(record, move.at)

    def _give_up(self, record: RunRecord, move: Move, error: Exception) -> None:
        """Make the move that leads to the model's turn, and fail the run in place of the turn."""
        _log.warning("the model of %s failed: the run fails", record.run.id, exc_info=error)
        record.run.apply(move.event, now=move.at, **move.payload)
        record.run.apply(_FAILS, now=move.at, last_error=_USUAL_ERROR)
        self.enter(record, move.at)

    def _expire(self, record: RunRecord, at: float) -> None:
        for happened in record.run.handle_timeout(at):
            self._close(record, happened.event, happened.at, None)
        self.enter(record, at)

    def _open_step(self, record: RunRecord, *, writes: bool, now: float) -> StepRecord:
        run, message = record.run, None
        if writes:
            message = MessageRecord(
                message=Message.create(event="begin", id=self._ids.new(Kind.MESSAGE), run_id=run.id, now=now),
                thread_id=record.thread.id,
                role="assistant",
                content=(),
                assistant_id=record.settings.assistant_id,
            )
            record.thread.keep(message)
        step = RunStep.create(
            event="begin",
            id=self._ids.new(Kind.RUN_STEP),
            run_id=run.id,
            expires_at=record.expires_at,
            now=now,
        )
        opened = record.steps[step.id] = StepRecord(step, message)
        return opened

    def _close(self, record: RunRecord, event: str, now: float, move: Move | None) -> None:
        """Close what the run leaves open when it ends. A run that answers has its message."""
        ending, step = ENDINGS[event], record.open_step
        payload, text = (move.payload, move.text) if move is not None else ({}, None)
        answers = event == _ANSWERS or (event == _CUT_SHORT and text is not None)
        if answers and (step is None or step.message is None):
            if step is not None:
                _close_step(step, "cancel", now, {})
            step = self._open_step(record, writes=True, now=now)
        if step is None:
            return
        if step.message is not None:
            _close_message(step.message, text, ending, payload.get("reason"), now)
        _close_step(step, ending.step, now, payload)


def _checked(turn: object) -> Turn:
    if not isinstance(turn, Turn):
        msg = f"a model returns a Turn, got {turn!r}"
        raise TypeError(msg)
    return turn


def _close_message(
    record: MessageRecord, text: str | None, ending: Ending, reason: str | None, now: float
) -> None:
    if text is not None:
        record.content = content_parts(text)
    if ending.message is None:
        record.message.apply("complete", now=now)
    else:
        filtered = reason == "content_filter"
        record.message.apply("cut_short", now=now, reason=reason if filtered else ending.message)


def _close_step(record: StepRecord, event: str | None, now: float, payload: Json) -> None:
    more: Usage | None = payload.get("usage")
    if more is not None:
        record.spent = more if record.spent is None else record.spent + more
    if event is None:
        record.step.handle_timeout(now)
        return
    arguments = {argument.name for argument in record.step.lifecycle.arguments[event]}
    taken = {name: value for name, value in payload.items() if name in arguments}
    record.step.apply(event, now=now, **{**taken, "usage": record.spent})


def _over_budget(record: RunRecord, usage: Usage) -> str | None:
    """Return the budget that a turn of this cost exhausts: budgets are those of all turns together."""
    run, spent = record.run, record.run.spent + usage
    budgets = {
        "max_prompt_tokens": (run.max_prompt_tokens, spent.prompt_tokens),
        "max_completion_tokens": (run.max_completion_tokens, spent.completion_tokens),
    }
    return next((b for b, (most, used) in budgets.items() if most is not None and used > most), None)


def _some_calls(count: int, functions: Sequence[str]) -> tuple[Call, ...]:
    return tuple(Call(name) for name in islice(cycle(functions or (_UNNAMED_FUNCTION,)), count))
