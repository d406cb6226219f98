"""The decision of what to do next about a run, without any I/O: the heart of the driver.

Theory of operation
-------------------
A :class:`Drive` is fed facts and asked for the next action. The facts: a call was :meth:`~Drive.sent`;
it was :meth:`~Drive.answered` or it :meth:`~Drive.failed`; the tools were run; the caller wants to
cancel. Between two facts :meth:`~Drive.next_action` depends on nothing but the time. It reads no clock
and touches no network, so every race can be written down as a table of facts, and the shells, sync and
async, have nothing to decide.

The one difficulty is that an answer may be lost. A call that got none may have taken effect or not,
and may take effect later. So it leaves a *doubt*, and a doubt is resolved in one way only: look again,
and decide from what is seen.

* A lost **submit** or **cancel**: retrieve the run. If it still waits for the same calls, the outputs
  are submitted again; they are never computed again. If it went on, so do we.
* A lost **create**: list the runs of the thread and look for the one that bears our key, which was put
  into its metadata. Only if there is none, create again. If the first one arrives after all, the thread's
  lock admits only one of the two. (What no client can rule out: that it arrives after we looked, and its
  run is over before our second one arrives.) A caller who supplies the key may repeat a whole drive
  after a crash: it finds its run, ended or not, instead of starting another.
* A **refusal** leaves a doubt too: it says that the run is not where we believed. The usual reasons are
  that the run ended first, or that our first attempt had arrived. The refusal of a *create* goes to the
  caller, unless a run with our key explains it.

What ends a drive: the run's terminal status (the table's, :data:`runlife.RUN`); or a bound, so that it
never hangs: the caller's deadline with its grace, the run's own ``expires_at`` with some slack, and
patience with a silent service. A status that we do not know is polled like any other until a bound.
At a bound the outcome says honestly that we stopped watching (:class:`Abandoned`).

Cancelling is a request. Once it is wanted, for whatever reason, no tool is called and no output
submitted any more; and the outcome is what the run truly ended with, which may be ``completed``.

Order of the questions, each time: is it over; has a bound passed; is there a run; is there a doubt; is
a cancel wanted; does the run wait for outputs; else, poll.
"""

from __future__ import annotations

from math import inf
from random import Random
from typing import TYPE_CHECKING, Any, cast

from runlife import MisuseError, ServerError
from runlife_adapters.backend import RejectedError, RunView, UnavailableError
from runlife_adapters.drive.actions import (
    Action,
    Call,
    Cancel,
    Create,
    Dispatch,
    Done,
    Fail,
    Find,
    Read,
    Retrieve,
    Submit,
)
from runlife_adapters.drive.lawful import has_ended, may
from runlife_adapters.drive.ledger import Answers, Creation, new_key
from runlife_adapters.drive.options import Options
from runlife_adapters.drive.outcome import (
    ENDINGS,
    Abandoned,
    Answered,
    Completed,
    LogEntry,
    Observed,
    Sent,
)
from runlife_adapters.drive.pace import Lifetime, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runlife_adapters.drive.outcome import Outcome

__all__ = ["Drive"]


class Drive:
    """One run, from its creation or from wherever it is found, to its end. Not thread-safe.

    ``Drive(thread_id, assistant_id)`` creates a run, ``Drive(thread_id, run_id=...)`` takes up one that
    exists. Every method takes ``now`` in unix seconds; a clock that runs backwards is taken to stand
    still.

    :param key: what a new run is recognised by, up to 512 characters. If a run of the thread bears it
        already, that one is driven, and none is created.
    :param new_key: makes a key that no run bears; by default a random one.
    :param overrides: further fields of the creation's body (``instructions``, ``metadata``, ...).
    :param options: deadlines, bounds and back-offs.
    :param answers_calls: whether the calls of the run are ours to answer; if not, they are only seen.
    :raises MisuseError: unless either an assistant or a run is given.
    """

    def __init__(
        self,
        thread_id: str,
        assistant_id: str | None = None,
        *,
        run_id: str | None = None,
        key: str | None = None,
        new_key: Callable[[], str] = new_key,
        overrides: Mapping[str, Any] | None = None,
        options: Options | None = None,
        answers_calls: bool = True,
    ) -> None:
        if (assistant_id is None) is (run_id is None):
            msg = "expected the assistant_id of a new run, or the run_id of one that exists"
            raise MisuseError(msg)
        self.thread_id = thread_id
        self.assistant_id = assistant_id or ""
        self.options = options or Options()
        self._run_id = run_id
        self._answers_calls = answers_calls
        self._now = -inf
        self._deadline: float | None = None
        name = run_id or key or new_key()
        self._pace = Pace(self.options, Random(name))  # differs between runs, not between replays
        self._lifetime = Lifetime(self.options)
        self._creation = Creation(name, overrides, look_first=key is not None)
        self._answers = Answers()
        self._log: list[LogEntry] = []
        self._view: RunView | None = None
        self._flight: Call | None = None
        self._doubt = False
        self._stop: str | None = None
        self._stop_by = inf
        self._cancel_accepted = False
        self._error: Exception | None = None
        self._end: Done | Fail | None = None

    # What can be asked

    @property
    def run_id(self) -> str | None:
        """The run's id; None as long as it is not known."""
        return self._run_id

    @property
    def key(self) -> str:
        """What the run is recognised by in its metadata; for an attached one, its id."""
        return self._creation.key

    @property
    def body(self) -> Mapping[str, Any]:
        """The creation's body, besides the assistant; its metadata bears the key."""
        return self._creation.body

    @property
    def view(self) -> RunView | None:
        """What was last seen of the run."""
        return self._view

    def log(self, start: int = 0) -> tuple[LogEntry, ...]:
        """Return what was seen and sent, oldest first, from the entry number ``start``."""
        return tuple(self._log[start:])

    def next_action(self, now: float) -> Action:
        """Return what to do next. Asking twice changes nothing; passing a deadline may."""
        self._pass_time(now)
        if self._end is not None:
            return self._end
        if self._run_id is None:
            pace = self._pace
            if self._creation.must_find:
                return Find(self._until(pace.look_at))
            return Create(self._until(pace.act_at))
        view = self._view
        if view is None or self._doubt:
            return Retrieve(self._until(self._pace.look_at))
        if has_ended(view):
            return Read(self._pace.look_at)
        if self._stop is not None:
            if not self._cancel_accepted and may(Cancel, view):
                return Cancel(self._until(self._pace.act_at))
        elif self._answers_calls and self._answers.are_wanted(view) and may(Submit, view):
            if missing := self._answers.missing(view):
                return Dispatch(missing)
            return Submit(self._until(self._pace.act_at), self._answers.to_submit(view))
        return Retrieve(self._until(self._pace.poll_at))

    def parting_action(self, now: float) -> Call | None:
        """Return what is still worth sending when the caller cannot wait for the end, or None.

        It asks for a cancel, if need be after one look for the run; nothing is sent twice.
        """
        if self._flight is not None:
            self._leave_doubt(self._flight)
            self._flight = None
        self.cancel(now)
        action = self.next_action(now)
        return action if isinstance(action, Find | Retrieve | Cancel) and action.at <= self._now else None

    # Facts

    def sent(self, action: Call, now: float) -> None:
        """Take note that the call is about to be made; its answer, or failure, is the next fact."""
        self._tick(now)
        self._flight = action
        self._creation.was_sent = self._creation.was_sent or isinstance(action, Create)
        if action.event is not None:
            self._log.append(Sent(self._now, action.event))

    def answered(self, answer: RunView | Sequence[RunView] | Sequence[str], now: float) -> None:
        """Take note of what the backend answered to the call in flight.

        :raises ServerError: when it shows another run than was asked for.
        """
        self._tick(now)
        match self._flight:
            case Find():
                self._flight = None
                self._listed(cast("Sequence[RunView]", answer))
            case Read():
                self._flight = None
                self._finish(self._completed("\n\n".join(cast("Sequence[str]", answer))))
            case _:
                self.observed(cast("RunView", answer), now)

    def observed(self, view: RunView, now: float) -> None:
        """Take note that the run looks like this; if a call is in flight, as the answer to it.

        :raises ServerError: when it is another run.
        """
        self._tick(now)
        flight, self._flight = self._flight, None
        if self._run_id not in (None, view.id):
            msg = f"asked about run {self._run_id!r}, the service answered with run {view.id!r}"
            raise ServerError(msg)
        if flight is not None and flight.event is not None:
            self._log.append(Answered(self._now, flight.event, accepted=True))
        match flight:
            case Create():
                self._run_id = view.id
                self._lifetime.created(view, self._now)
            case Submit():
                self._answers.accepted(flight.outputs)
            case Cancel():
                self._cancel_accepted = True
            case _:
                pass
        self._see(view, answers_call=flight is not None and flight.event is not None)

    def failed(self, error: RejectedError | UnavailableError | ServerError, now: float) -> None:
        """Take note that the call in flight was rejected, or got no usable answer."""
        self._tick(now)
        flight, self._flight = self._flight, None
        if flight is None:
            msg = "no call is in flight that could have failed; report each call with sent() first"
            raise MisuseError(msg)
        self._leave_doubt(flight)
        if not isinstance(error, RejectedError):
            self._pace.lost(self._now, getattr(error, "retry_after", None))
        elif flight.event is None:
            self._cannot_look(flight, error)
        else:
            self._log.append(Answered(self._now, flight.event, accepted=False))
            self._pace.refused(self._now)
            self._refused(flight, error)
        if self._end is None and self._pace.is_out_of_patience(self._now):
            why = f"no usable answer for {self.options.patience:g} s; the last error: {error}"
            self._finish(self._completed(None) if isinstance(flight, Read) else self._abandoned(why))

    def ran_tools(self, outputs: Mapping[str, str], now: float) -> None:
        """Take note of the outputs of dispatched calls, by call id."""
        self._tick(now)
        if self._view is not None:
            self._answers.add(self._view, outputs)

    def tool_failed(self, error: Exception, now: float) -> None:
        """Take note that a tool raised: the run is cancelled, then the caller gets the error."""
        self._tick(now)
        self._give_up(error, "a tool failed")

    def cancel(self, now: float) -> None:
        """Take note that the caller wants the run cancelled. Harmless when repeated or too late."""
        self._tick(now)
        self._want_cancel("the caller cancelled")

    # How it is decided

    def _tick(self, now: float) -> None:
        self._now = max(self._now, now)
        if self._deadline is None:  # the drive begins with the first thing that is said to it
            self._deadline = inf if self.options.deadline is None else self._now + self.options.deadline

    def _pass_time(self, now: float) -> None:
        """Let the deadlines that lie behind have their effect."""
        self._tick(now)
        if self._end is not None or (self._view is not None and has_ended(self._view)):
            return
        if self._stop is None and self._deadline is not None and self._now >= self._deadline:
            why = f"the deadline of {self.options.deadline:g} s has passed"
            if self.options.on_deadline == "leave":
                self._finish(self._abandoned(why))
                return
            self._want_cancel(why)
        if self._stop is None:
            return
        if self._run_id is None and not self._creation.must_find:
            sent = "its creation got no answer, and no run bears its key"
            unsent = "before a run was created"
            self._finish(self._abandoned(f"{self._stop}; {sent if self._creation.was_sent else unsent}"))
        elif self._now >= self._stop_by:
            why = f"{self._stop}; {self.options.grace:g} s later the run had not been seen to end"
            self._finish(self._abandoned(why))

    def _until(self, moment: float) -> float:
        """Return the moment, or that of a deadline that comes before it: it will be decided anew."""
        ahead = [at for at in (self._deadline, self._stop_by) if at is not None and at > self._now]
        return min([moment, *ahead])

    def _see(self, view: RunView, *, answers_call: bool) -> None:
        before, settled = self._view, answers_call or not self._doubt
        if view != before or answers_call:
            self._log.append(Observed(self._now, view))
        news = before is None or before.status != view.status
        self._view, self._doubt = view, False
        self._answers.seen(view)
        self._pace.heard(self._now, poll_after=view.poll_after, news=news, settled=settled)
        if has_ended(view):
            self._conclude(view)
            return
        self._lifetime.seen(view, self._now)
        due, bound = self._lifetime.due, self._lifetime.bound
        if self._now >= bound:
            why = f"the run is still {view.status!r} after its time was over ({self._lifetime})"
            self._finish(self._abandoned(why))
        else:
            # It is looked at in the moment it should expire, and once more before we stop watching.
            self._pace.poll_at = min(at for at in (self._pace.poll_at, due, bound) if at > self._now)

    def _leave_doubt(self, flight: Call) -> None:
        """Take note that the call may have had its effect."""
        if isinstance(flight, Create):
            self._creation.must_find = True
        elif flight.event is not None:
            self._doubt = True

    def _refused(self, flight: Call, error: RejectedError) -> None:
        if isinstance(flight, Create):
            if not self._creation.rejected(error):
                self._end = Fail(error)
        elif isinstance(flight, Submit) and self._answers.refused(flight.outputs):
            self._give_up(error, "the service refuses the outputs")

    def _cannot_look(self, flight: Call, error: RejectedError) -> None:
        """Decide after a look was refused. A run that was seen exists, so that may pass."""
        if isinstance(flight, Read):
            self._finish(self._completed(None))
        elif self._view is not None:
            self._pace.lost(self._now, None)
        elif self._creation.was_sent and self._creation.rejection is None:
            why = f"its creation got no answer, and the runs of the thread cannot be listed: {error}"
            self._finish(self._abandoned(why))
        else:
            self._end = Fail(self._creation.rejection or error)

    def _listed(self, views: Sequence[RunView]) -> None:
        view = self._creation.find(views)
        if view is not None:
            self._run_id = view.id
            self._see(view, answers_call=False)
        elif self._creation.rejection is not None:
            self._end = Fail(self._creation.rejection)

    def _want_cancel(self, why: str) -> None:
        if self._stop is None:
            self._stop = why
            self._stop_by = self._now + self.options.grace

    def _give_up(self, error: Exception, why: str) -> None:
        if self._error is None:
            self._error = error
        self._want_cancel(why)

    def _conclude(self, view: RunView) -> None:
        ending = ENDINGS[view.status]
        if ending is not Completed or self._error is not None:
            self._finish(ending(view=view, log=self.log()))

    def _completed(self, text: str | None) -> Completed:
        return Completed(view=cast("RunView", self._view), log=self.log(), text=text)

    def _abandoned(self, why: str) -> Abandoned:
        return Abandoned(why=why, view=self._view, log=self.log())

    def _finish(self, outcome: Outcome) -> None:
        if self._error is None:
            self._end = Done(outcome)
            return
        status = "was still alive" if isinstance(outcome, Abandoned) else f"ended {outcome.status.value!r}"
        self._error.add_note(f"run {self._run_id} on thread {self.thread_id} {status}")
        self._end = Fail(self._error)
