"""Tries every story with so many deviations: deterministic, in order, each once.

Theory of operation. Each trial tells its *places* in order: the points at which its story could have said
something. What a trial did before a place does not depend on what stands there or later, so a story and the
one with a further deviation at a later place are the same up to that place. So every story with k+1
deviations is a story with k of them and one more, behind the last; going through the places behind the last
deviation of each story, and through the menu at each, reaches every story exactly once. This is the search
of deviation-bounded scheduling: complete up to the bound, as to the menu.

Stories come by their number of deviations, so the first failure has as few as any has.

**Pruning.** A poll that shows nothing new is no place: to a service that decides by what it sees and by the
time, a lost poll among many is one poll less. A service that counts its polls may care; ``prune=False``
makes each poll a place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from runlife_adapters.testing.verify.story import Story
from runlife_adapters.testing.verify.wire import VisitPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runlife_adapters.testing.verify.menu import Menu
    from runlife_adapters.testing.verify.play import Played
    from runlife_adapters.testing.verify.wire import Place

__all__ = ["Node", "search"]

_MOVE, _OTHER, _EARLY, _NET = range(4)
"""What can be otherwise at one place, in the order in which it takes effect."""


@frozen
class Node:
    """A story, and from where on more deviations may follow: the place, and what can be otherwise there."""

    story: Story
    since: tuple[int, int] = field(default=(0, 0))


def search(
    play: Callable[[Story], Played], menu: Menu, deviations: int, *, prune: bool = True
) -> Iterator[Played]:
    """Play every story with at most so many deviations; yield each trial as it is over."""
    level = [Node(Story())]
    for depth in range(deviations + 1):
        following: list[Node] = []
        for node in level:
            played = play(node.story)
            yield played
            if depth < deviations and played.failure is None:
                following.extend(_further(node, played, menu, prune=prune))
        level = following


def _further(node: Node, played: Played, menu: Menu, *, prune: bool) -> Iterator[Node]:
    """Give the stories with one more deviation, behind those that there are."""
    places = played.trial.wire.places
    for index in range(node.since[0], len(places)):
        for kind, story in _otherwise(node.story, places[index], played, menu, prune=prune):
            if (index, kind) >= node.since:
                yield Node(story, (index, kind + 1))


def _otherwise(
    story: Story, place: Place, played: Played, menu: Menu, *, prune: bool
) -> Iterator[tuple[int, Story]]:
    """Give what may be otherwise at a place, in the order in which it takes effect."""
    if isinstance(place, VisitPlace):
        functions = played.trial.has_functions(place.run)
        for after in menu.moves(place.status, functions=functions):
            yield _MOVE, story.with_move(place.run, place.status, place.visit, after)
        return
    if prune and place.idle:
        return
    for act in place.acts:
        if act in menu.others:
            yield _OTHER, story.with_other(place.number, act)
    if menu.ties and place.tie:
        yield _EARLY, story.with_early(place.number)
    for net in menu.net(reads=place.reads, streams=place.streams):
        yield _NET, story.with_net(place.number, net)
