"""A state machine for Hypothesis, that walks a fake in lockstep with the engine.

For those who extend the fake: a World of their own, a model, a backend in front of it. Hypothesis makes
the steps; each is done by the World, and what the World says it did is done by a run of the engine as
well. Then both must show the same: the transition that was asked for and no other, at its moment, and
every field of the run. :class:`RunStateMachine` is complete as it stands::

    class MyWorldWalks(RunStateMachine):
        def make_world(self):
            return MyWorld(VirtualClock(START), progression="manual")

    TestMyWorld = MyWorldWalks.TestCase
    TestMyWorld.settings = settings(max_examples=20, stateful_step_count=100)

Rules and invariants of one's own are added as to any such machine. They work on ``self.world`` and
``self.backend``; whatever transitions they cause are followed by the engine's runs by themselves::

        @rule(text=st.text(min_size=1))
        @precondition(lambda self: self.run is None or self.run.is_terminal)
        def say(self, text):
            self.world.create_message(self.thread_id, role="user", content=text)

        @invariant()
        def the_thread_is_never_empty(self):
            assert self.world.list_messages(self.thread_id).data

Uniformly random steps hardly ever get far: the terminal statuses swallow them. So two rules are guided
(:class:`runlife.paths.Guide`): they go by the shortest way to where a call must be refused, or to a pair of
transitions that was not taken yet: by this example, for were it to know of others, none could be shrunk. What
is taken is told to Hypothesis as events, which
``--hypothesis-show-statistics`` prints, and to :attr:`RunStateMachine.coverage`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from hypothesis import currently_in_test_context, event, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runlife import Cause, Run, ToolOutput, VirtualClock
from runlife.paths import Guide, requirements
from runlife_adapters.conformance.generated.checks import BAD_REQUEST, STRANGER
from runlife_adapters.conformance.harness import FUNCTION, ConformanceError
from runlife_adapters.conformance.scene import SAID, SEEN, expect, rejected
from runlife_adapters.memory import After, MemoryBackend, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runlife import Record, RunStatus, Transition
    from runlife_adapters.backend import Backend, RunView
    from runlife_adapters.memory.events import Happened
    from runlife_adapters.testing.coverage import LifecycleCoverage

__all__ = ["START", "RunStateMachine"]

START = 1_700_000_000
"""When a machine's World begins, in unix seconds. Steps take whole seconds, as the wire has them."""

PICKS = st.integers(0, 31)
"""Which of several: a number, so that a failing example can be run as it is printed."""

CALLS = st.integers(1, 3)
"""How many functions the model calls at once."""


class RunStateMachine(RuleBasedStateMachine):
    """Runs on one thread, one after the other: a World against the engine."""

    coverage: ClassVar[LifecycleCoverage | None] = None
    """Is told what every example takes; none by default."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self.make_world()
        """What is tested. Its server is moved by hand."""
        self.backend = self.make_backend(self.world)
        """What is called."""
        self.lifecycle = self.world.lifecycle
        tools = [{"type": "function", "function": {"name": FUNCTION}}]
        self.assistant_id = self.world.create_assistant(model="gpt-4o", tools=tools).id
        self.thread_id = self.world.create_thread(messages=[{"role": "user", "content": SAID}]).id
        self.run: Run | None = None
        """The engine's run beside the latest on the thread; it may have ended."""
        self._pairs = requirements(self.lifecycle, "edge-pair")
        self.guide: Guide[RunStatus] = Guide(self.lifecycle, self._pairs)
        self._refusals = self._all_refusals()
        self._runs: dict[str, Run] = {}
        self._heard: list[Happened] = []
        self.world.listen(self._heard.append)
        if self.coverage is not None:
            self.coverage.watch(self.world)

    # What one may have otherwise

    def make_world(self) -> World:
        """Return the World to test: on a virtual clock from :data:`START`, moved by hand."""
        return World(VirtualClock(START), progression="manual")

    def make_backend(self, world: World) -> Backend:
        """Return what is to be called; it must lead to this World."""
        return MemoryBackend(world)

    # Steps

    @precondition(lambda self: self.guide.wanted)
    @rule(pick=PICKS, calls=CALLS)
    def explore(self, pick: int, calls: int) -> None:
        """Go by the shortest way to a pair of transitions that was not taken yet."""
        wanted = self.guide.wanted
        # Counted among all pairs, so that a pick means the same whatever came before it.
        start = pick % len(self._pairs)
        goal = next(pair for pair in (*self._pairs[start:], *self._pairs) if pair in wanted)
        self._go(self.guide.way(goal), calls)

    @rule(pick=PICKS, calls=CALLS)
    def wander(self, pick: int, calls: int) -> None:
        """Take any row from where the run is."""
        rows = [row for rows in self.lifecycle.moves[self.guide.status].values() for row in rows]
        self.take(rows[pick % len(rows)], calls)

    @rule(pick=PICKS)
    def break_the_rules(self, pick: int) -> None:
        """Make a call where it is illegal, or with what does not fit: it is refused, and nothing happens."""
        name = list(self._refusals)[pick % len(self._refusals)]
        status, call = self._refusals[name]
        if self.run is None or self.run.status is not status:
            ways = [self.guide.way((row,)) for row in self.lifecycle.transitions if row.target is status]
            shortest = min(ways, key=len)
            self._go(shortest, 1)
        _say(f"refused: {name}")
        rejected(BAD_REQUEST, call)
        expect(that=not self._heard, otherwise=f"a refused {name} did something: {self._heard}")

    @rule(seconds=st.sampled_from([1, 60, 599]))
    def wait(self, seconds: int) -> None:
        """Let time pass; what is due by then expires."""
        self.world.advance(seconds)

    # What must hold

    @invariant()
    def lockstep(self) -> None:
        """Have the engine do what the World has done, and compare what they show."""
        self.follow()
        for run in self._runs.values():
            deadline = run.next_deadline()
            alive = deadline is None or self.world.now() < deadline
            expect(that=alive, otherwise=f"{run.id} was due at {deadline}, and is still {run.status}")
        if self.run is not None:
            self._compare(self.backend.retrieve_run(self.thread_id, self.run.id), self.run)
            told, done = self.world.journal(self.run.id), self.run.journal
            if told != done:
                msg = f"the World's journal: {told}; the engine's: {done}"
                raise ConformanceError(msg)

    # For rules of one's own

    def take(self, row: Transition[RunStatus], calls: int = 1) -> None:
        """Make a transition happen, and hold the World to it.

        :param row: one from the status where the run is; a creation, when there is no run or it has ended.
        :param calls: how many functions the model calls, where it calls any.
        """
        _say(f"take: {row}")
        asks = any(argument.name == "tool_calls" for argument in self.lifecycle.arguments.get(row.event, ()))
        if row.cause is Cause.CLIENT:
            self._client_calls()[row.event]()
        elif row.cause is Cause.SERVER:
            self.world.apply(self._id, After(0, row.target, tools=calls if asks else None))
        elif self.run is not None:
            self.world.advance((self.run.next_deadline() or 0) - self.world.now())
        taken = [happened.record.transition for happened in self._heard if happened.run_id == self._id]
        if taken != [row]:
            msg = f"expected {row}; the World took {', '.join(map(str, taken)) or 'nothing'}"
            raise ConformanceError(msg)
        self.follow()

    def follow(self) -> None:
        """Have the engine's runs do what the World has done since; a rule need not call it.

        :raises RefusedError: when the engine would not have done it.
        """
        heard, self._heard[:] = tuple(self._heard), []
        for happened in heard:
            record, id = happened.record, happened.run_id
            run = self._runs.get(id)
            if run is None:
                run = self._runs[id] = self._created(record)
            elif record.cause is Cause.TIMER:
                run.handle_timeout(record.at)
            else:
                run.apply(record.event, now=record.at, **record.payload)
            if (done := run.journal[-1]) != record:
                msg = f"the World: {record}; the engine: {done}"
                raise ConformanceError(msg)
            if happened.thread_id == self.thread_id:
                self.run = run
                self.guide.take(record.transition)
                self._tell(run)

    # Inside

    @property
    def _id(self) -> str:
        if self._heard and self._heard[-1].thread_id == self.thread_id:
            return self._heard[-1].run_id
        return self.run.id if self.run is not None else ""

    def _created(self, record: Record) -> Run:
        return Run.create(now=record.at, event=record.event, lifecycle=self.lifecycle, **record.payload)

    def _tell(self, run: Run) -> None:
        """Tell Hypothesis what was taken last."""
        if currently_in_test_context():
            rows = [record.transition for record in run.journal[-2:]]
            event(f"edge {rows[-1]}")
            for pair in pairwise(rows):
                event(f"pair {', '.join(map(str, pair))}")

    def _outputs(self) -> list[ToolOutput]:
        action = self.run.required_action if self.run is not None else None
        return [ToolOutput(call.id, "found") for call in action.tool_calls] if action else []

    def _submit(self, outputs: list[ToolOutput]) -> object:
        return self.backend.submit_tool_outputs(self.thread_id, self._id, outputs)

    def _client_calls(self) -> dict[str, Callable[[], object]]:
        """Return the calls of a client, by the event that each asks for."""
        return {
            "create": lambda: self.backend.create_run(self.thread_id, self.assistant_id),
            "cancel": lambda: self.backend.cancel_run(self.thread_id, self._id),
            "submit_tool_outputs": lambda: self._submit(self._outputs() or [STRANGER]),
        }

    def _all_refusals(self) -> dict[str, tuple[RunStatus, Callable[[], object]]]:
        """Return what is to be refused, by name, each with where and how: what one example has to try."""
        calls = self._client_calls()
        refusals: dict[str, tuple[RunStatus, Callable[[], object]]] = {}
        for status in self.lifecycle.statuses:
            legal = self.lifecycle.legal(status if status in self.lifecycle.live else None)
            for name, call in calls.items():
                if name not in legal:
                    refusals[f"{name}@{status}"] = status, call
                elif name == "submit_tool_outputs":
                    refusals[f"{name} of one too few@{status}"] = status, self._submit_too_few
                    refusals[f"{name} of a stranger's@{status}"] = status, self._submit_a_strangers
        return refusals

    def _submit_too_few(self) -> object:
        return self._submit(self._outputs()[:-1])

    def _submit_a_strangers(self) -> object:
        return self._submit([*self._outputs()[:-1], STRANGER])

    def _go(self, way: Iterable[Transition[RunStatus]], calls: int) -> None:
        for row in way:
            self.take(row, calls)
            self.lockstep()

    def _compare(self, view: RunView, run: Run) -> None:
        expect(that=view.status == run.status, otherwise=f"it shows {view.status}, and is {run.status}")
        for name in SEEN:
            shown, is_ = getattr(view, name), getattr(run, name)
            if name == "required_action" and is_ is not None:
                is_ = is_.tool_calls
            if shown != is_:
                msg = f"in {run.status}, {name} shows {shown!r}, and is {is_!r}"
                raise ConformanceError(msg)


def _say(what: str) -> None:
    """Have Hypothesis print something with a failing example; whoever runs one by hand needs it not."""
    if currently_in_test_context():
        note(what)
