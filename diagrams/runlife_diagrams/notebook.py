"""What a notebook shows of a lifecycle, an instance and a journal (see :mod:`runlife.display`).

A lifecycle shows its state diagram; an instance the same with its journal on it, so that one sees where
it is and when it took which step; a journal its sequence, for who did what when is what a journal adds to
that. Each of them is an SVG, and HTML that shows the same SVG as an image: this is what most notebooks
take, and it has what a reader hears of it. The text of each is what a terminal shows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from runlife import Instance, Lifecycle, RunlifeError
from runlife.history import Journal
from runlife_diagrams.draw import render
from runlife_diagrams.embed import as_image
from runlife_diagrams.formats.terminal import terminal
from runlife_diagrams.sequence import render_sequence

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["show"]


def show(thing: object) -> dict[str, str]:
    """Return what a notebook shows: texts by their MIME type, none for what is none of the three.

    What cannot be drawn here, such as a lifecycle of one's own without graphviz-pure, is text only.
    """
    draw: Callable[[], str]
    match thing:
        case Lifecycle():
            lifecycle: Lifecycle[Any] = thing
            text, draw = terminal(lifecycle), partial(render, lifecycle)
        case Instance():
            run: Instance[Any] = thing
            text, draw = terminal(run.lifecycle, run=run), partial(render, run.lifecycle, overlay=run)
        case Journal():
            text, draw = str(thing), partial(render_sequence, thing, lifecycle=thing.lifecycle)
        case _:
            return {}
    try:
        svg = draw()
    except RunlifeError:
        return {"text/plain": text}
    return {"text/plain": text, "image/svg+xml": svg, "text/html": as_image(svg)}
