"""``runlife demo``: the command, without what it needs to play."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runlife_adapters.cli.extras import needing

if TYPE_CHECKING:
    from runlife_adapters.cli.demo.words import Language

__all__ = ["demo"]


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
def demo(language: Language, out: Path, *, plain: bool | None) -> None:
    """Watch four Runs travel their lifecycle: plain, with a function, cancelled, expired.

    The fake service is served on loopback; the official openai client drives it on virtual time.
    """
    # Imported here: each command asks only for the extras it needs.
    with needing("the demo", "cli", "openai", "server"):
        from runlife_adapters.cli.demo.play import play  # noqa: PLC0415
        from runlife_adapters.cli.demo.screen import Screen  # noqa: PLC0415

    # A pipe may speak less than the demo does: then a question mark stands for what it cannot say.
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # a stream that was put in its place has none
    if reconfigure is not None:
        reconfigure(errors="replace")
    try:
        as_told = play(Screen(language, plain=plain), out)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    if not as_told:
        raise SystemExit(1)
