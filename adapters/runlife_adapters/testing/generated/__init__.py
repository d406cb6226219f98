"""Test cases that are generated from the table, for any backend that serves runs.

:func:`cases` makes them: data with readable ids, which a test runner takes one by one::

    @pytest.mark.parametrize("case", cases("edge-pair", "boundary"), ids=str)
    def test_my_backend(case):
        world = World(VirtualClock(1_700_000_000))
        case.run(WorldHarness(MyBackend(world), world))

They ask nothing but a :class:`~runlife_adapters.conformance.Harness`, as the conformance suite does. A
service that cannot be told what to do next has no stage; a case that needs one says so, and is skipped.

>>> from runlife import VirtualClock
>>> from runlife_adapters.memory import World
>>> from runlife_adapters.testing.generated import cases
>>> some = cases("boundary")
>>> len(some), str(some[0])
(40, 'queued at expires_at-1 lives')
>>> some[0].run(World(VirtualClock(1_700_000_000)))

Whoever extends the fake itself walks it in lockstep with the engine:
:mod:`runlife_adapters.testing.generated.machine`, which needs hypothesis.
"""

from runlife_adapters.conformance.generated import (
    CRITERIA,
    Case,
    CaseCriterion,
    NotControllableError,
    cases,
)

__all__ = ["CRITERIA", "Case", "CaseCriterion", "NotControllableError", "cases"]
