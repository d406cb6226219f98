"""Examples of JSON Schemas: they fit, they are the same every time, and no schema does harm."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runlife_adapters.memory.examples import example
from runlife_adapters.memory.examples.patterns import fitting


def wrong(schema: Any, value: Any) -> list[str]:
    """Return what a validator has against a value."""
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [error.message for error in validator.iter_errors(value)]


PERSON = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["value", "children"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/node",
}

REALISTIC: dict[str, Any] = {
    "nothing": {"type": "object", "properties": {}},
    "weather": {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["location"],
    },
    "strict": {
        "type": "object",
        "properties": {
            "to": {"type": ["string", "null"]},
            "cc": {"anyOf": [{"type": "null"}, {"type": "string", "format": "email"}]},
        },
        "required": ["to", "cc"],
        "additionalProperties": False,
    },
    "optional of a generator": {
        "type": "object",
        "properties": {
            "when": {
                "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}],
                "default": None,
                "title": "When",
            },
            "limit": {"type": "integer", "default": 10, "minimum": 1, "maximum": 100},
        },
    },
    "references": {
        "type": "object",
        "$defs": {"Color": {"enum": ["red", "green"]}, "Person": PERSON},
        "properties": {
            "color": {"$ref": "#/$defs/Color"},
            "who": {"allOf": [{"$ref": "#/$defs/Person"}, {"required": ["age"]}]},
        },
    },
    "a tree": TREE,
    "a linked list": {
        "$defs": {
            "item": {
                "type": "object",
                "properties": {"next": {"anyOf": [{"$ref": "#/$defs/item"}, {"type": "null"}]}},
                "required": ["next"],
            }
        },
        "$ref": "#/$defs/item",
    },
    "the root itself": {
        "type": "object",
        "properties": {"and": {"type": "array", "items": {"$ref": "#"}}, "field": {"type": "string"}},
    },
    "a union by constants": {
        "oneOf": [
            {"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]},
            {"type": "object", "properties": {"kind": {"const": "b"}}, "required": ["kind"]},
        ]
    },
    "numbers": {
        "type": "object",
        "properties": {
            "price": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01, "maximum": 0.5},
            "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "even": {"type": "integer", "minimum": 3, "multipleOf": 2},
            "below": {"type": "integer", "exclusiveMaximum": -5},
            "halves": {"type": "integer", "multipleOf": 1.5, "minimum": 1},
        },
    },
    "texts": {
        "type": "object",
        "properties": {
            "short": {"type": "string", "maxLength": 2},
            "long": {"type": "string", "minLength": 50},
            "zip": {"type": "string", "pattern": "^\\d{5}(-\\d{4})?$"},
            "sku": {"type": "string", "pattern": "^[A-Z]{2,3}-[0-9]+$", "minLength": 12},
            "uuid": {"type": "string", "format": "uuid"},
            "uri": {"type": "string", "format": "uri"},
            "date": {"type": "string", "format": "date"},
        },
    },
    "lists": {
        "type": "object",
        "properties": {
            "pair": {
                "type": "array",
                "prefixItems": [{"type": "number"}, {"type": "string"}],
                "items": False,
            },
            "three": {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
            "tags": {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 2, "uniqueItems": True},
            "words": {"type": "array", "items": {"type": "string"}, "minItems": 4, "uniqueItems": True},
            "none": {"type": "array", "items": {"type": "string"}, "maxItems": 0},
            "has": {"type": "array", "contains": {"const": 7}},
        },
    },
    "anything": {"type": "object", "properties": {"x": {}, "y": True}, "required": ["z"]},
    "a map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
    "few": {"type": "object", "properties": {c: {} for c in "abc"}, "required": ["c"], "maxProperties": 2},
    "a part that cannot be": {"type": "object", "properties": {"x": False, "y": {"type": "integer"}}},
    "examples": {"type": "string", "examples": ["Rome"], "minLength": 2},
    "a default that does not fit": {"type": "integer", "default": "many"},
    "types unsaid": {"properties": {"n": {"minimum": 5}, "l": {"items": {"maxLength": 1}}}},
    "an enum under a bound": {"enum": [None, "a", 5], "type": ["integer", "null"]},
}


@pytest.mark.parametrize("schema", REALISTIC.values(), ids=REALISTIC)
def test_an_example_fits_its_schema(schema: Any) -> None:
    """What functions are really described with is satisfied, by the judgment of a validator."""
    value = example(schema)

    assert wrong(schema, value) == []
    assert json.dumps(example(schema)) == json.dumps(value)


def test_all_properties_are_filled() -> None:
    """The optional ones too, with values that say something rather than null."""
    assert example(REALISTIC["weather"]) == {"location": "text", "unit": "celsius"}
    assert example(REALISTIC["strict"]) == {"to": "text", "cc": None}
    assert example(REALISTIC["optional of a generator"]) == {"when": "2024-01-01T12:00:00Z", "limit": 10}


def deep(levels: int) -> Any:
    """Return a schema with so many objects within objects, all required."""
    schema: Any = {"type": "string"}
    for _ in range(levels):
        schema = {"properties": {"x": schema}, "required": ["x"]}
    return schema


HOSTILE: list[Any] = [
    None,
    False,
    5,
    "object",
    [],
    {"type": 7},
    {"type": "thing"},
    {"type": []},
    {"type": "object", "properties": 5, "required": "x"},
    {"type": "object", "properties": {"x": 5}, "required": [[], 5, "x"]},
    {"enum": []},
    {"enum": {}},
    {"$ref": "#/nowhere/at/all"},
    {"$ref": "https://example.com/schema"},
    {"$ref": "#"},
    {"$ref": "#/a", "a": [{"$ref": "#/a/0"}]},
    {"$ref": "#/a/" + "9" * 5_000, "a": []},
    {"allOf": [{"type": "string"}, {"type": "integer"}]},
    {"type": "string", "minLength": 10**12},
    {"type": "string", "minLength": 5, "maxLength": 2},
    {"type": "string", "maxLength": -3},
    {"type": "string", "pattern": "("},
    {"type": "string", "pattern": "(a+)+$" * 100, "minLength": 60},
    {"type": "string", "pattern": "((((a{999}){999}){999}){999})"},
    {"type": "string", "pattern": "(" * 10_000},
    {"type": "array", "minItems": 10**12},
    {"type": "array", "items": {"$ref": "#"}, "minItems": 5},
    {"type": "integer", "multipleOf": 0},
    {"type": "integer", "minimum": 10**400, "maximum": "x"},
    {"type": "number", "minimum": float("nan"), "maximum": float("inf")},
    {"type": "number", "minimum": 5, "maximum": 1},
    {"minProperties": 10**12},
    {"properties": {f"p{n}": {"properties": {f"q{m}": {} for m in range(100)}} for n in range(100)}},
    deep(40),
    deep(5_000),
    {
        "$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)},
        "$ref": "#/$defs/d0",
    },
    {
        "$defs": {
            f"d{n}": {"items": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 9}, "minItems": 9}
            for n in range(30)
        },
        "$ref": "#/$defs/d0",
    },
]


@pytest.mark.parametrize("schema", HOSTILE, ids=range(len(HOSTILE)))
def test_no_schema_does_harm(schema: Any) -> None:
    """What makes no sense, goes round in circles or is immense gives some small JSON value."""
    assert len(json.dumps(example(schema))) < 100_000


scalars = st.one_of(
    st.builds(
        lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more},
        st.integers(),
        st.integers(0, 9),
    ),
    st.builds(
        lambda low, by: {"type": "integer", "minimum": low, "multipleOf": by},
        st.integers(-99, 99),
        st.integers(1, 9),
    ),
    st.builds(lambda low: {"type": "number", "exclusiveMinimum": low}, st.floats(-1e9, 1e9)),
    st.builds(lambda low: {"type": "number", "maximum": low}, st.floats(-1e9, 1e9)),
    st.builds(
        lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
        st.integers(0, 20),
        st.integers(0, 5),
    ),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}, True, {"type": ["null", "string"]}]),
    st.builds(
        lambda values: {"enum": values}, st.lists(st.integers() | st.text(max_size=3) | st.none(), min_size=1)
    ),
)
names = st.text("abc", min_size=1, max_size=3)


def larger(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return schemas that are made of others."""
    return st.one_of(
        st.builds(
            lambda properties, data: {
                "type": "object",
                "properties": properties,
                "required": [name for name in properties if name < data],
                "additionalProperties": False,
            },
            st.dictionaries(names, parts, max_size=3),
            names,
        ),
        st.builds(
            lambda part, least: {"type": "array", "items": part, "minItems": least}, parts, st.integers(0, 3)
        ),
        st.builds(lambda several: {"anyOf": several}, st.lists(parts, min_size=1, max_size=3)),
        st.builds(lambda part: {"allOf": [part, {"description": "x"}]}, parts),
    )


@pytest.mark.slow
@given(st.recursive(scalars, larger, max_leaves=8))
def test_examples_of_generated_schemas_fit(schema: Any) -> None:
    """Whatever is put together of parts that can be satisfied is satisfied."""
    assert wrong(schema, example(schema)) == []


KEYWORDS = [
    "type",
    "properties",
    "required",
    "items",
    "prefixItems",
    "contains",
    "enum",
    "const",
    "default",
    "examples",
    "anyOf",
    "oneOf",
    "allOf",
    "$ref",
    "$defs",
    "pattern",
    "format",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "additionalProperties",
    "additionalItems",
]
keywords = st.sampled_from(KEYWORDS)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(keywords, parts, max_size=4),
    max_leaves=12,
)
kinds = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])


@pytest.mark.slow
@given(st.dictionaries(keywords, junk, max_size=8), kinds | st.none())
def test_junk_never_raises(schema: dict[str, Any], kind: str | None) -> None:
    """Keywords with values of any type and range are survived."""
    example({**schema, "type": kind} if kind else schema)


@pytest.mark.parametrize(
    "pattern",
    [
        "", "abc", "^a|b$", "a?b*c+", "[a-z]{3}", "[^a-z]", "[]a]", "[^]a]", r"\d{2,}", r"\w+@\w+\.(com|org)",
        "(?:ab){2}", "(?P<x>a)", "(?<y>b)", r"^\+?[1-9]\d{1,14}$", r"^#[0-9a-fA-F]{6}$", r"\x41\u0042\t",
        r"[\d-]", r"[\w.%+-]+", "a{2}?", r"\bword\b", r"\D\W\S",
    ],
)  # fmt: skip
def test_a_text_fits_its_pattern(pattern: str) -> None:
    """It is made from the pattern, and found by it; also with as many repetitions as a length demands."""
    for repeats in (0, 1, 7):
        text = fitting(pattern, repeats)
        assert text is not None
        assert re.search(pattern.replace("(?<y>", "(?P<y>"), text)


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "(?!a)", r"(a)\1", "(?i)a", r"\p{L}", "(", "[a", "*", "a{", "a{x}", "a)", "\\"]
)
def test_a_pattern_that_is_not_understood_gives_no_text(pattern: str) -> None:
    """Nothing is guessed; the schema then gets a plain text."""
    assert fitting(pattern) is None
    assert example({"type": "string", "pattern": pattern}) == "text"
