"""What came of a session: lines of figures, and requirements that they must meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from attrs import evolve, frozen

from runlife import MisuseError
from runlife_adapters.testing.coverage.inventory import METRICS, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runlife_adapters.testing.coverage.collector import LifecycleCoverage

__all__ = ["Line", "Requirement", "Requirements", "Shortfall", "render", "requirements"]

ALL = 100.0


@frozen
class Line:
    """One metric: the names of what was covered, of what was not, and of what the service cannot reach."""

    metric: Metric
    covered: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Untested: the service could come there, and no test has brought it there."""
    unreachable: tuple[str, ...] = ()
    """Not untested: the service never makes the calls that lead there."""

    def plus(
        self, *, covered: str | None = None, missing: str | None = None, unreachable: str | None = None
    ) -> Self:
        """Return it with one item more."""
        return evolve(
            self,
            covered=(*self.covered, covered) if covered else self.covered,
            missing=(*self.missing, missing) if missing else self.missing,
            unreachable=(*self.unreachable, unreachable) if unreachable else self.unreachable,
        )

    @property
    def reachable(self) -> int:
        """How many items can be covered."""
        return len(self.covered) + len(self.missing)

    @property
    def percent(self) -> float:
        """How many of a hundred that can be covered are; of none, all."""
        return ALL * len(self.covered) / self.reachable if self.reachable else ALL


def render(lines: Sequence[Line], uses: Sequence[str], limit: int) -> str:
    """Return a table for a terminal, and below it what is missing, and why the rest cannot be."""
    heads = ("", "covered", "of", "", "unreachable")
    table = [
        (
            line.metric,
            str(len(line.covered)),
            str(line.reachable),
            f"{line.percent:.1f} %",
            str(len(line.unreachable)),
        )
        for line in lines
    ]
    widths = [max(len(row[at]) for row in (heads, *table)) for at in range(len(heads))]

    def laid_out(row: tuple[str, ...]) -> str:
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        return "  ".join((first.strip().ljust(widths[0]), *others))

    said = [laid_out(row).rstrip() for row in (heads, *table)]
    for line in lines:
        said += [f"missing {line.metric}: {name}" for name in line.missing[:limit]]
        if more := len(line.missing) - limit:
            said += [f"missing {line.metric}: and {more} more"] if more > 0 else []
    if any(line.unreachable for line in lines):
        said.append(f"unreachable: by a service that makes no calls but {', '.join(uses) or 'none'}")
    return "\n".join(said)


@frozen
class Shortfall:
    """A requirement that is not met."""

    requirement: Requirement
    line: Line

    def __str__(self) -> str:
        """Return the figures; what is missing is in :attr:`line`."""
        covered, reachable = len(self.line.covered), self.line.reachable
        return (
            f"{self.line.metric}: {covered} of {reachable} ({self.line.percent:.1f} %) are covered, "
            f"{self.requirement.percent:g} % are required"
        )


@frozen
class Requirement:
    """How much of a metric must be covered, in percent of what the service can reach."""

    metric: Metric
    percent: float

    def check(self, line: Line) -> Shortfall | None:
        """Return how far the line falls short of it; None when it does not."""
        return Shortfall(self, line) if line.percent < self.percent else None


@frozen
class Requirements:
    """What a session must cover."""

    wanted: tuple[Requirement, ...]

    def check(self, coverage: LifecycleCoverage, uses: Iterable[str] | None = None) -> tuple[Shortfall, ...]:
        """Return what falls short, in the order in which it was asked for.

        :param uses: as :meth:`LifecycleCoverage.line` has it.
        """
        said = None if uses is None else tuple(uses)
        found = (one.check(coverage.line(one.metric, said)) for one in self.wanted)
        return tuple(shortfall for shortfall in found if shortfall is not None)

    def __str__(self) -> str:
        """Return the text that :func:`requirements` reads."""
        return ",".join(f"{one.metric}={one.percent:g}" for one in self.wanted)


def requirements(text: str) -> Requirements:
    """Read what a session must cover, in percent by metric: ``edge-pair=100,fault=80``.

    :raises MisuseError: when it is anything else, or asks for the same twice.
    """
    wanted: dict[Metric, Requirement] = {}
    for part in text.split(","):
        name, _, figure = (word.strip() for word in part.partition("="))
        metric: Metric | None = next((known for known in METRICS if known == name), None)
        if metric is None:
            msg = f"{part.strip()!r}: expected METRIC=PERCENT, where a metric is one of {', '.join(METRICS)}"
            raise MisuseError(msg)
        try:
            percent = float(figure)
        except ValueError:
            percent = -1.0
        if not 0 <= percent <= ALL:
            msg = f"{part.strip()!r}: expected a percentage, 0 to 100; got {figure!r}"
            raise MisuseError(msg)
        if metric in wanted:
            msg = f"{part.strip()!r}: {metric} is asked for twice"
            raise MisuseError(msg)
        wanted[metric] = Requirement(metric, percent)
    return Requirements(tuple(wanted.values()))
