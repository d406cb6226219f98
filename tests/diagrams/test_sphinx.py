"""The Sphinx directive, in builds by the Sphinx that is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from attrs import frozen

from runlife_diagrams.embed import block

pytest.importorskip("sphinx", reason="needs Sphinx")
pytestmark = pytest.mark.slow

CONF = 'extensions = ["runlife_diagrams.sphinx"]\nhtml_theme = "basic"\n'
PICTURES = """
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
MISTAKES = {
    ".. runlife:: rum": "unknown lifecycle 'rum'",
    ".. runlife:: run\n   :theme: pink": "unknown theme 'pink'",
    ".. runlife:: run\n   :colour: pink": 'unknown option: "colour"',
    ".. runlife:: run\n   :path: queued,completed": "step 2 of the path does not fit",
    ".. runlife:: nowhere:RUN": "nowhere:RUN cannot be imported",
    ".. runlife:: run\n   :format: pdf": "unknown format 'pdf'; there are: svg, mermaid, html-table",
    ".. runlife::": "1 argument(s) required, 0 supplied",
}


@frozen
class Built:
    """What a build made of the pages, and what Sphinx said."""

    folder: Path
    said: str

    def page(self, name: str) -> str:
        """Return what became of a page."""
        return next(self.folder.glob(f"{name}.*")).read_text(encoding="utf-8")


def build(folder: Path, pages: dict[str, str], builder: str = "html") -> Built:
    """Build pages that no table of contents names."""
    (folder / "conf.py").write_text(CONF, encoding="utf-8")
    for name, page in pages.items():
        (folder / f"{name}.rst").write_text(f":orphan:\n\n{dedent(page)}", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-j", "2", "-b", builder, ".", "out"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return Built(folder / "out", done.stderr)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Give a build of pages in which all is well."""
    simple = "Page\n====\n\n.. runlife:: run\n   :detail: simple\n"
    return build(tmp_path_factory.mktemp("good"), {"index": PICTURES, "one": simple, "two": simple})


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Give a build of pages with a mistake each."""
    mistakes = {f"m{number}": directive for number, directive in enumerate(MISTAKES)}
    pages = {name: f"Page\n====\n\n{directive}\n\nThe rest.\n" for name, directive in mistakes.items()}
    return build(tmp_path_factory.mktemp("wrong"), {"index": "Index\n=====\n", **pages})


def test_a_page_has_its_pictures(good: Built) -> None:
    """SVG, Mermaid and a table stand in the page as they were drawn; Sphinx finds nothing to warn of."""
    html = good.page("index")
    assert good.said == ""
    assert block("message", {}, ("svg",)).text in html
    assert block("run", {"path": "queued,in_progress", "theme": "dark"}, ("svg",)).text in html
    assert block("message", {}, ("html-table",)).text in html.replace('class="docutils ', 'class="')
    assert '<pre class="mermaid">\nstateDiagram-v2' in html.replace("---\n", "")
    assert "--&gt;" in html
    assert "<p>Lifecycle of" not in html


def test_a_picture_is_the_same_wherever_it_stands(good: Built) -> None:
    """Two pages with the same picture have the same bytes, but for the name of the page."""
    assert good.page("one").replace("one.rst", "two.rst") == good.page("two")
    assert block("run", {"detail": "simple"}, ("svg",)).text in good.page("one")


def test_a_page_without_pictures_has_the_words(tmp_path: Path) -> None:
    """A builder that writes no HTML gets what the picture says of itself."""
    built = build(tmp_path, {"index": "Page\n====\n\n.. runlife:: message\n"}, "text")
    assert built.said == ""
    assert " ".join(built.page("index").split()) == f"Page **** {block('message', {}, ('svg',)).words}"


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=list(MISTAKES.values()))
def test_what_cannot_be_drawn_names_the_page_and_the_line(wrong: Built, number: int) -> None:
    """A mistake is an error of the page at its line, which ``-W`` makes one of the build; no traceback."""
    _, error, after = wrong.said.partition(f"m{number}.rst:6: ERROR")
    assert error
    assert list(MISTAKES.values())[number] in after.partition(".rst:")[0]
    assert "Traceback" not in wrong.said
    assert "The rest." in wrong.page(f"m{number}")
