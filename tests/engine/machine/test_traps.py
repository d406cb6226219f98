"""Each trap of ``transitions`` 0.9.3 that a service with many runs falls into is designed away.

The traps were proven on the library itself; a test here bears the name of what it avoids.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import Any

import pytest
from attrs import evolve
from transitions import Machine, MachineError
from transitions.extensions import HierarchicalMachine
from transitions.extensions.asyncio import AsyncMachine

from runlife import (
    RUN,
    Cause,
    DefinitionError,
    GuardError,
    IllegalEventError,
    LastError,
    MisuseError,
    RunTerminalError,
    ToolCall,
    on,
)
from runlife.machine import AsyncGraphRunMachine, AsyncRunMachine, GraphRunMachine, RunMachine


def test_equal_runs_are_both_bound() -> None:
    """A second run with the same facts has its triggers, where ``add_model`` skipped an equal model."""
    machine = RunMachine()
    first, second = (machine.create(id="run_1", now=0) for _ in range(2))
    first.start(now=1)
    second.start(now=1)
    assert first.is_in_progress()
    assert second.is_in_progress()


def test_no_run_is_registered() -> None:
    """Nothing keeps a run but its owner, so that making one costs the same however many there are."""
    machine = RunMachine(after_state_change=lambda **_: None)
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    gone = weakref.ref(run)
    assert machine.models == []
    del run
    gc.collect()
    assert gone() is None


def test_adding_a_model_is_refused_and_says_what_to_do() -> None:
    """``add_model`` cannot make a second, slow kind of run; its error names the way to make one."""
    machine = RunMachine()
    with pytest.raises(MisuseError, match=r"no run is registered; make one with create"):
        machine.add_model(object())
    with pytest.raises(MisuseError, match="no run is registered"):
        machine.dispatch("start", now=1)
    with pytest.raises(MisuseError, match="no run is registered"):
        machine.models = [object()]


def test_a_slotted_run_can_be_a_model() -> None:
    """The triggers are on the class: a run of a machine has no instance dictionary."""
    machine = RunMachine()
    run = machine.create(id="run_1", now=0)
    assert not hasattr(run, "__dict__")
    assert type(run) is machine.kind is type(machine.create(id="run_2", now=0))
    assert "start" in vars(machine.kind)


def test_a_status_with_an_underscore_is_one_state() -> None:
    """``in_progress`` is one state with its callbacks, where the hierarchical machine made ``in`` of it."""
    entered: list[Any] = []
    machine = RunMachine(send_event=True)
    machine.on_enter_in_progress(entered.append)
    machine.create(id="run_1", now=0).start(now=1)
    assert list(machine.states) == [status.value for status in RUN.statuses]
    assert [event.kwargs for event in entered] == [{"now": 1}]
    assert not isinstance(machine, HierarchicalMachine)


def test_there_are_no_jumps_between_statuses() -> None:
    """No ``to_<status>`` leads out of an ended run, nor past a guard."""
    machine = RunMachine()
    run = machine.create(id="run_1", now=0)
    assert not [name for name in dir(run) if name.startswith("to_")]
    assert not [event for event in machine.events if event.startswith("to_")]


def test_nothing_leads_out_of_a_final_state() -> None:
    """States are final exactly where the table is terminal, and no transition leaves one."""
    machine = RunMachine()
    final = {name for name, state in machine.states.items() if state.final}
    assert final == {status.value for status in RUN.terminal}
    assert [t for name in final for t in machine.get_transitions(source=name)] == []


@pytest.mark.parametrize("defect", ["unreachable", "duplicate", "out of terminal"])
def test_a_defective_table_never_becomes_a_machine(defect: str) -> None:
    """Unreachable statuses, shadowed duplicates and exits from an end are refused with the table."""
    (start,) = (row for row in RUN.rows if row.event == "start")
    done = next(status for status in RUN.statuses if status in RUN.terminal)
    rows: dict[str, list[Any]] = {
        "unreachable": [row for row in RUN.rows if row.event != "require_action"],
        "duplicate": [*RUN.rows, start],
        "out of terminal": [*RUN.rows, *on("start", done, start.target, by=Cause.SERVER)],
    }
    with pytest.raises(DefinitionError):
        RunMachine(evolve(RUN, rows=rows[defect]))


def test_a_machine_cannot_grow_a_second_table() -> None:
    """States, transitions and conditions are the table's: adding one is refused."""
    machine = RunMachine()
    transition = machine.get_transitions("start")[0]
    for grow in (
        lambda: machine.add_states("paused"),
        lambda: machine.add_transition("pause", "queued", "completed"),
        machine.add_ordered_transitions,
        lambda: machine.remove_transition("start"),
        lambda: machine.events["start"].add_transition(transition),
        lambda: setattr(transition, "dest", "completed"),
        lambda: setattr(machine.get_state("completed"), "final", False),
        lambda: setattr(machine, "initial", "completed"),
        lambda: setattr(machine, "states", {}),
    ):
        with pytest.raises(MisuseError):
            grow()
    assert isinstance(transition.conditions, tuple)


def test_a_status_cannot_be_assigned() -> None:
    """``run.state = "anything"`` fails at once, not at the next trigger; so does ``machine.set_state``."""
    machine = RunMachine()
    run = machine.create(id="run_1", now=0)
    with pytest.raises(AttributeError):
        run.state = "completed"  # type: ignore[assignment, misc]
    with pytest.raises(AttributeError):
        run.status = "completed"  # type: ignore[assignment, misc]
    with pytest.raises(MisuseError, match="by an event only"):
        machine.set_state("completed", run)
    assert run.is_queued()


def test_an_error_in_one_run_drops_no_event_of_another() -> None:
    """There is no queue that runs share: what a callback triggered on another run has happened."""
    machine = RunMachine()
    first, second = (machine.create(id=name, now=0) for name in ("run_1", "run_2"))

    def chain(now: float) -> None:
        if second.is_queued():
            second.start(now=now)
            raise ZeroDivisionError

    machine.on_enter_in_progress(chain)
    with pytest.raises(ZeroDivisionError):
        first.start(now=1)
    assert second.is_in_progress()
    assert not machine.has_queue


@pytest.mark.parametrize("place", ["prepare_event", "before_state_change"])
def test_an_error_before_the_change_leaves_the_run_as_it_was(place: Any) -> None:
    """When a callback raises before the change, no fact, no status and no record has changed."""
    machine = RunMachine(**{place: lambda **_: 1 / 0})
    run = machine.create(id="run_1", now=0)
    before = run.snapshot()
    with pytest.raises(ZeroDivisionError):
        run.start(now=1)
    assert run.snapshot() == before


@pytest.mark.parametrize("place", ["after_state_change", "finalize_event"])
def test_an_error_after_the_change_is_raised_and_the_journal_is_true(place: Any) -> None:
    """What happened stays in the journal and the error is raised; ``finalize_event`` only logged its own."""
    machine = RunMachine(**{place: lambda **_: 1 / 0})
    run = machine.create(id="run_1", now=0)
    with pytest.raises(ZeroDivisionError):
        run.start(now=1)
    assert [record.event for record in run.journal] == ["create", "start"]
    assert run.is_in_progress()


def test_a_guard_that_says_no_raises_with_its_reason() -> None:
    """A refusal by a guard is an error that says why, where a trigger answered a bare ``False``."""
    run = RunMachine().create(id="run_1", now=0)
    run.start(now=1)
    with pytest.raises(GuardError, match="the model calls at least one function"):
        run.require_action(now=2, tool_calls=[])
    assert run.start.__doc__ == "queued -start-> in_progress."


def test_refusals_are_machine_errors() -> None:
    """Code that catches ``transitions.MachineError`` catches our refusals, each of its own kind."""
    machine = RunMachine()
    run = machine.create(id="run_1", now=0)
    with pytest.raises(MachineError) as illegal:
        run.complete(now=1)
    run.fail(now=1, last_error=LastError("server_error"))
    with pytest.raises(MachineError) as terminal:
        run.start(now=2)
    assert (illegal.type, terminal.type) == (IllegalEventError, RunTerminalError)


def test_a_refusal_cannot_be_ignored() -> None:
    """``ignore_invalid_triggers`` cannot be had; ``attempt`` gives the refusal as a value."""
    machine = RunMachine(finalize_event=lambda **_: None)
    with pytest.raises(MisuseError, match="never silent"):
        machine.ignore_invalid_triggers = True
    with pytest.raises(MisuseError):
        machine.get_state("completed").ignore_invalid_triggers = True
    run = machine.create(id="run_1", now=0)
    refusal = run.attempt("complete", now=1)
    assert not refusal.ok


def test_on_exception_does_not_swallow_the_error() -> None:
    """Callbacks of ``on_exception`` are told, and the caller is too, where the trigger answered ``False``."""
    told: list[Any] = []
    machine = RunMachine(on_exception=lambda event: told.append(event.error), send_event=True)
    run = machine.create(id="run_1", now=0)
    with pytest.raises(IllegalEventError) as raised:
        run.complete(now=1)
    assert told == [raised.value]


def test_expiry_needs_no_thread_and_is_armed_from_the_creation_on() -> None:
    """Runs wait without a thread each, and expire from the first status as well as after a restore."""
    machine = RunMachine()
    threads = threading.active_count()
    ended: list[tuple[str, float]] = []
    machine.on_enter_expired(lambda event: ended.append((event.model.id, event.kwargs["now"])))
    machine.send_event = True
    runs = [machine.create(id=f"run_{number}", now=number, expires_after=5) for number in range(3)]
    restored = machine.restore(machine.create(id="run_r", now=0, expires_after=5).snapshot())
    for run in (*runs, restored):
        run.handle_timeout(now=100)
    assert threading.active_count() == threads
    assert ended == [("run_0", 5), ("run_1", 6), ("run_2", 7), ("run_r", 5)]


def test_cancelling_a_task_that_awaits_a_trigger_cancels_it() -> None:
    """A cancellation reaches the caller, where 0.9.3 answered ``False`` and the code went on."""

    async def scenario() -> tuple[bool, list[str]]:
        reached: list[str] = []
        entered = asyncio.Event()

        async def never_ends(**_payload: Any) -> None:
            entered.set()
            await asyncio.Event().wait()

        machine = AsyncRunMachine(before_state_change=never_ends)
        machine.finalize_event = lambda **_: reached.append("finalize_event")
        run = machine.create(id="run_1", now=0)

        async def service() -> None:
            await run.start(now=1)
            reached.append("the code after")

        task = asyncio.create_task(service())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return run.is_queued(), reached

    assert asyncio.run(scenario()) == (True, ["finalize_event"])


def test_a_timeout_around_a_trigger_is_a_timeout() -> None:
    """``wait_for`` around a trigger raises TimeoutError, where 0.9.3 raised nothing."""

    async def scenario() -> None:
        async def never_ends(**_payload: Any) -> None:
            await asyncio.Event().wait()

        run = AsyncRunMachine(before_state_change=never_ends).create(id="run_1", now=0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run.start(now=1), timeout=0)

    asyncio.run(scenario())


def test_a_machine_is_a_machine_of_transitions() -> None:
    """What asks ``isinstance`` finds the library's own classes."""
    assert isinstance(RunMachine(), Machine)
    assert isinstance(AsyncRunMachine(), AsyncMachine)
    run = RunMachine().create(id="run_1", now=0)
    run.start(now=1)
    run.require_action(now=2, tool_calls=[ToolCall("call_1", "price")])
    assert run.state == "requires_action"


@pytest.mark.parametrize("kind", [RunMachine, AsyncRunMachine, GraphRunMachine, AsyncGraphRunMachine])
@pytest.mark.parametrize("model", [object(), "self", None])
def test_a_model_in_the_place_of_the_lifecycle_is_refused(kind: Any, model: object) -> None:
    """What transitions takes first is a model; it used to fail for want of some attribute."""
    with pytest.raises(MisuseError, match=r"made of a Lifecycle, got .*machine\.create"):
        kind(model)
