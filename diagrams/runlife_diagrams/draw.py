"""One call for every format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from runlife_diagrams.as_json import to_json
from runlife_diagrams.dot import to_dot
from runlife_diagrams.errors import PictureError
from runlife_diagrams.highlight import highlight
from runlife_diagrams.mermaid import to_mermaid
from runlife_diagrams.picture import Counts, Direction, Picture, Theme, one_of, picture_of
from runlife_diagrams.plantuml import to_plantuml
from runlife_diagrams.scxml import to_scxml
from runlife_diagrams.shipped import is_standard
from runlife_diagrams.svg import to_svg
from runlife_diagrams.table import to_html_table, to_markdown
from runlife_diagrams.terminal import terminal
from runlife_diagrams.xstate import to_xstate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runlife import Lifecycle
    from runlife_diagrams.route import Path

__all__ = ["FORMATS", "Format", "render"]

Format = Literal[
    "svg", "mermaid", "dot", "plantuml", "json", "text", "markdown", "html-table", "scxml", "xstate"
]
FORMATS: tuple[Format, ...] = get_args(Format)
"""The formats there are."""

_DRAWN: Mapping[Format, Callable[[Picture], str]] = {
    "svg": to_svg,
    "mermaid": to_mermaid,
    "dot": to_dot,
    "plantuml": to_plantuml,
    "json": to_json,
}
"""The formats of a picture."""
_WRITTEN: Mapping[Format, Callable[[Lifecycle[Any]], str]] = {
    "markdown": to_markdown,
    "html-table": to_html_table,
    "scxml": to_scxml,
    "xstate": to_xstate,
}
"""The formats of the lifecycle itself: all of it is in them, and nothing else."""
_HEATED: tuple[Format, ...] = ("svg", "mermaid", "plantuml", "json")
_TRACED: tuple[Format, ...] = (*_DRAWN, "text")


def render(
    lifecycle: Lifecycle[Any],
    format: Format = "svg",
    *,
    path: Path | None = None,
    heat: Counts | None = None,
    theme: Theme = "light",
    direction: Direction = "TB",
    guards: bool = True,
    evidence: bool = False,
) -> str:
    """Return the picture of a lifecycle as text.

    :param format: a picture: ``svg``, ``mermaid`` (``stateDiagram-v2``), ``dot`` (Graphviz), ``plantuml``,
        ``json`` (the picture as data, see :func:`~runlife_diagrams.as_json.picture_schema`) or ``text``
        (for a terminal, see :func:`~runlife_diagrams.terminal.terminal`). Or the lifecycle itself, always
        with all that is known of it: ``markdown`` and ``html-table`` (transition tables), ``scxml``
        (W3C) or ``xstate`` (JSON config of XState v5).
    :param path: a path to highlight: statuses, transitions or records, such as a run's journal (pictures).
    :param heat: how often rows were taken, by the row or its name: the lines are as thick as that is much,
        and a row that is not named never was taken (SVG, Mermaid, PlantUML and JSON).
    :param theme: what it is to lie on, ``light`` or ``dark``.
    :param direction: from top to bottom (``TB``) or from left to right (``LR``).
    :param guards: whether the conditions of a transition are written under its event.
    :param evidence: whether it is written how we know each transition.
    :raises PathError: naming the first step of the path that does not fit, and what would be legal.
    :raises PictureError: when there is no such format, theme or direction, a count is of no row, or the
        format shows no path or no heat.
    :raises RendererMissingError: when an SVG is to be laid out and graphviz-pure is not installed.
        The standard pictures (``RUN``, ``RUN_STEP``, ``MESSAGE``, top to bottom, with guards) are
        shipped, and need no layout.
    """
    one_of("format", format, FORMATS)
    one_of("direction", direction, get_args(Direction))
    one_of("theme", theme, get_args(Theme))
    if path is not None and format not in _TRACED:
        raise PictureError(f"a path is drawn as {' or as '.join(_TRACED)}; there is none in {format}")
    if heat is not None and format not in _HEATED:
        raise PictureError(f"a heat is drawn as {' or as '.join(_HEATED)}; there is none in {format}")
    if format in _WRITTEN:
        return _WRITTEN[format](lifecycle)
    if format == "text":
        return terminal(lifecycle, path=path, guards=guards, evidence=evidence)
    if format == "svg" and is_standard(lifecycle) and guards and not evidence and direction == "TB":
        return highlight(lifecycle, path, heat=heat, theme=theme)
    picture = picture_of(
        lifecycle, path=path, heat=heat, direction=direction, theme=theme, guards=guards, evidence=evidence
    )
    return _DRAWN[format](picture)
