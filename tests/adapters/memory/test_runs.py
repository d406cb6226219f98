"""How runs move in the fake: by the table, at the moments that the schedule says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runlife import LastError, MisuseError, Policy, RunStatus, RunStepStatus, Usage, VirtualClock
from runlife_adapters.memory import NEVER, After, ApiError, Call, Schedule, World

if TYPE_CHECKING:
    from .conftest import Scene


def test_a_run_completes_after_two_usual_delays(scene: Scene) -> None:
    """Without a schedule, a run is queued, starts after a second, and completes after another."""
    run = scene.start()
    scene.world.advance(10)

    assert scene.story(run) == [(0, "queued"), (1, "in_progress"), (2, "completed")]
    assert scene.texts() == ["Hello", "Hello"]


def test_a_move_happens_at_its_moment_however_late_it_is_noticed(make_scene: type[Scene]) -> None:
    """One long leap of the clock gives the journal that many small steps give."""
    leap, steps = make_scene.of(), make_scene.of()
    runs = [leap.start(), steps.start()]
    leap.world.advance(50)
    for _ in range(500):
        steps.world.advance(0.1)

    assert leap.story(runs[0]) == steps.story(runs[1])


def test_a_run_waits_for_its_tool_outputs_and_goes_on(make_scene: type[Scene]) -> None:
    """Two rounds of tools, then an answer that tells the last outputs."""
    scene = make_scene.of(
        schedule=Schedule(
            in_progress=[After(1, "requires_action", tools=2), After(1, "requires_action", tools=1)]
        )
    )
    run = scene.start()
    scene.world.advance(2)
    waiting = scene.look(run).required_action
    assert waiting is not None
    assert [call.name for call in waiting.tool_calls] == ["get_weather", "get_time"]

    assert scene.answer(run).status is RunStatus.QUEUED
    scene.world.advance(2)
    scene.answer(run, "late")
    scene.world.advance(2)

    assert [status for _, status in scene.story(run)] == [
        *("queued", "in_progress", "requires_action"),
        *("queued", "in_progress", "requires_action"),
        *("queued", "in_progress", "completed"),
    ]
    assert scene.texts()[-1] == "late"


def test_a_tool_step_stays_open_until_the_outputs_come(make_scene: type[Scene]) -> None:
    """The step of a round is in progress through requires_action, and completes on submit."""
    schedule = Schedule(in_progress=[After(1, to="requires_action", tools=(Call("f", {"x": 1}),))])
    scene = make_scene.of(schedule=schedule)
    run = scene.start()
    scene.world.advance(2)
    (step,) = scene.world.list_run_steps(scene.thread_id, run.id).data
    assert (step.status, step.usage, step.type) == (RunStepStatus.IN_PROGRESS, None, "tool_calls")
    (call,) = step.step_details["tool_calls"]
    assert call["function"] == {"name": "f", "arguments": '{"x":1}', "output": None}

    scene.answer(run, "42")
    step = scene.world.retrieve_run_step(scene.thread_id, run.id, step.id)

    assert step.status is RunStepStatus.COMPLETED
    assert step.step_details["tool_calls"][0]["function"]["output"] == "42"
    assert step.usage is not None
    assert step.expires_at == scene.look(run).expires_at


def test_usage_is_the_sum_over_the_steps(make_scene: type[Scene]) -> None:
    """The usage of an ended run is what its steps cost together; before, it is null."""
    schedule = Schedule(
        in_progress=[
            After(1, "requires_action", tools=1, usage=Usage(260, 12)),
            After(1, usage=Usage(284, 42)),
        ]
    )
    scene = make_scene.of(schedule=schedule)
    run = scene.start()
    scene.world.advance(2)
    scene.answer(run)
    assert scene.look(run).usage is None
    scene.world.advance(2)

    assert scene.look(run).usage == Usage(544, 54)
    steps = scene.world.list_run_steps(scene.thread_id, run.id).data
    assert [step.usage for step in steps] == [Usage(284, 42), Usage(260, 12)]


def test_a_cancel_replaces_the_move_that_was_pending(scene: Scene) -> None:
    """A run that is cancelled just before it would complete is cancelled a second later."""
    run = scene.start()
    scene.world.advance(1.5)

    assert scene.world.cancel_run(scene.thread_id, run.id).status is RunStatus.CANCELLING
    scene.world.advance(10)

    assert scene.story(run)[-2:] == [(1.5, "cancelling"), (2.5, "cancelled")]
    (step,) = scene.world.list_run_steps(scene.thread_id, run.id).data
    assert step.status is RunStepStatus.CANCELLED


@pytest.mark.parametrize("wait", [0, 1, 2])
def test_a_run_is_cancelled_from_every_status_in_which_it_waits(make_scene: type[Scene], wait: float) -> None:
    """Queued, in progress or waiting for outputs: a cancel is accepted and confirmed."""
    scene = make_scene.of(schedule=Schedule(in_progress=[After(1, "requires_action")]))
    run = scene.start()
    scene.world.advance(wait)
    scene.world.cancel_run(scene.thread_id, run.id)
    scene.world.advance(1)

    assert scene.look(run).status is RunStatus.CANCELLED
    steps = scene.world.list_run_steps(scene.thread_id, run.id).data
    assert all(step.status is RunStepStatus.CANCELLED for step in steps)


@pytest.mark.parametrize("to", ["completed", "incomplete", "failed", "cancelled"])
def test_a_cancel_may_come_too_late(make_scene: type[Scene], to: str) -> None:
    """Whatever the schedule lets win, a run leaves cancelling for it, from any beginning."""
    for wait in (0, 1, 2):
        schedule = Schedule(in_progress=[After(1, "requires_action")], cancelling=[After(3, to)])
        scene = make_scene.of(schedule=schedule)
        run = scene.start()
        scene.world.advance(wait)
        scene.world.cancel_run(scene.thread_id, run.id)
        scene.world.advance(3)

        assert scene.look(run).status == to
        steps = scene.world.list_run_steps(scene.thread_id, run.id).data
        assert RunStepStatus.IN_PROGRESS not in {step.status for step in steps}


def test_a_failed_run_says_why_and_closes_its_step(make_scene: type[Scene]) -> None:
    """A code is enough; the step fails with the same error, and the message keeps what was said."""
    failure = After(1, "failed", error="rate_limit_exceeded", text="It is")
    scene = make_scene.of(schedule=Schedule(in_progress=[failure]))
    run = scene.start()
    scene.world.advance(2)

    seen = scene.look(run)
    assert seen.last_error is not None
    assert seen.last_error.code == "rate_limit_exceeded"
    assert seen.failed_at is not None
    assert seen.completed_at is None
    assert seen.usage == Usage(0, 0)
    (step,) = scene.world.list_run_steps(scene.thread_id, run.id).data
    assert (step.status, step.last_error) == (RunStepStatus.FAILED, seen.last_error)
    assert scene.texts()[-1] == "It is"


def test_a_run_may_fail_before_it_starts(make_scene: type[Scene]) -> None:
    """Refused at admission, a run has no step and never started."""
    error = LastError("server_error", "No.")
    scene = make_scene.of(schedule=Schedule(queued=[After(2, "failed", error=error)]))
    run = scene.start()
    scene.world.advance(2)

    seen = scene.look(run)
    assert (seen.last_error, seen.started_at) == (error, None)
    assert scene.world.list_run_steps(scene.thread_id, run.id).data == ()


def test_an_incomplete_run_has_a_completed_step_and_an_incomplete_message(make_scene: type[Scene]) -> None:
    """The step of a run that was cut short is completed (recorded); its message is not."""
    schedule = Schedule(in_progress=[After(1, "incomplete", reason="max_prompt_tokens", text="It")])
    scene = make_scene.of(schedule=schedule)
    run = scene.start()
    scene.world.advance(2)

    seen = scene.look(run)
    assert seen.incomplete_details is not None
    assert seen.incomplete_details.reason == "max_prompt_tokens"
    assert seen.completed_at is not None
    (step,) = scene.world.list_run_steps(scene.thread_id, run.id).data
    assert step.status is RunStepStatus.COMPLETED


def test_a_token_budget_covers_all_turns_together(make_scene: type[Scene]) -> None:
    """The second turn would fit a budget alone, and exceeds what the first one left of it."""
    turns = [After(1, "requires_action", usage=Usage(9, 6)), After(1, usage=Usage(9, 6))]
    scene = make_scene.of(schedule=Schedule(in_progress=turns))
    run = scene.start(max_completion_tokens=10)
    scene.world.advance(2)
    scene.answer(run)
    scene.world.advance(2)

    seen = scene.look(run)
    assert seen.status is RunStatus.INCOMPLETE
    assert seen.incomplete_details is not None
    assert seen.incomplete_details.reason == "max_completion_tokens"


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(queued=[After(NEVER)]),
        Schedule(in_progress=[After(NEVER)]),
        Schedule(in_progress=[After(1, "requires_action")]),
    ],
    ids=repr,
)
def test_a_run_that_is_stuck_expires(make_scene: type[Scene], schedule: Schedule) -> None:
    """Ten minutes after its creation, whatever its status, and what it left open with it."""
    scene = make_scene.of(schedule=schedule)
    run = scene.start()
    scene.world.advance(5)
    assert scene.world.next_event() == run.expires_at
    scene.world.advance(1000)

    assert scene.story(run)[-1] == (600, "expired")
    steps = scene.world.list_run_steps(scene.thread_id, run.id).data
    assert all(step.status is RunStepStatus.EXPIRED for step in steps)


def test_a_cancel_that_is_never_confirmed_ends_with_the_run(make_scene: type[Scene]) -> None:
    """Stuck in cancelling, a run expires at the moment at which it would have anyway."""
    scene = make_scene.of(schedule=Schedule(cancelling=[After(NEVER)]))
    run = scene.start()
    scene.world.cancel_run(scene.thread_id, run.id)
    scene.world.advance(599.5)
    assert scene.look(run).status is RunStatus.CANCELLING
    scene.world.advance(0.5)

    assert scene.story(run)[-1] == (600, "expired")


def test_a_deadline_comes_before_a_move_of_the_same_moment(make_scene: type[Scene]) -> None:
    """A run that would complete at the very moment at which it expires has expired."""
    scene = make_scene.of(schedule=Schedule(in_progress=[After(9)]), run_ttl=10)
    run = scene.start()
    scene.world.advance(10)

    assert scene.story(run)[-1] == (10, "expired")


def test_no_tool_round_extends_the_life_of_a_run(make_scene: type[Scene]) -> None:
    """Outputs submitted just before expiry leave the run what was left of its ten minutes."""
    scene = make_scene.of(schedule=Schedule(in_progress=[After(1, "requires_action")]))
    run = scene.start()
    scene.world.advance(599)
    scene.answer(run)
    scene.world.advance(100)

    assert scene.story(run)[-1] == (600, "expired")


def test_runs_move_in_the_order_of_time(scene: Scene) -> None:
    """Of two runs on two threads, what happens earlier happens first, whichever was created first."""
    other = scene.world.create_thread(messages=[{"role": "user", "content": "Hi"}])
    scene.world.script(Schedule(queued=[After(5)]), Schedule())
    slow = scene.start()
    fast = scene.world.create_run(other.id, assistant_id=scene.assistant_id)

    moments: list[float] = []
    while (at := scene.world.next_event()) is not None:
        moments.append(at - slow.created_at)
        scene.world.advance(at - scene.world.clock.now())

    assert moments == [1, 2, 5, 6]
    assert scene.world.run(fast.id).status is RunStatus.COMPLETED


def test_schedules_are_given_out_one_a_run(scene: Scene) -> None:
    """Each run that is created takes the next scripted schedule; afterwards all is as usual."""
    scene.world.script(
        Schedule(in_progress=[After(1, "failed")]), Schedule(in_progress=[After(1, "incomplete")])
    )
    ends: list[str] = []
    for _ in range(3):
        run = scene.start()
        scene.world.advance(2)
        ends.append(scene.look(run).status)

    assert ends == ["failed", "incomplete", "completed"]


def test_a_schedule_must_be_lawful_under_the_policy(make_scene: type[Scene]) -> None:
    """What a policy forbids the server, no schedule can make it do."""
    late = Schedule(cancelling=[After(1, "completed")])
    with pytest.raises(MisuseError, match="from there it goes to: cancelled"):
        make_scene.of(policy=Policy(cancel_may_lose=False), schedule=late)


def test_a_policy_reaches_the_runs(make_scene: type[Scene]) -> None:
    """Under the literal reading of the documents, a run that waits cannot be cancelled."""
    scene = make_scene.of(policy=Policy(cancel_outside_in_progress=False))
    run = scene.start()

    with pytest.raises(ApiError, match=r"Cannot cancel run with status 'queued'\."):
        scene.world.cancel_run(scene.thread_id, run.id)


def test_a_world_is_its_seed(make_scene: type[Scene]) -> None:
    """The same calls give the same ids; another seed gives others."""
    first, second, other = make_scene.of(), make_scene.of(), make_scene.of(seed=1)

    assert first.start() == second.start()
    assert other.start().id != first.thread_id
    assert first.assistant_id != other.assistant_id


def test_a_clock_that_is_set_back_stops_the_world(make_scene: type[Scene]) -> None:
    """Until the clock has caught up nothing moves, and no call fails."""

    class Unsteady:
        time = 1000.0

        def now(self) -> float:
            return self.time

    clock = Unsteady()
    world = World(clock)
    assistant = world.create_assistant(model="m", instructions="Speak.")
    run = world.create_thread_and_run(assistant_id=assistant.id)
    clock.time = 1001.0
    assert world.retrieve_run(run.thread_id, run.id).status is RunStatus.IN_PROGRESS
    clock.time = 500.0
    assert world.cancel_run(run.thread_id, run.id).status is RunStatus.CANCELLING
    clock.time = 1002.0

    assert world.retrieve_run(run.thread_id, run.id).status is RunStatus.CANCELLED


def test_only_a_virtual_clock_can_be_advanced() -> None:
    """The machine's clock goes by itself, and the error says which clock would do."""
    with pytest.raises(Exception, match="VirtualClock"):
        World().advance(1)


def test_the_journal_outlives_the_thread(scene: Scene) -> None:
    """A deleted thread is gone for its clients; its run goes on, and its journal can be read."""
    run = scene.start()
    scene.world.delete_thread(scene.thread_id)
    scene.world.advance(5)

    assert scene.story(run)[-1] == (2, "completed")
    with pytest.raises(ApiError, match="No thread found"):
        scene.look(run)


def test_the_engines_run_is_handed_out_as_a_copy(scene: Scene) -> None:
    """What a test does to the run it was given does nothing to the World's."""
    run = scene.start()
    scene.world.run(run.id).apply("start", now=scene.world.clock.now())

    assert scene.look(run).status is RunStatus.QUEUED
    assert isinstance(scene.world.clock, VirtualClock)


def test_calls_that_exceed_the_budget_are_not_made(make_scene: type[Scene]) -> None:
    """The run is cut short instead: its step is completed without calls, and nothing is said."""
    scene = make_scene.of(schedule=Schedule(in_progress=[After(1, usage=Usage(1, 99))]))
    run = scene.start(max_completion_tokens=10, tool_choice="required")
    scene.world.advance(2)

    assert scene.look(run).status is RunStatus.INCOMPLETE
    (step,) = scene.world.list_run_steps(scene.thread_id, run.id).data
    assert (step.status, step.step_details["tool_calls"]) == (RunStepStatus.COMPLETED, [])
    assert step.usage == Usage(1, 99)
    assert scene.texts() == ["Hello"]
