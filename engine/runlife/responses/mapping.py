"""What a Run is over a chain of responses: the mapping, a row a line.

Theory of operation
-------------------
A response knows nothing of runs. A Run over the Responses API is therefore *derived*: it begins with the
first response of a chain, it waits for the client while the calls that the latest response completed with
are unanswered, it goes on with the response that answers them, and it ends as the last one ends. What each
event of a response means for the run stands in :data:`MEANINGS`, by where the run is at that moment. What
no response tells stands in :data:`OWN`: a cancel is the client's wish before it is a response's end; and
the clock that a run expires by is ours, for responses have none.

The rows of the run itself are those of :data:`~runlife.table.RUN`: a meaning names its events, and whether
one may happen is decided there. The Responses API answers some of the open questions about runs for good:
a cancel is accepted in every live status, it may come too late, and what is queued may fail. Those are the
answers that :class:`~runlife.policy.Policy` gives by default, and the mapping stands on them.

:data:`RUN_OVER_RESPONSES` is the mapping as a lifecycle, for whoever wants to see it: drawn like any other
(``runlife diagram run_over_responses``). That every path of the run is realised by some chain, and that
every chain is a lawful path of the run, is shown by exhaustion (:mod:`runlife.responses.exhaustion`).

Sources: the migration guide from Assistants to Responses; the reference of the Responses API; recordings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from runlife.errors import TraceError
from runlife.lifecycle import Lifecycle
from runlife.responses.table import RESPONSE, ResponseStatus
from runlife.rows import Cause, Effect, Evidence, Guard, Transition
from runlife.table import RUN, RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runlife.rows import Payload
    from runlife.values import Usage

__all__ = ["MEANINGS", "OWN", "REASONS", "RUN_OVER_RESPONSES", "Meaning", "Own", "meaning_of", "over_budget"]

REASONS: Mapping[str, str] = {"max_output_tokens": "max_completion_tokens"}
"""Why a response was cut short, in the words of a run; other reasons are the same word."""

Place = RunStatus | None
"""Where a run is; None: it has not begun."""

NOT_BEGUN = (None,)
QUEUED, IN_PROGRESS = (RunStatus.QUEUED,), (RunStatus.IN_PROGRESS,)
WAITING, CANCELLING = (RunStatus.REQUIRES_ACTION,), (RunStatus.CANCELLING,)
AT_WORK = (*QUEUED, *IN_PROGRESS)
OVER = tuple(sorted(RUN.terminal))


def _places(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple(places)


@frozen
class Meaning:
    """One row: while the run is in one of ``runs``, this event of the response means these of the run."""

    event: str
    """The event of the response."""
    runs: tuple[Place, ...] = field(converter=_places)
    means: tuple[str, ...]
    """The events of the run, in their order; none where the run takes no notice."""
    says: str
    to: ResponseStatus | None = None
    """The status that the event leads the response to, where that makes a difference."""
    over_budget: bool | None = None
    """Whether the tokens of the run must be used up, or must not be; None: it does not matter."""

    def fits(self, row: Transition[ResponseStatus], run: Place, *, over_budget: bool) -> bool:
        """Whether this is what the row of a response means."""
        return (
            self.event == row.event
            and run in self.runs
            and self.to in {None, row.target}
            and self.over_budget in {None, over_budget}
        )


BACK, FORE = ResponseStatus.QUEUED, ResponseStatus.IN_PROGRESS

# fmt: off
MEANINGS = (
    Meaning("create",         NOT_BEGUN,   ("create",),                       "the first response begins the run", to=BACK),
    Meaning("create",         NOT_BEGUN,   ("create", "start"),               "in the foreground it is at work at once", to=FORE),
    Meaning("create",         WAITING,     ("submit_tool_outputs",),          "the next response brings the outputs", to=BACK),
    Meaning("create",         WAITING,     ("submit_tool_outputs", "start"),  "in the foreground it is at work at once", to=FORE),
    Meaning("create",         CANCELLING,  (),                                "the outputs were under way when the cancel came"),
    Meaning("start",          QUEUED,      ("start",),                        "the response is at work"),
    Meaning("start",          CANCELLING,  (),                                "the cancel has not reached it yet"),
    Meaning("call_functions", IN_PROGRESS, ("require_action",),               "it completed with calls: the run waits for their outputs", over_budget=False),
    Meaning("call_functions", IN_PROGRESS, ("cut_short",),                    "no tokens are left for another round", over_budget=True),
    Meaning("call_functions", CANCELLING,  ("confirm_cancel",),               "its calls will never be answered"),
    Meaning("complete",       IN_PROGRESS, ("complete",),                     "it completed with an answer", over_budget=False),
    Meaning("complete",       IN_PROGRESS, ("cut_short",),                    "the answer took more tokens than the run has", over_budget=True),
    Meaning("complete",       CANCELLING,  ("complete",),                     "the cancel came too late"),
    Meaning("cut_short",      (*IN_PROGRESS, *CANCELLING),   ("cut_short",),  "it was cut short"),
    Meaning("fail",           (*AT_WORK, *CANCELLING),       ("fail",),       "it failed"),
    Meaning("cancel",         AT_WORK,     ("cancel", "confirm_cancel"),      "somebody else cancelled it"),
    Meaning("cancel",         CANCELLING,  ("confirm_cancel",),               "the cancel took effect"),
    *(Meaning(event, OVER, (), "the run is over, and takes no notice") for event in RESPONSE.events),
)
# fmt: on
"""What each event of a response means; of the rows that fit, there is exactly one."""


@frozen
class Own:
    """One row of what the client's side does by itself; ``when`` says in which case."""

    asked: str
    runs: tuple[Place, ...] = field(converter=_places)
    means: tuple[str, ...]
    says: str
    under_way: bool | None = None
    """Whether a response that brings outputs must be on its way, or must not be; None: it does not matter."""


# fmt: off
OWN = (
    Own("cancel",  AT_WORK,     ("cancel",),                   "asked for: the response at work is to be cancelled"),
    Own("cancel",  WAITING,     ("cancel",),                   "asked for: the response that is under way is to be cancelled", under_way=True),
    Own("cancel",  WAITING,     ("cancel", "confirm_cancel"),  "asked for: no response is at work", under_way=False),
    Own("refused", CANCELLING,  ("confirm_cancel",),           "the response under way was refused, or lost", under_way=True),
    Own("expire",  RUN.live,    ("expire",),                   "the clock is ours"),
)
# fmt: on
"""What no response tells."""


def meaning_of(row: Transition[ResponseStatus], run: Place, *, over_budget: bool = False) -> Meaning:
    """Return what a row of a response means for a run in a status (None: not begun).

    :param over_budget: whether the tokens of the run are used up, those of this response among them.
    :raises TraceError: when the two cannot meet: a chain has one response at work at a time.
    """
    for meaning in MEANINGS:
        if meaning.fits(row, run, over_budget=over_budget):
            return meaning
    where = "there is no run yet" if run is None else f"the run is {run.value!r}"
    msg = f"a response cannot have {row} while {where}: it is not of this chain"
    raise TraceError(msg)


def over_budget(
    spent: Usage, most_prompt: int | None, most_completion: int | None, *, goes_on: bool
) -> str | None:
    """Return why a run that has spent this has no tokens left, or None.

    :param goes_on: whether it needs more: it called functions.
    """
    if most_prompt is not None and spent.prompt_tokens > most_prompt:
        return "max_prompt_tokens"
    if most_completion is not None and spent.completion_tokens > most_completion - goes_on:
        return "max_completion_tokens"
    return None


# The mapping as a lifecycle

_PHRASES: Mapping[str, str] = {
    "create": "response created",
    "start": "response at work",
    "call_functions": "response calls functions",
    "complete": "response completed",
    "cut_short": "response cut short",
    "fail": "response failed",
    "cancel": "response cancelled",
}
_OWN_PHRASES: Mapping[str, str] = {
    "cancel": "cancel asked for",
    "refused": "response refused or lost",
    "expire": "expire",
}
_UNDER_WAY: Mapping[bool, str] = {True: "outputs are under way", False: "no outputs are under way"}
_BUDGET: Mapping[bool, str] = {True: "no tokens are left", False: "tokens are left"}


def _lead(start: Place, events: Iterable[str]) -> Transition[RunStatus]:
    """Return the last row of a run on the way that events lead it; that of its creation, if it is new."""
    here = start
    row: Transition[RunStatus] | None = None
    for event in events:
        row = RUN.moves[here][event][0]
        here = row.target
    assert row is not None  # noqa: S101  # asked only where there are events
    return row


def _condition(says: str) -> Guard:
    return Guard(says, says, _always)


def _always(_run: object, _payload: Payload) -> bool:
    return True


def _effect(start: Place, last: Transition[RunStatus]) -> Effect | None:
    return RUN.moves[None]["create"][0].effect if start is None else last.effect


def _told(meaning: Meaning) -> Iterator[Transition[RunStatus]]:
    rows = [row for row in RESPONSE.rows if row.event == meaning.event and meaning.to in {None, row.target}]
    surest = min(rows, key=lambda row: tuple(Evidence).index(row.evidence))
    guard = None if meaning.over_budget is None else _condition(_BUDGET[meaning.over_budget])
    for place in meaning.runs:
        last = _lead(place, meaning.means)
        effect = _effect(place, last)
        phrase = _PHRASES[meaning.event]
        yield Transition(phrase, place, last.target, surest.cause, guard, effect, surest.evidence)


def _done(own: Own) -> Iterator[Transition[RunStatus]]:
    guard = None if own.under_way is None else _condition(_UNDER_WAY[own.under_way])
    for place in own.runs:
        last = _lead(place, own.means)
        yield Transition(
            _OWN_PHRASES[own.asked],
            place,
            last.target,
            Cause.SERVER if own.asked == "refused" else last.cause if last.deadline else Cause.CLIENT,
            last.guard if last.deadline else guard,
            _effect(place, last),
            deadline=last.deadline,
        )


RUN_OVER_RESPONSES = Lifecycle(
    "run_over_responses",
    RunStatus,
    terminal=RUN.terminal,
    while_live=RUN.while_live,
    rows=[
        *(list(_told(meaning)) for meaning in MEANINGS if meaning.means and meaning.to is not FORE),
        *(list(_done(own)) for own in OWN),
    ],
)
"""The mapping as a lifecycle: the statuses of a run, moved by what happens to responses. To be looked at.

It is drawn for the background. In the foreground a response is at work at once: two steps in one moment.
"""
