"""What every group of operations of a World stands on: its clock, its lock, its store, its server."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import TYPE_CHECKING

from runlife import (
    RUN,
    Clock,
    MisuseError,
    Policy,
    Record,
    Run,
    VirtualClock,
)
from runlife_adapters.clock import SystemClock
from runlife_adapters.memory.checks import check_kind, check_seconds
from runlife_adapters.memory.ids import Ids, Kind
from runlife_adapters.memory.model import Echo, Model
from runlife_adapters.memory.schedule import Schedule
from runlife_adapters.memory.server import Server
from runlife_adapters.memory.store import Store, find

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Core"]


class Core:
    """A World without operations; :class:`~runlife_adapters.memory.world.World` documents the arguments."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        policy: Policy | None = None,
        schedule: Schedule | None = None,
        model: Model | None = None,
        seed: int = 0,
        run_ttl: float = 600.0,
    ) -> None:
        _check_world(clock, policy, schedule, model, seed)
        check_seconds("run_ttl", run_ttl)
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.lifecycle = RUN.under(policy if policy is not None else Policy())
        self.run_ttl = run_ttl
        self._schedule = schedule if schedule is not None else Schedule()
        self._schedule.check(self.lifecycle)
        self._store = Store(Ids(seed))
        self._server = Server(self.lifecycle, model if model is not None else Echo(), self._store.ids)
        self._lock = Lock()
        self._owner: int | None = None
        self._now = float("-inf")
        self._scripts: deque[Schedule] = deque()

    # Time

    def settle(self) -> None:
        """Let everything happen that is due by now. Every operation does so by itself."""
        with self._at_now():
            pass

    def next_event(self) -> float | None:
        """Return the moment, in unix seconds, at which something will next happen by itself, or None."""
        with self._at_now():
            return self._server.next_event()

    def advance(self, seconds: float) -> float:
        """Move a VirtualClock forward, let everything happen that is due, and return the new time.

        :raises MisuseError: when the World has another clock, or its own model calls.
        :raises TimeError: when ``seconds`` is negative or not finite.
        """
        if not isinstance(self.clock, VirtualClock):
            msg = f"only a World on a VirtualClock can be advanced; this one has {self.clock!r}"
            raise MisuseError(msg)
        with self._held():
            now = self.clock.advance(seconds)
        self.settle()
        return now

    @contextmanager
    def _at_now(self) -> Generator[float]:
        """Hold the lock, bring the World up to date, and give the time."""
        with self._held():
            # The machine's clock may be set back. The World's time stands still until it has caught up.
            self._now = max(self._now, self.clock.now())
            self._server.settle(self._now)
            yield self._now

    @contextmanager
    def _held(self) -> Generator[None]:
        """Hold the lock. Whoever holds it already is a model that is asked just now: it would wait for ever.

        No reentrant lock: an operation within an operation would see, and change, what is half done.
        """
        me = get_ident()
        if self._owner == me:  # no other thread can write its own id here, so that no lock is needed to look
            msg = "a model must not call the World that asks it"
            raise MisuseError(msg)
        with self._lock:
            self._owner = me
            try:
                yield
            finally:
                self._owner = None

    # What the service does not have: scripts and journals

    def script(self, *schedules: Schedule) -> None:
        """Give the runs that are created next a schedule each, in this order.

        :raises MisuseError: when the policy forbids a move that one of them makes.
        """
        for schedule in schedules:
            check_kind("script", schedule, Schedule)
            schedule.check(self.lifecycle)
        with self._held():
            self._scripts.extend(schedules)

    def run(self, run_id: str) -> Run:
        """Return a copy of the engine's run, as it is now. It outlives its thread."""
        with self._at_now():
            return find(self._store.runs, Kind.RUN, run_id).run.copy()

    def journal(self, run_id: str) -> tuple[Record, ...]:
        """Return everything that has happened to a run by now, oldest first."""
        return self.run(run_id).journal


def _check_world(clock: object, policy: object, schedule: object, model: object, seed: object) -> None:
    for name, value, kind in (
        ("clock", clock, Clock),
        ("policy", policy, Policy),
        ("schedule", schedule, Schedule),
        ("model", model, Model),
        ("seed", seed, int),
    ):
        if value is not None:
            check_kind(name, value, kind)
