"""Faults by plan: counted and drawn so that they replay, plain data, checked when they are made."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runlife import MisuseError
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.http.operations import OPERATIONS
from runlife_adapters.memory.net import Net

LOST, RESET = Net("lose_response"), Net("reset_after")
NAMES = {"FaultPlan": FaultPlan, "FaultRule": FaultRule, "Net": Net}
RUNS = "/v1/threads/thread_1/runs"


def struck(plan: FaultPlan, count: int, operation: str | None = "create_run", path: str = RUNS) -> list[int]:
    """Return the numbers of the calls, out of so many, that something befalls."""
    return [n for n in range(1, count + 1) if plan.strike(operation, "POST", path) is not None]


@pytest.mark.parametrize(
    ("when", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 2}, [2]),
        ({"nth": [3, 1]}, [1, 3]),
        ({"every": 3}, [3, 6]),
        ({"every": 2, "nth": (3, 4)}, [4]),
        ({"probability": 0}, []),
        ({"probability": 1, "nth": 5}, [5]),
        ({"operation": "create_run", "path": "thread_1/runs$"}, [1, 2, 3, 4, 5, 6]),
        ({"operation": "cancel_run"}, []),
        ({"path": "^/openai/"}, []),
    ],
)
def test_a_rule_strikes_the_calls_that_it_counts(when: dict[str, Any], numbers: list[int]) -> None:
    """Everything that is given must hold: which calls, which of them by number, and chance."""
    assert struck(FaultPlan([FaultRule(LOST, **when)]), 6) == numbers


def test_only_the_calls_that_a_rule_is_about_are_counted() -> None:
    """The second creation is the second, whatever was called in between, even nothing that exists."""
    plan = FaultPlan([FaultRule(LOST, operation="create_run", nth=2)])
    calls = ["create_run", "retrieve_run", None, "create_run", "create_run"]
    assert [plan.strike(call, "POST", RUNS) for call in calls] == [None, None, None, LOST, None]


def test_the_first_rule_that_strikes_wins_and_all_count() -> None:
    """What one rule does depends on no other."""
    plan = FaultPlan([FaultRule(LOST, nth=2), FaultRule(RESET, nth=[2, 3])])
    assert [plan.strike("create_run", "POST", RUNS) for _ in range(4)] == [None, LOST, RESET, None]


def test_chance_replays() -> None:
    """The same seed gives the same faults, after a reset, in another plan and beside other rules."""
    rule, other = FaultRule(LOST, probability=0.3), FaultRule(RESET, operation="cancel_run")
    plan = FaultPlan([rule], seed=7)
    once = struck(plan, 200)
    assert 30 < len(once) < 90
    plan.reset()
    assert struck(plan, 200) == once == struck(FaultPlan([rule, other], seed=7), 200)
    assert struck(FaultPlan([rule], seed=8), 200) != once
    assert [n for n in once if n % 2 == 0] == struck(
        FaultPlan([FaultRule(LOST, probability=0.3, every=2)], seed=7), 200
    )


def test_calls_from_many_threads_are_counted_once_each() -> None:
    """So that exactly every tenth is struck."""
    plan = FaultPlan([FaultRule(LOST, every=10)])
    with ThreadPoolExecutor(8) as pool:
        nets = list(pool.map(lambda _: plan.strike("create_run", "POST", RUNS), range(1_000)))
    assert sum(net is not None for net in nets) == 100


@pytest.mark.parametrize(
    "text",
    [
        "FaultPlan()",
        "FaultPlan(seed=3)",
        "FaultPlan([FaultRule(Net('refuse', status=429, retry_after=2), operation='create_run', nth=2)])",
        "FaultPlan([FaultRule(Net('malformed'), path='/runs', nth=(1, 3), every=2, probability=0.1)])",
    ],
)
def test_a_plan_prints_as_code_and_goes_to_json_and_back(text: str) -> None:
    """Through real JSON text, nothing is lost; the seed stands beside the list."""
    plan: FaultPlan = eval(text, NAMES)  # noqa: S307  # the literals above
    assert repr(plan) == text
    again = FaultPlan.from_json(json.loads(json.dumps(plan.to_json())), seed=plan.seed)
    assert (again.rules, repr(again)) == (plan.rules, text)


def test_only_what_is_said_is_written() -> None:
    """One number is written as a number, and no condition as none."""
    plan = FaultPlan([FaultRule(LOST), FaultRule(RESET, nth=2), FaultRule(RESET, nth=(1, 2))])
    assert plan.to_json() == [
        {"net": {"kind": "lose_response"}},
        {"when": {"nth": 2}, "net": {"kind": "reset_after"}},
        {"when": {"nth": [1, 2]}, "net": {"kind": "reset_after"}},
    ]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.call)
def test_every_operation_can_be_named(operation: Any) -> None:
    """The names are those of the table of operations."""
    assert FaultRule(LOST, operation=operation.call).is_about(operation.call, "/")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: FaultRule("lose_response"), "FaultRule.net: expected Net"),
        (lambda: FaultRule(LOST, operation="make_run"), "operation: there is no 'make_run'; there are "),
        (lambda: FaultRule(LOST, operation=5), "FaultRule.operation: expected str"),
        (lambda: FaultRule(LOST, path="("), "^path: not a regular expression"),
        (lambda: FaultRule(LOST, path=5), "FaultRule.path: expected str"),
        (lambda: FaultRule(LOST, nth=0), "nth: calls are counted from 1, got 0"),
        (lambda: FaultRule(LOST, nth=[]), "nth: expected at least one number"),
        (lambda: FaultRule(LOST, nth=True), "nth: expected int, got True"),
        (lambda: FaultRule(LOST, nth="2"), "nth: expected list or tuple, got '2'"),
        (lambda: FaultRule(LOST, every=0), "every: expected 1 or more, got 0"),
        (lambda: FaultRule(LOST, every=1.5), "FaultRule.every: expected int"),
        (lambda: FaultRule(LOST, probability=1.1), "probability: expected a number from 0 to 1, got 1.1"),
        (lambda: FaultRule(LOST, probability="x"), "probability: expected a number from 0 to 1"),
        (lambda: FaultPlan([LOST]), r"faults\[0\]: expected FaultRule, got Net"),
        (lambda: FaultPlan(seed="x"), "seed: expected int"),
        (lambda: FaultPlan.from_json({}), "^faults: expected a list"),
        (lambda: FaultPlan.from_json([{}]), r"^faults\[0\]: a fault: 'net' must be given"),
        (lambda: FaultPlan.from_json([{"net": {}}]), r"^faults\[0\]\.net: .*'kind' must be given"),
        (
            lambda: FaultPlan.from_json([{"net": {"kind": "delay"}, "when": {"nht": 2}}]),
            r"^faults\[0\]\.when: a condition: unknown 'nht'; known is operation, path, nth, every, prob",
        ),
        (
            lambda: FaultPlan.from_json([{"net": {"kind": "delay"}, "when": {"path": "("}}]),
            r"^faults\[0\]\.when\.path: not a regular expression",
        ),
    ],
)
def test_what_cannot_be_is_refused(make: Any, problem: str) -> None:
    """The error says where, and what would be possible."""
    with pytest.raises(MisuseError, match=problem):
        make()
