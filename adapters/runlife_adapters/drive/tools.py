"""Plain Python functions as the tools of a run.

The model calls a function by name, with a JSON object as text. Here the object becomes keyword
arguments, and what the function returns becomes the output: a string as it is, anything else as JSON.

A model makes mistakes: names that do not exist, arguments that are no JSON or do not fit. Telling it
is usually the best that can be done, so by default every failure, also an exception in the function,
becomes an output ``{"error": "..."}`` and the run goes on.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from inspect import isawaitable, iscoroutine, iscoroutinefunction, signature
from typing import Any, cast

from attrs import frozen

from runlife import MisuseError, ToolCall, ToolOutput, WorldError

__all__ = ["MOST_BYTES", "Tool", "ToolError", "Toolbox", "Tools", "clip", "toolbox"]

Tool = Callable[..., Any]
"""A function; async ones only with the async driver."""

Tools = Mapping[str, Tool] | Iterable[Tool]
"""Functions by name, or functions that are called by their own names."""

MOST_BYTES = 511_000
"""How many bytes of UTF-8 the outputs of one submit may have together.

The service refuses 512 kB and more (observed; whether a kB has 1000 or 1024 bytes is not known), and a
single output above 1,048,576 characters, which this limit implies.
"""

_ASYNCHRONOUS = "is asynchronous: drive the run with drive_async()"
MARK = "... [clipped: this output had {size} bytes]"


class ToolError(WorldError):
    """A call of the model cannot be carried out: no such function, or the arguments do not fit it."""


@frozen
class Toolbox:
    """The tools of one run, by name."""

    tools: Mapping[str, Tool]
    raises: bool = False
    """Whether a failure is raised, instead of becoming an output that the model can react to."""

    def run(self, call: ToolCall) -> str:
        """Return the output of a call.

        :raises ToolError: if ``raises``, and the call cannot be carried out; and what the function raises.
        """
        try:
            return _output(_present(self._start(call)))
        except Exception as error:  # noqa: BLE001  # whatever a tool raises is the model's to hear
            return self._explain(error)

    async def run_async(self, call: ToolCall) -> str:
        """Return the output of a call, as :meth:`run` does; the function's result is awaited if need be."""
        try:
            result = self._start(call)
            return _output(await cast("Awaitable[object]", result) if isawaitable(result) else result)
        except Exception as error:  # noqa: BLE001  # whatever a tool raises is the model's to hear
            return self._explain(error)

    def _start(self, call: ToolCall) -> object:
        tool = self.tools.get(call.name)
        if tool is None:
            msg = f"there is no function {call.name!r}; there are: {', '.join(sorted(self.tools)) or 'none'}"
            raise ToolError(msg)
        arguments = _arguments(call)
        try:
            expected = signature(tool)
        except ValueError:  # some builtins do not say
            return tool(**arguments)
        try:
            expected.bind(**arguments)
        except TypeError as error:
            msg = f"{call.name}{expected} cannot take {call.arguments}: {error}"
            raise ToolError(msg) from error
        return tool(**arguments)

    def _explain(self, error: Exception) -> str:
        if self.raises:
            raise error
        why = str(error) if isinstance(error, ToolError) else f"{type(error).__name__}: {error}"
        return _output({"error": why})


def toolbox(tools: Tools, *, raises: bool = False, asynchronous: bool = True) -> Toolbox:
    """Return the tools by name.

    :raises MisuseError: when two functions have one name, one has none, or one is asynchronous and
        must not be.
    """
    if isinstance(tools, Mapping):
        named = dict(cast("Mapping[str, Tool]", tools))
    else:
        named = {}
        for tool in tools:
            name = getattr(tool, "__name__", None)
            if not isinstance(name, str) or name in named:
                problem = "has no name of its own" if name is None else f"is the second one named {name!r}"
                msg = f"the tool {tool!r} {problem}; give the tools as a mapping from names to functions"
                raise MisuseError(msg)
            named[name] = tool
    for name, tool in named.items():
        if iscoroutinefunction(tool) and not asynchronous:
            msg = f"the tool {name!r} {_ASYNCHRONOUS}"
            raise MisuseError(msg)
    return Toolbox(named, raises)


def clip(outputs: Iterable[tuple[str, str]], most: int = MOST_BYTES) -> tuple[ToolOutput, ...]:
    """Return the outputs of one submit, by call id, each cut so that all together fit into ``most`` bytes.

    Short outputs stay whole; what is left is shared evenly by the long ones, which end in a mark that
    says so.
    """
    wanted = {call_id: output.encode("utf-8", "replace") for call_id, output in outputs}
    left, share = most, most
    for rank, size in enumerate(sorted(map(len, wanted.values()))):
        # From the shortest on: as long as an even share of the rest holds it, it stays whole.
        share = left // (len(wanted) - rank)
        if size > share:
            break
        left -= size
    return tuple(ToolOutput(call_id, _cut(output, share)) for call_id, output in wanted.items())


def _cut(output: bytes, size: int) -> str:
    if len(output) <= size:
        return output.decode()
    mark = MARK.format(size=len(output))
    return output[: max(size - len(mark), 0)].decode(errors="ignore") + mark


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        # Models write nothing at all for a function without parameters.
        arguments: object = json.loads(call.arguments) if call.arguments.strip() else {}
    except ValueError as error:
        msg = f"the arguments of {call.name!r} are not JSON: {error}"
        raise ToolError(msg) from error
    if not isinstance(arguments, dict):
        msg = f"the arguments of {call.name!r} must be a JSON object, got {call.arguments:.80}"
        raise ToolError(msg)
    return cast("dict[str, Any]", arguments)


def _present(result: object) -> object:
    if not isawaitable(result):
        return result
    if iscoroutine(result):
        result.close()  # else Python warns that it was never awaited
    msg = f"the function {_ASYNCHRONOUS}"
    raise ToolError(msg)


def _output(result: object) -> str:
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
