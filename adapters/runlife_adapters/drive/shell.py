"""Driving a run from synchronous code: wait, call the backend, run the tools.

What to do is :class:`Drive`'s to decide; what both shells share stands in :class:`Handle`.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any, Unpack

from runlife_adapters.drive.actions import Call, Dispatch, Done, Fail
from runlife_adapters.drive.decision import Drive
from runlife_adapters.drive.handle import FAILURES, CreateKeywords, Handle, WatchKeywords, call_backend
from runlife_adapters.drive.ledger import new_key
from runlife_adapters.drive.options import OptionKeywords, Options
from runlife_adapters.drive.tools import Tools, toolbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runlife import Clock, ToolCall
    from runlife_adapters.backend import Backend
    from runlife_adapters.drive.outcome import LogEntry, Outcome

    Sleep = Callable[[float], object]

__all__ = ["Driver", "attach", "drive"]


class Driver(Handle["Sleep"]):
    """Drives one run, once: :meth:`run` in one thread, :meth:`cancel` from any.

    ``Driver(backend, thread_id, assistant_id)`` creates the run, ``Driver(backend, thread_id, run_id=...)``
    takes up one that exists.

    :param backend: what serves the run.
    :param tools: the functions that the model may call, as a list or by name; None if its calls are not
        ours to answer, so that they are only watched.
    :param overrides: further fields of the creation's body (``instructions``, ``metadata``, ...).
    :param key: what the run is recognised by; if a run of the thread bears it, that one is driven.
    :param new_key: makes a key that no run bears; by default a random one.
    :param clock: what tells the time; by default the machine's.
    :param sleep: waits some seconds; by default a wait that :meth:`cancel` ends at once. A
        :class:`~runlife.VirtualClock` needs one that moves it, such as ``world.advance``.
    :param observe: called with each entry of the log as it is made.
    :param options: the fields of :class:`Options`.
    :raises MisuseError: when a virtual clock comes without ``sleep``.
    """

    def __init__(
        self,
        backend: Backend,
        thread_id: str,
        assistant_id: str | None = None,
        *,
        run_id: str | None = None,
        tools: Tools | None = (),
        overrides: Mapping[str, Any] | None = None,
        key: str | None = None,
        new_key: Callable[[], str] = new_key,
        clock: Clock | None = None,
        sleep: Sleep | None = None,
        observe: Callable[[LogEntry], object] | None = None,
        **options: Unpack[OptionKeywords],
    ) -> None:
        drive = Drive(
            thread_id,
            assistant_id,
            run_id=run_id,
            key=key,
            new_key=new_key,
            overrides=overrides,
            options=Options(**options),
            answers_calls=tools is not None,
        )
        super().__init__(drive, clock=clock, sleep=sleep, observe=observe)
        self._backend = backend
        self._tools = toolbox(tools or (), raises=drive.options.on_tool_error == "raise", asynchronous=False)
        self._woken = Event()

    def run(self) -> Outcome:
        """Drive the run to its end, and say how it ended.

        :raises RejectedError: when the service refuses the creation, or the outputs; the run, if there
            is one, has been cancelled.
        :raises Exception: what a tool raised, with ``on_tool_error="raise"``; likewise.
        """
        try:
            while not isinstance(action := self._next(), Done | Fail):
                if isinstance(action, Dispatch):
                    self._dispatch(action.calls)
                elif (wait := action.at - self._clock.now()) > 0:
                    self._pause(wait)
                else:
                    self._perform(action)
        except BaseException:
            with suppress(Exception):  # what ended the drive is what the caller has to hear
                while (last := self._parting()) is not None:
                    self._perform(last)
            raise
        if isinstance(action, Fail):
            raise action.error
        return action.outcome

    def _perform(self, action: Call) -> None:
        self._tell(self._drive.sent, action)
        try:
            answer = call_backend(self._backend, self._drive, action)
        except FAILURES as error:
            self._tell(self._drive.failed, error)
        else:
            self._tell(self._drive.answered, answer)

    def _dispatch(self, calls: Sequence[ToolCall]) -> None:
        try:
            outputs = {call.id: self._tools.run(call) for call in calls}
        except Exception as error:  # noqa: BLE001  # the caller gets it, once the run is cancelled
            self._tell(self._drive.tool_failed, error)
        else:
            self._tell(self._drive.ran_tools, outputs)

    def _pause(self, seconds: float) -> None:
        if self._sleep is not None:
            self._sleep(seconds)
        else:
            self._woken.wait(seconds)
            self._woken.clear()

    def _wake(self) -> None:
        self._woken.set()


def drive(
    backend: Backend,
    thread_id: str,
    assistant_id: str,
    **keywords: Unpack[CreateKeywords[Sleep]],
) -> Outcome:
    """Create a run and drive it to its end: see :class:`Driver`, which takes the same arguments.

    :returns: how it ended; ``match`` on it.
    :raises RejectedError: when the service refuses the creation, or the outputs.
    """
    return Driver(backend, thread_id, assistant_id, **keywords).run()


def attach(
    backend: Backend,
    thread_id: str,
    run_id: str,
    **keywords: Unpack[WatchKeywords[Sleep]],
) -> Outcome:
    """Drive a run that exists to its end: see :func:`drive`.

    :raises RejectedError: when there is no such run.
    """
    return Driver(backend, thread_id, run_id=run_id, **keywords).run()
