"""A picture in somebody else's page: what the notebook, the Sphinx directive and the MkDocs hook share.

Theory of operation
-------------------
An SVG goes into a page as an image whose data stand in the page. So it is one file with the page, and
nothing of it meets the page or another picture there: two pictures may have the same ids, and one in the
light theme stands beside one in the dark. What a reader would hear of an SVG, its title and its
description, is the alternative text of the image.

In the theme ``auto`` both themes are there, and the browser shows the one that its user prefers
(``prefers-color-scheme``). A picture brings its own ground, so it can be read where a page that has a
switch of its own is of the other mind.

What a page asks for is a name and options, all of them words: those of :func:`runlife_diagrams.render`.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast
from xml.etree.ElementTree import fromstring

from attrs import frozen

from runlife import Lifecycle
from runlife_diagrams.draw import render
from runlife_diagrams.errors import PictureError
from runlife_diagrams.picture import one_of
from runlife_diagrams.shipped import STANDARD

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from types import ModuleType

__all__ = ["OPTIONS", "Block", "BlockFormat", "as_image", "block", "lifecycle_in", "lifecycle_named"]

BlockFormat = Literal["svg", "mermaid", "markdown", "html-table"]
"""What stands in a page."""

_SWITCHES = ("guards", "evidence", "policies")
_YES_NO = {"yes": True, "no": False}
OPTIONS = ("format", "path", "theme", "direction", "detail", *_SWITCHES)
"""The options of a picture in a page."""


@frozen
class Block:
    """A picture that stands in a page."""

    format: BlockFormat
    text: str
    """HTML, of one line if it is an SVG; or what the format says."""
    words: str
    """What it shows, for a page that shows no pictures."""


def block(name: str, options: Mapping[str, str], formats: Collection[BlockFormat]) -> Block:
    """Return the picture that a page asks for.

    :param name: of the lifecycle: see :func:`lifecycle_named`.
    :param options: by the names in :data:`OPTIONS`. ``path`` is a list of statuses with commas between
        them, ``theme`` may be ``auto`` and is so by default, and of what is on or off it is said ``yes``
        or ``no``; the rest is as in :func:`~runlife_diagrams.render`.
    :param formats: those that can stand in the page; the first is drawn if none is asked for.
    :raises PictureError: when there is no such lifecycle, option, format or theme.
    :raises PathError: naming the first step of the path that does not fit, and what would be legal.
    :raises RendererMissingError: when an SVG is to be laid out and graphviz-pure is not installed.
    """
    for option in options:
        one_of("option", option, OPTIONS)
    for option in _SWITCHES:
        one_of(option, options.get(option, "yes"), _YES_NO)
    format = cast("BlockFormat", options.get("format", next(iter(formats))))
    theme = options.get("theme", "auto")
    one_of("format", format, formats)
    one_of("theme", theme, ("auto", "light", "dark"))
    lifecycle = lifecycle_named(name)
    asked: dict[str, Any] = {
        **{option: options[option] for option in ("direction", "detail") if option in options},
        **{option: _YES_NO[options[option]] for option in _SWITCHES if option in options},
    }
    if "path" in options:
        asked["overlay"] = [word.strip() for word in options["path"].split(",")]
    draw = cast("Callable[..., str]", render)  # none of the formats here is bytes
    if format != "svg":
        text = draw(lifecycle, format, theme="dark" if theme == "dark" else "light", **asked).rstrip("\n")
        return Block(
            format, _framed(text) if format == "html-table" else text, f"Lifecycle of {lifecycle.name}."
        )
    light, dark = (draw(lifecycle, format, theme=one, **asked) for one in ("light", "dark"))
    image = as_image(light, dark) if theme == "auto" else as_image(dark if theme == "dark" else light)
    return Block(format, _framed(image), _words(light))


def lifecycle_named(name: str) -> Lifecycle[Any]:
    """Return the lifecycle of a name: one of ours, or ``module:NAME`` for that of an importable module.

    :raises PictureError: when there is none, or importing the module fails.
    """
    standard = {lifecycle.name: lifecycle for lifecycle in STANDARD}
    place, colon, attribute = name.partition(":")
    if not colon:
        one_of("lifecycle", name, (*standard, "module:NAME"))
        return standard[name]
    try:
        module = import_module(place)
    except (Exception, SystemExit) as error:
        raise PictureError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
    return lifecycle_in(module, attribute, name)


def lifecycle_in(module: ModuleType, attribute: str, name: str) -> Lifecycle[Any]:
    """Return the lifecycle that a module has.

    :param attribute: what it is called there; with dots, that of a class or the like.
    :param name: what the reader calls it, for the error.
    :raises PictureError: when there is none; it names those that the module has.
    """
    found: object = module
    try:
        for part in attribute.split("."):
            found = getattr(found, part)
    except AttributeError as error:
        raise PictureError(f"{name}: there is no {attribute!r} in it{_lifecycles(module)}") from error
    if not isinstance(found, Lifecycle):
        kind = type(found).__name__
        raise PictureError(f"{name}: {attribute} is no Lifecycle but of type {kind}{_lifecycles(module)}")
    return found  # pyright: ignore[reportUnknownVariableType]  # a lifecycle of whatever statuses


def _lifecycles(module: ModuleType) -> str:
    """Return the lifecycles of a module, as an advice."""
    found = [name for name, value in vars(module).items() if isinstance(value, Lifecycle)]
    return f"; its lifecycles: {', '.join(found)}" if found else ""


def as_image(svg: str, dark: str | None = None) -> str:
    """Return one line of HTML that shows an SVG of ours.

    :param dark: the same in the dark theme, for who prefers that.
    """
    image = f'<img src="{_data(svg)}" alt="{escape(_words(svg))}" style="max-width: 100%; height: auto">'
    if dark is None:
        return image
    source = f'<source media="(prefers-color-scheme: dark)" srcset="{_data(dark)}">'
    return f"<picture>{source}{image}</picture>"


def _framed(html: str) -> str:
    """Return HTML that keeps its distance, and that a narrow page scrolls instead of growing as wide."""
    return f'<div class="runlife-figure" style="margin: 1em 0; overflow-x: auto">{html}</div>'


def _data(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _words(svg: str) -> str:
    """Return what an SVG says of itself to who cannot see it, as one line."""
    root = fromstring(svg)  # noqa: S314 - written by us
    said = (" ".join((root.findtext(f"{{*}}{tag}") or "").split()) for tag in ("title", "desc"))
    return " ".join(f"{text.removesuffix('.')}." for text in said if text)
