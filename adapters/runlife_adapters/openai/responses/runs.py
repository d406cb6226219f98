"""What a client does with runs: their creation, their outputs, their cancel.

Theory of operation
-------------------
Here it is decided which calls are made, and in which order, so that nothing is lost that the service knows:

* a run is written down as soon as its first response has an id, outputs before they are posted;
* a call whose answer is lost is an :class:`~runlife_adapters.backend.UnavailableError`, and the record says
  what is not known. A lost creation leaves no run; a lost submit leaves the run waiting, and if the thread
  is a conversation its items are read before the outputs are sent again; a lost cancel leaves the run
  ``cancelling``, and the next look repeats it.

The lock of a thread is ours: with ``previous_response_id`` the service has none, chains simply fork. A
conversation has one, which is released when a response ends; ``conversation_locked`` asks to be tried again
in a few seconds (its words say so), so it is an answer that says "not now", like 429. It is met where a
response of ours was lost, or has just been stopped, and where somebody else is at work in the conversation.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from runlife import RefusedError, Run, RunStatus, ToolOutput
from runlife.responses import Chain, ResponseStatus, Seen
from runlife_adapters.backend import RejectedError, RunView, UnavailableError
from runlife_adapters.openai.responses.bodies import (
    RUN,
    bounded,
    checked,
    input_items,
    message_item,
    request_body,
    sent_later,
)
from runlife_adapters.openai.responses.desk import locked, refused
from runlife_adapters.openai.responses.looks import Looks
from runlife_adapters.openai.responses.reading import (
    CALL_OUTPUT,
    calls_in,
    items_in,
    output_of,
    response_in,
    seen_in,
)
from runlife_adapters.openai.responses.records import RunRecord, context
from runlife_adapters.openai.responses.requests import Delete, Get, Json, Post, Steps, path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife_adapters.openai.responses.records import ThreadRecord

__all__ = ["Runs", "not_now"]

LOCKED = "conversation_locked"
"""The code of the refusal while somebody is at work in a conversation."""

RETRY_AFTER = 2.0
"""Seconds to leave a locked conversation alone: "a few" (documented)."""

LATEST = 100
"""How many items of a conversation are read to find outputs."""


class Runs(Looks):
    """What may be done with runs, each an operation."""

    # Creation

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> Steps[RunView]:
        """Create a run with its first response."""
        thread, assistant = self.thread(thread_id), self.assistant(assistant_id)
        wanted = checked(overrides, RUN)
        body = request_body(assistant, wanted)
        more = input_items(wanted.get("additional_messages"))
        yield from self.bring_up_to_date(thread)
        thread = self.thread(thread_id)
        run_id = self.options.new_id("run")
        limits = {
            name: wanted[name] for name in ("max_prompt_tokens", "max_completion_tokens") if name in wanted
        }
        self._admit(thread, run_id, has_input=bool(more or body.get("instructions")), **limits)

        before = self.latest_run(thread)
        parent, items = context(thread, before)
        # A creation that died with its process may have left something behind, as one whose answer is lost.
        thread.doubtful = thread.doubtful or self.is_creating(thread)
        thread.runs.append(run_id)
        thread.creating = self.now()
        self.put_thread(thread)
        try:
            if thread.conversation is not None and (thread.doubtful or not _is_answered(before)):
                yield from self._clear(thread.conversation, before)
            place = _place(thread, parent)
            most = limits.get("max_completion_tokens")
            request = {**bounded(body, most, 0), **place, "input": [*items, *more]}
            raw = yield from self.begin(request)
        except BaseException as error:
            thread = self.thread(thread_id)
            thread.runs.remove(run_id)
            thread.creating = None
            thread.doubtful = thread.doubtful or not isinstance(error, RejectedError)
            self.put_thread(thread)
            raise
        seen, now = _first(raw), self.now()
        chain = Chain.begin(
            seen,
            now=now,
            id=run_id,
            thread_id=thread_id,
            expires_after=self.options.expires_after,
            **limits,
        )
        record = RunRecord(
            id=run_id,
            thread_id=thread_id,
            assistant_id=assistant_id,
            says=_says(assistant, wanted, body),
            body=body,
            input=[*items, *more],
            parent=parent,
            messages=len(thread.messages),
            chain=chain,
            mode=self.options.mode,
            outputs={seen.id: output_of(raw)},
        )
        self._keep(record)
        return self.view(record)

    def _admit(self, thread: ThreadRecord, run_id: str, *, has_input: bool, **limits: Any) -> None:
        """Raise RejectedError unless the thread can have a run now: the engine's own guards decide it."""
        active = self.active_run(thread)
        facts: dict[str, Any] = {
            "active_run_id": active,
            "has_input": has_input or thread.has_input,
            **limits,
        }
        try:
            Run.create(id=run_id, now=self.now(), thread_id=thread.id, **facts)
        except RefusedError as error:
            raise refused(error.refusal, thread_id=thread.id, active_run_id=active) from error

    def begin(self, request: Json) -> Steps[Json]:
        """Create a response, and return it as it was first seen."""
        try:
            reply = yield Post(
                "/responses", {**request, **self.options.body, "background": True, "store": True}
            )
        except RejectedError as error:
            raise not_now(error) from error
        return response_in(reply.body)

    def _clear(self, conversation: str, before: RunRecord | None) -> Steps[None]:
        """Remove the calls from a conversation that will never be answered: nobody could go on after them.

        What led to a call goes with it, such as reasoning: neither may be there without the other.
        """
        items = yield from self._newest_items(conversation)
        answered = {item.get("call_id") for item in items if item.get("type") == CALL_OUTPUT}
        doomed = {item["id"] for item in items if any(c.id not in answered for c in calls_in([item]))}
        for output in before.outputs.values() if before else ():
            ids = {item["id"] for item in output}
            doomed |= ids if ids & doomed else set()
        for item in items:
            if item["id"] in doomed:
                yield Delete(path("conversations", conversation, "items", item["id"]))

    def _newest_items(self, conversation: str) -> Steps[list[Json]]:
        page = yield Get(path("conversations", conversation, "items"), {"order": "desc", "limit": LATEST})
        return items_in(page.body)

    def _keep(self, record: RunRecord) -> None:
        """Keep a run, and whose responses its responses are."""
        self.put_run(record)
        index = {"record": "response", "run_id": record.id, "thread_id": record.thread_id}
        self.store.put(record.chain.latest, index)

    # What the client does

    def submit_tool_outputs(
        self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]
    ) -> Steps[RunView]:
        """Answer the calls of a run with its next response."""
        record = self.run(thread_id, run_id)
        if record.is_due(self.now()) or record.chain.under_way:
            yield from self.refresh(record)
            record = self.run(thread_id, run_id)
        if record.chain.under_way:
            msg = f"outputs for {run_id} are under way already"
            raise UnavailableError(msg, retry_after=1.0)
        thread, given, now = self.thread(thread_id), tuple(outputs), record.at(self.now())
        action = record.run.required_action
        try:
            record.chain.submitting(given, now=now)
        except RefusedError as error:
            expected = [call.id for call in action.tool_calls] if action else []
            got = [output.tool_call_id for output in given]
            raise refused(error.refusal, expected=expected, got=got) from error
        if record.doubtful and thread.conversation is not None:
            found = yield from self._find(thread.conversation, record, given)
            if found is not None:
                return found
            record = self.run(thread_id, run_id)
            record.chain.submitting(given, now=now)
        record.sent_at = now
        self.put_run(record)

        items = [{"type": CALL_OUTPUT, "call_id": o.tool_call_id, "output": o.output} for o in given]
        run = record.run
        body = bounded(sent_later(record.body), run.max_completion_tokens, run.spent.completion_tokens)
        try:
            raw = yield from self.begin({**body, **_place(thread, record.chain.latest), "input": items})
            seen = _first(raw)
        except BaseException as error:
            self._lost(self.run(thread_id, run_id), doubtful=not isinstance(error, RejectedError))
            raise
        record = self._taken(self.run(thread_id, run_id), seen, given, output_of(raw))
        record = yield from self.relieve(record)
        return self.view(record)

    def _taken(
        self, record: RunRecord, seen: Seen, given: tuple[ToolOutput, ...], output: list[Json]
    ) -> RunRecord:
        """Take in the response that brings outputs."""
        record.chain.submitted(seen, given, now=record.at(self.now()))
        record.outputs[seen.id] = output
        record.given.update((one.tool_call_id, one.output) for one in given)
        record.sent_at, record.doubtful, record.told = None, False, None
        self._keep(record)
        return record

    def _find(
        self, conversation: str, record: RunRecord, given: tuple[ToolOutput, ...]
    ) -> Steps[RunView | None]:
        """Look whether outputs have arrived whose answer was lost, and go on with what came of them.

        The conversation shows what the response that took them has put out, and not the response: its id is
        not known, nor what it used. A conversation is only added to when a response has ended (documented).
        """
        wanted = {output.tool_call_id for output in given}
        items = yield from self._newest_items(conversation)
        places = [
            i
            for i, item in enumerate(items)
            if item.get("type") == CALL_OUTPUT and item.get("call_id") in wanted
        ]
        if len(places) < len(wanted):
            return None
        output = items[: places[0]][::-1]
        seen = Seen(f"{record.chain.latest}/next", ResponseStatus.COMPLETED, calls=calls_in(output))
        return self.view(self._taken(self.run(record.thread_id, record.id), seen, given, output))

    def cancel_run(self, thread_id: str, run_id: str) -> Steps[RunView]:
        """Ask for the end of a run."""
        record = self.run(thread_id, run_id)
        if record.is_due(self.now()) or record.chain.under_way:
            yield from self.refresh(record)
            record = self.run(thread_id, run_id)
        now = record.at(self.now())
        try:
            record.chain.cancel(now=now)
        except RefusedError as error:
            raise refused(error.refusal) from error
        self.put_run(record)
        if self._is_in_vain(record):
            record = yield from self._stop(record)
        return self.view(record)

    # Threads and messages

    def delete_thread(self, thread_id: str) -> Steps[None]:
        """Forget a thread, and have a run cancelled that is active: nobody could do it afterwards."""
        latest = self.latest_run(self.thread(thread_id))
        if latest is not None and latest.run.is_active:
            with suppress(RejectedError):  # it is over by now, or being cancelled
                yield from self.cancel_run(thread_id, latest.id)
        yield from super().delete_thread(thread_id)

    def create_message(self, thread_id: str, **message: Any) -> Steps[None]:
        """Add a message to a thread."""
        item = message_item(**message)
        yield from self.bring_up_to_date(self.thread(thread_id))
        thread = self.thread(thread_id)
        if (active := self.active_run(thread)) is not None:
            raise locked(thread_id, active)
        if thread.conversation is not None:
            yield from self.append(thread.conversation, [item])
            thread = self.thread(thread_id)
        thread.messages.append(item)
        self.put_thread(thread)


def _is_answered(before: RunRecord | None) -> bool:
    """Whether no call of a run can be left without an answer."""
    return before is None or before.run.status is RunStatus.COMPLETED


def _place(thread: ThreadRecord, parent: str | None) -> Json:
    """Return what a response goes on from."""
    if thread.conversation is not None:
        return {"conversation": thread.conversation}
    return {} if parent is None else {"previous_response_id": parent}


def _first(raw: Json) -> Seen:
    seen = seen_in(raw)
    # A status that nobody knows is one in which it is at work, until it is seen again.
    return Seen(raw["id"], ResponseStatus.QUEUED) if seen is None else seen


def not_now(error: RejectedError) -> RejectedError | UnavailableError:
    """Return the refusal of a response, or, when the conversation is locked, that it is too early for it."""
    if error.code != LOCKED:
        return error
    return UnavailableError(error.message, status=error.status, retry_after=RETRY_AFTER)


def _says(assistant: Json, wanted: Json, body: Json) -> Json:
    """Return what a run shows of how it is configured."""
    both = {**assistant, **wanted}
    return {
        "model": both.get("model"),
        "instructions": body.get("instructions", ""),
        "tools": both.get("tools") or [],
        "metadata": both["metadata"] if "metadata" in wanted else {},
        "temperature": both.get("temperature"),
        "top_p": both.get("top_p"),
        "tool_choice": both.get("tool_choice", "auto"),
        "response_format": both.get("response_format", "auto"),
        "truncation_strategy": both.get("truncation_strategy", {"type": "auto", "last_messages": None}),
        "parallel_tool_calls": both.get("parallel_tool_calls", True),
    }
