"""Exhaustive exploration: what it counts, what it finds, and what it admits not to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve, frozen

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle, MisuseError, RunStatus
from runlife.explore import (
    Model,
    PropertyError,
    TableModel,
    Trail,
    Verdict,
    always,
    always_step,
    eventually,
    explore,
    sometimes,
    sometimes_step,
)
from runlife.paths import shortest_paths

if TYPE_CHECKING:
    from collections.abc import Iterable


@frozen
class Graph(Model[str, str]):
    """A graph as a dict: from each state, the states it leads to. An action is named after both."""

    edges: dict[str, str]
    starts: str = "a"

    def initial_states(self) -> Iterable[str]:
        return self.starts

    def actions(self, state: str) -> Iterable[str]:
        # More than are possible: `next_state` has the last word.
        return [one + two for one in self.edges for two in "abcdefg"]

    def next_state(self, state: str, action: str) -> str | None:
        possible = action[0] == state and action[1] in self.edges.get(state, "")
        return action[1] if possible else None


class Counter(Model[int, str]):
    """One, two, three, and so on without an end."""

    def initial_states(self) -> Iterable[int]:
        return [0]

    def actions(self, state: int) -> Iterable[str]:
        return ["up"]

    def next_state(self, state: int, action: str) -> int | None:
        return state + 1

    def describe(self, state: int) -> str:
        return f"number {state}"


LINE = Graph({"a": "b", "b": "c", "c": ""})
DIAMOND = Graph({"a": "bc", "b": "d", "c": "d", "d": "eg", "e": "f"})
LASSO = Graph({"a": "b", "b": "cf", "c": "d", "d": "b"})


def trail_of(graph: Graph, is_reached: str) -> Trail[str, str] | None:
    """Return the counterexample to the claim that one of these states is eventually reached."""
    return explore(graph, eventually("there", lambda state: state in is_reached))["there"].trail


class TestCounts:
    def test_states_edges_and_depth(self) -> None:
        """Each state once, each possible action once, the depth of the farthest state."""
        found = explore(DIAMOND)
        assert (found.states, found.edges, found.depth, found.exhausted) == (7, 7, 4, True)

    def test_a_step_that_leads_nowhere_else_is_an_edge(self) -> None:
        """Self-loops count; states do not multiply."""
        found = explore(Graph({"a": "ab"}))
        assert (found.states, found.edges, found.depth) == (2, 2, 1)

    def test_several_starts(self) -> None:
        """Each is at depth 0, and none counts twice."""
        found = explore(evolve(LINE, starts="aac"))
        assert (found.states, found.depth) == (3, 1)

    @pytest.mark.parametrize(
        ("table", "states", "edges", "depth"), [(RUN, 9, 18, 2), (RUN_STEP, 5, 4, 1), (MESSAGE, 3, 2, 1)]
    )
    def test_of_our_tables(self, table: Lifecycle[Any], states: int, edges: int, depth: int) -> None:
        """Pinned. The edges are the rows without the creations."""
        found = explore(TableModel(table))
        assert (found.states, found.edges, found.depth) == (states, edges, depth)
        assert found.edges == len(table.transitions) - len(table.creations)

    def test_guards_of_a_model_are_not_trusted_to_the_caller(self) -> None:
        """A row that leads from elsewhere does not lead from here."""
        row = shortest_paths(RUN)[RunStatus.COMPLETED][-1]
        assert TableModel(RUN).next_state(RunStatus.QUEUED, row) is None
        assert TableModel(RUN).next_state(RunStatus.IN_PROGRESS, row) is RunStatus.COMPLETED


class TestAlways:
    def test_it_holds_when_it_holds_everywhere(self) -> None:
        """No counterexample, no path to show."""
        finding = explore(DIAMOND, always("letters", str.isalpha))["letters"]
        assert (finding.verdict, finding.trail) == (Verdict.HOLDS, None)

    def test_the_counterexample_is_a_shortest(self) -> None:
        """Of two states that break it the nearer is shown, with the actions that lead there."""
        finding = explore(DIAMOND, always("early", lambda state: state not in "fd"))["early"]
        assert finding.verdict is Verdict.FAILS
        assert finding.trail is not None
        assert finding.trail.actions == ("ab", "bd")
        assert finding.trail.states == ("a", "b", "d")
        assert finding.trail.end == "d"

    def test_it_may_fail_at_once(self) -> None:
        """In the initial state: a path of no steps."""
        trail = explore(LINE, always("not a", lambda state: state != "a"))["not a"].trail
        assert trail == Trail("a", ())

    def test_of_steps(self) -> None:
        """A claim about steps is shown the state before, the action, and the state after."""
        claim = always_step("alphabetical", lambda before, _action, after: before < after)
        assert explore(DIAMOND, claim)["alphabetical"].verdict is Verdict.HOLDS
        trail = explore(LASSO, claim)["alphabetical"].trail
        assert trail is not None
        assert trail.actions == ("ab", "bc", "cd", "db")


class TestSometimes:
    def test_it_holds_with_an_example(self) -> None:
        """The path to it is a shortest one."""
        finding = explore(DIAMOND, sometimes("f", lambda state: state == "f"))["f"]
        assert finding.verdict is Verdict.HOLDS
        assert finding.trail is not None
        assert finding.trail.states == ("a", "b", "d", "e", "f")

    def test_it_fails_when_nothing_is_found_anywhere(self) -> None:
        """There is no path to show for it."""
        finding = explore(DIAMOND, sometimes("z", lambda state: state == "z"))["z"]
        assert (finding.verdict, finding.trail) == (Verdict.FAILS, None)

    def test_of_steps(self) -> None:
        """The example ends with the step."""
        claim = sometimes_step("back", lambda before, _action, after: before > after)
        finding = explore(LASSO, claim)["back"]
        assert finding.verdict is Verdict.HOLDS
        assert finding.trail is not None
        assert finding.trail.actions[-1] == "db"


class TestEventually:
    def test_it_holds_when_no_path_can_avoid_it(self) -> None:
        """Both ways round the diamond lead through d."""
        assert trail_of(DIAMOND, "d") is None
        assert trail_of(DIAMOND, "bc") is None

    def test_a_dead_end_is_a_counterexample(self) -> None:
        """The path to it is a shortest one."""
        trail = trail_of(DIAMOND, "f")
        assert trail is not None
        assert (trail.states, trail.loops) == (("a", "b", "d", "g"), False)

    def test_a_cycle_is_a_counterexample(self) -> None:
        """The path leads into the cycle, round it once, and says that it goes on for ever."""
        trail = trail_of(LASSO, "f")
        assert trail is not None
        assert (trail.states, trail.loops) == (("a", "b", "c", "d", "b"), True)
        assert trail.show().splitlines()[-1] == "  and so on for ever, from step 1"

    def test_a_cycle_of_one_step_is_a_cycle(self) -> None:
        """Nothing forces a path out of it."""
        trail = trail_of(Graph({"a": "ab"}), "b")
        assert trail is not None
        assert (trail.states, trail.loops) == (("a", "a"), True)

    def test_a_cycle_behind_the_property_does_not_count(self) -> None:
        """A path that has reached it may do as it likes."""
        assert trail_of(LASSO, "b") is None

    def test_paths_that_join_hide_nothing(self) -> None:
        """A state that was reached with the property true may be reached again without.

        Checkers that keep with each state what is still open miss this: d is first visited on the
        path through b, where the property is true; but the path through c is a counterexample.
        """
        trail = trail_of(Graph({"a": "bc", "b": "d", "c": "d"}), "b")
        assert trail is not None
        assert trail.states == ("a", "c", "d")

    def test_a_cycle_that_no_first_visit_closes_is_found(self) -> None:
        """B and c are both first reached from a; only their edges to each other close the cycle."""
        trail = trail_of(Graph({"a": "bc", "b": "cd", "c": "bd"}), "d")
        assert trail is not None
        assert trail.loops
        assert set(trail.states[1:]) == {"b", "c"}

    def test_it_may_be_true_from_the_start(self) -> None:
        """Then no path can avoid it."""
        assert trail_of(LASSO, "a") is None

    def test_a_run_need_not_end_when_its_timer_never_fires(self) -> None:
        """In the bare table the tool loop goes round for ever: it takes a deadline to end it."""
        found = explore(TableModel(RUN), eventually("it ends", lambda status: status in RUN.terminal))
        trail = found["it ends"].trail
        assert trail is not None
        assert trail.loops
        assert [row.event for row in trail.actions] == ["start", "require_action", "submit_tool_outputs"]

    def test_a_step_ends(self) -> None:
        """It has no loop: every path ends in a terminal status."""
        found = explore(TableModel(RUN_STEP), eventually("it ends", lambda s: s in RUN_STEP.terminal))
        found.assert_holds()


class TestLimits:
    def test_a_cut_is_admitted(self) -> None:
        """What was not refuted is unknown, an absence never a proof."""
        found = explore(
            Counter(),
            always("small", lambda state: state < 100),
            sometimes("large", lambda state: state > 100),
            eventually("large at last", lambda state: state > 100),
            max_states=10,
        )
        assert (found.states, found.exhausted) == (10, False)
        assert [finding.verdict for finding in found.findings] == [Verdict.UNKNOWN] * 3
        with pytest.raises(PropertyError, match="10 states, 9 edges, depth 9, not exhausted"):
            found.assert_holds()

    def test_what_was_found_before_the_cut_stands(self) -> None:
        """A counterexample is one, however much was not seen."""
        found = explore(
            Counter(),
            always("small", lambda state: state < 5),
            sometimes("five", lambda state: state == 5),
            max_states=10,
        )
        assert [finding.verdict for finding in found.findings] == [Verdict.FAILS, Verdict.HOLDS]

    def test_a_limit_that_is_not_exceeded_changes_nothing(self) -> None:
        """Exactly so many states are still all of them."""
        assert explore(DIAMOND, max_states=7) == explore(DIAMOND)
        assert not explore(DIAMOND, max_states=6).exhausted
        assert not explore(evolve(LINE, starts="abc"), max_states=2).exhausted


class TestReports:
    def test_it_tells_what_does_not_hold_step_by_step(self) -> None:
        """Counts first, then each claim that fails, with the path in the model's words."""
        found = explore(
            Counter(), sometimes("zero", lambda n: n == 0), always("small", lambda n: n < 2), max_states=4
        )
        assert str(found).splitlines() == [
            "4 states, 3 edges, depth 3, not exhausted",
            "fails: always: small",
            "  0. number 0",
            "  1. up: number 1",
            "  2. up: number 2",
        ]

    def test_a_property_error_is_an_assertion_that_failed(self) -> None:
        """Test runners show it as a failure, and it carries the path."""
        found = explore(LINE, always("not c", lambda state: state != "c"))
        with pytest.raises(AssertionError, match=r"fails: always: not c\n  0\. a\n  1\. ab: b\n  2\. bc: c"):
            found.assert_holds()

    def test_what_holds_is_silent(self) -> None:
        """Nothing is raised, and only the counts are told."""
        found = explore(LINE, always("letters", str.isalpha))
        found.assert_holds()
        assert str(found) == "3 states, 2 edges, depth 2, exhausted"

    def test_an_unknown_name_is_refused(self) -> None:
        """The message lists the names there are."""
        with pytest.raises(MisuseError, match="no property 'numbers' was explored; there were: letters"):
            explore(LINE, always("letters", str.isalpha))["numbers"]

    def test_one_name_for_two_is_refused(self) -> None:
        """Findings are looked up by name."""
        with pytest.raises(MisuseError, match="told apart by name; these were given: x; x"):
            explore(LINE, always("x", str.isalpha), sometimes("x", str.isalpha))

    def test_it_is_the_same_every_time(self) -> None:
        """Counts, verdicts and paths do not depend on hashes."""
        claims = always("not f", lambda state: state != "f"), eventually("f", lambda state: state == "f")
        assert str(explore(DIAMOND, *claims)) == str(explore(DIAMOND, *claims))
