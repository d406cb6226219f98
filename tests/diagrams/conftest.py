"""Lifecycles whose every word may be anything, for the property tests of the formats."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import strategies as st

from runlife import Cause, Effect, Guard, Lifecycle, at, on

NASTY = [
    *('"', "'", "<b>", "a|b", "a\nb", "a -> b", "😀", "ביטול", "</script>", "]]>", "<!--", "&lt;", "#35;"),
    *("\\", "\\N", "\\n", "%%{init}%%", "; --> x: y", "{}", "`**x**`", "_x_", "1. one", "\0", "\ud800", ""),
    *("\u202ex", "end", "state", "constructor", "__proto__", "node-x", "S1", "[*]", "$$x$$", ":::y", "//"),
    *("initial", "*", "a.b", "10", "<U+0041>", "@enduml", "!include x", "%version()", "remove", "s_x"),
    *("\x1b[31m", "x" * 200, "字" * 100, "| --- |", "[x](y)", "www.x.y", "~~~", "\u2028", "&#124;"),
]
WORDS = st.sampled_from(NASTY) | st.text(st.characters(), max_size=30)


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle[Any]:
    """Draw a small lifecycle with rows of every kind."""
    names = draw(st.lists(WORDS, min_size=3, max_size=3, unique=True))
    status: Any = StrEnum("Odd", {f"S{index}": name for index, name in enumerate(names)})
    one, two, end = status
    guard = Guard(draw(WORDS.filter(bool)), draw(WORDS.filter(bool)), lambda *_: True)
    timed = Effect(draw(WORDS), draw(WORDS), {"due_at": lambda *_: 9.0})
    events = draw(st.lists(WORDS, min_size=6, max_size=6, unique=True))
    return Lifecycle(
        draw(WORDS),
        status,
        terminal=[end],
        rows=[
            on(events[0], None, one, by=Cause.CLIENT, then=timed),
            on(events[1], one, two, by=Cause.SERVER, when=guard),
            on(events[2], one, two, by=Cause.SERVER, when=guard & guard),
            on(events[3], two, one, by=Cause.CLIENT),
            on(events[4], two, two, by=Cause.SERVER),
            at("due_at", [one, two], end, event=events[5]),
        ],
    )


@pytest.fixture(scope="session")
def odd_lifecycles() -> st.SearchStrategy[Lifecycle[Any]]:
    """Give the strategy to a test, which draws from it."""
    return lifecycles()
