"""Transition tables: every row is there, and no text can add a cell, a line or any markup."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle, Policy
from runlife_diagrams import render
from runlife_diagrams.formats.table import to_html_table, to_markdown
from runlife_diagrams.text import visible

OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)
Tables = list[list[list[str]]]
NOTHING = "\N{EN DASH}"


class Reader(HTMLParser):
    """Reads tables, and notes every tag, attribute and whatever is neither tag nor text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: Tables = []
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.odd: list[str] = []
        self.cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self.cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self.cell = False

    def handle_data(self, data: str) -> None:
        if self.cell:
            self.tables[-1][-1][-1] += data

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def read(html: str) -> Reader:
    """Parse the HTML."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def from_markdown(text: str) -> Reader:
    """Parse Markdown as GitHub does, as far as tables go, with raw HTML allowed."""
    return read(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))


def expected(lifecycle: Lifecycle[Any]) -> Tables:
    """Return the cells of both tables."""
    events = list(dict.fromkeys(row.event for row in lifecycle.transitions))
    statuses: list[Any] = [None, *lifecycle.statuses]
    moves, rows = [["status", *map(visible, events)]], []
    for status in statuses:
        name = "not created" if status is None else visible(status)
        targets = [lifecycle.moves[status].get(event, ()) for event in events]
        cells = [
            ", ".join(dict.fromkeys(visible(row.target) for row in found)) or NOTHING for found in targets
        ]
        moves.append([name + (" (terminal)" if status in lifecycle.terminal else ""), *cells])
        for row in lifecycle.transitions:
            if row.source == status:
                when = f"{row.deadline} is due" if row.deadline else row.guard.says if row.guard else NOTHING
                then = row.effect.says if row.effect else NOTHING
                words = [row.event, row.target, row.cause, when, then, row.evidence]
                rows.append([name, *map(visible, words)])
    return [moves, [["status", "event", "leads to", "by", "when", "then", "evidence"], *rows]]


def spaced(tables: Tables) -> Tables:
    """Return the cells without the white space around them, which no table keeps."""
    return [[[cell.strip() for cell in line] for line in table] for table in tables]


@OURS
def test_every_row_is_there(lifecycle: Lifecycle[Any]) -> None:
    """Where each event leads from each status, and each row with guard, effect, cause and evidence."""
    assert read(render(lifecycle, "html-table")).tables == expected(lifecycle)
    assert from_markdown(render(lifecycle, "markdown")).tables == expected(lifecycle)


def test_a_policy_changes_the_tables() -> None:
    """A row that the policy switches off is in neither."""
    strict = RUN.under(Policy(queued_may_fail=False))
    assert "| `queued` | `fail` |" in to_markdown(RUN)
    assert "| `queued` | `fail` |" not in to_markdown(strict)
    assert len(to_html_table(strict)) < len(to_html_table(RUN))


def test_headers_have_a_scope() -> None:
    """So a screen reader says of each cell which status and which event it is about."""
    html = to_html_table(RUN)
    assert html.count("<caption>") == html.count("<table ") == 2
    assert html.count("<th ") == html.count('<th scope="col">') + html.count('<th scope="row">')
    assert html.count("<th") - html.count("<thead") == html.count("<th ")


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(st.data())
def test_html_keeps_its_structure(
    odd_lifecycles: st.SearchStrategy[Lifecycle[Any]], data: st.DataObject
) -> None:
    """There are no tags but those of the table, and the cells say what was meant."""
    lifecycle = data.draw(odd_lifecycles)
    reader = read(to_html_table(lifecycle))
    assert reader.tables == expected(lifecycle)
    assert reader.tags == {"table", "caption", "thead", "tbody", "tr", "th", "td", "code"}
    assert {name for name, _ in reader.attributes} == {"class", "scope"}
    assert reader.odd == []


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(st.data())
def test_markdown_keeps_its_structure(
    odd_lifecycles: st.SearchStrategy[Lifecycle[Any]], data: st.DataObject
) -> None:
    """A parser of Markdown sees two tables and two lines in bold, and the cells say what was meant."""
    lifecycle = data.draw(odd_lifecycles)
    text = to_markdown(lifecycle)
    reader = from_markdown(text)
    assert spaced(reader.tables) == spaced(expected(lifecycle))
    assert reader.tags <= {"p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code"}
    assert reader.attributes == set()
    assert reader.odd == []
