"""Tries every story with so many deviations: deterministic, in order, each once.

Theory of operation. Each trial tells its *places* in order: the points at which its story could have said
something. What a trial did before a place does not depend on what stands there or later, so a story and the
one with a further deviation at a later place are the same up to that place. So every story with k+1
deviations is a story with k of them and one more, behind the last; going through the places behind the last
deviation of each story, and through the menu at each, reaches every story exactly once. This is the search
of deviation-bounded scheduling: complete up to the bound, as to the menu.

Stories come by their number of deviations, so the first failure has as few as any has.

That a service is the same up to a deviation is what all this rests on, so it is checked in every trial.

**Pruning.** A poll that shows nothing new is no place, but for the first of a run: to a service that decides
by what it sees and by the time, a lost poll among many is one poll less. A service that counts its polls may
care; ``prune=False`` makes each poll a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from runlife_adapters.testing.verify.judge import Failure, FailureKind
from runlife_adapters.testing.verify.places import CallPlace, Place, VisitPlace
from runlife_adapters.testing.verify.story import Story

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runlife_adapters.testing.verify.menu import Menu
    from runlife_adapters.testing.verify.play import Played

__all__ = ["Node", "search"]

_MOVE, _OTHER, _EARLY, _NET = range(4)
"""What can be otherwise at one place, in the order in which it takes effect."""


@frozen
class Node:
    """A story, and from where on more deviations may follow: the place, and what can be otherwise there."""

    story: Story
    since: tuple[int, int] = field(default=(0, 0))
    before: Sequence[Place] = field(default=(), repr=False)
    """The places of the story that it has one deviation more than."""


def search(
    play: Callable[[Story], Played], menu: Menu, deviations: int, *, prune: bool = True
) -> Iterator[Played]:
    """Play every story with at most so many deviations; yield each trial as it is over."""
    level = [Node(Story())]
    for depth in range(deviations + 1):
        following: list[Node] = []
        for node in level:
            played = play(node.story)
            if played.failure is None and (parted := _parted(node, played)) is not None:
                played = evolve(played, failure=parted)
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
                yield Node(story, (index, kind + 1), places)


def _parted(node: Node, played: Played) -> Failure | None:
    """Return the failure of a service that did otherwise before anything was otherwise; mostly None."""
    index, _ = node.since
    mine, other = played.trial.wire.places[:index], node.before[:index]
    if mine == list(other):
        return None
    pairs = zip(mine, other, strict=False)
    same = next((at for at, (one, two) in enumerate(pairs) if one != two), min(len(mine), len(other)))
    calls = [place.number for place in other[: same + 1] if isinstance(place, CallPlace)]
    return Failure(
        kind=FailureKind.FLAKY,
        says=(
            f"at call {calls[-1] if calls else 1} the service did otherwise than in another trial, which is "
            "the same up to there: it keeps something from trial to trial, or leaves something to chance"
        ),
    )


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
