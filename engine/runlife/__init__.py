"""The lifecycle of an OpenAI Run as an explicit state machine.

Pure: no clock, no randomness, no logging, no I/O. Time is a parameter, ``now``, in unix seconds.

>>> from runlife import Run, ToolCall, ToolOutput
>>> run = Run.create(id="run_1", now=0)
>>> run.apply("start", now=1).target
<RunStatus.IN_PROGRESS: 'in_progress'>
>>> refusal = run.attempt("submit_tool_outputs", now=2, tool_outputs=[])
>>> refusal.ok, refusal.legal
(False, ('require_action', 'complete', 'cut_short', 'fail', 'cancel'))
>>> run.handle_timeout(now=700)[0].at
600.0
"""

from runlife.clock import Clock, VirtualClock
from runlife.diagnostics import Diagnostic, Severity
from runlife.errors import (
    DefinitionError,
    GuardError,
    HistoryError,
    IllegalEventError,
    MisuseError,
    PayloadError,
    RefusedError,
    RunExpiredError,
    RunlifeError,
    RunTerminalError,
    ServerError,
    TimeError,
    TraceError,
    UnknownEventError,
    WorldError,
)
from runlife.facts import Fact, entity
from runlife.history import Journal
from runlife.instance import Instance
from runlife.lifecycle import FieldState, Lifecycle
from runlife.outcome import Expired, Illegal, Outcome, Record, Refusal, Refused, Terminal
from runlife.policy import Policy
from runlife.rows import Argument, Cause, Effect, Evidence, Given, Guard, Transition, at, on
from runlife.run import Message, Run, RunStep
from runlife.table import MESSAGE, RUN, RUN_STEP, MessageStatus, RunStatus, RunStepStatus
from runlife.trace import TraceChecker, UnlawfulError, explain
from runlife.values import (
    IncompleteDetails,
    LastError,
    RequiredAction,
    ToolCall,
    ToolOutput,
    Usage,
)

__all__ = [
    "MESSAGE",
    "RUN",
    "RUN_STEP",
    "Argument",
    "Cause",
    "Clock",
    "DefinitionError",
    "Diagnostic",
    "Effect",
    "Evidence",
    "Expired",
    "Fact",
    "FieldState",
    "Given",
    "Guard",
    "GuardError",
    "HistoryError",
    "Illegal",
    "IllegalEventError",
    "IncompleteDetails",
    "Instance",
    "Journal",
    "LastError",
    "Lifecycle",
    "Message",
    "MessageStatus",
    "MisuseError",
    "Outcome",
    "PayloadError",
    "Policy",
    "Record",
    "Refusal",
    "Refused",
    "RefusedError",
    "RequiredAction",
    "Run",
    "RunExpiredError",
    "RunStatus",
    "RunStep",
    "RunStepStatus",
    "RunTerminalError",
    "RunlifeError",
    "ServerError",
    "Severity",
    "Terminal",
    "TimeError",
    "ToolCall",
    "ToolOutput",
    "TraceChecker",
    "TraceError",
    "Transition",
    "UnknownEventError",
    "UnlawfulError",
    "Usage",
    "VirtualClock",
    "WorldError",
    "at",
    "entity",
    "explain",
    "on",
]
