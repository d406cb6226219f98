"""Rules: which schedule a run gets, by what was said and who is asked.

A rule is a condition and a :class:`~runlife_adapters.memory.schedule.Schedule`. Each run that is created
goes down the list; the first rule whose condition holds gives it its schedule, and where none does, the
``default`` does::

    Rules(
        [
            Rule(When(message="(?i)weather"), Schedule(in_progress=[After(1, "requires_action", tools=1)])),
            Rule(When(metadata={"case": "quota"}), Schedule(in_progress=[After(1, "failed")])),
        ],
        default=Schedule(in_progress=[After(0.5)]),
    )

Rules are data as schedules are: they print as the code that makes them, go to JSON and back without
loss, and whatever is wrong in them is refused with its place (``rules[2].when.message: ...``).

Regular expressions are Python's. Some take a time that grows exponentially with what they search
(``(a+)+$``), and nothing can interrupt them; no more than :data:`LONGEST_SEARCHED` characters are
searched, which keeps those of polynomial time quick and does not save anybody from the others.
They come from whoever writes the rules, never from the requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, cast

from attrs import field, fields, frozen

from runlife import MisuseError
from runlife_adapters.memory.checks import NONE, check_kind, check_names, is_a
from runlife_adapters.memory.places import at, items_of
from runlife_adapters.memory.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife import Lifecycle, RunStatus
    from runlife_adapters.memory.records import RunSettings, ThreadRecord
    from runlife_adapters.memory.resources import AssistantObject, Json

__all__ = ["LONGEST_PATTERN", "LONGEST_SEARCHED", "Rule", "Rules", "RunSeen", "When", "compiled", "found"]

LONGEST_PATTERN = 1_000
"""Characters of a regular expression that are accepted."""

LONGEST_SEARCHED = 4_096
"""Characters of a text in which a regular expression is searched: its first ones."""


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a regular expression, ready to be searched.

    :raises MisuseError: when it is none, or too long.
    """
    if len(pattern) > LONGEST_PATTERN:
        msg = f"a regular expression has at most {LONGEST_PATTERN} characters, got {len(pattern)}"
        raise MisuseError(msg)
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        msg = f"not a regular expression: {pattern!r} ({error})"
        raise MisuseError(msg) from error


def found(pattern: str, text: str) -> bool:
    """Say whether a regular expression is found in the first characters of a text."""
    return compiled(pattern).search(text, 0, LONGEST_SEARCHED) is not None


@frozen(kw_only=True)
class RunSeen:
    """What rules look at: a run that is about to be created."""

    assistant_id: str
    assistant_name: str | None = None
    model: str
    message: str | None = None
    """The text of the last user message; None when there is none."""
    instructions: str | None = None
    """Those in effect: the run's own or the assistant's, with additional ones at the end."""
    metadata: Mapping[str, str] = field(factory=dict[str, str], hash=False)
    """That of the run."""

    @classmethod
    def of(cls, assistant: AssistantObject | None, settings: RunSettings, thread: ThreadRecord) -> Self:
        """Return what they see of a run on a thread. The run behind a response has no assistant."""
        said = (m.text for m in reversed(thread.messages.values()) if m.role == "user")
        return cls(
            assistant_id=settings.assistant_id,
            assistant_name=None if assistant is None else assistant.name,
            model=settings.model,
            message=next(said, None),
            instructions=settings.instructions,
            metadata=settings.metadata,
        )


def _pairs(metadata: Mapping[str, str]) -> Mapping[str, str]:
    check_kind("metadata", metadata, Mapping)
    for name, value in metadata.items():
        check_kind("the name of a metadata pair", name, str)
        with at(f"metadata.{name}"):
            check_kind("a metadata value", value, str)
    return dict(metadata)


@frozen(kw_only=True, repr=False)
class When:
    """A condition on a run. Everything that is given must hold; ``When()`` always holds.

    :param message: a regular expression that is found in the text of the last user message.
    :param assistant: the id or the name of the assistant.
    :param model: the name of the model.
    :param instructions: a regular expression that is found in the instructions: a response has no assistant
        that it could be told by.
    :param metadata: pairs that the metadata of the run has, among others.
    :raises MisuseError: when a value is of another type, or one that is to be found no regular expression.
    """

    message: str | None = field(default=None, validator=is_a(str, NONE))
    assistant: str | None = field(default=None, validator=is_a(str, NONE))
    model: str | None = field(default=None, validator=is_a(str, NONE))
    instructions: str | None = field(default=None, validator=is_a(str, NONE))
    metadata: Mapping[str, str] = field(factory=dict[str, str], converter=_pairs, hash=False)

    def __attrs_post_init__(self) -> None:
        for name in ("message", "instructions"):
            pattern = getattr(self, name)
            if pattern is not None:
                with at(name):
                    compiled(pattern)

    def holds(self, seen: RunSeen) -> bool:
        """Say whether it holds of a run."""
        return (
            (self.assistant is None or self.assistant in (seen.assistant_id, seen.assistant_name))
            and self.model in (None, seen.model)
            and all(seen.metadata.get(name) == value for name, value in self.metadata.items())
            and (self.message is None or (seen.message is not None and found(self.message, seen.message)))
            and (self.instructions is None or found(self.instructions, seen.instructions or ""))
        )

    def to_json(self) -> Json:
        """Return it as JSON data: only what is said."""
        said = {a.name: getattr(self, a.name) for a in fields(type(self))}
        return {name: value for name, value in said.items() if value is not None and value != {}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote.

        :raises MisuseError: when it is anything else, saying where.
        """
        check_names("a condition", data, (a.name for a in fields(cls)))
        return cls(**data)

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"When({', '.join(f'{name}={value!r}' for name, value in self.to_json().items())})"


@frozen(repr=False)
class Rule:
    """A condition, and the schedule of a run of which it holds."""

    when: When = field(validator=is_a(When))
    schedule: Schedule = field(validator=is_a(Schedule))

    def to_json(self) -> Json:
        """Return it as JSON data."""
        return {"when": self.when.to_json(), "schedule": self.schedule.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote. Without ``when``, it holds of every run.

        :raises MisuseError: when it is anything else, saying where.
        """
        check_names("a rule", data, ["when", "schedule"], ["schedule"])
        with at("when"):
            when = When.from_json(data.get("when", {}))
        with at("schedule"):
            return cls(when, Schedule.from_json(data["schedule"]))

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"Rule({self.when!r}, {self.schedule!r})"


def _rules(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    taken = tuple(cast("Iterable[object]", rules))
    for index, rule in enumerate(taken):
        check_kind(f"rules[{index}]", rule, Rule)
    return cast("tuple[Rule, ...]", taken)


@frozen(repr=False)
class Rules:
    """An ordered list of rules, and the schedule of the runs to which none applies.

    :raises MisuseError: when something is of another type.
    """

    rules: tuple[Rule, ...] = field(default=(), converter=_rules)
    default: Schedule = field(factory=Schedule, kw_only=True, validator=is_a(Schedule))

    def schedule_for(self, seen: RunSeen) -> Schedule:
        """Return the schedule of a run: that of the first rule that holds, or the default."""
        return next((rule.schedule for rule in self.rules if rule.when.holds(seen)), self.default)

    def check(self, lifecycle: Lifecycle[RunStatus]) -> None:
        """Raise MisuseError, saying where, unless the lifecycle has every move of every schedule."""
        for index, rule in enumerate(self.rules):
            with at(f"rules[{index}].schedule"):
                rule.schedule.check(lifecycle)
        with at("default"):
            self.default.check(lifecycle)

    def to_json(self) -> Json:
        """Return them as JSON data."""
        return {"rules": [rule.to_json() for rule in self.rules], "default": self.default.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote; what is not said is empty.

        :raises MisuseError: when it is anything else, saying where.
        """
        check_names("a rulebook", data, (a.name for a in fields(cls)))
        with at("rules"):
            items = items_of(data.get("rules", []))
        rules: list[Rule] = []
        for index, item in enumerate(items):
            with at(f"rules[{index}]"):
                rules.append(Rule.from_json(item))
        with at("default"):
            return cls(rules, default=Schedule.from_json(data.get("default", {})))

    def __repr__(self) -> str:
        """Return the call that makes it."""
        said = [repr(list(self.rules))] if self.rules else []
        default = [f"default={self.default!r}"] if self.default != Schedule() else []
        return f"Rules({', '.join([*said, *default])})"
