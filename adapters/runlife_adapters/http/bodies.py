"""What a request says: its query and its body, read, bounded, checked, and turned into arguments.

A body is bounded before it is read (its size), while it is read (its numbers), and before it is walked
(its depth): what follows may recurse and convert without looking back.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.parse import parse_qsl

from runlife_adapters.http import multipart
from runlife_adapters.http.depth import is_deeper
from runlife_adapters.http.place import Place
from runlife_adapters.http.refusals import NOT_AN_OBJECT, NOT_JSON, OUT_OF_RANGE, TOO_DEEP, TOO_LARGE
from runlife_adapters.http.schema import Boolean, Integer, validate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife_adapters.http.operations import Operation
    from runlife_adapters.http.place import Known
    from runlife_adapters.http.schema import Schema
    from runlife_adapters.memory import ApiError

__all__ = [
    "DEEPEST_BODY",
    "LARGEST_BODY",
    "LARGEST_FORM",
    "largest",
    "no_constant",
    "read_body",
    "read_query",
]

LARGEST_BODY = 8 * 1024 * 1024
"""Bytes of a JSON body that are accepted."""

LARGEST_FORM = 64 * 1024 * 1024
"""Bytes of a form that are accepted: it carries a file."""

DEEPEST_BODY = 100
"""Levels of objects and arrays in a request body that are accepted: what walks them is recursive."""


def largest(headers: Mapping[str, str]) -> int:
    """Return how many bytes of a body are accepted, by what the headers say it is."""
    return LARGEST_FORM if headers.get("content-type", "").startswith("multipart/") else LARGEST_BODY


def read_query(operation: Operation, query: str, known: Known) -> dict[str, Any]:
    """Return the options in a query. What the operation does not know is ignored (inferred).

    :param known: says whether an id that does not look like one names something all the same.
    :raises ApiError: when an option is not as it should be.
    """
    options: dict[str, Any] = {}
    if not query:
        return options
    for name, value in parse_qsl(query, keep_blank_values=True):
        plain = name.removesuffix("[]")
        schema = operation.query.get(plain)
        if schema is None:
            continue
        if list in schema.takes:
            options.setdefault(plain, []).append(value)
        else:
            options[plain] = _read(schema, value)
    for name, value in options.items():
        validate(operation.query[name], value, Place(name, known))
    return options


def read_body(operation: Operation, body: bytes, headers: Mapping[str, str], known: Known) -> dict[str, Any]:
    """Return the fields of a body.

    :param known: says whether an id that does not look like one names something all the same.
    :raises ApiError: when it is too large, cannot be read, or is not what the operation takes.
    """
    if operation.body is None:
        return {}
    if len(body) > (limit := LARGEST_FORM if operation.form else LARGEST_BODY):
        raise TOO_LARGE.error(largest=limit)
    fields = multipart.parse(headers.get("content-type", ""), body) if operation.form else _json(body)
    operation.body.check(fields, Place("", known))
    return fields


def _json(body: bytes) -> dict[str, Any]:
    try:
        data: object = _DECODER.decode((body or b"{}").decode())
    except ValueError:
        raise NOT_JSON.error() from None
    except RecursionError:
        raise TOO_DEEP.error(limit=DEEPEST_BODY) from None
    if is_deeper(data, DEEPEST_BODY):
        raise TOO_DEEP.error(limit=DEEPEST_BODY)
    if not isinstance(data, dict):
        raise NOT_AN_OBJECT.error()
    return cast("dict[str, Any]", data)


def _read(schema: Schema, value: str) -> Any:
    """Return an option as what it stands for; what stands for nothing of its kind stays a text."""
    if isinstance(schema, Integer):
        return _number(value)
    return _WORDS.get(value, value) if isinstance(schema, Boolean) else value


_WORDS: Mapping[str, bool] = {"true": True, "false": False}


_WHOLE = re.compile("-?[0-9]+")
"""A whole number in digits as JSON has them; of other scripts, Python would read them too."""


def _number(value: str) -> int | str:
    return _integer(value) if _WHOLE.fullmatch(value) else value


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


def no_constant(word: str) -> NoReturn:
    """Refuse what Python takes for a number in JSON, and JSON has not: ``NaN`` and the infinities.

    :raises ValueError: always, naming the word.
    """
    msg = f"JSON has no {word}"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_decimal, parse_constant=no_constant)
