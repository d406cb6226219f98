"""The standard pictures are shipped, fresh, and can show any path without a layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from runlife import RUN, Lifecycle, Policy, Run, ToolCall
from runlife_diagrams import (
    PathError,
    PictureError,
    check_all,
    highlight,
    render,
    shipped,
    standard_pictures,
    write_all,
)
from runlife_diagrams.shipped import shipped_svg

ROOT = Path(__file__).parents[2]
OURS = pytest.mark.parametrize("lifecycle", shipped.STANDARD, ids=lambda one: one.name)


def parse(svg: str) -> ET.Element:
    """Read an SVG that was just made here."""
    return ET.fromstring(svg)  # noqa: S314 - our own output, no stranger's


def having(svg: str, name: str, kind: str) -> set[str]:
    """Give the ids of the parts of one kind that have a class."""
    classes = {element.get("id", ""): element.get("class", "").split() for element in parse(svg).iter()}
    return {id for id, names in classes.items() if id and name in names and kind in names}


# --------------------------------------------------------------------------- fresh


@pytest.mark.slow
def test_the_committed_pictures_are_fresh() -> None:
    """What is committed and what is shipped is what the tables give today: else `runlife diagram --all`."""
    assert check_all(ROOT / "diagrams") == ()
    for lifecycle in shipped.STANDARD:
        assert shipped_svg(lifecycle.name) == standard_pictures()[f"{lifecycle.name}.svg"]


@pytest.mark.slow
def test_no_picture_is_left_over() -> None:
    """No picture is committed that nothing generates."""
    committed = {path.name for path in (ROOT / "diagrams").iterdir() if path.suffix in {".svg", ".mmd"}}
    assert committed == set(standard_pictures())
    inside = {path.name for path in (Path(shipped.__file__).parent / "pictures").iterdir()}
    assert inside == {f"{lifecycle.name}.svg" for lifecycle in shipped.STANDARD}


def test_only_what_is_stale_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing and stale files are named, written, and then no longer named; others are left alone."""
    names = [f"{one.name}.svg" for one in shipped.STANDARD]
    monkeypatch.setattr(shipped, "standard_pictures", lambda: dict.fromkeys(names, "fresh\n"))
    (tmp_path / names[0]).write_bytes(b"fresh\r\n")
    for name in names[1:-1]:
        (tmp_path / name).write_bytes(b"fresh\n")
    (tmp_path / "mine.svg").write_bytes(b"mine")
    stale = (tmp_path / names[0], tmp_path / names[-1])
    assert check_all(tmp_path) == stale
    assert write_all(str(tmp_path)) == stale
    assert check_all(tmp_path) == write_all(tmp_path) == ()
    assert {path.read_bytes() for path in tmp_path.glob("*.svg")} == {b"fresh\n", b"mine"}


def test_in_a_checkout_the_package_gets_its_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package stands in the folder, the pictures inside it are kept as fresh as those beside it."""
    names = [f"{one.name}.svg" for one in shipped.STANDARD]
    monkeypatch.setattr(shipped, "standard_pictures", lambda: dict.fromkeys([*names, "x.mmd"], "fresh\n"))
    (tmp_path / "runlife_diagrams").mkdir()
    write_all(tmp_path)
    inside = {path.name for path in (tmp_path / "runlife_diagrams" / "pictures").iterdir()}
    assert inside == set(names)
    (tmp_path / "runlife_diagrams" / "pictures" / names[0]).write_text("old")
    assert check_all(tmp_path) == (tmp_path / "runlife_diagrams" / "pictures" / names[0],)


# --------------------------------------------------------------------------- paths


@OURS
def test_without_a_path_the_shipped_picture_is_given_as_it_is(lifecycle: Lifecycle[Any]) -> None:
    """Byte for byte; the dark one differs in its stylesheet only."""
    assert render(lifecycle) == highlight(lifecycle, None) == shipped_svg(lifecycle.name)
    light, dark = (parse(render(lifecycle, theme=theme)) for theme in ("light", "dark"))
    styles = [root.find("{*}style") for root in (light, dark)]
    assert styles[0] is not None
    assert styles[1] is not None
    assert styles[0].text != styles[1].text
    styles[0].text = styles[1].text
    assert light.attrib.pop("class") == "runlife light"
    assert dark.attrib.pop("class") == "runlife dark"
    assert ET.tostring(light) == ET.tostring(dark)


def test_a_path_marks_exactly_its_parts() -> None:
    """The statuses on it are visited, its rows taken, its end current, and nothing else is."""
    path = ["queued", "in_progress", "requires_action", "queued", "in_progress", "completed"]
    svg = highlight(RUN, path)
    assert having(svg, "visited", "node") == {f"node-{status}" for status in path}
    assert having(svg, "current", "node") == {"node-completed"}
    assert having(svg, "taken", "edge") == {
        "edge-queued-start-in_progress",
        "edge-in_progress-require_action-requires_action",
        "edge-requires_action-submit_tool_outputs-queued",
        "edge-in_progress-complete-completed",
    }
    root = parse(svg)
    badges = {
        group.get("id"): "".join(badge.itertext())
        for group in root.iter()
        for badge in group
        if badge.get("class") == "badge" and group.get("id")
    }
    assert badges["edge-queued-start-in_progress"] == "1, 4"
    assert sorted(badges.values()) == ["1, 4", "2", "3", "5"]
    assert "5. in_progress -complete-> completed" in (root.findtext("{*}desc") or "")
    assert 'class="figure traced"' in svg


def test_an_expiry_marks_its_own_branch() -> None:
    """Of the edges that are tied together, only the one taken is marked, and the piece they share."""
    svg = highlight(RUN, [None, "queued", "expired"])
    assert having(svg, "taken", "timer") == {"edge-queued-expire-expired", "bundle-expire-expired"}
    assert having(svg, "taken", "client") == {"edge-initial-create-queued"}


def test_a_journal_is_shown() -> None:
    """The journal of a run is a path."""
    run = Run.create(id="run_1", now=0)
    run.apply("start", now=1)
    run.apply("require_action", now=2, tool_calls=[ToolCall("call_1", "look_up", "{}")])
    run.apply("cancel", now=3)
    svg = highlight(RUN, run.journal)
    assert having(svg, "current", "node") == {"node-cancelling"}
    assert len(having(svg, "taken", "edge")) == len(run.journal)


def test_every_path_of_two_steps_can_be_shown() -> None:
    """Whatever leads on from whatever, the picture has the parts to mark."""
    for first in RUN.transitions:
        for second in (row for row in RUN.transitions if row.source == first.target):
            svg = highlight(RUN, [first, second])
            assert having(svg, "current", "node") == {f"node-{second.target}"}
            assert len(having(svg, "taken", "edge") - {"bundle-expire-expired"}) == len({first, second})


def test_a_bad_path_is_refused() -> None:
    """The error names the step, and what would be legal."""
    with pytest.raises(PathError, match=r"step 2 .* legal from 'queued': start to 'in_progress'"):
        highlight(RUN, ["queued", "completed"])


def test_what_is_not_shipped_is_refused() -> None:
    """A lifecycle under another policy has another picture: render lays it out."""
    with pytest.raises(PictureError, match="draw it with render"):
        highlight(RUN.under(Policy(queued_may_fail=False)), ["queued"])
