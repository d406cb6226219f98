"""A timeline as plain text, for a terminal: a line for each life, a legend under them.

A column is a share of the time, and shows the status that lasted longest in it; an end is a letter, and never
hidden. Of more lives than a screen has lines, the first are shown and the others counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from runlife_diagrams.timeline.times import duration, ticks

if TYPE_CHECKING:
    from runlife_diagrams.timeline.lanes import Lane, Timeline

__all__ = ["to_text"]

_MOST_LANES = 40
_NAMES = 24
_TICK = 14
"""Columns between two ticks, at least."""
_DEADLINE = "┊"
_LEAST = 20
"""Columns for the bars, at least."""


def to_text(timeline: Timeline, columns: int) -> str:
    """Return a timeline as lines of at most ``columns`` characters, where that leaves room for the bars."""
    lanes = timeline.lanes[:_MOST_LANES]
    names = [_clipped(lane.name) for lane in lanes]
    margin = max(map(_cells, names)) + 2
    room = max(_LEAST, columns - margin)
    lines = [
        f"{name}{' ' * (margin - _cells(name))}{_drawn(lane, timeline, room)}".rstrip()
        for name, lane in zip(names, lanes, strict=True)
    ]
    if len(timeline.lanes) > len(lanes):
        lines.append(f"… {len(timeline.lanes) - len(lanes):,} more …")
    return "\n".join([*lines, *_axis(timeline, margin, room), *_legend(timeline, columns), ""])


def _drawn(lane: Lane, timeline: Timeline, room: int) -> str:
    second = (room - 1) / timeline.span  # the last column is for an end at the very end
    shares: list[dict[str, float]] = [{} for _ in range(room)]
    for bar in lane.bars:
        first, last = bar.since * second, bar.until * second
        for column in range(int(first), min(int(last), room - 1) + 1):
            share = min(last, column + 1) - max(first, column)
            sign = timeline.looks[bar.status].sign
            shares[column][sign] = shares[column].get(sign, 0.0) + share
    # Of equal shares the first; a status that took no time shows where nothing else does.
    cells = [max(share, key=lambda sign: share[sign]) if share else " " for share in shares]
    if lane.deadline is not None and lane.deadline <= timeline.span:
        cells[int(lane.deadline * second)] = _DEADLINE
    if lane.end is not None:
        cells[int(lane.end.at * second)] = timeline.looks[lane.end.status].sign
    return "".join(cells)


def _axis(timeline: Timeline, margin: int, room: int) -> tuple[str, str]:
    scale = [" "] * (margin + room)
    words = ""
    for at in ticks(timeline.span, max(1, room // _TICK)):
        column = margin + int(at * (room - 1) / timeline.span)
        said = duration(at)
        scale[column] = "╵"
        if column + len(said) <= margin + room:
            words += " " * (column - len(words)) + said
    return "".join(scale).rstrip(), words


def _legend(timeline: Timeline, columns: int) -> list[str]:
    seen = {bar.status for lane in timeline.lanes for bar in lane.bars}
    seen.update(lane.end.status for lane in timeline.lanes if lane.end is not None)
    entries = [f"{look.sign} {look.name}" for look in timeline.looks.values() if look.status in seen]
    deadlines = [lane.deadline for lane in timeline.lanes if lane.deadline is not None]
    if any(at <= timeline.span for at in deadlines):
        entries.append(f"{_DEADLINE} deadline")
    if late := [at for at in deadlines if at > timeline.span]:
        entries.append(f"{_DEADLINE} deadline later than shown, from {duration(min(late))} on")
    lines = [""]
    for entry in entries:
        if lines[-1] and _cells(f"{lines[-1]}   {entry}") > columns:
            lines.append("")
        lines[-1] += f"{'   ' if lines[-1] else ''}{entry}"
    return lines


def _clipped(name: str) -> str:
    if len(name) > 2 * _NAMES:
        name = f"{name[:_NAMES]}…{name[-_NAMES:]}"
    while _cells(name) > _NAMES:
        middle = len(name) // 2
        name = f"{name[: middle - 1].rstrip('…')}…{name[middle + 1 :].lstrip('…')}"
    return name


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in {"F", "W"} else 1 for c in text)
