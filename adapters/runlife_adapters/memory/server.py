"""The part that plays the server: it moves runs, each at the moment that its schedule says.

Theory of operation. This is a discrete-event simulation without a thread of its own. Each active run
has a few things ahead of it: its deadline, which is the engine's; one pending move of the server, made
when the run came into its status; and, while the model speaks, the beats of its turn (steps that open
and close, pieces of what is said: :mod:`runlife_adapters.memory.turns`). :meth:`Server.settle` makes
everything happen that is due, in the order of time over all runs, each at its own exact moment. At the
same moment a deadline comes before a beat, a beat before a move, and then the older run comes first. A
client's call that changes the status drops what was pending.

The agenda is a heap of such moments. An entry bears the version of its run (the length of its
journal); when that has grown the entry is stale, and is dropped when it comes up.

How fast it goes is the *progression*. By ``time``, moves are made on the clock; ``immediate`` makes
them without delay; by ``poll`` and ``manual`` they are held until :meth:`Server.step` makes the next
one, which a look at the run does under ``poll``. Deadlines are always those of the clock. A stream is
one long look: under ``poll``, a run that is streamed goes on without delay.
"""

from __future__ import annotations

import logging
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from attrs import evolve

from runlife import Lifecycle, MisuseError, RunStatus, ToolOutput
from runlife_adapters.memory.errors import ApiError
from runlife_adapters.memory.events import Happened, Listener
from runlife_adapters.memory.moves import Move
from runlife_adapters.memory.schedule import NEVER, After
from runlife_adapters.memory.steps import Steps, tell_run
from runlife_adapters.memory.turns import CALLS, FAILS, USUAL_ERROR, Turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife_adapters.memory.ids import Ids
    from runlife_adapters.memory.model import Model
    from runlife_adapters.memory.records import RunRecord

__all__ = ["PROGRESSIONS", "Progression", "Server"]

_log = logging.getLogger(__name__)

Progression = Literal["time", "poll", "immediate", "manual"]
"""What makes the server go on."""

PROGRESSIONS: tuple[Progression, ...] = get_args(Progression)

_CANCELS, _CONFIRMS = "cancel", "confirm_cancel"
"""The events of a run with which a cancel begins and ends."""

_DEADLINE, _BEAT, _MOVE = range(3)
"""The order of what happens at the same moment."""


class _Entry(NamedTuple):
    at: float
    rank: int
    order: int
    version: int
    record: RunRecord


class Server:
    """Moves the runs of one World. It does no locking: the World does."""

    def __init__(
        self, lifecycle: Lifecycle[RunStatus], model: Model, ids: Ids, progression: Progression = "time"
    ) -> None:
        self.listeners: list[Listener] = []
        self._lifecycle = lifecycle
        self._progression: Progression = progression
        self._agenda: list[_Entry] = []
        self._steps = Steps(ids)
        self._turns = Turns(lifecycle, model, ids, self._steps)

    # Time

    def next_event(self) -> float | None:
        """Return the moment at which something will happen by itself, or None."""
        while self._agenda:
            entry = self._agenda[0]
            if entry.version == entry.record.run.version:
                return entry.at
            heappop(self._agenda)
        return None

    def due(self, record: RunRecord) -> float | None:
        """Return the moment at which something will happen to one run by itself, or None."""
        moments = [record.deadline()]
        moments += [record.beats[0].at] if record.beats else []
        moments += [record.move.at] if record.move is not None else []
        return min((at for at in moments if at is not None and at != NEVER), default=None)

    def settle(self, now: float) -> None:
        """Let everything happen that is due at ``now``, each thing at its own moment."""
        while (at := self.next_event()) is not None and at <= now:
            entry = self._agenda[0]
            if entry.rank == _DEADLINE:
                self._expire(entry.record, at)
            elif entry.rank == _BEAT:
                heappop(self._agenda)
                entry.record.beats.popleft().happen(at)
                self._await_beat(entry.record)
            elif entry.record.move is not None:
                self._make(entry.record, entry.record.move)

    # What clients do

    def enter(self, record: RunRecord, now: float) -> None:
        """Tell of the status into which a run has just come, and decide what comes next for it."""
        if record.turn is not None:
            self._turns.break_off(record, now)
        record.move, record.deferred = None, False
        record.beats.clear()
        self._tell(record)
        status = record.run.status
        if record.run.is_terminal:
            record.turn = None
            return
        record.after = record.upcoming(status)
        record.visits[status] += 1
        if (deadline := record.deadline()) is not None:
            self._await(record, deadline, _DEADLINE)
        # By hand, it is not yet known how a turn will end: its steps wait for that.
        record.deferred = self._progression == "manual" and status in self._turns.speaking
        if not record.deferred:
            self._go_on(record, record.after, now)

    def take_outputs(self, record: RunRecord, outputs: Sequence[ToolOutput], now: float) -> None:
        """Close the step whose calls the client has just answered."""
        self._steps.answered(record, {output.tool_call_id: output for output in outputs}, now)

    def stop(self, record: RunRecord, now: float) -> None:
        """End a run whose cancel is confirmed as it is asked for: that of a response is."""
        record.run.apply(_CANCELS, now=now)
        self._turns.break_off(record, now)
        record.beats.clear()
        self._make(record, Move(at=now, event=_CONFIRMS, payload={}, text=None))

    # What is done by hand

    def step(self, record: RunRecord, now: float) -> bool:
        """Make the pending move of the server now, and say whether there was one."""
        if record.deferred:
            record.deferred = False
            self._go_on(record, record.after, now)
        if record.move is None:
            return False
        self._make(record, evolve(record.move, at=now))
        return True

    def look(self, record: RunRecord, now: float) -> None:
        """Note that a client looks at a run: under ``poll`` that makes it go on."""
        if self._progression == "poll" and not record.run.is_terminal:
            self.step(record, now)

    def apply(self, record: RunRecord, after: After, now: float) -> None:
        """Make the move that an entry of a schedule describes now, instead of the pending one."""
        if record.run.status in self._turns.speaking:
            step = record.open_step
            record.beats.clear()
            record.deferred, record.move = False, self._decided(record, after)
            calls = record.turn is not None and bool(record.turn.calls)
            if step is not None and (after.steps or (step.message is None) is not calls):
                self._steps.abandon(record, now)
                step = None
            if step is None and record.turn is not None:
                self._turns.unfold(record, record.turn, record.move, now, 0.0)
        else:
            record.move = self._decided(record, after)
        if record.move is not None:
            self._make(record, evolve(record.move, at=now))

    # What the server does

    def _held(self, record: RunRecord) -> bool:
        waited_for = record.hurried or bool(record.listeners())
        return self._progression == "manual" or (self._progression == "poll" and not waited_for)

    def _go_on(self, record: RunRecord, after: After, now: float) -> None:
        """Decide what comes next for a run that has come into its status, and when."""
        run = record.run
        try:
            record.move = self._decided(record, after)
        except Exception as error:  # what goes wrong in a model ends its run, not the World
            _log.warning("the model of %s failed: the run fails", run.id, exc_info=error)
            run.apply(FAILS, now=now, last_error=USUAL_ERROR)
            self.enter(record, now)
            if isinstance(error, MisuseError) and not isinstance(error, ApiError):
                raise
            return
        ends = NEVER if self._held(record) else now + (after.delay if self._progression == "time" else 0.0)
        if after.delay == NEVER:
            record.move, ends = None, NEVER
        if record.move is not None:
            record.move = evolve(record.move, at=ends)
        if run.status in self._turns.speaking and record.turn is not None:
            self._turns.unfold(record, record.turn, record.move, now, ends - now)
            record.beats.popleft().happen(now)  # the first step opens as the turn begins
            self._await_beat(record)
        if record.move is not None and ends != NEVER:
            self._await(record, ends, _MOVE)

    def _decided(self, record: RunRecord, after: After) -> Move | None:
        """Return the move that comes next; where the model speaks, its turn is taken first."""
        if record.run.status in self._turns.speaking:
            record.turn = self._turns.take(record, after)
            return self._turns.decide(record, after, record.turn)
        return self._turns.decide(record, after, None)

    def _await(self, record: RunRecord, at: float, rank: int) -> None:
        heappush(self._agenda, _Entry(at, rank, record.order, record.run.version, record))

    def _await_beat(self, record: RunRecord) -> None:
        if record.beats and record.beats[0].at != NEVER:
            self._await(record, record.beats[0].at, _BEAT)

    def _make(self, record: RunRecord, move: Move) -> None:
        """Make a move of the server, and before it what its turn has left to do. Only the run may refuse."""
        run = record.run
        (row, *_) = self._lifecycle.moves[run.status][move.event]
        while record.beats:
            record.beats.popleft().happen(move.at)
        run.apply(move.event, now=move.at, **move.payload)
        record.move = None
        if row.target in self._lifecycle.terminal:
            self._steps.close(record, move.event, move.at, move.payload, move.text)
        elif move.event == CALLS and (step := record.open_step) is not None:
            step.calls, step.spent = move.payload["tool_calls"], move.usage
        self.enter(record, move.at)

    def _expire(self, record: RunRecord, at: float) -> None:
        self._turns.break_off(record, at)
        record.move = None
        for happened in record.run.handle_timeout(at):
            self._steps.close(record, happened.event, happened.at, {}, None)
        self.enter(record, at)

    # Telling

    def _tell(self, record: RunRecord) -> None:
        run = record.run
        if record.witness is not None:
            record.witness.moved(run.journal[record.told :])
        if record.listeners():
            status = run.status.value
            tell_run(record, *(("created", status) if run.version == 1 else (status,)))
            if run.is_terminal or run.required_action is not None:
                for stream in record.streams:
                    stream.end(record.see if run.is_terminal else None)
                record.streams.clear()
        if self.listeners:
            for happened in run.journal[record.told :]:
                for listener in tuple(self.listeners):
                    listener(Happened(run.id, record.thread.id, happened))
        record.told = run.version
