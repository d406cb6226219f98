"""The course of one event: in which order callbacks run, and where the engine makes the change.

A course is a generator. It yields the callback lists in their order, and a :class:`Delivery` for
each timer row that has to be taken first; whoever drives it runs the one and drives the other. The
change itself is one call of the engine between two yields, so that it is as atomic with callbacks as
without, and as atomic in an async machine as in a sync one.

What decides is the engine's: the row, its guard and its effect are the ones that it compiled
(:mod:`runlife.plan`), and which deadline is due it says itself. A guard is pure, so what it said holds
as long as the run is as it was. Callbacks may change the run between the guard and the change. The
journal tells: then the course goes back and asks again.
"""

from __future__ import annotations

from collections.abc import Generator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, cast

from runlife.errors import MisuseError, UnknownEventError
from runlife.facts import slots_of
from runlife.instance import Instance
from runlife.machine.callbacks import Callback, RunEvent, RunEventData, RunTransition
from runlife.rows import Cause, StatusT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from enum import StrEnum

    from runlife.history import Deadlines
    from runlife.lifecycle import Lifecycle
    from runlife.machine.machine import RunMachine
    from runlife.outcome import Record

__all__ = ["BoundRun", "Course", "Delivery"]


class Delivery(NamedTuple):
    """One event on its way to a run: what its callbacks are told, and its course."""

    data: RunEventData
    course: Course


Course = Generator["list[Callback] | Delivery", None, None]
Stretch = Generator["list[Callback] | Delivery", None, bool]

_EXPIRING: ContextVar[tuple[object, ...]] = ContextVar("_EXPIRING", default=())
"""The runs of which, in this context, a timer row's callbacks run before its change."""


class BoundRun(Instance[StatusT]):
    """What a machine adds to its model. The class of a machine's runs is made of both."""

    __slots__ = ()

    machine: ClassVar[RunMachine[Any]]
    """The machine that made this class."""
    loud: ClassVar[Mapping[str, AbstractSet[StrEnum]]]
    """By event, the statuses in which some callback applies to it."""

    @property
    def state(self) -> StatusT:
        """The status, by the name that transitions gives it."""
        return self._status

    @classmethod
    def make_trigger(cls, event: str, loud: AbstractSet[StrEnum]) -> Callable[..., Any]:
        """Return the trigger of an event; ``loud`` are the statuses in which callbacks apply to it."""
        raise NotImplementedError

    @classmethod
    def make_may(cls, event: str) -> Callable[..., Any]:
        """Return what says whether the event may be triggered."""
        raise NotImplementedError

    @classmethod
    def create(
        cls, *, now: float, event: str = "create", lifecycle: Lifecycle[Any] | None = None, **payload: Any
    ) -> Self:
        """Bring a run of this machine into being: see :meth:`runlife.instance.Instance.create`.

        :raises MisuseError: when ``lifecycle`` is not the machine's own.
        """
        cls._check_lifecycle(lifecycle or cls.table)
        return super().create(now=now, event=event, **payload)

    @classmethod
    def replay(
        cls, journal: Iterable[Record | Mapping[str, Any]], lifecycle: Lifecycle[Any] | None = None
    ) -> Self:
        """Return the run that a journal leads to, without callbacks: history has already happened.

        :raises MisuseError: when ``lifecycle`` is not the machine's own.
        """
        cls._check_lifecycle(lifecycle or cls.table)
        return cls._of(cls.machine.silent.replay(journal))

    @classmethod
    def restore(
        cls,
        data: Mapping[str, Any] | str | bytes,
        *,
        deadlines: Deadlines = "absolute",
        now: float | None = None,
    ) -> Self:
        """Return the run that a snapshot holds, without callbacks: history has already happened.

        :raises MisuseError: when the snapshot was taken under another policy than the machine's.
        """
        run = cls.machine.silent.restore(data, deadlines=deadlines, now=now)
        cls._check_lifecycle(run.lifecycle)
        return cls._of(run)

    @classmethod
    def _check_lifecycle(cls, lifecycle: Lifecycle[Any]) -> None:
        if lifecycle is not cls.table:
            msg = (
                f"this machine is over the lifecycle {cls.table.name!r} under {cls.table.policy}, not over"
                f" {lifecycle.name!r} under {lifecycle.policy}; make a machine over that one"
            )
            raise MisuseError(msg)

    @classmethod
    def _of(cls, run: Instance[Any]) -> Self:
        """Return a run of this class that takes over everything of another one."""
        return cast("Self", _moved(run, cls))

    def _is_loud(self, event: str, now: float) -> bool:
        """Whether the event needs a course: a callback applies to it, or time comes first."""
        try:
            statuses = self.loud.get(event, ())
            return len(statuses) > 0 and (self._status in statuses or now >= self._due)
        except TypeError:  # no event, or no time: the engine says so
            return False

    def _has_loud_timers(self) -> bool:
        return any(self.loud[row.event] for row in self._lifecycle.transitions if row.cause is Cause.TIMER)

    def _timer_records(self, version: int) -> list[Record]:
        """Return the records of timer rows since a version; callbacks may have triggered others."""
        return [record for record in self.journal[version:] if record.cause is Cause.TIMER]

    def _may(self, event: str, now: float | None, payload: dict[str, Any]) -> bool:
        run: Instance[Any] = self
        if now is not None:
            self.check_time(now)
            if now >= self._due:
                run = _moved(self.copy(), self.machine.silent)
                run.handle_timeout(now)
        if event not in self._lifecycle.events:
            raise UnknownEventError(event, self._lifecycle.events)
        rows = self._lifecycle.moves[run.status].get(event, ())
        arguments = self._lifecycle.arguments.get(event, ())
        if any(argument.required and payload.get(argument.name) is None for argument in arguments):
            return bool(rows)
        accepted = self._lifecycle.accepts[event](payload)
        return any(row.guard is None or row.guard.check(run, accepted) for row in rows)

    def _delivery(self, event: str, now: float, payload: dict[str, Any]) -> Delivery:
        data = self._event_data(event, {**payload, "now": now})
        return Delivery(data, self._event(data, event, now, payload))

    def _event_data(self, event: str, kwargs: dict[str, Any]) -> RunEventData:
        machine = self.machine
        known = machine.events.get(event)
        if known is None:  # a creation, or unknown: callbacks are told what the engine says to it
            known = RunEvent(machine, event, ())
        return RunEventData(machine.states[self._status], known, machine, self, (), kwargs)

    def _event(self, data: RunEventData, event: str, now: float, payload: dict[str, Any]) -> Course:
        """Yield the course of an event that somebody triggers."""
        if not self._in_time(now):
            yield from self._overdue(now)
        self._rows(data, event)
        if event in self._lifecycle.arguments or payload:
            data.payload = self._lifecycle.accepts[event](payload)
            # An iterable argument has been used up by now; callbacks get what was made of it.
            data.kwargs.update(data.payload)
        if self.machine.prepare_event:
            yield self.machine.prepare_event
        taken = False
        while not taken:
            if not self._in_time(now):
                yield from self._overdue(now)
            taken = yield from self._attempt(data, event, now)

    def _in_time(self, now: float) -> bool:
        try:
            return self._last <= now < self._due
        except TypeError:  # no time: `_overdue` says so
            return False

    def _rows(self, data: RunEventData, event: str) -> list[RunTransition]:
        data.state = self.machine.states[self._status]
        transitions = self.machine.leaving(self._status, event)
        if not transitions:
            data.refuse(self._no_row(event))
        return transitions

    def _attempt(self, data: RunEventData, event: str, now: float) -> Stretch:
        """Yield the course from ``prepare`` on; return False if a callback changes the run before the end."""
        version = len(self._journal)
        for transition in self._rows(data, event):
            data.transition = transition
            if transition.prepare:
                yield transition.prepare
                if len(self._journal) != version:
                    return False
            check = transition.step.check
            if check is None or check(self, data.payload):
                return (yield from self._change(data, transition, now))
        data.refuse(self._refuse(event, data.payload))

    def _change(self, data: RunEventData, transition: RunTransition, now: float) -> Stretch:
        """Yield what comes before a change, make it, and yield what comes after.

        Return False, with nothing changed, if a callback changes the run in between.
        """
        machine, version = self.machine, len(self._journal)
        source, target = machine.states[transition.source], machine.states[transition.row.target]
        for callbacks in (machine.before_state_change, transition.before, source.on_exit):
            if callbacks:
                yield callbacks
                if len(self._journal) != version:
                    return False
        data.row = transition.step.take(self, data.payload, now)
        data.state = target
        if target.on_enter:
            yield target.on_enter
        if target.final and machine.on_final:
            yield machine.on_final
        if transition.after:
            yield transition.after
        if machine.after_state_change:
            yield machine.after_state_change
        data.result = True
        return True

    def _overdue(self, now: float) -> Course:
        """Yield a delivery for each timer row that is due, in the engine's order."""
        self.check_time(now)
        while now >= self._due:
            if self in _EXPIRING.get():
                msg = (
                    f"a callback triggers an event at {now}, when the deadline {self._due} is due, before"
                    " that is recorded; trigger it from on_enter or after, or outside of the callback"
                )
                raise MisuseError(msg)
            # Which row it is, the engine says, on a copy and without callbacks.
            record = _moved(self.copy(), self.machine.silent).handle_timeout(self._due)[0]
            data = self._event_data(record.event, {"now": record.at})
            yield Delivery(data, self._timer(data, record))

    def _timer(self, data: RunEventData, record: Record) -> Course:
        """Yield the course of a timer row; it ends early when a callback changes the run."""
        machine, version = self.machine, len(self._journal)
        rows = machine.leaving(self._status, record.event)
        data.transition = transition = next(row for row in rows if row.row is record.transition)
        expiring = _EXPIRING.get()
        _EXPIRING.set((*expiring, self))
        try:
            for callbacks in (machine.prepare_event, transition.prepare):
                yield callbacks
                if len(self._journal) != version:
                    return
            for stage in self._change(data, transition, record.at):
                if data.row is not None:
                    _EXPIRING.set(expiring)
                yield stage
        finally:
            _EXPIRING.set(expiring)


def _moved(run: Instance[Any], kind: Any) -> Any:
    """Return an instance of another class over the same model that takes over everything of this one."""
    twin = kind.__new__(kind)
    for name in slots_of(kind):
        setattr(twin, name, getattr(run, name))
    return twin
