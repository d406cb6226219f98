"""The one call for every format: what holds for all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import runlife
import runlife_diagrams
from runlife import RUN, Policy, Run
from runlife.history import record_to_json
from runlife.trace import TraceChecker, UnlawfulError
from runlife_diagrams import FORMATS, Belief, Difference, Format, PictureError, render

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = pytest.mark.parametrize("format", [one for one in FORMATS if one != "png"])
# A PNG is drawn from the SVG, which takes a moment.
EVERY = pytest.mark.parametrize(
    "format", [pytest.param(one, marks=pytest.mark.slow) if one == "png" else one for one in FORMATS]
)
PROGRAM = """
import sys
from runlife import MESSAGE, RUN, Run, ToolCall
from runlife_diagrams import FORMATS, Difference, picture_of, render, render_sequence, render_timeline
from runlife_diagrams.figure.svg import to_svg
run = Run.create(id="r", now=0.0, expires_after=9.0)
run.apply("start", now=1.0)
run.apply("require_action", now=2.0, tool_calls=[ToolCall("a", "f"), ToolCall("b", "g")])
run.handle_timeout(99.0)
sys.stdout.write(to_svg(picture_of(RUN), tries=3))
sys.stdout.writelines(render_timeline({"a": run, "b": run}, format) for format in ("svg", "text"))
sys.stdout.writelines(render_sequence(run, format) for format in ("svg", "mermaid"))
sys.stdout.writelines(render(RUN, format, overlay=run) for format in ("svg", "mermaid", "dot"))
sys.stdout.flush()
overlays = [["in_progress", "completed"], {"in_progress -complete-> completed": 3}, Difference(RUN)]
for format in FORMATS:
    drawn = [render(MESSAGE, format)]
    if format in {"svg", "mermaid", "dot", "plantuml", "json", "html"}:
        drawn += [render(MESSAGE, format, overlay=overlay) for overlay in overlays]
    for picture in drawn:
        sys.stdout.buffer.write(picture if isinstance(picture, bytes) else picture.encode())
"""


@pytest.mark.slow
def test_bytes_do_not_depend_on_hashes() -> None:
    """Every format, overlay, sequence and timeline comes out the same under every seed of the hashes."""
    packages = [os.path.dirname(os.path.dirname(one.__file__)) for one in (runlife, runlife_diagrams)]  # noqa: PTH120 - as PYTHONPATH has them
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(packages)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(outputs) == 1


@EVERY
def test_a_format_is_text_of_utf8(format: Format) -> None:
    """It ends with the end of a line, and can be written to a file; only PNG is bytes."""
    text = render(RUN, format)
    if isinstance(text, bytes):
        assert text.startswith(b"\x89PNG\r\n")
        return
    assert text.endswith("\n")
    assert "\r" not in text
    assert text.encode().decode() == text


def run_at_work() -> Run:
    """Return a run that has started."""
    run = Run.create(id="run_1", now=0)
    run.apply("start", now=4.2)
    return run


def lost() -> UnlawfulError:
    """Return what a checker says of a run that was seen to go back."""
    checker = TraceChecker(RUN)
    checker.observed("in_progress", 1.0)
    with pytest.raises(UnlawfulError) as caught:
        checker.observed("queued", 2.0)
    return caught.value


OVERLAYS: dict[str, Callable[[], Any]] = {
    "path": lambda: ["queued", "in_progress"],
    "journal": run_at_work,
    "heat": lambda: {"queued -start-> in_progress": 3},
    "belief": lambda: Belief(lost()),
    "difference": lambda: Difference(RUN.under(Policy(queued_may_fail=False))),
}


@TEXTS
@pytest.mark.parametrize("kind", OVERLAYS)
def test_an_overlay_is_shown_or_refused(format: Format, kind: str) -> None:
    """Nothing that was asked for is left out in silence: shown by each picture, refused by all else."""
    overlay = OVERLAYS[kind]()
    if format in {"markdown", "html-table", "scxml", "xstate"}:
        with pytest.raises(PictureError, match=f"there is none in {format}"):
            render(RUN, format, overlay=overlay)
    elif format == "text" and kind not in {"path", "journal"}:
        with pytest.raises(PictureError, match="text shows a path or a journal"):
            render(RUN, format, overlay=overlay)
    else:
        assert render(RUN, format, overlay=overlay) != render(RUN, format)


@pytest.mark.slow
def test_a_png_shows_an_overlay() -> None:
    """It is painted from the SVG, with whatever is on it."""
    assert render(RUN, "png", overlay=run_at_work()) != render(RUN, "png")


@TEXTS
def test_everything_that_an_overlay_can_be_is_drawn(format: Format) -> None:
    """A journal comes as a run, records, JSON or NDJSON, and gives the same picture."""
    if format in {"markdown", "html-table", "scxml", "xstate"}:
        return
    run = run_at_work()
    lines = [record_to_json(record, RUN) for record in run.journal]
    text = "\n".join(map(json.dumps, lines))
    overlays: list[Any] = [run, run.journal, lines, text, text.encode(), json.dumps(lines)]
    assert len({render(RUN, format, overlay=overlay) for overlay in overlays}) == 1


@EVERY
@pytest.mark.parametrize("wrong", [{"theme": "sepia"}, {"direction": "up"}, {"detail": "none"}])
def test_what_there_is_not_is_refused(format: Format, wrong: dict[str, Any]) -> None:
    """Also by a format that has no use for it."""
    with pytest.raises(PictureError, match=r"unknown (theme|direction|detail)"):
        render(RUN, format, **wrong)
