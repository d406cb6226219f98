"""Faults by plan: what befalls which calls on the network, counted so that it can be replayed.

A schedule's ``net`` tells the story of one run. A plan is about calls of any kind, before anything is
known of a run: the second creation of a run is refused with a 429, every tenth call is answered late,
one poll in a hundred is lost::

    FaultPlan([
        FaultRule(Net("refuse", status=429, retry_after=2), operation="create_run", nth=2),
        FaultRule(Net("delay", seconds=3), every=10),
        FaultRule(Net("lose_response"), operation="retrieve_run", probability=0.01),
    ])

Each rule counts the calls that it is about, those that befalls something else among them, so that what
one rule does depends on no other. Chance is a rule's own generator, seeded by the plan: the same calls
in the same order meet the same faults.
"""

from __future__ import annotations

from random import Random
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, cast

from attrs import define, field, fields, frozen

from runlife import MisuseError
from runlife_adapters.http.operations import OPERATIONS
from runlife_adapters.memory.checks import NONE, check_kind, check_names, is_a, is_number
from runlife_adapters.memory.net import Net
from runlife_adapters.memory.places import at, items_of
from runlife_adapters.memory.rules import compiled, found

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runlife_adapters.memory.resources import Json

__all__ = ["FaultPlan", "FaultRule"]


def _numbers(nth: int | Iterable[int] | None) -> tuple[int, ...] | None:
    if nth is None:
        return None
    if isinstance(nth, int):
        nth = (nth,)
    check_kind("nth", nth, list, tuple)
    for number in nth:
        check_kind("nth", number, int)
        if number < 1:
            msg = f"nth: calls are counted from 1, got {number}"
            raise MisuseError(msg)
    if not nth:
        msg = "nth: expected at least one number"
        raise MisuseError(msg)
    return tuple(sorted(set(nth)))


@frozen(kw_only=True, repr=False)
class FaultRule:
    """What befalls some calls. It is about those that fit ``operation`` and ``path``, by default about all.

    Of these it strikes all, or only those of which everything else that is given holds as well.

    :param net: what befalls them.
    :param operation: the World's name for what is called, as ``create_run``.
    :param path: a regular expression that is found in the path as it was sent, without the query.
    :param nth: the number of the call, or several numbers, counted from 1.
    :param every: it strikes every so-manieth call.
    :param probability: it strikes by chance, 0 to 1.
    :raises MisuseError: when a value is of another type or out of range, there is no such operation, or
        ``path`` is no regular expression.
    """

    net: Net = field(kw_only=False, validator=is_a(Net))
    operation: str | None = field(default=None, validator=is_a(str, NONE))
    path: str | None = field(default=None, validator=is_a(str, NONE))
    nth: tuple[int, ...] | None = field(default=None, converter=_numbers)
    every: int | None = field(default=None, validator=is_a(int, NONE))
    probability: float | None = None

    def __attrs_post_init__(self) -> None:
        if self.operation is not None and self.operation not in (known := _operations()):
            msg = f"operation: there is no {self.operation!r}; there are {', '.join(known)}"
            raise MisuseError(msg)
        if self.path is not None:
            with at("path"):
                compiled(self.path)
        if self.every is not None and self.every < 1:
            msg = f"every: expected 1 or more, got {self.every}"
            raise MisuseError(msg)
        if self.probability is not None and not (is_number(self.probability) and 0 <= self.probability <= 1):
            msg = f"probability: expected a number from 0 to 1, got {self.probability!r}"
            raise MisuseError(msg)

    def is_about(self, operation: str | None, path: str) -> bool:
        """Say whether a call is one of those that it counts."""
        return self.operation in (None, operation) and (self.path is None or found(self.path, path))

    def strikes(self, number: int, chance: float) -> bool:
        """Say whether it strikes the call of this number, if ``chance`` (0 to below 1) is what was drawn."""
        return (
            (self.nth is None or number in self.nth)
            and (self.every is None or number % self.every == 0)
            and (self.probability is None or chance < self.probability)
        )

    @property
    def details(self) -> Json:
        """When it strikes, by name: only what is said."""
        values = ((a.name, getattr(self, a.name)) for a in fields(type(self))[1:])
        said = {name: value for name, value in values if value is not None}
        if self.nth is not None and len(self.nth) == 1:
            (said["nth"],) = self.nth
        return said

    def __repr__(self) -> str:
        """Return the call that makes it."""
        details = (f"{name}={value!r}" for name, value in self.details.items())
        return f"FaultRule({', '.join([repr(self.net), *details])})"

    def to_json(self) -> Json:
        """Return it as JSON data."""
        when = self.details
        if isinstance(when.get("nth"), tuple):
            when["nth"] = list(self.nth or ())
        return {**({"when": when} if when else {}), "net": self.net.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote. Without ``when``, it strikes every call.

        :raises MisuseError: when it is anything else, saying where.
        """
        check_names("a fault", data, ["when", "net"], ["net"])
        with at("net"):
            net = Net.from_json(data["net"])
        with at("when"):
            when = data.get("when", {})
            check_names("a condition", when, (a.name for a in fields(cls)[1:]))
            return cls(net, **when)


def _operations() -> tuple[str, ...]:
    return tuple(sorted({operation.call for operation in OPERATIONS}))


@define
class _Count:
    """How far a rule has come."""

    random: Random
    calls: int = 0


class FaultPlan:
    """Faults by plan. As safe to share between threads as the service is; in turn, it replays.

    :param rules: of those that strike a call, the first says what befalls it.
    :param seed: makes what is left to chance the same every time.
    :raises MisuseError: when a value is of another type.
    """

    def __init__(self, rules: Iterable[FaultRule] = (), *, seed: int = 0) -> None:
        check_kind("seed", seed, int)
        taken = tuple(cast("Iterable[object]", rules))
        for index, rule in enumerate(taken):
            check_kind(f"faults[{index}]", rule, FaultRule)
        self.rules = cast("tuple[FaultRule, ...]", taken)
        self.seed = seed
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Begin again: nothing has been counted or drawn."""
        counts = tuple(_Count(Random(f"{self.seed}/{index}")) for index in range(len(self.rules)))
        with self._lock:
            self._counts = counts

    def strike(self, operation: str | None, method: str, path: str) -> Net | None:  # noqa: ARG002  # no rule asks
        """Count a call, and return what befalls it, if anything does.

        :param operation: the World's name for what is called; None when there is no such thing.
        :param method: the method of the request.
        :param path: its path as it was sent, without the query.
        """
        if not self.rules:
            return None
        struck: Net | None = None
        with self._lock:
            for rule, count in zip(self.rules, self._counts, strict=True):
                if not rule.is_about(operation, path):
                    continue
                count.calls += 1
                # Drawn for every call, so that what chance does to one does not hang on the other conditions.
                strikes = rule.strikes(count.calls, count.random.random())
                if strikes and struck is None:
                    struck = rule.net
        return struck

    def __repr__(self) -> str:
        """Return the call that makes it, as it was at the beginning."""
        said = [repr(list(self.rules))] if self.rules else []
        return f"FaultPlan({', '.join([*said, f'seed={self.seed}'] if self.seed else said)})"

    def to_json(self) -> list[Json]:
        """Return the rules as JSON data."""
        return [rule.to_json() for rule in self.rules]

    @classmethod
    def from_json(cls, data: Iterable[Mapping[str, Any]], *, seed: int = 0) -> Self:
        """Return what :meth:`to_json` wrote.

        :raises MisuseError: when it is anything else, saying where.
        """
        with at("faults"):
            items = items_of(data)
        rules: list[FaultRule] = []
        for index, item in enumerate(items):
            with at(f"faults[{index}]"):
                rules.append(FaultRule.from_json(item))
        return cls(rules, seed=seed)
