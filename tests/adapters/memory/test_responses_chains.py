"""Chains of responses in the World: which run is behind them, what is refused, and what their items are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError, RunStatus, Usage
from runlife_adapters.memory import (
    After,
    Call,
    CodeInterpreter,
    FileSearch,
    Found,
    Rule,
    Rules,
    Schedule,
    When,
)

if TYPE_CHECKING:
    from .conftest import Asking

ASKS = Schedule(in_progress=[After(1, "requires_action", tools=[Call("get_weather", {"city": "Rome"})])])


# Chains


def test_a_response_that_brings_the_outputs_goes_on_with_the_run(asking: type[Asking]) -> None:
    """One run over two responses; each tells its own tokens, and its schedule goes on."""
    schedule = Schedule(in_progress=[After(1, "requires_action", tools=1), After(5, text="Take a hat.")])
    world = asking.world_of(schedule)
    first = asking.asked(world)
    second = asking.ask(world, asking.outputs(first), previous_response_id=first.id)
    run_id = world.chain(first.id)
    world.advance(5.5)
    assert world.retrieve_response(second.id).status == "in_progress"
    world.advance(1)
    ended = world.retrieve_response(second.id)

    assert world.chain(second.id) == run_id
    assert world.responses(run_id) == (first.id, second.id)
    assert asking.text_of(ended) == "Take a hat."
    usage = [Usage(u["input_tokens"], u["output_tokens"]) for u in (first.usage, ended.usage)]
    assert world.run(run_id).usage == usage[0] + usage[1]
    assert [record.event for record in world.journal(run_id)] == [
        "create", "start", "require_action", "submit_tool_outputs", "start", "complete",
    ]  # fmt: skip


def test_the_whole_history_may_be_sent_instead(asking: type[Asking]) -> None:
    """A client that names no response before, and sends back what came, goes on with the same run."""
    world = asking.world_of(ASKS)
    first = asking.asked(world, store=False)
    history = [{"role": "user", "content": "Hello"}, *first.output, *asking.outputs(first)]
    second = asking.ask(world, history, store=False)
    world.advance(2)

    assert world.chain(second.id) == world.chain(first.id)
    assert asking.text_of(world.retrieve_response(second.id)) == "sunny"


def test_calls_that_the_world_did_not_make_are_known_to_the_model(asking: type[Asking]) -> None:
    """The history of another service can be gone on with."""
    world = asking.world_of()
    call = {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"}
    output = {
        "type": "function_call_output",
        "call_id": "c1",
        "output": [{"type": "input_text", "text": "wet"}],
    }
    response = asking.ask(world, [{"role": "user", "content": "get weather"}, call, output])
    world.advance(2)

    assert asking.text_of(world.retrieve_response(response.id)) == "wet"


def test_outputs_that_are_brought_twice_fork_the_chain(asking: type[Asking]) -> None:
    """Who has lost the answer asks again, and gets another run, which goes on as the first one did."""
    schedule = Schedule(in_progress=[After(1, "requires_action", tools=1), After(1, "incomplete")])
    world = asking.world_of(schedule)
    first = asking.asked(world)
    twins = [asking.ask(world, asking.outputs(first), previous_response_id=first.id) for _ in range(2)]
    world.advance(5)

    assert world.chain(twins[0].id) == world.chain(first.id)
    assert world.chain(twins[1].id) != world.chain(first.id)
    assert [world.retrieve_response(twin.id).status for twin in twins] == ["incomplete", "incomplete"]


def test_a_response_that_says_something_new_begins_a_new_run(asking: type[Asking]) -> None:
    """With a schedule of its own, and all that was said before in its thread."""
    world = asking.world_of(
        rules=Rules([Rule(When(message="bye"), Schedule(in_progress=[After(1, text="Bye!")]))])
    )
    first = asking.ask(world)
    world.advance(2)
    second = asking.ask(world, "bye", previous_response_id=first.id)
    world.advance(2)
    items = world.list_input_items(second.id, order="asc").data

    assert world.chain(second.id) != world.chain(first.id)
    assert asking.text_of(world.retrieve_response(second.id)) == "Bye!"
    assert [(item["role"], item["content"][0]["text"]) for item in items] == [
        ("user", "Hello"),
        ("assistant", "Hello"),
        ("user", "bye"),
    ]


def test_instructions_are_not_inherited(asking: type[Asking]) -> None:
    """They are those of one response (documented)."""
    world = asking.world_of()
    first = asking.ask(world, instructions="Be brief.")
    world.advance(2)

    assert asking.ask(world, "More", previous_response_id=first.id).instructions is None


def test_what_happens_by_hand_happens_to_the_hidden_run(asking: type[Asking]) -> None:
    """Steps, moves and scripts take its id."""
    world = asking.world_of(progression="manual")
    world.script(Schedule(in_progress=[After(text="Scripted.")]))
    scripted, other = asking.ask(world), asking.ask(world)
    for _ in range(2):
        world.step(world.chain(scripted.id))
    world.step(world.chain(other.id))
    world.apply(world.chain(other.id), After(to="requires_action", tools=2))

    assert asking.text_of(world.retrieve_response(scripted.id)) == "Scripted."
    assert [item["name"] for item in world.retrieve_response(other.id).output] == ["get_weather", "get_time"]
    with pytest.raises(MisuseError, match="no move to make"):
        world.step(world.chain(other.id))


def test_under_poll_a_look_moves_a_response_on(asking: type[Asking]) -> None:
    """In the background; one in the foreground is waited for, and does not wait for looks."""
    world = asking.world_of(progression="poll")
    background, foreground = asking.ask(world), asking.ask(world, background=False)

    assert world.retrieve_response(foreground.id).status == "completed"
    assert [world.retrieve_response(background.id).status for _ in range(2)] == ["in_progress", "completed"]


def test_hidden_runs_are_nobodys(asking: type[Asking]) -> None:
    """The Assistants API shows neither their threads nor them."""
    world = asking.world_of()
    run = world.run(world.chain(asking.ask(world).id))

    assert asking.refusal(lambda: world.retrieve_thread(run.thread_id))[0] == 404
    assert asking.refusal(lambda: world.retrieve_run(run.thread_id, run.id))[0] == 404
    assert asking.refusal(lambda: world.chain("resp_1"))[0] == 404


def test_rules_see_the_input_and_what_is_said_besides(asking: type[Asking]) -> None:
    """And the prompt in the place of an assistant, to which those were migrated."""
    world = asking.world_of()
    for condition, said in (
        (When(message="^Hello$"), {}),
        (When(model="big"), {"model": "big"}),
        (When(metadata={"case": "a"}), {"metadata": {"case": "a"}}),
        (When(instructions="clerk"), {"instructions": "You are a clerk."}),
        (When(assistant="pmpt_1"), {"prompt": {"id": "pmpt_1"}}),
    ):
        world.rules = Rules([Rule(condition, Schedule(in_progress=[After(1, text="Ruled.")]))])
        response = asking.ask(world, **said)
        world.advance(2)
        assert asking.text_of(world.retrieve_response(response.id)) == "Ruled."


# Refusals


def test_what_is_not_there_is_not_found(asking: type[Asking]) -> None:
    """In the recorded and observed words."""
    world = asking.world_of()

    assert asking.refusal(lambda: world.retrieve_response("resp_x")) == (
        404, "Response with id 'resp_x' not found.", None, None,
    )  # fmt: skip
    assert asking.refusal(lambda: asking.ask(world, previous_response_id="resp_x")) == (
        400,
        "Previous response with id 'resp_x' not found.",
        "previous_response_id",
        "previous_response_not_found",
    )
    assert asking.refusal(lambda: asking.ask(world, conversation="conv_x"))[0] == 404
    assert asking.refusal(lambda: asking.ask(world, [{"type": "item_reference", "id": "msg_x"}]))[0] == 404


def test_calls_and_outputs_have_to_fit(asking: type[Asking]) -> None:
    """Every open call needs an output, and every output a call."""
    world = asking.world_of(ASKS)
    first = asking.asked(world)
    (call,) = first.output
    stray = {"type": "function_call_output", "call_id": "call_x", "output": ""}

    assert asking.refusal(lambda: asking.ask(world, "So?", previous_response_id=first.id)) == (
        400, f"No tool output found for function call {call['call_id']}.", "input", None,
    )  # fmt: skip
    assert asking.refusal(lambda: asking.ask(world, [stray])) == (
        400, "No tool call found for function call output with call_id call_x.", "input", None,
    )  # fmt: skip
    assert world.run(world.chain(first.id)).status is RunStatus.REQUIRES_ACTION


def test_a_response_needs_a_model_and_something_to_answer(asking: type[Asking]) -> None:
    """And not two histories."""
    world = asking.world_of()
    nothing: dict[str, Any] = {"model": "m"}

    assert asking.refusal(lambda: world.create_response(**nothing))[2:] == (
        "input",
        "missing_required_parameter",
    )
    assert asking.refusal(lambda: world.create_response(input="x"))[2] == "model"
    both: dict[str, Any] = {"previous_response_id": "resp_x", "conversation": "conv_x"}
    assert asking.refusal(lambda: asking.ask(world, **both))[3] == "mutually_exclusive_parameters"
    with pytest.raises(MisuseError, match="unknown 'modle'"):
        world.create_response(modle="m")  # type: ignore[call-arg]  # that is the point
    choice: Any = {"type": "function", "name": "get_rich"}
    assert asking.refusal(lambda: asking.ask(world, tool_choice=choice))[2] == "tool_choice"


def test_what_is_at_work_cannot_be_continued(asking: type[Asking]) -> None:
    """What was cancelled can, as far as it came."""
    world = asking.world_of()
    first = asking.ask(world)
    assert (
        asking.refusal(lambda: asking.ask(world, "More", previous_response_id=first.id))[2]
        == "previous_response_id"
    )
    world.cancel_response(first.id)

    assert asking.ask(world, "More", previous_response_id=first.id).status == "queued"


# Items


def test_input_items_are_those_before_the_output(asking: type[Asking]) -> None:
    """The newest first, with those of the responses before (recorded)."""
    world = asking.world_of(ASKS)
    first = asking.asked(world)
    second = asking.ask(world, asking.outputs(first), previous_response_id=first.id)
    page = world.list_input_items(second.id).to_json()

    assert [item["type"] for item in page["data"]] == ["function_call_output", "function_call", "message"]
    assert list(page) == ["object", "data", "first_id", "has_more", "last_id"]
    rest = world.list_input_items(second.id, after=page["first_id"], limit=1).to_json()
    assert (rest["first_id"], rest["has_more"]) == (first.output[0]["id"], True)
    assert asking.refusal(lambda: world.list_input_items(second.id, after="msg_x"))[0] == 404


def test_a_reference_stands_for_an_item(asking: type[Asking]) -> None:
    """Wherever in the World it is."""
    world = asking.world_of()
    first = asking.ask(world, "Remember me")
    (item,) = world.list_input_items(first.id).data
    second = asking.ask(world, [{"type": "item_reference", "id": item["id"]}])
    world.advance(2)

    assert asking.text_of(world.retrieve_response(second.id)) == "Remember me"


def test_the_tools_of_the_service_are_items(asking: type[Asking]) -> None:
    """Before the message; what they found is shown to whoever asks for it."""
    steps = [
        FileSearch([Found("file-1", "a.txt", text="42")]),
        CodeInterpreter("print(1)", logs="1", images=["f"]),
    ]
    world = asking.world_of(Schedule(in_progress=[After(2, text="Done.", steps=steps)]))
    response = asking.ask(world)
    world.advance(3)
    plain = world.retrieve_response(response.id).output
    include = ["file_search_call.results", "code_interpreter_call.outputs"]
    search, code, message = world.retrieve_response(response.id, include=include).output

    assert [item["type"] for item in plain] == ["file_search_call", "code_interpreter_call", "message"]
    assert (plain[0]["results"], plain[1]["outputs"]) == (None, None)
    assert [found["text"] for found in search["results"]] == ["42"]
    assert (code["code"], [one["type"] for one in code["outputs"]]) == ("print(1)", ["logs", "image"])
    assert message["status"] == "completed"


def test_no_more_tools_of_the_service_are_used_than_are_allowed(asking: type[Asking]) -> None:
    """The rest of them is passed over (documented)."""
    steps = [CodeInterpreter("1"), CodeInterpreter("2"), CodeInterpreter("3")]
    world = asking.world_of(Schedule(in_progress=[After(2, text="Done.", steps=steps)]))
    response = asking.ask(world, max_tool_calls=2)
    world.advance(3)

    assert len(world.retrieve_response(response.id).output) == 3


def test_an_input_has_tokens(asking: type[Asking]) -> None:
    """By an estimate, its history and the instructions included."""
    world = asking.world_of()
    alone = world.count_input_tokens(model="m", input="Hello, how are you?").input_tokens

    assert alone > 0
    assert world.count_input_tokens(input="Hello, how are you?", instructions="x" * 40).input_tokens > alone
