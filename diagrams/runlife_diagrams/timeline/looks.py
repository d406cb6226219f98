"""How a status looks in time: a colour while it lasts, a shape with a letter where it ends.

The statuses are those of the lifecycle, in its order: each live one takes the next colour of its theme,
each terminal one the next colour and shape, and the first letter of its name that is still free. Colours
are of Okabe and Ito (2002), chosen so that neighbours differ in lightness as well; more statuses than
colours begin anew, and are told by their words and letters.
"""

from __future__ import annotations

from math import cos, pi, sin
from typing import TYPE_CHECKING, Any

from attrs import frozen

from runlife_diagrams.route import statuses_of
from runlife_diagrams.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife import Lifecycle
    from runlife_diagrams.picture import Theme

__all__ = ["Look", "colours", "looks_of", "shape"]

_LIVE: Mapping[Theme, tuple[str, ...]] = {
    "light": ("#b9c1cb", "#0072b2", "#e69f00", "#cc79a7"),
    "dark": ("#5d6875", "#56b4e9", "#e69f00", "#cc79a7"),
}
_TERMINAL: Mapping[Theme, tuple[str, ...]] = {
    "light": ("#009e73", "#f0e442", "#d55e00", "#8b96a3", "#1f2328"),
    "dark": ("#009e73", "#f0e442", "#d55e00", "#8b96a3", "#e6edf3"),
}
_DARK_TEXT, _LIGHT_TEXT = "#000000", "#ffffff"
_CORNERS = (0, 3, 4, 6, 5)
"""Of the shapes of terminal statuses; 0 is a disc."""
_CELLS = "░█▒▓"
"""What a live status fills a terminal's line with."""


@frozen
class Look:
    """How one status looks."""

    status: str
    name: str
    """The status, harmless in any picture."""
    css: str
    """The class of what has its colour."""
    terminal: bool
    sign: str
    """The letter of a terminal status; what a live one fills a terminal's line with."""
    corners: int = 0


def looks_of(lifecycle: Lifecycle[Any]) -> Mapping[str, Look]:
    """Return how each status of a lifecycle looks, in the order of the lifecycle."""
    looks: dict[str, Look] = {}
    live = ended = 0
    letters: set[str] = set()
    for status in statuses_of(lifecycle):
        name = visible(status)
        if status in lifecycle.terminal:
            letter = next((c for c in name.upper() if c.isalnum() and c not in letters), "?")
            letters.add(letter)
            css = f"end-{ended % len(_TERMINAL['light'])}"
            corners = _CORNERS[ended % len(_CORNERS)]
            looks[status] = Look(status, name, css, terminal=True, sign=letter[0], corners=corners)
            ended += 1
        else:
            css = f"live-{live % len(_LIVE['light'])}"
            looks[status] = Look(status, name, css, terminal=False, sign=_CELLS[live % len(_CELLS)])
            live += 1
    return looks


def colours(theme: Theme) -> Mapping[str, tuple[str, str]]:
    """Return the colour of each class of :attr:`Look.css`, and that of the text on it."""
    both = {
        **{f"live-{index}": colour for index, colour in enumerate(_LIVE[theme])},
        **{f"end-{index}": colour for index, colour in enumerate(_TERMINAL[theme])},
    }
    return {css: (colour, _text_on(colour)) for css, colour in both.items()}


def shape(corners: int, x: float, y: float, radius: float) -> str:
    """Return the path of a shape around a point: a disc, or a polygon that stands on a side or a corner."""
    if not corners:
        return f"M{x - radius:.1f} {y:.1f}a{radius:.1f} {radius:.1f} 0 1 1 0 .01z"
    turns = (2 * pi * index / corners - pi / 2 for index in range(corners))
    # A polygon of few corners covers less than its circle: it is drawn a little larger.
    reach = radius * (1.25 if corners < 5 else 1.1)  # noqa: PLR2004 - corners
    points = (f"{x + reach * cos(turn):.1f} {y + reach * sin(turn):.1f}" for turn in turns)
    return f"M{'L'.join(points)}z"


def _text_on(colour: str) -> str:
    """Return the text colour of the greater contrast, by WCAG's relative luminance."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)  # noqa: PLR2004
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return _LIGHT_TEXT if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else _DARK_TEXT
