"""Hypothesis strategies of schedules and stories: what a systematic search leaves out.

They draw any number of deviations, any delay up to the life of a run (and the moments around its end, where
off-by-one errors live), and faults at any call. What is drawn is plain data, and shrinks towards the happy
path, as ``Story()`` is the simplest of all::

    @given(stories(ttl=60))
    def test_my_fake(story): ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from runlife import RUN, RunStatus
from runlife_adapters.memory import NEVER, After, Net, Schedule
from runlife_adapters.memory.schedule import USUAL_DELAY, server_events
from runlife_adapters.testing.verify.menu import Menu
from runlife_adapters.testing.verify.story import Story

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["afters", "nets", "schedules", "stories"]

_CALLS = 16
"""Calls at which something may befall: most services have got somewhere by then."""

_VISITS = 3


def delays(ttl: float) -> SearchStrategy[float]:
    """Return seconds that a move of the server may take."""
    edges = [USUAL_DELAY, 0.0, 20.0, ttl - 1, ttl, ttl + 1, NEVER]
    whole = st.integers(0, int(ttl) + 1).map(float)
    return st.sampled_from(edges) | whole | st.floats(0, ttl + 1).map(lambda seconds: round(seconds, 2))


def afters(status: RunStatus, *, ttl: float = 60.0, tools: int = 3) -> SearchStrategy[After]:
    """Return what the server may do in a visit of a status.

    :param tools: how many calls it may make at once, at the most; 0 for a run without functions.
    """

    def of(target: str | None, delay: float, calls: int) -> After:
        if target is None or delay == NEVER:
            return After(delay)
        return (
            After(delay, target, tools=calls) if target == RunStatus.REQUIRES_ACTION else After(delay, target)
        )

    ways = [way for way in server_events(RUN, status) if tools or way != RunStatus.REQUIRES_ACTION]
    return st.builds(of, st.sampled_from([None, *ways]), delays(ttl), st.integers(1, max(tools, 1)))


def schedules(*, ttl: float = 60.0, tools: int = 3) -> SearchStrategy[Schedule]:
    """Return schedules of single runs."""
    speaking = [status for status in RunStatus if status in RUN.live and server_events(RUN, status)]
    lists: dict[str, Any] = {
        status.value: st.lists(afters(status, ttl=ttl, tools=tools), max_size=_VISITS) for status in speaking
    }
    return st.builds(Schedule, **lists)


def nets(menu: Menu | None = None) -> SearchStrategy[Net]:
    """Return what may befall a call."""
    chosen = menu if menu is not None else Menu()
    listed = dict.fromkeys((*chosen.net(reads=False, streams=True), *chosen.net(reads=True, streams=True)))
    late = st.integers(1, 30).map(lambda seconds: Net("delay", seconds=float(seconds)))
    return st.sampled_from([*listed]) | (late if "delay" in chosen.faults else st.nothing())


def stories(*, ttl: float = 60.0, tools: int = 3, menu: Menu | None = None) -> SearchStrategy[Story]:
    """Return whole stories.

    :param ttl: seconds that a run lives.
    :param menu: which faults there may be, what other workers do, and whether ties go either way.
    """
    chosen = menu if menu is not None else Menu()
    calls = st.integers(1, _CALLS)
    none: SearchStrategy[dict[int, Any]] = st.builds(dict[int, Any])
    faults = st.dictionaries(calls, nets(chosen), max_size=3) if chosen.faults else none
    acts = st.dictionaries(calls, st.sampled_from(chosen.others), max_size=1) if chosen.others else none
    early = st.sets(calls, max_size=2 if chosen.ties else 0)
    runs = st.lists(schedules(ttl=ttl, tools=tools), max_size=2)

    def told(runs: list[Schedule], net: Any, others: Any, early: Any) -> Story:
        return Story(*runs, net=net, others=others, early=early)

    return st.builds(told, runs, faults, acts, early)
