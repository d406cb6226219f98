"""The formats of others: HAR, the cassettes of VCR, and recordings as test proxies write them.

Where a format has no times of its own, those of the answers' headers stand in: ``Date``, and
``openai-processing-ms`` for how long it took. Such a file is taken to be in the order of its requests.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from attrs import evolve

from runlife_adapters.traces.exchanges import Event, Exchange
from runlife_adapters.traces.sse import EventReader, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORMATS"]

Json = Mapping[str, Any]


def _recording(entry: Json, before: list[Exchange]) -> Exchange:
    """Read one of ``{"Entries": [{"RequestUri", "RequestMethod", ...}]}``."""
    body = entry.get("ResponseBody")
    # A body that is no JSON stands there as text, or as a list of lines.
    return _exchange(
        entry["RequestMethod"],
        entry["RequestUri"],
        before=before,
        request=entry.get("RequestBody"),
        status=entry.get("StatusCode"),
        headers=_headers(entry.get("ResponseHeaders")),
        body="".join(cast("list[str]", body)) if isinstance(body, list) else body,
    )


def _vcr(entry: Json, before: list[Exchange]) -> Exchange:
    """Read one of the ``interactions`` of a cassette."""
    request, response = entry["request"], _object(entry.get("response"))
    status: Any = response.get("status")
    return _exchange(
        request["method"],
        request["uri"],
        before=before,
        request=_said(request.get("body")),
        status=_object(cast("object", status)).get("code") if isinstance(status, Mapping) else status,
        headers=_headers(response.get("headers")),
        body=_said(response.get("body")),
    )


def _har(entry: Json, _before: list[Exchange]) -> Exchange:
    """Read one of the ``entries`` of a HAR log, which have times of their own."""
    request, response = entry["request"], _object(entry["response"])
    content = _object(response.get("content"))
    text: Any = content.get("text")
    if content.get("encoding") == "base64" and isinstance(text, str):
        text = base64.b64decode(text)
    exchange = _exchange(
        request["method"],
        request["url"],
        before=[],
        request=_object(request.get("postData")).get("text"),
        status=response.get("status") or None,  # 0 stands for no answer
        headers={h["name"].lower(): str(h["value"]) for h in response.get("headers") or ()},
        body=text,
    )
    sent, took = datetime.fromisoformat(entry["startedDateTime"]).timestamp(), entry.get("time")
    answered = sent + took / 1000 if isinstance(took, int | float) and took >= 0 else None
    # Of a stream this is the end: no event came later.
    events = exchange.events and tuple(evolve(event, at=answered) for event in exchange.events)
    return evolve(exchange, sent=sent, answered=answered, events=events)


FORMATS: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any, list[Exchange]], Exchange]]] = {
    "recordings": (lambda data: data["Entries"], _recording),
    "VCR cassette": (lambda data: data["interactions"], _vcr),
    "HAR": (lambda data: data["log"]["entries"], _har),
}
"""By name: where the entries stand in a file, and how one is read, given those before it."""


def _exchange(
    method: str,
    uri: str,
    *,
    before: list[Exchange],
    request: object,
    status: int | None,
    headers: Mapping[str, str],
    body: Any,
) -> Exchange:
    """Return an exchange whose times are those of its headers."""
    answered = _date(headers.get("date"))
    earlier = [one.answered for one in before if one.answered is not None]
    sent = None
    if answered is not None:
        took = headers.get("openai-processing-ms", "")
        sent = answered - (int(took) / 1000 if took.isdecimal() else 0)
        answered = max([answered, *earlier[-1:]])
        sent = max([sent, *earlier[-1:]])
    events = None
    if isinstance(body, str | bytes):
        raw = body.encode() if isinstance(body, str) else body
        if headers.get("content-type", "").startswith("text/event-stream"):
            # When each came, nobody noted.
            events = tuple(Event(name, data) for name, data in EventReader().feed(raw))
            body = None
        else:
            body = parsed(raw)
    if isinstance(request, str | bytes):
        request = parsed(request)
    return Exchange(method.upper(), urlsplit(uri).path, sent, answered, status, request, body, events)


def _said(body: Any) -> Any:
    """Return what a cassette has for a body: its text, which may stand in an object of its own."""
    if isinstance(body, Mapping):
        body = cast("Json", body)
        if isinstance(body.get("base64_string"), str):
            return base64.b64decode(body["base64_string"])
        return body["string"] if "string" in body else body.get("text")
    return body


def _object(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, Mapping) else {}


def _headers(headers: Any) -> dict[str, str]:
    """Return headers with small names; of several values the first."""
    found = dict[str, str]()
    for name, value in cast("Json", headers or {}).items():
        first = cast("list[object]", value)[:1] if isinstance(value, list) else [cast("object", value)]
        found[name.lower()] = str(first[0]) if first else ""
    return found


def _date(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except (ValueError, OverflowError):
        return None
