"""Recorded exchanges with the real Responses API, replayed against the fake: the answers are the same.

What cannot be the same is masked on both sides: ids by their prefix, moments, token counts, the words of a
model and its dated name, how many pieces a text comes in. Of recordings from 2025 the fields are masked that
there were not before 2026. In the events of a stream the service has no order of fields, so none is compared
there.
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
    from runlife_adapters.http.messages import Stream

RECORDINGS = os.environ.get("RUNLIFE_RECORDINGS")

ID = re.compile(r"\b(?:(resp|fc|msg)_[0-9a-f]{50}|(call)_[A-Za-z0-9]{24})\b")
DATED = re.compile(r"-20\d\d-\d\d-\d\d$")
NEWER = {"cache_write_tokens"}
"""What no recording has yet, and the types of the official clients demand."""
SINCE_2026 = {"billing", "completed_at", "frequency_penalty", "presence_penalty", "prompt_cache_retention"}


def entries(name: str) -> list[dict[str, Any]]:
    """Return the exchanges of a recording."""
    if RECORDINGS is None:
        pytest.skip("RUNLIFE_RECORDINGS is not set: it names a folder of recorded exchanges")
    text = (Path(RECORDINGS) / f"responses_{name}.json").read_text(encoding="utf-8-sig")
    return json.loads(text)["Entries"]


def events(text: str) -> list[tuple[str, Any]]:
    """Return the events of a stream, each with its data; nothing else is in it."""
    found = re.findall(r"^event: (.*)\ndata: (.*)\n\n", text, re.MULTILINE)
    assert "".join(f"event: {name}\ndata: {data}\n\n" for name, data in found) == text
    return [(name, json.loads(data)) for name, data in found]


def in_short(stream: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return a stream with no more than two deltas in a row, once its numbers have been looked at."""
    numbers = [data["sequence_number"] for _, data in stream]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return [
        event
        for _, group in itertools.groupby(stream, key=lambda event: event[0])
        for event in itertools.islice(group, 2)
    ]


def masked(value: Any, name: str = "") -> Any:
    """Return a JSON value without what two services cannot have in common."""
    if isinstance(value, dict):
        return {key: masked(item, key) for key, item in value.items() if key not in NEWER}
    if isinstance(value, list | tuple):
        return [masked(item, name) for item in value]
    if name in ("text", "delta") and value:
        return f"<{name}>"
    if name == "model":
        return DATED.sub("", value)
    if isinstance(value, str):
        return ID.sub(lambda found: f"{found[1] or found[2]}_<id>", value)
    if isinstance(value, int) and name.endswith(("_at", "_tokens", "sequence_number")):
        return f"<{name}>"
    return value


class Replay:
    """The fake in the place of the service, told of the ids that the recording's stand for."""

    def __init__(self, recorded: list[dict[str, Any]]) -> None:
        answers = [e["ResponseBody"] for e in recorded if isinstance(e["ResponseBody"], dict)]
        items = [item for answer in answers for item in answer.get("output", ())]
        calls = [Call(i["name"], json.loads(i["arguments"])) for i in items if i["type"] == "function_call"]
        turns = [After(1, "requires_action", tools=calls)] if calls else []
        self.world = World(VirtualClock(1_761_861_000.0), schedule=Schedule(in_progress=turns))
        self.service = Service(self.world)
        self.ids: dict[str, str] = {}

    def ask(self, entry: dict[str, Any]) -> tuple[int, Any, set[str]]:
        """Send a recorded request; return status, JSON and header names of the fake's answer."""
        url = urlsplit(self.ours(entry["RequestUri"]))
        body = b"" if entry["RequestBody"] is None else self.ours(json.dumps(entry["RequestBody"])).encode()
        headers = {name.lower(): value for name, value in entry["RequestHeaders"].items()}
        answer = self.service.handle(Request(entry["RequestMethod"], url.path, url.query, headers, body))
        text = (answer.body if isinstance(answer.body, bytes) else self.read(answer.body)).decode()
        said: Any
        if isinstance(entry["ResponseBody"], list):
            said = in_short(events(text))
            self.learn(in_short(events("".join(entry["ResponseBody"]))), said)
        else:
            said = json.loads(text)
            self.learn(entry["ResponseBody"], said)
        return answer.status, said, set(answer.headers)

    def read(self, stream: Stream) -> bytes:
        """Return all that comes, letting time pass as it needs."""
        sent = stream.take()
        while not stream.over:
            at = stream.due()
            assert at is not None
            self.world.advance(max(at - self.world.now(), 0))
            sent += stream.take()
        return sent

    def ours(self, text: str) -> str:
        """Return a text with the recording's ids replaced by ours."""
        return ID.sub(lambda found: self.ids.get(found[0], found[0]), text)

    def learn(self, theirs: Any, ours: Any) -> None:
        """Pair the ids of two answers by where they stand."""
        if isinstance(theirs, dict) and isinstance(ours, dict):
            for name in theirs.keys() & ours.keys():
                self.learn(theirs[name], ours[name])
        elif isinstance(theirs, list | tuple) and isinstance(ours, list | tuple):
            for their_item, our_item in zip(theirs, ours, strict=False):
                self.learn(their_item, our_item)
        elif isinstance(theirs, str) and isinstance(ours, str) and ID.fullmatch(theirs):
            self.ids.setdefault(theirs, ours)


@pytest.mark.parametrize("name", ["CanCancelBackgroundResponses", "FunctionCallWorks"])
def test_the_fake_answers_as_the_service_did(name: str) -> None:
    """Every exchange of a recording of 2025, in order, with the fields in their order."""
    recorded = entries(name)
    replay = Replay(recorded)
    for entry in recorded:
        where = f"{entry['RequestMethod']} {urlsplit(entry['RequestUri']).path}"
        status, said, headers = replay.ask(entry)

        ours = {field: value for field, value in said.items() if field not in SINCE_2026}
        assert status == entry["StatusCode"], where
        assert json.dumps(masked(ours), indent=1) == json.dumps(masked(entry["ResponseBody"]), indent=1), (
            where
        )
        assert headers <= {header.lower() for header in entry["ResponseHeaders"]}, where


def test_the_fake_streams_as_the_service_did() -> None:
    """A background response of 2026: its stream, a look at it, and the stream taken up again."""
    recorded = entries("CanStreamBackgroundResponses")
    replay = Replay(recorded)
    for entry in recorded:
        where = f"{entry['RequestMethod']} {entry['RequestUri']}"
        status, said, headers = replay.ask(entry)

        assert status == entry["StatusCode"], where
        if isinstance(entry["ResponseBody"], list):
            assert masked(said) == masked(in_short(events("".join(entry["ResponseBody"])))), where
        else:
            theirs = masked(entry["ResponseBody"])
            assert json.dumps(masked(said), indent=1) == json.dumps(theirs, indent=1), where
        assert headers <= {header.lower() for header in entry["ResponseHeaders"]}, where
