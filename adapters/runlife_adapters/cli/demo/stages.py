"""Where the stories are played: on the fake, over either of its surfaces, or on a real endpoint.

The driver is the same everywhere, and so is whoever plays. A stage brings the backend, the assistant and
the thread of a story, and the time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

from attrs import evolve, field, frozen

from runlife import Clock
from runlife_adapters.backend import Backend
from runlife_adapters.cli.demo.shop import ASSISTANT
from runlife_adapters.cli.demo.stories import Story
from runlife_adapters.clock import SystemClock
from runlife_adapters.openai import OpenAIBackend
from runlife_adapters.openai.responses import ResponsesBackend

if TYPE_CHECKING:
    import openai

    from runlife_adapters.memory import World

__all__ = ["FAKES", "Api", "Cast", "Stage", "live"]

Api = Literal["assistants", "responses"]

PATIENCE = 30.0
"""Seconds that a real endpoint may give no usable answer."""

FUNCTION: str = ASSISTANT["tools"][0]["function"]["name"]


@frozen
class Cast:
    """What plays one story: the backend, and on it an assistant and a thread with what the user says."""

    backend: Backend
    thread_id: str
    assistant_id: str
    overrides: Mapping[str, Any] = field(factory=dict[str, Any])
    """Further fields of the run's creation."""


@frozen(kw_only=True)
class Stage:
    """Where the stories are played."""

    cast: Callable[[Story], Cast]
    clock: Clock
    sleep: Callable[[float], object] | None = None
    """Waits some seconds of the clock; by default real ones."""
    patience: float = 60.0
    """Seconds that the service may give no usable answer."""
    is_live: bool = False
    """Whether nobody can say how fast the service is."""


def _on(world: World, cast: Callable[[Story], Cast]) -> Stage:
    def prepared(story: Story) -> Cast:
        world.advance(ceil(world.clock.now()) - world.clock.now())  # the wire tells whole seconds
        world.script(story.schedule)
        return cast(story)

    return Stage(cast=prepared, clock=world.clock, sleep=world.advance)


def _assistants(world: World, client: openai.OpenAI) -> Stage:
    def cast(story: Story) -> Cast:
        with warnings.catch_warnings():
            # OpenAI marks the whole surface as deprecated; others still serve it, and so do we.
            warnings.simplefilter("ignore", DeprecationWarning)
            assistant = client.beta.assistants.create(**ASSISTANT)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
            said: Any = [{"role": "user", "content": story.says}]
            thread = client.beta.threads.create(messages=said)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
        return Cast(OpenAIBackend(client), thread.id, assistant.id)

    return _on(world, cast)


def _responses(world: World, client: openai.OpenAI) -> Stage:
    backend = ResponsesBackend(client, clock=world.clock)
    return _on(world, lambda story: _on_responses(backend, story))


FAKES: Mapping[Api, Callable[[World, openai.OpenAI], Stage]] = {
    "assistants": _assistants,
    "responses": _responses,
}
"""The stages on the fake, by its surfaces."""


def live(
    client: openai.OpenAI,
    *,
    model: str,
    max_tokens: int,
    expires_after: float,
    guard: Callable[[Backend], Backend],
) -> Stage:
    """Return the stage of a real endpoint that speaks the Responses API, in real time.

    :param max_tokens: how many tokens each run may write.
    :param expires_after: how long the run lives that nobody submits to, in seconds.
    :param guard: what the backends are put behind.
    """
    usual, brief = ResponsesBackend(client), ResponsesBackend(client, expires_after=expires_after)

    def cast(story: Story) -> Cast:
        backend = brief if story.client == "leaves" else usual
        overrides: dict[str, Any] = {"max_completion_tokens": max_tokens}
        if story.is_order:  # a real model may ask back instead
            overrides["tool_choice"] = {"type": "function", "function": {"name": FUNCTION}}
        parts = _on_responses(backend, story, model=model)
        return evolve(parts, backend=guard(backend), overrides=overrides)

    return Stage(cast=cast, clock=SystemClock(), patience=PATIENCE, is_live=True)


def _on_responses(backend: ResponsesBackend, story: Story, **otherwise: Any) -> Cast:
    assistant_id = backend.create_assistant(**{**ASSISTANT, **otherwise})
    thread_id = backend.create_thread(messages=[{"role": "user", "content": story.says}])
    return Cast(backend, thread_id, assistant_id)
