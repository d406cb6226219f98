"""What holds for every schedule and every sequence of calls."""

from __future__ import annotations

import json

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from runlife import RUN, FieldState, LastError, Run, Usage, VirtualClock
from runlife_adapters.memory import NEVER, After, ApiError, Call, Schedule, World
from runlife_adapters.memory.schedule import server_events

NAMES = {
    "NEVER": NEVER, "After": After, "Call": Call, "LastError": LastError, "Schedule": Schedule, "Usage": Usage
}  # fmt: skip

delays = st.integers(0, 700) | st.floats(0, 700)
usages = st.builds(Usage, st.integers(0, 99), st.integers(0, 99))
calls = st.builds(Call, st.text(max_size=5), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2))
details = {
    "complete": {"text": st.text(max_size=5), "usage": usages},
    "cut_short": {"reason": st.text(max_size=5), "text": st.text(max_size=5), "usage": usages},
    "fail": {"error": st.builds(LastError, st.text(max_size=5), st.text(max_size=5)), "usage": usages},
    "confirm_cancel": {"usage": usages},
    "require_action": {
        "tools": st.integers(1, 3) | st.lists(calls, min_size=1, max_size=2).map(tuple),
        "usage": usages,
    },
}
stuck = st.just(After(NEVER))


def entries(status: str) -> st.SearchStrategy[list[After]]:
    """Draw entries for a status, by the moves that the table gives the server there."""
    moves = [
        st.fixed_dictionaries({}, optional=details.get(event, {})).flatmap(
            lambda said, to=to: delays.map(lambda delay: After(delay, to, **said))
        )
        for to, events in server_events(RUN, status).items()
        for event in events
    ]
    usual = [delays.map(After)] if moves else []
    return st.lists(st.one_of(stuck, *usual, *moves), max_size=3)


schedules = st.builds(Schedule, **{status.value: entries(status) for status in RUN.live})


@pytest.mark.slow
@given(schedules)
def test_a_schedule_prints_as_the_code_that_makes_it(schedule: Schedule) -> None:
    """What a report prints can be pasted into a test."""
    assert eval(repr(schedule), NAMES) == schedule  # noqa: S307  # our own repr


@pytest.mark.slow
@given(schedules)
def test_a_schedule_goes_to_json_and_back(schedule: Schedule) -> None:
    """Through real JSON text, nothing is lost."""
    assert Schedule.from_json(json.loads(json.dumps(schedule.to_json()))) == schedule


THREADS = 2
USER = {"role": "user", "content": "Hello"}

waits = st.sampled_from([0, 0.5, 1, 2, 30, 599, 600])
calls_of_clients = st.lists(
    st.tuples(
        st.sampled_from(["create_run", "cancel", "submit", "submit_wrong", "message", "modify", "delete"]),
        st.integers(0, THREADS - 1),
        waits,
    ),
    max_size=25,
)


class Clients:
    """Clients who call whatever they like, and a count of what the World refused."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.assistant = world.create_assistant(
            model="m", tools=[{"type": "function", "function": {"name": "f"}}]
        )
        self.threads = [world.create_thread(messages=[USER]).id for _ in range(THREADS)]
        self.runs: list[tuple[str, str]] = []

    def call(self, name: str, thread: int) -> None:
        """Make a call; a refusal is as good an answer as any."""
        try:
            getattr(self, name)(self.threads[thread])
        except ApiError as error:
            event(f"{name}: {error.status}")

    def create_run(self, thread: str) -> None:
        run = self.world.create_run(thread, assistant_id=self.assistant.id)
        self.runs.append((thread, run.id))

    def latest(self, thread: str) -> str:
        return next((run for t, run in reversed(self.runs) if t == thread), "run_none")

    def cancel(self, thread: str) -> None:
        self.world.cancel_run(thread, self.latest(thread))

    def submit(self, thread: str) -> None:
        action = self.world.retrieve_run(thread, self.latest(thread)).required_action
        outputs = [{"tool_call_id": c.id, "output": "1"} for c in action.tool_calls] if action else []
        self.world.submit_tool_outputs(thread, self.latest(thread), tool_outputs=outputs)

    def submit_wrong(self, thread: str) -> None:
        outputs = [{"tool_call_id": "call_x", "output": ""}]
        self.world.submit_tool_outputs(thread, self.latest(thread), tool_outputs=outputs)

    def message(self, thread: str) -> None:
        self.world.create_message(thread, **USER)

    def modify(self, thread: str) -> None:
        self.world.modify_run(thread, self.latest(thread), metadata={"k": "v"})

    def delete(self, thread: str) -> None:
        for message in self.world.list_messages(thread, limit=1).data:
            self.world.delete_message(thread, message.id)


def check(clients: Clients) -> None:
    """Assert everything that must hold at every moment."""
    states, world = RUN.field_states(), clients.world
    for thread in clients.threads:
        runs = walk(world, thread)
        assert sorted(run.id for run in runs) == sorted(id for t, id in clients.runs if t == thread)
        assert sum(run.status not in RUN.terminal for run in runs) <= 1
        for seen in runs:
            run = world.run(seen.id)
            assert Run.replay(run.journal).facts() == run.facts()
            for name, state in states[seen.status].items():
                if hasattr(seen, name) and state is not FieldState.EITHER:
                    assert (getattr(seen, name) is not None) is (state is FieldState.SET)
            check_steps(world, run)


def check_steps(world: World, run: Run) -> None:
    """Assert that a run's steps agree with it."""
    assert run.thread_id is not None
    steps = world.list_run_steps(run.thread_id, run.id, order="asc", limit=100).data
    open_ones = [step for step in steps if step.status == "in_progress"]
    assert len(open_ones) <= 1
    assert not (run.is_terminal and open_ones)
    # An ending that costs something may find no step open to carry it: a cancel of a queued run, say.
    if run.is_terminal and not any(
        "usage" in r.payload for r in run.journal if r.event in ("fail", "confirm_cancel")
    ):
        assert run.usage == sum((step.usage or Usage() for step in steps), Usage())


def walk(world: World, thread: str) -> list[object]:
    """Return the runs of a thread, read two at a time."""
    found: list[object] = []
    after = None
    while True:
        page = world.list_runs(thread, limit=2, after=after)
        found += page.data
        if not page.has_more:
            return found
        after = page.data[-1].id


@pytest.mark.slow
@given(st.lists(schedules, max_size=4), calls_of_clients)
def test_whatever_clients_do_the_world_keeps_the_lifecycle(
    scripts: list[Schedule], calls: list[tuple[str, int, float]]
) -> None:
    """Journals replay, fields follow the status, one run a thread is active, pages show each item once."""
    world = World(VirtualClock(1000.0))
    world.script(*scripts)
    clients = Clients(world)
    for name, thread, wait in calls:
        clients.call(name, thread)
        world.advance(wait)
        check(clients)
    world.advance(600)
    check(clients)
    assert world.next_event() is None
    assert all(world.run(run).is_terminal for _, run in clients.runs)
