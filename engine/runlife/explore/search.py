"""Exhaustive exploration: look at every state a model can reach, and prove properties of them.

Theory of operation
-------------------
A :class:`Model` says where it may begin, which actions to try in a state, and where an action
leads. :func:`explore` walks it breadth first, each state once, so whatever it finds it finds on a
shortest path. Properties (:mod:`runlife.explore.properties`) are claims by name:

* *always*: true in every state, or of every step;
* *sometimes*: true in at least one state, or of one step. A model that can do nothing keeps every
  *always*; a *sometimes* shows that the interesting state is reached at all;
* *eventually*: on every *maximal* path there is a state in which it is true. A path is maximal when
  it ends where no action is possible, or never ends. No fairness is assumed: a path may go round in
  a cycle for ever, even in a cycle of one step.

When the exploration was cut off by ``max_states``, what was not refuted is *unknown*, never true.

For every state only its first predecessor is kept. The actions of a path are found again by asking
the model once more, which costs time only when there is something to show.

The ideas are Stateright's. Its known gap, that *eventually* may miss a counterexample in which
paths join or go in a circle, is closed here: the states in which the property has not yet come true
are searched as a graph of their own, for dead ends and for cycles.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeVar

from runlife.errors import MisuseError
from runlife.explore.properties import Exploration, Finding, Kind, Property, Trail, Verdict
from runlife.rows import StatusT, Transition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runlife.lifecycle import Lifecycle

__all__ = ["Model", "TableModel", "explore"]

State = TypeVar("State")
Action = TypeVar("Action")


class Model(ABC, Generic[State, Action]):
    """Something that can be explored. States must be hashable; None is not a state."""

    @abstractmethod
    def initial_states(self) -> Iterable[State]:
        """Return the states in which it may begin."""

    @abstractmethod
    def actions(self, state: State) -> Iterable[Action]:
        """Return the actions to try in a state, in the same order each time.

        They may be more than are possible, since :meth:`next_state` has the last word; they must
        not be fewer.
        """

    @abstractmethod
    def next_state(self, state: State, action: Action) -> State | None:
        """Return where an action leads, or None when it is not possible in this state.

        It must decide that itself, for any action, and must not rely on :meth:`actions`.
        """

    def describe(self, state: State) -> str:
        """Return a state in words, for the reports."""
        return str(state)


class TableModel(Model[StatusT, Transition[StatusT]]):
    """A lifecycle as a model: its statuses, its rows. Guards are free, timers fire at any moment."""

    def __init__(self, lifecycle: Lifecycle[StatusT]) -> None:
        self.lifecycle = lifecycle

    def initial_states(self) -> Iterable[StatusT]:
        """Return the statuses in which something is created."""
        return dict.fromkeys(row.target for row in self.lifecycle.creations)

    def actions(self, state: StatusT) -> Iterator[Transition[StatusT]]:
        """Return the rows from a status."""
        for rows in self.lifecycle.moves[state].values():
            yield from rows

    def next_state(self, state: StatusT, action: Transition[StatusT]) -> StatusT | None:
        """Return the target of a row, if the row leads from this status."""
        return action.target if action.source == state else None


def explore(
    model: Model[State, Action], *properties: Property, max_states: int | None = None
) -> Exploration[State, Action]:
    """Explore a model breadth first and judge the properties.

    :param max_states: stop when there are more states than this; by default never. A model with
        infinitely many states needs it.
    :raises MisuseError: when two properties have one name.
    """
    names = [one.name for one in properties]
    if len(set(names)) < len(names):
        msg = f"properties are told apart by name; these were given: {'; '.join(names)}"
        raise MisuseError(msg)
    search = _Search(model, properties, max_states)
    findings = tuple(search.finding(one) for one in properties)
    return Exploration(
        len(search.parents), search.edges, search.depth, search.exhausted, findings, model.describe
    )


class _Search(Generic[State, Action]):
    """One exploration: done when it is made."""

    def __init__(
        self, model: Model[State, Action], properties: Sequence[Property], max_states: int | None
    ) -> None:
        self.model = model
        self.limit = float("inf") if max_states is None else max_states
        self.parents: dict[State, State | None] = {}
        self.edges = 0
        self.depth = 0
        self.exhausted = True
        # By name: the state that settles a property, or the state and the step from it.
        self.settled: dict[str, tuple[State, tuple[tuple[Action, State], ...]]] = {}
        # What is still to be settled, by kind: claims about states, and claims about steps.
        self.open: dict[tuple[Kind, bool], list[Property]] = {
            (kind, of_steps): [one for one in properties if (one.kind, one.of_steps) == (kind, of_steps)]
            for kind in Kind
            for of_steps in (False, True)
        }
        frontier: list[State] = []
        for state in model.initial_states():
            if state not in self.parents:
                self._discover(state, None, frontier)
        while frontier and self.exhausted:
            frontier = self._expand(frontier)
            self.depth += bool(frontier)

    def _discover(self, state: State, parent: State | None, coming: list[State]) -> None:
        if len(self.parents) >= self.limit:
            self.exhausted = False
            return
        self.parents[state] = parent
        coming.append(state)
        for one in self.open[Kind.ALWAYS, False]:
            if not one.predicate(state):
                self._settle(one, state)
        for one in self.open[Kind.SOMETIMES, False]:
            if one.predicate(state):
                self._settle(one, state)

    def _settle(self, one: Property, state: State, *step: tuple[Action, State]) -> list[Property]:
        """Note what settles a property and return what of its kind is still open, as a new list."""
        self.settled[one.name] = (state, step)
        kind = (one.kind, one.of_steps)
        self.open[kind] = [other for other in self.open[kind] if other is not one]
        return self.open[kind]

    def _expand(self, frontier: list[State]) -> list[State]:
        """Try every action in every state of the frontier and return the new states.

        This is the loop in which all the time is spent.
        """
        coming: list[State] = []
        parents, actions, next_state = self.parents, self.model.actions, self.model.next_state
        musts, mays = self.open[Kind.ALWAYS, True], self.open[Kind.SOMETIMES, True]
        for state in frontier:
            for action in actions(state):
                after = next_state(state, action)
                if after is None:
                    continue
                if after not in parents:
                    self._discover(after, state, coming)
                    if not self.exhausted:
                        return coming
                self.edges += 1
                for one in musts:
                    if not one.predicate(state, action, after):
                        musts = self._settle(one, state, (action, after))
                for one in mays:
                    if one.predicate(state, action, after):
                        mays = self._settle(one, state, (action, after))
        return coming

    def finding(self, one: Property) -> Finding[State, Action]:
        """Return what was found about a property."""
        trail: Trail[State, Action] | None = None
        if one.kind is Kind.EVENTUALLY:
            trail = self._escape(one) if self.exhausted else None
        elif one.name in self.settled:
            state, step = self.settled[one.name]
            trail = _trail(self.model, self.parents, state, step)
        # An example settles a `sometimes`, a counterexample the others; that there is none is known
        # only when everything was seen.
        if trail is None and not self.exhausted:
            return Finding(one, Verdict.UNKNOWN)
        holds = (trail is not None) is (one.kind is Kind.SOMETIMES)
        return Finding(one, Verdict.HOLDS if holds else Verdict.FAILS, trail)

    def _escape(self, one: Property) -> Trail[State, Action] | None:
        """Return a maximal path on which an *eventually* never comes true, if there is one.

        Only states in which it is not true, reached through such states, are looked at. There, a
        maximal path is one to a dead end of the model, or one into a cycle.
        """
        parents: dict[State, State | None] = {}
        order: TopologicalSorter[State] = TopologicalSorter()
        for state in self.model.initial_states():
            if not one.predicate(state):
                parents.setdefault(state, None)
        queue = list(parents)
        for state in queue:  # the list grows while it is read: breadth first
            dead_end = True
            for _, after in _steps(self.model, state):
                dead_end = False
                if one.predicate(after):
                    continue
                order.add(after, state)
                if after not in parents:
                    parents[after] = state
                    queue.append(after)
            if dead_end:
                return _trail(self.model, parents, state)
        try:
            order.prepare()
        except CycleError as error:
            cycle: list[State] = error.args[1][:-1]  # its first state stands at the end once more
            entry = min(map(queue.index, cycle))
            at = cycle.index(queue[entry])
            circuit = [*cycle[at:], *cycle[: at + 1]]
            steps = [_step(self.model, *pair) for pair in pairwise(circuit)]
            return _trail(self.model, parents, circuit[0], steps, loops=True)
        return None


def _steps(model: Model[State, Action], state: State) -> Iterator[tuple[Action, State]]:
    for action in model.actions(state):
        after = model.next_state(state, action)
        if after is not None:
            yield action, after


def _step(model: Model[State, Action], before: State, after: State) -> tuple[Action, State]:
    return next(step for step in _steps(model, before) if step[1] == after)


def _trail(
    model: Model[State, Action],
    parents: dict[State, State | None],
    state: State,
    more: Iterable[tuple[Action, State]] = (),
    *,
    loops: bool = False,
) -> Trail[State, Action]:
    """Return the path of first predecessors to a state, and on by the steps given."""
    states = [state]
    while (parent := parents[states[-1]]) is not None:
        states.append(parent)
    states.reverse()
    steps = [_step(model, *pair) for pair in pairwise(states)]
    return Trail(states[0], (*steps, *more), loops)
