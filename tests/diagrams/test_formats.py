"""Mermaid and DOT: every row is there, and no text of a table can change the structure."""

from __future__ import annotations

import re
from html import unescape
from typing import Any, TypeAlias
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle, Policy
from runlife_diagrams import FORMATS, Picture, PictureError, render
from runlife_diagrams.figure.svg import to_svg
from runlife_diagrams.formats.dot import to_dot
from runlife_diagrams.formats.mermaid import to_mermaid
from runlife_diagrams.renderer import dot_to_svg
from runlife_diagrams.text import visible
from runlife_diagrams.wiring import lines_of

KINDS = {"event", "guard", "note", "evidence"}
Odd: TypeAlias = st.SearchStrategy[Picture]
OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)


def parse(svg: str) -> ET.Element:
    """Read an SVG that was just made here."""
    return ET.fromstring(svg)  # noqa: S314 - our own output, no stranger's


# --------------------------------------------------------------------------- every row is there


@OURS
def test_mermaid_has_every_row(lifecycle: Lifecycle[Any]) -> None:
    """Each row is an arrow with its event and its cause; each terminal status ends the diagram."""
    text = render(lifecycle, "mermaid", guards=False)
    arrows = re.findall(r"^  (\S+) --> (\S+): (\w+)<br/>\((\w+)\)$", text, flags=re.MULTILINE)
    assert arrows == [
        (row.source or "[*]", row.target, row.event, row.cause) for row in lifecycle.transitions
    ]
    ends = re.findall(r"^  (\S+) --> \[\*\]$", text, flags=re.MULTILINE)
    assert ends == [status for status in lifecycle.statuses if status in lifecycle.terminal]


@OURS
def test_dot_has_every_row(lifecycle: Lifecycle[Any]) -> None:
    """Each row has its id and its class in DOT, and Graphviz hands both on."""
    dot = render(lifecycle, "dot")
    root = parse(dot_to_svg(dot))
    classes = {name for group in root.iter() for name in group.get("class", "").split()}
    ids = {group.get("id") for group in root.iter()}
    rows = {f"edge-{row.source or 'initial'}-{row.event}-{row.target}" for row in lifecycle.transitions}
    assert rows <= classes
    assert {f"{row}--from" for row in rows} <= ids
    assert {f"node-{status}" for status in lifecycle.statuses} <= ids
    printed = ["".join(text.itertext()) for text in root.iter() if text.tag.endswith("}text")]
    assert {row.event for row in lifecycle.transitions} <= set(printed)


@OURS
def test_svg_has_every_row(lifecycle: Lifecycle[Any]) -> None:
    """Each row is a group with its id, its cause for a class, and its event to be read."""
    groups = {group.get("id"): group for group in parse(render(lifecycle)).iter() if group.get("id")}
    for row in lifecycle.transitions:
        group = groups[f"edge-{row.source or 'initial'}-{row.event}-{row.target}"]
        assert group.get("class") == f"edge {row.cause}"
        bearer = groups[group.get("data-bundle", group.get("id"))]
        assert row.event in [
            "".join(text.itertext()) for text in bearer.iter() if text.get("class") == "event"
        ]
    for status in lifecycle.statuses:
        kind = "terminal" if status in lifecycle.terminal else "live"
        assert groups[f"node-{status}"].get("class") == f"node {kind}"


@pytest.mark.parametrize("format", ["mermaid", "dot"])
def test_a_policy_changes_the_text(format: Any) -> None:
    """A row that the policy switches off is in no format."""
    strict = render(RUN.under(Policy(queued_may_fail=False)), format)
    assert strict != render(RUN, format)
    assert len(strict) < len(render(RUN, format))


def test_an_unknown_format_is_refused() -> None:
    """The error lists the formats there are."""
    wrong: Any = "gif"
    with pytest.raises(PictureError, match=", ".join(FORMATS)):
        render(RUN, wrong)


# --------------------------------------------------------------------------- no text breaks out


@pytest.mark.slow
@given(st.data())
def test_mermaid_keeps_its_structure(odd_pictures: Odd, data: st.DataObject) -> None:
    """Every line is one statement of the expected form, and its entities give back the words."""
    picture = data.draw(odd_pictures)
    lines = to_mermaid(picture).split("\n")
    label = r"(?:[\w ,.()'/+-]|#\d+;|<br/>)*"
    # A plain word goes by itself, also where a mark is written beside it.
    name = r"(?:\[\*\]|[a-z][a-z0-9_]*|S\d+)"
    statements = [
        "stateDiagram-v2",
        rf"  acc(?:Title|Descr): {label}",
        "  direction TB",
        rf'  state "{label}" as {name}',
        rf"  {name} --> {name}: {label}",
        rf"  {name} --> \[\*\]",
        r"  classDef [a-z_]+ [a-z0-9#:,. -]+",
        rf"  class {name}(?:, {name})* [a-z_]+",
        "",
    ]
    assert [line for line in lines if not any(re.fullmatch(form, line) for form in statements)] == []
    arrows = [line.partition(": ")[2] for line in lines if " --> " in line and not line.endswith("--> [*]")]
    shown = [unescape(re.sub(r"#(\d+);", r"&#\1;", arrow)) for arrow in arrows]
    assert len(shown) == len(picture.edges)
    for edge, text in zip(picture.edges, shown, strict=True):
        assert all(visible(one.event) in text for one in edge.labels)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.data())
def test_dot_keeps_its_structure(odd_pictures: Odd, data: st.DataObject) -> None:
    """Graphviz reads exactly the nodes and edges that were meant, with the text that was meant."""
    picture = data.draw(odd_pictures)
    root = parse(dot_to_svg(to_dot(picture)))
    kinds = [group.get("class", "").partition(" ")[0] for group in root.iter() if group.tag.endswith("}g")]
    free = [edge for edge in picture.edges if edge.bundle is None]
    assert kinds.count("node") == len(picture.nodes) + len(free) + len(picture.bundles)
    assert kinds.count("edge") == len(picture.edges) + len(free) + len(picture.bundles)
    words = {group.get("id"): group for group in root.iter() if " words" in group.get("class", "")}
    for edge in free:
        texts = ["".join(text.itertext()) for text in words[edge.id].iter() if text.tag.endswith("}text")]
        mark = picture.overlay.edges.get(edge.id) if picture.overlay is not None else None
        badge = f"[{mark.badge}]" if mark is not None and mark.badge else ""
        # Graphviz draws a space of the text as a no-break space, and none where there is nothing else.
        meant = "".join([badge, *(line.text for line in lines_of(edge.labels))])
        assert "".join("".join(texts).split()) == "".join(meant.split())


@pytest.mark.slow
@settings(max_examples=20)
@given(st.data())
def test_svg_keeps_its_structure(odd_pictures: Odd, data: st.DataObject) -> None:
    """It is XML of nothing but shapes and text, every id stands once, and the text is what was meant."""
    picture = data.draw(odd_pictures)
    svg = to_svg(picture, tries=1)
    root = parse(svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "g", "path", "polygon", "rect", "circle", "text"}
    assert "</script" not in svg
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    groups = {element.get("id"): element for element in root.iter()}
    for edge in picture.edges:
        if edge.bundle is None:
            printed = [text for text in groups[edge.id].iter() if text.get("class") in KINDS]
            assert [text.text for text in printed] == [line.text for line in lines_of(edge.labels)]
