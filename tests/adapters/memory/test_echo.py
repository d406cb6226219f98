"""The default model: it repeats what was said, and uses the tools that are named or demanded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import RunStatus, ToolCall, ToolOutput
from runlife_adapters.memory import CodeInterpreter, Context, Echo, FileSearch, Said, ToolRound, Turn

if TYPE_CHECKING:
    from .conftest import Scene

CITY = {"type": "object", "properties": {"city": {"type": "string", "enum": ["Rome"]}}}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}
TIME = {"type": "function", "function": {"name": "get-time"}}
CODE = {"type": "code_interpreter"}
SEARCH = {"type": "file_search"}


def turn(said: str = "Hello", *, tools: tuple[Any, ...] = (WEATHER, TIME), **options: Any) -> Turn:
    """Return what the echo does."""
    context = Context(
        model="m",
        instructions=None,
        messages=(Said("user", said),),
        tools=tools,
        tool_choice=options.pop("tool_choice", "auto"),
        rounds=options.pop("rounds", ()),
        **options,
    )
    return Echo().turn(context)


def names(turn: Turn) -> list[str]:
    """Return the names of the functions that a turn calls."""
    return [call.name for call in turn.calls]


def answered(*calls: str) -> ToolRound:
    """Return a round in which these functions were called, each with an output that names it."""
    return ToolRound(
        tuple(ToolCall(f"call_{name}", name, "{}") for name in calls),
        tuple(ToolOutput(f"call_{name}", f"{name} says 1") for name in calls),
    )


def test_it_repeats_the_last_user_message() -> None:
    """Nothing is called that nobody named."""
    assert turn("It is sunny.") == Turn("It is sunny.")


@pytest.mark.parametrize(
    ("said", "called"),
    [
        ("call get_weather", ["get_weather"]),
        ("Get weather, please", ["get_weather"]),
        ("GET-WEATHER!", ["get_weather"]),
        ("请调用get_weather函数", ["get_weather"]),
        ("get time and then get_weather", ["get_weather", "get-time"]),
        ("get_weather_now", []),
        ("forget weather", []),
        ("weather", []),
    ],
)
def test_it_calls_the_functions_that_the_message_names(said: str, called: list[str]) -> None:
    """As whole words, in any case, with spaces, hyphens and underscores alike; several in one turn."""
    assert names(turn(said)) == called


def test_arguments_are_what_the_function_describes() -> None:
    """They are an example of its schema; a function without one gets none."""
    calls = turn("get weather, get time").calls
    assert [dict(call.arguments) for call in calls] == [{"city": "Rome"}, {}]
    odd = {"type": "function", "function": {"name": "odd", "parameters": {"type": "integer"}}}
    assert dict(turn("odd", tools=(odd,)).calls[0].arguments) == {}


def test_tool_choice_is_obeyed() -> None:
    """None calls nothing, required calls something, a name calls that, whatever the message says."""
    assert turn("get weather", tool_choice="none").calls == ()
    assert names(turn(tool_choice="required")) == ["get_weather"]
    assert names(turn("get time", tool_choice="required")) == ["get-time"]
    named = {"type": "function", "function": {"name": "get-time"}}
    assert names(turn("get weather", tool_choice=named)) == ["get-time"]
    assert turn(tool_choice="required", tools=()) == Turn("Hello")


def test_without_parallel_calls_it_makes_one_a_turn() -> None:
    """The others come in the turns thereafter, and each only once."""
    said: Any = {"said": "get weather, get time", "parallel_tool_calls": False}
    assert names(turn(**said)) == ["get_weather"]
    assert names(turn(**said, rounds=(answered("get_weather"),))) == ["get-time"]
    done = (answered("get_weather"), answered("get-time"))
    assert turn(**said, rounds=done) == Turn("get_weather says 1\nget-time says 1")


def test_after_its_calls_it_repeats_the_outputs() -> None:
    """No function is called twice in a run, even if one is required: it would never end."""
    done = (answered("get_weather"),)
    for choice in ("auto", "required", {"type": "function", "function": {"name": "get_weather"}}):
        assert turn("get weather", tool_choice=choice, rounds=done) == Turn("get_weather says 1")


@pytest.mark.parametrize(
    ("said", "options", "steps"),
    [
        ("use the code interpreter", {}, [CodeInterpreter]),
        ("file_search and code_interpreter", {}, [CodeInterpreter, FileSearch]),
        ("Hello", {"tool_choice": CODE}, [CodeInterpreter]),
        ("Hello", {"tool_choice": SEARCH}, [FileSearch]),
        ("Hello", {"tool_choice": "required"}, [CodeInterpreter]),
        ("Hello", {}, []),
        ("use the code interpreter", {"tool_choice": "none"}, []),
        ("use the code interpreter", {"tools": (SEARCH,)}, []),
        ("Hello", {"tools": (), "tool_choice": CODE}, []),
    ],
)
def test_the_service_s_own_tools_are_used_likewise(
    said: str, options: dict[str, Any], steps: list[type]
) -> None:
    """They are steps of the turn in which it speaks, and only where the run has the tool."""
    done = turn(said, **{"tools": (CODE, SEARCH), **options})
    assert [type(step) for step in done.steps] == steps
    assert done.text == said


def test_functions_come_before_the_service_s_own_tools() -> None:
    """Steps belong to the turn that speaks."""
    first = turn("get weather by file search", tools=(SEARCH, WEATHER))
    assert (names(first), first.steps) == (["get_weather"], ())
    last = turn("get weather by file search", tools=(SEARCH, WEATHER), rounds=(answered("get_weather"),))
    assert (last.text, last.steps) == ("get_weather says 1", (FileSearch(),))


def test_a_world_echoes_by_default(make_scene: type[Scene]) -> None:
    """A message that names a function makes the run wait for it; then the outputs are the reply."""
    scene = make_scene.of()
    run = scene.start(additional_messages=[{"role": "user", "content": "What does get_time say?"}])
    scene.world.advance(2)
    action = scene.look(run).required_action
    assert action is not None
    assert [call.name for call in action.tool_calls] == ["get_time"]
    scene.answer(run, "noon")
    scene.world.advance(2)
    assert scene.look(run).status is RunStatus.COMPLETED
    assert scene.texts()[-1] == "noon"


def test_of_several_rounds_it_repeats_the_last() -> None:
    """Others than those of the message may have been scripted before."""
    assert turn(rounds=(answered("f"), answered("g"))) == Turn("g says 1")


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize(
    "wanted",
    [
        {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}},
        {"type": "json_schema", "name": "answer", "schema": SCHEMA},
    ],
)
def test_an_answer_that_is_to_follow_a_schema_does(wanted: Any) -> None:
    """It used to be the echo, which no client's ``parse`` could read; the calls come before it as ever."""
    assert turn(response_format=wanted) == Turn('{"n": 1}')
    assert names(turn("get_weather", response_format=wanted)) == ["get_weather"]
    assert turn("Hi", response_format={"type": "text"}) == turn("Hi", response_format="auto") == Turn("Hi")
