"""PlantUML: every row is there, overlays are shown, and no text of a table can change the structure."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle
from runlife_diagrams import Picture, render
from runlife_diagrams.formats.plantuml import to_plantuml
from runlife_diagrams.text import visible

OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)
LABEL = r"(?:[A-Za-z0-9_ ,.()/-]|&#\d+;)*"
STYLED = rf"(?:{LABEL}|</?[bi]>|\\n)*"
NAME = r"(?:\[\*\]|s_[a-z][a-z0-9_]*|S\d+)"
COLOUR = "#[0-9a-f]{6}"
STATEMENTS = [
    "@startuml|@enduml|hide empty description|left to right direction|legend right|endlegend",
    rf"title {LABEL}",
    rf"skinparam [A-Za-z]+ {COLOUR}",
    rf"</?style>|stateDiagram {{|start {{|end {{|}}|(?:Background|Line)Color {COLOUR}",
    rf'state "({LABEL})" as {NAME} {COLOUR};line:[0-9a-f]{{6}}(?:;line\.(?:bold|dashed))?;text:[0-9a-f]{{6}}',
    rf"{NAME} -\[{COLOUR}(?:,dashed|,dotted)?(?:,thickness=\d)?\]-> {NAME} : {STYLED}",
    rf"{NAME} --> \[\*\]",
    rf"(?:<color:{COLOUR}>{LABEL}</color>|<b>{LABEL}</b>|&#\d+;(?: in bold&#58;)?) [a-z, ]+",
    "",
]


def decoded(text: str) -> str:
    """Return what PlantUML shows for a label."""
    plain = re.sub(r"</?[bi]>", "", text)
    shown = re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), plain)
    return shown.replace("]]\N{ZERO WIDTH SPACE}>", "]]>")


@OURS
def test_every_row_is_there(lifecycle: Lifecycle[Any]) -> None:
    """Each row is an arrow with its event in bold; each terminal status ends the diagram."""
    text = render(lifecycle, "plantuml", guards=False)
    arrows = re.findall(r"^(\S+) -\[\S+\]-> (\S+) : <b>(\w+)</b>$", text, flags=re.MULTILINE)
    assert arrows == [
        (f"s_{row.source}" if row.source else "[*]", f"s_{row.target}", row.event)
        for row in lifecycle.transitions
    ]
    ends = re.findall(r"^s_(\S+) --> \[\*\]$", text, flags=re.MULTILINE)
    assert ends == [status for status in lifecycle.statuses if status in lifecycle.terminal]


def test_a_cause_is_a_line_and_a_colour() -> None:
    """The client's arrows are solid, the server's dashed and the timer's dotted, and the legend says so."""
    text = render(RUN, "plantuml")
    assert re.search(rf"s_queued -\[{COLOUR}\]-> s_cancelling : <b>cancel", text)
    assert re.search(rf"s_queued -\[{COLOUR},dashed\]-> s_in_progress : <b>start", text)
    assert re.search(
        rf"s_queued -\[{COLOUR},dotted\]-> s_expired : <b>expire</b>\\n<i>expires_at is due", text
    )
    assert [line.rpartition("> ")[2] for line in text.split("\n") if line.startswith("<color")] == [
        "by the client",
        "by the server",
        "by time",
    ]


def test_an_overlay_is_shown() -> None:
    """The badge of a row stands before its event, on an arrow that is thicker; statuses stand out."""
    text = render(RUN, "plantuml", overlay=["queued", "in_progress", "failed"])
    lines = [line for line in text.split("\n") if "thickness=3" in line]
    assert [decoded(line).partition(" : ")[2] for line in lines] == ["[1] start", "[2] fail"]
    fills = dict(re.findall(rf"^state .* as s_(\S+) ({COLOUR});", text, flags=re.MULTILINE))
    assert fills["queued"] == fills["in_progress"] != fills["completed"]
    assert fills["failed"] not in {fills["queued"], fills["completed"]}
    legend = decoded(text).partition("legend right")[2].split("\n")
    assert "[1] step" in legend


def test_direction_and_evidence_are_shown() -> None:
    """When they are asked for, and not otherwise."""
    text = render(RUN, "plantuml", direction="LR", evidence=True)
    assert "\nleft to right direction\n" in text
    assert r"<b>start</b>\n(recorded)" in text
    assert "left to right" not in render(RUN, "plantuml")
    assert "recorded" not in render(RUN, "plantuml")


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(st.data())
def test_it_keeps_its_structure(odd_pictures: st.SearchStrategy[Picture], data: st.DataObject) -> None:
    """Every line is one statement of the expected form, and its escapes give back the words."""
    picture = data.draw(odd_pictures)
    text = to_plantuml(picture)
    assert text.isascii()
    lines = text.split("\n")
    assert [line for line in lines if not any(re.fullmatch(form, line) for form in STATEMENTS)] == []
    assert (lines.count("@startuml"), lines.count("@enduml"), lines[-2]) == (1, 1, "@enduml")
    arrows = [decoded(line.partition(" : ")[2]) for line in lines if "]-> " in line]
    assert len(arrows) == len(picture.edges)
    for edge, text in zip(picture.edges, arrows, strict=True):
        assert all(visible(label.event) in text for label in edge.labels)
    names = [re.fullmatch(STATEMENTS[4], line) for line in lines]
    shown = [decoded(match[1]) for match in names if match]
    meant = [visible(node.name) for node in picture.nodes if node.kind != "initial"]
    assert len(shown) == len(meant)
    assert all(text.startswith(name) for text, name in zip(shown, meant, strict=True))
