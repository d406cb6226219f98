"""The table says what was measured, and what was not; and the peer that does our work does it."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError
from typing import NoReturn

import compare
import peers
import pytest
from floor import RefusedByHandError
from measure import OURS, Comparison

from runlife import RUN, RunStatus, ToolOutput

MADE_UP = [
    Comparison("to do it", "s", {OURS: 2e-6, "floor": 0.5e-6, "a peer": 2.5e-3}),
    Comparison("to keep it", "bytes", {OURS: 1500, "floor": 1000}),
]


def test_the_table_in_text() -> None:
    """A line for each contender, under the task, with our own cost once."""
    assert [line.split() for line in compare.plain(MADE_UP)][1:] == [
        ["to", "do", "it", "2", "µs", "floor", "0.25"],
        ["a", "peer", "1,250"],
        ["to", "keep", "it", "1,500", "B", "floor", "0.67"],
    ]


def test_the_table_in_markdown() -> None:
    """A line for each task."""
    assert list(compare.markdown(MADE_UP))[2:] == [
        "| to do it | 2 µs | floor **0.25** · a peer **1,250** |",
        "| to keep it | 1,500 B | floor **0.67** |",
    ]


def test_the_figures_as_json() -> None:
    """All of them, with what they were measured with."""
    data = json.loads(json.dumps(compare.as_json(MADE_UP, "CPython")))
    assert data["measured_with"] == "CPython"
    assert data["comparisons"][0]["costs"] == MADE_UP[0].costs
    assert data["comparisons"][1]["ratios"] == {"floor": 1000 / 1500}


def test_peers_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody should take a short table for the whole one."""

    def missing(distribution: str) -> NoReturn:
        raise PackageNotFoundError(distribution)

    monkeypatch.setattr(peers, "version", missing)
    present, absent = peers.installed()
    assert present == []
    assert compare.surroundings(present, absent).endswith(
        "not installed: Automat, xstate-statemachine, sismic, python-statemachine"
    )


@pytest.mark.parametrize("kind", [peers.Stock, peers.StockWithCallbacks, peers.StockAtWork, *peers.OPTIONAL])
def test_a_peer_goes_round_and_knows_what_is_illegal(kind: type[peers.Peer]) -> None:
    """Start, call a function, submit, start again; a second submit moves nothing."""
    try:
        peer = kind()
    except ModuleNotFoundError:
        pytest.skip(f"{kind.distribution} is not installed")
    (run,) = peer.spawn(1)
    for event in ("start", "require_action", "submit_tool_outputs"):
        peer.sender(run, event)()
    if peer.silent:
        peer.sender(run, "submit_tool_outputs")()
    else:
        with pytest.raises(peer.error):
            peer.sender(run, "submit_tool_outputs")()
    peer.sender(run, "start")()


def test_stock_transitions_really_does_the_work() -> None:
    """Its callbacks stamp, check, guard and keep a journal, as the engine does."""
    (run,) = peers.StockAtWork().spawn(1)
    run.start(1.0)
    assert (run.state, run.started_at) == (RunStatus.IN_PROGRESS, 1.0)
    run.require_action(2.0, peers.CALLS)
    assert run.submit_tool_outputs(3.0, (ToolOutput("another"),)) is False
    with pytest.raises(TypeError):
        run.submit_tool_outputs(3.0, ("rainy",))
    with pytest.raises(RefusedByHandError):
        run.submit_tool_outputs(600.0, peers.OUTPUTS)
    assert run.state == RunStatus.REQUIRES_ACTION
    run.submit_tool_outputs(3.0, peers.OUTPUTS)
    assert (run.state, run.required_action) == (RUN.creations[0].target, None)
    assert [event for _, event, _ in run.journal] == [
        "create",
        "start",
        "require_action",
        "submit_tool_outputs",
    ]
