"""What one event costs: legal, guarded, refused as a value, refused as an exception."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from floor import RefusedByHandError, RunByHand
from measure import OURS, Comparison, Job, best_of
from peers import CALLS, OUTPUTS, Peer, StockAtWork

from runlife import RefusedError, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

FLOOR = "floor"
MANY = 2000
"""How many runs of ours, or of the floor, get the event in one round."""
FEW = 200
"""How many runs of a peer do; with some, to make a run takes a good part of a millisecond."""

BEFORE = {"start": (), "submit_tool_outputs": ("start", "require_action")}
"""What leads to where an event is legal."""


def our_runs(count: int, *events: str) -> list[Run]:
    """Return so many runs, after these events."""
    runs = [Run.create(id="run_1", now=0.0) for _ in range(count)]
    for event in events:
        for run in runs:
            run.apply(event, now=1.0, **({"tool_calls": CALLS} if event == "require_action" else {}))
    return runs


def runs_by_hand(count: int, *events: str) -> list[RunByHand]:
    """Return so many runs of the floor, after these events."""
    runs = [RunByHand("run_1", 0.0) for _ in range(count)]
    for event in events:
        for run in runs:
            if event == "start":
                run.start(1.0)
            else:
                run.require_action(CALLS, 1.0)
    return runs


def peer_senders(peer: Peer, count: int, event: str, before: Sequence[str]) -> list[Callable[[], object]]:
    """Return what sends an event to so many runs of a peer, after other events."""
    runs = peer.spawn(count)
    for earlier in before:
        for run in runs:
            peer.sender(run, earlier)()
    return [peer.sender(run, event) for run in runs]


def start(peers: Iterable[Peer]) -> Iterator[Job]:
    """Start a run: no guard, no argument."""

    def ours() -> Callable[[], object]:
        def body(runs: list[Run] = our_runs(MANY)) -> None:
            for run in runs:
                run.apply("start", now=1.0)

        return body

    def by_hand() -> Callable[[], object]:
        def body(runs: list[RunByHand] = runs_by_hand(MANY)) -> None:
            for run in runs:
                run.start(1.0)

        return body

    yield Job(OURS, ours, MANY)
    yield Job(FLOOR, by_hand, MANY)
    for peer in peers:
        yield Job(peer.name, _sending(peer, "start"), FEW)


def submit(peers: Iterable[Peer]) -> Iterator[Job]:
    """Submit tool outputs: one argument, and a guard that compares it with the pending calls."""

    def ours() -> Callable[[], object]:
        def body(runs: list[Run] = our_runs(MANY, "start", "require_action")) -> None:
            for run in runs:
                run.apply("submit_tool_outputs", now=2.0, tool_outputs=OUTPUTS)

        return body

    def by_hand() -> Callable[[], object]:
        def body(runs: list[RunByHand] = runs_by_hand(MANY, "start", "require_action")) -> None:
            for run in runs:
                run.submit_tool_outputs(OUTPUTS, 2.0)

        return body

    yield Job(OURS, ours, MANY)
    yield Job(FLOOR, by_hand, MANY)
    for peer in peers:
        yield Job(peer.name, _sending(peer, "submit_tool_outputs"), FEW)


def refuse(peers: Iterable[Peer]) -> Iterator[Job]:
    """Submit tool outputs to a queued run; the answer is a value, or there is none."""

    def ours() -> Callable[[], object]:
        def body(runs: list[Run] = our_runs(MANY)) -> None:
            for run in runs:
                run.attempt("submit_tool_outputs", now=1.0, tool_outputs=OUTPUTS)

        return body

    def by_hand() -> Callable[[], object]:
        def body(runs: list[RunByHand] = runs_by_hand(MANY)) -> None:
            for run in runs:
                run.try_submit_tool_outputs(OUTPUTS, 1.0)

        return body

    yield Job(OURS, ours, MANY)
    yield Job(FLOOR, by_hand, MANY)
    for peer in peers:
        if peer.silent:
            yield Job(peer.name, _refusing(peer), FEW)


def refuse_by_raising(peers: Iterable[Peer]) -> Iterator[Job]:
    """Submit tool outputs to a queued run; the answer is an exception, which is caught."""

    def ours() -> Callable[[], object]:
        def body(runs: list[Run] = our_runs(MANY)) -> None:
            for run in runs:
                try:
                    run.apply("submit_tool_outputs", now=1.0, tool_outputs=OUTPUTS)
                except RefusedError:
                    pass

        return body

    def by_hand() -> Callable[[], object]:
        def body(runs: list[RunByHand] = runs_by_hand(MANY)) -> None:
            for run in runs:
                try:
                    run.submit_tool_outputs(OUTPUTS, 1.0)
                except RefusedByHandError:
                    pass

        return body

    yield Job(OURS, ours, MANY)
    yield Job(FLOOR, by_hand, MANY)
    for peer in peers:
        if not peer.silent:
            yield Job(peer.name, _refusing(peer), FEW)


def _sending(peer: Peer, event: str) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        senders = peer_senders(peer, FEW, event, BEFORE[event])

        def body() -> None:
            for send in senders:
                send()

        return body

    return prepare


def _refusing(peer: Peer) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        senders: list[Any] = peer_senders(peer, FEW, "submit_tool_outputs", ())
        error = peer.error

        def body() -> None:
            for send in senders:
                try:
                    send()
                except error:
                    pass

        return body

    return prepare


def comparisons(peers: Sequence[Peer], rounds: int) -> Iterator[Comparison]:
    """Measure what events cost."""
    working = [peer for peer in peers if peer.name != StockAtWork.name]
    yield Comparison("an event without guard (start)", "s", best_of(start(peers), rounds))
    yield Comparison("a guarded event (submit_tool_outputs)", "s", best_of(submit(peers), rounds))
    yield Comparison("an illegal event, refused by a value", "s", best_of(refuse(working), rounds))
    yield Comparison(
        "an illegal event, refused by an exception", "s", best_of(refuse_by_raising(working), rounds)
    )
