"""A journal as a sequence: an arrow for each record, from who caused it to the server that it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runlife import Cause, Instance
from runlife.history import record_to_json
from runlife_diagrams.sequence.said import in_lines, in_words
from runlife_diagrams.sequence.steps import Gap, News, Participant, Sequence, Step, kept, left_out
from runlife_diagrams.text import visible
from runlife_diagrams.timeline.journals import Reader, lifecycle_of
from runlife_diagrams.timeline.looks import looks_of
from runlife_diagrams.timeline.times import duration, moment

if TYPE_CHECKING:
    from runlife import Lifecycle, Record
    from runlife_diagrams.timeline.journals import Journal

__all__ = ["sequence_of"]

_PARTICIPANTS = tuple(Participant(cause, cause.value) for cause in Cause)


def sequence_of(journal: Journal, *, lifecycle: Lifecycle[Any] | None, limit: int, idle: float) -> Sequence:
    """Return a journal as steps.

    :raises HistoryError: naming the first record that cannot be read, or does not follow.
    :raises PictureError: when the limit leaves no room for the first record and the last.
    """
    table = lifecycle_of([journal], lifecycle)
    records = Reader(table).read(journal)
    looks, first = looks_of(table), records[0].at
    steps: list[Step | Gap] = []
    head, tail = kept(len(records), limit)
    for index, record in enumerate(records):
        if head <= index < tail:
            if index == head:
                since, until = (duration(records[end].at - first) for end in (head, tail - 1))
                steps.append(left_out(tail - head, since, until))
            continue
        # Before the first step after a gap stands how much was left out, not how long nothing happened.
        waited = record.at - records[index - 1].at if 0 < index != tail else 0.0
        said = in_words(record_to_json(record, table)["payload"])
        look = looks[record.target]
        steps.append(
            Step(
                number=index + 1,
                time=duration(record.at - first),
                sender=record.cause,
                receiver=Cause.SERVER,
                css=record.cause,
                what=visible(record.event),
                details=in_lines(said),
                says=_words(index + 1, record, first, said),
                news=(News(look),),
                active=not look.terminal,
                idle=waited if waited >= idle else None,
            )
        )
    return Sequence(_title(journal, table), _description(records), _PARTICIPANTS, tuple(steps))


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
