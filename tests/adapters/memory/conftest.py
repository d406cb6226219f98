"""A World on a virtual clock, with an assistant that may call two functions and a thread that speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen

from runlife import VirtualClock
from runlife_adapters.memory import ApiError, World

if TYPE_CHECKING:
    from runlife_adapters.memory import RunObject, Schedule

START = 1_700_000_000.0
FUNCTIONS = [{"type": "function", "function": {"name": name}} for name in ("get_weather", "get_time")]


@frozen
class Scene:
    """A World, and what a test needs to start runs in it."""

    world: World
    assistant_id: str
    thread_id: str

    @classmethod
    def of(cls, **options: Any) -> Scene:
        """Set the scene in a new World."""
        world = World(VirtualClock(START), **options)
        assistant = world.create_assistant(model="gpt-4o", tools=FUNCTIONS)
        thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}])
        return cls(world, assistant.id, thread.id)

    def start(self, **options: Any) -> RunObject:
        """Start a run."""
        return self.world.create_run(self.thread_id, assistant_id=self.assistant_id, **options)

    def look(self, run: RunObject) -> RunObject:
        """Look at a run again."""
        return self.world.retrieve_run(self.thread_id, run.id)

    def story(self, run: RunObject) -> list[tuple[float, str]]:
        """Return when a run came into which status, in seconds since the start."""
        return [(record.at - START, record.target.value) for record in self.world.journal(run.id)]

    def answer(self, run: RunObject, output: str = "sunny") -> RunObject:
        """Answer every call that a run waits for."""
        action = self.look(run).required_action
        assert action is not None
        outputs = [{"tool_call_id": call.id, "output": output} for call in action.tool_calls]
        return self.world.submit_tool_outputs(self.thread_id, run.id, tool_outputs=outputs)

    def texts(self) -> list[str]:
        """Return what was said on the thread, oldest first."""
        page = self.world.list_messages(self.thread_id, order="asc", limit=100)
        return [part["text"]["value"] for message in page.data for part in message.content]


@pytest.fixture
def make_scene() -> type[Scene]:
    """Give the class of scenes."""
    return Scene


@pytest.fixture
def scene() -> Scene:
    """Give a scene in which nothing deviates from the happy path."""
    return Scene.of()


TOOLS = [{"type": "function", "name": "get_weather"}, {"type": "function", "name": "get_time"}]


class Asking:
    """What a test about responses does again and again."""

    @staticmethod
    def world_of(schedule: Schedule | None = None, **options: Any) -> World:
        """Return a World on a virtual clock."""
        return World(VirtualClock(START), schedule=schedule, **options)

    @staticmethod
    def ask(world: World, said: Any = "Hello", **options: Any) -> Any:
        """Create a response in the background, unless something else is said."""
        return world.create_response(
            **{"model": "m", "input": said, "background": True, "tools": TOOLS, **options}
        )

    @staticmethod
    def outputs(response: Any, output: str = "sunny") -> list[dict[str, Any]]:
        """Return input that answers every call of a response."""
        calls = [item for item in response.output if item["type"] == "function_call"]
        return [{"type": "function_call_output", "call_id": c["call_id"], "output": output} for c in calls]

    @staticmethod
    def asked(world: World, **options: Any) -> Any:
        """Return a response that has completed with calls."""
        response = Asking.ask(world, **options)
        world.advance(2)
        return world.retrieve_response(response.id)

    @staticmethod
    def text_of(response: Any) -> str:
        """Return what a response says."""
        return "".join(i["content"][0]["text"] for i in response.output if i["type"] == "message")

    @staticmethod
    def refusal(call: Any) -> tuple[int, str, str | None, str | None]:
        """Return how a call is refused."""
        with pytest.raises(ApiError) as refused:
            call()
        error = refused.value
        return error.status, error.message, error.param, error.code


@pytest.fixture
def asking() -> type[Asking]:
    """Give them."""
    return Asking
