"""One conformance suite, for every backend that serves runs.

The cases are functions over a :class:`Harness`, which is a backend and the means to set a scene
before it. Most of them are generated from the table: every path of the suite that takes every row,
and every illegal call in every status. Nothing here knows the lifecycle by heart.

``run_conformance(make_harness)`` runs them all and reports; a test runner takes :data:`CASES` one by
one instead. A live service cannot be told what to do: it has no :class:`Stage`, and the cases that
need one are left out, and named.

>>> from runlife import VirtualClock
>>> from runlife_adapters.conformance import WorldHarness, run_conformance
>>> from runlife_adapters.memory import MemoryBackend, World
>>> def make_harness():
...     world = World(VirtualClock(1_700_000_000))
...     return WorldHarness(MemoryBackend(world), world)
>>> report = run_conformance(make_harness)
>>> report.failed, report.left_out
({}, ())
"""

from runlife_adapters.conformance.blocking import Blocking
from runlife_adapters.conformance.cases import CASES, run_conformance
from runlife_adapters.conformance.harness import (
    Case,
    ConformanceError,
    Harness,
    Report,
    Stage,
    WorldHarness,
)

__all__ = [
    "CASES",
    "Blocking",
    "Case",
    "ConformanceError",
    "Harness",
    "Report",
    "Stage",
    "WorldHarness",
    "run_conformance",
]
