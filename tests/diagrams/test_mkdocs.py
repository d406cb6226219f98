"""The MkDocs hook: fences become pictures, in text and in builds by the MkDocs that is installed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runlife import MESSAGE
from runlife_diagrams import PictureError, render
from runlife_diagrams.embed import block
from runlife_diagrams.mkdocs import draw_fences

if TYPE_CHECKING:
    from pathlib import Path

PICTURE = block("message", {}, ("svg",)).text


@pytest.mark.parametrize(
    "fence", ["```runlife message\n```", "~~~~ runlife message\n\n~~~~~", "```runlife message\n\n  ```"]
)
def test_a_fence_becomes_its_picture(fence: str) -> None:
    """Whatever the fence is made of, it is replaced, and nothing around it is touched."""
    assert draw_fences(f"before\n\n{fence}\nafter\n") == f"before\n\n{PICTURE}\nafter\n"


def test_a_fence_that_is_not_closed_reaches_to_the_end() -> None:
    """As in Markdown, a fence that nothing closes ends with the page."""
    assert draw_fences("```runlife message") == PICTURE


def test_options_stand_behind_the_name() -> None:
    """Each is ``option=value``, as in the block that they ask for."""
    asked = {"path": "in_progress,completed", "theme": "dark"}
    drawn = draw_fences("```runlife message path=in_progress,completed theme=dark\n```")
    assert drawn == block("message", asked, ("svg",)).text


def test_mermaid_stays_a_fence_and_a_table_is_markdown() -> None:
    """What MkDocs or its plugins draw themselves is left to them, indented as the fence was."""
    mermaid = render(MESSAGE, "mermaid").rstrip("\n").splitlines()
    expected = "\n".join(f"    {line}" for line in ["```mermaid", *mermaid, "```"])
    assert draw_fences("    ```runlife message format=mermaid\n    ```") == expected
    assert draw_fences("```runlife message format=markdown\n```") == render(MESSAGE, "markdown").rstrip("\n")


@pytest.mark.parametrize(
    "page",
    [
        "nothing at all",
        "```python\nprint()\n```",
        "````markdown\n```runlife message\n```\n````",
        "~~~\n```runlife message\n```\n~~~",
        "``` runlife` message",
        "```runlifes message\n```",
        "```\nnot closed\nrunlife message",
    ],
)
def test_everything_else_is_left_alone(page: str) -> None:
    """Other fences stay, also when they show how a fence of ours is written."""
    assert draw_fences(page) == page


@pytest.mark.parametrize(
    ("fence", "says"),
    [
        ("```runlife\n```", "line 3: a runlife fence names a lifecycle"),
        ("```runlife rum\n```", "line 3: unknown lifecycle 'rum'"),
        ("```runlife run theme\n```", "line 3: expected option=value, got 'theme'"),
        ("```runlife run theme=pink\n```", "line 3: unknown theme 'pink'"),
        ("```runlife run path=queued,completed\n```", "line 3: step 2 of the path does not fit"),
        ("```runlife run\npath=queued\n```", "line 3: a runlife fence is empty"),
    ],
)
def test_what_cannot_be_drawn_names_the_line(fence: str, says: str) -> None:
    """A mistake is told with the line of the fence."""
    with pytest.raises(PictureError, match=says):
        draw_fences(f"one\ntwo\n{fence}\n")


def build(folder: Path, page: str) -> subprocess.CompletedProcess[str]:
    """Build a site of one page."""
    pytest.importorskip("mkdocs", reason="needs MkDocs")
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text(page, encoding="utf-8")
    (folder / "hook.py").write_text(
        "from runlife_diagrams.mkdocs import on_page_markdown\n", encoding="utf-8"
    )
    (folder / "mkdocs.yml").write_text("site_name: Ours\nhooks: [hook.py]\n", encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-s"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_site_has_its_pictures(tmp_path: Path) -> None:
    """The picture stands in the page as it was drawn, also inside a list."""
    done = build(tmp_path, "# Page\n\n```runlife message\n```\n\n- item\n\n    ```runlife message\n    ```\n")
    assert done.returncode == 0, done.stdout + done.stderr
    html = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert html.count(PICTURE) == 2


@pytest.mark.slow
def test_a_site_with_a_mistake_names_the_page_and_the_line(tmp_path: Path) -> None:
    """A mistake ends the build with one line, and no traceback."""
    done = build(tmp_path, "# Page\n\n```runlife rum\n```\n")
    assert done.returncode != 0
    assert "index.md: line 3: unknown lifecycle 'rum'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
