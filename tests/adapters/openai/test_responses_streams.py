"""Runs whose responses are streamed: everything is told once, whatever happens to the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from runlife import RUN, MisuseError
from runlife_adapters.backend import RunView, UnavailableError
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.memory import After, Net, Schedule
from runlife_adapters.openai.responses import MemoryStore, TextDelta

Stands = Callable[..., Any]

SAID = "One two three four five."


def begun(stand: Any, **thread: Any) -> tuple[Any, RunView]:
    """Return a backend and a run that has just begun."""
    backend = stand.backend()
    ids = stand.scene(backend, SAID, **thread)
    return backend, backend.create_run(*ids)


def told(events: Any) -> tuple[list[str], str]:
    """Return the statuses that were told, and the text."""
    heard = list(events)
    statuses = [event.status for event in heard if isinstance(event, RunView)]
    return statuses, "".join(event.text for event in heard if isinstance(event, TextDelta))


def looks(stand: Any) -> list[str]:
    """Return the calls that only look at a response."""
    return [call for call in stand.line.made if call.startswith("GET /responses/") and "?" not in call]


@pytest.mark.parametrize(
    ("mode", "statuses"),
    [("stream", ["queued", "in_progress", "completed"]), ("foreground", ["in_progress", "completed"])],
)
def test_what_the_stream_tells_is_not_asked_for(stands: Stands, mode: str, statuses: list[str]) -> None:
    """Each status and each piece of text, without a single look."""
    stand = stands(mode=mode)
    backend, view = begun(stand)
    heard, text = told(backend.events(view.thread_id, view.id))
    assert heard == statuses
    assert (text,) == backend.list_messages(view.thread_id, run_id=view.id)
    assert backend.retrieve_run(view.thread_id, view.id).status == "completed"
    assert looks(stand) == []


def test_while_someone_listens_a_look_shows_what_they_were_told(stands: Stands) -> None:
    """It makes no call of its own; once nobody listens, it does."""
    stand = stands(mode="stream")
    backend, view = begun(stand)
    events = backend.events(view.thread_id, view.id)
    heard = [next(events) for _ in range(3)]
    shown = backend.retrieve_run(view.thread_id, view.id)
    assert shown == [event for event in heard if isinstance(event, RunView)][-1]
    assert looks(stand) == []
    events.close()
    backend.retrieve_run(view.thread_id, view.id)
    assert len(looks(stand)) == 1


@pytest.mark.parametrize("events", [1, 2, 3, 5, 7])
def test_a_broken_connection_is_taken_up_where_it_broke(stands: Stands, events: int) -> None:
    """No event is told twice, none is missed, and nothing is asked for."""
    whole = stands(mode="stream")
    backend, view = begun(whole)
    expected = told(backend.events(view.thread_id, view.id))

    stand = stands(mode="stream")
    stand.line.service.faults = FaultPlan(
        [
            FaultRule(Net("cut_stream", events=events), operation="create_response"),
            FaultRule(Net("cut_stream", events=1), operation="retrieve_response", nth=1),
        ]
    )
    backend, view = begun(stand)
    assert told(backend.events(view.thread_id, view.id)) == expected
    assert looks(stand) == []
    resumed = [call.partition("?")[2] for call in stand.line.made if "stream=true" in call]
    assert resumed == [f"stream=true&starting_after={events - 1}", f"stream=true&starting_after={events}"]


def test_a_stream_that_falls_silent_is_taken_up_again(stands: Stands) -> None:
    """The client's patience ends, and the reading goes on with another connection."""
    stand = stands(mode="stream")
    rule = FaultRule(Net("stall_stream", events=2), operation="create_response")
    stand.line.service.faults = FaultPlan([rule])
    backend, view = begun(stand)
    statuses, _ = told(backend.events(view.thread_id, view.id))
    assert statuses == ["queued", "in_progress", "completed"]


def test_a_foreground_stream_that_breaks_is_looked_up(stands: Stands) -> None:
    """There is nothing to take up; whether the response has ended, a look tells."""
    stand = stands(mode="foreground")
    rule = FaultRule(Net("cut_stream", events=2), operation="create_response")
    stand.line.service.faults = FaultPlan([rule])
    backend, view = begun(stand)
    with pytest.raises(UnavailableError, match="cannot be taken up again"):
        told(backend.events(view.thread_id, view.id))
    stand.world.advance(5)
    assert backend.retrieve_run(view.thread_id, view.id).status == "completed"


def test_listening_goes_on_after_a_restart(stands: Stands) -> None:
    """Where the store says that the reading was; in another process as well."""
    stand = stands(mode="stream", store=MemoryStore())
    backend, view = begun(stand)
    first = backend.events(view.thread_id, view.id)
    while next(first).status != "in_progress":
        pass
    first.close()
    statuses, text = told(stand.backend().events(view.thread_id, view.id))
    assert statuses == ["in_progress", "completed"]
    assert text == "".join(backend.list_messages(view.thread_id, run_id=view.id))


def test_a_gap_in_the_numbers_is_looked_into(stands: Stands, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stream left out, the response itself tells."""
    stand = stands(mode="stream")
    backend, view = begun(stand)
    perform = backend._calls.perform

    def leave_out(request: Any) -> Any:
        answer = perform(request)
        is_start = isinstance(answer, dict) and answer.get("type") == "response.in_progress"
        return perform(request) if is_start else answer

    monkeypatch.setattr(backend._calls, "perform", leave_out)
    statuses, _ = told(backend.events(view.thread_id, view.id))
    assert statuses == ["queued", "in_progress", "completed"]
    assert len(looks(stand)) == 1


def test_listening_ends_where_the_run_rests(stands: Stands) -> None:
    """It waits for outputs: nothing more will be told until there are some."""
    stand = stands(Schedule(in_progress=[After(1, "requires_action", tools=1)]), mode="stream")
    backend, view = begun(stand)
    statuses, _ = told(backend.events(view.thread_id, view.id))
    assert statuses[-1] == "requires_action"


def test_a_run_that_is_cancelled_is_told_so(stands: Stands) -> None:
    """The stream ends without a word of it; so the response is looked at."""
    stand = stands(mode="stream")
    backend, view = begun(stand)
    events = backend.events(view.thread_id, view.id)
    next(events)
    backend.cancel_run(view.thread_id, view.id)
    assert told(events)[0] == ["cancelled"]


def test_a_foreground_response_cannot_be_cancelled(stands: Stands) -> None:
    """The run is cancelling until its response ends by itself: the cancel came too late."""
    stand = stands(mode="foreground")
    backend, view = begun(stand)
    assert backend.cancel_run(view.thread_id, view.id).status == "cancelling"
    assert backend.retrieve_run(view.thread_id, view.id).status == "completed"
    assert not any(call.endswith("/cancel") for call in stand.line.made)


def test_without_a_stream_there_is_nothing_to_listen_to(stands: Stands) -> None:
    """The message says what would be."""
    stand = stands()
    backend, view = begun(stand)
    with pytest.raises(MisuseError, match="mode='stream'"):
        next(backend.events(view.thread_id, view.id))


def test_a_mode_is_one_of_three(stands: Stands) -> None:
    """A misspelling is told at once."""
    with pytest.raises(MisuseError, match="'background', 'stream', 'foreground'"):
        stands(mode="streaming").backend()


def test_a_creation_whose_stream_tells_nothing_is_lost(stands: Stands) -> None:
    """Its response has no id that anybody knows."""
    stand = stands(mode="stream")
    rule = FaultRule(Net("cut_stream", events=0), operation="create_response")
    stand.line.service.faults = FaultPlan([rule])
    backend = stand.backend()
    ids = stand.scene(backend)
    with pytest.raises(UnavailableError):
        backend.create_run(*ids)
    assert backend.list_runs(ids[0]) == ()


def test_events_come_to_async_listeners_too(stands: Stands) -> None:
    """With a connection that breaks on the way."""
    stand = stands(mode="stream")
    rule = FaultRule(Net("cut_stream", events=3), operation="create_response")
    stand.line.service.faults = FaultPlan([rule])
    backend = stand.async_backend()

    async def main() -> tuple[list[Any], Any]:
        thread_id = await backend.create_thread(messages=[{"role": "user", "content": SAID}])
        assistant_id = await backend.create_assistant(model="gpt-4o")
        view = await backend.create_run(thread_id, assistant_id)
        heard = [event async for event in backend.events(thread_id, view.id)]
        return heard, await backend.list_messages(thread_id, run_id=view.id)

    heard, texts = asyncio.run(main())
    statuses, text = told(heard)
    assert statuses == ["queued", "in_progress", "completed"]
    assert (text,) == texts
    assert statuses[-1] in RUN.terminal
