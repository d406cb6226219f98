"""A run, a run step and a message: the facts of each, and the table each lives by."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from runlife.facts import Fact, entity
from runlife.instance import Instance
from runlife.table import MESSAGE, RUN, RUN_STEP, MessageStatus, RunStatus, RunStepStatus
from runlife.values import IncompleteDetails, LastError, RequiredAction, Usage

if TYPE_CHECKING:
    from runlife.lifecycle import Lifecycle

__all__ = ["Message", "Run", "RunStep"]


@entity
class Run(Instance[RunStatus]):
    """One execution of an assistant over a thread.

    It holds the facts that its lifecycle decides; what a run is configured with (model,
    instructions, tools, metadata) is a record of the adapter's that points at it. All times are
    unix seconds, as given in ``now``. Make one with :meth:`create`, whose arguments are

    ``id``
        required, for instance ``"run_..."``;
    ``thread_id``, ``active_run_id``, ``has_input``
        what the guards ask about the thread: the id of its active run, or None (the default) when
        it is free; whether it has a user message or the assistant instructions (default True);
    ``expires_after``
        seconds until it expires, by default :data:`~runlife.rules.RUN_TTL`;
    ``max_prompt_tokens``, ``max_completion_tokens``
        its token budget over all rounds, by default none.
    """

    table: ClassVar[Lifecycle[RunStatus]] = RUN

    id = Fact[str]()
    thread_id = Fact[str | None]()
    created_at = Fact[float]()
    started_at = Fact[float | None]()
    """When it was last started; a start after a submit overwrites it."""
    expires_at = Fact[float | None]()
    """When it expires if it is still active; counted from creation; null once it has ended."""
    completed_at = Fact[float | None]()
    """When it completed, or was cut short."""
    failed_at = Fact[float | None]()
    cancelled_at = Fact[float | None]()
    required_action = Fact[RequiredAction | None]()
    """The calls it waits for; set exactly in ``requires_action``."""
    last_error = Fact[LastError | None]()
    incomplete_details = Fact[IncompleteDetails | None]()
    usage = Fact[Usage | None]()
    """What it spent in all; null until it has ended."""
    spent = Fact[Usage]()
    """What it has spent so far; not on the wire."""
    max_prompt_tokens = Fact[int | None]()
    max_completion_tokens = Fact[int | None]()

    @property
    def is_active(self) -> bool:
        """Whether it locks its thread, as far as its journal goes."""
        return not self.is_terminal


@entity
class RunStep(Instance[RunStepStatus]):
    """One step of a run: the writing of a message, or the calling of tools.

    Make one with ``RunStep.create(event="begin", id=..., run_id=..., expires_at=..., now=...)``.
    """

    table: ClassVar[Lifecycle[RunStepStatus]] = RUN_STEP

    id = Fact[str]()
    run_id = Fact[str | None]()
    created_at = Fact[float]()
    expires_at = Fact[float | None]()
    completed_at = Fact[float | None]()
    failed_at = Fact[float | None]()
    cancelled_at = Fact[float | None]()
    expired_at = Fact[float | None]()
    last_error = Fact[LastError | None]()
    usage = Fact[Usage | None]()


@entity
class Message(Instance[MessageStatus]):
    """One message of a thread.

    A user's is born whole: ``Message.create(id=..., now=...)``. A run writes its own:
    ``Message.create(event="begin", id=..., run_id=..., now=...)``, then ``complete``.
    """

    table: ClassVar[Lifecycle[MessageStatus]] = MESSAGE

    id = Fact[str]()
    run_id = Fact[str | None]()
    created_at = Fact[float]()
    completed_at = Fact[float | None]()
    incomplete_at = Fact[float | None]()
    incomplete_details = Fact[IncompleteDetails | None]()
