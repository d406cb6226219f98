"""Measure the trace checker: false alarms, detection by kind of defect, and samples a second.

    python tests/bench/traces.py [--lives N] [--each N] [--json FILE]

No lawful life may raise an alarm; of mutants (:mod:`trace_lives`) it is counted how many are noticed.
Beside the checker stand the two checks that come to mind first: that two samples are joined by an edge
(*adjacency*), and that there is a way from one to the other (*reachability*).
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from trace_lives import EDGES, INTERVALS, Seen, lawful_life, polled, typical_life
from trace_mutants import KINDS, mutants

from runlife import RUN, Lifecycle, TraceChecker, TraceError
from runlife_adapters.traces.objects import shown_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# Checkers


def believes(life: Iterable[Seen], lifecycle: Lifecycle[Any] = RUN) -> bool:
    """Whether the checker finds a life lawful."""
    checker = TraceChecker(lifecycle)
    try:
        for seen in life:
            shown = shown_of(seen.body)
            if seen.call is not None:
                ticket = checker.sent(seen.call, seen.at)
                if seen.accepted is not None:
                    status, facts = (shown.status, shown.facts) if shown else (None, None)
                    checker.answered(ticket, seen.at, accepted=seen.accepted, status=status, facts=facts)
            elif shown is not None:
                checker.observed(shown.status, seen.at, shown.facts)
    except TraceError:
        return False
    return True


def _pairs(life: Iterable[Seen]) -> Iterator[tuple[str, str]]:
    return itertools.pairwise(seen.body["status"] for seen in life if seen.body)


def _reachable() -> set[tuple[str, str]]:
    ways = {(row.source, row.target) for row in RUN.transitions}
    while True:
        more = ways | {(a, d) for (a, b), (c, d) in itertools.product(ways, ways) if b == c}
        if more == ways:
            return {(str(a), str(b)) for a, b in ways} | {(s.value, s.value) for s in RUN.statuses}
        ways = more


REACHABLE = _reachable()

CHECKERS: dict[str, Callable[[list[Seen]], bool]] = {
    "belief": believes,
    "adjacency": lambda life: all(pair in EDGES for pair in _pairs(life)),
    "reachability": lambda life: all(pair in REACHABLE for pair in _pairs(life)),
}


def detection(each: int, seed: int = 0) -> dict[str, dict[float, dict[str, float]]]:
    """Return the share of mutants noticed, by kind, poll interval and checker."""
    found: dict[str, dict[float, dict[str, float]]] = defaultdict(dict)
    for kind in KINDS:
        for interval in INTERVALS:
            lives = list(itertools.islice(mutants(kind, seed, interval), each))
            found[kind][interval] = {
                name: sum(not check(life) for life in lives) / each for name, check in CHECKERS.items()
            }
    return found


def false_alarms(lives: int, seed: int = 0) -> dict[float, dict[str, int]]:
    """Return how many lawful lives raise an alarm, by poll interval and checker."""
    counts: dict[float, dict[str, int]] = {i: dict.fromkeys(CHECKERS, 0) for i in INTERVALS}
    for number in range(seed, seed + lives):
        life = lawful_life(number)
        for interval in INTERVALS:
            seen = list(polled(life, interval))
            for name, check in CHECKERS.items():
                counts[interval][name] += not check(seen)
    return counts


def speed(seconds: float = 2.0) -> dict[str, float]:
    """Return samples a second: of a typical poller, and of random lives by poll interval.

    Whole lives, a checker for each; their bodies are read before.
    """
    rates = {}
    lives = [lawful_life(seed) for seed in range(60)]
    seen_by = {"a typical poller": [typical_life()]}
    seen_by |= {f"{i:g} s": [list(polled(life, i)) for life in lives] for i in INTERVALS}
    for name, several in seen_by.items():
        ready = [[(seen, shown_of(seen.body)) for seen in life] for life in several]
        count, start = 0, time.process_time()
        while time.process_time() < start + seconds:
            for life in ready:
                checker = TraceChecker(RUN)
                for seen, shown in life:
                    if seen.call is not None:
                        ticket = checker.sent(seen.call, seen.at)
                        if seen.accepted is not None:
                            status, facts = (shown.status, shown.facts) if shown else (None, None)
                            checker.answered(
                                ticket, seen.at, accepted=seen.accepted, status=status, facts=facts
                            )
                    elif shown is not None:
                        checker.observed(shown.status, seen.at, shown.facts)
                count += len(life)
        rates[name] = count / (time.process_time() - start)
    return rates


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lives", type=int, default=10_000, help="lawful lives")
    parser.add_argument("--each", type=int, default=1_000, help="mutants for each kind and interval")
    parser.add_argument("--json", type=argparse.FileType("w"), help="write the figures there as well")
    options = parser.parse_args()
    rates = speed()
    print("samples a second:", ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items()))
    alarms, found = false_alarms(options.lives), detection(options.each)
    for interval in INTERVALS:
        for name in CHECKERS:
            alarm = alarms[interval][name]
            shares = "  ".join(f"{kind} {found[kind][interval][name]:6.1%}" for kind in KINDS)
            print(f"{interval:5g} s  {name:12}  false alarms {alarm:6} of {options.lives}   {shares}")
    if options.json:
        json.dump({"rates": rates, "false_alarms": alarms, "detection": found}, options.json, indent=2)
    return int(any(counts["belief"] for counts in alarms.values()))


if __name__ == "__main__":
    sys.exit(main())
