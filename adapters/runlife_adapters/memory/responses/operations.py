"""The operations on responses: what the Responses API does, over the runs of the same World.

Whether a response may be created or cancelled is asked of the engine's :class:`~runlife.responses.Response`;
what it then does is a round of a hidden run (:mod:`runlife_adapters.memory.responses.records`). Which run
that is, the calls say that its input answers:

- a run that waits for exactly these outputs goes on: its schedule, its journal, its id;
- outputs that were brought before are brought again, by a client that has lost the answer or wants another:
  the chain *forks*, and a new run goes on from where the first one stood, with the same schedule;
- otherwise a new run begins, with a schedule by the rules, and all that was said before it as its thread.

It makes no difference whether a client names the response before, names a conversation, or sends the whole
history each time.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Unpack

from runlife import Message, Refusal, Refused, RefusedError, Run, RunStatus
from runlife.responses import Response
from runlife_adapters.memory.context import tokens
from runlife_adapters.memory.core import LAST_MOMENT, Core
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.inputs import given
from runlife_adapters.memory.moves import Limits
from runlife_adapters.memory.records import MessageRecord, RunRecord, ThreadRecord
from runlife_adapters.memory.resources import text_part
from runlife_adapters.memory.responses.errors import (
    CONVERSATION_LOCKED,
    NO_OUTPUT,
    NO_STREAM_TO_RESUME,
    NOT_STREAMED,
    STORE_NEEDED,
    SYNCHRONOUS,
)
from runlife_adapters.memory.responses.events import LateResponse, ResponseEvents
from runlife_adapters.memory.responses.inputs import (
    CreateResponseOptions,
    conversation_id,
    hidden_settings,
    response_settings,
)
from runlife_adapters.memory.responses.items import (
    MESSAGE,
    answers,
    check_calls,
    normalised,
    rounds_at_end,
    said_in,
    unanswered,
)
from runlife_adapters.memory.responses.pages import item_page
from runlife_adapters.memory.responses.records import ResponseRecord
from runlife_adapters.memory.responses.resources import (
    DeletedResponse,
    InputTokens,
    ItemPage,
    ResponseObject,
)
from runlife_adapters.memory.rules import RunSeen
from runlife_adapters.memory.store import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runlife_adapters.memory.errors import ApiError
    from runlife_adapters.memory.lists import ListOptions
    from runlife_adapters.memory.records import RunSettings
    from runlife_adapters.memory.resources import Json

__all__ = ["Responses"]


class Responses(Core):
    """The operations on responses."""

    def create_response(self, **options: Unpack[CreateResponseOptions]) -> ResponseObject:
        """Create a response, and return it as it is then.

        One in the foreground is at work then, too: the World waits for nobody. Over HTTP its creation is
        answered when it has ended; here, let the time pass and retrieve it, or :meth:`await_response`.
        """
        with self._at_now() as now:
            record = self._create(options, now, streamed=False)
            return record.show()

    def stream_response(self, **options: Unpack[CreateResponseOptions]) -> ResponseEvents:
        """Create a response as :meth:`create_response` does, and return what happens to it."""
        with self._at_now() as now:
            record = self._create(options, now, streamed=True)
            return self._read(record, 0)

    def retrieve_response(
        self,
        response_id: str,
        *,
        include: Sequence[str] = (),
        starting_after: int | None = None,
        include_obfuscation: bool | None = None,
    ) -> ResponseObject:
        """Return a response. Under the progression ``poll``, the server makes a move with it before.

        :param include: what else is to be in its items.
        :param starting_after: belongs to a stream (:meth:`resume_response`), and is refused.
        :param include_obfuscation: belongs to a stream, too.
        """
        del include_obfuscation
        if starting_after is not None:
            raise NO_STREAM_TO_RESUME.error()
        with self._at_now() as now:
            record = self._store.book.response(response_id, now)
            if not record.response.is_terminal:
                self._server.look(record.run, now)
            return record.show(include)

    def resume_response(
        self,
        response_id: str,
        *,
        include: Sequence[str] = (),
        starting_after: int | None = None,
        include_obfuscation: bool | None = None,
    ) -> ResponseEvents:
        """Return what happens, and has happened, to a background response that was created to be streamed.

        :param include: bears on nothing here: the events are what they were.
        :param starting_after: the number of the last event that is known; None: from the first on.
        :param include_obfuscation: bears on nothing: there is no padding in them (recorded).
        """
        del include, include_obfuscation
        with self._at_now() as now:
            record = self._store.book.response(response_id, now)
            if record.log is None or not record.response.background:
                raise NOT_STREAMED.error(id=response_id)
            return self._read(record, 0 if starting_after is None else max(starting_after, -1) + 1)

    def await_response(self, response_id: str) -> LateResponse:
        """Return what gives a response once it has ended."""
        with self._held():
            return LateResponse(self, find(self._store.book.responses, Kind.RESPONSE, response_id))

    def cancel_response(self, response_id: str) -> ResponseObject:
        """End a background response at once. One that has ended stays as it is, however often it is asked."""
        with self._at_now() as now:
            record = self._store.book.response(response_id, now)
            if not record.response.background:
                raise SYNCHRONOUS.error()
            if not record.response.is_terminal:
                self._server.stop(record.run, now)
            return record.show()

    def delete_response(self, response_id: str) -> DeletedResponse:
        """Delete a response. One that is at work goes on unseen (inferred)."""
        with self._at_now() as now:
            record = self._store.book.response(response_id, now)
            del self._store.book.responses[record.response.id]
            return DeletedResponse(response_id)

    def list_input_items(
        self, response_id: str, *, include: Sequence[str] = (), **options: Unpack[ListOptions]
    ) -> ItemPage:
        """Return a page of what a response was given, the items before its input included (recorded)."""
        with self._at_now() as now:
            record = self._store.book.response(response_id, now)
            items = {item["id"]: item for item in record.context}
            return item_page(items, options, (*record.settings.include, *include))

    def count_input_tokens(self, **options: Unpack[CreateResponseOptions]) -> InputTokens:
        """Return how many tokens a response would read, as an estimate."""
        settings = response_settings({"model": "", **options})
        with self._at_now() as now:
            history, own, _ = self._items(options, "", now)
            said = (said_in(item) for item in (*history, *own) if item["type"] == MESSAGE)
            return InputTokens(tokens("".join([settings.instructions or "", *said])))

    # What the service does not have: the run behind a response

    def response(self, response_id: str) -> Response:
        """Return a copy of the engine's response, as it is now."""
        with self._at_now() as now:
            return self._store.book.response(response_id, now).response.copy()

    def chain(self, response_id: str) -> str:
        """Return the id of the hidden run of which a response is a round, also of one that was deleted.

        :raises ApiError: when there is no such response.
        """
        with self._held():
            return find(self._store.book.runs, Kind.RESPONSE, response_id)

    def responses(self, run_id: str) -> tuple[str, ...]:
        """Return the ids of the responses that are the rounds of a hidden run, oldest first."""
        with self._held():
            return tuple(record.response.id for record in self._store.book.rounds.get(run_id, ()))

    def continued(self, **options: Any) -> str | None:
        """Return the id of the hidden run that the creation of such a response would go on with, or None."""
        with self._at_now():
            said = options.get("input")
            if said is None or isinstance(said, str):
                return None
            outputs = {i.get("call_id", "") for i in said if i.get("type") == "function_call_output"}
            run = self._waiting_for(outputs)
            return None if run is None else run.run.id

    # Creating

    def _create(self, options: Mapping[str, Any], now: float, *, streamed: bool) -> ResponseRecord:
        settings = response_settings(options)
        hidden = hidden_settings(settings)
        background = bool(options.get("background"))
        if background and not settings.store and self.service_policy.unstored_background == "refuse":
            raise STORE_NEEDED.error()
        book, id = self._store.book, self._store.ids.new(Kind.RESPONSE)
        history, own, active = self._items(options, id, now)
        context = (*history, *own)
        check_calls(context)
        response = _created(
            id=id,
            now=now,
            background=background,
            active_response_id=active,
            unanswered=unanswered(context),
            **given({"previous_response_id": options.get("previous_response_id")}),
            **given({"conversation_id": conversation_id(options)}),
        )
        run = self._waiting_for(answers(own))
        if run is None:
            run = self._begin(context, hidden, now)
        else:
            self._go_on(run, own, now)
        conversation = (
            None if response.conversation_id is None else book.conversation(response.conversation_id)
        )
        run.settings, run.hurried = hidden, not background
        run.limits = Limits(settings.max_output_tokens, settings.max_tool_calls)
        run.witness = record = ResponseRecord(
            response, run, settings, history, own, book.calls, conversation, streamed
        )
        if conversation is not None:
            conversation.active = record
        book.keep(record)
        self._bound()
        self._server.enter(run, now)
        return record

    def _items(
        self, options: Mapping[str, Any], owner: str, now: float
    ) -> tuple[tuple[Json, ...], tuple[Json, ...], str | None]:
        """Return the items before the input, the input, and the response at work in the conversation."""
        book, active = self._store.book, None
        history: tuple[Json, ...] = ()
        if (previous_id := options.get("previous_response_id")) is not None:
            previous = book.previous(previous_id, now)
            history = (*previous.context, *previous.output())
        elif (id := conversation_id(options)) is not None:
            conversation = book.conversation(id)
            history = tuple(conversation.items.values())
            active = None if conversation.active is None else conversation.active.response.id
        said = options.get("input")
        own = normalised(said if said is not None else (), owner, book.item)
        known = {item["id"] for item in history}
        return tuple(history), tuple(item for item in own if item["id"] not in known), active

    def _waiting_for(self, call_ids: Mapping[str, Any] | set[str]) -> RunRecord | None:
        """Return the run that waits for the outputs of these calls, all of which are there."""
        for call_id in call_ids:
            made = self._store.book.calls.get(call_id)
            if made is None:
                continue
            action = made.run.run.required_action
            if made.run.witness is made and action is not None and action.call_ids <= set(call_ids):
                return made.run
        return None

    def _go_on(self, run: RunRecord, own: Sequence[Json], now: float) -> None:
        """Bring a hidden run the outputs that it waits for, and whatever else is said with them."""
        outputs, action = answers(own), run.run.required_action
        brought = () if action is None else tuple(outputs[call.id] for call in action.tool_calls)
        run.run.apply("submit_tool_outputs", now=now, tool_outputs=brought)
        self._server.take_outputs(run, brought, now)
        run.thread.keep(*(self._heard(run.thread, item, now) for item in own if item["type"] == MESSAGE))

    def _begin(self, context: Sequence[Json], hidden: RunSettings, now: float) -> RunRecord:
        """Bring a hidden run into being, with a thread that says what was said so far."""
        thread = ThreadRecord(self._store.ids.new(Kind.THREAD), now, {}, {})
        thread.keep(*(self._heard(thread, item, now) for item in context if item["type"] == MESSAGE))
        run = Run.create(
            id=self._store.ids.new(Kind.RUN),
            thread_id=thread.id,
            active_run_id=None,
            has_input=True,
            expires_after=LAST_MOMENT,
            now=now,
            lifecycle=self._hidden_lifecycle,
        )
        rounds = rounds_at_end(context)
        made = next((self._store.book.calls.get(call.id) for r in rounds[-1:] for call in r.calls), None)
        if made is None:
            schedule, visits = self._next_schedule(RunSeen.of(None, hidden, thread)), Counter[RunStatus]()
        else:
            schedule, visits = made.run.schedule, Counter(made.visits)
        record = RunRecord(run, next(self._store.created), hidden, thread, schedule, self._context_limit)
        record.visits, record.before = visits, rounds
        thread.runs[run.id] = self._store.runs[run.id] = record
        return record

    def _heard(self, thread: ThreadRecord, item: Json, now: float) -> MessageRecord:
        """Return a message of the input, as the model hears it."""
        text = text_part(said_in(item))
        message = Message.create(id=self._store.ids.new(Kind.MESSAGE), now=now)
        role: str = item["role"]
        return MessageRecord(message, thread.id, role, (text,))

    def _read(self, record: ResponseRecord, start: int) -> ResponseEvents:
        assert record.log is not None  # noqa: S101  # it is asked for only then
        return ResponseEvents(self, record, record.log, start)


def _created(*, now: float, **payload: Any) -> Response:
    try:
        return Response.create(now=now, **payload)
    except RefusedError as error:
        raise _refused(error.refusal, payload) from error


def _refused(refusal: Refusal, payload: Mapping[str, Any]) -> ApiError:
    guard = refusal.guard.name if isinstance(refusal, Refused) else None
    if guard == "conversation_is_free":
        return CONVERSATION_LOCKED.error(active_response_id=payload["active_response_id"])
    return NO_OUTPUT.error(call_id=payload["unanswered"][0])
