"""The generated cases: how many there are, that good backends pass them, and that bad ones do not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import openai
import pytest
from attrs import evolve

from runlife import MESSAGE, RUN, Cause, MisuseError, Policy, RunStatus, VirtualClock
from runlife.paths import simple_paths
from runlife_adapters.conformance import CASES, ConformanceError, Harness, WorldHarness
from runlife_adapters.conformance.harness import run_cases
from runlife_adapters.http import Service, sync_client
from runlife_adapters.memory import MemoryBackend, World
from runlife_adapters.openai import OpenAIBackend
from runlife_adapters.testing.generated import CRITERIA, Case, CaseCriterion, NotControllableError, cases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runlife import ToolOutput
    from runlife_adapters.backend import RunView

START = 1_700_000_000


def make_world(**options: Any) -> World:
    """Return a World on a virtual clock."""
    return World(VirtualClock(START), **options)


def by_id(id: str) -> Case:
    """Return one case."""
    (case,) = (case for case in cases() if case.id == id)
    return case


@pytest.fixture(scope="module")
def official() -> Iterator[Harness]:
    """The fake behind the official client, in process: one for all cases, which ids tell apart."""
    world = make_world()
    http = sync_client(Service(world))
    with openai.OpenAI(base_url="http://fake/v1", api_key="-", max_retries=0, http_client=http) as client:
        yield WorldHarness(OpenAIBackend(client), world)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_fake_and_the_official_client_pass(case: Case, official: Harness) -> None:
    """Each case before the fake itself, and before the fake behind the official client."""
    case.run(make_world())
    case.run(official)


class TestHowMany:
    @pytest.mark.parametrize(
        ("criterion", "count"),
        [
            ("edge", 12),
            ("edge-pair", 24),
            ("simple", 44),
            ("prime", 38),
            ("guard", 13),
            ("boundary", 40),
            ("illegal", 22),
            ("thread", 5),
        ],
    )
    def test_the_sizes(self, criterion: CaseCriterion, count: int) -> None:
        """Pinned: any change of the table shows."""
        assert len(cases(criterion)) == count

    def test_all_of_them(self) -> None:
        """Pinned, without two of the same: fewer than two hundred, each with an id of its own."""
        everything = cases()
        assert len(everything) == len({str(case) for case in everything}) == len(set(everything)) == 125
        assert {name for case in everything for name in case.criteria} == set(CRITERIA)

    def test_a_path_serves_several_criteria(self) -> None:
        """It is walked once, and tells what for."""
        assert by_id("queued>in_progress>completed").criteria == ("edge", "edge-pair", "simple", "prime")
        assert by_id("queued>in_progress>cancelling>cancelled").criteria == ("simple", "prime")
        ids = [case.id for case in cases("edge", "edge-pair")]
        assert len(ids) == len(set(ids)) < 12 + 24

    def test_what_is_asked_for_is_what_comes(self) -> None:
        """The visits bound the simple paths; the order is that of the criteria asked for."""
        assert [case.id for case in cases("simple", visits=1)] == [path.id for path in simple_paths(RUN)]
        assert [case.criteria for case in cases("thread", "guard")] == [("thread",)] * 5 + [("guard",)] * 13

    def test_the_ids_read_well(self) -> None:
        """One of each kind."""
        ids = {case.id for case in cases()}
        assert ids.issuperset(
            {
                "queued>in_progress>cancelling>completed",
                "create@nothing: thread_is_free, not thread_has_input",
                "submit_tool_outputs@requires_action: not outputs_match_calls (one missing)",
                "requires_action at expires_at-1 lives",
                "submit_tool_outputs@requires_action at expires_at is too late",
                "submit_tool_outputs@in_progress is refused",
                "create_message@cancelling is refused",
                "incomplete frees its thread",
            }
        )
        assert repr(by_id("incomplete frees its thread")) == "<Case incomplete frees its thread>"

    def test_every_illegal_call_is_made(self) -> None:
        """In every status, whatever of a client's calls is not legal there; by name."""
        calls = Counter(str(case).partition("@")[0] for case in cases("illegal"))
        statuses, live = len(RUN.statuses), len(RUN.live)
        cancels = sum(row.event == "cancel" for row in RUN.transitions)
        assert calls == {
            "create": live,
            "create_message": live,
            "cancel": statuses - cancels,
            "submit_tool_outputs": statuses - 1,
        }

    def test_the_conformance_suite_is_made_of_them(self) -> None:
        """Whatever the table gives that suite, it has from here."""
        suite = cases("edge-pair", "guard", "boundary", "illegal", "thread")
        assert {case.id for case in suite} <= {case.name for case in CASES}


class TestUnderAPolicy:
    @pytest.mark.parametrize(
        ("policy", "count"),
        [
            (Policy(cancel_outside_in_progress=False), 103),
            (Policy(cancel_may_lose=False, queued_may_fail=False), 97),
            (Policy(usage_when_stopped="null"), 125),
        ],
    )
    @pytest.mark.slow
    def test_a_world_passes_the_cases_of_its_policy(self, policy: Policy, count: int) -> None:
        """What the policy switches off is not asked for; what it thereby forbids is refused."""
        world = make_world(policy=policy)
        harness = WorldHarness(MemoryBackend(world), world)
        report = run_cases((case.conformance for case in cases(lifecycle=world.lifecycle)), lambda: harness)
        assert report.failed == {}
        assert len(report.passed) == count

    def test_a_policy_moves_cases_from_legal_to_illegal(self) -> None:
        """Under the literal reading, a cancel of a queued run is refused."""
        literal = cases("illegal", lifecycle=RUN.under(Policy(cancel_outside_in_progress=False)))
        assert "cancel@queued is refused" in map(str, literal)
        assert "cancel@queued is refused" not in map(str, cases("illegal"))

    def test_a_world_of_another_policy_fails(self) -> None:
        """The cases hold a backend to the policy that they were made for."""
        lenient = by_id("queued>cancelling>cancelled")
        with pytest.raises(Exception, match="Cannot cancel run with status 'queued'"):
            lenient.run(make_world(policy=Policy(cancel_outside_in_progress=False)))


class TestMisuse:
    def test_an_unknown_criterion_is_refused(self) -> None:
        """The message lists the criteria."""
        with pytest.raises(MisuseError, match="unknown criterion 'all'; the criteria are: edge, edge-pair,"):
            cases("all")  # type: ignore[arg-type]  # what is tested

    def test_a_lifecycle_of_something_else_is_refused(self) -> None:
        """No backend serves messages by themselves."""
        with pytest.raises(MisuseError, match="expected the lifecycle 'run', got 'message'"):
            cases(lifecycle=MESSAGE)  # type: ignore[arg-type]  # what is tested

    def test_a_guard_that_nobody_can_bring_about_is_told(self) -> None:
        """A new guard in the table does not go untested in silence."""
        rows = [evolve(r, guard=evolve(r.guard, name="new")) if r.guard else r for r in RUN.rows]
        with pytest.raises(
            MisuseError, match="nobody knows how to bring about require_action@in_progress: not new"
        ):
            cases("guard", lifecycle=evolve(RUN, rows=rows))


class TestWhereNobodyDirects:
    class Live(WorldHarness):
        """A service with a will of its own."""

        stage = None  # type: ignore[assignment]

    def live(self) -> Harness:
        """Return one."""
        world = make_world()
        return self.Live(MemoryBackend(world), world)

    def test_a_case_that_needs_a_stage_is_skipped_with_the_reason(self) -> None:
        """To pytest it is a skip, never a pass."""
        with pytest.raises(NotControllableError, match="not controllable: this needs a server"):
            by_id("queued>failed").run(self.live())
        assert issubclass(NotControllableError, SkipTest)

    def test_the_others_are_run(self) -> None:
        """What a client can bring about by itself needs no stage."""
        report = run_cases((case.conformance for case in cases()), self.live)
        assert report.failed == {}
        assert len(report.passed) == len([case for case in cases() if not case.needs_stage]) == 5
        assert len(report.left_out) == 120


class Amnesiac(MemoryBackend):
    """Never tells when a run was started."""

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        """Look at a run."""
        return evolve(super().retrieve_run(thread_id, run_id), started_at=None)


class Generous(MemoryBackend):
    """Takes the outputs that fit, and drops the others."""

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        """Answer the calls that the run waits for."""
        pending = [call.id for call in self.retrieve_run(thread_id, run_id).required_action or ()]
        fitting = {output.tool_call_id: output for output in outputs if output.tool_call_id in pending}
        return super().submit_tool_outputs(thread_id, run_id, list(fitting.values()))


class Late(World):
    """Lets a run live a second too long."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, run_ttl=601.0, **options)


class Boastful(MemoryBackend):
    """Tells of a deadline that is a second early, so that :class:`Late` seems right to whoever reads it."""

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        return self._view(super().create_run(thread_id, assistant_id, **overrides))

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        return self._view(super().retrieve_run(thread_id, run_id))

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        return self._view(super().cancel_run(thread_id, run_id))

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        return self._view(super().submit_tool_outputs(thread_id, run_id, outputs))

    @staticmethod
    def _view(view: RunView) -> RunView:
        return evolve(view, expires_at=view.expires_at - 1) if view.expires_at else view


class TestWhatDoesNotConform:
    """Each defect is found, and by the criterion that is for it."""

    @staticmethod
    def failures(harness: type[MemoryBackend], kind: type[World], *criteria: CaseCriterion) -> list[str]:
        """Return the ids of the cases that fail."""

        def make() -> Harness:
            world = kind(VirtualClock(START))
            return WorldHarness(harness(world), world)

        report = run_cases((case.conformance for case in cases(*criteria)), make)
        assert all(isinstance(error, ConformanceError) for error in report.failed.values())
        return list(report.failed)

    def test_a_field_that_is_missing(self) -> None:
        """Paths show it: every one that goes through a start."""
        failed = self.failures(Amnesiac, World, "edge")
        assert failed == [
            str(c) for c in cases("edge") if c.path and RunStatus.IN_PROGRESS in c.path.statuses
        ]

    @pytest.mark.slow
    def test_outputs_that_are_too_many(self) -> None:
        """Guards show it, and nothing but guards: on a path the outputs fit."""
        assert self.failures(Generous, World, "guard") == [
            "submit_tool_outputs@requires_action: not outputs_match_calls (one too many)",
            "submit_tool_outputs@requires_action: not outputs_match_calls (one twice)",
        ]
        assert self.failures(Generous, World, "edge-pair", "boundary", "illegal") == []

    def test_a_deadline_that_is_a_second_late(self) -> None:
        """Boundaries show it: at the deadline itself, and in each tie; a second later all is well."""
        assert self.failures(Boastful, Late, "boundary") == [
            str(case) for case in cases("boundary") if " expires_at is " in str(case)
        ]

    def test_the_causes_are_all_there(self) -> None:
        """The paths take rows of clients, of the server and of time."""
        causes = {row.cause for case in cases("edge") if case.path for row in case.path}
        assert causes == set(Cause)
