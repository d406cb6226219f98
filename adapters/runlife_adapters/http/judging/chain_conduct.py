"""How clients treat one chain of responses: a conduct towards the run that it is (:mod:`.conduct`).

What is different from a run that clients see themselves:

* A response that has ended is harmless: there is no clock that runs, and to cancel it does nothing. What can
  be left behind is one that works in the background, and calls that nobody answers.
* The service lists no responses. Who never learns the id of one can neither find nor stop it, and to create
  it once more is all there is to do: that is nobody's fault. In a conversation it can be found: what was said
  is in its items, so there they are to be read before anything is sent again.
* One in the foreground cannot be cancelled, so that it may be left.
* Each response of a chain is looked at by its own id; a look at one that was continued says nothing new.
* Who answers the same calls twice *forks* the chain. The run behind the first stays with whoever follows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field

from runlife import RUN
from runlife.responses import RESPONSE, ResponseStatus
from runlife_adapters.http.judging import response_words as words
from runlife_adapters.http.judging.conduct import Conduct
from runlife_adapters.http.judging.findings import SAYS, Exhibit, Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runlife import Run

__all__ = ["CALL", "IN_VAIN", "ChainConduct"]

CALL = "function_call"
"""The type of an item that is a call."""

IN_VAIN = frozenset(row.target for row in RESPONSE.rows if row.event in {"fail", "cancel"})
"""How a response ends of which nothing is kept in its conversation."""

(_WAITING,) = {row.target for row in RUN.rows if row.event == "require_action"}


@define(eq=False)
class ChainConduct(Conduct):
    """What clients did with one chain of responses. ``run_id`` is that of the run behind it."""

    response_id: str | None = None
    """The latest response, as far as it is known to the judge."""
    background: bool = False
    """Whether that one works in the background."""
    conversation_id: str | None = None
    calls: frozenset[str] = frozenset()
    """The calls that it completed with, as the client was shown."""
    lost: bool = False
    """Whether the client cannot know the latest response, because the answer was lost."""
    findable: bool = False
    """Whether it can find it all the same, in the items of the conversation, and did not look yet."""
    left: bool = False
    """Whether the client is done with it: it forked the chain, deleted the response, or cancelled in vain."""
    _names: dict[str, None] = field(init=False, factory=dict[str, None])

    def goes_on(
        self, response_id: str | None, *, background: bool, conversation: str | None, heard: bool
    ) -> None:
        """Take note of a new response of the chain.

        :param response_id: None when an event will tell.
        :param heard: whether the client got the answer, or the head of a stream.
        """
        self.background, self.calls = background, frozenset()
        self.conversation_id = conversation or self.conversation_id
        self.lost, self.findable = not heard, not heard and self.conversation_id is not None
        self.response_id = None
        if response_id is not None:
            self.named(response_id)

    def named(self, response_id: str) -> bool:
        """Take note of an id; return whether it is that of the latest response."""
        if self.response_id is None and response_id not in self._names:
            self.response_id = response_id
            self._names[response_id] = None
        return response_id == self.response_id

    def shown(self, response: Mapping[str, Any], by: Exhibit, *, late: bool) -> None:
        """Take note that the client was shown a response."""
        if not self.named(response["id"]):
            return
        self.lost = self.findable = False
        status: str = response["status"]
        if status == ResponseStatus.COMPLETED:
            self.calls = frozenset(i["call_id"] for i in response["output"] if i["type"] == CALL)
            status = _WAITING.value if self.calls else status
        run = {"status": status, "expires_at": None}
        if late:
            self.glimpse(run, by)
        else:
            self.show(run, by)

    def cancel(self, by: Exhibit, *, accepted: bool, heard: bool) -> None:
        """Take note that the client cancels a response. One that has ended stays as it is: no mistake."""
        if self.ended is not None:
            return
        # There is nothing else to say to a service about calls that one will not answer. And what took effect
        # ended it, also where the answer was lost.
        self.left = self.left or (accepted and (self._status == _WAITING or not heard))
        super().cancel(by, accepted=accepted, heard=heard)

    def forks(self, again: frozenset[str], outputs: frozenset[str], by: Exhibit) -> None:
        """Take note that calls of the chain are answered by a response which does not go on with its run.

        :param again: those that are not just told of as history.
        """
        if again & self._answered or (self.findable and again & self._sent):
            self._trail(FindingKind.SUBMITTED_TWICE, self._latest).add(by)
        # The client follows the new run from now on, if it can follow this one no more, or another does.
        self.left = self.left or self.lost or bool(self.calls & outputs)

    def findings(self, run: Run | None) -> Iterator[Finding]:
        """Give what the client did wrong, in the words of responses."""
        return super().findings(None if self.left else run)

    def _neglect(self, run: Run | None) -> tuple[FindingKind, str] | None:
        if self._successor is not None:
            return FindingKind.DUPLICATE_RUN, words.REPLACED
        if run is None or not self.open or self._watched:
            return None
        if self.lost:
            is_said = run.status is _WAITING or (run.is_terminal and run.status.value not in IN_VAIN)
            never = self.findable and is_said and not self.known
            return (FindingKind.LOST_RUN, words.NEVER_SEEN) if never else None
        if run.status is _WAITING:
            if self._status == _WAITING:
                return FindingKind.LEFT_IN_REQUIRES_ACTION, words.STILL_ASKS
            return FindingKind.LOST_RUN, words.END_UNSEEN
        if self._refusals.count:
            return FindingKind.KEPT_THREAD_LOCKED, words.REFUSED_BY_OWN
        if self._released or not self.known:
            return None
        if not run.is_terminal:
            return (FindingKind.LEFT_AT_WORK, words.LEFT_AT_WORK) if self.background else None
        return FindingKind.LOST_RUN, words.END_UNSEEN

    def _finding(
        self, kind: FindingKind, says: str, exhibits: Sequence[Exhibit], **facts: str | None
    ) -> Finding:
        says = words.SAYS.get(kind, says) if says == SAYS.get(kind) else says
        status = facts.pop("status", None) or self._status
        how = f"{ResponseStatus.COMPLETED.value} with calls" if status == _WAITING else status
        found = super()._finding(kind, says, exhibits, **{**facts, **self._facts, "status": how})
        return Finding(
            kind=kind,
            run_id=self.response_id or next(reversed(self._names), None),
            thread_id=self.conversation_id,
            says=found.says,
            evidence=found.evidence,
        )

    @property
    def _facts(self) -> dict[str, str]:
        name = self.response_id or next(reversed(self._names), "a response")
        return {"run": name, "thread": self.conversation_id or "its conversation"}
