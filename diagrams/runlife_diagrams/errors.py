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
    """A picture that cannot be had: an unknown format, theme or direction, or one that is not shipped."""


class RendererMissingError(MisuseError):
    """Laying out a picture needs graphviz-pure, and it is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "drawing this lifecycle as SVG needs graphviz-pure: pip install 'runlife[diagrams]'. "
            "The formats mermaid and dot need nothing, nor do the standard pictures of our own tables."
        )


class RendererError(WorldError):
    """The program that lays the picture out failed; the message ends with what it said."""
