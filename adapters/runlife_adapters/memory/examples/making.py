"""An example of a JSON Schema, made part by part: references are followed, and what combines is combined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote

from runlife_adapters.memory.examples.flat_schema import (
    ImpossibleError,
    Schema,
    both,
    first,
    fits,
    list_of,
    mapping_of,
    number_of,
    size_of,
    suggested,
    text_of,
    types_of,
)

__all__ = ["example"]

_DEEPEST = 32
_MOST_PARTS = 2_000
_MOST_ITEMS = 100
_LONGEST_INDEX = 4
"""Digits of the number of a list's item in a ``$ref``."""

_ROUNDS = 2
"""How often a ``$ref`` is followed within itself."""

Trail = tuple[str, ...]
"""The references that were followed on the way to a part."""


def example(schema: Any) -> Any:
    """Return a JSON value that a JSON Schema describes, or ``{}`` where none was found.

    The value is the same every time, and may share parts with the schema. Nothing is raised, whatever
    the schema is.
    """
    try:
        return _Maker(schema).make(schema)
    except (ImpossibleError, RecursionError):
        return {}


class _Maker:
    def __init__(self, root: Any) -> None:
        self.root, self.left = root, _MOST_PARTS

    def make(self, schema: Any, trail: Trail = (), depth: int = 0) -> Any:
        self.left -= 1
        if self.left < 0 or depth > _DEEPEST:
            raise ImpossibleError
        flat, trail = self._flat(schema, trail)
        if "const" in flat:
            return flat["const"]
        if "enum" in flat or any(fits(flat, value) for value in suggested(flat)):
            return first(value for value in (*suggested(flat), *list_of(flat, "enum")) if fits(flat, value))
        for name in ("anyOf", "oneOf"):
            if branches := list_of(flat, name):
                rest = {key: value for key, value in flat.items() if key != name}
                return self._any([{"allOf": [rest, branch]} for branch in branches], trail, depth)
        return self._of_type(flat, trail, depth)

    def _any(self, schemas: list[Any], trail: Trail, depth: int) -> Any:
        for schema in schemas:
            try:
                return self.make(schema, trail, depth + 1)
            except ImpossibleError:
                continue
        raise ImpossibleError

    def _of_type(self, flat: Schema, trail: Trail, depth: int) -> Any:
        types = types_of(flat)
        if len(types) > 1:  # null last: it says nothing
            ordered = sorted(types, key=lambda name: name == "null")
            return self._any([{**flat, "type": type} for type in ordered], trail, depth)
        match types[0] if types else None:
            case "object":
                return self._object(flat, trail, depth)
            case "array":
                return self._array(flat, trail, depth)
            case "string":
                return text_of(flat)
            case "integer" | "number" as type:
                return number_of(flat, whole=type == "integer")
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return {}

    def _object(self, flat: Schema, trail: Trail, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        required = dict.fromkeys(name for name in list_of(flat, "required") if isinstance(name, str))
        properties, others = mapping_of(flat, "properties"), flat.get("additionalProperties", {})
        for name in (*properties, *(name for name in required if name not in properties)):
            try:
                made[name] = self.make(properties.get(name, others or {}), trail, depth + 1)
            except ImpossibleError:
                if name in required:
                    raise
        least, most = size_of(flat, "minProperties", 0), size_of(flat, "maxProperties", len(made))
        for number in range(len(made), min(least, _MOST_ITEMS)):
            made[f"key{number + 1}"] = self.make(others, trail, depth + 1)
        spare = [name for name in reversed(made) if name not in required]
        for name in spare[: max(len(made) - max(most, least), 0)]:
            del made[name]
        return made

    def _array(self, flat: Schema, trail: Trail, depth: int) -> list[Any]:
        leading, others = _items(flat)
        least = size_of(flat, "minItems", 0)
        length = min(max(least, len(leading), 1), max(size_of(flat, "maxItems", _MOST_ITEMS), 0))
        if least > min(length, _MOST_ITEMS):
            raise ImpossibleError
        made: list[Any] = []
        for index in range(length):
            schema = leading[index] if index < len(leading) else others
            try:
                item = self.make(schema, trail, depth + 1)
                if flat.get("uniqueItems") is True:
                    item = self._another(made, item, schema, trail)
                made.append(item)
            except ImpossibleError:
                if index < least:
                    raise
                break
        return made

    def _another(self, made: list[Any], item: Any, schema: Any, trail: Trail) -> Any:
        """Return an item that is not there yet: the one that was made, or one beside it."""
        flat, _ = self._flat(schema, trail)
        beside: list[Any] = [item, *list_of(flat, "enum")]
        if isinstance(item, bool):
            beside.append(not item)
        elif isinstance(item, int):
            beside += [item + n * sign for n in range(1, len(made) + 1) for sign in (1, -1)]
        elif isinstance(item, str) and not flat.keys() & {"pattern", "format"}:
            beside += [f"{item[: len(item) - len(str(n))]}{n}" for n in range(len(made) + 1)]
        return first(value for value in beside if fits(flat, value) and value not in made)

    # Schemas in pieces

    def _flat(self, schema: Any, trail: Trail) -> tuple[Schema, Trail]:
        """Return a schema with what it refers to, and what all of it must be, in one."""
        if schema is False:
            raise ImpossibleError
        if not isinstance(schema, Mapping):
            return {}, trail
        given = cast("Schema", schema)
        flat = {name: value for name, value in given.items() if name not in ("$ref", "allOf")}
        parts = list_of(given, "allOf")
        if isinstance(reference := given.get("$ref"), str):
            if trail.count(reference) >= _ROUNDS:
                raise ImpossibleError
            trail = (*trail, reference)
            parts = [self._referred(reference), *parts]
        for part in parts:
            more, trail = self._flat(part, trail)
            flat = both(flat, more)
        return flat, trail

    def _referred(self, reference: str) -> Any:
        """Return what a reference within the schema points to; ``{}`` when that is nothing."""
        if not reference.startswith("#"):
            return {}
        place = self.root
        for step in unquote(reference).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(place, Mapping):
                place = cast("Schema", place).get(name, {})
            elif (
                isinstance(place, list)
                and name.isdecimal()
                and len(name) <= _LONGEST_INDEX
                and int(name) < len(cast("list[object]", place))
            ):
                place = cast("list[object]", place)[int(name)]
            else:
                return {}
        return place


def _items(flat: Schema) -> tuple[list[Any], Any]:
    """Return the schemas of the first items, and that of the others."""
    if isinstance(flat.get("items"), list):  # as drafts 4 to 7 say it
        return list_of(flat, "items"), flat.get("additionalItems", {})
    leading = list_of(flat, "prefixItems") or ([flat["contains"]] if "contains" in flat else [])
    return leading, flat.get("items", {})
