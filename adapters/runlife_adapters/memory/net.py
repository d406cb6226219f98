"""What can befall a call on the network, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self, cast, get_args

from attrs import asdict, field, fields, frozen

from runlife import MisuseError
from runlife_adapters.memory.checks import check_names, is_a, is_number

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Net", "NetKind"]

NetKind = Literal[
    "delay",
    "refuse",
    "reset_before",
    "reset_after",
    "lose_request",
    "lose_response",
    "duplicate",
    "malformed",
    "cut_stream",
    "stall_stream",
]
"""By kind: whether the call took effect, and what the client meets.

==================  =========================================================================
``delay``           took effect, and is answered ``seconds`` late
``refuse``          no effect: answered with ``status`` and, if given, ``Retry-After``
``reset_before``    no effect: the connection breaks
``reset_after``     took effect, and the connection breaks in place of the answer
``lose_request``    no effect: it never arrives, and the client waits until it gives up
``lose_response``   took effect, and no answer comes: the client waits until it gives up
``duplicate``       arrived twice, once right after the other; the client gets the first answer
``malformed``       took effect, and the body of the answer is no JSON
``cut_stream``      took effect, and the connection breaks after ``events`` events
``stall_stream``    took effect, and after ``events`` events the stream falls silent for good
==================  =========================================================================
"""


_TAKES: Mapping[str, frozenset[str]] = {
    "delay": frozenset({"seconds"}),
    "refuse": frozenset({"status", "retry_after"}),
    "cut_stream": frozenset({"events"}),
    "stall_stream": frozenset({"events"}),
}
"""The details that a kind takes; the others take none."""

_BEFORE = frozenset({"refuse", "reset_before", "lose_request"})


@frozen(kw_only=True, repr=False)
class Net:
    """One thing that befalls one call.

    :raises MisuseError: when a value is of another type or out of range, or its kind does not take it.
    """

    kind: NetKind = field(kw_only=False)
    seconds: float = 0.0
    """Of a delay: how long."""
    status: int = field(default=500, validator=is_a(int))
    """Of a refusal: 429 or any of 500 to 599."""
    retry_after: float | None = None
    """Of a refusal: what ``Retry-After`` says, in seconds."""
    events: int = field(default=1, validator=is_a(int))
    """Of a stream: how many events still come through."""

    def __attrs_post_init__(self) -> None:
        if self.kind not in get_args(NetKind):
            msg = f"what befalls a call is one of {', '.join(get_args(NetKind))}; got {self.kind!r}"
            raise MisuseError(msg)
        for name in ("seconds", "retry_after"):
            value: object = getattr(self, name)
            if name == "retry_after" and value is None:
                continue
            if not is_number(value) or cast("float", value) < 0:
                msg = f"{name}: expected a number of seconds, 0 or more; got {value!r}"
                raise MisuseError(msg)
        if self.status != 429 and not 500 <= self.status <= 599:  # noqa: PLR2004  # what they are is said above
            msg = f"status: expected 429, or 500 to 599; got {self.status!r}"
            raise MisuseError(msg)
        if self.events < 0:
            msg = f"events: expected 0 or more; got {self.events!r}"
            raise MisuseError(msg)
        takes = _TAKES.get(self.kind, frozenset[str]())
        if wrong := [name for name in self.details if name not in takes]:
            known = ", ".join(sorted(takes)) or "no details"
            msg = f"{self.kind!r} does not take {', '.join(wrong)}; it takes {known}"
            raise MisuseError(msg)

    @property
    def takes_effect(self) -> bool:
        """Whether the call that it befalls takes effect all the same."""
        return self.kind not in _BEFORE

    @property
    def details(self) -> dict[str, Any]:
        """What is said besides the kind, by name: only what differs from the usual."""
        usual = {a.name: a.default for a in fields(type(self))}
        return {n: v for n, v in asdict(self).items() if n != "kind" and v != usual[n]}

    def __repr__(self) -> str:
        """Return the call that makes it."""
        details = (f"{name}={value!r}" for name, value in self.details.items())
        return f"Net({', '.join([repr(self.kind), *details])})"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data: only what differs from the usual."""
        return {"kind": self.kind, **self.details}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote.

        :raises MisuseError: when it is anything else.
        """
        check_names("what befalls a call", data, (a.name for a in fields(cls)), ["kind"])
        return cls(**data)
