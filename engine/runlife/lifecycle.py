"""A lifecycle: a finite-state machine as data.

A :class:`Lifecycle` is a tuple of rows (:mod:`runlife.rows`) and what follows from them. It is
*executed* by :class:`~runlife.instance.Instance`, *checked* by :mod:`runlife.diagnostics`, *walked*
by :mod:`runlife.paths` and :mod:`runlife.explore`, *believed* by :mod:`runlife.trace` and *drawn*
by ``runlife_diagrams``. None of them knows a status by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Generic, Self, TypeVar

from attrs import Factory, evolve, field, frozen

from runlife.diagnostics import Diagnostic, Severity, diagnose
from runlife.display import Shown
from runlife.errors import DefinitionError, MisuseError
from runlife.plan import Accept, Plans, compile_acceptance, lay_out
from runlife.policy import Policy
from runlife.rows import Argument, Cause, StatusT, Transition

__all__ = ["FieldState", "Lifecycle", "Moves"]

T = TypeVar("T")

Moves = Mapping[StatusT | None, Mapping[str, tuple[Transition[StatusT], ...]]]
"""Rows by source (None: creation) and event."""


class FieldState(StrEnum):
    """What a status says about a field: see :meth:`Lifecycle.field_states`."""

    SET = "set"
    NULL = "null"
    EITHER = "either"


_STATES = {
    frozenset({True}): FieldState.SET,
    frozenset({False}): FieldState.NULL,
    frozenset({True, False}): FieldState.EITHER,
}


def _freeze(statuses: Iterable[StatusT]) -> frozenset[StatusT]:
    return frozenset(statuses)


def _flatten(
    rows: Iterable[Transition[Any] | Iterable[Transition[Any]]],
) -> tuple[Transition[Any], ...]:
    flat: list[Transition[Any]] = []
    for row in rows:
        if isinstance(row, Transition):
            flat.append(row)
        else:
            flat.extend(row)
    return tuple(flat)


def _switched_on(lifecycle: Lifecycle[Any]) -> tuple[Transition[Any], ...]:
    return tuple(r for r in lifecycle.rows if r.given is None or r.given.holds(lifecycle.policy))


def _events(lifecycle: Lifecycle[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.event for row in lifecycle.rows))


def _facts(lifecycle: Lifecycle[Any]) -> tuple[str, ...]:
    effects = (row.effect for row in lifecycle.rows if row.effect is not None)
    return tuple(dict.fromkeys(fact for effect in effects for fact in effect.writes))


def _deadlines(lifecycle: Lifecycle[Any]) -> tuple[str, ...]:
    named = (row.deadline for row in lifecycle.transitions if row.deadline is not None)
    return tuple(dict.fromkeys(named))


def _moves(lifecycle: Lifecycle[StrEnum]) -> Moves[Any]:
    index: dict[Any, dict[str, tuple[Transition[Any], ...]]]
    index = {None: {}, **{status: {} for status in lifecycle.statuses}}
    for row in lifecycle.transitions:
        # An unknown source is a defect that the diagnostics name; here it must not hide it.
        by_event = index.setdefault(row.source, {})
        by_event[row.event] = (*by_event.get(row.event, ()), row)
    return MappingProxyType(index)


def _acceptances(lifecycle: Lifecycle[Any]) -> Mapping[str, Accept]:
    arguments = lifecycle.arguments
    return {event: compile_acceptance(event, arguments.get(event, ())) for event in lifecycle.events}


def _checked_plans(lifecycle: Lifecycle[Any]) -> Plans:
    diagnostics = lifecycle.check()
    if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        raise DefinitionError(lifecycle.name, diagnostics)
    return lay_out(lifecycle)


def _derived(compute: Callable[[Any], T]) -> T:
    """Return a field that follows from the others."""
    return field(init=False, repr=False, default=Factory(compute, takes_self=True))


@frozen(eq=False)
class Lifecycle(Shown, Generic[StatusT]):
    """A finite-state machine as data, refused when it is built with a defect.

    :param name: what it is a lifecycle of; part of every snapshot.
    :param statuses: the enumeration of its statuses, equal to their wire words.
    :param terminal: the statuses with no exits.
    :param rows: every row there is, in the order in which they are tried; what
        :func:`~runlife.rows.on` and :func:`~runlife.rows.at` return may be nested. ``transitions``
        are those that the policy switches on.
    :param arguments: the arguments each event takes; an event not named here takes none.
    :param bounded_by: what ends a live status that no timer ends, in words. Without it, a live
        status without a timer is a defect: it could last for ever.
    :param while_live: what holds exactly as long as the status is a live one, in words: for pictures.
    :raises DefinitionError: with all diagnostics, when the table has a defect.
    """

    name: str
    statuses: type[StatusT]
    terminal: frozenset[StatusT] = field(converter=_freeze)
    rows: tuple[Transition[StatusT], ...] = field(converter=_flatten)
    arguments: Mapping[str, tuple[Argument, ...]] = field(factory=dict[str, tuple[Argument, ...]])
    bounded_by: str | None = None
    while_live: str | None = None
    policy: Policy = field(factory=Policy)

    transitions: tuple[Transition[StatusT], ...] = _derived(_switched_on)
    """The rows that are on under the policy."""
    events: tuple[str, ...] = _derived(_events)
    """The names of all events, in table order (also of rows that are switched off)."""
    facts: tuple[str, ...] = _derived(_facts)
    """The names of all facts that effects write, in table order."""
    deadlines: tuple[str, ...] = _derived(_deadlines)
    """The facts that hold deadlines, in the order in which simultaneous ones fire."""
    moves: Moves[StatusT] = _derived(_moves)  # noqa: RUF009  # it is an attrs field
    """The transitions by source and event; every status has an entry, also terminal ones."""
    accepts: Mapping[str, Accept] = _derived(_acceptances)  # it is an attrs field
    """How the arguments of each event are checked."""
    plans: Plans = _derived(_checked_plans)  # noqa: RUF009  # it is an attrs field
    """The same, laid out for execution by :class:`~runlife.instance.Instance`."""
    refusals: dict[object, Any] = field(init=False, factory=dict[object, Any], repr=False)
    """The refusals given so far: each is made once."""

    def check(self) -> tuple[Diagnostic, ...]:
        """Return every diagnostic of the table, as data. One that was built has no errors."""
        return diagnose(self)

    def under(self, policy: Policy) -> Self:
        """Return this lifecycle with the rows that another policy switches on."""
        given: object = policy  # an untyped caller's may be anything
        if not isinstance(given, Policy):  # pyright: ignore[reportUnnecessaryIsInstance]
            msg = f"expected a Policy, got {given!r}"
            raise MisuseError(msg)
        return self if policy == self.policy else evolve(self, policy=policy)

    @property
    def live(self) -> tuple[StatusT, ...]:
        """The statuses that are not terminal, in the order of the enumeration."""
        return tuple(status for status in self.statuses if status not in self.terminal)

    @property
    def creations(self) -> tuple[Transition[StatusT], ...]:
        """The rows that bring an instance into being."""
        return tuple(row for row in self.transitions if row.source is None)

    def timed_by(self, status: StatusT | None) -> tuple[str, ...]:
        """Return the deadlines that hold in a status, in the order in which equal ones fire."""
        rows = (row for rows in self.moves[status].values() for row in rows)
        return tuple(dict.fromkeys(row.deadline for row in rows if row.deadline is not None))

    def legal(self, status: StatusT | None) -> tuple[str, ...]:
        """Return the events that have a row from this status, guards aside, in table order.

        Timer rows are left out: nobody sends those.
        """
        moves = self.moves[status]
        return tuple(event for event, rows in moves.items() if rows[0].cause is not Cause.TIMER)

    def field_states(self) -> Mapping[StatusT, Mapping[str, FieldState]]:
        """Return what each status says about each field, as it follows from the effects.

        All fields start null; every path through the table is followed to its fixed point. A field
        that different paths leave different is EITHER.
        """
        before: dict[StatusT, dict[str, set[bool]]] = {}
        pending = list(self.creations)
        while pending:
            row = pending.pop()
            start = before[row.source] if row.source is not None else {name: {False} for name in self.facts}
            after = {name: set(values) for name, values in start.items()}
            if row.effect is not None:
                after.update({name: {True} for name in row.effect.sets})
                after.update({name: {False} for name in row.effect.clears})
                after.update({name: {True, False} for name in row.effect.may_set})
            known = before.setdefault(row.target, {name: set() for name in self.facts})
            if any(after[name] - known[name] for name in self.facts):
                for name in self.facts:
                    known[name] |= after[name]
                pending += [r for r in self.transitions if r.source == row.target]
        return {
            status: {name: _STATES[frozenset(values)] for name, values in facts.items()}
            for status, facts in sorted(before.items(), key=lambda item: self._rank(item[0]))
        }

    def _rank(self, status: StatusT) -> int:
        return list(self.statuses).index(status)
