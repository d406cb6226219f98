"""XState: every row is there, its keys are safe, and it is JSON that may stand anywhere."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle, Policy
from runlife_diagrams import render
from runlife_diagrams.formats.xstate import to_xstate

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)
IDENTIFIER = r"[A-Za-z][A-Za-z0-9_-]*"


def rows_of(machine: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Return of each transition the state, whether `on` or `after`, its key, and itself."""
    for name, state in machine["states"].items():
        for kind in ("on", "after"):
            for key, transitions in state.get(kind, {}).items():
                yield from ((name, kind, key, one) for one in transitions)


@OURS
def test_every_row_is_there(lifecycle: Lifecycle[Any]) -> None:
    """Each row is a transition on its event, or after the delay of its deadline, and says what it is."""
    machine = json.loads(render(lifecycle, "xstate"))
    assert (machine["id"], machine["initial"]) == (lifecycle.name, "initial")
    found = [
        (name, kind, key, one["target"], one.get("guard", {}).get("type"), one["meta"])
        for name, kind, key, one in rows_of(machine)
    ]
    expected = [
        (
            str(row.source or "initial"),
            "on" if row.deadline is None else "after",
            row.deadline or row.event,
            row.target,
            row.guard.name if row.guard is not None and row.deadline is None else None,
            {"event": row.event, "cause": row.cause, "evidence": row.evidence},
        )
        for row in lifecycle.transitions
    ]
    assert len(found) == len(expected)
    assert all(row in found for row in expected)


@OURS
def test_terminal_statuses_are_final(lifecycle: Lifecycle[Any]) -> None:
    """Those and no others."""
    states = json.loads(to_xstate(lifecycle))["states"]
    finals = {name for name, state in states.items() if state.get("type") == "final"}
    assert finals == set(lifecycle.terminal)


def test_guards_and_effects_are_named_and_told() -> None:
    """The host provides them by name; the words are there to be read."""
    states = json.loads(to_xstate(RUN))["states"]
    (row,) = states["requires_action"]["on"]["submit_tool_outputs"]
    assert row["guard"]["params"]["says"] == "the outputs name exactly the pending calls"
    assert row["description"] == "the outputs name exactly the pending calls"
    assert [set(action) for action in row["actions"]] == [{"type", "params"}]


def test_a_policy_changes_the_machine() -> None:
    """A row that the policy switches off is not in it."""
    states = json.loads(to_xstate(RUN.under(Policy(queued_may_fail=False))))["states"]
    assert "fail" not in states["queued"]["on"]


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(st.data())
def test_it_keeps_its_structure(
    odd_lifecycles: st.SearchStrategy[Lifecycle[Any]], data: st.DataObject
) -> None:
    """No key means anything to XState or JavaScript, each target is a state, and the words come back."""
    lifecycle = data.draw(odd_lifecycles)
    text = to_xstate(lifecycle)
    assert text.isascii()
    assert not set("<>&") & set(text)
    machine = json.loads(text)
    rows = list(rows_of(machine))
    assert len(rows) == len(lifecycle.transitions)
    assert {one["target"] for *_, one in rows} <= set(machine["states"])
    keys = [machine["id"], *machine["states"], *(key for _, _, key, _ in rows)]
    assert [key for key in keys if not re.fullmatch(IDENTIFIER, key)] == []
    assert {one["meta"]["event"] for *_, one in rows} == {row.event for row in lifecycle.transitions}
    assert [state["meta"]["status"] for state in machine["states"].values()] == [None, *lifecycle.statuses]
