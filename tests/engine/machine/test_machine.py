"""What a machine makes: runs with triggers on their class, which decide as every run does."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife import (
    MESSAGE,
    RUN,
    RUN_STEP,
    Fact,
    GuardError,
    HistoryError,
    Lifecycle,
    Message,
    MisuseError,
    PayloadError,
    Policy,
    Refusal,
    Run,
    RunStep,
    TimeError,
    ToolCall,
    ToolOutput,
    UnknownEventError,
    entity,
)
from runlife import machine as module
from runlife.machine import AsyncRunMachine, AsyncRunTriggers, RunMachine, RunTriggers

if TYPE_CHECKING:
    from collections.abc import Callable


def noted() -> tuple[list[str], Callable[..., None]]:
    """A list, and a callback that adds to it."""
    log: list[str] = []
    return log, lambda **_: log.append("called")


# --------------------------------------------------------------------------- one semantics


@pytest.mark.slow
@given(data=st.data(), loud=st.booleans())
def test_a_run_of_a_machine_decides_as_every_run_does(data: st.DataObject, *, loud: bool) -> None:
    """Whatever is tried in whatever order, a run of a machine and a plain one answer and record the same."""
    machine = RunMachine(prepare_event=lambda **_: None) if loud else RunMachine()
    ours, plain = machine.create(id="run_1", now=0), Run.create(id="run_1", now=0)
    values: dict[str, Any] = {
        "tool_calls": [[], [ToolCall("call_1", "price")]],
        "tool_outputs": [[], [ToolOutput("call_1", "2")]],
        "reason": ["max_prompt_tokens"],
        "last_error": [None],
        "usage": [None],
    }
    now = 0
    for _ in range(12):
        event = data.draw(st.sampled_from(RUN.events))
        now += data.draw(st.sampled_from([0, 1, 100]))
        payload = {
            argument.name: data.draw(st.sampled_from(values[argument.name]))
            for argument in (RUN.arguments.get(event, ()) if event != "create" else ())
        }
        answers = [_answer(run, event, now, payload) for run in (ours, plain)]
        assert answers[0] == answers[1]
        assert ours.journal == plain.journal
        assert ours.facts() == plain.facts()


def _answer(run: Run, event: str, now: float, payload: dict[str, Any]) -> object:
    try:
        outcome = run.attempt(event, now=now, **payload)
    except MisuseError as error:
        return type(error), str(error)
    return outcome.message if isinstance(outcome, Refusal) else outcome


@pytest.mark.parametrize("now", ["1", float("nan"), float("inf"), -1])
def test_a_time_that_cannot_be_is_refused_with_callbacks_too(now: Any) -> None:
    """What is no time, or runs backwards, is a TimeError whether or not callbacks apply."""
    for machine in (RunMachine(), RunMachine(prepare_event=lambda **_: None)):
        run = machine.create(id="run_1", now=0)
        with pytest.raises(TimeError):
            run.start(now=now)
        with pytest.raises(TimeError):
            run.may_start(now=now)


@pytest.mark.parametrize("event", ["nonsense", None, []])
def test_an_unknown_event_is_unknown_with_callbacks_too(event: Any) -> None:
    """An event that no table row has is an UnknownEventError whether or not callbacks apply."""
    for machine in (RunMachine(), RunMachine(finalize_event=lambda **_: None)):
        run = machine.create(id="run_1", now=0)
        with pytest.raises(UnknownEventError):
            run.trigger(event, now=1)
        with pytest.raises(UnknownEventError):
            run.trigger("nonsense", now=1000)


def test_an_ill_typed_argument_is_refused_before_any_callback() -> None:
    """A payload that the event does not take is a PayloadError, and ``prepare_event`` has not run."""
    log, note = noted()
    run = RunMachine(prepare_event=note).create(id="run_1", now=0)
    with pytest.raises(PayloadError):
        run.trigger("start", now=1, surprise=1)
    assert log == []


def test_timers_are_no_triggers() -> None:
    """Nobody fires a timer row: it has no method, and by its name it is refused with the reason."""
    machine = RunMachine()
    run = machine.create(id="run_1", now=0)
    assert not hasattr(run, "expire")
    assert not hasattr(run, "create_run")
    with pytest.raises(GuardError, match="time itself causes it"):
        run.trigger("expire", now=1)


@pytest.mark.parametrize(
    ("lifecycle", "model"),
    [(RUN, Run), (RUN_STEP, RunStep), (MESSAGE, Message)],
    ids=["run", "step", "message"],
)
def test_any_lifecycle_has_a_machine(lifecycle: Lifecycle[Any], model: Any) -> None:
    """A machine over any table has each of its statuses as a state and each of its rows as a transition."""
    machine: Any = RunMachine(lifecycle, model=model)
    assert list(machine.states) == [status.value for status in lifecycle.statuses]
    transitions = machine.get_transitions()
    assert len(transitions) == len([row for row in lifecycle.transitions if row.source is not None])
    assert all(transition.row in lifecycle.transitions for transition in transitions)
    assert [t.row for t in transitions if (t.source, t.dest) != (t.row.source, t.row.target)] == []


def test_a_policy_switches_transitions() -> None:
    """A machine over a table under another policy has that policy's transitions, and its runs live by it."""
    machine = RunMachine(RUN.under(Policy(cancel_outside_in_progress=False)))
    run = machine.create(id="run_1", now=0)
    assert machine.get_transitions("cancel", source="queued") == []
    assert not run.may_cancel()
    assert run.lifecycle is machine.lifecycle
    with pytest.raises(MisuseError, match="make a machine over that one"):
        machine.kind.create(id="run_1", now=0, lifecycle=RUN)


def test_machines_do_not_share_callbacks() -> None:
    """Two machines over one model have a class each; callbacks of one do not run for the other's runs."""
    log, note = noted()
    loud, quiet = RunMachine(after_state_change=note), RunMachine()
    assert loud.kind is not quiet.kind
    quiet.create(id="run_1", now=0).start(now=1)
    assert log == []
    loud.create(id="run_1", now=0).start(now=1)
    assert log == ["called"]


# --------------------------------------------------------------------------- asking beforehand


def test_may_is_pure_and_runs_no_callbacks() -> None:
    """Asking changes nothing, not even what time has already decided, and calls nobody."""
    log, note = noted()
    run = RunMachine(prepare_event=note, finalize_event=note, on_exception=note).create(id="run_1", now=0)
    before = run.snapshot()
    assert run.may_start()
    assert run.may_start(now=599)
    assert not run.may_start(now=600)
    assert not run.may_complete(now=1)
    assert not run.may_trigger("expire", now=1000)
    assert (run.snapshot(), log) == (before, [])


def test_may_asks_the_guard_when_it_can() -> None:
    """With the arguments that the guard looks at, ``may`` asks it; without, it answers for the status."""
    run = RunMachine().create(id="run_1", now=0)
    assert not run.may_require_action(now=1)
    run.start(now=1)
    assert run.may_require_action()
    assert run.may_require_action(now=2, tool_calls=[ToolCall("call_1", "price")])
    assert not run.may_require_action(now=2, tool_calls=[])


def test_may_of_an_unknown_event_is_an_error() -> None:
    """A misspelt event is not simply one that may not happen."""
    run = RunMachine().create(id="run_1", now=0)
    with pytest.raises(UnknownEventError):
        run.may_trigger("strat")


def test_is_status_tells_the_status() -> None:
    """Of all ``is_<status>()`` exactly that of the current one says yes; ``state`` is the status."""
    run = RunMachine().create(id="run_1", now=0)
    run.start(now=1)
    assert [s.value for s in RUN.statuses if getattr(run, f"is_{s.value}")()] == ["in_progress"]
    assert run.state is run.status


# --------------------------------------------------------------------------- callbacks that come later


def _extend(callbacks: list[Any], note: Any) -> None:
    callbacks += [note]


LATER: dict[str, Callable[[RunMachine[Any], Any], object]] = {
    "on_enter_...": lambda machine, note: machine.on_enter_in_progress(note),
    "on_exit_...": lambda machine, note: machine.on_exit_queued(note),
    "before_...": lambda machine, note: machine.before_start(note),
    "after_...": lambda machine, note: machine.after_start(note),
    "prepare_...": lambda machine, note: machine.prepare_start(note),
    "State.add_callback": lambda machine, note: machine.get_state("in_progress").add_callback("enter", note),
    "Event.add_callback": lambda machine, note: machine.events["start"].add_callback("after", note),
    "a transition's list": lambda machine, note: machine.get_transitions("start")[0].before.append(note),
    "an assigned list": lambda machine, note: setattr(machine.get_state("queued"), "on_exit", [note]),
    "an assigned function": lambda machine, note: setattr(machine, "finalize_event", note),
    "append": lambda machine, note: machine.before_state_change.append(note),
    "extend": lambda machine, note: machine.prepare_event.extend([note]),
    "insert": lambda machine, note: machine.after_state_change.insert(0, note),
    "slice": lambda machine, note: machine.after_state_change.__setitem__(slice(0, 0), [note]),
    "+=": lambda machine, note: _extend(machine.after_state_change, note),
}


@pytest.mark.parametrize("way", LATER)
def test_a_callback_added_later_takes_effect(way: str) -> None:
    """However a callback is added, runs made before have it, and so has a trigger that was kept."""
    log, note = noted()
    machine = RunMachine()
    kept = machine.create(id="run_1", now=0).start
    LATER[way](machine, note)
    kept(now=1)
    assert log == ["called"]


@pytest.mark.parametrize("way", ["clear", "pop", "remove", "del", "assign"])
def test_a_callback_that_was_removed_is_gone(way: str) -> None:
    """Without callbacks the trigger goes straight to the engine again."""
    log, note = noted()
    machine = RunMachine(after_state_change=note)
    ways: dict[str, Callable[[], object]] = {
        "clear": machine.after_state_change.clear,
        "pop": machine.after_state_change.pop,
        "remove": lambda: machine.after_state_change.remove(note),
        "del": lambda: machine.after_state_change.__delitem__(0),
        "assign": lambda: setattr(machine, "after_state_change", None),
    }
    ways[way]()
    machine.create(id="run_1", now=0).start(now=1)
    assert log == []
    assert not any(machine.kind.loud.values())  # type: ignore[attr-defined]


def test_only_events_with_callbacks_take_the_longer_way() -> None:
    """A callback makes a course of exactly those events, in those statuses, to which it applies."""
    machine = RunMachine()
    machine.on_enter_completed(lambda **_: None)
    machine.on_final = lambda **_: None
    ends = {(row.event, row.source) for row in RUN.transitions if row.target in RUN.terminal}
    loud = {(event, status) for event, statuses in machine.kind.loud.items() for status in statuses}  # type: ignore[attr-defined]
    assert loud == ends


def test_an_event_of_the_machine_triggers_like_a_run() -> None:
    """``machine.events[...].trigger(run)``, which transitions' own code calls, goes the same way."""
    log, note = noted()
    machine = RunMachine(after_state_change=note)
    run = machine.create(id="run_1", now=0)
    machine.events["start"].trigger(run, now=1)
    assert run.is_in_progress()
    assert log == ["called"]
    assert machine.get_model_state(run).name == "in_progress"
    assert machine.is_state("in_progress", run)
    assert machine.get_triggers(run.status) == list(RUN.moves[run.status])
    assert machine.get_state(run.status) is machine.get_state("in_progress")


# --------------------------------------------------------------------------- what outlives the process


def test_restoring_and_replaying_run_no_callbacks() -> None:
    """History is not repeated: a restored run is the run that was, of the machine, and nothing was called."""
    log, note = noted()
    machine = RunMachine()
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    run.require_action(now=2, tool_calls=[ToolCall("call_1", "price")])
    machine.prepare_event = machine.finalize_event = machine.on_final = note
    restored, replayed = machine.restore(run.snapshot()), machine.replay(run.journal)
    assert log == []
    for twin in (restored, replayed, machine.kind.restore(run.snapshot()), run.copy()):
        assert type(twin) is machine.kind
        assert (twin.facts(), twin.journal) == (run.facts(), run.journal)
        twin.cancel(now=3)
        assert run.is_requires_action()
    assert len(log) == 2 * 4


def test_a_restored_run_that_was_due_expires_with_callbacks() -> None:
    """What fell due while nobody looked happens after the restore, with its callbacks."""
    log, note = noted()
    machine = RunMachine(on_final=note)
    restored = machine.restore(Run.create(id="run_1", now=0).snapshot())
    assert log == []
    restored.handle_timeout(now=10_000)
    assert log == ["called"]


def test_a_snapshot_of_another_policy_is_not_restored() -> None:
    """A machine does not take on a run that lives by rows it does not have; it says which machine would."""
    strict = RUN.under(Policy(cancel_may_lose=False))
    data = Run.create(id="run_1", now=0, lifecycle=strict).snapshot()
    with pytest.raises(MisuseError, match=r"cancel_may_lose=False.*make a machine over that one"):
        RunMachine().restore(data)
    assert RunMachine(strict).restore(data).is_queued()


def test_a_damaged_snapshot_is_refused() -> None:
    """A machine restores as a run does: what was edited is refused."""
    machine = RunMachine()
    data = machine.create(id="run_1", now=0).snapshot()
    with pytest.raises(HistoryError):
        machine.restore({**data, "status": "completed"})


# --------------------------------------------------------------------------- the class that is made


def _parameters(function: Any) -> dict[str, tuple[object, object]]:
    found = inspect.signature(function).parameters.values()
    return {
        parameter.name: (parameter.kind, parameter.default) for parameter in found if parameter.name != "self"
    }


@pytest.mark.parametrize(
    ("machine", "declared"),
    [(RunMachine(), RunTriggers), (AsyncRunMachine(), AsyncRunTriggers)],
    ids=["sync", "async"],
)
def test_the_declared_triggers_are_those_of_the_table(machine: Any, declared: type) -> None:
    """What type checkers are told of a run's triggers is what the machine makes of the table."""
    told = {name for name in dir(declared) if not name.startswith("_")}
    made = {name for name in dir(machine.kind) if not name.startswith("_") and not hasattr(Run, name)}
    assert told == made - {"machine", "loud", "make_trigger", "make_may"}
    for name in told - {"state"}:
        ours, theirs = getattr(declared, name), getattr(machine.kind, name)
        assert _parameters(ours) == _parameters(theirs), name
        assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs), name


def test_a_trigger_documents_itself() -> None:
    """A trigger bears its name, its rows and the arguments that the table gives its event."""
    run = RunMachine().create(id="run_1", now=0)
    assert run.complete.__name__ == "complete"
    assert run.complete.__doc__ == "in_progress -complete-> completed; cancelling -complete-> completed."
    assert str(inspect.signature(run.require_action)) == "(*, now, tool_calls, usage=None)"


def test_a_model_for_another_table_is_refused() -> None:
    """A lifecycle needs a class that has its facts; the error names them and the argument to give."""
    lifecycle: Any = RUN_STEP
    with pytest.raises(MisuseError, match="expired_at, which Run lacks; give the class it is for as model="):
        RunMachine(lifecycle)


@entity
class Colliding(Run):
    """A run with a fact that is called like a trigger, and one like transitions' attribute."""

    table: ClassVar[Any] = RUN
    id = Fact[str]()
    thread_id = Fact[str | None]()
    created_at = Fact[float]()
    started_at = Fact[float | None]()
    expires_at = Fact[float | None]()
    completed_at = Fact[float | None]()
    failed_at = Fact[float | None]()
    cancelled_at = Fact[float | None]()
    required_action = Fact[Any]()
    last_error = Fact[Any]()
    incomplete_details = Fact[Any]()
    usage = Fact[Any]()
    spent = Fact[Any]()
    max_prompt_tokens = Fact[int | None]()
    max_completion_tokens = Fact[int | None]()
    start = Fact[str]()
    state = Fact[str]()


def test_a_trigger_hides_no_attribute_of_the_model() -> None:
    """A model with an attribute called like a trigger is refused, where binding was skipped in silence."""
    with pytest.raises(MisuseError, match="hide attributes of Colliding: state, start"):
        RunMachine(RUN, model=Colliding)


# --------------------------------------------------------------------------- async


def test_an_async_run_is_awaited_all_over() -> None:
    """Triggers, ``may``, ``attempt`` and timeouts of an async run are awaited; its status is simply read."""

    async def scenario() -> list[str]:
        log: list[str] = []

        async def note(event: Any) -> None:
            await asyncio.sleep(0)
            log.append(event.event.name)

        machine = AsyncRunMachine(after_state_change=note, send_event=True)
        run = machine.create(id="run_1", now=0)
        assert await run.may_start()
        assert not await run.may_trigger("complete", now=1)
        await run.start(now=1)
        assert not (await run.attempt("start", now=2)).ok
        await run.trigger("cancel", now=3)
        assert run.is_cancelling()
        (record,) = await run.handle_timeout(now=600)
        assert record.event == "expire"
        restored = machine.restore(run.snapshot())
        assert restored.is_expired()
        return log

    assert asyncio.run(scenario()) == ["start", "cancel", "expire"]


def test_an_async_run_without_callbacks_decides_as_every_run_does() -> None:
    """Without callbacks an async trigger is the engine's decision, refusals and lateness included."""

    async def scenario() -> None:
        run = AsyncRunMachine().create(id="run_1", now=0)
        with pytest.raises(TimeError):
            await run.trigger("start", now="1")  # type: ignore[arg-type]
        await run.start(now=1)
        refusal = await run.attempt("complete", now=1000)
        assert not refusal.ok
        assert run.is_expired()

    asyncio.run(scenario())


def test_an_async_event_without_callbacks_lets_late_timers_have_theirs() -> None:
    """An async event takes due timer rows first, with their callbacks, also when it has none itself."""

    async def scenario() -> list[str]:
        log: list[str] = []

        async def note(event: Any) -> None:
            log.append(event.event.name)

        machine = AsyncRunMachine(send_event=True)
        machine.on_enter_expired(note)
        run = machine.create(id="run_1", now=0)
        await run.attempt("start", now=1000)
        return log

    assert asyncio.run(scenario()) == ["expire"]


def test_an_async_attempt_raises_what_a_callback_raises() -> None:
    """Only the refusal of the event itself is a value, in an async machine too."""

    async def scenario() -> None:
        machine = AsyncRunMachine(send_event=True)
        other = machine.create(id="run_2", now=0)

        async def meddle(_event: Any) -> None:
            await other.submit_tool_outputs(now=1, tool_outputs=[])

        machine.before_start(meddle)
        run = machine.create(id="run_1", now=0)
        with pytest.raises(MisuseError, match="submit_tool_outputs"):
            await run.attempt("start", now=1)

    asyncio.run(scenario())


@pytest.mark.slow
def test_the_sync_machine_does_not_import_asyncio() -> None:
    """Transitions' extensions, and asyncio with them, are imported only when they are asked for."""
    code = (
        "import sys, runlife.machine; print('asyncio' in sys.modules);"
        "runlife.machine.AsyncRunMachine; print('asyncio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_misspelt_name_of_the_module_is_an_attribute_error() -> None:
    """The module imports one name when it is asked for, and knows no others."""
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = module.Nonsense
