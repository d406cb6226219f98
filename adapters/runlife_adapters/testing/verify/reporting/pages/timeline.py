"""A trial as a picture: what passed between the service and the API, above what the runs truly were.

Time goes from left to right, and is not to scale: each moment at which something happened has a column as
wide as its calls need, and the time between two is drawn by the logarithm of its length, so that a minute of
polls and two calls within a second are both to be seen. Calls go down and answers come up; what came in the
place of an answer ends in a cross. All colours are classes, which the page's stylesheet has twice.
"""

from __future__ import annotations

from itertools import pairwise
from math import log2
from typing import TYPE_CHECKING

from attrs import define, field

from runlife_adapters.testing.verify.reporting.pages.markup import element, text
from runlife_adapters.testing.verify.reporting.report import Left, shortened
from runlife_adapters.testing.verify.reporting.words import clipped, count
from runlife_adapters.testing.verify.tape import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runlife_adapters.testing.verify.reporting.report import Line, Report

__all__ = ["timeline"]

_MOST_LINES = 90
_WIDTH = 974
"""Pixels that the picture has at least: those that the page gives it."""
_LEFT = 92
_RIGHT = 44
_CALL = 34
"""Pixels from one call to the next at the same moment."""
_GAP = 15
"""Pixels of the shortest time between two moments, at least."""
_ANSWER = 12
"""Pixels from a call to its answer at the same moment."""
_SERVICE_Y = 62
_API_Y = 132
_RUNS_Y = 162
_RUN_HEIGHT = 24
_RUN_STEP = 34
_CHARACTER = 6.6
"""Pixels of a character of a label."""


@define
class _Moment:
    """A column of the picture."""

    at: float
    x: float = 0.0
    slots: list[object] = field(factory=list[object])
    """What was done then, in its order: calls by their number, and acts of another worker."""

    @property
    def width(self) -> float:
        """How much room that takes."""
        return max(len(self.slots), 1) * _CALL


def timeline(report: Report) -> str:
    """Return the picture of a trial, as an SVG element."""
    lines = [line for line in shortened(report.lines, _MOST_LINES) if not isinstance(line, Left)]
    moments = _moments(lines, report)
    width = _place(moments)
    by_time = {moment.at: moment for moment in moments}
    names = list(dict.fromkeys(span.run for span in report.spans))
    height = _RUNS_Y + _RUN_STEP * len(names) + 8
    parts = [
        *_lanes(names, width),
        *_axis(moments, height),
        *_parting(lines, by_time, height),
        *_runs(report, names, by_time),
        *(part for line in lines for part in _drawn(line, by_time)),
        *_ending(report, by_time),
    ]
    return element(
        "svg",
        "\n".join(parts),
        viewBox=f"0 0 {width:.0f} {height}",
        width=f"{width:.0f}",
        height=height,
        role="img",
        aria_label="What passed between the service and the API, and what the runs were meanwhile",
    )


def _moments(lines: Iterable[Line], report: Report) -> list[_Moment]:
    times = {_cents(report.ended)}
    times.update(_cents(time) for span in report.spans for time in (span.since, span.until))
    slots: dict[float, list[object]] = {}
    for line in lines:
        entry = line.entry
        times.update(map(_cents, (entry.at, line.until) if line.polls else (entry.at,)))
        there = slots.setdefault(_cents(entry.at), [])
        slot = _slot(line)
        if slot is not None and slot not in there:
            there.append(slot)
    return [_Moment(at, slots=slots.get(at, [])) for at in sorted(times)]


def _slot(line: Line) -> object:
    """Return what has room of its own at a moment: a call, or an act of another worker."""
    entry = line.entry
    if line.polls or entry.lane in (Lane.SERVER, Lane.CLIENT):
        return None
    return entry if entry.lane is Lane.OTHER else entry.call


def _cents(at: float) -> float:
    """Return a moment as precise as it is shown: what is told apart by less has one column."""
    return round(at, 2)


def _place(moments: Sequence[_Moment]) -> float:
    """Give each column its place, and return the width of the whole."""
    columns = [moment.width for moment in moments]
    gaps = [1 + log2(1 + following.at - moment.at) for moment, following in pairwise(moments)]
    room = _WIDTH - _LEFT - 24 - _RIGHT - sum(columns)
    unit = max(_GAP, room / sum(gaps)) if gaps else _GAP
    x = _LEFT + 24.0
    for moment, column, gap in zip(moments, columns, [*gaps, 0.0], strict=True):
        moment.x = x
        x += column + gap * unit
    return max(x + _RIGHT, _WIDTH)


def _lanes(names: Sequence[str], width: float) -> Iterator[str]:
    for name, y in (("service", _SERVICE_Y), ("API", _API_Y)):
        yield _label(name, 8, y + 4, "lane")
        yield _line(_LEFT, y, width - 12, y, "rail")
    for index, name in enumerate(names):
        yield _label(name, 8, _run_y(index) + _RUN_HEIGHT / 2 + 4, "lane")


def _axis(moments: Sequence[_Moment], height: float) -> Iterator[str]:
    shown = -100.0
    for moment in moments:
        yield _line(moment.x, 26, moment.x, height - 6, "tick")
        if moment.x - shown >= len(f"{moment.at:.2f}") * _CHARACTER + 6:
            yield _label(f"{moment.at:.2f}", moment.x, 18, "time")
            shown = moment.x


def _parting(lines: Iterable[Line], by_time: dict[float, _Moment], height: float) -> Iterator[str]:
    for line in lines:
        if line.parts:
            x = _x_of(line, by_time) - 13
            yield _line(x, 26, x, height - 2, "parts")


def _runs(report: Report, names: Sequence[str], by_time: dict[float, _Moment]) -> Iterator[str]:
    end = by_time[_cents(report.ended)]
    for span in sorted(report.spans, key=lambda span: span.until == span.since):  # the shortest on top
        x, y = by_time[_cents(span.since)].x, _run_y(names.index(span.run))
        until = by_time[_cents(span.until)]
        width = max((until.x if until is not end else _x_of_end(end)) - x, 4)
        fits = len(span.status) * _CHARACTER + 10 <= width
        label = _label(span.status, x + 7, y + _RUN_HEIGHT / 2 + 4, "status") if fits else ""
        title = element(
            "title", text(f"{span.run}: {span.status}, from {span.since:.2f} to {span.until:.2f}")
        )
        bar = (
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_RUN_HEIGHT}" rx="4" '
            f'class="bar s-{text(span.status)}"/>'
        )
        yield element("g", title + bar + label)


def _drawn(line: Line, by_time: dict[float, _Moment]) -> Iterator[str]:
    entry = line.entry
    x = _x_of(line, by_time)
    if line.polls:
        end = by_time[_cents(line.until)].x
        yield _line(x, _SERVICE_Y + 35, max(end, x + 10), _SERVICE_Y + 35, "polls")
        yield _label(count(line.polls, "poll"), (x + max(end, x + 10)) / 2, _SERVICE_Y + 28, "note middle")
        return
    shows = " shows" if line.shows else ""
    title = element("title", text(f"{entry.at:.2f}  {clipped(entry.text, 200)}"))
    if entry.lane is Lane.SERVICE:
        arrow = _arrow(x, _SERVICE_Y, _API_Y, f"sent{shows}")
        star = _label("✱", x, _API_Y + 15, "star middle") if line.fault or entry.deviates else ""
        yield element(
            "g", title + arrow + _label(f"#{entry.call}", x, _SERVICE_Y - 9, f"number middle{shows}") + star
        )
    elif entry.lane is Lane.WIRE:
        came = entry.text[:1].isdigit() or entry.text.startswith(("event ", "answer"))
        x += _ANSWER
        arrow = _arrow(x, _API_Y, _SERVICE_Y, f"got{shows}") if came else _cross(x, _SERVICE_Y)
        yield element("g", title + arrow)
    elif entry.lane is Lane.OTHER:
        yield element("g", title + _label("◆", x, _API_Y + 5, "star middle"))
    elif entry.deviates:
        yield element("g", title + _label("✱", x - 1, _RUNS_Y - 4, "star middle"))


def _ending(report: Report, by_time: dict[float, _Moment]) -> Iterator[str]:
    x = _x_of_end(by_time[_cents(report.ended)])
    title = element("title", text(f"{report.ended:.2f}  {report.ending}"))
    kind = "end" if report.failure.calls else "end shows"
    yield element(
        "g", f'{title}<rect x="{x:.1f}" y="{_SERVICE_Y - 7}" width="14" height="14" class="{kind}"/>'
    )


def _x_of_end(last: _Moment) -> float:
    return last.x + last.width


def _x_of(line: Line, by_time: dict[float, _Moment]) -> float:
    moment, slot = by_time[_cents(line.entry.at)], _slot(line)
    return moment.x + (moment.slots.index(slot) if slot in moment.slots else 0) * _CALL


def _run_y(index: int) -> int:
    return _RUNS_Y + index * _RUN_STEP


def _label(said: str, x: float, y: float, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{text(said)}</text>'


def _line(x: float, y: float, to_x: float, to_y: float, kind: str) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" class="{kind}"/>'


def _arrow(x: float, y: float, to_y: float, kind: str) -> str:
    back = -7 if to_y > y else 7
    head = f"M{x - 4:.1f} {to_y + back}L{x:.1f} {to_y}L{x + 4:.1f} {to_y + back}"
    return f'<path d="M{x:.1f} {y}V{to_y}{head}" class="{kind}"/>'


def _cross(x: float, y: float) -> str:
    return f'<path d="M{x - 5:.1f} {y - 5}l10 10m0 -10l-10 10" class="cross"/>'
