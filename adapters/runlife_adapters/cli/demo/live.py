"""``runlife demo --live``: the stories on a real endpoint, which costs money.

What it costs at most is said before anything is sent, and held to: a *purse* lets so many responses be
created and no more, lost answers and rounds of calls included, and each is bounded in what it may write.
What is at work when the demo ends early is cancelled: by the driver, when it is interrupted, and by the
player, when it gives up. The key is the SDK's affair; it is never shown, and neither is what a service
says about it.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click
import openai
from attrs import define, frozen

from runlife_adapters.backend import Backend, RejectedError, UnavailableError
from runlife_adapters.cli.demo.play import play
from runlife_adapters.cli.demo.screen import Screen
from runlife_adapters.cli.demo.stages import live

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from runlife import ToolOutput
    from runlife_adapters.backend import RunView
    from runlife_adapters.cli.demo.words import Language

__all__ = ["INTERRUPTED", "RESPONSES", "is_terminal", "play_live"]

RESPONSES = 8
"""How many responses are created at most: one for each story, one for the outputs, and three to spare."""

BAD_KEY, SPENT, NOT_FOUND = frozenset({401, 403}), 402, 404
"""What an endpoint says of a key; what the purse says; what an endpoint says of a model it has not."""

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


ResultT = TypeVar("ResultT")


@define
class Purse:
    """How many responses may still be created, by all backends that it guards together."""

    left: int
    trouble: str = ""
    """What the latest creation met that was paid for without an answer."""

    def pay(self, create: Callable[[], ResultT]) -> ResultT:
        """Make a call that creates a response. One whose answer is lost may have created it.

        :raises RejectedError: when nothing is left to pay with, and nothing was sent; or by the service.
        """
        if self.left == 0:
            raise RejectedError(SPENT, self.trouble)
        self.left -= 1
        try:
            return create()
        except RejectedError:
            self.left += 1
            raise
        except UnavailableError as error:
            self.trouble = str(error)
            raise

    def guard(self, backend: Backend) -> Backend:
        """Return a backend that pays from here for each call that creates a response."""
        return _Paying(backend, self)


@frozen
class _Paying:
    backend: Backend
    purse: Purse

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        return self.purse.pay(partial(self.backend.create_run, thread_id, assistant_id, **overrides))

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        return self.backend.retrieve_run(thread_id, run_id)

    def list_runs(self, thread_id: str) -> Sequence[RunView]:
        return self.backend.list_runs(thread_id)

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        return self.purse.pay(partial(self.backend.submit_tool_outputs, thread_id, run_id, outputs))

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        return self.backend.cancel_run(thread_id, run_id)

    def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        return self.backend.list_messages(thread_id, run_id=run_id)


def play_live(
    language: Language,
    out: Path,
    *,
    plain: bool | None,
    base_url: str | None,
    model: str,
    max_tokens: int,
    expires_after: float,
    yes: bool,
) -> bool:
    """Ask whether it may cost money, and play all stories; return whether all ended as they must.

    :raises click.ClickException: when there is no key, nobody can be asked, or the endpoint refuses.
    :raises click.Abort: when the answer is no.
    """
    client = _client(language, base_url)
    screen = Screen(language, plain=plain, secret=client.api_key)
    url = _shown(client)
    screen.text("cost", url=url, responses=RESPONSES, model=model, tokens=max_tokens)
    if not yes:
        _ask(screen)
    screen.text("intro_live", url=url, version=openai.__version__)
    screen.text("ours")
    began, purse = time.perf_counter(), Purse(RESPONSES)
    stage = live(client, model=model, max_tokens=max_tokens, expires_after=expires_after, guard=purse.guard)
    try:
        endings = play(stage, screen, out)
    except RejectedError as error:
        raise click.ClickException(_refusal(error, screen, url, model)) from error
    except KeyboardInterrupt:
        screen.text("interrupted")
        raise SystemExit(INTERRUPTED) from None
    if endings is None:
        return False
    screen.text(
        "ended_live",
        endings=", ".join(ended.view.status for ended in endings),
        created=RESPONSES - purse.left,
        tokens=sum(ended.view.usage.total_tokens for ended in endings if ended.view.usage is not None),
        real=time.perf_counter() - began,
    )
    return True


def _client(language: Language, base_url: str | None) -> openai.OpenAI:
    try:
        client = openai.OpenAI(base_url=base_url)
    except openai.OpenAIError:
        client = None
    if client is None or not client.api_key:
        raise click.ClickException(Screen(language).say("no_key"))
    return client


def _shown(client: openai.OpenAI) -> str:
    """Return where a client's calls go, without what a URL may hold besides."""
    parts = urlsplit(str(client.base_url))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def is_terminal() -> bool:
    """Say whether there is somebody to be asked."""
    return sys.stdin.isatty()


def _ask(screen: Screen) -> None:
    if not is_terminal():
        raise click.UsageError(screen.say("nobody"))
    click.confirm(screen.say("go_on"), abort=True)


def _refusal(error: RejectedError, screen: Screen, url: str, model: str) -> str:
    if error.status in BAD_KEY:
        key = "bad_key"
    else:
        key = {SPENT: "spent", NOT_FOUND: "not_there"}.get(error.status, "refused")
    return screen.say(
        key, url=url, model=model, status=error.status, message=error.message, responses=RESPONSES
    )
