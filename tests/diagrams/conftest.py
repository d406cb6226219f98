"""Lifecycles whose every word may be anything, for the property tests of the formats; and a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from enum import StrEnum
from select import select
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

from runlife import Cause, Effect, Guard, Lifecycle, at, on
from runlife.trace import TraceChecker, UnlawfulError
from runlife.trace.samples import Believed, Conflict, Sample
from runlife_diagrams import Difference, OverlayLike, Picture, picture_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# --------------------------------------------------------------------------- a browser


_PATIENCE = 60
"""Seconds: how long the browser may take to answer."""


class Chromium:
    """A headless Chromium, started once and told through a pipe what to do (Chrome DevTools Protocol)."""

    def __init__(self, program: str, profile: Path) -> None:
        theirs, self._to = os.pipe()
        self._from, back = os.pipe()
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"]
        command += ["--remote-debugging-pipe", f"--user-data-dir={profile}"]
        command += ["--force-prefers-reduced-motion"]  # nobody looks: no frame is ever drawn to move in

        def connect() -> None:
            os.dup2(theirs, 3)  # where it listens
            os.dup2(back, 4)  # where it answers; the pipes took the lowest numbers, so this is not the first

        self._process = subprocess.Popen(
            command,
            preexec_fn=connect,  # noqa: PLW1509  # two system calls: nothing that waits for a thread
            pass_fds=(3, 4),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(back)
        self._told = b""
        self._happened: set[str] = set()
        self._number = 0

    def look(self, url: str, expression: str, seconds: int = 20) -> Any:
        """Open a page, and return what an expression is there, once it is something; None if it stays none.

        :param seconds: of virtual time, at most. Each is drawn, frame by frame, so none is spent for nothing.
        """
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        page = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._ask("Page.enable", page)
        self._happened.clear()
        self._ask("Page.navigate", page, url=url)
        self._await("Page.loadEventFired")
        found = None
        for _ in range(seconds):
            self._happened.clear()
            policy = {"policy": "pauseIfNetworkFetchesPending", "budget": 1000}
            self._ask("Emulation.setVirtualTimePolicy", page, **policy)
            self._await("Emulation.virtualTimeBudgetExpired")
            told = self._ask("Runtime.evaluate", page, expression=expression, returnByValue=True)
            if (found := told["result"].get("value")) is not None:
                break
        self._ask("Target.closeTarget", targetId=target)
        return found

    def close(self) -> None:
        """End it: it goes when nobody talks to it any more."""
        os.close(self._to)
        self._process.wait(_PATIENCE)
        os.close(self._from)

    def _ask(self, method: str, page: str | None = None, **params: object) -> Any:
        self._number += 1
        session = {} if page is None else {"sessionId": page}
        asked = {"id": self._number, "method": method, "params": params, **session}
        os.write(self._to, json.dumps(asked).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def _await(self, event: str) -> None:
        while event not in self._happened:
            self._next()

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._told:
            assert select([self._from], [], [], _PATIENCE)[0], "the browser does not answer"
            read = os.read(self._from, 1 << 16)
            assert read, "the browser has gone"
            self._told += read
        one, _, self._told = self._told.partition(b"\0")
        told: dict[str, Any] = json.loads(one)
        self._happened.add(told.get("method", ""))
        return told


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """Give the Chromium of the machine, or skip the test where there is none."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium is installed to open a page in")
    browser = Chromium(program, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


# --------------------------------------------------------------------------- lifecycles of any words

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
