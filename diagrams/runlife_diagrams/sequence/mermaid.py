"""A sequence as a Mermaid ``sequenceDiagram``, which GitHub draws in a comment or a README.

The server is active from the creation to the end; each event is an arrow to it, a status a note over it.
Mermaid has no quoting: a message ends at its line, ``;`` ends a statement, ``#`` begins an entity. What is
not a letter, a digit or plain punctuation is therefore written as an entity (``#35;``), which Mermaid turns
back, and so is the first letter of a word that begins or ends a statement: some versions find those inside
a message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runlife import Cause
from runlife_diagrams.sequence.steps import Omitted
from runlife_diagrams.timeline.times import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_diagrams.sequence.steps import Sequence, Step

__all__ = ["to_mermaid"]

_SPECIAL = re.compile(r"[^A-Za-z0-9 ,.()'/_+…-]")
_WORDS = re.compile(r"\b(?:alt|box|break|critical|end|link|links|loop|note|opt|par|rect)\b", re.IGNORECASE)
_NAMES = {Cause.CLIENT: "C", Cause.SERVER: "S", Cause.TIMER: "T"}


def to_mermaid(sequence: Sequence) -> str:
    """Return a sequence as Mermaid text."""
    lines = [
        "sequenceDiagram",
        f"  accTitle: {_escape(sequence.title)}",
        f"  accDescr: {_escape(sequence.description)}",
        *(f"  participant {name} as {cause}" for cause, name in _NAMES.items()),
    ]
    active = False
    for step in sequence.steps:
        if isinstance(step, Omitted):
            lines.append(f"  Note over C,T: {step.says}<br/>until {_escape(duration(step.until))}")
            continue
        lines += [f"  {statement}" for statement in _statements(step)]
        if step.target.terminal == active:
            lines.append(f"  {'deactivate' if active else 'activate'} S")
            active = not active
    return "\n".join([*lines, ""])


def _statements(step: Step) -> Iterator[str]:
    if step.idle is not None:
        yield f"Note over C,T: idle for {_escape(duration(step.idle))}"
    arrow = "--)" if step.cause is Cause.TIMER else "->>"
    said = [_escape(line) for line in (f"{duration(step.at)}: {step.event}", *step.details)]
    if step.cause is Cause.SERVER:  # its own doing goes over its lifeline, so only what is short
        yield f"S->>S: {said[0]}"
        if step.details:
            yield f"Note right of S: {'<br/>'.join(said[1:])}"
    else:
        yield f"{_NAMES[step.cause]}{arrow}S: {'<br/>'.join(said)}"
    end = " ■" if step.target.terminal else ""
    yield f"Note over S: {_escape(step.target.name + end)}"


def _escape(text: str) -> str:
    safe = _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)
    return _WORDS.sub(lambda match: f"#{ord(match[0][0])};{match[0][1:]}", safe)
