"""The README's table of features is true: whatever it says of ours, a test that exists shows.

What it says of others was found out once, on the day and in the versions that it names.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
HEADING = "### What it answers, beside the others\n"
MARKS = {"yes", "part", "no", "not yet", "not run"}
MARKS_OF_OTHERS = {"yes", "part", "no", "by hand", "npm", "proxy", "-", "?"}

_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^()\s]*)(?: \"(?P<title>[^\"]*)\")?\)")


class Row(NamedTuple):
    """One feature: what it is, what is said of ours, and of each of the others."""

    feature: str
    ours: str
    others: list[str]


class Link(NamedTuple):
    """One link: its text, the file it leads to, and its title, which names the test there."""

    text: str
    target: str
    title: str


def section() -> str:
    """Give the section with the table, up to the next heading."""
    _, found, after = (ROOT / "README.md").read_text(encoding="utf-8").partition(HEADING)
    assert found, f"README.md has no heading {HEADING!r}"
    return re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[list[str]]:
    """Give the cells of the lines of a table, without the line below its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [line for line in cells if not all(re.fullmatch(r":?-+:?", cell) for cell in line)]


def rows() -> list[Row]:
    """Give the rows of the README's table, without its head."""
    _, *lines = table(section())
    return [Row(feature, ours, others) for feature, ours, *others in lines]


def links(cell: str) -> list[Link]:
    """Give the links of a cell."""
    return [Link(found["text"], found["target"], found["title"] or "") for found in _LINK.finditer(cell)]


def plain(cell: str) -> str:
    """Give a cell as a reader sees it: of each link, its text."""
    return _LINK.sub(lambda found: found["text"], cell)


def mark(cell: str) -> str:
    """Give the mark with which a cell begins."""
    return re.split(r"[:,]", plain(cell), maxsplit=1)[0]


@cache
def functions_in(path: Path) -> frozenset[str]:
    """Give the names of the test functions that a file defines."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    functions = (node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(name for name in functions if name.startswith("test_"))


EVERY_LINK = [
    pytest.param(link, id=f"{row.feature}: {link.text}") for row in rows() for link in links(row.ours)
]


@pytest.mark.parametrize("link", EVERY_LINK)
def test_a_link_of_ours_leads_to_a_test(link: Link) -> None:
    """The target is a file of tests, and the title the name of a test function in it."""
    path = ROOT / link.target
    assert re.fullmatch(r"tests/([\w.-]+/)*test_\w+\.py", link.target)
    assert path.is_file(), f"{link.target} is not there"
    assert link.title in functions_in(path), f"{link.target} has no test named {link.title!r}"


def test_a_yes_of_ours_is_shown() -> None:
    """Each cell of our column begins with a mark of the legend; a yes is itself a link, a no has none."""
    for feature, ours, _ in rows():
        assert mark(ours) in MARKS, f"{feature}: {ours}"
        linked = [link.text for link in links(ours)]
        assert (mark(ours) == "yes") == ("yes" in linked), f"{feature}: {ours}"
        assert mark(ours) in {"yes", "part"} or not linked, f"{feature}: {ours}"


def test_the_others_have_an_answer_in_each_row() -> None:
    """As many as the head has names; each begins with a mark of the legend."""
    head, *lines = table(section())
    for line in lines:
        assert len(line) == len(head), line[0]
        assert {mark(cell) for cell in line[2:]} <= MARKS_OF_OTHERS, line[0]


def test_a_feature_is_listed_once() -> None:
    """No row says again what another says."""
    features = [row.feature for row in rows()]
    assert len(set(features)) == len(features) >= 20


def test_a_table_is_read_as_it_is_written() -> None:
    """Cells, links and marks are found where they stand, so that none of the above passes over nothing."""
    text = '| | a | b |\n|---|---|:-:|\n| x | [yes](tests/t.py "test_t"), [too](u) | part: video |\n'
    head, line = table(text)
    assert (head, line[0], plain(line[1])) == (["", "a", "b"], "x", "yes, too")
    assert links(line[1]) == [Link("yes", "tests/t.py", "test_t"), Link("too", "u", "")]
    assert [mark(cell) for cell in line[1:]] == ["yes", "part"]
