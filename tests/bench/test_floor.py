"""The floor does what the engine does; otherwise the ratio to it would mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from floor import RefusedByHandError, RunByHand
from hypothesis import given
from hypothesis import strategies as st

from runlife import RUN, LastError, RefusedError, Run, ToolCall, ToolOutput, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLS = [ToolCall("call_1", "f"), ToolCall("call_2", "f")]
OUTPUTS = [ToolOutput("call_2"), ToolOutput("call_1")]
USAGE = Usage(3, 4)

arguments: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "require_action": st.fixed_dictionaries({"tool_calls": st.sampled_from([CALLS, CALLS[:1], []])}),
    "submit_tool_outputs": st.fixed_dictionaries({"tool_outputs": st.sampled_from([OUTPUTS, OUTPUTS[1:]])}),
    "cut_short": st.just({"reason": "max_prompt_tokens"}),
    "fail": st.just({"last_error": LastError("server_error")}),
}
events = dict.fromkeys(event for status in RUN.live for event in RUN.legal(status))
steps = st.sampled_from(list(events)).flatmap(
    lambda event: st.tuples(
        st.just(event), arguments.get(event, st.just({})), st.sampled_from([0, 1, 1, 1, 250]), st.booleans()
    )
)


@pytest.mark.slow
@given(st.lists(steps, max_size=30))
def test_the_floor_goes_where_the_engine_goes(script: list[tuple[str, dict[str, Any], float, bool]]) -> None:
    """Any script leads both to the same status and the same facts, by as many records."""
    run, by_hand = Run.create(id="run_1", now=0), RunByHand("run_1", 0)
    now = 0.0
    for event, payload, seconds, with_usage in script:
        now += seconds
        takes_usage = any(argument.name == "usage" for argument in RUN.arguments.get(event, ()))
        given_now = {**payload, **({"usage": USAGE} if takes_usage and with_usage else {})}
        answers: list[bool] = []
        for move, refusal in ((run.apply, RefusedError), (getattr(by_hand, event), RefusedByHandError)):
            try:
                move(*([event] if move == run.apply else []), now=now, **given_now)
            except refusal:
                answers.append(False)
            else:
                answers.append(True)
        assert answers[0] == answers[1], event
        assert by_hand.status == run.status
        assert {name: getattr(by_hand, name) for name in run.facts()} == run.facts()
        assert [(at, name) for at, name, _ in by_hand.journal] == [(r.at, r.event) for r in run.journal]
        assert (by_hand.due, by_hand.last) == (run._due, run._last)


def test_the_floor_refuses_by_value_what_it_refuses_by_exception() -> None:
    """Both forms of the measured method decide alike."""
    for outputs in (OUTPUTS, OUTPUTS[:1]):
        for submit in (RunByHand.submit_tool_outputs, RunByHand.try_submit_tool_outputs):
            run = RunByHand("run_1", 0)
            with pytest.raises(RefusedByHandError, match="legal: start"):
                run.submit_tool_outputs(outputs, 1)
            assert "queued" in str(run.try_submit_tool_outputs(outputs, 1))
            run.start(1)
            run.require_action(CALLS, 2)
            try:
                refused = submit(run, outputs, 3)
            except RefusedByHandError as error:
                refused = str(error)
            assert bool(refused) == (outputs is not OUTPUTS)
            assert (run.required_action is None) == (outputs is OUTPUTS)
