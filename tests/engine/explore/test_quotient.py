"""The quotient of runs: that two runs with one key behave alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import Cause, Run, Usage
from runlife.explore.quotient import TICK, Call, RunKey, RunQuotient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Relation = dict[tuple[RunKey, Call], RunKey | None]


def calls_for(quotient: RunQuotient, key: RunKey) -> list[Call]:
    """Return every call there is in this world, also those nobody would make in this state."""
    answers = [
        Call("submit_tool_outputs", tools, of_round)
        for tools in range(quotient.tools + 1)
        for of_round in range(1, quotient.rounds + 1)
    ]
    return [TICK, *quotient.calls(Cause.SERVER, key), *quotient.calls(Cause.CLIENT, key), *answers]


def relation_of(quotient: RunQuotient) -> Relation:
    """Return where each call leads, for all keys that can be reached."""
    relation: Relation = {}
    keys = [quotient.newborn]
    for key in keys:
        for call in calls_for(quotient, key):
            after = relation[key, call] = quotient.after(key, call)
            if after is not None and after not in keys:
                keys.append(after)
    return relation


class Spendthrift(RunQuotient):
    """A world in which everything costs tokens, more each time."""

    def _payload(self, run: Run, now: float, call: Call) -> Mapping[str, Any]:
        payload = dict(super()._payload(run, now, call))
        if "usage" in {argument.name for argument in self.lifecycle.arguments.get(call.event, ())}:
            payload["usage"] = Usage(run.spent.total_tokens + 1, int(now) % 7)
        return payload


@pytest.fixture(scope="module")
def quotient() -> RunQuotient:
    """Return the quotient at the size of the pinned exploration."""
    return RunQuotient()


@pytest.fixture(scope="module")
def relation(quotient: RunQuotient) -> Relation:
    """Return its whole relation."""
    return relation_of(quotient)


class TestBisimulation:
    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(RunQuotient(start=1.7e9), id="later"),
            pytest.param(RunQuotient(tick=0.125), id="faster"),
            pytest.param(RunQuotient(start=-5, tick=1e6, name="b"), id="slower, under another name"),
            pytest.param(Spendthrift(), id="at a cost"),
        ],
    )
    def test_what_the_key_leaves_out_does_not_matter(self, relation: Relation, other: RunQuotient) -> None:
        """Runs at other times, of other lengths, names and costs: the same relation, call for call."""
        assert relation_of(other) == relation

    @pytest.mark.slow
    def test_the_history_does_not_matter(self, quotient: RunQuotient, relation: Relation) -> None:
        """Whichever way a run came to a key, every call leads it to the same key again.

        For each key, one run for each way into it: each last call, after a shortest way.
        """
        ways = 0
        runs = dict(first_runs(quotient))
        for (before, last), key in relation.items():
            done = quotient.apply(*runs[before], last) if key is not None else None
            if key is None or done is None:
                continue
            ways += 1
            assert quotient.key(*done) == key
            for call in calls_for(quotient, key):
                again = quotient.apply(*done, call)
                assert (None if again is None else quotient.key(*again)) == relation[key, call]
        assert ways > 2 * len(runs)

    def test_no_two_keys_are_alike(self, relation: Relation) -> None:
        """Nothing in a key is superfluous: every two come to differ in status, now or some calls later.

        Found by refining the partition of the keys by status until all differ.
        """
        keys = list(dict.fromkeys(key for key, _ in relation))
        calls = list(dict.fromkeys(call for _, call in relation))
        classes: dict[RunKey, object] = {key: key.status for key in keys}
        distinct, before = len(set(classes.values())), 0
        while distinct > before:
            finer: dict[object, int] = {}
            for_key = {
                key: (classes[key], *(classes.get(relation[key, call]) for call in calls)) for key in keys
            }
            classes = {key: finer.setdefault(signature, len(finer)) for key, signature in for_key.items()}
            distinct, before = len(finer), distinct
        assert distinct == len(keys) == 185


def first_runs(quotient: RunQuotient) -> Iterator[tuple[RunKey, tuple[Run, float]]]:
    """Yield each key with a first run that has it, found breadth first by applying calls to runs."""
    newborn = quotient.create(0.0)
    assert newborn is not None
    found = {quotient.key(newborn, 0.0): (newborn, 0.0)}
    for key in (queue := list(found)):
        yield key, found[key]
        for call in calls_for(quotient, key):
            done = quotient.apply(*found[key], call)
            if done is not None and quotient.key(*done) not in found:
                found[quotient.key(*done)] = done
                queue.append(quotient.key(*done))
