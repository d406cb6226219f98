"""One call for both formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from runlife_diagrams.picture import one_of
from runlife_diagrams.style import THEMES
from runlife_diagrams.timeline.lanes import Align, Runs, timeline_of
from runlife_diagrams.timeline.plain import to_text
from runlife_diagrams.timeline.svg import to_svg

if TYPE_CHECKING:
    from runlife import Lifecycle
    from runlife_diagrams.picture import Theme

__all__ = ["TimelineFormat", "render_timeline"]

TimelineFormat = Literal["svg", "text"]


def render_timeline(
    runs: Runs,
    format: TimelineFormat = "svg",
    *,
    lifecycle: Lifecycle[Any] | None = None,
    now: float | None = None,
    align: Align = "clock",
    theme: Theme = "light",
    columns: int = 100,
) -> str:
    """Return the timeline of one life or of many: a lane for each, in the order given.

    :param runs: journals by the id of their run, or a single one: an instance, its records, their JSON
        objects, or NDJSON. An instance, and a run's whole journal, tell their deadline as well.
    :param format: ``svg``, or ``text`` for a terminal, which shows forty lives at the most.
    :param lifecycle: what they live by; by default that of the first instance among them, or a run's.
    :param now: until when a live status lasts, in unix seconds; by default until the last record of all.
    :param align: ``clock``: time counts from the first record of all, so that what happened at the same time
        is in one column; ``creation``: from each life's own, so that lives can be compared.
    :param theme: what it is to lie on, ``light`` or ``dark`` (SVG).
    :param columns: how wide a line may be (text).
    :raises HistoryError: naming the journal and the record that cannot be read, or does not follow.
    :raises PictureError: when there is no such format, theme or alignment, or there is nothing to draw.
    """
    one_of("format", format, get_args(TimelineFormat))
    one_of("theme", theme, THEMES)
    one_of("alignment", align, get_args(Align))
    timeline = timeline_of(runs, lifecycle=lifecycle, now=now, align=align)
    return to_svg(timeline, theme) if format == "svg" else to_text(timeline, columns)
