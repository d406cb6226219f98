"""Virtual time: ten minutes of a service's polling in the time its code takes to run.

For async services, :func:`run`: asyncio on a loop that never waits but jumps to the next timer::

    from runlife_adapters.testing.virtual import LoopClock, run

    async def main():
        world = World(LoopClock(asyncio.get_running_loop()))
        return await my_service(AsyncOpenAI(api_key="-", http_client=async_client(Service(world))))

    run(main(), budget=3600)

For blocking services, :class:`SyncTime`: whatever waits moves a :class:`runlife.VirtualClock` instead.

Where the test would hang it fails, and says who waits for what: :class:`Deadlock`,
:class:`TimeBudgetExceeded`, :class:`SocketFenced`. None of them can be caught by the service on their
way to the caller.

This package stands on the engine and the standard library, and knows nothing of Runs.

**trio** has virtual time of its own. The official SDK runs on it as on asyncio, and a clock that
follows it is three lines::

    class TrioClock:
        def now(self) -> float:
            return 1_700_000_000 + trio.current_time()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))

There, a thread takes real time while the clock jumps, and what never happens is a test that hangs.
"""

from runlife_adapters.testing.virtual.clock import LoopClock
from runlife_adapters.testing.virtual.errors import (
    Deadlock,
    Fenced,
    Livelock,
    SocketFenced,
    SubprocessFenced,
    TimeBudgetExceeded,
)
from runlife_adapters.testing.virtual.loop import VirtualTimeLoop
from runlife_adapters.testing.virtual.picture import who_waits
from runlife_adapters.testing.virtual.places import Remark
from runlife_adapters.testing.virtual.running import run
from runlife_adapters.testing.virtual.synchronous import SyncTime
from runlife_adapters.testing.virtual.timers import Timer
from runlife_adapters.testing.virtual.wall import VirtualWall

__all__ = [
    "Deadlock",
    "Fenced",
    "Livelock",
    "LoopClock",
    "Remark",
    "SocketFenced",
    "SubprocessFenced",
    "SyncTime",
    "TimeBudgetExceeded",
    "Timer",
    "VirtualTimeLoop",
    "VirtualWall",
    "run",
    "who_waits",
]
