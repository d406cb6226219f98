"""A picture in a page: what is asked for by words, as one line of HTML that meets nothing of the page."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife import MESSAGE, RUN
from runlife_diagrams import PathError, PictureError, render
from runlife_diagrams.embed import as_image, block, lifecycle_named

if TYPE_CHECKING:
    from pathlib import Path

    from runlife_diagrams.embed import BlockFormat

ALL: tuple[BlockFormat, ...] = ("svg", "mermaid", "markdown", "html-table")


class Tags(HTMLParser):
    """The tags of a piece of HTML, each with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def only(self, tag: str) -> dict[str, str | None]:
        (attributes,) = [attributes for name, attributes in self.found if name == tag]
        return attributes


def svg_in(url: str | None) -> str:
    """Give the SVG that a data URL holds."""
    kind, data = (url or "").split(",", 1)
    assert kind == "data:image/svg+xml;base64"
    return b64decode(data).decode()


def test_a_picture_is_there_in_both_themes_and_the_browser_chooses() -> None:
    """Without options it is the SVG, light, and dark for who prefers that; byte for byte what we render."""
    drawn = block("message", {}, ALL)
    assert "\n" not in drawn.text
    tags = Tags(drawn.text)
    assert [tag for tag, _ in tags.found] == ["div", "picture", "source", "img"]
    assert svg_in(tags.only("img")["src"]) == render(MESSAGE)
    assert tags.only("source")["media"] == "(prefers-color-scheme: dark)"
    assert svg_in(tags.only("source")["srcset"]) == render(MESSAGE, theme="dark")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_that_is_asked_for_is_the_only_one(theme: Any) -> None:
    """A page of one theme has one picture and no choice."""
    tags = Tags(block("message", {"theme": theme}, ALL).text)
    assert [tag for tag, _ in tags.found] == ["div", "img"]
    assert svg_in(tags.only("img")["src"]) == render(MESSAGE, theme=theme)


def test_who_cannot_see_it_is_told_its_title_and_description() -> None:
    """The alternative text of the image is what the SVG says of itself, and so are the words of the block."""
    drawn = block("run", {"path": "queued, in_progress"}, ALL)
    alt = Tags(drawn.text).only("img")["alt"] or ""
    assert re.match(r"Lifecycle of run\. A state diagram of 9 statuses and 19 transitions, .*start", alt)
    assert alt == drawn.words


def test_the_options_are_those_of_render() -> None:
    """Path, direction, detail and switches arrive as what render takes."""
    asked = {
        "path": "in_progress,completed",
        "theme": "light",
        "direction": "LR",
        "detail": "simple",
        "guards": "no",
        "evidence": "yes",
        "policies": "yes",
    }
    drawn = block("message", {**asked, "format": "mermaid"}, ALL)
    assert drawn.text + "\n" == render(
        MESSAGE,
        "mermaid",
        overlay=["in_progress", "completed"],
        direction="LR",
        detail="simple",
        guards=False,
        evidence=True,
        policies=True,
    )


def test_a_table_is_a_table() -> None:
    """A table stands in the page as it is rendered; in HTML it scrolls where the page is too narrow."""
    assert block("message", {"format": "markdown"}, ALL).text == render(MESSAGE, "markdown").rstrip("\n")
    drawn = block("message", {"format": "html-table"}, ALL)
    assert drawn.format == "html-table"
    assert render(MESSAGE, "html-table").rstrip("\n") in drawn.text
    assert "overflow-x: auto" in (Tags(drawn.text).only("div")["style"] or "")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"colour": "red"}, "unknown option 'colour'; there are: format, path, theme"),
        ({"theme": "pink"}, "unknown theme 'pink'; there are: auto, light, dark"),
        ({"format": "png"}, "unknown format 'png'; there are: svg, mermaid"),
        ({"guards": "off"}, "unknown guards 'off'; there are: yes, no"),
        ({"direction": "BT"}, "unknown direction 'BT'"),
        ({"detail": "none"}, "unknown detail 'none'"),
    ],
)
def test_an_option_that_cannot_be_says_what_could(options: dict[str, str], says: str) -> None:
    """A misspelt option is refused, naming those there are."""
    with pytest.raises(PictureError, match=says):
        block("run", options, ALL)


def test_a_path_that_does_not_fit_says_where() -> None:
    """The error is the one that render raises, with the step and what would be legal."""
    with pytest.raises(PathError, match="step 2"):
        block("run", {"path": "queued,completed"}, ALL)


def test_a_host_draws_what_it_can_hold() -> None:
    """A format that the page cannot hold is none, and the first one that it can is drawn unasked."""
    assert block("message", {}, ("mermaid",)).format == "mermaid"
    with pytest.raises(PictureError, match="unknown format 'svg'; there are: mermaid"):
        block("message", {"format": "svg"}, ("mermaid",))


def test_a_lifecycle_is_named_or_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours have names; any other is ``module:NAME``, and a dotted name looks inside."""
    (tmp_path / "our_table.py").write_text("from runlife import Run\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert lifecycle_named("run") is RUN
    assert lifecycle_named("runlife:MESSAGE") is MESSAGE
    assert lifecycle_named("our_table:Run.table") is RUN


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rum", "unknown lifecycle 'rum'; there are: run, run_step, message, .*module:NAME"),
        ("nowhere:RUN", "nowhere:RUN cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("runlife:RAN", "runlife:RAN: there is no 'RAN' in it; its lifecycles: .*RUN"),
        ("runlife:Run", "runlife:Run: Run is no Lifecycle but of type type; its lifecycles: "),
        (":RUN", ":RUN cannot be imported"),
        ("runlife:", "runlife:: there is no '' in it"),
    ],
)
def test_a_lifecycle_that_is_none_says_why(name: str, says: str) -> None:
    """A name of nothing, a module that is not there and a thing that is no lifecycle are told apart."""
    with pytest.raises(PictureError, match=says):
        lifecycle_named(name)


def test_a_module_that_fails_is_an_error_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever importing somebody's module raises is told in one line, and is no traceback of ours."""
    (tmp_path / "broken_table.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PictureError, match="broken_table:X cannot be imported: ZeroDivisionError"):
        lifecycle_named("broken_table:X")


@pytest.mark.slow
@given(words=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_the_words_of_an_image_end_nothing(words: str) -> None:
    """Whatever an SVG says of itself stays inside the alternative text, on one line."""
    safe = words.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "]]&gt;")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><title>t</title><desc>{safe}</desc></svg>'
    image = as_image(svg)
    assert len(image.splitlines()) == 1
    tags = Tags(image)
    assert [tag for tag, _ in tags.found] == ["img"]
    said = " ".join(words.split())
    assert tags.only("img")["alt"] == (f"t. {said.removesuffix('.')}." if said else "t.")
