"""The verdict as a report: what it says, in which order, and how much it keeps."""

from __future__ import annotations

import json
from collections import Counter
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError
from runlife_adapters.http.judging import Verdict
from runlife_adapters.http.judging.findings import printable
from runlife_adapters.memory import NEVER, After, Schedule

if TYPE_CHECKING:
    from .conftest import Opening, Session

pytestmark = pytest.mark.usefixtures("no_observer_fails")

BORN = 1_700_000_000.0
USER: Any = {"role": "user", "content": "Hello"}
CUT = Schedule(in_progress=[After(1, "incomplete")])
STUCK = Schedule(in_progress=[After(NEVER)])


def test_the_verdict_is_json_and_text(open_session: Opening) -> None:
    """Both say what was found, and about how much."""
    s = open_session(CUT)
    verdict = s.service.verdict
    assert verdict.to_json() == {"clean": True, "calls": 0, "runs": 0, "findings": []}
    assert verdict.to_text() == "verdict: no findings in 0 calls and 0 new runs\n"
    s.create()
    s.world.advance(5)
    for _ in range(3):
        s.retrieve()

    said = json.loads(json.dumps(verdict.to_json()))
    assert (said["clean"], said["calls"], said["runs"]) == (False, 4, 1)
    (finding,) = said["findings"]
    assert list(finding) == ["kind", "run_id", "thread_id", "says", "evidence"]
    assert finding["evidence"][0] == {
        "number": 2,
        "at": BORN + 5,
        "method": "GET",
        "path": f"/v1{s.path}",
        "status": 200,
        "words": "incomplete",
    }
    lines = verdict.to_text().splitlines()
    assert lines[0] == "verdict: 1 finding in 4 calls and 1 new run"
    assert lines[2] == "1. ignored_incomplete"
    assert f"   #2        +5.00 s  GET /v1{s.path}" in lines
    assert all(len(line) <= 100 for line in lines if "/v1/" not in line)


def test_findings_are_in_the_order_in_which_they_began(open_session: Opening) -> None:
    """And the same twice: to ask changes nothing."""
    s = open_session(STUCK)
    s.create(tepid=1)
    s.create()
    s.send("POST", "/threads", {"tepid": 1})
    assert s.kinds == s.kinds == ["malformed_request", "kept_thread_locked", "malformed_request"]


def test_a_new_session_begins_with_nothing(open_session: Opening) -> None:
    """After a reset, what was before is forgotten, also of runs that are alive."""
    s = open_session(STUCK)
    s.create()
    s.create(tepid=1)
    s.service.verdict.reset()
    assert s.service.verdict.to_json() == {"clean": True, "calls": 0, "runs": 0, "findings": []}


def test_a_stream_of_the_session_before_is_not_judged(open_session: Opening) -> None:
    """What it still said used to begin a run in the new session, which nobody there had created."""
    s = open_session(STUCK)
    stream = s.create(stream=True)
    s.service.verdict.reset()
    stream.take()
    s.list()
    stream.close()
    assert s.service.verdict.to_json()["runs"] == 0
    assert s.kinds == []


def test_what_strangers_send_does_no_harm_in_a_terminal(open_session: Opening) -> None:
    """Control characters are shown as such, and what is long is cut."""
    assert printable("a\x1b[31mb\nc") == "a�[31mb�c"
    assert len(printable("x" * 10_000)) < 500
    s = open_session()
    s.send("POST", "/threads", {"\x1b[2J" + "x" * 10_000: 1})
    assert "\x1b" not in s.service.verdict.to_text()
    assert len(s.service.verdict.to_text()) < 2_000


def judge(s: Session, keep: int) -> Verdict:
    """Have a verdict watch a session that keeps so many runs."""
    verdict = Verdict(s.world, keep=keep)
    s.service.observers.append(verdict)
    return verdict


def test_memory_is_bounded(open_session: Opening) -> None:
    """Of runs long ago only the findings are kept, and as many of these as of runs."""
    s = open_session()
    verdict = judge(s, keep=3)
    for number in range(10):
        s.create(metadata={"n": str(number)})
        s.poll()
        s.retrieve()
        s.retrieve()
    assert len(verdict.findings()) == 6
    assert len(verdict._runs) == 3
    for number in range(10):
        s.create(**{f"tepid{number}": 1})
    assert Counter(finding.kind for finding in verdict.findings()) == {
        "polled_terminal_run": 6,
        "malformed_request": 3,
    }
    with pytest.raises(MisuseError, match="1 or more"):
        Verdict(s.world, keep=0)


def test_runs_whose_end_is_still_to_be_seen_are_followed(open_session: Opening) -> None:
    """A client that waits for more runs than are kept is not said to have lost any of them."""
    s = open_session()
    verdict = judge(s, keep=10)
    threads = [s.world.create_thread(messages=[USER]).id for _ in range(15)]
    sessions = [s.beside(thread) for thread in threads]
    for session in sessions:
        session.create()
    for session in sessions:
        session.retrieve()
    s.world.advance(5)
    for session in sessions:
        session.retrieve()
    for _ in range(10):
        s.list()
    assert verdict.findings() == []
    assert len(verdict._runs) == 10


def test_runs_that_nobody_looked_at_again_take_no_memory_for_ever(open_session: Opening) -> None:
    """Of runs that were lost long ago, it knows that they were."""
    s = open_session()
    verdict = judge(s, keep=3)
    for _ in range(20):
        s.create()
        s.world.advance(5)
    assert len(verdict._runs) <= 7
    assert {finding.kind for finding in verdict.findings()} == {"lost_run"}


def test_findings_may_be_asked_for_while_calls_are_made(open_session: Opening) -> None:
    """Another thread may read the verdict at any moment."""
    s = open_session()
    asked: list[int] = []

    def ask() -> None:
        asked.extend(len(s.service.verdict.to_json()["findings"]) for _ in range(50))

    threads = [Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        s.create()
        s.poll()
    for thread in threads:
        thread.join()
    assert len(asked) == 150
    assert s.kinds == []
