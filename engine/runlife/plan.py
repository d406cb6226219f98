"""Rows laid out for execution: each becomes one straight-line function, made when first needed.

A lifecycle is data, and interpreting data at every event costs several times what the event itself
does. So a row is compiled once, the way attrs compiles ``__init__``: into the few assignments that
a person would have written by hand for it. For the row ``start`` of a run it reads::

    def take(instance, payload, now):
        v0 = compute0(instance, payload, now)
        instance._started_at = v0
        instance._status = target
        instance._last = now
        instance._journal.append((now, row, payload))
        return row

All that can fail (computing the values, refusing a deadline in the past) comes before the first
assignment, and no assignment can fail: that is what makes applying an event atomic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from runlife.errors import TimeError

if TYPE_CHECKING:
    from runlife.lifecycle import Lifecycle
    from runlife.rows import Argument, Payload, Transition

__all__ = ["NEVER", "Plan", "Plans", "Step", "lay_out", "slot"]

NEVER = float("inf")
"""The deadline of an instance that has none."""


class Step(NamedTuple):
    """One row: ``check`` is its guard, ``take`` takes it and returns it."""

    check: Callable[[Any, Payload], bool] | None
    take: Callable[[Any, Payload, float], Transition[Any]]


class Plan(NamedTuple):
    """What one event may do from one status: its arguments, and the steps in order."""

    arguments: tuple[Argument, ...]
    steps: tuple[Step, ...]


Plans = Mapping[Any, Mapping[str, Plan]]
"""The plans by status (None before the creation) and event."""


def slot(name: str) -> str:
    """Return where an instance keeps a fact: a private slot, so that only ``take`` writes it."""
    return f"_{name}"


def lay_out(lifecycle: Lifecycle[Any]) -> Plans:
    """Return the plans of a lifecycle, in plain dicts (a mapping proxy is slower to look up)."""
    return {
        source: {
            event: Plan(
                lifecycle.arguments.get(event, ()),
                tuple(Step(row.guard.check if row.guard else None, _compile(lifecycle, row)) for row in rows),
            )
            for event, rows in by_event.items()
        }
        for source, by_event in lifecycle.moves.items()
    }


def _compile(
    lifecycle: Lifecycle[Any], row: Transition[Any]
) -> Callable[[Any, Payload, float], Transition[Any]]:
    sets = {**row.effect.sets, **row.effect.may_set} if row.effect else {}
    clears = row.effect.clears if row.effect else ()
    before, after = lifecycle.timed_by(row.source), lifecycle.timed_by(row.target)
    names: dict[str, Any] = {"row": row, "target": row.target, "ahead": _ahead, "earliest": _earliest}
    compute: list[str] = []
    assign: list[str] = []
    for index, (fact, value) in enumerate(sets.items()):
        names[f"compute{index}"] = value
        compute.append(f"v{index} = compute{index}(instance, payload, now)")
        if fact in lifecycle.deadlines:
            compute.append(f"ahead({fact!r}, v{index}, now)")
        assign.append(f"instance.{slot(fact)} = v{index}")
    assign += [f"instance.{slot(fact)} = None" for fact in clears]
    assign += ["instance._status = target", "instance._last = now"]
    if before != after or not set(after).isdisjoint((*sets, *clears)):
        deadlines = ", ".join(f"instance.{slot(fact)}" for fact in after)
        assign.append(f"instance._due = earliest({deadlines})")
    assign += ["instance._journal.append((now, row, payload))", "return row"]
    body = "\n    ".join(compute + assign)
    # Every name in the source is a field of the definition, checked to be an identifier.
    exec(f"def take(instance, payload, now):\n    {body}", names)  # noqa: S102
    take: Callable[[Any, Payload, float], Transition[Any]] = names["take"]
    return take


def _ahead(fact: str, deadline: float | None, now: float) -> None:
    if deadline is not None and not now < deadline < NEVER:
        msg = f"{fact} would be {deadline}, which is not later than now, {now}"
        raise TimeError(msg)


def _earliest(*deadlines: float | None) -> float:
    return min((deadline for deadline in deadlines if deadline is not None), default=NEVER)
