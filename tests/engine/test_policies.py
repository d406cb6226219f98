"""What each option of the policy switches, and that every combination is a sound table."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from attrs import evolve, fields

from runlife import MESSAGE, RUN, RUN_STEP, Cause, Policy, Run, RunStatus, Transition
from runlife.explore import TableModel, explore
from runlife.paths import Path, illegal_events, requirements, suite, walk

CHOICES: dict[str, tuple[Any, Any]] = {
    "cancel_outside_in_progress": (True, False),
    "cancel_may_lose": (True, False),
    "queued_may_fail": (True, False),
    "usage_when_stopped": ("sum", "null"),
}
"""Each option with its answers, the default first."""

POLICIES = [Policy(**dict(zip(CHOICES, answers, strict=True))) for answers in product(*CHOICES.values())]


def answers_of(policy: Policy) -> str:
    """Return the answers of a policy, as the id of a test."""
    return "-".join(str(getattr(policy, option)) for option in CHOICES)


def rows_under(**options: Any) -> list[Transition[RunStatus]]:
    """Return the rows under a policy."""
    return list(RUN.under(Policy(**options)).transitions)


def switched(option: str) -> tuple[list[Transition[RunStatus]], list[Transition[RunStatus]]]:
    """Return the rows that the other answer to a question takes away, and those it brings."""
    before, after = rows_under(), rows_under(**{option: CHOICES[option][1]})
    return [r for r in before if r not in after], [r for r in after if r not in before]


def test_these_are_all_the_options() -> None:
    """A new question must be added here; the defaults are the first answers."""
    assert {a.name: getattr(Policy(), a.name) for a in fields(Policy)} == {
        option: answers[0] for option, answers in CHOICES.items()
    }


@pytest.mark.parametrize("policy", POLICIES, ids=answers_of)
class TestEveryCombination:
    def test_has_no_diagnostics(self, policy: Policy) -> None:
        """Neither an error nor a warning, in any of the three tables."""
        assert [RUN.under(policy).check(), RUN_STEP.under(policy).check(), MESSAGE.under(policy).check()] == [
            (),
            (),
            (),
        ]

    def test_reaches_every_status_and_ends(self, policy: Policy) -> None:
        """No answer makes a status superfluous, and every live one is ended by time if by nothing else."""
        table = RUN.under(policy)
        found = explore(TableModel(table))
        assert found.states == len(table.statuses)
        timed = {row.source for row in table.transitions if row.cause is Cause.TIMER}
        assert timed == set(table.live)

    def test_says_the_same_of_every_field(self, policy: Policy) -> None:
        """Which fields a status sets depends on one question only: the usage of a stopped run."""
        usual = RUN.under(Policy(usage_when_stopped=policy.usage_when_stopped)).field_states()
        assert _without_started(RUN.under(policy).field_states()) == _without_started(usual)

    def test_has_a_suite_that_can_be_walked(self, policy: Policy) -> None:
        """Every edge pair is taken by real runs that live under this policy."""
        table = RUN.under(policy)
        paths = suite(table, "edge-pair")
        endings = sum(rows[-1].target in table.terminal for rows in requirements(table, "edge-pair"))
        assert len(paths) == endings
        for path in paths:
            run = walk(path, Run)
            assert Path.taken_by(run) == path
            assert run.lifecycle.policy == policy

    def test_differs_from_the_default_by_what_each_answer_switches(self, policy: Policy) -> None:
        """The options do not interfere: what is missing under two is what is missing under either."""
        table = RUN.under(policy)
        gone: list[Transition[RunStatus]] = []
        come: list[Transition[RunStatus]] = []
        for option, (usual, _) in CHOICES.items():
            if getattr(policy, option) != usual:
                gone += switched(option)[0]
                come += switched(option)[1]
        expected = [row for row in (*RUN.transitions, *come) if row not in gone]
        assert sorted(map(repr, table.transitions)) == sorted(map(repr, expected))


def _without_started(states: Any) -> dict[Any, Any]:
    """Leave out started_at: where only a started run can come to, it is set."""
    return {
        status: {name: state for name, state in facts.items() if name != "started_at"}
        for status, facts in states.items()
    }


class TestEachOption:
    def test_cancel_outside_in_progress(self) -> None:
        """Switched off: two cancels, from the statuses in which a run waits."""
        gone, come = switched("cancel_outside_in_progress")
        assert come == []
        assert [(row.event, row.source) for row in gone] == [
            ("cancel", RunStatus.QUEUED),
            ("cancel", RunStatus.REQUIRES_ACTION),
        ]

    def test_cancel_may_lose(self) -> None:
        """Switched off: the three ways in which a run ends otherwise than cancelled, save by time."""
        gone, come = switched("cancel_may_lose")
        assert come == []
        assert {row.source for row in gone} == {RunStatus.CANCELLING}
        assert [row.event for row in gone] == ["complete", "cut_short", "fail"]
        left = [row.event for row in rows_under(cancel_may_lose=False) if row.source is RunStatus.CANCELLING]
        assert left == ["confirm_cancel", "expire"]

    def test_queued_may_fail(self) -> None:
        """Switched off: the one failure before a start."""
        gone, come = switched("queued_may_fail")
        assert come == []
        assert [(row.event, row.source) for row in gone] == [("fail", RunStatus.QUEUED)]

    def test_usage_when_stopped(self) -> None:
        """Exchanged: the rows by which a run is stopped, for the same without usage."""
        gone, come = switched("usage_when_stopped")
        assert [(r.event, r.source, r.target) for r in gone] == [(r.event, r.source, r.target) for r in come]
        assert {row.target for row in come} == {RunStatus.CANCELLED, RunStatus.EXPIRED}
        assert all(row.effect is not None and "usage" in row.effect.writes for row in gone)
        assert all(row.effect is not None and "usage" not in row.effect.writes for row in come)

    @pytest.mark.parametrize("option", CHOICES)
    def test_switches_the_rows_that_name_it_and_no_others(self, option: str) -> None:
        """The column ``given`` of the table tells the whole truth."""
        gone, come = switched(option)
        named = [row for row in RUN.rows if row.given is not None and row.given.option == option]
        assert [row for row in RUN.rows if row in gone or row in come] == named

    @pytest.mark.parametrize("option", CHOICES)
    def test_makes_illegal_what_it_switches_off(self, option: str) -> None:
        """An event that lost its row is refused like any other that has none."""
        table = RUN.under(Policy(**{option: CHOICES[option][1]}))
        gone, come = switched(option)
        lost = {(row.source, row.event) for row in gone} - {(row.source, row.event) for row in come}
        assert set(illegal_events(table)) - set(illegal_events(RUN)) == lost

    def test_touches_only_the_run(self) -> None:
        """No row of a step or of a message is open to question."""
        assert all(row.given is None for row in (*RUN_STEP.rows, *MESSAGE.rows))


def test_a_policy_is_a_value() -> None:
    """Equal answers are one policy, and the table under it is the table it was."""
    assert Policy() == evolve(Policy())
    assert RUN.under(Policy()) is RUN
