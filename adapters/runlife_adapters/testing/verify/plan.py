"""How hard a service is tried, and what was proved when no story made it fail."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from attrs import define, field, fields, frozen

from runlife import MisuseError, RunStatus
from runlife.responses import ResponseStatus
from runlife_adapters.testing.verify.menu import Menu
from runlife_adapters.testing.verify.trial import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife_adapters.testing.verify.play import Played

__all__ = ["Plan", "Proof"]


@frozen(kw_only=True)
class Plan:
    """How hard to try.

    :param deviations: every story with at most so many deviations is played.
    :param random: how many stories Hypothesis draws after that.
    :param prune: whether polls that show nothing new are passed over.
    """

    deviations: int = 2
    random: int = 500
    prune: bool = True
    menu: Menu = field(factory=Menu)
    setting: Setting = field(factory=Setting)

    def __attrs_post_init__(self) -> None:
        for name in ("deviations", "random"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                msg = f"{name}: expected a number, 0 or more; got {value!r}"
                raise MisuseError(msg)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return the plan with these options, of its own, of the menu, or of the setting.

        :raises MisuseError: when there is no option of a name.
        """
        left = dict(options)
        parts: dict[str, Any] = {}
        for part, kind in (("menu", Menu), ("setting", Setting)):
            parts[part] = kind(**{f.name: left.pop(f.name) for f in fields(kind) if f.name in left})
        own = {f.name: left.pop(f.name) for f in fields(cls) if f.name in left}
        if left:
            names = sorted(f.name for kind in (cls, Menu, Setting) for f in fields(kind))
            msg = f"no option is named {', '.join(map(repr, left))}; there are {', '.join(names)}"
            raise MisuseError(msg)
        return cls(**{**parts, **own})

    def but(self, options: Mapping[str, Any]) -> Self:
        """Return this plan with some options otherwise.

        :raises MisuseError: when there is no option of a name.
        """
        parts = [(self, Plan), (self.menu, Menu), (self.setting, Setting)]
        said = {f.name: getattr(part, f.name) for part, kind in parts for f in fields(kind)}
        return type(self).of({**{n: v for n, v in said.items() if n not in ("menu", "setting")}, **options})


@define
class Proof:
    """What was tried without a failure."""

    service: str
    plan: Plan
    stories: Counter[int] = field(factory=Counter[int])
    """How many stories were played, by their number of deviations."""
    random: int = 0
    """How many more were drawn."""
    calls: int = 0
    virtual: float = 0.0
    """Seconds of virtual time in all."""
    seconds: float = 0.0
    outages: int = 0
    """In how many of them the service gave up, because the network did not let it."""
    seen: set[str] = field(factory=set[str])
    """The statuses in which a run of the service has been, or a response."""
    runs: bool = False
    """Whether there was a run that clients saw themselves."""
    responses: bool = False
    """Whether there were responses."""

    @property
    def total(self) -> int:
        """How many stories were played systematically."""
        return sum(self.stories.values())

    @property
    def has_responses_only(self) -> bool:
        """Whether the service works with responses, and with no runs."""
        return self.responses and not self.runs

    @property
    def unseen(self) -> tuple[str, ...]:
        """The statuses in which no run, or response, of the service ever was: of those, nothing is proved."""
        there = ResponseStatus if self.has_responses_only else RunStatus
        return tuple(status.value for status in there if status.value not in self.seen)

    def add(self, played: Played) -> None:
        """Take note of a story that was played."""
        trial = played.trial
        self.calls += trial.wire.calls
        self.virtual += trial.now
        self.outages += played.error is not None and not isinstance(played.error, trial.setting.raises)
        for run in trial.wire.runs.values():
            if run.rounds is not None:
                self.responses = True
                self.seen.update(status.value for told in run.rounds for status, _ in told.since)
                continue
            self.runs = True
            self.seen.update(status.value for status in run.visits)
            self.seen.add(run.status.value)

    def __str__(self) -> str:
        """Say what was proved."""
        bound = self.plan.deviations
        most = f"all with at most {bound} deviation{'s' * (bound != 1)} among these alternatives"
        drawn = f", and {self.random:,} random ones" if self.random else ""
        lines = [f"{self.service}: {self.total:,} schedules, {most}{drawn}: no failure"]
        lines.append(
            f"  {self.calls:,} calls in {self.virtual:,.0f} virtual seconds, {self.seconds:.1f} real ones"
        )
        idle = "polls that show nothing new passed over" if self.plan.prune else "every poll a place"
        lines.append(f"  alternatives: {self.plan.menu}; {idle}")
        if self.outages:
            lines.append(f"  in {self.outages:,} of them it gave up because of an outage, which is honest")
        if self.unseen:
            kind = "response" if self.has_responses_only else "run"
            lines.append(f"  nothing is proved of {', '.join(self.unseen)}: no {kind} was ever there")
        return "\n".join(lines)
