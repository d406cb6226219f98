"""Every error the project raises, in one tree that says whose fault it is.

::

    RunlifeError
    ├── MisuseError               you misused it: the call can be corrected
    │   ├── DefinitionError       a lifecycle's table has a defect
    │   ├── UnknownEventError     no row of the table has this event
    │   ├── PayloadError          an event's argument is missing, unexpected or ill-typed
    │   ├── TimeError             not a time, time ran backwards, or a deadline in the past
    │   ├── HistoryError          a journal or snapshot cannot be read, or does not replay
    │   ├── PropertyError         a claim about a model is wrong (runlife.explore)
    │   └── RefusedError          the lifecycle does not allow it now: see ``.refusal``
    │       ├── IllegalEventError     no row leads from this status by this event
    │       ├── GuardError            a row exists, but its guard said no
    │       ├── RunExpiredError       time ended the run before the event came
    │       └── RunTerminalError      the run has already ended
    ├── ServerError               the server broke the lifecycle
    │   └── TraceError            what was observed fits no lawful history
    │       └── UnlawfulError         ... with what was believed, and why it does not fit
    └── WorldError                the world failed: network, outage, or out of time

The adapters and the diagrams add leaves of their own where they raise them, never branches.
A refusal is also a :class:`transitions.MachineError`, so that code written for that library keeps
catching it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transitions import MachineError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife.diagnostics import Diagnostic
    from runlife.outcome import Refusal

__all__ = [
    "DefinitionError",
    "GuardError",
    "HistoryError",
    "IllegalEventError",
    "MisuseError",
    "PayloadError",
    "RefusedError",
    "RunExpiredError",
    "RunTerminalError",
    "RunlifeError",
    "ServerError",
    "TimeError",
    "TraceError",
    "UnknownEventError",
    "WorldError",
]


class RunlifeError(Exception):
    """The root of all errors of this project. Never raised itself."""


class MisuseError(RunlifeError):
    """You misused the library: nothing has changed, and the call can be corrected."""


class DefinitionError(MisuseError):
    """A lifecycle's table has a defect; ``diagnostics`` lists every one that was found."""

    def __init__(self, name: str, diagnostics: Iterable[Diagnostic]) -> None:
        self.name = name
        self.diagnostics = tuple(diagnostics)
        found = "\n".join(f"  {diagnostic}" for diagnostic in self.diagnostics)
        super().__init__(f"the lifecycle {name!r} cannot be built:\n{found}")


class UnknownEventError(MisuseError):
    """No row of the table has this event; ``known`` lists the events there are."""

    def __init__(self, event: object, known: Iterable[str]) -> None:
        self.event = event
        self.known = tuple(known)
        super().__init__(f"unknown event {event!r}; the events are: {', '.join(self.known)}")


class PayloadError(MisuseError):
    """An event's argument is missing, unexpected or ill-typed; ``argument`` names it."""

    def __init__(self, event: str, argument: str, problem: str) -> None:
        self.event = event
        self.argument = argument
        super().__init__(f"event {event!r}, argument {argument!r}: {problem}")


class TimeError(MisuseError):
    """A time that cannot be: not a finite number, earlier than the last record, or already past."""


class HistoryError(MisuseError):
    """A journal or a snapshot cannot be read, was edited, or does not replay to what it claims."""


class RefusedError(MisuseError):
    """The lifecycle does not allow the event now. ``refusal`` is the same answer as a value."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.message)


# `MachineError.__init__` stores the text as `.value`; these classes take its place in the tree.
class _MachineCompatibleError(RefusedError, MachineError):
    def __init__(self, refusal: Refusal) -> None:
        RefusedError.__init__(self, refusal)
        self.value = refusal.message

    def __str__(self) -> str:
        return self.refusal.message


class IllegalEventError(_MachineCompatibleError):
    """No row leads from the current status by this event."""


class GuardError(_MachineCompatibleError):
    """A row exists for this event and status, but its guard said no."""


class RunExpiredError(_MachineCompatibleError):
    """Time ended the run before the event came."""


class RunTerminalError(_MachineCompatibleError):
    """The run has already ended; a terminal status has no exits."""


class ServerError(RunlifeError):
    """The server broke the lifecycle, or its own contract."""


class TraceError(ServerError):
    """What was observed fits no lawful history."""


class WorldError(RunlifeError):
    """The world failed: the network, an outage, or the time one was willing to wait."""
