"""Callbacks that trigger events, raise, or change the run between the decision and the change."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runlife import IllegalEventError, MisuseError, RunExpiredError, RunTerminalError, TimeError
from runlife.machine import AsyncRunMachine, RunMachine


def events(run: Any) -> list[str]:
    """What the journal says happened after the creation."""
    return [record.event for record in run.journal[1:]]


def test_a_callback_after_the_change_may_trigger_the_next_event() -> None:
    """An event triggered from ``on_enter`` runs at once and whole; what was left of the outer one follows."""
    log: list[str] = []
    machine = RunMachine(send_event=True, after_state_change=lambda event: log.append(event.event.name))
    machine.on_enter_in_progress(lambda event: event.model.complete(now=event.kwargs["now"]))
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    assert events(run) == ["start", "complete"]
    assert log == ["complete", "start"]


def test_a_callback_that_makes_its_own_event_illegal_has_it_refused() -> None:
    """When a callback moves the run on before the change, the event is refused in the new status.

    A stock machine went on from the status that was left, and overwrote the new one.
    """
    machine = RunMachine(send_event=True)
    machine.before_start(lambda event: event.model.cancel(now=1))
    run = machine.create(id="run_1", now=0)
    with pytest.raises(IllegalEventError) as raised:
        run.start(now=1)
    assert raised.value.refusal.status == "cancelling"
    assert events(run) == ["cancel"]


@pytest.mark.parametrize(
    "place", ["prepare_event", "prepare_complete", "before_complete", "on_exit_in_progress"]
)
def test_an_event_that_is_legal_in_the_new_status_too_starts_over_there(place: str) -> None:
    """After a change in between, the row from the new status is taken, with its own callbacks."""
    log: list[tuple[str, str]] = []
    machine = RunMachine(send_event=True)
    machine.on_exit_cancelling(lambda event: log.append((event.event.name, event.state.name)))

    def cancel_once(event: Any) -> None:
        if event.event.name == "complete" and event.model.is_in_progress():
            event.model.cancel(now=2)

    if place == "prepare_event":
        machine.prepare_event = cancel_once
    else:
        getattr(machine, place)(cancel_once)
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    row = run.complete(now=3)
    assert (row.source, events(run)) == ("cancelling", ["start", "cancel", "complete"])
    assert log == [("complete", "cancelling")]


def test_time_that_a_callback_has_used_up_is_gone() -> None:
    """When a callback triggers an event at a later time, the outer event would run time backwards."""
    machine = RunMachine(send_event=True)

    def cancel_later(event: Any) -> None:
        if event.model.is_in_progress():
            event.model.cancel(now=5)

    machine.before_complete(cancel_later)
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    with pytest.raises(TimeError, match="backwards"):
        run.complete(now=3)
    assert events(run) == ["start", "cancel"]


def test_a_trigger_takes_due_timer_rows_first_with_their_callbacks() -> None:
    """An event that comes after the deadline finds the run expired, and the expiry had its callbacks."""
    log: list[tuple[str, float]] = []
    machine = RunMachine(send_event=True)
    machine.on_final = lambda event: log.append((event.event.name, event.kwargs["now"]))
    run = machine.create(id="run_1", now=0)
    with pytest.raises(RunExpiredError):
        run.start(now=1000)
    assert log == [("expire", 600)]
    assert run.handle_timeout(now=2000) == ()


@pytest.mark.parametrize("call", ["trigger", "apply", "attempt", "method", "handle_timeout"])
def test_no_way_to_change_a_run_passes_the_callbacks_by(call: str) -> None:
    """Whichever method moves a run of a machine, its callbacks run."""
    log: list[str] = []
    machine = RunMachine(send_event=True, after_state_change=lambda event: log.append(event.event.name))
    run = machine.create(id="run_1", now=0)
    calls: dict[str, Any] = {
        "trigger": lambda: run.trigger("start", now=1),
        "apply": lambda: run.apply("start", now=1),
        "attempt": lambda: run.attempt("start", now=1),
        "method": lambda: run.start(now=1),
        "handle_timeout": lambda: run.handle_timeout(now=600),
    }
    calls[call]()
    assert log == ["expire" if call == "handle_timeout" else "start"]


def test_a_timer_row_with_callbacks_is_taken_before_an_event_without(job: Any) -> None:
    """An event that has callbacks only in the status that time leads to has them run there."""
    log: list[tuple[str, str]] = []
    machine = RunMachine(job.table, model=job, send_event=True)
    machine.on_exit_late(lambda event: log.append((event.event.name, event.state.name)))
    run: Any = machine.create(now=0)
    run.finish(now=15)
    assert log == [("finish", "late")]
    assert [record.at for record in run.journal] == [0, 10, 15]


def test_each_of_several_due_timer_rows_has_its_callbacks_at_its_time(job: Any) -> None:
    """Noticed late, two deadlines are two events, each with the moment at which it fell due."""
    log: list[tuple[str, float]] = []
    machine = RunMachine(
        job.table,
        model=job,
        send_event=True,
        after_state_change=lambda event: log.append((event.event.name, event.kwargs["now"])),
    )
    run = machine.create(now=0)
    records = run.handle_timeout(now=100)
    assert log == [("be_late", 10), ("be_lost", 20)] == [(record.event, record.at) for record in records]


def test_an_error_before_a_timer_row_leaves_the_deadline_standing() -> None:
    """When a callback raises before an expiry, nothing has expired yet, and the next look tries again."""
    failures = [ZeroDivisionError()]

    def fail_once(**_payload: Any) -> None:
        if failures:
            raise failures.pop()

    machine = RunMachine(before_state_change=fail_once)
    run = machine.create(id="run_1", now=0)
    with pytest.raises(ZeroDivisionError):
        run.handle_timeout(now=600)
    assert (run.is_queued(), run.next_deadline()) == (True, 600)
    assert [record.at for record in run.handle_timeout(now=700)] == [600]


def test_an_error_before_an_async_timer_row_leaves_the_deadline_standing() -> None:
    """In one task, the look that failed is over, and the next one may take the row."""

    async def scenario() -> list[float]:
        failures = [ZeroDivisionError()]

        async def fail_once(**_payload: Any) -> None:
            if failures:
                raise failures.pop()

        run = AsyncRunMachine(before_state_change=fail_once).create(id="run_1", now=0)
        with pytest.raises(ZeroDivisionError) as kept:
            await run.handle_timeout(now=600)
        records = await run.handle_timeout(now=700)
        del kept
        return [record.at for record in records]

    assert asyncio.run(scenario()) == [600]


def test_a_callback_cannot_slip_in_an_event_before_a_due_timer_row() -> None:
    """Triggering from before the expiry, at its time, is misuse and says so; it used to recurse for ever."""
    machine = RunMachine(send_event=True)
    machine.before_expire(lambda event: event.model.cancel(now=event.kwargs["now"]))
    run = machine.create(id="run_1", now=0)
    with pytest.raises(MisuseError, match="when the deadline 600"):
        run.handle_timeout(now=600)
    machine.get_transitions("expire")[0].before.clear()
    assert run.handle_timeout(now=600)[0].event == "expire"


def test_a_callback_of_a_timer_row_may_trigger_after_it(job: Any) -> None:
    """Once the timer row is taken, its callbacks trigger events like any other."""
    machine = RunMachine(job.table, model=job, send_event=True)
    machine.on_enter_late(lambda event: event.model.finish(now=event.kwargs["now"]))
    run = machine.create(now=0)
    assert [record.event for record in run.handle_timeout(now=100)] == ["be_late"]
    assert [(record.event, record.at) for record in run.journal[1:]] == [("be_late", 10), ("finish", 10)]


def test_a_callback_after_a_timer_row_may_trigger_at_a_time_when_the_next_is_due(job: Any) -> None:
    """What a callback triggers after one timer row takes the next one first, as it would from outside."""
    refusals: list[Any] = []
    machine = RunMachine(job.table, model=job, send_event=True)
    machine.on_enter_late(lambda event: refusals.append(event.model.attempt("finish", now=50)))
    run = machine.create(now=0)
    assert [record.event for record in run.handle_timeout(now=50)] == ["be_late", "be_lost"]
    assert [refusal.status for refusal in refusals] == ["lost"]


@pytest.mark.parametrize("place", ["prepare_event", "prepare_be_late", "before_be_late", "on_exit_waiting"])
def test_a_callback_before_a_timer_row_may_change_the_run_at_an_earlier_time(job: Any, place: str) -> None:
    """When the callback moves the deadline, the timer row is looked for anew."""
    machine = RunMachine(job.table, model=job, send_event=True)

    def delay(event: Any) -> None:
        if event.model.version == 1 and event.event.name == "be_late":
            event.model.delay(now=9, by=6.0)

    if place == "prepare_event":
        machine.prepare_event = delay
    else:
        getattr(machine, place)(delay)
    run = machine.create(now=0)
    assert run.handle_timeout(now=12) == ()
    assert [record.at for record in run.handle_timeout(now=20)] == [15, 20]


def test_a_deadline_that_a_callback_moves_forward_is_taken_before_the_event(job: Any) -> None:
    """A deadline that a callback sets into the past of the outer event is taken first, with its callbacks."""
    log: list[tuple[str, float]] = []
    machine = RunMachine(job.table, model=job, send_event=True)

    def hurry(event: Any) -> None:
        if event.model.version == 1:
            event.model.delay(now=1, by=2.0)

    machine.before_finish(hurry)
    machine.on_enter_late(lambda event: log.append((event.event.name, event.kwargs["now"])))
    run: Any = machine.create(now=0)
    row = run.finish(now=5)
    assert log == [("be_late", 3)]
    assert row.source == "late"


def test_attempt_raises_what_a_callback_raises() -> None:
    """Only the refusal of the event itself is a value; that of another run's event is an error."""
    machine = RunMachine(send_event=True)
    other = machine.create(id="run_2", now=0)
    machine.before_start(lambda _event: other.complete(now=1))
    run = machine.create(id="run_1", now=0)
    with pytest.raises(IllegalEventError):
        run.attempt("start", now=1)
    refusal = run.attempt("complete", now=1)
    assert not refusal.ok


def test_two_tasks_on_one_run_cannot_both_win() -> None:
    """An event that waits in a callback is decided again when another task moved the run meanwhile."""

    async def scenario() -> tuple[list[str], BaseException | None]:
        waiting, go_on = asyncio.Event(), asyncio.Event()

        async def hold(event: Any) -> None:
            if event.event.name == "complete":
                waiting.set()
                await go_on.wait()

        machine = AsyncRunMachine(before_state_change=hold, send_event=True)
        run = machine.create(id="run_1", now=0)
        await run.start(now=1)
        task = asyncio.create_task(run.trigger("complete", now=4))
        await waiting.wait()
        await run.cancel(now=2)
        await run.confirm_cancel(now=3)
        go_on.set()
        await asyncio.wait([task])
        return events(run), task.exception()

    happened, error = asyncio.run(scenario())
    assert happened == ["start", "cancel", "confirm_cancel"]
    assert isinstance(error, RunTerminalError)


def test_a_task_that_comes_while_another_expires_the_run_finds_it_expired() -> None:
    """Two tasks that notice one deadline expire the run once; neither passes for the other's callback."""

    async def scenario() -> tuple[list[str], Any]:
        waiting, go_on = asyncio.Event(), asyncio.Event()

        async def hold(event: Any) -> None:
            if not waiting.is_set():
                waiting.set()
                await go_on.wait()

        machine = AsyncRunMachine(before_state_change=hold, send_event=True)
        run = machine.create(id="run_1", now=0)
        task = asyncio.create_task(run.handle_timeout(now=600))
        await waiting.wait()
        refusal = await run.attempt("start", now=700)
        go_on.set()
        await task
        return events(run), refusal

    happened, refusal = asyncio.run(scenario())
    assert happened == ["expire"]
    assert not refusal.ok
