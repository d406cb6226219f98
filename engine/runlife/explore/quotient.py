"""The runs of a bounded world by what they will do: a quotient, decided by the real engine.

To explore a world exhaustively, runs that will behave alike must be one state. :class:`RunKey` says
which do, and :class:`RunQuotient` finds out what becomes of them: it applies each call to a real
:class:`~runlife.run.Run` once for every key, and remembers the key that comes of it. So whoever
explores at the speed of looking things up still explores the engine itself.

Why that is sound. A key keeps everything that the engine's decisions, and the bounds of this world,
can depend on:

* the status;
* how much time is left before the deadline. What the time is matters to no rule;
* which function calls are pending: how many, and of which round. Their ids are named after the
  round, and rules only compare ids with each other;
* how many rounds there were, since this world allows only so many; but only while there may still
  be another one, or outputs are awaited;
* how often a timer has moved the run, because the properties ask for it.

What a run is called, what it has spent and when it was started are facts that the engine keeps, but
no guard reads them. The claim, *two runs with one key have one key again after every call*, makes
the quotient a bisimulation. It is not only argued but tried, on runs with other histories, times,
tokens and names, in ``tests/engine/explore``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from runlife.errors import RefusedError
from runlife.paths.walking import lawful_payload
from runlife.rows import Cause
from runlife.run import Run
from runlife.table import RUN
from runlife.values import ToolCall, ToolOutput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runlife.lifecycle import Lifecycle
    from runlife.table import RunStatus

__all__ = ["TICK", "Call", "RunKey", "RunQuotient"]


class RunKey(NamedTuple):
    """What there is to know of a run: two runs with one key behave alike."""

    status: RunStatus
    ticks_left: int | None
    """Until the deadline; None when there is none."""
    round: int
    """How often functions were called so far; 0 once that is of no more consequence."""
    pending: int | None
    """How many function calls await outputs; None when no action is required."""
    timeouts: int
    """How often a timer has moved it."""

    def __str__(self) -> str:
        """Return it in words."""
        words = [self.status.value]
        if self.round:
            words.append(f"round {self.round}")
        if self.pending is not None:
            words.append(f"{self.pending} pending")
        if self.ticks_left is not None:
            words.append("1 tick left" if self.ticks_left == 1 else f"{self.ticks_left} ticks left")
        return ", ".join(words)


class Call(NamedTuple):
    """Something that is asked of a run: an event, or :data:`TICK`."""

    event: str
    tools: int = 0
    """How many function calls are made, or answered."""
    round: int = 0
    """The round whose function calls are answered."""

    def __str__(self) -> str:
        """Return the event and what it names."""
        of_round = f" of round {self.round}" if self.round else ""
        return f"{self.event} ({self.tools}{of_round})" if self.tools else self.event


TICK = Call("tick")
"""A tick of the clock passes; a timer that falls due fires."""


class RunQuotient:
    """The runs of a bounded world by their keys, and what becomes of each.

    :param lifecycle: the lifecycle of a run, under the policy to be explored.
    :param ticks: how long a run lives, in ticks. Nothing happens between ticks.
    :param tools: at most so many function calls in a round.
    :param rounds: at most so many rounds.
    :param tick: how long a tick is, in seconds.
    :param start: when the world begins, in unix seconds.
    :param name: what runs and function calls are called.
    """

    def __init__(
        self,
        lifecycle: Lifecycle[RunStatus] = RUN,
        *,
        ticks: int = 10,
        tools: int = 3,
        rounds: int = 3,
        tick: float = 60.0,
        start: float = 0.0,
        name: str = "run",
    ) -> None:
        self.lifecycle = lifecycle
        self.ticks, self.tools, self.rounds = ticks, tools, rounds
        self._tick, self._start, self._name = tick, start, name
        self._calling = set(self._taking("tool_calls"))
        self._answering = set(self._taking("tool_outputs"))
        self._loops = self._statuses_before(self._calling)
        # One run of each kind, and the time it is there; and what is known to come of it.
        self._runs: dict[RunKey, tuple[Run, float]] = {}
        self._after: dict[tuple[RunKey, Call], RunKey | None] = {}
        newborn = self.create(start)
        assert newborn is not None  # noqa: S101  # nothing is active yet
        self.newborn = self._keep(newborn, start)

    def _taking(self, argument: str) -> Iterator[str]:
        for event, arguments in self.lifecycle.arguments.items():
            if any(one.name == argument for one in arguments):
                yield event

    def _statuses_before(self, events: set[str]) -> frozenset[RunStatus]:
        """Return the statuses from which an event, or what it leads to, can still be reached."""
        rows = [row for row in self.lifecycle.transitions if row.source is not None]
        found = {status for row in rows if row.event in events for status in (row.source, row.target)}
        while more := {row.source for row in rows if row.target in found} - found:
            found |= more
        return frozenset(status for status in found if status is not None)

    def events(self, cause: Cause) -> tuple[str, ...]:
        """Return the events of a cause that move a run, in table order."""
        rows = self.lifecycle.transitions
        return tuple(dict.fromkeys(r.event for r in rows if r.cause is cause and r.source is not None))

    def calls(self, cause: Cause, key: RunKey) -> Iterator[Call]:
        """Yield the calls that a client, or the server, has to choose from; many may be refused.

        A client that answers function calls answers some of those that are pending now, not always
        the right number. By the time they arrive they may be of an earlier round.
        """
        for event in self.events(cause):
            if event in self._calling:
                yield from (Call(event, tools) for tools in range(1, self.tools + 1))
            elif event not in self._answering:
                yield Call(event)
            elif key.pending is not None:
                yield from (Call(event, tools, key.round) for tools in range(1, self.tools + 1))

    def after(self, key: RunKey, call: Call) -> RunKey | None:
        """Return what becomes of a run, or None when the call is refused or out of bounds."""
        if (key, call) not in self._after:
            done = self.apply(*self._runs[key], call)
            self._after[key, call] = None if done is None else self._keep(*done)
        return self._after[key, call]

    def born_beside(self, *keys: RunKey) -> RunKey | None:
        """Return what a new run on the thread of others begins as, or None when it is refused."""
        others = [self._runs[key] for key in keys]
        now = max(now for _, now in others)
        run = self.create(now, active_run_id=next((run.id for run, _ in others if run.is_active), None))
        return None if run is None else self._keep(run, now)

    def create(self, now: float, *, active_run_id: str | None = None) -> Run | None:
        """Return a new run, or None when the engine refuses it."""
        try:
            return Run.create(
                id=self._name,
                now=now,
                lifecycle=self.lifecycle,
                expires_after=self.ticks * self._tick,
                active_run_id=active_run_id,
            )
        except RefusedError:
            return None

    def apply(self, run: Run, now: float, call: Call) -> tuple[Run, float] | None:
        """Return a copy of a run to which a call was made, and the time it is then.

        None when the engine refuses the call, when there were enough rounds, or when the clock has
        nothing more to bring.
        """
        run = run.copy()
        if call == TICK:
            if run.next_deadline() is None:
                return None
            now += self._tick
            run.handle_timeout(now)
            return run, now
        if call.event in self._calling and self._rounds_of(run) == self.rounds:
            return None
        outcome = run.attempt(call.event, now=now, **self._payload(run, now, call))
        return (run, now) if outcome.ok else None

    def key(self, run: Run, now: float) -> RunKey:
        """Return the key of a run at a time."""
        deadline = run.next_deadline()
        return RunKey(
            status=run.status,
            ticks_left=None if deadline is None else round((deadline - now) / self._tick),
            round=self._rounds_of(run) if run.status in self._loops else 0,
            pending=None if run.required_action is None else len(run.required_action.tool_calls),
            timeouts=sum(record.cause is Cause.TIMER for record in run.journal),
        )

    def _keep(self, run: Run, now: float) -> RunKey:
        key = self.key(run, now)
        self._runs.setdefault(key, (run, now))
        return key

    def _rounds_of(self, run: Run) -> int:
        return sum(record.event in self._calling for record in run.journal)

    def _payload(self, run: Run, now: float, call: Call) -> Mapping[str, Any]:
        if call.event in self._calling:
            ids = self._ids(self._rounds_of(run) + 1, call.tools)
            return {"tool_calls": [ToolCall(id, "lookup") for id in ids]}
        if call.event in self._answering:
            ids = self._ids(call.round, call.tools)
            return {"tool_outputs": [ToolOutput(id, "done") for id in ids]}
        row = next(row for row in self.lifecycle.rows if row.event == call.event)
        return lawful_payload(run, self.lifecycle, row, now)

    def _ids(self, of_round: int, tools: int) -> list[str]:
        return [f"{self._name}_call_{of_round}_{number}" for number in range(tools)]
