"""``RunMachine``: the table behind the vocabulary of ``transitions``.

For services that want callbacks. A :class:`RunMachine` is a :class:`transitions.Machine`, an
:class:`AsyncRunMachine` a :class:`transitions.extensions.asyncio.AsyncMachine`, and a
:class:`GraphRunMachine` (or :class:`AsyncGraphRunMachine`) a
:class:`transitions.extensions.GraphMachine`, over any lifecycle::

    machine = RunMachine(after_state_change=save, on_final=notify, send_event=True)
    machine.on_enter_requires_action(call_tools)
    run = machine.create(id="run_1", now=0)
    run.start(now=1)

Theory of operation
-------------------
transitions names the places where code may be hung in; the engine decides and changes. A machine
makes *one* slotted subclass of its model, with the triggers on the class. Making a run costs what it
costs without a machine, and no run is registered anywhere. A trigger goes one of two ways:

* *straight to the engine* where no callback applies to this event in this status. The machine finds
  out to which callbacks apply whenever a callback list changes (:meth:`RunMachine.changed`), so that
  a trigger hardly asks;
* *through a course* (:mod:`runlife.machine.course`) otherwise: a generator that yields the callback
  lists in their order and, between two of them, has the engine make the change. The sync and the
  async machine drive the same generator, so that there is one order.

The order is that of transitions: ``prepare_event``, ``prepare``, the guard, ``before_state_change``,
``before``, ``on_exit``, *the change*, ``on_enter``, ``on_final``, ``after``, ``after_state_change``;
when something raises, ``on_exception``; at the very end, always, ``finalize_event``. A string names
an attribute of the run, or an importable function. Callbacks are called with the trigger's keyword
arguments, ``now`` among them, or with ``send_event`` with one :class:`RunEventData`.

What callbacks may count on
---------------------------
* Before the change, nothing has happened: a callback that raises leaves the run as it is. (A deadline
  stands, too: the next look at the run takes its row again, callbacks and all.)
* After the change, it has happened: the journal has the record, whatever a callback raises. The
  error reaches the caller of the trigger all the same.
* A callback may trigger events. They run at once and whole, as in a transitions machine without a
  queue. If the run changes before the change that is under way, because a callback triggers an event
  or, in an async machine, another task does, then the engine decides again: the event starts over
  from the new status (without a second ``prepare_event``), or is refused there. Never is a row taken
  whose status was left. Events triggered after the change find the run changed.
* Time comes first, as always in the engine. A trigger takes the timer rows that are due by then,
  each with its own callbacks and with ``now`` being the moment it fell due; so does
  ``run.handle_timeout(now)``. Before the change of a timer row, a callback cannot trigger an event
  at a time when the row is due: it comes too late to go first, and is refused as misuse.
* ``create``, ``restore`` and ``replay`` run no callbacks: entering the first status is no
  transition, and history has already happened.

Where it differs from transitions
---------------------------------
Each difference is one of its traps designed away, or a consequence of there being one table.

* A trigger answers the row that was taken (true, where transitions says ``True``) or raises. There is
  no ``False``: a guard that says no is a :class:`~runlife.errors.GuardError`, and
  ``ignore_invalid_triggers`` is not on offer. Whoever wants a value calls ``run.attempt(event, ...)``.
* ``on_exception`` is told of the error and does not swallow it: what was refused or failed is raised.
  An error in ``finalize_event`` is raised too, not logged.
* ``may_<event>()`` is pure: it runs no callbacks. Without the arguments that the guard needs, it
  answers for the status alone.
* The machine is closed. No models are added, no states, transitions or conditions; nothing sets a
  status; there are no ``to_<state>`` jumps and there is no queue that runs share.
* Timer rows have callbacks but no trigger: nobody sends them. No thread waits for them either.
* Callbacks of an async machine are awaited one after the other, not gathered; a task that triggers
  an event does not cancel another one that is under way on the same run; a cancellation is raised.

``run.apply`` and ``run.attempt`` run callbacks like any trigger. A run is not locked: whoever shares
one between threads holds a lock, as with every instance.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from runlife.machine.callbacks import Callback, CallbacksArg, RunEventData, RunState, RunTransition
from runlife.machine.machine import RunMachine
from runlife.machine.triggers import AsyncMachineRun, AsyncRunTriggers, MachineRun, RunTriggers

if TYPE_CHECKING:
    from runlife.machine.asynchronous import AsyncRunMachine
    from runlife.machine.graph import AsyncGraphRunMachine, GraphRunMachine

__all__ = [
    "AsyncGraphRunMachine",
    "AsyncMachineRun",
    "AsyncRunMachine",
    "AsyncRunTriggers",
    "Callback",
    "CallbacksArg",
    "GraphRunMachine",
    "MachineRun",
    "RunEventData",
    "RunMachine",
    "RunState",
    "RunTransition",
    "RunTriggers",
]


_LAZY = {
    "AsyncRunMachine": "asynchronous",
    "AsyncGraphRunMachine": "graph",
    "GraphRunMachine": "graph",
}
"""The machines whose base in transitions brings asyncio and all else it has, by the module they are in."""


def __getattr__(name: str) -> object:
    """Import a machine of :data:`_LAZY` when it is asked for."""
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
