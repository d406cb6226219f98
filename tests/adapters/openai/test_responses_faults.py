"""Runs on the Responses API when answers are lost, processes die, and conversations are locked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from runlife import HistoryError, MisuseError, ServerError, ToolOutput
from runlife_adapters.backend import RejectedError, UnavailableError
from runlife_adapters.drive import attach, drive
from runlife_adapters.memory import NEVER, After, Schedule
from runlife_adapters.openai.responses import FileStore, MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

Stands = Callable[..., Any]
TWO_CALLS = Schedule(in_progress=[After(1, "requires_action", tools=2)])
LOCKED = "400 Another process is currently operating on this conversation. / conversation_locked"


def waiting(stand: Any, **thread: Any) -> tuple[Any, Any, list[ToolOutput]]:
    """Return a backend, a run that waits for outputs, and these."""
    backend = stand.backend()
    ids = stand.scene(backend, **thread)
    view = backend.create_run(*ids)
    stand.world.advance(5)
    view = backend.retrieve_run(ids[0], view.id)
    return backend, view, [ToolOutput(call.id, "found") for call in view.required_action]


def driven(stand: Any, backend: Any, *ids: str) -> Any:
    """Drive a run on virtual time."""
    tools = {"count": lambda: "found"}
    return drive(backend, *ids, tools=tools, clock=stand.world.clock, sleep=stand.world.advance)


# Lost answers


@pytest.mark.parametrize("conversation", [False, True])
@pytest.mark.parametrize("fate", ["lose_request", "lose_response", "500", "429"])
def test_a_lost_creation_leaves_no_run(stands: Stands, fate: str, conversation: bool) -> None:
    """Nobody knows the id of its response: the driver finds no run, creates again, and ends well."""
    stand = stands(TWO_CALLS)
    backend = stand.backend()
    ids = stand.scene(backend, conversation=conversation)
    stand.line.doom("POST /responses", fate)
    outcome = driven(stand, backend, *ids)
    assert outcome.status == "completed"
    assert len(backend.list_runs(ids[0])) == 1


@pytest.mark.parametrize("fate", ["lose_request", "lose_response", "500"])
def test_a_lost_submit_leaves_the_run_waiting(stands: Stands, fate: str) -> None:
    """The outputs are sent again; if they had arrived, that response is a fork which nobody follows."""
    stand = stands(TWO_CALLS)
    backend, view, outputs = waiting(stand)
    stand.line.doom("POST /responses", fate)
    with pytest.raises(UnavailableError):
        backend.submit_tool_outputs(view.thread_id, view.id, outputs)
    assert backend.retrieve_run(view.thread_id, view.id) == view
    assert backend.submit_tool_outputs(view.thread_id, view.id, outputs).status == "queued"


def test_outputs_that_have_arrived_in_a_conversation_are_found_there(stands: Stands) -> None:
    """They cannot be sent again: the conversation is looked at, and what came of them is taken up."""
    stand = stands(TWO_CALLS)
    backend, view, outputs = waiting(stand, conversation=True)
    stand.line.doom("POST /responses", "lose_response")
    with pytest.raises(UnavailableError):
        backend.submit_tool_outputs(view.thread_id, view.id, outputs)
    with pytest.raises(UnavailableError) as locked:
        backend.submit_tool_outputs(view.thread_id, view.id, outputs)
    assert locked.value.retry_after == 2.0
    stand.world.advance(5)
    done = backend.submit_tool_outputs(view.thread_id, view.id, outputs)
    assert done.status == "completed"
    assert backend.list_messages(view.thread_id, run_id=view.id) == ("found\nfound",)


def test_a_lost_cancel_is_repeated_by_the_next_look(stands: Stands) -> None:
    """The run is cancelling as long as nobody knows."""
    stand = stands(Schedule(in_progress=[After(NEVER)]))
    backend = stand.backend()
    thread_id, assistant_id = stand.scene(backend)
    view = backend.create_run(thread_id, assistant_id)
    stand.line.doom("POST /responses/", "lose_request")
    with pytest.raises(UnavailableError):
        backend.cancel_run(thread_id, view.id)
    stand.line.doom("POST /responses/", "lose_request")
    assert backend.retrieve_run(thread_id, view.id).status == "cancelling"
    with pytest.raises(RejectedError, match="Cannot cancel run with status 'cancelling'"):
        backend.cancel_run(thread_id, view.id)
    assert backend.retrieve_run(thread_id, view.id).status == "cancelled"


def test_the_end_of_an_expired_runs_response_is_tried_again(
    stands: Stands, caplog: pytest.LogCaptureFixture
) -> None:
    """A look never fails for it; it is logged."""
    stand = stands(Schedule(in_progress=[After(NEVER)]))
    backend = stand.backend()
    thread_id, assistant_id = stand.scene(backend)
    view = backend.create_run(thread_id, assistant_id)
    stand.world.advance(601)
    stand.line.doom("POST /responses/", "500")
    assert backend.retrieve_run(thread_id, view.id).status == "expired"
    assert "could not be cancelled" in caplog.text
    backend.retrieve_run(thread_id, view.id)
    made = len(stand.line.made)
    assert stand.line.made[-1].endswith("/cancel")
    backend.retrieve_run(thread_id, view.id)
    assert len(stand.line.made) == made, "what has ended is not asked for"


def test_a_response_that_is_gone_ends_as_the_clock_says(stands: Stands) -> None:
    """Nothing is known of a run whose response was deleted; so nothing is claimed until it expires."""
    stand = stands(Schedule(in_progress=[After(NEVER)]))
    backend = stand.backend()
    thread_id, assistant_id = stand.scene(backend)
    view = backend.create_run(thread_id, assistant_id)
    stand.line.doom("GET /responses/", "404 Response not found.")
    with pytest.raises(UnavailableError, match="cannot be followed: Response not found"):
        backend.retrieve_run(thread_id, view.id)
    stand.world.advance(601)
    stand.line.doom("GET /responses/", "404 Response not found.")
    stand.line.doom("POST /responses/", "404 Response not found.")
    assert backend.retrieve_run(thread_id, view.id).status == "expired"


# Locks


def test_a_locked_conversation_is_tried_again(stands: Stands) -> None:
    """Somebody else is at work in it: the driver waits as it would for an overloaded service."""
    stand = stands()
    backend = stand.backend()
    ids = stand.scene(backend, conversation=True)
    for _ in range(3):
        stand.line.doom("POST /responses", LOCKED)
    assert driven(stand, backend, *ids).status == "completed"


def finish(backend: Any, steps: Any, request: Any) -> Any:
    """Have an operation go on that waits for the answer to a request."""
    while True:
        answer = backend._calls.perform(request)
        try:
            request = steps.send(answer)
        except StopIteration as stop:
            return stop.value


def test_a_thread_is_locked_while_its_run_is_created(stands: Stands) -> None:
    """Two threads ask at once: one has its run, the other is refused in the service's words."""
    stand = stands()
    backend = stand.backend()
    ids = stand.scene(backend)
    steps = backend._runs.create_run(*ids)
    request = next(steps)
    with pytest.raises(RejectedError) as refused:
        backend.create_run(*ids)
    with pytest.raises(RejectedError, match="Can't add messages"):
        backend.create_message(ids[0], content="And?")
    view = finish(backend, steps, request)
    assert refused.value.message == f"Thread {ids[0]} already has an active run {view.id}."


def test_outputs_are_sent_once_at_a_time(stands: Stands) -> None:
    """Who comes second is told to look again, and one who cancels meanwhile ends the response as well."""
    stand = stands(Schedule(in_progress=[After(1, "requires_action", tools=1), After(NEVER)]))
    backend, view, outputs = waiting(stand)
    ids = view.thread_id, view.id
    steps = backend._runs.submit_tool_outputs(*ids, outputs)
    request = next(steps)
    with pytest.raises(UnavailableError, match="under way"):
        backend.submit_tool_outputs(*ids, outputs)
    assert backend.cancel_run(*ids).status == "cancelling"
    assert finish(backend, steps, request).status == "cancelled"
    assert stand.line.made[-1].endswith("/cancel")


@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError])
def test_a_call_that_is_interrupted_is_as_good_as_lost(stands: Stands, error: type[BaseException]) -> None:
    """Whatever ends the waiting, the thread is not left locked, nor the outputs under way."""
    stand = stands(TWO_CALLS)
    backend, view, outputs = waiting(stand)
    steps = backend._runs.submit_tool_outputs(view.thread_id, view.id, outputs)
    next(steps)
    with pytest.raises(error):
        steps.throw(error())
    assert backend.submit_tool_outputs(view.thread_id, view.id, outputs).status == "queued"
    ids = stand.scene(backend)
    steps = backend._runs.create_run(*ids)
    next(steps)
    steps.close()
    assert backend.create_run(*ids).status == "queued"


# Processes that die


@pytest.mark.parametrize("kind", [MemoryStore, FileStore])
def test_another_process_goes_on_with_what_is_stored(
    stands: Stands, kind: Callable[..., Any], tmp_path: Path
) -> None:
    """A run that waits is answered by a backend that has nothing but the store."""
    store = kind() if kind is MemoryStore else kind(tmp_path / "runs")
    stand = stands(TWO_CALLS, store=store)
    _, view, outputs = waiting(stand)
    heir = stand.backend()
    assert heir.retrieve_run(view.thread_id, view.id) == view
    assert heir.submit_tool_outputs(view.thread_id, view.id, outputs).status == "queued"
    stand.world.advance(5)
    assert stand.backend().retrieve_run(view.thread_id, view.id).status == "completed"
    heir.delete_thread(view.thread_id)
    assert store.get(view.id) is None


def test_two_may_write_one_record_at_once(tmp_path: Path) -> None:
    """An endpoint of webhooks and a driver, say: one of them used to find its draft gone."""
    stores = [FileStore(tmp_path), FileStore(tmp_path)]

    def write(number: int) -> None:
        for _ in range(100):
            stores[number].put("run_1", {"by": number})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))
    assert stores[0].get("run_1") in ({"by": 0}, {"by": 1})
    assert [file.name for file in tmp_path.iterdir()] == ["run_1.json"]


def test_a_process_that_dies_with_a_call_under_way_holds_nothing_up(stands: Stands) -> None:
    """Neither a creation nor a submit: after the lease, the call is taken to be lost."""
    stand = stands(TWO_CALLS, store=MemoryStore(), lease=60.0)
    dying = stand.backend()
    ids = stand.scene(dying)
    steps = dying._runs.create_run(*ids)
    next(steps)  # the creation is under way, and nobody will ever hear of it
    heir = stand.backend()
    with pytest.raises(RejectedError, match="already has an active run"):
        heir.create_run(*ids)
    stand.world.advance(61)
    view = heir.create_run(*ids)

    stand.world.advance(5)
    view = heir.retrieve_run(ids[0], view.id)
    outputs = [ToolOutput(call.id, "found") for call in view.required_action or ()]
    submit = dying._runs.submit_tool_outputs(ids[0], view.id, outputs)
    next(submit)
    with pytest.raises(UnavailableError, match="under way"):
        heir.submit_tool_outputs(ids[0], view.id, outputs)
    assert heir.cancel_run(ids[0], view.id).status == "cancelling"
    stand.world.advance(61)
    assert heir.retrieve_run(ids[0], view.id).status == "cancelled"
    steps.close()
    submit.close()
    assert heir.retrieve_run(ids[0], view.id).status == "cancelled"


class Killed(BaseException):
    """The process is no more."""


class Mortal(MemoryStore):
    """A store whose process is killed instead of writing once more."""

    left = float("inf")

    def put(self, id: str, record: dict[str, Any]) -> None:
        if self.left == 0:
            raise Killed
        self.left -= 1
        super().put(id, record)


@pytest.mark.slow
@pytest.mark.parametrize("conversation", [False, True])
def test_a_process_may_die_between_any_two_writes(stands: Stands, conversation: bool) -> None:
    """Another brings the run to its end, or makes a new one; the thread is never stuck.

    A response that nobody knew of used to leave calls in its conversation, where no other could be created.
    """
    for writes in count():
        store = Mortal()
        stand = stands(TWO_CALLS, store=store)
        backend = stand.backend()
        ids = stand.scene(backend, conversation=conversation)
        store.left = writes
        try:
            driven(stand, backend, *ids)
        except Killed:
            store.left = float("inf")
        else:
            break
        heir = stand.backend()
        stand.world.advance(61)
        for view in heir.list_runs(ids[0]):
            tools = {"count": lambda: "found"}
            ended = attach(
                heir, *ids[:1], view.id, tools=tools, clock=stand.world.clock, sleep=stand.world.advance
            )
            assert ended.status == "completed", writes
        heir.create_message(ids[0], content="Once more")
        assert driven(stand, heir, *ids).status == "completed", writes
    assert writes > 5


# What a backend is told


@pytest.mark.parametrize("wrong", [{"expires_after": -1}, {"expires_after": "600"}, {"lease": None}])
def test_a_time_that_is_none_is_refused_at_once(stands: Stands, wrong: dict[str, Any]) -> None:
    """It used to be told by the first run, or never."""
    with pytest.raises(MisuseError, match="a number of seconds above 0"):
        stands().backend(**wrong)


def test_a_record_that_is_none_is_said_to_be(stands: Stands) -> None:
    """For instance one that a later version wrote: it used to be a TypeError."""
    store = MemoryStore()
    stand = stands(store=store)
    backend = stand.backend()
    ids = stand.scene(backend)
    view = backend.create_run(*ids)
    kept = store.get(view.id)
    assert kept is not None
    store.put(view.id, {**kept, "fields": {**kept["fields"], "mood": "good"}})
    with pytest.raises(HistoryError, match="mood"):
        backend.retrieve_run(ids[0], view.id)


# Answers that make no sense


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"id": "resp_1"}'])
def test_an_answer_that_is_no_response_is_the_services_fault(
    stands: Stands, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway's page with a 200 is told from a response; the thread is free again."""
    from runlife_adapters.http.service import Response

    stand = stands()
    backend = stand.backend()
    ids = stand.scene(backend)
    with monkeypatch.context() as patched:
        answer = Response(200, {"content-type": "text/html"}, body)
        patched.setattr(stand.line.service, "handle", lambda _request: answer)
        with pytest.raises(ServerError, match="expected"):
            backend.create_run(*ids)
    assert backend.create_run(*ids).status == "queued"


def test_a_status_that_nobody_knows_is_shown_as_it_is(
    stands: Stands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It decides nothing; the next one that is known does."""
    import json

    from runlife_adapters.http.service import Response

    stand = stands()
    backend = stand.backend()
    ids = stand.scene(backend)
    view = backend.create_run(*ids)
    with monkeypatch.context() as patched:
        (id,) = view.raw["responses"]
        body = json.dumps({"id": id, "status": "on_holiday", "output": []}).encode()
        answer = Response(200, {"content-type": "application/json"}, body)
        patched.setattr(stand.line.service, "handle", lambda _request: answer)
        assert backend.retrieve_run(ids[0], view.id).status == "on_holiday"
    assert backend.retrieve_run(ids[0], view.id).status == "queued"
