"""One call for every format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from runlife_diagrams.compose import picture_of
from runlife_diagrams.errors import PictureError
from runlife_diagrams.figure.marking import mark
from runlife_diagrams.figure.svg import to_svg
from runlife_diagrams.formats.as_json import to_json
from runlife_diagrams.formats.dot import to_dot
from runlife_diagrams.formats.mermaid import to_mermaid
from runlife_diagrams.formats.plantuml import to_plantuml
from runlife_diagrams.formats.scxml import to_scxml
from runlife_diagrams.formats.table import to_html_table, to_markdown
from runlife_diagrams.formats.terminal import terminal
from runlife_diagrams.formats.xstate import to_xstate
from runlife_diagrams.overlays import is_way, way_of
from runlife_diagrams.picture import Detail, Direction, Picture, Theme, one_of
from runlife_diagrams.shipped import shipped_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runlife import Lifecycle
    from runlife_diagrams.overlays import OverlayLike

__all__ = ["FORMATS", "Format", "TextFormat", "render"]

TextFormat = Literal[
    "svg", "mermaid", "dot", "plantuml", "html", "json", "text", "markdown", "html-table", "scxml", "xstate"
]
"""The formats that are text."""
Format = Literal[TextFormat, "png"]
"""The formats: PNG is bytes, and every other is text."""
FORMATS: tuple[Format, ...] = get_args(Format)
"""The formats there are."""


def _svg(picture: Picture) -> str:
    """Return the picture as SVG: on the shipped one, if it is one of those, so that nothing is laid out."""
    shipped = shipped_for(picture)
    return to_svg(picture) if shipped is None else mark(shipped, picture.overlay, picture.theme)


_DRAWN: Mapping[Format, Callable[[Picture], str]] = {
    "svg": _svg,
    "mermaid": to_mermaid,
    "dot": to_dot,
    "plantuml": to_plantuml,
    "json": to_json,
}
"""The formats of a picture that are text."""
_WRITTEN: Mapping[Format, Callable[[Lifecycle[Any]], str]] = {
    "markdown": to_markdown,
    "html-table": to_html_table,
    "scxml": to_scxml,
    "xstate": to_xstate,
}
"""The formats of the lifecycle itself: all of it is in them, and nothing else."""


@overload
def render(
    lifecycle: Lifecycle[Any],
    format: TextFormat = "svg",
    *,
    overlay: OverlayLike | None = None,
    theme: Theme = "light",
    direction: Direction = "TB",
    detail: Detail = "full",
    guards: bool = True,
    evidence: bool = False,
    policies: bool = False,
) -> str: ...
@overload
def render(
    lifecycle: Lifecycle[Any],
    format: Literal["png"],
    *,
    overlay: OverlayLike | None = None,
    theme: Theme = "light",
    direction: Direction = "TB",
    detail: Detail = "full",
    guards: bool = True,
    evidence: bool = False,
    policies: bool = False,
) -> bytes: ...
@overload
def render(
    lifecycle: Lifecycle[Any],
    format: Format,
    *,
    overlay: OverlayLike | None = None,
    theme: Theme = "light",
    direction: Direction = "TB",
    detail: Detail = "full",
    guards: bool = True,
    evidence: bool = False,
    policies: bool = False,
) -> str | bytes: ...
def render(
    lifecycle: Lifecycle[Any],
    format: Format = "svg",
    *,
    overlay: OverlayLike | None = None,
    theme: Theme = "light",
    direction: Direction = "TB",
    detail: Detail = "full",
    guards: bool = True,
    evidence: bool = False,
    policies: bool = False,
) -> str | bytes:
    """Return the picture of a lifecycle: as text, or as the bytes of a PNG.

    :param format: a picture: ``svg``, ``png``, ``mermaid`` (``stateDiagram-v2``), ``dot`` (Graphviz),
        ``plantuml``, ``html`` (a page of its own, to move about in), ``json`` (the picture as data, see
        :func:`~runlife_diagrams.formats.as_json.picture_schema`) or ``text`` (for a terminal, see
        :func:`~runlife_diagrams.formats.terminal.terminal`). Or the lifecycle itself, always with all that is
        known of it: ``markdown`` and ``html-table`` (transition tables), ``scxml`` (W3C) or ``xstate``
        (JSON config of XState v5).
    :param overlay: what is shown on the picture:

        * a path: statuses, transitions or records, which are numbered. A status that follows another
          stands for the one transition between the two;
        * a journal: a run, its records or their JSON, or NDJSON of that. Its steps bear their times;
        * a mapping of rows, or their names, to how often they were taken: lines as thick as that is much;
        * a :class:`~runlife_diagrams.Belief`, or the :class:`~runlife.trace.UnlawfulError` itself: where
          the run was believed to be, and where it was seen;
        * a :class:`~runlife_diagrams.Difference` to another lifecycle or policy: both are drawn as one.

        Text shows a path or a journal only; what is not a picture shows none.
    :param theme: what it is to lie on, ``light`` or ``dark``.
    :param direction: from top to bottom (``TB``) or from left to right (``LR``).
    :param detail: ``full``, or ``simple``: what one has to see first.
    :param guards: whether the conditions of a transition are written under its event.
    :param evidence: whether it is written how we know each transition.
    :param policies: whether it is written which switch of the policy a transition hangs on, and what is
        switched off is drawn as well.
    :raises PathError: naming the first step of the path that does not fit, and what would be legal.
    :raises HistoryError: naming the first record of a journal that cannot be read.
    :raises PictureError: when there is no such format, theme, direction or detail, no such overlay, a count
        is of no row, or the format does not show the overlay.
    :raises RendererMissingError: when a picture is to be laid out and no renderer is installed.
        The standard pictures (those of our own tables, top to bottom, with guards) are
        shipped, and need no layout.
    """
    one_of("format", format, FORMATS)
    one_of("direction", direction, get_args(Direction))
    one_of("theme", theme, get_args(Theme))
    one_of("detail", detail, get_args(Detail))
    if format in _WRITTEN:
        if overlay is not None:
            pictures = ", ".join(one for one in FORMATS if one not in _WRITTEN)
            raise PictureError(f"an overlay is shown in {pictures}; there is none in {format}")
        return _WRITTEN[format](lifecycle)
    if format == "text":
        if overlay is not None and not is_way(overlay):
            raise PictureError(f"text shows a path or a journal, and no {type(overlay).__name__}")
        path = None if overlay is None else way_of(overlay, lifecycle).path
        return terminal(lifecycle, path=path, guards=guards, evidence=evidence)
    picture = picture_of(
        lifecycle,
        overlay=overlay,
        direction=direction,
        theme=theme,
        detail=detail,
        guards=guards,
        evidence=evidence,
        policies=policies,
    )
    if format == "png":
        from runlife_diagrams.png import svg_to_png  # noqa: PLC0415  # only who draws one pays for it

        return svg_to_png(_svg(picture))
    if format == "html":
        from runlife_diagrams.html import to_html  # noqa: PLC0415  # the same

        return to_html(lifecycle, picture, _svg(picture))
    return _DRAWN[format](picture)
