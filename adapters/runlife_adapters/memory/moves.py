"""What is about to happen to a run: the server's next move, the beats of a turn, and what bounds a round."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from attrs import frozen

from runlife_adapters.memory.resources import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife import Usage

__all__ = ["NO_LIMITS", "Beat", "Limits", "Move"]


@frozen(kw_only=True)
class Move:
    """What the server will do to a run, and when, unless the client changes its status before.

    ``payload`` holds the arguments of the event; ``text`` is what the run's message says with it.
    """

    at: float
    event: str
    payload: Json
    text: str | None

    @property
    def usage(self) -> Usage | None:
        """What the turn that ends with this move cost."""
        return self.payload.get("usage")


class Beat(NamedTuple):
    """Something that happens within a turn, without a move of the run."""

    at: float
    happen: Callable[[float], None]
    """Makes it happen, at a moment."""


class Limits(NamedTuple):
    """What one round of a run may use, where rounds have limits of their own; None is no limit."""

    tokens: int | None = None
    """How many completion tokens."""
    tools: int | None = None
    """How many calls of the service's own tools."""


NO_LIMITS = Limits()
