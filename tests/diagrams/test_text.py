"""Any text becomes something a picture can hold, and ids stay ids."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife_diagrams.text import Ids, slug, visible, width, wrapped

ANY = st.text(st.characters())
"""All of Unicode, lone surrogates and control characters among it."""


@given(ANY)
def test_visible_text_is_xml(text: str) -> None:
    """Whatever the text, what is left of it is legal in XML, on one line, and not empty."""
    element = ET.Element("t")
    element.text = visible(text)
    read = ET.fromstring(ET.tostring(element))  # noqa: S314 - our own output, no stranger's
    assert read.text == visible(text)
    assert len(visible(text).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("queued", "queued"),
        ("", "''"),
        ("a\nb\0", "a\u240ab\u2400"),
        ("\ud800", "\ufffd"),
        ("a\u202eb", "a\ufffdb"),
        ("ביטול 😀", "ביטול 😀"),
    ],
)
def test_what_cannot_be_shown_leaves_a_sign(text: str, shown: str) -> None:
    """Controls, surrogates and overrides of direction become visible signs; letters of any script stay."""
    assert visible(text) == shown


@given(ANY, st.integers(4, 40))
def test_wrapping_loses_no_word(text: str, columns: int) -> None:
    """Lines keep to the columns, and hold every character but white space."""
    lines = wrapped(text, columns)
    assert lines
    assert max(map(len, lines)) <= columns
    shown = "".join(visible(" ".join(text.split())).split())
    assert "".join("".join(lines).split()) == shown


def test_wrapping_leaves_no_widow() -> None:
    """The lines come out about equally long."""
    assert wrapped("no other run is active on the thread", 29) == ("no other run is", "active on the thread")


@given(st.lists(st.tuples(ANY, ANY), max_size=6))
def test_ids_are_unique_and_plain(words: list[tuple[str, str]]) -> None:
    """Ids of any words are letters, digits, _ and - only, and no two are the same."""
    ids = Ids()
    made = [ids.new("edge", *pair) for pair in words]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"edge-[A-Za-z0-9_-]+", id) for id in made)


def test_a_plain_word_is_its_own_slug() -> None:
    """So that a stylesheet or a script can name a status without asking."""
    assert [slug("requires_action"), slug("a.b"), slug("")] == ["requires_action", "a_2e_b", "_"]
    ids = Ids()
    assert [ids.new("a-b", "c"), ids.new("a", "b-c")] == ["a-b-c", "a-b-c-2"]


def test_widths_follow_the_letters() -> None:
    """Wide letters take more room than narrow ones, marks that combine take none, bold takes more."""
    assert width("iii", 10) < width("mmm", 10) < width("日日日", 10)
    assert width("e\u0301", 10) == width("e", 10)
    assert width("word", 10, bold=True) > width("word", 10)
