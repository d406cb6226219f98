"""Hands over to Hypothesis: stories drawn from all there are, and shrunk by what drew them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import FlakyFailure

from runlife_adapters.testing.verify.strategies import stories

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.testing.verify.plan import Plan, Proof
    from runlife_adapters.testing.verify.play import Played
    from runlife_adapters.testing.verify.story import Story

__all__ = ["draw"]

_TOOLS = 3


class _FoundError(Exception):
    """A story in which the service fails."""


def draw(play: Callable[[Story], Played], plan: Plan, proof: Proof) -> Played | None:
    """Play stories that Hypothesis draws; return the smallest that failed, if one did.

    The same stories are drawn every time. Nothing is kept between sessions, and the phase that explains is
    left out: it traces every line, and knows less of a story than the report says.
    """
    smallest: list[Played] = []

    @settings(
        max_examples=plan.random,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
    )
    @given(stories(ttl=plan.setting.ttl, tools=_TOOLS if plan.setting.functions else 0, menu=plan.menu))
    def try_one(story: Story) -> None:
        played = play(story)
        if not smallest:
            proof.random += 1
            proof.add(played)
        if played.failure is not None:
            smallest.append(played)
            raise _FoundError

    try:
        try_one()
    except (_FoundError, FlakyFailure):  # the latter for a service that leaves something to chance
        return smallest[-1]
    return None
