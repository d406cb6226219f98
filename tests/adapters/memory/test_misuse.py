"""What no request can say is refused as misuse, in clear words, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError
from runlife_adapters.memory import After, ApiError, Schedule, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Scene

HELLO = {"role": "user", "content": "Hello"}


def misuse(call: Callable[..., Any], *args: Any, **options: Any) -> str:
    """Return what a misuse is answered with."""
    with pytest.raises(MisuseError) as caught:
        call(*args, **options)
    assert not isinstance(caught.value, ApiError)
    return str(caught.value)


def test_an_unknown_name_is_refused(scene: Scene) -> None:
    """Every operation with options says which names it knows; a misspelt one used to be ignored."""
    world, thread, assistant = scene.world, scene.thread_id, scene.assistant_id
    assert misuse(world.list_runs, thread, limt=1) == (
        "a list: unknown 'limt'; known is limit, order, after, before"
    )
    calls: list[Callable[..., Any]] = [
        lambda **wrong: world.create_assistant(model="m", **wrong),
        lambda **wrong: world.modify_assistant(assistant, **wrong),
        world.create_thread,
        lambda **wrong: world.create_thread(messages=[{**HELLO, **wrong}]),
        lambda **wrong: world.create_message(thread, **HELLO, **wrong),
        scene.start,
        lambda **wrong: scene.start(additional_messages=[{**HELLO, **wrong}]),
        lambda **wrong: world.create_thread_and_run(assistant_id=assistant, **wrong),
        lambda **wrong: world.create_thread_and_run(assistant_id=assistant, thread=wrong),
        lambda **wrong: world.list_messages(thread, **wrong),
    ]
    for call in calls:
        assert "unknown 'instuctions'; known is " in misuse(call, instuctions="x")
    assert world.list_runs(thread).data == ()
    assert scene.texts() == ["Hello"]


def test_a_message_has_a_role_and_a_content(scene: Scene) -> None:
    """Both must be given, and the role be one of a thread's; a wizard used to be stored."""
    create, thread = scene.world.create_message, scene.thread_id
    said = misuse(create, thread, role="wizard", content="x")
    assert said == "the role of a message is 'user' or 'assistant', got 'wizard'"
    assert "unknown 'contents'" in misuse(create, thread, role="user", contents="x")
    assert "'content' must be given" in misuse(create, thread, role="user")
    assert "expected an object" in misuse(scene.world.create_thread, messages=["x"])


def test_an_assistant_has_a_model(scene: Scene) -> None:
    """It must be given."""
    assert "expected str, got None" in misuse(scene.world.create_assistant)


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ({}, "'tool_call_id' must be given"),
        ({"tool_call_id": "call_x", "ouput": "1"}, "unknown 'ouput'"),
        ({"tool_call_id": 3}, "tool_call_id: expected str, got 3"),
        ({"tool_call_id": "call_x", "output": 3}, "output: expected str or None, got 3"),
        ("call_x", "expected an object"),
    ],
)
def test_a_tool_output_names_its_call(make_scene: type[Scene], output: Any, problem: str) -> None:
    """Anything else is refused, and the run waits on."""
    scene = make_scene.of(schedule=Schedule(in_progress=[After(1, "requires_action")]))
    run = scene.start()
    scene.world.advance(2)

    submit = scene.world.submit_tool_outputs
    assert problem in misuse(submit, scene.thread_id, run.id, tool_outputs=[output])
    assert scene.look(run).status == "requires_action"


@pytest.mark.parametrize(
    "options",
    [
        {"clock": 3.0},
        {"policy": "x"},
        {"schedule": "x"},
        {"model": "gpt-4o"},
        {"seed": "x"},
        {"run_ttl": "x"},
        {"run_ttl": -5},
        {"run_ttl": 0},
        {"run_ttl": True},
        {"run_ttl": float("inf")},
    ],
)
def test_a_world_is_made_of_the_right_things(options: dict[str, Any]) -> None:
    """Each argument of another type is named; they used to be accepted, and to fail much later."""
    (name,) = options
    assert misuse(World, **options).startswith(f"{name}: expected ")


def test_only_schedules_are_scripted(scene: Scene) -> None:
    """An entry is not yet a schedule."""
    assert misuse(scene.world.script, After(1)).startswith("script: expected Schedule, got ")


@pytest.mark.parametrize(
    "choice", [{"type": "function", "function": {"name": "guess"}}, {"type": "file_search"}]
)
def test_a_run_is_told_to_use_a_tool_that_it_has(scene: Scene, choice: Any) -> None:
    """One that it has not used to be taken, and called, wherever no HTTP server stood before the World."""
    world = scene.world
    name = choice.get("function", {}).get("name", choice["type"])
    tools = [{"type": "function", "function": {"name": "guess"}}, {"type": "file_search"}]
    for call in (
        scene.start,
        lambda **options: world.create_thread_and_run(assistant_id=scene.assistant_id, **options),
    ):
        with pytest.raises(ApiError) as caught:
            call(tool_choice=choice)
        error = caught.value
        assert (error.status, error.param, error.code) == (400, "tool_choice", "invalid_value")
        assert error.message == f"Tool choice '{name}' not found in 'tools' parameter."
    assert world.list_runs(scene.thread_id).data == ()
    assert scene.start(tool_choice=choice, tools=tools).tool_choice == choice


@pytest.mark.parametrize(
    ("choice", "complaint"),
    [
        (5, "tool_choice: expected an object, got 5"),
        ({}, "tool_choice: 'type' must be given"),
        ({"type": "function"}, "tool_choice.function: expected an object, got None"),
        ({"type": "function", "function": {"nam": "x"}}, "tool_choice.function: unknown 'nam'"),
    ],
)
def test_a_choice_that_is_no_tool_is_refused(scene: Scene, choice: Any, complaint: str) -> None:
    """A number used to be the choice of a run."""
    assert misuse(scene.start, tool_choice=choice).startswith(complaint)
