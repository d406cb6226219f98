"""The page: whole in one file, the picture and the tables tied together, and no word of it harmful."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from runlife import MESSAGE, RUN, RUN_STEP, Guard, Lifecycle, Policy, Record, Run
from runlife_diagrams import Difference, picture_of, render
from runlife_diagrams.html import to_html
from runlife_diagrams.text import visible

OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)
STRICT = RUN.under(Policy(cancel_may_lose=False))
"""The same table, with rows that the policy switches off."""
NO_SVG = "<svg></svg>"
LOOP = ("queued", "in_progress", "requires_action", "queued", "in_progress", "completed")


class Reader(HTMLParser):
    """What is in a page: its elements with their attributes, and the text of each script and style."""

    VOID = frozenset(("meta", "input"))

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in {"script", "style"}:
            self.raw.append((self._open[-1], data))
        else:
            self.texts.append(data)

    def all(self, tag: str, attribute: str | None = None) -> list[dict[str, str | None]]:
        """Return the attributes of the elements of this name, if they have one of that name."""
        return [
            found for name, found in self.elements if name == tag and (not attribute or attribute in found)
        ]


def hash_of(text: str) -> str:
    """Return how a policy of content names an inline script or style."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


# --------------------------------------------------------------------------- the file


def test_it_loads_nothing() -> None:
    """The page names no other file, allows its own styles and script by hash, and has no style in between."""
    page = Reader(render(RUN, "html"))
    policy = page.all("meta", "http-equiv")[0]["content"] or ""
    assert policy.startswith("default-src 'none'; ")
    assert set(re.findall(r"'sha256-[^']+'", policy)) == {hash_of(text) for _, text in page.raw}
    for _, attributes in page.elements:
        assert not {"src", "style", "srcset", "action"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")


def test_it_is_small() -> None:
    """The page of a run is not much more than its picture, twice styled, and its table."""
    assert len(render(RUN, "html").encode()) < 80_000


def test_it_brings_both_themes() -> None:
    """A picture of either theme gives the same page: it has both, and asks the reader's system."""
    assert render(RUN, "html", theme="dark") == render(RUN, "html", theme="light")
    assert Reader(render(RUN, "html")).all("style", "media") == [
        {"id": "dark", "media": "screen and (prefers-color-scheme: dark)"}
    ]


# --------------------------------------------------------------------------- what is tied to what


@OURS
def test_every_row_is_tied_to_its_edge(lifecycle: Lifecycle[Any]) -> None:
    """Each line of the tables bears the ids of what it tells of, and each of these is in the picture."""
    page = Reader(render(lifecycle, "html"))
    groups = {found["id"]: found for found in page.all("g", "id")}
    drawn = {id for found in groups.values() for id in (found.get("data-rows") or "").split()}
    lines = page.all("tr", "data-row")
    assert len(lines) == len(lifecycle.transitions)
    assert {line["data-row"] for line in lines} == drawn
    assert {line["data-node"] for line in page.all("tr", "data-node")} == {
        id for id in groups if id and id.startswith("node-")
    }
    assert all(groups[line["data-source"]] and groups[line["data-target"]] for line in lines)


def test_the_ids_are_those_of_the_words_beside_them() -> None:
    """A line that tells of an event from one status to another is tied to that very row."""
    table = render(RUN, "html").partition('<table class="runlife-rows">')[2].partition("</table>")[0]
    lines = re.findall(r'<tr data-row="(.*?)".*?</tr>', table)
    words = [re.findall(r"<code>(.*?)</code>", line) for line in re.findall(r"<tr data-row.*?</tr>", table)]
    assert lines == [
        "-".join(["edge", *(["initial"] if len(found) < 3 else [found[0]]), *found[-2:]]) for found in words
    ]


def test_the_table_says_what_a_document_leaves_out() -> None:
    """What a row sets and clears, and the policy that it hangs on, stand in the table of the page."""
    policy = Policy()
    page = render(RUN, "html")
    heads = re.findall(r'<th scope="col">(\w+)</th>', page)
    assert {"sets", "clears"} <= set(heads)
    hanging = next(row for row in RUN.transitions if row.given is not None and row.given.holds(policy))
    assert "policy" in heads
    assert visible(str(hanging.given)) in page


def test_rows_drawn_as_one_are_all_in_the_table() -> None:
    """Two rows of one event between two statuses have a line each, also where the picture draws one label."""
    many = Guard("many", "there are many", lambda *_: True)
    rows = [evolve(row, guard=many) for row in RUN.rows if row.event == "require_action"]
    twice = evolve(RUN, rows=[*rows, *RUN.rows])
    simple = picture_of(twice, detail="simple")
    page = Reader(to_html(twice, simple, NO_SVG))
    ties = [line["data-row"] for line in page.all("tr", "data-row")]
    assert len(ties) == len(twice.transitions)
    assert set(ties) == {label.id for edge in simple.edges for label in edge.labels}


@pytest.mark.parametrize("options", [{"policies": True}, {"overlay": Difference(RUN)}], ids=["off", "other"])
def test_what_only_the_picture_has_gets_a_line(options: Any) -> None:
    """A row that is switched off, or that another policy has, is in the table as well, and says so."""
    picture = picture_of(STRICT, **options)
    text = to_html(STRICT, picture, NO_SVG)
    labels = [label for edge in picture.edges for label in edge.labels]
    assert {line["data-row"] for line in Reader(text).all("tr", "data-row")} == {label.id for label in labels}
    assert len(labels) > len(STRICT.transitions)
    assert all(html.escape(note) in text for label in labels for note in label.notes)


def test_a_path_is_a_list_of_steps() -> None:
    """Who cannot see the numbers on the edges reads the steps, each a link to its edge."""
    page = Reader(render(RUN, "html", overlay=LOOP))
    steps = page.all("li", "data-row")
    assert [step["data-target"] for step in steps] == [f"node-{status}" for status in LOOP[1:]]
    assert steps[0]["data-source"] == "node-queued"


def test_a_journal_tells_its_times() -> None:
    """The steps of a journal say when each was taken, and how long a status lasted."""
    run = Run.create(now=0.0, id="run_1", thread_id="thread_1", active_run_id=None, has_input=True)
    run.apply("start", now=4.0)
    page = html.unescape(render(RUN, "html", overlay=run))
    assert "queued -start-> in_progress, 4 s after the first record" in page
    assert "<li>queued for 4 s</li>" in page


def test_a_long_journal_keeps_how_long_statuses_lasted() -> None:
    """Of a way of more than forty steps, the words beside the steps were lost once."""
    rows = {row.event: row for row in RUN.transitions}
    taken = [rows["start"], *[rows["require_action"], rows["submit_tool_outputs"], rows["start"]] * 20]
    journal = [Record(float(number), row, {}) for number, row in enumerate(taken)]
    page = html.unescape(render(RUN, "html", overlay=journal))
    assert len(Reader(page).all("li", "data-row")) == len(journal)
    assert "<li>requires_action for 20 s in 20 stays</li>" in page


def test_of_a_very_long_way_the_last_steps_are_listed() -> None:
    """A page of a journal of thousands of records had megabytes once; it says what it leaves out."""
    path = ["queued", *(["in_progress", "requires_action", "queued"] * 400)]
    page = render(RUN, "html", overlay=path)
    steps = Reader(page).all("li", "data-row")
    assert len(steps) == 1_000
    assert steps[-1]["data-target"] == "node-queued"
    assert "<p>Listed and played are the last 1,000 of 1,200 steps.</p>" in page


def test_an_overlay_without_steps_says_itself_in_words() -> None:
    """How often rows were taken stands in the table, and nothing is there to be played."""
    page = render(RUN, "html", overlay={"queued -start-> in_progress": 12})
    assert 'id="player"' not in page
    assert '<ul class="says">' in page
    assert '<th scope="col">shown</th>' in page


# --------------------------------------------------------------------------- any words


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)  # each is large
@given(data=st.data())
def test_any_word_stays_text(data: st.DataObject, odd_lifecycles: st.SearchStrategy[Lifecycle[Any]]) -> None:
    """No word of a lifecycle becomes an element, an attribute or a script: each is text, and readable."""
    lifecycle = data.draw(odd_lifecycles)
    picture = picture_of(lifecycle)
    page = Reader(to_html(lifecycle, picture, NO_SVG))
    plain = Reader(to_html(RUN, picture_of(RUN), NO_SVG))
    assert page.raw == plain.raw
    assert {name for name, _ in page.elements} <= {name for name, _ in plain.elements} | {"code"}
    assert len(page.all("tr", "data-row")) == len(lifecycle.transitions)
    text = "".join(page.texts)
    assert all(visible(status) in text for status in lifecycle.statuses)
    assert all(visible(event) in text for event in lifecycle.events)
