"""The model behind the fake: a pure function from what a model sees to what it says or calls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast, runtime_checkable

from attrs import field, frozen

from runlife import MisuseError, ToolCall, ToolOutput, Usage
from runlife_adapters.memory.builtin import BuiltinStep, builtin_steps
from runlife_adapters.memory.checks import NONE, check_kind, is_a
from runlife_adapters.memory.context import tokens

__all__ = [
    "UNNAMED_FUNCTION",
    "Call",
    "Context",
    "Model",
    "Said",
    "ToolRound",
    "Turn",
    "estimate",
    "several",
]

UNNAMED_FUNCTION = "function"
"""What is called where nothing says which function is, and the run has none."""


@frozen(repr=False)
class Call:
    """A function that a model calls, with its arguments as an object.

    Models also write what is no JSON, or half of it: arguments that are a text go out as they are.

    :raises MisuseError: when the name is no text, or the arguments cannot be written as a JSON object.
    """

    name: str = field(validator=is_a(str))
    arguments: Mapping[str, Any] | str = field(factory=dict[str, Any], validator=is_a(Mapping, str))

    def __attrs_post_init__(self) -> None:
        try:
            self.written()
        except (TypeError, ValueError, RecursionError) as error:
            msg = f"the arguments of a call must be JSON, got {self.arguments!r} ({error})"
            raise MisuseError(msg) from error

    def written(self) -> str:
        """Return the arguments as they stand on the wire: as the text of an object, or as they were given."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(dict(self.arguments), separators=(",", ":"), allow_nan=False)

    def __repr__(self) -> str:
        """Return the call that makes it."""
        arguments = f", {self.arguments!r}" if self.arguments != {} else ""
        return f"Call({self.name!r}{arguments})"


@frozen
class Said:
    """One message as a model sees it."""

    role: str
    text: str


@frozen
class ToolRound:
    """Calls that the model made earlier in this run, and what they gave, in the same order."""

    calls: tuple[ToolCall, ...]
    outputs: tuple[ToolOutput, ...]


@frozen
class Context:
    """What a model sees at the start of a turn."""

    model: str
    instructions: str | None
    """The instructions in effect: the run's own or the assistant's, with additional ones at the end."""
    messages: tuple[Said, ...]
    """The thread, oldest first, as far as the truncation strategy lets the model see it."""
    tools: tuple[Mapping[str, Any], ...]
    tool_choice: Any
    rounds: tuple[ToolRound, ...]
    """The tool rounds of this run so far."""
    parallel_tool_calls: bool = True
    """Whether a turn may make several calls; of those of a model that does not care, the first is made."""
    response_format: Any = "auto"
    """What form the answer is to have, as the client said it."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the functions that may be called."""
        return tuple(tool["function"]["name"] for tool in self.tools if tool["type"] == "function")


def several(calls: Iterable[Call]) -> tuple[Call, ...]:
    """Return calls as a tuple.

    :raises MisuseError: when it is anything but several calls.
    """
    check_kind("calls", calls, Iterable)
    taken = tuple(cast("Iterable[object]", calls))
    for call in taken:
        check_kind("calls", call, Call)
    return cast("tuple[Call, ...]", taken)


@frozen
class Turn:
    """What a model does in one turn: it says a ``text``, or makes ``calls``.

    ``steps`` is what the service's own tools do before that. ``usage`` is what the turn cost; by
    default it is estimated.

    :raises MisuseError: when it does neither, or both, or a value is of another type.
    """

    text: str | None = field(default=None, validator=is_a(str, NONE))
    calls: tuple[Call, ...] = field(default=(), converter=several)
    usage: Usage | None = field(default=None, kw_only=True, validator=is_a(Usage, NONE))
    steps: tuple[BuiltinStep, ...] = field(default=(), kw_only=True, converter=builtin_steps)

    def __attrs_post_init__(self) -> None:
        if (self.text is None) is not bool(self.calls):
            msg = f"a turn either says a text or makes calls, got text={self.text!r}, calls={self.calls!r}"
            raise MisuseError(msg)


@runtime_checkable
class Model(Protocol):
    """Anything that takes turns. It must not call the World that asks it."""

    def turn(self, context: Context) -> Turn:
        """Return what the model does, given what it sees.

        A model that raises, or returns no Turn, fails its run as the service does, with a
        ``server_error``; the cause is logged. The thread is free, and other runs do not notice.
        Misuse (a :class:`~runlife.MisuseError`: the model calls its World, or makes a Turn that
        cannot be) also comes out, once, of the operation that let the time pass, which does not
        happen then. A refusal of another World (an ApiError) is no misuse of this one.
        """
        ...


def estimate(context: Context, turn: Turn) -> Usage:
    """Return what a turn costs, by the length of what was read and written."""
    read = [context.instructions or "", *(message.text for message in context.messages)]
    for done in context.rounds:
        read += [call.arguments for call in done.calls]
        read += [output.output for output in done.outputs]
    written = turn.text if turn.text is not None else repr(turn.calls)
    return Usage(tokens("".join(read)), tokens(written))
