"""Claims about a model, and what exploring it says about them. See :mod:`runlife.explore`."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from runlife.errors import MisuseError

__all__ = [
    "Exploration",
    "Finding",
    "Kind",
    "Property",
    "PropertyError",
    "Trail",
    "Verdict",
    "always",
    "always_step",
    "eventually",
    "sometimes",
    "sometimes_step",
]

State = TypeVar("State")
Action = TypeVar("Action")


class PropertyError(MisuseError, AssertionError):
    """A model does not have a property that was claimed for it, or was not explored to the end."""


class Kind(StrEnum):
    """How a claim is meant: see :mod:`runlife.explore`."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    EVENTUALLY = "eventually"


@frozen
class Property:
    """A claim about a model; made by :func:`always` and its like."""

    name: str
    kind: Kind
    predicate: Callable[..., bool] = field(repr=False)
    of_steps: bool = False

    def __str__(self) -> str:
        """Return the kind and the name."""
        return f"{self.kind}: {self.name}"


def always(name: str, predicate: Callable[[Any], bool]) -> Property:
    """Claim that ``predicate(state)`` is true in every state."""
    return Property(name, Kind.ALWAYS, predicate)


def sometimes(name: str, predicate: Callable[[Any], bool]) -> Property:
    """Claim that ``predicate(state)`` is true in at least one state."""
    return Property(name, Kind.SOMETIMES, predicate)


def eventually(name: str, predicate: Callable[[Any], bool]) -> Property:
    """Claim that every maximal path has a state in which ``predicate(state)`` is true."""
    return Property(name, Kind.EVENTUALLY, predicate)


def always_step(name: str, predicate: Callable[[Any, Any, Any], bool]) -> Property:
    """Claim that ``predicate(before, action, after)`` is true of every step."""
    return Property(name, Kind.ALWAYS, predicate, of_steps=True)


def sometimes_step(name: str, predicate: Callable[[Any, Any, Any], bool]) -> Property:
    """Claim that ``predicate(before, action, after)`` is true of at least one step."""
    return Property(name, Kind.SOMETIMES, predicate, of_steps=True)


@frozen
class Trail(Generic[State, Action]):
    """A path through a model, from an initial state; ``loops`` when its end begins a cycle.

    Of a path that loops, the last state is one that the path has visited before.
    """

    start: State
    steps: tuple[tuple[Action, State], ...]
    loops: bool = False

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions in order."""
        return tuple(action for action, _ in self.steps)

    @property
    def states(self) -> tuple[State, ...]:
        """The states in order, the initial one first."""
        return (self.start, *(state for _, state in self.steps))

    @property
    def end(self) -> State:
        """The last state."""
        return self.states[-1]

    def show(self, describe: Callable[[State], str] = str) -> str:
        """Return the path in words, a step a line."""
        lines = [f"  0. {describe(self.start)}"]
        for number, (action, state) in enumerate(self.steps, 1):
            lines.append(f"  {number}. {action}: {describe(state)}")
        if self.loops:
            lines.append(f"  and so on for ever, from step {self.states.index(self.end)}")
        return "\n".join(lines)


class Verdict(StrEnum):
    """What exploring says about a property."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"
    """The exploration was cut off before it could be told."""


@frozen
class Finding(Generic[State, Action]):
    """What was found about one property.

    ``trail`` leads to the counterexample of one that fails, and to the example of a *sometimes*
    that holds. It is a shortest one; only a cycle against an *eventually* may be longer than needed.
    """

    property: Property
    verdict: Verdict
    trail: Trail[State, Action] | None = None


@frozen
class Exploration(Generic[State, Action]):
    """What :func:`explore` found.

    ``edges`` counts the possible actions of all explored states, those included that lead back to
    the same state; ``depth`` is how many steps the farthest state is away.
    """

    states: int
    edges: int
    depth: int
    exhausted: bool
    findings: tuple[Finding[State, Action], ...]
    describe: Callable[[State], str] = field(default=str, repr=False)

    def __getitem__(self, name: str) -> Finding[State, Action]:
        """Return what was found about a property."""
        for finding in self.findings:
            if finding.property.name == name:
                return finding
        known = "; ".join(finding.property.name for finding in self.findings)
        msg = f"no property {name!r} was explored; there were: {known or 'none'}"
        raise MisuseError(msg)

    def __str__(self) -> str:
        """Return the counts, and each property that does not hold with the path that shows it."""
        end = "exhausted" if self.exhausted else "not exhausted"
        lines = [f"{self.states} states, {self.edges} edges, depth {self.depth}, {end}"]
        for finding in self.findings:
            if finding.verdict is Verdict.HOLDS:
                continue
            lines.append(f"{finding.verdict}: {finding.property}")
            if finding.trail is not None:
                lines.append(finding.trail.show(self.describe))
        return "\n".join(lines)

    def assert_holds(self) -> None:
        """Raise unless everything was explored and every property holds.

        :raises PropertyError: with the path to each counterexample.
        """
        if not self.exhausted or any(f.verdict is not Verdict.HOLDS for f in self.findings):
            raise PropertyError(str(self))
