"""A failure as a Mermaid ``sequenceDiagram``, which GitHub draws in a comment or a README.

There are four participants at the most: the service, the API, the server behind it, and another worker if
one acts. Calls and answers are arrows, a lost one ends in a cross; what the server does is an arrow from it,
a move of a run a note over the API, and what befalls a call a note beside it.

Mermaid has no quoting: a message ends at its line, ``;`` ends a statement, and ``#`` begins an entity. What
is not a letter, a digit or plain punctuation is therefore written as an entity (``#35;``), which Mermaid
turns back into the character. So no text of a stranger can be anything but text.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from runlife_adapters.testing.verify.reporting.report import Left, shortened
from runlife_adapters.testing.verify.reporting.words import clipped, count
from runlife_adapters.testing.verify.tape import Lane

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_adapters.testing.verify.reporting.report import Line, Report

__all__ = ["to_mermaid"]

_MOST_LINES = 60
_LONGEST = 160
_COLUMNS = 44
_SPECIAL = re.compile(r"[^A-Za-z0-9 ,.()'/_+-]")
_WORDS = re.compile(r"\b(?:end|note|alt|opt|par|loop|rect|box|critical|break|link|links)\b", re.IGNORECASE)
"""Words that begin or end a statement of Mermaid; some of its versions find them inside texts."""

_PARTICIPANTS = {"S": "service", "A": "API", "R": "server", "W": "another worker"}
_ANSWERED = re.compile(r"[1-5][0-9][0-9]\b|event |answer\b")
"""How an answer begins that came; anything else is what came in its place."""


def to_mermaid(report: Report) -> str:
    """Return the sequence of a report as Mermaid text."""
    shown = shortened(report.lines, _MOST_LINES)
    body = [statement for line in shown for statement in _statements(line, report)]
    ending = f"{report.ended:.2f} {report.ending}"
    acting = any(line.entry.lane is Lane.OTHER for line in report.lines)
    used = [name for name in _PARTICIPANTS if name != "W" or acting]
    lines = [
        "sequenceDiagram",
        f"  accTitle: {_escape(clipped(report.headline, _LONGEST))}",
        *(f"  participant {name} as {_PARTICIPANTS[name]}" for name in used),
        f"  Note over S,{used[-1]}: {_text(report.headline, 2 * _LONGEST)}",
        *(f"  {statement}" for statement in body),
        f"  Note over S: {_text(ending)}",
    ]
    return "\n".join([*lines, ""])


def _statements(line: Line | Left, report: Report) -> Iterator[str]:
    if isinstance(line, Left):
        left = f"{count(line.lines, 'line')} left out, until {line.until:.2f}"
        yield f"Note over S,R: {_text(left)}"
        return
    if line.parts:
        yield f"Note over S,R: {_text(report.parting)}"
    if line.polls:
        until = f", until {line.until:.2f}" if line.until > line.entry.at else ""
        polls = f"{line.entry.at:.2f} {count(line.polls, 'poll')} that showed nothing new{until}"
        yield f"Note over S,A: {_text(polls)}"
        return
    yield _statement(line)
    if line.fault:
        yield f"Note right of A: {_text(f'✱ {line.fault}')}"
    if line.shows and line.entry.lane is Lane.SERVICE:
        yield "Note left of S: this shows it"


def _statement(line: Line) -> str:
    entry = line.entry
    number = f" #{entry.call}" if entry.call is not None else ""
    says = _text(f"{entry.at:.2f}{number} {entry.text}{' ✱' if entry.deviates else ''}")
    match entry.lane:
        case Lane.SERVICE:
            return f"S->>A: {says}"
        case Lane.WIRE:
            return f"A-->>S: {says}" if _ANSWERED.match(entry.text) else f"A--xS: {says}"
        case Lane.OTHER:
            return f"W->>A: {says}"
        case Lane.SERVER:
            return f"Note over R: {says}"
        case Lane.CLIENT:
            return f"Note over A: {says}"


def _text(text: str, longest: int = _LONGEST) -> str:
    """Return a text as a message: short, in lines, with nothing in it that Mermaid obeys."""
    return "<br/>".join(map(_escape, textwrap.wrap(clipped(text, longest), _COLUMNS)))


def _escape(text: str) -> str:
    safe = _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)
    return _WORDS.sub(lambda match: f"#{ord(match[0][0])};{match[0][1:]}", safe)
