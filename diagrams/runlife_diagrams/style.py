"""How a picture looks: colours and line styles, once for all formats.

A cause is told by its colour *and* by its line, so that a print in grey and a reader who does not
see the colour lose nothing. The colours of the causes are those of Okabe and Ito (2002), which
people with every kind of colour vision tell apart; each stands out from its ground at 3 to 1 or
better, and text does at 4.5 to 1. What an overlay lets step back keeps words that can be read: lines and
words fade each by themselves, never a group of both, which browsers and simpler readers mix differently.

What lies over a picture is told by classes (:mod:`runlife_diagrams.overlay`): :func:`node_look` and
:func:`line_width` say, for the formats without a stylesheet, what the stylesheet says for SVG, and a class
that is to be seen is named here and nowhere else.

The stylesheet uses nothing but plain class selectors and plain values: no variables, no markers,
no web fonts. What reads an SVG beside browsers (librsvg, resvg, Inkscape, office suites) knows no
more than that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from runlife import Cause

if TYPE_CHECKING:
    from runlife_diagrams.picture import Theme

__all__ = [
    "DASHES",
    "FONTS",
    "HOTTEST",
    "NODE_MARKS",
    "THEMES",
    "NodeLook",
    "Palette",
    "line_width",
    "node_look",
    "stylesheet",
]

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
    band: str
    """Behind the statuses of one kind."""
    ink: str
    muted: str
    fill: str
    """Of a status."""
    visited: str
    current: str
    on_current: str
    """Text on the current status."""
    added: str
    removed: str
    causes: Mapping[Cause, str]


THEMES: Mapping[Theme, Palette] = {
    "light": Palette(
        ground="#ffffff",
        band="#eef1f5",
        ink="#1f2328",
        muted="#57606a",
        fill="#f6f8fa",
        visited="#fdf6c4",
        current="#f0e442",
        on_current="#1f2328",
        added="#bfe3f7",
        removed="#f3d3e3",
        causes={Cause.CLIENT: "#0072b2", Cause.SERVER: "#009e73", Cause.TIMER: "#d55e00"},
    ),
    "dark": Palette(
        ground="#0d1117",
        band="#161c25",
        ink="#e6edf3",
        muted="#9ea7b3",
        fill="#1a212b",
        visited="#45400f",
        current="#f0e442",
        on_current="#1f2328",
        added="#0f4a6b",
        removed="#5e2f48",
        causes={Cause.CLIENT: "#56b4e9", Cause.SERVER: "#009e73", Cause.TIMER: "#e69f00"},
    ),
}


@frozen
class NodeLook:
    """How a status is drawn."""

    fill: str
    line: str
    text: str
    width: float = 1.3
    """Of its outline, in points."""
    dash: str = ""
    """Of its outline, in the words of SVG; empty for a solid one."""
    bold: bool = False


NODE_MARKS = ("visited", "current", "believed", "possible", "seen", "added", "removed", "changed")
"""The classes of marks on statuses, of which a later one counts more."""


def node_look(kind: str, classes: Collection[str], theme: Theme) -> NodeLook:
    """Return how a status of a kind looks with the classes of its mark."""
    p = THEMES[theme]
    look = NodeLook(p.fill, p.ink if kind == "terminal" else p.muted, p.ink)
    for name in (name for name in NODE_MARKS if name in classes):
        look = _marked(name, look, p)
    return look


def _marked(name: str, look: NodeLook, p: Palette) -> NodeLook:
    strong = NodeLook(p.current, p.ink, p.on_current, 2.6, bold=True)
    fills = {"added": p.added, "removed": p.removed}
    match name:
        case "current" | "seen":
            return strong
        case "possible" | "removed":
            return evolve(look, fill=fills.get(name, look.fill), line=p.ink, width=1.8, dash="5 3")
        case _:
            return evolve(look, fill=fills.get(name, p.visited), line=p.ink, width=1.8)


_WIDTHS: Mapping[str, float] = {
    "taken": 2.6,
    "added": 2.6,
    "changed": 2.6,
    **{f"heat-{degree}": round(0.9 + 0.7 * degree, 1) for degree in range(1, HOTTEST + 1)},
}
_LINE = 1.3
_SLENDER = 2.6
"""Points: the widest line that an arrowhead stands out from as it is; at the end of others it grows."""


def line_width(classes: Collection[str]) -> float:
    """Return how wide the line of an edge is with the classes of its mark, in points."""
    return max((_WIDTHS[name] for name in classes if name in _WIDTHS), default=_LINE)


def stylesheet(theme: Theme, *, scope: str | None = None) -> str:
    """Return the stylesheet of an SVG.

    :param scope: the selector that every rule starts with, so that none leaks into a page; by default the
        classes ``runlife`` and the theme, so that pictures of both themes stand in one page.
    """
    within = f".runlife.{theme}" if scope is None else scope
    p = THEMES[theme]
    rules = [
        ("text", f"font-family: {FONTS}; font-size: 10px; fill: {p.ink}; text-anchor: middle"),
        (".ground", f"fill: {p.ground}"),
        (".band", f"fill: {p.band}"),
        (".meaning", f"font-size: 9px; fill: {p.muted}; text-anchor: start"),
        (".line", f"fill: none; stroke-width: {_LINE}px; stroke-linecap: butt"),
        (".event", "font-size: 11px; font-weight: bold"),
        (".guard", f"font-style: italic; fill: {p.muted}"),
        (".note", f"font-size: 9px; fill: {p.muted}"),
        (".evidence", f"font-size: 9px; fill: {p.muted}"),
        (".name", "font-size: 14px"),
        (".box", f"fill: {p.fill}; stroke: {p.muted}; stroke-width: 1.3px"),
        (".rim", f"fill: none; stroke: {p.muted}; stroke-width: 1.3px"),
        (".dot", f"fill: {p.ink}"),
        (".entry", f"font-size: 11px; fill: {p.muted}; text-anchor: start"),
        (".off .line", "stroke-width: 0.8px"),
        (".off text", f"font-weight: normal; fill: {p.muted}"),
    ]
    for cause, colour in p.causes.items():
        rules += [
            (f".{cause} .line", f"stroke: {colour}{_DASH[cause]}"),
            (f".{cause} .head", f"fill: {colour}; stroke: {colour}; stroke-width: 0; stroke-linejoin: round"),
        ]
    rules += [
        (".badge rect", f"fill: {p.ink}"),
        (".badge text", f"font-size: 9px; font-weight: bold; fill: {p.ground}"),
        (".halo", "fill: none; stroke: none; stroke-width: 9px; stroke-linecap: round"),
        *_marks(theme),
    ]
    return "\n".join(["", *(f"{within} {selector} {{ {body}; }}" for selector, body in rules), ""])


_DIMMING = ("traced", "judged", "compared")
"""The kinds of overlay whose marked parts come forward, because the rest steps back."""
_STILL_READ = 0.6
"""The opacity of words that step back: an event keeps a contrast of 4 to 1."""


def _marks(theme: Theme) -> list[tuple[str, str]]:
    """Return the rules for what an overlay marks."""
    p = THEMES[theme]
    rules = [
        (f".{kind} {part}", look)
        for kind in _DIMMING
        for part, look in (
            (".edge .line", "opacity: 0.38"),
            (".edge .head", "opacity: 0.38"),
            (".edge .label", f"opacity: {_STILL_READ}"),
            (".node", f"opacity: {_STILL_READ}"),
            (".marked .line", "opacity: 1"),
            (".marked .head", "opacity: 1"),
            (".bundle.marked .label", "opacity: 1"),
            (".edge .label.marked", "opacity: 1"),
            (".node.marked", "opacity: 1"),
        )
    ]
    for name, wide in _WIDTHS.items():
        rules.append((f".{name} .line", f"stroke-width: {wide}px"))
        if wide > _LINE:
            rules.append((f".timer.{name} .line", f"stroke-dasharray: 0.1 {2.1 * wide:.1f}"))
        if wide > _SLENDER:
            rules.append((f".{name} .head", f"stroke-width: {wide - 1:.1f}px"))
    rules += [
        (".added .halo", f"stroke: {p.added}"),
        (".removed .halo", f"stroke: {p.removed}"),
        (".changed .halo", f"stroke: {p.visited}"),
    ]
    for name in NODE_MARKS:
        look = node_look("live", [name], theme)
        dash = f"; stroke-dasharray: {look.dash}" if look.dash else ""
        rules += [
            (f".{name} .box", f"fill: {look.fill}; stroke: {look.line}; stroke-width: {look.width}px{dash}"),
            (f".{name} .rim", f"stroke: {look.text if look.bold else look.line}"),
        ]
        if look.bold:
            rules.append((f".{name} .name", f"font-weight: bold; fill: {look.text}"))
    rules += [
        # The line of what never was taken steps back; its words are what one looks for.
        (".heated .heat-0 .line", "opacity: 0.45"),
        (".heated .heat-0 .head", "opacity: 0.45"),
        (".heat-0 .badge rect", f"fill: {p.ground}; stroke: {p.muted}"),
        (".heat-0 .badge text", f"fill: {p.ink}"),
    ]
    return rules


_DASH = {
    Cause.CLIENT: "",
    Cause.SERVER: "; stroke-dasharray: 6 3.5",
    Cause.TIMER: "; stroke-dasharray: 0.1 4; stroke-linecap: round",
}
