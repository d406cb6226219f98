"""A path is whatever names a walk through the table; what does not is refused, with the reason."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest

from runlife import MESSAGE, RUN, Cause, Lifecycle, MisuseError, Policy, Run, on
from runlife_diagrams import PathError
from runlife_diagrams.route import follow


def test_statuses_name_the_rows_between_them() -> None:
    """Each status that follows another stands for the one row between the two."""
    route = follow(RUN, ["queued", "in_progress", "cancelling", "cancelled"])
    assert [row.event for row in route.rows] == ["start", "cancel", "confirm_cancel"]
    assert route.start == "queued"
    assert route.statuses == ("queued", "in_progress", "cancelling", "cancelled")


def test_none_first_is_the_moment_before_creation() -> None:
    """A path from None begins with the creation."""
    route = follow(RUN, [None, "queued"])
    assert [row.event for row in route.rows] == ["create"]
    assert route.start is None


def test_a_journal_is_a_path() -> None:
    """The journal of a run names its rows, an expiry among them."""
    run = Run.create(id="run_1", now=0)
    run.apply("start", now=1)
    run.handle_timeout(9999)
    assert [row.event for row in follow(RUN, run.journal).rows] == ["create", "start", "expire"]


def test_a_record_of_another_policy_fits_where_the_table_has_its_row() -> None:
    """What a run did under one policy is shown on the picture of another, if that has the same move."""
    other = RUN.under(Policy(usage_when_stopped="null"))
    run = Run.create(id="run_1", now=0, lifecycle=other)
    run.handle_timeout(9999)
    (_, row) = follow(RUN, run.journal).rows
    assert row in RUN.transitions


def test_forms_can_be_mixed() -> None:
    """Statuses and transitions may follow each other in one path."""
    cancel = next(row for row in RUN.transitions if row.event == "cancel" and row.source == "queued")
    assert [row.event for row in follow(RUN, ["queued", cancel, "failed"]).rows] == ["cancel", "fail"]


@pytest.mark.parametrize(
    ("path", "step", "words"),
    [
        ([], 1, "empty"),
        ("queued", 1, "a path is a sequence"),
        (["done"], 1, "'done' is no status of 'run'; these are: queued, in_progress"),
        (["queued", "nowhere"], 2, "'nowhere' is no status"),
        (["queued", "in_progress", "cancelled"], 3, "no transition leads from 'in_progress' to 'cancelled'"),
        (["queued", "completed"], 2, "legal from 'queued': start to 'in_progress', fail to 'failed'"),
        (["completed", "queued"], 2, "it is terminal"),
        ([None, "failed"], 2, "legal from before the creation: create to 'queued'"),
        (["queued", None], 2, "can only come first"),
        (["queued", *RUN.creations], 2, "has no transition nothing -create-> queued from 'queued'"),
        (
            [MESSAGE.creations[1]],
            1,
            "has no transition nothing -begin-> in_progress from before the creation",
        ),
    ],
)
def test_a_step_that_does_not_fit_is_named(path: Any, step: int, words: str) -> None:
    """The error names the first step that does not fit, and what would be legal there."""
    with pytest.raises(PathError, match=f"^step {step} of the path does not fit: ") as caught:
        follow(RUN, path)
    assert words in str(caught.value)
    assert caught.value.step == step
    assert isinstance(caught.value, MisuseError)


def test_statuses_that_do_not_tell_the_event_are_refused() -> None:
    """Where two events lead from one status to another, the statuses alone do not say which it was."""

    class Light(StrEnum):
        ON = "on"
        OFF = "off"

    light = Lifecycle(
        "light",
        Light,
        terminal=[Light.OFF],
        bounded_by="the bulb",
        rows=[
            on("screw_in", None, Light.ON, by=Cause.CLIENT),
            on("switch", Light.ON, Light.OFF, by=Cause.CLIENT),
            on("break", Light.ON, Light.OFF, by=Cause.SERVER),
        ],
    )
    with pytest.raises(PathError, match=r"several events lead .* \(switch, break\): give the transition"):
        follow(light, ["on", "off"])
    assert follow(light, ["on", light.transitions[2]]).rows[0].event == "break"
