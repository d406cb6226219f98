"""Plays a story to a service: one trial, on virtual time, from its beginning to its judgement."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from runlife import VirtualClock
from runlife_adapters.testing.verify.judge import Failure, judge
from runlife_adapters.testing.verify.trial import Trial
from runlife_adapters.testing.verify.wire import StuckError
from runlife_adapters.testing.virtual import (
    Deadlock,
    Fenced,
    LoopClock,
    SyncTime,
    TimeBudgetExceeded,
    run,
)
from runlife_adapters.testing.virtual.clock import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.testing.verify.story import Story
    from runlife_adapters.testing.verify.trial import Setting

__all__ = ["Played", "play"]


_RAISED = (Exception, StuckError, asyncio.CancelledError, SystemExit)
"""What may come out of a service; whoever presses Ctrl-C means the verifier."""


@frozen
class Played:
    """A trial that is over."""

    trial: Trial = field(repr=False)
    failure: Failure | None
    error: BaseException | None = field(default=None, repr=False)
    """What the service raised, also when that is no failure."""

    @property
    def story(self) -> Story:
        """What it met."""
        return self.trial.story


def play(test: Callable[[Trial], Any], story: Story, setting: Setting) -> Played:
    """Let a service meet a story, and judge what it did.

    :param test: is given the :class:`~runlife_adapters.testing.verify.trial.Trial`; a coroutine function, or
        a function that blocks.
    :raises Fenced: when the service uses a real socket or a process.
    """
    if inspect.iscoroutinefunction(test):
        return _play_async(test, story, setting)
    return _play_sync(test, story, setting)


def _play_async(test: Callable[[Trial], Any], story: Story, setting: Setting) -> Played:
    trials: list[Trial] = []

    async def main() -> None:
        trial = Trial(story, setting, LoopClock(asyncio.get_running_loop()))
        trials.append(trial)
        await trial.perform(test)

    error: BaseException | None = None
    try:
        run(main(), budget=setting.budget, wall=setting.wall_clock)
    except (Deadlock, TimeBudgetExceeded) as stop:
        trials[0].stuck = stop.picture
    except Fenced:
        raise
    except _RAISED as raised:
        if not trials:
            raise
        error = raised
    return Played(trials[0], judge(trials[0], error), error)


def _play_sync(test: Callable[[Trial], Any], story: Story, setting: Setting) -> Played:
    clock = VirtualClock(EPOCH)
    trial = Trial(story, setting, clock)
    error: BaseException | None = None
    try:
        with SyncTime(clock, lambda _now: trial.tick()):
            trial.perform_sync(test)
    except _RAISED as raised:
        error = raised
    return Played(trial, judge(trial, error), error)
