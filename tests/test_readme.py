"""The README is true: every ```python block in it runs.

A block is a program of its own: it runs as `__main__`, in an empty folder, and shares nothing with
the blocks around it. Blocks with any other word after the fence (```pycon, ```sh, ```text) are for
reading and are left alone.
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

README = Path(__file__).parent.parent / "README.md"

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<info>[^`]*?) *$")
_HEADING = re.compile(r"^#{1,6} +(?P<title>.+?) *#* *$")


class Block(NamedTuple):
    """One fenced block: the heading it stands under, the number of its first line, its word, its text."""

    heading: str
    line: int
    language: str
    source: str


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a Markdown text, in order."""
    heading, fence, language, start = "", "", "", 0
    inside: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        found = _FENCE.match(line)
        if fence:
            if found and not found["info"] and found["fence"].startswith(fence):
                yield Block(heading, start, language, textwrap.dedent("\n".join(inside)) + "\n")
                fence = ""
            else:
                inside.append(line)
        elif found:
            fence, start, inside = found["fence"], number + 1, []
            language = (found["info"].split() or [""])[0]
        elif title := _HEADING.match(line):
            heading = title["title"]
    if fence:
        message = f"the block that opens on line {start - 1} is never closed"
        raise ValueError(message)


def programs() -> list[Block]:
    """Give the ```python blocks of the README, none where there is no README."""
    if not README.exists():
        return []
    return [block for block in blocks(README.read_text(encoding="utf-8")) if block.language == "python"]


def test_the_readme_has_programs() -> None:
    """There is a README, and it shows at least one ```python block."""
    assert README.exists(), f"{README.name} does not exist yet: write it, with at least one ```python block"
    assert programs(), f"{README.name} has no ```python block"


@pytest.mark.parametrize("block", [pytest.param(b, id=f"{b.heading}:{b.line}") for b in programs()])
def test_each_program_runs(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ```python block of the README runs from top to bottom, alone, without an error or a warning."""
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.chdir(tmp_path)
    # Blank lines in front, so that a traceback names the README's own lines.
    padded = "\n" * (block.line - 1) + block.source
    exec(compile(padded, README, "exec", dont_inherit=True), vars(main))  # noqa: S102 - running it is the test


@pytest.mark.slow
def test_the_story_it_shows_is_the_one_the_demo_tells(tmp_path: Path) -> None:
    """The README's ```text block is printed by ``runlife demo``, line for line, up to the dots."""
    pytest.importorskip("click")
    pytest.importorskip("rich")
    from click.testing import CliRunner

    from runlife_adapters.cli.app import app

    shown = next(b for b in blocks(README.read_text(encoding="utf-8")) if b.language == "text").source
    story, _, _ = shown.partition("\n...\n")
    printed = CliRunner().invoke(app, ["demo", "--plain", "--out", str(tmp_path)]).output
    told = "\n".join(line.rstrip() for line in printed.splitlines())
    first, *_, picture = story.splitlines()
    assert first in told
    assert story.removesuffix(picture).strip() in told


@pytest.mark.slow
def test_the_failure_it_shows_is_the_one_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service of the verifier's example fails as shown, and proves what is said once it is mended."""
    pytest.importorskip("openai")
    from runlife_adapters.testing import lifecycle

    shown = [
        b for b in blocks(README.read_text(encoding="utf-8")) if b.heading == "Every path, race and fault"
    ]
    program = next(block for block in shown if block.language == "python").source
    failure, proof = (block.source for block in shown if block.language == "console")
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    exec(program, vars(main))  # noqa: S102 - the same
    with pytest.raises(AssertionError) as caught:
        vars(main)["test_my_service"]()
    assert str(caught.value).startswith(failure)
    exec(program.replace('"expired")', '"expired", "incomplete")'), vars(main))  # noqa: S102 - the same
    said = str(lifecycle.verify(vars(main)["test_my_service"], random=0)).splitlines()
    first, _, last = proof.splitlines()
    assert said[0] == first.replace(", and 500 random ones", "")
    assert said[-1] == last


def test_blocks_are_found_where_they_stand() -> None:
    """A block knows its heading, its first line and its language; a `#` inside a block is no heading."""
    text = (
        "# A\n```python\n# not a heading\n```\n## B ##\n\n- item\n  ```pycon\n  >>> 1\n  ```\n````\n```\n````"
    )
    assert list(blocks(text)) == [
        Block("A", 3, "python", "# not a heading\n"),
        Block("B", 9, "pycon", ">>> 1\n"),
        Block("B", 12, "", "```\n"),
    ]


def test_a_block_left_open_is_an_error() -> None:
    """A fence that is never closed is reported with its line, not taken for the end of the file."""
    with pytest.raises(ValueError, match="line 2 is never closed"):
        list(blocks("text\n```python\nx = 1\n"))
