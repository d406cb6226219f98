"""A path, or a heat, shown on a standard picture: nothing is laid out, so nothing needs to be installed.

The shipped SVG is taken as it is; classes on the statuses visited and the transitions taken, and a
badge with the number of the step, make the path. The rest steps back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runlife_diagrams.errors import PictureError
from runlife_diagrams.picture import Counts, Theme, picture_of
from runlife_diagrams.shipped import STANDARD, is_standard, shipped_svg
from runlife_diagrams.svg import mark

if TYPE_CHECKING:
    from runlife import Lifecycle
    from runlife_diagrams.route import Path

__all__ = ["highlight"]


def highlight(
    lifecycle: Lifecycle[Any], path: Path | None, *, heat: Counts | None = None, theme: Theme = "light"
) -> str:
    """Return the shipped SVG of a standard lifecycle with a path highlighted, or how often rows were taken.

    :param lifecycle: ``RUN``, ``RUN_STEP`` or ``MESSAGE``, under the default policy.
    :param path: statuses, transitions, or records, such as the journal of a run. A status that
        follows another stands for the one transition between the two. None highlights nothing.
    :param heat: how often rows were taken, by the row or its name.
    :raises PathError: naming the first step that does not fit the table, and what would be legal.
    :raises PictureError: when the picture of the lifecycle is not shipped, there is no such theme, or a
        count is of no row.
    """
    if not is_standard(lifecycle):
        shipped = ", ".join(standard.name for standard in STANDARD)
        raise PictureError(
            f"there is no shipped picture of this {lifecycle.name!r}, only of {shipped} under the default "
            f"policy: draw it with render(lifecycle, path=...)"
        )
    picture = picture_of(lifecycle, path=path, heat=heat, theme=theme)
    return mark(shipped_svg(lifecycle.name), picture.highlight, theme, heat=picture.heat)
