"""The machine that draws itself as transitions' does, with its engines, and keeps no run for it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from transitions.extensions import GraphMachine, HierarchicalMachine, LockedMachine
from transitions.extensions.factory import AsyncGraphMachine
from transitions.extensions.nesting import NestedState

from runlife import RUN, RUN_STEP, MisuseError, RunStep
from runlife.machine import AsyncGraphRunMachine, AsyncRunMachine, GraphRunMachine, RunMachine

if TYPE_CHECKING:
    from runlife import Instance


def mermaid(drawn: Any, **options: Any) -> list[str]:
    """Give the lines of what a machine or a run draws as Mermaid."""
    return [line.strip() for line in drawn.get_graph(**options).draw(None).splitlines()]


def styles(run: Instance[Any], **options: Any) -> dict[str, str]:
    """Give the style of each state that the graph of a run has."""
    lines = (line.split() for line in mermaid(run, **options))
    return {words[1]: words[2].removeprefix("s_") for words in lines if words[:1] == ["Class"]}


def test_it_is_a_graph_machine_and_draws_the_rows_of_the_table() -> None:
    """The graph of the machine has every status and every row, which no other states and edges join."""
    machine = GraphRunMachine(graph_engine="mermaid")
    assert isinstance(machine, GraphMachine)
    assert isinstance(machine, RunMachine)
    lines = mermaid(machine)
    edges = [f"{row.source} --> {row.target}: {row.event}" for row in RUN.transitions if row.source]
    assert sorted(line for line in lines if "-->" in line) == sorted([*edges, "[*] --> queued"])
    assert [line.split()[-1] for line in lines if line.startswith("state ")] == list(RUN.statuses)
    assert lines[1] == "run"
    assert machine.get_combined_graph().draw(None) == machine.get_graph(None, True).draw(None)


def test_the_graph_of_a_run_shows_where_it_is_and_whence_it_came() -> None:
    """The status of the run is active and the one before it previous, whatever happens to other runs."""
    machine = GraphRunMachine(graph_engine="mermaid")
    run, other = machine.create(id="run_1", now=0), machine.create(id="run_2", now=0)
    run.start(now=1)
    run.cancel(now=2)
    other.start(now=3)
    assert {word: style for word, style in styles(run).items() if style != "default"} == {
        "in_progress": "previous",
        "cancelling": "active",
    }
    assert styles(other)["in_progress"] == "active"
    assert set(styles(machine.create(id="run_3", now=0)).values()) == {"active", "default"}


def test_a_status_of_many_words_is_drawn_as_one_state() -> None:
    """The separator of nested states, an underscore, does not take ``in_progress`` for a child of ``in``."""
    assert NestedState.separator == "_"
    machine = GraphRunMachine(graph_engine="mermaid")
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    assert styles(run)["in_progress"] == "active"


def test_a_restored_run_is_drawn_as_the_one_that_was_saved() -> None:
    """The last step is the journal's, where transitions knows it only of the process that took it."""
    machine = GraphRunMachine(graph_engine="mermaid")
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    assert mermaid(machine.restore(run.snapshot())) == mermaid(run)
    assert styles(run)["queued"] == "previous"


def test_the_region_of_interest_is_what_may_come_next() -> None:
    """With ``show_roi`` the graph has the status, where it came from, and what one step may lead to."""
    machine = GraphRunMachine(graph_engine="mermaid")
    run = machine.create(id="run_1", now=0)
    assert set(styles(run, show_roi=True)) == {
        "queued",
        *(row.target for row in RUN.transitions if row.source == "queued"),
    }
    run.start(now=1)
    assert styles(run, show_roi=True)["queued"] == "previous"
    with pytest.raises(MisuseError, match="ask a run for it"):
        machine.get_graph(show_roi=True)


def test_the_options_are_those_of_a_graph_machine() -> None:
    """Title, conditions and callbacks are shown as transitions shows them, callbacks that came later too."""
    machine = GraphRunMachine(graph_engine="mermaid", title="Ours", show_conditions=True)
    lines = mermaid(machine)
    assert lines[1] == "Ours"
    assert "requires_action --> queued: submit_tool_outputs [outputs_match_calls]" in lines
    assert mermaid(machine, title="Another")[1] == "Another"
    talking = GraphRunMachine(graph_engine="mermaid", show_state_attributes=True)
    before = mermaid(talking)
    talking.states["completed"].add_callback("enter", "notify")
    assert [line for line in mermaid(talking) if line not in before] == [
        'state "completed\\n- enter:\\n  + notify" as completed'
    ]


def test_callbacks_run_as_in_every_machine() -> None:
    """Drawing adds nothing to a trigger: the callbacks are called, once each."""
    seen: list[str] = []
    machine = GraphRunMachine(after_state_change=lambda **_: seen.append("changed"), graph_engine="mermaid")
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    assert seen == ["changed"]


def test_a_run_that_was_drawn_is_kept_by_nobody() -> None:
    """A graph goes with its run, where transitions keeps each under the id of a model that may be gone."""
    machine = GraphRunMachine(graph_engine="mermaid")
    run = machine.create(id="run_1", now=0)
    mermaid(run)
    gone = weakref.ref(run)
    del run
    gc.collect()
    assert gone() is None
    assert machine.model_graphs == {}


def test_another_lifecycle_is_drawn_as_well() -> None:
    """A machine over any table draws that one, and two ways of creation are no initial state."""
    machine = GraphRunMachine(RUN_STEP, model=RunStep, graph_engine="mermaid")
    step = machine.create(event="begin", id="step_1", run_id="run_1", expires_at=600, now=0)
    assert mermaid(step)[1] == "run_step"
    assert styles(step)["in_progress"] == "active"


def test_an_async_run_is_drawn_without_awaiting() -> None:
    """The async machine is an ``AsyncGraphMachine`` in all but name: triggers are awaited, drawing is not."""

    async def scenario() -> dict[str, str]:
        machine = AsyncGraphRunMachine(graph_engine="mermaid")
        assert isinstance(machine, AsyncRunMachine)
        assert all(isinstance(machine, base) for base in AsyncGraphMachine.__bases__)
        run = machine.create(id="run_1", now=0)
        await run.start(now=1)
        return styles(run)

    assert asyncio.run(scenario())["in_progress"] == "active"


def test_graphviz_draws_it_too() -> None:
    """With transitions' graphviz engine the graph is DOT, with the colours that transitions gives it."""
    pytest.importorskip("graphviz", reason="needs the graphviz of PyPI, which transitions draws with")
    machine = GraphRunMachine(graph_engine="graphviz")
    run = machine.create(id="run_1", now=0)
    run.start(now=1)
    source: str = getattr(run.get_graph(), "source")  # noqa: B009  # of graphviz' Digraph, not of the protocol
    (active,) = [line for line in source.splitlines() if "darksalmon" in line]
    assert active.split()[0] == "in_progress"


@pytest.mark.parametrize("stranger", [GraphMachine, HierarchicalMachine, LockedMachine])
def test_a_machine_of_transitions_cannot_be_mixed_in(stranger: type) -> None:
    """``class M(GraphMachine, RunMachine)``, which failed somewhere inside, says what to derive from."""
    for bases in ((RunMachine, stranger), (stranger, RunMachine)):
        with pytest.raises(MisuseError, match=f"cannot mix {stranger.__name__} .* GraphRunMachine"):
            type("M", bases, {})


def test_a_machine_of_ours_can_be_derived_from() -> None:
    """A subclass of a machine that draws itself draws itself."""

    class Drawn(GraphRunMachine[Any]):
        style_attributes = {  # noqa: RUF012  # as transitions has it
            **GraphMachine.style_attributes,
            "node": {"default": {"fillcolor": "gold"}},
        }

    assert "classDef s_default fill:gold" in mermaid(Drawn(RUN, graph_engine="mermaid"))
