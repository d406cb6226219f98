"""The verdict: each thing that a client can do wrong, and what is not held against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import RUN
from runlife_adapters.clock import SystemClock
from runlife_adapters.http import Request
from runlife_adapters.http.exchange import Exchange
from runlife_adapters.http.faults import FaultRule
from runlife_adapters.http.judging import FindingKind, Verdict
from runlife_adapters.http.judging.verdict import _MEANINGS
from runlife_adapters.memory import NEVER, After, Schedule, World
from runlife_adapters.memory.errors import REFUSALS, Words
from runlife_adapters.memory.filing.store import PATIENCE
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.net import Net
from runlife_adapters.memory.service_policy import ServicePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .conftest import Opening

pytestmark = pytest.mark.usefixtures("no_observer_fails")

BORN = 1_700_000_000.0
BETA = {"openai-beta": "assistants=v2"}
USER: Any = {"role": "user", "content": "Hello"}
ASKS = Schedule(in_progress=[After(1, "requires_action", tools=2)])
CUT = Schedule(in_progress=[After(1, "incomplete")])
STUCK = Schedule(in_progress=[After(NEVER)])
TERMINAL = sorted(status.value for status in RUN.terminal)


# What it can do wrong with a run that has ended


def test_polling_a_run_that_has_ended_is_found(open_session: Opening) -> None:
    """One look more is forgiven, the second is polling; the evidence begins with what showed the end."""
    s = open_session()
    s.create()
    s.poll()
    s.retrieve()
    assert s.kinds == []
    s.retrieve()
    finding = s.only("polled_terminal_run")
    assert (finding.run_id, finding.thread_id) == (s.run, s.thread)
    assert "polled twice after" in finding.says
    assert "completed" in finding.says
    assert [call.words for call in finding.evidence] == ["completed"] * 3


def test_the_evidence_of_a_long_fault_is_short(open_session: Opening) -> None:
    """Of a thousand polls it keeps the first few and the last, and the sentence says how many there were."""
    s = open_session()
    s.create()
    s.poll()
    for _ in range(1_000):
        s.retrieve()
    finding = s.only("polled_terminal_run")
    assert "1000 times" in finding.says
    assert len(finding.evidence) <= 5
    assert finding.evidence[-1].number == len(s.service.log.entries())


def test_a_client_that_does_not_know_incomplete_is_found(open_session: Opening) -> None:
    """The loop of an old client, which takes an incomplete run for a live one, has a kind of its own."""
    s = open_session(CUT)
    s.create()
    s.poll()
    for _ in range(10):
        s.world.advance(1)
        s.retrieve()
    s.cancel()
    finding = s.only("ignored_incomplete")
    assert "11 times" in finding.says
    assert "incomplete_details" in finding.says


def test_a_lost_end_was_not_shown(open_session: Opening) -> None:
    """A poll whose answer was lost may be repeated, and a look after that is still one look."""
    lost: Any = enumerate(["malformed", "reset_after"], 1)
    rules = [FaultRule(Net(kind), operation="retrieve_run", nth=nth) for nth, kind in lost]
    s = open_session(None, *rules)
    s.create()
    s.world.advance(5)
    for _ in range(4):
        s.retrieve()
    assert s.kinds == []


def test_cancelling_a_run_that_is_known_to_have_ended_is_found(open_session: Opening) -> None:
    """A client that was shown the end has nothing to cancel; one that was not could not know."""
    s = open_session()
    s.create()
    s.world.advance(5)
    s.cancel()
    assert s.kinds == []
    s.retrieve()
    s.cancel()
    assert s.only("changed_terminal_run").evidence[-1].words.startswith("Cannot cancel run")


def test_a_refusal_that_names_the_end_shows_it(open_session: Opening) -> None:
    """A client whose cancel is refused because the run is over knows that it is, and may leave."""
    s = open_session()
    s.create()
    s.world.advance(5)
    s.cancel()
    assert s.kinds == []


# What it can do wrong with a run that is alive


def frozen_session(**options: Any) -> tuple[World, Verdict]:
    """Give a World whose clock is the machine's kind and stands still, and a verdict on its clients."""

    class Frozen(SystemClock):
        def now(self) -> float:
            return BORN

    world = World(Frozen(), **options)
    return world, Verdict(world)


def reads(world: World, verdict: Verdict, gaps: Sequence[float]) -> None:
    """Create a run, and read it at times that are so far apart."""
    assistant = world.create_assistant(model="gpt-4o")
    thread = world.create_thread(messages=[USER])
    run = world.create_run(thread.id, assistant_id=assistant.id)
    moment = 0.0
    for number, gap in enumerate([0.0, *gaps], 1):
        moment += gap
        verdict.answered(
            Exchange(
                number=number,
                at=BORN,
                real_at=BORN,
                monotonic_at=moment,
                method="GET",
                path=f"/v1/threads/{thread.id}/runs/{run.id}",
                digest="",
                operation="retrieve_run",
                ids={"thread_id": thread.id, "run_id": run.id},
                status=200,
                answer=run.to_json(),
            )
        )


def test_polling_without_a_pause_is_found() -> None:
    """Ten reads in a row, each within a tenth of a second of the one before, and none with news."""
    world, verdict = frozen_session()
    reads(world, verdict, [0.002] * 10)
    (finding,) = verdict.findings()
    assert finding.kind == "hot_polled"
    assert "10 times" in finding.says


@pytest.mark.parametrize(
    "gaps", [[0.002] * 9, [0.25] * 50, ([0.002] * 8 + [1.0]) * 5], ids=["few", "paused", "bursts"]
)
def test_some_reads_in_a_row_are_no_hot_polling(gaps: list[float]) -> None:
    """Few reads, or a pause now and then, are not held against the client."""
    world, verdict = frozen_session()
    reads(world, verdict, gaps)
    assert verdict.findings() == []


def test_hot_polling_is_remembered_when_the_client_slows_down() -> None:
    """It is found however the client goes on."""
    world, verdict = frozen_session()
    reads(world, verdict, [*[0.002] * 20, *[1.0] * 20])
    assert [finding.kind for finding in verdict.findings()] == ["hot_polled"]


@pytest.mark.parametrize(
    ("options", "gap", "hot"),
    [
        ({"service_policy": ServicePolicy(poll_after_ms=0)}, 0.0, False),
        ({"service_policy": ServicePolicy(poll_after_ms=20)}, 0.018, False),
        ({"service_policy": ServicePolicy(poll_after_ms=20)}, 0.002, True),
        ({"service_policy": ServicePolicy(poll_after_ms=5_000)}, 0.05, True),
        ({"progression": "poll"}, 0.002, False),
    ],
)
def test_a_service_may_ask_to_be_polled_fast(options: dict[str, Any], gap: float, hot: bool) -> None:
    """Who polls as openai-poll-after-ms says, or where polls move the run, polls as wanted."""
    world, verdict = frozen_session(**options)
    reads(world, verdict, [gap] * 50)
    assert [finding.kind for finding in verdict.findings()] == ["hot_polled"] * hot


def test_on_a_virtual_clock_nothing_is_too_fast(open_session: Opening) -> None:
    """There, the machine's time means nothing."""
    s = open_session(STUCK)
    s.create()
    for _ in range(50):
        s.retrieve()
    s.cancel()
    assert s.kinds == []


def test_a_run_that_still_waits_for_outputs_is_found(open_session: Opening) -> None:
    """A client that saw what it was asked for, and left, locks its thread for ten minutes."""
    s = open_session(ASKS)
    s.create()
    s.poll()
    assert "still waits" in s.only("left_in_requires_action").says
    s.world.advance(700)
    assert "until it expired" in s.only("left_in_requires_action").says


def test_polling_on_until_a_run_expires_that_asks_for_outputs_is_found(open_session: Opening) -> None:
    """A loop that does not know requires_action looks busy, and gives nothing."""
    s = open_session(ASKS)
    s.create()
    s.poll(*TERMINAL)
    assert "until it expired" in s.only("left_in_requires_action").says


def test_a_stream_that_ends_with_a_question_is_not_the_end(open_session: Opening) -> None:
    """A client that takes the end of its stream for the end of the run is found."""
    s = open_session(ASKS)
    s.drain(s.create(stream=True))
    assert s.only("left_in_requires_action").evidence[-1].words.startswith("thread.run.requires_action")


def test_submitting_again_what_was_answered_is_found(open_session: Opening) -> None:
    """The client was shown that its outputs were accepted, and sends them again."""
    s = open_session(ASKS)
    s.create()
    s.poll()
    s.submit()
    s.submit()
    s.poll()
    finding = s.only("submitted_twice")
    assert [call.status for call in finding.evidence] == [200, 400]


def test_a_look_shows_that_outputs_arrived(open_session: Opening) -> None:
    """A client whose submit got no answer, and that then saw the run go on, has no reason to repeat it."""
    s = open_session(ASKS, FaultRule(Net("lose_response"), operation="submit_tool_outputs", nth=1))
    s.create()
    s.poll()
    s.submit()
    s.retrieve()
    s.submit()
    s.poll()
    assert s.kinds == ["submitted_twice"]


def test_submitting_a_part_of_the_outputs_is_found(open_session: Opening) -> None:
    """All the calls of a round are answered at once."""
    s = open_session(ASKS)
    s.create()
    s.poll()
    both, s.outputs = s.outputs, s.outputs[:1]
    s.submit()
    s.outputs = both
    s.submit()
    s.poll()
    assert "Expected tool outputs" in s.only("mismatched_tool_outputs").evidence[-1].words


def test_cancelling_twice_is_found(open_session: Opening) -> None:
    """The first cancel was accepted, and the client was told."""
    s = open_session(STUCK)
    s.create()
    s.world.advance(3)
    s.cancel()
    s.cancel()
    s.poll()
    assert "'cancelling'" in s.only("cancelled_twice").evidence[-1].words


# Runs that are left behind


def test_a_run_that_is_left_alive_is_found(open_session: Opening) -> None:
    """It locks its thread, and nobody looks."""
    s = open_session(STUCK)
    s.create()
    s.world.advance(3)
    s.retrieve()
    finding = s.only("kept_thread_locked")
    assert "was left in_progress" in finding.says
    assert s.thread in finding.says


@pytest.mark.parametrize("schedule", [STUCK, ASKS])
@pytest.mark.parametrize("later", [0, 3, 5_000])
def test_to_delete_the_thread_is_to_leave_its_run_on_purpose(
    open_session: Opening, schedule: Schedule, later: float
) -> None:
    """Tests clean up so; the run, which was alive, used to be said to have ended unseen."""
    s = open_session(schedule)
    s.create()
    s.world.advance(3)
    s.retrieve()
    s.send("DELETE", f"/threads/{s.thread}")
    s.world.advance(later)
    assert s.kinds == []


def test_a_run_that_had_ended_before_its_thread_was_deleted_is_lost(open_session: Opening) -> None:
    """To clean up is no excuse for what was not looked at before."""
    s = open_session()
    s.create()
    s.world.advance(10)
    s.send("DELETE", f"/threads/{s.thread}")
    assert s.kinds == ["lost_run"]


@pytest.mark.parametrize("abandoned", [False, True])
def test_who_reads_a_stream_looks_at_its_run(open_session: Opening, abandoned: bool) -> None:
    """It used to be said that nobody does, when the server was stopped while a client was reading."""
    s = open_session(STUCK)
    stream = s.create(stream=True)
    stream.take()
    for _ in range(5):
        s.say()
    s.world.advance(3)
    stream.take()
    assert s.kinds == []
    stream.close(abandoned=abandoned)
    assert s.kinds == ([] if abandoned else ["kept_thread_locked"])


def test_a_stream_that_follows_a_submit_is_looked_at_too(open_session: Opening) -> None:
    """That is how an answer to calls is read; it used to count only once something came."""
    s = open_session(Schedule(queued=[After(1), After(NEVER)], in_progress=[After(1, "requires_action")]))
    s.create()
    s.poll()
    stream = s.submit(stream=True)
    assert s.kinds == []
    stream.close()
    assert s.kinds == ["kept_thread_locked"]


def test_a_run_whose_end_nobody_saw_is_lost(open_session: Opening) -> None:
    """To create a run, wait, and read the messages is to hope."""
    s = open_session()
    s.create()
    s.world.advance(10)
    s.send("GET", f"/threads/{s.thread}/messages")
    assert "never shown how" in s.only("lost_run").says


def test_a_stream_that_was_left_early_loses_the_run(open_session: Opening) -> None:
    """Closing a stream does not end the run."""
    s = open_session()
    stream = s.create(stream=True)
    stream.take()
    stream.close()
    s.world.advance(10)
    assert s.kinds == ["lost_run"]


def test_a_run_whose_creation_was_lost_and_that_nobody_looked_for_is_lost(open_session: Opening) -> None:
    """The client cannot know its id; it can list the runs of the thread."""
    s = open_session(None, FaultRule(Net("lose_response"), operation="create_run"))
    s.create()
    finding = s.only("lost_run")
    assert "list the runs" in finding.says
    assert "[lose_response]" in finding.evidence[0].words


@pytest.mark.parametrize("net", [Net("lose_response"), Net("refuse"), Net("cut_stream", events=0)])
def test_a_run_may_come_to_be_though_its_creation_shows_nothing(open_session: Opening, net: Net) -> None:
    """A stream that never comes, or a refusal too late, leaves a run that the client knows nothing of."""
    s = open_session()
    events = s.world.stream_run(s.thread, assistant_id=s.assistant)
    s.service.verdict.answered(
        Exchange(
            number=1,
            at=BORN,
            real_at=0.0,
            monotonic_at=0.0,
            method="POST",
            path=f"/v1/threads/{s.thread}/runs",
            digest="",
            operation="create_run",
            ids={"thread_id": s.thread},
            status=200 if net.kind != "refuse" else 500,
            net=net,
            run_id=events.run_id,
            thread_id=events.thread_id,
        )
    )
    assert s.only("lost_run").run_id == events.run_id
    s.list()
    s.poll()
    assert s.kinds == []


def test_creating_again_without_looking_is_found(open_session: Opening) -> None:
    """A client that repeats its POST blindly has two runs, and knows of one."""
    s = open_session(None, FaultRule(Net("reset_after"), operation="create_thread_and_run", nth=1))
    body = {"assistant_id": s.assistant, "thread": {"messages": [USER]}}
    s.send("POST", "/threads/runs", body)
    second = s.send("POST", "/threads/runs", body)
    s.run, s.thread = second["id"], second["thread_id"]
    s.poll()
    finding = s.only("duplicate_run")
    assert finding.run_id != s.run
    assert [call.number for call in finding.evidence] == [1, 2]


def test_a_cancel_that_is_not_awaited_meets_its_own_lock(open_session: Opening) -> None:
    """To cancel and start anew at once is refused, as long as the cancel has not taken effect."""
    s = open_session(STUCK)
    s.create()
    s.world.advance(3)
    s.cancel()
    assert "already has an active run" in s.create()["error"]["message"]
    finding = s.only("kept_thread_locked")
    assert finding.evidence[-1].status == 400
    s.poll()
    assert s.kinds == [], "it did wait, in the end"


@pytest.mark.parametrize("ours", [True, False])
def test_hammering_on_a_lock_is_found(open_session: Opening, ours: bool) -> None:
    """To try again and again, with no look at who holds the lock, is found, even if it opens in the end."""
    s = open_session(STUCK)
    if ours:
        s.create()
    else:
        s.run = s.world.create_run(s.thread, assistant_id=s.assistant).id
    for _ in range(5):
        s.say()
    s.world.advance(700)
    s.retrieve()
    assert "5 times" in s.only("kept_thread_locked").says


@pytest.mark.parametrize("shown", [False, True])
def test_a_run_that_the_world_has_forgotten_is_no_evidence(open_session: Opening, shown: bool) -> None:
    """It used to be said to be lost, although it was the World that forgot it, and nobody could look."""
    rules = [] if shown else [FaultRule(Net("lose_response"), operation="create_run")]
    s = open_session(None, *rules)
    s.create()
    assert s.kinds == (["kept_thread_locked"] if shown else ["lost_run"])
    s.world.reset()
    assert s.kinds == []


def test_a_run_that_a_bounded_world_has_forgotten_is_no_evidence(open_session: Opening) -> None:
    """The same, where it is forgotten since it ended long ago, and so many came after it, also unread."""
    keep = 1
    s = open_session(keep=keep)
    s.create()
    s.world.advance(10)
    assert s.kinds == ["lost_run"]
    for _ in range(2 * PATIENCE * keep):
        thread = s.world.create_thread(messages=[USER])
        s.world.create_run(thread.id, assistant_id=s.assistant)
        s.world.advance(10)
    assert not s.world.knows(Kind.RUN, s.run)
    assert s.kinds == []


@pytest.mark.parametrize("text", ["Cannot cancel run with status '{status}'.", "Nobody knows these words."])
def test_why_a_call_was_refused_is_not_read_from_its_words(
    open_session: Opening, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The verdict used to find the status of a run by a pattern in the message: other words, and none."""
    words = Words(400, text)
    monkeypatch.setitem(REFUSALS, ("cancel", None), words)  # type: ignore[arg-type]  # a dict, in truth
    monkeypatch.setitem(_MEANINGS, words, "status")  # type: ignore[arg-type]  # as above
    s = open_session()
    s.create()
    s.world.advance(5)
    s.cancel()
    s.cancel()
    assert s.only("changed_terminal_run").evidence[0].words == text.format(status="completed")


def test_a_run_that_is_left_and_hammered_on_is_found_for_both(open_session: Opening) -> None:
    """That it waits for outputs is why its lock does not open."""
    s = open_session(ASKS)
    s.create()
    s.poll()
    for _ in range(3):
        s.say()
    assert sorted(s.kinds) == ["kept_thread_locked", "left_in_requires_action"]


# Requests that are no good


def test_malformed_requests_are_found_once_each(open_session: Opening) -> None:
    """Of one fault there is one finding, however often it is made; state conflicts are no such faults."""
    s = open_session()
    for _ in range(3):
        s.create(tepid=True)
    s.send("POST", "/threads", {"metadata": {"a": 1}})
    s.service.handle(Request("POST", "/v1/threads", "", BETA, b"{"))
    s.service.handle(Request("POST", "/v1/threads", "", {}, b"{}"))
    s.send("GET", "/threads/nonsense")
    found = s.service.verdict.findings()
    assert {finding.kind for finding in found} == {FindingKind.MALFORMED_REQUEST}
    assert [len(finding.evidence) for finding in found] == [3, 1, 1, 1, 1]
    assert "create_run was refused 3 times" in found[0].says
    assert "Unknown parameter: 'tepid'" in found[0].says


def test_what_is_missing_or_in_the_wrong_state_is_not_malformed(open_session: Opening) -> None:
    """To ask for what is not there, or for a run on an empty thread, is a question with an answer."""
    s = open_session()
    s.send("GET", "/threads/thread_none")
    s.send("GET", "/nowhere")
    empty = s.world.create_thread()
    s.send("POST", f"/threads/{empty.id}/runs", {"assistant_id": s.assistant})
    assert s.kinds == []


def test_calls_that_never_came_to_the_service_are_nobodys_fault(open_session: Opening) -> None:
    """A refusal with a 429, and a connection that breaks at once, have no effect."""
    first = FaultRule(Net("refuse", status=429, retry_after=1), operation="create_run", nth=1)
    s = open_session(None, first, FaultRule(Net("reset_before"), operation="create_run", nth=2))
    s.create()
    s.create()
    assert s.kinds == []
    assert s.service.verdict.to_json()["runs"] == 0
