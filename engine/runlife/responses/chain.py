"""One run over a chain of responses: a fold of what a client does and sees.

Theory of operation
-------------------
A :class:`Chain` holds an engine's :class:`~runlife.run.Run`, the ids of its responses, and the status in
which the latest was last seen. Whoever looks at that response hands in what they saw (:class:`Seen`); what
must have happened since is the shortest way through :data:`~runlife.responses.table.RESPONSE` to there, and
each of its rows means events of the run (:mod:`runlife.responses.mapping`), which the run takes or refuses
by its own table. The chain speaks to nobody: an adapter makes the calls, in the order that the methods say.

Outputs are brought in two steps, for between them a call is on its way: :meth:`Chain.submitting` asks
whether the run may take them, and then either :meth:`Chain.submitted` tells of the response that brings
them, or :meth:`Chain.not_submitted` that there is none.

Times are those of the caller's clock, in unix seconds. The service stamps a completion, by its own clock
and in whole seconds; it is moved by what the two differed in when the chain began. That is when the run
completed, and it decides between an answer and the deadline, when both lie behind whoever looks. Of an
ending without a stamp it is known when it was seen. If the deadline was before that, it is taken to have
come right after the last look: nobody can know better, and a result is not thrown away for a doubt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from attrs import define, field, frozen

from runlife.errors import HistoryError, MisuseError
from runlife.responses.mapping import OWN, REASONS, meaning_of, over_budget
from runlife.responses.table import RESPONSE, ResponseStatus
from runlife.run import Run
from runlife.table import RUN
from runlife.values import LastError, ToolCall, ToolOutput, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runlife.lifecycle import Lifecycle
    from runlife.outcome import Record
    from runlife.rows import Transition
    from runlife.table import RunStatus

__all__ = ["Chain", "Seen"]

_UNTOLD = LastError("server_error", "")
"""Why a response failed that does not say why."""


def _several(calls: Iterable[ToolCall]) -> tuple[ToolCall, ...]:
    return tuple(calls)


@frozen
class Seen:
    """What one look at a response tells."""

    id: str
    status: ResponseStatus = field(converter=ResponseStatus)
    calls: tuple[ToolCall, ...] = field(default=(), converter=_several)
    """The function calls that it completed with."""
    usage: Usage | None = None
    error: LastError | None = None
    reason: str | None = None
    """Why it is incomplete, in its own words."""
    created_at: float | None = None
    """When the service created it, by its own clock."""
    completed_at: float | None = None
    """When it completed, by the service's clock, if it says."""


@define(eq=False)
class Chain:
    """One run over a chain of responses. Make one with :meth:`begin` or :meth:`from_json`.

    It does no locking: whoever shares one between threads or tasks holds a lock around its calls.
    """

    _run: Run
    _responses: list[str]
    _status: ResponseStatus
    _ahead: float
    """How far the caller's clock was ahead of the service's when the chain began."""
    _looked_at: float
    """When the latest response was last looked at: until then it was as it was seen."""
    _under_way: bool = False

    @classmethod
    def begin(
        cls, seen: Seen, *, now: float, id: str, lifecycle: Lifecycle[RunStatus] | None = None, **wanted: Any
    ) -> Self:
        """Begin a run with its first response.

        :param id: of the run.
        :param wanted: further arguments of the run's creation: ``thread_id``, ``expires_after``, budgets.
        :param lifecycle: the table under another policy, which must have all that chains can do.
        :raises RefusedError: when the run may not be created (another one is active on the thread).
        :raises MisuseError: when the policy forbids what a chain can do: a cancel anywhere, for instance.
        :raises PayloadError: when an argument is ill-typed.
        """
        _check(lifecycle)
        born = _born(seen)
        run = Run.create(id=id, now=now, lifecycle=lifecycle, **wanted)
        ahead = 0.0 if seen.created_at is None else now - seen.created_at
        self = cls(run, [seen.id], born.target, ahead, now)
        for event in meaning_of(born, None).means[1:]:
            run.apply(event, now=now)
        self.look(seen, now=now)
        return self

    # What is known

    @property
    def run(self) -> Run:
        """The run. Read it; only the chain moves it."""
        return self._run

    @property
    def responses(self) -> tuple[str, ...]:
        """The ids of its responses, oldest first."""
        return tuple(self._responses)

    @property
    def latest(self) -> str:
        """The id of its latest response."""
        return self._responses[-1]

    @property
    def at_work(self) -> bool:
        """Whether its latest response is at work, as far as was seen."""
        return self._status not in RESPONSE.terminal

    @property
    def under_way(self) -> bool:
        """Whether outputs are under way."""
        return self._under_way

    # What is seen

    def look(self, seen: Seen, *, now: float) -> tuple[Record, ...]:
        """Take in a look at the latest response, and return what has happened to the run.

        A look at an earlier response, or one that is older than another (a stale replica's), tells nothing.

        :raises TraceError: when no chain could have this.
        :raises TimeError: when ``now`` is not a time or lies before the last record.
        """
        before = self._run.version
        if seen.id == self.latest:
            when = self._moment(seen, now)
            self._run.handle_timeout(when)
            for row in _way(self._status, seen):
                self._take(row, seen, when)
            self._looked_at = now
        self._run.handle_timeout(now)
        return self._run.journal[before:]

    def handle_timeout(self, now: float) -> tuple[Record, ...]:
        """Let the run expire if it is due: the service tells nothing of it."""
        return self._run.handle_timeout(now)

    def _moment(self, seen: Seen, now: float) -> float:
        """Return the moment of what is seen: now, but of an ending when it came, as far as that is known."""
        if seen.status not in RESPONSE.terminal or not self.at_work:
            return now
        last = max(self._looked_at, self._run.journal[-1].at)
        if seen.completed_at is not None:
            return min(max(seen.completed_at + self._ahead, last), now)
        due = self._run.next_deadline()
        return now if due is None or now < due else last

    def _take(self, row: Transition[ResponseStatus], seen: Seen, now: float) -> None:
        run = self._run
        spent = run.spent + seen.usage if seen.usage is not None else run.spent
        why = over_budget(
            spent, run.max_prompt_tokens, run.max_completion_tokens, goes_on=row.event == "call_functions"
        )
        place = run.status
        meaning = meaning_of(row, place, over_budget=why is not None)
        for event in meaning.means:
            run.apply(event, now=now, **_payload(run, event, seen, why if meaning.over_budget else None))
        self._status = row.target

    # What the client does

    def submitting(self, outputs: Sequence[ToolOutput], *, now: float) -> None:
        """Ask whether the run may take outputs now, and note that they are under way.

        :raises RefusedError: when it may not: other calls are pending, the run does not wait, or it expired.
        :raises MisuseError: when outputs are under way already.
        """
        self._run.copy().apply("submit_tool_outputs", now=now, tool_outputs=outputs)
        if self._under_way:
            msg = f"outputs for {self._run.id} are under way already"
            raise MisuseError(msg)
        self._under_way = True

    def submitted(self, seen: Seen, outputs: Sequence[ToolOutput], *, now: float) -> tuple[Record, ...]:
        """Take in the response that brings the outputs, and return what has happened to the run.

        The run may have been cancelled, or may have expired, in the meantime: then :attr:`at_work` tells
        that there is a response to be cancelled.
        """
        before = self._run.version
        self._run.handle_timeout(now)
        self._under_way = False
        born = _born(seen)
        for event in meaning_of(born, self._run.status).means:
            payload = {"tool_outputs": outputs} if event == "submit_tool_outputs" else {}
            self._run.apply(event, now=now, **payload)
        self._responses.append(seen.id)
        self._status, self._looked_at = born.target, now
        self.look(seen, now=now)
        return self._run.journal[before:]

    def not_submitted(self, *, now: float) -> tuple[Record, ...]:
        """Take in that no response brings the outputs: it was refused, or its answer was lost.

        A lost one may exist all the same. It is a fork of the chain that nobody follows.
        """
        before = self._run.version
        self._run.handle_timeout(now)
        self._own("refused", now)
        self._under_way = False
        return self._run.journal[before:]

    def cancel(self, *, now: float) -> tuple[Record, ...]:
        """Take in that the client wants the run to end, and return what has happened to it.

        While :attr:`at_work` or outputs are under way the run is ``cancelling``: the adapter cancels the
        response and hands in what it sees.

        :raises RefusedError: when the run is over, or is being cancelled.
        """
        before = self._run.version
        self._run.copy().apply("cancel", now=now)
        self._own("cancel", now)
        return self._run.journal[before:]

    def _own(self, asked: str, now: float) -> None:
        for own in OWN:
            if (
                own.asked == asked
                and self._run.status in own.runs
                and own.under_way in {None, self._under_way}
            ):
                for event in own.means:
                    self._run.apply(event, now=now)
                return

    # Keeping it

    def to_json(self) -> dict[str, Any]:
        """Return the chain as JSON data, for :meth:`from_json`."""
        return {
            "run": self._run.snapshot(),
            "responses": list(self._responses),
            "status": self._status.value,
            "ahead": self._ahead,
            "looked_at": self._looked_at,
            "under_way": self._under_way,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the chain that :meth:`to_json` wrote; outputs that were under way still are.

        :raises HistoryError: when it is anything else.
        """
        try:
            run, responses = Run.restore(data["run"]), list(data["responses"])
            status, under_way = ResponseStatus(data["status"]), bool(data["under_way"])
            ahead, looked_at = float(data["ahead"]), float(data["looked_at"])
        except (KeyError, TypeError, ValueError) as error:
            msg = f"not a chain of responses: {error}"
            raise HistoryError(msg) from error
        if not responses or not all(isinstance(id, str) for id in responses):
            msg = f"not a chain of responses: its responses are {responses!r:.80}"
            raise HistoryError(msg)
        return cls(run, responses, status, ahead, looked_at, under_way)


def _check(lifecycle: Lifecycle[RunStatus] | None) -> None:
    """Refuse a policy under which a run could not take what its responses do (:mod:`.exhaustion`)."""
    if lifecycle is not None:
        there = {str(row) for row in lifecycle.transitions}
        lacking = [str(row) for row in RUN.transitions if str(row) not in there]
        if lacking:
            msg = f"a run over responses has {lacking[0]}, which this policy switches off; leave it on"
            raise MisuseError(msg)


def _born(seen: Seen) -> Transition[ResponseStatus]:
    """Return the row by which a response came into being that is first seen like this."""
    queued, at_work = RESPONSE.moves[None]["create"]
    return queued if seen.status is queued.target else at_work


def _way(start: ResponseStatus, seen: Seen) -> Iterable[Transition[ResponseStatus]]:
    """Return the shortest way to what is seen; nothing, if there is none from where it was seen last."""
    last = "call_functions" if seen.calls else None
    ways: list[tuple[ResponseStatus, tuple[Transition[ResponseStatus], ...]]] = [(start, ())]
    for here, rows in ways:
        if here is seen.status and rows and (last is None) == (rows[-1].event != "call_functions"):
            return rows
        if here not in RESPONSE.terminal:
            exits = (row for row in RESPONSE.transitions if row.source is here)
            ways.extend((row.target, (*rows, row)) for row in exits)
    return ()


def _payload(run: Run, event: str, seen: Seen, budget: str | None) -> dict[str, Any]:
    reason = budget or REASONS.get(seen.reason or "", seen.reason) or next(iter(REASONS.values()))
    values: dict[str, Any] = {
        "usage": seen.usage,
        "tool_calls": seen.calls,
        "reason": reason,
        "last_error": seen.error or _UNTOLD,
    }
    wanted = {argument.name for argument in run.lifecycle.arguments.get(event, ())}
    return {name: value for name, value in values.items() if name in wanted and value is not None}
