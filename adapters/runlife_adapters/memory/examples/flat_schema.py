"""What one JSON Schema says, where nothing is referred to and nothing is to be combined.

Schemas come from callers and may be anything: what is not of the right type counts as not said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any, cast

from runlife_adapters.memory.examples.patterns import fitting

__all__ = [
    "ImpossibleError",
    "Schema",
    "both",
    "first",
    "fits",
    "list_of",
    "mapping_of",
    "number_of",
    "size_of",
    "suggested",
    "text_of",
    "types_of",
]

_LONGEST = 4_096
_TEXT = "text"
_FORMATS = {
    "date": "2024-01-01",
    "date-time": "2024-01-01T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "user@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_SIGNS = {
    "object": ("properties", "required", "additionalProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
"""What tells of a type where none is given."""

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")

Schema = Mapping[str, Any]


class ImpossibleError(Exception):
    """No value was found."""


def both(one: Schema, other: Schema) -> dict[str, Any]:
    """Return a schema of what is described by two, as far as one schema can say it."""
    merged = {**other, **one}
    for name in one.keys() & other.keys():
        mine, theirs = one[name], other[name]
        if name in ("properties", "$defs", "definitions"):
            mine, theirs = mapping_of(one, name), mapping_of(other, name)
            shared = {key: {"allOf": [mine[key], theirs[key]]} for key in mine if key in theirs}
            merged[name] = {**mine, **theirs, **shared}
        elif name == "items":
            merged[name] = {"allOf": [mine, theirs]}
        elif name == "required":
            merged[name] = [*list_of(one, name), *list_of(other, name)]
        elif name == "type":
            merged[name] = [type for type in types_of(one) if type in types_of(other)] or ["none of both"]
        elif name == "enum":
            merged[name] = [value for value in list_of(one, name) if value in list_of(other, name)]
        elif name in _LOWER + _UPPER and (bounds := [b for b in (mine, theirs) if _fraction(b) is not None]):
            merged[name] = max(bounds) if name in _LOWER else min(bounds)
    return merged


def fits(flat: Schema, value: Any) -> bool:
    """Say whether a schema describes a value, as far as can be seen at the surface of both."""
    types = [type for name in types_of(flat) for type in _TYPES.get(name, ())]
    if types_of(flat) and (
        not isinstance(value, tuple(types)) or (isinstance(value, bool) and bool not in types)
    ):
        return False
    if "enum" in flat and value not in list_of(flat, "enum"):
        return False
    if isinstance(value, str):
        return size_of(flat, "minLength", 0) <= len(value) <= size_of(flat, "maxLength", len(value))
    if isinstance(value, list):
        length = len(cast("list[object]", value))
        return size_of(flat, "minItems", 0) <= length <= size_of(flat, "maxItems", length)
    if isinstance(value, dict):
        return all(name in value for name in list_of(flat, "required") if isinstance(name, str))
    number = _fraction(value)
    return number is None or _within(flat, number)


def types_of(flat: Schema) -> list[str]:
    """Return the names of the types of a schema: those that it gives, or the one that the rest tells of."""
    said = flat.get("type")
    if isinstance(said, str):
        return [said]
    if types := [type for type in list_of(flat, "type") if isinstance(type, str)]:
        return types
    return [type for type, signs in _SIGNS.items() if flat.keys() & set(signs)][:1]


def suggested(flat: Schema) -> list[Any]:
    """Return the values that a schema suggests; a default of null says only that it may be left out."""
    default = flat.get("default")
    return [*list_of(flat, "examples"), *([default] if default is not None else [])]


def text_of(flat: Schema) -> str:
    """Return a text; one for a pattern that is not understood may not fit it.

    :raises ImpossibleError: when there is none of the length.
    """
    least, most = size_of(flat, "minLength", 0), size_of(flat, "maxLength", _LONGEST)
    if least > min(most, _LONGEST):
        raise ImpossibleError
    if isinstance(pattern := flat.get("pattern"), str):
        made = (fitting(pattern, repeats) for repeats in (1, least, 0))
        return next((text for text in made if text is not None and least <= len(text) <= most), _TEXT)
    if isinstance(name := flat.get("format"), str) and name in _FORMATS:
        return _FORMATS[name]
    return (_TEXT * (least // len(_TEXT) + 1))[: min(max(least, len(_TEXT)), most)]


def number_of(flat: Schema, *, whole: bool) -> float:
    """Return a number, a whole one where there is one: 1 if it can be.

    :raises ImpossibleError: when none is found between the bounds.
    """
    step = _fraction(flat.get("multipleOf"))
    grid = step if step is not None and step > 0 else Fraction(1)
    if whole:
        grid = Fraction(grid.numerator)  # the least multiple that is whole
    low, high = _bounds(flat)
    tried = [grid, Fraction(0)]
    if low is not None:
        tried += [ceil(low / grid) * grid, floor(low / grid) * grid + grid]
    if high is not None:
        tried += [floor(high / grid) * grid, ceil(high / grid) * grid - grid]
    if low is not None and high is not None and not whole and grid != step:
        tried += [(low + high) / 2]
    value = first(number for number in tried if _within(flat, number))
    try:
        return int(value) if value.denominator == 1 else float(value)
    except OverflowError:
        raise ImpossibleError from None


def _bounds(flat: Schema) -> tuple[Fraction | None, Fraction | None]:
    lows = [_fraction(flat.get(name)) for name in ("minimum", "exclusiveMinimum")]
    highs = [_fraction(flat.get(name)) for name in ("maximum", "exclusiveMaximum")]
    low = max((bound for bound in lows if bound is not None), default=None)
    return low, min((bound for bound in highs if bound is not None), default=None)


def _within(flat: Schema, number: Fraction) -> bool:
    low, high = _bounds(flat)
    # An exclusive bound is a number; in draft 4 it is a flag on the other.
    above, below = (flat.get(f"exclusive{end}") for end in ("Minimum", "Maximum"))
    return (
        low is None or number > low or (number == low and above is not True and _fraction(above) != low)
    ) and (
        high is None or number < high or (number == high and below is not True and _fraction(below) != high)
    )


def _fraction(value: Any) -> Fraction | None:
    """Return a number as it is written, so that 0.1 is a tenth; None when it is no finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return Fraction(value) if isinstance(value, int) else Fraction(repr(value))
    except ValueError:  # not a number, or infinite
        return None


def size_of(flat: Schema, name: str, usual: int) -> int:
    """Return a length or a number of items."""
    number = _fraction(flat.get(name))
    return usual if number is None else int(number)


def list_of(flat: Schema, name: str) -> list[Any]:
    """Return a list; an empty one where there is none."""
    value = flat.get(name)
    return cast("list[object]", value) if isinstance(value, list) else []


def mapping_of(flat: Schema, name: str) -> dict[str, Any]:
    """Return an object; an empty one where there is none."""
    value = flat.get(name)
    return dict(cast("Schema", value)) if isinstance(value, Mapping) else {}


def first(values: Iterator[Any]) -> Any:
    """Return the first value.

    :raises ImpossibleError: when there is none.
    """
    for value in values:
        return value
    raise ImpossibleError
