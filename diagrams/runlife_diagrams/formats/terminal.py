"""A status and its neighbourhood as text, for a terminal of 80 columns.

A whole diagram is too wide for one. What somebody at a prompt wants to know of a run is where it is, how
it may have come there, what may happen next, by whom, on which condition, and until when. So there is
one box, with what leads into it above and what leads out of it below, a row a line::

      ├╌╌ start ╌╌╌╌ queued
      ▼
    ┏━━━━━━━━━━━━━┓
    ┃ in_progress ┃
    ┗━┯━━━━━━━━━━━┛
      ├╌╌ complete ╌╌▶ ◉ completed   by the server
      ╰┈┈ expire ┈┈┈┈▶ ◉ expired     by time
            in 9 min 48 s (expires_at)

As in the other pictures, the line of a row tells its cause: solid, dashed, dotted. Widths are counted in
cells, of which an ideograph or an emoji takes two. No line is longer than the terminal is wide, and
there are no colours and no control characters in it.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from runlife import Cause, Instance, Lifecycle
from runlife_diagrams.errors import PictureError
from runlife_diagrams.route import follow, statuses_of
from runlife_diagrams.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from enum import StrEnum

    from runlife import Transition
    from runlife_diagrams.route import Path

__all__ = ["terminal"]

_COLUMNS = 80
_NAME, _BOX = 30, 70
"""The most cells of a word on a line of its own kind; the rest of it is cut off, with a sign."""
_STEPS = 8
"""The most steps of a history that are shown, the last ones."""
_INDENT = " " * 4
_LOOKS = {
    Cause.CLIENT: ("\u2500", "by the client"),
    Cause.SERVER: ("\u254c", "by the server"),
    Cause.TIMER: ("\u2508", "by time"),
}
_HEAVY, _DOUBLE = "\u250f\u2501\u2513\u2503\u2517\u252f\u251b", "\u2554\u2550\u2557\u2551\u255a\u2550\u255d"
_BEFORE, _END = "\u25cf", "\u25c9"
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@frozen
class _View:
    """What is shown, and how much of it."""

    lifecycle: Lifecycle[Any]
    run: Instance[Any] | None
    now: float | None
    guards: bool
    evidence: bool


def terminal(
    lifecycle: Lifecycle[Any],
    status: str | None = None,
    *,
    run: Instance[Any] | None = None,
    now: float | None = None,
    path: Path | None = None,
    guards: bool = True,
    evidence: bool = False,
) -> str:
    """Return a status, what leads to it and what may happen next, as text of at most 80 columns.

    :param status: the status; without it (nor a run, nor a path) all of the lifecycle is told.
    :param run: an instance: its status, history and deadlines are shown, under its own policy.
    :param now: the time in unix seconds: deadlines are then told as seen from now.
    :param path: a path, instead of a status: it ends in the status shown, and stands above it.
    :param guards: whether the conditions of a row are written under it.
    :param evidence: whether it is written how we know each row.
    :raises PathError: when there is no such status or path.
    :raises PictureError: when the run lives by another lifecycle, or more than one of status, run and
        path is given.
    """
    if sum(one is not None for one in (status, run, path)) > 1:
        raise PictureError("a status, a run and a path each say what is shown: give one of them")
    view = _View(lifecycle, run, now, guards, evidence)
    if run is not None:
        if run.lifecycle.name != lifecycle.name:
            raise PictureError(f"the run lives by {run.lifecycle.name!r}, not by {lifecycle.name!r}")
        view = evolve(view, lifecycle=run.lifecycle)
        path = run.journal or [run.status]
    elif status is not None:
        path = [status]
    lines = _overview(view) if path is None else _one(view, path)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _overview(view: _View) -> Iterator[str]:
    """Tell of every status what leads out of it."""
    lifecycle = view.lifecycle
    statuses = statuses_of(lifecycle)
    count = f"{len(statuses)} statuses, {len(lifecycle.transitions)} transitions"
    yield from _wrapped(f"{visible(lifecycle.name)}: {count}", "")
    yield from _legend(lifecycle)
    for status in (None, *statuses):
        if status not in lifecycle.terminal:
            yield ""
            yield from _box(status, view)
            yield from _next(status, view)


def _one(view: _View, path: Path) -> Iterator[str]:
    """Tell of the status that a path ends in how it came there, and what may happen next."""
    route = follow(view.lifecycle, path)
    passed = (route.start, *(row.target for row in route.rows))
    yield from _wrapped(_title(view, passed[-1]), "")
    if route.rows:
        steps = [f"{visible(row.event)} \u2192 {visible(row.target.value)}" for row in route.rows]
        if len(steps) > _STEPS:
            steps[:-_STEPS] = [f"{len(steps) - _STEPS} steps"]
        yield from _wrapped(f"history: {', '.join(steps)}", "  ")
    yield from _legend(view.lifecycle)
    yield ""
    yield from _before(passed[-1], view)
    yield from _box(passed[-1], view)
    yield from _next(passed[-1], view)


def _title(view: _View, status: StrEnum | None) -> str:
    word = "not created" if status is None else visible(status.value)
    end = ", which is terminal" if status in view.lifecycle.terminal else ""
    if view.run is None:
        return f"{visible(view.lifecycle.name)}: {word}{end}"
    id = view.run.facts().get("id")
    who = visible(view.lifecycle.name if id is None else f"{view.lifecycle.name} {id}")
    since = next((record.at for record in reversed(view.run.journal) if record.source != status), None)
    if since is None:
        return f"{who}: {word}{end}"
    time = f"since unix time {since:.15g}" if view.now is None else f"for {_span(view.now - since)}"
    return f"{who}: {word}{end}, {time}"


def _legend(lifecycle: Lifecycle[Any]) -> Iterator[str]:
    causes = {row.cause for row in lifecycle.transitions}
    lines = [f"{line * 2} {says}" for cause, (line, says) in _LOOKS.items() if cause in causes]
    yield "   ".join([*lines, f"{_BEFORE} creation", f"{_END} terminal"])


def _before(status: StrEnum | None, view: _View) -> Iterator[str]:
    rows = [row for row in view.lifecycle.transitions if row.target == status != row.source]
    wide = max((_cells(_cut(row.event, _NAME)) for row in rows), default=0)
    for index, row in enumerate(rows):
        line = _LOOKS[row.cause][0]
        event = _cut(row.event, _NAME)
        source = _BEFORE if row.source is None else _cut(row.source.value, _NAME)
        fill = line * (2 + wide - _cells(event))
        yield f"{_INDENT}{'├' if index else '╭'}{line * 2} {event} {fill} {source}"
    if rows:
        yield f"{_INDENT}\u25bc"


def _box(status: StrEnum | None, view: _View) -> Iterator[str]:
    over = status in view.lifecycle.terminal
    corner, across, end, side, low, tee, last = tuple(_DOUBLE if over else _HEAVY)
    word = _BEFORE if status is None else _cut(status.value, _BOX)
    wide = max(_cells(word), 3) + 2
    yield f"  {corner}{across * wide}{end}"
    yield f"  {side} {word}{' ' * (wide - _cells(word) - 2)} {side}"
    yield f"  {low}{across}{tee}{across * (wide - 2)}{last}"


def _next(status: StrEnum | None, view: _View) -> Iterator[str]:
    rows = _exits(status, view)
    events = [_cut(row.event, _NAME) for row in rows]
    targets = [_target(row, view) for row in rows]
    by = [", ".join([_LOOKS[row.cause][1], *([row.evidence.value] if view.evidence else [])]) for row in rows]
    event_wide, target_wide = max(map(_cells, events), default=0), max(map(_cells, targets), default=0)
    beside = 14 + event_wide + target_wide + 3 + max(map(len, by), default=0) <= _COLUMNS
    for index, (row, event, target, who) in enumerate(zip(rows, events, targets, by, strict=True)):
        line, last = _LOOKS[row.cause][0], index == len(rows) - 1
        arrow = line * (2 + event_wide - _cells(event)) + "\u25b6"
        pad = " " * (target_wide - _cells(target) + 3)
        start = f"{_INDENT}{'╰' if last else '├'}{line * 2}"
        yield f"{start} {event} {arrow} {target}{pad}{who if beside else ''}"
        details = [*([] if beside else [who]), *_conditions(row, view)]
        rest = f"{_INDENT}{' ' if last else '│'}{' ' * 6}"
        for detail in details:
            yield from (rest + piece for piece in _wrapped(detail, "  ", _COLUMNS - len(rest)))


def _exits(status: StrEnum | None, view: _View) -> list[Transition[Any]]:
    return [row for row in view.lifecycle.transitions if row.source == status]


def _target(row: Transition[Any], view: _View) -> str:
    return f"{_END if row.target in view.lifecycle.terminal else ' '} {_cut(row.target.value, _NAME)}"


def _conditions(row: Transition[Any], view: _View) -> Iterator[str]:
    if row.deadline is not None:
        yield _due(row.deadline, view)
    elif row.guard is not None and view.guards:
        yield visible(f"when {row.guard.says}")


def _due(deadline: str, view: _View) -> str:
    """Say when a timer row is taken, as well as it is known."""
    name = visible(deadline)
    if view.run is None:
        return f"when {name} is due"
    at = view.run.facts().get(deadline)
    if at is None:
        return f"never: {name} is not set"
    if view.now is None:
        return f"at unix time {at:.15g} ({name})"
    left = at - view.now
    if left > 0:
        return f"in {_span(left)} ({name})"
    return f"overdue by {_span(-left)} ({name})" if left else f"due now ({name})"


def _span(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    if seconds < 10:  # noqa: PLR2004 - below, tenths tell something
        return f"{round(seconds, 1):g} s"
    parts: list[str] = []
    left = round(seconds)
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part)


# --------------------------------------------------------------------------- cells


def _cells(text: str) -> int:
    """Return how many columns a terminal gives to the text."""
    return sum(map(_cell, text))


def _cell(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"F", "W"} else 1


def _cut(text: str, most: int) -> str:
    """Return the visible text; if it is wider than allowed, what goes in, and a sign."""
    shown = visible(text)
    if _cells(shown) <= most:
        return shown
    while _cells(shown) > most - 1:
        shown = shown[:-1]
    return f"{shown}\u2026"


def _wrapped(text: str, indent: str, columns: int = _COLUMNS) -> Iterator[str]:
    """Break a text into lines that fit; all but the first are indented."""
    line = ""
    for word in _pieces(text.split(), columns - len(indent)):
        wider = f"{line} {word}" if line.strip() else line + word
        if line.strip() and _cells(wider) > columns:
            yield line
            wider = indent + word
        line = wider
    yield line


def _pieces(words: Iterable[str], most: int) -> Iterator[str]:
    """Return the words; one that fits on no line, in pieces."""
    for word in words:
        rest = word
        while _cells(rest) > most:
            end = len(rest)
            while _cells(rest[:end]) > most:
                end -= 1
            yield rest[:end]
            rest = rest[end:]
        yield rest
