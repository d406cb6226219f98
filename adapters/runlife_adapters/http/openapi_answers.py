"""What the World answers, as JSON schemas: the objects that it gives, by their annotations."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from attrs import fields

from runlife import IncompleteDetails, LastError, RequiredAction, ToolCall, Usage
from runlife_adapters import memory
from runlife_adapters.memory import (
    DeletedObject,
    DeletedResponse,
    InputTokens,
    ItemObject,
    ItemPage,
    MessageObject,
    Page,
    Resource,
)
from runlife_adapters.memory.resources import Json, to_wire

__all__ = ["answer_of", "closed", "shape"]


def answer_of(method: Any) -> Any:
    """Return the annotation of what a method returns; at run time those of its arguments may not be there."""
    alone = SimpleNamespace(__annotations__={"return": method.__annotations__["return"]})
    return get_type_hints(alone, method.__globals__, vars(memory))["return"]


def closed(properties: Json) -> Json:
    """Return an object that has these properties, all of them, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def shape(hint: Any, components: Json) -> Json:
    """Return the JSON schema of what an annotation says, and keep those of the classes in it."""
    if hint is Any:
        return {}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Page:
        return _page(shape(arguments[0], components))
    if origin in (Union, UnionType):
        return {"anyOf": [shape(argument, components) for argument in arguments]}
    if origin in (tuple, list):
        return {"type": "array", "items": shape(arguments[0], components)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": shape(arguments[1], components)}
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
        return closed({**kinds, "deleted": {"const": True}})
    if kind in _SAMPLES:
        return _like(_SAMPLES[kind].to_json())
    if kind is ItemPage:
        return _page({"type": "object"})
    if kind is ItemObject:
        return {"type": "object"}
    if kind.__name__ not in components:
        components[kind.__name__] = {}  # before it is looked into: it may lead back to itself
        components[kind.__name__] = _VALUES[kind] if kind in _VALUES else _resource(kind, components)
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


_SAMPLES: Mapping[type, DeletedResponse | InputTokens] = {
    DeletedResponse: DeletedResponse("resp_1"),
    InputTokens: InputTokens(1),
}
"""Answers whose shape does not depend on what they say."""


def _like(wire: Any) -> Json:
    """Return the schema of JSON that is like a sample."""
    if isinstance(wire, dict):
        return closed({name: _like(item) for name, item in cast("Json", wire).items()})
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
    properties = {a.metadata.get("wire", a.name): shape(hints[a.name], components) for a in fields(kind)}
    if not issubclass(kind, Resource):
        return closed(properties)
    whole = closed({"id": properties.pop("id"), "object": {"const": kind.object}, **properties})
    if kind is not MessageObject:
        sometimes = {a.name for a in fields(kind) if "sometimes" in a.metadata}
        return {**whole, "required": [name for name in whole["required"] if name not in sometimes]}
    # The answer to a modification carries `file_ids` in the place of the attachments (recorded).
    old = {n: s for n, s in whole["properties"].items() if n != "attachments"}
    attachments = {"attachments": {"type": "array", "items": {"type": "object"}}}
    modified = closed({**old, "file_ids": {"type": "array", "items": {"type": "string"}}})
    return {"oneOf": [closed({**whole["properties"], **attachments}), modified]}


def _page(item: Json) -> Json:
    edge = {"type": ["string", "null"]}
    return closed(
        {
            "object": {"const": "list"},
            "data": {"type": "array", "items": item},
            "first_id": edge,
            "last_id": edge,
            "has_more": {"type": "boolean"},
        }
    )
