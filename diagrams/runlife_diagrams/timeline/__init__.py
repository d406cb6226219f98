"""Lives in time: a lane for each, a bar for each status, the deadline marked.

:mod:`.journals` reads histories, :mod:`.lanes` lays them side by side in time, :mod:`.looks` says how a
status looks; :mod:`.svg` and :mod:`.plain` draw, and :mod:`.draw` is the one call for both.
"""

from runlife_diagrams.timeline.draw import TimelineFormat, render_timeline
from runlife_diagrams.timeline.journals import Journal
from runlife_diagrams.timeline.lanes import Align, Runs

__all__ = ["Align", "Journal", "Runs", "TimelineFormat", "render_timeline"]
