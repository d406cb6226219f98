"""What a sequence diagram shows, as data: a step for each record, and what was left out between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from textwrap import wrap
from typing import Any, cast

from attrs import frozen

from runlife import Cause, Instance, Lifecycle, Record
from runlife.history import record_to_json
from runlife_diagrams.errors import PictureError
from runlife_diagrams.text import visible
from runlife_diagrams.timeline.journals import Journal, Reader, lifecycle_of
from runlife_diagrams.timeline.looks import Look, looks_of
from runlife_diagrams.timeline.times import duration, moment

__all__ = ["LEAST_LIMIT", "Omitted", "Sequence", "Step", "sequence_of"]

LEAST_LIMIT = 2
"""The first record and the last are always shown."""
_COLUMNS = 40
_LINES = 2
"""Of details under an event, at most."""
_LONGEST = 2_000
"""Characters of details that a hover shows, at most: the output of a tool can be a book."""


@frozen
class Step:
    """One record."""

    number: int
    """From 1, in the journal."""
    at: float
    """Seconds after the first record."""
    unix: float
    event: str
    cause: Cause
    target: Look
    details: tuple[str, ...]
    """What came with the event, in lines, shortened."""
    says: str
    """All of it, in words."""
    idle: float | None
    """How long nothing happened before it, in seconds, where that was long."""


@frozen
class Omitted:
    """Records that are not drawn."""

    records: int
    since: float
    until: float

    @property
    def says(self) -> str:
        """How many."""
        return f"… {self.records:,} more …"


@frozen
class Sequence:
    """A journal as it is drawn."""

    title: str
    description: str
    steps: tuple[Step | Omitted, ...]


def sequence_of(journal: Journal, *, lifecycle: Lifecycle[Any] | None, limit: int, idle: float) -> Sequence:
    """Return a journal as steps.

    :raises HistoryError: naming the first record that cannot be read, or does not follow.
    :raises PictureError: when the limit leaves no room for the first record and the last.
    """
    if limit < LEAST_LIMIT:
        raise PictureError(f"limit must be {LEAST_LIMIT} records or more, got {limit}")
    table = lifecycle_of([journal], lifecycle)
    records = Reader(table).read(journal)
    looks, first = looks_of(table), records[0].at
    # The beginning explains more than the end, so two thirds of what is shown are its.
    after = max(1, limit // 3)
    head, tail = (
        (limit - after, len(records) - after) if len(records) > limit else (len(records), len(records))
    )
    steps: list[Step | Omitted] = []
    for index, record in enumerate(records):
        if head <= index < tail:
            if index == head:
                steps.append(Omitted(tail - head, record.at - first, records[tail - 1].at - first))
            continue
        # Before the first step after a gap stands how much was left out, not how long nothing happened.
        before = records[index - 1].at if 0 < index != tail else record.at
        waited = record.at - before
        said = _details(record, table)
        steps.append(
            Step(
                number=index + 1,
                at=record.at - first,
                unix=record.at,
                event=visible(record.event),
                cause=record.cause,
                target=looks[record.target],
                details=_shortened(said),
                says=_words(index + 1, record, first, said),
                idle=waited if waited >= idle else None,
            )
        )
    return Sequence(_title(journal, table), _description(records), tuple(steps))


def _title(journal: Journal, lifecycle: Lifecycle[Any]) -> str:
    id = journal.facts().get("id") if isinstance(journal, Instance) else None
    return f"Sequence of {visible(str(id or f'a {lifecycle.name}'))}"


def _description(records: tuple[Record, ...]) -> str:
    first, last = records[0], records[-1]
    count = f"{len(records):,} record{'s' if len(records) > 1 else ''}"
    ended = f"the last leads to {visible(last.target)} after {duration(last.at - first.at)}"
    return f"{count}; {ended}. Times are counted from unix time {moment(first.at)}."


def _words(number: int, record: Record, first: float, details: str) -> str:
    came = f"from {visible(record.source)} " if record.source is not None else ""
    when = f"{duration(record.at - first)} (unix time {moment(record.at)})"
    moved = f"{visible(record.event)} by the {record.cause}, {came}to {visible(record.target)}"
    return f"{number}. {when}: {moved}{f'; {details}' if details else ''}"


def _details(record: Record, lifecycle: Lifecycle[Any]) -> str:
    payload = record_to_json(record, lifecycle)["payload"]
    said = [f"{name} {_said(value)}" for name, value in payload.items() if _tells(value)]
    text = visible(" ".join("; ".join(said)[: _LONGEST + 1].split())) if said else ""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _tells(value: object) -> bool:
    return value is not None and value not in ("", [], {}, ())


def _said(value: object) -> str:
    """Return JSON data in words: of an object the texts, and the numbers with their names."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return ", ".join(
            part if isinstance(part, str) else f"{name} {_said(part)}" for name, part in items if _tells(part)
        )
    if isinstance(value, (list, tuple)):
        return " / ".join(map(_said, cast("list[object]", value)))
    return f"{value:.15g}" if isinstance(value, float) else json.dumps(value, default=str)


def _shortened(details: str) -> tuple[str, ...]:
    lines = wrap(details[: _COLUMNS * (_LINES + 2)], _COLUMNS)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1][: _COLUMNS - 1]}…"]
    return tuple(lines)
