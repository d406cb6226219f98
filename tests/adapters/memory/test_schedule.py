"""Schedules: plain data that prints as code, goes to JSON and back, and is lawful by the table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import fields

from runlife import RUN, Cause, LastError, MisuseError, Usage, VirtualClock
from runlife_adapters.memory import NEVER, After, Call, Schedule, World

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


def test_arguments_that_are_no_json_go_out_as_they_are() -> None:
    """What a model gets wrong most could not be scripted: arguments had to be an object."""
    schedule = Schedule(
        in_progress=[After(1, "requires_action", tools=[Call("f", '{"city": '), Call("f", "")])]
    )
    world = World(VirtualClock(), schedule=schedule)
    assistant = world.create_assistant(model="m", instructions="Help.")
    run = world.create_thread_and_run(assistant_id=assistant.id)
    world.advance(5)
    action = world.retrieve_run(run.thread_id, run.id).required_action

    assert action is not None
    assert [call.arguments for call in action.tool_calls] == ['{"city": ', ""]


@pytest.mark.parametrize("arguments", ["{bad", "", "{}", "[1]", {}, {"x": 1}])
def test_arguments_of_either_kind_survive_print_and_json(arguments: Any) -> None:
    """A text is one afterwards, and an object an object, also when both are empty."""
    entry = After(1, "requires_action", tools=[Call("f", arguments)])

    assert eval(repr(entry), NAMES) == entry  # noqa: S307  # our own repr
    assert After.from_json(json.loads(json.dumps(entry.to_json()))) == entry


def test_an_error_may_be_its_code_in_json_as_well() -> None:
    """The constructor took the word alone; a rulebook, which is where one writes it, did not."""
    written = After.from_json({"to": "failed", "error": "rate_limit_exceeded"})

    assert written == After(to="failed", error="rate_limit_exceeded")


@pytest.mark.parametrize("tools", [129, 200_000, [{"name": "f"}] * 129, 0, -1, []])
def test_one_move_makes_at_most_as_many_calls_as_there_are_tools(tools: Any) -> None:
    """``tools: 200000`` used to make as many calls, each of which a stream tells."""
    with pytest.raises(MisuseError, match="at least one call, and 128 at most; got "):
        After.from_json({"to": "requires_action", "tools": tools})
    After.from_json({"to": "requires_action", "tools": 128})
