"""The picture holds what the table says, in its order, and nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest

from runlife import MESSAGE, RUN, RUN_STEP, Cause, Effect, Guard, Lifecycle, Policy, at, on
from runlife_diagrams import Picture, PictureError, picture_of

OURS = pytest.mark.parametrize("lifecycle", [RUN, RUN_STEP, MESSAGE], ids=lambda one: one.name)


def labels(picture: Picture) -> list[tuple[str, str]]:
    """Give the cause and the event of each row of a picture."""
    return [(edge.cause, label.event) for edge in picture.edges for label in edge.labels]


class Job(StrEnum):
    READY = "ready"
    BUSY = "busy"
    DONE = "done"
    LATE = "late"


timed = Effect("timed", "sets both deadlines", dict.fromkeys(("due_at", "kill_at"), lambda *_: 9.0))
never = Guard("never", "never", lambda *_: False)
JOB = Lifecycle(
    "job",
    Job,
    terminal=[Job.DONE, Job.LATE],
    rows=[
        on("add", None, Job.READY, by=Cause.CLIENT, then=timed),
        on("take", Job.READY, Job.BUSY, by=Cause.SERVER, when=never),
        on("take", Job.READY, Job.BUSY, by=Cause.SERVER),
        on("steal", Job.READY, Job.BUSY, by=Cause.SERVER),
        on("seize", Job.READY, Job.BUSY, by=Cause.CLIENT),
        on("beat", Job.BUSY, Job.BUSY, by=Cause.SERVER),
        on("drop", Job.BUSY, Job.READY, by=Cause.SERVER, when=never & never),
        on("finish", Job.BUSY, Job.DONE, by=Cause.SERVER),
        at("due_at", [Job.READY, Job.BUSY], Job.LATE),
        at("kill_at", Job.BUSY, Job.LATE, event="kill"),
    ],
)


@OURS
def test_every_row_and_status_is_there_once(lifecycle: Lifecycle[Any]) -> None:
    """Each status is a node, each row a label, with an id made of its words."""
    picture = picture_of(lifecycle)
    ids = [label.id for edge in picture.edges for label in edge.labels]
    assert ids == [
        f"edge-{row.source or 'initial'}-{row.event}-{row.target}" for row in lifecycle.transitions
    ]
    assert [node.name for node in picture.nodes] == ["", *lifecycle.statuses]
    assert {node.name for node in picture.nodes if node.kind == "terminal"} == lifecycle.terminal
    assert [group.kind for group in picture.groups] == ["initial", "live", "terminal"]
    assert [id for group in picture.groups for id in group.nodes if group.kind == "live"] == [
        f"node-{status}" for status in lifecycle.live
    ]


def test_a_policy_switches_rows_of_the_picture() -> None:
    """What a policy switches off is not drawn, and what it switches on is."""
    strict = Policy(cancel_may_lose=False, queued_may_fail=False, cancel_outside_in_progress=False)
    shown = {label.id for edge in picture_of(RUN.under(strict)).edges for label in edge.labels}
    usual = {label.id for edge in picture_of(RUN).edges for label in edge.labels}
    switched = {
        f"edge-{row.source}-{row.event}-{row.target}"
        for row in RUN.rows
        if row.given is not None and row.given.holds(RUN.policy) and not row.given.holds(strict)
    }
    assert switched
    assert usual - shown == switched
    assert shown < usual


def test_parallel_rows_are_one_edge() -> None:
    """Rows of one source, one target and one cause share an arrow; another cause has its own."""
    between = [e for e in picture_of(JOB).edges if (e.source, e.target) == ("node-ready", "node-busy")]
    assert [(edge.cause, [label.event for label in edge.labels]) for edge in between] == [
        (Cause.SERVER, ["take", "take", "steal"]),
        (Cause.CLIENT, ["seize"]),
    ]
    assert [label.id for label in between[0].labels] == [
        "edge-ready-take-busy",
        "edge-ready-take-busy-2",
        "edge-ready-steal-busy",
    ]
    assert between[0].id == "edge-ready-take-busy"


def test_a_deadline_of_several_statuses_is_bundled() -> None:
    """Edges of one deadline to one status are tied together; a deadline of one status is not."""
    (bundle,) = picture_of(JOB).bundles
    tied = [edge for edge in picture_of(JOB).edges if edge.bundle == bundle.id]
    assert [edge.source for edge in tied] == ["node-ready", "node-busy"]
    assert (bundle.id, bundle.target) == ("bundle-expire-late", "node-late")
    assert bundle.label.conditions == ("due_at is due",)


def test_the_spine_is_the_shortest_way_to_the_first_ending() -> None:
    """It leads from the creation to the first terminal status; what closes a cycle leads back."""
    picture = picture_of(RUN)
    assert [edge.id for edge in picture.edges if edge.spine] == [
        "edge-initial-create-queued",
        "edge-queued-start-in_progress",
        "edge-in_progress-complete-completed",
    ]
    assert [edge.id for edge in picture.edges if edge.back] == [
        "edge-requires_action-submit_tool_outputs-queued"
    ]


def test_guards_and_evidence_are_optional() -> None:
    """Guards are there unless they are not wanted, evidence if it is."""
    (create, *_), (plain, *_) = picture_of(RUN, evidence=True).edges, picture_of(RUN, guards=False).edges
    guard = RUN.creations[0].guard
    assert guard is not None
    assert create.labels[0].conditions == tuple(part.says for part in guard.parts)
    assert create.labels[0].evidence == RUN.creations[0].evidence
    assert (plain.labels[0].conditions, plain.labels[0].evidence) == ((), None)
    (bundle,) = picture_of(RUN, evidence=True).bundles
    assert bundle.label.evidence == "documented"


def test_the_legend_explains_what_is_there() -> None:
    """A cause that no row has is not explained."""
    assert [entry.kind for entry in picture_of(MESSAGE).legend] == [
        "client",
        "server",
        "initial",
        "live",
        "terminal",
    ]


def test_a_highlight_numbers_the_steps() -> None:
    """A row taken twice has two numbers; the last status is the current one; nothing else is marked."""
    path = ["queued", "in_progress", "requires_action", "queued", "in_progress", "completed"]
    highlight = picture_of(RUN, path=path).highlight
    assert highlight is not None
    assert highlight.taken == {
        "edge-queued-start-in_progress": (1, 4),
        "edge-in_progress-require_action-requires_action": (2,),
        "edge-requires_action-submit_tool_outputs-queued": (3,),
        "edge-in_progress-complete-completed": (5,),
    }
    assert highlight.visited == tuple(f"node-{status}" for status in dict.fromkeys(path))
    assert highlight.current == "node-completed"
    assert highlight.says[0] == "1. queued -start-> in_progress"


def test_a_path_from_the_creation_visits_the_dot() -> None:
    """The dot before the creation is a node like others."""
    highlight = picture_of(RUN, path=[None]).highlight
    assert highlight is not None
    assert (highlight.visited, highlight.current) == (("node-initial",), "node-initial")


@pytest.mark.parametrize("option", [{"direction": "UP"}, {"theme": "pink"}])
def test_unknown_words_are_refused(option: dict[str, Any]) -> None:
    """The error lists the words there are."""
    with pytest.raises(PictureError, match="there are: "):
        picture_of(RUN, **option)


def test_a_status_may_be_called_initial() -> None:
    """The id of a status is never taken by the dot."""

    class Odd(StrEnum):
        INITIAL = "initial"
        END = "end"

    odd = Lifecycle(
        "odd",
        Odd,
        terminal=[Odd.END],
        bounded_by="us",
        rows=[
            on("go", None, Odd.INITIAL, by=Cause.CLIENT),
            on("go", Odd.INITIAL, Odd.END, by=Cause.CLIENT),
        ],
    )
    assert [node.id for node in picture_of(odd).nodes] == ["node-initial-2", "node-initial", "node-end"]
    assert labels(picture_of(odd)) == [("client", "go"), ("client", "go")]
