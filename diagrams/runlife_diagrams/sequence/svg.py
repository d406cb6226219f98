"""A sequence as SVG: three lifelines, time in the gutter, the status as an activation of the server.

Steps lie one under the other at even distances, and time is told by the gutter: what took a millisecond and
what took a minute are both readable. Where nothing happened for long, the lifelines are broken. Each event is
an arrow into a pill with the status that it led to; from there to the next the server's lifeline has the
colour of the status. An end is a pill with a rim, and the shape and letter that a timeline gives it::

    svg.runlife-sequence > g#step-3 .step .server
        title, text.time, path.line, path.head, text.event, text.detail, rect.pill.live-1, text.status
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlife import Cause
from runlife_diagrams.sequence.steps import Omitted, Step
from runlife_diagrams.style import THEMES
from runlife_diagrams.timeline.looks import colours, shape
from runlife_diagrams.timeline.markup import document, fitted, label, number, room, tag, title
from runlife_diagrams.timeline.times import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_diagrams.picture import Theme
    from runlife_diagrams.sequence.steps import Sequence

__all__ = ["to_svg"]

_WIDTH = 900.0
_EDGE = 18.0
_GUTTER = 104.0
"""The right end of the times."""
_CLIENT, _SERVER, _TIMER = 160.0, 490.0, 820.0
_LIFELINES = {Cause.CLIENT: _CLIENT, Cause.SERVER: _SERVER, Cause.TIMER: _TIMER}
_HEAD_Y, _HEAD_HIGH, _HEAD_WIDE = 44.0, 26.0, 92.0
_PILL_HIGH, _PILL_MOST = 22.0, 150.0
_EVENT_LINE, _DETAIL_LINE = 14.0, 12.5
_SPACE = 13.0
"""Under a pill."""
_BREAK = 30.0
"""Pixels of a long idle time."""
_LONG = 700.0
"""From this height on, the participants are named at the lower end as well."""
_LOOP = 16.0


def to_svg(sequence: Sequence, theme: Theme) -> str:
    """Return a sequence as the text of an SVG file."""
    y = _HEAD_Y + _HEAD_HIGH + 10
    bars: list[str] = []
    parts: list[str] = []
    since: tuple[float, Step] | None = None
    for step in sequence.steps:
        if isinstance(step, Omitted):
            parts.append(_omitted(step, y))
            y += _BREAK + 16
            continue
        if step.idle is not None:
            parts.append(_idle(step.idle, y))
            y += _BREAK
        y += _EVENT_LINE + _DETAIL_LINE * len(step.details) + 12
        if since is not None and not since[1].target.terminal:
            bars.append(_activation(since[0], y, since[1]))
        parts.append(_step(step, y))
        since = y, step
        y += _PILL_HIGH / 2 + _SPACE
    y += 4
    frame = [_lifelines(y), *_heads(_HEAD_Y)]
    if since is not None and not since[1].target.terminal:
        bars.append(_activation(since[0], y, since[1]))
    if y > _LONG:
        frame += _heads(y)
        y += _HEAD_HIGH
    heading = label(fitted(sequence.title, 14, _WIDTH - 2 * _EDGE), _EDGE, 26, "heading")
    return document(
        "runlife-sequence",
        theme,
        size=(_WIDTH, y + _EDGE),
        head=(sequence.title, sequence.description),
        rules=_stylesheet(theme),
        parts=[heading, *frame, *bars, *parts],
    )


# The frame


def _heads(y: float) -> Iterator[str]:
    for cause, x in _LIFELINES.items():
        box = tag(
            "rect",
            "",
            css="participant",
            x=x - _HEAD_WIDE / 2,
            y=y,
            width=_HEAD_WIDE,
            height=_HEAD_HIGH,
            rx=5,
        )
        yield tag("g", box + label(cause, x, y + _HEAD_HIGH / 2 + 4.5, "who"), css=cause)


def _lifelines(bottom: float) -> str:
    top = number(_HEAD_Y + _HEAD_HIGH)
    lines = "".join(f"M{x:.0f} {top}V{number(bottom)}" for x in _LIFELINES.values())
    return f'<path class="lifeline" d="{lines}"/>'


def _activation(top: float, bottom: float, step: Step) -> str:
    return tag(
        "rect",
        title(step.target.name),
        css=f"active {step.target.css}",
        x=_SERVER - 5,
        y=top,
        width=10.0,
        height=bottom - top,
    )


def _idle(seconds: float, top: float) -> str:
    """Break the lifelines: nothing happened for long."""
    middle = top + _BREAK / 2
    gap = "".join(_torn(x, middle) for x in _LIFELINES.values())
    return tag("g", gap + label(f"{duration(seconds)} idle", _GUTTER, middle + 3.5, "idle"), css="gap")


def _torn(x: float, y: float) -> str:
    zigzag = "l4 -5l4 5l4 -5l4 5"
    hole = tag("rect", "", css="ground", x=x - 9, y=y - 7, width=18.0, height=14.0)
    return f'{hole}<path class="tear" d="M{number(x - 8)} {number(y - 0.5)}{zigzag}m-16 6{zigzag}"/>'


def _omitted(omitted: Omitted, top: float) -> str:
    middle, left = top + (_BREAK + 16) / 2, _CLIENT - _HEAD_WIDE / 2
    high = 24.0
    band = tag(
        "rect", "", css="omitted", x=left, y=middle - high / 2, width=_TIMER - left + 46, height=high, rx=5
    )
    until = f"until {duration(omitted.until)}"
    says = label(omitted.says, _SERVER, middle + 4, "more") + label(
        fitted(until, 10, _GUTTER - _EDGE + 8), _GUTTER, middle + 3.5, "idle"
    )
    return tag("g", title(f"{omitted.says} from {duration(omitted.since)} {until}") + band + says, css="gap")


# A step


def _step(step: Step, y: float) -> str:
    name = fitted(step.target.name, 11, _PILL_MOST - 44)
    half = max(42.0, room(name, 11, bold=step.target.terminal) / 2 + (24 if step.target.terminal else 14))
    parts = [
        title(step.says),
        label(fitted(duration(step.at), 11, _GUTTER - 8), _GUTTER, y + 4, "time"),
        *_arrow(step.cause, y, half),
        *_words(step, y, half),
        *_pill(step, name, y, half),
    ]
    return tag("g", "".join(parts), id=f"step-{step.number}", css=f"step {step.cause}")


def _arrow(cause: Cause, y: float, half: float) -> Iterator[str]:
    start = _LIFELINES[cause]
    if start == _SERVER:  # the server's own doing: out of its lifeline and back
        edge = _SERVER + half
        line = (
            f"M{number(_SERVER + 5)} {number(y - 22)}H{number(edge + _LOOP)}V{number(y)}H{number(edge + 7)}"
        )
        yield f'<path class="line" d="{line}"/>'
        yield _head(edge, y, 1)
        return
    side = 1 if start > _SERVER else -1
    end = _SERVER + side * half
    yield f'<path class="line" d="M{number(start)} {number(y)}H{number(end + side * 7)}"/>'
    yield _head(end, y, side)


def _head(x: float, y: float, side: int) -> str:
    return f'<path class="head" d="M{number(x)} {number(y)}l{8 * side} -4v8z"/>'


def _words(step: Step, y: float, half: float) -> Iterator[str]:
    """Write the event, and what came with it under it: over the arrow, or beside the server's own."""
    start = _LIFELINES[step.cause]
    if start == _SERVER:
        x, most, place = _SERVER + half + _LOOP + 8, _TIMER - 8 - (_SERVER + half + _LOOP + 8), " beside"
        baseline = y + 4 - _DETAIL_LINE * len(step.details)
    else:
        near = _SERVER + half if start > _SERVER else _SERVER - half
        x, most, place = (start + near) / 2, abs(start - near) - 20, ""
        baseline = y - 7 - _DETAIL_LINE * len(step.details)
    yield label(fitted(step.event, 12, most * 0.94), x, baseline, f"event{place}")
    for index, line in enumerate(step.details, 1):
        yield label(fitted(line, 10, most), x, baseline + index * _DETAIL_LINE, f"detail{place}")


def _pill(step: Step, name: str, y: float, half: float) -> Iterator[str]:
    look, top = step.target, y - _PILL_HIGH / 2
    box = {"x": _SERVER - half, "y": top, "width": 2 * half, "height": _PILL_HIGH, "rx": _PILL_HIGH / 2}
    if not look.terminal:
        yield tag("rect", "", css=f"pill {look.css}", **box)
        yield label(name, _SERVER, y + 4, f"status on-{look.css}")
        return
    yield tag("rect", "", css="pill ended", **box)
    yield tag("path", "", css=f"end {look.css}", d=shape(look.corners, _SERVER - half + 13, y, 7.0))
    yield label(look.sign, _SERVER - half + 13, y + 3.2, f"letter on-{look.css}")
    yield label(name, _SERVER + 9, y + 4, "status last")


def _stylesheet(theme: Theme) -> str:
    p = THEMES[theme]
    rules = {
        "text": f"font-size: 11px; fill: {p.ink}; text-anchor: middle",
        ".ground": f"fill: {p.ground}",
        ".heading": "font-size: 14px; font-weight: bold; text-anchor: start",
        ".lifeline": f"stroke: {p.muted}; stroke-width: 1px; stroke-dasharray: 3 3; fill: none",
        ".participant": f"fill: {p.fill}; stroke: {p.muted}; stroke-width: 1.3px",
        ".who": "font-size: 12px; font-weight: bold",
        ".time": f"fill: {p.ink}; text-anchor: end",
        ".idle": f"font-size: 10px; font-style: italic; fill: {p.muted}; text-anchor: end",
        ".tear": f"stroke: {p.muted}; stroke-width: 1px; fill: none",
        ".omitted": f"fill: {p.ground}; stroke: {p.muted}; stroke-dasharray: 5 4",
        ".more": f"font-style: italic; fill: {p.muted}",
        ".event": "font-size: 12px; font-weight: bold",
        ".detail": f"font-size: 10px; fill: {p.muted}",
        ".beside": "text-anchor: start",
        ".line": "fill: none; stroke-width: 1.4px",
        ".pill": f"stroke: {p.ground}; stroke-width: 2px",
        ".ended": f"fill: {p.ground}; stroke: {p.ink}; stroke-width: 1.8px",
        ".last": "font-weight: bold",
        ".letter": "font-size: 9px; font-weight: bold",
    }
    dashes = {
        Cause.CLIENT: "",
        Cause.SERVER: "; stroke-dasharray: 6 3.5",
        Cause.TIMER: "; stroke-dasharray: 2 3",
    }
    for cause, colour in p.causes.items():
        rules[f".{cause} .line"] = f"stroke: {colour}{dashes[cause]}"
        rules[f".{cause} .head"] = f"fill: {colour}"
        rules[f".{cause} .participant"] = f"stroke: {colour}"
    for css, (colour, text) in colours(theme).items():
        rules[f".{css}"] = f"fill: {colour}"
        rules[f".on-{css}"] = f"fill: {text}"
    return "\n".join(f".runlife-sequence.{theme} {what} {{ {how}; }}" for what, how in rules.items())
