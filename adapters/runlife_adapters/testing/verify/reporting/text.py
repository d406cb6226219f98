"""A failure on one screen, for a terminal: the sentence, the story, the sequence, the test that keeps it.

What a call asked and what it got stand on one line, unless something came between them: a screen has forty
lines, and most calls are answered at once. Only what is worth a line has one; what the story says otherwise
is marked, and so are the calls that show the failure. Where the service was when it raised comes last.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from runlife_adapters.testing.verify.reporting.regression import laid_out
from runlife_adapters.testing.verify.reporting.report import Left, shortened
from runlife_adapters.testing.verify.reporting.traces import trace_of
from runlife_adapters.testing.verify.reporting.words import HEADS, clipped, clipped_end, count, headline
from runlife_adapters.testing.verify.tape import Lane

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runlife_adapters.testing.verify.reporting.report import Line, Report

__all__ = ["as_text", "joined", "story_code"]

_WIDTH = 100
_MOST_LINES = 32
"""Lines of a sequence on a screen."""

_TIME = 8
"""Columns of the gutter."""
_NUMBER = 5
"""Columns of the number of a call."""
_ROOM = _WIDTH - _TIME - 3

_SIGNS = {Lane.SERVICE: "", Lane.WIRE: "◀── ", Lane.SERVER: "● ", Lane.CLIENT: "● ", Lane.OTHER: "◆ "}
_ASKS = "──▶"
_SHOWS = ">"
_DEVIATES = "✱"


@frozen
class _Paint:
    """What colours a text, if it is to be coloured."""

    on: bool

    def __call__(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on and text else text


_RED, _BOLD, _DIM, _YELLOW, _CYAN = "31;1", "1", "2", "33", "36"


@frozen
class _Row:
    """A line of the screen, before it is coloured."""

    time: str
    says: str
    mark: str | None = None
    """What the story says otherwise there; nothing, if that is plain from the line."""
    shows: bool = False
    style: str = ""


def as_text(report: Report, *, colour: bool = False) -> str:
    """Return the whole report, for people.

    :param colour: whether ANSI sequences colour it.
    """
    paint = _Paint(colour)
    rows = list(_rows(report))
    parts = [
        _head(report, paint),
        _story(report, paint),
        f"{_legend(rows)}\n\n" + "\n".join(line for row in rows for line in _painted(row, paint)),
    ]
    if report.failure.waits:
        waits = "\n".join(clipped_end(line, _WIDTH - 4) for line in report.failure.waits.splitlines())
        parts.append(f"Who waited then:\n\n{textwrap.indent(waits, '    ')}")
    parts.append(f"To keep it as a test:\n\n{textwrap.indent(report.test, '    ')}")
    if report.tried:
        parts.append(textwrap.fill(report.tried, _WIDTH))
    if trace := trace_of(report.failure.error):
        parts.append(f"Where it was raised:\n\n{textwrap.indent(trace, '    ')}")
    return "\n\n".join(parts)


def story_code(report: Report) -> str:
    """Return the story as code, one argument after the other."""
    return "\n".join(laid_out(f"f({said})")[2:-1] for said in report.story.arguments)


def _head(report: Report, paint: _Paint) -> str:
    kind = HEADS[report.failure.kind]
    whole = textwrap.fill(clipped(headline(report.failure), 400), _WIDTH, subsequent_indent="    ")
    return paint(_RED, whole[: len(kind)]) + paint(_BOLD, whole[len(kind) :])


def _story(report: Report, paint: _Paint) -> str:
    told = report.deviations
    if not told:
        return "That is so on the happy path already: the story has nothing unusual in it."
    says = "\n".join(
        textwrap.fill(one.says, _WIDTH, initial_indent="  ✱ ", subsequent_indent="    ") for one in told
    )
    code = textwrap.indent(story_code(report), "    ")
    several = count(len(told), "deviation")
    return f"With {several} from the happy path:\n\n{paint(_YELLOW, says)}\n\n{paint(_CYAN, code)}"


def _legend(rows: Sequence[_Row]) -> str:
    marks = [f"{_DEVIATES} otherwise than usual"] if any(row.mark is not None for row in rows) else []
    if any(row.shows for row in rows):
        marks.append(f"{_SHOWS} shows the failure")
    return f"What happened, in virtual seconds ({', '.join(marks)}):"


def _painted(row: _Row, paint: _Paint) -> Iterator[str]:
    """Give the lines of a row: one, unless its mark does not fit."""
    says = clipped_end(row.says, _ROOM)
    margin = paint(_RED, _SHOWS) if row.shows else " "
    line = f"{margin}{paint(_DIM, f'{row.time:>{_TIME}}')}  {paint(row.style, says)}"
    if row.mark is None:
        yield line.rstrip()
        return
    mark = paint(_YELLOW, f"{_DEVIATES} {row.mark}".rstrip())
    if len(says) + len(row.mark) + 4 <= _ROOM:
        yield f"{line}  {mark}"
    else:
        yield line
        yield f"{'':{_TIME + 3 + _NUMBER + 2}}{mark}"


def _rows(report: Report) -> Iterator[_Row]:
    for line in shortened(joined(report.lines), _MOST_LINES):
        if isinstance(line, Left):
            left = f"┄ {count(line.lines, 'line')} left out, until {line.until:.2f}"
            yield _Row("", f"{'':{_NUMBER}}{left}", style=_DIM)
            continue
        if line.parts:
            for part in textwrap.wrap(report.parting, _ROOM - 6):
                yield _Row("", f"┄┄ {part} ┄┄", style=_YELLOW)
        yield _row(line)
    ending = f"{'':{_NUMBER}}■ {report.ending}"
    yield _Row(f"{report.ended:.2f}", ending, shows=not report.failure.calls, style=_BOLD)


def _row(line: Line) -> _Row:
    entry = line.entry
    time = f"{entry.at:.2f}"
    if line.polls:
        until = f", until {line.until:.2f}" if line.until > entry.at else ""
        says = f"{'':{_NUMBER}}┄ {count(line.polls, 'poll')} that showed nothing new{until}"
        return _Row(time, says, style=_DIM)
    number = f"#{entry.call}" if entry.lane in (Lane.SERVICE, Lane.WIRE) and entry.call is not None else ""
    mark = line.fault or ("" if entry.deviates else None)
    return _Row(time, f"{number:<{_NUMBER}}{_SIGNS[entry.lane]}{entry.text}", mark, line.shows)


def joined(lines: Sequence[Line]) -> list[Line]:
    """Return a sequence with calls and answers as one line each, where nothing came between them.

    What the server did at that moment came before the call, and is put there; what the call did to a run
    comes after it.
    """
    told: list[Line] = []
    for line in lines:
        place = _place_of_call(line, told)
        if place is None:
            told.append(evolve(line, entry=evolve(line.entry, text=_sent(line))))
            continue
        call, between = told[place], told[place + 1 :]
        before = [one for one in between if one.entry.lane is Lane.SERVER]
        whole = evolve(
            call,
            entry=evolve(call.entry, text=f"{call.entry.text} {line.entry.text}"),
            parts=call.parts or line.parts,
        )
        group = [*before, whole, *(one for one in between if one.entry.lane is not Lane.SERVER)]
        parts = any(one.parts for one in group)
        told[place:] = [evolve(one, parts=parts and not index) for index, one in enumerate(group)]
    return told


def _sent(line: Line) -> str:
    return (
        f"{line.entry.text} {_ASKS}"
        if line.entry.lane is Lane.SERVICE and not line.polls
        else line.entry.text
    )


def _place_of_call(line: Line, told: Sequence[Line]) -> int | None:
    """Return where the call stands that a line is the answer to, if nothing but moves came between them."""
    if line.entry.lane is not Lane.WIRE or line.polls:
        return None
    for place in range(len(told) - 1, -1, -1):
        one = told[place]
        if one.polls or one.entry.at != line.entry.at:
            return None
        if one.entry.lane is Lane.SERVICE:
            waits = one.entry.call == line.entry.call and one.entry.text.endswith(_ASKS)
            return place if waits else None
        if one.entry.lane not in (Lane.SERVER, Lane.CLIENT):
            return None
    return None
