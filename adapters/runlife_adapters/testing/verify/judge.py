"""What a trial comes to: nothing to say, an honest outage, or a failure of one of five kinds.

What is checked without being asked: that the service comes back (liveness), without an error that the network
did not cause; that it made no call which is refused for what it had been shown before, and none twice in
effect (safety); that nothing it made is left behind (leaks). Most of that is the verdict of the fake
(:mod:`runlife_adapters.http.judging`), which finds nothing in a client that does everything well, whatever
the server and the network do to it.
"""

from __future__ import annotations

from enum import StrEnum
from json import JSONDecodeError
from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from runlife_adapters.http.judging import FindingKind
from runlife_adapters.testing.verify.wire import MOST_AT_ONCE, StuckError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_adapters.testing.verify.trial import Trial

__all__ = ["Failure", "FailureKind", "grouped", "judge"]


class FailureKind(StrEnum):
    """How a service fails."""

    SAFETY = "safety"
    """It did, or said, what it must not."""
    ERROR = "error"
    """It raised an error for which the network is not to blame."""
    LIVENESS = "liveness"
    """It does not come back, though all its runs are over."""
    LEAK = "leak"
    """It came back and left something behind: a run that is alive, a thread that is locked."""
    OUTAGE = "outage"
    """It raised what the network was to blame for; a failure only if asked."""
    UNLAWFUL = "unlawful"
    """What it was shown of a run fits no lawful history: the server is to blame, or whoever stands for it."""
    FLAKY = "flaky"
    """It did something else than in another trial, though up to there nothing was otherwise."""
    VACUITY = "vacuity"
    """It created no run, and no response, though nothing was otherwise than usual: what is there to judge?"""


_LEAKS = frozenset(
    {
        FindingKind.LEFT_IN_REQUIRES_ACTION,
        FindingKind.KEPT_THREAD_LOCKED,
        FindingKind.LEFT_AT_WORK,
        FindingKind.LOST_RUN,
        FindingKind.DUPLICATE_RUN,
    }
)
"""What is left behind, of all that a client can do wrong; everything else it did."""


@frozen(kw_only=True)
class Failure:
    """What went wrong in a trial: in one sentence, and where to look."""

    kind: FailureKind
    says: str
    calls: tuple[int, ...] = ()
    """The numbers of the calls that show it."""
    error: BaseException | None = field(default=None, eq=False)
    """What was raised, if anything was."""
    waits: str | None = field(default=None, eq=False)
    """Who waits for what, if the service does not come back."""

    @property
    def sort(self) -> tuple[str, str]:
        """What it is, whatever its numbers: failures of one sort have one cause, as far as can be told."""
        what = type(self.error).__name__ if self.error is not None else self.says.split("run_")[0][:40]
        return self.kind, what


def judge(trial: Trial, error: BaseException | None) -> Failure | None:
    """Return what is wrong with a trial that is over, if anything is.

    :param error: what came out of the service instead of an answer.
    """
    if trial.stuck is not None or trial.wire.hurried or isinstance(error, StuckError):
        return _stuck(trial)
    if isinstance(error, AssertionError):
        says = str(error) or "an assertion of the test does not hold"
        return Failure(kind=FailureKind.SAFETY, says=says.splitlines()[0], error=error)
    for verdict in trial.wire.unlawful:
        return Failure(kind=FailureKind.UNLAWFUL, says=_with_names(str(verdict.error), trial))
    gave_up = error is not None and not isinstance(error, trial.setting.raises)
    if error is not None and gave_up and not _is_of_the_network(error, trial):
        return Failure(kind=FailureKind.ERROR, says=f"the service raised {_line(error)}", error=error)
    # Who gives up because the network fails it leaves behind what it cannot reach; what it did, it did.
    excused = _LEAKS if gave_up and trial.wire.struck else frozenset[FindingKind]()
    for finding in trial.wire.service.verdict.findings():
        given_up = finding.kind is FindingKind.LEFT_IN_REQUIRES_ACTION and finding.run_id in trial.given_up
        if finding.kind not in excused and not given_up:
            kind = FailureKind.LEAK if finding.kind in _LEAKS else FailureKind.SAFETY
            calls = tuple(exhibit.number for exhibit in finding.evidence)
            return Failure(kind=kind, says=_with_names(finding.says, trial), calls=calls)
    if error is not None and gave_up and not trial.setting.outages:
        return Failure(kind=FailureKind.OUTAGE, says=f"the service raised {_line(error)}", error=error)
    if not trial.wire.runs and not trial.story.deviations:
        return Failure(
            kind=FailureKind.VACUITY, says="the service created no run, and no response, so nothing was tried"
        )
    return None


def _stuck(trial: Trial) -> Failure:
    waits = trial.stuck or None
    if trial.wire.hurried:
        says = f"the service polls without a pause: {MOST_AT_ONCE} calls at {trial.now:.2f} s"
        return Failure(kind=FailureKind.LIVENESS, says=says, calls=(trial.wire.calls,))
    last = next(reversed(trial.wire.runs.values()), None)
    if last is None:
        says = "the service does not come back, and has created no run"
    elif at_work := trial.wire.at_work:
        says = f"{at_work[-1].name} is {at_work[-1].state}, and the service does not come back"
    else:
        later = f"{trial.now - trial.seconds(last.at):.0f} s later the service has not come back"
        says = f"{last.name} ended {last.state}, and {later}"
    return Failure(kind=FailureKind.LIVENESS, says=says, waits=waits)


def grouped(error: BaseException) -> tuple[BaseException, ...]:
    """Return the errors of a group; nothing for one that is none."""
    if not isinstance(error, BaseExceptionGroup):
        return ()
    group = cast("BaseExceptionGroup[BaseException]", error)
    return group.exceptions


def _is_of_the_network(error: BaseException, trial: Trial) -> bool:
    """Say whether an error, or its explicit cause, is what is raised when the network fails a client.

    What merely came up while such an error was handled is the service's own. Nothing but the wire breaks
    the connections of the client; errors that can have other reasons count where a call was struck.
    """
    import openai  # noqa: PLC0415  # an extra

    if inside := grouped(error):
        return all(_is_of_the_network(one, trial) for one in inside)
    kinds: tuple[type[BaseException], ...] = (openai.APIConnectionError,)
    struck = {net.kind for net in trial.wire.struck}
    if struck:
        kinds += (openai.InternalServerError, openai.RateLimitError, TimeoutError, ConnectionError)
    if "malformed" in struck:
        kinds += (JSONDecodeError, openai.APIResponseValidationError)
    return any(isinstance(one, kinds) or _is_of_http(one) for one in _causes(error))


def _is_of_http(error: BaseException) -> bool:
    """Say whether an error is one of the HTTP library's about a connection, whichever library that is."""
    return any(kind.__name__ == "TransportError" for kind in type(error).__mro__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__


def _line(error: BaseException) -> str:
    if inside := grouped(error):
        return f"{type(error).__name__} of {'; '.join(map(_line, inside))}"
    words = str(error).strip().splitlines()
    return f"{type(error).__name__}: {words[0]}" if words else type(error).__name__


def _with_names(text: str, trial: Trial) -> str:
    """Return a text with the runs by the names that they have on the tape."""
    for name, id in trial.wire.names():
        text = text.replace(id, name)
    for run in trial.wire.runs.values():
        text = text.replace(run.thread_id, "the thread")
    conversation = trial.wire.conversation_id
    return text.replace(conversation, "the conversation") if conversation else text
