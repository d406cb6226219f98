"""The Sphinx directive, in builds by the Sphinx that is installed."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from runlife_diagrams.embed import block

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("sphinx", reason="needs Sphinx")
pytestmark = pytest.mark.slow

CONF = 'extensions = ["runlife_diagrams.sphinx"]\nhtml_theme = "basic"\n'


def build(folder: Path, page: str, builder: str = "html", *options: str) -> tuple[str, str]:
    """Build one page, and give what it became and what Sphinx said."""
    (folder / "conf.py").write_text(CONF, encoding="utf-8")
    (folder / "index.rst").write_text(dedent(page), encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-b", builder, *options, ".", "out"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    suffix = {"html": "html", "text": "txt"}[builder]
    return (folder / "out" / f"index.{suffix}").read_text(encoding="utf-8"), done.stderr


def test_a_page_has_its_pictures(tmp_path: Path) -> None:
    """SVG, Mermaid and a table stand in the page as they were drawn; Sphinx finds nothing to warn of."""
    page = """
        Pages
        =====

        .. runlife:: message

        .. runlife:: run
           :path: queued, in_progress
           :theme: dark

        .. runlife:: runlife:MESSAGE
           :format: mermaid

        .. runlife:: message
           :format: html-table
        """
    html, said = build(tmp_path, page, "html", "-j", "2")
    assert said == ""
    assert block("message", {}, ("svg",)).text in html
    assert block("run", {"path": "queued,in_progress", "theme": "dark"}, ("svg",)).text in html
    assert block("message", {}, ("html-table",)).text in html.replace('class="docutils ', 'class="')
    assert '<pre class="mermaid">\nstateDiagram-v2' in html.replace("---\n", "")
    assert "--&gt;" in html
    assert "<p>Lifecycle of" not in html


def test_a_page_without_pictures_has_the_words(tmp_path: Path) -> None:
    """A builder that writes no HTML gets what the picture says of itself."""
    text, said = build(tmp_path, "Page\n====\n\n.. runlife:: message\n", "text")
    assert said == ""
    assert " ".join(text.split()) == f"Page **** {block('message', {}, ('svg',)).words}"


@pytest.mark.parametrize(
    ("directive", "says"),
    [
        (".. runlife:: rum", "unknown lifecycle 'rum'"),
        (".. runlife:: run\n   :theme: pink", "unknown theme 'pink'"),
        (".. runlife:: run\n   :colour: pink", 'unknown option: "colour"'),
        (".. runlife:: run\n   :path: queued,completed", "step 2 of the path does not fit"),
        (".. runlife:: nowhere:RUN", "nowhere:RUN cannot be imported"),
        (
            ".. runlife:: run\n   :format: markdown",
            "unknown format 'markdown'; there are: svg, mermaid, html-table",
        ),
        (".. runlife::", "1 argument(s) required, 0 supplied"),
    ],
)
def test_what_cannot_be_drawn_names_the_page_and_the_line(tmp_path: Path, directive: str, says: str) -> None:
    """A mistake is an error of the page at its line, which ``-W`` makes one of the build; no traceback."""
    html, said = build(tmp_path, f"Page\n====\n\n{directive}\n\nThe rest.\n")
    assert "index.rst:4: ERROR" in said
    assert says in said
    assert "The rest." in html


def test_a_page_is_the_same_whenever_it_is_built(tmp_path: Path) -> None:
    """Two builds write the same bytes."""
    page = "Page\n====\n\n.. runlife:: run\n   :detail: simple\n"
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert build(tmp_path / "one", page) == build(tmp_path / "two", page)
