"""What the package brings along, and whether its example runs."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest

from runlife_adapters import memory


def test_the_example_of_the_package_runs() -> None:
    """The package's docstring shows what really happens."""
    assert doctest.testmod(memory).failed == 0


@pytest.mark.slow
def test_the_fake_does_not_know_its_server() -> None:
    """Importing the fake brings neither the HTTP server nor the driver."""
    code = (
        "import sys, runlife_adapters.memory; "
        "others = ('runlife_adapters.http', 'runlife_adapters.drive'); "
        "print([name for name in sys.modules if name.startswith(others)])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
