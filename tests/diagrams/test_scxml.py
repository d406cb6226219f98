"""SCXML: every row is there, its names are lawful, and no text of a table can change the structure."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle, Policy
from runlife_diagrams import render
from runlife_diagrams.formats.scxml import NAMESPACE, to_scxml
from runlife_diagrams.text import visible

OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)
W3C = "{http://www.w3.org/2005/07/scxml}"
IDENTIFIER = r"[A-Za-z][A-Za-z0-9_-]*"


def parse(text: str) -> ET.Element:
    """Read a document that was just made here."""
    return ET.fromstring(text.encode())  # noqa: S314 - our own output, no stranger's


def said(transition: ET.Element, name: str) -> str | None:
    """Return what an attribute of our own namespace says."""
    return transition.get(f"{{{NAMESPACE}}}{name}")


@OURS
def test_every_row_is_there(lifecycle: Lifecycle[Any]) -> None:
    """Each row is a transition of its source, in table order, with guard, effect, cause and evidence."""
    root = parse(render(lifecycle, "scxml"))
    assert (root.tag, root.get("datamodel"), root.get("initial")) == (f"{W3C}scxml", "null", "initial")
    found = [
        (state.get("id"), one.get("event"), one.get("target"), said(one, "cause"), said(one, "evidence"))
        for state in root
        for one in state
    ]
    assert sorted(map(str, found)) == sorted(
        str((str(row.source or "initial"), row.event, str(row.target), str(row.cause), str(row.evidence)))
        for row in lifecycle.transitions
    )
    events = [one.get("event") for one in root.iter(f"{W3C}transition")]
    assert events[0] == lifecycle.creations[0].event


def test_what_scxml_has_no_word_for_is_said_in_words() -> None:
    """A guard is not in `cond`, which a processor would evaluate; a timer row names its deadline."""
    root = parse(to_scxml(RUN))
    rows = {(one.get("event"), one.get("target")): one for one in root.iter(f"{W3C}transition")}
    assert said(rows["require_action", "requires_action"], "guard") == "the model calls at least one function"
    assert said(rows["expire", "expired"], "deadline") == "expires_at"
    assert said(rows["expire", "expired"], "guard") is None
    assert not any(one.get("cond") for one in rows.values())


@OURS
def test_terminal_statuses_are_final(lifecycle: Lifecycle[Any]) -> None:
    """Those and no others, and nothing leads out of them."""
    finals = parse(to_scxml(lifecycle)).findall(f"{W3C}final")
    assert {one.get("id") for one in finals} == set(lifecycle.terminal)
    assert not any(len(one) for one in finals)


def test_a_policy_changes_the_document() -> None:
    """A row that the policy switches off is not in it."""
    assert len(to_scxml(RUN.under(Policy(queued_may_fail=False)))) < len(to_scxml(RUN))


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(st.data())
def test_it_keeps_its_structure(
    odd_lifecycles: st.SearchStrategy[Lifecycle[Any]], data: st.DataObject
) -> None:
    """Ids are lawful and stand once, each target is one, events match nothing else, and words are kept."""
    lifecycle = data.draw(odd_lifecycles)
    root = parse(to_scxml(lifecycle))
    assert [child.tag for child in root] == [f"{W3C}{tag}" for tag in ("state", "state", "state", "final")]
    ids = [state.get("id", "") for state in root]
    assert len(set(ids)) == len(ids)
    rows = list(root.iter(f"{W3C}transition"))
    assert len(rows) == len(lifecycle.transitions)
    assert {row.get("target") for row in rows} <= set(ids)
    assert root.get("initial") in ids
    names = [*ids, root.get("name", ""), *(row.get("event", "") for row in rows)]
    assert [name for name in names if not re.fullmatch(IDENTIFIER, name)] == []
    assert {said(row, "event") for row in rows} == {visible(row.event) for row in lifecycle.transitions}
    assert [said(state, "status") for state in root][1:] == [visible(one) for one in lifecycle.statuses]
