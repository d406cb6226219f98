"""The official SDK for Node talks to the fake unchanged: its helpers that poll, and those that stream.

``RUNLIFE_NODE_MODULES`` names a folder that has ``node_modules/openai``; without it, or without node, there
is nothing to try.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runlife_adapters.memory import After, Call, Schedule
from runlife_adapters.testing.fake import FakeOpenAIServer

if TYPE_CHECKING:
    from collections.abc import Iterator

NODE = shutil.which("node")
FOLDER = os.environ.get("RUNLIFE_NODE_MODULES")
STORY = Path(__file__).with_name("node_story.mjs")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NODE is None, reason="needs node"),
    pytest.mark.skipif(
        not (FOLDER and (Path(FOLDER) / "node_modules" / "openai").is_dir()),
        reason="needs a folder with node_modules/openai, named by RUNLIFE_NODE_MODULES",
    ),
]

TOOLS = Schedule(in_progress=[After(1, "requires_action", tools=[Call("add", {"a": 1})])])
FAILURE = Schedule(in_progress=[After(1, "failed")])

BIRTH = ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]
STEP = ["thread.run.step.created", "thread.run.step.in_progress"]


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAIServer]:
    """Give the fake that the script talks to: its first two runs call a function, the third fails."""
    with FakeOpenAIServer() as fake:
        fake.schedule(TOOLS, TOOLS, FAILURE)
        yield fake


@pytest.fixture(scope="module")
def told(fake: FakeOpenAIServer) -> dict[str, Any]:
    """Give what the script printed."""
    finished = subprocess.run(
        [str(NODE), str(STORY), fake.url, str(FOLDER)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    said: dict[str, Any] = json.loads(finished.stdout)
    return said


def without_deltas(events: list[str]) -> list[str]:
    """Return events without the pieces of texts and calls."""
    return [event for event in events if not event.endswith(".delta")]


def test_polling_through_a_round_of_tools(told: dict[str, Any]) -> None:
    """``createAndPoll`` stops at the call, and ``submitToolOutputsAndPoll`` is at the same run's end."""
    assert told["polled"] == {"same": True, "asking": "requires_action", "done": "completed", "replies": 1}


def test_streaming_up_to_the_call(told: dict[str, Any]) -> None:
    """The handlers of ``stream`` are told all events in the true order, and the call once it is whole."""
    first = told["streamed"]["first"]
    assert without_deltas(first["events"]) == [*BIRTH, *STEP, "thread.run.requires_action"]
    assert "thread.run.step.delta" in first["events"]
    assert first["calls"] == [["add", '{"a":1}']]
    assert (first["status"], first["text"], first["messages"]) == ("requires_action", "", 0)


def test_streaming_on_from_the_outputs(told: dict[str, Any]) -> None:
    """``submitToolOutputsStream`` has the rest: the step that ends, and the message, whose deltas add up."""
    second = told["streamed"]["second"]
    message = [f"thread.message.{what}" for what in ("created", "in_progress", "completed")]
    end = ["thread.run.step.completed", "thread.run.completed"]
    assert without_deltas(second["events"]) == [
        "thread.run.step.completed",
        *BIRTH[1:],
        *STEP,
        *message,
        *end,
    ]
    assert "thread.message.delta" in second["events"]
    assert second["steps"] == [["tool_calls", "completed"], ["message_creation", "completed"]]
    assert (second["status"], second["messages"], second["texts"]) == ("completed", 1, [second["text"]])
    assert "two" in second["text"]


def test_a_stream_that_fails(told: dict[str, Any]) -> None:
    """The final run of the stream is the one that failed, with its reason."""
    assert told["failed"] == {"status": "failed", "code": "server_error", "last": "thread.run.failed"}


def test_a_refusal_in_the_services_words(told: dict[str, Any]) -> None:
    """A second run on a thread meets the SDK's own error with the service's message, streamed or not."""
    refusal = {
        "kind": "BadRequestError",
        "status": 400,
        "message": "Thread THREAD already has an active run RUN.",
    }
    assert told["refused"] == {"called": refusal, "streamed": refusal, "then": "completed"}


def test_the_sdk_does_nothing_wrong(told: dict[str, Any], fake: FakeOpenAIServer) -> None:
    """The verdict on all that it did finds nothing."""
    assert told
    fake.check()
