"""The calls about responses, read as calls about the runs behind them.

:class:`Chains` finds out which run a call is about, and tells its conduct (:mod:`.chain_conduct`): a response
that completed with calls is a run that waits for outputs, the next response brings them. Whose run that is,
the calls say that its input answers, as in the World (:mod:`runlife_adapters.memory.responses.operations`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from attrs import define, field

from runlife_adapters.http.judging.chain_conduct import CALL, IN_VAIN, ChainConduct
from runlife_adapters.http.judging.conduct import Conduct, Statuses
from runlife_adapters.http.judging.findings import Exhibit
from runlife_adapters.http.late import ANSWERED
from runlife_adapters.memory import World
from runlife_adapters.memory.errors import ApiError, Words
from runlife_adapters.memory.responses.errors import CONVERSATION_LOCKED, NO_CALL, NO_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife import Run
    from runlife_adapters.http.exchange import Exchange

__all__ = ["OPERATIONS", "Chains"]

OPERATIONS = frozenset(
    {"create_response", "retrieve_response", "cancel_response", "delete_response", "list_conversation_items"}
)
"""The calls that are about responses, or show what became of them."""

_OK = 200
_RESPONSE = "response"
"""What a response calls itself."""
_OUTPUT = "function_call_output"
_MISMATCHES: frozenset[Words] = frozenset({NO_CALL, NO_OUTPUT})


@define(eq=False)
class Chains:
    """Reads the calls about responses as calls about runs. The judge locks.

    :param world: what is served.
    :param statuses: what the judge knows of statuses.
    :param conducts: those of the judge, by the ids of runs.
    :param keep: how many calls of functions are remembered.
    """

    _world: World
    _statuses: Statuses
    _conducts: OrderedDict[str, Conduct]
    _keep: int
    _hot_below: Callable[[], float | None]
    _behind: OrderedDict[str, str] = field(init=False, factory=OrderedDict[str, str])
    """The runs behind calls of functions."""
    _unheard: OrderedDict[tuple[str, str], str] = field(init=False, factory=OrderedDict[tuple[str, str], str])
    """The runs that were created by calls whose answers were lost, by conversation and by what was sent."""
    created: int = field(init=False, default=0)

    def answered(self, exchange: Exchange) -> None:
        """Take note of a call that was accepted."""
        match exchange.operation:
            case "create_response":
                self._created(exchange)
            case "list_conversation_items":
                self._listed(exchange.ids["conversation_id"], heard=exchange.heard)
            case operation:
                conduct = self._behind_response(exchange.ids["response_id"])
                if conduct is not None:
                    self._acted(str(operation), conduct, exchange)

    def streamed(self, exchange: Exchange, event: str, data: Any, at: float) -> None:
        """Take note of an event of a response, or of one that comes late as an answer; ``at`` is the time."""
        shown = data if event == ANSWERED else data.get("response")
        if not isinstance(shown, dict) or cast("dict[str, Any]", shown).get("object") != _RESPONSE:
            return
        response = cast("dict[str, Any]", shown)
        conduct = self._behind_response(response["id"])
        if conduct is not None and exchange.heard:
            if exchange.operation == "create_response":
                conduct.named(response["id"])
            by = Exhibit.of(exchange, f"{event}: {response['status']}", at=at)
            self._show(conduct, response, by, late=exchange.late)

    def run(self, conduct: ChainConduct) -> Run | None:
        """Return the run behind a chain, if it still is the client's: others may go on with it as well.

        :raises ApiError: when the World has forgotten it.
        """
        latest = self._world.responses(conduct.run_id)
        is_ours = conduct.response_id is None or latest[-1:] == (conduct.response_id,)
        return self._world.run(conduct.run_id) if is_ours else None

    def refused(self, exchange: Exchange, error: ApiError, by: Exhibit) -> bool:
        """Take note of a refusal; return False when it says nothing about responses."""
        if error.words == CONVERSATION_LOCKED:
            active = str(error.facts["active_response_id"])
            holder = self._behind_response(active)
            # Of one that is not known nothing else can be done than to try again, as the words say.
            if exchange.heard and holder is not None and holder.response_id == active and not holder.lost:
                holder.meet_lock(by)
            return True
        if error.words in _MISMATCHES:
            outputs, _ = _outputs(exchange.body)
            conducts = self._asked(outputs)
            for conduct in conducts:
                conduct.submit(outputs, by, accepted=False, mismatched=True)
            return bool(conducts)
        return False

    # What is done

    def _created(self, exchange: Exchange) -> None:
        body, answer = _object(exchange.body), _object(exchange.answer)
        response_id = answer["id"] if answer.get("object") == _RESPONSE else None
        shown = response_id is not None and exchange.heard
        by = Exhibit.of(exchange, str(answer["status"]) if shown else "created")
        outputs, again = _outputs(body)
        asked, conversation = self._asked(outputs), _conversation(body)
        if exchange.run_id is None:
            conduct = self._behind_response(response_id) if response_id else next(iter(asked), None)
            if conduct is None:
                return  # it goes on with what was there before this session
            conduct.submit(outputs & conduct.calls, by, accepted=True, mismatched=False)
        else:
            for other in asked:
                other.findable = other.findable and not self._is_in_vain(other)
                other.forks(frozenset(c for c in again if self._behind[c] == other.run_id), outputs, by)
            conduct = ChainConduct(exchange.run_id, str(exchange.thread_id), self._statuses)
            self._conducts[exchange.run_id] = conduct
            self.created += 1
            conduct.begin(by)
            if conversation is not None and not asked:
                self._repeated(conversation, exchange, conduct, by)
        heard = exchange.heard and (shown or exchange.stream is not None)
        conduct.goes_on(
            response_id, background=bool(body.get("background")), conversation=conversation, heard=heard
        )
        if shown:
            self._show(conduct, answer, by, late=exchange.late)
        if exchange.stream is not None and exchange.heard:
            conduct.watch(exchange.stream)

    def _repeated(self, conversation: str, exchange: Exchange, conduct: ChainConduct, by: Exhibit) -> None:
        """See whether a creation in a conversation is one that got no answer, sent again without a look."""
        same = conversation, exchange.digest
        before = self._conducts.get(self._unheard.pop(same, ""))
        is_blind = isinstance(before, ChainConduct) and before.findable and not before.known
        if isinstance(before, ChainConduct) and is_blind and not self._is_in_vain(before):
            before.replace(by)
        if not exchange.heard:
            self._unheard[same] = conduct.run_id
            _bound(self._unheard, self._keep)

    def _acted(self, operation: str, conduct: ChainConduct, exchange: Exchange) -> None:
        answer, latest = _object(exchange.answer), exchange.ids["response_id"] == conduct.response_id
        shown = answer.get("object") == _RESPONSE and "status" in answer
        by = Exhibit.of(exchange, str(answer["status"]) if shown else "accepted")
        if operation == "delete_response":
            conduct.left = conduct.left or latest
            return
        if not latest:
            return
        if operation == "cancel_response":
            conduct.cancel(by, accepted=True, heard=exchange.heard)
        elif exchange.heard and exchange.stream is None:
            conduct.poll(by, exchange.monotonic_at, self._hot_below())
        if shown and exchange.heard:
            self._show(conduct, answer, by, late=exchange.late)
        if exchange.stream is not None and exchange.heard:
            conduct.watch(exchange.stream)

    def _listed(self, conversation: str, *, heard: bool) -> None:
        """Take note that the client looks what was said in a conversation."""
        for conduct in self._conducts.values() if heard else ():
            if isinstance(conduct, ChainConduct) and conduct.conversation_id == conversation:
                conduct.findable = False

    def _show(self, conduct: ChainConduct, response: Mapping[str, Any], by: Exhibit, *, late: bool) -> None:
        conduct.shown(response, by, late=late)
        for call in conduct.calls:
            self._behind[call] = conduct.run_id
        _bound(self._behind, self._keep)

    # Who is meant

    def _asked(self, outputs: frozenset[str]) -> list[ChainConduct]:
        """Return the chains whose calls, as far as clients were shown them, are answered by outputs."""
        runs = dict.fromkeys(self._behind[call] for call in sorted(outputs) if call in self._behind)
        known = (self._conducts.get(run) for run in runs)
        return [one for one in known if isinstance(one, ChainConduct)]

    def _behind_response(self, response_id: str) -> ChainConduct | None:
        try:
            run_id = self._world.chain(response_id)
        except ApiError:
            return None
        conduct = self._conducts.get(run_id)
        if isinstance(conduct, ChainConduct):
            self._conducts.move_to_end(run_id)
            return conduct
        return None

    def _is_in_vain(self, conduct: ChainConduct) -> bool:
        """Say whether the latest response of a chain has come to nothing: it may be asked for again."""
        try:
            return self._world.run(conduct.run_id).status.value in IN_VAIN
        except ApiError:  # the World has forgotten it
            return True


def _outputs(body: Any) -> tuple[frozenset[str], frozenset[str]]:
    """Return the calls that a request answers, and those of them that it does not tell of as well.

    What tells of both, tells the whole history, as some clients do each time.
    """
    said = _object(body).get("input")
    items = [_object(item) for item in cast("list[object]", said)] if isinstance(said, list) else []
    told = {item.get("call_id") for item in items if item.get("type") == CALL}
    outputs = frozenset(str(item.get("call_id")) for item in items if item.get("type") == _OUTPUT)
    return outputs, outputs - told


def _conversation(body: Mapping[str, Any]) -> str | None:
    named = body.get("conversation")
    return str(_object(named)["id"]) if isinstance(named, dict) else None if named is None else str(named)


def _bound(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
