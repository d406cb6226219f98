"""One call for every format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from runlife_diagrams.dot import to_dot
from runlife_diagrams.errors import PictureError
from runlife_diagrams.highlight import highlight
from runlife_diagrams.mermaid import to_mermaid
from runlife_diagrams.picture import Counts, Direction, Theme, one_of, picture_of
from runlife_diagrams.shipped import is_standard
from runlife_diagrams.svg import to_svg

if TYPE_CHECKING:
    from runlife import Lifecycle
    from runlife_diagrams.route import Path

__all__ = ["FORMATS", "Format", "render"]

Format = Literal["svg", "mermaid", "dot"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""The formats there are."""


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

    :param format: ``svg``, ``mermaid`` (``stateDiagram-v2``) or ``dot`` (Graphviz).
    :param path: a path to highlight: statuses, transitions or records, such as a run's journal.
    :param heat: how often rows were taken, by the row or its name: the lines are as thick as that is much,
        and a row that is not named never was taken (SVG and Mermaid).
    :param theme: what it is to lie on, ``light`` or ``dark``.
    :param direction: from top to bottom (``TB``) or from left to right (``LR``).
    :param guards: whether the conditions of a transition are written under its event.
    :param evidence: whether it is written how we know each transition.
    :raises PathError: naming the first step of the path that does not fit, and what would be legal.
    :raises PictureError: when there is no such format, theme or direction, or a count is of no row.
    :raises RendererMissingError: when an SVG is to be laid out and graphviz-pure is not installed.
        The standard pictures (``RUN``, ``RUN_STEP``, ``MESSAGE``, top to bottom, with guards) are
        shipped, and need no layout.
    """
    one_of("format", format, FORMATS)
    if format == "svg" and is_standard(lifecycle) and guards and not evidence and direction == "TB":
        return highlight(lifecycle, path, heat=heat, theme=theme)
    if format == "dot" and heat is not None:
        raise PictureError("a heat is drawn as svg or as mermaid; there is none in dot")
    picture = picture_of(
        lifecycle, path=path, heat=heat, direction=direction, theme=theme, guards=guards, evidence=evidence
    )
    if format == "mermaid":
        return to_mermaid(picture)
    return to_dot(picture) if format == "dot" else to_svg(picture)
