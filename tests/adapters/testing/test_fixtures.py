"""The fixtures of the pytest plugin, from the side of a test that asks for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from openai import APIConnectionError, BadRequestError, RateLimitError

from runlife import MisuseError, VirtualClock
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.memory import After, Schedule
from runlife_adapters.memory.net import Net
from runlife_adapters.memory.rules import Rules
from runlife_adapters.testing.fake import FakeOpenAI, FakeOpenAIServer

if TYPE_CHECKING:
    from pathlib import Path

USER: Any = {"role": "user", "content": "Hello"}
TOOLS = Schedule(in_progress=[After(1, "requires_action", tools=1)])
FAILS = Schedule(in_progress=[After(1, "failed")])


def ids(fake: FakeOpenAI) -> dict[str, str]:
    """Make an assistant and a thread with a message; return their ids."""
    assistant = fake.world.create_assistant(model="gpt-4o")
    return {"assistant_id": assistant.id, "thread_id": fake.world.create_thread(messages=[USER]).id}


def poll(fake: FakeOpenAI) -> Any:
    """Have a run come to rest with the SDK's own helper."""
    return fake.client.beta.threads.runs.create_and_poll(**ids(fake))


async def poll_async(fake: FakeOpenAI) -> Any:
    """Do the same with the async client."""
    return await fake.async_client.beta.threads.runs.create_and_poll(**ids(fake))


def test_the_stock_helper_is_at_its_end_at_once(fake_openai: FakeOpenAI) -> None:
    """The run passes through its statuses, one each time it is read, and no time passes."""
    before = fake_openai.clock.now()
    run = poll(fake_openai)

    assert run.status == "completed"
    journal = fake_openai.world.journal(run.id)
    assert [record.target.value for record in journal] == ["queued", "in_progress", "completed"]
    assert fake_openai.clock.now() == before


def test_so_is_the_async_one(fake_openai: FakeOpenAI) -> None:
    """And its client needs no closing, whatever event loop it was used in."""
    assert asyncio.run(poll_async(fake_openai)).status == "completed"
    assert asyncio.run(poll_async(fake_openai)).status == "completed"


@pytest.mark.slow
def test_so_are_both_over_a_socket(fake_openai_server: FakeOpenAIServer) -> None:
    """The server has a real port, and leaves no connection behind: warnings are errors here."""
    assert fake_openai_server.url.startswith("http://127.0.0.1:")
    assert poll(fake_openai_server).status == "completed"
    assert asyncio.run(poll_async(fake_openai_server)).status == "completed"
    assert asyncio.run(poll_async(fake_openai_server)).status == "completed"


def test_runs_follow_the_schedules_they_are_given(fake_openai: FakeOpenAI) -> None:
    """In the order of their creation; after that, as usual."""
    fake_openai.schedule(FAILS, TOOLS)
    assert [poll(fake_openai).status for _ in range(3)] == ["failed", "requires_action", "completed"]


@pytest.mark.fake_openai(schedule=FAILS)
def test_a_marker_sets_it_up(fake_openai: FakeOpenAI) -> None:
    """Here: what happens to every run."""
    assert [poll(fake_openai).status for _ in range(2)] == ["failed", "failed"]


@pytest.mark.fake_openai(progression="time", run_ttl=60.0, start=5.0, seed=3)
def test_time_passes_when_the_test_says_so(fake_openai: FakeOpenAI) -> None:
    """On a virtual clock that begins where it was told to."""
    runs = fake_openai.client.beta.threads.runs
    there = ids(fake_openai)
    fake_openai.schedule(TOOLS)
    run = runs.create(**there)
    assert (run.created_at, run.expires_at) == (5, 65)
    assert fake_openai.advance(3) == 8.0
    assert runs.retrieve(run.id, thread_id=run.thread_id).status == "requires_action"
    fake_openai.advance(60)
    assert runs.retrieve(run.id, thread_id=run.thread_id).status == "expired"
    assert isinstance(fake_openai.clock, VirtualClock)


@pytest.mark.fake_openai(progression="manual", policy={"cancel_outside_in_progress": False})
class TestMarkersOfAClass:
    """The marker of the class is under that of the method."""

    def test_a_class_sets_up_its_tests(self, fake_openai: FakeOpenAI) -> None:
        """A policy of the lifecycle: what is queued cannot be cancelled."""
        runs = fake_openai.client.beta.threads.runs
        run = runs.create(**ids(fake_openai))
        with pytest.raises(BadRequestError, match="Cannot cancel run with status 'queued'"):
            runs.cancel(run.id, thread_id=run.thread_id)

    @pytest.mark.fake_openai(progression="immediate")
    def test_the_closest_marker_wins(self, fake_openai: FakeOpenAI) -> None:
        """Setting by setting."""
        assert fake_openai.world.progression == "immediate"
        assert not fake_openai.world.lifecycle.policy.cancel_outside_in_progress


def test_rules_may_be_changed_while_it_runs(fake_openai: FakeOpenAI) -> None:
    """For the runs that are created from then on."""
    assert poll(fake_openai).status == "completed"
    fake_openai.rules = Rules.from_json({"default": FAILS.to_json()})
    assert poll(fake_openai).status == "failed"
    assert fake_openai.rules.to_json()["default"] == FAILS.to_json()


def test_rules_may_stand_in_a_file(tmp_path: Path) -> None:
    """With faults, as ``runlife serve --rules`` reads it; what is wrong with it names it."""
    file = tmp_path / "rules.json"
    file.write_text(
        '{"default": {"in_progress": [{"to": "failed"}]},'
        ' "faults": [{"when": {"nth": 1}, "net": {"kind": "refuse", "status": 429}}]}',
        encoding="utf-8",
    )
    with FakeOpenAI(rules=file) as fake:
        with pytest.raises(RateLimitError):
            poll(fake)
        assert poll(fake).status == "failed"

    file.write_text("{", encoding="utf-8")
    with pytest.raises(MisuseError, match=r"rules\.json: "):
        FakeOpenAI(rules=str(file))
    with pytest.raises(MisuseError, match="none"):
        FakeOpenAI(rules=tmp_path / "none.json")


@pytest.mark.fake_openai(faults=FaultPlan([FaultRule(Net("reset_before"), operation="create_run", nth=(1,))]))
def test_a_fault_is_seen_where_it_strikes(fake_openai: FakeOpenAI) -> None:
    """The clients do not repeat anything by themselves."""
    with pytest.raises(APIConnectionError):
        poll(fake_openai)
    assert poll(fake_openai).status == "completed"


def test_the_same_settings_give_the_same_ids() -> None:
    """And another seed gives others."""
    with FakeOpenAI() as one, FakeOpenAI() as two, FakeOpenAI(seed=1) as other:
        assert ids(one) == ids(two) != ids(other)


def test_a_closed_client_is_replaced(fake_openai: FakeOpenAI) -> None:
    """Code under test may close what it was given."""
    with fake_openai.client as first:
        assert fake_openai.client is first
    assert poll(fake_openai).status == "completed"

    async def use() -> Any:
        async with fake_openai.async_client as client:
            assert fake_openai.async_client is client
        return await poll_async(fake_openai)

    assert asyncio.run(use()).status == "completed"


@pytest.mark.parametrize("kind", [FakeOpenAI, FakeOpenAIServer])
def test_an_unknown_setting_is_misuse(kind: type[FakeOpenAI]) -> None:
    """The message names those that there are."""
    with pytest.raises(MisuseError, match="no setting of the fake is named 'sede'; there are progression, "):
        kind(sede=1)


def test_the_calls_are_told(fake_openai: FakeOpenAI) -> None:
    """A line each, the last ones only when there are many."""
    run = poll(fake_openai)
    first, *others = fake_openai.calls().splitlines()
    assert first == f"   1  200  POST   /v1/threads/{run.thread_id}/runs"
    assert fake_openai.calls(last=1).splitlines() == [f"… after {len(others)} earlier calls", others[-1]]


@pytest.mark.fake_openai(faults=FaultPlan([FaultRule(Net("refuse", status=503), nth=(1,))]))
def test_the_calls_tell_what_befell_them(fake_openai: FakeOpenAI) -> None:
    """By its kind."""
    with pytest.raises(Exception, match="503"):
        poll(fake_openai)
    assert fake_openai.calls().endswith("  (refuse)")


def test_a_client_can_be_checked(fake_openai: FakeOpenAI) -> None:
    """Nothing is said of one that behaves; of one that does not, the verdict's text."""
    poll(fake_openai)
    fake_openai.check()
    fake_openai.schedule(TOOLS)
    run = poll(fake_openai)
    assert fake_openai.verdict.findings()
    with pytest.raises(AssertionError, match=run.id):
        fake_openai.check()
