"""A sequence as SVG: lifelines, time in the gutter, the status as an activation of whom it reaches.

Steps lie one under the other at even distances, and time is told by the gutter: what took a millisecond and
what took a minute are both readable. Where nothing happened for long, the lifelines are broken. A step is an
arrow; where it brings news, it leads into a pill with the status, and from there to the next the lifeline has
the colour of the status. An end is a pill with a rim, and the shape and letter that a timeline gives it. What
never arrives ends in a cross::

    svg.runlife-sequence > g#step-3 .step .server .answer .refused
        title, text.time, path.line, path.head | path.cross, text.event, text.detail, text.fault,
        rect.pill.live-1, text.status
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from runlife import Cause
from runlife_diagrams.sequence.steps import Gap, News, Step
from runlife_diagrams.style import THEMES
from runlife_diagrams.text import Ids
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
_RECORDED: Mapping[Cause, float] = {Cause.CLIENT: 160.0, Cause.SERVER: 490.0, Cause.TIMER: 820.0}
_ON_WIRE: Mapping[Cause, float] = {Cause.CLIENT: 218.0, Cause.SERVER: 680.0, Cause.TIMER: 820.0}
"""Where the lifelines are: statuses stand on that of the server, or on that of the client."""
_ALONE = 780.0
"""Where the service's is without a timer."""
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
_BARS = 4
"""The lives whose statuses are shown on a lifeline, at most: more are told by their pills only."""
_FAULT: Mapping[Theme, str] = {"light": "#b3261e", "dark": "#ff9a8d"}


@frozen
class _Plan:
    """Where the lifelines are, and how many lives are shown on one."""

    places: Mapping[Cause, float]
    lives: int
    reached: Cause
    """Where the statuses are shown."""

    @property
    def left(self) -> float:
        return min(self.places.values())

    @property
    def right(self) -> float:
        return max(self.places.values())


def to_svg(sequence: Sequence, theme: Theme) -> str:
    """Return a sequence as the text of an SVG file."""
    plan = _plan(sequence)
    y = _HEAD_Y + _HEAD_HIGH + 10
    bars = _Bars(plan)
    parts: list[str] = []
    ids = Ids()
    for step in sequence.steps:
        if isinstance(step, Gap):
            parts.append(_gap(step, y, plan))
            if step.css == "more":  # what happened in it is not known here
                bars.end(y)
            y += _BREAK + 16
            continue
        if step.idle is not None:
            parts.append(_idle(step.idle, y, plan))
            y += _BREAK
        y += _EVENT_LINE + _DETAIL_LINE * (len(step.details) + bool(step.fault)) + 12
        bars.reach(step, y)
        parts.append(_step(step, y, plan, ids.new("step", str(step.number))))
        y += _PILL_HIGH / 2 + _SPACE if len(step.news) == 1 else _SPACE
    y += 4
    frame = [_lifelines(y, plan), *_heads(sequence, _HEAD_Y, plan)]
    bars.end(y)
    if y > _LONG:
        frame += _heads(sequence, y, plan)
        y += _HEAD_HIGH
    heading = label(fitted(sequence.title, 14, _WIDTH - 2 * _EDGE), _EDGE, 26, "heading")
    return document(
        "runlife-sequence",
        theme,
        size=(_WIDTH, y + _EDGE),
        head=(sequence.title, sequence.description),
        rules=_stylesheet(theme),
        parts=[heading, *frame, *bars.drawn, *parts],
    )


@define
class _Bars:
    """The activations on the lifelines: of each status while it lasts, and of the server while it streams."""

    plan: _Plan
    drawn: list[str] = field(factory=list[str])
    _lasting: dict[int, tuple[float, News, Step]] = field(factory=dict[int, tuple[float, News, Step]])
    _busy: float | None = None

    def reach(self, step: Step, y: float) -> None:
        """Take note of a step, at its height."""
        for one in step.news:
            if one.life in self._lasting:
                self.drawn += _activation(*self._lasting[one.life], y, self.plan)
            self._lasting[one.life] = y, one, step
        if step.receiver is Cause.CLIENT and step.active != (self._busy is not None):
            self._stop(y)
            self._busy = y if step.active else None

    def end(self, y: float) -> None:
        """Draw what lasts until here, and know nothing from here on."""
        for last in self._lasting.values():
            self.drawn += _activation(*last, y, self.plan)
        self._lasting.clear()
        self._stop(y)

    def _stop(self, y: float) -> None:
        if self._busy is not None:
            x = self.plan.places[Cause.SERVER] - 5
            box = {"x": x, "y": self._busy, "width": 10.0, "height": y - self._busy}
            self._busy = None
            self.drawn.append(tag("rect", title("a stream of events"), css="busy", **box))


def _plan(sequence: Sequence) -> _Plan:
    news = [one for step in sequence.steps if isinstance(step, Step) for one in step.news]
    on_wire = any(step.receiver is Cause.CLIENT for step in sequence.steps if isinstance(step, Step))
    places = _ON_WIRE if on_wire else _RECORDED
    used = {one.key: places[one.key] for one in sequence.participants}
    if Cause.TIMER not in used:
        used[Cause.SERVER] = _ALONE
    lives = 1 + max((one.life for one in news), default=0)
    return _Plan(used, lives, Cause.CLIENT if on_wire else Cause.SERVER)


# The frame


def _heads(sequence: Sequence, y: float, plan: _Plan) -> Iterator[str]:
    for one in sequence.participants:
        x = plan.places[one.key]
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
        yield tag("g", box + label(one.name, x, y + _HEAD_HIGH / 2 + 4.5, "who"), css=one.key)


def _lifelines(bottom: float, plan: _Plan) -> str:
    top = number(_HEAD_Y + _HEAD_HIGH)
    lines = "".join(f"M{x:.0f} {top}V{number(bottom)}" for x in plan.places.values())
    return f'<path class="lifeline" d="{lines}"/>'


def _activation(top: float, news: News, step: Step, bottom: float, plan: _Plan) -> Iterator[str]:
    """Give the lifeline the colour of a status, until the next; an end lasts no time."""
    shown = min(plan.lives, _BARS)
    if news.look.terminal or news.life >= shown:
        return
    wide = 10.0 if shown == 1 else 7.0
    x = plan.places[step.receiver] - wide * shown / 2 + wide * news.life
    css = f"active {news.look.css}"
    gap = 0.0 if shown == 1 else 1.5
    yield tag("rect", title(news.look.name), css=css, x=x, y=top, width=wide - gap, height=bottom - top)


def _idle(seconds: float, top: float, plan: _Plan) -> str:
    """Break the lifelines: nothing happened for long."""
    middle = top + _BREAK / 2
    gap = "".join(_torn(x, middle) for x in plan.places.values())
    return tag("g", gap + label(f"{duration(seconds)} idle", _GUTTER, middle + 3.5, "idle"), css="gap")


def _torn(x: float, y: float) -> str:
    zigzag = "l4 -5l4 5l4 -5l4 5"
    hole = tag("rect", "", css="ground", x=x - 9, y=y - 7, width=18.0, height=14.0)
    return f'{hole}<path class="tear" d="M{number(x - 8)} {number(y - 0.5)}{zigzag}m-16 6{zigzag}"/>'


def _gap(gap: Gap, top: float, plan: _Plan) -> str:
    middle, left, right = top + (_BREAK + 16) / 2, plan.left - _HEAD_WIDE / 2, plan.right + _HEAD_WIDE / 2
    high = 24.0
    band = tag("rect", "", css="band", x=left, y=middle - high / 2, width=right - left, height=high, rx=5)
    says = label(fitted(gap.says, 11, right - left - 16), (left + right) / 2, middle + 4, gap.css)
    if gap.until:
        until = fitted(f"until {gap.until}", 10, _GUTTER - _EDGE + 8)
        says += label(until, _GUTTER, middle + 3.5, "idle")
    return tag("g", title(gap.title) + band + says, css="gap")


# A step


def _step(step: Step, y: float, plan: _Plan, id: str) -> str:
    news = step.news[0] if len(step.news) == 1 else None
    name = fitted(news.look.name, 11, _PILL_MOST - 44) if news else ""
    half = 6.0
    if news:
        ends = news.look.terminal
        half = max(42.0, room(name, 11, bold=ends) / 2 + (24 if ends else 14))
    parts = [title(step.says)]
    if step.time:
        parts.append(label(fitted(step.time, 11, _GUTTER - 8), _GUTTER, y + 4, "time"))
    parts += [*_arrow(step, y, half, plan), *_words(step, y, half, plan)]
    if news:
        parts += _pill(news, name, plan.places[step.receiver], y, half)
    return tag("g", "".join(parts), id=id, css=f"step {step.css}{' lost' if step.lost else ''}")


def _arrow(step: Step, y: float, half: float, plan: _Plan) -> Iterator[str]:
    start, end = plan.places[step.sender], plan.places[step.receiver]
    if start == end:  # the server's own doing: out of its lifeline and back
        edge = end + half
        line = f"M{number(end + 5)} {number(y - 22)}H{number(edge + _LOOP)}V{number(y)}H{number(edge + 7)}"
        yield f'<path class="line" d="{line}"/>'
        yield _head(edge, y, 1)
        return
    side = 1 if start > end else -1
    if step.sender is plan.reached or (step.sender is Cause.SERVER and step.active):
        start -= side * 5  # out of the activation
    if step.lost:
        edge = _cross(start, end)
        yield f'<path class="line" d="M{number(start)} {number(y)}H{number(edge + side * 7)}"/>'
        yield f'<path class="cross" d="M{number(edge - 5)} {number(y - 5)}l10 10m0 -10l-10 10"/>'
        return
    edge = end + side * half
    yield f'<path class="line" d="M{number(start)} {number(y)}H{number(edge + side * 7)}"/>'
    yield _head(edge, y, side)


def _cross(start: float, end: float) -> float:
    """Return where an arrow ends that does not arrive."""
    return start + (end - start) * 0.8


def _head(x: float, y: float, side: int) -> str:
    return f'<path class="head" d="M{number(x)} {number(y)}l{8 * side} -4v8z"/>'


def _words(step: Step, y: float, half: float, plan: _Plan) -> Iterator[str]:
    """Write the event, and what came with it under it: over the arrow, or beside the server's own."""
    start, end = plan.places[step.sender], plan.places[step.receiver]
    lines = [*((line, "detail") for line in step.details), *([(step.fault, "fault")] if step.fault else [])]
    if start == end:
        x, most, place = end + half + _LOOP + 8, plan.right - 8 - (end + half + _LOOP + 8), " beside"
        baseline = y + 4 - _DETAIL_LINE * len(lines)
    else:
        near = _cross(start, end) if step.lost else end + half if start > end else end - half
        x, most, place = (start + near) / 2, abs(start - near) - 20, ""
        baseline = y - 7 - _DETAIL_LINE * len(lines)
    yield label(fitted(step.what, 12, most * 0.94), x, baseline, f"event{place}")
    for index, (line, css) in enumerate(lines, 1):
        yield label(fitted(line, 10, most * 0.94), x, baseline + index * _DETAIL_LINE, f"{css}{place}")


def _pill(news: News, name: str, x: float, y: float, half: float) -> Iterator[str]:
    look, top = news.look, y - _PILL_HIGH / 2
    box = {"x": x - half, "y": top, "width": 2 * half, "height": _PILL_HIGH, "rx": _PILL_HIGH / 2}
    if not look.terminal:
        yield tag("rect", "", css=f"pill {look.css}", **box)
        yield label(name, x, y + 4, f"status on-{look.css}")
        return
    yield tag("rect", "", css="pill ended", **box)
    yield tag("path", "", css=f"end {look.css}", d=shape(look.corners, x - half + 13, y, 7.0))
    yield label(look.sign, x - half + 13, y + 3.2, f"letter on-{look.css}")
    yield label(name, x + 9, y + 4, "status last")


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
        ".more": f"font-style: italic; fill: {p.muted}",
        ".polls": f"fill: {p.muted}",
        ".band": f"fill: {p.ground}; stroke: {p.muted}; stroke-dasharray: 5 4",
        ".event": "font-size: 12px; font-weight: bold",
        ".detail": f"font-size: 10px; fill: {p.muted}",
        ".fault": f"font-size: 10px; font-weight: bold; fill: {_FAULT[theme]}",
        ".beside": "text-anchor: start",
        ".busy": f"fill: {p.fill}; stroke: {p.causes[Cause.SERVER]}; stroke-width: 1.3px",
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
    # What went wrong is told by words and a cross, and has a colour besides.
    rules[".refused .line"] = f"stroke: {_FAULT[theme]}{dashes[Cause.SERVER]}; stroke-width: 2px"
    rules[".refused .head"] = rules[".refused .event"] = f"fill: {_FAULT[theme]}"
    rules[".cross"] = f"stroke: {_FAULT[theme]}; stroke-width: 2.4px; fill: none"
    rules[".odd"] = f"fill: {p.ground}; stroke: {_FAULT[theme]}"
    rules[".on-odd"] = f"fill: {_FAULT[theme]}; font-weight: bold"
    for css, (colour, text) in colours(theme).items():
        rules[f".{css}"] = f"fill: {colour}"
        rules[f".on-{css}"] = f"fill: {text}"
    return "\n".join(f".runlife-sequence.{theme} {what} {{ {how}; }}" for what, how in rules.items())
