"""``runlife demo``: the command, without what it needs to play."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from runlife_adapters.cli.extras import needing

if TYPE_CHECKING:
    from runlife_adapters.cli.demo.stages import Api
    from runlife_adapters.cli.demo.words import Language

__all__ = ["demo"]

LIVE_ONLY = ("model", "base_url", "max_tokens", "expire_after", "yes")
"""The options that are about a real endpoint."""


@click.command()
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runlife-demo"),
    show_default=True,
    help="Where the pictures go.",
)
@click.option("--plain/--fancy", default=None, help="Without colours and boxes.  [default: by terminal]")
@click.option(
    "--api",
    type=click.Choice(["assistants", "responses"]),
    help="The surface that the client talks to.  [default: assistants; with --live, responses]",
)
@click.option(
    "--live",
    is_flag=True,
    help="On a real endpoint, with the key in OPENAI_API_KEY. It costs money; it says how much, and asks.",
)
@click.option("--model", default="gpt-4.1-mini", show_default=True, help="With --live: the model.")
@click.option(
    "--base-url",
    metavar="URL",
    help="With --live: the endpoint.  [default: OPENAI_BASE_URL, and else OpenAI's]",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(min=16),
    default=400,
    show_default=True,
    metavar="N",
    help="With --live: how much each response may write. A reasoning model needs more.",
)
@click.option(
    "--expire-after",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="With --live: how long the run lives that nobody submits to.",
)
@click.option("--yes", is_flag=True, help="With --live: do not ask.")
@click.pass_context
def demo(  # noqa: PLR0917  # click passes every one by its name
    context: click.Context,
    language: Language,
    out: Path,
    api: Api | None,
    model: str,
    base_url: str | None,
    max_tokens: int,
    expire_after: float,
    *,
    plain: bool | None,
    live: bool,
    yes: bool,
) -> None:
    """Watch four Runs travel their lifecycle: plain, with a function, cancelled, expired.

    The fake service is served on loopback; the official openai client drives it on virtual time. With
    --live it is a real service instead, in real time, for money.
    """
    _check(context, api=api, live=live)
    # Imported here: each command asks only for the extras it needs.
    with needing("the demo", "cli", "openai", "server"):
        from runlife_adapters.cli.demo.live import play_live  # noqa: PLC0415
        from runlife_adapters.cli.demo.play import play_on_fake  # noqa: PLC0415
        from runlife_adapters.cli.demo.screen import Screen  # noqa: PLC0415

    # A pipe may speak less than the demo does: then a question mark stands for what it cannot say.
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # a stream that was put in its place has none
    if reconfigure is not None:
        reconfigure(errors="replace")
    try:
        if live:
            as_told = play_live(
                language,
                out,
                plain=plain,
                base_url=base_url,
                model=model,
                max_tokens=max_tokens,
                expires_after=expire_after,
                yes=yes,
            )
        else:
            as_told = play_on_fake(Screen(language, plain=plain), out, api=api or "assistants")
    except OSError as error:
        raise click.ClickException(str(error)) from error
    if not as_told:
        raise SystemExit(1)


def _check(context: click.Context, *, api: Api | None, live: bool) -> None:
    """Raise UsageError for what does not go together."""
    if live and api == "assistants":
        msg = "--live plays on the Responses API: OpenAI serves no Assistants any more"
        raise click.UsageError(msg)
    for name in () if live else LIVE_ONLY:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            msg = f"--{name.replace('_', '-')} is about a real endpoint: it needs --live"
            raise click.UsageError(msg)
