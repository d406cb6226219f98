"""Measure runlife against a hand-written floor and against its peers, and print one table.

    python tests/bench/compare.py [--quick] [--markdown] [--json FILE] [--install-peers]

Every ratio is between two things measured side by side in this process (see ``measure.py``): how
many times what it costs runlife it costs the other. Below 1 the other is cheaper. The absolute
figures are this machine's and this day's, and no ground for anything.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dispatch
import exploration
import instances
import machines
import peers
import timers
from measure import OURS, Comparison

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCALES = {"s": (1e-6, "µs"), "bytes": (1, "B"), "times": (1, "×")}


def measured(optional: Sequence[peers.Peer], *, quick: bool) -> Iterator[Comparison]:
    """Yield the comparisons, each as soon as it is measured."""
    rounds = 3 if quick else 7
    stock = peers.Stock()
    everyone = [peers.StockAtWork(), stock, *optional]
    yield from dispatch.comparisons(everyone, rounds)
    yield from instances.comparisons([stock, *optional], stock, rounds)
    yield from machines.comparisons(rounds)
    yield from timers.comparisons(100_000 if quick else 1_000_000, 2 if quick else 3)
    yield from exploration.comparisons(2 if quick else 3)


def amount(value: float, unit: str) -> str:
    """Write an absolute figure with three digits."""
    scale, word = SCALES[unit]
    return f"{value / scale:,.3g} {word}" if value / scale < 1000 else f"{value / scale:,.0f} {word}"


def times(ratio: float) -> str:
    """Write a ratio."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def plain(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield the lines of the table as text."""
    rows = [("", OURS, "compared with", "times as much")]
    for one in comparisons:
        head = (one.task, amount(one.costs[OURS], one.unit))
        for name, ratio in one.ratios.items():
            rows.append((*head, name, times(ratio)))
            head = ("", "")
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        task, ours, name, ratio = row
        yield f"{task:{widths[0]}}  {ours:>{widths[1]}}  {name:{widths[2]}}  {ratio:>{widths[3]}}"


def markdown(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield the lines of the table as Markdown."""
    yield "| | runlife | costs others so many times as much |"
    yield "|---|---:|---|"
    for one in comparisons:
        others = " · ".join(f"{name} **{times(ratio)}**" for name, ratio in one.ratios.items())
        yield f"| {one.task} | {amount(one.costs[OURS], one.unit)} | {others} |"


def surroundings(optional: Sequence[peers.Peer], absent: Sequence[str]) -> str:
    """Say what was measured and what was not."""
    names = ["transitions", *(peer.distribution for peer in optional)]
    present = ", ".join(f"{name} {version(name)}" for name in names)
    missing = f"; not installed: {', '.join(absent)}" if absent else ""
    return f"{platform.python_implementation()} {platform.python_version()}; {present}{missing}"


def as_json(comparisons: Sequence[Comparison], where: str) -> dict[str, Any]:
    """Return everything as JSON data; costs in seconds or bytes."""
    lines = [
        {"task": c.task, "unit": c.unit, "costs": dict(c.costs), "ratios": c.ratios} for c in comparisons
    ]
    return {"measured_with": where, "comparisons": lines}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    summary, _, explanation = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=explanation, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and fewer deadlines")
    parser.add_argument("--markdown", action="store_true", help="print the table for a README")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--install-peers", action="store_true", help="first pip-install the peers here")
    options = parser.parse_args(arguments)
    if options.install_peers:
        names = [peer.distribution for peer in peers.OPTIONAL]
        # What pip says goes where our progress goes: the standard output is for the table.
        subprocess.run([sys.executable, "-m", "pip", "install", *names], check=True, stdout=sys.stderr)
        importlib.invalidate_caches()
    optional, absent = peers.installed()
    done: list[Comparison] = []
    for one in measured(optional, quick=options.quick):
        print(one.task, "...", file=sys.stderr)
        done.append(one)
    where = surroundings(optional, absent)
    for line in (markdown if options.markdown else plain)(done):
        print(line)
    print(f"\n{where}")
    if options.json:
        options.json.write_text(json.dumps(as_json(done, where), indent=2) + "\n")


if __name__ == "__main__":
    main()
