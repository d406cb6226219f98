"""``runlife diagram``: draws the lifecycles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runlife import MESSAGE, RUN, RUN_STEP, RunlifeError

if TYPE_CHECKING:
    from runlife_diagrams import Direction, Format, Theme
    from runlife_diagrams.picture import Counts

__all__ = ["TABLES", "diagram"]

SUFFIXES: dict[str, Format] = {
    ".svg": "svg",
    ".mmd": "mermaid",
    ".dot": "dot",
    ".puml": "plantuml",
    ".md": "markdown",
    ".html": "html-table",
    ".json": "json",
    ".scxml": "scxml",
    ".xstate": "xstate",
    ".txt": "text",
}
"""The formats, by what the names of their files end with."""

TABLES = {table.name: table for table in (RUN, RUN_STEP, MESSAGE)}


@click.command()
@click.argument("name", metavar="[NAME]", type=click.Choice(sorted(TABLES)), default=RUN.name)
@click.option(
    "--format",
    "kind",
    type=click.Choice(sorted(set(SUFFIXES.values()))),
    help="[default: by the name of --out, else mermaid]",
)
@click.option("--path", metavar="STATUS,...", help="Statuses to highlight, in order.")
@click.option(
    "--heat",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `pytest --lifecycle-json FILE` wrote: lines as thick as they were taken often.",
)
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--direction", type=click.Choice(["TB", "LR"]), default="TB", show_default=True)
@click.option("--guards/--no-guards", default=True, help="Whether conditions are written.")
@click.option("--evidence/--no-evidence", default=False, help="Whether it is written how we know.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: standard output]")
@click.option("--all", "standard", is_flag=True, help="Write all standard pictures to the folder diagrams.")
@click.option("--check", is_flag=True, help="With --all: write nothing, and fail if one is stale.")
def diagram(  # noqa: PLR0917  # click passes every one by its name
    name: str,
    kind: Format | None,
    path: str | None,
    heat: Path | None,
    theme: Theme,
    direction: Direction,
    out: Path | None,
    *,
    guards: bool,
    evidence: bool,
    standard: bool,
    check: bool,
) -> None:
    """Draw a lifecycle: run (by default), run_step or message."""
    from runlife_diagrams import render  # noqa: PLC0415  # each command asks only for the extras it needs

    if standard:
        keep_standard(check=check)
        return
    if check:
        raise click.UsageError("--check goes with --all")
    kind = kind or (SUFFIXES.get(out.suffix) if out else None) or "mermaid"
    try:
        text = render(
            TABLES[name],
            kind,
            path=path.split(",") if path else None,
            heat=_heat(heat) if heat else None,
            theme=theme,
            direction=direction,
            guards=guards,
            evidence=evidence,
        )
    except RunlifeError as error:
        raise click.ClickException(str(error)) from error
    if out is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        try:
            out.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise click.ClickException(str(error)) from error


def _heat(file: Path) -> Counts:
    """Return how often rows were taken, by their names, as a test session has written it.

    :raises click.ClickException: when the file is anything else.
    """
    from runlife_adapters.testing.coverage import LifecycleCoverage  # noqa: PLC0415  # only here

    try:
        counted = LifecycleCoverage.from_json(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RunlifeError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    return {str(row): count for row, count in counted.heat().items()}


def keep_standard(*, check: bool) -> None:
    """Write the standard pictures, or fail if one of them is stale."""
    from runlife_diagrams import check_all, write_all  # noqa: PLC0415

    try:
        stale = check_all() if check else write_all()
    except RunlifeError as error:
        raise click.ClickException(str(error)) from error
    for picture in stale:
        click.echo(f"{'stale' if check else 'written'}: {picture}")
    if check and stale:
        raise click.ClickException("pictures are stale; run: runlife diagram --all")
    if not stale:
        click.echo("all pictures are fresh")
