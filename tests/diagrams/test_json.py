"""The picture as JSON: as its schema says, and every word as it is in the table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle
from runlife_diagrams import Picture, picture_schema, render
from runlife_diagrams.formats.as_json import to_json

OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)


def complaints(data: Any) -> list[str]:
    """Return what a validator has against the data."""
    return [error.message for error in Draft202012Validator(picture_schema()).iter_errors(data)]


def test_the_schema_is_a_schema() -> None:
    """It is lawful by the schema of schemas, and refuses what is no picture."""
    Draft202012Validator.check_schema(picture_schema())
    data = json.loads(render(RUN, "json"))
    assert complaints({}) != []
    assert complaints({**data, "version": 1}) != []
    assert complaints({**data, "theme": "sepia"}) != []
    assert complaints({**data, "nodes": [{"id": "x"}]}) != []
    assert complaints({**data, "colour": "red"}) != []


@OURS
def test_every_row_is_there(lifecycle: Lifecycle[Any]) -> None:
    """Each row is a label of an edge between the nodes of its statuses, and the schema is kept."""
    data = json.loads(render(lifecycle, "json", evidence=True))
    assert complaints(data) == []
    names = {node["id"]: node["name"] for node in data["nodes"]}
    found = {
        (names[edge["source"]], label["event"], names[edge["target"]], edge["cause"], label["evidence"])
        for edge in data["edges"]
        for label in edge["labels"]
    }
    assert found == {
        (str(row.source or ""), row.event, str(row.target), str(row.cause), str(row.evidence))
        for row in lifecycle.transitions
    }


def test_overlays_are_in_it() -> None:
    """A path and a heat, by the ids of the nodes and labels that they are about."""
    data = json.loads(render(RUN, "json", overlay=["queued", "in_progress"], direction="LR"))
    assert complaints(data) == []
    assert data["direction"] == "LR"
    overlay = data["overlay"]
    assert overlay["rows"]["edge-queued-start-in_progress"]["badge"] == "1"
    assert [step["row"] for step in overlay["steps"]] == ["edge-queued-start-in_progress"]
    assert overlay["current"] == "node-in_progress"
    heated = json.loads(render(RUN, "json", overlay={"queued -start-> in_progress": 3}))
    assert complaints(heated) == []
    assert heated["overlay"]["edges"]["edge-queued-start-in_progress"]["badge"] == "3"


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(st.data())
def test_words_come_back(odd_pictures: st.SearchStrategy[Picture], data: st.DataObject) -> None:
    """Whatever they are, they are read as they were, from ASCII that no markup can end."""
    picture = data.draw(odd_pictures)
    text = to_json(picture)
    assert text.isascii()
    assert not set("<>&") & set(text)
    read = json.loads(text)
    assert complaints(read) == []
    assert [node["name"] for node in read["nodes"]] == [node.name for node in picture.nodes]
    assert [[label["event"] for label in edge["labels"]] for edge in read["edges"]] == [
        [label.event for label in edge.labels] for edge in picture.edges
    ]
