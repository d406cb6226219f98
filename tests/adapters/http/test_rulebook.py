"""Rulebooks: JSON or YAML, read strictly, with the place of whatever is wrong."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from runlife import MisuseError
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.http.rulebook import LARGEST_RULEBOOK, dump, load
from runlife_adapters.memory import NEVER, After, Call, Schedule
from runlife_adapters.memory.net import Net
from runlife_adapters.memory.rules import Rule, Rules, When

YAML = r"""
# the story of the weather
rules:
  - when: {message: "(?i)weather", assistant: Clerk, metadata: {case: tools}}
    schedule:
      in_progress:
        - {delay: 1, to: requires_action, tools: [{name: get_weather, arguments: {day: 2024-01-01}}]}
        - delay: never
      net:
        4: {kind: lose_response}
  - schedule: {queued: [{delay: 0.5}]}
default:
  in_progress:
    - {delay: 1, text: 2024-01-01}
faults:
  - when: {operation: create_run, nth: 2}
    net: {kind: refuse, status: 429, retry_after: 2}
seed: 7
"""
RULES = Rules(
    [
        Rule(
            When(message="(?i)weather", assistant="Clerk", metadata={"case": "tools"}),
            Schedule(
                in_progress=[
                    After(1, "requires_action", tools=(Call("get_weather", {"day": "2024-01-01"}),)),
                    After(NEVER),
                ],
                net={4: Net("lose_response")},
            ),
        ),
        Rule(When(), Schedule(queued=[After(0.5)])),
    ],
    default=Schedule(in_progress=[After(1, text="2024-01-01")]),
)
PLAN = FaultPlan([FaultRule(Net("refuse", status=429, retry_after=2), operation="create_run", nth=2)], seed=7)


def test_a_rulebook_is_read_from_yaml() -> None:
    """Dates stay texts, and numbers of calls may be numbers."""
    rules, plan = load(YAML)
    assert rules == RULES
    assert repr(plan) == repr(PLAN)


def test_what_is_dumped_is_read_again() -> None:
    """Through JSON text nothing is lost; a rulebook that says nothing is read as nothing."""
    rules, plan = load(json.dumps(dump(RULES, PLAN)))
    assert (rules, repr(plan)) == (RULES, repr(PLAN))
    assert dump(*load("{}")) == {"rules": [], "default": {}, "faults": []}


def test_json_needs_no_reader_of_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyYAML, JSON is read, and whoever brings YAML is told what to install."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert load('{"default": {}}')[0] == Rules()
    with pytest.raises(MisuseError, match=r"not JSON .* needs PyYAML: pip install runlife\[server\]"):
        load("default: {}")


def laughs(levels: int) -> str:
    """Return a short document whose aliases stand for an immense one."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a rulebook: expected an object, got None"),
        ("[]", "a rulebook: expected an object"),
        ("rulez: []", "a rulebook: unknown 'rulez'; known is rules, default, faults, seed"),
        ("rules: [{when: {message: '('}, schedule: {}}]", r"rules\[0\]\.when\.message: not a regular"),
        ('{"rules": [{"schedule": {"queued": [{"to": "x"}]}}]}', r"rules\[0\]\.schedule: the server leads"),
        ("faults: [{net: {kind: explode}}]", r"faults\[0\]\.net: what befalls a call"),
        ("seed: x", "seed: the seed of the faults: expected int, got 'x'"),
        ("rules: [", "neither JSON nor YAML; YAML: .*\n? *in .*line 1"),
        ('{"rules": [}', "neither JSON nor YAML; JSON: .*line 1 column 12"),
        ("a: 1\na: 2", "'a' is given twice"),
        ('{"seed": 1, "seed": 2}', "'seed' is given twice"),
        ("? [a]\n: 1", "unhashable"),
        ("default: &d {}\nrules: [{schedule: *d}]", "aliases are refused"),
        (laughs(12), "aliases are refused"),
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("a: 1\n---\nb: 2", "expected a single document"),
        ("seed: " + "9" * 5_000, "neither JSON nor YAML"),
        ('{"seed": ' + "9" * 5_000 + "}", "neither JSON nor YAML"),
        ("[" * 100_000, "not nested that deeply"),
        ("- " * 20_000, "not nested that deeply"),
        ("{default: {in_progress: [{delay: .nan}]}}", r"default\.in_progress\[0\]: .*0 or more"),
        ('{"default": {"in_progress": [{"delay": NaN}]}}', r"default\.in_progress\[0\]: .*0 or more"),
        (" " * (LARGEST_RULEBOOK + 1), "at most 131072 characters"),
        ("\x00", "neither JSON nor YAML"),
    ],
)
def test_what_is_no_rulebook_is_refused(text: str, problem: str) -> None:
    """The error says where, and never is anything run, expanded or silently overruled."""
    with pytest.raises(MisuseError, match=f"(?s){problem}"):
        load(text)


@pytest.mark.parametrize("value", [None, 5, b"{}", {}])
def test_a_rulebook_is_a_text(value: Any) -> None:
    """Bytes and data are named as what they are."""
    with pytest.raises(MisuseError, match="a rulebook: expected str"):
        load(value)
