"""Who watches a service: nobody unless somebody asks, and then with everything at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError, VirtualClock
from runlife_adapters.http import Service
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.memory import Net, World
from runlife_adapters.memory.errors import NOT_FOUND, REFUSALS

if TYPE_CHECKING:
    from runlife_adapters.http.exchange import Exchange

    from .conftest import Bench


class Noter:
    """An observer that notes the calls."""

    def __init__(self) -> None:
        self.calls: list[Exchange] = []

    def answered(self, exchange: Exchange) -> None:
        self.calls.append(exchange)

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        """Pass over events."""


def test_without_doors_nobody_watches(make_bench: type[Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request used to pay for a log and a verdict that nothing could read."""
    bench = make_bench.of(doors=False)
    monkeypatch.delattr("runlife_adapters.http.service.Exchange")

    assert bench.service.observers == []
    assert bench.send("POST", "/threads")[0] == 200
    body: Any = bench.stream().body
    assert b"thread.run.queued" in body.take()
    for name in ("log", "verdict"):
        with pytest.raises(MisuseError, match="give watched=True"):
            getattr(bench.service, name)


@pytest.mark.parametrize("options", [{}, {"watched": True}, {"doors": False, "watched": True}])
def test_a_service_is_watched_where_somebody_can_see(make_bench: type[Bench], options: Any) -> None:
    """Through the doors, or from Python by whoever asks for it when the service is made."""
    bench = make_bench.of(**options)
    bench.send("POST", "/threads")

    assert len(bench.service.log.entries()) == 1
    assert bench.service.verdict.to_json()["calls"] == 1


def test_doors_without_anything_to_show_are_a_misuse(make_bench: type[Bench]) -> None:
    """They would have to answer that there was no call."""
    with pytest.raises(MisuseError, match="doors is False as well"):
        make_bench.of(watched=False)


def test_a_refusal_is_told_with_what_it_is_about(make_bench: type[Bench]) -> None:
    """Whoever watches used to have the sentence alone; that of a key is told to nobody."""
    noter = Noter()
    bench = make_bench.of(observers=[noter])
    run = bench.run()
    bench.send("POST", f"/threads/{run.thread_id}/runs", {"assistant_id": run.assistant_id})
    bench.send("GET", "/threads/thread_none")
    locked, missing = (call.refusal for call in noter.calls)

    assert locked is not None
    assert locked.words is REFUSALS["create", "thread_is_free"]
    assert (locked.facts["thread_id"], locked.facts["active_run_id"]) == (run.thread_id, run.id)
    assert missing is not None
    assert missing.words is NOT_FOUND
    keyed = make_bench.of(api_key="sk-right", observers=[noter])
    keyed.send("GET", "/assistants", headers={"authorization": "Bearer sk-wrong-1234"})
    assert (noter.calls[-1].status, noter.calls[-1].refusal) == (401, None)


@pytest.mark.parametrize("key", ["", " ", " k", "k\n"])
def test_a_key_that_nobody_can_show_is_none(key: str) -> None:
    """A service with such a key used to refuse everybody; what surrounds a key in a header is cut off."""
    with pytest.raises(MisuseError, match="the key of the API"):
        Service(World(VirtualClock()), api_key=key)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1_000_000, "1000000"), (10, "10"), (0, "0"), (2.0, "2"), (0.25, "0.25"), (1e21, "1" + 21 * "0")],
)
def test_when_to_come_again_is_a_plain_number(make_bench: type[Bench], seconds: float, said: str) -> None:
    """A million used to be ``1e+06``, which is no number of seconds to any client."""
    net = Net("refuse", status=429, retry_after=seconds)
    bench = make_bench.of(faults=FaultPlan([FaultRule(net)]))

    assert bench.ask("POST", "/v1/threads", {}).headers["retry-after"] == said
