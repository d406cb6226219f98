"""Tables between marks: written anew, and nothing else of the document is touched."""

from __future__ import annotations

import pytest

from runlife import MESSAGE, RUN
from runlife_diagrams import PictureError, render
from runlife_diagrams.readme import refresh

BEGIN, END = "<!-- runlife:table run -->", "<!-- /runlife:table -->"


def test_a_table_is_written_between_its_marks() -> None:
    """Whatever stood there; and once more changes nothing."""
    text = f"# One\n\n{BEGIN}\nold\n{END}\nafter\n<!-- runlife:table message -->\n{END}\n"
    fresh = refresh(text)
    tables = (render(RUN, "markdown"), render(MESSAGE, "markdown"))
    first, second = (f"\n{table}\n{END}\n" for table in tables)
    assert fresh == f"# One\n\n{BEGIN}\n{first}after\n<!-- runlife:table message -->\n{second}"
    assert refresh(fresh) == fresh


@pytest.mark.parametrize("text", ["", "no marks\n", "in `<!-- runlife:table run -->` it is only quoted\n"])
def test_what_has_no_marks_stays_as_it_is(text: str) -> None:
    """A mark stands on a line of its own."""
    assert refresh(text) == text


def test_the_ends_of_lines_stay_as_they_are() -> None:
    """Of a document from Windows as well."""
    fresh = refresh(f"{BEGIN}\r\n{END}\r\n")
    assert fresh.count("\n") == fresh.count("\r\n") > 10


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"\n{BEGIN}\n", "line 2: the table is not ended"),
        (f"{END}\n", "line 1: a table ends, but none has begun"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n", "line 2: a table begins inside another"),
        (
            "<!-- runlife:table door -->\n",
            "line 1: there is no table 'door'; there are run, run_step, message",
        ),
        ("<!-- runlife:table -->\n", "line 1: there is no table None"),
    ],
)
def test_a_mark_that_makes_no_sense_is_refused(text: str, says: str) -> None:
    """With its line."""
    with pytest.raises(PictureError, match=says):
        refresh(text)
