"""Traces: recordings of exchanges with a service, and whether they are lawful.

:func:`read` reads a recording in any of several formats, :func:`check` says of each run and each response in
it whether a lawful history explains what was seen, :class:`Recorder` writes one from a live client, and
:class:`Observer` checks inside a service, as things happen. Nothing here needs more than the engine::

    from runlife_adapters.traces import check, read

    for verdict in check(read("recording.har")):
        print(verdict.id, verdict.error or "legal")
"""

from runlife_adapters.traces.check import check
from runlife_adapters.traces.exchanges import Event, Exchange, TraceFileError
from runlife_adapters.traces.follow import Passage, Verdict
from runlife_adapters.traces.observer import Observer
from runlife_adapters.traces.reading import read
from runlife_adapters.traces.recorder import Recorder

__all__ = [
    "Event",
    "Exchange",
    "Observer",
    "Passage",
    "Recorder",
    "TraceFileError",
    "Verdict",
    "check",
    "read",
]
