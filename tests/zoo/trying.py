"""What is said of the services of the zoo when they are tried, and the three tests of each."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from attrs import field, frozen

from runlife_adapters.testing import LifecycleError, lifecycle
from runlife_adapters.testing.verify import FailureKind, Report
from runlife_adapters.testing.verify.reporting.regression import as_test

if TYPE_CHECKING:
    from types import ModuleType


__all__ = ["Mistake", "Service", "told", "undocumented"]

Service = Callable[..., Any]


def told(service: Service) -> Service:
    """Return the service itself: it owes the status in which its run, or its response, ended."""
    return service


@frozen
class Mistake:
    """A service with a mistake, and what is to be said of it."""

    service: Service
    right: Service
    """The service that has not got it."""
    kind: FailureKind
    says: str
    """A part of the sentence."""
    owes: Callable[[Service], Service] = told
    options: dict[str, Any] = field(factory=dict[str, Any])
    _found: list[Report] = field(init=False, factory=list["Report"])

    @property
    def name(self) -> str:
        """What it is called."""
        return self.service.__name__

    @property
    def report(self) -> Report:
        """What the verifier finds of it, with two deviations unless the options say otherwise."""
        if not self._found:
            with pytest.raises(LifecycleError) as caught:
                lifecycle.verify(self.owes(self.service), **{"deviations": 2, "random": 0, **self.options})
            self._found.append(caught.value.report)
        return self._found[0]

    def check_is_found(self) -> None:
        """Assert that it is found, is called what it is, and takes no more deviations than it needs."""
        assert self.report.failure.kind is self.kind
        assert self.says in self.report.failure.says
        assert self.report.story.deviations <= 3

    def check_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Assert that the test which a report prints fails in the same way when it is run as it stands."""
        with pytest.raises(LifecycleError) as caught:
            self._run_printed(self.service, monkeypatch)
        assert caught.value.report.failure.kind is self.kind
        assert self.says in caught.value.report.failure.says

    def check_is_mended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Assert that the same test passes with the service that has not got the mistake."""
        self._run_printed(self.right, monkeypatch)

    def _run_printed(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        """Run the test that a report prints, as a module of its own, with a service in place of its own."""
        monkeypatch.setattr(sys.modules[self.service.__module__], self.name, service)  # where it is imported
        module: dict[str, Any] = {self.name: self.owes(service)}  # where it is not, as it is a test of ours
        exec(as_test(self.report), module)  # noqa: S102  # it is code, and this is what it is for
        (test,) = (value for name, value in module.items() if name.startswith("test_"))
        test()


def undocumented(modules: tuple[ModuleType, ...], mistakes: list[Mistake]) -> list[str]:
    """Return the services that are not tried, or do not say what is wrong, who met it, and what mends it."""
    there = {
        function
        for module in modules
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
    }
    parts = ("*The mistake:*", "*Met in:*", "*The mend:*")
    odd = there ^ {mistake.service for mistake in mistakes}
    mute = {one for one in there if any(part not in (one.__doc__ or "") for part in parts)}
    return sorted(one.__name__ for one in odd | mute)
