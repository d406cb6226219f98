"""The past of a thing that is met in the middle of its life: which path through its table led there.

A wire object tells a status and some facts, not what happened before. :func:`live_through` makes the
engine's instance live a life that ends just so: it tries the paths to that status, the best known
first, with the times and the values that the facts name, until one leaves exactly those facts behind.
So nothing can be met that could not have come about, and there is no second copy of the lifecycle: the
table says which facts a status allows, and its effects say which of them are times.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import field, frozen

from runlife import Cause, Evidence, FieldState, Lifecycle, MisuseError, RunlifeError, Transition
from runlife.paths import Path, lawful_payload, simple_paths, walk
from runlife.rules import the_time

if TYPE_CHECKING:
    from runlife import Instance

__all__ = ["Claim", "check_facts", "live_through"]

InstanceT = TypeVar("InstanceT", bound="Instance[Any]")

_VISITS = 2
"""How often a path may come into one status: twice leaves every mark that more rounds could."""


@frozen(kw_only=True)
class Claim:
    """What is said of a thing: its status, its facts as far as they are named, and how to ask for them."""

    what: str
    """What the thing is called in a complaint: ``run 'run_1'``."""
    status: str
    facts: Mapping[str, Any]
    """Facts by name; None is said to be null. What is not named may be anything."""
    born: Mapping[str, Any] = field(factory=dict[str, Any])
    """The arguments of its creation; they decide when its time is over."""
    arguments: Mapping[str, Any] = field(factory=dict[str, Any])
    """The arguments of later events, by name, where the usual ones are not meant."""
    created_at: float
    now: float
    unseen: frozenset[str] = frozenset()
    """Facts that are kept elsewhere: they must agree with the status, but no event need bring them about."""


def live_through(kind: type[InstanceT], lifecycle: Lifecycle[Any], claim: Claim) -> InstanceT:
    """Return the instance of which a claim is true.

    :raises MisuseError: naming the field with which the claim contradicts the lifecycle, or itself.
    """
    check_facts(lifecycle, claim.what, claim.status, claim.facts)
    found: InstanceT | None = None
    wrong: str = ""
    failure: RunlifeError | None = None
    for path in _paths(lifecycle, claim.status):
        try:
            instance = _walk(path, kind, claim)
        except RunlifeError as error:
            failure = failure or error
            continue
        difference = _difference(instance, claim)
        if difference is None:
            return instance
        if found is None:
            found, wrong = instance, difference
    if found is None:
        msg = f"{claim.what}: no life ends in {claim.status!r} at these times: {failure}"
        raise MisuseError(msg) from failure
    said, usual = claim.facts[wrong], found.facts()[wrong]
    msg = f"{claim.what}: {wrong}: no life ends in {claim.status!r} with {said!r} (but with {usual!r})"
    raise MisuseError(msg)


def check_facts(lifecycle: Lifecycle[Any], what: str, status: str, facts: Mapping[str, Any]) -> None:
    """Refuse what the table alone refuses: a status that there is not, a fact that it does not allow.

    :raises MisuseError: naming the field.
    """
    states = _states(lifecycle)
    if status not in states:
        msg = f"{what}: status: expected one of {', '.join(map(repr, states))}; got {status!r}"
        raise MisuseError(msg)
    for name, value in facts.items():
        state = states[status].get(name, FieldState.EITHER)
        if state is FieldState.SET and value is None:
            msg = f"{what}: {name}: is never null in status {status!r}"
            raise MisuseError(msg)
        if state is FieldState.NULL and value is not None:
            msg = f"{what}: {name}: is always null in status {status!r}, got {value!r}"
            raise MisuseError(msg)


@lru_cache(maxsize=16)
def _states(lifecycle: Lifecycle[Any]) -> Mapping[str, Mapping[str, FieldState]]:
    return {status.value: facts for status, facts in lifecycle.field_states().items()}


@lru_cache(maxsize=128)
def _paths(lifecycle: Lifecycle[Any], status: str) -> tuple[Path[Any], ...]:
    """Return the paths to a status, the best known first, of those the shortest."""
    ways: dict[tuple[Transition[Any], ...], None] = {}
    for path in simple_paths(lifecycle, visits=_VISITS):
        ways.update((path.rows[: end + 1], None) for end, row in enumerate(path.rows) if row.target == status)

    def doubt(rows: tuple[Transition[Any], ...]) -> tuple[int, int]:
        return sum(row.evidence is Evidence.INFERRED for row in rows), len(rows)

    return tuple(Path(lifecycle, rows) for rows in sorted(ways, key=doubt))


def _stamps(row: Transition[Any]) -> tuple[str, ...]:
    """Return the facts that tell when a row was taken."""
    effect = row.effect
    return () if effect is None else tuple(n for n, value in effect.sets.items() if value is the_time)


def _times(path: Path[Any], claim: Claim) -> list[float]:
    """Return when each row is taken: when a fact says so, and otherwise as soon as the one before."""
    latest = {name: index for index, row in enumerate(path) for name in _stamps(row)}
    said = {index: claim.facts.get(name) for name, index in latest.items()}
    times = [claim.created_at]
    for index in range(1, len(path)):
        moment = said.get(index)
        times.append(times[-1] if moment is None else max(times[-1], moment))
    return times


def _walk(path: Path[Any], kind: type[InstanceT], claim: Claim) -> InstanceT:
    takes_usage = [i for i, row in enumerate(path) if "usage" in _arguments(path.lifecycle, row)]
    last_paid = takes_usage[-1] if takes_usage else None

    def payload(
        instance: Instance[Any] | None, lifecycle: Lifecycle[Any], row: Transition[Any], now: float
    ) -> Mapping[str, Any]:
        if instance is None:
            return claim.born
        known = _arguments(lifecycle, row)
        given = {name: value for name, value in claim.arguments.items() if name in known}
        if "usage" in known and instance.version == last_paid and claim.facts.get("usage") is not None:
            given["usage"] = claim.facts["usage"]
        if known - given.keys() <= {"usage"}:
            return given
        return {**lawful_payload(instance, lifecycle, row, now), **given}

    instance = walk(path, kind, payloads=payload, times=_times(path, claim))
    at = instance.journal[-1].at
    if at > claim.now:
        msg = f"the last of it, {instance.journal[-1].event!r}, would be at {at}, and it is {claim.now}"
        raise MisuseError(msg)
    return instance


def _arguments(lifecycle: Lifecycle[Any], row: Transition[Any]) -> set[str]:
    if row.cause is Cause.TIMER:
        return set()
    return {argument.name for argument in lifecycle.arguments.get(row.event, ())}


def _difference(instance: Instance[Any], claim: Claim) -> str | None:
    """Return the first fact that is not as claimed, or None."""
    facts = cast("Mapping[str, object]", instance.facts())
    named = (name for name in claim.facts if name not in claim.unseen)
    return next((name for name in named if facts[name] != claim.facts[name]), None)
