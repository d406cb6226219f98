"""Lifecycles whose every word may be anything, for the property tests of the formats."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import strategies as st

from runlife import Cause, Effect, Guard, Lifecycle, at, on
from runlife.trace import TraceChecker, UnlawfulError
from runlife.trace.samples import Believed, Conflict, Sample
from runlife_diagrams import Difference, OverlayLike, Picture, picture_of

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


@st.composite
def overlays(draw: st.DrawFn, lifecycle: Lifecycle[Any]) -> OverlayLike:
    """Draw something of any kind that lies over a picture of the lifecycle."""
    create, one, _, back, beat, expire, _ = lifecycle.transitions
    kind = draw(st.sampled_from(["path", "journal", "heat", "belief", "lawful", "difference"]))
    if kind == "path":
        return [create, one, beat, back, expire]
    if kind == "journal":
        records = [(0.0, create), (draw(st.floats(0, 1e9)), one), (2e9, beat), (3e9, beat), (4e9, back)]
        return [
            {"at": at, "event": row.event, "source": row.source, "target": row.target, "cause": row.cause}
            for at, row in records
        ]
    if kind == "heat":
        return {row: draw(st.integers(0, 10**6)) for row in lifecycle.transitions}
    if kind == "belief":
        words = draw(st.lists(WORDS | st.sampled_from(list(lifecycle.statuses)), min_size=2, max_size=2))
        believed = [Believed(one.source, ()), Believed(words[0], ())]
        sample = Sample(1, words[1], 1.0, None, {draw(WORDS): draw(WORDS)})
        return UnlawfulError(sample, believed, words, [Conflict(believed[0], "p", "n", draw(WORDS))])
    return TraceChecker(lifecycle) if kind == "lawful" else Difference(draw(lifecycles()))


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    """Draw a picture of a lifecycle whose every word may be anything, in every manner there is."""
    lifecycle = draw(lifecycles())
    return picture_of(
        lifecycle,
        overlay=draw(st.none() | overlays(lifecycle)),
        detail=draw(st.sampled_from(["full", "simple"])),
        evidence=draw(st.booleans()),
        policies=draw(st.booleans()),
    )


@pytest.fixture(scope="session")
def odd_pictures() -> st.SearchStrategy[Picture]:
    """Give the strategy to a test, which draws from it."""
    return pictures()


@pytest.fixture(scope="session")
def odd_lifecycles() -> st.SearchStrategy[Lifecycle[Any]]:
    """Give the strategy to a test, which draws from it."""
    return lifecycles()
