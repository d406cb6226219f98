"""Lives of runs as their clients see them: what the trace checker is measured with.

A *life* is what a client does and sees: polls every quarter of a second (sparser pollers see a part of
these), calls, and answers, some of them lost. *Lawful* ones are lives of a World whose server moves as a
random schedule says; others are walks through a table, which may be broken.
"""

from __future__ import annotations

import itertools
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from attrs import frozen

from runlife import (
    RUN,
    Cause,
    LastError,
    Lifecycle,
    Run,
    RunStatus,
    ToolCall,
    ToolOutput,
    Transition,
    Usage,
    VirtualClock,
)
from runlife_adapters.memory import After, Schedule, World
from runlife_adapters.memory.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator
INTERVALS = (0.25, 1.0, 5.0, 10.0)
"""Seconds between two polls."""

TTL = 60.0
STEP = INTERVALS[0]
START = 1_700_000_000.0
AFTER_THE_END = 2
"""How often a poller reads on after it saw the end."""

Body = dict[str, Any]


@frozen
class Seen:
    """Something that a client saw, or did: a poll, or a call with its answer."""

    at: float
    body: Body | None = None
    call: str | None = None
    accepted: bool | None = None
    """Of a call: None when its answer was lost."""
    polled: bool = False


Life = list[Seen]


def polled(life: Life, interval: float) -> Iterator[Seen]:
    """Yield what a poller sees, and what it did, until it has read enough after the end."""
    every, over = round(interval / STEP), 0
    polls = itertools.count(1)
    for seen in life:
        if not seen.polled:
            yield seen
        elif next(polls) % every == 0:
            yield seen
            over += seen.body is not None and seen.body["status"] in RUN.terminal
            if over > AFTER_THE_END:
                return


EDGES = {(str(r.source), str(r.target)) for r in RUN.transitions} | {(s.value, s.value) for s in RUN.statuses}

# Lives of a World


def _schedule(random: Random) -> Schedule:
    def delay() -> float:
        return random.choice([0.1, 0.3, 0.9, 1.7, 4.0, 9.0, 45.0]) * random.uniform(0.5, 1.5)

    def in_progress() -> After:
        to = random.choice(["requires_action"] * 4 + ["completed"] * 3 + ["failed", "incomplete", None])
        return After(delay(), to, tools=random.randint(1, 2) if to == "requires_action" else None)

    queued = [After(delay(), random.choice(["in_progress"] * 9 + ["failed"])) for _ in range(4)]
    cancelling = [After(delay(), random.choice([None, None, "completed", "failed", "incomplete"]))]
    return Schedule(queued=queued, in_progress=[in_progress() for _ in range(4)], cancelling=cancelling)


def lawful_life(seed: int) -> Life:
    """Return a random life of a run in a World, as its client and its poller see it."""
    random, clock = Random(seed), VirtualClock(START + seed % 97 / 97)
    world = World(clock, schedule=_schedule(random), run_ttl=TTL, seed=seed)
    tools = [{"type": "function", "function": {"name": "f"}}]
    assistant = world.create_assistant(model="m", instructions="Speak.", tools=tools)
    created = world.create_thread_and_run(assistant_id=assistant.id)
    thread_id, run_id = created.thread_id, created.id
    life = [Seen(clock.now(), created.to_json())]
    answer_after, cancel_at = random.choice([0.3, 2.0, 80.0]), random.choice([None, None, 0.6, 5.0, 20.0])
    seen_at, over, born = None, None, clock.now()
    while over is None or clock.now() < over + 4 * INTERVALS[-1]:
        clock.advance(STEP)
        now = clock.now()
        body = world.retrieve_run(thread_id, run_id).to_json()
        life.append(Seen(now, body, polled=True))
        if body["status"] in RUN.terminal:
            over = over or now
        event = None
        if body["required_action"] is None:
            seen_at = None
        elif seen_at is None:
            seen_at = now
        elif now >= seen_at + answer_after:
            event, seen_at = "submit_tool_outputs", now
        if cancel_at is not None and now >= born + cancel_at:
            event, cancel_at = "cancel", None
        if event is None:
            continue
        fate = random.choice(["answered", "answered", "lost request", "lost answer"])
        accepted, answer = None, None
        if fate != "lost request":
            try:
                if event == "cancel":
                    answer = world.cancel_run(thread_id, run_id)
                else:
                    calls = body["required_action"] or {"submit_tool_outputs": {"tool_calls": []}}
                    ids = [call["id"] for call in calls["submit_tool_outputs"]["tool_calls"]]
                    outputs = [{"tool_call_id": i, "output": "x"} for i in ids]
                    answer = world.submit_tool_outputs(thread_id, run_id, tool_outputs=outputs)
                accepted = True
            except ApiError:
                accepted = False
        if fate == "lost answer":
            accepted, answer = None, None
        life.append(Seen(now, answer.to_json() if answer else None, event, accepted))
    return life


# Lives under a broken table


@cache
def broken(source: RunStatus, target: RunStatus) -> Lifecycle[RunStatus]:
    """Return the table with a row that it must not have, which writes what rows to its target write."""
    effect = next(r.effect for r in RUN.transitions if r.target is target)
    if target is RunStatus.QUEUED:
        effect = next(r.effect for r in RUN.transitions if r.target is target and r.source is not None)
    row = Transition("mutate", source, target, Cause.SERVER, effect=effect)
    arguments = {
        **RUN.arguments,
        "mutate": next(RUN.arguments.get(r.event, ()) for r in RUN.transitions if r.effect is effect),
    }
    return Lifecycle(
        "run",
        RunStatus,
        terminal=RUN.terminal - {source},
        rows=[*RUN.rows, row],
        arguments=arguments,
        bounded_by="the test",
    )


def illegal_edges(*, terminal: bool) -> list[tuple[RunStatus, RunStatus]]:
    """Return the pairs of different statuses with no row between, from live or from terminal ones."""
    return [
        (a, b)
        for a, b in itertools.permutations(RUN.statuses, 2)
        if (a in RUN.terminal) is terminal and (a.value, b.value) not in EDGES
    ]


def _payload(event: str, target: RunStatus, run: Run, serial: int) -> dict[str, Any]:
    names = {argument.name for argument in run.lifecycle.arguments.get(event, ())}
    outputs = run.required_action.tool_calls if run.required_action else ()
    every: dict[str, Any] = {
        "tool_calls": [ToolCall(f"call_{serial}", "f")],
        "tool_outputs": [ToolOutput(call.id) for call in outputs],
        "last_error": LastError("server_error"),
        "reason": "max_prompt_tokens",
        "usage": Usage(1, 1),
    }
    return {name: value for name, value in every.items() if name in names}


def body_of(run: Run) -> Body:
    """Return a run as it stands on the wire."""

    def whole(moment: float | None) -> int | None:
        return None if moment is None else int(moment)

    action = run.required_action
    calls = [] if action is None else action.tool_calls
    return {
        "id": run.id,
        "object": "thread.run",
        "status": run.status.value,
        "assistant_id": "asst_1",
        "thread_id": "thread_1",
        "model": "m",
        **{n: whole(getattr(run, n)) for n in RUN.facts if n.endswith("_at")},
        "required_action": None
        if action is None
        else {
            "type": "submit_tool_outputs",
            "submit_tool_outputs": {
                "tool_calls": [
                    {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
                    for c in calls
                ]
            },
        },
        "last_error": run.last_error and run.last_error.to_json(),
        "incomplete_details": run.incomplete_details and run.incomplete_details.to_json(),
        "usage": run.usage and run.usage.to_json(),
    }


def walk(
    seed: int, lifecycle: Lifecycle[Any] = RUN, source: RunStatus | None = None, patience: float = 0.0
) -> tuple[Life, float | None]:
    """Return a random life under a table, and when its broken row was taken, or None.

    ``patience`` is how many seconds the run has been in ``source`` before that row is taken.
    """
    random, now = Random(seed), START + seed % 97 / 97
    run = Run.create(id="run_1", thread_id="thread_1", now=now, expires_after=TTL, lifecycle=lifecycle)
    life, mutated, over, serial = [Seen(now, body_of(run))], None, None, 0
    tempo = random.choice([0.7, 2.0, 5.0])
    due = now + random.expovariate(1 / tempo)
    while over is None or now < over + 4 * INTERVALS[-1]:
        now += STEP
        run.handle_timeout(now)
        if now >= due:
            due = now + random.expovariate(1 / tempo)
            events = [e for e in run.legal_events() if e not in ("cancel", "fail") or random.random() < 0.2]
            ready = now >= run.journal[-1].at + patience
            if run.status is source and mutated is None and ready and random.random() < 0.7:
                events = ["mutate"]
            elif "mutate" in events:
                events.remove("mutate")
            if events:
                event = random.choice(events)
                row = run.lifecycle.moves[run.status][event][0]
                serial += 1
                if row.cause is not Cause.CLIENT:
                    run.apply(event, now=now, **_payload(event, row.target, run, serial))
                    mutated = now if event == "mutate" else mutated
                else:
                    run.apply(event, now=now, **_payload(event, row.target, run, serial))
                    lost = random.random() < 0.2
                    life.append(Seen(now, None if lost else body_of(run), event, None if lost else True))
        life.append(Seen(now, body_of(run), polled=True))
        if run.status in RUN.terminal:
            over = over or now
        elif run.status is not source:
            over = None
    return life, mutated


def typical_life() -> Life:
    """Return a minute of a run that calls a function once, as a client sees it that polls every second."""
    moves = [After(20, "requires_action", tools=1), After(25, "completed")]
    clock = VirtualClock(START)
    world = World(clock, schedule=Schedule(queued=[After(2), After(1)], in_progress=moves))
    tools = [{"type": "function", "function": {"name": "f"}}]
    assistant = world.create_assistant(model="m", instructions="Speak.", tools=tools)
    created = world.create_thread_and_run(assistant_id=assistant.id)
    life = [Seen(clock.now(), created.to_json())]
    while clock.now() < START + 60:
        clock.advance(1)
        body = world.retrieve_run(created.thread_id, created.id).to_json()
        life.append(Seen(clock.now(), body))
        if clock.now() == START + 32:
            calls = body["required_action"]["submit_tool_outputs"]["tool_calls"]
            outputs = [{"tool_call_id": call["id"], "output": "x"} for call in calls]
            answer = world.submit_tool_outputs(created.thread_id, created.id, tool_outputs=outputs)
            life.append(Seen(clock.now(), answer.to_json(), "submit_tool_outputs", accepted=True))
    return life
