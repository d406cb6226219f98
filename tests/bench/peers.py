"""Other state-machine libraries, each set up with the lifecycle of a run, taken from the table.

Every peer gets the states and transitions of ``runlife.RUN``, and the guards where it has guards;
the guards answer yes and look at nothing. None of them does the rest of what the engine does (time,
expiry, arguments, journal). Only transitions, on which runlife stands, is measured twice: bare, with
no callback at all, and *doing the same work* as the engine in the callbacks it has for that.

A peer that is not installed is left out, and named as such.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Protocol

from floor import RefusedByHandError, illegal

from runlife import RUN, RequiredAction, RunStatus, ToolCall, ToolOutput, Transition, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INITIAL = RUN.creations[0].target
MOVES: tuple[Transition[RunStatus], ...] = tuple(row for row in RUN.transitions if row.source is not None)
CALLS = (ToolCall("call_1", "get_weather", '{"city": "Oslo"}'),)
OUTPUTS = (ToolOutput("call_1", "rainy"),)


class Peer(ABC):
    """A library that can run the lifecycle of a run."""

    name: str
    distribution: str
    silent = False
    """Whether it ignores an event that is not allowed, and says nothing."""
    error: type[Exception] = RefusedByHandError
    """What it raises otherwise."""

    @abstractmethod
    def spawn(self, count: int) -> Sequence[Any]:
        """Return so many new runs in the initial status, as one keeps them with this library."""

    @abstractmethod
    def sender(self, run: Any, event: str) -> Callable[[], object]:
        """Return what sends an event to a run: the shortest call the library has for it."""

    def version(self) -> str | None:
        """Return the version that is installed, if it is."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None


class Stock(Peer):
    """transitions: one machine, each run a model of it, no callback."""

    name = "transitions (bare)"
    distribution = "transitions"

    def __init__(self) -> None:
        from transitions import Machine, MachineError

        self.error = MachineError
        self.machine = Machine(
            model=None,
            states=list(RUN.statuses),
            transitions=[[row.event, row.source, row.target] for row in MOVES],
            initial=INITIAL,
            auto_transitions=False,
            **self.callbacks(),
        )

    def callbacks(self) -> dict[str, Any]:
        """Return the machine's callbacks."""
        return {}

    def model(self) -> Any:
        """Return what becomes a model."""
        return _Model()

    def spawn(self, count: int) -> Sequence[Any]:
        self.machine.remove_model(list(self.machine.models))
        models = [self.model() for _ in range(count)]
        self.machine.add_model(models)
        return models

    def sender(self, run: Any, event: str) -> Callable[[], object]:
        trigger: Callable[[], object] = getattr(run, event)
        return trigger


class _Model:
    pass


class StockWithCallbacks(Stock):
    """transitions: the same, with one callback before and one after each change of state."""

    name = "transitions (two callbacks)"

    def callbacks(self) -> dict[str, Any]:
        return dict.fromkeys(("before_state_change", "after_state_change"), nothing)


def nothing(**_arguments: object) -> None:
    """Do nothing, as a callback."""


class StockAtWork(Stock):
    """transitions: doing what the engine does. A guard is a condition, the rest is callbacks."""

    name = "transitions (same work)"

    def __init__(self) -> None:
        super().__init__()
        for event, rules in self.machine.events.items():
            for rule in (rule for rules_from in rules.transitions.values() for rule in rules_from):
                rule.add_callback("prepare", "check_time")
                if event == "submit_tool_outputs":
                    rule.add_callback("prepare", "check_outputs")
                    rule.conditions.append(rule.condition_cls("outputs_match_calls"))
                    rule.add_callback("after", "take_outputs")
                elif event == "require_action":
                    rule.add_callback("prepare", "check_calls")
                    rule.add_callback("after", "await_outputs")
                elif event == "start":
                    rule.add_callback("after", "stamp_start")

    def model(self) -> Any:
        return _WorkingModel()

    def sender(self, run: Any, event: str) -> Callable[[], object]:
        trigger = getattr(run, event)
        argument = {"require_action": CALLS, "submit_tool_outputs": OUTPUTS}.get(event)
        if argument is None:
            return lambda: trigger(1.0)
        return lambda: trigger(1.0, argument)


class _WorkingModel:
    """What of the engine's work a model of transitions does for the three events measured."""

    state: RunStatus

    def __init__(self) -> None:
        self.last = 0.0
        self.due = 600.0
        self.started_at: float | None = None
        self.required_action: RequiredAction | None = None
        self.spent = Usage()
        self.journal: list[tuple[float, str, object]] = [(0.0, "create", ())]

    def check_time(self, now: float, *_arguments: object) -> None:
        if not self.last <= now < self.due:
            raise illegal("it", self.state)

    def check_calls(self, _now: float, calls: tuple[ToolCall, ...]) -> None:
        for call in calls:
            if type(call) is not ToolCall:
                raise TypeError
        if len({call.id for call in calls}) != len(calls):
            raise ValueError

    def check_outputs(self, _now: float, outputs: tuple[ToolOutput, ...]) -> None:
        for output in outputs:
            if type(output) is not ToolOutput:
                raise TypeError

    def outputs_match_calls(self, _now: float, outputs: tuple[ToolOutput, ...]) -> bool:
        action = self.required_action
        return action is not None and {output.tool_call_id for output in outputs} == action.call_ids

    def stamp_start(self, now: float) -> None:
        self.started_at = self.last = now
        self.journal.append((now, "start", ()))

    def await_outputs(self, now: float, calls: tuple[ToolCall, ...]) -> None:
        self.required_action = RequiredAction(calls)
        self.last = now
        self.journal.append((now, "require_action", calls))

    def take_outputs(self, now: float, outputs: tuple[ToolOutput, ...]) -> None:
        self.required_action = None
        self.last = now
        self.journal.append((now, "submit_tool_outputs", outputs))


class PythonStatemachine(Peer):
    """python-statemachine: a machine for each run."""

    name = distribution = "python-statemachine"

    def __init__(self) -> None:
        from statemachine import State, StateMachine
        from statemachine.exceptions import TransitionNotAllowed

        self.error = TransitionNotAllowed
        states = {
            status: State(status.value, initial=status == INITIAL, final=status in RUN.terminal)
            for status in RUN.statuses
        }
        events: dict[str, Any] = {}
        for row in MOVES:
            way = states[row.source].to(states[row.target], cond="holds" if row.guard else None)
            events[row.event] = events[row.event] | way if row.event in events else way
        inside = {**{status.value: state for status, state in states.items()}, **events, "holds": _holds}
        self.kind = type(StateMachine)("RunOfStatemachine", (StateMachine,), inside)

    def spawn(self, count: int) -> Sequence[Any]:
        return [self.kind() for _ in range(count)]

    def sender(self, run: Any, event: str) -> Callable[[], object]:
        return lambda: run.send(event)


def _holds(*_arguments: object, **_named: object) -> bool:
    return True


class AutomatPeer(Peer):
    """Automat: a machine for each run, inputs as methods. It has no guards."""

    name = "Automat (no guards)"
    distribution = "Automat"

    def __init__(self) -> None:
        from automat import NoTransition, TypeMachineBuilder

        self.error = NoTransition
        inputs = type(Protocol)("Inputs", (Protocol,), {row.event: _input(row.event) for row in MOVES})
        builder = TypeMachineBuilder(inputs, _Model)
        # The state that is named first is the initial one.
        statuses = sorted(RUN.statuses, key=lambda status: status != INITIAL)
        states = {status: builder.state(status.value) for status in statuses}
        for row in MOVES:
            states[row.source].upon(getattr(inputs, row.event)).to(states[row.target]).returns(None)
        self.make = builder.build()

    def spawn(self, count: int) -> Sequence[Any]:
        return [self.make(_Model()) for _ in range(count)]

    def sender(self, run: Any, event: str) -> Callable[[], object]:
        send: Callable[[], object] = getattr(run, event)
        return send


def _input(event: str) -> Callable[[Any], None]:
    def declared(self: Any) -> None: ...

    declared.__name__ = event
    declared.__qualname__ = f"Inputs.{event}"
    return declared


class Sismic(Peer):
    """sismic: an interpreter for each run, all of one statechart; a guard is an expression."""

    name = distribution = "sismic"
    silent = True

    def __init__(self) -> None:
        from sismic import interpreter, model

        self.interpreter = interpreter.Interpreter
        self.chart = model.Statechart("run")
        self.chart.add_state(model.CompoundState("all", initial=INITIAL.value), None)
        for status in RUN.statuses:
            kind = model.FinalState if status in RUN.terminal else model.BasicState
            self.chart.add_state(kind(status.value), "all")
        for row in MOVES:
            guard = "True" if row.guard else None
            way = model.Transition(row.source.value, row.target.value, event=row.event, guard=guard)
            self.chart.add_transition(way)

    def spawn(self, count: int) -> Sequence[Any]:
        runs = [self.interpreter(self.chart) for _ in range(count)]
        for run in runs:
            run.execute_once()
        return runs

    def sender(self, run: Any, event: str) -> Callable[[], object]:
        return lambda: run.queue(event).execute_once()


class Xstate(Peer):
    """xstate-statemachine: a synchronous interpreter for each run, all of one machine."""

    name = distribution = "xstate-statemachine"
    silent = True

    def __init__(self) -> None:
        from xstate_statemachine import MachineLogic, SyncInterpreter, create_machine

        states: dict[str, Any] = {
            status.value: {"type": "final"} if status in RUN.terminal else {"on": {}}
            for status in RUN.statuses
        }
        for row in MOVES:
            guard = {"guard": "holds"} if row.guard else {}
            states[row.source]["on"][row.event] = {"target": row.target.value, **guard}
        config = {"id": "run", "initial": INITIAL.value, "states": states}
        self.interpreter = SyncInterpreter
        self.machine = create_machine(config, logic=MachineLogic(guards={"holds": _holds}))

    def spawn(self, count: int) -> Sequence[Any]:
        return [self.interpreter(self.machine).start() for _ in range(count)]

    def sender(self, run: Any, event: str) -> Callable[[], object]:
        return lambda: run.send(event)


OPTIONAL: tuple[type[Peer], ...] = (AutomatPeer, Xstate, Sismic, PythonStatemachine)


def installed() -> tuple[list[Peer], list[str]]:
    """Return the optional peers that are installed, and the names of those that are not."""
    present: list[Peer] = []
    absent: list[str] = []
    for kind in OPTIONAL:
        try:
            version(kind.distribution)
        except PackageNotFoundError:
            absent.append(kind.distribution)
        else:
            present.append(kind())
    return present, absent
