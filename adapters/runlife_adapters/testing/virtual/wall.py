"""The clock on the wall: what ``time.time()`` and ``datetime.now()`` say while time is virtual.

Either a :class:`VirtualWall` stands before the machine's clocks and they tell virtual time, or a
:class:`Watch` lets every reading through and notes who read. What they replace:

- the functions of :mod:`time`, for everybody who calls them by way of the module, libraries included
  (the official SDK does, for a ``Retry-After`` that is a date);
- in the modules of the user's own code, the same functions bound by name (``from time import sleep``),
  and :class:`datetime.datetime`, bound by name or by its module. Libraries keep the real ``datetime``:
  C code and type systems know it by identity.

``date.today()`` asks ``time.time`` and follows by itself. What escapes: a function that was kept in a
default argument, an attribute or a closure (``def __init__(self, clock=time.monotonic)``), ``datetime``
in libraries, modules of the user's that are imported later and bind names, ``from time import ...`` in
libraries (:mod:`threading` and :mod:`queue` among them), and processor time, which is not replaced.

Threads that were there before read the real clocks; so does a second asyncio loop, which would wait in
real time for a moment that never comes.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from runlife import MisuseError, VirtualClock
from runlife_adapters.testing.virtual.clock import LoopClock
from runlife_adapters.testing.virtual.dates import stand_ins
from runlife_adapters.testing.virtual.patches import Patches, bystanders
from runlife_adapters.testing.virtual.places import caller, is_own, own_modules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from runlife import Clock

__all__ = ["VirtualWall", "Watch"]

_CALENDAR = ("gmtime", "localtime", "ctime", "strftime")
_NANO = 1_000_000_000
_REAL = {
    name: getattr(time, name)
    for name in (
        "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns",
        "sleep", *_CALENDAR,
    )
}  # fmt: skip  # in groups
_LOOP_TIME = asyncio.BaseEventLoop.time.__code__


class _Movable(Protocol):
    def now(self) -> float: ...

    def advance(self, seconds: float, /) -> object: ...


class _Wall:
    """Functions put in the place of those of :mod:`time`, and what stands for ``datetime``."""

    standing: ClassVar[_Wall | None] = None

    def __init__(self) -> None:
        self._patches = Patches("a wall before the machine's clocks")
        self.spared = frozenset[int]()
        self.functions = self._functions()

    def _functions(self) -> Mapping[str, Callable[..., Any]]:
        raise NotImplementedError

    def today(self) -> float:
        """Return what ``datetime.now`` in the user's code is to tell, in unix seconds."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        patches = self._patches.begin()
        self.spared = bystanders()
        for name in self.functions:
            patches.set(time, name, _doors[name])
        for module in own_modules():
            for name, value in list(vars(module).items()):
                if id(value) in _replaced:
                    patches.set(module, name, _replaced[id(value)])
        _Wall.standing = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _Wall.standing = None
        self._patches.end()


class VirtualWall(_Wall):
    """Puts virtual time on the wall: a context manager.

    ``time.time`` and ``datetime.now`` tell the clock; ``time.monotonic`` and ``time.perf_counter`` tell
    seconds since the clock's beginning, which on a :class:`LoopClock` is the loop's own time, as it is
    in a real asyncio. ``time.sleep`` moves the clock on. In a coroutine that is a mistake, which blocks
    the loop in reality as well: it does so here (timers that fall due meanwhile come late), and the
    loop's ``remarks`` name the line.

    :param clock: a :class:`LoopClock` of a VirtualTimeLoop, a :class:`runlife.VirtualClock`, or any
        other clock with ``advance(seconds)``.
    :raises MisuseError: when the clock cannot be moved, or, on entry, when another wall is in place.
    """

    def __init__(self, clock: Clock) -> None:
        if not isinstance(clock, (LoopClock, VirtualClock)) and not hasattr(clock, "advance"):
            raise MisuseError(f"a wall needs a clock that can be moved by advance(seconds), got {clock!r}")
        self._clock: _Movable = clock  # type: ignore[assignment]  # as was just seen
        if isinstance(clock, LoopClock):
            self._elapsed = clock.elapsed
        else:
            start = clock.now()
            self._elapsed = lambda: clock.now() - start
        super().__init__()

    def today(self) -> float:
        """Return the virtual time."""
        return self._clock.now()

    def _functions(self) -> Mapping[str, Callable[..., Any]]:
        now, elapsed, advance = self._clock.now, self._elapsed, self._clock.advance

        def sleep(seconds: float, /) -> None:
            if seconds < 0:
                raise ValueError("sleep length must be non-negative")  # as Python says it
            advance(seconds)

        def strftime(format: str, moment: Any = None, /) -> str:
            return str(_REAL["strftime"](format, _REAL["localtime"](now()) if moment is None else moment))

        def of(name: str) -> Callable[..., Any]:
            def tell(moment: float | None = None, /) -> Any:
                return _REAL[name](now() if moment is None else moment)

            return tell

        return {
            "time": now,
            "time_ns": lambda: int(now() * _NANO),
            "monotonic": elapsed,
            "monotonic_ns": lambda: int(elapsed() * _NANO),
            "perf_counter": elapsed,
            "perf_counter_ns": lambda: int(elapsed() * _NANO),
            "gmtime": of("gmtime"),
            "localtime": of("localtime"),
            "ctime": of("ctime"),
            "strftime": strftime,
            "sleep": sleep,
        }


class Watch(_Wall):
    """Lets everybody read the machine's clocks, and notes where the user's own code does.

    asyncio itself reads none of them on a virtual loop, so nothing is slower for it.

    :param note: is told what is read, with the user's code at most a few calls above.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        super().__init__()

    def today(self) -> float:
        """Return the machine's time, and note who reads it."""
        self._tell("datetime.now()", 3)
        return float(_REAL["time"]())

    def _functions(self) -> Mapping[str, Callable[..., Any]]:
        def watched(name: str) -> Callable[..., Any]:
            real = _REAL[name]

            def read(*args: Any) -> Any:
                self._tell(f"time.{name}()", 2)
                return real(*args)

            return read

        return {name: watched(name) for name in _REAL if name not in _CALENDAR}

    def _tell(self, what: str, depth: int) -> None:
        if is_own(caller(depth + 1).f_code.co_filename):
            verb = "sleeps in real time" if "sleep" in what else "reads the machine's clock"
            self._note(
                f"{what} {verb}, which stands still while virtual time jumps; "
                "pass wall=True, or take the time from the loop: asyncio.get_running_loop().time()"
            )


def _door(name: str) -> Callable[..., Any]:
    """Return what leads to the wall those whom it concerns, and others to the real function.

    Each is made once, and is the real function while no wall stands: a module that is imported
    meanwhile may keep it.
    """
    real = _REAL[name]

    def door(*args: Any) -> Any:
        wall = _Wall.standing
        if wall is None or threading.get_ident() in wall.spared or caller(1).f_code is _LOOP_TIME:
            return real(*args)
        return wall.functions.get(name, real)(*args)

    door.__name__ = door.__qualname__ = name
    door.__doc__ = real.__doc__
    return door


def _today() -> float:
    wall = _Wall.standing
    if wall is None or threading.get_ident() in wall.spared:
        return float(_REAL["time"]())
    return wall.today()


_doors = {name: _door(name) for name in _REAL}
_datetime, _datetime_module = stand_ins(_today)
_replaced: dict[int, object] = {
    **{id(_REAL[name]): door for name, door in _doors.items()},
    id(dt.datetime): _datetime,
    id(dt): _datetime_module,
}
"""What stands for each object, by identity, in the modules of the user's own."""
