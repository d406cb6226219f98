"""An overlay shown on a standard picture: nothing is laid out, so nothing needs to be installed.

The shipped SVG is taken as it is; classes on the parts that are marked, and badges beside them, make
the overlay. The rest steps back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runlife_diagrams.compose import picture_of
from runlife_diagrams.errors import PictureError
from runlife_diagrams.figure.marking import mark
from runlife_diagrams.shipped import STANDARD, shipped_for

if TYPE_CHECKING:
    from runlife import Lifecycle
    from runlife_diagrams.overlays import OverlayLike
    from runlife_diagrams.picture import Theme

__all__ = ["highlight"]


def highlight(lifecycle: Lifecycle[Any], overlay: OverlayLike | None, *, theme: Theme = "light") -> str:
    """Return the shipped SVG of a standard lifecycle with an overlay on it, and never lay anything out.

    :param lifecycle: one of our own, such as ``RUN``, under the default policy.
    :param overlay: what is shown: see :func:`~runlife_diagrams.render`. None shows nothing.
    :raises PathError: naming the first step that does not fit the table, and what would be legal.
    :raises HistoryError: naming the first record of a journal that cannot be read.
    :raises PictureError: when the picture is not shipped, or there is no such theme or overlay.
    """
    picture = picture_of(lifecycle, overlay=overlay, theme=theme)
    shipped = shipped_for(picture)
    if shipped is None:
        standard = ", ".join(one.name for one in STANDARD)
        raise PictureError(
            f"there is no shipped picture of this {lifecycle.name!r}, only of {standard} under the default "
            f"policy: draw it with render(lifecycle, overlay=...)"
        )
    return mark(shipped, picture.overlay, theme)
