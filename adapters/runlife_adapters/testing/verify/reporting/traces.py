"""Where a service was when an error came out of it: its own lines; those of libraries are counted."""

from __future__ import annotations

import textwrap
import traceback
from typing import TYPE_CHECKING

from runlife_adapters.testing.verify.reporting.words import clipped, clipped_end, count, plain
from runlife_adapters.testing.virtual.places import is_own, package_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["trace_of"]

_WIDTH = 96
_MOST_FRAMES = 12
_OURS = ("runlife", "runlife_adapters")
_PASSED = "  ┄ "


def trace_of(error: BaseException | None) -> str:
    """Return where the service was when an error came out of it: its own lines, those of others counted."""
    if error is None:
        return ""
    lines: list[str] = []
    others: dict[str, int] = {}

    def passed() -> Iterator[str]:
        if others:
            yield _PASSED + ", ".join(
                f"{count(frames, 'frame')} of {name}" for name, frames in others.items()
            )
        others.clear()

    for frame, number in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        ours = str(frame.f_globals.get("__name__", "")).partition(".")[0] in _OURS
        if is_own(code.co_filename) and not ours:
            lines += passed()
            where = f"{shown(code.co_filename)}:{number} in {code.co_name}"
            source = traceback.FrameSummary(code.co_filename, number, code.co_name).line
            if source and len(where) + len(source) + 2 > _WIDTH:
                lines += [clipped_end(where, _WIDTH), clipped_end(f"    {source}", _WIDTH)]
            else:
                lines.append(clipped_end(f"{where}: {source}" if source else where, _WIDTH))
        elif lines:  # the verifier's own, above the service, are of no interest
            name = package_of(code)
            others[name] = others.get(name, 0) + 1
    lines += passed()
    if len(lines) > _MOST_FRAMES:
        left = len(lines) - _MOST_FRAMES
        lines = [
            *lines[: _MOST_FRAMES // 2],
            f"{_PASSED}{count(left, 'line')} left out",
            *lines[-_MOST_FRAMES // 2 :],
        ]
    if not lines:
        return ""
    words = plain(str(error))
    name = type(error).__name__
    return "\n".join(
        [*lines, *textwrap.wrap(clipped(f"{name}: {words}" if words else name, 300), _WIDTH - 4)]
    )
