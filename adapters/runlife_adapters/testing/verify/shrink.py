"""Makes a story that fails as small as it gets: fewer deviations first, then plainer ones.

A story is data, so this is no art: leave each deviation out, and put the usual number in the place of each
odd one, as long as the failure remains. What must remain is the sort of the failure, or one would end up
with another story's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from runlife import RunStatus
from runlife_adapters.memory import NEVER, After, Net
from runlife_adapters.memory.schedule import USUAL_DELAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runlife_adapters.testing.verify.play import Played
    from runlife_adapters.testing.verify.story import Story

__all__ = ["shrink"]

_ATTEMPTS = 400
"""Trials that are spent at the most."""


def shrink(play: Callable[[Story], Played], failed: Played) -> Played:
    """Return the smallest trial that can be reached from one that failed, and fails in the same way."""
    seen = {repr(failed.story)}
    best = failed
    progress = True
    while progress:
        progress = False
        for story in (*best.story.milder(), *_plainer(best.story)):
            if repr(story) in seen or len(seen) > _ATTEMPTS:
                continue
            seen.add(repr(story))
            played = play(story)
            if _same(played, failed):
                best, progress = played, True
                break
    return best


def _same(played: Played, failed: Played) -> bool:
    if played.failure is None or failed.failure is None:
        return False
    return played.failure.sort == failed.failure.sort


def _plainer(story: Story) -> Iterator[Story]:
    """Give the stories that differ in one number, which is a rounder one."""
    for run, schedule in enumerate(story.runs):
        for status in RunStatus:
            entries: tuple[After, ...] = getattr(schedule, status.value, ())
            for visit, after in enumerate(entries):
                for other in _plainer_moves(after):
                    yield story.with_move(run, status, visit, other)
    for call, net in story.net.items():
        for plain in _plainer_nets(net):
            yield story.with_net(call, plain)


def _plainer_moves(after: After) -> Iterator[After]:
    if after.delay not in (USUAL_DELAY, NEVER):
        yield evolve(after, delay=USUAL_DELAY)
        if after.delay != round(after.delay):
            yield evolve(after, delay=float(round(after.delay)))
    if isinstance(after.tools, int) and after.tools > 1:
        yield evolve(after, tools=1)


def _plainer_nets(net: Net) -> Iterator[Net]:
    if net.seconds != round(net.seconds):
        yield evolve(net, seconds=float(round(net.seconds)))
    if net.kind in ("cut_stream", "stall_stream") and net.events > 1:
        yield evolve(net, events=1)
    if net.kind == "reset_after":
        yield Net("lose_response")
