"""Time in words and on an axis: durations as people write them, and round steps between ticks."""

from __future__ import annotations

from math import floor, log10

__all__ = ["duration", "moment", "ticks"]

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)
"""The round steps of an axis from a second to a day, in seconds."""
_LONGEST = 100_000 * _DAY
_SHARE = 1e-9
"""Of a step, by which a tick may miss the end of the axis: the error of floating point."""


def duration(seconds: float) -> str:
    """Return seconds in words, to three decimals of a second at the most: ``12.5 s``, ``1 min 30 s``."""
    if seconds < 0:
        return f"\N{MINUS SIGN}{duration(-seconds)}"
    if seconds >= _LONGEST:
        return f"{seconds:.3g} s"
    if 0 < seconds < 0.001:  # noqa: PLR2004 - a millisecond, below which seconds are unreadable
        return f"{seconds * 1e6:.3g} \N{MICRO SIGN}s"
    rounded = round(seconds, 3)
    if rounded < _MINUTE:
        return f"{_plain(rounded)} s"
    rounded = round(seconds, 2)
    if rounded < _HOUR:
        minutes, rest = divmod(rounded, _MINUTE)
        return _joined(minutes, "min", round(rest, 2), "s")
    whole = round(rounded)
    if whole < _DAY:
        hours, rest = divmod(whole, _HOUR)
        return _joined(hours, "h", rest // _MINUTE, "min", rest % _MINUTE, "s")
    days, rest = divmod(whole, _DAY)
    return _joined(days, "d", rest // _HOUR, "h", rest % _HOUR // _MINUTE, "min")


def moment(at: float) -> str:
    """Return a unix time in plain digits."""
    return _plain(at) if abs(at) < _LONGEST * 10 else f"{at:.6g}"


def ticks(span: float, most: int) -> tuple[float, ...]:
    """Return round times from 0 to ``span`` seconds: as many as fit, at most ``most`` and the nought."""
    step = _step(span / most)
    return tuple(index * step for index in range(floor(span / step + _SHARE) + 1))


def _step(least: float) -> float:
    for step in _STEPS:
        if 0.5 < least <= step:  # noqa: PLR2004 - half a second; below, decimals
            return float(step)
    if least > _STEPS[-1]:
        return _decimal_step(least / _DAY) * _DAY
    return _decimal_step(least)


def _decimal_step(least: float) -> float:
    power = 10.0 ** floor(log10(least))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= least * (1 - _SHARE))


def _plain(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _joined(*parts: float | str) -> str:
    """Return numbers and their units, without those that are nought after the first."""
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    said = [f"{_plain(float(number))} {unit}" for number, unit in pairs if number]
    return " ".join(said)
