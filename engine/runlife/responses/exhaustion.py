"""That the mapping is right, by exhaustion: chains and runs have the same paths, no more and no fewer.

Theory of operation
-------------------
:class:`Chains` is every chain there can be, as a model: where the run is, where its latest response is,
whether outputs are under way, and whether the tokens are used up. Its actions are all that can happen: each
row of the response, a cancel that is asked for, outputs sent, brought and refused, the clock. What an action
means for the run is looked up in the mapping and nowhere else.

The events of the run that the actions of a chain amount to, in their order, are a path of the run; an action
that means nothing adds none. So both the model and the table are automata over the events of a run, and the
question is whether they accept the same words. :func:`differences` decides it by the subset construction: it
walks both together, the table as it is, the model as the set of all states it may be in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runlife.explore.search import Model
from runlife.responses.mapping import OWN, meaning_of
from runlife.responses.table import RESPONSE, ResponseStatus
from runlife.table import RUN, RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runlife.lifecycle import Lifecycle
    from runlife.rows import Transition

__all__ = ["Action", "Chains", "State", "differences"]


class State(NamedTuple):
    """Where a chain is."""

    run: RunStatus | None
    response: ResponseStatus | None
    """The latest response; None before the first."""
    under_way: bool = False
    """Whether outputs are under way."""
    rest: tuple[str, ...] = ()
    """The events of the run that the last action amounts to and that are yet to be taken, one by one."""


class Action(NamedTuple):
    """Something that happens to a chain."""

    name: str
    row: Transition[ResponseStatus] | None = None
    """The row of a response, if it is one."""
    over_budget: bool = False


class Chains(Model[State, Action]):
    """Every chain of responses there can be."""

    def __init__(self, lifecycle: Lifecycle[RunStatus] = RUN) -> None:
        self.lifecycle = lifecycle

    def initial_states(self) -> Iterable[State]:
        """Return the moment before the first response."""
        return (State(None, None),)

    def actions(self, state: State) -> Iterable[Action]:
        """Return what may happen in a state."""
        if state.rest:
            yield Action(state.rest[0])
            return
        yield from self._rows(state)
        yield from (Action(name) for name in dict.fromkeys([*(own.asked for own in OWN), "send", "refused"]))

    def _rows(self, state: State) -> Iterator[Action]:
        at_work = state.response is not None and state.response not in RESPONSE.terminal
        for row in RESPONSE.transitions:
            if row.source is None:
                may = state.run is None or (state.under_way and not at_work)
            else:
                may = row.source is state.response
            if may:
                yield from (Action(row.event, row, over_budget=over) for over in (False, True))

    def next_state(self, state: State, action: Action) -> State | None:
        """Return where an action leads; None where it cannot happen.

        :raises TraceError: when the mapping has no answer.
        """
        if state.rest:
            rows = self.lifecycle.moves[state.run].get(state.rest[0], ())
            return state._replace(run=rows[0].target, rest=state.rest[1:]) if rows else None
        if action.row is not None:
            return self._told(state, action.row, over_budget=action.over_budget)
        if action.name == "send":
            waits = state.run is RunStatus.REQUIRES_ACTION and not state.under_way
            return state._replace(under_way=True) if waits else None
        for own in OWN:
            if (
                own.asked == action.name
                and state.run in own.runs
                and own.under_way in {None, state.under_way}
            ):
                under_way = state.under_way and own.asked != "refused"
                return state._replace(under_way=under_way, rest=own.means)
        refused = action.name == "refused" and state.under_way
        return state._replace(under_way=False) if refused else None

    def _told(self, state: State, row: Transition[ResponseStatus], *, over_budget: bool) -> State:
        meaning = meaning_of(row, state.run, over_budget=over_budget)
        under_way = state.under_way and row.source is not None
        return State(state.run, row.target, under_way, meaning.means)


def differences(model: Chains) -> tuple[str, ...]:
    """Return where chains and the table of runs differ, each by a path that only one of them has."""
    start = frozenset(_still(model, model.initial_states()))
    found: list[str] = []
    seen: set[tuple[RunStatus | None, frozenset[State]]] = {(None, start)}
    queue: list[tuple[RunStatus | None, frozenset[State], tuple[str, ...]]] = [(None, start, ())]
    for here, states, path in queue:
        chains = _moves(model, states)
        table = {event: rows[0].target for event, rows in model.lifecycle.moves[here].items()}
        said = " > ".join(path) or "nothing"
        found += [f"no run has {event} after {said}" for event in chains if event not in table]
        found += [f"no chain has {event} after {said}" for event in table if event not in chains]
        for event, target in table.items():
            after = chains.get(event, frozenset[State]())
            if after and (target, after) not in seen:
                seen.add((target, after))
                queue.append((target, after, (*path, event)))
    return tuple(found)


def _still(model: Chains, states: Iterable[State]) -> set[State]:
    """Return the states that can be reached without any event of the run."""
    reached = set(states)
    todo = list(reached)
    for state in todo:
        if state.rest:
            continue
        for action in model.actions(state):
            after = model.next_state(state, action)
            if after is not None and after not in reached:
                reached.add(after)
                todo.append(after)
    return reached


def _moves(model: Chains, states: Iterable[State]) -> dict[str, frozenset[State]]:
    """Return by each event of the run that may come next where chains are then."""
    after: dict[str, set[State]] = {}
    for state in states:
        if state.rest:
            taken = model.next_state(state, Action(state.rest[0]))
            # An event that the table refuses is told, so that it is found there.
            after.setdefault(state.rest[0], set()).update(() if taken is None else (taken,))
    return {event: frozenset(_still(model, found)) for event, found in after.items()}
