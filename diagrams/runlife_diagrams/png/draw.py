"""One call for a PNG."""

from __future__ import annotations

from math import inf

from runlife_diagrams.errors import PictureError, RendererError
from runlife_diagrams.png.pinned import to_pinned
from runlife_diagrams.png.reading import marks_of
from runlife_diagrams.renderer import pure

__all__ = ["svg_to_png"]

_LARGEST = 16_384
"""Pixels a side: beyond that, programs refuse to open a picture, so a larger one gets fewer."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def svg_to_png(svg: str, *, scale: float = 2.0) -> bytes:
    """Return a picture of ours as PNG.

    :param svg: what one of our formats ``svg`` has written: a state diagram, a sequence or a timeline.
    :param scale: pixels for each pixel of the picture's own size; 2 is sharp on most screens. A picture that
        would be larger than programs open is scaled less.
    :raises PictureError: when the SVG is not one of ours, or the scale leaves nothing of it.
    :raises RendererMissingError: when graphviz-pure is not installed.
    :raises RendererError: when it failed.
    """
    page = marks_of(svg)
    own = max(page.wide, page.high) * page.zoom
    if not 1 <= own * scale < inf:
        raise PictureError(f"a scale is a number that leaves a pixel of the picture, at least; got {scale:g}")
    fitting = min(scale, _LARGEST / own)
    png = pure(["-Kneato", "-n2", "-Tpng", "-q"], to_pinned(page, fitting).encode())
    if not png.startswith(_SIGNATURE):
        raise RendererError("graphviz-pure wrote no PNG")
    return png
