"""A story: everything that the adversary of a service does otherwise than usual, as plain data.

``Story()`` is the happy path. Everything that a story says is a *deviation* from that, and it says nothing
else; so it prints as the shortest code that makes it, shrinks by leaving deviations out, and is the same
story again tomorrow. The server's part is a :class:`~runlife_adapters.memory.Schedule` for each run, in the
order in which they are created. The rest is said by the number of a call, counted over all calls of the
service from 1 on: what befalls it on the network, what another worker does just before it arrives, and
whether it arrives just before whatever the server does at the same moment::

    Story(
        Schedule(in_progress=[After(1, "requires_action", tools=1)]),
        net={5: Net("lose_response")},
        others={6: "cancel"},
        early={7},
    )
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self, cast, get_args

from attrs import evolve, field, frozen

from runlife import MisuseError, RunStatus
from runlife_adapters.memory import After, Net, Schedule
from runlife_adapters.memory.checks import check_kind, check_names

__all__ = ["Other", "Story"]

Other = Literal["cancel", "submit", "message"]
"""What another worker does: it cancels the run that is active, answers its calls, or adds a message.

Where the service refuses it, nothing happens.
"""

_USUAL = After()


def _number(value: object) -> int:
    check_kind("the number of a call", value, int)
    number = cast("int", value)
    if number < 1:
        msg = f"calls are counted from 1; got {number}"
        raise MisuseError(msg)
    return number


@frozen(init=False, repr=False)
class Story:
    """What one trial of a service meets: see the module.

    :param runs: the schedules of the runs, in the order of their creation; later runs are usual.
    :param net: what befalls calls, by their number.
    :param others: what another worker does, by the number of the call before which it does.
    :param early: the numbers of the calls that arrive before what the server does at the same moment.
    :raises MisuseError: when a value is of another type or out of range.
    """

    runs: tuple[Schedule, ...]
    net: Mapping[int, Net] = field(hash=False)
    others: Mapping[int, Other] = field(hash=False)
    early: frozenset[int]

    def __init__(
        self,
        *runs: Schedule,
        net: Mapping[int, Net] | None = None,
        others: Mapping[int, Other] | None = None,
        early: Iterable[int] = (),
    ) -> None:
        for number, schedule in enumerate(runs, 1):
            check_kind(f"the schedule of run {number}", schedule, Schedule)
        for call, befalls in (net or {}).items():
            check_kind(f"net[{call}]", befalls, Net)
        for call, act in (others or {}).items():
            if act not in get_args(Other):
                msg = f"others[{call}]: expected one of {', '.join(get_args(Other))}; got {act!r}"
                raise MisuseError(msg)
        told = [_plain(schedule) for schedule in runs]
        while told and told[-1] == Schedule():
            told.pop()
        self.__attrs_init__(  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # attrs makes it
            runs=tuple(told),
            net={_number(call): (net or {})[call] for call in sorted(net or {})},
            others={_number(call): (others or {})[call] for call in sorted(others or {})},
            early=frozenset(map(_number, early)),
        )

    # What it says

    @property
    def deviations(self) -> int:
        """How many things are otherwise than usual."""
        moves = sum(
            after != _USUAL
            for schedule in self.runs
            for status in RunStatus
            for after in _entries(schedule, status)
        )
        at_calls = sum(len(schedule.net) for schedule in self.runs) + len(self.net)
        return moves + at_calls + len(self.others) + len(self.early)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What stands between the brackets of the call that makes it, piece by piece."""
        said = [repr(schedule) for schedule in self.runs]
        if self.net:
            said.append(f"net={dict(self.net)!r}")
        if self.others:
            said.append(f"others={dict(self.others)!r}")
        if self.early:
            said.append(f"early={{{', '.join(map(str, sorted(self.early)))}}}")
        return tuple(said)

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"Story({', '.join(self.arguments)})"

    # Other stories

    def with_move(self, run: int, status: RunStatus, visit: int, after: After) -> Self:
        """Return the story in which the server does that; runs and visits of a status count from 0."""
        runs = [*self.runs, *[Schedule()] * (run + 1 - len(self.runs))]
        entries = list(_entries(runs[run], status))
        entries += [_USUAL] * (visit + 1 - len(entries))
        entries[visit] = after
        changed: dict[str, Any] = {status.value: entries}
        runs[run] = _plain(evolve(runs[run], **changed))
        return self._with(runs=runs)

    def with_net(self, call: int, net: Net | None) -> Self:
        """Return the story in which that befalls a call; None: nothing does."""
        return self._with(net=_put(self.net, call, net))

    def with_other(self, call: int, act: Other | None) -> Self:
        """Return the story in which another worker does that just before a call; None: nothing."""
        return self._with(others=_put(self.others, call, act))

    def with_early(self, call: int, *, early: bool = True) -> Self:
        """Return the story in which a call is, or is not, before what happens at the same moment."""
        return self._with(early=self.early | {call} if early else self.early - {call})

    def milder(self) -> Iterable[Self]:
        """Give the stories with one deviation less."""
        for number, schedule in enumerate(self.runs):
            for status in RunStatus:
                for visit, after in enumerate(_entries(schedule, status)):
                    if after != _USUAL:
                        yield self.with_move(number, status, visit, _USUAL)
            for call in schedule.net:
                runs = list(self.runs)
                runs[number] = evolve(schedule, net=_put(schedule.net, call, None))
                yield self._with(runs=runs)
        for call in self.net:
            yield self.with_net(call, None)
        for call in self.others:
            yield self.with_other(call, None)
        for call in self.early:
            yield self.with_early(call, early=False)

    def _with(self, runs: Iterable[Schedule] | None = None, **changes: Any) -> Self:
        said: dict[str, Any] = {"net": self.net, "others": self.others, "early": self.early, **changes}
        return type(self)(*(self.runs if runs is None else runs), **said)

    # As JSON

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data: only the deviations."""
        said: dict[str, Any] = {
            "runs": [schedule.to_json() for schedule in self.runs],
            "net": {str(call): net.to_json() for call, net in self.net.items()},
            "others": {str(call): act for call, act in self.others.items()},
            "early": sorted(self.early),
        }
        return {name: value for name, value in said.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote.

        :raises MisuseError: when it is anything else.
        """
        check_names("a story", data, ("runs", "net", "others", "early"))
        try:
            return cls(
                *(Schedule.from_json(schedule) for schedule in data.get("runs", ())),
                net={int(call): Net.from_json(net) for call, net in data.get("net", {}).items()},
                others={int(call): act for call, act in data.get("others", {}).items()},
                early=data.get("early", ()),
            )
        except (TypeError, ValueError, AttributeError) as error:
            msg = f"not a story: {data!r} ({error})"
            raise MisuseError(msg) from error


def _entries(schedule: Schedule, status: RunStatus) -> tuple[After, ...]:
    return getattr(schedule, status.value, ())


def _plain(schedule: Schedule) -> Schedule:
    """Return a schedule without what it says in vain: the usual, at the end of a list."""
    shorter: dict[str, Any] = {}
    for status in RunStatus:
        entries = list(_entries(schedule, status))
        while entries and entries[-1] == _USUAL:
            entries.pop()
        if len(entries) < len(_entries(schedule, status)):
            shorter[status.value] = entries
    return evolve(schedule, **shorter) if shorter else schedule


def _put(mapping: Mapping[int, Any], call: int, value: Any) -> dict[int, Any]:
    return {number: what for number, what in {**mapping, call: value}.items() if what is not None}
