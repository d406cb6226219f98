"""A timeline as SVG: bars from left to right, and an axis of round times above and below.

The more lanes, the thinner: at first names, words on the bars and letters in the marks; then names only
where there is room for one; at last a lane of one pixel, an end of which is a few pixels of its colour. So a
thousand lanes fit a screen. What a pointer rests on says itself in words, at every thickness::

    svg.runlife-timeline > g#lane-run_1 .lane
        title, path.live-0 .bar ..., path.deadline, path.end-2 .end, text.letter, text.word
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from attrs import frozen

from runlife_diagrams.style import THEMES
from runlife_diagrams.text import Ids
from runlife_diagrams.timeline.looks import colours, shape
from runlife_diagrams.timeline.markup import document, fitted, label, number, room, tag, title
from runlife_diagrams.timeline.times import duration, ticks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runlife_diagrams.picture import Theme
    from runlife_diagrams.timeline.lanes import Bar, End, Lane, Timeline
    from runlife_diagrams.timeline.looks import Look

__all__ = ["to_svg"]

_WIDTH = 980.0
_EDGE = 18.0
_TOP = 66.0
"""Where the lanes begin, under the heading and the axis."""
_HEIGHT = 1000.0
"""The lanes share these pixels, as long as each has one."""
_TWO_AXES = 400.0
"""From this height on, there is an axis under the lanes as well."""
_LANE = 32.0
"""Pixels of a lane that has all the room it wants."""
_NAMES = 200.0
"""Pixels of the names, at most."""
_TICK = 92.0
"""Pixels between two ticks, at least."""
_LETTERED, _SHAPED, _SPACED = 15.0, 8.0, 4.0
"""From this many pixels a lane has words and letters; shapes; a space to the next lane."""
_SIZE = 11.0


@frozen
class _Plan:
    """Where things lie."""

    pitch: float
    bar: float
    """The height of a bar."""
    left: float
    right: float
    scale: float
    """Pixels a second."""
    height: float
    """The lower end of the lanes."""
    radius: float
    """Of the mark of an end."""

    def x(self, at: float) -> float:
        return self.left + at * self.scale

    def y(self, index: int) -> float:
        return _TOP + index * self.pitch + (self.pitch - self.bar) / 2


def to_svg(timeline: Timeline, theme: Theme) -> str:
    """Return a timeline as the text of an SVG file."""
    plan = _plan(timeline)
    entries = _legend(timeline, plan)
    parts = [
        label(fitted(timeline.title, 14, _WIDTH - 2 * _EDGE), _EDGE, 26, "heading"),
        *_axis(timeline, plan),
        *_names(timeline, plan),
    ]
    ids = Ids()
    parts += [
        _lane(lane, index, timeline, plan, ids.new("lane", lane.name))
        for index, lane in enumerate(timeline.lanes)
    ]
    legend, bottom = _placed(entries, plan.height + 34)
    return document(
        "runlife-timeline",
        theme,
        size=(_WIDTH, bottom),
        head=(timeline.title, timeline.description),
        rules=_stylesheet(theme),
        parts=[*parts, legend],
    )


def _plan(timeline: Timeline) -> _Plan:
    count = len(timeline.lanes)
    pitch = min(_LANE, max(1.0, _HEIGHT / count))
    if pitch < _SHAPED:
        pitch = float(floor(pitch))  # else the lanes would lie between pixels, and blur
    bar = pitch if pitch < _SPACED else pitch - max(1.0, floor(pitch * 0.3))
    radius = min(9.0, bar * 0.45) if pitch >= _SHAPED else max(1.5, bar * 0.5)
    named = max(room(lane.name, _SIZE) for lane in timeline.lanes)
    left = _EDGE + min(_NAMES, named) + 12
    late = [lane for lane in timeline.lanes if _is_late(lane, timeline)]
    beyond = max((room(_late(lane), 10) for lane in late), default=0.0) + 16 if late else 0.0
    if pitch < _LETTERED and late:
        beyond = 8.0
    right = _WIDTH - _EDGE - beyond - 2 * radius - 6
    scale = (right - left) / timeline.span
    return _Plan(pitch, bar, left, right, scale, _TOP + pitch * count, radius)


def _is_late(lane: Lane, timeline: Timeline) -> bool:
    """Return whether its deadline lies beyond the picture."""
    return lane.deadline is not None and lane.deadline > timeline.span


def _late(lane: Lane) -> str:
    return duration(lane.deadline or 0.0)


# The frame


def _axis(timeline: Timeline, plan: _Plan) -> Iterator[str]:
    low = plan.height > _TWO_AXES
    yield '<g class="axis">'
    for at in ticks(timeline.span, max(1, int((plan.right - plan.left) // _TICK))):
        x = plan.x(at)
        yield f'<path class="tick" d="M{number(x)} {_TOP - 8:.0f}V{plan.height + 6:.1f}"/>'
        yield label(duration(at), x, _TOP - 13, "time")
        if low:
            yield label(duration(at), x, plan.height + 18, "time")
    yield "</g>"


def _names(timeline: Timeline, plan: _Plan) -> Iterator[str]:
    step = 1 if plan.pitch >= _SIZE + 1 else int(-(-(_SIZE + 5) // plan.pitch))
    for index in range(0, len(timeline.lanes), step):
        name = fitted(timeline.lanes[index].name, _SIZE, _NAMES, middle=True)
        yield label(name, plan.left - 12, plan.y(index) + plan.bar / 2 + 4, "name")
        if step > 1:  # which of the thin lanes it is
            y = number(plan.y(index) + plan.bar / 2)
            yield f'<path class="lead" d="M{number(plan.left - 9)} {y}h6"/>'


# A lane


def _lane(lane: Lane, index: int, timeline: Timeline, plan: _Plan, id: str) -> str:
    y = plan.y(index)
    roomy = plan.pitch >= _SHAPED
    parts = [title(_story(lane, timeline.looks))]
    parts += [_bar(bar, lane, timeline.looks[bar.status], y, plan, titled=roomy) for bar in lane.bars]
    parts += _deadline(lane, timeline, y, plan)
    if lane.end is not None:
        look = timeline.looks[lane.end.status]
        if roomy:
            parts += _mark(lane, lane.end, look, y, plan)
        else:
            box = _box(plan.x(lane.end.at), y, 2 * plan.radius, plan.bar)
            parts.append(f'<path class="thin {look.css}" d="{box}"/>')
    return tag("g", "".join(parts), id=id, css="lane" if roomy else "lane crisp")


def _story(lane: Lane, looks: Mapping[str, Look]) -> str:
    """Return a life in words."""
    said = [f"{looks[bar.status].name} {duration(bar.since)}" for bar in lane.bars]
    if lane.end is not None:
        said.append(f"{looks[lane.end.status].name} {duration(lane.end.at)} ({lane.end.event})")
    by = f"; deadline {duration(lane.deadline)}" if lane.deadline is not None else ""
    return f"{lane.name}: {', '.join(said)}{by}"


def _bar(bar: Bar, lane: Lane, look: Look, y: float, plan: _Plan, *, titled: bool) -> str:
    x, wide = plan.x(bar.since), (bar.until - bar.since) * plan.scale
    outline = _box(x, y, max(wide, 0.6), plan.bar)
    if bar.open and plan.pitch >= _LETTERED and wide > plan.bar:
        tip = plan.bar / 3  # what still lasts has a pointed end
        body = wide - tip
        outline = (
            f"M{number(x)} {number(y)}h{number(body)}l{number(tip)} {number(plan.bar / 2)}"
            f"l-{number(tip)} {number(plan.bar / 2)}h-{number(body)}z"
        )
    inside = ""
    if titled:
        still = ", still" if bar.open else ""
        lasted = f"{duration(bar.since)} to {duration(bar.until)} ({duration(bar.until - bar.since)}{still})"
        inside = title(f"{lane.name}: {look.name} from {lasted}, by {bar.event}")
    drawn = tag("path", inside, css=f"bar {look.css}", d=outline)
    if plan.pitch >= _LETTERED and room(look.name, _SIZE) + 10 <= wide:
        drawn += label(look.name, x + wide / 2, y + plan.bar / 2 + 4, f"word on-{look.css}")
    return drawn


def _mark(lane: Lane, end: End, look: Look, y: float, plan: _Plan) -> Iterator[str]:
    """Draw the end: its shape begins where the last bar ends."""
    middle, x = y + plan.bar / 2, plan.x(end.at) + plan.radius
    says = title(f"{lane.name}: {look.name} at {duration(end.at)}, by {end.event}")
    yield tag("path", says, css=f"end {look.css}", d=shape(look.corners, x, middle, plan.radius))
    if plan.pitch < _LETTERED:
        return
    yield label(look.sign, x, middle + 3.5, f"letter on-{look.css}")
    word = f"{look.name} {duration(end.at)}"
    x += plan.radius + 6
    needed = room(word, _SIZE) + 8
    deadline = plan.x(lane.deadline) if lane.deadline is not None else _WIDTH
    meets = x - 4 <= deadline <= x + needed
    if x + needed <= plan.right + 2 * plan.radius and not meets:
        yield label(word, x, middle + 4, "ended")


def _deadline(lane: Lane, timeline: Timeline, y: float, plan: _Plan) -> Iterator[str]:
    if lane.deadline is None:
        return
    lettered = plan.pitch >= _LETTERED
    if _is_late(lane, timeline):
        if plan.pitch >= _SHAPED:
            x, middle = plan.right + 2 * plan.radius + 6, number(y + plan.bar / 2)
            says = title(f"{lane.name}: deadline {duration(lane.deadline)}, later than is shown")
            yield tag("path", says, css="flag", d=f"M{number(x)} {middle}m0 -4l6 4l-6 4z")
            if lettered:
                yield label(_late(lane), x + 10, y + plan.bar / 2 + 3.5, "late")
        return
    there = number(plan.x(lane.deadline))
    over = 4.0 if lettered else 0.0
    line = f"M{there} {number(y - over)}v{number(plan.bar + 2 * over)}"
    says = title(f"{lane.name}: deadline {duration(lane.deadline)}") if lettered else ""
    yield tag("path", says, css="deadline", d=line)
    if lettered:
        yield f'<path class="flag" d="M{there} {number(y - over)}l5 2.5l-5 2.5z"/>'


def _box(x: float, y: float, wide: float, high: float) -> str:
    return f"M{number(x)} {number(y)}h{number(wide)}v{number(high)}h-{number(wide)}z"


# The legend


def _legend(timeline: Timeline, plan: _Plan) -> list[tuple[str, str]]:
    """Return what is in the picture, each with its sample, drawn at the point 0, 0."""
    seen = {bar.status for lane in timeline.lanes for bar in lane.bars}
    seen.update(lane.end.status for lane in timeline.lanes if lane.end is not None)
    entries: list[tuple[str, str]] = []
    for look in timeline.looks.values():
        if look.status not in seen:
            continue
        if not look.terminal:
            sample = f'<path class="bar {look.css}" d="{_box(-9, -6, 18, 12)}"/>'
        elif plan.pitch < _SHAPED:
            sample = f'<path class="thin {look.css}" d="{_box(-2, -6, 5, 12)}"/>'
        else:
            sample = f'<path class="end {look.css}" d="{shape(look.corners, 0, 0, 8)}"/>'
            sample += label(look.sign, 0, 3.5, f"letter on-{look.css}") if plan.pitch >= _LETTERED else ""
        entries.append((sample, look.name))
    deadlines = [lane for lane in timeline.lanes if lane.deadline is not None]
    late = [lane for lane in deadlines if _is_late(lane, timeline)]
    if len(late) < len(deadlines):
        entries.append(('<path class="deadline" d="M0 -8v16"/>', "deadline"))
    if late:
        few = "deadline, later than is shown"
        says = few if plan.pitch >= _SHAPED else f"{few} ({len(late):,} runs)"
        entries.append(('<path class="flag" d="M-3 -4l6 4l-6 4z"/>', says))
    return entries


def _placed(entries: list[tuple[str, str]], top: float) -> tuple[str, float]:
    """Return the legend in as many rows as it needs, and where it ends."""
    x, y = _EDGE + 10, top + 8
    parts: list[str] = []
    for sample, says in entries:
        words = fitted(says, _SIZE, _WIDTH / 2)
        needed = 16 + room(words, _SIZE) + 26
        if x > _EDGE + 10 and x + needed > _WIDTH - _EDGE:
            x, y = _EDGE + 10, y + 22
        parts.append(f'<g transform="translate({number(x)} {number(y)})">{sample}</g>')
        parts.append(label(words, x + 16, y + 4, "entry"))
        x += needed
    return tag("g", "\n".join(parts), css="legend"), y + 22


def _stylesheet(theme: Theme) -> str:
    p = THEMES[theme]
    rules = {
        "text": f"font-size: {_SIZE:g}px; fill: {p.ink}; text-anchor: middle",
        ".ground": f"fill: {p.ground}",
        ".heading": "font-size: 14px; font-weight: bold; text-anchor: start",
        ".tick": f"stroke: {p.muted}; stroke-opacity: 0.28; stroke-width: 1px",
        ".time": f"font-size: 10px; fill: {p.muted}",
        ".name": "text-anchor: end",
        ".lead": f"stroke: {p.muted}; stroke-width: 1px",
        ".end": f"stroke: {p.ground}; stroke-width: 1px",
        ".crisp": "shape-rendering: crispEdges",
        ".letter": "font-size: 10px; font-weight: bold",
        ".ended": f"fill: {p.muted}; text-anchor: start",
        ".late": f"font-size: 10px; fill: {p.muted}; text-anchor: start",
        ".deadline": f"stroke: {p.ink}; stroke-width: 1.6px; fill: none",
        ".flag": f"fill: {p.ink}",
        ".entry": f"fill: {p.muted}; text-anchor: start",
    }
    for css, (colour, text) in colours(theme).items():
        rules[f".{css}"] = f"fill: {colour}"
        rules[f".on-{css}"] = f"fill: {text}"
    return "\n".join(f".runlife-timeline.{theme} {what} {{ {how}; }}" for what, how in rules.items())
