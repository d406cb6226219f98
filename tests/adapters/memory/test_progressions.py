"""What makes the server go on, moves by hand, and listeners."""

from __future__ import annotations

from typing import Any

import pytest

from runlife import MisuseError, RunStatus, VirtualClock
from runlife_adapters.memory import (
    NEVER,
    After,
    ApiError,
    Call,
    Happened,
    Schedule,
    ServicePolicy,
    World,
)

WEATHER = {"type": "function", "function": {"name": "get_weather"}}


def a_run(**options: Any) -> tuple[World, str, str]:
    """A World with a run: its thread and its id."""
    world = World(VirtualClock(1000.0), **options)
    assistant = world.create_assistant(model="gpt-4o", tools=[WEATHER])
    thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}])
    return world, thread.id, world.create_run(thread.id, assistant_id=assistant.id).id


def statuses(world: World, run_id: str) -> list[str]:
    """Through which statuses a run has come."""
    return [record.target.value for record in world.journal(run_id)]


@pytest.mark.parametrize("way", ["list_runs", "list_run_steps", "retrieve_run_step"])
def test_by_poll_every_reading_of_a_run_is_a_look(way: str) -> None:
    """Whoever read the list of runs, or the steps of one, used to see it stand still for ever."""
    world, thread, run = a_run(progression="poll")
    world.list_run_steps(thread, run)
    assert statuses(world, run) == ["queued", "in_progress"]
    (step,) = world._store.runs[run].steps
    look = {
        "list_runs": lambda: world.list_runs(thread),
        "list_run_steps": lambda: world.list_run_steps(thread, run),
        "retrieve_run_step": lambda: world.retrieve_run_step(thread, run, step),
    }[way]
    look()
    assert statuses(world, run) == ["queued", "in_progress", "completed"]
    with pytest.raises(ApiError, match="No run step found"):
        world.retrieve_run_step(thread, run, "step_x")


def test_by_poll_a_list_moves_the_run_that_is_active() -> None:
    """Those that are over stay as they are, and a thread without a run has none to move."""
    world, thread, first = a_run(progression="poll")
    assert world.list_runs(world.create_thread().id).data == ()
    while world.retrieve_run(thread, first).status is not RunStatus.COMPLETED:
        pass
    second = world.create_run(thread, assistant_id=world.list_assistants().data[0].id).id
    newest, oldest = world.list_runs(thread).data
    assert (newest.id, newest.status, oldest.status) == (second, RunStatus.IN_PROGRESS, RunStatus.COMPLETED)


def test_by_poll_a_stream_that_was_left_is_no_look_any_more() -> None:
    """It used to be one for ever: a run that nobody watched went on by itself."""
    world, thread, run = a_run(progression="poll")
    while world.retrieve_run(thread, run).status is not RunStatus.COMPLETED:
        pass
    stream = world.stream_run(thread, assistant_id=world.list_assistants().data[0].id)
    stream.close()
    world.advance(5)
    assert statuses(world, stream.run_id) == ["queued", "in_progress"]  # what was under way, and no more
    assert world.retrieve_run(thread, stream.run_id).status is RunStatus.COMPLETED


def test_by_poll_each_look_makes_one_move() -> None:
    """The create tells ``queued``; then every status can be seen, without time passing."""
    world, thread, run = a_run(progression="poll")
    assert [world.retrieve_run(thread, run).status.value for _ in range(3)] == [
        *("in_progress", "completed", "completed")
    ]
    assert world.now() == 1000.0


def test_by_poll_time_still_expires_a_run() -> None:
    """A run at which nobody looks in time is over."""
    world, thread, run = a_run(progression="poll")
    world.advance(600)
    assert world.retrieve_run(thread, run).status is RunStatus.EXPIRED


def test_by_poll_a_stream_is_one_long_look() -> None:
    """It tells everything at once."""
    world, thread, run = a_run(progression="poll")
    while world.retrieve_run(thread, run).status is not RunStatus.COMPLETED:
        pass
    assistant = world.list_assistants().data[0].id
    stream = world.stream_run(thread, assistant_id=assistant)
    names = [event.name for event in stream.take()]
    assert stream.over
    assert names[-1] == "thread.run.completed"


def test_immediately_everything_has_happened_by_the_next_call() -> None:
    """Delays do not count, unless they are for ever."""
    schedule = Schedule(queued=[After(100)], in_progress=[After(100, "incomplete")])
    world, thread, run = a_run(progression="immediate", schedule=schedule)
    assert world.retrieve_run(thread, run).status is RunStatus.INCOMPLETE
    stuck, thread, run = a_run(progression="immediate", schedule=Schedule(in_progress=[After(NEVER)]))
    assert stuck.retrieve_run(thread, run).status is RunStatus.IN_PROGRESS


def test_by_hand_nothing_moves_but_on_demand() -> None:
    """A step makes the move that is next; an entry of a schedule makes any that the table has."""
    world, thread, run = a_run(progression="manual")
    world.advance(100)
    assert world.retrieve_run(thread, run).status is RunStatus.QUEUED
    assert world.step(run).status is RunStatus.IN_PROGRESS
    assert world.list_run_steps(thread, run).data == ()
    waiting = world.apply(run, After(0, "requires_action", tools=[Call("get_weather", {"city": "Rome"})]))
    assert waiting.required_action is not None
    (call,) = waiting.required_action.tool_calls
    world.submit_tool_outputs(thread, run, tool_outputs=[{"tool_call_id": call.id, "output": "x"}])
    world.step(run)
    assert world.apply(run, After(0, "completed", text="Sunny.")).status is RunStatus.COMPLETED
    texts = [m.content[0]["text"]["value"] for m in world.list_messages(thread, run_id=run).data]
    assert texts == ["Sunny."]
    kinds = [step.type for step in world.list_run_steps(thread, run, order="asc").data]
    assert kinds == ["tool_calls", "message_creation"]


def test_a_move_by_hand_replaces_the_turn_that_was_under_way() -> None:
    """The step that had been opened for it is cancelled, and its message is gone."""
    world, thread, run = a_run()
    world.advance(1.5)
    world.apply(run, After(0, "requires_action", tools=1))
    steps = world.list_run_steps(thread, run, order="asc").data
    assert [(s.type, s.status.value) for s in steps] == [
        ("message_creation", "cancelled"),
        ("tool_calls", "in_progress"),
    ]
    assert world.list_messages(thread, run_id=run).data == ()


@pytest.mark.parametrize("progression", ["time", "poll", "immediate", "manual"])
def test_what_the_server_cannot_do_is_refused(progression: str) -> None:
    """By hand, too, the table decides; an unknown run is not found."""
    world, _, run = a_run(progression=progression, schedule=Schedule(queued=[After(NEVER)]))
    with pytest.raises(MisuseError, match="leads no run from 'queued' to 'completed'"):
        world.apply(run, After(0, "completed"))
    with pytest.raises(MisuseError, match="no move to make"):
        world.step(run)
    with pytest.raises(ApiError, match="No run found"):
        world.step("run_x")
    world.advance(600)
    with pytest.raises(MisuseError, match="makes no such move"):
        world.apply(run, After(0, "failed"))
    with pytest.raises(MisuseError, match="no move to make"):
        world.step(run)


def test_an_unknown_progression_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(MisuseError, match="one of time, poll, immediate, manual; got 'fast'"):
        World(progression="fast")  # type: ignore[arg-type]


def test_listeners_are_told_of_every_transition() -> None:
    """By client, by server and by time; not any more when they have stopped."""
    world, thread, _ = a_run()
    told: list[Happened] = []
    stop = world.listen(told.append)
    world.advance(10)
    assert [(h.record.event, h.thread_id) for h in told] == [("start", thread), ("complete", thread)]
    run = world.create_run(thread, assistant_id=world.list_assistants().data[0].id)
    world.cancel_run(thread, run.id)
    assert [h.record.event for h in told][2:] == ["create", "cancel"]
    stop()
    stop()
    world.advance(10)
    assert len(told) == 4


def test_a_model_reads_only_what_fits() -> None:
    """The oldest messages are left out; the last one is always seen; budgets count as well."""
    world = World(VirtualClock(), context_limit=10)
    assistant = world.create_assistant(model="gpt-4o")
    thread = world.create_thread(
        messages=[{"role": "user", "content": text} for text in ("a" * 20, "b" * 20, "c" * 20)]
    )
    run = world.create_run(thread.id, assistant_id=assistant.id)
    world.advance(5)
    usage = world.retrieve_run(thread.id, run.id).usage
    assert usage is not None
    assert usage.prompt_tokens == 10


def test_a_budget_of_completion_tokens_cuts_the_text() -> None:
    """What was said within it stays, and the run is incomplete."""
    world, thread, _ = a_run()
    world.advance(10)
    world.create_message(thread, role="user", content="word " * 100)
    assistant = world.list_assistants().data[0].id
    run = world.create_run(thread, assistant_id=assistant, max_completion_tokens=5)
    world.advance(10)
    ended = world.retrieve_run(thread, run.id)
    assert (ended.status, ended.incomplete_details and ended.incomplete_details.reason) == (
        RunStatus.INCOMPLETE,
        "max_completion_tokens",
    )
    (message,) = world.list_messages(thread, run_id=run.id).data
    assert message.content[0]["text"]["value"] == "word " * 4
    assert ended.usage is not None
    assert ended.usage.completion_tokens == 5


def test_open_questions_about_the_service_are_options() -> None:
    """Deleting and modifying while a run is active are refused, if one says so."""
    world, thread, run = a_run(
        service_policy=ServicePolicy(delete_while_active="refuse", modify_run="unless_active")
    )
    with pytest.raises(ApiError, match="while a run"):
        world.delete_thread(thread)
    with pytest.raises(ApiError, match="Cannot update run with status 'queued'"):
        world.modify_run(thread, run, metadata={})
    world.advance(10)
    world.modify_run(thread, run, metadata={})
    world.delete_thread(thread)
