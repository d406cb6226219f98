"""Paths through a lifecycle, generated from its table; timers are edges that may fire at any moment.

:mod:`~runlife.paths.ways` finds them, :mod:`~runlife.paths.suites` chooses few that cover much, and
:mod:`~runlife.paths.walking` walks one on a real instance. Who walks step by step has a
:mod:`~runlife.paths.guide`; what paths leave open, guards and deadlines from both sides, is listed by
:mod:`~runlife.paths.conditions`.

>>> from runlife import RUN, Run
>>> from runlife.paths import suite, walk
>>> pairs = suite(RUN, "edge-pair")
>>> len(pairs), pairs[0].id
(24, 'queued>in_progress>requires_action>queued>in_progress>cancelling>cancelled')
>>> walk(pairs[0], Run).status
<RunStatus.CANCELLED: 'cancelled'>
"""

from runlife.paths.conditions import Boundary, GuardRow, boundaries, guard_rows
from runlife.paths.guide import Guide
from runlife.paths.suites import Coverage, Criterion, Tally, cover, coverage, requirements, suite, tour
from runlife.paths.walking import Payloads, lawful_payload, walk
from runlife.paths.ways import (
    Path,
    Rows,
    illegal_events,
    n_switch,
    prime_paths,
    shortest_paths,
    shortest_ways,
    simple_paths,
)

__all__ = [
    "Boundary",
    "Coverage",
    "Criterion",
    "GuardRow",
    "Guide",
    "Path",
    "Payloads",
    "Rows",
    "Tally",
    "boundaries",
    "cover",
    "coverage",
    "guard_rows",
    "illegal_events",
    "lawful_payload",
    "n_switch",
    "prime_paths",
    "requirements",
    "shortest_paths",
    "shortest_ways",
    "simple_paths",
    "suite",
    "tour",
    "walk",
]
