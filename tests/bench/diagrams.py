"""Measure what pictures cost, as ratios to what Graphviz alone takes for one layout of the same graph.

    python tests/bench/diagrams.py [--rounds N]

The floor is ``graphviz-pure -Tsvg`` of the same lifecycle's DOT, started once: a picture cannot be laid out
for less. Much of the work is done by that program and not by Python, so what is timed here is real time, and
not processor time; the best of interleaved rounds counts. Where they are installed, ``transitions`` draws the
same machine beside it, with pygraphviz: one layout, in this process.
"""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

from runlife import RUN, Policy, Run
from runlife_diagrams import layout, picture_of, render, render_timeline
from runlife_diagrams.figure.svg import to_svg
from runlife_diagrams.formats.dot import to_dot
from runlife_diagrams.png import svg_to_png
from runlife_diagrams.renderer import pure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RUNS = 1_000
"""Lives on the timeline."""

CUSTOM = RUN.under(Policy(queued_may_fail=False))
"""A lifecycle whose picture is not shipped."""


def lives(count: int) -> dict[str, Run]:
    """Return so many Runs, a third of which are still in progress."""
    made: dict[str, Run] = {}
    for number in range(count):
        id = f"run_{number}"
        made[id] = run = Run.create(now=0.0, id=id, thread_id="t", active_run_id=None, has_input=True)
        run.apply("start", now=number % 97)
        if number % 3:
            run.apply("complete", now=100 + number % 211)
    return made


def cold() -> str:
    """Lay a picture out anew, as if it was the first of this process."""
    layout._MEMORY.clear()
    return to_svg(picture_of(CUSTOM))


def peer() -> Callable[[], object] | None:
    """Return what draws the same machine with transitions and pygraphviz, where both are installed."""
    if find_spec("transitions") is None or find_spec("pygraphviz") is None:
        return None
    from transitions.extensions import GraphMachine

    machine = GraphMachine(
        states=[status.value for status in CUSTOM.statuses],
        transitions=[
            [row.event, row.source.value, row.target.value] for row in CUSTOM.transitions if row.source
        ],
        initial="queued",
        graph_engine="pygraphviz",
        auto_transitions=False,
    )
    return lambda: machine.get_graph().draw(None, format="svg", prog="dot")


def best(bodies: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return seconds of real time by body: the best of so many rounds, in which they take turns."""
    found = dict.fromkeys(bodies, float("inf"))
    for _ in range(rounds):
        for name, body in bodies.items():
            began = time.perf_counter()
            body()
            found[name] = min(found[name], time.perf_counter() - began)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    dot = to_dot(picture_of(CUSTOM)).encode()
    custom, many, path = cold(), lives(RUNS), ("queued", "in_progress", "completed")
    floor = "Graphviz alone, one layout"
    bodies: dict[str, Callable[[], object]] = {
        floor: lambda: pure(["-Tsvg"], dot),
        f"SVG, the best of {layout.TRIES} layouts": cold,
        "SVG, the layout remembered": lambda: to_svg(picture_of(CUSTOM, theme="dark")),
        "SVG, shipped, with a path": lambda: render(RUN, overlay=path),
        "PNG of that SVG": lambda: svg_to_png(custom),
        f"timeline of {RUNS:,} Runs": lambda: render_timeline(many, "svg"),
    }
    drawn = peer()
    if drawn is not None:
        bodies["transitions' GraphMachine, SVG"] = drawn
    seconds = best(bodies, rounds)
    for name, cost in seconds.items():
        print(f"{name:36} {cost * 1e3:8.1f} ms   {cost / seconds[floor]:6.2f} ×")


if __name__ == "__main__":
    main()
