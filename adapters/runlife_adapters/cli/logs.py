"""What a file holds that a picture is made of, told by its content: journals, a wire log, or counts.

A journal is what a run wrote of itself: its records as NDJSON or as a JSON array, or a snapshot. Journals of
several runs may stand in one file: the records of each after those of another, as a store appends them; or
mixed, where each bears the ``run_id``, as the doors of ``runlife serve`` tell them; or snapshots, one a line.
A wire log is a recording that ``runlife check`` reads, or the log of ``runlife serve``. Counts are what
``pytest --lifecycle-json`` wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import click
from attrs import frozen

from runlife import RunlifeError
from runlife.history import FORMAT
from runlife_adapters.cli.files import STDIN, read_text
from runlife_adapters.traces import Exchange, TraceFileError, read

__all__ = ["Calls", "Counts", "Journals", "Log", "Wire", "lives_of", "read_log"]

Json = Mapping[str, Any]
_CASSETTE = re.compile(r"^interactions:", re.MULTILINE)
"""What a cassette in YAML has. To read all that is no JSON as YAML would take minutes."""


@frozen
class Journals:
    """The records of lives, by name."""

    lives: Mapping[str, tuple[Json, ...]]


@frozen
class Wire:
    """A recording."""

    exchanges: tuple[Exchange, ...]


@frozen
class Calls:
    """The log of the fake server."""

    entries: tuple[Json, ...]


@frozen
class Counts:
    """How often rows were taken, by their names."""

    rows: Mapping[str, int]


Log = Journals | Wire | Calls | Counts


def read_log(name: str) -> Log:
    """Return what a file holds.

    :raises click.ClickException: when it cannot be read, or holds nothing of what is known.
    """
    text = read_text(name)
    shown = "standard input" if name == STDIN else name
    entries = _entries(text, shown)
    first: Json = entries[0] if entries else {}
    if "runlife" in first or any(key in first for key in ("Entries", "interactions", "log")):
        return _wire(text, shown)
    if "calls" in first and "dropped" in first:
        if first["dropped"]:
            click.echo(
                f"{shown}: the {first['dropped']:,} calls before the first are not in the log", err=True
            )
        return Calls(tuple(first["calls"]))
    if "counts" in first and "uses" in first:
        return Counts(_counts(first, shown))
    if first.get("format") == FORMAT or {"event", "target", "at"} <= first.keys():
        return Journals(lives_of(entries, shown))
    if not entries and _CASSETTE.search(text):
        return _wire(text, shown)
    raise click.ClickException(
        f"{shown}: it is no journal (NDJSON or a JSON array of records, or a snapshot), no recording that "
        f"`runlife check` reads, no log of `runlife serve`, and not what `pytest --lifecycle-json` wrote"
    )


def lives_of(entries: list[Json], shown: str) -> Mapping[str, tuple[Json, ...]]:
    """Return the records of each life, by its name: the id that its creation says, or a number.

    :raises click.ClickException: when an entry is neither a record nor a snapshot.
    """
    lives: list[list[Json]] = []
    by_run: dict[str, list[Json]] = {}
    for number, entry in enumerate(entries, 1):
        if entry.get("format") == FORMAT and isinstance(entry.get("journal"), list):
            lives.append([each for each in cast("list[Json]", entry["journal"]) if _is_object(each)])
        elif "event" not in entry:
            raise click.ClickException(f"{shown}: entry {number} is no record of a journal: {entry!r:.60}")
        elif isinstance(run_id := entry.get("run_id"), str):
            if run_id not in by_run:
                lives.append(by_run.setdefault(run_id, []))
            by_run[run_id].append(entry)
        elif entry.get("source") is None or not lives:
            lives.append([entry])
        else:
            lives[-1].append(entry)
    named: dict[str, tuple[Json, ...]] = {}
    for number, records in enumerate(lives, 1):
        name = wanted = _id(records) or f"run {number}"
        again = 1
        while name in named:
            again += 1
            name = f"{wanted} ({again})"
        named[name] = tuple(records)
    return named


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _id(records: list[Json]) -> str | None:
    """Return the id of a life, as its first record says it."""
    first: Json = records[0] if records else {}
    payload: object = first.get("payload")
    said: object = first.get("run_id")
    if said is None and isinstance(payload, Mapping):
        said = cast("Json", payload).get("id")
    return said if isinstance(said, str) and said else None


def _entries(text: str, shown: str) -> list[Json]:
    """Return the objects of a text, be it JSON or NDJSON; none where it is neither.

    The last line of a file that somebody still writes may be half there: it is left out, and that is said.
    """
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        return _of_lines(text, shown)
    entries = cast("list[object]", data) if isinstance(data, list) else [data]
    return [cast("Json", entry) for entry in entries if isinstance(entry, Mapping)]


def _of_lines(text: str, shown: str) -> list[Json]:
    # Not splitlines(): JSON text may hold U+2028, which that takes for the end of a line.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    entries: list[Json] = []
    for number, line in lines:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            if not entries:
                return []
            if number == lines[-1][0]:
                click.echo(f"{shown}: its last line, {number}, is not whole and is left out", err=True)
                break
            raise click.ClickException(f"{shown}: line {number} is no JSON: {error}") from error
        if not isinstance(entry, Mapping):
            raise click.ClickException(f"{shown}: line {number}: expected a JSON object, got {line:.60}")
        entries.append(cast("Json", entry))
    return entries


def _wire(text: str, shown: str) -> Wire:
    # What came through a pipe is read from a file, as everything that is recorded.
    with TemporaryDirectory() as folder:
        file = Path(folder) / "log"
        file.write_text(text, encoding="utf-8")
        try:
            return Wire(tuple(read(file)))
        except TraceFileError as error:
            says = str(error).removeprefix(f"{file}: ")
            raise click.ClickException(f"{shown}: {says}") from error


def _counts(data: Json, shown: str) -> Mapping[str, int]:
    from runlife_adapters.testing.coverage import LifecycleCoverage  # noqa: PLC0415  # only here

    try:
        counted = LifecycleCoverage.from_json(data)
    except RunlifeError as error:
        raise click.ClickException(f"{shown}: {error}") from error
    return {str(row): count for row, count in counted.heat().items()}
