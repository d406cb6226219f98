"""The commands of ``runlife``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runlife import MESSAGE, RUN, RUN_STEP, RunlifeError

if TYPE_CHECKING:
    from runlife_adapters.cli.demo.words import Language
    from runlife_diagrams import Direction, Format, Theme

__all__ = ["app"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="runlife")
def app() -> None:
    """Drive, fake, check and draw the lifecycle of an OpenAI Run."""


@app.command()
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


TABLES = {table.name: table for table in (RUN, RUN_STEP, MESSAGE)}


@app.command()
@click.argument("name", metavar="[NAME]", type=click.Choice(sorted(TABLES)), default=RUN.name)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["svg", "mermaid", "dot"]),
    help="[default: by the name of --out, else mermaid]",
)
@click.option("--path", metavar="STATUS,...", help="Statuses to highlight, in order.")
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
    by_suffix: dict[str, Format] = {".svg": "svg", ".mmd": "mermaid", ".dot": "dot"}
    kind = kind or (by_suffix.get(out.suffix) if out else None) or "mermaid"
    try:
        text = render(
            TABLES[name],
            kind,
            path=path.split(",") if path else None,
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
