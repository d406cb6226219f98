"""A sequence as a Mermaid ``sequenceDiagram``, which GitHub draws in a comment or a README.

The server is active from the creation to the end of a life, or while it streams; each step is an arrow, a
status a note over whom it reaches, and an arrow that never arrives ends in a cross. Mermaid has no quoting: a
message ends at its line, ``;`` ends a statement, ``#`` begins an entity. What is not a letter, a digit or
plain punctuation is therefore written as an entity (``#35;``), which Mermaid turns back, and so is the first
letter of a word that begins or ends a statement: some versions find those inside a message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runlife import Cause
from runlife_diagrams.sequence.steps import Gap
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
    used = [_NAMES[one.key] for one in sequence.participants]
    over = f"Note over {used[0]},{used[-1]}"
    lines = [
        "sequenceDiagram",
        f"  accTitle: {_escape(sequence.title)}",
        f"  accDescr: {_escape(sequence.description)}",
        *(f"  participant {_NAMES[one.key]} as {one.name}" for one in sequence.participants),
    ]
    active = False
    for step in sequence.steps:
        if isinstance(step, Gap):
            until = f"<br/>until {_escape(step.until)}" if step.until else ""
            says = step.says if step.css == "more" else _escape(step.says)
            lines.append(f"  {over}: {says}{until}")
            continue
        if step.idle is not None:
            lines.append(f"  {over}: idle for {_escape(duration(step.idle))}")
        lines += [f"  {statement}" for statement in _statements(step)]
        if step.active != active:
            lines.append(f"  {'activate' if step.active else 'deactivate'} S")
            active = step.active
    return "\n".join([*lines, ""])


def _statements(step: Step) -> Iterator[str]:
    sender, receiver = _NAMES[step.sender], _NAMES[step.receiver]
    when = f"{step.time}: " if step.time else ""
    fault = (f"({step.fault})",) if step.fault else ()
    said = [_escape(line) for line in (f"{when}{step.what}", *step.details, *fault)]
    if sender == receiver:  # its own doing goes over its lifeline, so only what is short
        yield f"{sender}->>{receiver}: {said[0]}"
        if said[1:]:
            yield f"Note right of {sender}: {'<br/>'.join(said[1:])}"
    else:
        yield f"{sender}{_arrow(step)}{receiver}: {'<br/>'.join(said)}"
    for one in step.news:
        end = " ■" if one.look.terminal else ""
        yield f"Note over {receiver}: {_escape(one.look.name + end)}"


def _arrow(step: Step) -> str:
    if step.sender is Cause.TIMER:
        return "--)"
    dashes = "--" if step.sender is Cause.SERVER else "-"
    return f"{dashes}x" if step.lost else f"{dashes}>>"


def _escape(text: str) -> str:
    safe = _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)
    return _WORDS.sub(lambda match: f"#{ord(match[0][0])};{match[0][1:]}", safe)
