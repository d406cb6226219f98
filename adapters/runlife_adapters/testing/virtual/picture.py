"""Who waits for what: the picture that a deadlock, or a budget used up, comes with.

A task that is suspended tells, by public attributes, what it awaits: from coroutine to coroutine, down
to the future at the end. Where a link is written in C (the iterator of a future, a step of an async
generator) the garbage collector's :func:`gc.get_referents` shows what it holds. All of that is looked
at only when a picture is wanted.
"""

from __future__ import annotations

import asyncio
import gc
import linecache
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import TYPE_CHECKING, Any

from runlife_adapters.testing.virtual.places import is_own, package_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife_adapters.testing.virtual.timers import Timer

__all__ = ["who_waits"]

_DEEPEST = 500
"""Frames after which a chain of awaits is not followed any further."""

_MOST = 20
"""Timers that a picture shows."""


def who_waits(loop: asyncio.AbstractEventLoop) -> str:
    """Draw who waits for what: each task of a loop, and, on virtual time, the timers that are pending.

    For each task it shows the innermost line of the user's own code, through which libraries it waits
    (their frames are collapsed), and what it waits for in the end. The picture of two runs that do the
    same is the same.
    """
    timers: list[Timer] = getattr(loop, "timers", list)()
    tasks = sorted(asyncio.all_tasks(loop), key=_by_number)
    lines = [f"at {loop.time():g} s: {_count(len(tasks), 'task')}, {_count(len(timers), 'timer')} pending"]
    for task in tasks:
        lines += _of_task(task, timers)
    lines += [f"  timer at {timer.when:g} s: {_called(timer)}" for timer in timers[:_MOST]]
    if len(timers) > _MOST:
        lines.append(f"  ... and {_count(len(timers) - _MOST, 'timer')} more")
    return "\n".join(lines)


def _by_number(task: asyncio.Task[Any]) -> tuple[int, str]:
    return len(task.get_name()), task.get_name()


def _of_task(task: asyncio.Task[Any], timers: list[Timer]) -> list[str]:
    coroutine = task.get_coro()
    frames, end = _chain(coroutine)
    name = getattr(coroutine, "__qualname__", type(coroutine).__qualname__)
    lines = [f"  {task.get_name()} ({name})"]
    own = [index for index, frame in enumerate(frames) if is_own(frame.f_code.co_filename)]
    for index in reversed(own):  # innermost first
        frame = frames[index]
        file, line = frame.f_code.co_filename, frame.f_lineno
        source = linecache.getline(file, line).strip()
        where = f"    {shown(file)}:{line} in {frame.f_code.co_qualname}"
        lines.append(f"{where}: {source}" if source else where)
    inner = frames[own[-1] + 1 :] if own else frames
    if inner:
        packages = ", ".join(dict.fromkeys(package_of(frame.f_code) for frame in inner))
        lines.append(
            f"      through {_count(len(inner), 'frame')} of {packages}, to {inner[-1].f_code.co_qualname}"
        )
    running = task is asyncio.current_task(task.get_loop())
    lines.append(f"      {'runs now' if running else _awaited(end, timers)}")
    return lines


def _chain(awaitable: Any) -> tuple[list[FrameType], object]:
    """Follow what awaits what; return the frames, outermost first, and what stands at the end."""
    frames: list[FrameType] = []
    for _ in range(_DEEPEST):
        frame: FrameType | None
        following: Any
        match awaitable:
            case CoroutineType():
                frame, following = awaitable.cr_frame, awaitable.cr_await
            case AsyncGeneratorType():
                frame, following = awaitable.ag_frame, awaitable.ag_await
            case GeneratorType():
                frame, following = awaitable.gi_frame, awaitable.gi_yieldfrom  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # any kind
            case asyncio.Future() | None:
                break
            case _:
                frame, following = None, _held(awaitable)
        if frame is not None:
            frames.append(frame)
        awaitable = following
    return frames, awaitable  # pyright: ignore[reportUnknownVariableType]  # any kind of awaitable


def _held(awaitable: object) -> Any:
    """Return what an awaitable that is written in C waits for, if it can be seen."""
    for held in gc.get_referents(awaitable):
        if isinstance(held, (asyncio.Future, CoroutineType, AsyncGeneratorType, GeneratorType)):
            return held  # pyright: ignore[reportUnknownVariableType]  # any kind of awaitable
    return None


def _awaited(end: object, timers: Iterable[Timer]) -> str:
    if end is None:
        return "about to run"
    if isinstance(end, asyncio.Task):
        return f"waits for {end.get_name()}"
    kind = "a future" if type(end) is asyncio.Future else type(end).__name__.lstrip("_")
    if isinstance(end, asyncio.Future) and end.done():
        return f"about to run: {kind} is done"
    for timer in timers:
        if any(arg is end for arg in timer.args):
            return f"waits for the timer at {timer.when:g} s"
    return f"waits for {kind} that no timer here resolves"


def _called(timer: Timer) -> str:
    callback: Any = timer.callback
    while (inner := getattr(callback, "func", None)) is not None:  # functools.partial
        callback = inner
    name = getattr(callback, "__qualname__", type(callback).__qualname__)
    code = getattr(callback, "__code__", None)
    if code is not None and is_own(code.co_filename):
        return f"{name} ({shown(code.co_filename)}:{code.co_firstlineno})"
    module = str(getattr(callback, "__module__", "") or "").split(".")[0]
    return f"{module}'s {name}" if module else name


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
