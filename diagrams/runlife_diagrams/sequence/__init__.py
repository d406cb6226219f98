"""A life as a sequence diagram: who did what when, and the status it led to.

:mod:`.journal` turns the records of a life into steps, :mod:`.wire` the exchanges of a client with a service
(:mod:`.exchanges`); :mod:`.steps` says what steps are. :mod:`.svg` and :mod:`.mermaid` draw them, and
:mod:`.draw` is the one call for all of it.
"""

from runlife_diagrams.sequence.draw import SequenceFormat, render_sequence
from runlife_diagrams.sequence.exchanges import Exchange, Lost, Seen, StreamEvent

__all__ = ["Exchange", "Lost", "Seen", "SequenceFormat", "StreamEvent", "render_sequence"]
