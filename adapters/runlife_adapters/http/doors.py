"""The doors of our own, beside the API: for whoever sets a scene, moves the time, or watches.

All stand under ``/_runlife/``. Bodies and answers are JSON; a refusal is ``{"error": {"message": ...}}``.

======  =====================  ==================================================================
method  path                   what it does
======  =====================  ==================================================================
GET     ``/``                  lists the doors
POST    ``reset``              empties the World, the log, the verdict and the counts of faults
POST    ``seed``               ``{"objects": [...]}``: puts wire objects into the World, all or
                               none; answers them as they are then
GET     ``rules``              the rules and the faults, as one document
PUT     ``rules``              takes such a document, JSON or YAML, in place of both
GET     ``clock``              ``{"now": unix seconds, "kind": "virtual" | "real"}``
POST    ``clock``              ``{"advance": seconds}``: moves a virtual clock forward
POST    ``runs/{id}/apply``    makes a move of the server now, and answers the run: the body is an
                               entry of a schedule without its delay
POST    ``runs/{id}/step``     makes the pending move of the server now, and answers the run; the id may
                               be that of a response: it is about the run behind it then, as above
GET     ``log``                ``{"calls": [...], "dropped": n}``: the latest calls of the API, oldest
                               first, and how many there were before them
GET     ``events``             every transition of every run from now on, as server-sent events
GET     ``verdict``            what the client did wrong; as text with ``?format=text``, or when
                               ``Accept`` asks for ``text/plain``
GET     ``openapi.json``       the OpenAPI document of the API
======  =====================  ==================================================================

A refusal is a 400 for what cannot be done, 403 for a web page, 404 for what there is not, 405 for a
method that a door does not know, 413 for a body that is too large and 415 for one of another type. The
key of the API, if there is one, is asked for here as well (401): the service does that.

A web page that somebody visits must not drive a server on that somebody's machine. So a request that
says which page it comes from (``Origin``) is refused unless that page stands on this machine too, and a
body must be sent as JSON, which a page of another origin cannot do without asking first. By which name the
server is called (``Host``), the server on a socket sees to (:mod:`runlife_adapters.http.local_doors`).

In ``events``, each is named ``transition``; its data is ``{"run_id", "thread_id", "at", "event",
"source", "target", "cause"}``. A listener that does not keep up loses the oldest, and is told so in
their place: ``dropped``, with ``{"count": n}``. Nobody ever waits for a listener.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, unquote
from weakref import WeakSet

from attrs import frozen

from runlife import MisuseError, VirtualClock
from runlife_adapters.http import rulebook
from runlife_adapters.http.answers import EVENT_STREAM, JSON
from runlife_adapters.http.bodies import DEEPEST_BODY, LARGEST_BODY, no_constant
from runlife_adapters.http.depth import is_deeper
from runlife_adapters.http.loopback import host_of, is_loopback
from runlife_adapters.http.messages import Request, Response
from runlife_adapters.http.openapi import document
from runlife_adapters.memory import After, ApiError
from runlife_adapters.memory.checks import check_kind, check_names
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.resources import as_text

if TYPE_CHECKING:
    from runlife_adapters.http.service import Service
    from runlife_adapters.memory import World
    from runlife_adapters.memory.events import Happened

__all__ = ["DOORS", "KEPT_EVENTS", "Doors", "Transitions"]

KEPT_EVENTS = 1_000
"""How many transitions are kept for a listener that does not keep up."""

_LOG = logging.getLogger(__name__)

DOORS = "/_runlife"
"""Where they stand; everything else is the API."""
_TEXT = "text/plain"
_YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")


@frozen
class _Door:
    method: str
    path: str
    """With names of ids in braces."""
    open: Callable[[Doors, Request, Mapping[str, str]], Response]
    says: str
    types: tuple[str, ...] = (JSON,)
    """What its body may be sent as."""

    def match(self, segments: tuple[str, ...]) -> Mapping[str, str] | None:
        """Return the ids in a path by name, or None when it leads elsewhere."""
        mine = tuple(self.path.split("/"))
        if len(mine) != len(segments):
            return None
        ids: dict[str, str] = {}
        for wanted, found in zip(mine, segments, strict=True):
            if wanted.startswith("{") and found:
                ids[wanted.strip("{}")] = found
            elif wanted != found:
                return None
        return ids


class Doors:
    """The doors of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open = WeakSet[Transitions]()

    @property
    def _world(self) -> World:
        return self._service.world

    def handle(self, request: Request) -> Response:
        """Answer a request to a door; a refusal is an answer like any other."""
        try:
            return self._handle(request)
        except ApiError as error:
            return _refusal(error)
        except MisuseError as error:
            return _refusal(ApiError(400, str(error)))

    def _handle(self, request: Request) -> Response:
        _check_origin(request.headers)
        path = request.path.removeprefix(DOORS).strip("/")
        segments = tuple(unquote(segment) for segment in path.split("/"))
        here = [(door, ids) for door in _DOORS if (ids := door.match(segments)) is not None]
        if not here:
            raise ApiError(404, f"there is no door {DOORS}/{path}; GET {DOORS}/ lists them")
        for door, ids in here:
            if door.method == request.method:
                _check_body(request, door.types)
                return door.open(self, request, ids)
        known = ", ".join(door.method for door, _ in here)
        refusal = _refusal(ApiError(405, f"the door {DOORS}/{path} knows {known}, not {request.method}"))
        return Response(refusal.status, {**refusal.headers, "allow": known}, refusal.body)

    # The scene

    def _list(self, _request: Request, _ids: Mapping[str, str]) -> Response:
        doors = [{"method": d.method, "path": f"{DOORS}/{d.path}", "says": d.says} for d in _DOORS]
        return _answer({"doors": doors})

    def _reset(self, _request: Request, _ids: Mapping[str, str]) -> Response:
        self._world.reset()
        self._service.log.reset()
        self._service.verdict.reset()
        self._service.faults.reset()
        return _answer({"reset": True})

    def _seed(self, request: Request, _ids: Mapping[str, str]) -> Response:
        said = _read(request, "objects")
        check_kind("objects", said["objects"], list)
        seeded = self._world.seed(said["objects"])
        for stream in tuple(self._open):
            stream.wake()  # nothing has happened, but something will: they wait for another moment now
        return _answer({"objects": [made.to_json() for made in seeded]})

    def _show_rules(self, _request: Request, _ids: Mapping[str, str]) -> Response:
        return _answer(rulebook.dump(self._world.rules, self._service.faults))

    def _take_rules(self, request: Request, _ids: Mapping[str, str]) -> Response:
        try:
            text = request.body.decode()
        except UnicodeDecodeError as error:
            raise ApiError(400, f"expected UTF-8: {error}") from None
        rules, faults = rulebook.load(text)
        self._world.rules = rules  # refuses what its policy forbids: nothing has changed before
        self._service.faults = faults
        return _answer(rulebook.dump(rules, faults))

    # Time

    def _show_clock(self, _request: Request, _ids: Mapping[str, str]) -> Response:
        kind = "virtual" if isinstance(self._world.clock, VirtualClock) else "real"
        return _answer({"now": self._world.now(), "kind": kind})

    def _move_clock(self, request: Request, ids: Mapping[str, str]) -> Response:
        self._world.advance(_read(request, "advance")["advance"])
        return self._show_clock(request, ids)

    # Moves of the server, by hand

    def _apply(self, request: Request, ids: Mapping[str, str]) -> Response:
        after = After.from_json(_object(request))
        return _answer(self._world.apply(self._run_of(ids["id"]), after).to_json())

    def _step(self, _request: Request, ids: Mapping[str, str]) -> Response:
        return _answer(self._world.step(self._run_of(ids["id"])).to_json())

    def _run_of(self, id: str) -> str:
        return self._world.chain(id) if id.startswith(Kind.RESPONSE) else id

    # What was and what is

    def _show_log(self, _request: Request, _ids: Mapping[str, str]) -> Response:
        return _answer({"calls": self._service.log.entries(), "dropped": self._service.log.dropped})

    def _show_events(self, _request: Request, _ids: Mapping[str, str]) -> Response:
        headers = {"content-type": EVENT_STREAM, "cache-control": "no-store"}
        stream = Transitions(self._world)
        self._open.add(stream)
        return Response(200, headers, stream)

    def _show_verdict(self, request: Request, _ids: Mapping[str, str]) -> Response:
        asked = parse_qs(request.query, keep_blank_values=True).get("format", [])
        if any(word not in ("json", "text") for word in asked):
            raise ApiError(400, f"format: expected 'json' or 'text', got {asked[-1]!r}")
        accepted = request.headers.get("accept", "").partition(",")[0].partition(";")[0].strip()
        if "text" in asked or (not asked and accepted == _TEXT):
            text = self._service.verdict.to_text().encode(errors="replace")
            return Response(200, {"content-type": f"{_TEXT}; charset=utf-8"}, text)
        return _answer(self._service.verdict.to_json())

    def _show_openapi(self, _request: Request, _ids: Mapping[str, str]) -> Response:
        return _answer(document())

    DOORS = (
        _Door("GET", "", _list, "lists the doors"),
        _Door("POST", "reset", _reset, "empties the World, the log, the verdict and the counts of faults"),
        _Door("POST", "seed", _seed, "puts wire objects into the World, all or none"),
        _Door("GET", "rules", _show_rules, "the rules and the faults, as one document"),
        _Door("PUT", "rules", _take_rules, "takes such a document in place of both", (JSON, *_YAML)),
        _Door("GET", "clock", _show_clock, "what time it is, and by which kind of clock"),
        _Door("POST", "clock", _move_clock, "moves a virtual clock forward"),
        _Door("POST", "runs/{id}/apply", _apply, "makes a move of the server now"),
        _Door("POST", "runs/{id}/step", _step, "makes the pending move of the server now"),
        _Door("GET", "log", _show_log, "the latest calls of the API, oldest first"),
        _Door("GET", "events", _show_events, "every transition of every run from now on, as it happens"),
        _Door("GET", "verdict", _show_verdict, "what the client did wrong"),
        _Door("GET", "openapi.json", _show_openapi, "the OpenAPI document of the API"),
    )
    """Every door."""


_DOORS = Doors.DOORS


class Transitions:
    """A :class:`~runlife_adapters.http.messages.Stream` of what happens to all runs of a World.

    It never ends by itself.

    :param keep: how many are kept for a reader that does not keep up; the oldest are dropped.
    """

    def __init__(self, world: World, keep: int = KEPT_EVENTS) -> None:
        self._world = world
        self._queue: deque[Happened] = deque(maxlen=keep)
        self._dropped = 0
        self._begun = False
        self._over = False
        self._notify: Callable[[], None] | None = None
        self._lock = Lock()
        self._stop = world.listen(self._hear)

    @property
    def over(self) -> bool:
        """Whether it was closed: it does not end by itself."""
        return self._over

    def take(self) -> bytes:
        """Return what has happened by now; at first a comment, so that the listener knows it is heard."""
        if self._over:
            return b""
        try:
            self._world.settle()
        except MisuseError:  # of the World's model: its run has failed, which is an event like any other
            _LOG.exception("the World failed while its transitions were listened to")
        with self._lock:
            happened, dropped = list(self._queue), self._dropped
            self._queue.clear()
            self._dropped = 0
        frames = [] if self._begun else [b": listening\n\n"]
        self._begun = True
        if dropped:
            frames.append(_frame("dropped", {"count": dropped}))
        return b"".join([*frames, *(_frame("transition", _told(one)) for one in happened)])

    def due(self) -> float | None:
        """Return when something will next happen to any run by itself."""
        return None if self._over else self._world.next_event()

    def notify(self, callback: Callable[[], None]) -> None:
        """Have a callback called when something has happened."""
        self._notify = callback

    def wake(self) -> None:
        """Have the reader ask again when something will happen."""
        if (notify := self._notify) is not None:
            notify()

    def close(self, *, abandoned: bool = False) -> None:  # noqa: ARG002  # of a Stream; here it is all the same
        """Stop listening."""
        if not self._over:
            self._over, self._notify = True, None
            self._stop()

    def _hear(self, happened: Happened) -> None:
        with self._lock:
            self._dropped += len(self._queue) == self._queue.maxlen
            self._queue.append(happened)
        self.wake()


def _told(happened: Happened) -> dict[str, Any]:
    record = happened.record
    return {
        "run_id": happened.run_id,
        "thread_id": happened.thread_id,
        "at": record.at,
        "event": record.event,
        "source": record.source,
        "target": record.target,
        "cause": record.cause,
    }


def _frame(name: str, data: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), as_text(data))


def _answer(data: Any) -> Response:
    return Response(200, {"content-type": JSON}, as_text(data))


def _refusal(error: ApiError) -> Response:
    return Response(error.status, {"content-type": JSON}, as_text(error.to_json()))


# What is let in


def _check_origin(headers: Mapping[str, str]) -> None:
    origin = headers.get("origin")
    if origin is not None and not is_loopback(host_of(origin)):
        raise ApiError(403, f"a web page from {origin!r} may not open these doors: only one of this machine")


def _check_body(request: Request, types: tuple[str, ...]) -> None:
    if len(request.body) > LARGEST_BODY:
        raise ApiError(413, f"the body is too large: at most {LARGEST_BODY} bytes are read")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.body and kind not in types:
        raise ApiError(415, f"expected a body of type {' or '.join(types)}, got {kind or 'none'!r}")


def _read(request: Request, *names: str) -> dict[str, Any]:
    """Return the body, an object that has exactly these names."""
    said = _object(request)
    check_names("the body", said, names, required=names)
    return said


def _object(request: Request) -> dict[str, Any]:
    try:
        data: object = json.loads(request.body or b"{}", parse_constant=no_constant)
    except ValueError as error:
        raise ApiError(400, f"the body is no JSON: {error}") from None
    except RecursionError:
        raise _too_deep() from None
    check_kind("the body", data, dict)
    if is_deeper(data, DEEPEST_BODY):
        raise _too_deep()
    return cast("dict[str, Any]", data)


def _too_deep() -> ApiError:
    return ApiError(400, f"the body is nested too deeply: at most {DEEPEST_BODY} levels are read")
