"""What a client can do wrong with a run, in words: the kinds, the sentences, and the evidence.

Of responses, the sentences stand in :mod:`.response_words`.

A sentence says what happened, and after the semicolon what a good client does instead. The words of
:class:`FindingKind` and the fields of a :class:`Finding` are our API: programs match on them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from attrs import asdict, define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runlife_adapters.http.exchange import Exchange

__all__ = [
    "END_UNSEEN",
    "LEFT_ALIVE",
    "NEVER_SEEN",
    "REFUSED_BY_OWN",
    "REPLACED",
    "SAYS",
    "STILL_ASKS",
    "Exhibit",
    "Finding",
    "FindingKind",
    "Trail",
    "printable",
]


class FindingKind(StrEnum):
    """What a client did wrong."""

    POLLED_TERMINAL_RUN = "polled_terminal_run"
    IGNORED_INCOMPLETE = "ignored_incomplete"
    HOT_POLLED = "hot_polled"
    LEFT_IN_REQUIRES_ACTION = "left_in_requires_action"
    SUBMITTED_TWICE = "submitted_twice"
    MISMATCHED_TOOL_OUTPUTS = "mismatched_tool_outputs"
    CANCELLED_TWICE = "cancelled_twice"
    CHANGED_TERMINAL_RUN = "changed_terminal_run"
    KEPT_THREAD_LOCKED = "kept_thread_locked"
    LEFT_AT_WORK = "left_at_work"
    LOST_RUN = "lost_run"
    DUPLICATE_RUN = "duplicate_run"
    MALFORMED_REQUEST = "malformed_request"


SAYS: Mapping[FindingKind, str] = {
    FindingKind.POLLED_TERMINAL_RUN: (
        "{run} was polled {times} after the client had been shown that it is {status}; "
        "a terminal status never changes, so stop polling at the first one"
    ),
    FindingKind.CHANGED_TERMINAL_RUN: (
        "the client tried {times} to cancel or to answer {run} after it had been shown that it is {status}; "
        "a run that has ended takes no more calls"
    ),
    FindingKind.IGNORED_INCOMPLETE: (
        "the client went on with {run} as if it were alive, {times}, after it had been shown incomplete; "
        "that is a terminal status: stop there, and see in incomplete_details which limit was met"
    ),
    FindingKind.HOT_POLLED: (
        "the client read {run} {times} in a row with hardly a pause, while nothing changed; wait between "
        "polls as long as openai-poll-after-ms says, or else about a second, as the official clients do"
    ),
    FindingKind.LEFT_IN_REQUIRES_ACTION: (
        "{run} asked for tool outputs and got none until it expired; submit the outputs of all its calls in "
        "time, or cancel it"
    ),
    FindingKind.SUBMITTED_TWICE: (
        "the client submitted outputs to {run} again for calls that it had answered; look at the run after "
        "a submit, and answer only what required_action names then"
    ),
    FindingKind.MISMATCHED_TOOL_OUTPUTS: (
        "the client submitted other outputs to {run} than those of its calls; answer all the calls of "
        "required_action in one submit, and nothing else"
    ),
    FindingKind.CANCELLED_TWICE: (
        "the client cancelled {run} again after it had been shown that it is {status}; a cancel is accepted "
        "once: poll until the run has ended"
    ),
    FindingKind.KEPT_THREAD_LOCKED: (
        "{times} a call was refused because {run} locks {thread}, and the client did not look at that run "
        "in between; poll the run that holds the lock until it has ended, or cancel it, and only then go on"
    ),
}
"""What calls show, by kind."""

# What was left undone

STILL_ASKS = (
    "{run} asked for tool outputs and still waits for them; submit the outputs of all its calls, or cancel it"
)
REFUSED_BY_OWN = (
    "a call was refused because {run} locks {thread}, and the client, whose run that is, did not look at it "
    "again; after a stop or a cancel, poll a run until it has ended, and only then use its thread again"
)
LEFT_ALIVE = (
    "{run} was left {status}, and nobody looks at it: it locks {thread} until it ends, at the latest when it "
    "expires; poll a run until it has ended, or cancel it"
)
NEVER_SEEN = (
    "{run} was created, but the answer was lost, and the client never learnt of the run; after a creation "
    "without an answer, list the runs of the thread (create the thread first, to have one to look at)"
)
END_UNSEEN = (
    "{run} has ended, and the client was never shown how; read every run to its end, also after a stream "
    "that broke or was closed: retrieve it, or poll"
)
REPLACED = (
    "{run} was created, but the answer was lost, and the client sent the same creation again without "
    "looking; list the runs of the thread first, and let no client repeat a POST blindly (max_retries=0)"
)


_LONGEST = 300
"""Characters of a path, or of the service's words, that are kept as evidence."""


def printable(text: str, longest: int = _LONGEST) -> str:
    """Return a text of a stranger so that it may be kept, and shown in a terminal: short, and on one line."""
    short = text if len(text) <= longest else f"{text[: longest - 1]}…"
    if short.isprintable():
        return short
    return "".join(sign if sign.isprintable() else "�" for sign in short)


@frozen(kw_only=True)
class Exhibit:
    """One call, as evidence."""

    number: int
    """Which call it was, as in the log of calls."""
    at: float
    """Unix seconds of the World's clock."""
    method: str
    path: str
    status: int
    words: str
    """What the answer said: the status of the run, or why the call was refused; and if it was lost, how."""

    @classmethod
    def of(cls, exchange: Exchange, words: str, *, at: float | None = None) -> Self:
        """Return a call as evidence; ``at`` is for what a stream said later."""
        said = words if exchange.heard or exchange.net is None else f"{words} [{exchange.net.kind}]"
        return cls(
            number=exchange.number,
            at=exchange.at if at is None else at,
            method=exchange.method,
            path=printable(exchange.path),
            status=exchange.status,
            words=printable(said),
        )


@frozen(kw_only=True)
class Finding:
    """One thing that the client did wrong, once or several times."""

    kind: FindingKind
    run_id: str | None
    """Which run it is about, or which response; None for a request that is about none."""
    thread_id: str | None
    """Its thread, or its conversation."""
    says: str
    """What happened, and what a good client does instead, in a sentence."""
    evidence: tuple[Exhibit, ...]
    """The calls that show it: the first few and the last, in their order."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        evidence = [asdict(exhibit) for exhibit in self.evidence]
        return {**asdict(self, recurse=False), "kind": self.kind.value, "evidence": evidence}


_MOST_EXHIBITS = 4


@define
class Trail:
    """Calls that together may become a finding. It counts them all, and keeps few."""

    count: int = 0
    exhibits: list[Exhibit] = field(factory=list[Exhibit])

    def open(self, exhibit: Exhibit | None) -> None:
        """Begin with a call that is evidence, and is not counted."""
        if exhibit is not None:
            self._keep(exhibit)

    def add(self, exhibit: Exhibit) -> None:
        """Count one more call."""
        self.count += 1
        self._keep(exhibit)

    @classmethod
    def joined(cls, trails: Iterable[Trail]) -> Self:
        """Return several as one."""
        whole = cls()
        for trail in trails:
            whole.count += trail.count
            for exhibit in trail.exhibits:
                if exhibit not in whole.exhibits:
                    whole._keep(exhibit)
        return whole

    def _keep(self, exhibit: Exhibit) -> None:
        if len(self.exhibits) == _MOST_EXHIBITS:
            self.exhibits.pop()
        self.exhibits.append(exhibit)
