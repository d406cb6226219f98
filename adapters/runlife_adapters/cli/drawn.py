"""A log on a diagram: the way that a run went, or where it ceased to be lawful."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from runlife_adapters.cli.logs import Calls, Counts, Journals, Wire, read_log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife import Lifecycle
    from runlife_adapters.traces import Passage, Verdict
    from runlife_diagrams.overlays import OverlayLike

__all__ = ["moves_of", "one_of_lives", "overlay_of"]

_NAMED = 8
"""Ids that a message lists, at most."""
ValueT = TypeVar("ValueT")


def overlay_of(file: str, lifecycle: Lifecycle[Any], id: str | None) -> OverlayLike:
    """Return what a file shows on the diagram of a lifecycle.

    :param id: of the run, where the file has several.
    :raises click.ClickException: when it cannot be read, or shows no such life, or several.
    """
    log = read_log(file)
    match log:
        case Counts(rows):
            return rows
        case Journals(lives):
            return one_of_lives(lives, id, file)
        case Wire(exchanges):
            from runlife_adapters.traces import check  # noqa: PLC0415  # only here

            return _judged(check(exchanges), lifecycle, id, file)
        case Calls():
            raise click.ClickException(
                f"{file}: a log of calls does not show what became of a run; draw it with: runlife sequence"
            )


def one_of_lives(lives: Mapping[str, ValueT], id: str | None, file: str) -> ValueT:
    """Return the one life that a file has, or the one that is asked for.

    :raises click.ClickException: when there is none, or it is not said which.
    """
    if id is None and len(lives) == 1:
        return next(iter(lives.values()))
    if id is not None and id in lives:
        return lives[id]
    if not lives:
        raise click.ClickException(f"{file}: there is no run in it")
    more = f", and {len(lives) - _NAMED:,} more" if len(lives) > _NAMED else ""
    names = ", ".join(list(lives)[:_NAMED]) + more
    wanted = (
        f"there is no {id!r} in it"
        if id is not None
        else f"it has {len(lives):,} runs; choose one with --run"
    )
    raise click.ClickException(f"{file}: {wanted}: {names}")


def _judged(
    verdicts: tuple[Verdict, ...], lifecycle: Lifecycle[Any], id: str | None, file: str
) -> OverlayLike:
    """Return the way of a run through a recording, or the belief where it became illegal."""
    lives = {one.id: one for one in verdicts if one.kind == lifecycle.name}
    if not lives:
        raise click.ClickException(f"{file}: the recording shows no {lifecycle.name.replace('_', ' ')}")
    illegal = {name: one for name, one in lives.items() if not one.lawful}
    verdict = one_of_lives(illegal if id is None and len(illegal) == 1 else lives, id, file)
    if verdict.error is not None:
        click.echo(f"{file}: {verdict.id} left its lifecycle: {verdict.error}", err=True)
        return verdict.error
    begins = () if _was_created(verdict) else (verdict.history[0].status,)
    return [*begins, *(row for passage in moves_of(verdict) for row in passage.rows)]


def moves_of(verdict: Verdict) -> tuple[Passage, ...]:
    """Return what was seen of a run, as far as it is known how it came there.

    Of a run that was there before the recording, it is not known of what was seen first: the rows to it
    are only the shortest there are.
    """
    return verdict.history if _was_created(verdict) else verdict.history[1:]


def _was_created(verdict: Verdict) -> bool:
    """Whether the creation of a run is in the recording."""
    rows = verdict.history[0].rows if verdict.history else ()
    return bool(rows) and rows[0].source is None
