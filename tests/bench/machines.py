"""What a trigger of a ``RunMachine`` costs, next to one of a stock ``transitions.Machine``.

The stock machine is bare: its triggers take no arguments, check no time and keep no journal. Ours
do all that the engine does. The callbacks, where there are some, are the same two on both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dispatch import FEW, MANY, our_runs, peer_senders
from measure import OURS, Comparison, Job, best_of
from peers import Stock, StockWithCallbacks, nothing

from runlife.machine import RunMachine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENGINE = "runlife (Run.apply)"
TWO_CALLBACKS = dict.fromkeys(("before_state_change", "after_state_change"), nothing)


def start(stock: Stock, callbacks: dict[str, Any]) -> Iterator[Job]:
    """Start a run by its trigger."""
    machine: RunMachine[Any] = RunMachine(**callbacks)

    def ours() -> Callable[[], object]:
        runs: list[Any] = [machine.create(id="run_1", now=0.0) for _ in range(MANY)]

        def body() -> None:
            for run in runs:
                run.start(now=1.0)

        return body

    def theirs() -> Callable[[], object]:
        senders = peer_senders(stock, FEW, "start", ())

        def body() -> None:
            for send in senders:
                send()

        return body

    yield Job(OURS, ours, MANY)
    yield Job(stock.name, theirs, FEW)


def without_callbacks(stock: Stock) -> Iterator[Job]:
    """Start a run by its trigger, with no callbacks: also as the engine does it."""

    def engine() -> Callable[[], object]:
        runs = our_runs(MANY)

        def body() -> None:
            for run in runs:
                run.apply("start", now=1.0)

        return body

    yield from start(stock, {})
    yield Job(ENGINE, engine, MANY)


def with_callbacks(stock: StockWithCallbacks) -> Iterator[Job]:
    """Start a run by its trigger, with two callbacks."""
    yield from start(stock, TWO_CALLBACKS)


def comparisons(rounds: int) -> Iterator[Comparison]:
    """Measure what a trigger costs."""
    yield Comparison("a RunMachine trigger, no callbacks", "s", best_of(without_callbacks(Stock()), rounds))
    yield Comparison(
        "a RunMachine trigger, two callbacks", "s", best_of(with_callbacks(StockWithCallbacks()), rounds)
    )
