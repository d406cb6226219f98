"""How a picture looks: colours and line styles, once for all formats.

A cause is told by its colour *and* by its line, so that a print in grey and a reader who does not
see the colour lose nothing. The colours of the causes are those of Okabe and Ito (2002), which
people with every kind of colour vision tell apart; each stands out from its ground at 3 to 1 or
better, and text does at 4.5 to 1.

The stylesheet uses nothing but plain class selectors and plain values: no variables, no markers,
no web fonts. What reads an SVG beside browsers (librsvg, resvg, Inkscape, office suites) knows no
more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from runlife import Cause

if TYPE_CHECKING:
    from runlife_diagrams.picture import Theme

__all__ = ["DASHES", "FONTS", "HOTTEST", "THEMES", "Palette", "stylesheet"]

FONTS = "'Liberation Sans', Arimo, Arial, Helvetica, 'DejaVu Sans', sans-serif"
"""The first four have the same widths, and one of them is nearly everywhere."""

DASHES: Mapping[Cause, str] = {Cause.CLIENT: "solid", Cause.SERVER: "dashed", Cause.TIMER: "dotted"}
"""The line style of each cause, in Graphviz's words."""


HOTTEST = 5
"""The degrees of heat: 1 to this; and 0 for what never was."""


@frozen
class Palette:
    """The colours of one theme."""

    ground: str
    ink: str
    muted: str
    fill: str
    """Of a status."""
    visited: str
    current: str
    on_current: str
    """Text on the current status."""
    causes: Mapping[Cause, str]


THEMES: Mapping[Theme, Palette] = {
    "light": Palette(
        ground="#ffffff",
        ink="#1f2328",
        muted="#57606a",
        fill="#f6f8fa",
        visited="#fdf6c4",
        current="#f0e442",
        on_current="#1f2328",
        causes={Cause.CLIENT: "#0072b2", Cause.SERVER: "#009e73", Cause.TIMER: "#d55e00"},
    ),
    "dark": Palette(
        ground="#0d1117",
        ink="#e6edf3",
        muted="#9ea7b3",
        fill="#1a212b",
        visited="#45400f",
        current="#f0e442",
        on_current="#1f2328",
        causes={Cause.CLIENT: "#56b4e9", Cause.SERVER: "#009e73", Cause.TIMER: "#e69f00"},
    ),
}


def stylesheet(theme: Theme) -> str:
    """Return the stylesheet of an SVG: every rule starts with ``.runlife``, so none leaks into a page."""
    p = THEMES[theme]
    rules = [
        ("text", f"font-family: {FONTS}; font-size: 10px; fill: {p.ink}; text-anchor: middle"),
        (".ground", f"fill: {p.ground}"),
        (".line", "fill: none; stroke-width: 1.3px; stroke-linecap: butt"),
        (".event", "font-size: 11px; font-weight: bold"),
        (".guard", f"font-style: italic; fill: {p.muted}"),
        (".evidence", f"font-size: 9px; fill: {p.muted}"),
        (".name", "font-size: 14px"),
        (".box", f"fill: {p.fill}; stroke: {p.muted}; stroke-width: 1.3px"),
        (".rim", f"fill: none; stroke: {p.muted}; stroke-width: 1.3px"),
        (".dot", f"fill: {p.ink}"),
        (".entry", f"font-size: 11px; fill: {p.muted}; text-anchor: start"),
    ]
    for cause, colour in p.causes.items():
        rules += [
            (f".{cause} .line", f"stroke: {colour}{_DASH[cause]}"),
            (f".{cause} .head", f"fill: {colour}"),
        ]
    rules += [
        (".badge rect", f"fill: {p.ink}"),
        (".badge text", f"font-size: 9px; font-weight: bold; fill: {p.ground}"),
        # A highlighted path: what is not on it steps back, what is on it comes forward.
        (".traced .edge", "opacity: 0.38"),
        (".traced .node", "opacity: 0.5"),
        (".traced .taken", "opacity: 1"),
        (".traced .visited", "opacity: 1"),
        (".traced .taken .label", "opacity: 0.45"),
        (".traced .taken .taken", "opacity: 1"),
        (".traced .bundle.taken .label", "opacity: 1"),
        (".taken .line", "stroke-width: 2.6px"),
        (".timer.taken .line", "stroke-dasharray: 0.1 5.5"),
        (".visited .box", f"fill: {p.visited}; stroke: {p.ink}; stroke-width: 1.8px"),
        (".visited .rim", f"stroke: {p.ink}"),
        (".current .box", f"fill: {p.current}; stroke: {p.ink}; stroke-width: 2.6px"),
        (".current .name", f"font-weight: bold; fill: {p.on_current}"),
        (".current .rim", f"stroke: {p.on_current}"),
    ]
    rules += [
        # A heat: the line is as thick as a row was taken often; what never was taken steps back.
        (".heated .heat-0", "opacity: 0.45"),
        (".heated .heat-0 .badge rect", f"fill: {p.ground}; stroke: {p.muted}"),
        (".heated .heat-0 .badge text", f"fill: {p.ink}"),
    ]
    for degree in range(1, HOTTEST + 1):
        rules.append((f".heated .heat-{degree} .line", f"stroke-width: {0.9 + 0.9 * degree:.1f}px"))
    return "\n".join(["", *(f".runlife {selector} {{ {body}; }}" for selector, body in rules), ""])


_DASH = {
    Cause.CLIENT: "",
    Cause.SERVER: "; stroke-dasharray: 6 3.5",
    Cause.TIMER: "; stroke-dasharray: 0.1 4; stroke-linecap: round",
}
