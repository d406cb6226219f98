"""A journal in whatever form one has it, as the records of a lifecycle, each checked to follow.

A run at hand has its journal; a log has lines of JSON, a store has objects. Pictures are drawn of records
only, so that every status and every cause in them is one that the table has. What a journal must be for
that is less than for a replay: it may begin in the middle of a life, no guard is asked, and the rows may be
those of any policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

from runlife import RUN, HistoryError, Instance, Lifecycle, Message, Record, Run, RunStep, Transition
from runlife_diagrams.text import visible

__all__ = ["LAST_TIME", "Journal", "Reader", "deadline_of", "lifecycle_of"]

Journal: TypeAlias = Instance[Any] | Iterable[Record | Mapping[str, Any]] | str | bytes
"""An instance, its records, what :func:`runlife.history.record_to_json` made of them, or NDJSON of that."""

LAST_TIME = 1e300
"""Times are less than this: their differences are finite, too."""

_KINDS: Mapping[str, type[Instance[Any]]] = {kind.table.name: kind for kind in (Run, RunStep, Message)}


def lifecycle_of(journals: Iterable[Journal], given: Lifecycle[Any] | None) -> Lifecycle[Any]:
    """Return the lifecycle that is given, else that of the first instance, else that of a run."""
    if given is not None:
        return given
    return next((each.lifecycle for each in journals if isinstance(each, Instance)), RUN)


class Reader:
    """Reads journals of one lifecycle."""

    def __init__(self, lifecycle: Lifecycle[Any]) -> None:
        self._lifecycle = lifecycle
        # Of rows that differ in their guards or their policies only, the first that is on.
        rows = [*reversed(lifecycle.rows), *reversed(lifecycle.transitions)]
        self._rows: dict[tuple[object, ...], Transition[Any]] = {_key(row): row for row in rows}

    def read(self, journal: Journal, name: str = "the journal") -> tuple[Record, ...]:
        """Return the records of a journal, oldest first.

        :param name: what an error calls it.
        :raises HistoryError: naming the first record that cannot be read, or does not follow the one before.
        """
        records: list[Record] = []
        for index, entry in enumerate(_entries(journal, name)):
            try:
                record = self._record(entry)
                _check_order(records, record)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                missing = "it lacks " if isinstance(error, KeyError) else ""
                raise HistoryError(f"record {index} of {visible(name)}: {missing}{error}") from error
            records.append(record)
        if not records:
            raise HistoryError(f"{visible(name)} is empty; its first record is the creation")
        return tuple(records)

    def _record(self, entry: object) -> Record:
        if isinstance(entry, Record):
            self._row(_key(entry.transition))
            return entry
        if not isinstance(entry, Mapping):
            raise TypeError(f"expected a Record or an object, got {type(entry).__name__}")
        data = cast("Mapping[str, Any]", entry)
        row = self._row((data["event"], data["source"], data["target"], data["cause"]))
        arguments = {a.name: a for a in self._lifecycle.arguments.get(row.event, ())}
        said: Mapping[str, object] = data.get("payload") or {}
        payload = {name: arguments[name].from_json(value) for name, value in said.items()}
        return Record(data["at"], row, payload)

    def _row(self, key: tuple[object, ...]) -> Transition[Any]:
        row = self._rows.get(key)
        if row is None:
            event, source, target, cause = key
            exits = [row for row in self._lifecycle.rows if row.source == source]
            legal = ", ".join(dict.fromkeys(f"{row.event} to {row.target}" for row in exits)) or "nothing"
            raise ValueError(
                f"the lifecycle {self._lifecycle.name!r} has no {event!r} from {source} to {target} "
                f"by the {cause}; legal from there: {legal}"
            )
        return row


def deadline_of(journal: Journal, records: tuple[Record, ...], lifecycle: Lifecycle[Any]) -> float | None:
    """Return the deadline in unix seconds that a life was under when it last was live, if that is known.

    An end clears it, so of one that has ended it is found by a replay of what came before. A journal that
    begins in the middle, or that the present policy would not have written, does not tell it.
    """
    last = records[-1]
    if last.transition.deadline is not None:
        return last.at
    if isinstance(journal, Instance):
        running = journal.next_deadline()
        if running is not None:
            return running
    kind = type(journal) if isinstance(journal, Instance) else _KINDS.get(lifecycle.name)
    living = [record for record in records if record.target not in lifecycle.terminal]
    if kind is None or not living:
        return None
    try:
        return kind.replay(living, lifecycle).next_deadline()
    except HistoryError:
        return None


def _key(row: Transition[Any]) -> tuple[object, ...]:
    return row.event, row.source, row.target, row.cause


def _entries(journal: Journal, name: str) -> Iterable[object]:
    if isinstance(journal, Instance):
        return journal.journal
    if not isinstance(journal, (str, bytes)):
        return journal
    try:
        text = journal if isinstance(journal, str) else journal.decode()
        if text.lstrip().startswith("["):
            return cast("list[object]", json.loads(text))
        # Not splitlines(): JSON text may hold U+2028, which that takes for the end of a line.
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError as error:
        raise HistoryError(f"{visible(name)} is neither NDJSON nor a JSON array: {error}") from error


def _check_order(before: list[Record], record: Record) -> None:
    _check_time(record.at)
    if not before:
        return
    if record.at < before[-1].at:
        raise ValueError(f"its time {record.at} lies before that of the record before, {before[-1].at}")
    if record.source != before[-1].target:
        raise ValueError(f"it starts from {record.source}, but the record before led to {before[-1].target}")


def _check_time(at: object) -> None:
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not abs(at) < LAST_TIME:
        raise ValueError(f"its time must be a finite number of unix seconds, got {at!r}")
