"""How a lifecycle, an instance and a journal show themselves in a notebook.

Theory of operation. Jupyter, and everything else that draws what a cell returns, asks an object for its
``_repr_mimebundle_``: texts by their MIME type, of which it shows the best that it can. The engine knows
no picture. Who draws says so in the metadata of its distribution, by an entry point of the group
:data:`GROUP`: a function of the thing shown that returns such a bundle. ``runlife_diagrams`` is there
by this way and by no other. The metadata is looked at once, when something is shown first; to import
runlife costs nothing of it.

A cell never fails because of a picture: what nobody draws is shown as its ``repr``, and so, with a
warning that says why, is what somebody failed to draw.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["GROUP", "Show", "Shown"]

GROUP = "runlife.display"
"""The group of entry points that name a :data:`Show`."""

Show = Callable[[object], Mapping[str, str]]
"""Returns texts by their MIME type for a lifecycle, an instance or a journal; none for anything else."""


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points  # noqa: PLC0415  # nothing else here needs it

    return tuple(sorted(entry_points(group=GROUP), key=lambda point: point.name))


class Shown:
    """Something that a notebook shows as a picture, if anything that draws is installed."""

    __slots__ = ()

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """Return texts by their MIME type: IPython's protocol.

        :param include: the types that are wanted; by default all.
        :param exclude: the types that are not.
        """
        bundle = {"text/plain": repr(self)}
        for point in _entry_points():
            try:
                show: Show = point.load()
                bundle |= show(self)
            except Exception as error:  # noqa: BLE001  # whatever fails, the cell has a result to show
                msg = f"{point.value} failed to draw this {type(self).__name__}: {error!r}"
                warnings.warn(msg, RuntimeWarning, stacklevel=2)
        return {
            kind: text
            for kind, text in bundle.items()
            if (not include or kind in include) and (not exclude or kind not in exclude)
        }
