"""Trials: what a story does to a service, in virtual time."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any

import openai
import pytest

from runlife import MisuseError
from runlife_adapters.memory import NEVER, After, Net, Schedule
from runlife_adapters.testing.verify.judge import FailureKind
from runlife_adapters.testing.verify.play import play as play_story
from runlife_adapters.testing.verify.story import Story
from runlife_adapters.testing.verify.tape import Lane
from runlife_adapters.testing.verify.trial import Setting
from runlife_adapters.testing.virtual import SocketFenced

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.testing.verify.play import Played
    from runlife_adapters.testing.verify.trial import Trial


def play(test: Callable[..., Any], story: Story = Story(), **setting: Any) -> Played:  # noqa: B008  # a value
    """Play one story."""
    return play_story(test, story, Setting(**setting))


def said(played: Played, *lanes: Lane) -> list[tuple[float, str]]:
    """Return what is on the tape."""
    return [(e.at, e.text) for e in played.trial.wire.tape.entries if not lanes or e.lane in lanes]


def test_a_trial_has_all_that_a_service_needs(well: Callable[..., Any]) -> None:
    """The tape of the happy path, from the first call to the end."""
    played = play(well)

    assert played.failure is None
    assert said(played) == [
        (0.0, "POST /threads/…/runs"),
        (0.0, "run 1: queued  (create)"),
        (0.0, "200 queued"),
        (1.0, "GET /threads/…/runs/run_1"),
        (1.0, "run 1: queued → in_progress  (start)"),
        (1.0, "200 in_progress"),
        (2.0, "GET /threads/…/runs/run_1"),
        (2.0, "run 1: in_progress → completed  (complete)"),
        (2.0, "200 completed"),
    ]


def test_a_lost_request_and_a_lost_answer_cost_the_clients_patience(well: Callable[..., Any]) -> None:
    """The client's timeout passes in virtual time, and the SDK tries again."""
    lost = play(well, Story(net={2: Net("lose_request")}))
    unheard = play(well, Story(net={2: Net("lose_response")}), timeout=7.0)

    assert (11.0, "ConnectTimeout  [Net('lose_request')]") in said(lost, Lane.WIRE)
    assert (8.0, "ReadTimeout  [Net('lose_response')]") in said(unheard, Lane.WIRE)


def test_a_call_may_come_before_what_happens_at_the_same_moment(well: Callable[..., Any]) -> None:
    """By default the server is first."""
    played = play(well, Story(early={3}))

    polls = [text for at, text in said(played, Lane.WIRE) if at == 2.0]
    assert polls == ["200 in_progress"]
    assert played.trial.run.status == "completed"


def test_another_worker_acts_before_a_call(well: Callable[..., Any]) -> None:
    """It cancels; the service sees it, and says so."""
    played = play(well, Story(others={2: "cancel"}))

    assert said(played, Lane.OTHER) == [(1.0, "another worker: cancel; run 1: queued → cancelling")]
    assert played.trial.run.status == "cancelled"
    assert played.failure is None


def test_another_worker_that_comes_too_late_is_refused(well: Callable[..., Any]) -> None:
    """An answer to a run that does not ask; the tape tells."""
    calls = Schedule(in_progress=[After(1, "requires_action", tools=1)])
    played = play(well, Story(calls, others={2: "submit", 3: "message", 4: "submit"}))

    early, locked, answered = (text for _, text in said(played, Lane.OTHER))
    assert early.startswith("another worker's submit is refused: ")
    assert answered == "another worker: submit_tool_outputs; run 1: requires_action → queued"
    assert locked.startswith("another worker's message is refused: Can't add messages to thread_")


def test_a_service_that_does_not_come_back_is_stopped(careless: Callable[..., Any]) -> None:
    """When its run has been over for the grace period, with a picture of what it waits for."""
    played = play(careless, Story(Schedule(in_progress=[After(1, "incomplete")])), grace=30)

    assert played.failure is not None
    assert played.failure.kind is FailureKind.LIVENESS
    assert played.failure.says == "run 1 ended incomplete, and 38 s later the service has not come back"
    assert "the service" in str(played.failure.waits)
    assert 32 <= played.trial.now <= 60


def test_a_service_that_waits_for_nothing_is_stopped() -> None:
    """It waits for what nobody will ever do."""

    async def test(_world: Trial) -> None:
        await asyncio.get_running_loop().create_future()

    played = play(test)
    assert played.failure is not None
    assert played.failure.kind is FailureKind.LIVENESS
    assert played.failure.says == "the service does not come back, and has created no run"


def test_a_service_that_catches_its_end_is_stopped_all_the_same() -> None:
    """Whatever it catches."""

    async def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        await runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
        while True:
            with suppress(BaseException):  # as bad as can be
                await asyncio.sleep(1)

    played = play(test)
    assert played.failure is not None
    assert played.failure.kind is FailureKind.LIVENESS


def test_a_service_may_block() -> None:
    """It has the sync client, and its sleep moves the clock."""

    def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        run = runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
        while run.status in ("queued", "in_progress"):
            time.sleep(0.5)
            run = runs.retrieve(run.id, thread_id=world.thread.id)
        world.check(isinstance(world.client, openai.OpenAI))
        world.check(run.status == world.run.status)

    assert play(test).failure is None
    stuck = play(test, Story(Schedule(queued=[After(NEVER)])))
    assert stuck.failure is None
    assert stuck.trial.now == 60.0


def test_a_blocking_client_waits_as_long_as_it_is_patient() -> None:
    """In virtual time; a lost answer used to cost it nothing."""

    def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        run = runs.create_and_poll(thread_id=world.thread.id, assistant_id=world.assistant.id)
        world.check(run.status == world.run.status)

    for kind, error in (("lose_request", "ConnectTimeout"), ("lose_response", "ReadTimeout")):
        played = play(test, Story(net={2: Net(kind)}))  # type: ignore[arg-type]  # a parameter's type is wider
        assert (10.0, f"{error}  [Net('{kind}')]") in said(played, Lane.WIRE)
        assert played.failure is None


def test_a_blocking_service_that_does_not_come_back_is_stopped() -> None:
    """Though it catches every Exception."""

    def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        run = runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
        while run.status != "failed":
            with suppress(Exception):  # as bad as can be
                time.sleep(1)
                run = runs.retrieve(run.id, thread_id=world.thread.id)

    played = play(test)
    assert played.failure is not None
    assert played.failure.kind is FailureKind.LIVENESS
    assert played.trial.now < 100


def test_an_outage_is_no_failure_unless_asked(well: Callable[..., Any]) -> None:
    """The network was at fault, and the service said so."""
    story = Story(net={n: Net("refuse", status=500) for n in (2, 3, 4)})

    assert play(well, story).failure is None
    asked = play(well, story, outages=False).failure
    assert asked is not None
    assert asked.kind is FailureKind.OUTAGE
    assert asked.says.startswith("the service raised InternalServerError")


def test_an_error_of_its_own_is_a_failure() -> None:
    """Also where something befell a call."""

    async def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        await runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
        raise KeyError("oh")

    for story in (Story(), Story(net={1: Net("delay", seconds=1)})):
        failure = play(test, story).failure
        assert failure is not None
        assert (failure.kind, failure.says) == (FailureKind.ERROR, "the service raised KeyError: 'oh'")


def test_what_is_left_behind_is_a_leak() -> None:
    """A run that nobody looks at locks its thread."""

    async def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        await runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)

    failure = play(test).failure
    assert failure is not None
    assert failure.kind is FailureKind.LEAK
    assert failure.says.startswith("run 1 was left queued, and nobody looks at it")


def test_there_may_be_no_run_to_ask_for() -> None:
    """A service that created none is told."""

    async def test(world: Trial) -> None:
        await asyncio.sleep(1)
        world.check(world.run.status == "completed")

    failure = play(test).failure
    assert failure is not None
    assert (failure.kind, failure.says) == (FailureKind.SAFETY, "the service created no run")


@pytest.mark.parametrize("wrong", [{"ttl": 0}, {"grace": -1}])
def test_a_setting_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """Times are above 0."""
    with pytest.raises(MisuseError, match="above 0"):
        Setting(**wrong)


# What used to be excused, missed, or blamed on the wrong one


def test_what_goes_wrong_while_an_outage_is_handled_is_an_error_of_the_service() -> None:
    """It used to be excused: the network's error was its context."""

    async def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        try:
            await runs.create_and_poll(thread_id=world.thread.id, assistant_id=world.assistant.id)
        except openai.APIError as error:
            print(error.nosuch)  # noqa: T201  # type: ignore[attr-defined]

    failure = play(test, Story(net={n: Net("refuse", status=500) for n in (1, 2, 3)})).failure
    assert failure is not None
    assert failure.kind is FailureKind.ERROR
    assert failure.says.startswith("the service raised AttributeError")


def test_an_error_of_a_connection_needs_a_network_that_failed() -> None:
    """A service that raises ConnectionError for a failed run has not met an outage."""

    async def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        await runs.create_and_poll(thread_id=world.thread.id, assistant_id=world.assistant.id)
        raise ConnectionError("it failed")

    assert str(play(test).failure).count("the service raised ConnectionError: it failed")


def test_an_outage_does_not_excuse_what_was_done_in_it(well: Callable[..., Any]) -> None:
    """To give up leaves things behind; to answer calls twice, blindly, is no giving up."""

    async def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        run = await runs.create_and_poll(thread_id=world.thread.id, assistant_id=world.assistant.id)
        calls = run.required_action.submit_tool_outputs.tool_calls
        outputs = [{"tool_call_id": call.id, "output": "x"} for call in calls]
        for _ in range(2):
            await runs.submit_tool_outputs(run.id, thread_id=world.thread.id, tool_outputs=outputs)
        await runs.retrieve(run.id, thread_id=world.thread.id)

    asks = Schedule(in_progress=[After(1, "requires_action", tools=1)])
    failure = play(test, Story(asks, net={4: Net("delay", seconds=1)})).failure
    assert failure is not None
    assert failure.kind in {FailureKind.SAFETY, FailureKind.ERROR}
    assert play(well, Story(asks)).failure is None


def test_errors_of_a_task_group_are_looked_into() -> None:
    """An outage in one is an outage; anything else is named."""

    async def group(world: Trial, *, broken: bool) -> None:
        runs = world.client.beta.threads.runs
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                runs.create_and_poll(thread_id=world.thread.id, assistant_id=world.assistant.id)
            )
            if broken:
                raise KeyError("oh")

    async def plain(world: Trial) -> None:
        await group(world, broken=False)

    async def wrong(world: Trial) -> None:
        await group(world, broken=True)

    assert play(plain, Story(net={n: Net("reset_before") for n in (1, 2, 3)})).failure is None
    failure = play(wrong).failure
    assert failure is not None
    assert failure.says == "the service raised ExceptionGroup of KeyError: 'oh'"


def test_a_service_that_polls_without_a_pause_is_stopped() -> None:
    """It used to hang: no time ever passed."""

    async def hurried(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        run = await runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
        while run.status != "completed":
            run = await runs.retrieve(run.id, thread_id=world.thread.id)

    async def in_a_group(world: Trial) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(hurried(world))

    for test in (hurried, in_a_group):
        failure = play(test).failure
        assert failure is not None
        assert failure.kind is FailureKind.LIVENESS
        assert failure.says == "the service polls without a pause: 200 calls at 0.00 s"


def test_calls_from_several_threads_are_refused() -> None:
    """Who comes first would be chance; the service used to be blamed for a KeyError of ours."""

    def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        with ThreadPoolExecutor(1) as pool:
            pool.submit(runs.list, world.thread.id).result()

    with pytest.raises(MisuseError, match="makes its calls from several threads"):
        play(test)


def test_a_trial_leaves_the_sessions_chance_alone(well: Callable[..., Any]) -> None:
    """It used to seed the global generator for good."""
    state = random.getstate()
    play(well)
    assert random.getstate() == state


def test_a_call_that_is_given_up_is_over() -> None:
    """One that was cancelled by a timeout used to keep the trial going to the end of its budget."""

    async def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        run = await runs.create(thread_id=world.thread.id, assistant_id=world.assistant.id)
        while run.status != "failed":
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    run = await runs.retrieve(run.id, thread_id=world.thread.id)
            await asyncio.sleep(1)

    played = play(test, Story(net={2: Net("delay", seconds=5)}))
    assert played.failure is not None
    assert played.failure.kind is FailureKind.LIVENESS
    assert played.trial.now < 90


def test_a_blocking_service_that_waits_for_nothing_is_stopped() -> None:
    """With a picture of who waits; it used to hang, in real time."""

    def test(world: Trial) -> None:
        runs = world.client.beta.threads.runs
        runs.create_and_poll(thread_id=world.thread.id, assistant_id=world.assistant.id)
        Event().wait()

    failure = play(test).failure
    assert failure is not None
    assert failure.kind is FailureKind.LIVENESS
    assert "wait" in str(failure.waits)


def test_a_blocking_service_reaches_no_real_socket() -> None:
    """Nor does an async one; it used to, once for each schedule."""

    def test(world: Trial) -> None:
        world.check(world.now == 0)
        socket.create_connection(("127.0.0.1", 9))

    with pytest.raises(SocketFenced, match=r"127\.0\.0\.1:9"):
        play(test)
