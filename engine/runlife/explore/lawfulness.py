"""What is true of the world of :class:`~runlife.explore.clients.Clients`: the engine's own safety.

Each claim is written from what the documents and recordings say, not from the table, and so names
statuses and events: it is what the table is held to.

What a claim asks about is a small part of a state: the runs on the thread, or one call that
arrives. Of these there are few, so each answer is given once and looked up ever after.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from runlife.explore.clients import POLL, Clients, State, Step, Thread
from runlife.explore.properties import Property, always, always_step, sometimes, sometimes_step
from runlife.explore.quotient import Call, RunKey
from runlife.rows import Cause
from runlife.table import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["claims"]

_CANCEL, _CREATE, _SUBMIT = "cancel", "create", "submit_tool_outputs"


def claims(model: Clients) -> tuple[Property, ...]:
    """Return what must be true in a model of clients, and what must happen in it.

    The latter shows that the former is not true for want of anything happening. What takes two
    clients to happen is claimed of two only; what a policy rules out is not claimed.
    """
    return (*_of_runs(model), *_of_calls(model), *_happenings(model), *_races(model))


def _of_thread(model: Clients, judge: Callable[[Thread], bool]) -> Callable[[State], bool]:
    """Turn a judgement of a thread into one of a state."""

    @cache
    def known(number: int) -> bool:
        return judge(model.thread((number,)))

    return lambda state: known(state[0])


def _of_moves(
    model: Clients, judge: Callable[[RunKey, RunKey], bool]
) -> Callable[[State, Step, State], bool]:
    """Turn a judgement of a run before and after a step into one of the step."""

    @cache
    def known(before: int, after: int) -> bool:
        return judge(model.thread((before,)).run, model.thread((after,)).run)

    return lambda before, _step, after: known(before[0], after[0])


class _Arrival(NamedTuple):
    """A request that arrives: the thread before and after, the call, and whether it is accepted."""

    thread: Thread
    call: Call
    accepted: bool
    after: Thread


def _of_arrivals(
    model: Clients, judge: Callable[[_Arrival], bool], *, otherwise: bool
) -> Callable[[State, Step, State], bool]:
    """Turn a judgement of an arrival into one of a step; other steps get ``otherwise``."""

    @cache
    def known(before: State, after: State) -> bool:
        (request,), (answer,) = model.phases(before), model.phases(after)
        if request.call is None:
            return otherwise
        accepted = bool(answer.accepted)
        return judge(_Arrival(model.thread(before), request.call, accepted, model.thread(after)))

    def predicate(before: State, step: Step, after: State) -> bool:
        if step.verb != "arrives" or step.client is None:
            return otherwise
        place = step.client + 1
        return known((before[0], before[place]), (after[0], after[place]))

    return predicate


def _of_runs(model: Clients) -> Iterator[Property]:
    terminal, newborn = model.lifecycle.terminal, model.quotient.newborn
    timed = {row.target for row in model.lifecycle.transitions if row.cause is Cause.TIMER}

    def one_live_run(thread: Thread) -> bool:
        return sum(run.status not in terminal for run in thread.runs) <= 1

    def second_like_first(thread: Thread) -> bool:
        return thread.second in {None, newborn}

    def in_time(thread: Thread) -> bool:
        left = thread.run.ticks_left
        return thread.run.status in terminal or (left is not None and left > 0)

    def expires_once(thread: Thread) -> bool:
        return thread.run.timeouts == (thread.run.status in timed)

    def action_fits_status(thread: Thread) -> bool:
        return (thread.run.pending is not None) == (thread.run.status is RunStatus.REQUIRES_ACTION)

    def ending_stays(before: RunKey, after: RunKey) -> bool:
        return before.status not in terminal or before == after

    yield always("never two live runs on one thread", _of_thread(model, one_live_run))
    yield always("a second run begins like the first", _of_thread(model, second_like_first))
    yield always("no live run is at its deadline once the clock has moved", _of_thread(model, in_time))
    yield always("a timer moves a run once, and then it is expired", _of_thread(model, expires_once))
    yield always("required_action is set exactly in requires_action", _of_thread(model, action_fits_status))
    yield always_step("a run that has ended never changes", _of_moves(model, ending_stays))


def _of_calls(model: Clients) -> Iterator[Property]:
    lifecycle = model.lifecycle
    cancellable = {RunStatus.IN_PROGRESS}
    if lifecycle.policy.cancel_outside_in_progress:
        cancellable |= {RunStatus.QUEUED, RunStatus.REQUIRES_ACTION}

    def cancel_fits(arrival: _Arrival) -> bool:
        may = arrival.thread.run.status in cancellable
        return arrival.call.event != _CANCEL or arrival.accepted == may

    def submit_fits(arrival: _Arrival) -> bool:
        run, call = arrival.thread.run, arrival.call
        fits = (call.tools, call.round) == (run.pending, run.round)
        return call.event != _SUBMIT or arrival.accepted == fits

    def refusal_is_inert(arrival: _Arrival) -> bool:
        return arrival.accepted or arrival.thread == arrival.after

    def one_winner(state: State) -> bool:
        won = [phase.call for phase in model.phases(state) if phase.accepted and phase.call != POLL]
        return len(won) == len(set(won))

    @cache
    def told_truly(thread: int, phase: int) -> bool:
        told = model.phases((thread, phase))[0].saw
        return told not in lifecycle.terminal or told is model.thread((thread,)).run.status

    def endings_told_are_true(state: State) -> bool:
        thread, *phases = state
        return all(told_truly(thread, phase) for phase in phases)

    for name, judge in (
        ("a cancel is accepted exactly where one may cancel", cancel_fits),
        ("a submit is accepted exactly if it names the pending calls", submit_fits),
        ("a call that is refused changes nothing", refusal_is_inert),
    ):
        yield always_step(name, _of_arrivals(model, judge, otherwise=True))
    yield always("of racing cancels, submits or creates at most one is accepted", one_winner)
    yield always("an ending that a poll was told stays true", endings_told_are_true)


def _is_in(status: RunStatus) -> Callable[[Thread], bool]:
    return lambda thread: thread.run.status is status


def _expires_in(status: RunStatus) -> Callable[[RunKey, RunKey], bool]:
    return lambda before, after: (before.status, after.status) == (status, RunStatus.EXPIRED)


def _happenings(model: Clients) -> Iterator[Property]:
    lifecycle, quotient = model.lifecycle, model.quotient

    def too_few(arrival: _Arrival) -> bool:
        run, call = arrival.thread.run, arrival.call
        this_round = call.event == _SUBMIT and call.round == run.round
        return this_round and run.pending is not None and call.tools < run.pending

    def cancel_loses(state: State) -> bool:
        accepted = any(phase.accepted and phase.call == Call(_CANCEL) for phase in model.phases(state))
        return accepted and model.thread(state).run.status is RunStatus.COMPLETED

    def out_of_date(state: State) -> bool:
        return any(phase.saw not in {None, model.thread(state).run.status} for phase in model.phases(state))

    # Where nobody can cancel, there is no `cancelling`, and what follows from it.
    for status in lifecycle.live:
        if model.clients or status is not RunStatus.CANCELLING:
            claim = _of_moves(model, _expires_in(status))
            yield sometimes_step(f"a run expires while it is {status}", claim)
    if not model.clients:
        return
    for status in lifecycle.statuses:
        yield sometimes(f"a run is {status}", _of_thread(model, _is_in(status)))
    if lifecycle.policy.cancel_may_lose:
        yield sometimes("a run completes although a cancel was accepted", cancel_loses)
    if quotient.rounds and quotient.tools > 1:
        yield sometimes_step("too few outputs are submitted", _of_arrivals(model, too_few, otherwise=False))
    yield sometimes("what a poll was told is out of date before it is received", out_of_date)


def _won_and_lost(model: Clients, event: str) -> Callable[[State], bool]:
    def predicate(state: State) -> bool:
        calls = {(p.call, p.accepted) for p in model.phases(state) if p.call and p.call.event == event}
        return any(accepted is False and (call, True) in calls for call, accepted in calls)

    return predicate


def _races(model: Clients) -> Iterator[Property]:
    def left_behind(state: State) -> bool:
        on_the_way = any(phase.half == "request" for phase in model.phases(state))
        return on_the_way and model.thread(state).second is not None

    def late_outputs(arrival: _Arrival) -> bool:
        run, call = arrival.thread.run, arrival.call
        return call.event == _SUBMIT and run.pending is not None and call.round < run.round

    if model.clients > 1:
        for event in (_CANCEL, _SUBMIT, _CREATE):
            claim = _won_and_lost(model, event)
            yield sometimes(f"a {event} is refused because another client's won", claim)
        yield sometimes("the thread has a new run while a call to the old one is on its way", left_behind)
        if model.quotient.rounds > 1:
            claim_late = _of_arrivals(model, late_outputs, otherwise=False)
            yield sometimes_step("outputs of one round arrive in the next", claim_late)
