"""Recordings as the pictures need them: of a run its status and what is worth a word, of a fault its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from runlife import RUN
from runlife_adapters.memory.net import Net
from runlife_adapters.traces.objects import shown_in, shown_of
from runlife_adapters.traces.recorder import REMOVED
from runlife_diagrams.sequence import Exchange, Lost, Seen, StreamEvent

if TYPE_CHECKING:
    from runlife import ToolCall
    from runlife_adapters import traces
    from runlife_adapters.traces.objects import Shown

__all__ = ["of_calls", "of_recording"]

_WORTH_A_WORD = ("required_action", "last_error", "incomplete_details")
"""What a run shows besides its status, and beside the times, which the gutter has."""
_LOST_ANSWERS = frozenset({"lose_response", "reset_after"})


def of_recording(exchanges: Iterable[traces.Exchange]) -> tuple[Exchange, ...]:
    """Return the exchanges of a recording, as they are drawn."""
    return tuple(
        Exchange(
            method=one.method,
            path=one.path,
            sent=one.sent,
            answered=one.answered,
            status_code=one.status,
            request=_request(one.request),
            says=_error(one.body),
            seen=tuple(seen for shown in shown_in(one.body) if (seen := _seen(shown)) is not None),
            events=None
            if one.events is None
            else tuple(
                StreamEvent(event.name, event.at, _seen(shown_of(event.data))) for event in one.events
            ),
        )
        for one in exchanges
    )


def of_calls(entries: Iterable[Mapping[str, Any]]) -> tuple[Exchange, ...]:
    """Return the calls that the fake server has logged, as they are drawn.

    :raises KeyError, TypeError, ValueError, runlife.MisuseError: when an entry is none.
    """
    return tuple(map(_call, entries))


def _call(entry: Mapping[str, Any]) -> Exchange:
    net = None if entry["net"] is None else Net.from_json(entry["net"])
    lost: Lost | None = None
    code: int | None = int(entry["status"]) or None
    if net is not None and net.kind in _LOST_ANSWERS:
        lost = "answer"
    elif net is not None and net.kind == "refuse":
        code = net.status
    elif net is not None and not net.takes_effect:
        lost = "request"
    details = "" if net is None else ", ".join(f"{name} {value}" for name, value in net.details.items())
    return Exchange(
        method=str(entry["method"]),
        path=str(entry["path"]),
        sent=entry["at"],
        answered=entry["at"],
        status_code=code,
        fault="" if net is None else f"{net.kind}{f': {details}' if details else ''}",
        lost=lost,
        twice=net is not None and net.kind == "duplicate",
    )


def _seen(shown: Shown | None) -> Seen | None:
    """Return what is drawn of a run; steps and messages have their names in the stream only."""
    if shown is None or shown.lifecycle is not RUN:
        return None
    facts = {name: _fact(shown.facts.get(name)) for name in _WORTH_A_WORD}
    if isinstance(usage := shown.facts.get("usage"), Mapping):
        facts["total_tokens"] = cast("Mapping[str, object]", usage).get("total_tokens")
    return Seen(shown.id, shown.status, facts)


def _fact(value: Any) -> object:
    if isinstance(value, frozenset):  # the calls that a run waits for
        names = (call.name for call in cast("frozenset[ToolCall]", value))
        return sorted(name for name in names if name != REMOVED)
    return _plain(value)


def _request(body: Any) -> Mapping[str, Any]:
    """Return what came with a request; nothing for what is no JSON object."""
    return cast("Mapping[str, Any]", _plain(body)) if isinstance(body, Mapping) else {}


def _plain(value: Any) -> Any:
    """Return JSON without the words that a recorder has removed."""
    if isinstance(value, Mapping):
        said = cast("Mapping[str, Any]", value)
        return {name: _plain(part) for name, part in said.items() if part != REMOVED}
    if isinstance(value, list):
        return [_plain(part) for part in cast("list[object]", value) if part != REMOVED]
    return value


def _error(body: object) -> str:
    """Return the words of a refusal."""
    error = cast("Mapping[str, object]", body).get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return ""
    said = cast("Mapping[str, object]", error)
    words = (said.get(name) for name in ("message", "code", "type"))
    return next((str(word) for word in words if word not in {None, REMOVED}), "")
