"""Clients, a server and a clock around the real engine, explored to the end."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve, fields

from runlife import RUN, Cause, Effect, Lifecycle, Policy, RunStatus, Transition, on
from runlife.explore import POLL, Clients, Step, Verdict, claims, eventually, explore
from runlife.explore.quotient import TICK, Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

POLICIES = [
    Policy(
        cancel_outside_in_progress=anywhere,
        cancel_may_lose=lose,
        queued_may_fail=fail,
        usage_when_stopped=usage,
    )
    for anywhere, lose, fail, usage in product((True, False), (True, False), (True, False), ("sum", "null"))
]


def name_of(policy: Policy) -> str:
    """Return the options that differ from the default."""
    default = Policy()
    names = [a.name for a in fields(Policy) if getattr(policy, a.name) != getattr(default, a.name)]
    return "+".join(names) or "default"


class TestPinned:
    """All states and all edges, counted. Any change of what the engine does shows here."""

    @pytest.mark.parametrize(
        ("world", "counts"),
        [
            pytest.param((0, 3, 3), (54, 130, 11), id="no client"),
            pytest.param((1, 3, 3), (1_918, 6_848, 27), id="one client"),
            pytest.param((2, 1, 1), (7_408, 37_786, 20), id="two clients, one tool, one round"),
            pytest.param(
                (2, 3, 3),
                (46_290, 217_380, 29),
                id="two clients, three tools, three rounds",
                marks=pytest.mark.slow,
            ),
        ],
    )
    def test_every_claim_holds_in_every_state(
        self, world: tuple[int, int, int], counts: tuple[int, int, int]
    ) -> None:
        """Proved to exhaustion, within the bounds that the model states."""
        clients, tools, rounds = world
        model = Clients(clients, tools=tools, rounds=rounds)
        found = explore(model, *claims(model))
        found.assert_holds()
        assert (found.states, found.edges, found.depth) == counts

    @pytest.mark.parametrize("policy", POLICIES, ids=name_of)
    def test_under_every_policy(self, policy: Policy) -> None:
        """What may happen differs; what must never happen does not."""
        model = Clients(2, lifecycle=RUN.under(policy), ticks=1, tools=1, rounds=1)
        explore(model, *claims(model)).assert_holds()

    @pytest.mark.slow
    def test_three_clients(self) -> None:
        """A smaller world, one client more: still every claim holds."""
        model = Clients(3, ticks=1, tools=1, rounds=1)
        found = explore(model, *claims(model))
        found.assert_holds()
        assert (found.states, found.edges) == (39_875, 161_960)


class TestLiveness:
    def test_a_run_that_is_left_alone_ends(self) -> None:
        """No client, and yet every path ends: the deadline ends what nothing else does."""
        model = Clients(0)
        ended = eventually("it ends", lambda state: model.thread(state).run.status in RUN.terminal)
        explore(model, ended).assert_holds()

    def test_it_takes_the_clock_to_end_it(self) -> None:
        """A client that polls for ever while the clock stands still sees it live for ever."""
        model = Clients(1, ticks=2, tools=1, rounds=1)
        ended = eventually("it ends", lambda state: model.thread(state).run.status in RUN.terminal)
        trail = explore(model, ended)["it ends"].trail
        assert trail is not None
        assert trail.loops
        assert TICK not in [step.call for step in trail.actions[-3:]]


class TestTheClaimsAreNotEmpty:
    """A table with a defect does not pass: the claim that it breaks finds it, with a path."""

    @staticmethod
    def broken(
        change: Callable[[Transition[Any]], Transition[Any] | None], *more: Any
    ) -> Lifecycle[RunStatus]:
        """Return the table of a run with rows changed, left out, and added."""
        rows = [changed for row in RUN.transitions if (changed := change(row)) is not None]
        return evolve(RUN, rows=(*rows, *more), bounded_by="this test")

    @staticmethod
    def failures(lifecycle: Lifecycle[RunStatus], rounds: int = 1) -> list[str]:
        """Return which claims fail of a small world."""
        model = Clients(2, lifecycle=lifecycle, ticks=1, tools=1, rounds=rounds)
        found = explore(model, *claims(model))
        return [one.property.name for one in found.findings if one.verdict is not Verdict.HOLDS]

    def test_a_lock_that_does_not_lock(self) -> None:
        """Without the guard of the creation, two runs live on one thread."""
        lifecycle = self.broken(lambda row: evolve(row, guard=None) if row.source is None else row)
        assert "never two live runs on one thread" in self.failures(lifecycle)

    def test_outputs_that_nobody_checks(self) -> None:
        """Without the guard of the submit, outputs of other calls are taken."""

        def change(row: Transition[Any]) -> Transition[Any]:
            return evolve(row, guard=None) if row.event == "submit_tool_outputs" else row

        failures = self.failures(self.broken(change), rounds=2)
        assert "a submit is accepted exactly if it names the pending calls" in failures

    def test_a_status_that_time_forgets(self) -> None:
        """Without its timer row, a status outlives its deadline."""

        def change(row: Transition[Any]) -> Transition[Any] | None:
            return None if row.source is RunStatus.CANCELLING and row.cause is Cause.TIMER else row

        failures = self.failures(self.broken(change))
        assert "no live run is at its deadline once the clock has moved" in failures
        assert "a run expires while it is cancelling" in failures

    def test_a_cancel_that_forgets_the_action(self) -> None:
        """When a cancel leaves required_action set, the statuses no longer tell whether it is."""
        forgetful = Effect("cancel_requested", "clears nothing")

        def change(row: Transition[Any]) -> Transition[Any]:
            return evolve(row, effect=forgetful) if row.event == "cancel" else row

        assert "required_action is set exactly in requires_action" in self.failures(self.broken(change))

    def test_a_cancel_that_can_be_repeated(self) -> None:
        """When a run can be cancelled while it is cancelling, two cancels win one race."""
        again = on("cancel", RunStatus.CANCELLING, RunStatus.CANCELLING, by=Cause.CLIENT)
        failures = self.failures(self.broken(lambda row: row, *again))
        assert "a cancel is accepted exactly where one may cancel" in failures
        assert "of racing cancels, submits or creates at most one is accepted" in failures

    def test_a_status_that_is_never_reached(self) -> None:
        """A server that never cuts a run short would keep every rule: the *sometimes* tells."""
        lifecycle = self.broken(
            lambda row: row if row.source is not RunStatus.CANCELLING else None, *_one_way_out()
        )
        assert "a run completes although a cancel was accepted" in self.failures(lifecycle)

    def test_a_table_as_it_should_be(self) -> None:
        """Nothing fails of the unbroken table in the same small world."""
        assert self.failures(self.broken(lambda row: row)) == []


def _one_way_out() -> Iterable[Any]:
    """Return the rows out of `cancelling` without those by which a cancel loses."""
    kept = {RunStatus.CANCELLED, RunStatus.EXPIRED}
    return [row for row in RUN.transitions if row.source is RunStatus.CANCELLING and row.target in kept]


class TestTheModel:
    def test_its_steps_decide_for_themselves_whether_they_are_possible(self) -> None:
        """Steps that nobody offered are turned down, not trusted."""
        model = Clients(1)
        (start,) = model.initial_states()
        impossible = [
            Step("moves", None, Call("complete")),  # the engine refuses it while the run is queued
            Step("moves", None, Call("cancel")),  # a client's, not the server's
            Step("moves", None, None),
            Step("sends", None, TICK),
            Step("sends", 0, Call("submit_tool_outputs", 1, 1)),  # nothing is pending
            Step("sends", 0, Call("complete")),  # the server's, not a client's
            Step("sends", 1, POLL),  # there is no such client
            Step("sends", -1, POLL),
            Step("moves", 0, POLL),
            Step("arrives", 0),  # nothing was sent
            Step("receives", 0),
        ]
        for step in impossible:
            assert model.next_state(start, step) is None, step
        sent = model.next_state(start, Step("sends", 0, POLL))
        assert sent is not None
        assert model.next_state(sent, Step("sends", 0, POLL)) is None

    def test_it_offers_only_what_is_possible_and_all_of_it(self) -> None:
        """In every state of a small world: whatever leads on is offered, and leads on."""
        model = Clients(1, ticks=1, tools=1, rounds=1)
        steps = [
            *(Step("moves", None, call) for call in (TICK, *(Call(event) for event in RUN.events))),
            *(Step("moves", None, Call(event, 1)) for event in RUN.events),
            *(Step("sends", 0, call) for call in (POLL, *(Call(event) for event in RUN.events))),
            *(Step("sends", 0, Call(event, 1, 1)) for event in RUN.events),
            Step("arrives", 0),
            Step("receives", 0),
        ]
        seen = list(model.initial_states())
        for state in seen:
            offered = list(model.actions(state))
            assert len(offered) == len(set(offered))
            assert set(offered) == {step for step in steps if model.next_state(state, step) is not None}
            for after in map(lambda step, here=state: model.next_state(here, step), offered):
                assert after is not None
                if after not in seen:
                    seen.append(after)
        assert len(seen) == explore(model).states

    def test_a_race_reads_like_a_story(self) -> None:
        """The path to a refused submit tells who sent what, and what came of it."""
        model = Clients(2, ticks=1, tools=1, rounds=1)
        found = explore(model, *claims(model))
        trail = found["a submit_tool_outputs is refused because another client's won"].trail
        assert trail is not None
        waiting = "requires_action, round 1, 1 pending, 1 tick left"
        again = "queued, round 1, 1 tick left; answer to client 0: accepted"
        assert trail.show(model.describe).splitlines() == [
            "  0. queued, 1 tick left",
            "  1. start: in_progress, 1 tick left",
            f"  2. require_action (1): {waiting}",
            f"  3. client 0 sends submit_tool_outputs (1 of round 1): {waiting}",
            f"  4. client 1 sends submit_tool_outputs (1 of round 1): {waiting}",
            f"  5. the request of client 0 arrives: {again}",
            f"  6. the request of client 1 arrives: {again}; answer to client 1: refused",
        ]
