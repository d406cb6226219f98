"""The page: the picture, what is shown on it, and the tables, in one file that loads nothing.

Theory of operation
-------------------
The page is whole without its script: the picture, the steps of a path in a list, and the tables are plain
HTML, and a link from a row leads to its edge. The script adds what needs one: pan and zoom, tracing, a panel
that tells of what is chosen, a way through the picture by keyboard, a search, the steps played one by one.

**The page has no data beside what is read.** What the script knows, it reads from the page: the tables say
what each row is, the picture bears the ids, and both are tied by ``data-`` attributes
(:mod:`runlife_diagrams.html.tables`). So a screen reader is told what the panel tells, and no word of a
lifecycle ever stands in a script: it is escaped once, as text, and copied as nodes from there on.

A strict policy of content holds besides: the styles and the script are let in by their hashes, and nothing
else is. Light and dark are two stylesheets of one set of names; the second is on when the reader's system is
dark, until the button says otherwise, and never in print.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from runlife_diagrams.html.tables import tables
from runlife_diagrams.style import THEMES, stylesheet
from runlife_diagrams.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runlife import Lifecycle
    from runlife_diagrams.overlay import Overlay, Step
    from runlife_diagrams.picture import Picture, Theme

__all__ = ["to_html"]

_SCRIPTS = ("model.js", "view.js", "choose.js", "walk.js", "play.js", "find.js", "main.js")
"""In the order in which they stand in the page; the last one puts the others to use."""
_MOST_STEPS = 1_000
"""Steps that a page lists, at most: of thousands nobody reads the first, and a browser gets slow."""
_OWN_STYLE = re.compile(r"<style>.*?</style>\n?", re.DOTALL)
_THEME = re.compile(r"runlife (?:light|dark)")
_INLINE = re.compile(r' style="[^"]*"')


def to_html(lifecycle: Lifecycle[Any], picture: Picture, svg: str) -> str:
    """Return a page of HTML that needs nothing but itself.

    :param picture: the picture of the lifecycle, with the overlay that it is to show.
    :param svg: the same picture as SVG, in any theme: the page brings both.
    """
    light, dark, looks = _theme("light"), _theme("dark"), _compact("page.css")
    script = "\n".join(map(_compact, _SCRIPTS))
    page = Template(_read("page.html"))
    return page.substitute(
        policy=_policy(styles=(light, dark, looks), script=script),
        title=escape(picture.title),
        description=escape(picture.description),
        light=light,
        dark=dark,
        looks=looks,
        svg=_inlined(svg),
        told="" if picture.overlay is None else "\n".join(_told(picture.overlay)),
        tables=tables(lifecycle, picture),
        script=script,
    )


def _policy(*, styles: tuple[str, ...], script: str) -> str:
    """Return the policy of content: what is in the page, and nothing from anywhere."""
    allowed = " ".join(map(_hash, styles))
    return (
        f"default-src 'none'; style-src {allowed}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _read(name: str) -> str:
    return (files("runlife_diagrams.html") / name).read_text(encoding="utf-8")


@cache
def _compact(name: str) -> str:
    """Return a file without its indentation and the lines that are comments: a third of it is for us."""
    lines = (line.strip() for line in _read(name).splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))


@cache
def _theme(theme: Theme) -> str:
    """Return the stylesheet of the picture, and its colours by name for the rest of the page."""
    p = THEMES[theme]
    names = {
        "color-scheme": theme,
        "--ground": p.ground,
        "--ink": p.ink,
        "--muted": p.muted,
        "--fill": p.fill,
        "--line": f"color-mix(in srgb, {p.muted} 35%, {p.ground})",
        "--visited": p.visited,
        "--current": p.current,
        **{f"--{cause}": colour for cause, colour in p.causes.items()},
    }
    body = "; ".join(f"{name}: {value}" for name, value in names.items())
    rules = stylesheet(theme, scope=".runlife")
    return f":root {{ {body} }}{rules}"


def _inlined(svg: str) -> str:
    """Return the SVG without any style of its own: the page brings those of both themes."""
    bare = _OWN_STYLE.sub("", svg, count=1)
    root, end, rest = bare.partition(">")
    return f"{_THEME.sub('runlife', _INLINE.sub('', root))}{end}{rest}".strip()


def _told(overlay: Overlay) -> Iterator[str]:
    """Yield what an overlay says: the steps of a way as a list that can be played, and the rest in words."""
    if overlay.steps:
        yield from _steps(overlay.steps)
    if overlay.says:
        yield '<ul class="says">'
        yield from (f"<li>{escape(visible(sentence))}</li>" for sentence in overlay.says)
        yield "</ul>"


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    """Yield the steps of a way, and the buttons that play them; of a very long one, the last steps."""
    yield '<div id="player" role="group" aria-label="The steps, one by one">'
    for act, sign, says in (
        ("first", "|&#x25C2;", "Before the first step"),
        ("back", "&#x25C2;", "One step back (b)"),
        ("play", "&#x25B6;&#xFE0E;", "Play (p)"),
        ("on", "&#x25B8;", "One step on (n)"),
        ("last", "&#x25B8;|", "All steps"),
    ):
        yield f'<button type="button" data-do="{act}" title="{says}" aria-label="{says}">{sign}</button>'
    yield "<output></output>"
    yield "</div>"
    last = steps[-_MOST_STEPS:]
    if len(last) < len(steps):
        yield f"<p>Listed and played are the last {len(last):,} of {len(steps):,} steps.</p>"
    yield '<ol id="steps">'
    for step in last:
        ties = f'data-row="{step.row}" data-source="{step.source}" data-target="{step.target}"'
        yield f'<li {ties}><a href="#{step.row}">{escape(step.says)}</a></li>'
    yield "</ol>"
