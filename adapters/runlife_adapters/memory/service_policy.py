"""The open questions about the service around the lifecycle, as named options.

Those of the lifecycle itself are a :class:`runlife.Policy`, which switches rows of the table. These
are about everything else: what else is refused, and what the wire looks like. Each has the answer that
the evidence favours as its default.
"""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen, validators

__all__ = ["ServicePolicy"]


@frozen(kw_only=True)
class ServicePolicy:
    """How the open questions about the service are answered."""

    delete_while_active: Literal["allow", "refuse"] = field(
        default="allow", validator=validators.in_(("allow", "refuse"))
    )
    """May a thread that a run locks be deleted, or a message of it? Nobody ever reported trying."""

    modify_run: Literal["unless_in_progress", "unless_active"] = field(
        default="unless_in_progress", validator=validators.in_(("unless_in_progress", "unless_active"))
    )
    """When may the metadata of a run be modified? The refusal in ``in_progress`` was recorded."""

    incomplete_event: Literal["thread.run.incomplete", "thread.run.completed"] = field(
        default="thread.run.incomplete",
        validator=validators.in_(("thread.run.incomplete", "thread.run.completed")),
    )
    """The event with which the stream of an incomplete run ends; ``completed`` was recorded in April 2024."""

    error_event: Literal["nested", "flat"] = field(
        default="nested", validator=validators.in_(("nested", "flat"))
    )
    """The data of an ``error`` event: ``{"error": {...}}`` as observed, or flat as documented."""

    poll_after_ms: int | None = field(
        default=None, validator=validators.optional((validators.instance_of(int), validators.ge(0)))
    )
    """What ``openai-poll-after-ms`` says with every run: how long the official clients wait between two
    polls, in milliseconds. None: it is not sent, as in all recordings."""

    unstored_background: Literal["keep_awhile", "refuse"] = field(
        default="keep_awhile", validator=validators.in_(("keep_awhile", "refuse"))
    )
    """What becomes of a background response with ``store`` false: it can be polled for about ten minutes
    after its end (documented), or it is refused (a project may demand that)."""

    shut_down: bool = field(default=False, validator=validators.instance_of(bool))
    """Has the Assistants API been switched off, as OpenAI did on 2026-08-26? Then all of it answers 404."""
