"""``runlife diagram``: draws the lifecycles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runlife import RUN, RunlifeError
from runlife_adapters.cli.drawn import overlay_of
from runlife_adapters.cli.files import suffix_format, write
from runlife_adapters.cli.lifecycles import lifecycle_named, under

if TYPE_CHECKING:
    from runlife import Lifecycle
    from runlife_diagrams import Direction, Format, Theme
    from runlife_diagrams.overlays import OverlayLike

__all__ = ["diagram"]

SUFFIXES: dict[str, Format] = {
    ".svg": "svg",
    ".png": "png",
    ".html": "html",
    ".mmd": "mermaid",
    ".dot": "dot",
    ".puml": "plantuml",
    ".md": "markdown",
    ".json": "json",
    ".scxml": "scxml",
    ".xstate": "xstate",
    ".txt": "text",
}
"""The formats, by what the names of their files end with."""
_FORMATS = sorted({*SUFFIXES.values(), "html-table"})


_EXAMPLES = """\b
Examples:
  runlife diagram --out run.svg
  runlife diagram app/orders.py:ORDER --simple --out order.png
  runlife diagram --overlay journal.ndjson --out what-happened.html
  runlife diagram --path queued,in_progress,failed --format text
  runlife diagram --policy cancel_may_lose=no --against run --out differs.svg
"""


@click.command(short_help="Draw a lifecycle.", epilog=_EXAMPLES)
@click.argument("name", default=RUN.name, metavar="[NAME]")
@click.option(
    "--format",
    "kind",
    type=click.Choice(_FORMATS),
    help="[default: by the name of --out, else mermaid]",
)
@click.option("--path", metavar="STATUS,...", help="Statuses to highlight, in order.")
@click.option(
    "--overlay",
    metavar="FILE",
    help="What to show on it: a journal, a recording, or what `pytest --lifecycle-json` wrote.",
)
@click.option("--run", "id", metavar="ID", help="Of a file with several runs, the one to show.")
@click.option("--against", metavar="NAME", help="Another lifecycle: what it adds, removes and changes.")
@click.option(
    "--policy",
    multiple=True,
    metavar="NAME=ANSWER",
    help="Answer an open question of the lifecycle otherwise; repeatable. See runlife.Policy.",
)
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--direction", type=click.Choice(["TB", "LR"]), default="TB", show_default=True)
@click.option("--simple", is_flag=True, help="For a first sight: ends bundled, no conditions.")
@click.option("--guards/--no-guards", default=True, help="Whether conditions are written.")
@click.option("--evidence/--no-evidence", default=False, help="Whether it is written how we know.")
@click.option("--policies/--no-policies", default=False, help="Whether it is written what hangs on a policy.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: standard output]")
@click.option("--all", "standard", is_flag=True, help="Write all standard pictures, and the README's tables.")
@click.option("--check", is_flag=True, help="With --all: write nothing, and fail if one is stale.")
def diagram(  # noqa: PLR0917  # click passes every one by its name
    name: str,
    kind: Format | None,
    path: str | None,
    overlay: str | None,
    id: str | None,
    against: str | None,
    policy: tuple[str, ...],
    theme: Theme,
    direction: Direction,
    out: Path | None,
    *,
    simple: bool,
    guards: bool,
    evidence: bool,
    policies: bool,
    standard: bool,
    check: bool,
) -> None:
    """Draw a lifecycle: run (by default), run_step, message, or one of your own.

    NAME may be FILE.py:LIFECYCLE or MODULE:LIFECYCLE. A recording that `runlife check` reads shows the
    way that a run went; of one that left its lifecycle, what was believed just then.
    """
    if standard:
        _keep_standard(check=check)
        return
    if check:
        raise click.UsageError("--check goes with --all")
    from runlife_diagrams import render  # noqa: PLC0415  # each command asks only for the extras it needs

    form: Format = kind or suffix_format(out, SUFFIXES, "mermaid")
    lifecycle = under(lifecycle_named(name), policy)
    try:
        drawn = render(
            lifecycle,
            form,
            overlay=_overlay(lifecycle, path, overlay, against, id),
            theme=theme,
            direction=direction,
            detail="simple" if simple else "full",
            guards=guards,
            evidence=evidence,
            policies=policies,
        )
    except RunlifeError as error:
        raise click.ClickException(str(error)) from error
    write(drawn, out)


def _overlay(
    lifecycle: Lifecycle[Any], path: str | None, file: str | None, against: str | None, id: str | None
) -> OverlayLike | None:
    """Return what is to be shown on the picture, if anything is.

    :raises click.ClickException: when it is more than one thing, or cannot be had.
    """
    from runlife_diagrams import Difference  # noqa: PLC0415

    if sum(one is not None for one in (path, file, against)) > 1:
        raise click.UsageError("--path, --overlay and --against: one of them")
    if id is not None and file is None:
        raise click.UsageError("--run goes with --overlay")
    if path is not None:
        return [status.strip() for status in path.split(",")]
    if against is not None:
        return Difference(lifecycle_named(against))
    return None if file is None else overlay_of(file, lifecycle, id)


def _keep_standard(*, check: bool) -> None:
    """Write the standard pictures and the tables of the README, or fail if one of them is stale."""
    from runlife_diagrams import check_all, write_all  # noqa: PLC0415
    from runlife_diagrams.readme import refresh  # noqa: PLC0415

    readme = Path("README.md")  # beside the folder diagrams
    try:
        stale = list(check_all() if check else write_all())
        if readme.is_file():
            with readme.open(encoding="utf-8", newline="") as file:
                text = file.read()
            if (fresh := refresh(text)) != text:
                stale.append(readme)
                if not check:
                    write(fresh, readme)
    except (RunlifeError, OSError, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from error
    for file_name in stale:
        click.echo(f"{'stale' if check else 'written'}: {file_name}")
    if check and stale:
        raise click.ClickException("pictures are stale; run: runlife diagram --all")
    if not stale:
        click.echo("all pictures are fresh")
