"""Recorded exchanges with the real service, replayed against the fake: the answers are the same.

What cannot be the same is masked on both sides: ids by their prefix, moments, token counts, the words
of a model, the identity of a request. Everything else is compared exactly: which fields there are, in
which order, which are null, and what their defaults are.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from runlife import VirtualClock
from runlife_adapters.http import Request, Service
from runlife_adapters.memory import After, Call, Schedule, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_adapters.http.messages import Stream

RECORDINGS = os.environ.get("RUNLIFE_RECORDINGS")

ID = re.compile(r"\b(asst|thread|msg|run|step|call)_[A-Za-z0-9]{24}\b")


def entries(name: str) -> list[dict[str, Any]]:
    """Return the exchanges of a recording."""
    if RECORDINGS is None:
        pytest.skip("RUNLIFE_RECORDINGS is not set: it names a folder of recorded exchanges")
    text = (Path(RECORDINGS) / f"assistants_{name}.json").read_text(encoding="utf-8-sig")
    return json.loads(text)["Entries"]


def answers(recorded: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every object that a recording answers with, those in its streams one by one."""
    for entry in recorded:
        body = entry["ResponseBody"]
        if isinstance(body, list):
            yield from (data for _, data in events("".join(body)) if data is not None)
        elif body is not None:
            yield body


def events(text: str) -> list[tuple[str, Any]]:
    """Return the events of a stream: their names, and their data as JSON; None for what is none."""
    found = re.findall(r"^event: (.*)\ndata: (.*)\n\n", text, re.MULTILINE)
    assert "".join(f"event: {name}\ndata: {data}\n\n" for name, data in found) == text
    return [(name, None if data == "[DONE]" else json.loads(data)) for name, data in found]


def in_short(stream: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return a stream with no more than two deltas in a row: how many there are is the model's affair."""
    return [
        event
        for _, group in itertools.groupby(stream, key=lambda event: event[0])
        for event in itertools.islice(group, 2)
    ]


def tool_calls(recorded: list[dict[str, Any]]) -> Iterator[Call]:
    """Yield the calls that the first requires_action of a recording asks for."""
    for answer in answers(recorded):
        if (action := answer.get("required_action")) is not None:
            for call in action["submit_tool_outputs"]["tool_calls"]:
                yield Call(call["function"]["name"], json.loads(call["function"]["arguments"]))
            return


def masked(value: Any, name: str = "", role: str = "user") -> Any:
    """Return a JSON value without what two services cannot have in common."""
    if isinstance(value, dict):
        role = value.get("role", "delta" if name == "delta" else role)
        return {key: masked(item, key, role) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, name, role) for item in value]
    if (name == "value" and role != "user") or (name == "arguments" and role == "delta"):
        return f"<{name}>"
    if isinstance(value, str):
        return ID.sub(r"\1_<id>", value)
    if isinstance(value, int) and name.endswith(("_at", "_tokens")):
        return f"<{name}>"
    return value


class Replay:
    """The fake in the place of the service, told of the ids that the recording's stand for."""

    def __init__(self, recorded: list[dict[str, Any]]) -> None:
        calls = tuple(tool_calls(recorded))
        turns = [After(1, "requires_action", tools=calls)] if calls else []
        self.world = World(VirtualClock(1_761_861_000.0), schedule=Schedule(in_progress=turns))
        self.service = Service(self.world)
        self.ids: dict[str, str] = {}

    def ask(self, entry: dict[str, Any]) -> tuple[int, Any, set[str]]:
        """Send a recorded request; return status, JSON and header names of the fake's answer."""
        url = urlsplit(self.ours(entry["RequestUri"]))
        body = b"" if entry["RequestBody"] is None else self.ours(json.dumps(entry["RequestBody"])).encode()
        headers = {name.lower(): value for name, value in entry["RequestHeaders"].items()}
        request = Request(entry["RequestMethod"], url.path, url.query, headers, body)
        answer = self.service.handle(request)
        if not isinstance(answer.body, bytes):
            said = in_short(events(self.read(answer.body)))
            self.learn(in_short(events("".join(entry["ResponseBody"]))), said)
            return answer.status, said, set(answer.headers)
        said = json.loads(answer.body)
        # Nobody knows when the service moved a run: the fake's moves when the recording shows that it had.
        wanted = (entry["ResponseBody"] or {}).get("status")
        while "status" in said and said["status"] != wanted:
            at = self.world.next_event()
            assert at is not None, f"the fake's run never came to be {wanted}"
            self.world.advance(at - self.world.clock.now())
            said = json.loads(self.service.handle(request).body)
        self.learn(entry["ResponseBody"], said)
        return answer.status, said, set(answer.headers)

    def read(self, stream: Stream) -> str:
        """Return all that a stream sends, letting time pass as it needs."""
        sent = stream.take()
        while not stream.over:
            at = stream.due()
            assert at is not None
            self.world.advance(max(at - self.world.now(), 0))
            sent += stream.take()
        return sent.decode()

    def ours(self, text: str) -> str:
        """Return a text with the recording's ids replaced by ours."""
        return ID.sub(lambda found: self.ids.get(found[0], found[0]), text)

    def learn(self, theirs: Any, ours: Any) -> None:
        """Pair the ids of two answers by the order in which they come."""
        found = (ID.finditer(json.dumps(answer)) for answer in (theirs, ours))
        for their_id, our_id in zip(*found, strict=True):
            self.ids.setdefault(their_id[0], our_id[0])


@pytest.mark.parametrize(
    "name",
    [
        "BasicRunOperationsWork",
        "BasicMessageOperationsWork",
        "BasicThreadOperationsWork",
        "FunctionToolsWork",
        "StreamingRunWorks",
        "StreamingToolCall",
    ],
)
def test_the_fake_answers_as_the_service_did(name: str) -> None:
    """Every exchange of a recording, in order."""
    recorded = entries(name)
    replay = Replay(recorded)
    for entry in recorded:
        where = f"{entry['RequestMethod']} {urlsplit(entry['RequestUri']).path}"
        status, said, headers = replay.ask(entry)

        theirs = entry["ResponseBody"]
        if isinstance(theirs, list):
            theirs = in_short(events("".join(theirs)))
        assert status == entry["StatusCode"], where
        assert json.dumps(masked(said), indent=1) == json.dumps(masked(theirs), indent=1), where
        assert headers <= {header.lower() for header in entry["ResponseHeaders"]}, where


def streamed_steps(name: str) -> Iterator[dict[str, Any]]:
    """Yield the steps that the event streams of a recording end with."""
    for entry in entries(name):
        if isinstance(entry["ResponseBody"], list):
            for event, data in events("".join(entry["ResponseBody"])):
                if event == "thread.run.step.completed":
                    yield data


def test_a_step_has_the_fields_of_recorded_steps() -> None:
    """Steps were recorded in event streams only; while the run is active they are the same objects."""
    recorded = {step["type"]: step for step in streamed_steps("StreamingToolCall")}
    world = World(VirtualClock(), schedule=Schedule(in_progress=[After(1, "requires_action")]))
    assistant = world.create_assistant(model="m", instructions="Speak.")
    run = world.create_thread_and_run(assistant_id=assistant.id)
    world.advance(2)
    action = world.retrieve_run(run.thread_id, run.id).required_action
    assert action is not None
    outputs = [{"tool_call_id": call.id, "output": "warm"} for call in action.tool_calls]
    world.submit_tool_outputs(run.thread_id, run.id, tool_outputs=outputs)
    (after_submit,) = world.list_run_steps(run.thread_id, run.id).data
    world.advance(2)
    written, called = world.list_run_steps(run.thread_id, run.id).data

    assert shape(after_submit.to_json()) == shape(recorded["tool_calls"])
    for step in (written, called):
        # Once the run has ended, REST shows no expires_at.
        assert shape({**step.to_json(), "expires_at": 1}) == shape(recorded[step.type])


def shape(value: Any) -> Any:
    """Return which fields there are, in order, and which are null."""
    if isinstance(value, dict):
        return [(name, shape(item)) for name, item in value.items()]
    if isinstance(value, list | tuple):
        return [shape(item) for item in value]
    return value is None
