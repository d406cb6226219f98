"""How patient a driver is: deadlines, bounds and back-offs, in seconds."""

from __future__ import annotations

from math import inf, isfinite
from random import Random
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from attrs import define, field, frozen

from runlife import MisuseError
from runlife.rules import RUN_TTL

if TYPE_CHECKING:
    from attrs import Attribute

__all__ = ["Backoff", "OptionKeywords", "Options", "Pause"]


def _number(default: float | None, *, least: float = 0.0, most: float = inf) -> Any:
    def in_range(value: float) -> bool:
        return isfinite(value) and least <= value <= most

    def check(_instance: object, attribute: Attribute[Any], value: object) -> None:
        if value is None and default is None:
            return
        if isinstance(value, bool) or not isinstance(value, int | float) or not in_range(value):
            limit = f"{least:g} or more" if most == inf else f"between {least:g} and {most:g}"
            msg = f"{attribute.name} must be a finite number, {limit}; got {value!r}"
            raise MisuseError(msg)

    return field(default=default, validator=check)


def _one_of(*words: str) -> Any:
    """Return a field that takes one of these words; the first is the default."""

    def check(_instance: object, attribute: Attribute[Any], value: str) -> None:
        if value not in words:
            msg = f"{attribute.name} must be one of {', '.join(map(repr, words))}; got {value!r}"
            raise MisuseError(msg)

    return field(default=words[0], validator=check)


@frozen
class Backoff:
    """Waits that grow: ``first``, then each ``factor`` times the one before, ``most`` at the most.

    ``jitter`` lengthens each wait by up to that share of it, so that many drivers that met the same
    outage do not come back together.
    """

    first: float = _number(0.5, least=0.001)
    factor: float = _number(1.5, least=1.0)
    most: float = _number(5.0, least=0.001)
    jitter: float = _number(0.0, most=1.0)


@define
class Pause:
    """The next wait of a :class:`Backoff`."""

    backoff: Backoff
    _random: Random
    _next: float | None = None

    def reset(self) -> None:
        """Begin anew."""
        self._next = None

    def take(self) -> float:
        """Return how long to wait now, in seconds; the next wait is longer."""
        backoff = self.backoff
        wait = min(backoff.first if self._next is None else self._next, backoff.most)
        self._next = wait * backoff.factor
        return wait * (1 + backoff.jitter * self._random.random())


@frozen(kw_only=True)
class Options:
    """What a driver is told besides what to run. All times are in seconds."""

    deadline: float | None = _number(None)
    """The caller's own, counted from the start of the drive; None for none but the run's."""
    on_deadline: Literal["cancel", "leave"] = _one_of("cancel", "leave")
    """At the deadline: ask the service to cancel and wait for the true end, or stop watching."""
    grace: float = _number(30.0)
    """How long a wanted cancel may take before we stop watching."""
    patience: float = _number(60.0)
    """How long the service may give no usable answer before we stop watching."""
    slack: float = _number(30.0)
    """How long past its ``expires_at`` a run may still seem alive before we stop watching."""
    lifetime: float = _number(RUN_TTL)
    """How long a run lives that does not show an ``expires_at``, from when we first saw it."""
    poll: Backoff = Backoff()
    """The waits between polls where the service asks for none; begun anew when the status changes."""
    retry: Backoff = Backoff(0.5, 2.0, 8.0, jitter=0.25)
    """The waits after a call that got no answer, or that was refused and may be sent again."""
    on_tool_error: Literal["output", "raise"] = _one_of("output", "raise")
    """When a tool fails: tell the model, or cancel the run and raise the tool's own error."""
    on_interrupt: Literal["cancel", "leave"] = _one_of("cancel", "leave")
    """When an exception ends the drive from outside (Ctrl-C, a cancelled task): what becomes of the run."""


class OptionKeywords(TypedDict, total=False):
    """The fields of :class:`Options`, as keywords."""

    deadline: float | None
    on_deadline: Literal["cancel", "leave"]
    grace: float
    patience: float
    slack: float
    lifetime: float
    poll: Backoff
    retry: Backoff
    on_tool_error: Literal["output", "raise"]
    on_interrupt: Literal["cancel", "leave"]
