"""The virtual clock moves only when told, and only forward."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from runlife import Clock, TimeError, VirtualClock


def test_it_moves_when_told() -> None:
    """By some seconds, or to a moment."""
    clock = VirtualClock(1000)
    assert (clock.advance(5), clock.advance_to(1600), clock.now()) == (1005, 1600, 1600)
    assert isinstance(clock, Clock)
    assert repr(clock) == "VirtualClock(1600)"


@pytest.mark.parametrize("seconds", [-1, inf, nan, 10**400, "5", None, True])
def test_it_does_not_go_back_nor_to_what_is_no_time(seconds: Any) -> None:
    """A bad move is refused and the reading stays."""
    clock = VirtualClock(1000)
    with pytest.raises(TimeError):
        clock.advance(seconds)
    with pytest.raises(TimeError):
        clock.advance_to(seconds)
    assert clock.now() == 1000


def test_it_starts_at_a_time() -> None:
    """A clock cannot start at what is no time."""
    with pytest.raises(TimeError):
        VirtualClock(nan)
