"""PNG of the pictures that we draw, with no system binary and no fonts of the machine.

The finished SVG is read back (:mod:`~runlife_diagrams.png.reading`) and handed to graphviz-pure as a graph in
which everything is pinned already (:mod:`~runlife_diagrams.png.pinned`). It has a rasteriser and the font
Arimo inside, which has the widths of Arial and letters of Latin, Greek, Cyrillic and Hebrew, arrows and the
usual signs; for others, such as Chinese ones and emoji, it shows an empty box. The same bytes come out on
every machine.
"""

from runlife_diagrams.png.draw import svg_to_png

__all__ = ["svg_to_png"]
