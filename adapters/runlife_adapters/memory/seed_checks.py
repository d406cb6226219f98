"""What the fields of a wire object may hold, as strict as the service is with those of a request.

Of what leaves the service nobody has checked that it could have come in; what is put into a World by hand
may be anything. These checks are for the fields that a request has as well: what no request can bring about,
nothing can be. Each takes a value that is not null, and raises a plain MisuseError that says what was
expected; :meth:`~runlife_adapters.memory.seeds.Seed.check` adds whose field it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

from runlife import MisuseError
from runlife_adapters.memory.builtin import BUILTIN_TOOLS
from runlife_adapters.memory.checks import NONE, check_kind, check_names, is_number
from runlife_adapters.memory.file_store import MAXIMUM_TOOL_FILES, MAXIMUM_VECTOR_STORES
from runlife_adapters.memory.schedule import MOST_CALLS

__all__ = ["CHECKS", "Check"]

Check = Callable[[Any], None]

_FUNCTION = "function"
_TOOLS = (_FUNCTION, *BUILTIN_TOOLS)
_FORMATS = ("text", "json_object", "json_schema")
_CHOICES = ("none", "auto", "required")
_TRUNCATIONS = ("auto", "last_messages")
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

_PURPOSES = (
    "assistants",
    "assistants_output",
    "batch",
    "batch_output",
    "evals",
    "fine-tune",
    "fine-tune-results",
    "user_data",
    "vision",
)
"""Of files that were uploaded, and of those that the service made (documented)."""

_DETAILS = ("auto", "low", "high")
_IMAGES = {"image_file": "file_id", "image_url": "url"}
"""The images of a message, and what names them."""

_LONGEST_NAME, _LONGEST_VALUE, _MOST_PAIRS = 64, 512, 16
"""Of metadata: characters of a name and of a value, and how many of them there may be (documented)."""

_LONGEST_LIFE = 365
"""Days after which an idle vector store expires at the latest."""


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
    _expect(f"at most {_MOST_PAIRS} pairs", len(pairs), holds=len(pairs) <= _MOST_PAIRS)
    for name, item in pairs.items():
        _text(_LONGEST_NAME)(name)
        check_kind(f"of the wrong type: {name!r}", item, str)
        _text(_LONGEST_VALUE)(item)


def _function(value: object, *, declared: bool) -> None:
    names = ("name", "description", "parameters", "strict") if declared else ("name",)
    check_names("a function", value, names, required=("name",))
    said = cast("Mapping[str, Any]", value)
    _text(_LONGEST_NAME)(said["name"])
    check_kind("description", said.get("description"), str, NONE)
    check_kind("parameters", said.get("parameters"), Mapping, NONE)
    check_kind("strict", said.get("strict"), bool, NONE)


def _tools(value: object) -> None:
    for tool in _items(value, MOST_CALLS):
        kind = _type_of(tool, *_TOOLS)
        if kind == _FUNCTION:
            check_names("a tool", tool, ("type", _FUNCTION), required=(_FUNCTION,))
            _function(tool[_FUNCTION], declared=True)
        else:
            check_names("a tool", tool, ("type", kind))


def _tool_choice(value: object) -> None:
    if isinstance(value, str):
        _one_of(*_CHOICES)(value)
    elif _type_of(value, *_TOOLS) == _FUNCTION:
        check_names("a tool", value, ("type", _FUNCTION), required=(_FUNCTION,))
        _function(cast("Mapping[str, Any]", value)[_FUNCTION], declared=False)


def _response_format(value: object) -> None:
    if isinstance(value, str):
        _one_of("auto")(value)
    elif _type_of(value, *_FORMATS) == "json_schema":
        check_names("a format", value, ("type", "json_schema"), required=("json_schema",))


def _truncation(value: object) -> None:
    check_names("a strategy", value, ("type", "last_messages"), required=("type",))
    _type_of(value, *_TRUNCATIONS)
    last = cast("Mapping[str, Any]", value).get("last_messages")
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
    what = f"an object with a number of days, 1 to {_LONGEST_LIFE}, after 'last_active_at'"
    _expect(what, value, holds=isinstance(value, Mapping))
    check_names("an expiry", value, ("anchor", "days"), required=("days",))
    said = cast("Mapping[str, Any]", value)
    _expect(what, value, holds=said.get("anchor", "last_active_at") == "last_active_at")
    try:
        _whole(1, _LONGEST_LIFE)(said["days"])
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
        kind = _type_of(part, "text", "refusal", *_IMAGES)
        check_names("a part", part, ("type", kind), required=(kind,))
        said: object = part[kind]
        if kind in _IMAGES:
            check_names(kind, said, (_IMAGES[kind], "detail"), required=(_IMAGES[kind],))
            image = cast("Mapping[str, Any]", said)
            check_kind(_IMAGES[kind], image[_IMAGES[kind]], str)
            _one_of(*_DETAILS)(image.get("detail", _DETAILS[0]))
        elif kind == "text" and isinstance(said, Mapping):
            text = cast("Mapping[str, Any]", said)
            check_names(kind, text, ("value", "annotations"), required=("value",))
            check_kind("value", text["value"], str)
            for annotation in _items(text.get("annotations", [])):
                check_kind("an annotation", annotation, Mapping)
        else:
            check_kind(kind, said, str)


CHECKS: Mapping[str, Check] = {
    "name": _text(256),
    "description": _text(512),
    "instructions": _text(256_000),
    "metadata": _pairs,
    "tools": _tools,
    "tool_resources": _resources,
    "tool_choice": _tool_choice,
    "response_format": _response_format,
    "truncation_strategy": _truncation,
    "reasoning_effort": _one_of(*_EFFORTS),
    "temperature": _number(2),
    "top_p": _number(1),
    "attachments": _attachments,
    "expires_after": _expiry,
    "purpose": _one_of(*_PURPOSES),
    "file_ids": _ids,
    "content": _content,
}
"""By the name of the field, which means the same wherever it stands."""
