"""The one seam to Graphviz: DOT text in, the SVG of ``dot -Tsvg`` out.

graphviz-pure is a ``dot`` that is only a wheel: no system package, its own metrics of the fonts, and
so the same layout on every machine. It is a program and no module, found through the metadata of its
distribution, whatever the PATH says. Anything else that turns DOT into the same kind of SVG (a system
``dot``, Graphviz as WebAssembly) can take its place wherever a :data:`Renderer` is asked for.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from runlife_diagrams.errors import RendererError, RendererMissingError

__all__ = ["Renderer", "dot_to_svg"]

Renderer = Callable[[str], str]
"""Turns DOT text into the SVG that ``dot -Tsvg`` writes."""

_SECONDS = 60
"""What one layout may take: a table of a hundred rows takes well under one."""


def dot_to_svg(dot: str) -> str:
    """Return the SVG that graphviz-pure lays out from DOT text.

    :raises RendererMissingError: when graphviz-pure is not installed.
    :raises RendererError: when it fails, or takes a minute.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own program, by its full path, fed through a pipe
            [_program(), "-Tsvg"],
            input=dot.encode(),
            capture_output=True,
            check=True,
            timeout=_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise RendererError(f"graphviz-pure failed with status {error.returncode}: {said}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RendererError(f"graphviz-pure did not answer: {error}") from error
    return done.stdout.decode()


@cache
def _program() -> str:
    try:
        shipped = files("graphviz-pure") or []
    except PackageNotFoundError:
        raise RendererMissingError from None
    for file in shipped:
        path = Path(str(file.locate()))
        if path.stem == "graphviz-pure" and path.suffix in {"", ".exe"} and path.is_file():
            return str(path)
    raise RendererMissingError
