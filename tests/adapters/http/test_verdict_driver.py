"""The verdict on our own driver: whatever the server and the network do, there is nothing to find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from runlife import RUN, Cause
from runlife_adapters.backend import RunView, UnavailableError, error_from_status, reply_texts
from runlife_adapters.drive import Abandoned, Driver
from runlife_adapters.http.faults import FaultRule
from runlife_adapters.memory import NEVER, After, Schedule
from runlife_adapters.memory.net import Net

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife import ToolOutput
    from runlife_adapters.drive import Outcome

    from .conftest import Opening, Session

pytestmark = pytest.mark.usefixtures("no_observer_fails")

STUCK = Schedule(in_progress=[After(NEVER)])


class ServiceBackend:
    """A backend over a service, in plain HTTP and without a socket."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.session.send(method, path, body)
        if answer is None:
            raise UnavailableError("lost")
        if "error" in answer:
            raise error_from_status(400, answer["error"]["message"])
        return answer

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        body = {"assistant_id": assistant_id, **overrides}
        return RunView.from_json(self._send("POST", f"/threads/{thread_id}/runs", body))

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        return RunView.from_json(self._send("GET", f"/threads/{thread_id}/runs/{run_id}"))

    def list_runs(self, thread_id: str) -> Sequence[RunView]:
        return [RunView.from_json(run) for run in self._send("GET", f"/threads/{thread_id}/runs")["data"]]

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        body = {"tool_outputs": [output.to_json() for output in outputs]}
        path = f"/threads/{thread_id}/runs/{run_id}/submit_tool_outputs"
        return RunView.from_json(self._send("POST", path, body))

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        return RunView.from_json(self._send("POST", f"/threads/{thread_id}/runs/{run_id}/cancel"))

    def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        return reply_texts(self._send("GET", f"/threads/{thread_id}/messages")["data"], run_id)


DELAYS = st.sampled_from([0.0, 0.5, 1.0, 3.0, 20.0, 299.0, 590.0, 600.0, NEVER])


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Draw what the server does: a few rounds of calls, and deviations from all going well."""
    lists: dict[str, list[After]] = {status.value: [] for status in RUN.live}
    rounds = draw(st.integers(0, 3))
    lists["in_progress"] = [
        After(draw(st.sampled_from([0.0, 1.0, 20.0, 299.0])), "requires_action", tools=1 + n)
        for n in range(rounds)
    ]
    for _ in range(draw(st.integers(0, 2))):
        status = draw(st.sampled_from(RUN.live))
        rows = [row for row in RUN.transitions if row.source is status and row.cause is Cause.SERVER]
        delay = draw(DELAYS)
        targets = [None, *dict.fromkeys(row.target for row in rows)]
        after = After(NEVER) if not rows or delay == NEVER else After(delay, draw(st.sampled_from(targets)))
        lists[status.value].insert(draw(st.integers(0, 2)), after)
    return Schedule(**lists)


def played(
    open_session: Opening,
    schedule: Schedule,
    faults: Sequence[FaultRule],
    *,
    cancel: bool = False,
    **options: Any,
) -> tuple[Outcome, Session]:
    """Drive a run through a service; return how it ended, and the session."""
    s = open_session(schedule, *faults)
    driver = Driver(
        ServiceBackend(s),
        s.thread,
        s.assistant,
        tools={"count": lambda: "1"},
        new_key=lambda: "the key",
        clock=s.world.clock,
        sleep=lambda seconds: (s.world.advance(seconds), cancel and driver.cancel()),
        **options,
    )
    return driver.run(), s


@pytest.mark.slow
@given(schedule=schedules(), cancel=st.booleans())
def test_our_own_driver_is_clean(open_session: Opening, schedule: Schedule, cancel: bool) -> None:
    """Whatever the server does, a driven run gives no findings, also when its caller cancels it."""
    outcome, s = played(open_session, schedule, (), cancel=cancel, grace=700.0)
    note(s.service.verdict.to_text())
    assert not isinstance(outcome, Abandoned)
    assert s.kinds == []


KINDS = st.sampled_from(["lose_response", "reset_after", "reset_before", "malformed"])
OPERATIONS = st.sampled_from(
    ["create_run", "retrieve_run", "list_runs", "submit_tool_outputs", "cancel_run", "list_messages"]
)


@pytest.mark.slow
@given(
    schedule=schedules(),
    struck=st.lists(st.tuples(KINDS, OPERATIONS, st.integers(1, 3)), min_size=1, max_size=4),
    cancel=st.booleans(),
)
def test_our_own_driver_is_clean_on_a_bad_network(
    open_session: Opening, schedule: Schedule, struck: list[tuple[Any, str, int]], cancel: bool
) -> None:
    """Whatever is lost besides, a run that is driven to its end gives no findings."""
    faults = [FaultRule(Net(kind), operation=operation, nth=nth) for kind, operation, nth in struck]
    outcome, s = played(open_session, schedule, faults, cancel=cancel, grace=700.0)
    note(s.service.verdict.to_text())
    if not isinstance(outcome, Abandoned):
        assert s.kinds == []


def test_the_driver_leaves_a_run_only_when_told(open_session: Opening) -> None:
    """A run that its caller abandons is found: somebody has to look at it."""
    _, s = played(open_session, STUCK, (), deadline=5.0, on_deadline="leave")
    assert s.kinds == ["kept_thread_locked"]
