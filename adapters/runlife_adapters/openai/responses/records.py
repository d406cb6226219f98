"""The records that stand for assistants, threads and runs: what is kept in a store.

Theory of operation
-------------------
An *assistant* is its fields. A *thread* is the list of its messages, and the list of its runs; neither ever
shrinks, so a crash between two writes leaves nothing that contradicts itself. What the next run of a thread
has to send follows from them and from the run before (:func:`context`): the messages that came since, and, if
that one did not complete, also what it had been sent and what it had said.

A *run* is a :class:`~runlife.responses.Chain` with what is needed to go on with it: the body that its
responses are created with, and what they put out. That outputs are on their way is noted before they are
sent: whoever reads the record knows that they may have arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from attrs import asdict, define, field

from runlife import HistoryError, RunStatus
from runlife.responses import Chain
from runlife_adapters.openai.responses.reading import texts_in
from runlife_adapters.openai.responses.requests import Json

if TYPE_CHECKING:
    from runlife import Run

__all__ = ["RunRecord", "ThreadRecord", "context", "run_json"]


@define
class ThreadRecord:
    """A thread."""

    id: str
    created_at: float
    metadata: Json = field(factory=dict[str, Any])
    conversation: str | None = None
    """The id of the conversation that it is, if it is one."""
    is_ours: bool = False
    """Whether the conversation was made for this thread."""
    messages: list[Json] = field(factory=list["Json"])
    """As items of an input, oldest first."""
    runs: list[str] = field(factory=list[str])
    """The ids of its runs, oldest first. The last may be one that is being created."""
    creating: float | None = None
    """Since when the last run is being created."""
    doubtful: bool = False
    """Whether the answer to a creation was lost, so that a response may have left something behind."""

    def to_json(self) -> Json:
        """Return the record as JSON data."""
        return asdict(self)

    @property
    def has_input(self) -> bool:
        """Whether a run has something to answer."""
        # What else is in a conversation that was there before us, we cannot know.
        adopted = self.conversation is not None and not self.is_ours
        return adopted or any(message["role"] == "user" for message in self.messages)


@define(eq=False)
class RunRecord:
    """A run."""

    id: str
    thread_id: str
    assistant_id: str
    says: Json
    """What it is configured with, as a run shows it."""
    body: Json
    """What each of its responses is created with, besides the input."""
    input: list[Json]
    """The input of the first."""
    parent: str | None
    """The response that the first goes on from."""
    messages: int
    """How many messages of the thread it has taken in, counted from the first."""
    chain: Chain
    mode: str
    """How its responses are created."""
    outputs: dict[str, list[Json]] = field(factory=dict[str, "list[Json]"])
    """What each response has put out, as far as was seen, by its id."""
    given: dict[str, str] = field(factory=dict[str, str])
    """The outputs of the client, by call id."""
    sent_at: float | None = None
    """When the outputs were sent that are on their way."""
    doubtful: bool = False
    """Whether the answer to a submit was lost, so that the outputs may have arrived."""
    told: int | None = None
    """The number of the last event of the latest response, as far as its stream was read."""

    def to_json(self) -> Json:
        """Return the record as JSON data."""
        return {**asdict(self, recurse=False), "chain": self.chain.to_json()}

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Return what :meth:`to_json` wrote.

        :raises HistoryError: when it cannot be read.
        """
        try:
            fields: dict[str, Any] = {**data, "chain": Chain.from_json(data["chain"])}
            return cls(**fields)
        except (KeyError, TypeError) as error:
            msg = f"not the record of a run: {error}"
            raise HistoryError(msg) from error

    @property
    def run(self) -> Run:
        """The run, as the engine has it."""
        return self.chain.run

    @property
    def items(self) -> list[Json]:
        """The items that its responses have put out, oldest first."""
        return [item for id in self.chain.responses for item in self.outputs.get(id, ())]

    def at(self, now: float) -> float:
        """Return the time, by a clock that does not run backwards: not before what was last noted."""
        latest = now if self.sent_at is None else self.sent_at
        return max(now, latest, self.run.journal[-1].at)

    def is_due(self, now: float) -> bool:
        """Whether its time is over."""
        deadline = self.run.next_deadline()
        return deadline is not None and deadline <= now


def run_json(record: RunRecord, status: str | None = None) -> Json:
    """Return a run as it stood on the wire of the Assistants surface, and the ids of its responses.

    :param status: a word of the service that stands in for the status.
    """
    run = record.run
    action, usage = run.required_action, run.usage
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in (action.tool_calls if action else ())
    ]
    return {
        "id": run.id,
        "object": "thread.run",
        "created_at": run.created_at,
        "assistant_id": record.assistant_id,
        "thread_id": record.thread_id,
        "status": status or run.status.value,
        "started_at": run.started_at,
        "expires_at": run.expires_at,
        "cancelled_at": run.cancelled_at,
        "failed_at": run.failed_at,
        "completed_at": run.completed_at,
        "required_action": action
        and {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}},
        "last_error": run.last_error and run.last_error.to_json(),
        **record.says,
        "max_prompt_tokens": run.max_prompt_tokens,
        "max_completion_tokens": run.max_completion_tokens,
        "incomplete_details": run.incomplete_details and run.incomplete_details.to_json(),
        "usage": usage and {**usage.to_json(), "total_tokens": usage.total_tokens},
        "responses": list(record.chain.responses),
    }


def context(thread: ThreadRecord, before: RunRecord | None) -> tuple[str | None, list[Json]]:
    """Return the response that the next run goes on from, and what it has to send.

    :param before: the run before it, which has ended.
    """
    if thread.conversation is not None:
        return None, []  # the service knows all that was said
    if before is None:
        return None, list(thread.messages)
    news = thread.messages[before.messages :]
    if before.run.status is RunStatus.COMPLETED:
        return before.chain.latest, news
    # Nobody documents what can be gone on from but a response that has completed; and one that waits for
    # outputs refuses to be. So it begins anew where the run began, with what was said since.
    said = [{"type": "message", "role": "assistant", "content": text} for text in texts_in(before.items)]
    return before.parent, [*before.input, *said, *news]
