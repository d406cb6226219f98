"""What every test shares: Hypothesis profiles, and a list of the slow tests that are not marked slow."""

import os
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    import pytest

# --------------------------------------------------------------------------- Hypothesis
#
# RUNLIFE_HYPOTHESIS_PROFILE chooses one by name; without it, `ci` where CI is set, else `dev`.
# None has a deadline or a health check on speed: both read the wall clock of a machine that
# may be busy, and a verdict must not hang on that.

_UNTIMED: Final = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("dev", parent=_UNTIMED)
settings.register_profile(
    "ci",
    parent=_UNTIMED,
    derandomize=True,  # the same examples for everyone: a failure in CI is a failure at home
    max_examples=50,
    phases=[phase for phase in Phase if phase is not Phase.explain],  # explaining costs many more runs
    print_blob=True,
)
settings.register_profile("thorough", parent=_UNTIMED, max_examples=2_000)
settings.load_profile(
    os.environ.get("RUNLIFE_HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)

# --------------------------------------------------------------------------- slow tests

_SLOW: Final = 0.25
"""Seconds: a test that takes more is to be marked `slow`."""

_WELL_OVER: Final = 2 * _SLOW
"""Seconds: what an unmarked test must take to be listed. Machines are noisy; this is a hint, no failure."""


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """List the tests that took well over the limit and are not marked `slow`."""
    calls = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call" and report.duration > _WELL_OVER and "slow" not in report.keywords
    ]
    if not calls:
        return
    terminalreporter.section(f"over {_SLOW} s, not marked slow")
    for report in sorted(calls, key=lambda report: report.duration, reverse=True):
        terminalreporter.write_line(f"{report.duration:8.2f} s  {report.nodeid}")
