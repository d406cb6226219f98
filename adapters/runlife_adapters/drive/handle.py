"""What the two shells share: one decision behind a lock, who watches it, and which call an action is.

A handle may be used from other threads while its driver runs: to look at the run, and to
:meth:`~Handle.cancel` it in flight.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from runlife import MisuseError, ServerError, VirtualClock
from runlife_adapters.backend import AsyncBackend, Backend, RejectedError, RunView, UnavailableError
from runlife_adapters.clock import SystemClock
from runlife_adapters.drive.actions import Cancel, Create, Find, Read, Retrieve, Submit
from runlife_adapters.drive.options import OptionKeywords

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from runlife import Clock
    from runlife_adapters.drive.actions import Action, Call
    from runlife_adapters.drive.decision import Drive
    from runlife_adapters.drive.outcome import LogEntry
    from runlife_adapters.drive.tools import Tools

    Answer = RunView | Sequence[RunView] | Sequence[str]

__all__ = ["FAILURES", "CreateKeywords", "Handle", "WatchKeywords", "call_backend"]

SleepT = TypeVar("SleepT")


class WatchKeywords(OptionKeywords, Generic[SleepT], total=False):
    """What a driver of an existing run may be told: see :class:`Driver`."""

    tools: Tools | None
    clock: Clock | None
    sleep: SleepT | None
    observe: Callable[[LogEntry], object] | None


class CreateKeywords(WatchKeywords[SleepT], total=False):
    """What a driver of a new run may be told: see :class:`Driver`."""

    overrides: Mapping[str, Any] | None
    key: str | None
    new_key: Callable[[], str]


FAILURES = (RejectedError, UnavailableError, ServerError)
"""How a call to a backend fails. Anything else is a defect and goes to the caller."""


class Handle(Generic[SleepT]):
    """One drive as others see it.

    :param drive: the decision; it belongs to this handle from now on.
    :param clock: what tells the time; by default the machine's.
    :param sleep: waits some seconds of that clock; by default seconds of the machine's.
    :param observe: called with each entry of the log as it is made, in the driver's own thread; what
        it raises ends the drive.
    :raises MisuseError: when a virtual clock comes without a ``sleep`` that moves it.
    """

    def __init__(
        self,
        drive: Drive,
        *,
        clock: Clock | None = None,
        sleep: SleepT | None = None,
        observe: Callable[[LogEntry], object] | None = None,
    ) -> None:
        # A subclass may move by itself; the plain one would stand still, and the drive never end.
        if type(clock) is VirtualClock and sleep is None:
            msg = (
                "a VirtualClock stands still while a driver waits: pass sleep= as well, which moves it, "
                "such as world.advance or clock.advance (an async function that does so, for an async driver)"
            )
            raise MisuseError(msg)
        self._drive = drive
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._sleep = sleep
        self._observe = observe
        self._shown = 0
        self._lock = Lock()

    @property
    def run_id(self) -> str | None:
        """The run's id; None as long as it is not known."""
        return self._drive.run_id

    @property
    def key(self) -> str:
        """What the run is recognised by in its metadata; for an attached one, its id."""
        return self._drive.key

    @property
    def view(self) -> RunView | None:
        """What was last seen of the run."""
        return self._drive.view

    def cancel(self) -> None:
        """Ask for the end of the run and return at once; from any thread, any number of times.

        The driver answers with what the run truly ended with. A tool that is running is waited for.
        """
        with self._lock:
            self._drive.cancel(self._clock.now())
        self._wake()

    def _wake(self) -> None:
        """Make a driver that waits ask again."""

    def _next(self) -> Action:
        with self._lock:
            return self._drive.next_action(self._clock.now())

    def _parting(self) -> Call | None:
        if self._drive.options.on_interrupt == "leave":
            return None
        with self._lock:
            return self._drive.parting_action(self._clock.now())

    def _tell(self, fact: Callable[..., None], *what: Any) -> None:
        """Tell the decision a fact, and the observer what that added to the log."""
        with self._lock:
            fact(*what, self._clock.now())
            news = self._drive.log(self._shown)
            self._shown += len(news)
        for entry in news if self._observe else ():
            self._observe(entry)  # type: ignore[misc]  # not None: the loop is empty otherwise


@overload
def call_backend(backend: Backend, drive: Drive, action: Call) -> Answer: ...
@overload
def call_backend(backend: AsyncBackend, drive: Drive, action: Call) -> Awaitable[Answer]: ...
def call_backend(backend: Backend | AsyncBackend, drive: Drive, action: Call) -> Answer | Awaitable[Answer]:
    """Make the call that an action stands for; what it answers is the backend's."""
    thread_id, run_id = drive.thread_id, drive.run_id or ""
    match action:
        case Create():
            return backend.create_run(thread_id, drive.assistant_id, **drive.body)
        case Find():
            return backend.list_runs(thread_id)
        case Retrieve():
            return backend.retrieve_run(thread_id, run_id)
        case Submit():
            return backend.submit_tool_outputs(thread_id, run_id, action.outputs)
        case Cancel():
            return backend.cancel_run(thread_id, run_id)
        case Read():
            return backend.list_messages(thread_id, run_id=run_id)
