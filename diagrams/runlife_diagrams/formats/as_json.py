"""A picture as JSON, for programs that draw it in their own way, with a JSON Schema of it.

Both follow from the classes of :mod:`runlife_diagrams.picture`: what is added there is in the JSON and
in the schema. Words stand as the table has them; to make them harmless is for whoever shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from attrs import asdict, fields_dict, has

from runlife_diagrams.formats.names import to_json_text
from runlife_diagrams.picture import Picture

__all__ = ["picture_schema", "to_json"]

_FORMAT = {"format": "runlife-picture", "version": 2}
"""What the text is; the version grows when a reader of the last one would be misled."""
_PLAIN: Mapping[Any, str] = {str: "string", bool: "boolean", float: "number", NoneType: "null"}


def to_json(picture: Picture) -> str:
    """Return the picture as JSON: :func:`picture_schema` says what is where."""
    return to_json_text({**_FORMAT, **asdict(picture)})


def picture_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what :func:`to_json` writes."""
    definitions: dict[str, Any] = {}
    _schema(Picture, definitions)
    top = definitions.pop(Picture.__name__)
    constants = {name: {"const": value} for name, value in _FORMAT.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **top,
        "required": [*_FORMAT, *top["required"]],
        "properties": {**constants, **top["properties"]},
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401  # a type, or the form of one
    """Return the schema of a type; what it refers to is added to the definitions."""
    arguments = get_args(kind)
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if get_origin(kind) is Literal:
        return {"enum": list(arguments)}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if get_origin(kind) is Mapping:
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [member.value for member in kind]}
    if isinstance(kind, type) and has(kind):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}  # it may refer to itself
            definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    return {"anyOf": [_schema(one, definitions) for one in arguments]}


def _object(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401  # a class of attrs
    hints = get_type_hints(kind)
    names = list(fields_dict(kind))
    return {
        "description": kind.__doc__,
        "type": "object",
        "required": names,
        "properties": {name: _schema(hints[name], definitions) for name in names},
        "additionalProperties": False,
    }
