"""What a trace must satisfy that no table says. All of it stands here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

__all__ = ["EXTRAS", "NO_EXTRAS", "Extras"]


def _calls(action: Any) -> frozenset[object]:
    """Return the ids of the calls that are waited for, in whatever form they are given."""
    calls = getattr(action, "tool_calls", action)
    if isinstance(calls, str):
        return frozenset({calls})
    return frozenset(getattr(call, "id", call) for call in calls)


@frozen
class Extras:
    """What is known of an object besides its lifecycle."""

    identity: tuple[str, ...] = ()
    """Names that no effect writes and that never change; the facts that only a creation writes are
    such by themselves."""
    renewed: Mapping[str, Callable[[Any], frozenset[object]]] = field(factory=dict[str, Any])
    """Facts that have nothing in common with their last value when they are written anew; and what of
    a value counts."""


EXTRAS: Mapping[str, Extras] = MappingProxyType(
    {
        # Recorded: the ids of tool calls are new in each round, and stay the same within one.
        "run": Extras(("assistant_id", "model", "instructions"), {"required_action": _calls}),
        "run_step": Extras(("thread_id", "assistant_id", "type")),
        "message": Extras(("thread_id", "assistant_id", "role")),
    }
)
"""By the name of the lifecycle."""

NO_EXTRAS = Extras()
"""Those of a lifecycle of somebody's own."""
