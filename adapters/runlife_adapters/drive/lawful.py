"""What the table says of a view: whether the run has ended, and what a client may ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlife import RUN
from runlife_adapters.drive.actions import Cancel, Submit

if TYPE_CHECKING:
    from runlife_adapters.backend import RunView

__all__ = ["has_ended", "may"]

_KNOWN = {status.value: status for status in RUN.statuses}


def has_ended(view: RunView) -> bool:
    """Whether the status is terminal. One that we do not know is not."""
    return _KNOWN.get(view.status) in RUN.terminal


def may(call: type[Submit | Cancel], view: RunView) -> bool:
    """Whether the table has a row for it. In a status we do not know, only a cancel is worth a try."""
    status = _KNOWN.get(view.status)
    return call is Cancel if status is None else call.event in RUN.legal(status)
