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
    assert [label.conditions for label in bundle.labels] == [("due_at is due",)]


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
    assert bundle.labels[0].evidence == "documented"


def test_a_policy_is_written_when_asked_for() -> None:
    """The switch that a row hangs on stands under it; rows that are off are drawn too, and are marked."""
    strict = RUN.under(Policy(queued_may_fail=False))
    rows = {label.id: label for edge in picture_of(strict, policies=True).edges for label in edge.labels}
    assert rows["edge-queued-fail-failed"].notes == ("off: only if queued_may_fail is True",)
    assert rows["edge-queued-cancel-cancelling"].notes == ("if cancel_outside_in_progress is True",)
    assert rows["edge-queued-start-in_progress"].notes == ()
    assert len(rows) == len(RUN.rows)
    assert {id for id, label in rows.items() if label.off} == rows.keys() - {
        label.id for edge in picture_of(strict).edges for label in edge.labels
    }
    (bundle,) = picture_of(strict, policies=True).bundles
    assert [label.off for label in bundle.labels] == [False, True]


def test_a_simple_picture_is_of_what_is_to_be_seen_first() -> None:
    """Rows of one event between two statuses are one, endings are tied, and no condition is written."""
    picture = picture_of(JOB, detail="simple")
    between = [e for e in picture.edges if (e.source, e.target) == ("node-ready", "node-busy")]
    assert [[label.event for label in edge.labels] for edge in between] == [["take", "steal"], ["seize"]]
    assert {label.conditions for edge in picture.edges for label in edge.labels} == {()}
    (bundle,) = picture.bundles
    assert [label.event for label in bundle.labels] == ["expire", "kill"]
    assert [edge.source for edge in picture.edges if edge.bundle] == ["node-ready", "node-busy"]
    assert any(edge.spine and edge.target == "node-done" for edge in picture.edges)


@OURS
def test_a_simple_picture_loses_no_arrow(lifecycle: Lifecycle[Any]) -> None:
    """Whatever leads somewhere still does, by the same cause; bundles take all but the spine to an ending."""
    full, simple = picture_of(lifecycle), picture_of(lifecycle, detail="simple")
    arrows = [{(e.source, e.target, e.cause) for e in picture.edges} for picture in (full, simple)]
    assert arrows[0] == arrows[1]
    ends = {node.id for node in simple.nodes if node.kind == "terminal"}
    loose = [(e.target, e.cause) for e in simple.edges if e.target in ends and not e.bundle and not e.spine]
    tied = [(bundle.target, bundle.cause) for bundle in simple.bundles]
    assert len({*loose, *tied}) == len(loose) + len(tied)


def test_the_legend_explains_what_is_there() -> None:
    """A cause that no row has is not explained."""
    assert [entry.kind for entry in picture_of(MESSAGE).legend] == [
        "client",
        "server",
        "initial",
        "live",
        "terminal",
    ]


@pytest.mark.parametrize("option", [{"direction": "UP"}, {"theme": "pink"}, {"detail": "none"}])
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
