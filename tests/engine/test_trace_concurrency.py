"""Lawful lives, seen by many at once: answers that overtake one another, slow streams, calls in flight."""

from __future__ import annotations

from bisect import bisect_right
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from runlife import RUN, Cause, LastError, Run, ToolCall, ToolOutput, TraceChecker

if TYPE_CHECKING:
    from collections.abc import Callable

TRACKED = [name for name in RUN.facts if name not in ("spent", "thread_id")]
Happening = tuple[float, int, "Callable[[TraceChecker], object]"]


def payload(event: str, run: Run, serial: int) -> dict[str, Any]:
    """Lawful arguments for an event."""
    if event == "submit_tool_outputs" and run.required_action:
        return {"tool_outputs": [ToolOutput(call.id) for call in run.required_action.tool_calls]}
    others: dict[str, dict[str, Any]] = {
        "require_action": {"tool_calls": [ToolCall(f"call_{serial}", "f")]},
        "fail": {"last_error": LastError("server_error")},
        "cut_short": {"reason": "x"},
    }
    return others.get(event, {})


class Life:
    """A random lawful life, and what a crowd sees of it."""

    def __init__(self, seed: int, *, exact: bool) -> None:
        self.random, self.exact = Random(seed), exact
        self.run = Run.create(id="run_1", now=1000.0, expires_after=30)
        self.times: list[float] = []
        self.shown: list[tuple[str, dict[str, Any]]] = []
        self.happenings: list[Happening] = []
        self.tickets: dict[int, int] = {}
        self.note(1000.0)
        self.live()
        for number in range(25):
            self.poll(number)
        for number in range(2):
            self.stream(number)

    def note(self, now: float) -> None:
        """Remember what the run is from now on."""
        self.times.append(now)
        self.shown.append((self.run.status, {name: getattr(self.run, name) for name in TRACKED}))

    def add(self, at: float, tell: Callable[[TraceChecker], object]) -> None:
        """Let something be told at a time."""
        self.happenings.append((at, len(self.happenings), tell))

    def live(self) -> None:
        """Move at random; calls are sent before they apply, and answered after, or not."""
        random, run, now = self.random, self.run, 1000.0
        for serial in range(40):
            now += random.choice([0.1, 0.5, 1.5, 4.0])
            for record in run.handle_timeout(now):
                self.note(record.at)
            events = [e for e in run.legal_events() if e not in ("cancel", "fail") or random.random() < 0.25]
            if not events:
                continue
            event = random.choice(events)
            if self.exact and run.lifecycle.moves[run.status][event][0].cause is Cause.CLIENT:
                self.call(serial, event, now)
            run.apply(event, now=now, **payload(event, run, serial))
            self.note(now)

    def call(self, serial: int, event: str, now: float) -> None:
        """A call that applies now, is accepted later, or never answered."""
        sent, answered = now - self.random.uniform(0, 0.09), now + self.random.uniform(0, 3)
        self.add(sent, lambda c: self.tickets.update({serial: c.sent(event, sent)}))
        if self.random.random() < 0.6:
            shows = self.random.random() < 0.7
            read = self.random.uniform(now, answered)

            def answer(checker: TraceChecker) -> None:
                ticket = self.tickets[serial]
                status, facts = self.at(read) if shows else (None, None)
                if ticket in checker.in_flight:  # not forgotten among too many
                    checker.answered(ticket, answered, accepted=True, status=status, facts=facts)

            self.add(answered, answer)

    def at(self, moment: float) -> tuple[str, dict[str, Any]]:
        """What the run was at a moment."""
        return self.shown[bisect_right(self.times, moment) - 1]

    def poll(self, _number: int) -> None:
        """A read that takes its time, and shows a moment in between."""
        since = 1000 + self.random.uniform(0, 40)
        at = since + self.random.choice([0, 0.1, 1, 5])
        status, facts = self.at(self.random.uniform(since, at))
        self.add(at, lambda c: c.observed(status, at, facts, since=since))

    def stream(self, number: int) -> None:
        """A stream that is opened somewhere, and read late, and perhaps cut."""
        opened, came = 1000 + self.random.uniform(0, 10), 0.0
        first = bisect_right(self.times, opened) - 1
        for moment, (status, facts) in list(zip(self.times, self.shown, strict=True))[first:]:
            came = max(came, opened, moment) + self.random.choice([0, 0, 0.2, 6])
            self.event(number, status, came, facts, opened)
            if self.random.random() < 0.1:
                return

    def event(self, number: int, status: str, came: float, facts: dict[str, Any], opened: float) -> None:
        """One event of a stream."""
        self.add(came, lambda c: c.streamed(number, status, came, facts, since=opened))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["exact", "shared"])
def test_no_lawful_life_raises_an_alarm_however_many_look(mode: Any) -> None:
    """Each answer lies in its window, each event behind its row, and nothing is certain but that."""
    for seed in range(150):
        life, checker = Life(seed, exact=mode == "exact"), TraceChecker(RUN, mode=mode)
        for _, _, tell in sorted(life.happenings, key=lambda happening: happening[:2]):
            tell(checker)
        assert checker.statuses
