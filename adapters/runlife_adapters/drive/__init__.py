"""What a service embeds: drives a run to its end, over any backend, without losing one.

    outcome = drive(OpenAIBackend(client), thread_id, assistant_id, tools=[weather], deadline=60)
    match outcome:
        case Completed(text=text):
            print(text)
        case Failed(error=error):
            print("it failed:", error)
        case Abandoned(why=why):
            print("it may still be alive:", why)
        case Cancelled() | Expired() | Incomplete():
            print("it ended", outcome.status)

:class:`Drive` decides, without I/O; :func:`drive`, :func:`attach` and their async twins are thin shells
around it; :class:`Driver` and :class:`AsyncDriver` are handles that can cancel a run in flight.
"""

from runlife_adapters.backend import (
    AsyncBackend,
    Backend,
    RejectedError,
    RunView,
    UnavailableError,
)
from runlife_adapters.clock import SystemClock
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
from runlife_adapters.drive.decision import Drive
from runlife_adapters.drive.ledger import KEY, new_key
from runlife_adapters.drive.options import Backoff, OptionKeywords, Options
from runlife_adapters.drive.outcome import (
    ENDINGS,
    Abandoned,
    Answered,
    Cancelled,
    Completed,
    Ended,
    Expired,
    Failed,
    Incomplete,
    LogEntry,
    Observed,
    Outcome,
    Sent,
)
from runlife_adapters.drive.shell import Driver, attach, drive
from runlife_adapters.drive.shell_async import AsyncDriver, attach_async, drive_async
from runlife_adapters.drive.tools import Tool, ToolError, Tools

__all__ = [
    "ENDINGS",
    "KEY",
    "Abandoned",
    "Action",
    "Answered",
    "AsyncBackend",
    "AsyncDriver",
    "Backend",
    "Backoff",
    "Call",
    "Cancel",
    "Cancelled",
    "Completed",
    "Create",
    "Dispatch",
    "Done",
    "Drive",
    "Driver",
    "Ended",
    "Expired",
    "Fail",
    "Failed",
    "Find",
    "Incomplete",
    "LogEntry",
    "Observed",
    "OptionKeywords",
    "Options",
    "Outcome",
    "Read",
    "RejectedError",
    "Retrieve",
    "RunView",
    "Sent",
    "Submit",
    "SystemClock",
    "Tool",
    "ToolError",
    "Tools",
    "UnavailableError",
    "attach",
    "attach_async",
    "drive",
    "drive_async",
    "new_key",
]
