"""Schedules: plain data that prints as code, goes to JSON and back, and is lawful by the table."""

from __future__ import annotations

import pytest
from attrs import fields

from runlife import RUN, Cause, LastError, MisuseError, Usage
from runlife_adapters.memory import NEVER, After, Call, Schedule

NAMES = {
    "NEVER": NEVER, "After": After, "Call": Call, "LastError": LastError, "Schedule": Schedule, "Usage": Usage
}  # fmt: skip


def test_a_schedule_has_a_list_for_each_live_status() -> None:
    """Should the table get another live status, a schedule must get a list for it."""
    assert [a.name for a in fields(Schedule)] == [*(status.value for status in RUN.live), "net"]


@pytest.mark.parametrize(
    "text",
    [
        "Schedule()",
        "Schedule(in_progress=[After(1, 'requires_action', tools=2)])",
        "Schedule(queued=[After(NEVER)], cancelling=[After(0.5, 'completed', text='Done')])",
        "Schedule(in_progress=[After(1, 'requires_action', tools=(Call('f', {'x': 1}), Call('g')))])",
    ],
)
def test_only_deviations_are_printed(text: str) -> None:
    """A schedule prints no more than somebody would have written."""
    assert repr(eval(text, NAMES)) == text  # noqa: S307  # the literals above


def test_only_deviations_are_written_to_json() -> None:
    """A delay that never ends is a word, because JSON has no infinity."""
    schedule = Schedule(in_progress=[After(1, "failed", error="server_error"), After(NEVER)])

    assert schedule.to_json() == {
        "in_progress": [
            {
                "delay": 1,
                "to": "failed",
                "error": {"code": "server_error", "message": "Sorry, something went wrong."},
            },
            {"delay": "never"},
        ]
    }
    assert Schedule().to_json() == {}


@pytest.mark.parametrize("status", RUN.live)
def test_a_schedule_leads_where_the_server_may_lead(status: str) -> None:
    """From every live status, exactly the targets of the server's rows are accepted."""
    allowed = {r.target for r in RUN.transitions if r.source is status and r.cause is Cause.SERVER}
    for target in RUN.statuses:
        if target in allowed:
            Schedule(**{status: [After(1, target)]})
        else:
            with pytest.raises(MisuseError, match=r"from there it goes to|only After\(NEVER\)"):
                Schedule(**{status: [After(1, target)]})


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: After(-1), "0 or more"),
        (lambda: After(float("nan")), "0 or more"),
        (lambda: After("1"), "0 or more"),
        (lambda: After(10**400), "0 or more"),
        (lambda: After(1, 5), "After.to: expected str or None, got 5"),
        (lambda: After(1, "completed", usage=5), "After.usage: expected Usage or None, got 5"),
        (lambda: After(1, "completed", text=5), "After.text: expected str"),
        (lambda: After(1, "failed", error=5), "After.error: expected LastError"),
        (lambda: After(1, "incomplete", reason=5), "After.reason: expected str"),
        (lambda: After(1, "requires_action", tools=2.5), "calls: expected Iterable, got 2.5"),
        (lambda: After(1, "requires_action", tools=True), "After.tools: expected int"),
        (lambda: After(1, "requires_action", tools="f"), "calls: expected Call, got 'f'"),
        (lambda: After(NEVER, "failed"), "what never comes"),
        (lambda: After(1, "requires_action", tools=0), "at least one call"),
        (lambda: After(1, "requires_action", tools=-1), "at least one call"),
        (lambda: After(1, "requires_action", tools=()), "at least one call"),
        (lambda: Schedule(in_progress=[After(1, "sleeping")]), "goes to: requires_action, completed"),
        (
            lambda: Schedule(in_progress=[After(1, tools=2)]),
            "does not take tools; it takes steps, text, usage",
        ),
        (lambda: Schedule(in_progress=[After(1, "completed", error="x")]), "does not take error"),
        (lambda: Schedule(in_progress=[After(1, "failed", reason="x")]), "does not take reason"),
        (lambda: Schedule(queued=[After(1, text="x")]), "does not take text; it takes no details"),
        (lambda: Schedule(requires_action=[After(1)]), r"only After\(NEVER\) is possible"),
        (lambda: Schedule.from_json({"done": []}), "unknown 'done'; known is queued, "),
        (lambda: Schedule.from_json({"queued": [{"wait": 1}]}), "not an entry of a schedule"),
        (lambda: After.from_json({"delay": "soon"}), "not an entry of a schedule"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_when_it_is_made(make: object, problem: str) -> None:
    """The error says what was expected, or where the server may lead."""
    with pytest.raises(MisuseError, match=problem):
        make()


def test_a_wait_for_the_client_may_be_said_to_have_no_end() -> None:
    """Nothing can happen by itself in requires_action, and that can be said."""
    assert Schedule(requires_action=[After(NEVER)]).requires_action == (After(NEVER),)
