"""The border: what a view makes of an answer, and the errors that a driver must tell apart."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife import (
    IncompleteDetails,
    LastError,
    MisuseError,
    ServerError,
    ToolCall,
    Usage,
    WorldError,
)
from runlife_adapters.backend import (
    RejectedError,
    RunView,
    UnavailableError,
    error_from_status,
    reply_texts,
)

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
WIRE: dict[str, Any] = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": 1761861679,
    "assistant_id": "asst_1",
    "thread_id": "thread_1",
    "status": "requires_action",
    "started_at": 1761861680,
    "expires_at": 1761862279,
    "cancelled_at": None,
    "failed_at": None,
    "completed_at": None,
    "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}},
    "last_error": None,
    "metadata": {"a": "b"},
    "usage": None,
    "incomplete_details": None,
}


def test_a_view_reads_the_wire() -> None:
    """All that a client can see of a run's life is read, and the object itself is kept."""
    view = RunView.from_json(WIRE, poll_after=1.5)
    assert view == RunView(
        id="run_1",
        status="requires_action",
        thread_id="thread_1",
        created_at=1761861679,
        started_at=1761861680,
        expires_at=1761862279,
        required_action=(ToolCall("call_1", "f", '{"x": 1}'),),
        metadata={"a": "b"},
    )
    assert view.call_ids == {"call_1"}
    assert view.poll_after == 1.5
    assert view.raw == WIRE


def test_an_ended_run_is_read() -> None:
    """Errors, reasons and usage are the engine's own values."""
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    ended = {"last_error": {"code": "server_error", "message": "oh"}, "usage": usage}
    view = RunView.from_json({**WIRE, **ended, "incomplete_details": {"reason": "max_prompt_tokens"}})
    assert view.last_error == LastError("server_error", "oh")
    assert view.usage == Usage(3, 4)
    assert view.incomplete_details == IncompleteDetails("max_prompt_tokens")


def test_a_status_that_nobody_knows_passes_unharmed() -> None:
    """What a service says is shown, also when this release has never heard of it."""
    assert RunView.from_json({"id": "run_1", "status": "on_holiday"}).status == "on_holiday"


def test_views_are_equal_when_they_say_the_same() -> None:
    """Neither the poll interval nor fields that decide nothing make a change of the run."""
    first = RunView.from_json(WIRE, poll_after=1.0)
    second = RunView.from_json({**WIRE, "model": "another"}, poll_after=2.0)
    assert first == second
    assert first != RunView.from_json({**WIRE, "status": "queued"})


def test_a_call_of_another_kind_is_kept() -> None:
    """An answer has to name every call, so one without a function is shown, nameless."""
    action = {"submit_tool_outputs": {"tool_calls": [{"id": "call_1", "type": "tool_approval"}]}}
    view = RunView.from_json({**WIRE, "required_action": action})
    assert view.required_action == (ToolCall("call_1", "", ""),)


@pytest.mark.parametrize("answer", [None, [], "<html>", {}, {"id": "run_1"}, {"id": 3, "status": "queued"}])
def test_what_is_no_run_is_the_services_fault(answer: object) -> None:
    """Without an id and a status there is nothing to see."""
    with pytest.raises(ServerError, match="expected a run"):
        RunView.from_json(answer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(sorted(WIRE)), JSON, max_size=6), st.none() | st.floats())
def test_odd_fields_are_read_as_nothing(odd: dict[str, Any], poll_after: float | None) -> None:
    """Whatever stands in the other fields, a run with an id and a status is a run."""
    view = RunView.from_json({**odd, "id": "run_1", "status": "queued"}, poll_after=poll_after)
    assert view.id == "run_1"
    assert view == RunView.from_json(view.raw, poll_after=poll_after)


def test_replies_are_the_texts_that_the_run_wrote() -> None:
    """Other runs' messages, the user's, and parts without text are left out."""

    def message(run_id: str | None, role: str, *content: object) -> dict[str, object]:
        return {"run_id": run_id, "role": role, "content": list(content)}

    text = {"type": "text", "text": {"value": "Hello", "annotations": []}}
    image = {"type": "image_file", "image_file": {"file_id": "file_1"}}
    messages = [
        message("run_1", "assistant", text, image, text),
        message("run_1", "assistant", image),
        message("run_2", "assistant", text),
        message(None, "user", text),
        None,
    ]
    assert reply_texts(messages, "run_1") == ("HelloHello",)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
def test_a_refusal_says_that_nothing_happened(status: int) -> None:
    """It is the caller's to correct, and carries the service's own words."""
    error = error_from_status(status, "no", code="invalid")
    assert isinstance(error, RejectedError)
    assert isinstance(error, MisuseError)
    assert (error.status, error.message, error.code) == (status, "no", "invalid")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_an_outage_says_that_nothing_is_known(status: int) -> None:
    """Also a 429 and a 408: a limiter or a gateway may answer for a call that went through."""
    error = error_from_status(status, "busy", retry_after=3.0)
    assert isinstance(error, UnavailableError)
    assert isinstance(error, WorldError)
    assert (error.status, error.retry_after) == (status, 3.0)


def test_recorded_runs_are_read() -> None:
    """Every run that the real service was recorded to send is read without loss."""
    folder = os.environ.get("RUNLIFE_RECORDINGS")
    if folder is None:
        pytest.skip("RUNLIFE_RECORDINGS does not name the folder of recordings")
    seen = 0
    for file in sorted(Path(folder).glob("assistants_*.json")):
        for entry in json.loads(file.read_text())["Entries"]:
            body = entry["ResponseBody"]
            if isinstance(body, dict) and body.get("object") == "thread.run":
                view = RunView.from_json(body)
                seen += 1
                assert (view.status == "requires_action") is (view.required_action is not None)
                assert (view.expires_at is None) is (view.usage is not None)
    assert seen > 0
