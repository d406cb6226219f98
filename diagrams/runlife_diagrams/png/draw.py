"""One call for a PNG."""

from __future__ import annotations

from runlife_diagrams.errors import PictureError, RendererError
from runlife_diagrams.png.pinned import to_pinned
from runlife_diagrams.png.reading import marks_of
from runlife_diagrams.renderer import pure

__all__ = ["svg_to_png"]

_LARGEST = 16_384
"""Pixels a side: beyond that, programs refuse to open a picture."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def svg_to_png(svg: str, *, scale: float = 2.0) -> bytes:
    """Return a picture of ours as PNG.

    :param svg: what one of our formats ``svg`` has written: a state diagram, a sequence or a timeline.
    :param scale: pixels for each pixel of the picture's own size; 2 is sharp on most screens.
    :raises PictureError: when the SVG is not one of ours, or the scale is no size for a picture.
    :raises RendererMissingError: when graphviz-pure is not installed.
    :raises RendererError: when it failed.
    """
    page = marks_of(svg)
    largest = max(page.wide, page.high) * page.zoom * scale
    if not 1 <= largest <= _LARGEST:
        raise PictureError(f"a picture has sides of 1 to {_LARGEST:,} pixels; got {largest:,.0f}")
    png = pure(["-Kneato", "-n2", "-Tpng", "-q"], to_pinned(page, scale).encode())
    if not png.startswith(_SIGNATURE):
        raise RendererError("graphviz-pure wrote no PNG")
    return png
