"""Our own format: one line of JSON for each thing that happened, in the order in which it did.

::

    {"runlife": "trace", "version": 1}
    {"sent": 1, "at": 1000.0, "method": "POST", "path": "/v1/threads/t/runs", "body": {...}}
    {"answered": 1, "at": 1000.2, "status": 200, "body": {...}}
    {"event": 2, "at": 1001.5, "name": "thread.run.created", "data": {...}}

A request is written when it is sent and again when it is answered, so that one whose answer never came
is there as well: it may have taken effect. A file that ends in the middle of a line, because the process
did, loses that line and no other. The lines are in the order of time whatever the times on them say: a
clock that was set back stands still until it has caught up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from runlife import MisuseError
from runlife_adapters.traces.exchanges import Event, Exchange, TraceFileError, is_moment
from runlife_adapters.traces.sse import parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HEADER", "as_line", "is_ndjson", "read_ndjson"]

HEADER: Mapping[str, Any] = {"runlife": "trace", "version": 1}
"""What a file begins with, and each part that was appended to it."""

Line = dict[str, Any]


def as_line(happened: Mapping[str, Any]) -> str:
    """Return something that happened as a line."""
    return json.dumps(happened, ensure_ascii=False, separators=(",", ":")) + "\n"


def is_ndjson(text: str) -> bool:
    """Whether a text is in this format."""
    first = parsed(text.partition("\n")[0])
    return isinstance(first, dict) and cast("Line", first).get("runlife") == HEADER["runlife"]


def read_ndjson(text: str) -> list[Exchange]:
    """Read a file.

    :raises TraceFileError: when a line other than the last is no entry, or of a version to come.
    """
    exchanges, part, latest = dict[tuple[int, Any], Exchange](), 0, float("-inf")
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        entry = parsed(line)
        if not isinstance(entry, dict):
            if line.strip() and number < len(lines):
                msg = f"line {number}: expected a JSON object, got {line:.60}"
                raise TraceFileError(msg)
            continue
        happened = cast("Line", entry)
        if "runlife" in happened:
            part += 1  # numbers begin anew
            if happened.get("version") != HEADER["version"]:
                msg = f"line {number}: expected version {HEADER['version']}, got {happened.get('version')!r}"
                raise TraceFileError(msg)
            continue
        try:
            latest = _add(exchanges, part, happened, latest)
        except MisuseError as error:
            msg = f"line {number}: {error}"
            raise TraceFileError(msg) from error
        except (KeyError, TypeError) as error:
            msg = f"line {number}: expected what was sent, answered, or an event; got {line:.60}"
            raise TraceFileError(msg) from error
    return list(exchanges.values())


def _add(exchanges: dict[tuple[int, Any], Exchange], part: int, entry: Line, latest: float) -> float:
    """Add what one line says; return the latest time up to it."""
    at, behind = entry.get("at"), 0.0
    if is_moment(at) and at < latest:
        at, behind = latest, latest - at
    if "sent" in entry:
        key = part, entry["sent"]
        exchanges[key] = Exchange(entry["method"], entry["path"], sent=at, request=entry.get("body"))
    elif "answered" in entry:
        key = part, entry["answered"]
        events = () if entry.get("stream") else None
        exchanges[key] = evolve(
            exchanges[key], answered=at, status=entry["status"], body=entry.get("body"), events=events
        )
    else:
        key = part, entry["event"]
        event = Event(entry["name"], entry.get("data"), at)
        exchanges[key] = evolve(exchanges[key], events=(*(exchanges[key].events or ()), event))
    if behind > exchanges[key].set_back:
        exchanges[key] = evolve(exchanges[key], set_back=behind)
    return latest if at is None else at
