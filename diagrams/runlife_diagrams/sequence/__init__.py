"""A life as a sequence diagram: who did what when, and the status it led to.

:mod:`.steps` turns a journal into steps; :mod:`.svg` and :mod:`.mermaid` draw, and :mod:`.draw` is the one
call for both.
"""

from runlife_diagrams.sequence.draw import SequenceFormat, render_sequence

__all__ = ["SequenceFormat", "render_sequence"]
