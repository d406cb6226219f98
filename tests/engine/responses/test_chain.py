"""One run over a chain of responses: what is seen becomes a lawful life of the run."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife import (
    RUN,
    GuardError,
    HistoryError,
    IllegalEventError,
    LastError,
    MisuseError,
    Policy,
    RefusedError,
    Run,
    RunStatus,
    RunTerminalError,
    ToolCall,
    ToolOutput,
    Usage,
)
from runlife.responses import RESPONSE, Chain, ResponseStatus, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CALL, OUTPUT = ToolCall("call_1", "weather", '{"city": "Rome"}'), ToolOutput("call_1", "sunny")


def begun(status: str = "queued", **wanted: Any) -> Chain:
    """Begin a run at time 100, on a service whose clock is 40 behind."""
    return Chain.begin(Seen("resp_1", status, created_at=60), now=100, id="run_1", thread_id="t", **wanted)


def waiting(**wanted: Any) -> Chain:
    """Give a run that waits for outputs, since time 102."""
    chain = begun(**wanted)
    chain.look(Seen("resp_1", "completed", calls=[CALL], usage=Usage(10, 5)), now=102)
    return chain


def events(chain: Chain) -> list[str]:
    """Return what has happened to the run."""
    return [record.event for record in chain.run.journal]


def test_a_whole_life() -> None:
    """Two responses, the second with the outputs of the first, are one run; usage is their sum."""
    chain = waiting()
    assert chain.run.required_action is not None
    assert chain.run.required_action.tool_calls == (CALL,)
    chain.submitting([OUTPUT], now=103)
    chain.submitted(Seen("resp_2", "queued"), [OUTPUT], now=104)
    assert chain.responses == ("resp_1", "resp_2")
    assert chain.run.status is RunStatus.QUEUED
    chain.look(Seen("resp_2", "in_progress"), now=105)
    chain.look(Seen("resp_2", "completed", usage=Usage(20, 7)), now=106)
    assert chain.run.status is RunStatus.COMPLETED
    assert chain.run.usage == Usage(30, 12)
    assert events(chain) == [
        *("create", "start", "require_action", "submit_tool_outputs", "start", "complete"),
    ]
    assert not chain.at_work


def test_a_response_seen_first_when_it_is_over() -> None:
    """What must have happened in between has happened."""
    chain = Chain.begin(Seen("resp_1", "completed", usage=Usage(1, 1)), now=5, id="run_1")
    assert events(chain) == ["create", "start", "complete"]


@pytest.mark.parametrize(
    ("seen", "status", "field", "value"),
    [
        (Seen("resp_1", "failed", error=LastError("server_error", "oh")), "failed", "last_error", "oh"),
        (
            Seen("resp_1", "incomplete", reason="max_output_tokens"),
            "incomplete",
            "incomplete_details",
            "max_c",
        ),
        (
            Seen("resp_1", "incomplete", reason="content_filter"),
            "incomplete",
            "incomplete_details",
            "content_",
        ),
        (Seen("resp_1", "cancelled"), "cancelled", "cancelled_at", "101"),
    ],
)
def test_endings(seen: Seen, status: str, field: str, value: str) -> None:
    """Each ending of a response is one of the run, in the words of a run."""
    chain = begun()
    chain.look(seen, now=101)
    assert chain.run.status == status
    assert value in str(getattr(chain.run, field))


def test_a_stale_look_tells_nothing() -> None:
    """What was seen stays: neither an older answer nor an earlier response takes it back."""
    chain = begun()
    chain.look(Seen("resp_1", "in_progress"), now=101)
    assert chain.look(Seen("resp_1", "queued"), now=102) == ()
    assert chain.look(Seen("resp_0", "failed"), now=103) == ()
    assert chain.run.status is RunStatus.IN_PROGRESS


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (Policy(cancel_may_lose=False), "cancelling -complete-> completed"),
        (Policy(cancel_outside_in_progress=False), "queued -cancel-> cancelling"),
        (Policy(queued_may_fail=False), "queued -fail-> failed"),
    ],
)
def test_a_policy_that_forbids_what_responses_do_is_refused(policy: Policy, says: str) -> None:
    """It used to be taken, and a look at the response that did it was refused by the run much later."""
    with pytest.raises(MisuseError, match=says):
        begun(lifecycle=RUN.under(policy))
    assert begun(lifecycle=RUN.under(Policy(usage_when_stopped="null"))).at_work


# Cancels


def test_a_cancel_is_a_wish_first() -> None:
    """The run is cancelling until the response is seen to be cancelled."""
    chain = begun()
    chain.cancel(now=101)
    assert chain.run.status is RunStatus.CANCELLING
    assert chain.at_work
    chain.look(Seen("resp_1", "cancelled"), now=102)
    assert chain.run.status is RunStatus.CANCELLED
    with pytest.raises(RunTerminalError):
        chain.cancel(now=103)


def test_a_cancel_may_lose() -> None:
    """An answer that was there first stays one; calls that nobody will answer are the cancel's end."""
    late, calls = begun(), begun()
    for chain in (late, calls):
        chain.cancel(now=101)
        with pytest.raises(IllegalEventError):
            chain.cancel(now=101)
    late.look(Seen("resp_1", "completed"), now=102)
    calls.look(Seen("resp_1", "completed", calls=[CALL], usage=Usage(1, 2)), now=102)
    assert late.run.status is RunStatus.COMPLETED
    assert calls.run.status is RunStatus.CANCELLED
    assert calls.run.usage == Usage(1, 2)


def test_a_cancel_of_a_run_that_waits() -> None:
    """No response is at work, so the run is cancelled at once."""
    chain = waiting()
    chain.cancel(now=103)
    assert chain.run.status is RunStatus.CANCELLED


def test_a_cancel_while_outputs_are_under_way() -> None:
    """The response that brings them is known only later, and is to be cancelled then."""
    chain, refused = waiting(), waiting()
    for each in (chain, refused):
        each.submitting([OUTPUT], now=103)
        each.cancel(now=104)
        assert each.run.status is RunStatus.CANCELLING
    chain.submitted(Seen("resp_2", "queued"), [OUTPUT], now=105)
    assert chain.at_work
    chain.look(Seen("resp_2", "cancelled"), now=106)
    assert chain.run.status is RunStatus.CANCELLED
    refused.not_submitted(now=105)
    assert refused.run.status is RunStatus.CANCELLED


# Outputs


def test_outputs_are_checked_before_they_go() -> None:
    """Other outputs than those that are pending are refused, and change nothing."""
    chain = waiting()
    for outputs in ([], [ToolOutput("call_9")], [OUTPUT, OUTPUT]):
        with pytest.raises(GuardError):
            chain.submitting(outputs, now=103)
    chain.submitting([OUTPUT], now=103)
    with pytest.raises(MisuseError, match="under way already"):
        chain.submitting([OUTPUT], now=103)
    chain.not_submitted(now=104)
    assert chain.run.status is RunStatus.REQUIRES_ACTION
    chain.submitting([OUTPUT], now=105)


# Time


def test_the_clock_is_ours() -> None:
    """A run whose response is still at work expires; what the response does then is not the run's."""
    chain = begun(expires_after=10)
    chain.look(Seen("resp_1", "in_progress"), now=111)
    assert chain.run.status is RunStatus.EXPIRED
    assert chain.at_work
    assert chain.look(Seen("resp_1", "completed"), now=112) == ()
    assert chain.run.status is RunStatus.EXPIRED
    assert not chain.at_work


@pytest.mark.parametrize(
    ("completed_at", "status", "at"),
    [(65, "completed", 105), (69, "completed", 109), (70, "expired", None), (75, "expired", None)],
)
def test_a_late_look_believes_the_stamp(completed_at: float, status: str, at: float | None) -> None:
    """Whether the answer or the deadline came first is told by the service's stamp, on our clock."""
    chain = begun(expires_after=10)
    chain.look(Seen("resp_1", "completed", completed_at=completed_at), now=200)
    assert chain.run.status == status
    assert chain.run.completed_at == at


def test_a_completion_is_when_the_service_says() -> None:
    """Its stamp is a time of the run, between the last look and this one."""
    stamped, early, late = begun(), begun(), begun()
    for chain, completed_at in ((stamped, 65), (early, 60), (late, 99)):
        chain.look(Seen("resp_1", "in_progress"), now=102)
        chain.look(Seen("resp_1", "completed", completed_at=completed_at), now=108)
    assert [chain.run.completed_at for chain in (stamped, early, late)] == [105, 102, 108]


@pytest.mark.parametrize("completed_at", [None, 60])
def test_an_ending_was_not_before_a_look_that_did_not_show_it(completed_at: float | None) -> None:
    """A look that brings no news is no record, and yet a moment at which the response was at work."""
    chain = begun(expires_after=10)
    for now in (102, 109):
        chain.look(Seen("resp_1", "in_progress"), now=now)
    chain.look(Seen("resp_1", "completed", completed_at=completed_at), now=200)
    assert chain.run.completed_at == 109


def test_a_late_look_at_an_ending_without_a_stamp() -> None:
    """Nobody can know when it came; it is not thrown away for a doubt."""
    chain = begun(expires_after=10)
    chain.look(Seen("resp_1", "failed", error=LastError("server_error")), now=200)
    assert chain.run.status is RunStatus.FAILED
    assert chain.run.failed_at == 100


def test_a_run_that_waits_expires() -> None:
    """While a run waits no response is looked at; the clock goes on."""
    chain = waiting(expires_after=10)
    (record,) = chain.handle_timeout(now=110)
    assert record.at == 110
    assert chain.run.status is RunStatus.EXPIRED
    with pytest.raises(RefusedError):
        chain.submitting([OUTPUT], now=111)


# Budgets


def test_a_run_without_tokens_left_is_cut_short() -> None:
    """Calls that no round is left for, and answers beyond the budget, end the run incomplete."""
    calls = waiting(max_completion_tokens=5)
    assert calls.run.incomplete_details is not None
    assert calls.run.incomplete_details.reason == "max_completion_tokens"
    answer = begun(max_prompt_tokens=9)
    answer.look(Seen("resp_1", "completed", usage=Usage(10, 5)), now=102)
    assert answer.run.status is RunStatus.INCOMPLETE
    exact = begun(max_completion_tokens=5)
    exact.look(Seen("resp_1", "completed", usage=Usage(10, 5)), now=102)
    assert exact.run.status is RunStatus.COMPLETED


# Keeping


def test_it_is_kept_and_taken_up_again() -> None:
    """A chain goes through JSON, and goes on as if nothing had happened."""
    chain = waiting()
    again = Chain.from_json(json.loads(json.dumps(chain.to_json())))
    assert again.responses == chain.responses
    assert again.run.facts() == chain.run.facts()
    again.submitting([OUTPUT], now=103)
    again.submitted(Seen("resp_2", "completed"), [OUTPUT], now=104)
    assert again.run.status is RunStatus.COMPLETED


@pytest.mark.parametrize(
    "broken", [{}, {"responses": []}, {"responses": [1]}, {"status": "asleep"}, {"run": {}}]
)
def test_what_is_no_chain_is_refused(broken: dict[str, Any]) -> None:
    """A record that was damaged is said to be no chain."""
    data = {**waiting().to_json(), **broken} if broken else {}
    with pytest.raises(HistoryError):
        Chain.from_json(data)


# Anything at all


class Anything:
    """A chain, and a service that does with its responses what it may, at any moment."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw
        self.now, self.made, self.truth = 0.0, 1, ResponseStatus.QUEUED
        self.chain = Chain.begin(Seen("resp_1", "queued"), now=0, id="run_1", expires_after=30)

    def move(self) -> None:
        """Have the latest response take a row, which somebody may look at."""
        exits = [row for row in RESPONSE.transitions if row.source is self.truth]
        if exits:
            row = self.draw(st.sampled_from(exits))
            self.truth = row.target
            self.calls = [ToolCall(f"call_{self.made}", "f")] if row.event == "call_functions" else []
            if self.draw(st.booleans()):
                self.look()

    calls: Sequence[ToolCall] = ()

    def look(self) -> None:
        """Look at the latest response."""
        seen = Seen(self.chain.latest, self.truth, calls=self.calls, usage=Usage(1, 1))
        self.chain.look(seen, now=self.now)

    def cancel(self) -> None:
        """Ask for the end."""
        self.chain.cancel(now=self.now)

    def outputs(self) -> list[ToolOutput]:
        """Return what the run waits for, if it does."""
        action = self.chain.run.required_action
        return [ToolOutput(call.id) for call in action.tool_calls] if action else []

    def send(self) -> None:
        """Send outputs."""
        if not self.chain.under_way:
            self.chain.submitting(self.outputs(), now=self.now)

    def brought(self) -> None:
        """Learn of the response that brings them."""
        if self.chain.under_way:
            self.made, self.calls = self.made + 1, ()
            self.truth = self.draw(st.sampled_from([ResponseStatus.QUEUED, ResponseStatus.IN_PROGRESS]))
            self.chain.submitted(Seen(f"resp_{self.made}", self.truth), self.outputs(), now=self.now)

    def refused(self) -> None:
        """Learn that there is none."""
        if self.chain.under_way:
            self.chain.not_submitted(now=self.now)

    def wait(self) -> None:
        """Look at nothing but the clock."""
        self.chain.handle_timeout(self.now)


ACTS = ("move", "look", "cancel", "send", "brought", "refused", "wait")


@pytest.mark.slow
@given(st.data())
def test_whatever_is_seen_the_run_lives_lawfully(data: st.DataObject) -> None:
    """Any order of looks, cancels, outputs and waits gives a journal that replays."""
    anything = Anything(data.draw)
    for act in data.draw(st.lists(st.sampled_from(ACTS), min_size=1, max_size=12)):
        anything.now += data.draw(st.sampled_from([0.0, 1.0, 20.0]))
        with suppress(RefusedError):
            getattr(anything, act)()
    chain = anything.chain
    assert Run.replay(chain.run.journal).facts() == chain.run.facts()
    assert Chain.from_json(chain.to_json()).run.facts() == chain.run.facts()
