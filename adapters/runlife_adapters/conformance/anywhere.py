"""The cases that need no stage: a live service, which nobody can direct, is put through these as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlife import RUN, RunStatus, ToolOutput, TraceChecker
from runlife_adapters.conformance.harness import FUNCTION
from runlife_adapters.conformance.scene import Scene, expect, rejected

if TYPE_CHECKING:
    from runlife_adapters.conformance.harness import Harness

__all__ = ["ANYWHERE"]

BAD_REQUEST, NOT_FOUND = 400, 404

SLACK = 60.0
"""Seconds by which a live service may seem early or late: it tells its own time, and takes some to answer."""

FORCED = {"type": "function", "function": {"name": FUNCTION}}
"""The ``tool_choice`` that makes a model call the function."""


def a_run_needs_input(harness: Harness) -> None:
    """Neither a user message nor instructions: refused, and the thread stays free."""
    empty, assistant = harness.thread(), harness.assistant()
    rejected(BAD_REQUEST, lambda: harness.backend.create_run(empty, assistant))
    expect(that=not harness.backend.list_runs(empty), otherwise="a refused run is on the thread")
    harness.backend.create_run(empty, assistant, instructions="Say something.")


def what_is_unknown_is_not_found(harness: Harness) -> None:
    """Ids of nothing are answered with 404, also a run asked for on another thread."""
    scene, other = Scene(harness), harness.thread("Hello")
    nothing, backend = "0" * 24, harness.backend
    thread_id, run_id = scene.thread_id, f"run_{nothing}"
    run = scene.create()
    rejected(NOT_FOUND, lambda: backend.retrieve_run(thread_id, run_id))
    rejected(NOT_FOUND, lambda: backend.retrieve_run(other, run.id))
    rejected(NOT_FOUND, lambda: backend.cancel_run(thread_id, run_id))
    rejected(NOT_FOUND, lambda: backend.submit_tool_outputs(thread_id, run_id, [ToolOutput("call_1", "x")]))
    rejected(NOT_FOUND, lambda: backend.list_runs(f"thread_{nothing}"))
    rejected(NOT_FOUND, lambda: backend.create_run(f"thread_{nothing}", scene.assistant_id))
    rejected(NOT_FOUND, lambda: backend.create_run(other, f"asst_{nothing}"))


def metadata_is_kept(harness: Harness) -> None:
    """Whatever metadata a creation brings, the run shows: the driver finds its runs by it."""
    scene = Scene(harness)
    said = {"runlife_key": "abc", "who": "conformance"}
    scene.create(metadata=said)
    (listed,) = harness.backend.list_runs(scene.thread_id)
    for view in (scene.look(), listed):
        expect(that=dict(view.metadata) == said, otherwise=f"metadata: {view.metadata}")


def a_run_ends_lawfully(harness: Harness) -> None:
    """However it goes, what a poller sees is a lawful trace, to the end, and the end stays as it is."""
    scene = Scene(harness)
    scene.create()
    scene.end(TraceChecker(RUN, slack=SLACK))
    scene.wait(2)
    scene.unchanged("time")


def an_active_run_locks_its_thread(harness: Harness) -> None:
    """As long as the run is active its thread takes neither a message nor a run; after it, both."""
    scene = Scene(harness)
    scene.create()
    rejected(BAD_REQUEST, lambda: harness.message(scene.thread_id, "More"))
    rejected(BAD_REQUEST, lambda: scene.call("create"))
    first = scene.end()
    harness.message(scene.thread_id, "More")
    second = scene.create()
    runs = [view.id for view in harness.backend.list_runs(scene.thread_id)]
    expect(that=runs == [second.id, first.id], otherwise=f"not newest first: {runs}")


def a_run_that_has_ended_accepts_nothing(harness: Harness) -> None:
    """Neither a cancel nor outputs; and neither changes it."""
    scene = Scene(harness)
    scene.create()
    scene.end()
    outputs = [ToolOutput("call_1", "x")]
    rejected(BAD_REQUEST, lambda: scene.call("cancel"))
    rejected(
        BAD_REQUEST,
        lambda: harness.backend.submit_tool_outputs(scene.thread_id, scene.view.id, outputs),
    )
    scene.unchanged("a refused call")


def a_run_goes_on_with_its_outputs(harness: Harness) -> None:
    """Once it has its outputs, a run that waited is queued again, and its time is not extended."""
    scene = Scene(harness)
    scene.create(tool_choice=FORCED)
    asking = scene.until({RunStatus.REQUIRES_ACTION})
    rejected(BAD_REQUEST, lambda: harness.backend.submit_tool_outputs(scene.thread_id, asking.id, []))
    scene.unchanged("a refused submit")
    scene.view = scene.call("submit_tool_outputs")
    scene.check(RunStatus.QUEUED)
    for name in ("started_at", "expires_at"):
        kept, was = getattr(scene.view, name), getattr(asking, name)
        expect(that=kept == was, otherwise=f"a submit must keep {name}: it was {was}, and is {kept}")


def a_cancel_is_a_request(harness: Harness) -> None:
    """Once accepted, a cancel is refused a second time, and the run ends as the table says."""
    scene = Scene(harness)
    scene.create(tool_choice=FORCED)
    scene.until({RunStatus.REQUIRES_ACTION})
    checker = TraceChecker(RUN, attach=True, slack=SLACK)
    at = (scene.view.created_at or 0) + scene.waited
    ticket = checker.sent("cancel", at)
    scene.view = scene.call("cancel")
    checker.answered(ticket, at, accepted=True)
    rejected(BAD_REQUEST, lambda: scene.call("cancel"))
    scene.end(checker)


ANYWHERE = (
    a_run_needs_input,
    what_is_unknown_is_not_found,
    metadata_is_kept,
    a_run_ends_lawfully,
    an_active_run_locks_its_thread,
    a_run_that_has_ended_accepts_nothing,
    a_run_goes_on_with_its_outputs,
    a_cancel_is_a_request,
)
"""In the order in which a report lists them."""
