"""What may lie over a picture, in the forms that one has it in, each made into an :class:`.Overlay`.

* a **way**: statuses, transitions or records, or a run and its journal (:mod:`.trail`);
* **counts**: how often each row was taken (:mod:`.heat`);
* a **belief**: what a checker of traces believed, and why it gave up (:mod:`.belief`);
* a **difference**: what another lifecycle, or another policy, has and has not (:mod:`.difference`).
"""

from runlife_diagrams.overlays.belief import Belief
from runlife_diagrams.overlays.difference import Difference, union
from runlife_diagrams.overlays.heat import Counts
from runlife_diagrams.overlays.making import OverlayLike, is_way, overlay_of, way_of

__all__ = [
    "Belief",
    "Counts",
    "Difference",
    "OverlayLike",
    "is_way",
    "overlay_of",
    "union",
    "way_of",
]
