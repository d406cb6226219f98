"""``runlife timeline``: a bar for each status, of one run or of a thousand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runlife import RUN, Record, RunlifeError
from runlife_adapters.cli.drawn import moves_of
from runlife_adapters.cli.files import as_png, suffix_format, write
from runlife_adapters.cli.lifecycles import lifecycle_named
from runlife_adapters.cli.logs import Journals, Wire, read_log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife import Lifecycle
    from runlife_adapters.traces import Verdict
    from runlife_diagrams import Theme
    from runlife_diagrams.timeline import Align, Journal

__all__ = ["timeline"]

_SUFFIXES = {".svg": "svg", ".txt": "text", ".png": "png"}


_EXAMPLES = """\b
Examples:
  runlife timeline journals.ndjson
  runlife timeline runs/*.ndjson --align creation --out runs.svg
"""


@click.command(short_help="Draw a bar for each status, of one run or of a thousand.", epilog=_EXAMPLES)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--format",
    "kind",
    type=click.Choice(sorted(_SUFFIXES.values())),
    help="[default: by the name of --out, else text]",
)
@click.option(
    "--align",
    type=click.Choice(["clock", "creation"]),
    default="clock",
    show_default=True,
    help="clock: what happened at the same time is in one column. creation: each begins at 0.",
)
@click.option("--lifecycle", "name", default=RUN.name, show_default=True, help="What they live by.")
@click.option("--limit", type=click.IntRange(min=1), metavar="RUNS", help="Draw the first so many only.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: standard output]")
def timeline(  # noqa: PLR0917  # click passes every one by its name
    files: tuple[str, ...],
    kind: str | None,
    align: Align,
    name: str,
    limit: int | None,
    theme: Theme,
    out: Path | None,
) -> None:
    """Draw a timeline of the runs in each FILE: journals, or recordings. A - is stdin.

    Of a recording, a status begins where it was first seen: a run that was there before the recording
    began is drawn from its first move on.
    """
    form = kind or suffix_format(out, _SUFFIXES, "text")
    from runlife_diagrams import render_timeline  # noqa: PLC0415  # each command asks only for what it needs

    lifecycle = lifecycle_named(name)
    lives: dict[str, Journal] = {}
    for file in files:
        for life, journal in _lives(file, lifecycle).items():
            lives[life if life not in lives else f"{life} ({file})"] = journal
    if limit is not None and len(lives) > limit:
        click.echo(f"{len(lives) - limit:,} of {len(lives):,} runs are left out (--limit)", err=True)
        lives = dict(list(lives.items())[:limit])
    try:
        text = render_timeline(
            lives, "text" if form == "text" else "svg", lifecycle=lifecycle, align=align, theme=theme
        )
        drawn = as_png(text) if form == "png" else text
    except RunlifeError as error:
        raise click.ClickException(str(error)) from error
    write(drawn, out)


def _lives(file: str, lifecycle: Lifecycle[Any]) -> Mapping[str, Journal]:
    """Return the lives in a file, by their names.

    :raises click.ClickException: when there are none in it.
    """
    log = read_log(file)
    match log:
        case Journals(lives):
            return lives
        case Wire(exchanges):
            from runlife_adapters.traces import check  # noqa: PLC0415  # only here

            found = {one.id: _journal(one) for one in check(exchanges) if one.kind == lifecycle.name}
            lived = {name: records for name, records in found.items() if records}
            for name in found.keys() - lived.keys():
                click.echo(f"{file}: {name} is left out: it did not move, or nobody noted when", err=True)
            if not lived:
                raise click.ClickException(f"{file}: no {lifecycle.name.replace('_', ' ')} moves in it")
            return lived
        case _:
            raise click.ClickException(
                f"{file}: it says nothing of when statuses were; a journal or a recording does"
            )


def _journal(verdict: Verdict) -> tuple[Record, ...]:
    """Return what was seen of a run as records, each at the moment when it was seen."""
    return tuple(
        Record(passage.at, row, {})
        for passage in moves_of(verdict)
        if passage.at is not None
        for row in passage.rows
    )
