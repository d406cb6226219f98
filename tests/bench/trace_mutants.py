"""Mutants: lives that are broken, and so that it happened before the last poll of who looks.

A poller reads twice more after the end of a run. There are

* illegal edges out of live statuses, and out of terminal ones at any moment while the poller reads: each
  pair of statuses with no row between;
* fields: a value that is missing, stays, comes back or moves where the lifecycle does not let it;
* times: a run that ends by its deadline before it, lives on after it, or has moments out of order.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from attrs import evolve
from trace_lives import AFTER_THE_END, Body, Life, Seen, broken, illegal_edges, polled, walk

from runlife import RUN

if TYPE_CHECKING:
    from collections.abc import Iterator

Defect = Callable[[list[Body]], list[Body]]
"""What breaks the bodies of a life."""

# Bodies that are broken


def _stays(name: str) -> Defect:
    def apply(bodies: list[Body]) -> list[Body]:
        last = None
        changed = []
        for body in bodies:
            last = body[name] if body[name] is not None else last
            changed.append({**body, name: last})
        return changed

    return apply


def _from(
    change: Callable[[Body], Body], which: Callable[[Body], bool]
) -> Callable[[list[Body]], list[Body]]:
    """Return a defect that begins in the middle of what it concerns and lasts, if there is a middle."""

    def apply(bodies: list[Body]) -> list[Body]:
        concerned = [i for i, body in enumerate(bodies) if which(body)]
        begin = concerned[len(concerned) // 2] if len(concerned) > 1 else len(bodies)
        return [change(b) if i >= begin and which(b) else b for i, b in enumerate(bodies)]

    return apply


def _all(change: Callable[[Body], Body], which: Callable[[Body], bool]) -> Defect:
    return lambda bodies: [change(body) if which(body) else body for body in bodies]


def _has(name: str) -> Callable[[Body], bool]:
    return lambda body: body[name] is not None


def _other_calls(body: Body) -> Body:
    return json.loads(json.dumps(body).replace('"call_', '"call_x'))


def _same_calls(bodies: list[Body]) -> list[Body]:
    """Return bodies in which every round has the calls of the first."""
    first = next((b["required_action"] for b in bodies if b["required_action"]), None)
    return [{**b, "required_action": first if b["required_action"] else None} for b in bodies]


def _ended(body: Body) -> bool:
    return body["status"] in RUN.terminal


FIELDS: dict[str, Defect] = {
    "required_action missing": _all(lambda b: {**b, "required_action": None}, _has("required_action")),
    "required_action stays": _stays("required_action"),
    "last_error missing": _all(lambda b: {**b, "last_error": None}, _has("last_error")),
    "usage missing": _all(lambda b: {**b, "usage": None}, _has("usage")),
    "usage while alive": _all(lambda b: {**b, "usage": {"total_tokens": 1}}, lambda b: not _ended(b)),
    "completed_at missing": _all(lambda b: {**b, "completed_at": None}, _has("completed_at")),
    "expires_at stays": _stays("expires_at"),
    "started_at missing": _all(lambda b: {**b, "started_at": None}, _has("started_at")),
    "started_at moves": _from(lambda b: {**b, "started_at": b["started_at"] + 1}, _has("started_at")),
    "created_at moves": _from(lambda b: {**b, "created_at": b["created_at"] - 1}, _has("created_at")),
    "model changes": _from(lambda b: {**b, "model": "other"}, _has("model")),
    "calls change in a round": _from(_other_calls, _has("required_action")),
    "calls come again": _same_calls,
    "usage changes after the end": _from(lambda b: {**b, "usage": {"total_tokens": 99}}, _has("usage")),
}

TIMES: dict[str, Defect] = {
    "expires early": _all(lambda b: {**b, "expires_at": b["expires_at"] + 15}, _has("expires_at")),
    "lives on": _all(lambda b: {**b, "expires_at": b["expires_at"] - 15}, _has("expires_at")),
    "started in the future": _all(lambda b: {**b, "started_at": b["started_at"] + 900}, _has("started_at")),
    "completed before it started": _all(
        lambda b: {**b, "completed_at": b["started_at"] - 5},
        lambda b: b["completed_at"] is not None and b["started_at"] is not None,
    ),
}


def with_defect(life: Life, defect: Defect) -> tuple[Life, float | None]:
    """Return a life whose bodies are broken, and when the first is; None if none is."""
    bodies = iter(defect([seen.body for seen in life if seen.body]))
    changed = [evolve(seen, body=next(bodies)) if seen.body else seen for seen in life]
    return changed, next((b.at for a, b in zip(life, changed, strict=True) if a.body != b.body), None)


# Mutants, by kind: what a poller sees of a life, and when the defect happened


def _live(random: Random, interval: float) -> tuple[Life, float | None]:
    source, target = random.choice(illegal_edges(terminal=False))
    life, at = walk(random.randrange(2**32), broken(source, target), source)
    return list(polled(life, interval)), at


def _terminal(random: Random, interval: float) -> tuple[Life, float | None]:
    source, target = random.choice(illegal_edges(terminal=True))
    # At any moment while the poller still reads.
    patience = random.uniform(0, AFTER_THE_END * interval)
    life, at = walk(random.randrange(2**32), broken(source, target), source, patience)
    return list(polled(life, interval)), at


def _field(random: Random, interval: float) -> tuple[Life, float | None]:
    life = list(polled(walk(random.randrange(2**32))[0], interval))
    return with_defect(life, random.choice(list(FIELDS.values())))


def _time(random: Random, interval: float) -> tuple[Life, float | None]:
    name = random.choice(list(TIMES))
    life = list(polled(walk(random.randrange(2**32))[0], interval))
    changed, at = with_defect(life, TIMES[name])
    moments = [seen.at for seen in life if seen.body and seen.body["status"] == "expired"]
    if name == "expires early":
        at = moments[0] if moments else None
    elif name == "lives on":
        late = [s.at for s in changed if s.body and (s.body["expires_at"] or s.at) < s.at - 2]
        at = late[0] if late else None
    return changed, at


KINDS: dict[str, Callable[[Random, float], tuple[Life, float | None]]] = {
    "live": _live,
    "terminal": _terminal,
    "field": _field,
    "time": _time,
}


def mutants(kind: str, seed: int, interval: float) -> Iterator[list[Seen]]:
    """Yield what a poller sees of mutants whose defect happened before its last poll."""
    random = Random(f"{kind} {seed}")
    while True:
        seen, at = KINDS[kind](random, interval)
        if at is not None and seen[-1].at >= at:
            yield seen
