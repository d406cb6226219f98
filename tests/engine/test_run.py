"""How a run behaves: what people miss about it, and that a refusal changes nothing."""

from __future__ import annotations

import threading
from math import inf, nan
from typing import Any

import pytest

from runlife import (
    RUN,
    Cause,
    GuardError,
    IllegalEventError,
    LastError,
    MisuseError,
    PayloadError,
    Policy,
    Record,
    RefusedError,
    Run,
    RunExpiredError,
    RunStatus,
    RunTerminalError,
    TimeError,
    ToolCall,
    ToolOutput,
    UnknownEventError,
    Usage,
)

BOTH = [ToolCall("call_a", "price"), ToolCall("call_b", "tax")]
BOTH_OUTPUTS = [ToolOutput("call_b", "2"), ToolOutput("call_a", "1")]


def queued(**more: Any) -> Run:
    """A new run."""
    return Run.create(id="run_1", thread_id="thread_1", now=1000, **more)


def in_progress() -> Run:
    """A started run."""
    run = queued()
    run.apply("start", now=1002)
    return run


def requires_action() -> Run:
    """A run that waits for two outputs."""
    run = in_progress()
    run.apply("require_action", now=1005, tool_calls=BOTH, usage=Usage(10, 5))
    return run


def cancelling() -> Run:
    """A run whose cancel was requested."""
    run = in_progress()
    run.apply("cancel", now=1005)
    return run


class TestWhatPeopleMiss:
    """The facts of the contract that client code gets wrong."""

    def test_a_run_expires_ten_minutes_after_its_creation_whatever_happened_in_between(self) -> None:
        """A submit does not extend the deadline, and neither does a second start."""
        run = requires_action()
        run.apply("submit_tool_outputs", now=1500, tool_outputs=BOTH_OUTPUTS)
        run.apply("start", now=1599)
        assert run.expires_at == run.next_deadline() == 1600
        assert [record.at for record in run.handle_timeout(now=5000)] == [1600]
        assert run.status is RunStatus.EXPIRED

    def test_submitting_goes_back_to_queued_and_keeps_started_at_until_the_next_start(self) -> None:
        """started_at is kept through the queue and overwritten when the run starts again."""
        run = requires_action()
        run.apply("submit_tool_outputs", now=1010, tool_outputs=BOTH_OUTPUTS)
        assert (run.status, run.started_at, run.required_action) == ("queued", 1002, None)
        run.apply("start", now=1011)
        assert run.started_at == 1011

    def test_an_action_can_be_required_any_number_of_times(self) -> None:
        """Fifty rounds of tools are as lawful as one."""
        run = queued()
        for round_ in range(50):
            run.apply("start", now=1001 + round_)
            run.apply("require_action", now=1001 + round_, tool_calls=[ToolCall(f"call_{round_}", "f")])
            run.apply("submit_tool_outputs", now=1001 + round_, tool_outputs=[ToolOutput(f"call_{round_}")])
        assert run.version == 151

    def test_every_terminal_status_clears_expires_at(self) -> None:
        """Whatever ends a run ends its deadline."""
        for event, payload in ENDINGS.items():
            run = cancelling() if event == "confirm_cancel" else in_progress()
            run.apply(event, now=1010, **payload)
            assert run.expires_at is None, event
            assert run.next_deadline() is None, event

    def test_incomplete_sets_completed_at(self) -> None:
        """There is no incomplete_at on a run."""
        run = in_progress()
        run.apply("cut_short", now=1010, reason="max_completion_tokens")
        assert (run.status, run.completed_at) == ("incomplete", 1010)
        assert run.incomplete_details is not None
        assert run.incomplete_details.reason == "max_completion_tokens"

    @pytest.mark.parametrize("event", ["complete", "cut_short", "fail", "confirm_cancel"])
    def test_cancelling_may_still_end_otherwise(self, event: str) -> None:
        """A cancel is a request: the work may be done before it takes effect."""
        run = cancelling()
        run.apply(event, now=1010, **ENDINGS[event])
        assert run.is_terminal

    def test_cancelling_may_expire(self) -> None:
        """expires_at is the upper bound of a cancel that never takes effect."""
        run = cancelling()
        run.handle_timeout(1600)
        assert (run.status, run.cancelled_at) == ("expired", None)

    def test_usage_is_null_until_terminal_and_then_the_sum(self) -> None:
        """The tokens of all rounds are added up, and shown when the run has ended."""
        run = requires_action()
        assert (run.usage, run.spent) == (None, Usage(10, 5))
        run.apply("submit_tool_outputs", now=1010, tool_outputs=BOTH_OUTPUTS)
        run.apply("start", now=1011)
        run.apply("complete", now=1012, usage=Usage(20, 7))
        assert run.usage == Usage(30, 12)
        assert run.usage.total_tokens == 42

    def test_an_expired_run_shows_what_it_spent(self) -> None:
        """By default usage counts the tokens so far; a policy keeps it null."""
        run = requires_action()
        run.handle_timeout(1600)
        assert run.usage == Usage(10, 5)
        strict = queued(lifecycle=RUN.under(Policy(usage_when_stopped="null")))
        strict.handle_timeout(1600)
        assert (strict.status, strict.usage) == ("expired", None)

    def test_one_active_run_per_thread(self) -> None:
        """A run is not created on a thread that another one locks."""
        with pytest.raises(GuardError, match="no other run is active on the thread"):
            queued(active_run_id="run_0")

    def test_a_run_needs_input(self) -> None:
        """Neither a user message nor instructions: no run."""
        with pytest.raises(GuardError) as refused:
            queued(has_input=False)
        assert refused.value.refusal.guard.name == "thread_has_input"  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        "outputs",
        [[], BOTH_OUTPUTS[:1], [*BOTH_OUTPUTS, ToolOutput("call_c")], [*BOTH_OUTPUTS, BOTH_OUTPUTS[0]]],
        ids=["none", "one", "one too many", "one twice"],
    )
    def test_outputs_must_name_exactly_the_pending_calls(self, outputs: list[ToolOutput]) -> None:
        """Missing, extra and repeated outputs are refused, and the run waits on."""
        run = requires_action()
        refusal = run.attempt("submit_tool_outputs", now=1010, tool_outputs=outputs)
        assert not refusal.ok
        assert (run.status, run.version) == ("requires_action", 3)

    def test_a_literal_reading_of_the_documents_cancels_only_what_is_in_progress(self) -> None:
        """The policy switches the inferred rows off."""
        run = queued(lifecycle=RUN.under(Policy(cancel_outside_in_progress=False)))
        with pytest.raises(IllegalEventError):
            run.apply("cancel", now=1001)


ENDINGS: dict[str, dict[str, Any]] = {
    "complete": {},
    "cut_short": {"reason": "max_prompt_tokens"},
    "fail": {"last_error": LastError("server_error", "Sorry")},
    "confirm_cancel": {},
}


class TestTime:
    """Time is told, never asked; it decides before any event does."""

    @pytest.mark.parametrize(("now", "status"), [(1599, "completed"), (1600, "expired"), (1601, "expired")])
    def test_a_deadline_equal_to_now_is_due(self, now: float, status: str) -> None:
        """One second before it, the run completes; at it and after it, it has expired."""
        run = in_progress()
        run.attempt("complete", now=now)
        assert run.status == status

    def test_a_late_timer_does_no_harm(self) -> None:
        """The expiry is recorded at the moment it fell due, and the late event is refused."""
        run = in_progress()
        with pytest.raises(RunExpiredError, match="deadline had passed"):
            run.apply("complete", now=9999)
        assert run.journal[-1].at == 1600
        assert run.journal[-1].cause is Cause.TIMER

    def test_handling_a_timeout_again_or_early_does_nothing(self) -> None:
        """Extra calls are harmless."""
        run = in_progress()
        assert run.handle_timeout(1599) == ()
        assert len(run.handle_timeout(1600)) == 1
        assert run.handle_timeout(1600) == run.handle_timeout(99999) == ()

    def test_nobody_can_send_the_event_of_a_timer(self) -> None:
        """Expiry is caused by time; asking for it is refused with the reason."""
        run = in_progress()
        with pytest.raises(GuardError, match="time itself causes it"):
            run.apply("expire", now=1010)

    @pytest.mark.parametrize("now", [1001, nan, inf, -inf, 10**400, "1010", None, True])
    def test_what_is_not_a_later_time_is_refused_and_changes_nothing(self, now: Any) -> None:
        """Time runs forward, in finite numbers."""
        run = in_progress()
        before = (run.facts(), run.journal)
        for call in (
            lambda: run.apply("complete", now=now),
            lambda: run.attempt("complete", now=now),
            lambda: run.handle_timeout(now),
        ):
            with pytest.raises(TimeError):
                call()
        assert (run.facts(), run.journal) == before

    def test_a_truth_value_is_no_time_even_where_its_number_would_fit(self) -> None:
        """True used to be taken for the first second of 1970."""
        run = Run.create(id="run_1", now=0)
        with pytest.raises(TimeError, match="got bool"):
            run.apply("start", now=True)
        with pytest.raises(TimeError, match="got bool"):
            Run.create(id="run_1", now=False)

    @pytest.mark.parametrize("after", [0, -5, inf, nan])
    def test_a_deadline_in_the_past_is_refused(self, after: float) -> None:
        """A run cannot be created expired, nor without an end."""
        with pytest.raises(TimeError, match="expires_at"):
            queued(expires_after=after)

    def test_two_events_at_the_same_moment_are_both_applied(self) -> None:
        """Time may stand still between events."""
        run = queued()
        run.apply("start", now=1000)
        run.apply("complete", now=1000)
        assert run.completed_at == 1000


class TestRefusals:
    """A refusal is typed, says why and what would be legal, and leaves the run as it was."""

    def test_a_refusal_is_a_value_and_an_exception_that_say_the_same(self) -> None:
        """The exception carries the value."""
        run = queued()
        refusal = run.attempt("complete", now=1001)
        assert not refusal.ok
        with pytest.raises(IllegalEventError) as raised:
            run.apply("complete", now=1001)
        assert raised.value.refusal == refusal
        assert (
            str(raised.value)
            == refusal.message
            == (
                "'complete' refused in status 'queued': no transition leads from here by this event; "
                "legal here: start, fail, cancel"
            )
        )

    def test_a_terminal_run_refuses_everything(self) -> None:
        """Every event of the table meets the same typed refusal."""
        run = in_progress()
        run.apply("complete", now=1010)
        for event in RUN.events:
            with pytest.raises(RunTerminalError, match="terminal"):
                run.apply(event, now=1011)
        assert run.version == 3

    def test_an_expired_run_says_so_also_later(self) -> None:
        """Expiry stays the reason, not just for the event that came first."""
        run = in_progress()
        run.handle_timeout(1600)
        for _ in range(2):
            with pytest.raises(RunExpiredError):
                run.apply("cancel", now=1700)

    def test_transitions_users_can_keep_catching_machine_error(self) -> None:
        """A refusal is a MachineError of the transitions library as well."""
        from transitions import MachineError

        with pytest.raises(MachineError, match="legal here"):
            queued().apply("complete", now=1001)

    @pytest.mark.parametrize("event", ["finish", "", 3, None, ["start"]])
    def test_an_unknown_event_names_the_known_ones(self, event: Any) -> None:
        """That is misuse, not a refusal: it raises even where a value was asked for."""
        run = queued()
        with pytest.raises(UnknownEventError, match="submit_tool_outputs") as raised:
            run.attempt(event, now=1001)
        assert raised.value.known == RUN.events
        assert not isinstance(raised.value, RefusedError)

    @pytest.mark.parametrize(
        ("event", "payload", "says"),
        [
            ("require_action", {}, "missing; expected several ToolCall"),
            ("require_action", {"tool_calls": "call_a"}, "expected several ToolCall, got str"),
            ("require_action", {"tool_calls": [1]}, "got int"),
            ("require_action", {"tool_calls": [BOTH[0], BOTH[0]]}, "ids must differ"),
            ("complete", {"usage": 7}, "expected Usage, got int"),
            ("fail", {"last_error": "server_error"}, "expected LastError, got str"),
            ("cut_short", {"reason": 1}, "expected str, got int"),
            ("cancel", {"reason": "bored"}, "unexpected; the event takes no arguments"),
            ("complete", {"text": "hi"}, "unexpected; the event takes usage"),
        ],
    )
    def test_a_bad_argument_says_what_was_expected(
        self, event: str, payload: dict[str, Any], says: str
    ) -> None:
        """Missing, unexpected and ill-typed arguments are told apart, and nothing changes."""
        run = in_progress()
        before = (run.facts(), run.journal)
        with pytest.raises(PayloadError, match=says):
            run.apply(event, now=1010, **payload)
        assert (run.facts(), run.journal) == before

    @pytest.mark.parametrize(
        "payload", [{}, {"id": 3}, {"id": "r", "max_prompt_tokens": 0}, {"id": "r", "x": 1}]
    )
    def test_a_run_is_not_created_from_bad_arguments(self, payload: dict[str, Any]) -> None:
        """Creation checks its arguments like any other event."""
        with pytest.raises(PayloadError):
            Run.create(now=0, **payload)


class TestTheInstance:
    """One slotted object, read-only to all but its table."""

    def test_it_is_made_by_create_only(self) -> None:
        """The constructor says how instead."""
        with pytest.raises(MisuseError, match=r"Run\.create\(now=\.\.\.\)"):
            Run()

    @pytest.mark.parametrize("name", ["status", "expires_at", "id", "journal", "lifecycle"])
    def test_nobody_writes_a_fact_from_outside(self, name: str) -> None:
        """What used to surface at the next event in other libraries fails at once."""
        with pytest.raises(AttributeError):
            setattr(queued(), name, "completed")

    def test_it_has_no_room_for_anything_else(self) -> None:
        """A misspelt attribute is an error, not a new attribute."""
        run = queued()
        assert not hasattr(run, "__dict__")
        with pytest.raises(AttributeError):
            run.stauts = "queued"  # type: ignore[attr-defined]

    def test_two_runs_with_equal_facts_are_two_runs(self) -> None:
        """Runs compare by identity, so that both fit in one set."""
        first, second = queued(), queued()
        assert first != second
        assert len({first, second}) == 2

    def test_a_copy_goes_its_own_way(self) -> None:
        """What happens to the copy does not happen to the run."""
        run = queued()
        twin = run.copy()
        twin.apply("start", now=1001)
        assert (run.status, run.version) == ("queued", 1)
        assert (twin.status, twin.version) == ("in_progress", 2)

    def test_its_repr_shows_what_is_known(self) -> None:
        """Null facts are left out."""
        assert repr(queued()) == (
            "<Run queued id='run_1', thread_id='thread_1', created_at=1000, expires_at=1600.0, "
            "spent=Usage(prompt_tokens=0, completion_tokens=0)>"
        )

    def test_journal_records_are_immutable_and_tell_the_story(self) -> None:
        """Each says when, what, from where to where, and who."""
        record = requires_action().journal[-1]
        assert isinstance(record, Record)
        assert str(record) == "at 1005: in_progress -require_action-> requires_action (server)"
        with pytest.raises(TypeError):
            record.payload["usage"] = Usage(0, 0)  # type: ignore[index]
        with pytest.raises(AttributeError):
            record.at = 3  # type: ignore[misc]

    def test_of_two_racing_events_exactly_one_is_applied(self) -> None:
        """Whoever shares a run locks it; then one thread wins and the others meet its status."""
        run, lock, outcomes = requires_action(), threading.Lock(), list[bool]()
        ready = threading.Barrier(8)

        def submit() -> None:
            ready.wait()
            with lock:
                outcomes.append(run.attempt("submit_tool_outputs", now=1010, tool_outputs=BOTH_OUTPUTS).ok)

        threads = [threading.Thread(target=submit) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == [False] * 7 + [True]
        assert run.version == 4
