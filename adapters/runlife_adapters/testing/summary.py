"""What pytest says at the end of a session: what was proved, and what of the lifecycle was exercised.

Coverage is counted when an option asks for it: of every fixture's fake and of every trial of the verifier,
over all workers of pytest-xdist.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runlife_adapters.testing import sessions

if TYPE_CHECKING:
    from runlife_adapters.testing.coverage import LifecycleCoverage
    from runlife_adapters.testing.coverage.report import Requirements, Shortfall

__all__ = ["Summary", "add_options"]

_COVERAGE, _PROOFS = "runlife_coverage", "runlife_proofs"
"""What a worker tells the controller."""


def add_options(group: pytest.OptionGroup) -> None:
    """Offer what this module does."""
    group.addoption(
        "--lifecycle-coverage",
        action="store_true",
        default=False,
        help="show which transitions, pairs, guards and faults of the lifecycle the session has exercised",
    )
    group.addoption(
        "--lifecycle-require",
        metavar="METRIC=PERCENT,...",
        help="fail the session unless so much of what the services can reach was: edge-pair=100,fault=100",
    )
    group.addoption("--lifecycle-json", metavar="FILE", help="write what was exercised to a file, as JSON")


class Summary:
    """Hooks of the end of a session, and what they need from its beginning.

    :raises pytest.UsageError: when a requirement cannot be read.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._coverage: LifecycleCoverage | None = None
        self._requirements: Requirements | None = None
        self._short: tuple[Shortfall, ...] = ()
        self._proofs: list[str] = []
        required, file = config.getoption("--lifecycle-require"), config.getoption("--lifecycle-json")
        if required or file or config.getoption("--lifecycle-coverage"):
            self._begin(required)

    def _begin(self, required: str | None) -> None:
        # Imported here: pytest loads this module in every run, also where there are no runs.
        from runlife import MisuseError  # noqa: PLC0415
        from runlife_adapters.testing.coverage import LifecycleCoverage, requirements  # noqa: PLC0415

        if required:
            try:
                self._requirements = requirements(required)
            except MisuseError as error:
                message = f"--lifecycle-require: {error}"
                raise pytest.UsageError(message) from error
        self._coverage = LifecycleCoverage()
        sessions.watchers.append(self._coverage.watch_service)

    def pytest_unconfigure(self) -> None:
        """Watch no more."""
        if self._coverage is not None:
            sessions.watchers.remove(self._coverage.watch_service)

    # Workers

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker of pytest-xdist has seen."""
        told: dict[str, Any] = getattr(node, "workeroutput", {})
        self._proofs += told.get(_PROOFS, ())
        if self._coverage is not None and _COVERAGE in told:
            self._coverage.merge(type(self._coverage).from_json(told[_COVERAGE]))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell the controller, or else see what is required, and write the file."""
        verifier = sys.modules.get("runlife_adapters.testing.verify.verifier")
        if verifier is not None:
            self._proofs += map(str, verifier.lifecycle.proofs)
        output: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_PROOFS] = self._proofs
        if self._coverage is None:
            return
        if output is not None:
            output[_COVERAGE] = self._coverage.to_json()
            return
        if self._requirements is not None:
            self._short = self._requirements.check(self._coverage)
            if self._short and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if file := self._config.getoption("--lifecycle-json"):
            Path(file).write_text(json.dumps(self._coverage.to_json(), indent=1) + "\n", encoding="utf-8")

    # What is shown

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what was proved, what was exercised, and what is missing."""
        if self._proofs:
            terminalreporter.section("lifecycle: proved")
            for proof in self._proofs:
                terminalreporter.line(proof)
        if self._coverage is not None:
            terminalreporter.section("lifecycle: exercised")
            terminalreporter.line(self._coverage.to_text())
        for short in self._short:
            terminalreporter.line(f"--lifecycle-require: {short}", red=True)
