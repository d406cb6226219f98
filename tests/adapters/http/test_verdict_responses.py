"""The verdict on clients that use responses: what they can do wrong, and what is not held against them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

from runlife_adapters.http.faults import FaultRule
from runlife_adapters.memory import NEVER, After, Schedule
from runlife_adapters.memory.net import Net

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Opening

pytestmark = pytest.mark.usefixtures("no_observer_fails")

ASKS = Schedule(in_progress=[After(1, "requires_action", tools=2)])
ASKS_TWICE = Schedule(in_progress=[After(1, "requires_action", tools=1)] * 2)
STUCK = Schedule(in_progress=[After(NEVER)])
TOOLS: Any = [{"type": "function", "name": "look", "parameters": {}, "strict": False}]
LOST = Net("lose_response")


@define
class Talk:
    """A client that uses responses, in the background unless told otherwise."""

    session: Any
    place: dict[str, Any] = field(factory=dict[str, Any])
    last: Any = None
    """The response as it was last seen."""

    def create(self, said: Any = "Hello", **body: Any) -> Any:
        """Create a response, and remember it."""
        asked = {"model": "gpt-4o", "background": True, "tools": TOOLS, **self.place, "input": said, **body}
        answer = self.session.send("POST", "/responses", asked)
        if isinstance(answer, dict) and "id" in answer:
            self.last = answer
        return answer

    def look(self) -> Any:
        """Look at the response."""
        answer = self.session.send("GET", f"/responses/{self.last['id']}")
        self.last = answer or self.last
        return answer

    def poll(self) -> Any:
        """Look once a second until the response has ended."""
        while self.last["status"] in {"queued", "in_progress"}:
            self.wait(1)
            self.look()
        return self.last

    def cancel(self) -> Any:
        """Cancel the response."""
        return self.session.send("POST", f"/responses/{self.last['id']}/cancel")

    def outputs(self, *, history: bool = False) -> list[dict[str, Any]]:
        """Answer the calls of the response; with the calls themselves, if the whole history is told."""
        calls = [item for item in self.last["output"] if item["type"] == "function_call"]
        told = [{"type": "function_call_output", "call_id": c["call_id"], "output": "1"} for c in calls]
        return [*calls, *told] if history else told

    def answer(self, **body: Any) -> Any:
        """Create the response that answers the calls of the last."""
        place = {} if self.place else {"previous_response_id": self.last["id"]}
        return self.create(self.outputs(), **{**place, **body})

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.session.world.advance(seconds)

    @property
    def kinds(self) -> list[str]:
        """The kinds of the findings."""
        return self.session.kinds


@pytest.fixture
def talk(open_session: Opening) -> Callable[..., Talk]:
    """Give the way to begin a talk, with a World of its own."""

    def begin(schedule: Schedule | None = None, *faults: FaultRule, conversation: bool = False) -> Talk:
        session = open_session(schedule, *faults)
        place = {"conversation": session.send("POST", "/conversations", {})["id"]} if conversation else {}
        return Talk(session, place)

    return begin


def lost(nth: int, operation: str = "create_response") -> FaultRule:
    """The answer to one of the calls is lost."""
    return FaultRule(LOST, operation=operation, nth=nth)


# What is clean


@pytest.mark.parametrize("conversation", [False, True])
def test_rounds_that_are_polled_and_answered_are_clean(talk: Any, *, conversation: bool) -> None:
    """With or without a conversation, to look at each response and to answer all its calls is right."""
    t = talk(ASKS_TWICE, conversation=conversation)
    t.create()
    t.poll()
    while t.outputs():
        t.answer()
        t.poll()
    assert t.kinds == []
    assert t.session.service.verdict.to_json()["runs"] == 1


def test_to_send_the_whole_history_each_time_is_clean(talk: Any) -> None:
    """Outputs that are told of together with their calls are history, however often they come."""
    t = talk(ASKS_TWICE)
    history: list[Any] = [{"role": "user", "content": "Hello"}]
    t.create(history)
    while (t.poll(), t.outputs())[1]:
        history += t.outputs(history=True)
        t.create(history, store=True)
    assert t.kinds == []


def test_a_creation_without_an_answer_may_be_sent_again(talk: Any) -> None:
    """Nothing lists responses, so that nobody can find the one whose id is lost."""
    t = talk(None, lost(1))
    assert t.create() is None
    t.create()
    t.poll()
    assert t.kinds == []


def test_outputs_without_an_answer_may_be_sent_again(talk: Any) -> None:
    """The chain forks, and the first response that brought them is nobody's fault, whatever it does."""
    t = talk(ASKS_TWICE, lost(2))
    t.create()
    t.poll()
    assert t.answer() is None
    t.answer()
    t.poll()
    t.answer()
    t.poll()
    assert t.kinds == []


def test_a_response_in_the_foreground_may_be_left(talk: Any) -> None:
    """It cannot be cancelled, and who gives up waiting for it was told no id."""
    t = talk(STUCK)
    waiting = t.create(background=False)
    t.wait(5)
    waiting.close()
    assert t.kinds == []


def test_an_answer_in_the_foreground_is_a_look(talk: Any) -> None:
    """It comes when the response has ended, and shows how."""
    t = talk(ASKS)
    t.session.drain(t.create(background=False))
    assert t.kinds == ["left_in_requires_action"]


def test_a_cancel_that_comes_too_late_is_clean(talk: Any) -> None:
    """It is accepted, and does nothing."""
    t = talk()
    t.create()
    t.poll()
    t.cancel()
    assert t.kinds == []


@pytest.mark.parametrize("nth", [1, 2])
def test_a_cancel_ends_it_also_where_the_answer_is_lost(talk: Any, nth: int) -> None:
    """There is nothing left to look at."""
    t = talk(STUCK, lost(nth, "cancel_response"))
    t.create()
    t.cancel()
    assert t.kinds == []


def test_calls_that_are_cancelled_are_answered(talk: Any) -> None:
    """To cancel the response that made them is all that a client can say about calls it will not answer."""
    t = talk(ASKS)
    t.create()
    t.poll()
    t.cancel()
    assert t.kinds == []


def test_what_others_go_on_with_is_theirs(talk: Any) -> None:
    """Another worker answers the calls; the client's own outputs fork the chain, or are not needed."""
    t = talk(ASKS_TWICE)
    t.create()
    t.poll()
    t.session.world.create_response(
        model="gpt-4o", background=True, previous_response_id=t.last["id"], input=t.outputs()
    )
    t.wait(30)
    assert t.kinds == []
    t.answer()
    t.poll()
    assert t.kinds == ["left_in_requires_action"]  # the second round of its own
    t.answer()
    t.poll()
    assert t.kinds == []


def test_a_lock_of_somebody_else_is_waited_for(talk: Any) -> None:
    """The refusal says that one should retry, and there is nothing to look at."""
    t = talk(STUCK, conversation=True)
    t.session.world.create_response(model="gpt-4o", background=True, input="Hello", **t.place)
    for _ in range(5):
        t.create()
        t.wait(2)
    assert t.kinds == []


# What is found


def test_calls_that_nobody_answers_are_found(talk: Any) -> None:
    """Completed is no answer where there are calls."""
    t = talk(ASKS)
    t.create()
    t.poll()
    finding = t.session.only("left_in_requires_action")
    assert finding.run_id == t.last["id"]
    assert finding.thread_id is None
    assert finding.says.startswith(f"{t.last['id']} completed with calls")


def test_a_response_that_is_left_at_work_is_found(talk: Any) -> None:
    """It goes on in the background."""
    t = talk(STUCK, conversation=True)
    t.create()
    finding = t.session.only("left_at_work")
    assert "was left queued in the background" in finding.says
    assert finding.thread_id == t.place["conversation"]


def test_an_end_that_was_not_looked_at_is_found(talk: Any) -> None:
    """Also that of the second response of a chain, and one that asks for more."""
    t = talk(ASKS_TWICE)
    t.create()
    t.poll()
    t.answer()
    t.wait(30)
    assert "has ended, and the client was never shown how" in t.session.only("lost_run").says


def test_a_stream_that_is_left_is_no_look(talk: Any) -> None:
    """The events that came show the response as it was then; who looks again sees the rest."""
    t = talk()
    stream = t.create(stream=True)
    first = t.session.drain(stream, 10)
    stream.close()
    t.wait(30)
    assert t.kinds == ["lost_run"]
    id = first.decode().partition('"id":"')[2].partition('"')[0]
    t.last = {"id": id}
    t.look()
    assert t.kinds == []


def test_calls_that_are_answered_twice_are_found(talk: Any) -> None:
    """The response that brought the outputs is known, and brings them again."""
    t = talk(ASKS)
    t.create()
    asking = t.poll()
    t.answer()
    t.poll()
    t.last = asking
    t.answer()
    t.poll()
    assert "so that the model goes on twice" in t.session.only("submitted_twice").says


def test_outputs_that_do_not_fit_are_found(talk: Any) -> None:
    """Too few are refused, which the client could have known."""
    t = talk(ASKS)
    t.create()
    asking = t.poll()
    t.create(t.outputs()[:1], previous_response_id=asking["id"])
    assert sorted(t.kinds) == ["left_in_requires_action", "mismatched_tool_outputs"]


def test_to_go_on_with_what_is_at_work_is_found(talk: Any) -> None:
    """It is refused for what was sent."""
    t = talk(STUCK)
    first = t.create()
    t.create("More", previous_response_id=first["id"])
    t.cancel()
    assert t.kinds == ["malformed_request"]


def test_a_lock_of_its_own_is_to_be_looked_at(talk: Any) -> None:
    """Once it is left like that; three times without a look are a finding even if it ends well."""
    t = talk(STUCK, conversation=True)
    t.create()
    t.create("More")
    assert "did not look at it again" in t.session.only("kept_thread_locked").says
    t.create("More")
    t.create("More")
    t.cancel()
    assert "3 times a call was refused because" in t.session.only("kept_thread_locked").says


# What can be found again in a conversation


def test_in_a_conversation_nothing_is_said_twice(talk: Any) -> None:
    """A creation without an answer is looked for in the items before it is sent again."""
    for looks, kinds in ((False, ["duplicate_run"]), (True, [])):
        t = talk(None, lost(1), conversation=True)
        t.create()
        t.wait(30)
        assert t.kinds == ["lost_run"]
        if looks:
            t.session.send("GET", f"/conversations/{t.place['conversation']}/items")
        t.create()
        t.poll()
        assert t.kinds == kinds


def test_what_came_to_nothing_may_be_said_again(talk: Any) -> None:
    """Of a response that failed nothing is kept, so that there is nothing to be found."""
    t = talk(Schedule(in_progress=[After(1, "failed")]), lost(1), conversation=True)
    t.create()
    t.wait(30)
    t.create()
    t.poll()
    assert t.kinds == []


def test_in_a_conversation_outputs_are_not_brought_twice(talk: Any) -> None:
    """They are among the items, once the model has gone on with them."""
    for looks, kinds in ((False, ["submitted_twice"]), (True, [])):
        t = talk(ASKS, lost(2), conversation=True)
        t.create()
        t.poll()
        t.answer()
        t.wait(30)
        if looks:
            t.session.send("GET", f"/conversations/{t.place['conversation']}/items")
        t.answer()
        t.poll()
        assert t.kinds == kinds


def test_a_response_that_is_deleted_is_left_on_purpose(talk: Any) -> None:
    """Nobody can look at it after that."""
    t = talk(STUCK)
    t.create()
    t.session.send("DELETE", f"/responses/{t.last['id']}")
    assert t.kinds == []
