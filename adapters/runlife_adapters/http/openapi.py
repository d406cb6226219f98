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
from functools import singledispatch
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from runlife_adapters.http import shapes
from runlife_adapters.http.openapi_answers import answer_of, closed, shape
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
from runlife_adapters.memory import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
            "title": "runlife: the OpenAI Assistants and Responses APIs, in memory",
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
                "schema": {**_identifier(name), "minLength": 1},
            }


def _identifier(name: str) -> Json:
    """Return the schema of an id; those of items are of many kinds."""
    return schema_of(Identifier(IDS[name])) if name in IDS else {"type": "string", "pattern": "^."}


def _query_parameters(operation: Operation) -> Iterable[Json]:
    for name, schema in operation.query.items():
        several = isinstance(schema, Array)
        yield {"name": f"{name}[]" if several else name, "in": "query", "schema": schema_of(schema)}


def _headers(operation: Operation) -> Iterable[Json]:
    if operation.beta:
        schema = {"type": "string", "const": "assistants=v2"}
        yield {"name": "OpenAI-Beta", "in": "header", "required": True, "schema": schema}


def _answers(operation: Operation, method: Any, components: Json) -> Json:
    answer = answer_of(method)
    if answer is bytes:
        return {"application/octet-stream": {}}
    content: Json = {"application/json": {"schema": shape(answer, components)}}
    if operation.stream is not None:
        said = "When asked for with `stream`: events, until what they are about rests or ends."
        content["text/event-stream"] = {"schema": {"description": said}}
    return content


def _refusal(text: str) -> Json:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _error() -> Json:
    nullable = {"type": ["string", "null"]}
    said = {"message": {"type": "string"}, "type": {"type": "string"}, "param": nullable, "code": nullable}
    return closed({"error": closed(said)})


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
    variants = [_object(variant, {"type": {"const": name}}) for name, variant in schema.variants.items()]
    for variant in variants:
        if variant["properties"]["type"]["const"] == schema.untagged:
            variant["required"].remove("type")
    return {"oneOf": variants}


@schema_of.register
def _(schema: Named) -> Json:
    return {"$ref": f"#/components/schemas/{schema.name}"}


@schema_of.register
def _(schema: Either) -> Json:
    return {"anyOf": [schema_of(schema.first), schema_of(schema.second)]}


def _object(schema: Object, tag: Json) -> Json:
    required = {**tag, **{name: schema_of(inner) for name, inner in schema.required.items()}}
    optional = {name: {"anyOf": [schema_of(s), {"type": "null"}]} for name, s in schema.optional.items()}
    said = {**closed({**required, **optional}), "required": list(required)}
    return {name: value for name, value in said.items() if value != []}


def _given(**limits: object) -> Json:
    return {name: limit for name, limit in limits.items() if limit is not None}
