"""What a step of exhaustive exploration costs: two clients, one thread, the real engine.

The floor walks the same graph breadth first when all of it is there already, as a dict from states
to states, so that nothing is decided any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dispatch import FLOOR
from measure import OURS, Comparison, Job, best_of

from runlife.explore import Clients, explore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runlife.explore import State


def model() -> Clients:
    """Return a model that has seen nothing yet."""
    return Clients(2, tools=1, rounds=2, ticks=3)


def graph() -> dict[State, list[State]]:
    """Return the whole graph of the model: where each step leads, of every state."""
    clients = model()
    pending = list(clients.initial_states())
    edges: dict[State, list[State]] = {}
    for state in pending:  # grows while it is read
        if state not in edges:
            after = (clients.next_state(state, action) for action in clients.actions(state))
            edges[state] = [target for target in after if target is not None]
            pending += edges[state]
    return edges


def jobs() -> Iterator[Job]:
    """Explore it all."""
    edges = graph()
    initial = model().initial_states()

    def ours() -> Callable[[], object]:
        clients = model()
        return lambda: explore(clients)

    def walk() -> None:
        seen, frontier = set(initial), list(initial)
        while frontier:
            coming: list[State] = []
            for state in frontier:
                for after in edges[state]:
                    if after not in seen:
                        seen.add(after)
                        coming.append(after)
            frontier = coming

    steps = sum(map(len, edges.values()))
    yield Job(OURS, ours, steps)
    yield Job(FLOOR, lambda: walk, steps)


def comparisons(rounds: int) -> Iterator[Comparison]:
    """Measure what a step costs."""
    made = tuple(jobs())
    steps = made[0].operations
    yield Comparison(f"a step of exploring {steps:,}, two clients", "s", best_of(made, rounds))
