"""What a timeline shows, as data: a lane for each life, a bar for each status, times counted from nought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast

from attrs import frozen

from runlife import Instance, Lifecycle, Record
from runlife_diagrams.errors import PictureError
from runlife_diagrams.text import visible
from runlife_diagrams.timeline.journals import LAST_TIME, Journal, Reader, deadline_of, lifecycle_of
from runlife_diagrams.timeline.looks import Look, looks_of
from runlife_diagrams.timeline.times import duration, moment

__all__ = ["Align", "Bar", "End", "Lane", "Runs", "Timeline", "timeline_of"]

Runs: TypeAlias = Mapping[str, Journal] | Journal
"""Journals by the id of their run, or a single one."""

Align = Literal["clock", "creation"]
"""Where nought is: ``clock``, the first record of all; ``creation``, each life's own first record."""

_REACH = 1.25
"""How much farther than everything else a deadline may lie, to be shown at its place."""


_SHORTEST = 1e-6
"""Seconds of a picture, at least: unix times are not more precise than that."""


@frozen
class Bar:
    """A status while it lasted; ``until`` is the picture's end where it still does."""

    status: str
    event: str
    since: float
    until: float
    open: bool


@frozen
class End:
    """The terminal status that a life ended in."""

    status: str
    event: str
    at: float


@frozen
class Lane:
    """One life; its words are harmless in any picture."""

    name: str
    bars: tuple[Bar, ...]
    end: End | None
    deadline: float | None

    @property
    def last(self) -> float:
        """The last time that is known of it."""
        return self.end.at if self.end is not None else self.bars[-1].until


@frozen
class Timeline:
    """All lanes, and the time they lie in: seconds from 0 to ``span``."""

    title: str
    description: str
    lanes: tuple[Lane, ...]
    looks: Mapping[str, Look]
    span: float


def timeline_of(runs: Runs, *, lifecycle: Lifecycle[Any] | None, now: float | None, align: Align) -> Timeline:
    """Return the timeline of lives.

    :raises HistoryError: naming the journal and the record that cannot be read.
    :raises PictureError: when there is no run at all, or ``now`` is no time.
    """
    journals = _named(runs)
    if not journals:
        raise PictureError("a timeline needs one run at least; got an empty mapping")
    if now is not None and not abs(now) < LAST_TIME:
        raise PictureError(f"now must be a finite number of unix seconds, got {now}")
    table = lifecycle_of(journals.values(), lifecycle)
    reader = Reader(table)
    read = {name: reader.read(journal, f"the journal of {name!r}") for name, journal in journals.items()}
    first = min(records[0].at for records in read.values())
    origins = {name: first if align == "clock" else records[0].at for name, records in read.items()}
    deadlines = {name: deadline_of(journals[name], records, table) for name, records in read.items()}
    # A live status lasts until now; where that is not said, until the last that is known of any life.
    until = now if now is not None else max(records[-1].at for records in read.values())
    ends = [
        (max(until, records[-1].at) if _lives(records, table) else records[-1].at) - origins[name]
        for name, records in read.items()
    ]
    span = _span(max(ends), [at - origins[name] for name, at in deadlines.items() if at is not None])
    lanes = tuple(
        _lane(name, records, table, origin=origins[name], deadline=deadlines[name], now=until - origins[name])
        for name, records in read.items()
    )
    return Timeline(_title(lanes), _description(lanes, first, align), lanes, looks_of(table), span)


def _named(runs: Runs) -> Mapping[str, Journal]:
    if isinstance(runs, Mapping):
        return cast("Mapping[str, Journal]", runs)
    name = runs.lifecycle.name if isinstance(runs, Instance) else "run"
    id = runs.facts().get("id") if isinstance(runs, Instance) else None
    return {str(id or name): runs}


def _lives(records: tuple[Record, ...], lifecycle: Lifecycle[Any]) -> bool:
    return records[-1].target not in lifecycle.terminal


def _span(end: float, deadlines: list[float]) -> float:
    near = [at for at in deadlines if at <= end * _REACH]
    return next((span for span in (max([end, *near]), max(deadlines, default=0.0)) if span >= _SHORTEST), 1.0)


def _lane(
    name: str,
    records: tuple[Record, ...],
    lifecycle: Lifecycle[Any],
    *,
    origin: float,
    deadline: float | None,
    now: float,
) -> Lane:
    bars: list[Bar] = []
    end = None
    for index, record in enumerate(records):
        since = record.at - origin
        if record.target in lifecycle.terminal:
            end = End(record.target, visible(record.event), since)
            continue
        last = index + 1 == len(records)
        until = max(now, since) if last else records[index + 1].at - origin
        bars.append(Bar(record.target, visible(record.event), since, until, last))
    return Lane(visible(name), tuple(bars), end, None if deadline is None else deadline - origin)


def _title(lanes: tuple[Lane, ...]) -> str:
    return f"Timeline of {lanes[0].name if len(lanes) == 1 else f'{len(lanes):,} runs'}"


def _description(lanes: tuple[Lane, ...], first: float, align: Align) -> str:
    counts: dict[str, int] = {}
    for lane in lanes:
        status = lane.end.status if lane.end is not None else lane.bars[-1].status
        counts[status] = counts.get(status, 0) + 1
    said = ", ".join(f"{count:,} {visible(status)}" for status, count in sorted(counts.items()))
    nought = f"unix time {moment(first)}" if align == "clock" else "the creation of each"
    longest = max(lane.last for lane in lanes)
    return f"Last seen: {said}. Times are counted from {nought}; the last is {duration(longest)} after it."
