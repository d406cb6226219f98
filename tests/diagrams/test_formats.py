"""Mermaid and DOT: every row is there, and no text of a table can change the structure."""

from __future__ import annotations

import re
from enum import StrEnum
from html import unescape
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runlife import MESSAGE, RUN, RUN_STEP, Cause, Effect, Guard, Lifecycle, Policy, at, on
from runlife_diagrams import FORMATS, Direction, Format, PictureError, picture_of, render
from runlife_diagrams.dot import lines_of, to_dot
from runlife_diagrams.mermaid import to_mermaid
from runlife_diagrams.renderer import dot_to_svg
from runlife_diagrams.svg import to_svg
from runlife_diagrams.text import visible

OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)
NASTY = [
    *('"', "'", "<b>", "a|b", "a\nb", "a -> b", "😀", "ביטול", "</script>", "]]>", "<!--", "&lt;", "#35;"),
    *("\\", "\\N", "\\", "%%{init}%%", "; --> x: y", "{}", "`**x**`", "_x_", "1. one", "\0", "\ud800", ""),
    *("\u202ex", "end", "state", "constructor", "__proto__", "node-x", "S1", "[*]", "$$x$$", ":::y", "//"),
]
words = st.sampled_from(NASTY) | st.text(st.characters(), max_size=30)


def parse(svg: str) -> ET.Element:
    """Read an SVG that was just made here."""
    return ET.fromstring(svg)  # noqa: S314 - our own output, no stranger's


TIMED = Effect("timed", "sets due_at", {"due_at": lambda *_: 9.0})


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle[Any]:
    """Draw a small lifecycle, every word of which may be anything."""
    names = draw(st.lists(words, min_size=3, max_size=3, unique=True))
    status: Any = StrEnum("Odd", {f"S{index}": name for index, name in enumerate(names)})
    one, two, end = status
    guard = Guard("guard", draw(words.filter(bool)), lambda *_: True)
    events = draw(st.lists(words, min_size=6, max_size=6, unique=True))
    return Lifecycle(
        draw(words),
        status,
        terminal=[end],
        rows=[
            on(events[0], None, one, by=Cause.CLIENT, then=TIMED),
            on(events[1], one, two, by=Cause.SERVER, when=guard),
            on(events[2], one, two, by=Cause.SERVER, when=guard & guard),
            on(events[3], two, one, by=Cause.CLIENT),
            on(events[4], two, two, by=Cause.SERVER),
            at("due_at", [one, two], end, event=events[5]),
        ],
    )


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


@pytest.mark.parametrize("format", ["mermaid", "dot"])
def test_a_path_is_shown(format: Any) -> None:
    """Steps are numbered on their arrows, and statuses marked as visited and current."""
    text = render(RUN, format, path=["queued", "in_progress", "failed"], theme="dark")
    assert "visited" in text
    assert "current" in text
    assert text.count("→" if format == "mermaid" else "&#8594;") == 2


def test_an_unknown_format_is_refused() -> None:
    """The error lists the formats there are."""
    wrong: Any = "png"
    with pytest.raises(PictureError, match=", ".join(FORMATS)):
        render(RUN, wrong)


# --------------------------------------------------------------------------- no text breaks out


@pytest.mark.slow
@given(lifecycles())
def test_mermaid_keeps_its_structure(lifecycle: Lifecycle[Any]) -> None:
    """Every line is one statement of the expected form, and its entities give back the words."""
    picture = picture_of(lifecycle)
    lines = to_mermaid(picture).split("\n")
    label = r"(?:[\w ,.()'/+-]|#\d+;|<br/>)*"
    name = r"(?:\[\*\]|[a-z][a-z0-9_]*|S\d+)"
    statements = [
        "stateDiagram-v2",
        rf"  acc(?:Title|Descr): {label}",
        "  direction TB",
        rf'  state "{label}" as S\d+',
        rf"  {name} --> {name}: {label}",
        rf"  {name} --> \[\*\]",
        r"  classDef [a-z]+ [a-z0-9#:,-]+",
        rf"  class {name}(?:, {name})* [a-z]+",
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
@given(lifecycles())
def test_dot_keeps_its_structure(lifecycle: Lifecycle[Any]) -> None:
    """Graphviz reads exactly the nodes and edges that were meant, with the text that was meant."""
    picture = picture_of(lifecycle)
    root = parse(dot_to_svg(to_dot(picture)))
    kinds = [group.get("class", "").partition(" ")[0] for group in root.iter() if group.tag.endswith("}g")]
    free = [edge for edge in picture.edges if edge.bundle is None]
    assert kinds.count("node") == len(picture.nodes) + len(free) + len(picture.bundles)
    assert kinds.count("edge") == len(picture.edges) + len(free) + len(picture.bundles)
    words = {group.get("id"): group for group in root.iter() if " words" in group.get("class", "")}
    for edge in free:
        texts = ["".join(text.itertext()) for text in words[edge.id].iter() if text.tag.endswith("}text")]
        # Graphviz draws a space of the text as a no-break space, and none where there is nothing else.
        assert [" ".join(text.split()) for text in texts if text.split()] == [
            " ".join(line.text.split()) for line in lines_of(edge.labels) if line.text.split()
        ]


@pytest.mark.slow
@settings(max_examples=20)
@given(lifecycles())
@example(RUN)
def test_svg_keeps_its_structure(lifecycle: Lifecycle[Any]) -> None:
    """It is XML of nothing but shapes and text, every id stands once, and the text is what was meant."""
    picture = picture_of(lifecycle)
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
            texts = [text.text for text in groups[edge.id].iter() if text.tag.endswith("}text")]
            assert texts == [line.text for line in lines_of(edge.labels)]


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_heat_says_how_often_each_row_was_taken(direction: Direction) -> None:
    """In a badge, and by the thickness of its line; by the row or by its name, and a bundle has the sum."""
    rows = {str(row): row for row in RUN.transitions}
    heat = {
        rows["queued -start-> in_progress"]: 300,
        "in_progress -expire-> expired": 2,
        "queued -expire-> expired": 5,
    }
    root = parse(render(RUN, "svg", heat=heat, direction=direction))
    groups = {group.get("id"): group for group in root.iter() if group.get("id")}

    def shown(id: str) -> tuple[str, bool]:
        """Return what stands on the badge of an edge, and whether the edge is of the hottest."""
        (badge,) = (one for one in groups[id].iter() if one.get("class") == "badge")
        return "".join(badge.itertext()).strip(), "heat-5" in groups[id].get("class", "").split()

    assert shown("edge-queued-start-in_progress") == ("300", True)
    assert shown("bundle-expire-expired") == ("7", False)
    assert shown("edge-in_progress-complete-completed") == ("0", False)
    assert "start #215;300" in render(RUN, "mermaid", heat=heat)


@pytest.mark.parametrize(
    ("heat", "format", "words"),
    [
        (
            {"queued -jump-> completed": 1},
            "svg",
            "no row is 'queued -jump-> completed'; there are: nothing",
        ),
        ({"queued -start-> in_progress": -1}, "mermaid", "a number, 0 or more; got -1"),
        ({"queued -start-> in_progress": True}, "svg", "a number, 0 or more; got True"),
        ({}, "dot", "drawn as svg or as mermaid"),
    ],
)
def test_a_heat_that_cannot_be_is_refused(heat: dict[str, int], format: Format, words: str) -> None:
    """In words that say what could be."""
    with pytest.raises(PictureError, match=re.escape(words)):
        render(RUN, format, heat=heat)
