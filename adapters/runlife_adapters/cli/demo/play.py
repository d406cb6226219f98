"""Plays the stories on a stage, with the official client and the driver."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import openai

from runlife import RUN, RunStatus, VirtualClock
from runlife_adapters.cli.demo import shop
from runlife_adapters.cli.demo.shop import Clerk
from runlife_adapters.cli.demo.stages import FAKES
from runlife_adapters.cli.demo.stories import STORIES, Story
from runlife_adapters.cli.demo.timeline import check, timeline
from runlife_adapters.drive import Abandoned, Completed, Driver, Ended, LogEntry, Observed, Outcome, Sent
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.server import serve
from runlife_adapters.memory import World
from runlife_diagrams import highlight

if TYPE_CHECKING:
    from pathlib import Path

    from runlife_adapters.cli.demo.screen import Screen
    from runlife_adapters.cli.demo.stages import Api, Cast, Stage

__all__ = ["play", "play_on_fake"]

BORN = 1_700_000_000.0
"""The moment at which the demo's clock starts; any would do."""

LATE = frozenset({RunStatus.COMPLETED, RunStatus.INCOMPLETE})
"""How a run may end as well that is cancelled on a real endpoint: it was faster than the cancel."""


def play_on_fake(screen: Screen, out: Path, *, api: Api) -> bool:
    """Play all stories on a fake that is served on loopback, in virtual time; see :func:`play`."""
    began = time.perf_counter()
    world = World(VirtualClock(BORN), model=Clerk())
    with serve(create_app(world)) as server:
        screen.text("intro", url=server.url, version=openai.__version__, api=screen.say(api))
        if api == "responses":
            screen.text("ours")
        stage = FAKES[api](world, openai.OpenAI(base_url=server.url, api_key="demo"))
        endings = play(stage, screen, out)
    if endings is None:
        return False
    virtual, real = world.clock.now() - BORN, time.perf_counter() - began
    screen.text(
        "ended", endings=", ".join(ended.view.status for ended in endings), virtual=virtual, real=real
    )
    return True


def play(stage: Stage, screen: Screen, out: Path) -> list[Ended] | None:
    """Play all stories, write their pictures into ``out``, and return how their runs ended.

    It stops at the first that ends otherwise than it must, says so, and returns None.
    """
    out.mkdir(parents=True, exist_ok=True)
    endings: list[Ended] = []
    for number, story in enumerate(STORIES, start=1):
        screen.heading(story.name)
        screen.speech("user", story.says, story.gloss)
        outcome = tell(story, stage, screen)
        lines = timeline(outcome.log)
        screen.timeline(lines)
        if isinstance(outcome, Completed):
            screen.speech("assistant", outcome.text or "")
        if isinstance(outcome, Abandoned):
            screen.text("abandoned", story=story.name, why=outcome.why)
            return None
        seen = check(outcome.log)
        calls = sum(isinstance(entry, Sent) for entry in outcome.log)
        samples = sum(isinstance(entry, Observed) for entry in outcome.log)
        screen.text("legal", style="green", samples=samples, calls=calls)
        picture = out / f"{number}-{story.name}.svg"
        rows = [line.row for line in lines if line.row is not None]
        picture.write_text(highlight(RUN, rows), encoding="utf-8")
        screen.text("picture", file=picture)
        late = stage.is_live and story.client == "cancels" and outcome.status in LATE
        if late:
            screen.text("late", ended=outcome.status)
        elif seen.statuses != (story.ending,):
            ended = ", ".join(seen.statuses)
            screen.text("wrong", story=story.name, ended=ended, expected=story.ending, outcome=outcome)
            if stage.is_live and outcome.status is RunStatus.INCOMPLETE:
                screen.text("more_tokens")
            return None
        endings.append(outcome)
    return endings


def tell(story: Story, stage: Stage, screen: Screen) -> Outcome:
    """Drive one run over the wire to its end, and return how it ended."""
    cast = stage.cast(story)

    def calculate_order_total(items: list[shop.Item]) -> shop.Total:
        total = shop.calculate_order_total(items)
        screen.call("calculate_order_total", items, total)
        return total

    def watch(entry: LogEntry) -> None:
        seen = entry.view.status if isinstance(entry, Observed) else None
        if story.client == "cancels" and seen == RunStatus.IN_PROGRESS:
            driver.cancel()

    driver = Driver(
        cast.backend,
        cast.thread_id,
        cast.assistant_id,
        tools=None if story.client == "leaves" else [calculate_order_total],
        overrides=cast.overrides,
        clock=stage.clock,
        sleep=stage.sleep,
        observe=watch,
        patience=stage.patience,
    )
    outcome = driver.run()
    if isinstance(outcome, Abandoned) and driver.run_id is not None:
        _leave_nothing(cast, driver.run_id)
    return outcome


def _leave_nothing(cast: Cast, run_id: str) -> None:
    """Have a run cancelled, as well as one can, that may be alive."""
    with suppress(Exception):  # why it was abandoned is what there is to hear
        cast.backend.cancel_run(cast.thread_id, run_id)
