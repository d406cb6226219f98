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
    from collections.abc import Callable, Iterator

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
        ('{"Entries": [{"RequestUri": 3}]}', "entry 1 of this recordings cannot be read"),
        ('{"log": {"entries": [{"request": {}}]}}', "entry 1 of this HAR cannot be read"),
        ('{"runlife": "trace", "version": 9}\n', "line 1: expected version 1, got 9"),
        ('{"runlife": "trace", "version": 1}\nnonsense\n{}\n', "line 2: expected a JSON object"),
        ('{"runlife": "trace", "version": 1}\n{"answered": 4}\n', "line 2: expected what was sent"),
        ('{"Entries": {}}', "the entries of this recordings are no list"),
        ("interactions: [{request: 2000-99-99}]", "neither JSON nor YAML"),
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


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            {"sent": 1, "at": "x", "method": "GET", "path": "/"},
            "'sent': expected unix seconds, or null, got 'x'",
        ),
        ({"sent": 1, "at": float("nan"), "method": "GET", "path": "/"}, "got nan"),
        ({"sent": 1, "at": 10**400, "method": "GET", "path": "/"}, "got 1000"),
        ({"sent": 1, "at": True, "method": "GET", "path": "/"}, "got True"),
        ({"sent": 1, "method": None, "path": "/"}, "'method': expected text, got None"),
        ({"sent": 1, "method": "GET", "path": 5}, "'path': expected text, got 5"),
        ({"sent": [], "method": "GET", "path": "/"}, "expected what was sent"),
        ({"answered": 0, "status": "200"}, "'status': expected a whole number, or null, got '200'"),
        ({"answered": 0, "status": 200, "at": {}}, "'answered': expected unix seconds"),
        ({"event": 0, "name": None}, "'name': expected text, got None"),
        ({"event": 0, "name": "done", "at": []}, "'at': expected unix seconds"),
    ],
)
def test_a_line_of_the_wrong_types_is_said_with_its_number(line: Any, says: str, tmp_path: Path) -> None:
    """It used to be read, and to end in a traceback of TypeError or AttributeError when it was checked."""
    file = tmp_path / "trace"
    sent = {"sent": 0, "at": 1.0, "method": "GET", "path": "/"}
    file.write_text("".join(map(as_line, (HEADER, sent, line))), encoding="utf-8")
    with pytest.raises(TraceFileError, match="trace: line 3: ") as caught:
        read(file)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


ODD = [None, True, -1, 10**400, float("inf"), float("nan"), "x", [], [None], {}, {"x": 1}]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in JSON that is not the root."""
    if path:
        yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, dict | list):
            yield from _places(item, (*path, key))
        else:
            yield (*path, key)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["har", "vcr json", "recordings", "ndjson"])
def test_whatever_stands_anywhere_in_a_file_it_is_judged_or_said(
    name: str, lawful: list[Exchange], tmp_path: Path
) -> None:
    """Each place of a file in turn holds what it should not: it is checked, or a TraceFileError."""
    text = FORMATS[name](lawful[:2]).lstrip("\ufeff")
    whole = [json.loads(line) for line in text.splitlines()] if name == "ndjson" else json.loads(text)
    file = tmp_path / "trace"
    told = 0
    for path in list(_places(whole)):
        for odd in ODD:
            data = json.loads(json.dumps(whole))
            at = data
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = odd
            file.write_text("".join(map(as_line, data)) if name == "ndjson" else json.dumps(data))
            try:
                check(read(file))
            except TraceFileError:
                told += 1
    assert told


def test_a_clock_that_was_set_back_stands_still(lawful: list[Exchange], tmp_path: Path) -> None:
    """A step of NTP used to end the check of the whole file: "a trace runs forward".

    The order is that of the lines, so that what was seen after the step comes after what was seen before.
    """
    file = tmp_path / "trace"
    for step, is_told in ((1.5, False), (60.0, True)):
        lines = [json.loads(line) for line in as_ndjson(lawful).splitlines()]
        for line in lines[4:]:
            line["at"] -= step
        file.write_text("".join(map(as_line, lines)), encoding="utf-8")
        found = read(file)
        assert [e.set_back > 0 for e in found] == [False, True, is_told]
        (verdict,) = check(found, mode="exact")
        assert verdict.lawful
        assert verdict.set_back is is_told
        assert verdict.timed
        again = Exchange("GET", lawful[1].path, 2000.0, 2000.0, 200, body=lawful[1].body)
        assert not check([*found, again], mode="exact")[0].lawful


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
    assert {verdict.kind for verdict in verdicts} == {"run", "run_step", "response"}
    assert [str(verdict.error) for verdict in verdicts if not verdict.lawful] == []
