"""``runlife sequence``: who did what when, from a journal or from a wire log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runlife import RUN, RunlifeError
from runlife_adapters.cli.drawn import one_of_lives
from runlife_adapters.cli.files import as_png, suffix_format, write
from runlife_adapters.cli.lifecycles import lifecycle_named
from runlife_adapters.cli.logs import Calls, Journals, Wire, read_log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife_diagrams import Theme
    from runlife_diagrams.sequence import Exchange
    from runlife_diagrams.timeline import Journal

__all__ = ["sequence"]

_SUFFIXES = {".svg": "svg", ".mmd": "mermaid", ".png": "png"}


_EXAMPLES = """\b
Examples:
  runlife sequence runs.ndjson --out runs.svg
  runlife sequence trace.har --run run_abc --out run.png
  curl -s localhost:4010/_runlife/log | runlife sequence - --out calls.svg
"""


@click.command(short_help="Draw who did what when, of a journal or a recording.", epilog=_EXAMPLES)
@click.argument("file")
@click.option(
    "--format",
    "kind",
    type=click.Choice(sorted(_SUFFIXES.values())),
    help="[default: by the name of --out, else mermaid]",
)
@click.option("--run", "id", metavar="ID", help="Of a file with several runs, the one to draw.")
@click.option("--lifecycle", "name", default=RUN.name, show_default=True, help="What it lives by.")
@click.option(
    "--limit", type=click.IntRange(min=2), default=40, show_default=True, help="Draw at most so many arrows."
)
@click.option(
    "--idle",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="From how long on a time without anything is marked.",
)
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: standard output]")
def sequence(  # noqa: PLR0917  # click passes every one by its name
    file: str,
    kind: str | None,
    id: str | None,
    name: str,
    limit: int,
    idle: float,
    theme: Theme,
    out: Path | None,
) -> None:
    """Draw a sequence diagram of FILE: a journal, a recording, or the log of `runlife serve`. A - is stdin.

    Of a recording with several runs, all are drawn unless one is chosen. Polls that showed nothing new are
    counted, and what befell a call on the network is marked.
    """
    form = kind or suffix_format(out, _SUFFIXES, "mermaid")
    from runlife_diagrams import render_sequence  # noqa: PLC0415  # each command asks only for what it needs

    lifecycle = lifecycle_named(name)
    log = _log(file, id)
    try:
        text = render_sequence(
            log,
            "mermaid" if form == "mermaid" else "svg",
            lifecycle=lifecycle,
            limit=limit,
            idle=idle,
            theme=theme,
        )
        drawn = as_png(text) if form == "png" else text
    except RunlifeError as error:
        raise click.ClickException(f"{file}: {error}") from error
    write(drawn, out)


def _log(file: str, id: str | None) -> Journal | Iterable[Exchange]:
    """Return what is to be drawn of a file.

    :raises click.ClickException: when there is nothing of that kind in it.
    """
    from runlife_adapters.cli.wire import of_calls, of_recording  # noqa: PLC0415  # it needs the extra diagrams

    log = read_log(file)
    match log:
        case Journals(lives):
            return one_of_lives(lives, id, file)
        case Wire(exchanges):
            return _about(of_recording(exchanges), id, file)
        case Calls(entries):
            try:
                return _about(of_calls(entries), id, file)
            except (KeyError, TypeError, ValueError, RunlifeError) as error:
                raise click.ClickException(
                    f"{file}: a call in the log cannot be read: {error!r:.100}"
                ) from error
        case _:
            raise click.ClickException(
                f"{file}: counts have no order; draw them with: runlife diagram --overlay {file}"
            )


def _about(exchanges: tuple[Exchange, ...], id: str | None, file: str) -> tuple[Exchange, ...]:
    """Return the exchanges that are about a run, or all."""
    if id is None:
        found = exchanges
    else:
        found = tuple(one for one in exchanges if id in one.path.split("/") or _shows(one, id))
    if not found:
        raise click.ClickException(f"{file}: {'no call' if id is None else f'nothing about {id!r}'} is in it")
    return found


def _shows(exchange: Exchange, id: str) -> bool:
    events: Any = exchange.events or ()
    return any(seen.id == id for seen in (*exchange.seen, *(one.seen for one in events if one.seen)))
