"""Plays a story to a service: one trial, on virtual time, from its beginning to its judgement."""

from __future__ import annotations

import asyncio
import inspect
import random
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from runlife import MisuseError, VirtualClock
from runlife_adapters.testing.verify.judge import Failure, grouped, judge
from runlife_adapters.testing.verify.trial import Trial
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
    :raises MisuseError: when it makes its calls from several threads.
    """
    state = random.getstate()
    random.seed(0)  # the SDK draws from it how long it waits between two attempts
    try:
        perform = _play_async if inspect.iscoroutinefunction(test) else _play_sync
        trial, error = perform(test, story, setting)
    finally:
        random.setstate(state)
    if trial.wire.misuse is not None:
        raise MisuseError(trial.wire.misuse)
    return Played(trial, judge(trial, error), error)


def _play_async(
    test: Callable[[Trial], Any], story: Story, setting: Setting
) -> tuple[Trial, BaseException | None]:
    trials: list[Trial] = []

    async def main() -> None:
        trial = Trial(story, setting, LoopClock(asyncio.get_running_loop()))
        trials.append(trial)
        await trial.perform(test)

    try:
        run(main(), budget=setting.budget, wall=setting.wall_clock)
    except (Deadlock, TimeBudgetExceeded) as stop:
        trials[0].stuck = stop.picture
    except BaseException as raised:
        if not trials or _is_not_of_the_service(raised):
            raise
        return trials[0], raised
    return trials[0], None


def _play_sync(
    test: Callable[[Trial], Any], story: Story, setting: Setting
) -> tuple[Trial, BaseException | None]:
    clock = VirtualClock(EPOCH)
    trial = Trial(story, setting, clock)
    try:
        with SyncTime(clock, lambda _now: trial.tick()):
            trial.perform_sync(test)
    except (Deadlock, TimeBudgetExceeded) as stop:
        trial.stuck = getattr(stop, "picture", "")
    except BaseException as raised:
        if _is_not_of_the_service(raised):
            raise
        return trial, raised
    return trial, None


def _is_not_of_the_service(error: BaseException) -> bool:
    """Say whether an error is not to be judged: whoever presses Ctrl-C means the verifier."""
    if inside := grouped(error):
        return any(map(_is_not_of_the_service, inside))
    return isinstance(error, KeyboardInterrupt | GeneratorExit | Fenced)
