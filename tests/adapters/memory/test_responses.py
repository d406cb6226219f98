"""Responses in the World: how they begin, go on and end, and which run is behind them."""

from __future__ import annotations

from typing import Any

import pytest

from runlife import MisuseError, Policy, RunStatus, Usage, VirtualClock
from runlife_adapters.memory import (
    NEVER,
    After,
    ApiError,
    Call,
    CodeInterpreter,
    FileSearch,
    Found,
    Rule,
    Rules,
    Schedule,
    ServicePolicy,
    When,
    World,
)

START = 1_700_000_000.0
TOOLS = [{"type": "function", "name": "get_weather"}, {"type": "function", "name": "get_time"}]
ASKS = Schedule(in_progress=[After(1, "requires_action", tools=[Call("get_weather", {"city": "Rome"})])])


def world_of(schedule: Schedule | None = None, **options: Any) -> World:
    """Return a World on a virtual clock."""
    return World(VirtualClock(START), schedule=schedule, **options)


def ask(world: World, said: Any = "Hello", **options: Any) -> Any:
    """Create a response in the background, unless something else is said."""
    return world.create_response(
        **{"model": "m", "input": said, "background": True, "tools": TOOLS, **options}
    )


def outputs(response: Any, output: str = "sunny") -> list[dict[str, Any]]:
    """Return input that answers every call of a response."""
    calls = [item for item in response.output if item["type"] == "function_call"]
    return [{"type": "function_call_output", "call_id": c["call_id"], "output": output} for c in calls]


def asked(world: World, **options: Any) -> Any:
    """Return a response that has completed with calls."""
    response = ask(world, **options)
    world.advance(2)
    return world.retrieve_response(response.id)


def text_of(response: Any) -> str:
    """Return what a response says."""
    return "".join(i["content"][0]["text"] for i in response.output if i["type"] == "message")


def refusal(call: Any) -> tuple[int, str, str | None, str | None]:
    """Return how a call is refused."""
    with pytest.raises(ApiError) as refused:
        call()
    error = refused.value
    return error.status, error.message, error.param, error.code


# One response


def test_a_background_response_is_queued_works_and_completes() -> None:
    """What it says comes with its end, and so do the tokens that it took."""
    world = world_of()
    response = ask(world)
    seen = [response]
    for _ in range(2):
        world.advance(1)
        seen.append(world.retrieve_response(response.id))

    assert [one.status for one in seen] == ["queued", "in_progress", "completed"]
    assert [one.output for one in seen[:2]] == [(), ()]
    assert text_of(seen[2]) == "Hello"
    assert seen[2].completed_at == START + 2
    assert seen[2].usage is not None
    assert seen[2].usage["total_tokens"] == 4


def test_a_foreground_response_is_at_work_at_once() -> None:
    """It is never queued, whatever the run behind it is."""
    world = world_of()
    response = ask(world, background=False)

    assert response.status == "in_progress"
    assert world.run(world.chain(response.id)).status is RunStatus.QUEUED
    world.advance(2)
    assert world.retrieve_response(response.id).status == "completed"


@pytest.mark.parametrize(
    ("after", "status", "error", "details"),
    [
        (After(1, "failed", error="rate_limit_exceeded"), "failed", "rate_limit_exceeded", None),
        (After(1, "incomplete", text="Half"), "incomplete", None, {"reason": "max_output_tokens"}),
        (After(1, "incomplete", reason="content_filter"), "incomplete", None, {"reason": "content_filter"}),
    ],
)
def test_a_response_ends_as_its_schedule_says(
    after: After, status: str, error: str | None, details: Any
) -> None:
    """In the words of responses; no such end is stamped."""
    world = world_of(Schedule(in_progress=[after]))
    response = ask(world)
    world.advance(3)
    ended = world.retrieve_response(response.id)

    assert (ended.status, ended.completed_at, ended.incomplete_details) == (status, None, details)
    assert (ended.error or {}).get("code") == error
    if after.text is not None:
        assert ended.output[-1]["status"] == "incomplete"
        assert text_of(ended) == "Half"


def test_a_response_may_fail_before_it_is_at_work() -> None:
    """As a run may that is queued."""
    world = world_of(Schedule(queued=[After(1, "failed")]))
    response = ask(world)
    world.advance(1)

    assert world.retrieve_response(response.id).status == "failed"


def test_a_response_never_expires() -> None:
    """The API promises no deadline: what is stuck is stuck, and nothing lies ahead of it."""
    world = world_of(Schedule(in_progress=[After(NEVER)]))
    response = ask(world)
    world.advance(1_000_000)

    assert world.retrieve_response(response.id).status == "in_progress"
    assert world.next_event() is None


def test_the_limit_of_tokens_is_that_of_the_response() -> None:
    """What the rounds before it took does not count."""
    world = world_of(ASKS)
    first = asked(world, max_output_tokens=16)
    answer = ask(world, outputs(first, "word " * 40), previous_response_id=first.id, max_output_tokens=16)
    world.advance(2)
    ended = world.retrieve_response(answer.id)

    assert first.status == "completed"
    assert (ended.status, ended.incomplete_details) == ("incomplete", {"reason": "max_output_tokens"})
    assert ended.usage["output_tokens"] == 16
    assert len(text_of(ended)) == 64


def test_a_response_shows_what_was_said_of_it() -> None:
    """And for the rest what the service fills in."""
    said: dict[str, Any] = {
        "instructions": "Be brief.",
        "metadata": {"k": "v"},
        "temperature": 0.5,
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_object"}},
        "parallel_tool_calls": False,
        "store": True,
        "user": "ada",
    }
    shown = ask(world_of(), **said).to_json()

    assert {name: shown[name] for name in said} == {
        **said,
        "reasoning": {"effort": "low", "summary": None},
        "text": {"format": {"type": "json_object"}, "verbosity": "medium"},
    }
    assert (shown["service_tier"], shown["truncation"], shown["tool_choice"]) == ("auto", "disabled", "auto")
    assert "billing" not in shown
    assert "conversation" not in shown


# Cancel and delete


@pytest.mark.parametrize("wait", [0.0, 1.0])
def test_a_cancel_takes_effect_at_once_and_can_be_repeated(wait: float) -> None:
    """There is nothing in between, and the run behind it is cancelled with it."""
    world = world_of()
    response = ask(world)
    world.advance(wait)

    assert world.cancel_response(response.id).status == "cancelled"
    assert world.cancel_response(response.id) == world.retrieve_response(response.id)
    assert world.run(world.chain(response.id)).status is RunStatus.CANCELLED
    assert world.next_event() is None


def test_a_cancel_of_what_has_ended_shows_how_it_ended() -> None:
    """It is no error, and changes nothing."""
    world = world_of(ASKS)
    response = asked(world)

    assert world.cancel_response(response.id) == response
    assert world.run(world.chain(response.id)).status is RunStatus.REQUIRES_ACTION


def test_what_a_cancelled_response_had_said_stays() -> None:
    """As an item that is incomplete."""
    world = world_of(Schedule(in_progress=[After(10, text="one two three four")]))
    response = ask(world)
    world.advance(6)
    (message,) = world.cancel_response(response.id).output

    assert message["status"] == "incomplete"
    assert message["content"][0]["text"] == "one two"


def test_a_foreground_response_cannot_be_cancelled() -> None:
    """Neither while it is at work nor thereafter."""
    world = world_of()
    response = ask(world, background=False)
    refused = (400, "Cannot cancel a synchronous response.", None, None)

    assert refusal(lambda: world.cancel_response(response.id)) == refused
    world.advance(5)
    assert refusal(lambda: world.cancel_response(response.id)) == refused


def test_a_cancel_is_accepted_also_under_the_strict_policy_of_runs() -> None:
    """That policy is about runs: of a response in the queue it is recorded that it can be cancelled."""
    world = world_of(policy=Policy(cancel_outside_in_progress=False))

    assert world.cancel_response(ask(world).id).status == "cancelled"


def test_a_deleted_response_is_gone() -> None:
    """To its clients; its run goes on."""
    world = world_of()
    response = ask(world)
    run_id = world.chain(response.id)

    assert world.delete_response(response.id).to_json() == {
        "id": response.id,
        "object": "response",
        "deleted": True,
    }
    status, message, *_ = refusal(lambda: world.retrieve_response(response.id))
    assert (status, message) == (404, f"Response with id '{response.id}' not found.")
    world.advance(5)
    assert world.run(run_id).status is RunStatus.COMPLETED


# Chains


def test_a_response_that_brings_the_outputs_goes_on_with_the_run() -> None:
    """One run over two responses; each tells its own tokens, and its schedule goes on."""
    schedule = Schedule(in_progress=[After(1, "requires_action", tools=1), After(5, text="Take a hat.")])
    world = world_of(schedule)
    first = asked(world)
    second = ask(world, outputs(first), previous_response_id=first.id)
    run_id = world.chain(first.id)
    world.advance(5.5)
    assert world.retrieve_response(second.id).status == "in_progress"
    world.advance(1)
    ended = world.retrieve_response(second.id)

    assert world.chain(second.id) == run_id
    assert world.responses(run_id) == (first.id, second.id)
    assert text_of(ended) == "Take a hat."
    usage = [Usage(u["input_tokens"], u["output_tokens"]) for u in (first.usage, ended.usage)]
    assert world.run(run_id).usage == usage[0] + usage[1]
    assert [record.event for record in world.journal(run_id)] == [
        "create", "start", "require_action", "submit_tool_outputs", "start", "complete",
    ]  # fmt: skip


def test_the_whole_history_may_be_sent_instead() -> None:
    """A client that names no response before, and sends back what came, goes on with the same run."""
    world = world_of(ASKS)
    first = asked(world, store=False)
    history = [{"role": "user", "content": "Hello"}, *first.output, *outputs(first)]
    second = ask(world, history, store=False)
    world.advance(2)

    assert world.chain(second.id) == world.chain(first.id)
    assert text_of(world.retrieve_response(second.id)) == "sunny"


def test_calls_that_the_world_did_not_make_are_known_to_the_model() -> None:
    """The history of another service can be gone on with."""
    world = world_of()
    call = {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"}
    output = {
        "type": "function_call_output",
        "call_id": "c1",
        "output": [{"type": "input_text", "text": "wet"}],
    }
    response = ask(world, [{"role": "user", "content": "get weather"}, call, output])
    world.advance(2)

    assert text_of(world.retrieve_response(response.id)) == "wet"


def test_outputs_that_are_brought_twice_fork_the_chain() -> None:
    """Who has lost the answer asks again, and gets another run, which goes on as the first one did."""
    schedule = Schedule(in_progress=[After(1, "requires_action", tools=1), After(1, "incomplete")])
    world = world_of(schedule)
    first = asked(world)
    twins = [ask(world, outputs(first), previous_response_id=first.id) for _ in range(2)]
    world.advance(5)

    assert world.chain(twins[0].id) == world.chain(first.id)
    assert world.chain(twins[1].id) != world.chain(first.id)
    assert [world.retrieve_response(twin.id).status for twin in twins] == ["incomplete", "incomplete"]


def test_a_response_that_says_something_new_begins_a_new_run() -> None:
    """With a schedule of its own, and all that was said before in its thread."""
    world = world_of(rules=Rules([Rule(When(message="bye"), Schedule(in_progress=[After(1, text="Bye!")]))]))
    first = ask(world)
    world.advance(2)
    second = ask(world, "bye", previous_response_id=first.id)
    world.advance(2)
    items = world.list_input_items(second.id, order="asc").data

    assert world.chain(second.id) != world.chain(first.id)
    assert text_of(world.retrieve_response(second.id)) == "Bye!"
    assert [(item["role"], item["content"][0]["text"]) for item in items] == [
        ("user", "Hello"),
        ("assistant", "Hello"),
        ("user", "bye"),
    ]


def test_instructions_are_not_inherited() -> None:
    """They are those of one response (documented)."""
    world = world_of()
    first = ask(world, instructions="Be brief.")
    world.advance(2)

    assert ask(world, "More", previous_response_id=first.id).instructions is None


def test_what_happens_by_hand_happens_to_the_hidden_run() -> None:
    """Steps, moves and scripts take its id."""
    world = world_of(progression="manual")
    world.script(Schedule(in_progress=[After(text="Scripted.")]))
    scripted, other = ask(world), ask(world)
    for _ in range(2):
        world.step(world.chain(scripted.id))
    world.step(world.chain(other.id))
    world.apply(world.chain(other.id), After(to="requires_action", tools=2))

    assert text_of(world.retrieve_response(scripted.id)) == "Scripted."
    assert [item["name"] for item in world.retrieve_response(other.id).output] == ["get_weather", "get_time"]
    with pytest.raises(MisuseError, match="no move to make"):
        world.step(world.chain(other.id))


def test_under_poll_a_look_moves_a_response_on() -> None:
    """In the background; one in the foreground is waited for, and does not wait for looks."""
    world = world_of(progression="poll")
    background, foreground = ask(world), ask(world, background=False)

    assert world.retrieve_response(foreground.id).status == "completed"
    assert [world.retrieve_response(background.id).status for _ in range(2)] == ["in_progress", "completed"]


def test_hidden_runs_are_nobodys() -> None:
    """The Assistants API shows neither their threads nor them."""
    world = world_of()
    run = world.run(world.chain(ask(world).id))

    assert refusal(lambda: world.retrieve_thread(run.thread_id))[0] == 404
    assert refusal(lambda: world.retrieve_run(run.thread_id, run.id))[0] == 404
    assert refusal(lambda: world.chain("resp_1"))[0] == 404


def test_rules_see_the_input_the_model_and_the_metadata() -> None:
    """And the prompt in the place of an assistant, to which those were migrated."""
    world = world_of()
    for condition, said in (
        (When(message="^Hello$"), {}),
        (When(model="big"), {"model": "big"}),
        (When(metadata={"case": "a"}), {"metadata": {"case": "a"}}),
        (When(assistant="pmpt_1"), {"prompt": {"id": "pmpt_1"}}),
    ):
        world.rules = Rules([Rule(condition, Schedule(in_progress=[After(1, text="Ruled.")]))])
        response = ask(world, **said)
        world.advance(2)
        assert text_of(world.retrieve_response(response.id)) == "Ruled."


# Refusals


def test_what_is_not_there_is_not_found() -> None:
    """In the recorded and observed words."""
    world = world_of()

    assert refusal(lambda: world.retrieve_response("resp_x")) == (
        404, "Response with id 'resp_x' not found.", None, None,
    )  # fmt: skip
    assert refusal(lambda: ask(world, previous_response_id="resp_x")) == (
        400,
        "Previous response with id 'resp_x' not found.",
        "previous_response_id",
        "previous_response_not_found",
    )
    assert refusal(lambda: ask(world, conversation="conv_x"))[0] == 404
    assert refusal(lambda: ask(world, [{"type": "item_reference", "id": "msg_x"}]))[0] == 404


def test_calls_and_outputs_have_to_fit() -> None:
    """Every open call needs an output, and every output a call."""
    world = world_of(ASKS)
    first = asked(world)
    (call,) = first.output
    stray = {"type": "function_call_output", "call_id": "call_x", "output": ""}

    assert refusal(lambda: ask(world, "So?", previous_response_id=first.id)) == (
        400, f"No tool output found for function call {call['call_id']}.", "input", None,
    )  # fmt: skip
    assert refusal(lambda: ask(world, [stray])) == (
        400, "No tool call found for function call output with call_id call_x.", "input", None,
    )  # fmt: skip
    assert world.run(world.chain(first.id)).status is RunStatus.REQUIRES_ACTION


def test_a_response_needs_a_model_and_something_to_answer() -> None:
    """And not two histories."""
    world = world_of()
    nothing: dict[str, Any] = {"model": "m"}

    assert refusal(lambda: world.create_response(**nothing))[2:] == ("input", "missing_required_parameter")
    assert refusal(lambda: world.create_response(input="x"))[2] == "model"
    both: dict[str, Any] = {"previous_response_id": "resp_x", "conversation": "conv_x"}
    assert refusal(lambda: ask(world, **both))[3] == "mutually_exclusive_parameters"
    with pytest.raises(MisuseError, match="unknown 'modle'"):
        world.create_response(modle="m")  # type: ignore[call-arg]  # that is the point
    choice: Any = {"type": "function", "name": "get_rich"}
    assert refusal(lambda: ask(world, tool_choice=choice))[2] == "tool_choice"


def test_what_is_at_work_cannot_be_continued() -> None:
    """What was cancelled can, as far as it came."""
    world = world_of()
    first = ask(world)
    assert refusal(lambda: ask(world, "More", previous_response_id=first.id))[2] == "previous_response_id"
    world.cancel_response(first.id)

    assert ask(world, "More", previous_response_id=first.id).status == "queued"


# What is kept


def test_what_is_not_stored_cannot_be_retrieved() -> None:
    """One in the background can be for ten minutes after its end, so that it can be polled."""
    world = world_of()
    foreground, background = ask(world, store=False, background=False), ask(world, store=False)
    world.advance(2)

    assert refusal(lambda: world.retrieve_response(foreground.id))[0] == 404
    world.advance(599)
    assert world.retrieve_response(background.id).status == "completed"
    world.advance(1)
    assert refusal(lambda: world.retrieve_response(background.id))[0] == 404


def test_a_project_may_demand_that_background_responses_are_stored() -> None:
    """A policy of the service."""
    world = world_of(service_policy=ServicePolicy(unstored_background="refuse"))

    assert refusal(lambda: ask(world, store=False))[2] == "store"


def test_chains_that_are_done_with_are_forgotten() -> None:
    """Those first that nobody has asked about for the longest time; what still waits is kept."""
    world = world_of(Schedule(), keep=2)
    world.script(ASKS)
    waiting = asked(world)
    done: list[str] = []
    for _ in range(20):
        done.append(ask(world).id)
        world.advance(2)
        world.retrieve_response(done[-1])

    assert refusal(lambda: world.retrieve_response(done[0]))[0] == 404
    assert refusal(lambda: world.chain(done[0]))[0] == 404
    assert world.retrieve_response(done[-1]).status == "completed"
    assert ask(world, outputs(waiting), previous_response_id=waiting.id).status == "queued"


def test_a_world_that_is_emptied_has_no_responses() -> None:
    """Nor conversations, and ids begin again."""
    world = world_of()
    before = ask(world).id, world.create_conversation().id
    world.reset()

    assert refusal(lambda: world.retrieve_response(before[0]))[0] == 404
    assert (ask(world).id, world.create_conversation().id) == before


# Items


def test_input_items_are_those_before_the_output() -> None:
    """The newest first, with those of the responses before (recorded)."""
    world = world_of(ASKS)
    first = asked(world)
    second = ask(world, outputs(first), previous_response_id=first.id)
    page = world.list_input_items(second.id).to_json()

    assert [item["type"] for item in page["data"]] == ["function_call_output", "function_call", "message"]
    assert list(page) == ["object", "data", "first_id", "has_more", "last_id"]
    rest = world.list_input_items(second.id, after=page["first_id"], limit=1).to_json()
    assert (rest["first_id"], rest["has_more"]) == (first.output[0]["id"], True)
    assert refusal(lambda: world.list_input_items(second.id, after="msg_x"))[0] == 404


def test_a_reference_stands_for_an_item() -> None:
    """Wherever in the World it is."""
    world = world_of()
    first = ask(world, "Remember me")
    (item,) = world.list_input_items(first.id).data
    second = ask(world, [{"type": "item_reference", "id": item["id"]}])
    world.advance(2)

    assert text_of(world.retrieve_response(second.id)) == "Remember me"


def test_the_tools_of_the_service_are_items() -> None:
    """Before the message; what they found is shown to whoever asks for it."""
    steps = [
        FileSearch([Found("file-1", "a.txt", text="42")]),
        CodeInterpreter("print(1)", logs="1", images=["f"]),
    ]
    world = world_of(Schedule(in_progress=[After(2, text="Done.", steps=steps)]))
    response = ask(world)
    world.advance(3)
    plain = world.retrieve_response(response.id).output
    include = ["file_search_call.results", "code_interpreter_call.outputs"]
    search, code, message = world.retrieve_response(response.id, include=include).output

    assert [item["type"] for item in plain] == ["file_search_call", "code_interpreter_call", "message"]
    assert (plain[0]["results"], plain[1]["outputs"]) == (None, None)
    assert [found["text"] for found in search["results"]] == ["42"]
    assert (code["code"], [one["type"] for one in code["outputs"]]) == ("print(1)", ["logs", "image"])
    assert message["status"] == "completed"


def test_no_more_tools_of_the_service_are_used_than_are_allowed() -> None:
    """The rest of them is passed over (documented)."""
    steps = [CodeInterpreter("1"), CodeInterpreter("2"), CodeInterpreter("3")]
    world = world_of(Schedule(in_progress=[After(2, text="Done.", steps=steps)]))
    response = ask(world, max_tool_calls=2)
    world.advance(3)

    assert len(world.retrieve_response(response.id).output) == 3


def test_an_input_has_tokens() -> None:
    """By an estimate, its history and the instructions included."""
    world = world_of()
    alone = world.count_input_tokens(model="m", input="Hello, how are you?").input_tokens

    assert alone > 0
    assert world.count_input_tokens(input="Hello, how are you?", instructions="x" * 40).input_tokens > alone
