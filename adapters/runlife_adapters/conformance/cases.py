"""The cases: generated from the table where the table says it, written out where it does not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from runlife import RUN, Cause, RunStatus, ToolOutput, TraceChecker, Transition
from runlife.paths import shortest_paths, suite
from runlife_adapters.backend import RejectedError
from runlife_adapters.conformance.harness import Case, Harness, Report, run_cases
from runlife_adapters.conformance.scene import SEEN, Scene, expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from runlife_adapters.backend import RunView

__all__ = ["CASES", "run_conformance"]

CALLS = tuple(dict.fromkeys(row.event for row in RUN.transitions if row.cause is Cause.CLIENT))
"""The events that a client asks for."""

BAD_REQUEST, NOT_FOUND = 400, 404
POLLS = 600
"""How often a run that nobody directs is looked at before it is given up."""


def follows(harness: Harness, *, path: tuple[Transition[Any], ...]) -> None:
    """Every row of the path happens, and shows in the run's status and fields."""
    Scene(harness).play(path)


def refuses(harness: Harness, *, path: tuple[Transition[Any], ...], call: str) -> None:
    """Refused with 400: a call that is illegal in a status; and it changes nothing."""
    scene = Scene(harness)
    before = scene.play(path)
    rejected(BAD_REQUEST, lambda: scene.call(call))
    expect(that=scene.look() == before, otherwise=f"a refused {call} changed the run: {scene.view}")


def rejected(status: int, call: Callable[[], object]) -> None:
    """Expect a call to be refused with an HTTP status."""
    try:
        answer = call()
    except RejectedError as error:
        expect(that=error.status == status, otherwise=f"expected {status}, got {error.status}: {error}")
        expect(that=bool(error.message), otherwise="a refusal without a word")
    else:
        expect(that=False, otherwise=f"expected a refusal with {status}, got {answer!r}")


def to(status: RunStatus) -> tuple[Transition[Any], ...]:
    """Return the rows of a shortest path to a status."""
    return tuple(SHORTEST[status])


SHORTEST = shortest_paths(RUN)


def outputs_must_match(harness: Harness) -> None:
    """None, one of two, a stranger's, or one twice: refused, and the run waits on."""
    scene = Scene(harness)
    before = scene.play(to(RunStatus.REQUIRES_ACTION))
    first, second = (ToolOutput(call.id, "found") for call in before.required_action or ())
    stranger = ToolOutput("call_000000000000000000000000", "found")
    submit = partial(harness.backend.submit_tool_outputs, scene.thread_id, before.id)
    for outputs in ([], [first], [first, stranger], [first, second, stranger], [first, first]):
        rejected(BAD_REQUEST, partial(submit, outputs))
        expect(that=scene.look() == before, otherwise=f"wrong outputs changed the run: {scene.view}")
    scene.view = submit([second, first])
    scene.check(RunStatus.QUEUED)


def a_thread_is_free_again(harness: Harness) -> None:
    """While a run is active its thread takes no other; once it has ended, it does."""
    scene = Scene(harness)
    scene.play(to(RunStatus.COMPLETED))
    first = scene.view
    scene.create()
    scene.check(RunStatus.QUEUED)
    runs = [view.id for view in harness.backend.list_runs(scene.thread_id)]
    expect(that=runs == [scene.view.id, first.id], otherwise=f"not newest first: {runs}")


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
    run = scene.create()
    rejected(NOT_FOUND, lambda: backend.retrieve_run(scene.thread_id, f"run_{nothing}"))
    rejected(NOT_FOUND, lambda: backend.retrieve_run(other, run.id))
    rejected(NOT_FOUND, lambda: backend.cancel_run(scene.thread_id, f"run_{nothing}"))
    rejected(NOT_FOUND, lambda: backend.create_run(f"thread_{nothing}", scene.assistant_id))
    rejected(NOT_FOUND, lambda: backend.create_run(other, f"asst_{nothing}"))


def a_reply_is_on_the_thread(harness: Harness) -> None:
    """One reply of a completed run can be read, and is told apart from other messages."""
    scene = Scene(harness)
    view = scene.play(to(RunStatus.COMPLETED))
    texts = harness.backend.list_messages(scene.thread_id, run_id=view.id)
    expect(that=len(texts) == 1 and bool(texts[0]), otherwise=f"expected one reply, got {texts!r}")


def metadata_is_kept(harness: Harness) -> None:
    """Whatever metadata a creation brings, the run shows: the driver finds its runs by it."""
    scene = Scene(harness)
    said = {"runlife_key": "abc", "who": "conformance"}
    scene.view = harness.backend.create_run(scene.thread_id, scene.assistant_id, metadata=said)
    expect(that=dict(scene.look().metadata) == said, otherwise=f"metadata: {scene.view.metadata}")


def a_run_ends_lawfully(harness: Harness) -> None:
    """However it goes, what a poller sees is a lawful trace, to the end."""
    scene = Scene(harness)
    began = scene.create().created_at or 0.0
    checker = TraceChecker(RUN, slack=POLLS)  # a live service tells its own time
    view: RunView = scene.view
    for poll in range(POLLS):
        checker.observed(view.status, began + poll, {name: getattr(view, name) for name in SEEN})
        if RunStatus(view.status) in RUN.terminal:
            return
        if harness.stage is not None:
            harness.stage.advance(1)
        view = scene.look()
    expect(that=False, otherwise=f"after {POLLS} looks it is still {view.status}")


def _cases() -> Iterator[Case]:
    for path in suite(RUN, "edge"):
        yield Case(f"follows {path.id}", partial(follows, path=tuple(path)))
    for status in RUN.statuses:
        for call in CALLS:
            locked = call in {row.event for row in RUN.creations} and status not in RUN.terminal
            if locked or (call not in RUN.legal(status) and call not in RUN.legal(None)):
                yield Case(f"refuses {call} in {status}", partial(refuses, path=to(status), call=call))
    for case in (outputs_must_match, a_thread_is_free_again, a_reply_is_on_the_thread):
        yield Case(case.__name__.replace("_", " "), case)
    for case in (a_run_needs_input, what_is_unknown_is_not_found, metadata_is_kept, a_run_ends_lawfully):
        yield Case(case.__name__.replace("_", " "), case, needs_stage=False)


CASES: tuple[Case, ...] = tuple(_cases())
"""Every case, each with a name of its own."""


def run_conformance(make_harness: Callable[[], Harness], cases: Iterable[Case] = CASES) -> Report:
    """Run the cases, each before a harness of its own, and report; raises nothing itself.

    :param make_harness: makes a backend with its stage; called once for each case.
    :param cases: by default all of them.
    """
    return run_cases(cases, make_harness)
