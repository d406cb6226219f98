"""One call for both formats, and for journals and wire logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from runlife import RUN, Instance
from runlife_diagrams.picture import one_of
from runlife_diagrams.sequence.exchanges import Exchange
from runlife_diagrams.sequence.journal import sequence_of
from runlife_diagrams.sequence.mermaid import to_mermaid
from runlife_diagrams.sequence.svg import to_svg
from runlife_diagrams.sequence.wire import wire_sequence
from runlife_diagrams.style import THEMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife import Lifecycle
    from runlife_diagrams.picture import Theme
    from runlife_diagrams.sequence.steps import Sequence
    from runlife_diagrams.timeline.journals import Journal

__all__ = ["SequenceFormat", "render_sequence"]

SequenceFormat = Literal["svg", "mermaid"]


def render_sequence(
    journal: Journal | Iterable[Exchange],
    format: SequenceFormat = "svg",
    *,
    lifecycle: Lifecycle[Any] | None = None,
    limit: int = 40,
    idle: float = 10.0,
    theme: Theme = "light",
) -> str:
    """Return the sequence diagram of a journal, or of a wire log: who did what when, and the time beside it.

    Of a journal each record is an arrow, from the client, the server or the timer, and the status it led to.
    Of a wire log requests and answers are, with what befell them on the way, and the status that the client
    learned; polls that showed nothing new are counted.

    :param journal: an instance, its records, their JSON objects, or NDJSON; or
        :class:`~runlife_diagrams.sequence.Exchange` objects.
    :param format: ``svg``, or ``mermaid`` (``sequenceDiagram``).
    :param lifecycle: what it lives by; by default that of the instance, or a run's.
    :param limit: how many arrows are drawn, at most; of more, the middle is counted only.
    :param idle: from how many seconds on a time in which nothing happened is marked.
    :param theme: what it is to lie on, ``light`` or ``dark`` (SVG).
    :raises HistoryError: naming the first record that cannot be read, or does not follow.
    :raises PictureError: when there is no such format or theme, or ``limit`` is less than 2.
    """
    one_of("format", format, get_args(SequenceFormat))
    one_of("theme", theme, THEMES)
    sequence = _sequence_of(journal, lifecycle, limit, idle)
    return to_svg(sequence, theme) if format == "svg" else to_mermaid(sequence)


def _sequence_of(
    log: Journal | Iterable[Exchange], lifecycle: Lifecycle[Any] | None, limit: int, idle: float
) -> Sequence:
    if not isinstance(log, (Instance, str, bytes)):
        entries = tuple(log)
        exchanges = tuple(entry for entry in entries if isinstance(entry, Exchange))
        if exchanges and len(exchanges) == len(entries):
            return wire_sequence(exchanges, lifecycle=lifecycle or RUN, limit=limit, idle=idle)
        log = cast("Journal", entries)
    return sequence_of(log, lifecycle=lifecycle, limit=limit, idle=idle)
