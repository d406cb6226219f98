"""The model behind the fake: a pure function from what a model sees to what it says or calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from attrs import field, frozen

from runlife import MisuseError, ToolCall, ToolOutput, Usage

__all__ = ["Call", "Context", "Echo", "Model", "Said", "ToolRound", "Turn", "estimate"]

_CHARACTERS_PER_TOKEN = 4
"""What an estimate of tokens goes by; the real figure depends on the model."""


@frozen(repr=False)
class Call:
    """A function that a model calls, with its arguments as an object."""

    name: str
    arguments: Mapping[str, Any] = field(factory=dict[str, Any])

    def __repr__(self) -> str:
        """Return the call that makes it."""
        arguments = f", {self.arguments!r}" if self.arguments else ""
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

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the functions that may be called."""
        return tuple(tool["function"]["name"] for tool in self.tools if tool["type"] == "function")


@frozen
class Turn:
    """What a model does in one turn: it says a ``text``, or makes ``calls``.

    ``usage`` is what the turn cost; by default it is estimated.

    :raises MisuseError: when it does neither, or both.
    """

    text: str | None = None
    calls: tuple[Call, ...] = field(default=(), converter=tuple[Call, ...])
    usage: Usage | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if (self.text is None) is not bool(self.calls):
            msg = f"a turn either says a text or makes calls, got text={self.text!r}, calls={self.calls!r}"
            raise MisuseError(msg)


class Model(Protocol):
    """Anything that takes turns. It must not call the World that asks it."""

    def turn(self, context: Context) -> Turn:
        """Return what the model does, given what it sees.

        What this raises comes out of whichever operation let the time pass. The run stays
        queued, and the model is asked again at the next operation.
        """
        ...


@frozen
class Echo:
    """The default model: it repeats the last user message, or the outputs of the last tool round.

    It obeys ``tool_choice``: where a call is required, it makes one before it says anything.
    """

    def turn(self, context: Context) -> Turn:
        """Return what the model does, given what it sees."""
        if context.rounds:
            return Turn("\n".join(output.output for output in context.rounds[-1].outputs))
        match context.tool_choice:
            case "required" if context.functions:
                return Turn(calls=(Call(context.functions[0]),))
            case {"type": "function", "function": {"name": str(name)}}:
                return Turn(calls=(Call(name),))
            case _:
                said = (message.text for message in reversed(context.messages) if message.role == "user")
                return Turn(next(said, ""))


def estimate(context: Context, turn: Turn) -> Usage:
    """Return what a turn costs, by the length of what was read and written."""
    read = [context.instructions or "", *(message.text for message in context.messages)]
    for done in context.rounds:
        read += [call.arguments for call in done.calls]
        read += [output.output for output in done.outputs]
    written = turn.text if turn.text is not None else repr(turn.calls)
    return Usage(_tokens("".join(read)), _tokens(written))


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)
