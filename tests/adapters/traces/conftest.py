"""Exchanges with a service, made by hand or by a fake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife_adapters.traces import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = "/v1/threads/thread_1/runs"


def run_body(status: str, **fields: Any) -> dict[str, Any]:
    """A run as it stands on the wire, alive unless the fields say otherwise."""
    names = ("started_at", "completed_at", "failed_at", "cancelled_at", "required_action", "usage")
    nulls = dict.fromkeys((*names, "last_error", "incomplete_details"))
    times = {"created_at": 1000, "expires_at": 1600}
    return {"id": "run_1", "object": "thread.run", "status": status, **nulls, **times, **fields}


@pytest.fixture
def body() -> Callable[..., dict[str, Any]]:
    """Makes a run as it stands on the wire."""
    return run_body


@pytest.fixture
def lawful() -> list[Exchange]:
    """A run that is created, read and completed."""
    ended = {"started_at": 1001, "completed_at": 1003, "expires_at": None, "usage": {"total_tokens": 3}}
    return [
        Exchange("POST", RUNS, 1000.0, 1000.2, 200, {"assistant_id": "asst_1"}, run_body("queued")),
        Exchange("GET", f"{RUNS}/run_1", 1001.5, 1001.7, 200, body=run_body("in_progress", started_at=1001)),
        Exchange("GET", f"{RUNS}/run_1", 1003.5, 1003.7, 200, body=run_body("completed", **ended)),
    ]
