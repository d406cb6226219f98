"""Trials of services that use responses: what the verifier tells of them, and what it does to them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from runlife import MisuseError, RunStatus
from runlife_adapters.drive import drive_async
from runlife_adapters.memory import NEVER, After, Net, Schedule
from runlife_adapters.openai.responses import AsyncResponsesBackend
from runlife_adapters.testing import LifecycleError, lifecycle
from runlife_adapters.testing.verify.judge import FailureKind
from runlife_adapters.testing.verify.places import CallPlace, VisitPlace
from runlife_adapters.testing.verify.play import Played
from runlife_adapters.testing.verify.play import play as play_story
from runlife_adapters.testing.verify.reporting import as_text, report_on
from runlife_adapters.testing.verify.reporting.page import proof_page
from runlife_adapters.testing.verify.reporting.pages.proof import proof_to_json
from runlife_adapters.testing.verify.story import Story
from runlife_adapters.testing.verify.tape import Lane
from runlife_adapters.testing.verify.trial import Setting, Trial

ASKS = Schedule(in_progress=[After(1, "requires_action", tools=2)])
STUCK = Schedule(in_progress=[After(NEVER)])


def play(test: Any, story: Story | None = None, **setting: Any) -> Played:
    """Play one story."""
    return play_story(test, story or Story(), Setting(**setting))


def said(played: Played, *lanes: Lane) -> list[str]:
    """Return what is on the tape."""
    return [e.text for e in played.trial.wire.tape.entries if not lanes or e.lane in lanes]


async def follow(client: Any, request: Any) -> Any:
    """Poll responses, answer their calls, and cancel what takes longer than twenty seconds."""
    place: dict[str, Any] = {}
    while True:
        response = await client.responses.create(**{**request, **place}, background=True)
        for second in range(1, 99):
            if response.status not in {"queued", "in_progress"}:
                break
            await asyncio.sleep(1)
            call = client.responses.retrieve if second < 20 else client.responses.cancel
            response = await call(response.id)
        calls = [item for item in response.output if item.type == "function_call"]
        if not calls:
            return response
        place = {} if "conversation" in request else {"previous_response_id": response.id}
        place["input"] = [
            {"type": "function_call_output", "call_id": call.call_id, "output": "found"} for call in calls
        ]


async def well(world: Trial) -> None:
    """A service that does well."""
    response = await follow(world.client, world.request)
    world.check(response.status == world.response.status, "it says something else")


async def conversing(world: Trial) -> None:
    """The same in a conversation."""
    await follow(world.client, {**world.request, "conversation": world.conversation.id})


def test_the_tape_speaks_of_responses() -> None:
    """Two rounds of one chain: each response by its name, with its own moves."""
    played = play(well, Story(ASKS))
    assert played.failure is None
    assert said(played) == [
        "POST /responses",
        "response 1: queued  (create)",
        "200 queued",
        "GET /responses/response_1",
        "response 1: queued → in_progress  (start)",
        "200 in_progress",
        "GET /responses/response_1",
        "response 1: in_progress → completed  (call_functions)",
        "200 completed, 2 calls",
        "POST /responses",
        "response 2: queued  (create)",
        "200 queued",
        "GET /responses/response_2",
        "response 2: queued → in_progress  (start)",
        "200 in_progress",
        "GET /responses/response_2",
        "response 2: in_progress → completed  (complete)",
        "200 completed",
    ]


def test_a_trial_knows_the_responses_and_the_run_behind_them() -> None:
    """Whatever the service was told: statuses, calls that are open, and what was said."""
    seen: list[Any] = []

    async def test(world: Trial) -> None:
        await well(world)
        seen.extend([world.responses, world.response, world.run, world.name_of(world.response)])

    play(test, Story(ASKS))
    responses, last, run, name = seen
    assert [(one.status.value, one.asks, one.reply) for one in responses] == [
        ("completed", False, None),
        ("completed", False, last.reply),
    ]
    assert {one.run_id for one in responses} == {run.id}
    assert run.status is RunStatus.COMPLETED
    assert run.reply == last.reply
    assert last.reply
    assert name == "response 2"


def test_there_is_no_response_before_one_is_created() -> None:
    """To ask for it is a failure of the test."""

    async def test(world: Trial) -> None:
        await asyncio.sleep(0)
        assert world.response

    failure = play(test).failure
    assert failure is not None
    assert failure.says == "the service created no run"


def test_what_a_response_cannot_do_is_no_place() -> None:
    """It never lingers in a cancel, cannot be cancelled once it has ended, and is polled idly like a run."""
    played = play(well, Story(STUCK))
    places = played.trial.wire.places
    statuses = [place.status for place in places if isinstance(place, VisitPlace)]
    assert statuses == [RunStatus.QUEUED, RunStatus.IN_PROGRESS]
    assert sum(place.idle for place in places if isinstance(place, CallPlace)) > 10
    asking = play(well, Story(ASKS)).trial.wire.places
    acts = [place.acts for place in asking if isinstance(place, CallPlace)]
    assert acts == [("message",), ("cancel",), ("cancel",), ("submit",), ("cancel",), ("cancel",)]


def test_what_is_in_the_foreground_nobody_cancels() -> None:
    """Neither another worker; and its answer comes when it has ended."""

    async def test(world: Trial) -> None:
        await world.client.responses.create(**{**world.request, "tools": []})

    played = play(test)
    assert played.failure is None
    assert said(played) == [
        "POST /responses",
        "response 1: in_progress  (create)",
        "200",
        "response 1: in_progress → completed  (complete)",
        "answer: completed",
    ]


def test_another_worker_cancels_a_response() -> None:
    """It ends at once, and the service sees it."""
    played = play(well, Story(others={2: "cancel"}))
    assert played.failure is None
    assert said(played, Lane.OTHER) == ["another worker: cancel; response 1: queued → cancelled"]


def test_another_worker_answers_the_calls() -> None:
    """Its response goes on with the run; that of the service begins another."""
    played = play(well, Story(ASKS, others={4: "submit"}))
    assert played.failure is None
    assert said(played, Lane.OTHER) == ["another worker: create; response 2: queued"]
    assert [run.number for run in played.trial.wire.runs.values()] == [0, 1]
    assert played.trial.wire.runs[played.trial.run.id].name == "response 3"


def test_another_worker_speaks_in_the_conversation() -> None:
    """It can where no response locks it; without a conversation there is nowhere to speak."""
    played = play(conversing, Story(others={1: "message"}))
    assert played.failure is None
    assert said(played, Lane.OTHER) == ["another worker adds a message"]
    assert said(play(well, Story(others={4: "message"})), Lane.OTHER) == []
    locked = play(conversing, Story(others={2: "message"}))
    assert said(locked, Lane.OTHER)[0].startswith("another worker's message is refused: Another process")


def test_a_creation_that_comes_twice_is_not_the_services() -> None:
    """What the network doubles nobody can know of: it is not what the trial asks the service about."""
    played = play(
        well, Story(Schedule(), Schedule(in_progress=[After(1, "failed")]), net={1: Net("duplicate")})
    )
    assert played.failure is None
    assert len(played.trial.runs) == 2
    assert played.trial.response.status == "completed"


def test_a_stream_that_breaks_can_be_taken_up_again() -> None:
    """What was shown of the response by both streams is lawful."""

    async def test(world: Trial) -> None:
        seen, id = -1, ""
        stream = await world.client.responses.create(**world.request, background=True, stream=True)
        with suppress(Exception):  # it breaks, in the words of the HTTP library
            async for event in stream:
                seen, id = event.sequence_number, event.response.id if hasattr(event, "response") else id
        numbers = [
            event.sequence_number
            async for event in await world.client.responses.retrieve(id, stream=True, starting_after=seen)
        ]
        world.check(numbers == list(range(seen + 1, numbers[-1] + 1)))

    played = play(test, Story(net={1: Net("cut_stream", events=6)}))
    assert played.failure is None
    assert "event response.completed" in said(played, Lane.WIRE)


def test_what_cannot_be_is_found() -> None:
    """A response that is shown in a status which it cannot have come to."""

    async def test(world: Trial) -> None:
        response = await follow(world.client, world.request)
        shown = {**response.to_dict(), "status": "in_progress"}
        world.wire._show(shown)  # there is no server that does so

    failure = play(test).failure
    assert failure is not None
    assert failure.kind is FailureKind.UNLAWFUL
    assert "id='response 1'" in failure.says


def test_a_service_that_waits_for_what_it_should_answer_does_not_come_back() -> None:
    """Nothing happens any more once a response has completed with calls, so there is no need to wait long."""

    async def test(world: Trial) -> None:
        response = await world.client.responses.create(**world.request, background=True)
        while not response.output_text:
            await asyncio.sleep(1)
            response = await world.client.responses.retrieve(response.id)

    played = play(test, Story(ASKS))
    assert played.failure is not None
    assert (
        played.failure.says
        == "response 1 ended completed with calls, and 58 s later the service has not come back"
    )


def test_a_report_tells_the_story_of_responses() -> None:
    """The deviations, the failure and the spans speak of them; the code of the test of what makes them."""

    async def takes_completed_for_done(world: Trial) -> None:
        response = await world.client.responses.create(**world.request, background=True)
        while response.status in {"queued", "in_progress"}:
            await asyncio.sleep(1)
            response = await world.client.responses.retrieve(response.id)

    played = play(takes_completed_for_done, Story(ASKS, others={9: "cancel"}))
    report = report_on(played, lambda story: play(takes_completed_for_done, story), service="mine")
    assert [one.says for one in report.deviations] == [
        "response 1 completes with 2 calls, after 1 s",
        "another worker cancels the response just before call #9",
    ]
    assert "response 1 completed with calls, and nobody has answered them" in report.headline
    assert [(span.run, span.status, span.since, span.until) for span in report.spans] == [
        ("response 1", "queued", 0, 1),
        ("response 1", "in_progress", 1, 2),
        ("response 1", "completed", 2, 2),
    ]
    assert 'Schedule(in_progress=[After(1, "requires_action", tools=2)])' in as_text(report)


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        (
            Schedule(queued=[After(NEVER)]),
            "response 1 is stuck when it is queued: the server does not move it on",
        ),
        (Schedule(in_progress=[After(20)]), "response 1 goes on from in_progress after 20 s"),
        (Schedule(in_progress=[After(1, "failed")]), "response 1 goes from in_progress to failed, after 1 s"),
        (
            Schedule(in_progress=[After(1), After(1), After(9, "requires_action", tools=1)]),
            "a later response completes with 1 call, after 9 s",
        ),
    ],
)
def test_deviations_name_the_response(schedule: Schedule, says: str) -> None:
    """What the server does in the n-th visit of a status it does to the n-th response of the chain."""

    async def fails(world: Trial) -> None:
        await follow(world.client, world.request)
        world.check(holds=False)

    story = Story(schedule)
    report = report_on(play(fails, story), lambda other: play(fails, other), service="mine")
    assert says in [one.says for one in report.deviations]


# --------------------------------------------------------------------------- services, and the search


@pytest.mark.slow
def test_a_service_of_responses_is_proved() -> None:
    """What is proved of it is told in the statuses of responses."""
    proof = lifecycle.verify(follow, deviations=1, random=3)
    assert proof.total > 30
    assert proof.unseen == ()
    calm = lifecycle.verify(follow, deviations=0, random=0)
    assert "nothing is proved of incomplete, failed, cancelled: no response was ever there" in str(calm)
    assert proof_to_json(calm)["statuses"]["seen"] == ["queued", "in_progress", "completed"]
    assert "Where the service's responses have been" in proof_page(calm)


def test_a_service_says_how_its_response_ended() -> None:
    """Or how its run did: then what its own clock and its own books say is as true."""
    answers = {
        "completed": (Story(), None),
        "failed": (Story(), "the service answered 'failed', but response 1 is completed"),
        "expired": (Story(), "the service answered 'expired', but response 1 is completed"),
    }
    for told, (story, wrong) in answers.items():

        async def service(client: Any, request: Any, told: str = told) -> str:
            await follow(client, request)
            return told

        if wrong is None:
            lifecycle.replay(service, *story.runs)
            continue
        with pytest.raises(LifecycleError) as caught:
            lifecycle.replay(service, *story.runs)
        assert caught.value.report.failure.says == wrong

    async def gives_up(client: Any, request: Any) -> str:
        response = await client.responses.create(**request, background=True)
        await client.responses.cancel(response.id)
        return "expired"

    lifecycle.replay(gives_up)


def test_calls_may_be_left_on_purpose() -> None:
    """Who says that its run expired has left the calls of a response: nothing is at work to be cancelled."""

    async def takes_long(**_arguments: Any) -> str:
        await asyncio.sleep(20)
        return "here it is"

    async def service(client: Any, request: Any) -> Any:
        backend = AsyncResponsesBackend(client, expires_after=10)
        tools = [{"type": "function", "function": {"name": "lookup", "parameters": {}}}]
        assistant = await backend.create_assistant(model=request["model"], tools=tools)
        thread = await backend.create_thread(messages=[{"role": "user", "content": request["input"]}])
        return await drive_async(backend, thread, assistant, tools={"lookup": takes_long})

    trial = lifecycle.replay(service, ASKS)
    assert trial.given_up == {trial.response.id}


def test_a_blocking_service_of_responses_can_be_tried() -> None:
    """And what is no service is refused with what would be one."""

    def service(client: Any, request: Any) -> Any:
        return client.responses.create(**request)

    lifecycle.replay(service)
    with pytest.raises(MisuseError, match="or of client, thread_id, assistant_id, or of client, request"):
        lifecycle.replay(lambda: None)
