"""What the docstrings show is what happens: every ``>>>`` in the three packages runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("runlife", "runlife_adapters", "runlife_diagrams")


def modules() -> list[str]:
    """The names of all modules of the three packages."""
    return [
        name
        for package in map(importlib.import_module, PACKAGES)
        for name in (
            package.__name__,
            *(m.name for m in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")),
        )
        if not name.endswith("__main__")
    ]


@pytest.mark.parametrize("name", modules())
def test_the_examples_of_a_module_run(name: str) -> None:
    """Each prints what it says it prints."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
