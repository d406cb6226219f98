"""The open questions of the lifecycle and of the service as one list of named options.

The two classes of answers, :class:`runlife.Policy` and
:class:`~runlife_adapters.memory.service_policy.ServicePolicy`, are what a World takes. People name an
option, whichever of the two it belongs to: on the command line as text, in a test as a value.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from attrs import frozen

from runlife import MisuseError, Policy
from runlife_adapters.memory.service_policy import ServicePolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OPTIONS", "Option", "policies"]

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NONE = "none"


@frozen
class Option:
    """One open question: its name, what may be answered, and the answer by default."""

    name: str
    owner: type[Policy | ServicePolicy]
    kind: Any
    default: Any

    @property
    def answers(self) -> str:
        """What may be answered, in words: ``true|false``."""
        return "|".join(_answers(self.kind))

    def read(self, text: str) -> Any:
        """Return the answer that a text gives.

        :raises MisuseError: when it is none.
        """
        for kind in _alternatives(self.kind):
            try:
                return _READERS.get(get_origin(kind) or kind, _no_answer)(kind, text.strip())
            except ValueError:
                continue
        msg = f"{self.name}: expected {self.answers}; got {text!r}"
        raise MisuseError(msg)

    def write(self) -> str:
        """Return the answer by default, as :meth:`read` takes it."""
        value = self.default
        return _NONE if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """Return what a union is made of; of anything else, itself."""
    return (kind,) if get_origin(kind) is Literal or not get_args(kind) else get_args(kind)


def _answers(kind: Any) -> list[str]:
    words = {bool: ["true", "false"], int: ["INTEGER"], NoneType: [_NONE]}
    return [
        word
        for one in _alternatives(kind)
        for word in (words[one] if one in words else map(str, get_args(one)))
    ]


def _read_literal(kind: Any, text: str) -> str:
    if text not in get_args(kind):
        raise ValueError(text)
    return text


def _read_bool(_kind: Any, text: str) -> bool:
    if text.lower() not in _WORDS:
        raise ValueError(text)
    return _WORDS[text.lower()]


def _read_none(_kind: Any, text: str) -> None:
    if text.lower() != _NONE:
        raise ValueError(text)


def _read_int(_kind: Any, text: str) -> int:
    return int(text)


def _no_answer(_kind: Any, text: str) -> None:
    raise ValueError(text)


_READERS: Mapping[Any, Any] = {Literal: _read_literal, bool: _read_bool, NoneType: _read_none, int: _read_int}


def _options(owner: type[Policy | ServicePolicy]) -> list[Option]:
    usual = owner()
    return [Option(name, owner, kind, getattr(usual, name)) for name, kind in get_type_hints(owner).items()]


OPTIONS: Mapping[str, Option] = {
    option.name: option for owner in (Policy, ServicePolicy) for option in _options(owner)
}
"""Every open question, by name."""


def policies(answers: Mapping[str, Any]) -> tuple[Policy, ServicePolicy]:
    """Return both policies with these answers; to what is not named, the usual ones.

    :raises MisuseError: when a name is unknown, or an answer is none that the question has.
    """
    if unknown := [name for name in answers if name not in OPTIONS]:
        msg = f"no policy is named {', '.join(map(repr, unknown))}; there are {', '.join(OPTIONS)}"
        raise MisuseError(msg)
    try:
        return (
            Policy(**{n: v for n, v in answers.items() if OPTIONS[n].owner is Policy}),
            ServicePolicy(**{n: v for n, v in answers.items() if OPTIONS[n].owner is ServicePolicy}),
        )
    except (TypeError, ValueError) as error:  # what the validators of attrs raise
        raise MisuseError(str(error.args[0] if error.args else error)) from error
