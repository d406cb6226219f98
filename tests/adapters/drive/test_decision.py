"""The decision, told facts one by one: what it wants next, and how it ends."""

from typing import Any

import pytest
from attrs import define, fields

from runlife import RUN, Cause, MisuseError, ServerError, ToolCall, ToolOutput
from runlife_adapters.backend import RejectedError, RunView, UnavailableError
from runlife_adapters.drive import (
    ENDINGS,
    KEY,
    Abandoned,
    Action,
    Answered,
    Backoff,
    Call,
    Cancel,
    Cancelled,
    Completed,
    Create,
    Dispatch,
    Done,
    Drive,
    Expired,
    Fail,
    Find,
    Observed,
    OptionKeywords,
    Options,
    Read,
    Retrieve,
    Sent,
    Submit,
)

LIVE = [status.value for status in RUN.live]
NO_JITTER = Backoff(0.5, 2.0, 8.0)


def view(status: str, *calls: str, id: str = "run_1", **facts: Any) -> RunView:
    """Return what the service shows: a run of 600 s that was created at 0, waiting for these calls."""
    asked = tuple(ToolCall(call, "f") for call in calls) or None
    ended = status in ENDINGS
    usual = {"created_at": 0, "expires_at": None if ended else 600, "metadata": {KEY: "key"}}
    return RunView(id=id, status=status, **{**usual, "required_action": asked, **facts})


@define
class Talk:
    """A conversation with a drive: what it wants, and what it is told."""

    drive: Drive
    now: float = 0.0

    def wants(self, kind: type[Any], at: float | None = None) -> Any:
        """Hold the next action to its kind and moment; go there, and take a call for sent."""
        action = self.drive.next_action(self.now)
        assert isinstance(action, kind), f"{action} at {self.now}"
        assert self.drive.next_action(self.now) == action, "asking twice changes the answer"
        if isinstance(action, Call):
            if at is not None:
                assert action.at == pytest.approx(at)
            self.now = max(self.now, action.at)
            again = self.drive.next_action(self.now)
            if type(again) is not kind:  # a deadline lay on the way
                return again
            self.drive.sent(action, self.now)
        return action

    def told(self, answer: Any) -> "Talk":
        """Tell it what came of the call: an answer, or an error."""
        if isinstance(answer, Exception):
            self.drive.failed(answer, self.now)
        else:
            self.drive.answered(answer, self.now)
        return self

    def polls_until(self, kind: type[Any], shows: RunView, most: int = 500) -> Any:
        """Answer each look with the same view until it wants something else."""
        for _ in range(most):
            action = self.drive.next_action(self.now)
            if not isinstance(action, Retrieve):
                assert isinstance(action, kind), action
                return action
            self.now = max(self.now, action.at)
            if isinstance(self.drive.next_action(self.now), Retrieve):
                self.drive.sent(action, self.now)
                self.drive.answered(shows, self.now)
        pytest.fail("it polls for ever")

    def outcome(self) -> Any:
        """Return how it ended."""
        action: Action = self.drive.next_action(self.now)
        assert isinstance(action, Done), action
        return action.outcome


def talk(**options: Any) -> Talk:
    """Return the conversation with a drive that has yet to create its run."""
    given = Options(**{"retry": NO_JITTER, **options})
    return Talk(Drive("thread_1", "asst_1", new_key=lambda: "key", options=given))


def running(*calls: str, status: str | None = None, **options: Any) -> Talk:
    """Return the conversation with a drive whose run was created, and is in a status."""
    told = talk(**options)
    told.wants(Create)
    told.told(view(status or ("requires_action" if calls else "queued"), *calls))
    return told


REJECTED = RejectedError(400, "no")
LOST = UnavailableError("lost")


# The table


def test_there_is_an_outcome_for_each_terminal_status_and_no_other() -> None:
    """The outcomes are the table's terminal statuses."""
    assert {status.value for status in RUN.terminal} == ENDINGS.keys()


def test_the_calls_that_change_a_run_bear_the_tables_names() -> None:
    """What can be sent is exactly what the table lets a client cause."""
    events = {kind.event for kind in (Create, Find, Retrieve, Submit, Cancel, Read)} - {None}
    assert events == {row.event for row in RUN.rows if row.cause is Cause.CLIENT}


def test_every_option_can_be_given_as_a_keyword() -> None:
    """The keywords are the fields of the options, no more and no less."""
    assert [a.name for a in fields(Options)] == list(OptionKeywords.__annotations__)


# All goes well


def test_a_run_is_created_polled_and_read() -> None:
    """The happy path: create, look until it has ended, read what it wrote."""
    told = talk()
    told.wants(Create)
    told.told(view("queued")).wants(Retrieve)
    told.told(view("in_progress")).wants(Retrieve)
    told.told(view("completed")).wants(Read)
    told.told(("Hello", "again"))
    assert told.outcome() == Completed(
        view=view("completed"),
        text="Hello\n\nagain",
        log=(
            Sent(0, "create"),
            Answered(0, "create", accepted=True),
            Observed(0, view("queued")),
            Observed(0.5, view("in_progress")),
            Observed(1.0, view("completed")),
        ),
    )


def test_the_creation_bears_the_callers_body_and_the_key() -> None:
    """The key is added to the metadata that the caller gave, and nothing else is touched."""
    given = {"model": "m", "metadata": {"mine": "1"}}
    drive = Drive("thread_1", "asst_1", key="key", overrides=given)
    assert drive.body == {"model": "m", "metadata": {"mine": "1", KEY: "key"}}
    assert given == {"model": "m", "metadata": {"mine": "1"}}


@pytest.mark.parametrize("ending", sorted(set(ENDINGS) - {"completed"}))
def test_every_other_ending_is_told_at_once(ending: str) -> None:
    """Only a completed run is read; of another the last view says everything."""
    told = running()
    told.wants(Retrieve)
    told.told(view(ending))
    assert type(told.outcome()) is ENDINGS[ending]


def test_calls_are_dispatched_and_their_outputs_submitted() -> None:
    """A run that waits for outputs gets exactly those of its calls, in its order."""
    told = running("b", "a")
    assert told.wants(Dispatch).calls == (ToolCall("b", "f"), ToolCall("a", "f"))
    told.drive.ran_tools({"a": "1", "b": "2"}, 0)
    assert told.wants(Submit).outputs == (ToolOutput("b", "2"), ToolOutput("a", "1"))
    told.told(view("queued")).wants(Retrieve)


def test_calls_that_are_not_ours_are_only_watched() -> None:
    """A drive that does not answer calls polls until somebody else has."""
    told = Talk(Drive("thread_1", run_id="run_1", answers_calls=False))
    told.wants(Retrieve)
    told.told(view("requires_action", "a")).wants(Retrieve)


def test_a_later_round_is_computed_and_submitted_anew() -> None:
    """New call ids in a later round are new calls."""
    told = running("a")
    told.wants(Dispatch)
    told.drive.ran_tools({"a": "1"}, 0)
    told.wants(Submit)
    told.told(view("queued")).wants(Retrieve)
    told.told(view("requires_action", "b"))
    assert told.wants(Dispatch).calls == (ToolCall("b", "f"),)


def test_a_call_id_that_comes_back_with_other_arguments_is_another_call() -> None:
    """Servers that number the calls of each round from zero do not get the outputs of the round before."""
    told = running("call_0")
    told.wants(Dispatch)
    told.drive.ran_tools({"call_0": "1"}, 0)
    told.wants(Submit)
    told.told(view("queued")).wants(Retrieve)
    asked = (ToolCall("call_0", "f", '{"x": 2}'),)
    told.told(view("requires_action", required_action=asked))
    assert told.wants(Dispatch).calls == asked


# Polling


def test_polls_back_off_until_the_status_changes() -> None:
    """Waits grow by half up to five seconds, and begin anew with a new status."""
    told = running()
    waits = []
    for _ in range(8):
        before = told.now
        told.wants(Retrieve)
        told.told(view("queued"))
        waits.append(told.now - before)
    assert waits[:4] == pytest.approx([0.5, 0.75, 1.125, 1.6875])
    assert waits[-1] == pytest.approx(5.0)
    told.wants(Retrieve)
    told.told(view("in_progress"))
    told.wants(Retrieve, at=told.now + 0.5)


def test_the_services_own_poll_interval_is_honoured() -> None:
    """A wait that the service asks for takes the place of ours, each time."""
    told = running()
    told.wants(Retrieve)
    told.told(view("in_progress", poll_after=7.0))
    told.wants(Retrieve, at=told.now + 7.0)
    told.told(view("in_progress", poll_after=2.0))
    told.wants(Retrieve, at=told.now + 2.0)


def test_a_poll_interval_of_zero_is_no_invitation_to_spin() -> None:
    """A service that says "poll again at once" gets our own back-off: it would be a loop without a pause."""
    told = running()
    told.wants(Retrieve)
    told.told(view("in_progress", poll_after=0.0))
    told.wants(Retrieve, at=told.now + 0.5)


def test_a_run_is_looked_at_in_the_moment_it_expires() -> None:
    """However long the service asks to wait, the poll comes no later than the expiry."""
    told = running()
    told.wants(Retrieve)
    told.told(view("in_progress", poll_after=5000.0))
    told.wants(Retrieve, at=600)
    told.told(view("expired"))
    assert isinstance(told.outcome(), Expired)


@pytest.mark.parametrize("status", [*LIVE, "on_holiday"])
def test_a_run_that_outlives_its_expiry_is_abandoned_not_polled_for_ever(status: str) -> None:
    """A live status, known or not, is polled until the slack after the expiry, and not longer."""
    told = Talk(Drive("thread_1", run_id="run_1", answers_calls=False))
    told.wants(Retrieve)
    told.told(view(status))
    told.polls_until(Done, view(status))
    assert told.now == pytest.approx(630)
    assert status in told.outcome().why
    assert told.outcome().view == view(status)


def test_a_run_without_an_expiry_is_given_the_usual_lifetime() -> None:
    """A service that shows no expires_at (old objects, clones) cannot keep us for ever."""
    told = running()
    told.wants(Retrieve)
    told = Talk(Drive("thread_1", run_id="run_1"), now=100.0)
    told.wants(Retrieve)
    told.told(view("in_progress", expires_at=None))
    told.polls_until(Done, view("in_progress", expires_at=None))
    assert told.now == pytest.approx(100 + 600 + 30)


def test_an_expiry_that_is_no_longer_shown_still_counts() -> None:
    """In a status we do not know, expires_at may be null: the last one that was shown is kept."""
    told = running()
    told.wants(Retrieve)
    told.told(view("on_holiday", expires_at=None))
    told.polls_until(Done, view("on_holiday", expires_at=None))
    assert told.now == pytest.approx(630)


@pytest.mark.parametrize("off", [-3600.0, 3600.0])
def test_a_clock_that_is_off_does_not_abandon_a_healthy_run(off: float) -> None:
    """The expiry is in the service's time; when we created the run we know the difference."""
    told = talk()
    told.now = off
    told.wants(Create)
    told.told(view("queued")).polls_until(Done, view("queued"))
    assert told.now == pytest.approx(off + 630)


def test_a_run_that_is_taken_up_long_after_its_expiry_gets_a_second_look() -> None:
    """When we did not create the run our clock may be off: one look is not enough to give it up."""
    told = Talk(Drive("thread_1", run_id="run_1"), now=5000.0)
    told.wants(Retrieve)
    told.told(view("in_progress")).polls_until(Done, view("in_progress"))
    assert told.now == pytest.approx(5030)


def test_a_look_that_shows_nothing_new_is_not_logged() -> None:
    """The log has what changed, so that ten minutes of waiting are two lines."""
    told = running()
    for _ in range(5):
        told.wants(Retrieve)
        told.told(view("queued"))
    assert [type(entry) for entry in told.drive.log()] == [Sent, Answered, Observed]


def test_a_clock_that_runs_backwards_stands_still() -> None:
    """Facts in the past of the last one do not disturb the log, nor the deadlines."""
    told = running(deadline=60.0)
    told.now = 10.0
    told.wants(Retrieve)
    told.now = 4.0
    told.told(view("in_progress"))
    assert told.drive.log()[-1] == Observed(10.0, view("in_progress"))


# Creation


def test_a_creation_without_an_answer_is_looked_for_and_found() -> None:
    """A run whose creation got no answer is found by its key, among others, and driven on."""
    told = talk()
    told.wants(Create)
    told.told(LOST).wants(Find, at=0.5)
    told.told([view("queued", id="run_2", metadata={KEY: "another"}), view("in_progress")])
    assert told.drive.run_id == "run_1"
    told.wants(Retrieve)


def test_a_creation_is_repeated_only_when_no_run_bears_the_key() -> None:
    """Each new attempt comes after a look, and each time later."""
    told = talk()
    told.wants(Create)
    told.told(LOST).wants(Find)
    told.told([view("completed", id="run_2", metadata={})]).wants(Create)
    told.told(LOST).wants(Find, at=told.now + 1.0)
    told.told([]).wants(Create)


def test_a_refused_creation_behind_which_our_own_run_stands_is_no_refusal() -> None:
    """A proxy that repeats a POST makes the second answer "already has an active run": it is ours."""
    told = talk()
    told.wants(Create)
    told.told(RejectedError(400, "Thread thread_1 already has an active run run_1.")).wants(Find)
    told.told([view("queued")])
    assert told.drive.run_id == "run_1"
    assert not [entry for entry in told.drive.log() if entry == Answered(0, "create", accepted=True)]


def test_a_creation_refused_for_a_foreign_run_goes_to_the_caller() -> None:
    """The caller hears of somebody else's active run, in the service's words."""
    told = talk()
    told.wants(Create)
    error = RejectedError(400, "Thread thread_1 already has an active run run_9.")
    told.told(error).wants(Find)
    told.told([view("in_progress", id="run_9", metadata={})])
    assert told.wants(Fail).error is error


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_a_creation_refused_for_another_reason_goes_to_the_caller_at_once(status: int) -> None:
    """Only a conflict can be of our own making."""
    told = talk()
    told.wants(Create)
    error = RejectedError(status, "no")
    assert told.told(error).wants(Fail).error is error


def test_a_service_that_cannot_list_leaves_a_refusal_as_it_was() -> None:
    """If the look is refused too, the caller gets the refusal of the creation."""
    told = talk()
    told.wants(Create)
    told.told(REJECTED).wants(Find)
    told.told(RejectedError(404, "no such page"))
    assert told.wants(Fail).error is REJECTED


def test_a_lost_creation_is_never_repeated_blindly() -> None:
    """If the runs cannot be listed, nothing says that the run does not exist: we stop, and say so."""
    told = talk()
    told.wants(Create)
    told.told(LOST).wants(Find)
    told.told(RejectedError(404, "no such page"))
    assert told.outcome().view is None
    assert "cannot be listed" in told.outcome().why


@pytest.mark.parametrize("status", ["in_progress", "completed"])
def test_a_key_of_the_callers_finds_the_run_of_an_earlier_life(status: str) -> None:
    """A drive that is repeated with its key after a crash takes up its run, ended or not."""
    told = Talk(Drive("thread_1", "asst_1", key="key"))
    told.wants(Find)
    told.told([view(status)])
    assert told.drive.run_id == "run_1"


def test_of_several_runs_with_the_key_the_live_one_is_driven() -> None:
    """A run that has ended does not hide one that locks the thread."""
    told = Talk(Drive("thread_1", "asst_1", key="key"))
    told.wants(Find)
    told.told([view("failed", id="run_2"), view("queued", id="run_1")])
    assert told.drive.run_id == "run_1"


def test_attaching_to_a_run_that_does_not_exist_is_the_callers_mistake() -> None:
    """A first look that is refused goes to the caller, and does not use up any patience."""
    told = Talk(Drive("thread_1", run_id="run_9"))
    told.wants(Retrieve)
    error = RejectedError(404, "No run found with id 'run_9'.")
    assert told.told(error).wants(Fail).error is error


# Outputs


def test_outputs_without_an_answer_are_submitted_again_and_not_computed_again() -> None:
    """After a look that shows the same calls, the same outputs go again."""
    told = running("a")
    told.wants(Dispatch)
    told.drive.ran_tools({"a": "1"}, 0)
    told.wants(Submit)
    told.told(LOST).wants(Retrieve, at=0.5)
    told.told(view("requires_action", "a"))
    assert told.wants(Submit).outputs == (ToolOutput("a", "1"),)


def test_outputs_that_arrived_without_an_answer_are_not_submitted_again() -> None:
    """After a look that shows that the run went on, so do we."""
    told = running("a")
    told.wants(Dispatch)
    told.drive.ran_tools({"a": "1"}, 0)
    told.wants(Submit)
    told.told(LOST).wants(Retrieve)
    told.told(view("queued")).wants(Retrieve)


def test_outputs_refused_by_a_run_that_went_on_are_no_failure() -> None:
    """A run that expired before the outputs came is looked at, and ends as it truly did."""
    told = running("a")
    told.wants(Dispatch)
    told.drive.ran_tools({"a": "1"}, 0)
    told.wants(Submit)
    told.told(RejectedError(400, 'Runs in status "expired" do not accept tool outputs.'))
    told.wants(Retrieve, at=0)
    told.told(view("expired"))
    assert isinstance(told.outcome(), Expired)


def test_outputs_refused_twice_by_a_run_that_waits_are_given_up() -> None:
    """What the service does not accept is not sent for ever: the run is cancelled, the caller told why."""
    told = running("a")
    told.wants(Dispatch)
    told.drive.ran_tools({"a": "1"}, 0)
    error = RejectedError(400, "too large")
    for _ in range(2):
        told.wants(Submit)
        told.told(error).wants(Retrieve)
        told.told(view("requires_action", "a"))
    told.wants(Cancel)
    told.told(view("cancelled"))
    assert told.wants(Fail).error is error
    assert "'cancelled'" in error.__notes__[0]


def test_refusals_of_different_rounds_do_not_add_up() -> None:
    """Two submits that were answered by their own late twins used to be taken for refused outputs."""
    told = running("a")
    for call_id in ("a", "b"):
        told.wants(Dispatch)
        told.drive.ran_tools({call_id: "1"}, 0)
        told.wants(Submit)
        told.told(RejectedError(400, 'Runs in status "queued" do not accept tool outputs.')).wants(Retrieve)
        told.told(view("requires_action", "b") if call_id == "a" else view("completed"))
    told.wants(Read)


def test_a_stale_look_at_answered_calls_is_not_answered_again() -> None:
    """A replica that lags behind the accepted submit does not make us submit twice."""
    told = running("a")
    told.wants(Dispatch)
    told.drive.ran_tools({"a": "1"}, 0)
    told.wants(Submit)
    told.told(view("requires_action", "a")).wants(Retrieve)
    told.told(view("requires_action", "a")).wants(Retrieve)


def test_a_tool_that_fails_cancels_the_run_before_the_caller_hears_of_it() -> None:
    """The thread is not left locked by a run that nobody will answer."""
    told = running("a")
    told.wants(Dispatch)
    error = ZeroDivisionError("oh")
    told.drive.tool_failed(error, 0)
    told.wants(Cancel)
    told.told(view("cancelling")).wants(Retrieve)
    told.told(view("cancelled"))
    assert told.wants(Fail).error is error
    assert error.__notes__ == ["run run_1 on thread thread_1 ended 'cancelled'"]


# Cancelling


@pytest.mark.parametrize("status", [s for s in LIVE if "cancel" in RUN.legal(RUN.statuses(s))])
def test_a_run_is_cancelled_from_wherever_the_table_allows(status: str) -> None:
    """The cancel goes out at once, and the run's own ending is what is told."""
    told = running(status=status)
    told.now = 0.1
    told.drive.cancel(told.now)
    told.wants(Cancel)
    told.told(view("cancelling")).wants(Retrieve)
    told.told(view("cancelled"))
    assert isinstance(told.outcome(), Cancelled)


def test_a_cancel_that_comes_too_late_finds_the_true_end() -> None:
    """A run that completed first is completed, whatever was wanted."""
    told = running()
    told.drive.cancel(0)
    told.wants(Cancel)
    told.told(RejectedError(400, "Cannot cancel run with status 'completed'.")).wants(Retrieve, at=0)
    told.told(view("completed")).wants(Read)
    told.told(["done"])
    assert told.outcome().text == "done"


def test_a_cancel_without_an_answer_is_repeated_only_if_the_run_is_not_cancelling() -> None:
    """The look that follows decides; cancelling twice would be refused."""
    told = running()
    told.drive.cancel(0)
    told.wants(Cancel)
    told.told(LOST).wants(Retrieve)
    told.told(view("in_progress")).wants(Cancel)
    told.told(LOST).wants(Retrieve)
    told.told(view("cancelling")).wants(Retrieve)


def test_a_cancel_refused_by_a_live_run_is_tried_again_later() -> None:
    """A service that cancels only runs in progress is asked again, with a back-off."""
    told = running()
    told.drive.cancel(0)
    told.wants(Cancel)
    told.told(RejectedError(400, "Cannot cancel run with status 'queued'.")).wants(Retrieve, at=0)
    told.told(view("queued")).wants(Cancel, at=0.5)
    told.told(REJECTED).wants(Retrieve, at=0.5)
    told.told(view("in_progress")).wants(Cancel)


def test_an_accepted_cancel_is_not_repeated_for_a_stale_look() -> None:
    """A replica that lags behind the accepted cancel does not make us cancel twice."""
    told = running()
    told.drive.cancel(0)
    told.wants(Cancel)
    told.told(view("cancelling")).wants(Retrieve)
    told.told(view("in_progress")).wants(Retrieve)


def test_once_a_cancel_is_wanted_no_tool_is_called_and_nothing_submitted() -> None:
    """Also not when the run comes to wait for outputs, or when they are ready."""
    told = running("a")
    told.wants(Dispatch)
    told.drive.cancel(0)
    told.drive.ran_tools({"a": "1"}, 0)
    told.wants(Cancel)


def test_a_cancel_is_tried_in_a_status_we_do_not_know() -> None:
    """The service decides what we cannot."""
    told = running(status="on_holiday")
    told.drive.cancel(0)
    told.wants(Cancel)


def test_a_run_that_somebody_else_cancels_is_waited_for() -> None:
    """There is no row for a second cancel."""
    told = running(status="cancelling")
    told.drive.cancel(0)
    told.wants(Retrieve)


def test_a_cancel_that_takes_too_long_is_abandoned_with_what_was_seen() -> None:
    """After the grace we stop watching, and do not call the run cancelled."""
    told = running(grace=30.0)
    told.drive.cancel(0)
    told.wants(Cancel)
    told.told(view("cancelling")).polls_until(Done, view("cancelling"))
    assert told.now == pytest.approx(30.0)
    assert told.outcome().view.status == "cancelling"


def test_a_cancel_before_the_creation_creates_nothing() -> None:
    """Who cancels first has no run to cancel."""
    told = talk()
    told.drive.cancel(0)
    assert told.outcome() == Abandoned(
        why="the caller cancelled; before a run was created", view=None, log=()
    )


def test_a_cancel_in_doubt_about_the_creation_looks_before_it_gives_up() -> None:
    """A run whose creation got no answer is found and cancelled, not left behind."""
    told = talk()
    told.wants(Create)
    told.told(LOST)
    told.drive.cancel(told.now)
    told.wants(Find)
    told.told([view("in_progress")]).wants(Cancel)


def test_a_cancel_in_doubt_about_a_creation_that_never_arrived_ends_there() -> None:
    """If no run bears the key, none is created for the sake of cancelling it."""
    told = talk()
    told.wants(Create)
    told.told(LOST)
    told.drive.cancel(told.now)
    told.wants(Find)
    told.told([])
    assert "no run bears its key" in told.outcome().why


# Deadlines and patience


def test_at_the_deadline_the_run_is_cancelled_and_its_true_end_told() -> None:
    """The deadline asks for a cancel; a run that completes first is completed."""
    told = running(deadline=10.0)
    told.polls_until(Cancel, view("in_progress"))
    assert told.now == pytest.approx(10.0)
    told.wants(Cancel)
    told.told(view("cancelling")).wants(Retrieve)
    told.told(view("completed")).wants(Read)


def test_at_the_deadline_a_run_may_be_left_alone() -> None:
    """With on_deadline="leave" nothing is sent, and the run goes on without us."""
    told = running(deadline=10.0, on_deadline="leave")
    told.polls_until(Done, view("in_progress"))
    assert told.now == pytest.approx(10.0)
    assert told.outcome().why == "the deadline of 10 s has passed"
    assert [entry.event for entry in told.outcome().log if isinstance(entry, Sent)] == ["create"]


def test_a_deadline_that_has_passed_creates_nothing() -> None:
    """A deadline of zero is over before it begins."""
    told = talk(deadline=0.0)
    assert "before a run was created" in told.outcome().why


def test_a_silent_service_is_given_up_after_the_patience() -> None:
    """The last attempt is made when patience ends, with growing pauses before.

    A poll that got no answer used to be repeated at once, without any pause: only a call that changes
    something left a doubt, and only a doubt was waited out.
    """
    told = running(patience=20.0)
    told.now = 1.0
    moments = []
    while not isinstance(told.drive.next_action(told.now), Done):
        told.wants(Retrieve)
        moments.append(told.now)
        told.told(LOST)
    assert moments == pytest.approx([1.0, 1.5, 2.5, 4.5, 8.5, 16.5, 21.0])
    assert "lost" in told.outcome().why
    assert told.outcome().view == view("queued")


def test_pauses_after_a_failure_begin_anew_with_an_answer() -> None:
    """An outage that is over leaves no long pauses behind."""
    told = running()
    for _ in range(4):
        told.wants(Retrieve)
        told.told(LOST)
    told.wants(Retrieve)
    told.told(view("queued")).wants(Retrieve)
    told.told(LOST).wants(Retrieve, at=told.now + 0.5)


def test_pauses_before_a_repetition_grow_while_nothing_changes() -> None:
    """A look in between that shows the same is no progress: the next attempt comes later still."""
    told = running()
    told.drive.cancel(0)
    for pause in (0.5, 1.0, 2.0):
        told.wants(Cancel)
        told.told(LOST).wants(Retrieve, at=told.now + pause)
        told.told(view("queued"))


def test_pauses_before_a_repetition_begin_anew_when_the_run_moves() -> None:
    """A new status is progress, whatever is still in doubt."""
    told = running()
    told.drive.cancel(0)
    told.wants(Cancel)
    told.told(LOST).wants(Retrieve, at=told.now + 0.5)
    told.told(view("in_progress")).wants(Cancel)
    told.told(LOST).wants(Retrieve, at=told.now + 0.5)


def test_an_answer_ends_the_silence() -> None:
    """Patience counts from the last usable answer, and the pauses begin anew."""
    told = running(patience=20.0)
    for _ in range(10):
        told.wants(Retrieve)
        told.told(LOST).wants(Retrieve)
        told.told(LOST).wants(Retrieve)
        told.told(view("in_progress"))
    assert told.now > 20.0
    told.wants(Retrieve)


def test_a_service_that_only_lists_is_a_silent_one() -> None:
    """A creation that never gets an answer is not repeated for ever because the list does."""
    told = talk(patience=20.0)
    for _ in range(100):
        if isinstance(told.drive.next_action(told.now), Done):
            break
        told.wants(Create)
        if isinstance(told.told(LOST).drive.next_action(told.now), Find):
            told.wants(Find)
            told.told([])
    assert told.now == pytest.approx(20.0)
    assert told.outcome().view is None


def test_a_service_that_asks_to_be_left_alone_is_left_alone() -> None:
    """The wish of a 429 is longer than our pause, and counts; it does not outlast our patience."""
    told = running(patience=60.0)
    told.wants(Retrieve)
    told.told(UnavailableError("slow down", status=429, retry_after=20.0)).wants(Retrieve, at=20.5)
    told.told(UnavailableError("slow down", status=429, retry_after=3600.0)).wants(Retrieve, at=60.5)


def test_a_run_that_was_seen_and_cannot_be_found_is_looked_for_patiently() -> None:
    """A replica that does not know the run yet answers 404; that is no end of the run."""
    told = running()
    told.wants(Retrieve)
    told.told(RejectedError(404, "No run found with id 'run_1'.")).wants(Retrieve)
    told.told(view("in_progress")).wants(Retrieve)


def test_an_unreadable_answer_is_no_answer() -> None:
    """A gateway's page with a 200 leaves a doubt, like a lost answer."""
    told = talk()
    told.wants(Create)
    told.told(ServerError("expected JSON")).wants(Find)


@pytest.mark.parametrize("error", [REJECTED, LOST])
def test_a_reply_that_cannot_be_read_does_not_undo_the_completion(error: Exception) -> None:
    """The run is completed, with no text."""
    told = running(patience=0.0)
    told.wants(Retrieve)
    told.told(view("completed")).wants(Read)
    told.told(error)
    assert told.outcome().text is None


# Misuse, and parting


def test_an_answer_about_another_run_is_the_services_fault() -> None:
    """What is said about another run is not believed of ours."""
    told = running()
    told.wants(Retrieve)
    with pytest.raises(ServerError, match=r"'run_1'.*'run_2'"):
        told.told(view("queued", id="run_2"))


def test_a_failure_of_nothing_is_misuse() -> None:
    """A failure is the answer to a call that was reported as sent."""
    with pytest.raises(MisuseError, match="sent"):
        talk().drive.failed(LOST, 0)


@pytest.mark.parametrize("given", [{}, {"assistant_id": "asst_1", "run_id": "run_1"}])
def test_a_drive_is_of_a_new_run_or_of_one_that_exists(given: dict[str, str]) -> None:
    """Neither, or both, says nothing that could be done."""
    with pytest.raises(MisuseError, match="assistant_id"):
        Drive("thread_1", **given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deadline", -1.0),
        ("deadline", float("nan")),
        ("grace", None),
        ("patience", float("inf")),
        ("slack", True),
        ("on_deadline", "explode"),
        ("on_tool_error", ""),
    ],
)
def test_options_that_make_no_sense_are_refused(name: str, value: object) -> None:
    """The message names the option and what it may be."""
    with pytest.raises(MisuseError, match=f"{name} must be"):
        Options(**{name: value})


def test_parting_asks_for_a_cancel_and_nothing_more() -> None:
    """When the caller cannot wait, one cancel is sent, and its answer is not waited for."""
    told = running()
    told.now = 0.2
    action = told.drive.parting_action(told.now)
    assert isinstance(action, Cancel)
    told.drive.sent(action, told.now)
    told.told(view("cancelling"))
    assert told.drive.parting_action(told.now) is None


def test_parting_in_the_middle_of_a_creation_looks_for_the_run_first() -> None:
    """A creation that was interrupted may have arrived."""
    told = talk()
    told.wants(Create)
    find = told.drive.parting_action(told.now)
    assert isinstance(find, Find)
    told.drive.sent(find, told.now)
    told.told([view("in_progress")])
    assert isinstance(told.drive.parting_action(told.now), Cancel)


def test_parting_while_a_cancel_is_on_its_way_sends_nothing() -> None:
    """What was asked for and accepted need not be asked for again."""
    told = running()
    told.drive.cancel(0)
    told.wants(Cancel)
    told.told(view("cancelling"))
    assert told.drive.parting_action(told.now) is None


def test_parting_does_not_try_twice() -> None:
    """A cancel that fails at the last moment is not repeated: nobody would wait for it."""
    told = running()
    told.now = 0.2
    told.drive.sent(Cancel(told.now), told.now)
    told.told(LOST)
    assert told.drive.parting_action(told.now) is None


def test_parting_from_a_run_that_has_ended_sends_nothing() -> None:
    """There is nothing left to cancel."""
    told = running()
    told.wants(Retrieve)
    told.told(view("failed"))
    assert told.drive.parting_action(told.now) is None
