"""Plain functions as the tools of a run."""

import asyncio
import functools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife import MisuseError, ToolCall
from runlife_adapters.drive import ToolError
from runlife_adapters.drive.tools import MOST_BYTES, clip, toolbox


def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


async def add_async(a: int, b: int = 1) -> int:
    """Add, asynchronously."""
    await asyncio.sleep(0)
    return a + b


def broken() -> None:
    """Fail."""
    msg = "it is broken"
    raise RuntimeError(msg)


def call(name: str, arguments: str = "{}") -> ToolCall:
    """Return a call of the model."""
    return ToolCall("call_1", name, arguments)


@pytest.mark.parametrize(
    ("result", "output"),
    [("as it is", "as it is"), ({"é": [1, None]}, '{"é": [1, null]}'), (None, "null"), (3, "3")],
)
def test_a_string_is_the_output_and_all_else_is_json(result: object, output: str) -> None:
    """Text goes to the model unquoted, and letters stay letters."""
    assert toolbox({"f": lambda: result}).run(call("f")) == output


def test_arguments_become_keywords() -> None:
    """The JSON object of the model is the keyword arguments of the function."""
    assert toolbox([add]).run(call("add", '{"b": 2, "a": 1}')) == "3"


@pytest.mark.parametrize("arguments", ["", " ", "{}"])
def test_no_arguments_may_be_written_in_any_way(arguments: str) -> None:
    """Models write an empty text, or an empty object, for a function without parameters."""
    assert toolbox({"f": lambda: "ok"}).run(call("f", arguments)) == "ok"


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (call("divide"), "there is no function 'divide'; there are: add, broken"),
        (call("add", '{"a": '), "not JSON"),
        (call("add", "[1]"), "must be a JSON object"),
        (call("add", '{"a": 1, "c": 2}'), "unexpected keyword argument 'c'"),
        (call("add"), "missing a required argument: 'a'"),
        (call("broken"), "RuntimeError: it is broken"),
    ],
)
def test_a_mistake_becomes_an_output_that_the_model_can_react_to(mistake: ToolCall, says: str) -> None:
    """By default the run goes on, and the model reads what was wrong."""
    for output in (
        toolbox([add, broken]).run(mistake),
        asyncio.run(toolbox([add, broken]).run_async(mistake)),
    ):
        assert says in json.loads(output)["error"]


def test_a_result_that_is_no_json_is_a_mistake_too() -> None:
    """An object that cannot be sent is reported like an exception in the function."""
    assert "TypeError" in json.loads(toolbox({"f": object}).run(call("f")))["error"]


def test_mistakes_can_be_raised_instead() -> None:
    """Then the model's mistake is a ToolError, and the function's own exception stays what it is."""
    box = toolbox([add, broken], raises=True)
    with pytest.raises(ToolError, match="no function"):
        box.run(call("divide"))
    with pytest.raises(RuntimeError, match="broken"):
        box.run(call("broken"))


def test_a_builtin_that_does_not_say_its_parameters_is_just_called() -> None:
    """Without a signature there is nothing to check beforehand."""
    assert toolbox({"f": max}).run(call("f")).startswith('{"error": "TypeError')


def test_async_functions_are_awaited_by_the_async_driver() -> None:
    """So are plain ones, without a wait."""
    box = toolbox([add, add_async])
    assert asyncio.run(box.run_async(call("add_async", '{"a": 1}'))) == "2"
    assert asyncio.run(box.run_async(call("add", '{"a": 1}'))) == "2"


def test_async_functions_are_refused_by_the_sync_driver() -> None:
    """At once where it can be seen, and else as a mistake, without a warning of what was never awaited."""
    with pytest.raises(MisuseError, match="drive_async"):
        toolbox([add_async], asynchronous=False)
    hidden: Any = functools.partial(lambda f: f(1), add_async)
    assert "asynchronous" in json.loads(toolbox({"f": hidden}, asynchronous=False).run(call("f")))["error"]


@pytest.mark.parametrize("tools", [[add, add], [functools.partial(add, 1)]])
def test_functions_need_names_of_their_own(tools: list[Any]) -> None:
    """The model calls by name; two of one name, or one without, want a mapping."""
    with pytest.raises(MisuseError, match="mapping"):
        toolbox(tools)


def test_short_outputs_are_not_clipped() -> None:
    """What fits stays as it is."""
    outputs = clip([("a", "é" * 10), ("b", "")])
    assert [(o.tool_call_id, o.output) for o in outputs] == [("a", "é" * 10), ("b", "")]


def test_long_outputs_are_clipped_with_a_mark_and_short_ones_spared() -> None:
    """The room that short outputs leave is shared by the long ones, and what was cut says so."""
    short, long, longer = clip([("a", "s" * 10), ("b", "l" * 1000), ("c", "x" * 5000)], most=510)
    assert short.output == "s" * 10
    assert len(long.output) == len(longer.output) == 250
    assert longer.output.startswith("xxx")
    assert longer.output.endswith("[clipped: this output had 5000 bytes]")


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=200), max_size=5), st.integers(400, 700))
def test_clipped_outputs_fit_whatever_they_are(outputs: dict[str, str], most: int) -> None:
    """Whatever the outputs, in bytes they fit together, each call has one, and all of it can be sent."""
    clipped = clip(outputs.items(), most)
    assert [output.tool_call_id for output in clipped] == list(outputs)
    assert sum(len(output.output.encode()) for output in clipped) <= most


def test_the_limit_is_below_what_the_service_refuses() -> None:
    """512 kB is refused, whatever a kB is; and no single output can have above 1,048,576 characters."""
    assert MOST_BYTES < 512_000
