"""Every edge and every edge pair of a run, in random order, against an independent restatement.

Uniformly random events hardly ever get anywhere: the terminal statuses swallow them. So this machine
is seeded by the graph. It has a list of *chores*: to take each edge and each pair of edges; and in
each status to try every illegal event, every kind of bad argument, time that runs backwards, an
event one second before, at and one second after the deadline, a snapshot, a replay. Hypothesis only
chooses the order, the times and the amounts. What it did not get to in an example is done when the
example is torn down; so *every* example does all of it, and says so at its end.

The oracle restates the lifecycle as a dict of dicts, deliberately a second copy: a test that asked
the table would prove nothing. It stands in this file and nowhere else.
"""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from functools import partial
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from attrs import evolve
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from runlife import (
    RUN,
    Cause,
    Effect,
    GuardError,
    IllegalEventError,
    LastError,
    Lifecycle,
    PayloadError,
    Policy,
    Refusal,
    RefusedError,
    Run,
    RunStatus,
    TimeError,
    ToolCall,
    ToolOutput,
    Transition,
    UnknownEventError,
    Usage,
)
from runlife.paths import coverage, illegal_events, n_switch, shortest_ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# --------------------------------------------------------------------------- the oracle

MOVES = {
    "queued": {"start": "in_progress", "fail": "failed", "cancel": "cancelling"},
    "in_progress": {
        "require_action": "requires_action",
        "complete": "completed",
        "cut_short": "incomplete",
        "fail": "failed",
        "cancel": "cancelling",
    },
    "requires_action": {"submit_tool_outputs": "queued", "cancel": "cancelling"},
    "cancelling": {
        "confirm_cancel": "cancelled",
        "complete": "completed",
        "cut_short": "incomplete",
        "fail": "failed",
    },
    "completed": {},
    "incomplete": {},
    "failed": {},
    "cancelled": {},
    "expired": {},
}
LIVE = ("queued", "in_progress", "requires_action", "cancelling")
STAMPS = {"start": "started_at", "complete": "completed_at", "cut_short": "completed_at"}
STAMPS |= {"fail": "failed_at", "confirm_cancel": "cancelled_at"}
SPENDING = {"require_action", "complete", "cut_short", "fail", "confirm_cancel"}


def moves_under(policy: Policy) -> dict[str, dict[str, str]]:
    """Return the moves that a policy leaves."""
    moves = deepcopy(MOVES)
    if not policy.cancel_outside_in_progress:
        del moves["queued"]["cancel"], moves["requires_action"]["cancel"]
    if not policy.cancel_may_lose:
        moves["cancelling"] = {"confirm_cancel": "cancelled"}
    if not policy.queued_may_fail:
        del moves["queued"]["fail"]
    return moves


def edges_under(policy: Policy) -> Iterator[tuple[str | None, str, str]]:
    """Yield every edge there is: source, event, target."""
    yield None, "create", "queued"
    for source, moves in moves_under(policy).items():
        for event, target in moves.items():
            yield source, event, target
    for source in LIVE:
        yield source, "expire", "expired"


class Oracle:
    """A run as a dict, and what becomes of it."""

    def __init__(self, policy: Policy, now: float) -> None:
        self.moves = moves_under(policy)
        self.stopped_tell = policy.usage_when_stopped == "sum"
        self.run: dict[str, Any] = dict.fromkeys(
            ("started_at", "completed_at", "failed_at", "cancelled_at", "calls", "error", "reason", "usage")
        )
        self.run |= {"status": "queued", "created_at": now, "expires_at": now + 600, "spent": (0, 0)}
        self.log: list[tuple[float, str, str]] = [(now, "create", "queued")]

    def edges(self) -> list[tuple[str | None, str, str]]:
        """Return the edges taken so far: source, event, target."""
        sources = [None, *(target for _, _, target in self.log)]
        return [
            (source, event, target) for source, (_, event, target) in zip(sources, self.log, strict=False)
        ]

    def timeout(self, now: float) -> bool:
        """Expire the run if it is due, and say whether it was."""
        due = self.run["expires_at"]
        if due is None or now < due:
            return False
        self._end("expired", due, "expire", tell=self.stopped_tell)
        return True

    def step(self, event: str, now: float, payload: dict[str, Any]) -> str:
        """Apply an event with lawful arguments and say what comes of it."""
        self.timeout(now)
        status = self.run["status"]
        if status not in LIVE:
            return "RunExpiredError" if status == "expired" else "RunTerminalError"
        if event == "expire":
            return "GuardError"
        if event not in self.moves[status]:
            return "IllegalEventError"
        if event == "require_action" and not payload["tool_calls"]:
            return "GuardError"
        if event == "submit_tool_outputs":
            named = sorted(output.tool_call_id for output in payload["tool_outputs"])
            if named != sorted(self.run["calls"]):
                return "GuardError"
        self._move(event, now, payload)
        return "taken"

    def _move(self, event: str, now: float, payload: dict[str, Any]) -> None:
        run, target = self.run, self.moves[self.run["status"]][event]
        if event in SPENDING and "usage" in payload:
            more = payload["usage"]
            run["spent"] = (run["spent"][0] + more.prompt_tokens, run["spent"][1] + more.completion_tokens)
        if event in STAMPS:
            run[STAMPS[event]] = now
        run["error"] = payload.get("last_error")
        run["reason"] = payload.get("reason")
        run["calls"] = tuple(call.id for call in payload.get("tool_calls", ())) or None
        if target in LIVE:
            run["status"] = target
            self.log.append((now, event, target))
        else:
            self._end(target, now, event, tell=target != "cancelled" or self.stopped_tell)

    def _end(self, status: str, now: float, event: str, *, tell: bool) -> None:
        usage = self.run["spent"] if tell else None
        self.run |= {"status": status, "expires_at": None, "calls": None, "usage": usage}
        self.log.append((now, event, status))


def plain(run: Run) -> dict[str, Any]:
    """Return what the engine says of a run in the oracle's words."""

    def tokens(usage: Usage | None) -> tuple[int, int] | None:
        return usage and (usage.prompt_tokens, usage.completion_tokens)

    return {
        "status": run.status.value,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "expires_at": run.expires_at,
        "completed_at": run.completed_at,
        "failed_at": run.failed_at,
        "cancelled_at": run.cancelled_at,
        "calls": run.required_action and tuple(call.id for call in run.required_action.tool_calls),
        "error": run.last_error,
        "reason": run.incomplete_details and run.incomplete_details.reason,
        "usage": tokens(run.usage),
        "spent": tokens(run.spent),
    }


# --------------------------------------------------------------------------- the machine

BAD_PAYLOADS: list[tuple[str, dict[str, Any]]] = [
    ("start", {"surprise": 1}),
    ("require_action", {}),
    ("require_action", {"tool_calls": "call_1"}),
    ("require_action", {"tool_calls": [ToolOutput("call_1")]}),
    ("require_action", {"tool_calls": [ToolCall("one", "f"), ToolCall("one", "f")]}),
    ("submit_tool_outputs", {}),
    ("submit_tool_outputs", {"tool_outputs": {"call_1": "done"}}),
    ("submit_tool_outputs", {"tool_outputs": [ToolCall("call_1", "f")]}),
    ("complete", {"usage": 5}),
    ("complete", {"usage": (1, 2)}),
    ("cut_short", {}),
    ("cut_short", {"reason": 5}),
    ("fail", {"last_error": "server_error"}),
    ("fail", {"last_error": LastError("server_error"), "reason": "why"}),
    ("cancel", {"usage": Usage()}),
    ("confirm_cancel", {"usage": LastError("server_error")}),
]
"""By event; each is tried in every status that has the event."""

BAD_TIMES: list[Any] = [float("nan"), float("inf"), float("-inf"), "12:00", None, True]

Chore = tuple[str, Any]
"""The name of a method ``do_...``, and its argument."""


def all_chores(table: Lifecycle[RunStatus]) -> Iterator[Chore]:
    """Yield what is to be done in every example."""
    for rows in (*n_switch(table, 0), *n_switch(table, 1)):
        yield "rows", rows
    kinds = ("illegal", "unknown", "backwards", "bad_times", "snapshot", "replay", "early")
    yield from product(kinds, table.statuses)
    yield from (("by_hand", status) for status in table.live)
    yield from (("timeout", where) for where in product(table.live, (-1, 0, 1)))
    for status in table.live:
        yield from (("near_deadline", where) for where in product([status], table.legal(status), (-1, 0, 1)))
        for event, payload in BAD_PAYLOADS:
            if event in table.legal(status):
                yield "bad_payload", (status, event, payload)
    for fault in ("none", "too few", "too many", "one twice", "of others"):
        yield "wrong_outputs", fault
    yield "no_calls", RunStatus.IN_PROGRESS
    yield "refused_creations", RunStatus.QUEUED


class RunMachine(RuleBasedStateMachine):
    """Does all chores under one policy, in a drawn order."""

    policy: ClassVar[Policy] = Policy()
    table: ClassVar[Lifecycle[RunStatus]] = RUN
    examples: ClassVar[int] = 0
    """How many were torn down with everything done."""

    def __init__(self) -> None:
        super().__init__()
        self.ways = {status: shortest_ways(self.table, status) for status in (None, *self.table.statuses)}
        self.now: float = 1_000
        self.gap, self.amount, self.calls_made = 0, 1, 0
        self.runs: list[Run] = []
        self.oracles: list[Oracle] = []
        self.broken = False
        self.create()
        self.chores = list(all_chores(self.table))

    @rule(pick=st.integers(0, 9_999), gap=st.integers(0, 30), amount=st.integers(0, 11))
    def chore(self, pick: int, gap: int, amount: int) -> None:
        """Do one of the chores that are left, at a drawn pace and with drawn amounts."""
        self.gap, self.amount = gap, amount
        if self.chores:
            self.do(*self.chores.pop(pick % len(self.chores)))

    @rule(seconds=st.integers(0, 900))
    def pass_time(self, seconds: int) -> None:
        """Let time pass, maybe past the deadline, and tell nobody."""
        self.now += seconds

    def do(self, kind: str, what: Any) -> None:
        """Do one chore."""
        self.broken = True  # until it is over: a chore that failed must not fail again in the teardown
        getattr(self, f"do_{kind}")(what)
        self.broken = False

    def teardown(self) -> None:
        """Do what is left, and see that nothing was left out."""
        if self.broken:
            return
        while self.chores:
            self.do(*self.chores.pop())
        assert coverage(self.table, [run.journal for run in self.runs]).is_complete
        edges = set(edges_under(self.policy))
        taken = [oracle.edges() for oracle in self.oracles]
        assert {edge for path in taken for edge in path} == edges
        assert {pair for path in taken for pair in pairwise(path)} == {
            (first, then) for first, then in product(edges, edges) if first[2] == then[0]
        }
        type(self).examples += 1

    # ------------------------------------------------------------- steps, each compared

    @property
    def run_now(self) -> Run:
        """The run that is being driven."""
        return self.runs[-1]

    @property
    def oracle(self) -> Oracle:
        """What the oracle says of it."""
        return self.oracles[-1]

    def check(self) -> None:
        """The engine and the oracle agree, down to the journal."""
        run, oracle = self.run_now, self.oracle
        assert plain(run) == oracle.run
        assert [(record.at, record.event, record.target) for record in run.journal] == oracle.log
        assert run.next_deadline() == oracle.run["expires_at"]

    def create(self) -> None:
        """Begin a new run; the ones before are kept for the coverage."""
        name = f"run_{len(self.runs)}"
        self.runs.append(Run.create(id=name, now=self.now, lifecycle=self.table))
        self.oracles.append(Oracle(self.policy, self.now))
        self.check()

    def time_out(self, now: float) -> bool:
        """Tell both the time, and whether the run expired by it."""
        self.now = max(self.now, now)
        expired = self.oracle.timeout(now)
        assert len(self.run_now.handle_timeout(now)) == expired
        assert self.run_now.handle_timeout(now) == ()
        self.check()
        return expired

    def send(self, event: str, now: float, **payload: Any) -> str:
        """Send an event to both, compare what comes of it, and return that."""
        self.now = max(self.now, now)
        run = self.run_now
        expected = self.oracle.step(event, now, payload)
        outcome = run.attempt(event, now=now, **payload)
        if isinstance(outcome, Refusal):
            assert type(outcome.error()).__name__ == expected
            assert outcome.legal == run.legal_events()
        else:
            assert expected == "taken"
            assert outcome is run.journal[-1].transition
        self.check()
        return expected

    def refused(self, error: type[Exception], call: Callable[[], object]) -> None:
        """See that a call raises, and leaves the run exactly as it was."""
        with pytest.raises(error):
            call()
        self.check()

    def lawful(self, event: str) -> dict[str, Any]:
        """Return lawful arguments for an event in the present status, of the drawn amount."""
        self.calls_made += 1
        usage = {"usage": Usage(self.amount, self.amount % 3)} if self.amount % 2 else {}
        calls = [ToolCall(f"call_{self.calls_made}_{n}", "lookup") for n in range(1 + self.amount % 3)]
        arguments: dict[str, dict[str, Any]] = {
            "require_action": {"tool_calls": calls, **usage},
            "submit_tool_outputs": {"tool_outputs": [ToolOutput(id, "done") for id in self.pending[::-1]]},
            "complete": usage,
            "cut_short": {"reason": "max_prompt_tokens", **usage},
            "fail": {"last_error": LastError("server_error", "Sorry."), **usage},
            "confirm_cancel": usage,
        }
        return arguments.get(event, {})

    @property
    def pending(self) -> tuple[str, ...]:
        """The ids of the calls that are pending."""
        return self.oracle.run["calls"] or ()

    def take(self, row: Transition[Any]) -> None:
        """Take a row, and see that it was this one."""
        due = self.run_now.next_deadline()
        if row.source is None:
            self.create()
        elif row.cause is Cause.TIMER:
            assert due is not None
            assert self.time_out(due + self.amount % 3)
        else:
            assert due is not None
            if self.now + self.gap < due:
                self.now += self.gap
            assert self.send(row.event, self.now, **self.lawful(row.event)) == "taken"
        assert self.run_now.journal[-1].transition is row

    def visit(self, status: RunStatus) -> None:
        """Go to a status by the shortest way; begin anew where none leads there."""
        self.time_out(self.now)
        way = self.ways[self.run_now.status].get(status)
        for row in self.ways[None][status] if way is None else way:
            self.take(row)
        assert self.run_now.status is status

    # ------------------------------------------------------------- chores

    def do_rows(self, rows: tuple[Transition[Any], ...]) -> None:
        """Take an edge, or two in a row."""
        if rows[0].source is not None:
            self.visit(rows[0].source)
        for row in rows:
            self.take(row)

    def do_illegal(self, status: RunStatus) -> None:
        """Every event for which there is no row is refused with the reason, and changes nothing."""
        self.visit(status)
        events = [event for where, event in illegal_events(self.table) if where is status]
        legal = {*self.oracle.moves[status], *(["expire"] if status in LIVE else [])}
        assert {*events} == {*self.table.events} - legal
        for event in events:
            version = self.run_now.version
            assert self.send(event, self.now, **self.lawful(event)) in {
                "IllegalEventError",
                "RunTerminalError",
                "RunExpiredError",
            }
            assert self.run_now.version == version

    def do_unknown(self, status: RunStatus) -> None:
        """What is no event at all is misuse in every status."""
        self.visit(status)
        self.refused(UnknownEventError, lambda: self.run_now.attempt("finish", now=self.now))

    def do_backwards(self, status: RunStatus) -> None:
        """No event, legal or not, is taken before the last record."""
        self.visit(status)
        run = self.run_now
        last = run.journal[-1].at
        for event in self.table.events:
            payload = self.lawful(event)
            self.refused(TimeError, lambda e=event, p=payload: run.attempt(e, now=last - 1, **p))
        self.refused(TimeError, lambda: run.handle_timeout(last - 0.001))

    def do_bad_times(self, status: RunStatus) -> None:
        """What is not a time is refused before anything else is asked."""
        self.visit(status)
        run = self.run_now
        for bad in BAD_TIMES:
            self.refused(TimeError, lambda now=bad: run.attempt("start", now=now))
            self.refused(TimeError, lambda now=bad: run.handle_timeout(now))

    def do_snapshot(self, status: RunStatus) -> None:
        """A run that was stored as JSON and restored is the same run, and goes on as such."""
        self.visit(status)
        self.go_on_with(Run.restore(json.dumps(self.run_now.snapshot(now=self.now))))

    def do_replay(self, status: RunStatus) -> None:
        """A journal leads to the same run, and it goes on as such."""
        self.visit(status)
        self.go_on_with(Run.replay(self.run_now.journal, self.table))

    def go_on_with(self, twin: Run) -> None:
        """Put a twin in the place of the run."""
        assert twin.facts() == self.run_now.facts()
        assert twin.journal == self.run_now.journal
        self.runs[-1] = twin
        self.check()

    def do_early(self, status: RunStatus) -> None:
        """A timer that fires early does nothing, and no harm."""
        self.visit(status)
        assert not self.time_out(self.now)

    def do_by_hand(self, status: RunStatus) -> None:
        """Nobody can expire a run by sending the event: time does it."""
        self.visit(status)
        assert self.send("expire", self.now) == "GuardError"

    def do_timeout(self, what: tuple[RunStatus, int]) -> None:
        """A second before the deadline nothing happens; at it, and after it, the run expires, as of it."""
        status, offset = what
        self.visit(status)
        due = self.oracle.run["expires_at"]
        assert self.time_out(due + offset) == (offset >= 0)
        assert self.run_now.journal[-1].at == due or offset < 0

    def do_near_deadline(self, what: tuple[RunStatus, str, int]) -> None:
        """A second before the deadline an event is taken; at it, and after it, it meets an expired run."""
        status, event, offset = what
        self.visit(status)
        due = self.oracle.run["expires_at"]
        outcome = self.send(event, due + offset, **self.lawful(event))
        assert outcome == ("taken" if offset < 0 else "RunExpiredError")

    def do_bad_payload(self, what: tuple[RunStatus, str, dict[str, Any]]) -> None:
        """Arguments that are missing, unexpected or ill-typed are misuse, and change nothing."""
        status, event, payload = what
        self.visit(status)
        self.refused(PayloadError, lambda: self.run_now.attempt(event, now=self.now, **payload))

    def do_wrong_outputs(self, fault: str) -> None:
        """Outputs that do not name exactly the pending calls are refused; the right ones then are not."""
        self.visit(RunStatus.REQUIRES_ACTION)
        pending = list(self.pending)
        ids = {
            "none": [],
            "too few": pending[:-1],
            "too many": [*pending, "call_of_nobody"],
            "one twice": [*pending, pending[0]],
            "of others": [f"other_{id}" for id in pending],
        }[fault]
        outputs = [ToolOutput(id, "done") for id in ids]
        assert self.send("submit_tool_outputs", self.now, tool_outputs=outputs) == "GuardError"
        right = self.lawful("submit_tool_outputs")
        assert self.send("submit_tool_outputs", self.now, **right) == "taken"

    def do_no_calls(self, status: RunStatus) -> None:
        """No action is required when no function is called."""
        self.visit(status)
        assert self.send("require_action", self.now, tool_calls=[]) == "GuardError"

    def do_refused_creations(self, status: RunStatus) -> None:
        """What cannot be created does not touch what there is."""
        self.visit(status)
        create = partial(Run.create, now=self.now, lifecycle=self.table)
        self.refused(GuardError, lambda: create(id="run", active_run_id=self.run_now.id))
        self.refused(GuardError, lambda: create(id="run", has_input=False))
        self.refused(PayloadError, create)
        self.refused(PayloadError, lambda: create(id="run", max_prompt_tokens=0))
        self.refused(TimeError, lambda: create(id="run", expires_after=0))
        self.refused(TimeError, lambda: Run.create(id="run", now=float("nan")))
        self.refused(IllegalEventError, lambda: create(id="run", event="start"))


POLICIES = {
    "default": Policy(),
    "cancel only in progress": Policy(cancel_outside_in_progress=False),
    "cancel always wins": Policy(cancel_may_lose=False),
    "queued never fails": Policy(queued_may_fail=False),
    "no usage when stopped": Policy(usage_when_stopped="null"),
    "all of these": Policy(
        cancel_outside_in_progress=False,
        cancel_may_lose=False,
        queued_may_fail=False,
        usage_when_stopped="null",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_the_engine_is_the_machine_of_the_oracle(policy: Policy) -> None:
    """Under each policy, every edge, every pair, every refusal: in every example, and as the oracle says."""
    machine = type("Machine", (RunMachine,), {"policy": policy, "table": RUN.under(policy), "examples": 0})
    profile = settings()
    limits = settings(profile, max_examples=max(5, profile.max_examples // 10), stateful_step_count=40)
    run_state_machine_as_test(machine, settings=limits)
    assert machine.examples >= 5


def test_the_chores_are_counted() -> None:
    """Pinned for the default policy: nothing drops out of the list unnoticed."""
    kinds = Counter(kind for kind, _ in all_chores(RUN))
    assert kinds == {
        "rows": 19 + 32,
        "illegal": 9,
        "unknown": 9,
        "backwards": 9,
        "bad_times": 9,
        "snapshot": 9,
        "replay": 9,
        "early": 9,
        "by_hand": 4,
        "timeout": 12,
        "near_deadline": 42,
        "bad_payload": 26,
        "wrong_outputs": 5,
        "no_calls": 1,
        "refused_creations": 1,
    }


def mutant(event: str, **changes: Any) -> Lifecycle[RunStatus]:
    """Return the table of a run with all rows of an event changed, what is switched off left out."""
    rows = [evolve(row, **changes) if row.event == event else row for row in RUN.transitions]
    return evolve(RUN, rows=rows)


MUTANTS = {
    "a deadline that a submit extends": mutant(
        "submit_tool_outputs",
        effect=Effect("taken", "", {"expires_at": lambda _r, _p, now: now + 600}, ("required_action",)),
    ),
    "an action that stays after the submit": mutant("submit_tool_outputs", effect=Effect("taken", "")),
    "outputs that are not looked at": mutant("submit_tool_outputs", guard=None),
    "a first start that is kept": mutant(
        "start", effect=Effect("started", "", {"started_at": lambda run, _p, now: run.started_at or now})
    ),
    "a submit that skips the queue": mutant("submit_tool_outputs", target=RunStatus.IN_PROGRESS),
    "an end that tells no usage": mutant(
        "complete",
        effect=Effect(
            "completed", "", {"completed_at": lambda _r, _p, now: now}, ("expires_at", "required_action")
        ),
    ),
    "a creation beside an active run": mutant("create", guard=None),
}


@pytest.mark.parametrize("lifecycle", MUTANTS.values(), ids=MUTANTS)
def test_a_table_that_is_wrong_is_found(lifecycle: Lifecycle[RunStatus]) -> None:
    """One example suffices, whatever Hypothesis draws: the chores leave nothing out."""
    machine = type("Machine", (RunMachine,), {"table": lifecycle})
    limits = settings(max_examples=1, phases=[Phase.generate])
    with pytest.raises((AssertionError, pytest.fail.Exception, RefusedError, KeyError)):
        run_state_machine_as_test(machine, settings=limits)
