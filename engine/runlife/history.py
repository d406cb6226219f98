"""Journals and snapshots: a run as data that outlives the process.

A journal is the truth about an instance; everything else follows from it by replay. A snapshot is
therefore a journal with an envelope: which format and version, which lifecycle, which policy, and a
digest. To restore is to replay, so a snapshot that was truncated, edited, or written by other rules
is refused and never half-read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast, get_args

from attrs import asdict

from runlife.display import Shown
from runlife.errors import HistoryError, MisuseError, RunlifeError
from runlife.outcome import Record
from runlife.policy import Policy
from runlife.rows import Cause

if TYPE_CHECKING:
    from runlife.instance import Instance
    from runlife.lifecycle import Lifecycle

__all__ = ["FORMAT", "VERSION", "Deadlines", "Journal", "record_to_json", "replay", "restore", "snapshot"]

FORMAT = "runlife.snapshot"
VERSION = 1

Deadlines = Literal["absolute", "remaining", "restart"]
"""What a restore does to a deadline.

``absolute``: it stands as it was (what the real service does); ``remaining``: what was left of it
when the snapshot was taken is left now; ``restart``: it begins anew.
"""

InstanceT = TypeVar("InstanceT", bound="Instance[Any]")
Json = dict[str, Any]


class Journal(Shown, tuple[Record, ...]):  # noqa: SLOT001  # a tuple has no room for slots
    """The records of an instance, oldest first: a tuple that a notebook shows as a picture."""

    lifecycle: Lifecycle[Any]
    """The table that the rows in the records are of."""

    def __new__(cls, records: Iterable[Record], lifecycle: Lifecycle[Any]) -> Self:
        """Return the records as a tuple that knows their table."""
        self = super().__new__(cls, records)
        self.lifecycle = lifecycle
        return self

    def __str__(self) -> str:
        """Return a line for each record."""
        return "\n".join(map(str, self))

    def _repr_pretty_(self, printer: Any, _cycle: bool, /) -> None:  # noqa: FBT001  # IPython's protocol
        # IPython has its own words for a tuple, and takes them before the bundle of `Shown`.
        printer.text(str(self))

    def __getnewargs__(self) -> tuple[tuple[Record, ...], Lifecycle[Any]]:
        """Return what a copy is made of."""
        return tuple(self), self.lifecycle


def record_to_json(record: Record, lifecycle: Lifecycle[Any]) -> Json:
    """Return one line of a journal as JSON data: ``at, event, source, target, cause, payload``."""
    arguments = {a.name: a for a in lifecycle.arguments.get(record.event, ())}
    payload = {name: arguments[name].to_json(value) for name, value in record.payload.items()}
    return {
        "at": record.at,
        "event": record.event,
        "source": record.source,
        "target": record.target,
        "cause": record.cause,
        "payload": payload,
    }


def replay(
    kind: type[InstanceT],
    journal: Iterable[Record | Mapping[str, Any]],
    lifecycle: Lifecycle[Any] | None = None,
) -> InstanceT:
    """Return the instance that a journal leads to, every record checked by taking it again.

    :param journal: records, or what :func:`record_to_json` made of them, creation first.
    :raises HistoryError: naming the first record that cannot be read or does not follow.
    """
    table: Lifecycle[Any] = lifecycle or kind.table
    instance: InstanceT | None = None
    for index, entry in enumerate(journal):
        try:
            at, cause, event, payload = _read(entry, table)
            if instance is None:
                instance = kind.create(now=at, event=event, lifecycle=table, **payload)
            elif cause == Cause.TIMER:
                instance.handle_timeout(at)
            else:
                instance.apply(event, now=at, **payload)
            taken = instance.journal[-1]
            claimed = record_to_json(entry, table) if isinstance(entry, Record) else dict(entry)
        except (RunlifeError, KeyError, TypeError, ValueError, AttributeError) as error:
            msg = f"journal record {index} cannot be replayed: {error}"
            raise HistoryError(msg) from error
        if claimed != record_to_json(taken, table):
            msg = f"journal record {index} claims {claimed}, but gives: {taken}"
            raise HistoryError(msg)
        if instance.version != index + 1:
            msg = f"before journal record {index}, a deadline fell due that the journal lacks"
            raise HistoryError(msg)
    if instance is None:
        msg = "an empty journal leads to no instance; the first record is its creation"
        raise HistoryError(msg)
    return instance


def _read(entry: Record | Mapping[str, Any], table: Lifecycle[Any]) -> tuple[float, str, str, Json]:
    if isinstance(entry, Record):
        return entry.at, entry.cause, entry.event, dict(entry.payload)
    arguments = {a.name: a for a in table.arguments.get(entry["event"], ())}
    payload = {name: arguments[name].from_json(data) for name, data in entry["payload"].items()}
    return entry["at"], entry["cause"], entry["event"], payload


def snapshot(instance: Instance[Any], *, now: float | None = None) -> Json:
    """Return the instance as JSON data.

    :param now: when it is taken, in unix seconds; only needed to restore with ``remaining``.
    :raises TimeError: when ``now`` is not a time, or lies before the last record.
    """
    if now is not None:
        instance.check_time(now)
    lifecycle = instance.lifecycle
    body: Json = {
        "format": FORMAT,
        "version": VERSION,
        "lifecycle": lifecycle.name,
        "policy": asdict(lifecycle.policy),
        "status": instance.status,
        "taken_at": now,
        "journal": [record_to_json(record, lifecycle) for record in instance.journal],
    }
    return {**body, "digest": _digest(body)}


def restore(
    kind: type[InstanceT],
    data: Mapping[str, Any] | str | bytes,
    *,
    deadlines: Deadlines = "absolute",
    now: float | None = None,
) -> InstanceT:
    """Return the instance that a snapshot holds.

    :param data: what :func:`snapshot` returned, or its JSON text.
    :param deadlines: what becomes of a deadline that is still running; see :data:`Deadlines`.
    :param now: the time of the restore, needed unless ``deadlines`` is ``absolute``.
    :raises HistoryError: when it is not a snapshot, has another version or lifecycle, was truncated
        or edited, or does not replay to the status it claims.
    """
    if deadlines not in get_args(Deadlines):
        msg = f"deadlines must be one of {', '.join(map(repr, get_args(Deadlines)))}; got {deadlines!r}"
        raise MisuseError(msg)
    body = _open(data)
    table = kind.table
    if body["lifecycle"] != table.name:
        msg = f"this is a snapshot of a {body['lifecycle']!r}, not of a {table.name!r}"
        raise HistoryError(msg)
    try:
        table = table.under(Policy(**body["policy"]))
    except (TypeError, ValueError) as error:
        msg = f"the snapshot's policy cannot be read: {error}"
        raise HistoryError(msg) from error
    instance = replay(kind, body["journal"], table)
    if instance.status != body["status"]:
        msg = f"the snapshot claims status {body['status']!r}, its journal leads to {instance.status}"
        raise HistoryError(msg)
    if deadlines == "absolute" or instance.next_deadline() is None:
        return instance
    return replay(kind, _moved(instance, body, deadlines, now), table)


def _open(data: Mapping[str, Any] | str | bytes) -> Json:
    if isinstance(data, (str, bytes)):
        try:
            data = json.loads(data)
        except ValueError as error:
            msg = f"the snapshot is not JSON (truncated?): {error}"
            raise HistoryError(msg) from error
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        msg = f"not a snapshot: expected an object whose format is {FORMAT!r}"
        raise HistoryError(msg)
    if data.get("version") != VERSION:
        msg = f"the snapshot has version {data.get('version')!r}; this release reads {VERSION}"
        raise HistoryError(msg)
    body = {name: value for name, value in data.items() if name != "digest"}
    missing = {"lifecycle", "policy", "status", "journal"} - body.keys()
    if missing:
        msg = f"the snapshot lacks {', '.join(sorted(missing))}"
        raise HistoryError(msg)
    if not isinstance(body["journal"], list):
        msg = f"the snapshot's journal is not a list of records but {type(body['journal']).__name__}"
        raise HistoryError(msg)
    try:
        digest = _digest(body)
    except (TypeError, ValueError) as error:
        msg = f"the snapshot holds what is no JSON: {error}"
        raise HistoryError(msg) from error
    if data.get("digest") != digest:
        msg = "the snapshot was edited or damaged: its digest does not fit its content"
        raise HistoryError(msg)
    return body


def _digest(body: Json) -> str:
    # ASCII, because the arguments of a call may hold a lone surrogate, which no encoding takes.
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _moved(instance: Instance[Any], body: Json, deadlines: Deadlines, now: float | None) -> list[Json]:
    """Return the journal with the deadline of its creation moved."""
    deadline, taken_at = instance.next_deadline(), body.get("taken_at")
    first, *rest = cast("list[Json]", body["journal"])
    names = {a.name for a in instance.lifecycle.arguments.get(first["event"], ())}
    if now is None or deadline is None or "expires_after" not in names:
        msg = f"deadlines={deadlines!r} needs now=, and a creation that takes expires_after"
        raise MisuseError(msg)
    if deadlines == "restart":
        moved = now + (deadline - first["at"])
    elif taken_at is None:
        msg = "deadlines='remaining' needs a snapshot that was taken with now="
        raise MisuseError(msg)
    else:
        moved = now + (deadline - taken_at)
    payload = {**first["payload"], "expires_after": moved - first["at"]}
    return [{**first, "payload": payload}, *rest]
