"""The one call for every format: what holds for all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

import runlife
import runlife_diagrams
from runlife import MESSAGE, RUN
from runlife_diagrams import FORMATS, Format, PictureError, render

EVERY = pytest.mark.parametrize("format", FORMATS)
PROGRAM = """
import sys
from runlife import MESSAGE
from runlife_diagrams import FORMATS, render
for format in FORMATS:
    sys.stdout.buffer.write(render(MESSAGE, format).encode())
"""


@pytest.mark.slow
def test_bytes_do_not_depend_on_hashes() -> None:
    """Every format comes out the same under every seed of the hashes."""
    packages = [os.path.dirname(os.path.dirname(one.__file__)) for one in (runlife, runlife_diagrams)]  # noqa: PTH120 - as PYTHONPATH has them
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(packages)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert outputs == {"".join(render(MESSAGE, format) for format in FORMATS).encode()}


@EVERY
def test_a_format_is_text_of_utf8(format: Format) -> None:
    """It ends with the end of a line, and can be written to a file."""
    text = render(RUN, format)
    assert text.endswith("\n")
    assert "\r" not in text
    assert text.encode().decode() == text


@EVERY
def test_a_path_is_shown_or_refused(format: Format) -> None:
    """Nothing that was asked for is left out in silence."""
    path = ["queued", "in_progress"]
    if format in {"markdown", "html-table", "scxml", "xstate"}:
        with pytest.raises(PictureError, match=f"there is none in {format}"):
            render(RUN, format, path=path)
    else:
        assert render(RUN, format, path=path) != render(RUN, format)


@EVERY
def test_a_heat_is_shown_or_refused(format: Format) -> None:
    """Nothing that was asked for is left out in silence."""
    heat = {"queued -start-> in_progress": 3}
    if format in {"svg", "mermaid", "plantuml", "json"}:
        assert render(RUN, format, heat=heat) != render(RUN, format)
    else:
        with pytest.raises(PictureError, match=f"there is none in {format}"):
            render(RUN, format, heat=heat)


@EVERY
@pytest.mark.parametrize("wrong", [{"theme": "sepia"}, {"direction": "up"}])
def test_what_there_is_not_is_refused(format: Format, wrong: dict[str, Any]) -> None:
    """Also by a format that has no use for it."""
    with pytest.raises(PictureError, match=r"unknown (theme|direction)"):
        render(RUN, format, **wrong)
