"""Pictures of a lifecycle, generated from its table: SVG, PNG, HTML, Mermaid, DOT, PlantUML and text.

>>> from runlife import RUN
>>> from runlife_diagrams import render
>>> print(render(RUN, "mermaid", guards=False).splitlines()[5])
  queued --> in_progress: start<br/>(server)

The pictures of our own tables are shipped, and shown with nothing installed, whatever lies over them:
``render(RUN, overlay=run)``. To lay out anything else needs a Graphviz, and a PNG needs graphviz-pure
(``pip install 'runlife[diagrams]'``); the other formats are text, and need nothing. The lifecycle itself
goes out as a table (Markdown, HTML), as SCXML and as a machine of XState; a picture, as JSON.

What is drawn is a function of a :class:`~runlife_diagrams.picture.Picture`, which is the lifecycle as
it is to be drawn, as data.
"""

from runlife_diagrams.compose import picture_of
from runlife_diagrams.draw import FORMATS, Format, TextFormat, render
from runlife_diagrams.errors import PathError, PictureError, RendererError, RendererMissingError
from runlife_diagrams.formats.as_json import picture_schema
from runlife_diagrams.formats.terminal import terminal
from runlife_diagrams.highlight import highlight
from runlife_diagrams.overlays import Belief, Counts, Difference, OverlayLike
from runlife_diagrams.picture import Detail, Direction, Picture, Theme
from runlife_diagrams.route import Path
from runlife_diagrams.sequence import Exchange, Lost, Seen, SequenceFormat, StreamEvent, render_sequence
from runlife_diagrams.shipped import check_all, standard_pictures, write_all
from runlife_diagrams.timeline import TimelineFormat, render_timeline

__all__ = [
    "FORMATS",
    "Belief",
    "Counts",
    "Detail",
    "Difference",
    "Direction",
    "Exchange",
    "Format",
    "Lost",
    "OverlayLike",
    "Path",
    "PathError",
    "Picture",
    "PictureError",
    "RendererError",
    "RendererMissingError",
    "Seen",
    "SequenceFormat",
    "StreamEvent",
    "TextFormat",
    "Theme",
    "TimelineFormat",
    "check_all",
    "highlight",
    "picture_of",
    "picture_schema",
    "render",
    "render_sequence",
    "render_timeline",
    "standard_pictures",
    "terminal",
    "write_all",
]
