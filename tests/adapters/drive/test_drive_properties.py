"""The driver against the fake on virtual time, whatever the server does and whatever the network loses."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from attrs import define, field, frozen
from hypothesis import given, note, settings
from hypothesis import strategies as st

from runlife import RUN, Cause, RunStatus, TraceError, VirtualClock
from runlife.trace import TraceChecker
from runlife_adapters.backend import RejectedError, UnavailableError
from runlife_adapters.drive import (
    Abandoned,
    Answered,
    Cancelled,
    Driver,
    LogEntry,
    Observed,
    Sent,
)
from runlife_adapters.memory import NEVER, After, Schedule, World
from runlife_adapters.memory.backend import MemoryBackend

BORN = 1_700_000_000.25
MOST_CALLS = 500
"""More calls than this for one run would be a loop without end."""


@frozen
class Lost:
    """What becomes of one call: ``late`` is after how many further calls it arrives; None is never."""

    late: int | None = None
    retry_after: float | None = None


Fates = dict[tuple[str, int], Lost]
"""By operation, and by how many calls of it came before."""


@define
class LossyBackend:
    """A backend between whom and the World requests and answers are lost, or arrive late."""

    world: World
    fates: Fates
    outage: tuple[float, float] = (0.0, 0.0)
    calls: Counter[str] = field(factory=Counter[str])
    _late: list[tuple[int, Callable[[], object]]] = field(factory=list[tuple[int, Callable[[], object]]])

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(MemoryBackend(self.world), name)

        def lossy(*args: Any, **kwargs: Any) -> Any:
            number, nth = self.calls.total(), self.calls[name]
            self.calls[name] += 1
            assert number < MOST_CALLS, "the driver does not end"
            for due, late in self._late:
                if due == number:
                    _unheard(late)
            start, end = self.outage
            out = BORN + start <= self.world.clock.now() < BORN + end
            fate = Lost() if out else self.fates.get((name, nth))
            if fate is None:
                return call(*args, **kwargs)
            if fate.late == 0:
                _unheard(lambda: call(*args, **kwargs))
            elif fate.late is not None:
                # A creation that arrives after we looked for it, and whose run is over before the next one
                # arrives, is beyond what any client can know: there are then two runs, one after the other.
                late = 1 if name == "create_run" else fate.late
                self._late.append((number + late, lambda: call(*args, **kwargs)))
            raise UnavailableError("lost", retry_after=fate.retry_after)

        return lossy


def _unheard(call: Callable[[], object]) -> None:
    with suppress(RejectedError):  # nobody hears the answer
        call()


@define
class Scene:
    """One run with everything that may go wrong around it."""

    schedule: Schedule
    fates: Fates
    outage: tuple[float, float]
    options: dict[str, Any]
    cancel_after: float | None


DELAYS = st.sampled_from([0.0, 0.5, 1.0, 3.0, 20.0, 299.0, 600.0, NEVER])
ROUNDS = [
    [],
    [After(1, "requires_action", tools=2)],
    [After(3, "requires_action", tools=1), After(1, "requires_action", tools=2)],
]
OPERATIONS = [name for name in vars(MemoryBackend) if not name.startswith("_")]


@st.composite
def moves(draw: st.DrawFn) -> tuple[RunStatus, After]:
    """Draw one move of the server that the table has, and the status it leads from."""
    status = draw(st.sampled_from(RUN.live))
    rows = [r for r in RUN.transitions if r.source is status and r.cause is Cause.SERVER]
    delay = draw(DELAYS)
    if not rows or delay == NEVER:
        return status, After(NEVER)
    return status, After(delay, draw(st.sampled_from([None, *dict.fromkeys(row.target for row in rows)])))


def losses() -> st.SearchStrategy[tuple[tuple[str, int], Lost]]:
    """Draw which call is lost, and how."""
    waits = st.sampled_from([None, None, 2.0, 400.0])
    lost = st.builds(Lost, late=st.sampled_from([None, 0, 1, 2]), retry_after=waits)
    return st.tuples(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 2)), lost)


@st.composite
def scenes(draw: st.DrawFn, *, lossy: bool) -> Scene:
    """Draw a run of up to two rounds of calls, and a few deviations from all going well."""
    lists: dict[str, list[After]] = {status.value: [] for status in RUN.live}
    lists["in_progress"] = [*draw(st.sampled_from(ROUNDS))]
    for status, after in draw(st.lists(moves(), max_size=2)):
        lists[status.value].insert(draw(st.integers(0, 2)), after)
    options: dict[str, Any] = {
        "on_deadline": draw(st.sampled_from(["cancel", "leave"])),
        "grace": draw(st.sampled_from([5.0, 30.0, 700.0])),
    }
    stop = draw(st.sampled_from(["nothing", "nothing", "the caller", "the deadline"]))
    moment = draw(st.sampled_from([0.0, 0.75, 1.0, 2.0, 4.0, 5.0, 10.0, 30.0, 590.0, 700.0]))
    if stop == "the deadline":
        options["deadline"] = moment
    outage = (0.0, 0.0)
    if lossy and draw(st.integers(0, 3)) == 0:
        start = draw(st.sampled_from([0.0, 0.5, 1.0, 3.0, 4.0, 20.0]))
        outage = (start, start + draw(st.sampled_from([1.0, 5.0, 50.0, 100.0])))
    return Scene(
        schedule=Schedule(**lists),
        fates=dict(draw(st.lists(losses(), min_size=1, max_size=4))) if lossy else {},
        outage=outage,
        options=options,
        cancel_after=moment if stop == "the caller" else None,
    )


@define
class Played:
    """What came of a scene."""

    scene: Scene
    world: World
    outcome: Any
    thread_id: str
    invocations: int


def play(scene: Scene) -> Played:
    """Drive one run through a scene."""
    world = World(VirtualClock(BORN), schedule=scene.schedule)
    assistant = world.create_assistant(
        model="gpt-4o", tools=[{"type": "function", "function": {"name": "count"}}]
    )
    thread = world.create_thread(messages=[{"role": "user", "content": "count"}])
    outputs: list[str] = []

    def tool() -> str:
        outputs.append(f"output {len(outputs)}")
        return outputs[-1]

    def sleep(seconds: float) -> None:
        end = world.clock.now() + seconds
        moment = scene.cancel_after
        if moment is not None and world.clock.now() < BORN + moment <= end:
            world.advance(BORN + moment - world.clock.now())
            driver.cancel()
        else:
            world.advance(seconds)

    driver = Driver(
        LossyBackend(world, scene.fates, scene.outage),
        thread.id,
        assistant.id,
        tools={"count": tool},
        new_key=lambda: "the key",
        clock=world.clock,
        sleep=sleep,
        **scene.options,
    )
    if scene.cancel_after == 0:
        driver.cancel()
    outcome = driver.run()
    return Played(scene, world, outcome, thread.id, len(outputs))


def check_log(log: tuple[LogEntry, ...]) -> None:
    """Feed a log to the trace checker."""
    checker, tickets = TraceChecker(RUN), dict[str, int]()
    for entry in log:
        match entry:
            case Sent(at, event) if event in {row.event for row in RUN.creations}:
                del at
            case Sent(at, event):
                tickets[event] = checker.sent(event, at)
            case Answered(at, event, accepted) if event in tickets:
                checker.answered(tickets.pop(event), at, accepted=accepted)
            case Observed(at, view):
                checker.observed(
                    view.status, at, {n: getattr(view, n) for n in RUN.facts if hasattr(view, n)}
                )
            case _:
                pass


def check(played: Played) -> None:
    """Hold what came of a scene to what the driver promises."""
    world, outcome = played.world, played.outcome
    note(f"{played.scene}\n{outcome}\n" + "\n".join(map(str, outcome.log)))
    runs = world.list_runs(played.thread_id).data
    assert len(runs) <= 1, "created twice"
    if not isinstance(outcome, Abandoned):
        assert [run.id for run in runs] == [outcome.view.id]
        assert world.run(outcome.view.id).status == outcome.view.status == outcome.status
    for run in runs:
        journal = world.journal(run.id)
        asked = [call.id for r in journal for call in r.payload.get("tool_calls", ())]
        submitted = [o for r in journal for o in r.payload.get("tool_outputs", ())]
        assert played.invocations <= len(asked), "a tool ran twice for one call"
        assert len({o.tool_call_id for o in submitted}) == len(submitted), "submitted twice"
        assert len({o.output for o in submitted}) == len(submitted), "an output went to two calls"
    try:
        check_log(outcome.log)
    except TraceError as error:
        pytest.fail(f"the log is no lawful history: {error}")


@pytest.mark.slow
@settings(max_examples=max(200, settings.default.max_examples))
@given(scene=scenes(lossy=True))
def test_whatever_is_lost_the_driver_ends_and_tells_the_truth(scene: Scene) -> None:
    """Whatever the server does and the network loses, nothing is lost, doubled or misreported."""
    check(play(scene))


@pytest.mark.slow
@given(scene=scenes(lossy=False))
def test_on_a_sound_network_only_the_callers_own_limits_abandon_a_run(scene: Scene) -> None:
    """With no call lost, a run is left only because its caller left it, or cancelled it and lost patience."""
    played = play(scene)
    check(played)
    stops = "deadline" in scene.options or scene.cancel_after is not None
    if isinstance(played.outcome, Abandoned):
        assert stops, played.outcome.why
        assert played.outcome.why.startswith(("the deadline", "the caller"))
    if not stops:
        assert not isinstance(played.outcome, Cancelled), "nobody asked for that"
