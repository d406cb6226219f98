"""The standard pictures: those of our own tables, drawn once, committed and shipped.

:func:`standard_pictures` generates all of them. They are committed beside the package, for readers,
and the SVGs among them once more inside it, as package data: so that a program can show the
lifecycle of a run, and any path through it, with nothing installed that draws. :func:`write_all`
writes them, :func:`check_all` says which are stale. The bytes are the same on every machine.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from attrs import evolve

from runlife import MESSAGE, RUN, RUN_STEP, Lifecycle
from runlife.responses import RESPONSE, RUN_OVER_RESPONSES
from runlife_diagrams.compose import picture_of
from runlife_diagrams.figure.marking import mark
from runlife_diagrams.figure.svg import to_svg
from runlife_diagrams.formats.mermaid import to_mermaid
from runlife_diagrams.layout import CAREFUL, THOROUGH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife_diagrams.picture import Picture

__all__ = ["STANDARD", "check_all", "shipped_for", "shipped_svg", "standard_pictures", "write_all"]

STANDARD: tuple[Lifecycle[Any], ...] = (RUN, RUN_STEP, MESSAGE, RESPONSE, RUN_OVER_RESPONSES)
"""The lifecycles whose pictures are shipped, under the policy they have by default."""

_PACKAGE = "runlife_diagrams/pictures"


def shipped_for(picture: Picture) -> str | None:
    """Return the shipped SVG of a picture, if there is one, whatever its theme and what lies over it."""
    plain = evolve(picture, overlay=None, theme="light")
    return shipped_svg(picture.name) if plain == _standard().get(picture.name) else None


@cache
def _standard() -> Mapping[str, Picture]:
    return {lifecycle.name: picture_of(lifecycle) for lifecycle in STANDARD}


@cache
def shipped_svg(name: str) -> str:
    """Return the shipped picture of the standard lifecycle of this name, in the light theme."""
    return (files("runlife_diagrams") / "pictures" / f"{name}.svg").read_text(encoding="utf-8")


@cache
def standard_pictures() -> Mapping[str, str]:
    """Draw the standard pictures anew, and return their texts by file name, in the order of the names.

    Each lifecycle has a ``name.svg``, a ``name-dark.svg`` and a ``name.mmd``. It takes some seconds.

    :raises RendererMissingError: when graphviz-pure is not installed.
    """
    texts: dict[str, str] = {}
    for lifecycle in STANDARD:
        picture = picture_of(lifecycle)
        svg = to_svg(picture, tries=THOROUGH if lifecycle is RUN else CAREFUL)
        texts[f"{lifecycle.name}.svg"] = svg
        texts[f"{lifecycle.name}-dark.svg"] = mark(svg, None, "dark")
        texts[f"{lifecycle.name}.mmd"] = to_mermaid(picture)
    return MappingProxyType(dict(sorted(texts.items())))


def write_all(folder: Path | str = "diagrams") -> tuple[Path, ...]:
    """Write the standard pictures to a folder, and return the files whose content has changed.

    :param folder: where they go. In a checkout, where the package stands in the same folder, its
        own copies are written as well.
    :raises RendererMissingError: when graphviz-pure is not installed.
    """
    changed = check_all(folder)
    wanted = _wanted(Path(folder))
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wanted[path])
    return changed


def check_all(folder: Path | str = "diagrams") -> tuple[Path, ...]:
    """Return the files that :func:`write_all` would have to write: those missing, and those stale.

    :param folder: where they should be.
    :raises RendererMissingError: when graphviz-pure is not installed.
    """
    wanted = _wanted(Path(folder))
    return tuple(
        path for path, content in wanted.items() if not path.is_file() or path.read_bytes() != content
    )


def _wanted(folder: Path) -> dict[Path, bytes]:
    content = {name: text.encode() for name, text in standard_pictures().items()}
    wanted = {folder / name: text for name, text in content.items()}
    if (folder / _PACKAGE).parent.is_dir():
        shipped = (f"{lifecycle.name}.svg" for lifecycle in STANDARD)
        wanted |= {folder / _PACKAGE / name: content[name] for name in shipped}
    return wanted
