"""The mapping from responses to runs: each case is answered once, and the answers are right by exhaustion."""

from __future__ import annotations

import itertools

import pytest

from runlife import RUN, Policy, RunStatus, TraceError
from runlife.explore import Property, PropertyError, always, explore, sometimes
from runlife.responses import MEANINGS, OWN, RESPONSE, RUN_OVER_RESPONSES, Chains, differences, meaning_of
from runlife.responses import exhaustion as exhaustion_module
from runlife.responses.exhaustion import Action, State

PLACES = (None, *RunStatus)


def test_of_the_meanings_that_fit_there_is_at_most_one() -> None:
    """Wherever a run is, an event of a response means one thing."""
    for row, place, over in itertools.product(RESPONSE.rows, PLACES, (False, True)):
        fitting = [m for m in MEANINGS if m.fits(row, place, over_budget=over)]
        assert len(fitting) <= 1, (row, place)


def test_chains_and_runs_have_the_same_paths() -> None:
    """Every path of a run is that of some chain, and every chain is a lawful path of a run."""
    assert differences(Chains()) == ()
    assert differences(Chains(RUN.under(Policy(usage_when_stopped="null")))) == ()


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (Policy(cancel_may_lose=False), "no run has complete after create > cancel"),
        (Policy(cancel_outside_in_progress=False), "no run has cancel after create"),
        (Policy(queued_may_fail=False), "no run has fail after create"),
    ],
)
def test_the_responses_api_answers_the_open_questions(policy: Policy, says: str) -> None:
    """Under another answer than the default, chains do what such a run cannot: the search is not blind."""
    assert says in differences(Chains(RUN.under(policy)))


@pytest.mark.parametrize("index", range(len(MEANINGS)), ids=lambda index: f"{MEANINGS[index].event}-{index}")
def test_no_meaning_can_be_left_out(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any one row of the mapping, some chain has no answer, or some path no chain."""
    rest = (*MEANINGS[:index], *MEANINGS[index + 1 :])
    monkeypatch.setattr("runlife.responses.mapping.MEANINGS", rest)
    try:
        found = differences(Chains())
    except TraceError:
        return
    assert found


def soundness(model: Chains) -> list[Property]:
    """Claim that no run is left hanging between its chain and its table."""

    def can_be_cancelled(state: State) -> bool:
        asked = state.rest or "cancel" not in RUN.moves[state.run]
        return bool(asked) or model.next_state(state, Action("cancel")) is not None

    def can_expire(state: State) -> bool:
        over = state.run is None or state.run in RUN.terminal
        return bool(over or state.rest) or model.next_state(state, Action("expire")) is not None

    def will_be_cancelled(state: State) -> bool:
        at_work = state.response is not None and state.response not in RESPONSE.terminal
        return state.run is not RunStatus.CANCELLING or at_work or state.under_way or bool(state.rest)

    return [
        always("a cancel can be asked for wherever a run can be cancelled", can_be_cancelled),
        always("the clock ends every run", can_expire),
        always("something will end a run that is being cancelled", will_be_cancelled),
        always("nothing is left to do when a run is over", lambda s: s.run not in RUN.terminal or not s.rest),
        *(sometimes(f"a run is {status}", lambda s, status=status: s.run is status) for status in RunStatus),
    ]


def test_no_run_is_left_hanging() -> None:
    """In every state a cancel is answered, the clock counts, and every ending is reached."""
    model = Chains()
    explore(model, *soundness(model)).assert_holds()


@pytest.mark.parametrize("index", range(len(OWN)), ids=lambda index: f"{OWN[index].asked}-{index}")
def test_nothing_of_our_own_can_be_left_out(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any one row of what the client's side does, some run is left hanging."""
    monkeypatch.setattr(exhaustion_module, "OWN", (*OWN[:index], *OWN[index + 1 :]))
    model = Chains()
    with pytest.raises(PropertyError):
        explore(model, *soundness(model)).assert_holds()


def test_what_cannot_meet_is_said() -> None:
    """A second response while one is at work is of no chain."""
    row = next(row for row in RESPONSE.rows if row.event == "create")
    with pytest.raises(TraceError, match="the run is 'in_progress'"):
        meaning_of(row, RunStatus.IN_PROGRESS)
    start = next(row for row in RESPONSE.rows if row.event == "start")
    with pytest.raises(TraceError, match="no run yet"):
        meaning_of(start, None)


def test_the_mapping_is_drawn_as_a_lifecycle() -> None:
    """It has a sound lifecycle of its own, which leads from where to where the mapping says."""
    assert RUN_OVER_RESPONSES.check() == ()
    drawn = {(row.event, row.source, row.target) for row in RUN_OVER_RESPONSES.rows}
    assert ("response calls functions", "in_progress", "requires_action") in drawn
    assert ("cancel asked for", "requires_action", "cancelled") in drawn
    assert {row.target for row in RUN_OVER_RESPONSES.rows} == set(RunStatus)
