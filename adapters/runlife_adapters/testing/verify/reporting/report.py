"""A failure as data: everything that the ways of showing it need, and nothing that changes from day to day.

A :class:`Report` is made once, when a trial has failed and its story is as small as it gets; :mod:`.text`,
:mod:`.mermaid` and :mod:`.page` show it, and :meth:`Report.to_json` is it. Here the tape becomes lines, with
idle polls as one of them, and is compared with those of the stories that say one thing less: the nearest
that passes is the one that has the longest beginning in common, and where it parts is where to look.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from runlife_adapters.testing.verify.judge import Failure
from runlife_adapters.testing.verify.reporting.regression import as_test
from runlife_adapters.testing.verify.reporting.words import Rounds, deviations, fault, headline, plain
from runlife_adapters.testing.verify.story import Story
from runlife_adapters.testing.verify.tape import Entry, Lane
from runlife_adapters.testing.verify.trial import StuckError
from runlife_adapters.testing.virtual.clock import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from runlife_adapters.testing.verify.play import Played
    from runlife_adapters.testing.verify.reporting.words import Deviation

__all__ = ["Left", "Line", "Report", "Span", "report_on", "shortened"]

_AROUND = 6
"""Lines that stay around each one of interest, where a sequence is too long."""

_EVENT = "event "
"""How an event of a stream is told: there may be many, and the call that they belong to is marked."""

_OURS = "_play_async."
"""What the task of the verifier itself is called by."""


@frozen
class Line:
    """A line of the sequence: something that happened, or polls that showed nothing new, as one."""

    entry: Entry
    polls: int = 0
    """How many polls it stands for; 0 for a thing of its own."""
    until: float = 0.0
    """When the last of them was answered."""
    parts: bool = False
    """Whether the trial parts here from the nearest one that passes."""
    shows: bool = False
    """Whether it belongs to a call that shows the failure."""
    fault: str = ""
    """What befalls the call, in words, where it is sent."""

    @property
    def matters(self) -> bool:
        """Whether it must be seen to understand the failure."""
        return self.parts or self.shows or bool(self.fault) or self.entry.deviates

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data: only what is said."""
        entry = self.entry
        said = {
            "call": entry.call,
            "deviates": entry.deviates,
            "polls": self.polls,
            "until": round(self.until, 6) if self.polls else None,
            "parts": self.parts,
            "shows": self.shows,
            "fault": self.fault,
        }
        told = {"at": round(entry.at, 6), "lane": entry.lane.value, "text": entry.text}
        return {**told, **{name: value for name, value in said.items() if value}}


@frozen
class Left:
    """What stands for lines that are left out of a sequence."""

    lines: int
    since: float
    until: float


@frozen
class Span:
    """A run was in a status for a while, in seconds since the trial began."""

    run: str
    status: str
    since: float
    until: float


@frozen(kw_only=True)
class Report:
    """What is to be told of a failure."""

    service: str
    """The name of what was tried."""
    failure: Failure
    story: Story
    lines: tuple[Line, ...]
    without: Story | None
    """The nearest story that passes: this one but for one deviation; None when there is none."""
    spans: tuple[Span, ...] = ()
    """What the runs truly went through."""
    ending: str = ""
    """How the service ended."""
    ended: float = 0.0
    """When, in seconds since the trial began."""
    tried: str = ""
    """How it was found."""
    setting: str = ""
    """The arguments by which it is replayed, besides the story, as code."""
    origin: str | None = field(default=None)
    """The module that the service is imported from; None when the test stands in the same file."""
    fixtures: tuple[str, ...] = ()
    """What the test takes besides the world, by name."""
    rounds: Rounds = field(factory=dict[int, "Sequence[str]"])
    """The names of responses, by the number of the run behind them."""

    @property
    def headline(self) -> str:
        """What went wrong, on one line."""
        return headline(self.failure)

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """What was otherwise than usual, one thing after the other."""
        return deviations(self.story, self.rounds)

    @property
    def decisive(self) -> tuple[Deviation, ...]:
        """What the nearest story that passes does not say."""
        if self.without is None:
            return ()
        said = deviations(self.without, self.rounds)
        return tuple(one for one in self.deviations if one not in said)

    @property
    def parting(self) -> str:
        """What is said where the sequence parts from the nearest that passes."""
        if len(self.deviations) == 1:
            return "on the happy path it is the same up to here, and passes"
        left_out = "; ".join(one.says for one in self.decisive)
        return f"without “{left_out}” it is the same up to here, and passes"

    @property
    def test(self) -> str:
        """A test that plays the story again, as the code of a module."""
        return as_test(self)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        failure, error = self.failure, self.failure.error
        return {
            "outcome": "failed",
            "service": self.service,
            "failure": {
                "kind": failure.kind.value,
                "headline": self.headline,
                "says": failure.says,
                "calls": list(failure.calls),
                "error": None if error is None else {"type": type(error).__name__, "message": str(error)},
                "waits": failure.waits,
            },
            "story": {
                "code": repr(self.story),
                "deviations": [one.says for one in self.deviations],
                "data": self.story.to_json(),
            },
            "passes": None if self.without is None else {
                "code": repr(self.without),
                "without": [one.says for one in self.decisive],
                "data": self.without.to_json(),
            },
            "sequence": [line.to_json() for line in self.lines],
            "ending": {"at": round(self.ended, 6), "text": self.ending},
            "runs": [
                {"run": s.run, "status": s.status, "since": round(s.since, 6), "until": round(s.until, 6)}
                for s in self.spans
            ],
            "test": self.test,
            "tried": self.tried,
        }  # fmt: skip


def report_on(
    played: Played,
    play: Callable[[Story], Played],
    *,
    service: str,
    setting: str = "",
    origin: str | None = None,
    tried: str = "",
    fixtures: tuple[str, ...] = (),
) -> Report:
    """Return the report on a trial that failed.

    :param play: plays another story, to find the nearest one that passes.
    :param service: the name of what was tried.
    :param setting: the arguments by which it is replayed, besides the story, as code.
    :param origin: the module that the service is imported from.
    :param tried: how it was found.
    :param fixtures: what the test takes besides the world, by name.
    """
    assert played.failure is not None
    nearest: Played | None = None
    shared = -1
    for story in played.story.milder():
        other = play(story)
        if other.failure is None and (length := _shared(played, other)) > shared:
            nearest, shared = other, length
    wire = played.trial.wire
    names = {id: name for name, id in wire.names()}
    names.update((run.thread_id, "the thread") for run in wire.runs.values())
    if wire.conversation_id is not None:
        names[wire.conversation_id] = "the conversation"
    failure = played.failure
    return Report(
        service=service,
        failure=evolve(failure, says=_named(failure.says, names), waits=_waits(failure.waits)),
        story=played.story,
        lines=tuple(_lines(played, shared if nearest is not None else None, names)),
        without=nearest.story if nearest is not None else None,
        spans=tuple(_spans(played)),
        ending=_ending(played, names),
        ended=played.trial.now,
        tried=tried,
        setting=setting,
        origin=origin,
        fixtures=fixtures,
        rounds={
            run.number: [told.name for told in run.rounds]
            for run in wire.runs.values()
            if run.rounds is not None
        },
    )


def shortened(lines: Sequence[Line], most: int) -> list[Line | Left]:
    """Return a sequence with no more lines than that, if it can be: the ends stay, and what matters."""
    if len(lines) <= most:
        return list(lines)
    around = _AROUND
    while len(kept := _kept(lines, around)) > most and around:
        around -= 1
    if len(kept) > most:  # too much matters: the first and the last of it
        ordered = sorted(kept)
        kept = {*ordered[: most // 2], *ordered[-(most - most // 2) :]}
    short: list[Line | Left] = []
    for index, line in enumerate(lines):
        if index in kept:
            short.append(line)
        elif short and isinstance(last := short[-1], Left):
            short[-1] = Left(last.lines + 1, last.since, line.until or line.entry.at)
        else:
            short.append(Left(1, line.entry.at, line.until or line.entry.at))
    return short


def _kept(lines: Sequence[Line], around: int) -> set[int]:
    centres = [index for index, line in enumerate(lines) if line.matters] + [0, len(lines) - 1]
    return {
        index
        for centre in centres
        for index in range(max(centre - around, 0), min(centre + around + 1, len(lines)))
    }


def _shared(one: Played, other: Played) -> int:
    """Return how many entries two trials have in common from the beginning."""
    count = 0
    for mine, theirs in zip(one.trial.wire.tape.entries, other.trial.wire.tape.entries, strict=False):
        if (mine.at, mine.plot) != (theirs.at, theirs.plot):
            break
        count += 1
    return count


def _lines(played: Played, parting: int | None, names: Mapping[str, str]) -> list[Line]:
    """Return the tape as lines, with polls in a row that showed nothing new as one of them."""
    assert played.failure is not None
    wire, evidence, befalls = played.trial.wire, played.failure.calls, played.story.net
    idle = wire.idle_calls - set(evidence)
    lines: list[Line] = []
    for index, entry in enumerate(wire.tape.entries):
        parts = index == parting
        net = befalls.get(entry.call) if entry.call is not None else None
        if entry.call in idle and net is None and not entry.deviates and not parts:
            if lines and lines[-1].polls:
                more = entry.lane is Lane.SERVICE
                lines[-1] = evolve(lines[-1], polls=lines[-1].polls + more, until=entry.at)
            else:
                lines.append(Line(entry, 1, entry.at))
            continue
        text = entry.text if net is None else entry.text.removesuffix(f"  [{net!r}]")
        words = fault(net) if net is not None and entry.lane is Lane.SERVICE else ""
        lines.append(
            Line(
                evolve(entry, text=_named(text, names)),
                parts=parts,
                shows=entry.call in evidence and not entry.text.startswith(_EVENT),
                fault=words,
            )
        )
    return lines


def _spans(played: Played) -> Iterable[Span]:
    """Give what the runs went through, from the journals that the fake keeps of them, or the responses."""
    wire, end = played.trial.wire, played.trial.now
    for run in wire.runs.values():
        for told in run.rounds or ():
            been = [(status.value, at - EPOCH) for status, at in told.since if at - EPOCH <= end]
            ends = [at for _, at in been[1:]]
            for (status, at), until in zip(been, [*ends, end], strict=True):
                yield Span(told.name, status, at, until)
        if run.rounds is not None:
            continue
        journal = [record for record in wire.world.journal(run.id) if record.at - EPOCH <= end]
        for record, following in zip(journal, [*journal[1:], None], strict=True):
            until = end if following is None else following.at - EPOCH
            yield Span(run.name, record.target.value, record.at - EPOCH, until)


def _ending(played: Played, names: Mapping[str, str]) -> str:
    if played.trial.stuck is not None or isinstance(played.error, StuckError):
        return "the service has not come back: it is not waited for any longer"
    if isinstance(played.error, AssertionError):
        return "the service has come back, and the test objects"
    if played.error is not None:
        return f"the service raises {_named(type(played.error).__name__, names)}"
    return "the service has come back"


def _named(text: str, names: Mapping[str, str]) -> str:
    """Return a text of a stranger on one line, with the runs by the names that they have on the tape."""
    for known, name in names.items():
        text = re.sub(rf"\b(?:run|thread) {re.escape(known)}\b", name, text, flags=re.IGNORECASE)
        text = text.replace(known, name)
    return plain(text)


def _waits(picture: str | None) -> str | None:
    """Return, of the picture of who waits for what, the tasks of the service."""
    tasks: list[list[str]] = []
    for line in (picture or "").splitlines():
        if line.startswith("    ") and tasks:
            tasks[-1].append(line[2:])
        elif line.startswith("  ") and not line.startswith("  timer at "):
            tasks.append([line[2:]])
    told = [line for task in tasks if f"({_OURS}" not in task[0] for line in task]
    return "\n".join(told) or picture or None
