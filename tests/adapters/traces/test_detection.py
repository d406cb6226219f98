"""What the checker notices, and that it never cries wolf: small versions of tests/bench/traces.py."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "bench"))  # as its own conftest does

import trace_lives
import trace_mutants
import traces

DETECTED = {
    0.25: {"live": 0.91, "terminal": 0.98, "field": 0.99, "time": 0.88},
    1.0: {"live": 0.84, "terminal": 0.98, "field": 0.97, "time": 0.83},
    5.0: {"live": 0.61, "terminal": 0.97, "field": 0.97, "time": 0.78},
    10.0: {"live": 0.52, "terminal": 0.94, "field": 0.97, "time": 0.64},
}
"""The least share of mutants that is noticed, by poll interval and kind; of a few thousand each."""

FEW = 0.12
"""By how much the share of as few as are tried here may differ."""


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 10])
def test_no_lawful_life_raises_an_alarm(first: int) -> None:
    """Random lives in a World, lost calls included, at each poll interval."""
    alarms = traces.false_alarms(10, seed=first)
    assert all(counts["belief"] == 0 for counts in alarms.values())


@pytest.mark.slow
@pytest.mark.parametrize("kind", trace_mutants.KINDS)
@pytest.mark.parametrize("interval", trace_lives.INTERVALS)
def test_mutants_are_noticed(kind: str, interval: float) -> None:
    """An illegal edge, a broken field, a wrong time: at least as many as a poller of that interval can."""
    lives = list(itertools.islice(trace_mutants.mutants(kind, 0, interval), 8 if kind == "terminal" else 25))
    noticed = sum(not traces.believes(life) for life in lives) / len(lives)
    assert noticed >= DETECTED[interval][kind] - FEW


@pytest.mark.slow
@pytest.mark.parametrize("name", [*trace_mutants.FIELDS, *trace_mutants.TIMES])
def test_each_defect_of_a_body_can_be_noticed(name: str) -> None:
    """Of random lives that have the defect, one poll a second, one is refused before long."""
    defect = {**trace_mutants.FIELDS, **trace_mutants.TIMES}[name]
    for seed in range(300):
        life, at = trace_mutants.with_defect(list(trace_lives.polled(trace_lives.walk(seed)[0], 1.0)), defect)
        if at is not None and not traces.believes(life):
            return
    pytest.fail("no life with this defect is refused")
