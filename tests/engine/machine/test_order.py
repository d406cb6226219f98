"""Callbacks run in the order of a stock ``transitions`` machine built from the same rows.

Each scenario is played twice, on ours and on a stock one, and what was recorded is compared. The
guards record too: here they are the table's own, wrapped.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve
from transitions import Machine, MachineError
from transitions.extensions.asyncio import AsyncMachine

from runlife import RUN, Cause, Guard, LastError, Lifecycle
from runlife.machine import AsyncRunMachine, RunEventData, RunMachine
from runlife.run import Run

GENERAL = (
    "prepare_event",
    "before_state_change",
    "after_state_change",
    "finalize_event",
    "on_exception",
    "on_final",
)

ROUND = ("start", "require_action", "submit_tool_outputs", "start", "complete")
SCENARIOS: dict[str, tuple[str, ...]] = {
    "a round of tools": ROUND,
    "cancelled": ("start", "cancel", "confirm_cancel"),
    "failed before the start": ("fail",),
    "cut short while cancelling": ("cancel", "cut_short"),
    "no such row": ("complete", "start", "start"),
    "after the end": ("fail", "start"),
}

Payload = Callable[[Lifecycle[Any], str], dict[str, Any]]


class Log(list[str]):
    """What ran, in order; the callback called ``fails`` raises."""

    fails: str | None = None

    def callback(self, name: str) -> Callable[..., None]:
        def callback(*_args: Any, **_kwargs: Any) -> None:
            self.append(name)
            if name == self.fails:
                raise ZeroDivisionError(name)

        return callback

    def coroutine(self, name: str) -> Callable[..., Any]:
        callback = self.callback(name)

        async def coroutine(*_args: Any, **_kwargs: Any) -> None:
            await asyncio.sleep(0)
            callback()

        return coroutine


def recording(log: Log) -> Lifecycle[Any]:
    """The lifecycle of a run whose guards record that they are asked."""

    def wrapped(guard: Guard) -> Guard:
        def check(run: Any, payload: Any) -> bool:
            log.append(f"guard {guard.name}")
            return guard.check(run, payload)

        return Guard(guard.name, guard.says, check)

    wrap = {row.event: row.guard and wrapped(row.guard) for row in RUN.rows if row.cause is not Cause.TIMER}
    rows = [evolve(row, guard=wrap[row.event]) if row.event in wrap else row for row in RUN.rows]
    return evolve(RUN, rows=rows)


def stock(log: Log, lifecycle: Lifecycle[Any], kind: Any = Machine, *, conditions: bool = True) -> Any:
    """A stock machine over the same rows, and its model."""
    model = SimpleNamespace()

    def condition(guard: Guard) -> Callable[..., bool]:
        def holds(*_args: Any, **_kwargs: Any) -> bool:
            log.append(f"guard {guard.name}")
            return conditions

        return holds

    machine = kind(
        model,
        states=[
            {"name": status.value, "final": status in lifecycle.terminal} for status in lifecycle.statuses
        ],
        transitions=[
            {
                "trigger": row.event,
                "source": row.source.value,
                "dest": row.target.value,
                "conditions": condition(row.guard) if row.guard else None,
            }
            for row in lifecycle.transitions
            if row.source is not None
        ],
        initial=lifecycle.creations[0].target.value,
        auto_transitions=False,
    )
    return machine, model


def hook_up(machine: Any, lifecycle: Lifecycle[Any], make: Callable[[str], Any]) -> None:
    """Hang a callback on every place there is, and two on some."""
    for place in GENERAL:
        setattr(machine, place, [make(place), make(f"{place} again")])
    for event in dict.fromkeys(row.event for row in lifecycle.transitions if row.source is not None):
        for place in ("prepare", "before", "after"):
            getattr(machine, f"{place}_{event}")(make(f"{place}_{event}"))
    for status in lifecycle.statuses:
        for place in ("on_enter", "on_exit"):
            getattr(machine, f"{place}_{status.value}")(make(f"{place}_{status.value}"))


def play(run: Any, log: Log, events: tuple[str, ...], arguments: Callable[[str], dict[str, Any]]) -> Log:
    """Trigger the events one after the other, each a second later, refused or not."""
    for now, event in enumerate(events, start=1):
        log.append(f"-- {event}")
        with suppress(MachineError, ZeroDivisionError):
            getattr(run, event)(now=now, **arguments(event))
    return log


async def play_async(
    run: Any, log: Log, events: tuple[str, ...], arguments: Callable[[str], dict[str, Any]]
) -> Log:
    """The same, awaited."""
    for now, event in enumerate(events, start=1):
        log.append(f"-- {event}")
        with suppress(MachineError, ZeroDivisionError):
            await getattr(run, event)(now=now, **arguments(event))
    return log


@pytest.mark.parametrize("name", SCENARIOS)
def test_callbacks_run_in_the_order_of_transitions(name: str, payload: Payload) -> None:
    """Every place is called as often and in the same order as on a stock machine, refused events too."""
    ours, theirs = Log(), Log()
    lifecycle = recording(ours)
    machine = RunMachine(lifecycle, model=Run)
    hook_up(machine, lifecycle, ours.callback)
    run = machine.create(id="run_1", now=0)
    ours.clear()
    play(run, ours, SCENARIOS[name], lambda event: payload(RUN, event))
    stock_machine, model = stock(theirs, RUN)
    hook_up(stock_machine, RUN, theirs.callback)
    play(model, theirs, SCENARIOS[name], lambda event: payload(RUN, event))
    assert ours == theirs
    assert run.state == model.state


FAILING = [
    *GENERAL,
    *("prepare_complete", "before_complete", "on_exit_in_progress", "on_enter_completed", "after_complete"),
]


@pytest.mark.parametrize("place", [place for place in FAILING if place != "finalize_event"])
def test_a_callback_that_raises_stops_the_course_where_it_stops_in_transitions(
    place: str, payload: Payload
) -> None:
    """After an error only ``on_exception`` and ``finalize_event`` run, as on a stock machine."""
    ours, theirs = Log(), Log()
    machine = RunMachine()
    hook_up(machine, RUN, ours.callback)
    run = machine.create(id="run_1", now=0)
    stock_machine, model = stock(theirs, RUN)
    hook_up(stock_machine, RUN, theirs.callback)
    for log, subject in ((ours, run), (theirs, model)):
        play(subject, log, ("start",), lambda event: payload(RUN, event))
        log.fails = place
        play(subject, log, ("complete",), lambda event: payload(RUN, event))
    if place == "on_exception":  # nothing raised before it, so that it is not called at all
        assert place not in ours
    assert ours == theirs
    assert run.state == model.state


def test_a_guard_that_says_no_ends_the_course_where_it_ends_in_transitions() -> None:
    """A refusal by the guard differs from a stock machine in one point: it counts as an exception."""
    ours, theirs = Log(), Log()
    lifecycle = recording(ours)
    machine = RunMachine(lifecycle, model=Run)
    hook_up(machine, lifecycle, ours.callback)
    run = machine.create(id="run_1", now=0)
    stock_machine, model = stock(theirs, RUN, conditions=False)
    hook_up(stock_machine, RUN, theirs.callback)
    for log, subject in ((ours, run), (theirs, model)):
        play(subject, log, ("start",), lambda _event: {})
        log.clear()
        play(subject, log, ("require_action",), lambda _event: {"tool_calls": []})
    assert [entry for entry in ours if not entry.startswith("on_exception")] == theirs
    assert ours.index("guard calls_a_function") < ours.index("on_exception") < ours.index("finalize_event")


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("kind", ["functions", "coroutines"])
def test_async_callbacks_run_in_the_same_order(name: str, kind: str, payload: Payload) -> None:
    """An async machine has the order of the sync one and of a stock async one."""

    async def scenario() -> tuple[Log, Log, Log]:
        ours, theirs, sync = Log(), Log(), Log()
        machine = AsyncRunMachine()
        hook_up(machine, RUN, ours.callback if kind == "functions" else ours.coroutine)
        run = machine.create(id="run_1", now=0)
        await play_async(run, ours, SCENARIOS[name], lambda event: payload(RUN, event))
        stock_machine, model = stock(theirs, RUN, AsyncMachine)
        hook_up(stock_machine, RUN, theirs.callback)  # its coroutines of one list run side by side
        await play_async(model, theirs, SCENARIOS[name], lambda event: payload(RUN, event))
        sync_machine = RunMachine()
        hook_up(sync_machine, RUN, sync.callback)
        play(sync_machine.create(id="run_1", now=0), sync, SCENARIOS[name], lambda e: payload(RUN, e))
        return ours, theirs, sync

    ours, theirs, sync = asyncio.run(scenario())
    assert ours == sync
    assert ours == [entry for entry in theirs if not entry.startswith("guard")]


def test_callbacks_get_the_arguments_of_the_trigger() -> None:
    """Without ``send_event`` a callback is called with the trigger's keyword arguments, time among them."""
    seen: list[dict[str, Any]] = []
    machine = RunMachine(after_state_change=lambda **kwargs: seen.append(kwargs))
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    run.cut_short(now=2, reason="max_prompt_tokens")
    assert seen == [{"now": 1}, {"now": 2, "reason": "max_prompt_tokens"}]


def test_an_argument_that_can_be_read_once_reaches_engine_and_callbacks(payload: Payload) -> None:
    """Of an iterator, callbacks get what the engine made of it, where it used to be empty for one of them."""
    seen: list[Any] = []
    machine = RunMachine(before_state_change=lambda now, tool_calls=(), **_: seen.append(tool_calls))
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    calls = payload(RUN, "require_action")["tool_calls"]
    run.require_action(now=2, tool_calls=iter(calls))
    assert seen == [(), tuple(calls)]
    assert run.required_action is not None
    assert run.required_action.tool_calls == tuple(calls)


def test_send_event_gives_the_event_in_both_vocabularies() -> None:
    """With ``send_event`` a callback gets transitions' event data, and the engine's row in it."""
    seen: list[Any] = []

    def look(event: RunEventData) -> None:
        assert event.transition is not None
        seen.append((event.event.name, event.state.name, event.transition.dest, event.row, event.kwargs))

    machine = RunMachine(send_event=True, before_state_change=look, after_state_change=look)
    run = machine.create(id="run_1", now=0)
    row = run.start(now=1)
    assert seen == [
        ("start", "queued", "in_progress", None, {"now": 1}),
        ("start", "in_progress", "in_progress", row, {"now": 1}),
    ]
    assert machine.get_transitions("start")[0].row is row  # type: ignore[attr-defined]


def test_the_result_tells_the_end_whether_all_went_well() -> None:
    """``finalize_event`` learns from the event's data whether the event went through, and what stopped it."""
    seen: list[Any] = []
    machine = RunMachine(send_event=True)
    machine.finalize_event = lambda event: seen.append((event.result, event.error, event.refused))
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    refusal: Any = run.attempt("start", now=2)
    assert seen[0] == (True, None, None)
    result, error, refused = seen[1]
    assert (result, error) == (False, refused)
    assert refused.refusal == refusal


IMPORTED: list[float] = []


def remember(now: float, **_payload: object) -> None:
    """A function that is found by its dotted path."""
    IMPORTED.append(now)


class Listening(Run):
    """A run with methods that are callbacks by their names."""

    __slots__ = ()
    heard: list[str] = []  # noqa: RUF012  # a run is slotted; the test empties it

    def hear(self, now: float) -> None:
        self.heard.append(f"{self.id} at {now}")

    def on_enter_in_progress(self, now: float) -> None:
        self.heard.append(f"{self.id} in progress at {now}")


def test_a_string_names_a_method_of_the_run() -> None:
    """A callback given by name is looked up on the run, and ``on_enter_<status>`` methods need no naming."""
    Listening.heard.clear()
    machine = RunMachine(RUN, model=Listening, after_state_change="hear")
    machine.create(id="run_1", now=0).start(now=1)
    assert Listening.heard == ["run_1 in progress at 1", "run_1 at 1"]


def test_a_string_names_an_importable_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """A callback given by a dotted path is imported, as transitions does."""
    IMPORTED.clear()
    monkeypatch.setitem(sys.modules, "callbacks_of_a_test", SimpleNamespace(remember=remember))  # type: ignore[arg-type]
    machine = RunMachine(on_final="callbacks_of_a_test.remember")
    machine.create(id="run_1", now=0).fail(now=1, last_error=LastError("server_error", "boom"))
    assert IMPORTED == [1]


def test_of_two_rows_the_first_whose_guard_holds_has_its_callbacks_run(job: Any) -> None:
    """Each row is prepared and asked in its turn; only the one that is taken has the rest."""
    log = Log()
    machine = RunMachine(job.table, model=job)
    machine.prepare_finish(log.callback("prepare"))
    machine.before_finish(log.callback("before"))
    machine.on_enter_lost(log.callback("lost"))
    machine.on_enter_done(log.callback("done"))
    machine.create(now=0).apply("finish", now=1, size=5)
    assert log == ["prepare", "before", "done"]
    log.clear()
    machine.create(now=0).apply("finish", now=1, size=50)
    assert log == ["prepare", "prepare", "before", "lost"]
