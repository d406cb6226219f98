"""The state machine for those who extend the fake: what it takes, and what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest
from attrs import evolve
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from runlife import RUN, Policy, RefusedError, RunStatus, VirtualClock
from runlife.paths import n_switch
from runlife_adapters.conformance import ConformanceError
from runlife_adapters.http import Service, sync_client
from runlife_adapters.memory import ApiError, MemoryBackend, World
from runlife_adapters.openai import OpenAIBackend
from runlife_adapters.testing.coverage import LifecycleCoverage
from runlife_adapters.testing.generated import machine
from runlife_adapters.testing.generated.machine import START, RunStateMachine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runlife_adapters.backend import Backend, RunView
    from runlife_adapters.memory import RunObject

PROFILE = settings(
    max_examples=8,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
)
"""Few examples, always the same."""

FINDING = settings(PROFILE, max_examples=50, stateful_step_count=20, report_multiple_bugs=False)
SHRINKING = settings(FINDING, stateful_step_count=8, phases=[Phase.generate, Phase.shrink])


def manual(kind: type[World] = World, **options: Any) -> World:
    """Return a World whose server is moved by hand."""
    return kind(VirtualClock(START), progression="manual", **options)


class TestWhatItTakes:
    @pytest.mark.slow
    def test_every_edge_and_every_pair(self) -> None:
        """Eight examples of forty steps suffice; and a World does in each what the engine does."""

        class Walks(RunStateMachine):
            coverage = LifecycleCoverage()

        run_state_machine_as_test(Walks, settings=PROFILE)
        assert Walks.coverage.missing("edge") == ()
        assert Walks.coverage.missing("edge-pair") == ()

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "policy", [Policy(cancel_outside_in_progress=False), Policy(cancel_may_lose=False)]
    )
    def test_every_pair_under_another_policy(self, policy: Policy) -> None:
        """The lifecycle is that of the World; what it switches off is neither sought nor missed."""

        class Walks(RunStateMachine):
            coverage = LifecycleCoverage(policy)

            def make_world(self) -> World:
                return manual(policy=policy)

        run_state_machine_as_test(Walks, settings=PROFILE)
        assert Walks.coverage.missing("edge-pair") == ()

    def test_it_tells_hypothesis_of_all_of_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each edge and each pair is an event of the statistics, by the words of the table."""
        told: set[str] = set()
        monkeypatch.setattr(machine, "event", told.add)
        monkeypatch.setattr(machine, "currently_in_test_context", lambda: True)
        monkeypatch.setattr(machine, "note", lambda _text: None)
        walk = RunStateMachine()
        while walk.guide.wanted:
            walk.explore(0, 1)
        edges = {f"edge {row}" for row in RUN.transitions}
        assert told == edges | {f"pair {one}, {two}" for one, two in n_switch(RUN, 1)}

    @pytest.mark.slow
    def test_any_backend_in_front_of_the_world(self) -> None:
        """What the official client shows is held to the engine as well."""

        class Official(RunStateMachine):
            def make_backend(self, world: World) -> Backend:
                http = sync_client(Service(world))
                where: Any = {"base_url": "http://fake/v1", "api_key": "-", "max_retries": 0}
                return OpenAIBackend(openai.OpenAI(http_client=http, **where))

        walk = Official()
        for pick in range(12):
            walk.explore(pick, calls=2)
            walk.break_the_rules(pick)
            walk.lockstep()

    def test_an_example_can_be_run_by_hand(self) -> None:
        """As Hypothesis prints it, and without Hypothesis."""
        state = RunStateMachine()
        state.lockstep()
        state.wander(pick=0, calls=1)
        state.lockstep()
        state.break_the_rules(pick=0)
        state.wait(seconds=599)
        state.wait(seconds=1)
        state.lockstep()
        assert state.run is not None
        assert state.run.status is RunStatus.EXPIRED
        state.teardown()


class TestRulesOfOnesOwn:
    def test_they_work_beside_the_others(self) -> None:
        """What a rule causes is followed by the engine, and an invariant sees it after each step."""
        looks: list[int] = []

        class Talks(RunStateMachine):
            @precondition(lambda self: self.run is None or self.run.is_terminal)
            @rule(text=st.sampled_from(["More", "Still more"]))
            def say_and_ask(self, text: str) -> None:
                """Add a message, and start a run behind the machine's back."""
                self.world.create_message(self.thread_id, role="user", content=text)
                self.world.create_run(self.thread_id, assistant_id=self.assistant_id)

            @invariant()
            def the_thread_is_never_empty(self) -> None:
                """The first message stays."""
                looks.append(len(self.world.list_messages(self.thread_id).data))
                assert looks[-1] >= 1

        run_state_machine_as_test(Talks, settings=settings(PROFILE, max_examples=3, stateful_step_count=15))
        assert max(looks) > 1

    def test_other_threads_are_followed_as_well(self) -> None:
        """A run elsewhere has an engine's run beside it too, and leads no guide astray."""
        walk = RunStateMachine()
        elsewhere = walk.world.create_thread(messages=[{"role": "user", "content": "Hi"}]).id
        other = walk.world.create_run(elsewhere, assistant_id=walk.assistant_id)
        walk.lockstep()
        assert walk.run is None
        assert walk.guide.status is None
        walk.world.cancel_run(elsewhere, other.id)
        walk.explore(0, 1)
        walk.lockstep()


class Deaf(World):
    """Accepts a cancel in ``requires_action``, and does nothing."""

    def cancel_run(self, thread_id: str, run_id: str) -> RunObject:
        """Ask for the end of a run."""
        run = self.retrieve_run(thread_id, run_id)
        return run if run.required_action is not None else super().cancel_run(thread_id, run_id)


class Vague(World):
    """Forgets what it asked for in the second round."""

    def retrieve_run(self, thread_id: str, run_id: str) -> RunObject:
        """Look at a run."""
        run = super().retrieve_run(thread_id, run_id)
        rounds = sum(record.event == "require_action" for record in self.journal(run_id))
        return evolve(run, required_action=None) if rounds > 1 else run


class Timeless(World):
    """Never lets a run expire that it was asked to cancel: as if the deadline were another."""

    def advance(self, seconds: float) -> float:
        """Let time pass, up to a second before the deadline of such a run."""
        doomed = [run.run for run in self._store.runs.values() if run.run.status is RunStatus.CANCELLING]
        ends = min((run.next_deadline() or 0 for run in doomed), default=float("inf"))
        return super().advance(max(0.0, min(seconds, ends - 1 - self.clock.now())))


class Meek(World):
    """Lets a client submit whatever it likes: it takes what fits, and makes up the rest."""

    def submit_tool_outputs(
        self, thread_id: str, run_id: str, *, tool_outputs: Sequence[Mapping[str, Any]]
    ) -> RunObject:
        """Answer calls."""
        action = self.retrieve_run(thread_id, run_id).required_action
        calls = action.tool_calls if action is not None else ()
        said = [{"tool_call_id": call.id, "output": "?"} for call in calls] or tool_outputs
        return super().submit_tool_outputs(thread_id, run_id, tool_outputs=said)


class Rude(MemoryBackend):
    """Refuses a run on a thread that has had one, in words and with a status of its own."""

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        """Start a run."""
        if self.list_runs(thread_id):
            raise ApiError(400, "Not again.")
        return super().create_run(thread_id, assistant_id, **overrides)


class TestWhatItFinds:
    """Seeded defects, each found within fifty examples."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("kind", "says"),
        [
            (Deaf, "expected requires_action -cancel-> cancelling; the World took nothing"),
            (Vague, "in requires_action, required_action shows None"),
            (Timeless, "expected cancelling -expire-> expired; the World took nothing"),
            (Meek, "expected a refusal with 400"),
        ],
    )
    def test_a_world_with_a_defect(self, kind: type[World], says: str) -> None:
        """The message says what was expected, and what happened."""

        class Walks(RunStateMachine):
            def make_world(self) -> World:
                return manual(kind)

        with pytest.raises(ConformanceError, match=says):
            run_state_machine_as_test(Walks, settings=FINDING)

    @pytest.mark.slow
    def test_an_example_is_shrunk(self) -> None:
        """What is left of it is a step or two, with the transitions that they took."""

        class Walks(RunStateMachine):
            def make_world(self) -> World:
                return manual(Deaf)

        with pytest.raises(ConformanceError) as caught:
            run_state_machine_as_test(Walks, settings=SHRINKING)
        lines = [line for note in caught.value.__notes__ for line in note.splitlines()]
        steps = [line for line in lines if "pick=" in line or "seconds=" in line]
        assert 1 <= len(steps) <= 2
        assert [line for line in lines if line.startswith("take: ")][-1] == (
            "take: requires_action -cancel-> cancelling"
        )

    @pytest.mark.slow
    def test_a_backend_with_a_defect(self) -> None:
        """The backend is held to the engine, not only the World behind it."""

        class Walks(RunStateMachine):
            def make_backend(self, world: World) -> Backend:
                return Rude(world)

        with pytest.raises(ApiError, match="Not again"):
            run_state_machine_as_test(Walks, settings=FINDING)

    def test_what_the_engine_would_not_have_done(self) -> None:
        """A World that tells of a transition which no run of the engine takes is refused by it."""
        walk = RunStateMachine()
        walk.wander(0, 1)
        heard: list[Any] = []
        walk.world.listen(heard.append)
        walk.world.cancel_run(walk.thread_id, walk.run.id if walk.run else "")
        walk.lockstep()
        walk._heard.append(heard[-1])
        with pytest.raises(RefusedError, match="'cancel' refused in status 'cancelling'"):
            walk.follow()
