"""What a run costs: to make, to keep, and when there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dispatch import FEW, FLOOR, MANY, our_runs, runs_by_hand
from measure import OURS, Comparison, Job, best_of, bytes_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from peers import Peer, Stock

    from runlife import Run


def creation(peers: Iterable[Peer]) -> Iterator[Job]:
    """Make a run; with transitions, register it too."""

    def spawning(peer: Peer) -> Callable[[], Callable[[], object]]:
        def prepare() -> Callable[[], object]:
            peer.spawn(0)  # transitions forgets the models of the round before
            return lambda: peer.spawn(FEW)

        return prepare

    yield Job(OURS, lambda: lambda: our_runs(MANY), MANY)
    yield Job(FLOOR, lambda: lambda: runs_by_hand(MANY), MANY)
    for peer in peers:
        yield Job(peer.name, spawning(peer), FEW)


def creation_beside(count: int, batch: int = 1000) -> Job:
    """Make runs while so many others are alive."""
    kept: list[Run] = []

    def prepare() -> Callable[[], object]:
        kept.extend(our_runs(count - len(kept)))
        return lambda: our_runs(batch)

    return Job(f"beside {count}", prepare, batch)


def registration_beside(peer: Stock, count: int, batch: int = 200) -> Job:
    """Register models with a transitions machine that has so many already."""

    def prepare() -> Callable[[], object]:
        peer.spawn(count)
        return lambda: peer.machine.add_model([peer.model() for _ in range(batch)])

    return Job(f"beside {count}", prepare, batch)


def growth(small: Job, large: Job, rounds: int) -> float:
    """Return how many times as much the large job costs as the small one, for each operation."""
    costs = best_of([small, large], rounds)
    return costs[large.contender] / costs[small.contender]


def memory(peers: Iterable[Peer], *, ours: int, others: int) -> dict[str, float]:
    """Return the bytes of a run by contender."""
    sizes = {OURS: bytes_each(our_runs, ours), FLOOR: bytes_each(runs_by_hand, ours)}
    sizes |= {peer.name: bytes_each(peer.spawn, others) for peer in peers}
    return sizes


def comparisons(peers: Sequence[Peer], stock: Stock, rounds: int) -> Iterator[Comparison]:
    """Measure what runs cost.

    Stock transitions compares each new model with all that are registered, so it is never given more
    than 10,000 here: 100,000 would take minutes. What it keeps for a model does not depend on how many
    there are (but for an entry in a list), so the memory is measured with 500 and holds for 100,000. The
    time does depend on it, and that is the last comparison: what one more costs, next to 1,000 and next
    to 10,000 of them.
    """
    yield Comparison("to make a run", "s", best_of(creation(peers), rounds))
    yield Comparison(
        "to keep a run (100,000 of ours, 500 of theirs)", "bytes", memory(peers, ours=100_000, others=500)
    )
    yield Comparison(
        "growth of making one, from 1,000 alive to 10,000",
        "times",
        {
            OURS: growth(creation_beside(1_000), creation_beside(10_000), rounds),
            stock.name: growth(registration_beside(stock, 1_000), registration_beside(stock, 10_000), 2),
        },
    )
