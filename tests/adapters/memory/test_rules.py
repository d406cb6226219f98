"""Rules: which schedule a run gets; plain data that is checked, prints as code and goes to JSON and back."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife import RUN, MisuseError, Policy
from runlife_adapters.memory import NEVER, After, Call, Schedule
from runlife_adapters.memory.net import Net
from runlife_adapters.memory.rules import LONGEST_SEARCHED, Rule, Rules, RunSeen, When

NAMES = {
    "NEVER": NEVER, "After": After, "Call": Call, "Net": Net, "Rule": Rule, "Rules": Rules,
    "Schedule": Schedule, "When": When,
}  # fmt: skip
FAILS = Schedule(in_progress=[After(1, "failed")])
STUCK = Schedule(queued=[After(NEVER)])


def seen(message: str | None = "What is the weather?", **options: Any) -> RunSeen:
    """Return a run as rules see it."""
    said = {"assistant_id": "asst_1", "assistant_name": "Clerk", "model": "gpt-4o", **options}
    return RunSeen(message=message, **said)


@pytest.mark.parametrize(
    ("when", "run", "holds"),
    [
        (When(), seen(None), True),
        (When(message="weather"), seen(), True),
        (When(message="^weather"), seen(), False),
        (When(message="(?i)WEATHER"), seen(), True),
        (When(message=""), seen(None), False),
        (When(message="天气"), seen("今天天气怎么样?"), True),
        (When(assistant="asst_1"), seen(), True),
        (When(assistant="Clerk"), seen(), True),
        (When(assistant="Clerk"), seen(assistant_name=None), False),
        (When(model="gpt-4o"), seen(), True),
        (When(model="gpt-4"), seen(), False),
        (When(instructions="(?i)brief"), seen(instructions="Be brief."), True),
        (When(instructions="brief"), seen(instructions="Be kind."), False),
        (When(instructions="brief"), seen(), False),
        (When(metadata={"a": "1"}), seen(metadata={"a": "1", "b": "2"}), True),
        (When(metadata={"a": "1", "b": "1"}), seen(metadata={"a": "1", "b": "2"}), False),
        (When(metadata={"a": ""}), seen(), False),
        (When(message="weather", assistant="Clerk", model="gpt-4"), seen(), False),
        (When(message="weather", assistant="Clerk", model="gpt-4o"), seen(), True),
    ],
)
def test_everything_that_a_condition_says_must_hold(when: When, run: RunSeen, *, holds: bool) -> None:
    """Message and instructions are searched, an assistant has id and name, metadata may have more pairs."""
    assert when.holds(run) is holds


def test_the_first_rule_that_holds_decides() -> None:
    """Where none does, the default decides, which is the happy path unless it is said."""
    rules = Rules([Rule(When(message="weather"), FAILS), Rule(When(model="gpt-4o"), STUCK)])
    assert rules.schedule_for(seen()) is FAILS
    assert rules.schedule_for(seen("Hello")) is STUCK
    assert rules.schedule_for(seen("Hello", model="x")) == Schedule()
    assert Rules(default=STUCK).schedule_for(seen()) is STUCK


def test_no_more_than_the_beginning_of_a_message_is_searched() -> None:
    """So that a long message cannot make a slow expression slower than it is."""
    assert When(message="end").holds(seen(" " * (LONGEST_SEARCHED - 3) + "end"))
    assert not When(message="end").holds(seen(" " * LONGEST_SEARCHED + "end"))


texts = st.text(max_size=5)
whens = st.builds(
    When,
    message=st.none() | st.sampled_from(["", "a+", "(?i)weather", "天气"]),
    assistant=st.none() | texts,
    model=st.none() | texts,
    metadata=st.dictionaries(texts, texts, max_size=2),
)
schedules = st.sampled_from(
    [
        Schedule(),
        FAILS,
        STUCK,
        Schedule(in_progress=[After(1, "requires_action", tools=(Call("f", {"x": 1}),))]),
        Schedule(net={4: Net("lose_response")}),
    ]
)
rulebooks = st.builds(Rules, st.lists(st.builds(Rule, whens, schedules), max_size=3), default=schedules)


@pytest.mark.slow
@given(rulebooks)
def test_rules_print_as_code_and_go_to_json_and_back(rules: Rules) -> None:
    """Nothing is lost either way, and a copy is equal."""
    assert eval(repr(rules), NAMES) == rules  # noqa: S307  # our own repr
    assert Rules.from_json(json.loads(json.dumps(rules.to_json()))) == rules
    assert copy.deepcopy(rules) == rules


def test_only_what_is_said_is_printed() -> None:
    """Rules print no more than somebody would have written."""
    for text in ("Rules()", "Rules([Rule(When(message='a', metadata={'k': 'v'}), Schedule())])"):
        assert repr(eval(text, NAMES)) == text  # noqa: S307  # the literals above


def test_rules_are_values() -> None:
    """Equal ones have the same hash, and share nothing with their maker."""
    pairs = {"k": "v"}
    when = When(metadata=pairs)
    pairs["k"] = "w"
    assert when == When(metadata={"k": "v"})
    assert hash(Rules([Rule(when, FAILS)])) == hash(Rules([Rule(When(metadata={"k": "v"}), FAILS)]))


def test_a_policy_may_forbid_what_a_rule_does() -> None:
    """The error names the rule; the same rules are lawful under the usual policy."""
    schedule = Schedule(queued=[After(1, "failed")])
    Rules([Rule(When(), schedule)], default=schedule).check(RUN)
    strict = RUN.under(Policy(queued_may_fail=False))
    with pytest.raises(MisuseError, match=r"^rules\[1\]\.schedule: the server leads no run from 'queued'"):
        Rules([Rule(When(), STUCK), Rule(When(), schedule)]).check(strict)
    with pytest.raises(MisuseError, match=r"^default: the server leads no run from 'queued'"):
        Rules(default=schedule).check(strict)


def rule(**when: Any) -> dict[str, Any]:
    """Return the JSON of rules, the second of which has this condition."""
    return {"rules": [{"schedule": {}}, {"when": when, "schedule": {}}]}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "a rulebook: expected an object"),
        ({"rule": []}, "a rulebook: unknown 'rule'; known is rules, default"),
        ({"rules": {}}, r"rules: expected a list, got {}"),
        ({"rules": [5]}, r"rules\[0\]: a rule: expected an object, got 5"),
        ({"rules": [{"when": {}}]}, r"rules\[0\]: a rule: 'schedule' must be given"),
        ({"rules": [{"when": None, "schedule": {}}]}, r"rules\[0\]\.when: a condition: expected an object"),
        (rule(text="x"), r"rules\[1\]\.when: a condition: unknown 'text'; known is message, assistant"),
        (rule(message="("), r"rules\[1\]\.when\.message: not a regular expression: '\(' \(missing \)"),
        (rule(message=5), r"rules\[1\]\.when: When\.message: expected str or None, got 5"),
        (rule(instructions="["), r"rules\[1\]\.when\.instructions: not a regular expression: '\['"),
        (rule(message="a" * 2000), r"rules\[1\]\.when\.message: .* at most 1000 characters, got 2000"),
        (rule(model=5), r"rules\[1\]\.when: When\.model: expected str"),
        (rule(metadata=[]), r"rules\[1\]\.when: metadata: expected Mapping"),
        (rule(metadata={"n": 5}), r"rules\[1\]\.when\.metadata\.n: a metadata value: expected str, got 5"),
        ({"rules": [{"schedule": {"done": []}}]}, r"rules\[0\]\.schedule: a schedule: unknown 'done'"),
        (
            {"rules": [{"schedule": {"in_progress": [{"to": "queued"}]}}]},
            r"rules\[0\]\.schedule: the server leads no run from 'in_progress' to 'queued'",
        ),
        ({"default": {"queued": [{"delay": "x"}]}}, r"default\.queued\[0\]: not an entry of a schedule"),
        ({"default": {"net": {"1": {"kind": "refuse"}}}}, "default: a run whose creation takes no effect"),
    ],
)
def test_what_is_wrong_in_rules_is_said_with_its_place(data: Any, problem: str) -> None:
    """The error says where, what was expected, and what was found."""
    with pytest.raises(MisuseError, match=f"^{problem}"):
        Rules.from_json(data)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Rules([FAILS]), r"rules\[0\]: expected Rule, got Schedule"),
        (lambda: Rules(default={}), "Rules.default: expected Schedule"),
        (lambda: Rule({}, FAILS), "Rule.when: expected When"),
        (lambda: Rule(When(), None), "Rule.schedule: expected Schedule"),
    ],
)
def test_rules_are_made_of_the_right_things(make: Any, problem: str) -> None:
    """A schedule is no rule, and a dict no condition."""
    with pytest.raises(MisuseError, match=problem):
        make()
