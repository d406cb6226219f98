"""Every backend is held to one suite: the fake itself, and the fake behind the SDK, used in every way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runlife import RUN, ServerError, VirtualClock
from runlife.paths import suite
from runlife_adapters.conformance import CASES, Case, Harness, WorldHarness, run_conformance
from runlife_adapters.memory import MemoryBackend, World

if TYPE_CHECKING:
    from runlife_adapters.backend import RunView


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_conforms(case: Case, harness: Harness) -> None:
    """One case of the suite, before one backend."""
    case.run(harness)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "only", "least"),
    [("sdk", "*", len(CASES)), *((way, "*>*", 20) for way in ("sdk async", "streams", "streams async"))],
)
def test_it_conforms_over_loopback(loopback: Harness, only: str, least: int) -> None:
    """The same over a socket, with one server: ids tell the scenes apart.

    All cases in one way, and in the others every path: the socket neither knows the time nor the table.
    The helpers that poll make the same calls.
    """
    report = run_conformance(lambda: loopback, only=only)
    assert report.failed == {}
    assert len(report.passed) >= least


def test_the_suite_takes_every_row_and_makes_every_illegal_call() -> None:
    """What is generated is as large as the table makes it."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    followed = {path.id: path for path in suite(RUN, "edge-pair")}
    assert {row for name in names for row in followed.get(name, ())} == set(RUN.transitions)
    assert sum(name.endswith(" is refused") for name in names) == 22


def test_a_service_that_cannot_be_directed_is_spared_what_needs_it(world: World) -> None:
    """Those cases are named, not silently passed; the others need nothing but that time passes."""

    class Live(WorldHarness):
        stage = None  # type: ignore[assignment]

    report = run_conformance(lambda: Live(MemoryBackend(world), world))
    assert report.failed == {}
    assert report.passed == tuple(case.name for case in CASES if not case.needs_stage)
    assert report.left_out == tuple(case.name for case in CASES if case.needs_stage)


def test_the_cases_can_be_chosen_by_name(world: World) -> None:
    """A pattern runs what it fits, and nothing else."""
    report = run_conformance(
        lambda: WorldHarness(MemoryBackend(world), world), only="* at expires_at is expired"
    )
    assert report.passed == tuple(f"{status} at expires_at is expired" for status in RUN.live)


class Forgetful(MemoryBackend):
    """A backend that never tells when a run was started."""

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        """Look at a run."""
        from attrs import evolve

        return evolve(super().retrieve_run(thread_id, run_id), started_at=None)


class Lax(MemoryBackend):
    """A backend that accepts every cancel."""

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        """Ask for the end of a run."""
        try:
            return super().cancel_run(thread_id, run_id)
        except Exception:  # noqa: BLE001  # that is what it is here for
            return self.retrieve_run(thread_id, run_id)


@pytest.mark.parametrize(
    ("kind", "says"), [(Forgetful, "started_at must be set"), (Lax, "expected a refusal")]
)
def test_a_backend_that_does_not_conform_is_found_out(kind: type[MemoryBackend], says: str) -> None:
    """The report names the cases that failed, and what was expected."""

    def make_harness() -> Harness:
        world = World(VirtualClock(1_700_000_000))
        return WorldHarness(kind(world), world)

    report = run_conformance(make_harness)
    assert report.failed
    assert any(says in str(error) for error in report.failed.values())
    assert all(isinstance(error, ServerError) for error in report.failed.values())
