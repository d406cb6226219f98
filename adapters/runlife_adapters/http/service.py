"""The fake as a function from request to response: no socket, no framework, no time of its own.

Whatever speaks HTTP goes around it: the ASGI app (:mod:`runlife_adapters.http.asgi`), or a transport
inside the client (:mod:`runlife_adapters.http.inprocess`).

A request is checked in the service's order (inferred): its route, the key (401), the header
``OpenAI-Beta`` (400), the shape of ids (400), the query and the body (400); then the World looks whether
things exist (404), and last whether their state allows it (400). What befalls a call on the network
does so once it is admitted: before it takes effect, or after.

One call goes after the other, so that whoever watches (:mod:`runlife_adapters.http.exchange`) is told
of calls in the order in which they took effect.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from hashlib import sha256
from threading import RLock
from typing import TYPE_CHECKING, Any

from attrs import define

from runlife import MisuseError
from runlife_adapters.http.admission import check_api_key, check_beta, check_key, masked_query
from runlife_adapters.http.answers import EVENT_STREAM, JSON, OK, render
from runlife_adapters.http.bodies import DEEPEST_BODY, LARGEST_BODY, read_body, read_query
from runlife_adapters.http.doors import DOORS, Doors
from runlife_adapters.http.exchange import Exchange
from runlife_adapters.http.faults import FaultPlan
from runlife_adapters.http.judging import Verdict
from runlife_adapters.http.late import LateBody
from runlife_adapters.http.log import CallLog
from runlife_adapters.http.messages import Request, Response
from runlife_adapters.http.operations import IDS
from runlife_adapters.http.place import Place
from runlife_adapters.http.refusals import refusal
from runlife_adapters.http.routing import OPENAI, Match, Router, locate
from runlife_adapters.http.schema import check_identifier
from runlife_adapters.http.streams import BREAKS, RunStream
from runlife_adapters.memory import ApiError, LateResponse, ResponseEvents, ResponseObject, RunObject
from runlife_adapters.memory.events import RunEvents
from runlife_adapters.memory.net import Net
from runlife_adapters.memory.resources import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runlife_adapters.http.exchange import Observer
    from runlife_adapters.memory import World

__all__ = ["DEEPEST_BODY", "DOORS", "LARGEST_BODY", "Request", "Response", "Service"]

_LOG = logging.getLogger(__name__)

_ROUTER = Router()

_HEADERS = {
    "openai-organization": "runlife",
    "openai-processing-ms": "1",
    "openai-project": "proj_runlife",
    "openai-version": "2020-10-01",
}

_EVENTS = (RunEvents, ResponseEvents)
"""What the World gives to be streamed."""

_CREATE_RESPONSE = "create_response"

_OLD = frozenset({"run_id", "response_id"})
"""The ids in a path that say that it is about a run which exists."""

_NO_STATUS = 0
_UNAUTHORIZED = 401
_NOTHING = sha256().hexdigest()


class _UnansweredError(Exception):
    """The call does not come as far as the World, and there is no answer."""


@define
class _Call:
    """What has become of a request so far."""

    request: Request
    number: int
    real_at: float
    monotonic_at: float
    match: Match | None = None
    body: dict[str, Any] | None = None
    net: Net | None = None
    """What befalls it."""
    run_id: str | None = None
    """The run that it created."""
    thread_id: str | None = None


class Service:
    """Serves one World. As safe to share between threads as the World is.

    :param world: what the requests are about.
    :param api_key: the only key that is accepted, at the doors as well; by default any is, or none.
    :param doors: whether the doors of our own stand open (:mod:`runlife_adapters.http.doors`).
    :param faults: what befalls calls on the network, besides what the schedules of runs say.
    :param observers: who is told of every call, after :attr:`log` and :attr:`verdict`.
    :param watched: whether there are :attr:`log` and :attr:`verdict`, to which every call has to be told; by
        default that is so where the doors show them.
    :raises MisuseError: when the key is one that nobody can show, or the doors would have nothing to show.
    """

    def __init__(
        self,
        world: World,
        *,
        api_key: str | None = None,
        doors: bool = True,
        faults: FaultPlan | None = None,
        observers: Iterable[Observer] = (),
        watched: bool | None = None,
    ) -> None:
        check_api_key(api_key)
        if doors and watched is False:
            msg = "watched: the doors show the log and the verdict, so it is True, or doors is False as well"
            raise MisuseError(msg)
        self.world = world
        self.faults = faults if faults is not None else FaultPlan()
        self._watch = (CallLog(), Verdict(world)) if doors or watched else None
        self.observers: list[Observer] = [*(self._watch or ()), *observers]
        """Who is told of every call; nothing is made up for telling while there is nobody."""
        self._api_key = api_key
        self._doors = Doors(self) if doors else None
        # Reentrant, so that a model that calls the service which asks it meets the World's refusal.
        self._turn = RLock()
        self._calls = 0

    @property
    def log(self) -> CallLog:
        """The latest calls.

        :raises MisuseError: when the service is not watched.
        """
        return self._watched()[0]

    @property
    def verdict(self) -> Verdict:
        """What the clients did wrong so far.

        :raises MisuseError: when the service is not watched.
        """
        return self._watched()[1]

    def _watched(self) -> tuple[CallLog, Verdict]:
        if self._watch is None:
            msg = "nobody watches this service, which has no doors: give watched=True when it is made"
            raise MisuseError(msg)
        return self._watch

    def handle(self, request: Request) -> Response:
        """Answer a request; a refusal is an answer like any other.

        :raises MisuseError: as the World does, when its model or its schedule is at fault.
        """
        if request.path == DOORS or request.path.startswith(f"{DOORS}/"):
            return self._open_door(request)
        with self._turn:
            self._calls += 1
            call = _Call(request, self._calls, time.time(), time.monotonic())
            try:
                answer = self._perform(call)
            except ApiError as error:
                answer = error
            except _UnansweredError:
                answer = None
            return self._respond(call, answer)

    def _open_door(self, request: Request) -> Response:
        try:
            check_key(OPENAI, request.headers, self._api_key)
            if self._doors is None:
                raise OPENAI.no_route(request)
            return self._doors.handle(request)
        except ApiError as error:
            return Response(error.status, {"content-type": JSON}, as_text(error.to_json()))

    def _perform(self, call: _Call) -> Any:
        """Do what is asked, and return what the World gives."""
        request = call.request
        dialect, segments = locate(request)
        call.match = match = _ROUTER.find(dialect, segments, request)
        operation, ids = match.operation, match.ids
        if operation.assistants and self.world.service_policy.shut_down:
            raise dialect.no_route(request)
        check_key(dialect, request.headers, self._api_key)
        check_beta(dialect, operation, request.headers)
        call.net = self.faults.strike(operation.call, request.method, request.path)
        self._strike(call, self._run_in(ids))
        known = self.world.knows
        for name, value in ids.items():
            if name in IDS:
                check_identifier(IDS[name], value, Place(name, known))
        arguments = read_query(operation, request.query, known)
        fields = read_body(operation, request.body, request.headers, known)
        call.body = None if operation.form else fields or None
        arguments.update(ids, **fields)
        wants_stream = arguments.pop("stream", None)
        method = operation.stream if wants_stream and operation.stream is not None else operation.call
        perform = getattr(self.world, method)
        goes_on = self.world.continued(**arguments) if operation.call == _CREATE_RESPONSE else None
        if goes_on is not None:
            self._strike(call, goes_on)
        answer = perform(**arguments)
        if goes_on is None and ids.keys().isdisjoint(_OLD):
            self._note_run(call, answer)
        if call.net is not None and call.net.kind == "duplicate":
            with suppress(ApiError):  # nobody is there for the answer to what came second
                _leave(perform(**arguments))
        return self._awaited(answer) if operation.call == _CREATE_RESPONSE else answer

    def _note_run(self, call: _Call, answer: Any) -> None:
        """Note the run that a call has created, if it has; that is the first call about it."""
        if isinstance(answer, RunObject):
            call.run_id, call.thread_id = answer.id, answer.thread_id
        elif isinstance(answer, _EVENTS):
            call.run_id, call.thread_id = answer.run_id, answer.thread_id
        elif isinstance(answer, ResponseObject):
            call.run_id = self.world.chain(answer.id)
            call.thread_id = self.world.run(call.run_id).thread_id
        if call.run_id is not None:
            self._strike(call, call.run_id)

    def _awaited(self, answer: Any) -> Any:
        """Return what a new response is answered with: in the foreground, that it has ended."""
        if not isinstance(answer, ResponseObject) or answer.background:
            return answer
        late = self.world.await_response(answer.id)
        return late.take() or late

    def _run_in(self, ids: Mapping[str, str]) -> str | None:
        """Return the run that a path names, or that is behind the response which it names."""
        if (response_id := ids.get("response_id")) is not None:
            with suppress(ApiError):
                return self.world.chain(response_id)
        return ids.get("run_id")

    def _strike(self, call: _Call, run_id: str | None) -> None:
        """See what befalls a call about a run, which counts it in any case.

        The first is the one that creates the run: what befalls that one comes too late to prevent it.
        """
        scheduled = self.world.net(run_id) if run_id is not None else None
        call.net = net = call.net or scheduled
        if net is None:
            return
        if net.kind == "refuse":
            raise refusal(net.status)
        if not net.takes_effect:
            raise _UnansweredError

    # How it is answered

    def _respond(self, call: _Call, answer: Any) -> Response:
        """Return the response to a call, and tell the observers of it; None is no answer at all."""
        headers = {"content-type": JSON, **_HEADERS, "x-request-id": f"req_{call.number:032x}"}
        net, policy = call.net, self.world.service_policy
        if answer is None:
            self._tell(call, _NO_STATUS)
            return Response(_NO_STATUS, headers, b"", net)
        if isinstance(answer, _EVENTS):
            headers["content-type"] = EVENT_STREAM
            return Response(OK, headers, self._stream(call, answer), net)
        if isinstance(answer, LateResponse):
            return Response(OK, headers, *self._late(call, answer))
        rendered = render(answer)
        headers["content-type"] = rendered.content_type
        if policy.poll_after_ms is not None and isinstance(answer, RunObject):
            headers["openai-poll-after-ms"] = str(policy.poll_after_ms)
        body = rendered.body
        if net is not None:
            if net.kind == "refuse" and net.retry_after is not None:
                headers["retry-after"] = _plain(net.retry_after)
            elif net.kind == "malformed":
                body = body[: len(body) // 2]
            elif net.kind in BREAKS:
                call.net = net = None  # it befalls streams only
        # The refusal of a key names its last characters: that is between the caller and the service.
        if rendered.status == _UNAUTHORIZED:
            self._tell(call, rendered.status)
        else:
            refused = answer if isinstance(answer, ApiError) else None
            self._tell(call, rendered.status, answer=rendered.data, refusal=refused)
        return Response(rendered.status, headers, body, net)

    def _stream(self, call: _Call, events: RunEvents | ResponseEvents) -> RunStream:
        def tell(event: str, data: Any) -> None:
            if exchange is not None:
                self._tell_event(exchange, event, data)

        stream = RunStream(events, self.world.service_policy, tell, call.net)
        exchange = self._tell(call, OK, stream=stream)
        return stream

    def _late(self, call: _Call, late: LateResponse) -> tuple[LateBody, Net | None]:
        """Return a body that comes late, and what befalls it; observers are told of it when it has come."""

        def tell(event: str, data: Any) -> None:
            if exchange is not None:
                self._tell_event(exchange, event, data)

        if call.net is not None and call.net.kind in BREAKS:
            call.net = None  # it befalls streams only
        body = LateBody(late, tell, call.net)
        exchange = self._tell(call, OK)
        return body, call.net

    def _tell(self, call: _Call, status: int, **outcome: Any) -> Exchange | None:
        """Tell the observers of a call, if there are any, and return what they were told."""
        if not self.observers:
            return None
        request, match = call.request, call.match
        exchange = Exchange(
            number=call.number,
            at=self.world.clock.now(),
            real_at=call.real_at,
            monotonic_at=call.monotonic_at,
            method=request.method,
            path=request.path,
            query=masked_query(request.query),
            digest=sha256(request.body).hexdigest() if request.body else _NOTHING,
            operation=match.operation.call if match is not None else None,
            ids=match.ids if match is not None else {},
            body=call.body,
            status=status,
            net=call.net,
            run_id=call.run_id,
            thread_id=call.thread_id,
            **outcome,
        )
        for observer in self.observers:
            try:
                observer.answered(exchange)
            except Exception:  # noqa: BLE001  # whoever watches must not hinder
                _LOG.exception("an observer failed at call %d", call.number)
        return exchange

    def _tell_event(self, exchange: Exchange, event: str, data: Any) -> None:
        with self._turn:
            for observer in self.observers:
                try:
                    observer.streamed(exchange, event, data)
                except Exception:  # noqa: BLE001  # as above
                    _LOG.exception("an observer failed at an event of call %d", exchange.number)


def _plain(seconds: float) -> str:
    """Return a number as a header has it: without an exponent, and whole if it is."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _leave(answer: Any) -> None:
    """Leave a stream that nobody reads."""
    if isinstance(answer, (*_EVENTS, LateResponse)):
        answer.close()
