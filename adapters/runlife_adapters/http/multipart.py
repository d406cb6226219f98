"""Forms (``multipart/form-data``), as clients send them to upload a file.

The parts are read by ``python-multipart``, which comes with the extra ``server`` and is needed only here,
when a form comes. Nothing is written to disk: the service has bounded the body before.
"""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING, Any, cast

from runlife import MisuseError
from runlife_adapters.memory.errors import Words
from runlife_adapters.memory.filing.resources import Upload

if TYPE_CHECKING:
    from python_multipart.multipart import Field, File

__all__ = ["MOST_PARTS", "NOT_A_FORM", "NOT_PARSED", "parse"]

MOST_PARTS = 100
"""Parts that a form may have."""

NOT_A_FORM = Words(400, "Invalid Content-Type header ({content_type}), expected multipart/form-data.")
NOT_PARSED = Words(
    400,
    "We could not parse the multipart form of your request. (HINT: This likely means you aren't using your "
    "HTTP library correctly.)",
)

_FORM = "multipart/form-data"
_NESTED = re.compile(r"([^\[\]]+)\[([^\[\]]+)\]")
_LONGEST_ECHO = 200
_LONGEST_NUMBER = 18


def parse(content_type: str, body: bytes) -> dict[str, Any]:
    """Return the fields of a form: texts as strings, files as :class:`Upload`; of two of a name, the later.

    ``expires_after[seconds]`` is the field ``seconds`` of the object ``expires_after``. A form has no types:
    what is written as a whole number in such an object counts as one.

    :raises ApiError: when it is no form, or a broken one.
    :raises MisuseError: when ``python-multipart`` is not installed.
    """
    try:
        from python_multipart import FormParser  # noqa: PLC0415  # only who uploads needs it
        from python_multipart.exceptions import FormParserError  # noqa: PLC0415
        from python_multipart.multipart import parse_options_header  # noqa: PLC0415
    except ImportError as error:
        msg = "an upload came, and python-multipart is not there to read it: pip install 'runlife[server]'"
        raise MisuseError(msg) from error
    kind, parameters = parse_options_header(content_type.encode("latin-1", "replace"))
    if kind != _FORM.encode():
        raise NOT_A_FORM.error(content_type=content_type[:_LONGEST_ECHO])
    fields: dict[str, Any] = {}
    parts: list[str | Upload] = []
    ends: list[bool] = []

    def take(name: bytes | None, value: str | Upload) -> None:
        parts.append(value)
        if len(parts) > MOST_PARTS:
            raise NOT_PARSED.error()
        _put(fields, _text(name), value)

    def take_text(part: Field) -> None:
        take(part.field_name, _text(part.value))

    def take_file(part: File) -> None:
        part.file_object.seek(0)
        take(part.field_name, Upload(_text(part.file_name), part.file_object.read()))

    try:
        parser = FormParser(
            _FORM,
            take_text,
            take_file,
            lambda: ends.append(True),
            boundary=parameters.get(b"boundary"),
            config={"MAX_MEMORY_FILE_SIZE": inf},
        )
        parser.write(body)
    except FormParserError:
        raise NOT_PARSED.error() from None
    if not ends:  # it was cut off
        raise NOT_PARSED.error()
    return fields


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")


def _put(fields: dict[str, Any], name: str, value: Any) -> None:
    nested = _NESTED.fullmatch(name)
    if nested is not None:
        name, inner = nested.groups()
        within = fields.get(name, {})
        if not isinstance(within, dict):  # somebody says both `a` and `a[b]`
            raise NOT_PARSED.error()
        value = {**cast("dict[str, Any]", within), inner: _number(value)}
    fields[name] = value


def _number(value: str | Upload) -> str | Upload | int:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _LONGEST_NUMBER:
        return int(value)
    return value
