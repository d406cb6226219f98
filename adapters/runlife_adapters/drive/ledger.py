"""What a drive remembers of what it sent: of the creation of its run, and of the outputs for its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from runlife_adapters.drive.lawful import has_ended
from runlife_adapters.drive.tools import clip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runlife import ToolCall, ToolOutput
    from runlife_adapters.backend import RejectedError, RunView

__all__ = ["CONFLICT", "KEY", "REFUSALS", "Answers", "Creation", "new_key"]

KEY = "runlife_key"
"""Where a run bears the key of the drive that created it, in its metadata."""

CONFLICT = frozenset({400, 409})
"""Refusals of a creation behind which a run of our own may stand. (Observed: state conflicts are 400.)"""

REFUSALS = 2
"""How often the same outputs are refused, by a run that still waits for them, before we give up."""


def new_key() -> str:
    """Return a key that no run bears."""
    return uuid4().hex


class Creation:
    """How the creation of the run stands.

    :param key: what the run is recognised by.
    :param overrides: further fields of the creation's body.
    :param look_first: whether a run that bears the key may exist already.
    """

    def __init__(self, key: str, overrides: Mapping[str, Any] | None, *, look_first: bool) -> None:
        body = dict(overrides or {})
        self.key = key
        metadata: Mapping[str, str] = body.get("metadata") or {}
        self.body: Mapping[str, Any] = {**body, "metadata": {**metadata, KEY: key}}
        self.must_find = look_first
        """Whether to look for the run before it is created (again)."""
        self.was_sent = False
        self.rejection: RejectedError | None = None

    def rejected(self, error: RejectedError) -> bool:
        """Take note of a refusal; answer whether a run of our own may explain it."""
        self.rejection = error
        return error.status in CONFLICT

    def find(self, views: Sequence[RunView]) -> RunView | None:
        """Return the run that bears the key: a live one rather than one that has ended, then the newest."""
        self.must_find = False
        ours = [view for view in views if view.metadata.get(KEY) == self.key]
        return next((view for view in ours if not has_ended(view)), ours[0] if ours else None)


class Answers:
    """What the tools answered, and what became of it. Each call is computed once, whatever happens.

    A call is its id, name and arguments: some compatible servers number the calls of each round anew.
    """

    def __init__(self) -> None:
        self._outputs: dict[ToolCall, str] = {}
        self._accepted: frozenset[str] = frozenset()
        self._refused_ids: frozenset[str] = frozenset()
        self._refused = 0

    def add(self, view: RunView, outputs: Mapping[str, str]) -> None:
        """Keep the outputs of calls that the view shows, by call id."""
        calls = view.required_action or ()
        self._outputs.update({call: outputs[call.id] for call in calls if call.id in outputs})

    def are_wanted(self, view: RunView) -> bool:
        """Whether the run waits for outputs. A stale look at calls that were answered is no such thing."""
        return bool(view.call_ids) and view.call_ids != self._accepted

    def missing(self, view: RunView) -> tuple[ToolCall, ...]:
        """Return the calls that the tools have not answered."""
        return tuple(call for call in view.required_action or () if call not in self._outputs)

    def to_submit(self, view: RunView) -> tuple[ToolOutput, ...]:
        """Return the outputs that the run waits for, in the order of its calls."""
        return clip((call.id, self._outputs[call]) for call in view.required_action or ())

    def accepted(self, outputs: Sequence[ToolOutput]) -> None:
        """Take note that the service accepted these."""
        self._accepted = frozenset(output.tool_call_id for output in outputs)
        self._refused = 0

    def refused(self, outputs: Sequence[ToolOutput]) -> bool:
        """Take note that the service refused these; answer whether it is time to give up."""
        self._refused_ids = frozenset(output.tool_call_id for output in outputs)
        self._refused += 1
        return self._refused >= REFUSALS

    def seen(self, view: RunView) -> None:
        """Take note of what the run waits for now: once it has gone on, it may ask for the same again.

        And a refusal that found it gone on was no refusal of the outputs.
        """
        if view.call_ids != self._accepted:
            self._accepted = frozenset()
        if view.call_ids != self._refused_ids:
            self._refused = 0
