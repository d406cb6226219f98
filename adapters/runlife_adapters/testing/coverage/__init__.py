"""What of the lifecycle a test session has exercised, and what it has not.

A :class:`LifecycleCoverage` is told of everything that happens in a World, and of every call that its
service answers. Then it says what was never tried: transitions, pairs of them, guards that always held or
never did, calls that were never illegal, faults that never struck.

>>> from runlife import VirtualClock
>>> from runlife_adapters.memory import World
>>> world = World(VirtualClock(1_700_000_000))
>>> seen = LifecycleCoverage()
>>> stop = seen.watch(world)
>>> thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}])
>>> run = world.create_run(thread.id, assistant_id=world.create_assistant(model="gpt-4o").id)
>>> now = world.advance(5)
>>> seen.line("edge").covered[:2]
('nothing -create-> queued', 'queued -start-> in_progress')
>>> "queued -cancel-> cancelling" in seen.line("edge").unreachable
True
>>> [str(shortfall) for shortfall in requirements("edge=100").check(seen)]
['edge: 3 of 10 (30.0 %) are covered, 100 % are required']
"""

from runlife_adapters.testing.coverage.collector import LifecycleCoverage
from runlife_adapters.testing.coverage.inventory import METRICS, Item, Metric, items
from runlife_adapters.testing.coverage.report import Line, Requirement, Requirements, Shortfall, requirements

__all__ = [
    "METRICS",
    "Item",
    "LifecycleCoverage",
    "Line",
    "Metric",
    "Requirement",
    "Requirements",
    "Shortfall",
    "items",
    "requirements",
]
