"""Recordings: each format is recognised by what is in it, and says the same as the others."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from runlife_adapters.traces import Exchange, TraceFileError, check, read
from runlife_adapters.traces.ndjson import HEADER, as_line

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDINGS = os.environ.get("RUNLIFE_RECORDINGS")
URL = "https://api.example.com"


def as_ndjson(exchanges: list[Exchange]) -> str:
    """The exchanges in our own format."""
    lines: list[Any] = [HEADER]
    for number, e in enumerate(exchanges):
        lines.append({"sent": number, "at": e.sent, "method": e.method, "path": e.path, "body": e.request})
        lines.append({"answered": number, "at": e.answered, "status": e.status, "body": e.body})
    return "".join(map(as_line, lines))


def as_har(exchanges: list[Exchange]) -> str:
    """The exchanges as a browser exports them."""

    def entry(e: Exchange) -> dict[str, Any]:
        assert e.sent is not None
        assert e.answered is not None
        return {
            "startedDateTime": datetime.fromtimestamp(e.sent, UTC).isoformat(),
            "time": (e.answered - e.sent) * 1000,
            "request": {"method": e.method, "url": URL + e.path, "postData": {"text": json.dumps(e.request)}},
            "response": {
                "status": e.status,
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                "content": {"text": json.dumps(e.body)},
            },
        }

    return json.dumps({"log": {"version": "1.2", "entries": [entry(e) for e in exchanges]}})


def _date(at: float | None) -> str:
    return format_datetime(datetime.fromtimestamp(int(at or 0), UTC), usegmt=True)


def cassette(exchanges: list[Exchange]) -> dict[str, Any]:
    """The exchanges as VCR keeps them."""
    interactions = [
        {
            "request": {
                "method": e.method,
                "uri": URL + e.path,
                "body": json.dumps(e.request),
                "headers": {},
            },
            "response": {
                "status": {"code": e.status, "message": "OK"},
                "headers": {"Date": [_date(e.answered)], "content-type": ["application/json"]},
                "body": {"string": json.dumps(e.body)},
            },
        }
        for e in exchanges
    ]
    return {"version": 1, "interactions": interactions}


def as_yaml(exchanges: list[Exchange]) -> str:
    """The same, as it does unless told otherwise."""
    yaml: Any = pytest.importorskip("yaml")
    text: str = yaml.safe_dump(cassette(exchanges))
    return text


def as_recordings(exchanges: list[Exchange]) -> str:
    """The exchanges as a test proxy records them, with the byte order mark that it writes."""
    entries = [
        {
            "RequestUri": URL + e.path,
            "RequestMethod": e.method,
            "RequestBody": e.request,
            "StatusCode": e.status,
            "ResponseHeaders": {"Date": _date(e.answered), "openai-processing-ms": "100"},
            "ResponseBody": e.body,
        }
        for e in exchanges
    ]
    return "\ufeff" + json.dumps({"Entries": entries, "Variables": {}})


FORMATS: dict[str, Callable[[list[Exchange]], str]] = {
    "ndjson": as_ndjson,
    "har": as_har,
    "vcr json": lambda exchanges: json.dumps(cassette(exchanges)),
    "vcr yaml": as_yaml,
    "recordings": as_recordings,
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_says_the_same(name: str, lawful: list[Exchange], tmp_path: Path) -> None:
    """Method, path, bodies, status; times as finely as the format has them; and the verdict."""
    file = tmp_path / "trace"
    file.write_text(FORMATS[name](lawful), encoding="utf-8")
    found = read(file)
    for got, expected in zip(found, lawful, strict=True):
        assert (got.method, got.path, got.status) == (expected.method, expected.path, expected.status)
        assert (got.request, got.body) == (expected.request, expected.body)
        assert got.answered == pytest.approx(expected.answered, abs=1)
        assert got.sent == pytest.approx(expected.sent, abs=1)
    for mode in ("exact", "shared"):
        (verdict,) = check(found, mode=mode)  # type: ignore[arg-type]
        assert verdict.lawful
        assert verdict.timed
    assert not check([*found, evolve(found[1], sent=1010.0, answered=1010.0)])[0].lawful


def test_a_stream_stands_in_any_format_as_its_text(body: Any, tmp_path: Path) -> None:
    """Its events are read wherever the lines end, and have no times."""
    text = "event: thread.run.created\r\ndata: " + json.dumps(body("queued")) + "\r\n\r\n"
    text += "event: done\ndata: [DONE]\n\n"
    entry = {
        "RequestUri": URL + "/v1/threads/runs",
        "RequestMethod": "POST",
        "StatusCode": 200,
        "ResponseHeaders": {"Content-Type": "text/event-stream; charset=utf-8"},
        "ResponseBody": text.splitlines(keepends=True),
    }
    file = tmp_path / "trace.json"
    file.write_text(json.dumps({"Entries": [entry]}), encoding="utf-8")
    (exchange,) = read(file)
    assert exchange.events is not None
    assert [(e.name, e.at) for e in exchange.events] == [("thread.run.created", None), ("done", None)]
    assert check([exchange])[0].lawful


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "in no format that is known"),
        ("[1, 2]", "in no format that is known; those are runlife NDJSON, recordings, VCR cassette, HAR"),
        ("a: [", "neither JSON nor YAML"),
        ('{"Entries": [{"RequestUri": 3}]}', "an entry of this recordings cannot be read"),
        ('{"log": {"entries": [{"request": {}}]}}', "an entry of this HAR cannot be read"),
        ('{"runlife": "trace", "version": 9}\n', "line 1: expected version 1, got 9"),
        ('{"runlife": "trace", "version": 1}\nnonsense\n{}\n', "line 2: expected a JSON object"),
        ('{"runlife": "trace", "version": 1}\n{"answered": 4}\n', "line 2: expected what was sent"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(text: str, says: str, tmp_path: Path) -> None:
    """The file, and what was expected."""
    pytest.importorskip("yaml")
    file = tmp_path / "trace"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TraceFileError, match="trace: ") as caught:
        read(file)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_said_too(tmp_path: Path) -> None:
    """The reason of the system, and that it is no text."""
    with pytest.raises(TraceFileError, match="No such file"):
        read(tmp_path / "nothing")
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    with pytest.raises(TraceFileError, match="no text in UTF-8"):
        read(tmp_path / "picture")


def test_a_line_that_was_cut_by_a_crash_is_lost_and_no_other(lawful: list[Exchange], tmp_path: Path) -> None:
    """The last line of a file may be a half."""
    file = tmp_path / "trace"
    file.write_text(as_ndjson(lawful)[:-20], encoding="utf-8")
    found = read(file)
    assert [e.status for e in found] == [200, 200, None]


@pytest.mark.parametrize("mode", ["exact", "shared", "stale"])
def test_every_real_recording_is_legal(mode: Any) -> None:
    """What the real service sent has a lawful history, in each mode."""
    if RECORDINGS is None:
        pytest.skip("RUNLIFE_RECORDINGS is not set: it names a folder of recorded exchanges")
    files = sorted(Path(RECORDINGS).glob("*.json"))
    verdicts = [
        verdict for file in files for verdict in check(read(file), mode=mode, lag=3 if mode == "stale" else 0)
    ]
    assert {verdict.kind for verdict in verdicts} == {"run", "run_step"}
    assert [str(verdict.error) for verdict in verdicts if not verdict.lawful] == []
