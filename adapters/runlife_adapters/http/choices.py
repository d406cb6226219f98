"""Whether a run has the tool that it is told to use: what no schema can say, since it may be its assistant's.

The service's own words for this were never seen, nor in which place of its order it looks (inferred: with
the fields of the body).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from runlife_adapters.http.refusals import NO_SUCH_TOOL
from runlife_adapters.memory import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runlife_adapters.memory import World

__all__ = ["check_tool_choice"]


def check_tool_choice(world: World, fields: Mapping[str, Any]) -> None:
    """Raise ApiError when the fields of a new run name a tool that neither they nor its assistant have."""
    said = fields.get("tool_choice")
    if not isinstance(said, dict):
        return
    choice = cast("Mapping[str, Any]", said)
    tools: Iterable[Mapping[str, Any]] | None = fields.get("tools")
    if tools is None:
        try:
            tools = world.retrieve_assistant(fields["assistant_id"]).tools
        except ApiError:  # the World says it, in its turn
            return
    wanted = _name(choice)
    if wanted not in map(_name, tools):
        raise NO_SUCH_TOOL.error(name=wanted[-1])


def _name(tool: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what tells a tool from others: its type, and the name of a function."""
    kind: str = tool["type"]
    return (kind, tool["function"]["name"]) if kind == "function" else (kind,)
