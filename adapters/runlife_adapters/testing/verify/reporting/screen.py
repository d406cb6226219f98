"""A report in the place of a traceback, as pytest shows one; pytest itself is not imported."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

from runlife_adapters.testing.verify.reporting.report import Report
from runlife_adapters.testing.verify.reporting.text import as_text
from runlife_adapters.testing.verify.reporting.words import clipped

__all__ = ["Crash", "Screen", "Writer"]

_LONGEST = 100


class Writer(Protocol):
    """What pytest writes to its terminal with."""

    hasmarkup: bool

    def line(self, s: str = "") -> None:
        """Write a line."""


@frozen
class Crash:
    """Where a test failed, and with what: what pytest's summary, and its JUnit file, say of it."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.lineno}: {self.message}"


@frozen
class Screen:
    """A report in the place of a traceback, as pytest wants to have it; it is coloured where pytest's are.

    :param path: the file of the test, as pytest shows it.
    :param lineno: its line, counted from 1.
    """

    report: Report
    path: str
    lineno: int

    @property
    def reprcrash(self) -> Crash:
        """What stands in a summary."""
        return Crash(self.path, self.lineno, clipped(self.report.headline, _LONGEST))

    def toterminal(self, writer: Writer) -> None:
        """Write it to pytest's terminal."""
        for line in as_text(self.report, colour=writer.hasmarkup).splitlines():
            writer.line(line)

    def __str__(self) -> str:
        return as_text(self.report)
