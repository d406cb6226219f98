"""The fake as a function from request to response: no socket, no framework, no time of its own.

Whatever speaks HTTP goes around it: the ASGI app (:mod:`runlife_adapters.http.asgi`), or a transport
inside the client (:mod:`runlife_adapters.http.transport`).

A request is checked in the service's order (inferred): its route, the key (401), the header
``OpenAI-Beta`` (400), the shape of ids (400), the body (400); then the World looks whether things
exist (404), and last whether their state allows it (400).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import count
from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from runlife_adapters.http.operations import IDS, OPERATIONS, Operation
from runlife_adapters.http.refusals import (
    NO_BETA,
    NO_KEY,
    NO_METHOD,
    NO_ROUTE,
    NOT_AN_OBJECT,
    NOT_JSON,
    NOT_STREAMED,
    OLD_BETA,
    OUT_OF_RANGE,
    TOO_DEEP,
    TOO_LARGE,
    WRONG_KEY,
)
from runlife_adapters.http.schema import Integer, Object, check_identifier, validate
from runlife_adapters.memory import ApiError, RunObject

if TYPE_CHECKING:
    from runlife_adapters.memory import World

__all__ = ["DEEPEST_BODY", "LARGEST_BODY", "Request", "Response", "Service"]

_BASE = "v1"

LARGEST_BODY = 8 * 1024 * 1024
"""Bytes of a request body that are accepted."""

DEEPEST_BODY = 100
"""Levels of objects and arrays in a request body that are accepted: what walks them is recursive."""

_BETA = "assistants=v2"


@frozen
class Request:
    """An HTTP request as plain values.

    ``path`` is as it was sent, percent-encoded, from ``/v1`` on; ``query`` is what comes after the
    question mark. Header names are in lower case.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(factory=dict[str, str])
    body: bytes = b""


@frozen
class Response:
    """An HTTP response as plain values. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Service:
    """Serves one World. As safe to share between threads as the World is.

    :param world: what the requests are about.
    :param api_key: the only key that is accepted; by default, any is, and none is needed.
    :param poll_after_ms: what ``openai-poll-after-ms`` says with every run: how many milliseconds the
        official clients are to wait between two polls. By default it is not sent.
    """

    def __init__(self, world: World, *, api_key: str | None = None, poll_after_ms: int | None = None) -> None:
        self.world = world
        self._api_key = api_key
        self._poll_after_ms = poll_after_ms
        self._numbers = count(1)

    def handle(self, request: Request) -> Response:
        """Answer a request; a refusal is an answer like any other."""
        headers = {
            "content-type": "application/json",
            "openai-organization": "runlife",
            "openai-processing-ms": "1",
            "openai-project": "proj_runlife",
            "openai-version": "2020-10-01",
            "x-request-id": f"req_{next(self._numbers):032x}",
        }
        try:
            answer = self._answer(request)
            status, body = 200, answer.to_json()
            if isinstance(answer, RunObject) and self._poll_after_ms is not None:
                headers["openai-poll-after-ms"] = str(self._poll_after_ms)
        except ApiError as error:
            status, body = error.status, error.to_json()
        return Response(status, headers, json.dumps(body).encode())

    def _answer(self, request: Request) -> Any:
        operation, ids = _route(request)
        self._admit(request.headers)
        for name, value in ids.items():
            check_identifier(IDS[name], value, name)
        options = _query(operation, request.query)
        body = {} if operation.body is None else _body(operation.body, request.body)
        return getattr(self.world, operation.call)(**ids, **options, **body)

    def _admit(self, headers: Mapping[str, str]) -> None:
        if self._api_key is not None:
            scheme, _, key = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not key:
                raise NO_KEY.error()
            if key != self._api_key:
                raise WRONG_KEY.error(key=_masked(key))
        betas = {beta.strip() for beta in headers.get("openai-beta", "").split(",")}
        if _BETA not in betas:
            raise (OLD_BETA if "assistants=v1" in betas else NO_BETA).error()


def _route(request: Request) -> tuple[Operation, Mapping[str, str]]:
    first, *rest = request.path.removeprefix("/").split("/")
    segments = tuple(unquote(segment) for segment in rest)
    on_path = [(o, ids) for o in OPERATIONS if first == _BASE and (ids := o.match(segments)) is not None]
    if not on_path:
        raise NO_ROUTE.error(method=request.method, path=request.path)
    # The first row on a path says which path it is: GET /threads/runs is not a thread named `runs`.
    path = on_path[0][0].path
    for operation, ids in on_path:
        if operation.path == path and operation.method == request.method:
            return operation, ids
    raise NO_METHOD.error(method=request.method, path=request.path)


def _query(operation: Operation, query: str) -> dict[str, Any]:
    """Return the options in a query. What the operation does not know is ignored (inferred)."""
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        plain = name.removesuffix("[]")
        schema = operation.query.get(plain)
        if schema is None:
            continue
        if list in schema.takes:
            options.setdefault(plain, []).append(value)
        else:
            options[plain] = _number(value) if isinstance(schema, Integer) else value
    for name, value in options.items():
        validate(operation.query[name], value, name)
    # What may be included is nothing that the fake holds back.
    options.pop("include", None)
    return options


def _number(value: str) -> int | str:
    return _integer(value) if value.removeprefix("-").isdecimal() else value


def _body(schema: Object, body: bytes) -> dict[str, Any]:
    if len(body) > LARGEST_BODY:
        raise TOO_LARGE.error(largest=LARGEST_BODY)
    try:
        data: object = json.loads(
            body or b"{}", parse_int=_integer, parse_float=_decimal, parse_constant=_no_constant
        )
    except ValueError:
        raise NOT_JSON.error() from None
    except RecursionError:
        raise TOO_DEEP.error(limit=DEEPEST_BODY) from None
    _check_depth(data)
    if not isinstance(data, dict):
        raise NOT_AN_OBJECT.error()
    fields = cast("dict[str, Any]", data)
    schema.check(fields)
    if fields.pop("stream", None):
        raise NOT_STREAMED.error()
    return fields


def _check_depth(data: object) -> None:
    """Refuse what is nested too deeply; level by level, so as not to run out of stack itself."""
    level: list[object] = [data]
    for _ in range(DEEPEST_BODY):
        level = [item for outer in level for item in _items(outer) if isinstance(item, dict | list)]
        if not level:
            return
    raise TOO_DEEP.error(limit=DEEPEST_BODY)


def _items(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # more digits than Python converts
        raise _out_of_range(text) from None


def _decimal(text: str) -> float:
    value = float(text)
    if not isfinite(value):  # it could be written neither as JSON nor as it was sent
        raise _out_of_range(text)
    return value


def _out_of_range(text: str) -> ApiError:
    return OUT_OF_RANGE.error(start=text[:20])


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _masked(key: str) -> str:
    shown = 4
    return f"{'*' * max(len(key) - shown, shown)}{key[-shown:] if len(key) > 2 * shown else ''}"
