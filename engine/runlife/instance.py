"""An instance of a lifecycle: the one place where a table is executed.

Theory of operation. An instance holds its status, its facts and its journal; the lifecycle holds
everything that is the same for all instances. To apply an event is

1. *time first*: if a deadline is due at ``now``, its timer row is taken at the moment it fell due.
   Equality counts as due, so at the same moment time comes before any event; of several deadlines
   the earliest comes first, and of equal ones the one the table names first;
2. *the row*: among the rows from this status by this event, the first whose guard holds;
3. *the effect*: a pure function that answers which facts change;
4. *the change*: facts, status and journal record, written together with nothing that can fail in
   between. If anything raises before, the instance is exactly as it was.

Nothing here reads a clock: ``now`` is a parameter everywhere, in unix seconds (int or float). A
deadline that is noticed late does no harm, because the truth is the deadline on the instance.

An instance does no locking. Whoever shares one between threads or tasks holds a lock around
:meth:`Instance.apply`; the parts of this project that share instances (the memory ``World``, the
driver) do. Instances compare by identity and are read-only to everybody but ``apply``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self

from attrs import define, field

from runlife import history
from runlife.display import Shown
from runlife.errors import MisuseError, TimeError, UnknownEventError
from runlife.facts import facts_of, slots_of
from runlife.lifecycle import Lifecycle
from runlife.outcome import Expired, Illegal, Outcome, Record, Refusal, Refused, Terminal
from runlife.plan import NEVER, slot
from runlife.rows import NO_PAYLOAD, Cause, Payload, StatusT, Transition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


__all__ = ["Instance"]


Entry = tuple[float, Transition[Any], Payload]


def _record(entry: Entry) -> Record:
    at, row, payload = entry
    return Record(at, row, MappingProxyType(payload))  # nobody changes what has happened


@define(eq=False, init=False, repr=False)
class Instance(Shown, Generic[StatusT]):
    """Base of everything that has a lifecycle.

    A subclass is decorated with :func:`~runlife.facts.entity`, names its table in ``table``, and
    declares each fact that the table's effects write as a :class:`~runlife.facts.Fact`::

        @entity
        class Job(Instance[JobStatus]):
            table = JOB
            id = Fact[str]()
            finished_at = Fact[float | None]()
    """

    table: ClassVar[Lifecycle[Any]]

    _lifecycle: Lifecycle[StatusT]
    _status: StatusT = field(default=None)
    # Kept as plain tuples, which are several times cheaper to make than records; see `journal`.
    _journal: list[Entry] = field(factory=list[Any])
    _last: float = -NEVER
    _due: float = NEVER

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        kind = type(self).__name__
        msg = f"make a {kind} with {kind}.create(now=...) or {kind}.restore(snapshot)"
        raise MisuseError(msg)

    @classmethod
    def create(
        cls,
        *,
        now: float,
        event: str = "create",
        lifecycle: Lifecycle[Any] | None = None,
        **payload: Any,
    ) -> Self:
        """Bring an instance into being by the creation row of ``event``.

        :param now: the time in unix seconds.
        :param lifecycle: the table under another policy; by default the class's own.
        :param payload: the arguments of the event.
        :raises RefusedError: when the row's guard does not hold.
        :raises MisuseError: when ``lifecycle`` is that of something else.
        :raises PayloadError: when an argument is missing, unexpected or ill-typed.
        :raises TimeError: when ``now`` is not a time, or a deadline would lie in the past.
        """
        if lifecycle is not None and lifecycle.name != cls.table.name:
            msg = f"a {cls.__name__} lives by the lifecycle {cls.table.name!r}, not by {lifecycle.name!r}"
            raise MisuseError(msg)
        self = cls.__new__(cls)
        self.__attrs_init__(lifecycle or cls.table)  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]  # attrs makes it
        outcome = self._step(event, now, payload)
        if isinstance(outcome, Refusal):
            raise outcome.error()
        return self

    def apply(self, event: str, /, *, now: float, **payload: Any) -> Transition[StatusT]:
        """Apply an event at the time ``now``, or raise and leave the instance as it is.

        :returns: the row that was taken; the journal has a new record of it.
        :raises RefusedError: when the lifecycle does not allow it: :class:`IllegalEventError`,
            :class:`GuardError`, :class:`RunExpiredError` or :class:`RunTerminalError`.
        :raises UnknownEventError: when no row of the table has this event.
        :raises PayloadError: when an argument is missing, unexpected or ill-typed.
        :raises TimeError: when ``now`` is not a time or lies before the last record.
        """
        outcome = self._step(event, now, payload)
        if isinstance(outcome, Transition):  # of exactly this class: cheaper than to ask for a Refusal
            return outcome
        raise outcome.error()

    def attempt(self, event: str, /, *, now: float, **payload: Any) -> Outcome[StatusT]:
        """Apply an event as :meth:`apply` does, but return a refusal instead of raising it.

        Misuse that no lifecycle could answer (unknown event, bad argument, bad time) still raises.
        """
        return self._step(event, now, payload)

    def handle_timeout(self, now: float) -> tuple[Record, ...]:
        """Take the timer rows that are due at ``now``, in order, and return their records.

        Calling it again, early or late does no harm: what is not due does not happen, and what has
        happened does not happen twice. A record bears the time at which it fell due.
        """
        return tuple(self._catch_up(now))

    def next_deadline(self) -> float | None:
        """Return the earliest deadline in unix seconds, or None. A pure query.

        Only a record changes the answer: :meth:`apply`, :meth:`attempt`, :meth:`handle_timeout`.
        """
        return None if self._due == NEVER else self._due

    @property
    def lifecycle(self) -> Lifecycle[StatusT]:
        """The table this instance lives by, with its policy."""
        return self._lifecycle

    @property
    def status(self) -> StatusT:
        """The status, as far as the journal goes (see :meth:`handle_timeout`)."""
        return self._status

    @property
    def journal(self) -> history.Journal:
        """Everything that happened, oldest first."""
        return history.Journal(map(_record, self._journal), self._lifecycle)

    @property
    def version(self) -> int:
        """How many records the journal has; grows by one with each."""
        return len(self._journal)

    @property
    def is_terminal(self) -> bool:
        """Whether it has ended, as far as its journal goes (see :meth:`handle_timeout`)."""
        return self._status in self._lifecycle.terminal

    def legal_events(self) -> tuple[str, ...]:
        """Return the events that have a row from the current status, guards aside."""
        return self._lifecycle.legal(self._status)

    @classmethod
    def replay(
        cls, journal: Iterable[Record | Mapping[str, Any]], lifecycle: Lifecycle[Any] | None = None
    ) -> Self:
        """Return the instance that a journal leads to: see :func:`runlife.history.replay`."""
        return history.replay(cls, journal, lifecycle)

    def snapshot(self, *, now: float | None = None) -> dict[str, Any]:
        """Return the instance as JSON data: see :func:`runlife.history.snapshot`."""
        return history.snapshot(self, now=now)

    @classmethod
    def restore(
        cls,
        data: Mapping[str, Any] | str | bytes,
        *,
        deadlines: history.Deadlines = "absolute",
        now: float | None = None,
    ) -> Self:
        """Return the instance that a snapshot holds: see :func:`runlife.history.restore`."""
        return history.restore(cls, data, deadlines=deadlines, now=now)

    def copy(self) -> Self:
        """Return an independent instance with the same facts and journal."""
        twin = type(self).__new__(type(self))
        for name in slots_of(type(self)):
            setattr(twin, name, getattr(self, name))
        twin._journal = self._journal.copy()  # noqa: SLF001  # of its own class
        return twin

    __copy__ = copy

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Return :meth:`copy`: what is shared is immutable."""
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a snapshot, which is checked when it is read."""
        return type(self).restore, (self.snapshot(),)

    def facts(self) -> dict[str, Any]:
        """Return the facts by name, without status and journal."""
        return {name: getattr(self, slot(name)) for name in facts_of(type(self))}

    def __repr__(self) -> str:
        """Return the class, the status and the facts that are not null."""
        shown = {name: value for name, value in self.facts().items() if value is not None}
        inside = ", ".join(f"{name}={value!r}" for name, value in shown.items())
        return f"<{type(self).__name__} {self._status} {inside}>"

    # The hot path: every branch that is not the ordinary one lives in a method of its own.
    def _step(self, event: str, now: float, payload: dict[str, Any]) -> Outcome[StatusT]:
        try:
            # One comparison holds off past, infinite and not-a-number times as well as deadlines.
            in_time = self._last <= now < self._due and now.__class__ is not bool
        except TypeError:
            in_time = False
        if not in_time:
            self._catch_up(now)
        try:
            plan = self._lifecycle.plans[self._status].get(event)
        except TypeError:  # an unhashable event
            plan = None
        if plan is None:
            return self._no_row(event)
        return plan.react(self, payload, now)

    def check_time(self, now: float) -> None:
        """Raise TimeError unless ``now`` is a time, and not before the last record."""
        if isinstance(now, bool) or not isinstance(now, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]
            msg = f"now must be unix seconds (int or float), got {type(now).__name__}"
            raise TimeError(msg)
        if not -NEVER < now < NEVER:
            msg = f"now must be a finite number of seconds, got {now}"
            raise TimeError(msg)
        if now < self._last:
            msg = f"time runs backwards: now is {now}, but the last record is at {self._last}"
            raise TimeError(msg)

    def _catch_up(self, now: float) -> list[Record]:
        """Take every timer row that is due, each at the moment it fell due."""
        self.check_time(now)
        records: list[Record] = []
        while now >= self._due:
            due = self._due
            moves = self._lifecycle.moves[self._status].items()
            event, index = next(
                (event, index)
                for event, rows in moves
                for index, row in enumerate(rows)
                if row.deadline is not None and getattr(self, slot(row.deadline)) == due
            )
            step = self._lifecycle.plans[self._status][event].steps[index]
            # A status can be entered after a deadline that means something only there.
            step.take(self, NO_PAYLOAD, max(due, self._last))
            records.append(_record(self._journal[-1]))
        return records

    def _no_row(self, event: str) -> Refusal:
        lifecycle, status = self._lifecycle, self._status
        kind: type[Refusal] = Illegal
        if status in lifecycle.terminal:
            ended_by_time = self._journal[-1][1].cause is Cause.TIMER
            kind = Expired if ended_by_time else Terminal
        refusal: Refusal
        try:
            refusal = lifecycle.refusals[kind, status, event]
        except (KeyError, TypeError):  # the first of its kind, or an unhashable event
            if event not in lifecycle.events:
                raise UnknownEventError(event, lifecycle.events) from None
            refusal = lifecycle.refusals[kind, status, event] = kind(status, event, self.legal_events())
        return refusal

    def _refuse(self, event: str, payload: Payload) -> Refusal:
        rows = self._lifecycle.moves[self._status][event]
        guard = rows[-1].guard
        assert guard is not None  # noqa: S101  # a row without a guard would have been taken
        if len(rows) > 1:
            # The row that came closest: that an event is of another kind helps nobody who sent it.
            guards = [row.guard for row in reversed(rows) if row.guard is not None]
            guard = max(guards, key=lambda guard: guard.holding(self, payload))
        failing = guard.failing(self, payload) if guard.parts else guard
        key = (self._status, event, failing.name)
        refusal = self._lifecycle.refusals.get(key)
        if refusal is None:
            refusal = Refused(self._status, event, self.legal_events(), failing)
            self._lifecycle.refusals[key] = refusal
        return refusal
