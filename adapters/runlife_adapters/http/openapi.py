"""Our own OpenAPI document: what this server takes and gives, generated from what it does.

Nothing here is written by hand that stands elsewhere as data: paths, methods and streams come from
:data:`~runlife_adapters.http.operations.OPERATIONS`, requests from the schemas that check them
(:mod:`~runlife_adapters.http.schema`), answers from the objects that the World gives
(:mod:`~runlife_adapters.memory.resources`). So it is narrower than the published specification where
the wire is (a run always has all its fields), and wider where that errs (``instructions`` may be null).

What a schema of JSON cannot say is left to the answer: a body may fit the document and still be refused
with a 400, because it names what there is not, or says too much of one thing (an id with the wrong
prefix, metadata with too long a name). Every operation declares how it may refuse.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from enum import StrEnum
from functools import singledispatch
from importlib.metadata import PackageNotFoundError, version
from types import NoneType, SimpleNamespace, UnionType
from typing import TYPE_CHECKING, Any, Union, cast, get_args, get_origin, get_type_hints

from attrs import fields

from runlife import IncompleteDetails, LastError, RequiredAction, ToolCall, Usage
from runlife_adapters import memory
from runlife_adapters.http import shapes
from runlife_adapters.http.operations import IDS, OPERATIONS, Operation
from runlife_adapters.http.schema import (
    Array,
    Boolean,
    Either,
    FilePart,
    Identifier,
    Integer,
    Named,
    Number,
    Object,
    Open,
    Pairs,
    Scalar,
    Schema,
    Tagged,
    Text,
    Url,
)
from runlife_adapters.memory import DeletedObject, MessageObject, Page, Resource, World
from runlife_adapters.memory.resources import to_wire

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["REFUSALS", "document", "schema_of"]

Json = dict[str, Any]

REFUSALS: Mapping[int, str] = {
    400: "The request is malformed, or the state of things does not allow it.",
    401: "No API key, or a wrong one.",
    404: "There is no such thing.",
    413: "The body is too large.",
    429: "Too many calls (only where a fault says so).",
    500: "The server failed (only where a fault says so).",
}
"""How an operation may refuse, by status. The last two come only when somebody asked for faults."""


def document(base_url: str | None = None) -> Json:
    """Return the OpenAPI document of this server, as JSON.

    :param base_url: where the API stands, for instance ``http://127.0.0.1:4010/v1``; by default ``/v1``
        on the host that the document came from.
    """
    components: Json = {"Error": _error(), shapes.FILTER.name: schema_of(shapes.FILTERS)}
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        path = paths.setdefault(operation.path, {})
        path[operation.method.lower()] = _operation(operation, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "runlife: the OpenAI Assistants API, in memory",
            "description": "Generated from what the server does; its own doors are not in it.",
            "version": _version(),
        },
        "servers": [{"url": base_url or "/v1"}],
        "security": [{"key": []}, {}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Needed only when the server was given a key.",
                }
            },
        },
    }


def _version() -> str:
    try:
        return version("runlife")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


# Operations


def _operation(operation: Operation, components: Json) -> Json:
    method = getattr(World, operation.call)
    said: Json = {
        "operationId": operation.call,
        "summary": (inspect.getdoc(method) or operation.call).splitlines()[0],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_headers(operation)],
        "responses": {
            "200": {"description": "Done.", "content": _answers(operation, method, components)},
            **{str(status): _refusal(text) for status, text in REFUSALS.items()},
        },
    }
    if operation.body is not None:
        kind = "multipart/form-data" if operation.form else "application/json"
        said["requestBody"] = {
            "required": bool(operation.body.required),
            "content": {kind: {"schema": schema_of(operation.body)}},
        }
    return {name: value for name, value in said.items() if value != []}


def _path_parameters(operation: Operation) -> Iterable[Json]:
    for segment in operation.segments:
        if segment.startswith("{"):
            name = segment.strip("{}")
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {**schema_of(Identifier(IDS[name])), "minLength": 1},
            }


def _query_parameters(operation: Operation) -> Iterable[Json]:
    for name, schema in operation.query.items():
        several = isinstance(schema, Array)
        yield {"name": f"{name}[]" if several else name, "in": "query", "schema": schema_of(schema)}


def _headers(operation: Operation) -> Iterable[Json]:
    if operation.beta:
        schema = {"type": "string", "const": "assistants=v2"}
        yield {"name": "OpenAI-Beta", "in": "header", "required": True, "schema": schema}


def _answers(operation: Operation, method: Any, components: Json) -> Json:
    answer = _answer(method)
    if answer is bytes:
        return {"application/octet-stream": {}}
    content: Json = {"application/json": {"schema": _shape(answer, components)}}
    if operation.stream is not None:
        said = "When asked for with `stream`: events, until the run rests or ends, then `data: [DONE]`."
        content["text/event-stream"] = {"schema": {"description": said}}
    return content


def _answer(method: Any) -> Any:
    """Return the annotation of what a method returns; at run time those of its arguments may not be there."""
    alone = SimpleNamespace(__annotations__={"return": method.__annotations__["return"]})
    return get_type_hints(alone, method.__globals__, vars(memory))["return"]


def _refusal(text: str) -> Json:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _error() -> Json:
    nullable = {"type": ["string", "null"]}
    said = {"message": {"type": "string"}, "type": {"type": "string"}, "param": nullable, "code": nullable}
    return _closed({"error": _closed(said)})


def _closed(properties: Json) -> Json:
    """Return an object that has these properties, all of them, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


# Requests: the schemas that check them


@singledispatch
def schema_of(schema: Schema) -> Json:
    """Return a schema of ours as a JSON schema."""
    msg = f"no JSON schema is known for {schema!r}"
    raise NotImplementedError(msg)


@schema_of.register
def _(schema: Text) -> Json:
    length = _given(minLength=int(schema.filled) or None, maxLength=schema.longest)
    return {
        "type": "string",
        **_given(enum=list(schema.one_of) or None),
        **length,
        **_given(pattern=schema.pattern),
    }


@schema_of.register
def _(_schema: Url) -> Json:
    return {"type": "string", "format": "uri"}


@schema_of.register
def _(schema: Identifier) -> Json:
    return {"type": "string", "pattern": f"^{schema.prefix}"}


@schema_of.register
def _(_schema: Boolean) -> Json:
    return {"type": "boolean"}


@schema_of.register
def _(schema: Integer) -> Json:
    return {"type": "integer", **_given(minimum=schema.lowest, maximum=schema.highest)}


@schema_of.register
def _(schema: Number) -> Json:
    return {"type": "number", "minimum": schema.lowest, "maximum": schema.highest}


@schema_of.register
def _(schema: Array) -> Json:
    limits = _given(minItems=schema.shortest or None, maxItems=schema.longest)
    return {"type": "array", "items": schema_of(schema.of), **limits}


@schema_of.register
def _(_schema: Open) -> Json:
    return {"type": "object"}


@schema_of.register
def _(schema: Object) -> Json:
    return _object(schema, {})


@schema_of.register
def _(schema: Scalar) -> Json:
    text = {"type": "string", **_given(maxLength=schema.longest)}
    return {"anyOf": [text, {"type": "number"}, {"type": "boolean"}]}


@schema_of.register
def _(schema: Pairs) -> Json:
    limits: Json = {"maxProperties": schema.most, "propertyNames": {"maxLength": schema.longest_name}}
    return {"type": "object", **limits, "additionalProperties": schema_of(schema.of)}


@schema_of.register
def _(_schema: FilePart) -> Json:
    return {"type": "string", "contentMediaType": "application/octet-stream"}


@schema_of.register
def _(schema: Tagged) -> Json:
    variants = schema.variants.items()
    return {"oneOf": [_object(variant, {"type": {"const": name}}) for name, variant in variants]}


@schema_of.register
def _(schema: Named) -> Json:
    return {"$ref": f"#/components/schemas/{schema.name}"}


@schema_of.register
def _(schema: Either) -> Json:
    return {"anyOf": [schema_of(schema.first), schema_of(schema.second)]}


def _object(schema: Object, tag: Json) -> Json:
    required = {**tag, **{name: schema_of(inner) for name, inner in schema.required.items()}}
    optional = {name: {"anyOf": [schema_of(s), {"type": "null"}]} for name, s in schema.optional.items()}
    said = {**_closed({**required, **optional}), "required": list(required)}
    return {name: value for name, value in said.items() if value != []}


def _given(**limits: object) -> Json:
    return {name: limit for name, limit in limits.items() if limit is not None}


# Answers: the objects that the World gives, by their annotations


def _shape(hint: Any, components: Json) -> Json:
    """Return the JSON schema of what an annotation says, and keep those of the classes in it."""
    if hint is Any:
        return {}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Page:
        return _page(_shape(arguments[0], components))
    if origin in (Union, UnionType):
        return {"anyOf": [_shape(argument, components) for argument in arguments]}
    if origin in (tuple, list):
        return {"type": "array", "items": _shape(arguments[0], components)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _shape(arguments[1], components)}
    return _class(hint, components)


_PLAIN: Mapping[type, Json] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    dict: {"type": "object"},
    NoneType: {"type": "null"},
}


def _class(kind: type[Any], components: Json) -> Json:
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [member.value for member in kind]}
    if kind is DeletedObject:
        kinds = {"id": {"type": "string"}, "object": {"type": "string", "pattern": r"\.deleted$"}}
        return _closed({**kinds, "deleted": {"const": True}})
    if kind.__name__ not in components:
        components[kind.__name__] = {}  # before it is looked into: it may lead back to itself
        components[kind.__name__] = _VALUES[kind] if kind in _VALUES else _resource(kind, components)
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _like(wire: Any) -> Json:
    """Return the schema of JSON that is like a sample."""
    if isinstance(wire, dict):
        return _closed({name: _like(item) for name, item in cast("Json", wire).items()})
    if isinstance(wire, list):
        return {"type": "array", "items": _like(wire[0])}
    return dict(_PLAIN[type(wire)])


_VALUES: Mapping[type, Json] = {
    type(sample): _like(to_wire(sample))
    for sample in (
        Usage(),
        LastError("server_error"),
        IncompleteDetails("max_prompt_tokens"),
        RequiredAction((ToolCall("call_1", "function"),)),
    )
}
"""The engine's values, as they stand on the wire; their shape there does not depend on what they say."""


def _resource(kind: type[Any], components: Json) -> Json:
    hints = get_type_hints(kind)
    properties = {a.name: _shape(hints[a.name], components) for a in fields(kind)}
    if not issubclass(kind, Resource):
        return _closed(properties)
    whole = _closed({"id": properties.pop("id"), "object": {"const": kind.object}, **properties})
    if kind is not MessageObject:
        return whole
    # The answer to a modification carries `file_ids` in the place of the attachments (recorded).
    old = {n: s for n, s in whole["properties"].items() if n != "attachments"}
    attachments = {"attachments": {"type": "array", "items": {"type": "object"}}}
    modified = _closed({**old, "file_ids": {"type": "array", "items": {"type": "string"}}})
    return {"oneOf": [_closed({**whole["properties"], **attachments}), modified]}


def _page(item: Json) -> Json:
    edge = {"type": ["string", "null"]}
    return _closed(
        {
            "object": {"const": "list"},
            "data": {"type": "array", "items": item},
            "first_id": edge,
            "last_id": edge,
            "has_more": {"type": "boolean"},
        }
    )
