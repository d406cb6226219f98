"""What a request may hold, as data, and the service's words for what it may not.

A schema is a value that checks JSON and says what it expects. Whatever is wrong is named by its
path, as the service does: ``messages[0].content[1].text``. The sentences are recorded where the
service's answers were, and follow the same pattern where not.

A value is checked at a :class:`~runlife_adapters.http.place.Place`: its path, and the World's word on ids
that do not look like any.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from runlife_adapters.http.loopback import host_of
from runlife_adapters.http.refusals import (
    ARRAY_TOO_LONG,
    ARRAY_TOO_SHORT,
    DECIMAL_ABOVE_MAXIMUM,
    DECIMAL_BELOW_MINIMUM,
    EMPTY_STRING,
    INVALID_TYPE,
    MALFORMED_ID,
    MISSING,
    NO_MATCH,
    NO_URL,
    TOO_MANY_PROPERTIES,
    UNKNOWN,
)
from runlife_adapters.memory.errors import ABOVE_MAXIMUM, BELOW_MINIMUM, STRING_TOO_LONG, UNSUPPORTED_VALUE
from runlife_adapters.memory.filing.resources import Upload
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.limits import LONGEST_KEY, MOST_PAIRS

if TYPE_CHECKING:
    from runlife_adapters.http.place import Place

__all__ = [
    "Array",
    "Boolean",
    "Either",
    "FilePart",
    "Identifier",
    "Integer",
    "Named",
    "Number",
    "Object",
    "Open",
    "Pairs",
    "Scalar",
    "Schema",
    "Tagged",
    "Text",
    "Url",
    "check_identifier",
    "enumerated",
    "validate",
]

_KINDS: Mapping[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal number",
    list: "an array",
    dict: "an object",
    type(None): "null",
    Upload: "a file",
}
"""What the service calls the kinds of JSON, and the one that only a form has."""


class Schema(Protocol):
    """Anything that checks a JSON value."""

    @property
    def expects(self) -> str:
        """What it expects, with its article."""
        ...

    @property
    def takes(self) -> tuple[type, ...]:
        """The kinds of JSON that it can check further."""
        ...

    def check(self, value: Any, at: Place) -> None:
        """Raise ApiError unless the value is right; its kind is one of :attr:`takes`."""
        ...


def validate(schema: Schema, value: Any, at: Place) -> None:
    """Check a value, its kind first."""
    if type(value) not in schema.takes:
        raise INVALID_TYPE.error(param=at.param, expected=schema.expects, got=_KINDS[type(value)])
    schema.check(value, at)


def enumerated(values: tuple[str, ...]) -> str:
    """Return values as the service lists them: ``'a', 'b', and 'c'``."""
    quoted = [f"'{value}'" for value in values]
    if len(quoted) <= 2:  # noqa: PLR2004  # no comma before `and`
        return " and ".join(quoted)
    return f"{', '.join(quoted[:-1])}, and {quoted[-1]}"


@frozen
class Text:
    """A string: of some values only, of a length, or of some signs."""

    one_of: tuple[str, ...] = ()
    longest: int | None = None
    filled: bool = False
    """Whether it has to have one sign at least."""
    pattern: str | None = None
    """A regular expression, from the beginning of the string to its end."""
    expects = "a string"
    takes = (str,)

    def check(self, value: str, at: Place) -> None:
        """Check value, length and signs."""
        if self.one_of and value not in self.one_of:
            raise UNSUPPORTED_VALUE.error(param=at.param, value=value, supported=enumerated(self.one_of))
        if self.filled and not value:
            raise EMPTY_STRING.error(param=at.param)
        if self.longest is not None and len(value) > self.longest:
            raise STRING_TOO_LONG.error(param=at.param, maximum=self.longest, length=len(value))
        if self.pattern is not None and not re.fullmatch(self.pattern.removesuffix("$"), value):
            raise NO_MATCH.error(param=at.param, pattern=self.pattern)


@frozen
class Url:
    """An address from which the service fetches something: ``http`` or ``https``, nothing else (observed)."""

    expects = "a string"
    takes = (str,)

    def check(self, value: str, at: Place) -> None:
        """Check that it names a scheme and a host."""
        if not value.lower().startswith(("http://", "https://")) or host_of(value) is None:
            raise NO_URL.error(param=at.param)


@frozen
class Identifier:
    """The id of a kind of thing."""

    kind: Kind
    expects = "a string"
    takes = (str,)

    @property
    def prefix(self) -> str:
        """How the service says that it begins: that of a batch of files with the underscore (observed)."""
        batch = self.kind is Kind.VECTOR_STORE_FILE_BATCH
        return f"{self.kind}{self.kind.mark}" if batch else self.kind.value

    def check(self, value: str, at: Place) -> None:
        """Check the prefix; an odd id of something that exists is as good as any."""
        if not value.startswith(self.prefix) and not at.known(self.kind, value):
            raise MALFORMED_ID.error(param=at.param, value=value, prefix=self.prefix)


def check_identifier(kind: Kind, value: str, at: Place) -> None:
    """Raise ApiError unless an id in a path begins as those of its kind do, or names something.

    That of a file may begin as it likes: the service only says that there is no such file (observed).
    """
    if kind is not Kind.FILE:
        Identifier(kind).check(value, at)


@frozen
class Boolean:
    """True or false."""

    expects = "a boolean"
    takes = (bool,)

    def check(self, value: bool, at: Place) -> None:  # noqa: FBT001  # the value is the point
        """Accept both."""


@frozen
class Integer:
    """A whole number, in a range."""

    lowest: int | None = None
    highest: int | None = None
    expects = "an integer"
    takes = (int,)

    def check(self, value: int, at: Place) -> None:
        """Check the range."""
        if self.lowest is not None and value < self.lowest:
            raise BELOW_MINIMUM.error(param=at.param, limit=self.lowest, value=value)
        if self.highest is not None and value > self.highest:
            raise ABOVE_MAXIMUM.error(param=at.param, limit=self.highest, value=value)


@frozen
class Number:
    """A number from ``lowest`` to ``highest``."""

    lowest: float
    highest: float
    expects = "a decimal"
    takes = (int, float)

    def check(self, value: float, at: Place) -> None:
        """Check the range."""
        if value < self.lowest:
            raise DECIMAL_BELOW_MINIMUM.error(param=at.param, limit=self.lowest, value=value)
        if value > self.highest:
            raise DECIMAL_ABOVE_MAXIMUM.error(param=at.param, limit=self.highest, value=value)


@frozen
class Array:
    """A list of items of one schema."""

    of: Schema
    shortest: int = 0
    longest: int | None = None
    takes = (list,)

    @property
    def expects(self) -> str:
        """What it expects, with its article."""
        return f"an array of {_bare(self.of)}s"

    def check(self, value: list[Any], at: Place) -> None:
        """Check the length, then each item."""
        if len(value) < self.shortest:
            raise ARRAY_TOO_SHORT.error(param=at.param, limit=self.shortest)
        if self.longest is not None and len(value) > self.longest:
            raise ARRAY_TOO_LONG.error(param=at.param, limit=self.longest, length=len(value))
        for index, item in enumerate(value):
            validate(self.of, item, at.item(index))


@frozen
class Open:
    """An object that may hold anything."""

    expects = "an object"
    takes = (dict,)

    def check(self, value: dict[str, Any], at: Place) -> None:
        """Accept everything."""


@frozen
class Object:
    """An object of known fields. A field that is not required may be null."""

    required: Mapping[str, Schema] = field(factory=dict[str, Schema])
    optional: Mapping[str, Schema] = field(factory=dict[str, Schema])
    expects = "an object"
    takes = (dict,)

    def check(self, value: dict[str, Any], at: Place) -> None:
        """Check the fields that are known, then that there are no others, then that none is missing."""
        for name, item in value.items():
            if name in self.required:
                validate(self.required[name], item, at.field(name))
            elif name in self.optional and item is not None:
                validate(self.optional[name], item, at.field(name))
        for name in value:
            if name not in self.required and name not in self.optional:
                raise UNKNOWN.error(param=at.field(name).param)
        for name in self.required:
            if name not in value:
                raise MISSING.error(param=at.field(name).param)


@frozen
class Scalar:
    """A string, of a length, a number or a boolean."""

    longest: int | None = None
    expects = "a string"
    takes = (str, int, float, bool)

    def check(self, value: str | float, at: Place) -> None:
        """Check the length of a string."""
        if isinstance(value, str):
            Text(longest=self.longest).check(value, at)


@frozen
class Pairs:
    """So many values of one schema at most, by names of a length."""

    of: Schema
    expects = "an object"
    takes = (dict,)

    longest_name = LONGEST_KEY
    most = MOST_PAIRS

    def check(self, value: dict[str, Any], at: Place) -> None:
        """Check each pair, then how many there are."""
        for name, item in value.items():
            validate(self.of, item, at.field(name))
            Text(longest=self.longest_name).check(name, at.field(name))
        if len(value) > self.most:
            raise TOO_MANY_PROPERTIES.error(param=at.param, limit=self.most, length=len(value))


@frozen
class FilePart:
    """A file in a form."""

    expects = "a file"
    takes = (Upload,)

    def check(self, value: Upload, at: Place) -> None:
        """Accept all."""


@frozen
class Tagged:
    """An object whose field ``type`` says which schema it has; that field is no part of the schema."""

    variants: Mapping[str, Object]
    untagged: str | None = None
    """The type of an object that does not say; None: each has to."""
    expects = "an object"
    takes = (dict,)

    def check(self, value: dict[str, Any], at: Place) -> None:
        """Check the type, then what belongs to it."""
        tag = value.get("type", self.untagged)
        if tag is None:
            raise MISSING.error(param=at.field("type").param)
        validate(Text(one_of=tuple(self.variants)), tag, at.field("type"))
        rest = {name: item for name, item in value.items() if name != "type"}
        self.variants[tag].check(rest, at)


@frozen
class Named:
    """An object whose schema has a name of its own, so that it may hold more of its kind."""

    name: str
    lookup: Callable[[], Tagged]
    """Gives the schema; asked when something is checked, since by then there is one."""
    expects = "an object"
    takes = (dict,)

    def check(self, value: dict[str, Any], at: Place) -> None:
        """Check the value by the schema."""
        self.lookup().check(value, at)


@frozen
class Either:
    """One of two schemas, told apart by the kind of the value."""

    first: Schema
    second: Schema

    @property
    def expects(self) -> str:
        """What it expects, with its article."""
        return f"one of {self.first.expects} or {_bare(self.second)}"

    @property
    def takes(self) -> tuple[type, ...]:
        """The kinds of JSON that it can check further."""
        return (*self.first.takes, *self.second.takes)

    def check(self, value: Any, at: Place) -> None:
        """Check the value by the schema for its kind."""
        (self.first if type(value) in self.first.takes else self.second).check(value, at)


def _bare(schema: Schema) -> str:
    return schema.expects.split(" ", 1)[1]
