"""The log of calls: what it keeps of each, and how many it keeps."""

from __future__ import annotations

import json
from hashlib import sha256
from types import SimpleNamespace

import pytest

from runlife import MisuseError, VirtualClock
from runlife_adapters.http import Request, Service
from runlife_adapters.http.exchange import Exchange
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.http.log import CallLog
from runlife_adapters.memory import World
from runlife_adapters.memory.net import Net

BORN = 1_700_000_000.0
BETA = {"openai-beta": "assistants=v2", "authorization": "Bearer sk-secret"}


def exchange(number: int = 1, path: str = "/v1/threads") -> Exchange:
    """Give a call that was answered."""
    return Exchange(
        number=number,
        at=0.0,
        real_at=0.0,
        monotonic_at=0.0,
        method="POST",
        path=path,
        digest="",
        operation=None,
        status=404,
    )


def test_a_call_is_logged_in_few_words() -> None:
    """Number, method, path, status, operation, digest of the body and both times are kept; bodies are not."""
    service = Service(World(VirtualClock(BORN)))
    body = json.dumps({"metadata": {"name": "Ada"}}).encode()
    service.handle(Request("POST", "/v1/threads", "", BETA, body))
    service.world.advance(5)
    service.handle(Request("GET", "/v1/threads/thread_none", "limit=3", BETA))

    first, second = service.log.entries()
    assert {name: value for name, value in first.items() if name != "real_at"} == {
        "number": 1,
        "method": "POST",
        "path": "/v1/threads",
        "query": "",
        "status": 200,
        "operation": "create_thread",
        "digest": sha256(body).hexdigest(),
        "at": BORN,
        "net": None,
    }
    assert (second["number"], second["status"], second["at"]) == (2, 404, BORN + 5)
    assert (second["path"], second["query"]) == ("/v1/threads/thread_none", "limit=3")


def test_the_real_time_is_that_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """In unix seconds; it used to be what the monotonic clock says, which means nothing to a reader."""
    monkeypatch.setattr(
        "runlife_adapters.http.service.time", SimpleNamespace(time=lambda: 5.5, monotonic=float)
    )
    service = Service(World(VirtualClock(BORN)))
    service.handle(Request("GET", "/v1/assistants", "", BETA))
    (entry,) = service.log.entries()
    assert (entry["real_at"], entry["at"]) == (5.5, BORN)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("limit=3&order=asc&include[]=x&include%5B%5D=y&api-version=v1", None),
        ("after=asst_1&run_id=run_1&purpose=vision&filter=failed", None),
        ("api-key=sk-secret&limit=3", "api-key=***&limit=3"),
        ("key=sk-secret", "key=***"),
        ("sk-secret", "***"),
        ("&limit=1&", None),
    ],
)
def test_a_query_is_kept_without_what_may_be_a_key(query: str, shown: str | None) -> None:
    """It used not to be kept at all; the values that are no options of the API are masked."""
    service = Service(World(VirtualClock(BORN)))
    service.handle(Request("GET", "/v1/assistants", query, BETA))
    (entry,) = service.log.entries()
    assert entry["query"] == (query if shown is None else shown)


def test_nothing_of_the_callers_key_is_kept() -> None:
    """Neither headers nor bodies nor queries are in the log, so that it may be shown to anybody."""
    service = Service(World(VirtualClock(BORN)), api_key="sk-other")
    service.handle(Request("GET", "/v1/assistants", "token=sk-secret", BETA))
    (entry,) = service.log.entries()
    assert entry["status"] == 401
    assert "secret" not in json.dumps(entry)


def test_what_befell_a_call_on_the_network_is_logged() -> None:
    """The fault is there as plain data."""
    rule = FaultRule(Net("refuse", status=503), operation="create_thread")
    service = Service(World(VirtualClock(BORN)), faults=FaultPlan([rule]))
    service.handle(Request("POST", "/v1/threads", "", BETA, b"{}"))
    (entry,) = service.log.entries()
    assert (entry["status"], entry["net"]) == (503, {"kind": "refuse", "status": 503})


def test_only_the_latest_calls_are_kept() -> None:
    """The log is bounded, in calls and in what each takes, and can be emptied."""
    log = CallLog(keep=2)
    for number in (1, 2, 3):
        log.answered(exchange(number, path="/" + "x" * 100_000))
    assert [entry["number"] for entry in log.entries()] == [2, 3]
    assert log.dropped == 1, "it used not to say that there was more"
    assert all(len(entry["path"]) < 1_000 for entry in log.entries())
    log.reset()
    assert (log.entries(), log.dropped) == ([], 0)


def test_what_is_given_out_is_a_copy() -> None:
    """Whoever changes an entry changes nothing in the log."""
    log = CallLog()
    log.answered(exchange())
    log.entries()[0]["number"] = 99
    assert log.entries()[0]["number"] == 1


def test_events_of_streams_are_no_calls() -> None:
    """A stream is one entry, however many events it has."""
    log = CallLog()
    log.answered(exchange())
    log.streamed(exchange(), "thread.run.created", {})
    assert len(log.entries()) == 1


def test_a_log_keeps_at_least_one_call() -> None:
    """To keep none is a misuse, and not an endless or an empty log."""
    with pytest.raises(MisuseError, match="1 or more"):
        CallLog(keep=0)
