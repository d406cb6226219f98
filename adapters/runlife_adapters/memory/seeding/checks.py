"""What the fields of a wire object may hold, as strict as the service is with those of a request.

Of what leaves the service nobody has checked that it could have come in; what is put into a World by hand
may be anything. These checks are for the fields that a request has as well: what no request can bring about,
nothing can be. Each takes a value that is not null, and raises a plain MisuseError that says what was
expected; :meth:`~runlife_adapters.memory.seeding.seeds.Seed.check` adds whose field it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

from runlife import MisuseError
from runlife_adapters.memory.builtin import BUILTIN_TOOLS
from runlife_adapters.memory.checks import NONE, check_kind, check_names, is_number
from runlife_adapters.memory.filing.store import MAXIMUM_TOOL_FILES, MAXIMUM_VECTOR_STORES
from runlife_adapters.memory.limits import (
    DETAILS,
    EFFORTS,
    FUNCTION,
    HIGHEST_TEMPERATURE,
    HIGHEST_TOP_P,
    IMAGES,
    JSON_SCHEMA,
    LAST_MESSAGES,
    LONGEST_DESCRIPTION,
    LONGEST_FUNCTION_NAME,
    LONGEST_IDLE,
    LONGEST_KEY,
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_VALUE,
    MOST_PAIRS,
    MOST_TOOLS,
    PLAIN_FORMATS,
    PURPOSES,
    TOOL_CHOICES,
    TRUNCATIONS,
    USUAL_FORMAT,
)

__all__ = ["CHECKS", "Check"]

Check = Callable[[Any], None]

_TOOLS = (FUNCTION, *BUILTIN_TOOLS)
_FORMATS = (*PLAIN_FORMATS, JSON_SCHEMA)


def _expect(what: str, value: object, *, holds: bool) -> None:
    if not holds:
        msg = f"expected {what}, got {value!r}"
        raise MisuseError(msg)


def _one_of(*words: str) -> Check:
    def check(value: object) -> None:
        _expect(" or ".join(map(repr, words)), value, holds=isinstance(value, str) and value in words)

    return check


def _text(longest: int) -> Check:
    def check(value: object) -> None:
        what = f"a string of at most {longest} characters"
        _expect(what, value, holds=isinstance(value, str) and len(value) <= longest)

    return check


def _number(highest: int) -> Check:
    def check(value: object) -> None:
        in_range = is_number(value) and 0 <= cast("float", value) <= highest
        _expect(f"a number from 0 to {highest}", value, holds=in_range)

    return check


def _whole(lowest: int, highest: int | None = None) -> Check:
    def check(value: object) -> None:
        in_range = (
            isinstance(value, int)
            and not isinstance(value, bool)
            and lowest <= value <= (value if highest is None else highest)
        )
        what = f"from {lowest} to {highest}" if highest is not None else f"not below {lowest}"
        _expect(f"an integer {what}", value, holds=in_range)

    return check


def _items(value: object, most: int | None = None) -> list[Any]:
    _expect("an array", value, holds=isinstance(value, (list, tuple)))
    items = list(cast("Collection[Any]", value))
    _expect(f"at most {most} of them", len(items), holds=most is None or len(items) <= most)
    return items


def _type_of(value: object, *types: str) -> str:
    """Return the type of a tagged object, which is one of those."""
    check_kind("an object with a type", value, Mapping)
    kind: object = cast("Mapping[str, Any]", value).get("type")
    _expect(f"one of the types {', '.join(map(repr, types))}", kind, holds=kind in types)
    return cast("str", kind)


def _pairs(value: object) -> None:
    check_kind("pairs", value, Mapping)
    pairs = cast("Mapping[object, object]", value)
    _expect(f"at most {MOST_PAIRS} pairs", len(pairs), holds=len(pairs) <= MOST_PAIRS)
    for name, item in pairs.items():
        _text(LONGEST_KEY)(name)
        check_kind(f"of the wrong type: {name!r}", item, str)
        _text(LONGEST_VALUE)(item)


def _function(value: object, *, declared: bool) -> None:
    names = ("name", "description", "parameters", "strict") if declared else ("name",)
    check_names("a function", value, names, required=("name",))
    said = cast("Mapping[str, Any]", value)
    _text(LONGEST_FUNCTION_NAME)(said["name"])
    check_kind("description", said.get("description"), str, NONE)
    check_kind("parameters", said.get("parameters"), Mapping, NONE)
    check_kind("strict", said.get("strict"), bool, NONE)


def _tools(value: object) -> None:
    for tool in _items(value, MOST_TOOLS):
        kind = _type_of(tool, *_TOOLS)
        if kind == FUNCTION:
            check_names("a tool", tool, ("type", FUNCTION), required=(FUNCTION,))
            _function(tool[FUNCTION], declared=True)
        else:
            check_names("a tool", tool, ("type", kind))


def _tool_choice(value: object) -> None:
    if isinstance(value, str):
        _one_of(*TOOL_CHOICES)(value)
    elif _type_of(value, *_TOOLS) == FUNCTION:
        check_names("a tool", value, ("type", FUNCTION), required=(FUNCTION,))
        _function(cast("Mapping[str, Any]", value)[FUNCTION], declared=False)


def _response_format(value: object) -> None:
    if isinstance(value, str):
        _one_of(USUAL_FORMAT)(value)
    elif _type_of(value, *_FORMATS) == JSON_SCHEMA:
        check_names("a format", value, ("type", JSON_SCHEMA), required=(JSON_SCHEMA,))


def _truncation(value: object) -> None:
    check_names("a strategy", value, ("type", LAST_MESSAGES), required=("type",))
    _type_of(value, *TRUNCATIONS)
    last = cast("Mapping[str, Any]", value).get(LAST_MESSAGES)
    if last is not None:
        _whole(1)(last)


def _ids(value: object, most: int | None = None) -> None:
    for id in _items(value, most):
        check_kind("an id", id, str)


def _resources(value: object) -> None:
    check_names("tool resources", value, BUILTIN_TOOLS)
    for tool, resources in cast("Mapping[str, Any]", value).items():
        name, most = (
            ("file_ids", MAXIMUM_TOOL_FILES)
            if tool == "code_interpreter"
            else ("vector_store_ids", MAXIMUM_VECTOR_STORES)
        )
        check_names(tool, resources, (name,))
        _ids(resources.get(name, []), most)


def _expiry(value: object) -> None:
    what = f"an object with a number of days, 1 to {LONGEST_IDLE}, after 'last_active_at'"
    _expect(what, value, holds=isinstance(value, Mapping))
    check_names("an expiry", value, ("anchor", "days"), required=("days",))
    said = cast("Mapping[str, Any]", value)
    _expect(what, value, holds=said.get("anchor", "last_active_at") == "last_active_at")
    try:
        _whole(1, LONGEST_IDLE)(said["days"])
    except MisuseError:
        _expect(what, value, holds=False)


def _attachments(value: object) -> None:
    for attachment in _items(value):
        check_names("an attachment", attachment, ("file_id", "tools"))
        check_kind("file_id", attachment.get("file_id"), str, NONE)
        for tool in _items(attachment.get("tools") or []):
            _type_of(tool, *BUILTIN_TOOLS)


def _content(value: object) -> None:
    if isinstance(value, str):
        return
    for part in _items(value):
        kind = _type_of(part, "text", "refusal", *IMAGES)
        check_names("a part", part, ("type", kind), required=(kind,))
        said: object = part[kind]
        if kind in IMAGES:
            check_names(kind, said, (IMAGES[kind], "detail"), required=(IMAGES[kind],))
            image = cast("Mapping[str, Any]", said)
            check_kind(IMAGES[kind], image[IMAGES[kind]], str)
            _one_of(*DETAILS)(image.get("detail", DETAILS[0]))
        elif kind == "text" and isinstance(said, Mapping):
            text = cast("Mapping[str, Any]", said)
            check_names(kind, text, ("value", "annotations"), required=("value",))
            check_kind("value", text["value"], str)
            for annotation in _items(text.get("annotations", [])):
                check_kind("an annotation", annotation, Mapping)
        else:
            check_kind(kind, said, str)


CHECKS: Mapping[str, Check] = {
    "name": _text(LONGEST_NAME),
    "description": _text(LONGEST_DESCRIPTION),
    "instructions": _text(LONGEST_TEXT),
    "metadata": _pairs,
    "tools": _tools,
    "tool_resources": _resources,
    "tool_choice": _tool_choice,
    "response_format": _response_format,
    "truncation_strategy": _truncation,
    "reasoning_effort": _one_of(*EFFORTS),
    "temperature": _number(HIGHEST_TEMPERATURE),
    "top_p": _number(HIGHEST_TOP_P),
    "attachments": _attachments,
    "expires_after": _expiry,
    "purpose": _one_of(*PURPOSES),
    "file_ids": _ids,
    "content": _content,
}
"""By the name of the field, which means the same wherever it stands."""
