"""What the model sees, what it decides, and what its turns cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest
from attrs import define, field

from runlife import LastError, MisuseError, RunStatus, Usage
from runlife_adapters.memory import After, Call, Context, Schedule, Turn, World

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


@define
class Faulty:
    """A model whose first turn goes wrong, and which is well afterwards."""

    first: Callable[[], object]

    def turn(self, context: Context) -> Turn:
        first, self.first = self.first, lambda: Turn("Fine.")
        return cast("Turn", first())


def no_turn() -> object:
    """Return something else than a turn."""
    return "not a turn"


def a_bug() -> object:
    """Raise what any code may raise."""
    raise RuntimeError("not today")


def a_refusal_of_another_world() -> object:
    """Raise an ApiError, which is not about the World that asks."""
    return World().retrieve_thread("thread_x")


def a_turn_that_cannot_be() -> object:
    """Make a turn that says nothing and calls nothing."""
    return Turn()


@pytest.mark.parametrize("fault", [no_turn, a_bug, a_refusal_of_another_world])
def test_a_model_that_fails_ends_its_run(
    make_scene: type[Scene], caplog: pytest.LogCaptureFixture, fault: Callable[[], object]
) -> None:
    """The run fails as the service's do, and the cause is logged; it used to come out of every later call."""
    scene = make_scene.of(model=Faulty(fault))
    run = scene.start()
    scene.world.advance(5)

    assert scene.story(run) == [(0, "queued"), (1, "in_progress"), (1, "failed")]
    assert scene.look(run).last_error == LastError("server_error", "Sorry, something went wrong.")
    assert run.id in caplog.text
    again = scene.start()
    scene.world.advance(5)
    assert scene.look(again).status is RunStatus.COMPLETED


def test_misuse_by_a_model_comes_out_once(make_scene: type[Scene]) -> None:
    """Its run fails, the operation that let time pass says why, and the next one works."""
    scene = make_scene.of(model=Faulty(a_turn_that_cannot_be))
    run = scene.start()
    with pytest.raises(MisuseError, match="either says a text or makes calls"):
        scene.world.advance(5)

    assert scene.look(run).status is RunStatus.FAILED
    assert scene.world.next_event() is None


@pytest.mark.parametrize(
    "call",
    [
        lambda world: world.settle(),
        lambda world: world.advance(1),
        lambda world: world.create_thread(),
        lambda world: world.script(Schedule()),
    ],
)
def test_a_model_cannot_call_the_world_that_asks_it(
    make_scene: type[Scene], call: Callable[[World], object]
) -> None:
    """It is told so; it used to wait for itself, for ever and silently."""
    model = Faulty(lambda: call(scene.world))
    scene = make_scene.of(model=model)
    run = scene.start()
    with pytest.raises(MisuseError, match="a model must not call the World that asks it"):
        scene.world.advance(5)

    assert scene.look(run).status is RunStatus.FAILED
    assert scene.world.clock.now() == run.created_at + 5


@pytest.mark.parametrize(
    "make",
    [
        lambda: Turn(3),
        lambda: Turn("x", usage=5),
        lambda: Turn(calls=3),
        lambda: Turn(calls=("f",)),
        lambda: Call(3),
        lambda: Call("f", [1]),
        lambda: Call("f", {"x": {1}}),
        lambda: Call("f", {"x": float("nan")}),
    ],
)
def test_a_turn_of_the_wrong_types_cannot_be_made(make: Callable[[], object]) -> None:
    """Arguments that are no JSON used to leave their run stuck, with nothing ahead of it."""
    with pytest.raises(MisuseError, match=r"expected|must be JSON"):
        make()
