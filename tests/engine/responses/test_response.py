"""The lifecycle of a response: what it allows, and what its fields say."""

from __future__ import annotations

from typing import Any

import pytest

from runlife import GuardError, LastError, PayloadError, RunTerminalError, ToolCall, Usage
from runlife.explore import TableModel, explore
from runlife.paths import lawful_payload, simple_paths, walk
from runlife.responses import RESPONSE, Response, ResponseStatus

CALL = ToolCall("call_1", "weather")


def background(**wanted: object) -> Response:
    """Create a response in the background, at time 0."""
    return Response.create(id="resp_1", now=0, background=True, **wanted)


def test_in_the_background_it_is_queued_first() -> None:
    """A background response can be watched from the queue on."""
    assert background().status is ResponseStatus.QUEUED


def test_in_the_foreground_it_is_at_work_at_once() -> None:
    """A foreground response is never queued."""
    assert Response.create(id="resp_1", now=0).status is ResponseStatus.IN_PROGRESS


def test_calls_and_answers_complete_it_alike() -> None:
    """The status does not tell whether somebody has to do something; the calls do."""
    asks, answers = background(), background()
    asks.apply("start", now=1)
    answers.apply("start", now=1)
    asks.apply("call_functions", now=2, tool_calls=[CALL], usage=Usage(3, 4))
    answers.apply("complete", now=2, usage=Usage(3, 4))
    assert asks.status is answers.status is ResponseStatus.COMPLETED
    assert asks.function_calls == (CALL,)
    assert answers.function_calls is None
    assert asks.completed_at == answers.completed_at == 2


def test_calls_without_a_call_are_refused() -> None:
    """A response that calls nothing answers."""
    response = Response.create(id="resp_1", now=0)
    with pytest.raises(GuardError):
        response.apply("call_functions", now=1, tool_calls=[])
    with pytest.raises(PayloadError, match="call ids must differ"):
        response.apply("call_functions", now=1, tool_calls=[CALL, CALL])


def test_a_cancel_takes_effect_at_once() -> None:
    """There is no request that could still be lost, and a second one meets the end."""
    response = background()
    response.apply("cancel", now=1)
    assert response.status is ResponseStatus.CANCELLED
    with pytest.raises(RunTerminalError):
        response.apply("cancel", now=2)


def test_in_the_foreground_nobody_cancels_it() -> None:
    """Only what was created in the background can be cancelled."""
    with pytest.raises(GuardError, match="created in the background"):
        Response.create(id="resp_1", now=0).apply("cancel", now=1)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"active_response_id": "resp_0"}, "no other response is at work"),
        ({"unanswered": ["call_1"]}, "answers every open call"),
    ],
)
def test_it_begins_only_where_it_may(asked: dict[str, object], says: str) -> None:
    """A busy conversation and an open call refuse the next response, in the back- and the foreground."""
    for ground in (True, False):
        with pytest.raises(GuardError, match=says):
            Response.create(id="resp_1", now=0, background=ground, **asked)


def test_only_a_completion_is_stamped() -> None:
    """Of a response that fails, is cut short or cancelled nobody can read when that was."""
    states = RESPONSE.field_states()
    stamped = [status for status in ResponseStatus if states[status]["completed_at"] != "null"]
    assert stamped == [ResponseStatus.COMPLETED]


def test_a_failure_has_its_error() -> None:
    """What is queued may fail as well."""
    response = background()
    response.apply("fail", now=1, error=LastError("rate_limit_exceeded", "slow down"))
    assert response.error == LastError("rate_limit_exceeded", "slow down")


def test_its_snapshot_brings_it_back() -> None:
    """A response is kept and restored like every instance."""
    response = background(previous_response_id="resp_0")
    response.apply("start", now=1)
    response.apply("call_functions", now=2, tool_calls=[CALL], usage=Usage(1, 2))
    again = Response.restore(response.snapshot())
    assert again.facts() == response.facts()
    assert again.journal == response.journal


def in_its_ground(response: Response | None, lifecycle: Any, row: Any, now: float) -> dict[str, Any]:
    """Give a lawful payload, and for a creation the ground that its row is for."""
    payload = dict(lawful_payload(response, lifecycle, row, now))
    return payload | {"background": row.target == "queued"} if row.source is None else payload


def test_its_table_has_no_defect_and_every_row_can_be_taken() -> None:
    """The table is sound, and walks in the background take all of its rows but the other creation."""
    assert RESPONSE.check() == ()
    explore(TableModel(RESPONSE)).assert_holds()
    paths = [path for path in simple_paths(RESPONSE) if path.statuses[0] == "queued"]
    walked = [walk(path, Response, payloads=in_its_ground) for path in paths]
    taken = {str(record.transition) for response in walked for record in response.journal}
    assert set(map(str, RESPONSE.transitions)) - taken == {"nothing -create-> in_progress"}
