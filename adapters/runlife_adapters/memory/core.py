"""What every group of operations of a World stands on: its clock, its lock, its store, its server."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from attrs import evolve

from runlife import (
    RUN,
    Clock,
    MisuseError,
    Policy,
    Record,
    Run,
    TimeError,
    VirtualClock,
)
from runlife_adapters.clock import SystemClock
from runlife_adapters.memory.checks import check_kind, check_seconds, is_number
from runlife_adapters.memory.context import CONTEXT_LIMIT
from runlife_adapters.memory.echo import Echo
from runlife_adapters.memory.ids import Ids, Kind
from runlife_adapters.memory.locking import AtNow, Held
from runlife_adapters.memory.model import Model
from runlife_adapters.memory.rules import Rules
from runlife_adapters.memory.schedule import NEVER, After, Schedule, check_entry
from runlife_adapters.memory.server import PROGRESSIONS, Progression, Server
from runlife_adapters.memory.service_policy import ServicePolicy
from runlife_adapters.memory.store import Store, find

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.memory.events import Listener
    from runlife_adapters.memory.net import Net
    from runlife_adapters.memory.resources import RunObject
    from runlife_adapters.memory.rules import RunSeen

__all__ = ["LAST_MOMENT", "Core"]

LAST_MOMENT = 253_402_300_799.0
"""The end of the year 9999, in unix seconds: so far time can be moved. Long after that, a float tells no
seconds apart any more, and no run could be created."""


class Core:
    """A World without operations; :class:`~runlife_adapters.memory.world.World` documents the arguments."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        policy: Policy | None = None,
        schedule: Schedule | None = None,
        rules: Rules | None = None,
        model: Model | None = None,
        seed: int = 0,
        run_ttl: float = 600.0,
        progression: Progression = "time",
        service_policy: ServicePolicy | None = None,
        context_limit: int = CONTEXT_LIMIT,
        keep: int | None = None,
    ) -> None:
        for name, value, kind in (
            ("clock", clock, Clock),
            ("policy", policy, Policy),
            ("schedule", schedule, Schedule),
            ("rules", rules, Rules),
            ("model", model, Model),
            ("seed", seed, int),
            ("service_policy", service_policy, ServicePolicy),
            ("context_limit", context_limit, int),
            ("keep", keep, int),
        ):
            if value is not None:
                check_kind(name, value, kind)
        if schedule is not None and rules is not None:
            msg = "either rules or a schedule: that would be the default of the rules"
            raise MisuseError(msg)
        if keep is not None and keep < 1:
            msg = f"keep: expected 1 thread or more, got {keep}"
            raise MisuseError(msg)
        check_seconds("run_ttl", run_ttl)
        if progression not in PROGRESSIONS:
            msg = f"progression: expected one of {', '.join(PROGRESSIONS)}; got {progression!r}"
            raise MisuseError(msg)
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.lifecycle = RUN.under(policy if policy is not None else Policy())
        self._hidden_lifecycle = RUN.under(evolve(self.lifecycle.policy, cancel_outside_in_progress=True))
        self.run_ttl = run_ttl
        self.progression: Progression = progression
        self.service_policy = service_policy if service_policy is not None else ServicePolicy()
        self._context_limit = context_limit
        self.rules = rules if rules is not None else Rules(default=schedule or Schedule())
        self._keep = keep
        self._seed = seed
        self._model: Model = model if model is not None else Echo()
        self._store, self._server = self._anew()
        self._lock = Held()
        self._now_held = AtNow(self._lock, self._catch_up)
        self._now = float("-inf")
        self._scripts: deque[Schedule] = deque()

    def _anew(self) -> tuple[Store, Server]:
        """Return a store with nothing in it, and a server that knows of nothing."""
        store = Store(Ids(self._seed))
        return store, Server(self.lifecycle, self._model, store.ids, self.progression)

    # Time

    def settle(self) -> None:
        """Let everything happen that is due by now. Every operation does so by itself."""
        with self._at_now():
            pass

    def next_event(self) -> float | None:
        """Return the moment, in unix seconds, at which something will next happen by itself, or None."""
        with self._at_now():
            return self._server.next_event()

    def now(self) -> float:
        """Return the World's time, in unix seconds; everything that is due by then has happened."""
        with self._at_now() as now:
            return now

    def due(self, run_id: str) -> float | None:
        """Return the moment, in unix seconds, at which something will next happen to a run by itself."""
        with self._held():
            return self._server.due(find(self._store.runs, Kind.RUN, run_id))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have a listener told of every transition of every run from now on; return what ends that.

        It is called under the World's lock, as things happen: it must not block, nor call the World.
        """
        with self._held():
            self._server.listeners.append(listener)

        def stop() -> None:
            with self._held():
                if listener in self._server.listeners:
                    self._server.listeners.remove(listener)

        return stop

    def advance(self, seconds: float) -> float:
        """Move a VirtualClock forward, let everything happen that is due, and return the new time.

        :raises MisuseError: when the World has another clock, or its own model calls.
        :raises TimeError: when ``seconds`` is negative or not finite, or leads beyond the year 9999.
        """
        if not isinstance(self.clock, VirtualClock):
            msg = f"only a World on a VirtualClock can be advanced; this one has {self.clock!r}"
            raise MisuseError(msg)
        with self._held():
            if is_number(seconds) and self.clock.now() + seconds > LAST_MOMENT:
                msg = f"time moves to the end of the year 9999 at most, and not {seconds!r} seconds further"
                raise TimeError(msg)
            now = self.clock.advance(seconds)
        self.settle()
        return now

    def _at_now(self) -> AtNow:
        """Hold the lock, bring the World up to date, and give the time: for a ``with`` block."""
        return self._now_held

    def _catch_up(self) -> float:
        """Let everything happen that is due, and return the time; the lock is held."""
        # The machine's clock may be set back. The World's time stands still until it has caught up.
        self._now = max(self._now, self.clock.now())
        self._server.settle(self._now)
        return self._now

    def _bound(self) -> None:
        """Note that something has come into being, and forget what is too much; the lock is held."""
        if self._keep is not None:
            self._store.forget(self._keep)

    def _held(self) -> Held:
        """Hold the lock: for a ``with`` block."""
        return self._lock

    # What the service does not have: scripts, moves by hand, journals

    def script(self, *schedules: Schedule) -> None:
        """Give the runs that are created next a schedule each, in this order.

        :raises MisuseError: when the policy forbids a move that one of them makes.
        """
        for schedule in schedules:
            check_kind("script", schedule, Schedule)
            schedule.check(self.lifecycle)
        with self._held():
            self._scripts.extend(schedules)

    def _next_schedule(self, seen: RunSeen) -> Schedule:
        """Return the schedule of a run that is about to be created; the lock is held."""
        return self._scripts.popleft() if self._scripts else self.rules.schedule_for(seen)

    @property
    def rules(self) -> Rules:
        """Which schedule a run gets that is created from now on.

        :raises MisuseError: when they are set to what the policy forbids.
        """
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        check_kind("rules", rules, Rules)
        rules.check(self.lifecycle)
        self._rules = rules

    def net(self, run_id: str) -> Net | None:
        """Count one more call about a run, and return what its schedule says befalls that call."""
        with self._held():
            record = self._store.runs.get(run_id)
            if record is None:
                return None
            record.calls += 1
            return record.schedule.net.get(record.calls)

    def knows(self, kind: Kind, id: str) -> bool:
        """Say whether there is something of a kind by that id, wherever it is."""
        with self._held():
            return self._store.knows(kind, id)

    def step(self, run_id: str) -> RunObject:
        """Make the server's next move with a run now, whatever the progression, and return the run.

        :raises MisuseError: when the server has none: the run is over, stuck, or waits for the client.
        """
        with self._at_now() as now:
            record = find(self._store.runs, Kind.RUN, run_id)
            if not self._server.step(record, now):
                msg = f"the server has no move to make with {run_id}, which is {record.run.status.value!r}"
                raise MisuseError(msg)
            return record.view()

    def apply(self, run_id: str, after: After) -> RunObject:
        """Make the move that an entry of a schedule describes with a run now, and return the run.

        Its delay does not count.

        :raises MisuseError: when the table gives the server no such move from where the run is.
        """
        check_kind("apply", after, After)
        with self._at_now() as now:
            record = find(self._store.runs, Kind.RUN, run_id)
            if record.run.is_terminal or after.delay == NEVER:
                status = record.run.status.value
                msg = f"the server makes no such move with {run_id}, which is {status!r}: {after!r}"
                raise MisuseError(msg)
            check_entry(self.lifecycle, record.run.status, after)
            self._server.apply(record, after, now)
            return record.view()

    def run(self, run_id: str) -> Run:
        """Return a copy of the engine's run, as it is now. It outlives its thread."""
        with self._at_now():
            return find(self._store.runs, Kind.RUN, run_id).run.copy()

    def journal(self, run_id: str) -> tuple[Record, ...]:
        """Return everything that has happened to a run by now, oldest first."""
        return self.run(run_id).journal
