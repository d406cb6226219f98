"""What the model sees, what it decides, and what its turns cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import define, field

from runlife import MisuseError, RunStatus, Usage
from runlife_adapters.memory import After, Call, Context, Schedule, Turn

if TYPE_CHECKING:
    from .conftest import Scene


@define
class Scripted:
    """A model that takes the turns it was given, and remembers what it saw."""

    turns: list[Turn]
    seen: list[Context] = field(factory=list[Context])

    def turn(self, context: Context) -> Turn:
        self.seen.append(context)
        return self.turns.pop(0)


def test_the_model_decides_whether_a_run_calls_functions(make_scene: type[Scene]) -> None:
    """A turn with calls leads to requires_action, one with a text to the end."""
    model = Scripted([Turn(calls=(Call("get_weather", {"city": "Rome"}),)), Turn("Take a hat.")])
    scene = make_scene.of(model=model)
    run = scene.start()
    scene.world.advance(2)
    assert scene.look(run).status is RunStatus.REQUIRES_ACTION
    scene.answer(run, "hot")
    scene.world.advance(2)

    assert scene.texts() == ["Hello", "Take a hat."]
    (done,) = model.seen[1].rounds
    assert done.calls[0].arguments == '{"city":"Rome"}'
    assert done.outputs[0].output == "hot"


def test_a_model_sees_what_is_in_effect(make_scene: type[Scene]) -> None:
    """Instructions with additional ones, the messages of the thread with those of the run, the tools."""
    model = Scripted([Turn("Yes.")])
    scene = make_scene.of(model=model)
    scene.start(
        instructions="Be brief.",
        additional_instructions="Be kind.",
        additional_messages=[{"role": "user", "content": "Well?"}],
        tool_choice="none",
        model="gpt-4.1",
    )
    scene.world.advance(2)

    (context,) = model.seen
    assert context.instructions == "Be brief.\n\nBe kind."
    assert [message.text for message in context.messages] == ["Hello", "Well?"]
    assert context.functions == ("get_weather", "get_time")
    assert (context.tool_choice, context.model) == ("none", "gpt-4.1")


def test_truncation_hides_old_messages_from_the_model(make_scene: type[Scene]) -> None:
    """With last_messages, the model sees no more than so many of the latest."""
    model = Scripted([Turn("Yes.")])
    scene = make_scene.of(model=model)
    scene.start(
        additional_messages=[{"role": "user", "content": text} for text in "abc"],
        truncation_strategy={"type": "last_messages", "last_messages": 2},
    )
    scene.world.advance(2)

    assert [message.text for message in model.seen[0].messages] == ["b", "c"]


def test_the_schedule_overrules_the_model(make_scene: type[Scene]) -> None:
    """A run completes though its model wanted to call, and calls though its model wanted to speak."""
    model = Scripted([Turn("No need."), Turn(calls=(Call("get_weather"),))])
    schedule = Schedule(in_progress=[After(1, "requires_action"), After(1, "completed")])
    scene = make_scene.of(model=model, schedule=schedule)
    run = scene.start()
    scene.world.advance(2)
    scene.answer(run)
    scene.world.advance(2)

    assert scene.look(run).status is RunStatus.COMPLETED
    assert scene.texts() == ["Hello", ""]


def test_a_scripted_turn_does_not_ask_the_model(make_scene: type[Scene]) -> None:
    """Where the schedule gives the text or the calls, nobody else is asked."""
    model = Scripted([])
    schedule = Schedule(in_progress=[After(1, "requires_action", tools=3), After(1, text="There.")])
    scene = make_scene.of(model=model, schedule=schedule)
    run = scene.start(tools=[])
    scene.world.advance(2)
    action = scene.look(run).required_action
    assert action is not None
    assert [call.name for call in action.tool_calls] == ["function"] * 3
    scene.answer(run)
    scene.world.advance(2)

    assert scene.texts() == ["Hello", "There."]


def test_an_echo_obeys_the_tool_choice(make_scene: type[Scene]) -> None:
    """Where a call is required the echo makes one, of the function that is named or of the first."""
    named = {"type": "function", "function": {"name": "get_time"}}
    for choice, name in (("required", "get_weather"), (named, "get_time")):
        scene = make_scene.of()
        run = scene.start(tool_choice=choice)
        scene.world.advance(2)
        action = scene.look(run).required_action
        assert action is not None
        assert [call.name for call in action.tool_calls] == [name]
        scene.answer(run, "noon")
        scene.world.advance(2)
        assert scene.texts()[-1] == "noon"


def test_what_a_turn_costs_is_estimated_unless_it_is_said(make_scene: type[Scene]) -> None:
    """The estimate goes by length and is the same every time; a turn may say what it cost."""
    scene = make_scene.of(model=Scripted([Turn("Four"), Turn("Four", usage=Usage(7, 7))]))
    costs: list[Usage | None] = []
    for _ in range(2):
        run = scene.start()
        scene.world.advance(2)
        costs.append(scene.look(run).usage)

    assert costs == [Usage(2, 1), Usage(7, 7)]


def test_a_turn_says_something_or_calls_something() -> None:
    """Neither, and both, are refused."""
    for options in ({}, {"text": "Hi", "calls": (Call("f"),)}):
        with pytest.raises(MisuseError, match="either says a text or makes calls"):
            Turn(**options)


def test_a_model_that_fails_leaves_the_run_where_it_was(make_scene: type[Scene]) -> None:
    """The exception comes out of the call that let time pass; later the model is asked again."""

    class Moody:
        moods = iter([True, False])

        def turn(self, context: Context) -> Turn:
            if next(self.moods):
                raise RuntimeError("not today")
            return Turn("Fine.")

    scene = make_scene.of(model=Moody())
    run = scene.start()
    with pytest.raises(RuntimeError, match="not today"):
        scene.world.advance(5)
    scene.world.settle()

    assert scene.story(run) == [(0, "queued"), (1, "in_progress"), (2, "completed")]
