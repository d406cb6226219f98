"""Plays the stories: the fake over loopback HTTP, the official client, the driver."""

from __future__ import annotations

import time
import warnings
from math import ceil
from typing import TYPE_CHECKING, Any

import openai

from runlife import RUN, RunStatus, VirtualClock
from runlife_adapters.cli.demo import shop
from runlife_adapters.cli.demo.shop import ASSISTANT, Clerk
from runlife_adapters.cli.demo.stories import STORIES, Story
from runlife_adapters.cli.demo.timeline import check, timeline
from runlife_adapters.drive import Completed, Driver, LogEntry, Observed, Outcome, Sent
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.server import serve
from runlife_adapters.memory import World
from runlife_adapters.openai import OpenAIBackend
from runlife_diagrams import highlight

if TYPE_CHECKING:
    from pathlib import Path

    from runlife_adapters.cli.demo.screen import Screen

__all__ = ["play"]

BORN = 1_700_000_000.0
"""The moment at which the demo's clock starts; any would do."""


def play(screen: Screen, out: Path) -> bool:
    """Play all stories, write their pictures into ``out``, and return whether all ended as they must."""
    began = time.perf_counter()
    world = World(VirtualClock(BORN), model=Clerk())
    out.mkdir(parents=True, exist_ok=True)
    endings: list[str] = []
    with serve(create_app(world)) as server:
        client = openai.OpenAI(base_url=server.url, api_key="demo")
        screen.text("intro", url=server.url, version=openai.__version__)
        for number, story in enumerate(STORIES, start=1):
            screen.heading(story.name)
            screen.speech("user", story.says, story.gloss)
            outcome = tell(story, world, client, screen)
            lines = timeline(outcome.log)
            screen.timeline(lines)
            if isinstance(outcome, Completed):
                screen.speech("assistant", outcome.text or "")
            seen = check(outcome.log)
            calls = sum(isinstance(entry, Sent) for entry in outcome.log)
            samples = sum(isinstance(entry, Observed) for entry in outcome.log)
            screen.text("legal", style="green", samples=samples, calls=calls)
            picture = out / f"{number}-{story.name}.svg"
            picture.write_text(highlight(RUN, [row for line in lines for row in line.rows]), encoding="utf-8")
            screen.text("picture", file=picture)
            if seen.statuses != (story.ending,):
                ended = ", ".join(seen.statuses)
                screen.text("wrong", story=story.name, ended=ended, expected=story.ending, outcome=outcome)
                return False
            endings.append(story.ending.value)
    took = time.perf_counter() - began
    screen.text("ended", endings=", ".join(endings), virtual=world.clock.now() - BORN, real=took)
    return True


def tell(story: Story, world: World, client: openai.OpenAI, screen: Screen) -> Outcome:
    """Drive one run over the wire to its end, and return how it ended."""
    world.advance(ceil(world.clock.now()) - world.clock.now())  # the wire tells whole seconds
    world.script(story.schedule)
    with warnings.catch_warnings():
        # OpenAI marks the whole surface as deprecated; others still serve it, and so do we.
        warnings.simplefilter("ignore", DeprecationWarning)
        assistant = client.beta.assistants.create(**ASSISTANT)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
        said: Any = [{"role": "user", "content": story.says}]
        thread = client.beta.threads.create(messages=said)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]

    def calculate_order_total(items: list[shop.Item]) -> shop.Total:
        total = shop.calculate_order_total(items)
        screen.call("calculate_order_total", items, total)
        return total

    def watch(entry: LogEntry) -> None:
        seen = entry.view.status if isinstance(entry, Observed) else None
        if story.client == "cancels" and seen == RunStatus.IN_PROGRESS:
            driver.cancel()

    driver = Driver(
        OpenAIBackend(client),
        thread.id,
        assistant.id,
        tools=None if story.client == "leaves" else [calculate_order_total],
        clock=world.clock,
        sleep=world.advance,
        observe=watch,
    )
    return driver.run()
