"""Pictures of a lifecycle, generated from its table: SVG, Mermaid and DOT.

>>> from runlife import RUN
>>> from runlife_diagrams import render
>>> print(render(RUN, "mermaid", guards=False).splitlines()[5])
  queued --> in_progress: start<br/>(server)

The pictures of our own tables are shipped, and a path is shown on them with nothing installed:
``highlight(RUN, run.journal)``. To lay out anything else as SVG needs graphviz-pure
(``pip install 'runlife[diagrams]'``); Mermaid and DOT are text, and need nothing.

A format is a function of a :class:`~runlife_diagrams.picture.Picture`, which is the lifecycle as it
is to be drawn, as data.
"""

from runlife_diagrams.draw import FORMATS, Format, render
from runlife_diagrams.errors import PathError, PictureError, RendererError, RendererMissingError
from runlife_diagrams.highlight import highlight
from runlife_diagrams.picture import Direction, Picture, Theme, picture_of
from runlife_diagrams.route import Path
from runlife_diagrams.shipped import check_all, standard_pictures, write_all

__all__ = [
    "FORMATS",
    "Direction",
    "Format",
    "Path",
    "PathError",
    "Picture",
    "PictureError",
    "RendererError",
    "RendererMissingError",
    "Theme",
    "check_all",
    "highlight",
    "picture_of",
    "render",
    "standard_pictures",
    "write_all",
]
