"""One call for both formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from runlife_diagrams.picture import one_of
from runlife_diagrams.sequence.mermaid import to_mermaid
from runlife_diagrams.sequence.steps import sequence_of
from runlife_diagrams.sequence.svg import to_svg
from runlife_diagrams.style import THEMES

if TYPE_CHECKING:
    from runlife import Lifecycle
    from runlife_diagrams.picture import Theme
    from runlife_diagrams.timeline.journals import Journal

__all__ = ["SequenceFormat", "render_sequence"]

SequenceFormat = Literal["svg", "mermaid"]


def render_sequence(
    journal: Journal,
    format: SequenceFormat = "svg",
    *,
    lifecycle: Lifecycle[Any] | None = None,
    limit: int = 40,
    idle: float = 10.0,
    theme: Theme = "light",
) -> str:
    """Return the sequence diagram of a journal: client, server and timer, and the time beside them.

    :param journal: an instance, its records, their JSON objects, or NDJSON.
    :param format: ``svg``, or ``mermaid`` (``sequenceDiagram``).
    :param lifecycle: what it lives by; by default that of the instance, or a run's.
    :param limit: how many records are drawn, at most; of more, the middle is counted only.
    :param idle: from how many seconds on a time in which nothing happened is marked.
    :param theme: what it is to lie on, ``light`` or ``dark`` (SVG).
    :raises HistoryError: naming the first record that cannot be read, or does not follow.
    :raises PictureError: when there is no such format or theme, or ``limit`` is less than 2.
    """
    one_of("format", format, get_args(SequenceFormat))
    one_of("theme", theme, THEMES)
    sequence = sequence_of(journal, lifecycle=lifecycle, limit=limit, idle=idle)
    return to_svg(sequence, theme) if format == "svg" else to_mermaid(sequence)
